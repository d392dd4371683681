//===- CertificateTest.cpp - intervals of r, proofs, the plain recipe -----===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Certificate.h"
#include "SlowModel.h"

#include <gtest/gtest.h>
#include <limits>

using namespace qbias::numerics;
using slow::fraction;

namespace {

constexpr int64_t kMax64 = std::numeric_limits<int64_t>::max();

/// A random non-decreasing function on a small range, built without
/// buildStaircase: any thresholds will do.
Staircase randomStaircase(slow::Random &random, bool nearLinear) {
  Staircase s;
  s.acc = {random.integer(-40, 10), 0};
  s.acc.max = s.acc.min + random.integer(0, 60);
  s.output = {random.integer(-6, 2), 0};
  s.output.max = s.output.min + random.integer(0, 8);
  Rational slope = fraction(random.integer(1, 40), 32);
  Rational start = fraction(random.integer(-300, 300), 32);
  for (int64_t n = s.output.min + 1; n <= s.output.max; ++n) {
    Rational x = (n - start) / slope;
    int64_t t = slow::floorDivide(x.get_num(), x.get_den()).get_si() + 1;
    if (!nearLinear)
      t += random.integer(-1, 1);
    t = std::min(std::max(t, s.acc.min), s.acc.max + 1);
    s.thresholds.push_back(s.thresholds.empty() ? t : std::max(t, s.thresholds.back()));
  }
  return s;
}

/// y(acc) by counting, not with Staircase::at.
int64_t output(const Staircase &s, int64_t acc) {
  int64_t y = s.output.min;
  for (int64_t t : s.thresholds)
    y += acc >= t;
  return y;
}

bool equalEverywhere(const Staircase &s, const Requant &q) {
  for (int64_t acc = s.acc.min; acc <= s.acc.max; ++acc)
    if (slow::apply(acc, q) != output(s, acc))
      return false;
  return true;
}

Requant randomRequant(slow::Random &random, const Staircase &s) {
  Requant q;
  q.form = random.integer(0, 1) ? Form::Affine : Form::HalfEven;
  q.shift = static_cast<int>(random.integer(1, 7));
  q.multiplier = random.integer(1, int64_t(3) << q.shift >> 1);
  q.zeroPoint = q.form == Form::HalfEven ? random.integer(-3, 3) : 0;
  q.rounding = random.integer(-300, 300);
  q.lo = s.output.min;
  q.hi = s.output.max;
  return q;
}

} // namespace

TEST(CertificateN7, FeasibleRoundingIsTheExactSet) {
  slow::Random random(40);
  constexpr int64_t kWindow = 3000;
  int feasible = 0;
  for (int i = 0; i < 400; ++i) {
    Staircase s = randomStaircase(random, i % 2);
    Requant q = randomRequant(random, s);
    Range r = feasibleRounding(s, q.form, q.multiplier, q.shift, q.zeroPoint);
    feasible += r.min <= r.max;
    for (int64_t candidate = -kWindow; candidate <= kWindow;
         candidate += random.integer(1, 40)) {
      q.rounding = candidate;
      ASSERT_EQ(equalEverywhere(s, q), r.contains(candidate)) << candidate;
    }
    // Where 64 bits end the interval, another test looks.
    constexpr int64_t kFar = int64_t(1) << 40;
    if (r.min > r.max || r.min < -kFar || r.max > kFar)
      continue;
    for (int64_t edge : {r.min - 1, r.min, r.max, r.max + 1}) {
      q.rounding = edge;
      ASSERT_EQ(equalEverywhere(s, q), r.contains(edge)) << edge;
    }
  }
  EXPECT_GT(feasible, 100);
  EXPECT_LT(feasible, 390);
}

TEST(CertificateN7, ProvesAgreesWithEveryAcc) {
  slow::Random random(41);
  int proven = 0;
  for (int i = 0; i < 3000; ++i) {
    Staircase s = randomStaircase(random, true);
    Requant q = randomRequant(random, s);
    Range r = feasibleRounding(s, q.form, q.multiplier, q.shift, q.zeroPoint);
    if (i % 2 && r.min <= r.max && std::abs(r.min) < 1 << 20)
      q.rounding = r.min - random.integer(0, 1);
    if (i % 7 == 0)
      q.lo -= 1; // a looser clamp is right only where nothing saturates
    bool expected = equalEverywhere(s, q);
    proven += expected;
    std::string why;
    ASSERT_EQ(proves(q, s, &why), expected) << why;
    ASSERT_EQ(why.empty(), expected);
  }
  EXPECT_GT(proven, 200);
}

