//===- Quantization.cpp - QuantizeLinear and DequantizeLinear ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A constant read by DequantizeLinear is a weight or a bias; its integers stay
// as stored. Everything else is an activation: its integers and their type are
// the file's own.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"
#include "QuantParameters.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/IR/Remarks.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// Calls f(element, channel) for every element; channel 0 without axis.
template <typename Function>
static void forEachElement(ArrayRef<int64_t> shape, std::optional<int64_t> axis,
                           Function f) {
  int64_t count = *countElements(shape);
  int64_t inner = axis ? *countElements(shape.drop_front(*axis + 1)) : 1;
  for (int64_t i = 0; i < count; ++i)
    f(i, axis ? i / inner % shape[*axis] : 0);
}

/// Scale 1 and zeros in place of scale 0, which maps every integer to real 0.
static void replaceDeadChannels(const NodeView &node, const ConstantTensor &constant,
                                QuantParameters &parameters, std::vector<char> &bytes) {
  std::vector<bool> isDead;
  SmallVector<int64_t> dead;
  for (auto [channel, scale] : llvm::enumerate(parameters.scales)) {
    isDead.push_back(scale == 0);
    if (scale != 0)
      continue;
    dead.push_back(channel);
    scale = 1;
    parameters.zeroPoints[channel] = 0;
  }
  if (dead.empty())
    return;
  unsigned width = constant.getWidth();
  forEachElement(constant.getShape(), parameters.axis,
                 [&](int64_t element, int64_t channel) {
                   if (isDead[channel])
                     std::fill_n(bytes.begin() + element * width, width, 0);
                 });
  Location loc = node.getImporter().getNamer().getLoc(constant.getName());
  auto opts = remark::RemarkOpts::name("dead-channel").category("qbias-import");
  remark::analysis(loc, opts) << remark::add("scale 0, stored as zeros of scale 1")
                              << remark::metric("Channels", isDead.size())
                              << remark::metric("Dead", dead.size())
                              << remark::metric("List",
                                                text(ArrayRef(dead).take_front(16)));
}

/// Real numbers that the integers of a constant stand for: arith.constant,
/// quant.scast, qbias.dequantize.
static FailureOr<Value> dequantizeConstant(const NodeView &node,
                                           const ConstantTensor &constant,
                                           QuantParameters parameters) {
  if (!isValueShape(constant.getShape()))
    return node.reject("shape of constant " + quoted(constant.getName()), kValueLimits,
                       text(constant.getShape()));
  ArrayRef<char> stored = constant.getBytes();
  if (failed(node.getImporter().charge(2 * stored.size(), node.getSubject())))
    return failure();
  std::vector<char> bytes(stored.begin(), stored.end());
  replaceDeadChannels(node, constant, parameters, bytes);
  OpBuilder &builder = node.getBuilder();
  auto type = RankedTensorType::get(constant.getShape(),
                                    builder.getIntegerType(8 * constant.getWidth()));
  Location loc = node.getImporter().getNamer().getLoc(constant.getName());
  Value integers =
      arith::ConstantOp::create(builder, loc, makeRaw(type, bytes, constant.getName()));
  auto quantized = type.clone(makeQuantType(builder.getContext(), parameters));
  Value cast = quant::StorageCastOp::create(builder, loc, quantized, integers);
  return node
      .create<DequantizeOp>(node.getOutputLoc(), type.clone(builder.getF32Type()), cast)
      .getResult();
}

/// rnd(x / s) + z, clamped (N2). The double quotient is off by less than
/// 2^-21 below 2^31, so only numbers that close to a tie need exact arithmetic.
static int64_t quantizeExactly(double x, double scale, int64_t zeroPoint,
                               numerics::Range range) {
  constexpr double kLargest = 2147483648.0, kTieZone = 1.0 / (1 << 20);
  double quotient = x / scale;
  if (quotient >= kLargest)
    return range.max;
  if (quotient <= -kLargest)
    return range.min;
  double fraction = quotient - std::floor(quotient);
  if (std::fabs(fraction - 0.5) > kTieZone)
    return std::clamp(static_cast<int64_t>(std::floor(quotient + 0.5)) + zeroPoint,
                      range.min, range.max);
  return numerics::quantize(*numerics::exactRational(x),
                            {*numerics::exactRational(scale), zeroPoint, range});
}

