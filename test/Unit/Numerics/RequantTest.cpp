//===- RequantTest.cpp - the scalar models against unbounded integers -----===//
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

namespace {
constexpr int64_t kMax64 = std::numeric_limits<int64_t>::max();
} // namespace

TEST(RequantN6, AffineEqualsUnboundedIntegers) {
  slow::Random random(6);
  for (int i = 0; i < 20000; ++i) {
    Requant q;
    q.multiplier = random.integer(1, (int64_t(1) << random.integer(1, 40)) - 1);
    q.shift = static_cast<int>(random.integer(1, 62));
    q.rounding = random.integer(-kMax64, kMax64) >> random.integer(0, 40);
    int64_t acc = random.integer(-kMax64, kMax64) >> random.integer(0, 60);
    ASSERT_EQ(applyRequant(acc, q), slow::apply(acc, q));
  }
}

TEST(RequantN8, HalfEvenEqualsTheNearestEvenQuotient) {
  slow::Random random(7);
  for (int i = 0; i < 20000; ++i) {
    Requant q;
    q.form = Form::HalfEven;
    q.shift = static_cast<int>(random.integer(1, 62));
    q.zeroPoint = random.integer(-5, 5);
    q.rounding = random.integer(-kMax64, kMax64) >> random.integer(0, 63);
    q.multiplier = random.integer(1, 1000);
    int64_t acc = random.integer(-300, 300);
    ASSERT_EQ(applyRequant(acc, q), slow::apply(acc, q));
  }
}

TEST(RequantN8, EveryTieOfEveryParityAndZeroPoint) {
  for (int shift : {1, 2, 5, 31})
    for (int64_t zeroPoint : {-3, -2, 0, 1}) {
      Requant q{
          Form::HalfEven, int64_t(1) << (shift - 1), shift, 0, zeroPoint, -128, 127};
      // v = acc * 2^(k-1): every second acc is a tie.
      for (int64_t acc = -50; acc <= 50; ++acc)
        for (int64_t r : {-1, 0, 1}) {
          q.rounding = r;
          ASSERT_EQ(applyRequant(acc, q), slow::apply(acc, q))
              << acc << " r " << r << " k " << shift;
        }
    }
}

TEST(RequantN6, FitsInt64IsExactAtBothEnds) {
  Requant q;
  q.multiplier = int64_t(1) << 31;
  q.shift = 40;
  Range acc = {-(int64_t(1) << 31), (int64_t(1) << 31) - 1};
  int64_t top = acc.max * q.multiplier, bottom = acc.min * q.multiplier;
  q.rounding = kMax64 - top;
  EXPECT_TRUE(fitsInt64(q, acc));
  q.rounding += 1;
  EXPECT_FALSE(fitsInt64(q, acc));
  q.rounding = -kMax64 - bottom;
  EXPECT_TRUE(fitsInt64(q, acc));
  q.rounding -= 1; // -2^63 itself is outside
  EXPECT_FALSE(fitsInt64(q, acc));
}

TEST(RequantN8, FitsInt64CountsTheAddedHalf) {
  Requant q;
  q.form = Form::HalfEven;
  q.shift = 20;
  Range acc = {0, 0};
  q.rounding = kMax64 - (int64_t(1) << 19);
  EXPECT_TRUE(fitsInt64(q, acc));
  q.rounding += 1;
  EXPECT_FALSE(fitsInt64(q, acc));
  q.form = Form::Affine;
  EXPECT_TRUE(fitsInt64(q, acc));
}

TEST(RequantN6, WellFormedBounds) {
  Requant q;
  EXPECT_TRUE(isWellFormed(q));
  q.multiplier = 0;
  EXPECT_FALSE(isWellFormed(q));
  q.multiplier = (int64_t(1) << 40) - 1;
  q.shift = 62;
  EXPECT_TRUE(isWellFormed(q));
  q.multiplier += 1;
  EXPECT_FALSE(isWellFormed(q));
  q.multiplier = 1;
  q.shift = 63;
  EXPECT_FALSE(isWellFormed(q));
  q.shift = 0;
  EXPECT_FALSE(isWellFormed(q));
  q.shift = 1;
  q.form = Form::Table;
  EXPECT_FALSE(isWellFormed(q));
}

TEST(RequantN8, ThresholdFormCountsReachedLevels) {
  std::vector<int64_t> thresholds = {-5, -5, 0, 7};
  for (int64_t acc = -10; acc <= 10; ++acc) {
    int64_t expected = -2;
    for (int64_t t : thresholds)
      expected += acc >= t;
    EXPECT_EQ(applyThresholds(acc, -2, thresholds), expected) << acc;
  }
  EXPECT_EQ(applyThresholds(3, 9, {}), 9);
}

TEST(Requant, FormNamesRoundTrip) {
  for (Form form :
       {Form::Affine, Form::HalfEven, Form::Threshold, Form::Table, Form::Accumulator})
    EXPECT_EQ(parseForm(formName(form)), form);
  EXPECT_EQ(formName(Form::HalfEven), "half_even");
  EXPECT_FALSE(parseForm("half-even"));
  EXPECT_FALSE(parseForm(""));
}
