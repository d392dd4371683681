//===- Softmax.h - integer softmax (N12) ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With e[d] = 2^F * exp(-beta * s_x * d), rounded, and m / 2^t near 1 / s_y:
//
//   y[i] = floor((2 * e[i] * m + 2^t * sum) / (2^(t+1) * sum)) + z_y, clamped
//
// which is e[i] / sum / s_y rounded. Every e is off by at most 1/2, the sum is
// at least 2^F (the largest element has d = 0), so that before rounding
//
//   |error| <= (n + 1) / (2^(F+1) * s_y) + |m * s_y / 2^t - 1| / s_y
//
// and the result is that of N2 unless its real value is that near to a half.
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_SOFTMAX_H
#define QBIAS_NUMERICS_SOFTMAX_H

#include "qbias/Numerics/Quantize.h"

#include <vector>

namespace qbias::numerics {

/// What a softmax means.
struct Softmax {
  double inputScale = 1, beta = 1;
  int inputBits = 8; ///< 8 or 16
  QuantParams out;
  int64_t depth = 1; ///< elements in a row
};

/// What it computes with.
struct SoftmaxProgram {
  std::vector<int64_t> exponentials; ///< by max - x
  std::vector<int64_t> reciprocals;  ///< mode tflite, 16 bits
  int64_t multiplier = 1;            ///< m
  int shift = 0;                     ///< t
};

/// Elements a row may have.
inline constexpr int64_t kMaxSoftmaxDepth = int64_t(1) << 20;
inline constexpr int64_t kMaxKernelDepth = int64_t(1) << 12;

/// nullopt when 1 / s_y has no multiplier below 2^31.
std::optional<SoftmaxProgram> buildSoftmax(const Softmax &softmax);

/// The bound above, in units of the result's last place.
double softmaxErrorBound(const Softmax &softmax, const SoftmaxProgram &program);

/// One row of integers.
std::vector<int64_t> applySoftmax(const Softmax &softmax, const SoftmaxProgram &program,
                                  const std::vector<int64_t> &row);

/// The reference kernel of TensorFlow Lite: 8 bits to 8 or 16 in fixed point
/// (exponentials of 31 fraction bits, a sum of 19, a reciprocal by three steps of
/// Newton's method), 16 bits to 16 by two tables of 513 entries. nullopt for
/// types and output scales the kernel does not have.
std::optional<SoftmaxProgram> buildKernelSoftmax(const Softmax &softmax);
std::vector<int64_t> applyKernelSoftmax(const Softmax &softmax,
                                        const SoftmaxProgram &program,
                                        const std::vector<int64_t> &row);

} // namespace qbias::numerics

#endif // QBIAS_NUMERICS_SOFTMAX_H
