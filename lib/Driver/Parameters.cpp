//===- Parameters.cpp - a program's numbers, for other hardware ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Parameters.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Driver/Files.h"
#include "qbias/Driver/Json.h"
#include "qbias/Target/Header.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace qbias;
namespace json = llvm::json;

namespace {

/// Collects the graph and writes its arrays.
class Writer {
public:
  Writer(const std::string &path, OutputFiles &files) : files(files) {
    llvm::SmallString<128> beside(path);
    llvm::sys::path::replace_extension(beside, "npy");
    folder = std::string(beside);
  }

  bool write(func::FuncOp func);
  json::Object takeGraph();
  /// The id of a tensor, which is listed where it is new.
  std::string getTensor(Value value);

private:
  bool addLayer(Operation &op);
  bool addArray(StringRef key, ElementsAttr attr);
  bool addRequant(json::Object &object, IntegerSegmentOpInterface op);
  bool addOperands(json::Object &object, Operation &op);

  OutputFiles &files;
  std::string folder;
  Identifiers identifiers;
  std::string prefix;  ///< of the current layer's files
  json::Object arrays; ///< its constants: what they are -> file
  DenseMap<Value, std::string> ids;
  json::Array tensors, layers;
};

} // namespace

/// The narrowest signed type of .npy files that holds all values.
static runtime::DType getNarrowestDType(ArrayRef<int64_t> values) {
  for (runtime::DType dtype :
       {runtime::DType::Int8, runtime::DType::Int16, runtime::DType::Int32}) {
    unsigned bits = 8 * runtime::dtypeSize(dtype);
    if (llvm::all_of(values, [&](int64_t value) { return llvm::isIntN(bits, value); }))
      return dtype;
  }
  return runtime::DType::Int64;
}

static json::Array toShape(Value value) {
  return toJson(cast<RankedTensorType>(value.getType()).getShape());
}

/// "uint8" of an element type.
static std::string getElementName(Type element) {
  auto integer = cast<IntegerType>(element);
  return (integer.isUnsigned() ? "uint" : "int") + std::to_string(integer.getWidth());
}

std::string Writer::getTensor(Value value) {
  auto [entry, isNew] = ids.try_emplace(value, "t" + std::to_string(ids.size()));
  if (isNew)
    tensors.push_back(
        json::Object{{"id", entry->second},
                     {"dtype", getElementName(getElementTypeOrSelf(value.getType()))},
                     {"shape", toShape(value)}});
  return entry->second;
}

/// Writes `attr` as array `key` of the current layer.
bool Writer::addArray(StringRef key, ElementsAttr attr) {
  SmallVector<int64_t> values;
  if (!attr)
    return true;
  if (!readIntegers(attr, values)) {
    printError(folder, "constant " + key + " of " + prefix + " holds no integers");
    return false;
  }
  runtime::Array array;
  array.dtype = getNarrowestDType(values);
  array.shape.assign(attr.getShapedType().getShape().begin(),
                     attr.getShapedType().getShape().end());
  size_t size = runtime::dtypeSize(array.dtype);
  array.data.resize(values.size() * size);
  for (auto [i, value] : llvm::enumerate(values))
    std::memcpy(array.data.data() + i * size, &value, size); // little endian
  std::string name = prefix + "." + key.str() + ".npy";
  arrays[key.str()] = name;
  return files.write(folder + "/" + name, runtime::formatNpy(array));
}

bool Writer::addRequant(json::Object &object, IntegerSegmentOpInterface op) {
  RequantAttr requant = op.getRequantAttr();
  object["form"] = stringifyRequantForm(requant.getForm());
  object["mode"] = stringifyRequantMode(requant.getMode());
  if (requant.getForm() != RequantForm::Accumulator) {
    object["lo"] = requant.getLo();
    object["hi"] = requant.getHi();
  }
  if (requant.getForm() == RequantForm::HalfEven ||
      requant.getForm() == RequantForm::Wide || isModeForm(requant.getForm()))
    object["zero_point"] = requant.getZeroPoint();
  if (LayerAttr layer = op.getLayerAttr()) {
    object["source_op"] = toJsonString(layer.getOp());
    if (layer.getTensor())
      object["tensor"] = toJsonString(layer.getTensor());
  }
  BoundsAttr bounds = op.getBoundsAttr();
  return addArray("multiplier", requant.getMultiplier()) &&
         addArray("addend_multiplier", requant.getAddendMultiplier()) &&
         addArray("shift", requant.getShift()) &&
         addArray("rounding", requant.getRounding()) &&
         addArray("thresholds", requant.getThresholds()) &&
         addArray("low", requant.getLow()) &&
         addArray("acc_min", bounds ? bounds.getMin() : ElementsAttr()) &&
         addArray("acc_max", bounds ? bounds.getMax() : ElementsAttr());
}

