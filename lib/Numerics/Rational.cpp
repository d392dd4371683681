//===- Rational.cpp - exact rational numbers ------------------------------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Rational.h"

#include <cmath>
#include <mpfr.h>

namespace qbias::numerics {

// GMP converts to and from `long`; all conversions below rely on this.
static_assert(sizeof(long) == sizeof(int64_t), "expects an LP64 target");

namespace {

/// Magnitudes beyond 2^65536 or below 2^-65536 are bounded by infinity or 0
/// and by the power itself, so that no rational grows without limit.
constexpr mpfr_exp_t kLargestExponent = 65536;

/// An mpfr_t that frees itself.
struct Real {
  mpfr_t v;
  explicit Real(mpfr_prec_t precision) { mpfr_init2(v, precision); }
  ~Real() { mpfr_clear(v); }
  Real(const Real &) = delete;
  Real &operator=(const Real &) = delete;
};

Side opposite(Side side) { return side == Side::Lower ? Side::Upper : Side::Lower; }

mpfr_rnd_t towards(Side side) { return side == Side::Lower ? MPFR_RNDD : MPFR_RNDU; }

/// `real` as a rational, extreme exponents rounded to `side` as well.
std::optional<Rational> toRational(const Real &real, Side side) {
  int sign = mpfr_sgn(real.v);
  if (sign == 0)
    return Rational(0);
  bool outwards = (sign > 0) == (side == Side::Upper);
  if (mpfr_inf_p(real.v) || mpfr_get_exp(real.v) > kLargestExponent) {
    if (outwards)
      return std::nullopt;
    return Rational(sign * powerOfTwo(kLargestExponent));
  }
  if (mpfr_get_exp(real.v) < -kLargestExponent)
    return outwards ? Rational(sign * powerOfTwo(-kLargestExponent)) : Rational(0);
  Rational value;
  mpfr_get_q(value.get_mpq_t(), real.v);
  return value;
}

/// x := 1 / (1 + exp(-x)). Everything inside the reciprocal falls as x grows,
/// so it is rounded to the other side.
void sigmoid(Real &x, Side side) {
  mpfr_rnd_t inner = towards(opposite(side));
  mpfr_neg(x.v, x.v, inner);
  mpfr_exp(x.v, x.v, inner);
  mpfr_add_ui(x.v, x.v, 1, inner);
  mpfr_ui_div(x.v, 1, x.v, towards(side));
}

/// x := log(1 + exp(x)).
void softplus(Real &x, Side side) {
  mpfr_exp(x.v, x.v, towards(side));
  mpfr_log1p(x.v, x.v, towards(side));
}

/// x := (1 + erf(x)) / 2 = erfc(-x) / 2, without cancellation.
void normalCdf(Real &x, Side side) {
  mpfr_neg(x.v, x.v, towards(side));
  mpfr_erfc(x.v, x.v, towards(side));
  mpfr_div_2ui(x.v, x.v, 1, towards(side));
}

/// result := sign * sqrt(square), or sign * sqrt(square / pi).
void setSignedRoot(Real &result, int sign, const Rational &square, bool overPi,
                   Side side) {
  Side magnitude = sign < 0 ? opposite(side) : side;
  mpfr_set_q(result.v, square.get_mpq_t(), towards(magnitude));
  if (overPi) {
    Real pi(mpfr_get_prec(result.v));
    mpfr_const_pi(pi.v, towards(opposite(magnitude)));
    mpfr_div(result.v, result.v, pi.v, towards(magnitude));
  }
  mpfr_sqrt(result.v, result.v, towards(magnitude));
  if (sign < 0)
    mpfr_neg(result.v, result.v, MPFR_RNDN);
}

} // namespace

std::optional<Rational> exactRational(double value) {
  if (!std::isfinite(value))
    return std::nullopt;
  // mpq_set_d is exact: significand * 2^exponent, in lowest terms.
  return Rational(value);
}

Integer floorOf(const Rational &value) {
  Integer result;
  mpz_fdiv_q(result.get_mpz_t(), value.get_num_mpz_t(), value.get_den_mpz_t());
  return result;
}

Integer ceilOf(const Rational &value) {
  Integer result;
  mpz_cdiv_q(result.get_mpz_t(), value.get_num_mpz_t(), value.get_den_mpz_t());
  return result;
}

/// rnd(n / d): f = floor(n / d + 1/2) = floor((2n + d) / 2d) rounds halves up.
/// The remainder is 0 exactly at a half; there an odd f steps back by one.
Integer roundHalfEven(const Rational &value) {
  Integer twice = 2 * value.get_num() + value.get_den();
  Integer divisor = 2 * value.get_den();
  Integer quotient, remainder;
  mpz_fdiv_qr(quotient.get_mpz_t(), remainder.get_mpz_t(), twice.get_mpz_t(),
              divisor.get_mpz_t());
  if (remainder == 0 && mpz_odd_p(quotient.get_mpz_t()))
    quotient -= 1;
  return quotient;
}

Rational powerOfTwo(int exponent) {
  Rational one = 1, result;
  if (exponent >= 0)
    mpq_mul_2exp(result.get_mpq_t(), one.get_mpq_t(), exponent);
  else
    mpq_div_2exp(result.get_mpq_t(), one.get_mpq_t(),
                 -static_cast<mp_bitcnt_t>(exponent));
  return result;
}

double nearestDouble(const Rational &value) {
  constexpr mpfr_prec_t kDoubleBits = 53;
  Real real(kDoubleBits);
  mpfr_set_q(real.v, value.get_mpq_t(), MPFR_RNDN);
  return mpfr_get_d(real.v, MPFR_RNDN);
}

Rational divideByRoot(const Rational &x, const Rational &y) {
  Integer top = sqrt(y.get_num()), bottom = sqrt(y.get_den());
  if (top * top == y.get_num() && bottom * bottom == y.get_den())
    return x * Rational(bottom) / Rational(top);
  constexpr int kRootBits = 320;
  return x / *boundOf(Irrational::Sqrt, y, Side::Lower, kRootBits);
}

std::optional<int64_t> toInt64(const Integer &value) {
  if (!value.fits_slong_p())
    return std::nullopt;
  return value.get_si();
}

int64_t clampToInt64(const Integer &value, int64_t lo, int64_t hi) {
  if (value < lo)
    return lo;
  if (value > hi)
    return hi;
  return value.get_si();
}

Integer fromInt64(int64_t value) { return Integer(value); }

/// The argument is rounded to `side` first and the functions increase, so all
/// errors point the same way. With w = x + 0.044715 x^3,
///   (1 + tanh(sqrt(2 / pi) w)) / 2 = sigmoid(2 sqrt(2 / pi) w)
///                                  = sigmoid(sign(w) sqrt(8 w^2 / pi)).
std::optional<Rational> boundOf(Irrational function, const Rational &x, Side side,
                                int precision) {
  Real v(precision);
  mpfr_rnd_t rnd = towards(side);
  mpfr_set_q(v.v, x.get_mpq_t(), rnd);
  switch (function) {
  case Irrational::Sigmoid:
    sigmoid(v, side);
    break;
  case Irrational::Tanh:
    mpfr_tanh(v.v, v.v, rnd);
    break;
  case Irrational::Exp:
    mpfr_exp(v.v, v.v, rnd);
    break;
  case Irrational::ExpM1:
    mpfr_expm1(v.v, v.v, rnd);
    break;
  case Irrational::Log:
    mpfr_log(v.v, v.v, rnd);
    break;
  case Irrational::Sqrt:
    mpfr_sqrt(v.v, v.v, rnd);
    break;
  case Irrational::Gelu:
    setSignedRoot(v, sgn(x), x * x / 2, /*overPi=*/false, side);
    normalCdf(v, side);
    break;
  case Irrational::GeluTanh: {
    static const Rational kCubic(8943, 200000); // 0.044715 in lowest terms
    Rational w = x + kCubic * x * x * x;
    setSignedRoot(v, sgn(w), 8 * w * w, /*overPi=*/true, side);
    sigmoid(v, side);
    break;
  }
  case Irrational::Erf:
    mpfr_erf(v.v, v.v, rnd);
    break;
  case Irrational::Softplus:
    softplus(v, side);
    break;
  case Irrational::MishGate:
    softplus(v, side);
    mpfr_tanh(v.v, v.v, rnd);
    break;
  }
  return toRational(v, side);
}

} // namespace qbias::numerics
