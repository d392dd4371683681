//===- Importer.cpp - TensorFlow Lite subgraph to function ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every operator of the file becomes dequantize, real operation, quantize: the
// file's tensors are where it rounds (N1 to N3).
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "OperatorView.h"
#include "Operators.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::importing;
using namespace qbias::tfliteimport;

std::string qbias::tfliteimport::nameOf(fb::BuiltinOperator code) {
  const char *name = fb::EnumNameBuiltinOperator(code);
  return *name ? name : "operator " + std::to_string(static_cast<int32_t>(code));
}

/// Codes beyond 127 are in a field of their own, as is the smaller of both.
static fb::BuiltinOperator codeOf(const fb::OperatorCode &entry) {
  return std::max(entry.builtin_code(),
                  static_cast<fb::BuiltinOperator>(entry.old_code()));
}

static Location fileLoc(MLIRContext *context, StringRef path) {
  return FileLineColLoc::get(context, path, 0, 0);
}

Importer::Importer(MLIRContext *context, StringRef path, size_t fileSize,
                   const ImportOptions &options)
    : builder(context), path(path), options(options), budget(fileSize),
      fileSubject(fileLoc(context, path), "file") {}

Location Importer::getLoc(StringRef name) const {
  return NameLoc::get(StringAttr::get(builder.getContext(), name), fileSubject.getLoc());
}

//===----------------------------------------------------------------------===//
// The graph
//===----------------------------------------------------------------------===//

/// Names of layers and dumps have to tell tensors apart: one that is missing or
/// taken gets the tensor's number.
static void nameTensors(const fb::SubGraph &graph, std::vector<FileTensor> &tensors) {
  llvm::StringSet<> taken;
  for (auto [index, file] : llvm::enumerate(*graph.tensors())) {
    FileTensor &tensor = tensors.emplace_back();
    tensor.file = file;
    if (file && file->name())
      tensor.name = file->name()->str();
    if (tensor.name.empty() || taken.contains(tensor.name))
      tensor.name += (tensor.name.empty() ? "tensor" : "#") + std::to_string(index);
    taken.insert(tensor.name);
  }
}

LogicalResult Importer::readGraph(const fb::Model &file) {
  constexpr uint32_t kSchemaVersion = 3;
  model = &file;
  if (file.version() != kSchemaVersion)
    return fileSubject.reject("schema version", Twine(kSchemaVersion),
                              Twine(file.version()));
  if (!file.subgraphs() || file.subgraphs()->size() == 0)
    return fileSubject.reject("subgraphs", "at least one", "none");
  graph = file.subgraphs()->Get(0);
  if (!graph->tensors() || !graph->inputs() || !graph->outputs() || !graph->operators() ||
      !file.operator_codes() || !file.buffers())
    return fileSubject.reject("subgraph", "tensors, inputs, outputs and operators",
                              "a part of them");
  nameTensors(*graph, tensors);
  return success();
}

OwningOpRef<ModuleOp> Importer::import(const fb::Model &file) {
  if (failed(readGraph(file)))
    return {};
  OwningOpRef<ModuleOp> module = ModuleOp::create(fileSubject.getLoc());
  builder.setInsertionPointToEnd(module->getBody());
  function = func::FuncOp::create(builder, fileSubject.getLoc(), "main",
                                  builder.getFunctionType({}, {}));
  builder.setInsertionPointToEnd(function.addEntryBlock());
  if (failed(addInputs()))
    return {};
  for (const fb::Operator *op : *graph->operators())
    if (failed(importOperator(*op)))
      return {};
  if (failed(checkFloatLayers()) || failed(addOutputs()) || failed(verify(*module)))
    return {};
  return module;
}

