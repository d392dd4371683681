//===- Wide.h - requantization with multipliers of two limbs ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Outputs of 16 bits have up to 65,535 steps, too many for a multiplier of 40
// bits. The wide form multiplies twice in 64 bits, exactly:
//
//   low = acc * m_low + q * n_low + r_low               0 <= m_low, n_low, r_low < 2^L
//   v   = acc * m + q * n + r + (low >> L)
//   y   = clamp(pick(v >> k, (v + tie) >> k) + z)
//
// which is the floor of (acc * (m 2^L + m_low) + ...) / 2^(L + k). The two
// shifted values differ by at most 1, and only where the reference is within
// the window `tie` of a half; pick takes the even one (N2). Without reachable
// ties tie = 0.
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_WIDE_H
#define QBIAS_NUMERICS_WIDE_H

#include "qbias/Numerics/Certificate.h"
#include "qbias/Numerics/TwoOperand.h"

namespace qbias::numerics {

struct WideRequant {
  int64_t multiplier = 0, addendMultiplier = 0; ///< m, n: the high limbs
  int shift = 1;                                ///< k, 1 <= k <= 62
  int64_t rounding = 0;                         ///< r
  int limb = 1;                                 ///< L, 1 <= L <= 60
  int64_t multiplierLow = 0, addendLow = 0, roundingLow = 0;
  int64_t tie = 0; ///< 0 <= tie < 2^k
  int64_t zeroPoint = 0;
  int64_t lo = -32768, hi = 32767;
};

/// The scalar model, in 128 bits instead of two limbs. Sums must fit.
int64_t applyWide(const WideRequant &requant, int64_t acc, int64_t addend = 0);

/// Empty when the limbs are well formed and no product or sum of the program
/// leaves 64 bits for acc and addend in their ranges; else what is wrong.
std::string wideFault(const WideRequant &requant, Range acc, Range addend = {0, 0});

/// Solves for one accumulator: the largest k and L that fit, m at both
/// neighbours. nullopt when the accumulator is too wide for that.
std::optional<WideRequant> solveWide(const Staircase &staircase, const Target &target);
/// The program nearest to the target, for channels nothing proves: m, r rounded,
/// ties up.
std::optional<WideRequant> nearestWide(const Staircase &staircase, const Target &target);
bool proves(const WideRequant &requant, const Staircase &staircase,
            std::string *why = nullptr);

/// Solves for a sum of two operands of any width whose chain is affine up to
/// clamps. Proven without enumeration: the exact output before rounding is a
/// multiple of 1 / D, so it is either a tie or at least 1 / (2 D) away from
/// one, and the program is off by less than that.
std::optional<WideRequant> solveWide(const SumSegment &segment);
bool proves(const WideRequant &requant, const SumSegment &segment,
            std::string *why = nullptr);

/// How a program that is not proven differs from its reference.
struct Deviation {
  Integer wrong = 0;   ///< accumulator values with another output
  int64_t largest = 0; ///< largest difference of outputs
};

/// Counts over the whole range of the staircase. `output` never decreases.
Deviation deviationOf(const Staircase &staircase,
                      const std::function<int64_t(int64_t)> &output);

} // namespace qbias::numerics

#endif // QBIAS_NUMERICS_WIDE_H
