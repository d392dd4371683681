//===- FixedPoint.h - 32-bit fixed point of the TFLite kernels ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers of `i` integer bits are int32 with 31 - i fraction bits. Written
// from the published definitions of gemmlowp's fixed point; values are held in
// 64 bits, so that nothing overflows on the way.
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_FIXEDPOINT_H
#define QBIAS_NUMERICS_FIXEDPOINT_H

#include <cstdint>
#include <vector>

namespace qbias::numerics::fixed {

/// (a * b + 2^30) >> 31: the doubling high product, halves up. The operands are
/// not both -2^31.
int64_t multiply(int64_t a, int64_t b);
/// value / 2^exponent, halves away from zero.
int64_t divideByPower(int64_t value, int exponent);
/// value * 2^exponent limited to int32.
int64_t saturatingShift(int64_t value, int exponent);

/// exp(a) with 31 fraction bits; a <= 0 has `integerBits` (at most 5).
int64_t expOnNegative(int64_t a, int integerBits);
/// 1 / (1 + a), both with 31 fraction bits; 0 <= a < 1.
int64_t reciprocalOfOnePlus(int64_t a);
/// 1 / (1 + exp(-a)) and tanh(a), 31 fraction bits of `a` with 4 integer bits.
int64_t logistic(int64_t a);
int64_t tanh(int64_t a);

/// The 513 entries of a 16-bit table of f over [min, max], and its reading for
/// a 16-bit argument: linear between entries of a distance of 128.
std::vector<int64_t> makeTable(float (*f)(float), float min, float max);
int64_t readTable(const std::vector<int64_t> &table, int64_t value);

} // namespace qbias::numerics::fixed

#endif // QBIAS_NUMERICS_FIXEDPOINT_H
