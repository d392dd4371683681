//===- NarrowRequant.h - requantization on lanes of 32 bits ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_NARROWREQUANT_H
#define QBIAS_NUMERICS_NARROWREQUANT_H

#include "qbias/Numerics/Requant.h"

#include <optional>

namespace qbias::numerics {

/// A requantization as instructions on lanes of 32 bits compute it, from any
/// accumulator of 32 bits. Three forms:
///
///   word        y = s * m + r
///   high half   y = ((s << raise) * m + r) >> 32, the upper word of a 64-bit sum
///   upper word  y = (((s + move) * m) >> 32) + r, of accumulators in a proven range
///
/// with s the accumulator clamped to `sums`; then, where ties go to even,
/// y += (y >> shift) & 1; then y >> shift, clamped to [lo, hi] of the Requant.
/// Beyond `sums` the result is lo or hi.
struct NarrowRequant {
  Range sums;             ///< all of int32: nothing to clamp
  int raise = 0;          ///< of the high half
  int64_t multiplier = 1; ///< 0 < m < 2^31
  int64_t rounding = 0;   ///< 32 bits in a word and in the upper one, else at most 2^62
  int64_t move = 0;       ///< of the upper word: part of what sums start from
  int shift = 1;          ///< 1 <= shift < 32; 0 after dropShift()
  bool tiesToEven = false;
};

/// Accumulators of 32 bits.
inline constexpr Range kInt32{-(int64_t(1) << 31), (int64_t(1) << 31) - 1};

/// Bits below the half of a 64-bit sum that is kept.
inline constexpr int kLowBits = 32;

/// Where the result depends on the accumulator: the last accumulator of 32 bits
/// with the result lo and the first one with the result hi, or the ends of int32.
Range findWindow(const Requant &requant);

/// The form in a word: a multiplier of few bits, powers of two above all.
std::optional<NarrowRequant> narrowToWord(const Requant &requant);

/// The form in the high half. The caller has proven that acc * m + r, with the half
/// that ties to even add, fits 64 bits. A scale of 1/4 and more (k <= 32) raises the
/// sums; more than one tie in the window needs a multiplier of few bits.
std::optional<NarrowRequant> narrowToHighHalf(const Requant &requant);

/// The same form with `offset` added to what it computes, before the shift.
std::optional<NarrowRequant> addToWord(NarrowRequant narrow, int64_t offset);
std::optional<NarrowRequant> addToHighHalf(NarrowRequant narrow, int64_t offset);

/// The upper word's form of a high half: the same results, clamped to [lo, hi], for
/// every accumulator in `sums`, and two additions to 64-bit lanes less. nullopt where
/// ties go to even, sums are raised or clamped, there are more than 256 results, or no
/// move of sums of 32 bits serves.
std::optional<NarrowRequant> roundUpperWord(NarrowRequant narrow, Range sums, int64_t lo,
                                            int64_t hi);

/// The upper word's form without a shift: the same results as of the high half, clamped
/// to [lo, hi], for every accumulator in `sums`. nullopt as above, or where a multiplier
/// of fewer bits cannot tell as many accumulators apart as `sums` has.
std::optional<NarrowRequant> dropShift(NarrowRequant narrow, Range sums, int64_t lo,
                                       int64_t hi);

} // namespace qbias::numerics

#endif // QBIAS_NUMERICS_NARROWREQUANT_H
