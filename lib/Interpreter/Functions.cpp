//===- Functions.cpp - real functions of one operand ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rational functions are exact. The others are computed with kGuardBits bits
// more than they are rounded to. A result is quantized next; a number that is
// not rational lies on no rounding boundary, and nearer to one than 2^-256 only
// by a chance of that size.
//
//===----------------------------------------------------------------------===//

#include "Evaluate.h"

#include <mpfr.h>

using namespace qbias;
using namespace qbias::interpreter;
using numerics::Rational;

/// Bits that intermediate results have beyond kRealBits.
static constexpr int kGuardBits = 64;

/// Results are limited to magnitudes of 2^kLargestExponent, and are 0 below
/// 2^-kLargestExponent, so that no rational grows without limit.
static constexpr mpfr_exp_t kLargestExponent = 65536;

namespace {

/// An mpfr_t with value semantics as far as needed here.
class Float {
public:
  explicit Float(const Rational &x) {
    mpfr_init2(v, kRealBits + kGuardBits);
    mpfr_set_q(v, x.get_mpq_t(), MPFR_RNDN);
  }
  ~Float() { mpfr_clear(v); }
  Float(const Float &) = delete;
  Float &operator=(const Float &) = delete;

  Rational get();

  mpfr_t v;
};

} // namespace

Rational Float::get() {
  mpfr_prec_round(v, kRealBits, MPFR_RNDN);
  if (mpfr_zero_p(v) || mpfr_get_exp(v) < -kLargestExponent)
    return 0;
  if (mpfr_inf_p(v) || mpfr_get_exp(v) > kLargestExponent)
    return Rational(mpfr_sgn(v)) * numerics::powerOfTwo(kLargestExponent);
  Rational value;
  mpfr_get_q(value.get_mpq_t(), v);
  return value;
}

/// exp(x), or exp(x) - 1.
static Rational exponential(const Rational &x, bool minusOne) {
  Float y(x);
  minusOne ? mpfr_expm1(y.v, y.v, MPFR_RNDN) : mpfr_exp(y.v, y.v, MPFR_RNDN);
  return y.get();
}

/// 1 / (1 + exp(-x)).
static Rational sigmoid(const Rational &x) {
  Float y(-x);
  mpfr_exp(y.v, y.v, MPFR_RNDN);
  mpfr_add_ui(y.v, y.v, 1, MPFR_RNDN);
  mpfr_ui_div(y.v, 1, y.v, MPFR_RNDN);
  return y.get();
}

static Rational tanh(const Rational &x) {
  Float y(x);
  mpfr_tanh(y.v, y.v, MPFR_RNDN);
  return y.get();
}

static Rational squareRoot(const Rational &x) {
  if (x <= 0)
    return 0;
  numerics::Integer n = sqrt(x.get_num()), d = sqrt(x.get_den());
  if (n * n == x.get_num() && d * d == x.get_den())
    return Rational(n, d);
  Float y(x);
  mpfr_sqrt(y.v, y.v, MPFR_RNDN);
  return y.get();
}

/// x / 2 * (1 + erf(x / sqrt(2))) = x / 2 * erfc(-x / sqrt(2)).
static Rational gelu(const Rational &x) {
  Float y(-x), root(2);
  mpfr_sqrt(root.v, root.v, MPFR_RNDN);
  mpfr_div(y.v, y.v, root.v, MPFR_RNDN);
  mpfr_erfc(y.v, y.v, MPFR_RNDN);
  return x / 2 * y.get();
}

/// x / 2 * (1 + tanh(u)) = x * sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3).
static Rational geluTanh(const Rational &x) {
  const Rational cubic(8943, 200000); // 0.044715
  Float u(2), pi(0);
  mpfr_const_pi(pi.v, MPFR_RNDN);
  mpfr_div(u.v, u.v, pi.v, MPFR_RNDN);
  mpfr_sqrt(u.v, u.v, MPFR_RNDN);
  Rational inner = (x + cubic * x * x * x) * u.get();
  return x * sigmoid(2 * inner);
}

/// log(1 + exp(x)), as a number that is not limited yet.
static Rational softplus(const Rational &x) {
  Float y(x);
  mpfr_exp(y.v, y.v, MPFR_RNDN);
  mpfr_log1p(y.v, y.v, MPFR_RNDN);
  return y.get();
}

/// log(x); minus the largest magnitude up to 0.
static Rational logarithm(const Rational &x) {
  if (x <= 0)
    return -numerics::powerOfTwo(kLargestExponent);
  Float y(x);
  mpfr_log(y.v, y.v, MPFR_RNDN);
  return y.get();
}

static Rational errorFunction(const Rational &x) {
  Float y(x);
  mpfr_erf(y.v, y.v, MPFR_RNDN);
  return y.get();
}

/// 1 / x; the largest magnitude for 0.
static Rational reciprocal(const Rational &x) {
  return x == 0 ? numerics::powerOfTwo(kLargestExponent) : Rational(1 / x);
}

/// The nearest integer; of two the even one.
static Rational nearest(const Rational &x) {
  Rational below(numerics::floorOf(x)), rest = 2 * (x - below);
  bool isOdd = mpz_odd_p(below.get_num_mpz_t());
  return rest > 1 || (rest == 1 && isOdd) ? Rational(below + 1) : below;
}

/// max(0, min(1, x)).
static Rational limitToOne(const Rational &x) {
  return x < 0 ? Rational(0) : x > 1 ? Rational(1) : x;
}

Rational interpreter::applyUnary(UnaryKind function, const Rational &x,
                                 const Rational &alpha, const Rational &beta) {
  switch (function) {
  case UnaryKind::Sigmoid:
    return sigmoid(x);
  case UnaryKind::Tanh:
    return tanh(x);
  case UnaryKind::HardSigmoid:
    return limitToOne(alpha * x + beta);
  case UnaryKind::HardSwish:
    return x * limitToOne(x / 6 + Rational(1, 2));
  case UnaryKind::LeakyRelu:
    return x >= 0 ? x : Rational(alpha * x);
  case UnaryKind::Gelu:
    return gelu(x);
  case UnaryKind::GeluTanh:
    return geluTanh(x);
  case UnaryKind::Silu:
    return x * sigmoid(x);
  case UnaryKind::Elu:
    return x >= 0 ? x : Rational(alpha * exponential(x, /*minusOne=*/true));
  case UnaryKind::Exp:
    return exponential(x, /*minusOne=*/false);
  case UnaryKind::Sqrt:
    return squareRoot(x);
  case UnaryKind::Abs:
    return abs(x);
  case UnaryKind::Square:
    return x * x;
  case UnaryKind::Erf:
    return errorFunction(x);
  case UnaryKind::Log:
    return logarithm(x);
  case UnaryKind::Softplus:
    return softplus(x);
  case UnaryKind::Mish:
    return x * tanh(softplus(x));
  case UnaryKind::Softsign:
    return x / (1 + abs(x));
  case UnaryKind::Reciprocal:
    return reciprocal(x);
  case UnaryKind::Rsqrt:
    return reciprocal(squareRoot(x));
  case UnaryKind::Floor:
    return Rational(numerics::floorOf(x));
  case UnaryKind::Ceil:
    return Rational(numerics::ceilOf(x));
  case UnaryKind::Round:
    return nearest(x);
  case UnaryKind::Sign:
    return sgn(x);
  case UnaryKind::Threshold:
    return x > alpha ? x : Rational(0);
  }
  return x;
}
