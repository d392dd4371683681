//===- TosaForms.cpp - requantizations that TOSA has ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// TOSA 1.0, RESCALE, with v the value minus its zero point:
//
//   SINGLE_ROUND   (v * m + 2^(k-1)) >> k
//   DOUBLE_ROUND   (v * m + 2^(k-1) +- 2^30) >> k    + for v >= 0; k > 31
//
// then + zero point and saturation, for 2 <= k <= 62, -2^(k-1) <= v < 2^(k-1).
//
// Mode tflite rounds h = (x * m + 2^30) >> 31 and divides by 2^(k-31), half away
// from zero: for h >= 0 that is (h + 2^(k-32)) >> (k-31), for h < 0 one less
// before the shift; with h inserted, the two lines of DOUBLE_ROUND. (v < 0 with
// h = 0 gives 0 in both.) Up to k = 31 it rounds once.
//
// Where v may leave its range, it is limited to it first: with m >= 2^12 the
// result saturates 8 bits at both ends already.
//
//===----------------------------------------------------------------------===//

#include "TosaForms.h"

#include "qbias/Analysis/Segments.h"
#include "qbias/Conversion/Storage.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Numerics/Modes.h"

#include <functional>

using namespace mlir;
using namespace qbias;
using IntRange = numerics::Range;

/// RESCALE's range of shifts.
static constexpr int64_t kMinShift = 2, kMaxShift = 62;
/// A limited value times a multiplier from here on saturates 8 bits.
static constexpr int64_t kSaturating = int64_t(1) << 12;
static constexpr int64_t kMultiplierLimit = int64_t(1) << numerics::kMultiplierBits;

SmallVector<int64_t> qbias::readNumbers(ElementsAttr attr) {
  SmallVector<int64_t> values;
  if (attr)
    readIntegers(attr, values);
  return values;
}

int64_t qbias::getResultZeroPoint(IntegerSegmentOpInterface op) {
  return cast<quant::UniformQuantizedType>(op.getReferenceAttr().getResult().getValue())
      .getZeroPoint();
}

LogicalResult qbias::refuseLayer(IntegerSegmentOpInterface op, const Twine &what,
                                 const Twine &advice) {
  return op->emitError("layer '")
         << getLayerName(op) << "': " << what << " has no form in TOSA; " << advice;
}

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

int64_t qbias::getStoredZeroPoint(IntegerSegmentOpInterface op) {
  return getResultZeroPoint(op) +
         getStorageShift(getElementTypeOrSelf(op->getResult(0).getType()));
}

Value qbias::clampOutput(IntegerSegmentOpInterface op, Value value,
                         TosaBuilder &builder) {
  int64_t shift = getStorageShift(getElementTypeOrSelf(op->getResult(0).getType()));
  RequantAttr requant = op.getRequantAttr();
  return builder.clamp(value, requant.getLo() + shift, requant.getHi() + shift);
}

static bool isInside(IntRange range, int64_t shift) {
  return range.min >= -(int64_t(1) << (shift - 1)) && range.max < int64_t(1)
                                                                      << (shift - 1);
}

FailureOr<Value> qbias::rescaleWide(Operation *op, Value value, ArrayRef<IntRange> ranges,
                                    TosaScale scale, Type element, int64_t zeroPoint,
                                    TosaBuilder &builder) {
  SmallVector<int64_t> low, high;
  bool isLimited = false;
  for (size_t c = 0; c < scale.multiplier.size(); ++c) {
    int64_t &m = scale.multiplier[c], &k = scale.shift[c];
    IntRange range = ranges[ranges.size() == 1 ? 0 : c];
    // Twice both is the same number, as long as it is rounded once.
    while (!scale.roundsTwice && m < kMultiplierLimit / 2 && k < kMaxShift &&
           (k < kMinShift || !isInside(range, k))) {
      m *= 2;
      ++k;
    }
    bool fits = k >= kMinShift && isInside(range, k);
    if (k < kMinShift || (!fits && m != 0 && m < kSaturating))
      return op->emitError("layer '")
             << getLayerName(op) << "': a multiplier of " << m << " / 2^" << k
             << " for sums in [" << range.min << ", " << range.max
             << "] has no form in TOSA; its scales are too far apart";
    isLimited |= !fits;
    int64_t limit = std::min<int64_t>(int64_t(1) << (k - 1), int64_t(1) << 31);
    low.push_back(-limit);
    high.push_back(limit - 1);
  }
  if (isLimited) {
    SmallVector<int64_t> shape(cast<RankedTensorType>(value.getType()).getRank(), 1);
    shape.back() = low.size();
    Type wide = builder.getWide();
    value = builder.combine<tosa::MaximumOp>(value, builder.constant(shape, wide, low));
    value = builder.combine<tosa::MinimumOp>(value, builder.constant(shape, wide, high));
  }
  return builder.rescale(value, element, scale, {0, zeroPoint, false, false});
}

