//===- Modes.h - scalar models of the modes beside exact ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `single`, `tflite`, `float` and `shift` compute (docs/Numerics.md,
// section 4). `single` with one accumulator is plainRecipe (Certificate.h) and
// applyRequant; this file holds the rest. Compiled programs are tested against
// models of the tests; the lowering does not call these functions.
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_MODES_H
#define QBIAS_NUMERICS_MODES_H

#include "qbias/Numerics/Chain.h"
#include "qbias/Numerics/Requant.h"

namespace qbias::numerics {

/// A real multiplier M near multiplier / 2^shift.
struct FixedMultiplier {
  int64_t multiplier = 0; ///< 0 .. 2^31 - 1
  int shift = kMultiplierBits;
};

/// The producers' derivation: frexp of M in double, 31-bit mantissa rounded half
/// away, renormalised at 2^31. `shift` is 31 minus TFLite's exponent, in 1 .. 62.
/// M below 2^-32 becomes 0, as in the reference kernel, which shifts by at most
/// 31; M from 2^30 on saturates. `real` is positive and finite.
FixedMultiplier producerMultiplier(double real);

/// How a product is brought back to an integer.
enum class Rounding {
  Once,  // (value * m + 2^(k-1)) >> k
  Twice, // saturating doubling high product, then a division by a power of two
};

/// Rounding::Twice: `value * 2^(31 - shift)` saturates at int32 where shift < 31
/// (the reference kernel leaves that undefined), the product is rounded at 31
/// bits half up, and a remaining right shift rounds half away from zero.
int64_t rescale(int64_t value, FixedMultiplier by, Rounding rounding);

/// min(max(value + zeroPoint, lo), hi).
int64_t finishInteger(int64_t value, int64_t zeroPoint, Range output);

/// 16-bit activations of `tflite` (accumulators of 64 bits): the multiplier is
/// rounded to 15 bits, and one rounding shift remains.
FixedMultiplier reduceMultiplier(FixedMultiplier full);

/// The mean of `tflite`: 1 / count goes into the multiplier, truncated.
FixedMultiplier meanMultiplier(FixedMultiplier full, int64_t count);

/// The average pool of `tflite`: sum / count, half away from zero.
int64_t divideHalfAway(int64_t sum, int64_t count);

/// Sum of two operands in `single` and `tflite`: both are brought to a common
/// scale of 2 * max(a, b) with `headroom` extra bits, added, and rescaled.
struct RescaledSum {
  FixedMultiplier a, b, out;
  int headroom = 0;
  bool negateB = false;
  Rounding rounding = Rounding::Twice;
};

/// Extra bits of a sum: 20 for 8-bit tensors, 15 once a 16-bit one takes part.
int sumHeadroom(int widestBits);

/// Multipliers of a sum of operands with real scales a and |b| (b < 0
/// subtracts), to an output of scale y.
RescaledSum makeRescaledSum(double a, double b, double y, int headroom,
                            Rounding rounding);

/// Centered operands in, output without zero point.
int64_t applyRescaledSum(const RescaledSum &sum, int64_t a, int64_t b);

/// Mode `float`: M = a * b / y, left to right in float32 (b is 1 for one scale).
float floatMultiplier(double a, double b, double y);
/// rne(value), then the zero point and the clamp.
int64_t finishFloat(float value, int64_t zeroPoint, Range output);
/// The accumulator's own float32, times `multiplier`.
float scaleFloat(int64_t acc, float multiplier);

/// The clamp of a chain of clamps as the reference kernels derive it: bounds
/// divided by the scale in float32 and rounded half away. nullopt when the chain
/// holds anything else than clamps.
std::optional<Range> producerClamp(const Chain &chain);

/// k with M = 2^-k up to the rounding of float32 scales (a relative 2^-23);
/// negative for M > 1. nullopt when M is no power of two.
std::optional<int> powerOfTwoShift(const Rational &real);

} // namespace qbias::numerics

#endif // QBIAS_NUMERICS_MODES_H
