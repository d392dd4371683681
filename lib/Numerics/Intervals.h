//===- Intervals.h - steps on intervals of reals ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_NUMERICS_INTERVALS_H
#define QBIAS_LIB_NUMERICS_INTERVALS_H

#include "qbias/Numerics/Chain.h"

namespace qbias::numerics {

/// At this precision an interval that still holds a tie is the tie: chains
/// like sqrt, square give algebraic values, which either equal a tie or
/// differ from it by far more than 2^-16384.
constexpr int kLastPrecision = 16384;

/// An end of an interval. An open end is approached but not reached.
struct End {
  Rational value = 0;
  int infinity = 0; // -1, 0, 1: `value` counts only when 0
  bool open = false;

  int compare(const Rational &other) const {
    return infinity ? infinity : cmp(value, other);
  }
};

struct Interval {
  End lo, hi;
};

inline End closedAt(Rational value) { return {std::move(value), 0, false}; }
inline End openAt(Rational value) { return {std::move(value), 0, true}; }
inline End infinite(int sign) { return {0, sign, true}; }
inline Interval wholeLine() { return {infinite(-1), infinite(1)}; }

/// The integers of an interval's ends. At the last precision neighbouring
/// integers mean that the value is the tie between them: half to even.
Range quantizeInterval(const Interval &x, const QuantParams &params, int precision);

/// An interval that holds the step's value at every point of `x`, computed with
/// `precision` bits.
Interval applyStep(const Step &step, const Interval &x, int precision);

} // namespace qbias::numerics

#endif // QBIAS_LIB_NUMERICS_INTERVALS_H
