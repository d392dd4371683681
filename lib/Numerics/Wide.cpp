//===- Wide.cpp - floor((acc * m + r) / 2^(L + k)) in two limbs -----------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Wide.h"

#include <algorithm>

namespace qbias::numerics {
namespace {

/// Sums of the program stay below 2^62, so that tie and carry fit too.
constexpr int kSumBits = 61;
constexpr int kMaxLimb = 60;
constexpr Int128 kOne = 1;
constexpr Int128 kSumLimit = kOne << (kSumBits + 1);

Int128 absolute(Int128 value) { return value < 0 ? -value : value; }

int bitsOf(const Integer &value) {
  return static_cast<int>(mpz_sizeinbase(value.get_mpz_t(), 2));
}

Integer reachOf(Range range) {
  return std::max(abs(fromInt64(range.min)), abs(fromInt64(range.max)));
}

/// A number of two limbs, high * 2^limb + low with 0 <= low < 2^limb.
Int128 join(int64_t high, int64_t low, int limb) { return high * (kOne << limb) + low; }

void split(Int128 value, int limb, int64_t &high, int64_t &low) {
  high = static_cast<int64_t>(value >> limb);
  low = static_cast<int64_t>(value & ((kOne << limb) - 1));
}

/// Below 2^126 in magnitude.
Int128 toInt128(const Integer &value) {
  constexpr int kHalf = 64;
  Integer magnitude = abs(value);
  Int128 result = static_cast<Int128>(Integer(magnitude >> kHalf).get_ui()) << kHalf;
  result += magnitude.get_ui();
  return value < 0 ? -result : result;
}

Rational toRational(Int128 value) {
  constexpr int kHalf = 64;
  int64_t high;
  high = static_cast<int64_t>(value >> kHalf);
  Integer low = static_cast<unsigned long>(value & ~uint64_t(0));
  return Rational((fromInt64(high) << kHalf) + low);
}

/// Multipliers and rounding of all bits, and where ties may lie.
struct Joined {
  Int128 m, n, r, tie;
  int shift; ///< L + k
};

Joined joined(const WideRequant &q) {
  return {join(q.multiplier, q.multiplierLow, q.limb),
          join(q.addendMultiplier, q.addendLow, q.limb),
          join(q.rounding, q.roundingLow, q.limb), q.tie * (kOne << q.limb),
          q.limb + q.shift};
}

//===----------------------------------------------------------------------===//
// One accumulator
//===----------------------------------------------------------------------===//

/// Limb and shift that leave room for every sum: `operands` bounds |acc| +
/// |addend|, `reach` the magnitude of the output before rounding.
bool chooseWidth(WideRequant &requant, const Integer &operands, const Rational &reach) {
  requant.limb = std::min(kSumBits - bitsOf(operands), kMaxLimb);
  requant.shift = kSumBits - bitsOf(ceilOf(reach));
  return requant.limb >= 1 && requant.shift >= 1;
}

/// The r with which all even (odd) levels are reached where they should be,
/// without tie.
struct ParityRounding {
  RoundingInterval even, odd;
};

ParityRounding parityRounding(const Staircase &staircase, Int128 m, int shift,
                              int64_t zeroPoint) {
  ParityRounding result = {everyRounding(), everyRounding()};
  int64_t level = staircase.output.min - zeroPoint;
  for (int64_t t : staircase.thresholds) {
    ++level;
    RoundingInterval &r = level & 1 ? result.odd : result.even;
    Int128 atStep = level * (kOne << shift) - t * m;
    if (t <= staircase.acc.max)
      r.min = std::max(r.min, atStep);
    if (t > staircase.acc.min)
      r.max = std::min(r.max, atStep - 1 + m);
  }
  return result;
}

/// Chooses r and tie: odd levels are reached by v, even ones by v + tie.
bool chooseRounding(WideRequant &requant, ParityRounding r, Int128 ideal) {
  if (r.even.empty() || r.odd.empty())
    return false;
  Int128 gap = r.even.min - r.odd.max, unit = kOne << requant.limb;
  Int128 tie = gap > 0 ? (gap + unit - 1) / unit : 0;
  if (tie >= kOne << requant.shift)
    return false;
  r.odd.intersect(r.even.min - tie * unit, r.even.max - tie * unit);
  if (r.odd.empty())
    return false;
  Int128 rounding = std::clamp(ideal - tie * unit / 2, r.odd.min, r.odd.max);
  requant.tie = static_cast<int64_t>(tie);
  split(rounding, requant.limb, requant.rounding, requant.roundingLow);
  return true;
}

bool fail(std::string *why, std::string text) {
  if (why)
    *why = std::move(text);
  return false;
}

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

/// The exact output before rounding and zero point,
///   E = qa * alpha + qb * beta + constant,
/// as long as the steps are affine up to clamps.
struct AffineSum {
  Rational alpha, beta, constant;
  Integer denominator; ///< E is a multiple of 1 / denominator

