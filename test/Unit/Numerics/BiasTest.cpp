//===- BiasTest.cpp - bias constants, residues, saturation ----------------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Bias.h"
#include "SlowModel.h"

#include <gtest/gtest.h>
#include <limits>
#include <set>

using namespace qbias::numerics;
using slow::fraction;

namespace {
constexpr int64_t kMin32 = std::numeric_limits<int32_t>::min();
constexpr int64_t kMax32 = std::numeric_limits<int32_t>::max();
constexpr Range kInt32 = {kMin32, kMax32};
} // namespace

TEST(BiasN5, RoundsHalfToEvenOnTheExactGrid) {
  Rational sx = fraction(1, 4), sw = fraction(1, 2); // grid 1/8
  EXPECT_EQ(materializeBias(fraction(5, 16), sx, sw, kInt32).integer, 2);
  EXPECT_EQ(materializeBias(fraction(7, 16), sx, sw, kInt32).integer, 4);
  EXPECT_EQ(materializeBias(fraction(-5, 16), sx, sw, kInt32).integer, -2);
  EXPECT_EQ(materializeBias(fraction(5, 16), sx, sw, kInt32).residue, fraction(1, 16));
}

TEST(BiasN5, OnGridBiasLeavesNoResidue) {
  slow::Random random(3);
  for (int i = 0; i < 500; ++i) {
    Rational sx = random.scale(1e-4, 1), sw = random.scale(1e-6, 1e-1);
    int64_t q = random.integer(kMin32, kMax32);
    BiasConstant bias = materializeBias(q * sx * sw, sx, sw, kInt32);
    ASSERT_EQ(bias.integer, q);
    ASSERT_EQ(bias.residue, 0);
    ASSERT_FALSE(bias.saturated);
  }
}

TEST(BiasN5, IntegerAndResidueAreTheBias) {
  slow::Random random(4);
  for (int i = 0; i < 2000; ++i) {
    Rational sx = random.scale(1e-4, 1), sw = random.scale(1e-6, 1e-1);
    Rational b(random.normal());
    BiasConstant bias = materializeBias(b, sx, sw, kInt32);
    Rational grid = sx * sw;
    ASSERT_EQ(bias.integer * grid + bias.residue, b);
    if (!bias.saturated) {
      ASSERT_EQ(bias.integer, slow::nearestEven(b / grid));
      ASSERT_LE(abs(bias.residue) * 2, grid);
    }
  }
}

TEST(BiasN10, OverflowSaturatesAndTheResidueTakesTheRest) {
  Rational sx = fraction(1, 100), sw = powerOfTwo(-60), b = 3;
  BiasConstant bias = materializeBias(b, sx, sw, {-5000, 7000});
  EXPECT_TRUE(bias.saturated);
  EXPECT_EQ(bias.integer, 7000);
  EXPECT_EQ(bias.residue, b - 7000 * sx * sw);
  bias = materializeBias(-b, sx, sw, {-5000, 7000});
  EXPECT_TRUE(bias.saturated);
  EXPECT_EQ(bias.integer, -5000);
  EXPECT_EQ(bias.residue, -b + 5000 * sx * sw);
}

TEST(BiasN10, AnUnlimitedConstantAtTheRimIsNotSaturated) {
  EXPECT_FALSE(materializeBias(7000, 1, 1, {-5000, 7000}).saturated);
  EXPECT_TRUE(materializeBias(7001, 1, 1, {-5000, 7000}).saturated);
}

TEST(Bias, ZeroScaleChannelKeepsTheBiasAsResidue) {
  BiasConstant bias = materializeBias(fraction(2, 3), 1, 0, kInt32);
  EXPECT_EQ(bias.integer, 0);
  EXPECT_EQ(bias.residue, fraction(2, 3));
}

TEST(BiasN9, AllowedBiasKeepsEverySumAnInt32) {
  EXPECT_EQ(allowedBias({-10, 20}), (Range{kMin32 + 10, kMax32 - 20}));
  EXPECT_EQ(allowedBias({0, 0}), kInt32);
  EXPECT_EQ(allowedBias(kInt32), (Range{0, 0}));
  // The bias is stored in 32 bits itself.
  EXPECT_EQ(allowedBias({5, 10}), (Range{kMin32, kMax32 - 10}));
  EXPECT_EQ(allowedBias({-10, -5}), (Range{kMin32 + 10, kMax32}));
  EXPECT_FALSE(allowedBias({kMin32 - 1, 0}));
  EXPECT_FALSE(allowedBias({0, kMax32 + 1}));
}

TEST(Bias, CasesHaveDistinctNames) {
  std::set<std::string_view> names;
  for (BiasCase c :
       {BiasCase::Float, BiasCase::OnGrid, BiasCase::Rescaled, BiasCase::Overflow,
        BiasCase::Shared, BiasCase::Absent, BiasCase::DeadChannel})
    names.insert(biasCaseName(c));
  EXPECT_EQ(names.size(), 7u);
  EXPECT_EQ(biasCaseName(BiasCase::OnGrid), "on_grid");
}
