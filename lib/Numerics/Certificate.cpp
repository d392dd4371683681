//===- Certificate.cpp - find and prove m, k, r (N7, N8) ------------------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Certificate.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qbias::numerics {
namespace {

constexpr Int128 kMaxInt64 = std::numeric_limits<int64_t>::max();

/// Larger than any rounding constant: |acc * m| < 2^103 and |n << k| < 2^126.
constexpr Int128 kUnbounded = static_cast<Int128>(1) << 126;

/// acc * m alone is a 64-bit product (N6).
bool productFits(Range acc, int64_t multiplier) {
  Int128 lo = static_cast<Int128>(acc.min) * multiplier;
  Int128 hi = static_cast<Int128>(acc.max) * multiplier;
  return lo >= -kMaxInt64 && hi <= kMaxInt64;
}

/// value * 2^shift for shift >= 0.
Rational scaled(const Rational &value, int shift) {
  Rational result;
  mpq_mul_2exp(result.get_mpq_t(), value.get_mpq_t(), shift);
  return result;
}

/// What r stands for, in units of the output (N6, N8): the residue; for
/// Affine also the zero point and the rounding half.
Rational idealRounding(const Target &target, Form form) {
  if (form == Form::HalfEven)
    return target.intercept;
  return target.intercept + target.zeroPoint + Rational(1, 2);
}

std::optional<Solution> tryMultiplier(const Staircase &staircase, const Target &target,
                                      Form form, int64_t multiplier, int shift) {
  if (!productFits(staircase.acc, multiplier))
    return std::nullopt;
  int64_t zeroPoint = form == Form::HalfEven ? target.zeroPoint : 0;
  Range feasible = feasibleRounding(staircase, form, multiplier, shift, zeroPoint);
  if (feasible.min > feasible.max)
    return std::nullopt;
  Integer ideal = roundHalfEven(scaled(idealRounding(target, form), shift));
  Solution solution;
  solution.roundingMin = feasible.min;
  solution.roundingMax = feasible.max;
  solution.requant = {form,
                      multiplier,
                      shift,
                      clampToInt64(ideal, feasible.min, feasible.max),
                      zeroPoint,
                      staircase.output.min,
                      staircase.output.max};
  return solution;
}

/// Tries both neighbours of slope * 2^shift, limited to 1 .. 2^bits - 1: any m
/// is legal that certifies, and a slope that is out of reach may still serve
/// a staircase whose steps are all at the rim (saturated, or constant).
std::optional<Solution> tryShift(const Staircase &staircase, const Target &target,
                                 Form form, int shift, int bits) {
  int64_t limit = (int64_t(1) << bits) - 1;
  auto [nearest, other] = neighbours(target.slope, shift);
  int64_t first = clampToInt64(nearest, 1, limit);
  int64_t second = clampToInt64(other, 1, limit);
  if (auto found = tryMultiplier(staircase, target, form, first, shift))
    return found;
  if (second == first)
    return std::nullopt;
  return tryMultiplier(staircase, target, form, second, shift);
}

std::string describe(const Staircase &staircase, int64_t acc, int64_t got) {
  int64_t expected = staircase.at(acc);
  int64_t step = expected - staircase.output.min - 1;
  std::string text = "level " + std::to_string(expected);
  if (step >= 0)
    text += ", threshold " + std::to_string(staircase.thresholds[step]);
  return text + ": expects " + std::to_string(expected) + " at acc " +
         std::to_string(acc) + ", got " + std::to_string(got);
}

} // namespace

Int128 levelStart(Form form, int64_t level, int shift, int64_t zeroPoint) {
  constexpr Int128 kOne = 1;
  if (form == Form::Affine)
    return level * (kOne << shift);
  Int128 j = static_cast<Int128>(level) - zeroPoint;
  return (2 * j - 1) * (kOne << (shift - 1)) + (j & 1);
}

RoundingInterval everyRounding() { return {-kUnbounded, kUnbounded}; }

/// N7, with L(n) = levelStart: level n must be reached at t(n) and not at
/// t(n) - 1, where these lie in the range:
///   r >= L(n) - t(n) * m          r <= L(n) - 1 - (t(n) - 1) * m
/// Always reached (t(n) = amin) leaves only the first, never reached
/// (t(n) = amax + 1) only the second.
RoundingInterval stepRounding(const Staircase &staircase, Form form, int64_t multiplier,
                              int shift, int64_t zeroPoint) {
  RoundingInterval result = everyRounding();
  const Int128 m = multiplier;
  const Int128 oneLevel = static_cast<Int128>(1) << shift;
  int64_t level = staircase.output.min + 1;
  Int128 start = levelStart(form, level, shift, zeroPoint);
  Int128 nextStart = levelStart(form, level + 1, shift, zeroPoint);
  for (int64_t t : staircase.thresholds) {
    Int128 atStep = start - t * m;
    if (t <= staircase.acc.max)
      result.min = std::max(result.min, atStep);
    if (t > staircase.acc.min)
      result.max = std::min(result.max, atStep - 1 + m);
    // L(n + 2) = L(n) + 2 * 2^k, whatever the parity of n.
    Int128 following = start + 2 * oneLevel;
    start = nextStart;
    nextStart = following;
  }
  return result;
}

/// r >= -(2^63 - 1) - v and r <= 2^63 - 1 - half - v at the ends of `sums`.
RoundingInterval fittingRounding(RoundingInterval sums, Form form, int shift) {
  Int128 half = form == Form::HalfEven ? static_cast<Int128>(1) << (shift - 1) : 0;
  RoundingInterval result = {-kMaxInt64, kMaxInt64};
  result.intersect(-kMaxInt64 - sums.min, kMaxInt64 - half - sums.max);
  return result;
}

