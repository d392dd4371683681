//===- StaircaseTest.cpp - thresholds against every accumulator -----------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Staircase.h"
#include "SlowModel.h"

#include <gtest/gtest.h>

using namespace qbias::numerics;
using slow::fraction;

namespace {

constexpr Range kInt8 = {-128, 127};

/// Compares outputs and thresholds with N7's definition at every acc.
void expectExact(const Rational &unit, const Rational &offset, const Chain &chain,
                 Range acc) {
  Staircase staircase = buildStaircase(unit, offset, chain, acc);
  std::vector<int64_t> outputs;
  for (int64_t a = acc.min; a <= acc.max; ++a)
    outputs.push_back(slow::chain(a * unit + offset, chain));
  ASSERT_EQ(tabulate(staircase), outputs);
  ASSERT_EQ(staircase.acc, acc);
  int64_t lo = staircase.output.min, hi = staircase.output.max;
  ASSERT_EQ(staircase.thresholds.size(), size_t(hi - lo));
  for (int64_t level = lo + 1; level <= hi; ++level) {
    int64_t first = acc.min;
    while (first <= acc.max && outputs[first - acc.min] < level)
      ++first;
    ASSERT_EQ(staircase.thresholds[level - lo - 1], first) << level;
  }
}

Chain chainOf(std::vector<Step> steps, Rational scale, int64_t zeroPoint = 0,
              Range storage = kInt8) {
  return {std::move(steps), {std::move(scale), zeroPoint, storage}};
}

std::vector<Step> randomClamps(slow::Random &random) {
  std::vector<Step> steps;
  for (int64_t i = random.integer(0, 2); i > 0; --i) {
    ClampStep clamp;
    if (random.integer(0, 2))
      clamp.lo = Rational(random.normal());
    if (random.integer(0, 2))
      clamp.hi = Rational(random.normal() + 2);
    steps.push_back(clamp);
  }
  return steps;
}

} // namespace

TEST(StaircaseN7, ClampChainsOnRandomScales) {
  slow::Random random(30);
  for (int i = 0; i < 250; ++i) {
    Range storage = random.integer(0, 1) ? kInt8 : Range{0, 255};
    Rational s = random.scale(0.01, 0.1);
    Chain chain = chainOf(randomClamps(random), s,
                          random.integer(storage.min, storage.max), storage);
    Rational unit = s * random.scale(0.05, 3);
    Range acc = {-random.integer(0, 400), random.integer(0, 400)};
    expectExact(unit, Rational(random.normal()) * unit, chain, acc);
  }
}

TEST(StaircaseN7, TiesGoToTheEvenNeighbour) {
  for (int64_t zeroPoint : {-3, 0, 1, 4})
    for (const Rational &m :
         {fraction(1, 2), fraction(1, 4), fraction(1, 6), fraction(3, 2), Rational(1)})
      for (const Rational &offset : {Rational(0), fraction(1, 2)})
        expectExact(m, offset, chainOf({}, 1, zeroPoint), {-300, 300});
  // Half a unit above zero reaches level 1 only beyond the tie, level 2 on it.
  Staircase half =
      buildStaircase(fraction(1, 2), 0, chainOf({}, 1, 0, {0, 2}), {-10, 10});
  EXPECT_EQ(half.thresholds, (std::vector<int64_t>{2, 3}));
}

TEST(StaircaseN6, BoundsOffTheGridAndContradictoryClamps) {
  Rational s = *exactRational(0.1f), unit = s / 7;
  for (Rational bound : {fraction(1, 4), fraction(7, 20), Rational(6)})
    expectExact(unit, 0, chainOf({ClampStep{Rational(-bound), bound}}, s, 3),
                {-900, 900});
  expectExact(unit, 0, chainOf({ClampStep{Rational(1), Rational(-1)}}, s), {-300, 300});
  expectExact(unit, 0,
              chainOf({ClampStep{std::nullopt, Rational(-1)},
                       ClampStep{Rational(2), std::nullopt}},
                      s),
              {-300, 300});
}

TEST(StaircaseN7, HugeDenominatorsTakeTheSlowPath) {
  Integer third = 1;
  mpz_ui_pow_ui(third.get_mpz_t(), 3, 200);
  Rational unit = Rational(1, 5) + Rational(1) / third;
  expectExact(unit, Rational(-2) / third, chainOf({}, 1, 1), {-400, 400});
  // s / unit beyond 2^100: one level is wider than any range.
  expectExact(powerOfTwo(-150), 0, chainOf({}, 1), {-50, 50});
  expectExact(powerOfTwo(-150), fraction(1, 2), chainOf({}, 1), {-50, 50});
  expectExact(powerOfTwo(-150), fraction(3, 2), chainOf({}, 1), {-50, 50});
}

TEST(StaircaseN7, SlopesBeyondOneAndWideRanges) {
  expectExact(Rational(300), fraction(1, 3), chainOf({}, 1), {-20, 20});
  expectExact(powerOfTwo(80), 5, chainOf({}, 1), {-3, 3});
  constexpr int64_t kFar = int64_t(1) << 61;
  Staircase wide = buildStaircase(powerOfTwo(-56), 0, chainOf({}, 1), {-kFar, kFar});
  EXPECT_EQ(wide.at(kFar), 32);
  EXPECT_EQ(wide.at(-kFar), -32);
  EXPECT_EQ(wide.at(int64_t(1) << 55), 0);
  EXPECT_EQ(wide.at((int64_t(1) << 55) + 1), 1);
}

