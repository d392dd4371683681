//===- TwoOperandTest.cpp - sums against all pairs ------------------------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/TwoOperand.h"
#include "SlowModel.h"

#include <gtest/gtest.h>
#include <limits>

using namespace qbias::numerics;
using slow::fraction;

namespace {

constexpr Range kInt8 = {-128, 127};

SumSegment sumOf(Rational sa, Rational sb, Rational sy, int64_t za = 0, int64_t zb = 0,
                 int64_t zy = 0, std::vector<Step> steps = {}) {
  return {std::move(sa),
          std::move(sb),
          za,
          zb,
          kInt8,
          kInt8,
          {std::move(steps), {std::move(sy), zy, kInt8}}};
}

/// N1 and N2 for one pair.
int64_t slowSum(const SumSegment &s, int64_t qa, int64_t qb) {
  return slow::chain((qa - s.zeroPointA) * s.scaleA + (qb - s.zeroPointB) * s.scaleB,
                     s.chain);
}

std::vector<int64_t> allPairs(const SumSegment &s) {
  std::vector<int64_t> outputs;
  for (int64_t qa = s.a.min; qa <= s.a.max; ++qa)
    for (int64_t qb = s.b.min; qb <= s.b.max; ++qb)
      outputs.push_back(slowSum(s, qa, qb));
  return outputs;
}

/// Wrong pairs, by N11's formula in unbounded integers.
int64_t countWrong(const SumSegment &s, const SumRequant &q,
                   const std::vector<int64_t> &expected) {
  Requant finish{q.form, 1, q.shift, 0, q.zeroPoint, q.lo, q.hi};
  int64_t wrong = 0;
  size_t i = 0;
  for (int64_t qa = s.a.min; qa <= s.a.max; ++qa)
    for (int64_t qb = s.b.min; qb <= s.b.max; ++qb) {
      Integer v = Integer(qa) * q.multiplierA + Integer(qb) * q.multiplierB + q.rounding;
      wrong += slow::finish(v, finish) != expected[i++];
    }
  return wrong;
}

/// Solves and compares all pairs at both ends of the interval of r and one
/// step outside. Returns the form.
Form expectSolved(const SumSegment &s) {
  std::optional<SumRequant> found = solveSum(s);
  EXPECT_TRUE(found);
  std::vector<int64_t> expected = allPairs(s);
  std::string why;
  EXPECT_TRUE(proves(*found, s, &why)) << why;
  if (found->form == Form::Table) {
    EXPECT_EQ(found->table, expected);
    return found->form;
  }
  EXPECT_LT(std::abs(found->multiplierA), int64_t(1) << kMultiplierBits);
  EXPECT_LT(std::abs(found->multiplierB), int64_t(1) << kMultiplierBits);
  EXPECT_TRUE(found->roundingMin <= found->rounding &&
              found->rounding <= found->roundingMax);
  SumRequant q = *found;
  for (auto [r, exact] : {std::pair{found->roundingMin, true},
                          {found->roundingMax, true},
                          {found->roundingMin - 1, false},
                          {found->roundingMax + 1, false}}) {
    q.rounding = r;
    EXPECT_EQ(countWrong(s, q, expected) == 0, exact) << r;
    EXPECT_EQ(proves(q, s), exact) << r;
  }
  return found->form;
}

} // namespace

TEST(SumN11, RandomAddsAreAffine) {
  slow::Random random(60);
  for (int i = 0; i < 6; ++i) {
    SumSegment s = sumOf(random.scale(0.01, 0.1), random.scale(0.01, 0.1),
                         random.scale(0.01, 0.1), random.integer(-128, 127),
                         random.integer(-128, 127), random.integer(-128, 127));
    if (i % 2)
      s.chain.steps.push_back(ClampStep{Rational(0), std::nullopt});
    EXPECT_EQ(expectSolved(s), Form::Affine);
  }
}

