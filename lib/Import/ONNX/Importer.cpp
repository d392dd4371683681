//===- Importer.cpp - state of one ONNX import ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "NodeView.h"
#include "Operators.h"
#include "QuantParameters.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

/// Oldest operator set with today's meaning of Add, Gemm and pads.
static constexpr int64_t kOldestOpset = 6;

static bool isSupportedDomain(StringRef domain) {
  return domain.empty() || domain == "ai.onnx";
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

ImportedTensor *Importer::find(StringRef name, const Subject &user) {
  auto found = tensors.find(name);
  if (found != tensors.end())
    return &found->second;
  const onnx::TensorProto *initializer = graph.getInitializer(name);
  if (!initializer) {
    (void)user.reject("input " + quoted(name), "a tensor computed before", "none");
    return nullptr;
  }
  Subject subject = namer.getTensor("initializer", name);
  FailureOr<ConstantTensor> constant = decodeTensor(*initializer, subject);
  if (failed(constant) ||
      failed(budget.charge(constant->getNumElements() * constant->getWidth(), subject)))
    return nullptr;
  ImportedTensor &tensor = tensors[name];
  tensor.constant = std::move(*constant);
  return &tensor;
}

FailureOr<ConstantTensor> Importer::decodeTensor(const onnx::TensorProto &tensor,
                                                 const Subject &subject) {
  if (!isExternal(tensor))
    return decode(tensor, subject);
  FailureOr<onnx::TensorProto> loaded = external.load(tensor, subject);
  if (failed(loaded))
    return failure();
  externalTensors.push_back(std::move(*loaded));
  return decode(externalTensors.back(), subject);
}

FailureOr<Value> Importer::getValue(StringRef name, const Subject &user) {
  ImportedTensor *tensor = find(name, user);
  if (!tensor)
    return failure();
  if (tensor->untyped)
    return user.reject("input " + quoted(name), "a float or quantized tensor",
                       "graph input of type " + nameOf(*tensor->untyped) +
                           " without scale",
                       "an integer graph input must be read by DequantizeLinear");
  if (tensor->value)
    return tensor->value;
  if (!tensor->constant->isFloat())
    return user.reject("input " + quoted(name), "float32 elements", tensor->describe());
  FailureOr<Value> value =
      writeFloats(builder, budget, namer.getLoc(name), *tensor->constant, user);
  if (succeeded(value))
    tensor->value = *value;
  return value;
}

/// Extents the file declares for a tensor against those computed. An empty
/// shape declares nothing: writers leave it so when they do not know.
static bool contradicts(const onnx::TypeProto &declared, ArrayRef<int64_t> shape) {
  if (!declared.has_tensor_type() || !declared.tensor_type().has_shape() ||
      declared.tensor_type().shape().dim_size() == 0)
    return false;
  const auto &dims = declared.tensor_type().shape().dim();
  if (dims.size() != static_cast<int>(shape.size()))
    return true;
  for (auto [dim, extent] : llvm::zip(dims, shape))
    if (dim.has_dim_value() && dim.dim_value() > 0 && dim.dim_value() != extent)
      return true;
  return false;
}

/// "[N, 3, ?]".
static std::string text(const onnx::TensorShapeProto &shape) {
  SmallVector<std::string> dims;
  for (const auto &dim : shape.dim())
    dims.push_back(dim.has_dim_value()   ? std::to_string(dim.dim_value())
                   : dim.has_dim_param() ? quoted(dim.dim_param())
                                         : "?");
  return "[" + llvm::join(dims, ", ") + "]";
}

LogicalResult Importer::define(StringRef name, ImportedTensor tensor,
                               const Subject &node) {
  if (name.empty()) // an optional output nobody asks for
    return success();
  const onnx::TypeProto *declared = graph.getDeclaredType(name);
  if (declared && contradicts(*declared, tensor.getShape()))
    return node.reject("shape of output " + quoted(name),
                       ::text(declared->tensor_type().shape()) + " as the file declares",
                       qbias::onnximport::text(tensor.getShape()),
                       "correct or remove the declared shape");
  tensors[name] = std::move(tensor);
  return success();
}

//===----------------------------------------------------------------------===//
// Model
//===----------------------------------------------------------------------===//

Importer::Importer(MLIRContext *context, StringRef file, size_t fileSize,
                   const ImportOptions &options)
    : builder(context), namer(context, file), options(options), budget(fileSize),
      external(file, budget) {}

LogicalResult Importer::readOpset(const onnx::ModelProto &model) {
  for (const onnx::OperatorSetIdProto &entry : model.opset_import())
    if (isSupportedDomain(entry.domain()))
      opset = entry.version();
  if (opset >= kOldestOpset)
    return success();
  return namer.getFile().reject("operator set version", Twine(kOldestOpset) + " or later",
                                Twine(opset),
                                "export the model with a newer operator set");
}

LogicalResult Importer::checkOptions() {
  if (options.batch < 1 || !countElements(options.batch))
    return namer.getFile().reject("batch", "a number from 1 to 2^31 - 1",
                                  Twine(options.batch), "correct --batch");
  for (const auto &entry : options.shapes)
    if (llvm::none_of(graph.getInputs(), [&](const onnx::ValueInfoProto *input) {
          return StringRef(input->name()) == entry.first();
        }))
      return namer.getFile().reject("shape of " + quoted(entry.first()),
                                    "the name of a graph input",
                                    "a name the model does not have", "correct --shape");
  return success();
}

OwningOpRef<ModuleOp> Importer::import(const onnx::ModelProto &model) {
  FailureOr<Graph> read = Graph::get(model.graph(), namer);
  if (failed(read))
    return {};
  graph = std::move(*read);
  if (failed(readOpset(model)) || failed(checkOptions()))
    return {};
  OwningOpRef<ModuleOp> module = ModuleOp::create(namer.getLoc());
  builder.setInsertionPointToEnd(module->getBody());
  function = func::FuncOp::create(builder, namer.getLoc(), "main",
                                  builder.getFunctionType({}, {}));
  builder.setInsertionPointToEnd(function.addEntryBlock());
  for (const onnx::ValueInfoProto *input : graph.getInputs())
    if (failed(addInput(*input)))
      return {};
  for (const onnx::NodeProto *node : graph.getNodes())
    if (failed(importNode(*node)))
      return {};
  if (failed(addOutputs(model.graph())) || failed(addSignature(model.graph())) ||
      failed(verify(*module)))
    return {};
  return module;
}

LogicalResult Importer::importNode(const onnx::NodeProto &proto) {
  NodeView node(*this, proto);
  const Operator *op = findOperator(proto.domain(), proto.op_type());
  if (!op) {
    std::string domain = isSupportedDomain(proto.domain())
                             ? "the default domain"
                             : "domain " + quoted(proto.domain());
    return node.reject("operator", "a supported one",
                       quoted(proto.op_type()) + " of " + domain,
                       "this operator is not supported, replace it or leave "
                       "it out of the export");
  }
  if (failed(checkSignature(*op, proto, node)))
    return failure();
  return op->import(node);
}

//===----------------------------------------------------------------------===//
// Inputs and outputs
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>>
Importer::readInputShape(const onnx::ValueInfoProto &input, const Subject &subject) {
  std::string advice = "give the shape with --shape " + input.name() + "=1x3x224x224";
  auto given = options.shapes.find(input.name());
  bool isGiven = given != options.shapes.end();
  const onnx::TypeProto::Tensor &type = input.type().tensor_type();
  if (!type.has_shape() && !isGiven)
    return subject.reject("shape", "known extents", "no shape", advice);
  if (type.has_shape() && isGiven &&
      static_cast<size_t>(type.shape().dim_size()) != given->second.size())
    return subject.reject("rank of --shape", Twine(type.shape().dim_size()),
                          Twine(given->second.size()));
  SmallVector<int64_t> shape;
  if (!type.has_shape())
    shape = given->second;
  for (const auto &[index, dim] : llvm::enumerate(type.shape().dim())) {
    bool isKnown = dim.has_dim_value() && dim.dim_value() > 0;
    if (isKnown && isGiven && given->second[index] != dim.dim_value())
      return subject.reject("dimension " + Twine(index) + " of --shape",
                            Twine(dim.dim_value()) + " as in the file",
                            Twine(given->second[index]));
    if (!isKnown && !isGiven && index > 0)
      return subject.reject("dimension " + Twine(index), "a known extent",
                            dim.has_dim_param()   ? quoted(dim.dim_param())
                            : dim.has_dim_value() ? std::to_string(dim.dim_value())
                                                  : "none",
                            advice);
    shape.push_back(isKnown   ? dim.dim_value()
                    : isGiven ? given->second[index]
                              : options.batch);
  }
  if (!isValueShape(shape))
    return subject.reject("shape", kValueLimits, qbias::onnximport::text(shape));
  return shape;
}

/// Types of real numbers that float32 holds exactly; such ends are float32 outside.
static bool isReal(DataType type) {
  return type == DataType::Float || type == DataType::Float16 ||
         type == DataType::BFloat16;
}

LogicalResult Importer::addInput(const onnx::ValueInfoProto &input) {
  Subject subject = namer.getTensor("graph input", input.name());
  auto type = static_cast<DataType>(input.type().tensor_type().elem_type());
  if (!input.type().has_tensor_type() || (!isReal(type) && !isQuantizable(type)))
    return subject.reject(
        "type", "a tensor of float32, float16 or of integers up to 32 bits",
        input.type().has_tensor_type() ? nameOf(type) : "no tensor",
        "a constant can be given with --bind " + input.name() + "=FILE");
  FailureOr<SmallVector<int64_t>> shape = readInputShape(input, subject);
  if (failed(shape))
    return failure();
  // An integer input gets its quantized type from the DequantizeLinear that
  // reads it.
  ImportedTensor tensor;
  if (!isReal(type))
    tensor.untyped = type;
  tensor.value = function.getBody().front().addArgument(
      RankedTensorType::get(*shape, builder.getF32Type()), subject.getLoc());
  tensors[input.name()] = std::move(tensor);
  return success();
}

LogicalResult Importer::addOutputs(const onnx::GraphProto &proto) {
  if (proto.output_size() == 0)
    return namer.getFile().reject("graph outputs", "at least one", "none");
  SmallVector<Value> results;
  for (const onnx::ValueInfoProto &output : proto.output()) {
    Subject subject = namer.getTensor("graph output", output.name());
    FailureOr<Value> value = getValue(output.name(), subject);
    if (failed(value))
      return failure();
    auto declared = static_cast<DataType>(output.type().tensor_type().elem_type());
    quant::QuantizedType type = getQuantElement(value->getType());
    bool isIndex = isIntegerTensor(value->getType());
    DataType actual = type      ? storageOf(type)
                      : isIndex ? DataType::Int64
                                : DataType::Float;
    if (declared != DataType::Undefined && declared != actual &&
        !(isReal(declared) && isReal(actual)))
      return subject.reject("element type", nameOf(declared) + " as declared",
                            nameOf(actual));
    results.push_back(*value);
  }
  func::ReturnOp::create(builder, namer.getLoc(), results);
  return success();
}

LogicalResult Importer::addSignature(const onnx::GraphProto &proto) {
  Block &body = function.getBody().front();
  function.setType(builder.getFunctionType(body.getArgumentTypes(),
                                           body.getTerminator()->getOperandTypes()));
  for (const auto &[index, input] : llvm::enumerate(graph.getInputs())) {
    const ImportedTensor &tensor = tensors[input->name()];
    if (tensor.untyped)
      return namer.getTensor("graph input", input->name())
          .reject("users", "a DequantizeLinear that gives the scale", "none");
    function.setArgAttr(index, QBiasDialect::kNameAttr,
                        builder.getStringAttr(input->name()));
    function.setArgAttr(index, QBiasDialect::kProducerAttr,
                        builder.getStringAttr("onnx"));
  }
  for (const auto &[index, output] : llvm::enumerate(proto.output()))
    function.setResultAttr(index, QBiasDialect::kNameAttr,
                           builder.getStringAttr(output.name()));
  return success();
}
