//===- Rational.h - exact rational numbers, bounds of irrational ones ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_RATIONAL_H
#define QBIAS_NUMERICS_RATIONAL_H

#include <cstdint>
#include <gmpxx.h>
#include <optional>

namespace qbias::numerics {

/// Arbitrary precision, exact. Every float32, float64 and product of them is
/// representable; nothing in this library rounds except where a rule of
/// docs/Numerics.md says so.
using Integer = mpz_class;
using Rational = mpq_class;

/// Holds a product of two int64 and a sum of a few of them without overflow.
__extension__ typedef __int128 Int128;

/// The exact value of a finite double (and so of every float32 and float16).
/// Returns nullopt for NaN and infinities.
std::optional<Rational> exactRational(double value);

Integer floorOf(const Rational &value);
Integer ceilOf(const Rational &value);

/// Round half to even: `rnd` of rule N2.
Integer roundHalfEven(const Rational &value);

/// 2^exponent, exact, for any sign of the exponent.
Rational powerOfTwo(int exponent);

/// The double nearest to a number within the range of normal doubles, ties to
/// even.
double nearestDouble(const Rational &value);

/// x / sqrt(y) for y > 0: exact where the root is rational, else within 2^-256 of
/// it, relatively.
Rational divideByRoot(const Rational &x, const Rational &y);

/// nullopt when the value does not fit.
std::optional<int64_t> toInt64(const Integer &value);

/// The value limited to [lo, hi].
int64_t clampToInt64(const Integer &value, int64_t lo, int64_t hi);

Integer fromInt64(int64_t value);

/// Which bound of a number that is not rational.
enum class Side { Lower, Upper };

/// Functions whose value is irrational for the arguments noted. All increase.
enum class Irrational {
  Sigmoid,  // 1 / (1 + exp(-x)), x != 0
  Tanh,     // tanh(x), x != 0
  Exp,      // exp(x), x != 0
  ExpM1,    // exp(x) - 1, x != 0
  Log,      // log(x), 0 < x != 1
  Sqrt,     // sqrt(x), x > 0 and not the square of a rational
  Gelu,     // (1 + erf(x / sqrt(2))) / 2, x != 0
  GeluTanh, // (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2, x != 0
  Erf,      // erf(x), x != 0
  Softplus, // log(1 + exp(x)); irrational for every rational x
  MishGate, // tanh(log(1 + exp(x))), x != 0
};

/// A rational strictly below (Lower) or above (Upper) f(x), from arithmetic
/// with `precision` bits and directed rounding. nullopt is an upper bound of
/// infinity (exp of a huge x).
std::optional<Rational> boundOf(Irrational function, const Rational &x, Side side,
                                int precision);

} // namespace qbias::numerics

#endif // QBIAS_NUMERICS_RATIONAL_H
