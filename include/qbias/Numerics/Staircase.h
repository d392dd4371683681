//===- Staircase.h - a segment with one accumulator as its thresholds (N7) ---*- C++
//-*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_STAIRCASE_H
#define QBIAS_NUMERICS_STAIRCASE_H

#include "qbias/Numerics/Chain.h"

#include <vector>

namespace qbias::numerics {

/// The exact meaning of a segment with one accumulator: y(acc) for acc in
/// `range`, a monotone function given by its steps.
struct Staircase {
  Range acc;    ///< proven range of the accumulator, bias included
  Range output; ///< lo, hi: saturation and activation (N6)
  /// thresholds[i], i = 0 .. hi - lo - 1: the smallest acc with
  /// y >= lo + 1 + i, limited to acc.min (always reached) .. acc.max + 1
  /// (never reached). Non-decreasing.
  std::vector<int64_t> thresholds;

  /// y(acc) read off the thresholds.
  int64_t at(int64_t accumulator) const;
};

/// real(acc) = acc * unit + offset, unit > 0. For a convolution
/// unit = s_x * s_w and offset = the bias residue; for a mean over `count`
/// elements unit = s_x / count, offset = 0. The chain is monotone, |acc| is
/// below 2^62 and the output has one threshold per level (so 16 bits at most
/// in practice). Clamp-only chains use the closed form of N7; other steps are
/// inverted, exactly where the inverse is rational, else between two bounds
/// that bisection on Chain::evaluate closes.
Staircase buildStaircase(const Rational &unit, const Rational &offset, const Chain &chain,
                         Range acc);

/// For small ranges: the outputs for acc.min .. acc.max in order.
std::vector<int64_t> tabulate(const Staircase &staircase);

} // namespace qbias::numerics

#endif // QBIAS_NUMERICS_STAIRCASE_H
