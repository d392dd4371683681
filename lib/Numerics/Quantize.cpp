//===- Quantize.cpp - q = clamp(rnd(x / s) + z, qmin, qmax) (N2) ----------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Quantize.h"

namespace qbias::numerics {

int64_t quantize(const Rational &x, const QuantParams &params) {
  Integer level = roundHalfEven(x / params.scale);
  level += params.zeroPoint;
  return clampToInt64(level, params.storage.min, params.storage.max);
}

Rational dequantize(int64_t q, const QuantParams &params) {
  // The difference of two int64 may need 65 bits.
  Integer centered = fromInt64(q) - fromInt64(params.zeroPoint);
  return centered * params.scale;
}

} // namespace qbias::numerics
