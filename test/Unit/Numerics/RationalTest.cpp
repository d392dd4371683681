//===- RationalTest.cpp - exact numbers and bounds of others --------------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SlowModel.h"

#include <gtest/gtest.h>
#include <limits>

using namespace qbias::numerics;
using slow::fraction;

TEST(RationalN1, FloatsKeepTheirExactValue) {
  EXPECT_EQ(*exactRational(0.1f), fraction(13421773, 134217728));
  EXPECT_EQ(*exactRational(-2.5), fraction(-5, 2));
  EXPECT_EQ(*exactRational(-0.0), Rational(0));
  Rational smallest = *exactRational(std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(smallest * slow::power(1074), Rational(1));
  Rational largest = *exactRational(std::numeric_limits<float>::max());
  EXPECT_EQ(largest, Rational((slow::power(24) - 1) * slow::power(104)));
}

TEST(RationalN1, NanAndInfinityAreNoNumbers) {
  EXPECT_FALSE(exactRational(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(exactRational(std::numeric_limits<double>::infinity()));
  EXPECT_FALSE(exactRational(-std::numeric_limits<double>::infinity()));
}

TEST(RationalN2, HalvesRoundToEven) {
  const int64_t halves[][2] = {{-7, -4}, {-5, -2}, {-3, -2}, {-1, 0},
                               {1, 0},   {3, 2},   {5, 2},   {7, 4}};
  for (auto [twice, expected] : halves)
    EXPECT_EQ(roundHalfEven(fraction(twice, 2)), expected) << twice;
  for (int64_t n = -400; n <= 400; ++n)
    for (int64_t d : {1, 2, 3, 4, 6, 7, 8})
      EXPECT_EQ(roundHalfEven(fraction(n, d)), slow::nearestEven(fraction(n, d)))
          << n << "/" << d;
}

TEST(Rational, FloorAndCeilOfNegativesAndIntegers) {
  EXPECT_EQ(floorOf(fraction(-7, 2)), -4);
  EXPECT_EQ(ceilOf(fraction(-7, 2)), -3);
  EXPECT_EQ(floorOf(Rational(-3)), -3);
  EXPECT_EQ(ceilOf(Rational(-3)), -3);
  EXPECT_EQ(floorOf(fraction(1, 3)), 0);
  EXPECT_EQ(ceilOf(fraction(1, 3)), 1);
}

TEST(Rational, PowersOfTwoAreExactBothWays) {
  EXPECT_EQ(powerOfTwo(0), Rational(1));
  EXPECT_EQ(powerOfTwo(100), Rational(slow::power(100)));
  EXPECT_EQ(powerOfTwo(-100) * slow::power(100), Rational(1));
}

TEST(Rational, Int64LimitsAreInclusive) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(toInt64(fromInt64(kMin)), kMin);
  EXPECT_EQ(toInt64(fromInt64(kMax)), kMax);
  EXPECT_FALSE(toInt64(fromInt64(kMax) + 1));
  EXPECT_FALSE(toInt64(fromInt64(kMin) - 1));
  EXPECT_EQ(clampToInt64(slow::power(90), -3, 8), 8);
  EXPECT_EQ(clampToInt64(-slow::power(90), kMin, kMax), kMin);
  EXPECT_EQ(clampToInt64(5, -3, 8), 5);
}

namespace {
struct Case {
  Irrational function;
  Rational expected;
};

/// The functions of `Irrational` at x, at 500 bits.
std::vector<Case> casesAt(const Rational &x) {
  using slow::Real;
  std::vector<Case> cases = {
      {Irrational::Sigmoid, slow::unary({UnaryFunction::Sigmoid, 0, 0}, x)},
      {Irrational::Tanh, slow::unary({UnaryFunction::Tanh, 0, 0}, x)},
      {Irrational::Exp, slow::unary({UnaryFunction::Exp, 0, 0}, x)},
      {Irrational::ExpM1, (slow::exp(Real(x)) - Real(1)).exact()},
      {Irrational::Gelu, slow::unary({UnaryFunction::Gelu, 0, 0}, x) / x},
      {Irrational::GeluTanh, slow::unary({UnaryFunction::GeluTanh, 0, 0}, x) / x}};
  if (x > 0) {
    Real log;
    mpfr_log(log.v, Real(x).v, MPFR_RNDN);
    cases.push_back({Irrational::Log, log.exact()});
    cases.push_back({Irrational::Sqrt, slow::sqrt(Real(x)).exact()});
  }
  return cases;
}
} // namespace

TEST(Rational, BoundsEncloseAndNarrow) {
  slow::Random random(9);
  std::vector<Rational> points = {fraction(-1, 1000000), fraction(1, 1000000),
                                  Rational(-7), fraction(37, 3)};
  for (int i = 0; i < 150; ++i)
    points.push_back(Rational(random.normal() * 3));
  for (const Rational &x : points)
    for (const auto &[function, expected] : casesAt(x))
      for (int precision : {64, 128, 256}) {
        Rational lo = *boundOf(function, x, Side::Lower, precision);
        Rational hi = *boundOf(function, x, Side::Upper, precision);
        EXPECT_LT(lo, expected) << int(function) << " at " << x;
        EXPECT_GT(hi, expected) << int(function) << " at " << x;
        EXPECT_LT((hi - lo) * slow::power(precision - 24), 1 + abs(expected));
      }
}

TEST(Rational, BoundsOfExtremeArgumentsStaySmallAndTrue) {
  Rational huge = slow::power(100);
  EXPECT_FALSE(boundOf(Irrational::Exp, huge, Side::Upper, 64));
  EXPECT_GT(*boundOf(Irrational::Exp, huge, Side::Lower, 64), huge);
  EXPECT_EQ(*boundOf(Irrational::Exp, -huge, Side::Lower, 64), 0);
  EXPECT_GT(*boundOf(Irrational::Exp, -huge, Side::Upper, 64), 0);
  EXPECT_EQ(*boundOf(Irrational::Sigmoid, huge, Side::Upper, 64), 1);
  EXPECT_LT(*boundOf(Irrational::Sigmoid, huge, Side::Lower, 64), 1);
  EXPECT_EQ(*boundOf(Irrational::Gelu, -huge, Side::Lower, 64), 0);
  Rational tiny = powerOfTwo(-70000);
  EXPECT_LE(*boundOf(Irrational::Tanh, -tiny, Side::Lower, 64), -tiny);
  EXPECT_EQ(*boundOf(Irrational::Tanh, -tiny, Side::Upper, 64), 0);
  EXPECT_EQ(*boundOf(Irrational::Tanh, tiny, Side::Lower, 64), 0);
  EXPECT_GE(*boundOf(Irrational::Tanh, tiny, Side::Upper, 64), tiny);
  EXPECT_EQ(*boundOf(Irrational::Tanh, -huge, Side::Lower, 64), -1);
  EXPECT_GT(*boundOf(Irrational::Tanh, -huge, Side::Upper, 64), -1);
}