/// An input that gives a transposed convolution the shape of its result becomes
/// the constant that the file declares for that result.
bool Importer::fixShape(FileTensor &tensor, int32_t index) {
  if (tensor.type != DataType::Int32 || tensor.quantization)
    return false;
  for (const fb::Operator *op : *graph->operators()) {
    bool isUser =
        op->inputs() && op->inputs()->size() > 0 && op->inputs()->Get(0) == index;
    if (!isUser || op->opcode_index() >= model->operator_codes()->size() ||
        codeOf(*model->operator_codes()->Get(op->opcode_index())) !=
            fb::BuiltinOperator::TRANSPOSE_CONV ||
        !op->outputs() || op->outputs()->size() == 0)
      continue;
    FileTensor *output = getTensor(op->outputs()->Get(0), fileSubject);
    int64_t rank = output ? output->shape.size() : 0;
    if (tensor.shape != SmallVector<int64_t>{rank})
      return false;
    tensor.constant = ConstantTensor::ofIntegers(tensor.name, rank, output->shape);
    emitWarning(getLoc(tensor.name))
        << "graph input " << quoted(tensor.name) << " is the shape of a result: taken as "
        << text(output->shape) << " as the file declares, and no input of the program";
    return true;
  }
  return false;
}

LogicalResult Importer::addInputs() {
  SmallVector<FileTensor *> inputs;
  for (int32_t index : *graph->inputs()) {
    FileTensor *tensor = getTensor(index, fileSubject);
    if (!tensor)
      return failure();
    Subject subject(getLoc(tensor->name), "graph input " + quoted(tensor->name));
    if (tensor->constant || tensor->value)
      return subject.reject("tensor", "one that is given once, from outside",
                            tensor->constant ? "a constant" : "an input twice");
    if (fixShape(*tensor, index))
      continue;
    Type element = builder.getF32Type();
    if (tensor->quantization)
      element = makeQuantType(builder.getContext(), *tensor->quantization);
    else if (!tensor->isFloat())
      return subject.reject("type", "float32 or quantized integers", tensor->describe());
    if (!isValueShape(tensor->shape))
      return subject.reject("shape", kValueLimits, text(tensor->shape));
    tensor->value = function.getBody().front().addArgument(
        RankedTensorType::get(tensor->shape, element), subject.getLoc());
    inputs.push_back(tensor);
  }
  function.setType(
      builder.getFunctionType(function.getBody().front().getArgumentTypes(), {}));
  for (auto [i, tensor] : llvm::enumerate(inputs)) {
    function.setArgAttr(i, QBiasDialect::kNameAttr, builder.getStringAttr(tensor->name));
    function.setArgAttr(i, QBiasDialect::kProducerAttr, builder.getStringAttr("tflite"));
  }
  for (const auto &entry : options.shapes)
    if (llvm::none_of(inputs, [&](FileTensor *t) { return t->name == entry.first(); }))
      return fileSubject.reject("shape of " + quoted(entry.first()),
                                "the name of a graph input",
                                "a name the model does not have", "correct --shape");
  return success();
}