TEST(SumN11, SubtractionHasANegativeMultiplier) {
  SumSegment s = sumOf(*exactRational(0.031f), -*exactRational(0.047f),
                       *exactRational(0.053f), 3, -5, 7);
  EXPECT_EQ(expectSolved(s), Form::Affine);
  EXPECT_LT(solveSum(s)->multiplierB, 0);
}

TEST(SumN11, DyadicAddsMeetTies) {
  // s_a = s_b = s_y / 2: every odd sum is a tie.
  EXPECT_EQ(expectSolved(sumOf(1, 1, 2, 1, 0, 3)), Form::HalfEven);
  EXPECT_EQ(expectSolved(sumOf(fraction(1, 4), fraction(1, 8), 1, 0, 0, -1,
                               {ClampStep{Rational(0), std::nullopt}})),
            Form::HalfEven);
}

TEST(SumN11, TiesOnSixthsTakeATable) {
  EXPECT_EQ(expectSolved(sumOf(fraction(1, 6), fraction(1, 6), 1)), Form::Table);
}

TEST(SumN11, OtherTailsTakeATable) {
  EXPECT_EQ(expectSolved(sumOf(
                *exactRational(0.03f), *exactRational(0.02f), *exactRational(0.05f), 1, 2,
                3, {UnaryStep{UnaryFunction::LeakyRelu, fraction(1, 10), 0}})),
            Form::Table);
  EXPECT_EQ(expectSolved(sumOf(*exactRational(0.03f), *exactRational(0.02f),
                               *exactRational(0.05f), 1, 2, 3,
                               {UnaryStep{UnaryFunction::HardSwish, 0, 0}})),
            Form::Table);
}

TEST(SumN11, LinearTailsAreFoldedIntoTheSlopes) {
  EXPECT_EQ(expectSolved(sumOf(*exactRational(0.03f), *exactRational(0.02f),
                               *exactRational(0.05f), 1, 2, 3,
                               {LinearStep{fraction(2, 3), fraction(1, 7)}})),
            Form::Affine);
}

TEST(SumN11, DoubleScalesFarApart) {
  EXPECT_EQ(expectSolved(sumOf(*exactRational(0.1), *exactRational(1e-9),
                               *exactRational(0.3), 5, -128, 0)),
            Form::Affine);
}

TEST(SumN11, RealRangesOfTheOperandsAreEnough) {
  SumSegment s =
      sumOf(*exactRational(0.03f), *exactRational(0.02f), *exactRational(0.05f));
  s.a = {0, 100};
  s.b = {-3, 3};
  EXPECT_EQ(expectSolved(s), Form::Affine);
  EXPECT_EQ(solveSum(s)->table.size(), 0u);
}

TEST(SumN11, RIsTheExactValueWhereThatIsFeasible) {
  SumSegment s = sumOf(*exactRational(0.031f), *exactRational(0.047f),
                       *exactRational(0.053f), 30, -50, 7);
  SumRequant q = *solveSum(s);
  Integer ideal =
      slow::nearestEven(fraction(15, 2) * slow::power(q.shift)) + 50 * q.multiplierB;
  ideal -= slow::nearestEven(30 * s.scaleA / s.chain.out.scale * slow::power(q.shift));
  EXPECT_LE(abs(Integer(ideal - q.rounding)), 1);
}

TEST(SumN11, WideOperandsAreDeclined) {
  SumSegment s = sumOf(1, 1, 3);
  s.a = {-32768, 32767};
  EXPECT_FALSE(solveSum(s));
  std::string why;
  EXPECT_FALSE(proves(SumRequant(), s, &why));
  EXPECT_EQ(why, "operands of more than 256 values are not enumerated");
}

