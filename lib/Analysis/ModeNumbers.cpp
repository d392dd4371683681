//===- ModeNumbers.cpp - numbers that modes derive ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// M = s_x * s_w / s_y in double from the scales (N1 has them exact; two float32
// factors have an exact product), then per mode:
//
//   single  m, k of M; r = (z_y << k) + 2^(k-1)
//   tflite  m, k of M, rounded twice; 16-bit activations: 15 bits of m, once
//   float   M in float32
//   shift   m = 1 (2^j where M > 1), r as single
//
//===----------------------------------------------------------------------===//

#include "ModeNumbers.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Numerics/Modes.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using IntRange = numerics::Range;
using numerics::FixedMultiplier;
using numerics::Int128;
using numerics::Rational;

FailureOr<ModeSubject> qbias::getModeSubject(IntegerSegmentOpInterface op) {
  ReferenceAttr reference = op.getReferenceAttr();
  FailureOr<numerics::Chain> chain = getChain(reference);
  if (failed(chain))
    return op->emitOpError("expects a reference with a result type");
  ModeSubject subject{op, *chain, {}, {}, 1, {}};
  llvm::append_range(subject.operands, reference.getOperands().asArrayRef());
  if (reference.getWeights() && !readFloats(reference.getWeights(), subject.weights))
    return op->emitOpError("expects constant weight scales");
  subject.result =
      cast<quant::UniformQuantizedType>(reference.getResult().getValue()).getScale();
  if (isa<IntAddOp, IntLookupOp>(op.getOperation()))
    return subject;
  FailureOr<std::vector<ChannelSegment>> channels = getChannelSegments(op);
  if (failed(channels))
    return failure();
  subject.channels = std::move(*channels);
  return subject;
}

unsigned qbias::widthOf(Value value) {
  return getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth();
}

/// The widest tensor that takes part.
static unsigned widestOf(IntegerSegmentOpInterface op) {
  unsigned widest = widthOf(op->getResult(0));
  for (Value value : op.getActivations())
    widest = std::max(widest, widthOf(value));
  return widest;
}

/// A fully connected layer of TFLite with one weight scale, and a product of two
/// tensors: the reference kernels round s_x * s_w to float32 first.
static bool hasFloatProduct(const ModeSubject &subject) {
  LayerAttr layer = subject.op.getLayerAttr();
  if (!layer)
    return false;
  return layer.getOp() == "BATCH_MATMUL" ||
         (layer.getOp() == "FULLY_CONNECTED" && subject.weights.size() == 1);
}

/// RELU and its kin: the reference kernels divide the scales in float32.
static bool hasFloatQuotient(const ModeSubject &subject) {
  return isa<IntRequantizeOp>(subject.op.getOperation()) &&
         subject.op.getRequantAttr().getMode() == RequantMode::TFLite &&
         !subject.chain.steps.empty();
}

/// M of channel `c`, in double; a mean's without its divisor.
static double realMultiplier(const ModeSubject &subject, size_t c) {
  double first = subject.operands.front();
  if (hasFloatQuotient(subject))
    return float(first) / float(subject.result);
  if (isa<IntAvgPoolOp, IntRequantizeOp>(subject.op.getOperation()))
    return first / subject.result;
  bool isProduct = subject.weights.empty();
  double second = isProduct ? subject.operands[1] : subject.weight(c);
  if (hasFloatProduct(subject))
    return double(float(first) * float(second)) / subject.result;
  return first * second / subject.result;
}

int64_t qbias::divisorOf(const ModeSubject &subject, size_t c) {
  auto pool = dyn_cast<IntAvgPoolOp>(subject.op.getOperation());
  return pool ? pool.getDivisors()[c] : 1;
}

//===----------------------------------------------------------------------===//
// single
//===----------------------------------------------------------------------===//

bool qbias::fitsWithAddend(IntRange acc, int64_t m, IntRange q, int64_t m2, Int128 r) {
  constexpr Int128 kMax = INT64_MAX;
  auto extreme = [&](bool high) {
    int64_t second = (m2 > 0) == high ? q.max : q.min;
    return Int128(high ? acc.max : acc.min) * m + Int128(second) * m2 + r;
  };
  return extreme(false) >= -kMax && extreme(true) <= kMax && r >= -kMax && r <= kMax;
}