TEST(CertificateN7, DeadChannelLeavesRNotFree) {
  for (auto [threshold, expected] : {std::pair{5, 1}, std::pair{6, 0}}) {
    Staircase s{{5, 5}, {0, 1}, {threshold}};
    Range r = feasibleRounding(s, Form::Affine, 3, 4, 0);
    Requant q{Form::Affine, 3, 4, 0, 0, 0, 1};
    for (int64_t candidate = -100; candidate <= 100; ++candidate) {
      q.rounding = candidate;
      EXPECT_EQ(r.contains(candidate), slow::apply(5, q) == expected);
    }
  }
}

TEST(CertificateN6, FeasibleRoundingRespectsTheSixtyFourBitSum) {
  Staircase constant{{-10, 20}, {3, 3}, {}};
  Range r = feasibleRounding(constant, Form::Affine, 7, 9, 0);
  EXPECT_EQ(r, (Range{-kMax64 + 70, kMax64 - 140}));
  r = feasibleRounding(constant, Form::HalfEven, 7, 9, 0);
  EXPECT_EQ(r, (Range{-kMax64 + 70, kMax64 - 140 - 256}));
  // acc * m spans more than 64 bits: nothing fits.
  Staircase wide{{-(int64_t(1) << 40), int64_t(1) << 40}, {3, 3}, {}};
  r = feasibleRounding(wide, Form::Affine, int64_t(1) << 30, 9, 0);
  EXPECT_GT(r.min, r.max);
}

TEST(CertificateN6, IllegalMultipliersAndShiftsAreInfeasible) {
  Staircase s{{0, 3}, {0, 0}, {}};
  auto empty = [&](Form form, int64_t m, int k) {
    Range r = feasibleRounding(s, form, m, k, 0);
    return r.min > r.max;
  };
  EXPECT_FALSE(empty(Form::Affine, 1, 1));
  EXPECT_TRUE(empty(Form::Affine, 0, 1));
  EXPECT_TRUE(empty(Form::Affine, -1, 1));
  EXPECT_TRUE(empty(Form::Affine, int64_t(1) << 40, 1));
  EXPECT_TRUE(empty(Form::Affine, 1, 0));
  EXPECT_TRUE(empty(Form::Affine, 1, 63));
  EXPECT_TRUE(empty(Form::Table, 1, 1));
}

TEST(CertificateN7, FailureNamesLevelThresholdAndBothOutputs) {
  Staircase s{{-10, 10}, {0, 2}, {-3, 4}};
  Requant q{Form::Affine, 1, 3, 3, 0, 0, 2}; // level 1 from acc 5 on
  std::string why;
  EXPECT_FALSE(proves(q, s, &why));
  EXPECT_EQ(why, "level 2, threshold 4: expects 2 at acc 10, got 1");
  q.rounding = 20; // level 2 from acc -4 on
  EXPECT_FALSE(proves(q, s, &why));
  EXPECT_EQ(why, "level 0: expects 0 at acc -10, got 1");
  q.multiplier = 0;
  EXPECT_FALSE(proves(q, s, &why));
  EXPECT_EQ(why, "expects form affine or half_even, 0 < m < 2^40, 1 <= k <= 62");
  q = {Form::Affine, 1, 3, kMax64, 0, 0, 2};
  EXPECT_FALSE(proves(q, s, &why));
  EXPECT_EQ(why, "acc * m + r leaves 64 bits");
  EXPECT_FALSE(proves(q, s));
}

TEST(CertificateN7, LargestShiftFillsTheBits) {
  slow::Random random(42);
  for (int i = 0; i < 500; ++i) {
    Rational slope = random.scale(1e-12, 1e6) / random.integer(1, 9);
    int bits = static_cast<int>(random.integer(20, 40));
    int k = largestShift(slope, bits);
    ASSERT_LT(slope * powerOfTwo(k), slow::power(bits));
    if (k < kMaxShift) {
      ASSERT_GE(slope * powerOfTwo(k + 1), slow::power(bits));
    }
  }
  EXPECT_EQ(largestShift(powerOfTwo(-100), 31), 62);
  EXPECT_EQ(largestShift(1, 31), 30);
  EXPECT_EQ(largestShift(fraction(3, 2), 31), 30);
  EXPECT_EQ(largestShift(2, 31), 29);
  EXPECT_EQ(largestShift(powerOfTwo(40), 31), -10);
}