TEST(SumN11, FailuresNameThePair) {
  SumSegment s = sumOf(1, 1, 3);
  s.a = s.b = {0, 3};
  SumRequant q = *solveSum(s);
  std::string why;
  q.rounding += int64_t(1) << q.shift;
  EXPECT_FALSE(proves(q, s, &why));
  EXPECT_EQ(why, "pair (0, 0): expects 0, got 1");
  q.lo = q.hi = 0;
  q.rounding = std::numeric_limits<int64_t>::max();
  EXPECT_FALSE(proves(q, s, &why));
  EXPECT_EQ(why, "the sum leaves 64 bits");
  q.form = Form::Table;
  EXPECT_FALSE(proves(q, s, &why));
  EXPECT_EQ(why, "expects a table of 16 entries, got 0");
}

TEST(SumN11, EvaluateAndApplyAreTheDefinition) {
  SumSegment s = sumOf(*exactRational(0.03f), *exactRational(-0.02f),
                       *exactRational(0.05f), 1, 2, 3);
  SumRequant q = *solveSum(s);
  SumRequant table = q;
  table.form = Form::Table;
  table.table = allPairs(s);
  for (int64_t qa = -128; qa <= 127; qa += 17)
    for (int64_t qb = -128; qb <= 127; qb += 15) {
      EXPECT_EQ(evaluate(s, qa, qb), slowSum(s, qa, qb));
      EXPECT_EQ(applySum(q, s, qa, qb), slowSum(s, qa, qb));
      EXPECT_EQ(applySum(table, s, qa, qb), slowSum(s, qa, qb));
    }
}

//===----------------------------------------------------------------------===//
// N11b
//===----------------------------------------------------------------------===//

namespace {

AccumulatorSumSegment accumulatorSum(slow::Random &random, int64_t reach) {
  Rational sy = random.scale(0.01, 0.1);
  AccumulatorSumSegment s;
  s.unit = sy * random.scale(0.05, 0.5);
  s.offset = s.unit * Rational(random.normal());
  s.acc = {-reach, reach};
  s.scale = sy * random.scale(0.2, 2);
  s.zeroPoint = random.integer(-128, 127);
  s.operand = kInt8;
  s.chain = {{}, {sy, random.integer(-128, 127), kInt8}};
  return s;
}

int64_t slowSum(const AccumulatorSumSegment &s, int64_t acc, int64_t q) {
  return slow::chain(acc * s.unit + s.offset + (q - s.zeroPoint) * s.scale, s.chain);
}

int64_t countWrong(const AccumulatorSumSegment &s, const AccumulatorSumSolution &solution,
                   const std::vector<int64_t> &expected) {
  const Requant &r = solution.requant;
  int64_t wrong = 0;
  size_t i = 0;
  for (int64_t q = s.operand.min; q <= s.operand.max; ++q)
    for (int64_t acc = s.acc.min; acc <= s.acc.max; ++acc) {
      Integer v = Integer(acc) * r.multiplier + Integer(q) * solution.addendMultiplier +
                  r.rounding;
      wrong += slow::finish(v, r) != expected[i++];
    }
  return wrong;
}

/// As for sums: every (acc, q), both ends of the interval and one beyond.
Form expectSolved(const AccumulatorSumSegment &s) {
  std::optional<AccumulatorSumSolution> found = solveAccumulatorSum(s);
  EXPECT_TRUE(found);
  if (!found)
    return Form::Table;
  std::vector<int64_t> expected;
  for (int64_t q = s.operand.min; q <= s.operand.max; ++q)
    for (int64_t acc = s.acc.min; acc <= s.acc.max; ++acc)
      expected.push_back(slowSum(s, acc, q));
  AccumulatorSumSolution solution = *found;
  std::string why;
  EXPECT_TRUE(proves(solution, s, &why)) << why;
  for (auto [r, exact] : {std::pair{found->roundingMin, true},
                          {found->roundingMax, true},
                          {found->roundingMin - 1, false},
                          {found->roundingMax + 1, false}}) {
    solution.requant.rounding = r;
    EXPECT_EQ(countWrong(s, solution, expected) == 0, exact) << r;
    EXPECT_EQ(proves(solution, s), exact) << r;
  }
  return found->requant.form;
}

} // namespace

