//===- ChannelLine.cpp - a factor and an offset per channel ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Import/Common/ChannelLine.h"

#include "qbias/Import/Common/Filters.h"
#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Import/Common/Windows.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"

#include <cmath>
#include <limits>
#include <numeric>

using namespace mlir;
using namespace qbias;
using namespace qbias::importing;
using numerics::Rational;

FailureOr<std::vector<Rational>>
importing::readChannelNumbers(const Layer &layer, const ConstantTensor &constant,
                              StringRef what, int64_t channels) {
  if (!constant.isFloat() || constant.getShape() != ArrayRef(channels))
    return layer.reject(what, Twine(channels) + " float elements",
                        nameOf(constant.getType()) + text(constant.getShape()));
  std::vector<Rational> values;
  for (int64_t c = 0; c < channels; ++c) {
    std::optional<Rational> value = numerics::exactRational(constant.realAt(c));
    if (!value)
      return layer.reject("element " + Twine(c) + " of " + what, "a finite number",
                          realText(constant.realAt(c)));
    values.push_back(*value);
  }
  return values;
}

/// Dimensions of [N, C, H, W].
static constexpr size_t kMostChannelDimensions = 4;

bool importing::isLineNumber(double value) {
  double size = std::fabs(value);
  return value == 0 || (size >= std::numeric_limits<float>::denorm_min() &&
                        size <= std::numeric_limits<float>::max());
}

FailureOr<ChannelLine>
importing::makeNormalization(const Layer &layer, ArrayRef<Rational> gamma,
                             ArrayRef<Rational> beta, ArrayRef<Rational> mean,
                             ArrayRef<Rational> variance, double epsilon) {
  std::optional<Rational> exact = numerics::exactRational(epsilon);
  ChannelLine line;
  for (size_t c = 0; c < gamma.size(); ++c) {
    Rational square = exact ? Rational(variance[c] + *exact) : Rational(0);
    if (square <= 0)
      return layer.reject("variance and epsilon in channel " + Twine(c),
                          "a positive finite sum", realText(square.get_d()));
    Rational factor = numerics::divideByRoot(gamma[c], square);
    line.factors.push_back(numerics::nearestDouble(factor));
    line.offsets.push_back(numerics::nearestDouble(beta[c] - mean[c] * factor));
    if (!isLineNumber(line.factors.back()) || !isLineNumber(line.offsets.back()))
      return layer.reject(
          "channel " + Twine(c), "a factor and an offset in float32's range",
          realText(line.factors.back()) + " and " + realText(line.offsets.back()));
  }
  return line;
}

Value importing::applyLine(const Layer &layer, Value image, const ChannelLine &line) {
  int64_t channels = line.factors.size();
  Value weight = makeReals(layer, line.factors, {channels, 1, 1, 1}, 0, 8);
  Value bias = makeReals(layer, line.offsets, {channels}, 0, 32);
  const int64_t one[] = {1, 1}, none[] = {0, 0, 0, 0};
  return layer.create<Conv2DOp>(layer.getLoc(), image.getType(), image, weight, bias, one,
                                none, one, /*groups=*/channels);
}

FailureOr<Value> importing::applyLineToChannels(const Layer &layer, Value input,
                                                const ChannelLine &line) {
  SmallVector<int64_t> shape(shapeOf(input));
  bool isMatrix = shape.size() == 2;
  FailureOr<Value> image = isMatrix ? reshape(layer, input, {shape[0], 1, 1, shape[1]})
                                    : toChannelsLast(layer, input);
  if (failed(image))
    return failure();
  Value result = applyLine(layer, *image, line);
  return isMatrix ? reshape(layer, result, shape)
                  : fromChannelsLast(layer, result, shape.size());
}

FailureOr<Value> importing::applyLineAlong(const Layer &layer, Value input, int64_t axis,
                                           const ChannelLine &line) {
  SmallVector<int64_t> shape(shapeOf(input));
  if (axis == 1 && shape.size() <= kMostChannelDimensions)
    return applyLineToChannels(layer, input, line);
  auto product = [](ArrayRef<int64_t> extents) {
    return std::accumulate(extents.begin(), extents.end(), int64_t(1),
                           std::multiplies<>());
  };
  SmallVector<int64_t> flat = {product(ArrayRef(shape).take_front(axis)), shape[axis]};
  if (int64_t behind = product(ArrayRef(shape).drop_front(axis + 1)); behind > 1)
    flat.push_back(behind);
  FailureOr<Value> result = reshape(layer, input, flat);
  if (failed(result) || failed(result = applyLineToChannels(layer, *result, line)))
    return failure();
  return reshape(layer, *result, shape);
}

