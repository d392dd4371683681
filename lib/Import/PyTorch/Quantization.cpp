//===- Quantization.cpp - quantize and dequantize of PT2E ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A constant read by a dequantize is a weight or a bias; its integers stay as
// stored. Everything else is an activation: its integers and their type are the
// file's own. quant_min and quant_max limit what a quantize makes; a dequantize
// does not look at them.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Import/Common/QuantParameters.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

/// Numbers of a constant of rank 0 or 1 that an argument names.
static FailureOr<const ConstantTensor *> needList(const NodeView &node, StringRef name,
                                                  StringRef role) {
  FailureOr<const ConstantTensor *> list = node.needConstant(name, role);
  if (failed(list) || (*list)->getShape().size() <= 1)
    return list;
  return node.reject(role + " " + quoted(node.getTensorName(name)),
                     "one number or one per channel", text((*list)->getShape()),
                     "quantization in blocks is not supported");
}

/// A scale literal, or the tensor of one or all scales.
static LogicalResult readScales(const NodeView &node, StringRef name, bool allowZero,
                                QuantParameters &parameters) {
  if (node.getTensorName(name).empty()) {
    double scale = 0;
    if (failed(node.need(name, scale)))
      return failure();
    parameters.scales.push_back(scale);
  } else {
    FailureOr<const ConstantTensor *> list = needList(node, name, "scale");
    if (failed(list))
      return failure();
    if (!(*list)->isFloat())
      return node.reject(node.argumentText(name), "float elements",
                         nameOf((*list)->getType()));
    for (int64_t i = 0; i < (*list)->getNumElements(); ++i)
      parameters.scales.push_back((*list)->realAt(i));
  }
  for (auto [channel, scale] : llvm::enumerate(parameters.scales))
    if (!isScale(scale, allowZero))
      return node.reject(parameters.scales.size() == 1
                             ? std::string("scale")
                             : "scale of channel " + std::to_string(channel),
                         "a positive finite float32 number", realText(scale),
                         "quantize the model again");
  return success();
}

/// Zero points, 0 when there are none, as the schema allows per channel. Some
/// producers store them as floats.
static LogicalResult readZeroPoints(const NodeView &node, StringRef name,
                                    QuantParameters &parameters) {
  parameters.zeroPoints.assign(parameters.scales.size(), 0);
  if (!node.has(name) && node.getOp().ends_with("_per_channel"))
    return success();
  if (node.getTensorName(name).empty())
    return node.need(name, parameters.zeroPoints.front());
  FailureOr<const ConstantTensor *> list = needList(node, name, "zero point");
  if (failed(list))
    return failure();
  if ((*list)->getNumElements() != static_cast<int64_t>(parameters.scales.size()))
    return node.reject("zero points " + quoted(node.getTensorName(name)),
                       Twine(parameters.scales.size()) + " as the scales",
                       Twine((*list)->getNumElements()));
  for (auto [index, zeroPoint] : llvm::enumerate(parameters.zeroPoints)) {
    if ((*list)->isFloat() && (*list)->realAt(index) != 0)
      return node.reject("zero points " + quoted(node.getTensorName(name)), "integers",
                         nameOf((*list)->getType()));
    zeroPoint = (*list)->isFloat() ? 0 : (*list)->integerAt(index);
  }
  return success();
}

/// A limit, as a number or a tensor of one.
static LogicalResult readLimit(const NodeView &node, StringRef name, int64_t &limit) {
  if (node.getTensorName(name).empty())
    return node.need(name, limit);
  FailureOr<const ConstantTensor *> tensor = node.needConstant(name, "limit");
  if (failed(tensor))
    return failure();
  if ((*tensor)->isFloat() || (*tensor)->getNumElements() != 1)
    return node.reject(node.argumentText(name), "one integer",
                       nameOf((*tensor)->getType()) + text((*tensor)->getShape()));
  limit = (*tensor)->integerAt(0);
  return success();
}

/// Storage type and the range that a quantize saturates at.
static LogicalResult readStorage(const NodeView &node, QuantParameters &parameters) {
  DataType storage = DataType::Undefined;
  numerics::Range range;
  if (failed(node.read("dtype", storage)) ||
      failed(readLimit(node, "quant_min", range.min)) ||
      failed(readLimit(node, "quant_max", range.max)))
    return failure();
  if (!isQuantizable(storage))
    return node.reject("argument 'dtype'", "an integer type up to 32 bits",
                       nameOf(storage));
  numerics::Range all = rangeOf(storage);
  if (range.min >= range.max || range.min < all.min || range.max > all.max)
    return node.reject("quant_min and quant_max",
                       "an interval inside [" + Twine(all.min) + ", " + Twine(all.max) +
                           "] of " + nameOf(storage),
                       Twine(range.min) + " and " + Twine(range.max));
  parameters.storage = storage;
  parameters.range = range;
  return success();
}

/// Everything a quantize or dequantize says; `shape` of the tensor.
static FailureOr<QuantParameters>
readParameters(const NodeView &node, ArrayRef<int64_t> shape, bool allowZero) {
  bool perChannel = node.getOp().ends_with("_per_channel");
  QuantParameters parameters;
  if (failed(readStorage(node, parameters)) ||
      failed(readScales(node, perChannel ? "scales" : "scale", allowZero, parameters)) ||
      failed(readZeroPoints(node, perChannel ? "zero_points" : "zero_point", parameters)))
    return failure();
  int64_t axis = 0;
  if (!perChannel && parameters.scales.size() != 1)
    return node.reject("scale", "one number", Twine(parameters.scales.size()));
  if (!perChannel)
    return parameters;
  if (failed(node.need("axis", axis)))
    return failure();
  FailureOr<int64_t> normal = node.normalizeAxis(axis, shape.size());
  if (failed(normal))
    return failure();
  if (shape[*normal] != static_cast<int64_t>(parameters.scales.size()))
    return node.reject("number of scales",
                       Twine(shape[*normal]) + " for shape " + text(shape) +
                           " and axis " + Twine(*normal),
                       Twine(parameters.scales.size()));
  parameters.axis = *normal;
  return parameters;
}

