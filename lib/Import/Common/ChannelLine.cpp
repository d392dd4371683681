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

#include <cmath>
#include <limits>

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

/// Doubles a quantized type over float32 can have as scale, or 0.
static bool isUsable(double value) {
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
    if (!isUsable(line.factors.back()) || !isUsable(line.offsets.back()))
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