/// Appends m, k, r of channel `c` (and the multiplier of an addend) with as many
/// bits of m as leave room for every sum in 64 bits.
static LogicalResult addPlain(const ModeSubject &subject, size_t c,
                              ModeNumbers &numbers) {
  double real = realMultiplier(subject, c) / divisorOf(subject, c);
  numerics::Requant plain =
      numerics::plainRecipe(real, subject.zeroPoint(), subject.chain.outputRange());
  IntRange acc = subject.channels[c].acc, q = {0, 0};
  bool isSum = hasAddend(subject.op);
  if (isSum)
    q = getValueRange(subject.op.getActivations().back());
  for (; plain.shift >= 1; --plain.shift, plain.multiplier = (plain.multiplier + 1) / 2) {
    double scaled = std::ldexp(subject.operands.back() / subject.result, plain.shift);
    if (isSum && std::abs(scaled) >= 0x1p40)
      continue;
    int64_t addend = isSum ? std::llround(scaled) : 0;
    Int128 rounding = Int128(subject.zeroPoint()) * (Int128(1) << plain.shift) +
                      (Int128(1) << (plain.shift - 1));
    if (isSum)
      rounding -= Int128(addend) * subject.op.getAddendZeroPoint();
    if (!fitsWithAddend(acc, plain.multiplier, q, addend, rounding))
      continue;
    numbers.multiplier.push_back(plain.multiplier);
    numbers.shift.push_back(plain.shift);
    numbers.rounding.push_back(static_cast<int64_t>(rounding));
    if (isSum)
      numbers.addendMultiplier.push_back(addend);
    return success();
  }
  return subject.op->emitError("mode single: channel ")
         << c << " leaves 64 bits, its accumulator reaches [" << acc.min << ", "
         << acc.max << "]; use mode exact for this layer";
}

/// Three rescales of a sum.
static ModeNumbers makeSum(const ModeSubject &subject, numerics::Rounding rounding) {
  numerics::RescaledSum sum =
      numerics::makeRescaledSum(subject.operands[0], subject.operands[1], subject.result,
                                numerics::sumHeadroom(widestOf(subject.op)), rounding);
  ModeNumbers numbers;
  numbers.form = RequantForm::RescaledSum;
  for (FixedMultiplier by : {sum.a, sum.b, sum.out}) {
    numbers.multiplier.push_back(by.multiplier);
    numbers.shift.push_back(by.shift);
  }
  numbers.zeroPoint = subject.zeroPoint();
  return numbers;
}

static FailureOr<ModeNumbers> deriveSingle(const ModeSubject &subject) {
  if (isa<IntAddOp>(subject.op.getOperation()))
    return makeSum(subject, numerics::Rounding::Once);
  ModeNumbers numbers;
  for (size_t c = 0; c < subject.channels.size(); ++c)
    if (failed(addPlain(subject, c, numbers)))
      return failure();
  return numbers;
}

//===----------------------------------------------------------------------===//
// tflite
//===----------------------------------------------------------------------===//

/// The average pool kernel has one scale and zero point for input and output.
static bool isAveragePoolKernel(const ModeSubject &subject) {
  auto pool = dyn_cast<IntAvgPoolOp>(subject.op.getOperation());
  LayerAttr layer = subject.op.getLayerAttr();
  bool isMean = layer && (layer.getOp() == "MEAN" || layer.getOp() == "ReduceMean");
  return pool && !isMean && subject.operands[0] == subject.result &&
         int64_t(pool.getInputZp()) == subject.zeroPoint();
}

/// 16-bit activations times 8-bit weights, or times each other in a matrix
/// product: 64-bit sums and a short multiplier. The convolution kernel of TFLite has
/// 32-bit sums where its bias is int32 or absent.
static bool hasShortMultiplier(const ModeSubject &subject) {
  if (!isa<IntConv2DOp, IntMatmulOp>(subject.op.getOperation()) ||
      widthOf(subject.op.getActivations().front()) == 8)
    return false;
  ElementsAttr bias = subject.op.getReferenceAttr().getBias();
  LayerAttr layer = subject.op.getLayerAttr();
  bool isKernel = layer && layer.getOp() == "CONV_2D";
  return !isKernel || (bias && !bias.getElementType().isInteger(32));
}