/// Tensors by id, constants by file: the weight and the bias by these names.
bool Writer::addOperands(json::Object &object, Operation &op) {
  Value weight, bias;
  if (auto conv = dyn_cast<IntConv2DOp>(op)) {
    weight = conv.getWeight();
    bias = conv.getBias();
  }
  if (auto matmul = dyn_cast<IntMatmulOp>(op)) {
    weight = matmul.getRhs();
    bias = matmul.getBias();
  }
  json::Array inputs;
  for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
    ElementsAttr constant = getConstant(operand);
    if (!constant) {
      inputs.push_back(getTensor(operand));
      continue;
    }
    std::string key = operand == weight ? "weight"
                      : operand == bias ? "bias"
                                        : "constant" + std::to_string(i);
    if (!addArray(key, constant))
      return false;
  }
  object["inputs"] = std::move(inputs);
  return true;
}

/// "conv2d" of qbias.int.conv2d, "reshape" of tensor.collapse_shape.
static std::string getOperationName(Operation &op) {
  if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
    return "reshape";
  StringRef name = op.getName().stripDialect();
  name.consume_front("int.");
  return name.str();
}

bool Writer::addLayer(Operation &op) {
  std::string name = getLayerName(&op);
  prefix = llvm::formatv("{0,0:D3}_{1}", layers.size(),
                         identifiers.make(name, op.getName().stripDialect().str()));
  json::Object object{{"name", toJsonString(name)}, {"op", getOperationName(op)}};
  if (!addOperands(object, op))
    return false;
  json::Object attributes;
  for (NamedAttribute attribute : op.getAttrs()) {
    StringRef key = attribute.getName().strref();
    if (auto integer = dyn_cast<IntegerAttr>(attribute.getValue()))
      attributes[key] = integer.getInt();
    else if (auto array = dyn_cast<DenseI64ArrayAttr>(attribute.getValue());
             array && key != "operandSegmentSizes")
      attributes[key] = toJson(array.asArrayRef());
    else if (isa<UnitAttr>(attribute.getValue()))
      attributes[key] = true;
  }
  object["attributes"] = std::move(attributes);
  if (auto lookup = dyn_cast<IntLookupOp>(op))
    if (!addArray("table", lookup.getTable()))
      return false;
  if (auto segment = dyn_cast<IntegerSegmentOpInterface>(op))
    if (!addRequant(object, segment))
      return false;
  object["arrays"] = std::move(arrays);
  arrays = json::Object();
  object["output"] = getTensor(op.getResult(0));
  layers.push_back(std::move(object));
  return true;
}

bool Writer::write(func::FuncOp func) {
  if (!files.createFolder(folder))
    return false;
  Block &block = func.getBody().front();
  for (BlockArgument argument : block.getArguments())
    getTensor(argument);
  for (Operation &op : block.without_terminator())
    if (!isa<arith::ConstantOp>(op) && !addLayer(op))
      return false;
  for (Value value : block.getTerminator()->getOperands())
    getTensor(value);
  return true;
}

json::Object Writer::takeGraph() {
  return json::Object{{"folder", llvm::sys::path::filename(folder)},
                      {"tensors", std::move(tensors)},
                      {"layers", std::move(layers)}};
}

/// An end of the program; its tensor is `t<index>` or the returned value's.
static json::Object describeEnd(const runtime::Tensor &tensor) {
  json::Object object{{"name", toJsonString(tensor.name)}};
  if (const std::optional<runtime::Quantization> &quantization = tensor.quantization) {
    object["dtype"] = quantization->dtype;
    object["scale"] = quantization->scale;
    object["zero_point"] = quantization->zeroPoint;
    object["qmin"] = quantization->min;
    object["qmax"] = quantization->max;
    if (tensor.axis) {
      object["axis"] = *tensor.axis;
      object["scales"] = toJson(ArrayRef<double>(tensor.scales));
      object["zero_points"] = toJson(ArrayRef<double>(tensor.offsets));
    }
  } else {
    object["scales"] = toJson(ArrayRef<double>(tensor.scales));
    object["offsets"] = toJson(ArrayRef<double>(tensor.offsets));
  }
  return object;
}

bool qbias::emitParameters(ModuleOp module, const runtime::Description &description,
                           const std::string &path, OutputFiles &files) {
  auto func = module.lookupSymbol<func::FuncOp>("main");
  if (path == "-") {
    printError("-", "parameters are a file and a folder, expected the name of a file");
    return false;
  }
  Writer writer(path, files);
  if (!writer.write(func))
    return false;
  json::Array inputs, outputs;
  json::Object graph = writer.takeGraph();
  for (auto [i, tensor] : llvm::enumerate(description.inputs)) {
    inputs.push_back(describeEnd(tensor));
    inputs.back().getAsObject()->try_emplace("tensor", "t" + std::to_string(i));
  }
  graph["format"] = "qbias-parameters";
  graph["version"] = 1;
  graph["model"] = toJsonString(description.model);
  graph["model_sha256"] = description.modelHash;
  graph["qbias_version"] = description.version;
  auto ret = cast<func::ReturnOp>(func.getBody().front().getTerminator());
  for (auto [tensor, value] : llvm::zip(description.outputs, ret.getOperands())) {
    outputs.push_back(describeEnd(tensor));
    outputs.back().getAsObject()->try_emplace("tensor", writer.getTensor(value));
  }
  graph["inputs"] = std::move(inputs);
  graph["outputs"] = std::move(outputs);
  return files.write(path, [&](llvm::raw_ostream &os) {
    os << llvm::formatv("{0:2}\n", json::Value(std::move(graph)));
    return true;
  });
}
