//===- WideTest.cpp - two limbs, ties of any ratio, deviations ------------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Wide.h"

#include "SlowModel.h"

#include <gtest/gtest.h>

using namespace qbias::numerics;
using slow::fraction;
using slow::Random;

namespace {

/// The program of Wide.h limb by limb, in unbounded integers.
int64_t limbByLimb(const WideRequant &q, int64_t acc, int64_t addend) {
  Integer low = Integer(acc) * q.multiplierLow + Integer(addend) * q.addendLow +
                Integer(q.roundingLow);
  Integer v = Integer(acc) * q.multiplier + Integer(addend) * q.addendMultiplier +
              Integer(q.rounding) + slow::floorDivide(low, slow::power(q.limb));
  EXPECT_LT(abs(low), slow::power(63));
  EXPECT_LT(abs(v) + q.tie, slow::power(63));
  Integer down = slow::floorDivide(v, slow::power(q.shift));
  Integer up = slow::floorDivide(v + q.tie, slow::power(q.shift));
  return slow::limit((down % 2 == 0 ? down : up) + q.zeroPoint, q.lo, q.hi);
}

struct Case {
  Rational unit, offset;
  Chain chain;
  Range acc;

  Staircase staircase() const { return buildStaircase(unit, offset, chain, acc); }
  Target target() const {
    const QuantParams &out = chain.out;
    return {unit / out.scale, offset / out.scale, out.zeroPoint, kWideMultiplierBits};
  }
  int64_t reference(int64_t acc) const {
    return slow::clampChain(acc * unit + offset, chain);
  }
};

Chain chainOf(Rational scale, int64_t zeroPoint, Range storage = {-32768, 32767}) {
  Chain chain;
  chain.out = {scale, zeroPoint, storage};
  return chain;
}

void expectExactEverywhere(const Case &c) {
  auto solution = solveWide(c.staircase(), c.target());
  ASSERT_TRUE(solution);
  std::string why;
  EXPECT_TRUE(proves(*solution, c.staircase(), &why)) << why;
  for (int64_t acc = c.acc.min; acc <= c.acc.max; ++acc) {
    ASSERT_EQ(applyWide(*solution, acc), c.reference(acc)) << "acc " << acc;
    ASSERT_EQ(limbByLimb(*solution, acc, 0), c.reference(acc)) << "acc " << acc;
  }
}

} // namespace

TEST(WideTest, TiesOfAnyRatioGoToEven) {
  for (int64_t denominator : {2, 4, 6, 10, 12, 36, 1000})
    for (int64_t zeroPoint : {0, 1, -7})
      expectExactEverywhere(
          {fraction(1, denominator), 0, chainOf(1, zeroPoint), {-5000, 5000}});
}

TEST(WideTest, TiesBehindAnOffset) {
  expectExactEverywhere({fraction(5, 6), fraction(1, 3), chainOf(1, 3), {-4000, 4000}});
  expectExactEverywhere({fraction(3, 2), fraction(7, 2), chainOf(1, 0), {-30000, 30000}});
}

TEST(WideTest, ClampsAndSaturation) {
  Chain chain = chainOf(1, 5);
  chain.steps.push_back(ClampStep{Rational(0), Rational(100)});
  expectExactEverywhere({fraction(1, 6), 0, chain, {-3000, 3000}});
  expectExactEverywhere({fraction(21, 2), 0, chainOf(1, 0), {-5000, 5000}});
}

TEST(WideTest, RandomChannelsOf16Bits) {
  Random random(1);
  for (int i = 0; i < 12; ++i) {
    Rational sx = random.scale(1e-5, 1e-3), sw = random.scale(1e-4, 1e-2);
    int64_t reach = random.integer(int64_t(1) << 22, int64_t(1) << 32);
    Rational sy = sx * sw * reach / 40000;
    Case c = {sx * sw,
              Rational(random.normal()) * sy * 100,
              chainOf(Rational(static_cast<float>(sy.get_d())), 0),
              {-reach, reach}};
    auto solution = solveWide(c.staircase(), c.target());
    ASSERT_TRUE(solution) << "reach " << reach;
    std::string why;
    EXPECT_TRUE(proves(*solution, c.staircase(), &why)) << why;
    for (int j = 0; j < 2000; ++j) {
      int64_t acc = random.integer(-reach, reach);
      ASSERT_EQ(limbByLimb(*solution, acc, 0), c.reference(acc)) << "acc " << acc;
    }
  }
}

TEST(WideTest, AChangedConstantIsNotProven) {
  Case c = {fraction(1, 6), 0, chainOf(1, 0), {-5000, 5000}};
  Staircase staircase = c.staircase();
  WideRequant good = *solveWide(staircase, c.target());
  ASSERT_TRUE(proves(good, staircase));
  std::string why;
  WideRequant bad = good;
  bad.tie = 0;
  EXPECT_FALSE(proves(bad, staircase, &why));
  EXPECT_NE(why.find("expects"), std::string::npos);
  bad = good;
  bad.rounding += int64_t(1) << (bad.shift - 2);
  EXPECT_FALSE(proves(bad, staircase));
  bad = good;
  bad.roundingLow = int64_t(1) << bad.limb;
  EXPECT_FALSE(proves(bad, staircase));
  bad = good;
  bad.zeroPoint += 1;
  EXPECT_FALSE(proves(bad, staircase));
  bad = good;
  bad.multiplier = int64_t(1) << 60;
  EXPECT_FALSE(proves(bad, staircase, &why));
  EXPECT_EQ(why, "a sum leaves 64 bits");
}

