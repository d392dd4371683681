//===- Bias.cpp - b / (s_x * s_w) = integer + residue (N5, N10) -----------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Bias.h"

#include <algorithm>
#include <limits>

namespace qbias::numerics {

std::string_view biasCaseName(BiasCase c) {
  switch (c) {
  case BiasCase::Float:
    return "float";
  case BiasCase::OnGrid:
    return "on_grid";
  case BiasCase::Rescaled:
    return "rescaled";
  case BiasCase::Overflow:
    return "overflow";
  case BiasCase::Shared:
    return "shared";
  case BiasCase::Absent:
    return "absent";
  case BiasCase::DeadChannel:
    return "dead_channel";
  }
  return "";
}

/// The residue is defined by the identity b = integer * s_x * s_w + residue,
/// so whatever limits the integer, no part of the bias is lost. With a zero
/// scale no integer carries any of it.
BiasConstant materializeBias(const Rational &bias, const Rational &inputScale,
                             const Rational &weightScale, Range allowed) {
  BiasConstant result;
  Rational unit = inputScale * weightScale;
  if (unit == 0) {
    result.residue = bias;
    return result;
  }
  Integer wanted = roundHalfEven(bias / unit);
  result.integer = clampToInt64(wanted, allowed.min, allowed.max);
  result.saturated = wanted != result.integer;
  result.residue = bias - fromInt64(result.integer) * unit;
  return result;
}

/// products.min + b >= INT32_MIN and products.max + b <= INT32_MAX, and b is
/// itself stored as an int32. Since the products fit, b = 0 is always allowed.
std::optional<Range> allowedBias(Range products) {
  constexpr int64_t kMin = std::numeric_limits<int32_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  if (products.min < kMin || products.max > kMax || products.min > products.max)
    return std::nullopt;
  return Range{std::max(kMin, kMin - products.min), std::min(kMax, kMax - products.max)};
}

} // namespace qbias::numerics