/// QuantizeLinear of a float constant: weights of networks trained with fake
/// quantization.
static LogicalResult quantizeConstant(const NodeView &node,
                                      const ConstantTensor &constant,
                                      const QuantParameters &parameters) {
  unsigned width = std::max(8u, formatOf(parameters.storage)->bits) / 8;
  int64_t count = constant.getNumElements();
  if (failed(node.getImporter().charge(count * width, node.getSubject())))
    return failure();
  for (int64_t i = 0; i < count; ++i)
    if (!std::isfinite(constant.realAt(i)))
      return node.reject("element " + Twine(i) + " of constant " +
                             quoted(constant.getName()),
                         "a finite number", realText(constant.realAt(i)));
  std::vector<char> bytes(count * width);
  numerics::Range range = rangeOf(parameters.storage);
  forEachElement(constant.getShape(), parameters.axis, [&](int64_t i, int64_t channel) {
    double scale = parameters.scales[channel];
    int64_t zeroPoint = parameters.zeroPoints[channel];
    int64_t q = scale == 0 ? zeroPoint
                           : quantizeExactly(constant.realAt(i), scale, zeroPoint, range);
    std::memcpy(bytes.data() + i * width, &q, width);
  });
  return node.setResult(0, ConstantTensor(constant.getName().str(), parameters.storage,
                                          constant.getShape(), std::move(bytes)));
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

/// Type of the integers: the zero point's, else output_dtype, else uint8.
static FailureOr<DataType> readOutputType(const NodeView &node) {
  int64_t declared = 0;
  if (failed(node.read("output_dtype", declared)))
    return failure();
  DataType type = declared ? static_cast<DataType>(declared) : DataType::UInt8;
  if (node.hasInput(2)) {
    FailureOr<const ConstantTensor *> zeroPoint = node.needConstant(2, "zero point");
    if (failed(zeroPoint))
      return failure();
    type = (*zeroPoint)->getType();
    if (declared && static_cast<DataType>(declared) != type)
      return node.reject("attribute 'output_dtype'", nameOf(type) + " as the zero point",
                         nameOf(static_cast<DataType>(declared)));
  }
  if (!isQuantizable(type) || type == DataType::Int32)
    return node.reject("output type", "an integer of 2 to 16 bits", nameOf(type));
  return type;
}

/// Since operator set 23 the division has the precision of the attribute, else
/// of the scale.
static LogicalResult checkPrecision(const NodeView &node) {
  constexpr int64_t kFirstWithPrecision = 23;
  int64_t precision = 0;
  if (failed(node.read("precision", precision)))
    return failure();
  const ConstantTensor *scale = node.getConstant(1);
  if (precision == 0 && scale && node.getOpset() >= kFirstWithPrecision)
    precision = static_cast<int64_t>(scale->getType());
  if (precision == 0 || static_cast<DataType>(precision) == DataType::Float)
    return success();
  return node.reject("precision of the division", "float32",
                     nameOf(static_cast<DataType>(precision)));
}

LogicalResult qbias::onnximport::importQuantizeLinear(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  if (!input)
    return failure();
  FailureOr<DataType> storage = readOutputType(node);
  if (failed(storage))
    return failure();
  bool isConstant = input->constant && input->constant->isFloat();
  FailureOr<QuantParameters> parameters =
      readParameters(node, 1, 2, input->getShape(), *storage,
                     isConstant ? ZeroScale::DeadChannel : ZeroScale::Error);
  if (failed(parameters) || failed(checkPrecision(node)))
    return failure();
  if (isConstant)
    return quantizeConstant(node, *input->constant, *parameters);
  FailureOr<Value> real = node.getReal(0);
  if (failed(real))
    return failure();
  quant::QuantizedType element =
      makeQuantType(node.getBuilder().getContext(), *parameters);
  Type type = RankedTensorType::get(shapeOf(*real), element);
  return node.setResult(0, node.create<QuantizeOp>(node.getOutputLoc(), type, *real));
}

/// Integers quantized with one scale and read with another: the same bits
/// under the new type.
static Value reinterpret(const NodeView &node, Value quantized, Type type) {
  OpBuilder &builder = node.getBuilder();
  unsigned width = getQuantElement(type).getStorageTypeIntegralWidth();
  auto integers = cast<RankedTensorType>(type).clone(builder.getIntegerType(width));
  Location loc = node.getOutputLoc();
  Value stored = quant::StorageCastOp::create(builder, loc, integers, quantized);
  return quant::StorageCastOp::create(builder, loc, type, stored);
}

/// The integers DequantizeLinear reads: their type, or Undefined.
static DataType typeOfIntegers(const ImportedTensor &tensor) {
  if (tensor.constant)
    return tensor.constant->getType();
  if (tensor.untyped)
    return *tensor.untyped;
  quant::QuantizedType type = getQuantElement(tensor.value.getType());
  return type ? storageOf(type) : DataType::Undefined;
}

LogicalResult qbias::onnximport::importDequantizeLinear(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  if (!input)
    return failure();
  int64_t outputType = 0;
  if (failed(node.read("output_dtype", outputType)))
    return failure();
  if (outputType && static_cast<DataType>(outputType) != DataType::Float)
    return node.reject("attribute 'output_dtype'", "float32",
                       nameOf(static_cast<DataType>(outputType)));
  DataType storage = typeOfIntegers(*input);
  if (!isQuantizable(storage))
    return node.reject(node.inputText(0), "integers of 2 to 32 bits", input->describe());
  SmallVector<int64_t> shape = input->getShape();
  FailureOr<QuantParameters> parameters =
      readParameters(node, 1, 2, shape, storage,
                     input->constant ? ZeroScale::DeadChannel : ZeroScale::Error);
  if (failed(parameters))
    return failure();
  if (input->constant) {
    FailureOr<Value> value = dequantizeConstant(node, *input->constant, *parameters);
    return failed(value) ? failure() : node.setResult(0, *value);
  }
  MLIRContext *context = node.getBuilder().getContext();
  auto type = RankedTensorType::get(shape, makeQuantType(context, *parameters));
  if (input->untyped) {
    input->value.setType(type);
    input->untyped.reset();
  }
  Value quantized = input->value;
  if (quantized.getType() != type)
    quantized = reinterpret(node, quantized, type);
  Type real = type.clone(Float32Type::get(context));
  return node.setResult(0,
                        node.create<DequantizeOp>(node.getOutputLoc(), real, quantized));
}
