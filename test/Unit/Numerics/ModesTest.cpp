//===- ModesTest.cpp - scalar models of the modes beside exact ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Expected values come from the definition of each rounding on exact fractions.
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Modes.h"

#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace qbias::numerics;

namespace {

Rational ratio(int64_t numerator, int64_t denominator) {
  return Rational(fromInt64(numerator)) / Rational(fromInt64(denominator));
}

/// Nearest integer, ties up.
int64_t roundUp(const Rational &x) { return *toInt64(floorOf(x + Rational(1, 2))); }

/// Nearest integer, ties away from zero.
int64_t roundAway(const Rational &x) { return x < 0 ? -roundUp(-x) : roundUp(x); }

/// The two roundings one after the other.
int64_t twice(int64_t value, FixedMultiplier by) {
  Rational x = Rational(fromInt64(value)) * powerOfTwo(std::max(31 - by.shift, 0));
  Rational limit = powerOfTwo(31);
  if (x < -limit)
    x = -limit;
  if (x > limit - 1)
    x = limit - 1;
  int64_t high = roundUp(x * Rational(fromInt64(by.multiplier)) / limit);
  return roundAway(Rational(fromInt64(high)) * powerOfTwo(-std::max(by.shift - 31, 0)));
}

} // namespace

TEST(ModesTest, RescaleTwiceIsTwoRoundings) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    FixedMultiplier by{int64_t(random() % (uint64_t(1) << 31)), int(1 + random() % 62)};
    int64_t value = int64_t(random()) >> (random() % 60 + 4);
    EXPECT_EQ(rescale(value, by, Rounding::Twice), twice(value, by))
        << value << " * " << by.multiplier << " / 2^" << by.shift;
  }
}

TEST(ModesTest, RescaleTwiceRoundsTiesApart) {
  FixedMultiplier half{int64_t(1) << 30, 31}, quarter{int64_t(1) << 30, 32};
  // The first rounding sends ties up, the second away from zero.
  EXPECT_EQ(rescale(-1, half, Rounding::Twice), 0);
  EXPECT_EQ(rescale(1, half, Rounding::Twice), 1);
  EXPECT_EQ(rescale(-2, quarter, Rounding::Twice), -1);
  EXPECT_EQ(rescale(2, quarter, Rounding::Twice), 1);
  EXPECT_EQ(rescale(1, quarter, Rounding::Twice), 1) << "1/4 rounds up twice";
  EXPECT_EQ(rescale(1, quarter, Rounding::Once), 0);
}

TEST(ModesTest, RescaleTwiceSaturates) {
  FixedMultiplier four{int64_t(1) << 30, 28}; // M = 4
  EXPECT_EQ(rescale(int64_t(1) << 40, four, Rounding::Twice),
            rescale(INT32_MAX, four, Rounding::Twice));
  EXPECT_EQ(rescale(3, four, Rounding::Twice), 12);
}

TEST(ModesTest, ProducerMultiplierKeepsThirtyOneBits) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 5000; ++i) {
    double real =
        std::ldexp(1 + double(random() >> 11) * 0x1p-53, int(random() % 56) - 30);
    FixedMultiplier by = producerMultiplier(real);
    EXPECT_GE(by.multiplier, int64_t(1) << 30);
    EXPECT_LT(by.multiplier, int64_t(1) << 31);
    Rational error =
        *exactRational(real) - Rational(fromInt64(by.multiplier)) * powerOfTwo(-by.shift);
    EXPECT_LE(abs(error), powerOfTwo(-by.shift - 1));
  }
}

TEST(ModesTest, ProducerMultiplierAtItsEnds) {
  EXPECT_EQ(producerMultiplier(std::nextafter(1.0, 0)).multiplier, int64_t(1) << 30);
  EXPECT_EQ(producerMultiplier(std::nextafter(1.0, 0)).shift, 30);
  EXPECT_EQ(producerMultiplier(0x1p-32).multiplier, int64_t(1) << 30);
  EXPECT_EQ(producerMultiplier(0x1p-32).shift, 62);
  EXPECT_EQ(producerMultiplier(0x1.8p-33).multiplier, 0) << "flushed";
  EXPECT_EQ(producerMultiplier(0x1p31).shift, 1) << "saturated";
}

