//===- TwoOperand.h - segments with two operands (N11, N11b) ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_TWOOPERAND_H
#define QBIAS_NUMERICS_TWOOPERAND_H

#include "qbias/Numerics/Certificate.h"

namespace qbias::numerics {

/// (qa - za) * sa + (qb - zb) * sb, then the chain. A negative scaleB is a
/// subtraction. Ranges are those the operands can really take.
struct SumSegment {
  Rational scaleA, scaleB;
  int64_t zeroPointA = 0, zeroPointB = 0;
  Range a, b;
  Chain chain;
};

/// clamp((qa * ma + qb * mb + r) >> k, lo, hi) on raw integers (zero points
/// are inside r), or the HalfEven form with zeroPoint added after the shift.
struct SumRequant {
  Form form = Form::Affine; ///< Affine, HalfEven or Table
  int64_t multiplierA = 0, multiplierB = 0;
  int shift = 1;
  int64_t rounding = 0, roundingMin = 0, roundingMax = 0;
  int64_t zeroPoint = 0;
  int64_t lo = -128, hi = 127;
  /// Table form: entry (qa - a.min) * (b.max - b.min + 1) + (qb - b.min).
  std::vector<int64_t> table;
};

/// The exact output for one pair.
int64_t evaluate(const SumSegment &segment, int64_t qa, int64_t qb);
int64_t applySum(const SumRequant &requant, const SumSegment &segment, int64_t qa,
                 int64_t qb);

/// N11: certified by enumerating all pairs. Affine, then HalfEven, then Table
/// (always possible while both ranges have at most 256 values). nullopt for
/// wider operands.
std::optional<SumRequant> solveSum(const SumSegment &segment);
bool proves(const SumRequant &requant, const SumSegment &segment,
            std::string *why = nullptr);

/// N11b: acc * unit + offset + (q - z) * scale, then the chain.
struct AccumulatorSumSegment {
  Rational unit, offset;
  Range acc;
  Rational scale; ///< of the second operand, may be negative
  int64_t zeroPoint = 0;
  Range operand;
  Chain chain;
};

/// clamp((acc * m + q * m2 + r) >> k, lo, hi), q raw.
struct AccumulatorSumSolution {
  Requant requant; ///< m, k, r of the accumulator
  int64_t addendMultiplier = 0;
  int64_t roundingMin = 0, roundingMax = 0;
};

int64_t evaluate(const AccumulatorSumSegment &segment, int64_t acc, int64_t q);
int64_t applyAccumulatorSum(const AccumulatorSumSolution &solution, int64_t acc,
                            int64_t q);

/// For every value of the operand a staircase in acc, all certified together;
/// Affine then HalfEven, m of kMultiplierBits up to kWideMultiplierBits. The
/// addend's multiplier shares k and is as wide as that makes it (48 bits in
/// practice: acc * m + q * m2 + r and each of its terms fit 64 bits). nullopt
/// when neither certifies or the operand has more than 256 values.
std::optional<AccumulatorSumSolution>
solveAccumulatorSum(const AccumulatorSumSegment &segment,
                    std::optional<Form> only = std::nullopt);
bool proves(const AccumulatorSumSolution &solution, const AccumulatorSumSegment &segment,
            std::string *why = nullptr);

} // namespace qbias::numerics

#endif // QBIAS_NUMERICS_TWOOPERAND_H