TEST(CertificateN7, NeighboursStartWithTheNearest) {
  EXPECT_EQ(neighbours(fraction(7, 8), 2), std::make_pair(Integer(3), Integer(4)));
  EXPECT_EQ(neighbours(fraction(15, 16), 2), std::make_pair(Integer(4), Integer(3)));
  EXPECT_EQ(neighbours(fraction(-7, 8), 1), std::make_pair(Integer(-2), Integer(-1)));
  EXPECT_EQ(neighbours(fraction(3, 4), 2), std::make_pair(Integer(3), Integer(3)));
}

namespace {
/// Section 4, `single`: floor(acc * m / 2^k + 1/2) + z, clamped.
int64_t slowSingle(int64_t acc, const Requant &q, int64_t zeroPoint) {
  Rational x = Rational(Integer(acc) * q.multiplier) / slow::power(q.shift);
  x += fraction(1, 2);
  return slow::limit(slow::floorDivide(x.get_num(), x.get_den()) + zeroPoint, q.lo, q.hi);
}
} // namespace

TEST(PlainRecipe, MantissaAndShiftOfTheProducers) {
  Range out = {-128, 127};
  Requant q = plainRecipe(0.5, 0, out);
  EXPECT_EQ(q.multiplier, int64_t(1) << 30);
  EXPECT_EQ(q.shift, 31);
  EXPECT_EQ(q.rounding, int64_t(1) << 30);
  // The mantissa rounds up to 2^31 and is renormalised.
  q = plainRecipe(std::nextafter(1.0, 0.0), 0, out);
  EXPECT_EQ(q.multiplier, int64_t(1) << 30);
  EXPECT_EQ(q.shift, 30);
  // Half away: mantissa * 2^31 = 2^30 + 1/2.
  q = plainRecipe(0.5 + std::ldexp(1.0, -32), 0, out);
  EXPECT_EQ(q.multiplier, (int64_t(1) << 30) + 1);
  // 0.0072474273418460 is gemmlowp's documented example.
  q = plainRecipe(0.0072474273418460, 0, out);
  EXPECT_EQ(q.multiplier, 1992157658);
  EXPECT_EQ(q.shift, 38);
}

TEST(PlainRecipe, ExtremeMultipliersFlushAndSaturate) {
  Range out = {-128, 127};
  Requant q = plainRecipe(std::ldexp(1.0, -40), 0, out); // 2^30 >> 70
  EXPECT_EQ(q.shift, 62);
  EXPECT_EQ(q.multiplier, int64_t(1) << 22);
  q = plainRecipe(std::ldexp(1.0, -200), 0, out);
  EXPECT_EQ(q.multiplier, 0);
  EXPECT_EQ(applyRequant(int64_t(1) << 31, q), 0);
  q = plainRecipe(std::ldexp(1.0, 40), 0, out);
  EXPECT_EQ(q.multiplier, (int64_t(1) << 31) - 1);
  EXPECT_EQ(q.shift, 1);
  // A zero point that 2^62 cannot hold at k = 70.
  q = plainRecipe(std::ldexp(1.0, -40), -128, out);
  EXPECT_EQ(q.shift, 55);
  EXPECT_EQ(q.multiplier, int64_t(1) << 15);
  EXPECT_TRUE(fitsInt64(q, {-(int64_t(1) << 31), int64_t(1) << 31}));
  EXPECT_EQ(applyRequant(0, q), -128);
}

TEST(PlainRecipe, EqualsRoundingHalfUpPlusZeroPoint) {
  slow::Random random(43);
  for (int i = 0; i < 3000; ++i) {
    int64_t z = random.integer(-128, 127);
    Requant q = plainRecipe(random.real(1e-9, 10), z, {-128, 127});
    for (int64_t acc :
         {random.integer(-100000, 100000), random.integer(-300, 300), int64_t(0)})
      ASSERT_EQ(applyRequant(acc, q), slowSingle(acc, q, z));
  }
}