TEST(StaircaseN9, DeadChannelsHaveOnePoint) {
  for (const Rational &offset :
       {Rational(0), fraction(5, 2), Rational(-1000), Rational(1000)})
    expectExact(fraction(1, 3), offset, chainOf({}, 1, -7), {11, 11});
}

TEST(StaircaseN13, PiecewiseLinearTails) {
  slow::Random random(31);
  for (int i = 0; i < 60; ++i) {
    Rational s = random.scale(0.01, 0.1);
    Rational unit = s * random.scale(0.2, 2);
    Rational alpha = fraction(random.integer(0, 5), 10);
    std::vector<Step> tail[] = {
        {UnaryStep{UnaryFunction::LeakyRelu, alpha, 0}},
        {UnaryStep{UnaryFunction::HardSigmoid, alpha, fraction(1, 2)}},
        {LinearStep{alpha, Rational(random.normal())}},
        {ClampStep{Rational(-1), std::nullopt},
         UnaryStep{UnaryFunction::LeakyRelu, alpha, 0}, LinearStep{2, fraction(1, 3)}}};
    for (const std::vector<Step> &steps : tail)
      expectExact(unit, Rational(random.normal()) * unit,
                  chainOf(steps, s, random.integer(-50, 50)), {-250, 250});
  }
}

TEST(StaircaseN3, QuantizeReluQuantizeKeepsBothRoundings) {
  slow::Random random(32);
  for (int i = 0; i < 60; ++i) {
    QuantParams inner = {random.scale(0.01, 0.2), random.integer(-128, 127), kInt8};
    Rational s = i % 2 ? inner.scale : random.scale(0.01, 0.2);
    Chain chain = chainOf({RequantizeStep{inner}, ClampStep{Rational(0), std::nullopt}},
                          s, random.integer(-128, 0));
    expectExact(random.scale(0.005, 0.2), Rational(random.normal()), chain, {-300, 300});
  }
}

TEST(StaircaseN13, CurvedTails) {
  slow::Random random(33);
  const UnaryStep steps[] = {
      {UnaryFunction::Sigmoid, 0, 0}, {UnaryFunction::Tanh, 0, 0},
      {UnaryFunction::Exp, 0, 0},     {UnaryFunction::Sqrt, 0, 0},
      {UnaryFunction::Elu, 1, 0},     {UnaryFunction::Elu, fraction(1, 3), 0}};
  for (const UnaryStep &step : steps)
    for (int i = 0; i < 4; ++i) {
      SCOPED_TRACE(std::string(unaryFunctionName(step.function)));
      Rational unit = random.scale(0.01, 0.05);
      expectExact(unit, i ? Rational(Rational(random.normal()) * unit) : 0,
                  chainOf({step}, random.scale(0.005, 0.02), random.integer(-128, 127)),
                  {-300, 300});
    }
}

TEST(StaircaseN13, CurvedTailsMeetTheirRationalPoints) {
  // sigmoid(0) = 1/2, exp(0) = 1 and tanh(0) = 0 lie on ties.
  expectExact(fraction(1, 50), 0,
              chainOf({UnaryStep{UnaryFunction::Sigmoid, 0, 0}}, fraction(1, 3)),
              {-400, 400});
  expectExact(fraction(1, 50), 0,
              chainOf({UnaryStep{UnaryFunction::Exp, 0, 0}}, fraction(2, 5)),
              {-200, 200});
  expectExact(
      fraction(1, 50), 0,
      chainOf({UnaryStep{UnaryFunction::Tanh, 0, 0}, LinearStep{1, fraction(1, 2)}}, 1),
      {-200, 200});
  expectExact(fraction(1, 4), 0,
              chainOf({UnaryStep{UnaryFunction::Sqrt, 0, 0}}, fraction(1, 2)),
              {-50, 900});
}

TEST(StaircaseN13, FlatPartsEndOnATie) {
  // Level 1 is the tie 1/2 itself, which goes down: x > 0, not x >= 0.
  for (const Step &flat :
       {Step(ClampStep{Rational(0), std::nullopt}),
        Step(UnaryStep{UnaryFunction::Sqrt, 0, 0}),
        Step(UnaryStep{UnaryFunction::LeakyRelu, 0, 0}),
        Step(UnaryStep{UnaryFunction::Elu, 0, 0}),
        Step(UnaryStep{UnaryFunction::HardSigmoid, fraction(1, 2), 0})})
    expectExact(fraction(1, 4), 0, chainOf({flat, LinearStep{1, fraction(1, 2)}}, 1),
                {-40, 40});
}

TEST(StaircaseN13, FunctionsThatRiseBehindRelu) {
  for (UnaryFunction function :
       {UnaryFunction::HardSwish, UnaryFunction::Silu, UnaryFunction::Gelu,
        UnaryFunction::Square, UnaryFunction::Abs})
    expectExact(fraction(1, 40), fraction(1, 1000),
                chainOf({ClampStep{Rational(0), std::nullopt}, UnaryStep{function, 0, 0}},
                        fraction(1, 37), -128),
                {-60, 300});
}

TEST(StaircaseN13, CurveBetweenQuantizes) {
  expectExact(
      fraction(1, 60), fraction(1, 7),
      chainOf({RequantizeStep{{fraction(1, 20), 3, kInt8}},
               UnaryStep{UnaryFunction::Sigmoid, 0, 0},
               RequantizeStep{{fraction(1, 256), -128, kInt8}}, LinearStep{3, -1}},
              fraction(1, 50), -20),
      {-400, 400});
}

TEST(StaircaseN7, SixteenBitOutputs) {
  expectExact(fraction(1, 3), fraction(1, 9),
              chainOf({}, fraction(1, 2), 1, {-32768, 32767}), {-500, 500});
}
