//===- Quantize.h - the meaning of quantize and dequantize ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_QUANTIZE_H
#define QBIAS_NUMERICS_QUANTIZE_H

#include "qbias/Numerics/Rational.h"

namespace qbias::numerics {

/// A closed interval of integers.
struct Range {
  int64_t min = 0;
  int64_t max = 0;
  bool contains(int64_t v) const { return min <= v && v <= max; }
  friend bool operator==(const Range &a, const Range &b) {
    return a.min == b.min && a.max == b.max;
  }
};

/// Per-tensor quantization parameters: real = (q - zeroPoint) * scale with
/// q in storage.min .. storage.max. The scale is positive.
struct QuantParams {
  Rational scale = 1;
  int64_t zeroPoint = 0;
  Range storage = {-128, 127};
};

/// N2: clamp(rnd(x / scale) + zeroPoint, qmin, qmax), round half to even.
int64_t quantize(const Rational &x, const QuantParams &params);

/// (q - zeroPoint) * scale, exact.
Rational dequantize(int64_t q, const QuantParams &params);

} // namespace qbias::numerics

#endif // QBIAS_NUMERICS_QUANTIZE_H
