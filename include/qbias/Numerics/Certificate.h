//===- Certificate.h - solving for and proving a requantization (N7, N8) ---*- C++
//-*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_CERTIFICATE_H
#define QBIAS_NUMERICS_CERTIFICATE_H

#include "qbias/Numerics/Requant.h"
#include "qbias/Numerics/Staircase.h"

#include <functional>
#include <string>
#include <utility>

namespace qbias::numerics {

/// A channel's requantization together with the interval of rounding
/// constants that are all exact; rounding lies inside it.
struct Solution {
  Requant requant;
  int64_t roundingMin = 0, roundingMax = 0;
};

/// What the solver aims at: m near slope * 2^k, r near the exact value.
///   real output before rounding = acc * slope + intercept + zeroPoint
struct Target {
  Rational slope;         ///< M = unit / s_y, positive
  Rational intercept = 0; ///< offset / s_y, without zero point
  int64_t zeroPoint = 0;
  int multiplierBits = kMultiplierBits;
};

/// N7/N8: finds m, k, r of the given form (Affine or HalfEven) that make every
/// step of the staircase, for every acc in its range. Tries m at floor and
/// ceil of slope * 2^k for the largest k that fits, then smaller k, then wider
/// multipliers up to target.multiplierBits. nullopt when none exists.
/// A staircase with no step left (constant output) is solvable too.
std::optional<Solution> solve(const Staircase &staircase, const Target &target,
                              Form form);

/// The set of exact r for fixed m and k: empty (min > max) when infeasible.
/// Only r with |acc * m + r| < 2^63 on the range are in the set.
Range feasibleRounding(const Staircase &staircase, Form form, int64_t multiplier,
                       int shift, int64_t zeroPoint);

/// The smallest v = acc * m + r whose output is at least `level`, before
/// clamping: level << k, or for HalfEven with j = level - zeroPoint
/// (2j - 1) << (k - 1), one more when j is odd (the tie then goes down).
Int128 levelStart(Form form, int64_t level, int shift, int64_t zeroPoint);

/// All integers from min to max; empty when min > max.
struct RoundingInterval {
  Int128 min, max;
  bool empty() const { return min > max; }
  /// Leaves what lies in [lo, hi] too.
  void intersect(Int128 lo, Int128 hi) {
    min = lo > min ? lo : min;
    max = hi < max ? hi : max;
  }
};

/// Every r of any size, and those with which every step of the staircase is
/// made: feasibleRounding before its 64-bit limits. 0 < m < 2^40, k <= 62.
RoundingInterval everyRounding();
RoundingInterval stepRounding(const Staircase &staircase, Form form, int64_t multiplier,
                              int shift, int64_t zeroPoint);

/// Every int64 r with |v + r| < 2^63 for v in `sums`, the half that HalfEven
/// adds included.
RoundingInterval fittingRounding(RoundingInterval sums, Form form, int shift);

/// The largest k <= 62 with slope * 2^k < 2^bits; may be below 1. slope > 0.
int largestShift(const Rational &slope, int bits);

/// value * 2^shift rounded to the nearest integer, and the other neighbour
/// (the same integer where the product is exact).
std::pair<Integer, Integer> neighbours(const Rational &value, int shift);

/// True when `output`, a function of acc that never decreases, equals the
/// staircase on its whole range. On failure `why` names level, threshold and
/// both outputs.
bool matches(const Staircase &staircase, const std::function<int64_t(int64_t)> &output,
             std::string *why = nullptr);

/// Proves that `requant` makes every step of `staircase`. On failure `why`
/// names the level, the threshold and both outputs.
bool proves(const Requant &requant, const Staircase &staircase,
            std::string *why = nullptr);

/// Mode `single` (N6, section 4): m, k as the producers derive them (M in
/// double, frexp, 31-bit mantissa rounded half away), r = 2^(k-1) and the
/// zero point after the shift expressed as zero point << k. Where k > 62 or
/// the zero point leaves no room for acc * m in 64 bits, k is lowered and m
/// shifted right alike (m may become 0); k < 1 saturates m. realMultiplier is
/// positive and finite.
Requant plainRecipe(double realMultiplier, int64_t zeroPoint, Range output);

} // namespace qbias::numerics

#endif // QBIAS_NUMERICS_CERTIFICATE_H