Range feasibleRounding(const Staircase &staircase, Form form, int64_t multiplier,
                       int shift, int64_t zeroPoint) {
  constexpr Range kEmpty = {1, 0};
  if (!isWellFormed({form, multiplier, shift}))
    return kEmpty;
  const Int128 m = multiplier;
  RoundingInterval result =
      fittingRounding({staircase.acc.min * m, staircase.acc.max * m}, form, shift);
  if (result.empty())
    return kEmpty;
  RoundingInterval steps = stepRounding(staircase, form, multiplier, shift, zeroPoint);
  result.intersect(steps.min, steps.max);
  if (result.empty())
    return kEmpty;
  return {static_cast<int64_t>(result.min), static_cast<int64_t>(result.max)};
}

/// slope * 2^k < 2^bits  <=>  k <= bits - 1 - floor(log2(slope)).
/// With num in [2^(a-1), 2^a) and den in [2^(b-1), 2^b), log2(num / den) lies
/// strictly between a - b - 1 and a - b + 1.
int largestShift(const Rational &slope, int bits) {
  auto size = [](mpz_srcptr value) { return static_cast<int>(mpz_sizeinbase(value, 2)); };
  int exponent = size(slope.get_num_mpz_t()) - size(slope.get_den_mpz_t());
  if (slope < powerOfTwo(exponent))
    --exponent;
  return std::min(bits - 1 - exponent, kMaxShift);
}

std::pair<Integer, Integer> neighbours(const Rational &value, int shift) {
  Rational product = scaled(value, shift);
  Integer below = floorOf(product), above = ceilOf(product);
  if (product - below > Rational(1, 2))
    return {above, below};
  return {below, above};
}

/// The widest m that fits 31 bits comes first; a larger k never fits where a
/// smaller one does not, so k then falls until the sums fit and the steps are
/// met. Only then m grows wider, one bit at a time.
std::optional<Solution> solve(const Staircase &staircase, const Target &target,
                              Form form) {
  int narrow = std::min(target.multiplierBits, kMultiplierBits);
  int widest = std::min(target.multiplierBits, kWideMultiplierBits);
  int top = std::max(largestShift(target.slope, narrow), 1);
  for (int shift = top; shift >= 1; --shift)
    if (auto found = tryShift(staircase, target, form, shift, narrow))
      return found;
  for (int bits = narrow + 1; bits <= widest; ++bits) {
    int shift = std::max(largestShift(target.slope, bits), 1);
    if (auto found = tryShift(staircase, target, form, shift, bits))
      return found;
  }
  return std::nullopt;
}

/// Both functions of acc never decrease, and the reference is constant from
/// each threshold to just below the next. Equal at both ends of every such
/// piece, they are equal inside it.
bool matches(const Staircase &staircase, const std::function<int64_t(int64_t)> &output,
             std::string *why) {
  auto agrees = [&](int64_t acc) {
    int64_t got = output(acc);
    if (got == staircase.at(acc))
      return true;
    if (why)
      *why = describe(staircase, acc, got);
    return false;
  };
  if (!agrees(staircase.acc.min) || !agrees(staircase.acc.max))
    return false;
  for (int64_t t : staircase.thresholds)
    if (t > staircase.acc.min && t <= staircase.acc.max && (!agrees(t) || !agrees(t - 1)))
      return false;
  return true;
}

bool proves(const Requant &requant, const Staircase &staircase, std::string *why) {
  const char *reason = nullptr;
  if (!isWellFormed(requant))
    reason = "expects form affine or half_even, 0 < m < 2^40, 1 <= k <= 62";
  else if (!fitsInt64(requant, staircase.acc))
    reason = "acc * m + r leaves 64 bits";
  if (reason && why)
    *why = reason;
  return !reason &&
         matches(staircase, [&](int64_t acc) { return applyRequant(acc, requant); }, why);
}

/// M = mantissa * 2^exponent with mantissa in [1/2, 1), m = mantissa * 2^31,
/// so M = m * 2^-(31 - exponent). As in TFLite and TOSA, a shift below 1
/// saturates m. A shift beyond 62, or one at which zero point << k and the
/// half leave no 62 bits for acc * m, is lowered with m shifted right alike.
Requant plainRecipe(double realMultiplier, int64_t zeroPoint, Range output) {
  constexpr int64_t kMantissaOne = int64_t(1) << kMultiplierBits;
  constexpr Int128 kOne = 1;
  int exponent = 0;
  double mantissa = std::frexp(realMultiplier, &exponent);
  int64_t m = std::llround(mantissa * static_cast<double>(kMantissaOne));
  if (m == kMantissaOne) {
    m /= 2;
    ++exponent;
  }
  int shift = kMultiplierBits - exponent;
  if (shift < 1) {
    m = kMantissaOne - 1;
    shift = 1;
  }
  auto rounding = [&](int k) { return zeroPoint * (kOne << k) + (kOne << (k - 1)); };
  auto leavesRoom = [&](int k) {
    constexpr Int128 kHeadroom = kOne << kMaxShift;
    return -kHeadroom <= rounding(k) && rounding(k) <= kHeadroom;
  };
  int fitting = std::min(shift, kMaxShift);
  while (fitting > 1 && !leavesRoom(fitting))
    --fitting;
  m >>= std::min(shift - fitting, kMultiplierBits);
  return {Form::Affine, m,         fitting, static_cast<int64_t>(rounding(fitting)), 0,
          output.min,   output.max};
}

} // namespace qbias::numerics