/// Output of channel `c` as a function of its sum.
static std::function<int64_t(int64_t)> getFunction(IntegerSegmentOpInterface op,
                                                   size_t c) {
  RequantAttr requant = op.getRequantAttr();
  SmallVector<int64_t> m = readNumbers(requant.getMultiplier());
  SmallVector<int64_t> k = readNumbers(requant.getShift());
  if (requant.getForm() == RequantForm::DoubleRound)
    return [=, by = numerics::FixedMultiplier{m[c], int(k[c])}](int64_t acc) {
      return numerics::finishInteger(
          numerics::rescale(acc, by, numerics::Rounding::Twice), requant.getZeroPoint(),
          {requant.getLo(), requant.getHi()});
    };
  if (requant.getForm() != RequantForm::Affine)
    return {};
  numerics::Requant affine{numerics::Form::Affine,
                           m[c],
                           int(k[c]),
                           readNumbers(requant.getRounding())[c],
                           0,
                           requant.getLo(),
                           requant.getHi()};
  return [=](int64_t acc) { return numerics::applyRequant(acc, affine); };
}

LogicalResult qbias::fitSums(IntegerSegmentOpInterface op,
                             MutableArrayRef<int64_t> bias) {
  constexpr IntRange kSums = {INT32_MIN, INT32_MAX};
  BoundsAttr bounds = op.getBoundsAttr();
  SmallVector<int64_t> min = readNumbers(bounds.getMin()),
                       max = readNumbers(bounds.getMax());
  bool isChanged = false;
  for (size_t c = 0; c < min.size(); ++c) {
    if (min[c] >= kSums.min && max[c] <= kSums.max && bias[c] >= kSums.min &&
        bias[c] <= kSums.max)
      continue;
    int64_t moved = max[c] > kSums.max ? kSums.max - max[c] : kSums.min - min[c];
    IntRange range{min[c] + moved, max[c] + moved};
    int64_t least = bias[c] + moved;
    auto output = getFunction(op, c);
    bool fits = output && range.min >= kSums.min && range.max <= kSums.max &&
                least >= kSums.min && least <= kSums.max;
    bool isConstant = fits && output(min[c]) == output(max[c]) &&
                      output(range.min) == output(max[c]) &&
                      output(range.max) == output(max[c]);
    if (!isConstant)
      return refuseLayer(op,
                         "a sum in [" + Twine(min[c]) + ", " + Twine(max[c]) +
                             "] of channel " + Twine(c),
                         "its sums have 32 bits");
    bias[c] = least;
    min[c] = range.min;
    max[c] = range.max;
    isChanged = true;
  }
  MLIRContext *context = op->getContext();
  if (isChanged)
    op.setBoundsAttr(BoundsAttr::get(context, makeIntegers(context, min, "acc_min"),
                                     makeIntegers(context, max, "acc_max")));
  return success();
}

/// Scale and sums of the channels that `places` lists; of all where it is empty.
static FailureOr<Value> requantizeBy(IntegerSegmentOpInterface op, Value acc,
                                     ArrayRef<int64_t> places, TosaBuilder &builder) {
  RequantAttr requant = op.getRequantAttr();
  bool isTwice = requant.getForm() == RequantForm::DoubleRound;
  if (!isTwice && requant.getForm() != RequantForm::Affine)
    return refuseLayer(op, "form " + stringifyRequantForm(requant.getForm()),
                       "use --requant=single");
  SmallVector<int64_t> m = readNumbers(requant.getMultiplier());
  SmallVector<int64_t> k = readNumbers(requant.getShift());
  BoundsAttr bounds = op.getBoundsAttr();
  SmallVector<int64_t> min = readNumbers(bounds.getMin()),
                       max = readNumbers(bounds.getMax());
  TosaScale scale{{}, {}, isTwice};
  SmallVector<IntRange> ranges;
  auto add = [&](int64_t c) {
    scale.multiplier.push_back(m[c]);
    scale.shift.push_back(k[c]);
    ranges.push_back({min[c], max[c]});
  };
  for (int64_t place : places)
    add(place);
  for (int64_t c = 0; places.empty() && c < int64_t(m.size()); ++c)
    add(c);
  FailureOr<Value> result = rescaleWide(op, acc, ranges, scale, builder.getNarrow(),
                                        getStoredZeroPoint(op), builder);
  if (failed(result))
    return failure();
  return clampOutput(op, *result, builder);
}

FailureOr<Value> qbias::requantize(IntegerSegmentOpInterface op, Value acc,
                                   TosaBuilder &builder) {
  if (op.getRequantAttr().getForm() == RequantForm::Accumulator)
    return acc;
  return requantizeBy(op, acc, {}, builder);
}

/// Places become the last dimension, over which a rescale may vary.
FailureOr<Value> qbias::requantizePlaces(IntegerSegmentOpInterface op, Value acc,
                                         ArrayRef<int64_t> places, TosaBuilder &builder) {
  SmallVector<int64_t> nhwc(cast<RankedTensorType>(acc.getType()).getShape());
  Value channelsFirst = builder.transpose(acc, {0, 3, 1, 2});
  Value flat = builder.reshape(channelsFirst, {nhwc[0], nhwc[3], nhwc[1] * nhwc[2]});
  FailureOr<Value> result = requantizeBy(op, flat, places, builder);
  if (failed(result))
    return failure();
  Value spread = builder.reshape(*result, {nhwc[0], nhwc[3], nhwc[1], nhwc[2]});
  return builder.transpose(spread, {0, 2, 3, 1});
}