TEST(ModesTest, ShortMultiplierRoundsToFifteenBits) {
  EXPECT_EQ(reduceMultiplier({0x40008000, 35}).multiplier, 0x4001);
  EXPECT_EQ(reduceMultiplier({0x40007FFF, 35}).multiplier, 0x4000);
  EXPECT_EQ(reduceMultiplier({0x7FFF0000, 35}).multiplier, 0x7FFF);
  EXPECT_EQ(reduceMultiplier({0x7FFFFFFF, 35}).multiplier, 0x7FFF);
  EXPECT_EQ(reduceMultiplier({0x40000000, 35}).shift, 19);
}

TEST(ModesTest, MeanMultiplierDividesByTheCount) {
  for (int64_t count : {1, 2, 3, 7, 36, 49, 1000})
    for (double real : {0.5, 0.9, 1.0, 1.3}) {
      FixedMultiplier full = producerMultiplier(real);
      FixedMultiplier mean = meanMultiplier(full, count);
      Rational exact = Rational(fromInt64(full.multiplier)) * powerOfTwo(-full.shift) /
                       Rational(fromInt64(count));
      Rational got = Rational(fromInt64(mean.multiplier)) * powerOfTwo(-mean.shift);
      EXPECT_LE(got, exact);
      EXPECT_LT(exact - got, powerOfTwo(-mean.shift));
    }
  EXPECT_EQ(meanMultiplier({int64_t(1) << 30, 61}, 1000).shift, 62) << "shifts end at 31";
}

TEST(ModesTest, DivisionRoundsHalfAway) {
  for (int64_t count : {1, 2, 3, 4, 9, 36})
    for (int64_t sum = -100; sum <= 100; ++sum)
      EXPECT_EQ(divideHalfAway(sum, count), roundAway(ratio(sum, count)))
          << sum << " / " << count;
}

TEST(ModesTest, SumRescalesThreeTimes) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 200; ++i) {
    auto scale = [&] { return std::ldexp(1 + double(random() % 1000) / 1000, -6); };
    double a = scale(), b = scale(), y = scale();
    RescaledSum sum = makeRescaledSum(a, -b, y, sumHeadroom(8), Rounding::Twice);
    for (int64_t q = -255; q <= 255; q += 51) {
      int64_t left = twice(q << 20, sum.a), right = twice((100 - q) << 20, sum.b);
      EXPECT_EQ(applyRescaledSum(sum, q, 100 - q), twice(left - right, sum.out));
      double real = (q * a - (100 - q) * b) / y;
      EXPECT_NEAR(double(applyRescaledSum(sum, q, 100 - q)), real, 0.501);
    }
  }
  EXPECT_EQ(sumHeadroom(16), 15);
}

TEST(ModesTest, FloatRoundsHalfToEven) {
  Range output{-128, 127};
  EXPECT_EQ(finishFloat(2.5f, 0, output), 2);
  EXPECT_EQ(finishFloat(-3.5f, 1, output), -3);
  EXPECT_EQ(finishFloat(1e30f, 0, output), 127);
  EXPECT_EQ(finishFloat(-1e30f, 5, output), -128);
  // 2^24 + 1 is no float32: the accumulator is rounded before the product.
  EXPECT_EQ(scaleFloat((1 << 24) + 1, 1.0f), float(1 << 24));
}

TEST(ModesTest, ClampOfTheKernelsDividesInFloat) {
  Chain chain;
  chain.out = {*exactRational(double(0.0235294122f)), -128, {-128, 127}};
  EXPECT_EQ(producerClamp(chain), std::optional<Range>(Range{-128, 127}));
  chain.steps.push_back(ClampStep{Rational(0), Rational(6)});
  EXPECT_EQ(producerClamp(chain), std::optional<Range>(Range{-128, 127}));
  chain.out.scale = *exactRational(double(0.05f));
  EXPECT_EQ(producerClamp(chain), std::optional<Range>(Range{-128, -8}));
  chain.steps.push_back(UnaryStep{});
  EXPECT_EQ(producerClamp(chain), std::nullopt);
}

TEST(ModesTest, PowersOfTwoUpToFloatRounding) {
  EXPECT_EQ(powerOfTwoShift(Rational(1, 8)), 3);
  EXPECT_EQ(powerOfTwoShift(Rational(4)), -2);
  EXPECT_EQ(powerOfTwoShift(Rational(1, 8) * (1 + powerOfTwo(-24))), 3);
  EXPECT_EQ(powerOfTwoShift(Rational(1, 8) * (1 - powerOfTwo(-24))), 3);
  EXPECT_EQ(powerOfTwoShift(Rational(1, 8) * (1 + powerOfTwo(-20))), std::nullopt);
  EXPECT_EQ(powerOfTwoShift(Rational(3, 8)), std::nullopt);
}
