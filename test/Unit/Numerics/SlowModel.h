//===- SlowModel.h - the rules, written down as slowly as possible ---*- C++
//-*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Oracles of the unit tests: N1, N2, N6 and N8 straight from their definition
// on GMP rationals, and the unary functions at 500 bits of MPFR. Nothing here
// calls the library except for its plain data types.
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_TEST_UNIT_NUMERICS_SLOWMODEL_H
#define QBIAS_TEST_UNIT_NUMERICS_SLOWMODEL_H

#include "qbias/Numerics/Chain.h"
#include "qbias/Numerics/Requant.h"

#include <cmath>
#include <mpfr.h>
#include <random>

namespace qbias::numerics::slow {

inline Rational fraction(int64_t numerator, int64_t denominator) {
  Rational result(numerator, denominator);
  result.canonicalize();
  return result;
}

inline Integer power(int exponent) {
  Integer result = 1;
  return result << exponent;
}

inline Integer floorDivide(const Integer &a, const Integer &b) {
  Integer result;
  mpz_fdiv_q(result.get_mpz_t(), a.get_mpz_t(), b.get_mpz_t());
  return result;
}

/// The nearer of the two neighbours; of two equally near ones the even one.
inline Integer nearestEven(const Rational &x) {
  Integer below = floorDivide(x.get_num(), x.get_den());
  Rational down = x - below, up = (below + 1) - x;
  if (down != up)
    return down < up ? below : Integer(below + 1);
  return below % 2 == 0 ? below : Integer(below + 1);
}

inline int64_t limit(const Integer &value, int64_t lo, int64_t hi) {
  return value < lo ? lo : value > hi ? hi : value.get_si();
}

/// N2.
inline int64_t quantize(const Rational &x, const QuantParams &p) {
  return limit(nearestEven(x / p.scale) + p.zeroPoint, p.storage.min, p.storage.max);
}

/// N1 for a chain of clamps.
inline int64_t clampChain(Rational x, const Chain &chain) {
  for (const Step &step : chain.steps) {
    const auto &clamp = std::get<ClampStep>(step);
    if (clamp.lo && x < *clamp.lo)
      x = *clamp.lo;
    if (clamp.hi && x > *clamp.hi)
      x = *clamp.hi;
  }
  return slow::quantize(x, chain.out);
}

/// N6, N8 in unbounded integers, for v = acc * m + r. HalfEven is the nearest
/// integer to v / 2^k, so the bit trick of the program is not repeated here.
inline int64_t finish(const Integer &v, const Requant &q) {
  Integer y = q.form == Form::HalfEven
                  ? Integer(nearestEven(Rational(v) / power(q.shift)) + q.zeroPoint)
                  : floorDivide(v, power(q.shift));
  return limit(y, q.lo, q.hi);
}

inline int64_t apply(int64_t acc, const Requant &q) {
  return finish(Integer(acc) * q.multiplier + q.rounding, q);
}

//===----------------------------------------------------------------------===//
// Unary functions at 500 bits
//===----------------------------------------------------------------------===//

constexpr mpfr_prec_t kPrecision = 500;

class Real {
public:
  Real(double value = 0) {
    mpfr_init2(v, kPrecision);
    mpfr_set_d(v, value, MPFR_RNDN);
  }
  Real(const Rational &value) : Real() { mpfr_set_q(v, value.get_mpq_t(), MPFR_RNDN); }
  Real(const Real &other) : Real() { mpfr_set(v, other.v, MPFR_RNDN); }
  Real &operator=(const Real &other) {
    mpfr_set(v, other.v, MPFR_RNDN);
    return *this;
  }
  ~Real() { mpfr_clear(v); }
  Rational exact() const {
    Rational result;
    mpfr_get_q(result.get_mpq_t(), v);
    return result;
  }
  mpfr_t v;
};

#define QBIAS_SLOW_BINARY(op, function)                                                  \
  inline Real operator op(const Real &a, const Real &b) {                                \
    Real result;                                                                         \
    function(result.v, a.v, b.v, MPFR_RNDN);                                             \
    return result;                                                                       \
  }
QBIAS_SLOW_BINARY(+, mpfr_add)
QBIAS_SLOW_BINARY(-, mpfr_sub)
QBIAS_SLOW_BINARY(*, mpfr_mul)
QBIAS_SLOW_BINARY(/, mpfr_div)
#undef QBIAS_SLOW_BINARY

#define QBIAS_SLOW_UNARY(name)                                                           \
  inline Real name(const Real &a) {                                                      \
    Real result;                                                                         \
    mpfr_##name(result.v, a.v, MPFR_RNDN);                                               \
    return result;                                                                       \
  }
QBIAS_SLOW_UNARY(exp)
QBIAS_SLOW_UNARY(tanh)
QBIAS_SLOW_UNARY(erf)
QBIAS_SLOW_UNARY(sqrt)
QBIAS_SLOW_UNARY(log)
#undef QBIAS_SLOW_UNARY

inline Rational limited(const Rational &x, const Rational &lo, const Rational &hi) {
  return x < lo ? lo : x > hi ? hi : x;
}

/// Stands for infinity: beyond every storage range.
inline Rational huge() { return Rational(power(70000)); }

/// log(1 + exp(x)); a small exp(x) needs more than 500 bits next to 1.
inline Real softplus(const Rational &x) {
  Real e = exp(Real(x)), one, result;
  mpfr_set_prec(one.v, 60000);
  mpfr_add_ui(one.v, e.v, 1, MPFR_RNDN);
  mpfr_log(result.v, one.v, MPFR_RNDN);
  return result;
}

/// The definitions next to the enumerators of UnaryFunction, word by word.
inline Rational unary(const UnaryStep &step, const Rational &x) {
  const Rational &alpha = step.alpha, &beta = step.beta;
  switch (step.function) {
  case UnaryFunction::Sigmoid:
    return (Real(1) / (Real(1) + exp(Real(Rational(-x))))).exact();
  case UnaryFunction::Tanh:
    return tanh(Real(x)).exact();
  case UnaryFunction::HardSigmoid:
    return limited(alpha * x + beta, 0, 1);
  case UnaryFunction::HardSwish:
    return x * limited(x / 6 + fraction(1, 2), 0, 1);
  case UnaryFunction::LeakyRelu:
    return x >= 0 ? x : Rational(alpha * x);
  case UnaryFunction::Gelu:
    return (Real(x) / 2 * (Real(1) + erf(Real(x) / sqrt(Real(2))))).exact();
  case UnaryFunction::GeluTanh: {
    Real pi;
    mpfr_const_pi(pi.v, MPFR_RNDN);
    Real inner = Real(x) + Real(fraction(44715, 1000000)) * Real(x) * Real(x) * Real(x);
    return (Real(x) / 2 * (Real(1) + tanh(sqrt(Real(2) / pi) * inner))).exact();
  }
  case UnaryFunction::Silu:
    return (Real(x) / (Real(1) + exp(Real(Rational(-x))))).exact();
  case UnaryFunction::Elu:
    return x >= 0 ? x : (Real(alpha) * (exp(Real(x)) - Real(1))).exact();
  case UnaryFunction::Exp:
    return exp(Real(x)).exact();
  case UnaryFunction::Sqrt:
    return x <= 0 ? Rational(0) : sqrt(Real(x)).exact();
  case UnaryFunction::Abs:
    return x < 0 ? Rational(-x) : x;
  case UnaryFunction::Square:
    return x * x;
  case UnaryFunction::Erf:
    return erf(Real(x)).exact();
  case UnaryFunction::Log:
    return x <= 0 ? Rational(-huge()) : log(Real(x)).exact();
  case UnaryFunction::Softplus:
    return softplus(x).exact();
  case UnaryFunction::Mish:
    return (Real(x) * tanh(softplus(x))).exact();
  case UnaryFunction::Softsign:
    return x < 0 ? Rational(x / (1 - x)) : Rational(x / (1 + x));
  case UnaryFunction::Reciprocal:
    return x == 0 ? huge() : Rational(1 / x);
  case UnaryFunction::Rsqrt:
    return x <= 0 ? huge() : (Real(1) / sqrt(Real(x))).exact();
  case UnaryFunction::Floor:
    return floorDivide(x.get_num(), x.get_den());
  case UnaryFunction::Ceil:
    return -Rational(floorDivide(-x.get_num(), x.get_den()));
  case UnaryFunction::Round:
    return nearestEven(x);
  case UnaryFunction::Sign:
    return x > 0 ? 1 : x < 0 ? -1 : 0;
  case UnaryFunction::Threshold:
    return x > alpha ? x : Rational(0);
  }
  return 0;
}

/// One step; see below.
inline Rational applied(const Step &step, Rational x) {
  if (const auto *clamp = std::get_if<ClampStep>(&step)) {
    x = clamp->lo && x < *clamp->lo ? *clamp->lo : x;
    return clamp->hi && x > *clamp->hi ? *clamp->hi : x;
  }
  if (const auto *linear = std::get_if<LinearStep>(&step))
    return x * linear->factor + linear->offset;
  if (const auto *again = std::get_if<RequantizeStep>(&step)) {
    const QuantParams &p = again->params;
    return (slow::quantize(x, p) - p.zeroPoint) * p.scale;
  }
  if (const auto *both = std::get_if<CombineStep>(&step)) {
    Rational a = x, b = x;
    for (const Step &inner : both->lhs->steps)
      a = applied(inner, a);
    for (const Step &inner : both->rhs->steps)
      b = applied(inner, b);
    return both->kind == CombineKind::Add   ? Rational(a + b)
           : both->kind == CombineKind::Sub ? Rational(a - b)
                                            : Rational(a * b);
  }
  return unary(std::get<UnaryStep>(step), x);
}

/// N1 for any chain. A transcendental value at 500 bits is far nearer to the
/// truth than to a tie at the points the tests use.
inline int64_t chain(Rational x, const Chain &chain) {
  for (const Step &step : chain.steps)
    x = applied(step, x);
  return slow::quantize(x, chain.out);
}

//===----------------------------------------------------------------------===//
// Seeded random data
//===----------------------------------------------------------------------===//

class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}
  int64_t integer(int64_t lo, int64_t hi) {
    return std::uniform_int_distribution<int64_t>(lo, hi)(engine);
  }
  /// A float32, log-uniform between lo and hi.
  float real(double lo, double hi) {
    std::uniform_real_distribution<double> d(std::log2(lo), std::log2(hi));
    return static_cast<float>(std::exp2(d(engine)));
  }
  float normal() { return std::normal_distribution<float>(0, 1)(engine); }
  Rational scale(double lo, double hi) { return Rational(real(lo, hi)); }

private:
  std::mt19937_64 engine;
};

} // namespace qbias::numerics::slow

#endif // QBIAS_TEST_UNIT_NUMERICS_SLOWMODEL_H