TEST(WideTest, AnAccumulatorThatFillsALimbHasNoForm) {
  int64_t reach = int64_t(1) << 61;
  Case c = {fraction(1, 2), 0, chainOf(slow::power(50), 0, {-128, 127}), {-reach, reach}};
  EXPECT_FALSE(solveWide(c.staircase(), c.target()));
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

namespace {

SumSegment sumOf(Rational a, Rational b, Rational y, int64_t za, int64_t zb, int64_t zy) {
  SumSegment segment;
  segment.scaleA = a;
  segment.scaleB = b;
  segment.zeroPointA = za;
  segment.zeroPointB = zb;
  segment.a = segment.b = {-32768, 32767};
  segment.chain = chainOf(y, zy);
  return segment;
}

int64_t slowSum(const SumSegment &s, int64_t qa, int64_t qb) {
  return slow::chain((qa - s.zeroPointA) * s.scaleA + (qb - s.zeroPointB) * s.scaleB,
                     s.chain);
}

void expectExactSamples(const SumSegment &segment, Random &random) {
  auto solution = solveWide(segment);
  ASSERT_TRUE(solution);
  for (int i = 0; i < 6000; ++i) {
    int64_t qa = random.integer(segment.a.min, segment.a.max);
    int64_t qb = random.integer(segment.b.min, segment.b.max);
    if (i % 4 == 0) // near zero, where nothing saturates and ties are frequent
      qa = random.integer(-40, 40), qb = random.integer(-40, 40);
    ASSERT_EQ(limbByLimb(*solution, qa, qb), slowSum(segment, qa, qb)) << qa << " " << qb;
    ASSERT_EQ(applyWide(*solution, qa, qb), slowSum(segment, qa, qb)) << qa << " " << qb;
  }
}

} // namespace

TEST(WideTest, SumsWithTies) {
  Random random(2);
  expectExactSamples(sumOf(1, 1, 2, 0, 0, 0), random);
  expectExactSamples(sumOf(1, 1, 2, 3, -4, 5), random);
  expectExactSamples(sumOf(1, 3, 6, 0, 0, 1), random);
  expectExactSamples(sumOf(1, -1, fraction(3, 2), 0, 7, 0), random);
}

TEST(WideTest, RandomSums) {
  Random random(3);
  for (int i = 0; i < 20; ++i) {
    SumSegment segment = sumOf(random.scale(1e-4, 1e-2), random.scale(1e-4, 1e-2),
                               random.scale(1e-4, 1e-2), random.integer(-100, 100),
                               random.integer(-100, 100), random.integer(-3, 3));
    if (i % 3 == 0)
      segment.chain.steps.push_back(ClampStep{Rational(0), std::nullopt});
    expectExactSamples(segment, random);
  }
}

TEST(WideTest, AChangedSumIsNotProven) {
  SumSegment segment = sumOf(1, 3, 6, 0, 0, 0);
  WideRequant good = *solveWide(segment);
  ASSERT_TRUE(proves(good, segment));
  WideRequant bad = good;
  bad.addendMultiplier += int64_t(1) << (bad.shift - 8);
  EXPECT_FALSE(proves(bad, segment));
  bad = good;
  bad.tie = 0;
  EXPECT_FALSE(proves(bad, segment));
  bad = good;
  bad.rounding += bad.tie;
  EXPECT_FALSE(proves(bad, segment));
  segment.chain.steps.push_back(UnaryStep{UnaryFunction::Sigmoid});
  EXPECT_FALSE(solveWide(segment));
}

//===----------------------------------------------------------------------===//
// Deviations
//===----------------------------------------------------------------------===//

TEST(WideTest, DeviationsAreCounted) {
  Random random(4);
  for (int i = 0; i < 40; ++i) {
    Case c = {fraction(random.integer(1, 50), random.integer(1, 50)),
              0,
              chainOf(1, random.integer(-9, 9), {-128, 127}),
              {-700, 900}};
    Staircase staircase = c.staircase();
    int shift = static_cast<int>(random.integer(2, 9));
    Integer m = roundHalfEven(c.unit * powerOfTwo(shift));
    auto program = [&](int64_t acc) {
      Integer y = slow::floorDivide(Integer(acc) * m, slow::power(shift));
      return slow::limit(y + c.chain.out.zeroPoint, -128, 127);
    };
    int64_t wrong = 0, largest = 0;
    for (int64_t acc = c.acc.min; acc <= c.acc.max; ++acc) {
      int64_t difference = std::abs(program(acc) - c.reference(acc));
      wrong += difference != 0;
      largest = std::max(largest, difference);
    }
    Deviation deviation = deviationOf(staircase, program);
    EXPECT_EQ(deviation.wrong, wrong);
    EXPECT_EQ(deviation.largest, largest);
  }
}
