//===- FixedPointTest.cpp - fixed point functions against real ones ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/FixedPoint.h"

#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace qbias::numerics;

namespace {

constexpr double kOne = 2147483648.0;
/// The reciprocal is off by some 2^-28, the exponential by the fifth term of its
/// series, (1/8)^5 / 5! or 2^-22.
constexpr double kTolerance = 0x1p-27, kSeriesTolerance = 0x1p-21;

/// A random raw number from -2^31 to 0.
int64_t negative(std::mt19937_64 &random) {
  return -int64_t(random() % (uint64_t(1) << 31) >> (random() % 31));
}

} // namespace

TEST(FixedPointTest, ProductsRoundHalvesUp) {
  EXPECT_EQ(fixed::multiply(1 << 30, 1), 1) << "1/2";
  EXPECT_EQ(fixed::multiply(-(1 << 30), 1), 0) << "-1/2";
  EXPECT_EQ(fixed::multiply(3, 1 << 30), 2) << "3/2";
  EXPECT_EQ(fixed::multiply(-3, 1 << 30), -1) << "-3/2";
}

TEST(FixedPointTest, QuotientsRoundHalvesAway) {
  EXPECT_EQ(fixed::divideByPower(3, 1), 2);
  EXPECT_EQ(fixed::divideByPower(-3, 1), -2);
  EXPECT_EQ(fixed::divideByPower(-5, 2), -1);
  EXPECT_EQ(fixed::divideByPower(7, 0), 7);
}

TEST(FixedPointTest, ShiftsSaturate) {
  EXPECT_EQ(fixed::saturatingShift(3, 4), 48);
  EXPECT_EQ(fixed::saturatingShift(1 << 30, 1), INT32_MAX);
  EXPECT_EQ(fixed::saturatingShift(-(1 << 30), 2), INT32_MIN);
}

TEST(FixedPointTest, Exponential) {
  std::mt19937_64 random(21);
  EXPECT_EQ(fixed::expOnNegative(0, 5), INT32_MAX);
  for (int i = 0; i < 5000; ++i) {
    int bits = i % 6;
    int64_t a = negative(random);
    double expected = std::exp(double(a) / kOne * std::ldexp(1, bits));
    EXPECT_NEAR(double(fixed::expOnNegative(a, bits)) / kOne, expected, kSeriesTolerance)
        << a << " with " << bits << " integer bits";
  }
}

TEST(FixedPointTest, Reciprocal) {
  std::mt19937_64 random(22);
  for (int i = 0; i < 2000; ++i) {
    int64_t a = std::min<int64_t>(-negative(random), INT32_MAX);
    EXPECT_NEAR(double(fixed::reciprocalOfOnePlus(a)) / kOne, 1 / (1 + double(a) / kOne),
                kTolerance);
  }
}

TEST(FixedPointTest, LogisticAndTanh) {
  std::mt19937_64 random(23);
  constexpr double kUnit = 16; // four integer bits
  for (int i = 0; i < 4000; ++i) {
    int64_t a = std::max<int64_t>(negative(random), -INT32_MAX) * (i % 2 ? 1 : -1);
    double x = double(a) / kOne * kUnit;
    EXPECT_NEAR(double(fixed::logistic(a)) / kOne, 1 / (1 + std::exp(-x)),
                kSeriesTolerance);
    EXPECT_NEAR(double(fixed::tanh(a)) / kOne, std::tanh(x), 2 * kSeriesTolerance);
  }
}

TEST(FixedPointTest, TablesInterpolate) {
  std::vector<int64_t> table =
      fixed::makeTable([](float x) { return std::exp(x); }, -10.0f, 0.0f);
  ASSERT_EQ(table.size(), 513u);
  for (int64_t v = -32768; v <= 32767; ++v) {
    double x = -10 + 10 * double(v + 32768) / 65536;
    EXPECT_NEAR(double(fixed::readTable(table, v)), std::exp(x) * 32768, 3) << v;
  }
}