/// Zero points a quantize can produce.
static LogicalResult checkZeroPoints(const NodeView &node,
                                     const QuantParameters &parameters) {
  numerics::Range range = parameters.range.value_or(rangeOf(parameters.storage));
  for (int64_t zeroPoint : parameters.zeroPoints)
    if (!range.contains(zeroPoint))
      return node.reject("zero point",
                         "an integer in [" + Twine(range.min) + ", " + Twine(range.max) +
                             "]",
                         Twine(zeroPoint), "quantize the model again");
  return success();
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

LogicalResult qbias::pytorchimport::importQuantize(NodeView &node) {
  ImportedTensor *input = node.getInput("input");
  if (!input)
    return failure();
  bool isConstant = input->constant && input->constant->isFloat();
  FailureOr<QuantParameters> parameters =
      readParameters(node, input->getShape(), /*allowZero=*/isConstant);
  if (failed(parameters) || failed(checkZeroPoints(node, *parameters)))
    return failure();
  if (isConstant)
    return node.setResult(0, quantizeConstant(node, *input->constant, *parameters));
  FailureOr<Value> real = node.getReal("input");
  if (failed(real))
    return failure();
  if (parameters->storage == DataType::Int32)
    return node.reject("argument 'dtype'", "an integer type of 8 or 16 bits", "int32");
  Type element = makeQuantType(node.getBuilder().getContext(), *parameters);
  Type type = RankedTensorType::get(shapeOf(*real), element);
  return node.setResult(0, node.create<QuantizeOp>(node.getLoc(), type, *real));
}

/// The real numbers of a constant: the range of its type holds its integers.
static LogicalResult setDequantized(NodeView &node, const ConstantTensor &constant,
                                    QuantParameters parameters) {
  if (constant.getType() != parameters.storage)
    return node.reject("argument 'dtype'", nameOf(constant.getType()) + " as the tensor",
                       nameOf(parameters.storage));
  parameters.range.reset();
  if (failed(checkZeroPoints(node, parameters)))
    return failure();
  for (int64_t zeroPoint : parameters.zeroPoints)
    if (parameters.storage == DataType::Int32 && zeroPoint != 0)
      return node.reject("zero point", "0 for int32", Twine(zeroPoint));
  Location loc = node.getImporter().getNamer().getLoc(constant.getName());
  return node.setResult(
      0, dequantizeConstant(node, node.getLoc(), loc, constant, parameters));
}

/// The quantized type a dequantize reads: that of the quantize before, which
/// knows the range, when both have one grid.
static FailureOr<quant::QuantizedType>
getReadType(const NodeView &node, quant::QuantizedType made, QuantParameters parameters) {
  if (made && (parameters.storage == DataType::Int32 ||
               made.getStorageTypeIntegralWidth() != formatOf(parameters.storage)->bits ||
               made.isSigned() != formatOf(parameters.storage)->isSigned))
    return node.reject("argument 'dtype'", "the type of the quantized tensor",
                       nameOf(parameters.storage));
  parameters.range.reset();
  if (made)
    parameters.range = getStorageRange(made);
  quant::QuantizedType type = makeQuantType(node.getBuilder().getContext(), parameters);
  if (made && haveSameGrid(made, type))
    return made;
  if (failed(checkZeroPoints(node, parameters)))
    return failure();
  return type;
}

LogicalResult qbias::pytorchimport::importDequantize(NodeView &node) {
  ImportedTensor *input = node.getInput("input");
  DataType real = DataType::Float;
  if (!input || failed(node.read("out_dtype", real)))
    return failure();
  if (real != DataType::Float)
    return node.reject("argument 'out_dtype'", "float32", nameOf(real));
  SmallVector<int64_t> shape = input->getShape();
  bool isConstant = input->constant && !input->constant->isFloat();
  FailureOr<QuantParameters> parameters = readParameters(node, shape, isConstant);
  if (failed(parameters))
    return failure();
  if (isConstant)
    return setDequantized(node, *input->constant, *parameters);
  quant::QuantizedType made = input->value && !input->untyped
                                  ? getQuantElement(input->value.getType())
                                  : quant::QuantizedType();
  if (!made && (!input->untyped || *input->untyped != parameters->storage))
    return node.reject(node.argumentText("input"),
                       nameOf(parameters->storage) + " integers", input->describe());
  FailureOr<quant::QuantizedType> element = getReadType(node, made, *parameters);
  if (failed(element))
    return failure();
  auto type = RankedTensorType::get(shape, *element);
  if (input->untyped) {
    input->value.setType(type);
    input->untyped.reset();
  }
  Value quantized = input->value;
  if (quantized.getType() != type)
    quantized = reinterpret(node, node.getLoc(), quantized, type);
  Type result = type.clone(node.getBuilder().getF32Type());
  return node.setResult(0, node.create<DequantizeOp>(node.getLoc(), result, quantized));
}
