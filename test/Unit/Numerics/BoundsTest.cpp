//===- BoundsTest.cpp - accumulator bounds against enumeration ------------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Bounds.h"
#include "SlowModel.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>

using namespace qbias::numerics;

namespace {
constexpr int64_t kMax64 = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin64 = std::numeric_limits<int64_t>::min();
} // namespace

TEST(BoundsN9, TapsEqualTheEnumeratedExtremes) {
  slow::Random random(5);
  for (int i = 0; i < 300; ++i) {
    Range centered = {random.integer(-9, 3), 0};
    centered.max = random.integer(centered.min, 6);
    Range bound = {10, 10}; // the bias
    int64_t lo = 10, hi = 10;
    for (int tap = 0; tap < 4; ++tap) {
      int64_t w = random.integer(-128, 127);
      ASSERT_TRUE(addTap(bound, w, centered));
      int64_t least = kMax64, most = kMin64;
      for (int64_t x = centered.min; x <= centered.max; ++x) {
        least = std::min(least, w * x);
        most = std::max(most, w * x);
      }
      lo += least;
      hi += most;
    }
    ASSERT_EQ(bound, (Range{lo, hi}));
  }
}

TEST(BoundsN9, PaddingAddsZeroToTheHull) {
  EXPECT_EQ(withPadding({3, 9}), (Range{0, 9}));
  EXPECT_EQ(withPadding({-9, -3}), (Range{-9, 0}));
  EXPECT_EQ(withPadding({-9, 3}), (Range{-9, 3}));
}

TEST(BoundsN9, OverflowIsReportedAndLeavesTheBound) {
  Range bound = {0, kMax64 - 5};
  EXPECT_FALSE(addTap(bound, 1, {0, 6}));
  EXPECT_EQ(bound, (Range{0, kMax64 - 5}));
  EXPECT_FALSE(addTap(bound, kMax64, {0, 2}));
  EXPECT_TRUE(addTap(bound, 1, {0, 5}));
  EXPECT_EQ(bound.max, kMax64);
}

TEST(BoundsN9, ProductOfTwoActivations) {
  EXPECT_EQ(productSumBound({-128, 127}, {-128, 127}, 3),
            (Range{-128 * 127 * 3, 128 * 128 * 3}));
  EXPECT_EQ(productSumBound({0, 255}, {-128, 127}, 2),
            (Range{-255 * 128 * 2, 255 * 127 * 2}));
  EXPECT_EQ(productSumBound({-3, 5}, {2, 4}, 0), (Range{0, 0}));
  EXPECT_FALSE(productSumBound({0, kMax64}, {0, 2}, 1));
  EXPECT_FALSE(productSumBound({0, kMax64}, {0, 1}, 2));
  EXPECT_FALSE(productSumBound({0, 1}, {0, 1}, -1));
}

TEST(BoundsN9, Int32IsLegalIffBothEndsFit) {
  constexpr int64_t kMin32 = std::numeric_limits<int32_t>::min();
  constexpr int64_t kMax32 = std::numeric_limits<int32_t>::max();
  EXPECT_TRUE(fitsInt32({kMin32, kMax32}));
  EXPECT_FALSE(fitsInt32({kMin32 - 1, 0}));
  EXPECT_FALSE(fitsInt32({0, kMax32 + 1}));
}
