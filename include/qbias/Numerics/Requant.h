//===- Requant.h - scalar models of requantization ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_REQUANT_H
#define QBIAS_NUMERICS_REQUANT_H

#include "qbias/Numerics/Quantize.h"

#include <string_view>
#include <vector>

namespace qbias::numerics {

/// How an accumulator becomes an output integer. `exact` mode uses any form;
/// names are those of the report's `certificate` key.
enum class Form {
  Affine,      // (acc * m + r) >> k
  HalfEven,    // N8: ties to even on the shifted-out part, zero point after
  Threshold,   // lo + #{n : acc >= t(n)}
  Table,       // table[acc - acc_min]
  Accumulator, // no quantize: the accumulator itself
};
std::string_view formName(Form form);
std::optional<Form> parseForm(std::string_view name);

/// One channel of Affine or HalfEven (N6, N8).
struct Requant {
  Form form = Form::Affine;
  int64_t multiplier = 1; ///< m, 0 < m < 2^40
  int shift = 1;          ///< k, 1 <= k <= 62
  int64_t rounding = 0;   ///< r
  int64_t zeroPoint = 0;  ///< added after the shift; HalfEven only
  int64_t lo = -128, hi = 127;
};

/// Bound of m in N6: 31 bits where possible, up to 40 where nothing narrower
/// certifies.
inline constexpr int kMultiplierBits = 31;
inline constexpr int kWideMultiplierBits = 40;

/// Bound of k: 2^62 is the largest power of two in an int64.
inline constexpr int kMaxShift = 62;

/// The scalar model: what the compiled program computes. Evaluated in 128-bit
/// integers; the caller proves that 64 bits suffice (fitsInt64).
int64_t applyRequant(int64_t acc, const Requant &requant);

/// The part of applyRequant after the sum: the output for v = acc * m + r.
int64_t finishRequant(Int128 v, const Requant &requant);

/// Affine or HalfEven with 0 < m < 2^40 and 1 <= k <= 62.
bool isWellFormed(const Requant &requant);

/// |acc * m + r| < 2^63 for every acc in the range (and with the half added
/// for HalfEven).
bool fitsInt64(const Requant &requant, Range acc);

/// Threshold form: thresholds[i] is the smallest acc whose output is at least
/// lo + 1 + i; sorted.
int64_t applyThresholds(int64_t acc, int64_t lo, const std::vector<int64_t> &thresholds);

} // namespace qbias::numerics

#endif // QBIAS_NUMERICS_REQUANT_H
