//===- Modes.cpp - scalar models of the modes beside exact ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Bounds. A value rescaled twice is an int32 (saturated), m < 2^31, so
// |value * m + 2^30| < 2^62 + 2^30. A value rescaled once is an operand of a
// sum, |q - z| < 2^16 with at most 2^20 extra, or the sum of two such halves:
// below 2^37, and the product below 2^62 where 16-bit operands have 15 extra
// bits (2^31 * 2^31) and 8-bit ones 20 (2^28 * 2^31).
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Modes.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qbias::numerics {

static constexpr int64_t kMantissaOne = int64_t(1) << kMultiplierBits;

FixedMultiplier producerMultiplier(double real) {
  constexpr int kLargestRightShift = 31, kLargestLeftShift = 30;
  int exponent = 0;
  double mantissa = std::frexp(real, &exponent);
  int64_t m = std::llround(mantissa * static_cast<double>(kMantissaOne));
  if (m == kMantissaOne) {
    m /= 2;
    ++exponent;
  }
  if (exponent < -kLargestRightShift)
    return {};
  if (exponent > kLargestLeftShift)
    return {kMantissaOne - 1, kMultiplierBits - kLargestLeftShift};
  return {m, kMultiplierBits - exponent};
}

static int64_t saturate32(Int128 value) {
  constexpr Int128 kMin = std::numeric_limits<int32_t>::min();
  constexpr Int128 kMax = std::numeric_limits<int32_t>::max();
  return static_cast<int64_t>(std::clamp(value, kMin, kMax));
}

/// value / 2^exponent, half away from zero.
static int64_t divideByPowerOfTwo(int64_t value, int exponent) {
  int64_t mask = (int64_t(1) << exponent) - 1;
  int64_t threshold = (mask >> 1) + (value < 0 ? 1 : 0);
  return (value >> exponent) + ((value & mask) > threshold ? 1 : 0);
}

int64_t rescale(int64_t value, FixedMultiplier by, Rounding rounding) {
  if (rounding == Rounding::Once)
    return static_cast<int64_t>(
        (static_cast<Int128>(value) * by.multiplier + (Int128(1) << (by.shift - 1))) >>
        by.shift);
  int left = std::max(kMultiplierBits - by.shift, 0);
  int right = std::max(by.shift - kMultiplierBits, 0);
  int64_t product = saturate32(static_cast<Int128>(value) << left) * by.multiplier;
  // The reference adds 2^30, or 1 - 2^30 below 0, and divides towards zero: the
  // nearest integer with ties up.
  int64_t nudge = int64_t(1) << (kMultiplierBits - 1);
  int64_t high = product >= 0 ? (product + nudge) / kMantissaOne
                              : (product + 1 - nudge) / kMantissaOne;
  return divideByPowerOfTwo(high, right);
}

int64_t finishInteger(int64_t value, int64_t zeroPoint, Range output) {
  return std::clamp(value + zeroPoint, output.min, output.max);
}

FixedMultiplier reduceMultiplier(FixedMultiplier full) {
  constexpr int kDropped = 16;
  constexpr int64_t kSaturated = 0x7FFF, kLargestRounded = kSaturated << kDropped;
  int64_t m = full.multiplier < kLargestRounded
                  ? (full.multiplier + (int64_t(1) << (kDropped - 1))) >> kDropped
                  : kSaturated;
  return {m, full.shift - kDropped};
}

FixedMultiplier meanMultiplier(FixedMultiplier full, int64_t count) {
  constexpr int kLargestShift = 32;
  int log = 63 - __builtin_clzll(static_cast<uint64_t>(count));
  // The kernel's own exponent is 31 - shift and may not fall below -31.
  int shift = std::min({log, kLargestShift, 2 * kMultiplierBits - full.shift});
  return {static_cast<int64_t>((static_cast<Int128>(full.multiplier) << shift) / count),
          full.shift + shift};
}

int64_t divideHalfAway(int64_t sum, int64_t count) {
  return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

int sumHeadroom(int widestBits) {
  constexpr int kNarrow = 20, kWide = 15;
  return widestBits > 8 ? kWide : kNarrow;
}

RescaledSum makeRescaledSum(double a, double b, double y, int headroom,
                            Rounding rounding) {
  double twice = 2 * std::max(a, std::abs(b));
  RescaledSum sum;
  sum.a = producerMultiplier(a / twice);
  sum.b = producerMultiplier(std::abs(b) / twice);
  sum.out = producerMultiplier(twice / (std::ldexp(1.0, headroom) * y));
  sum.headroom = headroom;
  sum.negateB = b < 0;
  sum.rounding = rounding;
  return sum;
}

int64_t applyRescaledSum(const RescaledSum &sum, int64_t a, int64_t b) {
  int64_t left = rescale(a * (int64_t(1) << sum.headroom), sum.a, sum.rounding);
  int64_t right = rescale(b * (int64_t(1) << sum.headroom), sum.b, sum.rounding);
  return rescale(sum.negateB ? left - right : left + right, sum.out, sum.rounding);
}

float floatMultiplier(double a, double b, double y) {
  float product = static_cast<float>(a) * static_cast<float>(b);
  return product / static_cast<float>(y);
}

float scaleFloat(int64_t acc, float multiplier) {
  return static_cast<float>(acc) * multiplier;
}

int64_t finishFloat(float value, int64_t zeroPoint, Range output) {
  // Far beyond any output of at most 16 bits; keeps the conversion defined.
  constexpr float kFar = 1 << 20;
  float limited = std::min(std::max(value, -kFar), kFar);
  return finishInteger(static_cast<int64_t>(std::nearbyint(limited)), zeroPoint, output);
}

/// zeroPoint + round(bound / scale), the division in float32.
static int64_t quantizeBound(const Rational &bound, const QuantParams &out) {
  float quotient =
      static_cast<float>(bound.get_d()) / static_cast<float>(out.scale.get_d());
  float limited = std::clamp(quotient, -0x1p30f, 0x1p30f);
  return out.zeroPoint + std::llround(limited);
}

std::optional<Range> producerClamp(const Chain &chain) {
  Range range = chain.out.storage;
  for (const Step &step : chain.steps) {
    const auto *clamp = std::get_if<ClampStep>(&step);
    if (!clamp)
      return std::nullopt;
    for (int64_t *end : {&range.min, &range.max}) {
      if (clamp->lo)
        *end = std::max(*end, quantizeBound(*clamp->lo, chain.out));
      if (clamp->hi)
        *end = std::min(*end, quantizeBound(*clamp->hi, chain.out));
      *end = std::clamp(*end, chain.out.storage.min, chain.out.storage.max);
    }
  }
  return range;
}

std::optional<int> powerOfTwoShift(const Rational &real) {
  constexpr int kRelativeBits = 23;
  int exponent = 0;
  // frexp gives [1/2, 1): a mantissa just below 1 belongs to the next power.
  if (std::frexp(real.get_d(), &exponent) < 0.75)
    --exponent;
  Rational error = real / powerOfTwo(exponent) - 1;
  if (abs(error) > powerOfTwo(-kRelativeBits))
    return std::nullopt;
  return -exponent;
}

} // namespace qbias::numerics
