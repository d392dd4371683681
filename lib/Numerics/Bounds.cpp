//===- Bounds.cpp - amin, amax = sums of what each tap can add (N9) -------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Bounds.h"

#include <algorithm>
#include <limits>

namespace qbias::numerics {

/// weight * x is monotone in x, so its extremes are at the ends of `centered`.
bool addTap(Range &bound, int64_t weight, Range centered) {
  int64_t a, b, lo, hi;
  if (__builtin_mul_overflow(weight, centered.min, &a) ||
      __builtin_mul_overflow(weight, centered.max, &b) ||
      __builtin_add_overflow(bound.min, std::min(a, b), &lo) ||
      __builtin_add_overflow(bound.max, std::max(a, b), &hi))
    return false;
  bound = {lo, hi};
  return true;
}

Range withPadding(Range centered) {
  return {std::min<int64_t>(centered.min, 0), std::max<int64_t>(centered.max, 0)};
}

/// A product of two intervals has its extremes at corners; `length` products
/// can all sit at the same corner.
std::optional<Range> productSumBound(Range a, Range b, int64_t length) {
  int64_t corners[4], lo, hi;
  if (length < 0 || __builtin_mul_overflow(a.min, b.min, &corners[0]) ||
      __builtin_mul_overflow(a.min, b.max, &corners[1]) ||
      __builtin_mul_overflow(a.max, b.min, &corners[2]) ||
      __builtin_mul_overflow(a.max, b.max, &corners[3]))
    return std::nullopt;
  auto [least, most] = std::minmax_element(corners, corners + 4);
  if (__builtin_mul_overflow(*least, length, &lo) ||
      __builtin_mul_overflow(*most, length, &hi))
    return std::nullopt;
  return Range{lo, hi};
}

bool fitsInt32(Range range) {
  return range.min >= std::numeric_limits<int32_t>::min() &&
         range.max <= std::numeric_limits<int32_t>::max();
}

} // namespace qbias::numerics