/// The zero point of a quantized type as a tensor of one element.
static Value makeZero(const Layer &layer, quant::UniformQuantizedType type, size_t rank) {
  OpBuilder &builder = layer.getBuilder();
  auto shape =
      RankedTensorType::get(SmallVector<int64_t>(rank, 1),
                            builder.getIntegerType(getIntegerType(type).getWidth()));
  int64_t zero = type.getZeroPoint();
  Value integers = arith::ConstantOp::create(
      builder, layer.getLoc(), makeIntegers(shape, {zero}, layer.getSource()));
  return quant::StorageCastOp::create(builder, layer.getLoc(), shape.clone(type),
                                      integers);
}

FailureOr<Value> importing::applySlopes(const Layer &layer, Value input, int64_t axis,
                                        ArrayRef<double> slopes) {
  auto dequantize = input.getDefiningOp<DequantizeOp>();
  Value quantized = dequantize ? dequantize.getInput() : Value();
  auto type =
      quantized
          ? dyn_cast<quant::UniformQuantizedType>(getQuantElement(quantized.getType()))
          : quant::UniformQuantizedType();
  if (!type)
    return layer.reject("operand of a function with a slope per channel",
                        "a quantized tensor", "one that is not quantized",
                        "quantize it, or use one slope");
  ChannelLine line;
  line.factors.assign(slopes.begin(), slopes.end());
  line.offsets.assign(slopes.size(), 0);
  Value zero = makeZero(layer, type, shapeOf(quantized).size());
  auto toReal = [&](Value integers) -> Value {
    return layer.create<DequantizeOp>(layer.getLoc(), input.getType(), integers);
  };
  Value below = toReal(
      layer.create<MinimumOp>(layer.getLoc(), quantized.getType(), quantized, zero));
  Value above = toReal(
      layer.create<MaximumOp>(layer.getLoc(), quantized.getType(), quantized, zero));
  FailureOr<Value> scaled = applyLineAlong(layer, below, axis, line);
  if (failed(scaled))
    return failure();
  return layer.create<AddOp>(layer.getLoc(), input.getType(), *scaled, above).getResult();
}

/// Elements of a float constant, or of integers that are dequantized with one scale.
static bool readNumbers(Value value, SmallVectorImpl<double> &numbers) {
  if (ElementsAttr constant = getConstant(value))
    return readFloats(constant, numbers);
  auto dequantize = value.getDefiningOp<DequantizeOp>();
  auto stored = dequantize ? dequantize.getInput().getDefiningOp<quant::StorageCastOp>()
                           : quant::StorageCastOp();
  ElementsAttr constant = stored ? getConstant(stored.getInput()) : ElementsAttr();
  auto type =
      stored ? dyn_cast<quant::UniformQuantizedType>(getQuantElement(stored.getType()))
             : quant::UniformQuantizedType();
  SmallVector<int64_t> integers;
  if (!constant || !type || !readIntegers(constant, integers))
    return false;
  toStorageValues(type, integers);
  for (int64_t q : integers) {
    auto steps = static_cast<double>(q - type.getZeroPoint());
    numbers.push_back(steps * type.getScale());
    if (std::fma(steps, type.getScale(), -numbers.back()) != 0)
      return false; // a double does not hold the product
  }
  return true;
}

std::optional<importing::ChannelNumbers> importing::readChannelNumbers(Value value) {
  ArrayRef<int64_t> shape = shapeOf(value);
  ChannelNumbers result;
  result.axis =
      llvm::find_if(shape, [](int64_t extent) { return extent != 1; }) - shape.begin();
  if (result.axis == int64_t(shape.size()) ||
      shape[result.axis] != *countElements(shape) ||
      !readNumbers(value, result.numbers) || !llvm::all_of(result.numbers, isLineNumber))
    return std::nullopt;
  return result;
}