  bool mayTie() const { return mpz_even_p(denominator.get_mpz_t()); }
};

std::optional<AffineSum> affineSum(const SumSegment &segment) {
  for (const Step &step : segment.chain.steps) {
    const auto *linear = std::get_if<LinearStep>(&step);
    if (!std::holds_alternative<ClampStep>(step) && !(linear && linear->factor > 0))
      return std::nullopt;
  }
  std::optional<LinearStep> linear = segment.chain.linearPart();
  if (!linear || linear->factor <= 0)
    return std::nullopt;
  Rational step = linear->factor / segment.chain.out.scale;
  AffineSum sum;
  sum.alpha = segment.scaleA * step;
  sum.beta = segment.scaleB * step;
  sum.constant = linear->offset / segment.chain.out.scale -
                 fromInt64(segment.zeroPointA) * sum.alpha -
                 fromInt64(segment.zeroPointB) * sum.beta;
  sum.denominator =
      lcm(lcm(sum.alpha.get_den(), sum.beta.get_den()), sum.constant.get_den());
  return sum;
}

/// With W = (qa * m + qb * n + r) / 2^K = E + 1/2 + e + delta, |e| <= error and
/// delta = r / 2^K - constant - 1/2, and E a multiple of 1 / D:
///   E <= j - 1/2 stays below j           iff  delta < -error     (ties go down)
///   E >= j - 1/2 + 1/(2D) reaches j      iff  delta >= error - 1/(2D)
/// and with the signs turned where ties go up.
std::string gapFault(const WideRequant &requant, const SumSegment &segment,
                     const AffineSum &sum) {
  Joined q = joined(requant);
  Rational unit = powerOfTwo(-q.shift);
  Rational error = abs(toRational(q.m) * unit - sum.alpha) * reachOf(segment.a) +
                   abs(toRational(q.n) * unit - sum.beta) * reachOf(segment.b);
  Rational gap = Rational(1, 2) / sum.denominator;
  Rational down = toRational(q.r) * unit - sum.constant - Rational(1, 2);
  Rational up = down + toRational(q.tie) * unit;
  bool holds = sum.mayTie() ? down < -error && down >= error - gap && up >= error &&
                                  up < gap - error
                            : down >= error - gap && up < gap - error;
  return holds ? "" : "multipliers are not near enough to the exact ratios";
}

} // namespace

int64_t applyWide(const WideRequant &requant, int64_t acc, int64_t addend) {
  Joined q = joined(requant);
  Int128 v = acc * q.m + addend * q.n + q.r;
  Int128 down = v >> q.shift, up = (v + q.tie) >> q.shift;
  Int128 y = (down & 1 ? up : down) + requant.zeroPoint;
  return static_cast<int64_t>(
      std::clamp(y, static_cast<Int128>(requant.lo), static_cast<Int128>(requant.hi)));
}

/// All sums are linear in acc and addend: extremes are at the corners.
std::string wideFault(const WideRequant &q, Range acc, Range addend) {
  bool limbs = 1 <= q.limb && q.limb <= kMaxLimb && 1 <= q.shift && q.shift <= kMaxShift;
  auto isLow = [&](int64_t low) { return 0 <= low && low < kOne << q.limb; };
  if (!limbs || !isLow(q.multiplierLow) || !isLow(q.addendLow) || !isLow(q.roundingLow) ||
      q.tie < 0 || q.tie >= kOne << q.shift)
    return "expects limbs of 1 to 60 bits, 1 <= k <= 62 and 0 <= tie < 2^k";
  for (int64_t a : {acc.min, acc.max})
    for (int64_t b : {addend.min, addend.max}) {
      Int128 low =
          static_cast<Int128>(a) * q.multiplierLow + static_cast<Int128>(b) * q.addendLow;
      Int128 high = static_cast<Int128>(a) * q.multiplier +
                    static_cast<Int128>(b) * q.addendMultiplier + q.rounding;
      if (absolute(low) + q.roundingLow >= kSumLimit ||
          absolute(high) + absolute(low >> q.limb) + 1 + q.tie >= kSumLimit)
        return "a sum leaves 64 bits";
    }
  return "";
}

std::optional<WideRequant> nearestWide(const Staircase &staircase, const Target &target) {
  WideRequant requant;
  requant.zeroPoint = target.zeroPoint;
  requant.lo = staircase.output.min;
  requant.hi = staircase.output.max;
  Integer operands = reachOf(staircase.acc);
  if (!chooseWidth(requant, operands,
                   operands * target.slope + abs(target.intercept) + 1))
    return std::nullopt;
  int shift = requant.limb + requant.shift;
  Rational half = target.intercept + Rational(1, 2);
  split(toInt128(neighbours(target.slope, shift).first), requant.limb, requant.multiplier,
        requant.multiplierLow);
  split(toInt128(roundHalfEven(half * powerOfTwo(shift))), requant.limb, requant.rounding,
        requant.roundingLow);
  return wideFault(requant, staircase.acc).empty() ? std::optional(requant)
                                                   : std::nullopt;
}

std::optional<WideRequant> solveWide(const Staircase &staircase, const Target &target) {
  std::optional<WideRequant> requant = nearestWide(staircase, target);
  if (!requant)
    return std::nullopt;
  int shift = requant->limb + requant->shift;
  Int128 ideal = joined(*requant).r;
  auto [nearest, other] = neighbours(target.slope, shift);
  for (const Integer &candidate : {nearest, other}) {
    Int128 m = toInt128(candidate);
    split(m, requant->limb, requant->multiplier, requant->multiplierLow);
    if (chooseRounding(*requant, parityRounding(staircase, m, shift, target.zeroPoint),
                       ideal) &&
        wideFault(*requant, staircase.acc).empty())
      return requant;
  }
  return std::nullopt;
}

bool proves(const WideRequant &requant, const Staircase &staircase, std::string *why) {
  std::string fault = wideFault(requant, staircase.acc);
  if (fault.empty() &&
      (requant.multiplier < 0 || requant.addendMultiplier != 0 || requant.addendLow != 0))
    fault = "expects a multiplier that is not negative, and no addend";
  if (!fault.empty())
    return fail(why, fault);
  return matches(staircase, [&](int64_t acc) { return applyWide(requant, acc); }, why);
}

std::optional<WideRequant> solveWide(const SumSegment &segment) {
  std::optional<AffineSum> sum = affineSum(segment);
  if (!sum)
    return std::nullopt;
  Range output = segment.chain.outputRange();
  WideRequant requant;
  requant.zeroPoint = segment.chain.out.zeroPoint;
  requant.lo = output.min;
  requant.hi = output.max;
  Integer a = reachOf(segment.a), b = reachOf(segment.b);
  if (!chooseWidth(requant, a + b,
                   a * abs(sum->alpha) + b * abs(sum->beta) + abs(sum->constant) + 1))
    return std::nullopt;
  int shift = requant.limb + requant.shift;
  auto scaled = [&](const Rational &value) {
    return toInt128(roundHalfEven(value * powerOfTwo(shift)));
  };
  split(scaled(sum->alpha), requant.limb, requant.multiplier, requant.multiplierLow);
  split(scaled(sum->beta), requant.limb, requant.addendMultiplier, requant.addendLow);
  // Ties lie in the middle of a window of half the gap, 1 / (4 D) on each side.
  Rational middle = sum->constant + Rational(1, 2);
  Rational window = sum->mayTie() ? Rational(1, 4) / sum->denominator : Rational(0);
  requant.tie = static_cast<int64_t>(
      toInt128(roundHalfEven(2 * window * powerOfTwo(requant.shift))));
  split(scaled(middle - window), requant.limb, requant.rounding, requant.roundingLow);
  return proves(requant, segment) ? std::optional(requant) : std::nullopt;
}

bool proves(const WideRequant &requant, const SumSegment &segment, std::string *why) {
  std::optional<AffineSum> sum = affineSum(segment);
  if (!sum)
    return fail(why, "expects steps that are affine up to clamps");
  std::string fault = wideFault(requant, segment.a, segment.b);
  if (fault.empty())
    fault = gapFault(requant, segment, *sum);
  if (fault.empty() && requant.zeroPoint != segment.chain.out.zeroPoint)
    fault = "expects the zero point of the result";
  return fault.empty() || fail(why, fault);
}

//===----------------------------------------------------------------------===//
// What is not proven
//===----------------------------------------------------------------------===//

namespace {

/// The smallest acc in [range.min, range.max + 1] with output(acc) >= level.
/// Gallops from `near`, which is nearly always next to it.
int64_t reachedFrom(const std::function<int64_t(int64_t)> &output, int64_t level,
                    Range range, int64_t near) {
  int64_t lo = range.min, hi = range.max + 1; // the answer lies in [lo, hi]
  for (int64_t step = 1; lo < hi; step *= 2) {
    int64_t probe = std::clamp(near, lo, hi - 1);
    if (output(probe) >= level) {
      hi = probe;
      near = probe - step;
    } else {
      lo = probe + 1;
      near = probe + step;
    }
    if (hi - lo <= step)
      break;
  }
  while (lo < hi) {
    int64_t middle = lo + (hi - lo) / 2;
    if (output(middle) >= level)
      hi = middle;
    else
      lo = middle + 1;
  }
  return lo;
}

} // namespace

/// Between two neighbouring steps of either function both are constant.
Deviation deviationOf(const Staircase &staircase,
                      const std::function<int64_t(int64_t)> &output) {
  std::vector<int64_t> steps = {staircase.acc.min, staircase.acc.max + 1};
  int64_t level = staircase.output.min;
  for (int64_t t : staircase.thresholds) {
    steps.push_back(t);
    steps.push_back(reachedFrom(output, ++level, staircase.acc, t));
  }
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  Deviation deviation;
  for (size_t i = 0; i + 1 < steps.size(); ++i) {
    int64_t difference = output(steps[i]) - staircase.at(steps[i]);
    if (difference == 0)
      continue;
    deviation.wrong += fromInt64(steps[i + 1] - steps[i]);
    deviation.largest = std::max(deviation.largest, std::abs(difference));
  }
  return deviation;
}

} // namespace qbias::numerics