static FailureOr<ModeNumbers> deriveTflite(const ModeSubject &subject) {
  if (isa<IntAddOp>(subject.op.getOperation()))
    return makeSum(subject, numerics::Rounding::Twice);
  ModeNumbers numbers;
  numbers.zeroPoint = subject.zeroPoint();
  if (isAveragePoolKernel(subject)) {
    numbers.form = RequantForm::Divide;
    return numbers;
  }
  bool isShort = hasShortMultiplier(subject);
  numbers.form = isShort ? RequantForm::Affine : RequantForm::DoubleRound;
  numbers.zeroPoint = isShort ? 0 : subject.zeroPoint();
  for (size_t c = 0; c < subject.channels.size(); ++c) {
    FixedMultiplier by = numerics::producerMultiplier(realMultiplier(subject, c));
    if (isa<IntAvgPoolOp>(subject.op.getOperation()))
      by = numerics::meanMultiplier(by, divisorOf(subject, c));
    if (isShort) {
      by = numerics::reduceMultiplier(by);
      Int128 rounding = by.shift < 1
                            ? Int128(0)
                            : Int128(subject.zeroPoint()) * (Int128(1) << by.shift) +
                                  (Int128(1) << (by.shift - 1));
      IntRange acc = subject.channels[c].acc;
      if (by.shift < 1 || !fitsWithAddend(acc, by.multiplier, {0, 0}, 0, rounding))
        return subject.op->emitError("mode tflite: channel ")
               << c << " leaves 64 bits, its accumulator reaches [" << acc.min << ", "
               << acc.max << "]; use mode exact for this layer";
      numbers.rounding.push_back(static_cast<int64_t>(rounding));
    }
    numbers.multiplier.push_back(by.multiplier);
    numbers.shift.push_back(by.shift);
  }
  return numbers;
}

//===----------------------------------------------------------------------===//
// float
//===----------------------------------------------------------------------===//

static LogicalResult checkFloat(const ModeSubject &subject, float value, size_t c) {
  if (std::isnormal(value))
    return success();
  return subject.op->emitError("mode float: channel ")
         << c << " has a multiplier beyond float32, got " << double(value)
         << "; use mode exact for this layer";
}

/// Bias of every channel in real units, as float32.
static SmallVector<double> readFloatBias(const ModeSubject &subject) {
  ReferenceAttr reference = subject.op.getReferenceAttr();
  SmallVector<double> values(subject.channels.size(), 0);
  if (!reference.getBias())
    return values;
  FailureOr<ExactArray> exact =
      ExactArray::get(reference.getBias(), reference.getBiasUnit());
  for (size_t c = 0; succeeded(exact) && c < values.size(); ++c)
    values[c] = static_cast<float>(exact->at(c).get_d());
  return values;
}

static FailureOr<ModeNumbers> deriveFloat(const ModeSubject &subject) {
  ModeNumbers numbers;
  numbers.zeroPoint = subject.zeroPoint();
  bool isBias = subject.op.getRequantAttr().getForm() == RequantForm::FloatBias;
  numbers.form = isBias ? RequantForm::FloatBias : RequantForm::Float;
  // Sums, products and means are expressions of the operands' own scales.
  if (isa<IntAddOp, IntMulOp, IntAvgPoolOp>(subject.op.getOperation()))
    return numbers;
  bool isProduct = !isa<IntRequantizeOp>(subject.op.getOperation());
  for (size_t c = 0; c < subject.channels.size(); ++c) {
    double second = !isProduct                ? 1
                    : subject.weights.empty() ? subject.operands[1]
                                              : subject.weight(c);
    float m = numerics::floatMultiplier(subject.operands[0], second,
                                        isBias ? 1 : subject.result);
    if (failed(checkFloat(subject, m, c)))
      return failure();
    numbers.floatMultiplier.push_back(m);
  }
  if (isBias)
    numbers.floatRounding = readFloatBias(subject);
  return numbers;
}

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

FailureOr<ModeNumbers> qbias::deriveNumbers(const ModeSubject &subject) {
  switch (subject.op.getRequantAttr().getMode()) {
  case RequantMode::Single:
    return deriveSingle(subject);
  case RequantMode::TFLite:
    return deriveTflite(subject);
  case RequantMode::Float:
    return deriveFloat(subject);
  case RequantMode::Shift:
    return deriveShift(subject);
  case RequantMode::Exact:
    break;
  }
  return subject.op->emitOpError("mode exact has no recipe");
}
