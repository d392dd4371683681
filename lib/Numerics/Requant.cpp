//===- Requant.cpp - y = clamp((acc * m + r) >> k, lo, hi) (N6, N8) -------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Requant.h"

#include <algorithm>
#include <limits>

namespace qbias::numerics {

std::string_view formName(Form form) {
  switch (form) {
  case Form::Affine:
    return "affine";
  case Form::HalfEven:
    return "half_even";
  case Form::Threshold:
    return "threshold";
  case Form::Table:
    return "table";
  case Form::Accumulator:
    return "accumulator";
  }
  return "";
}

std::optional<Form> parseForm(std::string_view name) {
  for (Form form :
       {Form::Affine, Form::HalfEven, Form::Threshold, Form::Table, Form::Accumulator})
    if (formName(form) == name)
      return form;
  return std::nullopt;
}

/// |acc * m| <= 2^126, so the sum stays within 128 bits.
int64_t applyRequant(int64_t acc, const Requant &requant) {
  return finishRequant(static_cast<Int128>(acc) * requant.multiplier + requant.rounding,
                       requant);
}

int64_t finishRequant(Int128 v, const Requant &requant) {
  if (requant.form == Form::HalfEven) {
    // v >> k is the integer below; if it is odd, a half must round up, so
    // exactly then 2^(k-1) is added instead of 2^(k-1) - 1.
    Int128 half = static_cast<Int128>(1) << (requant.shift - 1);
    v += half - 1 + ((v >> requant.shift) & 1);
  }
  v >>= requant.shift;
  if (requant.form == Form::HalfEven)
    v += requant.zeroPoint;
  if (v < requant.lo)
    return requant.lo;
  if (v > requant.hi)
    return requant.hi;
  return static_cast<int64_t>(v);
}

bool isWellFormed(const Requant &requant) {
  return (requant.form == Form::Affine || requant.form == Form::HalfEven) &&
         requant.multiplier > 0 &&
         requant.multiplier < int64_t(1) << kWideMultiplierBits && requant.shift >= 1 &&
         requant.shift <= kMaxShift;
}

/// acc * m + r is linear in acc, so its extremes are at the ends of the range.
/// HalfEven adds at most 2^(k-1).
bool fitsInt64(const Requant &requant, Range acc) {
  constexpr Int128 kMax = std::numeric_limits<int64_t>::max();
  Int128 half =
      requant.form == Form::HalfEven ? static_cast<Int128>(1) << (requant.shift - 1) : 0;
  for (int64_t end : {acc.min, acc.max}) {
    Int128 v = static_cast<Int128>(end) * requant.multiplier + requant.rounding;
    if (v < -kMax || v + half > kMax)
      return false;
  }
  return true;
}

int64_t applyThresholds(int64_t acc, int64_t lo, const std::vector<int64_t> &thresholds) {
  return lo + (std::upper_bound(thresholds.begin(), thresholds.end(), acc) -
               thresholds.begin());
}

} // namespace qbias::numerics
