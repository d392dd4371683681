//===- Bias.h - int32 bias constants and what they leave over (N5, N10) ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_BIAS_H
#define QBIAS_NUMERICS_BIAS_H

#include "qbias/Numerics/Quantize.h"

#include <string_view>

namespace qbias::numerics {

/// The cases of docs/Numerics.md section 6; the names are those of the report.
enum class BiasCase { Float, OnGrid, Rescaled, Overflow, Shared, Absent, DeadChannel };
std::string_view biasCaseName(BiasCase c);

struct BiasConstant {
  int64_t integer = 0;    ///< bias_i32
  Rational residue = 0;   ///< b - integer * inputScale * weightScale, real units
  bool saturated = false; ///< N10 moved a part of the bias into the residue
};

/// N5: integer = rne(b / (inputScale * weightScale)), product and quotient
/// exact, limited to `allowed` (N10). `bias` is the exact real bias.
BiasConstant materializeBias(const Rational &bias, const Rational &inputScale,
                             const Rational &weightScale, Range allowed);

/// The integers a bias may take so that every sum in `products` plus the bias
/// is an int32 (N9, N10). nullopt when the products alone do not fit.
std::optional<Range> allowedBias(Range products);

} // namespace qbias::numerics

#endif // QBIAS_NUMERICS_BIAS_H