LogicalResult Importer::addOutputs() {
  SmallVector<Value> results;
  SmallVector<std::string> names;
  for (int32_t index : *graph->outputs()) {
    FileTensor *tensor = getTensor(index, fileSubject);
    if (!tensor)
      return failure();
    if (!tensor->value)
      return Subject(getLoc(tensor->name), "graph output " + quoted(tensor->name))
          .reject("tensor", "one an operator computes",
                  tensor->constant ? "a constant" : "none");
    results.push_back(tensor->value);
    names.push_back(tensor->name);
  }
  if (results.empty())
    return fileSubject.reject("graph outputs", "at least one", "none");
  func::ReturnOp::create(builder, fileSubject.getLoc(), results);
  Block &body = function.getBody().front();
  function.setType(
      builder.getFunctionType(body.getArgumentTypes(), ValueRange(results).getTypes()));
  for (auto [i, name] : llvm::enumerate(names))
    function.setResultAttr(i, QBiasDialect::kNameAttr, builder.getStringAttr(name));
  return success();
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

static std::string customName(const fb::OperatorCode &entry) {
  return "custom operator " +
         quoted(entry.custom_code() ? entry.custom_code()->str() : std::string());
}

LogicalResult Importer::importOperator(const fb::Operator &op) {
  if (op.opcode_index() >= model->operator_codes()->size() || !op.inputs() ||
      !op.outputs() || op.outputs()->size() == 0)
    return fileSubject.reject("operator", "a code, inputs and outputs",
                              "code " + Twine(op.opcode_index()) + " of " +
                                  Twine(model->operator_codes()->size()));
  const fb::OperatorCode &entry = *model->operator_codes()->Get(op.opcode_index());
  fb::BuiltinOperator code = codeOf(entry);
  std::string name = code == fb::BuiltinOperator::CUSTOM ? customName(entry)
                                                         : tfliteimport::nameOf(code);
  FileTensor *output = getTensor(op.outputs()->Get(0), fileSubject);
  if (!output)
    return failure();
  Subject subject(getLoc(output->name), name + " " + quoted(output->name));
  OperatorView view(*this, op, code, name, subject);
  return importAny(view);
}

void Importer::noteFloatLayer(const Subject &layer, std::string what) {
  if (!floatLayer)
    floatLayer.emplace(layer, std::move(what));
}

LogicalResult Importer::checkFloatLayers() {
  if (!floatLayer || !isQuantized)
    return success();
  return floatLayer->first.reject(
      "computation", "integer inputs, weights and outputs", floatLayer->second,
      "a model that is quantized in part has no integer program, quantize all of its "
      "layers (full integer quantization) or none");
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

std::string FileTensor::describe() const { return nameOf(type) + text(shape); }

FileTensor *Importer::getTensor(int64_t index, const Subject &user) {
  if (index < 0 || index >= static_cast<int64_t>(tensors.size()) ||
      !tensors[index].file) {
    (void)user.reject("tensor index", "one of " + Twine(tensors.size()) + " tensors",
                      Twine(index), "the file is damaged");
    return nullptr;
  }
  FileTensor &tensor = tensors[index];
  if (tensor.isRead)
    return &tensor;
  tensor.isRead = true;
  Subject subject(getLoc(tensor.name), "tensor " + quoted(tensor.name));
  return succeeded(readTensor(tensor, subject)) ? &tensor : nullptr;
}

static DataType typeOf(fb::TensorType type) {
  switch (type) {
  case fb::TensorType::FLOAT32:
    return DataType::Float;
  case fb::TensorType::FLOAT16:
    return DataType::Float16;
  case fb::TensorType::FLOAT64:
    return DataType::Double;
  case fb::TensorType::INT4:
    return DataType::Int4;
  case fb::TensorType::INT8:
    return DataType::Int8;
  case fb::TensorType::UINT8:
    return DataType::UInt8;
  case fb::TensorType::INT16:
    return DataType::Int16;
  case fb::TensorType::UINT16:
    return DataType::UInt16;
  case fb::TensorType::INT32:
    return DataType::Int32;
  case fb::TensorType::INT64:
    return DataType::Int64;
  case fb::TensorType::BOOL:
    return DataType::Bool;
  default:
    return DataType::Undefined;
  }
}

LogicalResult Importer::readTensor(FileTensor &tensor, const Subject &subject) {
  const fb::Tensor &file = *tensor.file;
  tensor.type = typeOf(file.type());
  if (tensor.type == DataType::Undefined)
    return subject.reject("type", "numbers of up to 64 bits",
                          fb::EnumNameTensorType(file.type()));
  if (file.is_variable())
    return subject.reject("tensor", "one that is computed anew in every run",
                          "a variable", "models with a state are not supported");
  if (file.sparsity())
    return subject.reject("elements", "dense ones", "sparse ones",
                          "convert the model without sparsity");
  if (failed(readShape(tensor, subject)) || failed(readQuantization(tensor, subject)))
    return failure();
  bool isActivation = tensor.quantization && tensor.type != DataType::Int32;
  isQuantized |= isActivation;
  return readConstant(tensor, subject);
}

LogicalResult Importer::readShape(FileTensor &tensor, const Subject &subject) {
  if (tensor.file->shape())
    tensor.shape.assign(tensor.file->shape()->begin(), tensor.file->shape()->end());
  const auto *signature = tensor.file->shape_signature();
  auto given = options.shapes.find(tensor.name);
  bool isInput = llvm::is_contained(*graph->inputs(), &tensor - tensors.data());
  for (size_t d = 0; signature && isInput && d < signature->size(); ++d) {
    if (signature->size() != tensor.shape.size())
      return subject.reject("rank of the shape signature", Twine(tensor.shape.size()),
                            Twine(signature->size()));
    if (signature->Get(d) != -1)
      continue;
    if (given != options.shapes.end() && d < given->second.size())
      tensor.shape[d] = given->second[d];
    else if (d == 0)
      tensor.shape[d] = options.batch;
    else if (given == options.shapes.end())
      return subject.reject("dimension " + Twine(d), "a known extent", "none",
                            "give the shape with --shape " + tensor.name + "=1x3x8x8");
  }
  if (isInput && given != options.shapes.end() && given->second != tensor.shape)
    return subject.reject("--shape", text(tensor.shape) + " as in the file",
                          text(given->second));
  if (!countElements(tensor.shape))
    return subject.reject("shape", kShapeLimits, text(tensor.shape));
  return success();
}

/// Constants of one scale per channel name its dimension; a bias has no zero
/// point and may leave out its scale.
LogicalResult Importer::readQuantization(FileTensor &tensor, const Subject &subject) {
  const fb::QuantizationParameters *file = tensor.file->quantization();
  if (!file || !file->scale() || file->scale()->size() == 0)
    return success();
  if (file->details_type() != 0)
    return subject.reject("quantization", "scales and zero points",
                          "details of type " + Twine(int(file->details_type())));
  if (!isQuantizable(tensor.type))
    return success(); // a note of the converter about a float or index tensor
  QuantParameters parameters;
  parameters.storage = tensor.type;
  size_t count = file->scale()->size();
  size_t zeroPoints = file->zero_point() ? file->zero_point()->size() : 0;
  if (zeroPoints != 0 && zeroPoints != count && zeroPoints != 1)
    return subject.reject("zero points", Twine(count) + " as scales", Twine(zeroPoints));
  numerics::Range range = rangeOf(tensor.type);
  for (size_t c = 0; c < count; ++c) {
    double scale = file->scale()->Get(c);
    int64_t zero = zeroPoints ? file->zero_point()->Get(zeroPoints == 1 ? 0 : c) : 0;
    if (!isScale(scale, /*allowZero=*/true))
      return subject.reject("scale " + Twine(c), "a positive finite number",
                            realText(scale));
    if (!range.contains(zero))
      return subject.reject("zero point " + Twine(c),
                            "a number in [" + Twine(range.min) + ", " + Twine(range.max) +
                                "]",
                            Twine(zero));
    parameters.scales.push_back(scale);
    parameters.zeroPoints.push_back(zero);
  }
  int64_t axis = file->quantized_dimension(), rank = tensor.shape.size();
  if (count > 1 &&
      (axis < 0 || axis >= rank || tensor.shape[axis] != static_cast<int64_t>(count)))
    return subject.reject("quantized dimension",
                          "one of " + Twine(count) + " entries as there are scales",
                          Twine(axis) + " of " + text(tensor.shape));
  if (count > 1)
    parameters.axis = axis;
  tensor.quantization = std::move(parameters);
  return success();
}

LogicalResult Importer::readConstant(FileTensor &tensor, const Subject &subject) {
  uint32_t index = tensor.file->buffer();
  if (index >= model->buffers()->size())
    return subject.reject("buffer", "one of " + Twine(model->buffers()->size()),
                          Twine(index), "the file is damaged");
  const fb::Buffer *buffer = model->buffers()->Get(index);
  if (buffer && buffer->offset() > 1)
    return subject.reject("data", "elements inside the flatbuffer",
                          "a reference behind it",
                          "files of more than 2 GB are not supported");
  if (!buffer || !buffer->data() || buffer->data()->size() == 0) {
    bool isScale =
        tensor.quantization && llvm::is_contained(tensor.quantization->scales, 0.0);
    return isScale ? subject.reject("scale", "a positive finite number", "0") : success();
  }
  ArrayRef<char> bytes(reinterpret_cast<const char *>(buffer->data()->data()),
                       buffer->data()->size());
  int64_t count = *countElements(tensor.shape);
  unsigned bits = formatOf(tensor.type)->bits;
  int64_t needed = (count * bits + 7) / 8;
  if (static_cast<int64_t>(bytes.size()) != needed)
    return subject.reject("data", Twine(needed) + " bytes for " + tensor.describe(),
                          Twine(bytes.size()), "the file is damaged");
  if (bits >= 8) {
    tensor.constant = ConstantTensor::view(tensor.name, tensor.type, tensor.shape, bytes);
    return success();
  }
  if (failed(budget.charge(count, subject)))
    return failure();
  tensor.constant = ConstantTensor(tensor.name, tensor.type, tensor.shape,
                                   unpack(tensor.type, count, bytes));
  return success();
}
