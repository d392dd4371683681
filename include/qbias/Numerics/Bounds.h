//===- Bounds.h - what an accumulator can reach (N9) ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_BOUNDS_H
#define QBIAS_NUMERICS_BOUNDS_H

#include "qbias/Numerics/Quantize.h"

namespace qbias::numerics {

/// Adds to `bound` what one tap contributes: weight * (x - zeroPoint) for x
/// in `centered` (the operand's range minus its zero point). Returns false on
/// overflow of int64.
[[nodiscard]] bool addTap(Range &bound, int64_t weight, Range centered);

/// The hull of `centered` and 0: what a tap sees where padding may take its
/// place (a padded tap contributes 0).
Range withPadding(Range centered);

/// Bound of sum of `length` products a * b of two operands that are not
/// constant. nullopt on overflow of int64.
std::optional<Range> productSumBound(Range a, Range b, int64_t length);

bool fitsInt32(Range range);

} // namespace qbias::numerics

#endif // QBIAS_NUMERICS_BOUNDS_H