TEST(AccumulatorSumN11b, RandomChannelsAgainstEnumeration) {
  slow::Random random(61);
  for (int i = 0; i < 6; ++i) {
    AccumulatorSumSegment s = accumulatorSum(random, 100);
    if (i % 2)
      s.chain.steps.push_back(ClampStep{Rational(0), std::nullopt});
    if (i == 3)
      s.scale = -s.scale;
    EXPECT_EQ(expectSolved(s), Form::Affine);
  }
}

TEST(AccumulatorSumN11b, DyadicScalesNeedHalfEven) {
  AccumulatorSumSegment s{fraction(1, 4),      0, {-90, 90}, fraction(1, 2), 3, kInt8,
                          {{}, {1, -5, kInt8}}};
  EXPECT_EQ(expectSolved(s), Form::HalfEven);
}

TEST(AccumulatorSumN11b, WideAccumulatorsAroundTheirThresholds) {
  slow::Random random(62);
  for (int i = 0; i < 4; ++i) {
    AccumulatorSumSegment s = accumulatorSum(random, 3000000);
    s.unit /= 4096;
    s.offset /= 4096;
    std::optional<AccumulatorSumSolution> found = solveAccumulatorSum(s);
    ASSERT_TRUE(found);
    EXPECT_TRUE(proves(*found, s));
    for (int n = 0; n < 3000; ++n) {
      int64_t q = random.integer(-128, 127);
      Rational addend = s.offset + (q - s.zeroPoint) * s.scale;
      // The acc nearest to a random tie, and its neighbours.
      Rational tie = fraction(2 * random.integer(-300, 300) + 1, 2);
      Rational x = (tie * s.chain.out.scale - addend) / s.unit;
      int64_t centre = slow::nearestEven(x).get_si();
      for (int64_t acc = centre - 1; acc <= centre + 1; ++acc)
        if (s.acc.contains(acc)) {
          ASSERT_EQ(applyAccumulatorSum(*found, acc, q), slowSum(s, acc, q));
        }
    }
  }
}

TEST(AccumulatorSumN11b, DeadChannelAndNarrowOperand) {
  slow::Random random(63);
  AccumulatorSumSegment s = accumulatorSum(random, 0);
  s.operand = {4, 9};
  s.acc = {12, 12};
  std::optional<AccumulatorSumSolution> found = solveAccumulatorSum(s);
  ASSERT_TRUE(found);
  for (int64_t q = 4; q <= 9; ++q)
    EXPECT_EQ(applyAccumulatorSum(*found, 12, q), slowSum(s, 12, q));
}

TEST(AccumulatorSumN11b, WhatHasNoAffineFormIsDeclined) {
  slow::Random random(64);
  AccumulatorSumSegment s = accumulatorSum(random, 100);
  s.chain.steps.push_back(UnaryStep{UnaryFunction::LeakyRelu, fraction(1, 10), 0});
  EXPECT_FALSE(solveAccumulatorSum(s));
  s.chain.steps.clear();
  s.operand = {-32768, 32767};
  EXPECT_FALSE(solveAccumulatorSum(s));
  AccumulatorSumSegment sixths{fraction(1, 6),     0, {-90, 90}, fraction(1, 6), 0, kInt8,
                               {{}, {1, 0, kInt8}}};
  EXPECT_FALSE(solveAccumulatorSum(sixths));
}

TEST(AccumulatorSumN11b, FailuresNameTheOperand) {
  slow::Random random(65);
  AccumulatorSumSegment s = accumulatorSum(random, 100);
  AccumulatorSumSolution solution = *solveAccumulatorSum(s);
  solution.requant.rounding = solution.roundingMax + 1;
  std::string why;
  EXPECT_FALSE(proves(solution, s, &why));
  EXPECT_EQ(why.rfind("operand ", 0), 0u) << why;
  for (int64_t acc : {-100, 3, 100})
    EXPECT_EQ(evaluate(s, acc, 17), slowSum(s, acc, 17));
}
