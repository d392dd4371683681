//===- CertificateSolveTest.cpp - solved channels against every accumulator
//---===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SlowModel.h"
#include "qbias/Numerics/Bias.h"
#include "qbias/Numerics/Certificate.h"

#include <gtest/gtest.h>
#include <limits>

using namespace qbias::numerics;
using slow::fraction;

namespace {

constexpr Range kInt8 = {-128, 127};
constexpr int64_t kMax64 = std::numeric_limits<int64_t>::max();

/// real(acc) = acc * unit + offset, then the chain.
struct Channel {
  Rational unit, offset;
  Chain chain;
  Range acc;

  Staircase staircase() const { return buildStaircase(unit, offset, chain, acc); }
  Target target(int bits = kMultiplierBits) const {
    const QuantParams &out = chain.out;
    return {unit / out.scale, offset / out.scale, out.zeroPoint, bits};
  }
  std::optional<Solution> solve(Form form, int bits = kMultiplierBits) const {
    return qbias::numerics::solve(staircase(), target(bits), form);
  }
  int64_t reference(int64_t a) const { return slow::chain(a * unit + offset, chain); }
};

Channel channelOf(Rational unit, Rational offset, Rational scale, Range acc,
                  int64_t zeroPoint = 0, std::vector<Step> steps = {},
                  Range storage = kInt8) {
  return {std::move(unit),
          std::move(offset),
          {std::move(steps), {std::move(scale), zeroPoint, storage}},
          acc};
}

/// How many acc of the range the program gets wrong.
int64_t countWrong(const Channel &channel, const std::vector<int64_t> &expected,
                   const Requant &requant) {
  int64_t wrong = 0;
  for (int64_t a = channel.acc.min; a <= channel.acc.max; ++a)
    wrong += slow::apply(a, requant) != expected[a - channel.acc.min];
  return wrong;
}

/// Brute force: every acc, at both ends of the interval of r and one step
/// outside, where something must go wrong unless 64 bits end there.
void expectSolved(const Channel &channel, Form form, int bits = kMultiplierBits) {
  std::optional<Solution> found = channel.solve(form, bits);
  ASSERT_TRUE(found);
  Requant q = found->requant;
  ASSERT_GT(q.multiplier, 0);
  ASSERT_LT(q.multiplier, int64_t(1) << bits);
  ASSERT_TRUE(1 <= q.shift && q.shift <= kMaxShift);
  ASSERT_TRUE(found->roundingMin <= q.rounding && q.rounding <= found->roundingMax);
  std::string why;
  ASSERT_TRUE(proves(q, channel.staircase(), &why)) << why;
  std::vector<int64_t> expected;
  for (int64_t a = channel.acc.min; a <= channel.acc.max; ++a)
    expected.push_back(channel.reference(a));
  ASSERT_EQ(countWrong(channel, expected, q), 0);
  for (bool upper : {false, true}) {
    q.rounding = upper ? found->roundingMax : found->roundingMin;
    ASSERT_EQ(countWrong(channel, expected, q), 0);
    ASSERT_TRUE(fitsInt64(q, channel.acc));
    if (std::abs(q.rounding) == kMax64)
      continue;
    q.rounding += upper ? 1 : -1;
    if (fitsInt64(q, channel.acc)) {
      ASSERT_GT(countWrong(channel, expected, q), 0) << upper;
    }
    ASSERT_FALSE(proves(q, channel.staircase()));
  }
}

void expectUnsolvable(const Channel &channel, Form form, int bits = 31) {
  EXPECT_FALSE(channel.solve(form, bits));
}

} // namespace

TEST(CertificateN7, RandomChannelsWithFloatBias) {
  slow::Random random(50);
  for (int i = 0; i < 120; ++i) {
    Rational sx = random.scale(0.005, 0.1), sw = random.scale(1e-3, 0.1);
    Rational unit = sx * sw, sy = unit * random.scale(1, 30);
    Rational b(random.normal() * 100 * unit.get_d());
    BiasConstant bias = materializeBias(b, sx, sw, {-100000, 100000});
    std::vector<Step> steps;
    if (i % 3 == 0)
      steps.push_back(ClampStep{Rational(0), std::nullopt});
    Channel channel =
        channelOf(unit, bias.residue, sy, {bias.integer - 700, bias.integer + 700},
                  random.integer(-128, 127), steps);
    // The segment as N1 states it, from the sum without bias.
    for (int64_t u = -700; u <= 700; u += 100)
      ASSERT_EQ(channel.reference(u + bias.integer),
                slow::chain(u * unit + b, channel.chain));
    expectSolved(channel, Form::Affine);
  }
}

TEST(CertificateN7, ClampsOffTheGrid) {
  slow::Random random(51);
  for (const Rational &bound : {Rational(6), fraction(1, 3)})
    for (int i = 0; i < 15; ++i) {
      Rational sy = random.scale(0.01, 0.1);
      expectSolved(channelOf(sy * random.scale(0.05, 0.5), sy / 7, sy, {-800, 800},
                             random.integer(-128, 0),
                             {ClampStep{Rational(-bound / 9), bound}}),
                   Form::Affine);
    }
}

TEST(CertificateN7, QuantizeReluQuantizeOnOneGridIsAffine) {
  Rational s = *exactRational(0.037f);
  Chain chain{{RequantizeStep{{s, -3, kInt8}}, ClampStep{Rational(0), std::nullopt}},
              {s, -3, kInt8}};
  expectSolved({*exactRational(0.0021f), fraction(1, 1000), chain, {-900, 900}},
               Form::Affine);
}

TEST(CertificateN9, DeadChannels) {
  for (int64_t acc : {-900000, 0, 77})
    for (const Rational &offset : {fraction(-1, 3), Rational(5000)})
      for (const Rational &unit : {fraction(1, 900), powerOfTwo(-90)})
        expectSolved(channelOf(unit, offset, fraction(1, 9), {acc, acc}, -7),
                     Form::Affine);
}

TEST(CertificateN7, ConstantOutputs) {
  // lo == hi, and saturation at either side.
  expectSolved(channelOf(fraction(1, 3), 0, 1, {-500, 500}, 4,
                         {ClampStep{Rational(2), Rational(2)}}),
               Form::Affine);
  for (int64_t offset : {-100000, 100000})
    expectSolved(channelOf(fraction(1, 3), offset, 1, {-500, 500}), Form::Affine);
}

TEST(CertificateN7, TinySlopes) {
  // Constant over the range, off a tie and near one.
  for (int exponent : {-40, -61, -64, -100, -300})
    for (const Rational &offset : {fraction(1, 3), fraction(499, 1000)})
      for (int64_t zeroPoint : {-128, 0, 127})
        expectSolved(channelOf(powerOfTwo(exponent), offset, 1, {-900, 900}, zeroPoint),
                     Form::Affine);
}

TEST(CertificateN6, SmallSlopesKeepTheZeroPointInsideSixtyFourBits) {
  Channel channel =
      channelOf(Rational(3, 5) * powerOfTwo(-33), fraction(1, 5), 1,
                {-(int64_t(1) << 31), (int64_t(1) << 31) - 1}, 0, {}, {0, 255});
  channel.chain.out.zeroPoint = 200;
  std::optional<Solution> found = channel.solve(Form::Affine);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->requant.shift, 55);
  EXPECT_TRUE(fitsInt64(found->requant, channel.acc));
}

TEST(CertificateN6, SlopesOfOneAndMore) {
  for (const Rational &slope :
       {Rational(1), fraction(4, 3), Rational(5), fraction(777, 10), Rational(254)})
    for (const Rational &offset : {fraction(1, 3), fraction(-2, 7)})
      expectSolved(channelOf(slope, offset, 1, {-300, 300}, -5), Form::Affine);
}

TEST(CertificateN6, HugeSlopesSolveOrDeclineCleanly) {
  for (int exponent : {20, 28, 29, 30, 31, 40, 62, 64, 200}) {
    Channel steps = channelOf(powerOfTwo(exponent), fraction(1, 3), 1, {-30, 30});
    // Everything saturates around acc = 0, so a large m serves too.
    expectSolved(steps, Form::Affine);
    Channel dead = steps;
    dead.acc = {3, 3};
    expectSolved(dead, Form::Affine);
  }
  // Two levels inside the range, and a slope no m below 2^31 can have.
  Channel inside = channelOf(powerOfTwo(31), 0, 1, {-2, 2}, 0, {},
                             {-(int64_t(1) << 33), int64_t(1) << 33});
  Staircase few{inside.acc, {-1, 1}, {0, 1}};
  Target target = inside.target();
  EXPECT_TRUE(solve(few, target, Form::Affine));
  few.thresholds = {-1, 2}; // slower than the slope allows
  target.slope = powerOfTwo(45);
  EXPECT_FALSE(solve(few, target, Form::HalfEven));
}

TEST(CertificateN6, ShiftIsTheLargestThatFits) {
  slow::Random random(52);
  for (int i = 0; i < 200; ++i) {
    Rational m = random.scale(1e-5, 0.9);
    Channel channel = channelOf(m, fraction(1, 7), 1, {-4000000, 4000000});
    std::optional<Solution> found = channel.solve(Form::Affine);
    ASSERT_TRUE(found);
    ASSERT_GE(found->requant.multiplier, int64_t(1) << 30);
    ASSERT_EQ(found->requant.shift, largestShift(m, 31));
  }
}

TEST(CertificateN7, SomeChannelsNeedTheOtherNeighbour) {
  Rational sy = *exactRational(0.0594314151f);
  Rational unit = *exactRational(0.00899125263f) * *exactRational(0.000104471714f);
  Channel channel = channelOf(unit, *exactRational(6.37247558e-06f), sy,
                              {-(int64_t(1) << 23), int64_t(1) << 23});
  Rational slope = unit / sy;
  int shift = largestShift(slope, kMultiplierBits);
  auto [nearest, other] = neighbours(slope, shift);
  Range none =
      feasibleRounding(channel.staircase(), Form::Affine, nearest.get_si(), shift, 0);
  EXPECT_GT(none.min, none.max);
  std::optional<Solution> found = channel.solve(Form::Affine);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->requant.shift, shift);
  EXPECT_EQ(found->requant.multiplier, other);
}

TEST(CertificateN6, RIsTheExactValueWhereThatIsFeasible) {
  slow::Random random(55);
  int ideal = 0, total = 0;
  for (Form form : {Form::Affine, Form::HalfEven})
    for (int i = 0; i < 60; ++i, ++total) {
      Channel channel = channelOf(random.scale(1e-3, 0.5), Rational(random.normal()),
                                  random.scale(0.3, 3), {-500, 500}, -9);
      Requant q = channel.solve(form)->requant;
      Rational value = channel.offset / channel.chain.out.scale;
      if (form == Form::Affine)
        value += -9 + fraction(1, 2);
      ideal += q.rounding == slow::nearestEven(value * slow::power(q.shift));
    }
  EXPECT_GE(ideal, total - 2);
}

TEST(CertificateN6, TheProductAloneFitsSixtyFourBits) {
  // acc * m near 1.2 * 2^63 with 31 bits; r could bring the sum back.
  int64_t start = (int64_t(1) << 32) + (int64_t(1) << 31);
  Rational slope = fraction(4, 5);
  for (const Rational &offset : {Rational(0), Rational(fraction(1, 3) - slope * start)}) {
    Channel channel = channelOf(slope, offset, 1, {start, start + 200});
    std::optional<Solution> found = channel.solve(Form::Affine);
    ASSERT_TRUE(found);
    EXPECT_LE(Integer(channel.acc.max) * found->requant.multiplier, kMax64);
    for (int64_t a = channel.acc.min; a <= channel.acc.max; ++a)
      ASSERT_EQ(slow::apply(a, found->requant), channel.reference(a));
  }
}

TEST(CertificateN8, DyadicTiesNeedHalfEven) {
  for (int exponent : {-1, -2, -3, -7})
    for (int64_t zeroPoint : {-3, 0, 1, 8}) {
      Channel channel = channelOf(powerOfTwo(exponent), 0, 1, {-900, 900}, zeroPoint);
      expectUnsolvable(channel, Form::Affine, kWideMultiplierBits);
      expectSolved(channel, Form::HalfEven);
    }
}

TEST(CertificateN8, HalfEvenAlsoCarriesAResidue) {
  expectSolved(channelOf(fraction(1, 8), fraction(1, 4), 1, {-900, 900}, 1),
               Form::HalfEven);
  expectSolved(channelOf(*exactRational(0.1f), fraction(1, 9), 1, {-900, 900}, -1),
               Form::HalfEven);
}

TEST(CertificateN8, HalfEvenWithClampsAndOddZeroPoints) {
  for (int64_t zeroPoint : {-127, -2, 5})
    expectSolved(channelOf(fraction(3, 16), 0, 1, {-900, 900}, zeroPoint,
                           {ClampStep{Rational(0), Rational(6)}}),
                 Form::HalfEven);
}

TEST(CertificateN8, SixthsFitNeitherForm) {
  Channel channel = channelOf(fraction(1, 6), 0, 1, {-300, 300});
  expectUnsolvable(channel, Form::Affine, kWideMultiplierBits);
  expectUnsolvable(channel, Form::HalfEven, kWideMultiplierBits);
}

TEST(CertificateN11, MeansByCount) {
  // One scale across the pool: y = rnd(S / count), S of up to 255 each.
  auto mean = [](int64_t count) {
    return channelOf(fraction(1, count), 0, 1, {0, count * 255}, 0, {}, {0, 255});
  };
  expectSolved(mean(4), Form::HalfEven);
  expectUnsolvable(mean(4), Form::Affine);
  expectSolved(mean(9), Form::Affine);
  expectSolved(mean(49), Form::Affine);
  expectUnsolvable(mean(36), Form::Affine, kWideMultiplierBits);
  expectUnsolvable(mean(36), Form::HalfEven, kWideMultiplierBits);
}

TEST(CertificateN8, ThresholdFormTakesWhatNeitherFormCan) {
  Channel channel = channelOf(fraction(1, 6), 0, 1, {-900, 900}, 3);
  Staircase staircase = channel.staircase();
  for (int64_t a = -900; a <= 900; ++a)
    ASSERT_EQ(applyThresholds(a, staircase.output.min, staircase.thresholds),
              channel.reference(a));
}

TEST(CertificateN8, NonLinearTailsHaveNoAffineForm) {
  Channel leaky = channelOf(fraction(1, 9), 0, 1, {-900, 900}, 0,
                            {UnaryStep{UnaryFunction::LeakyRelu, fraction(1, 10), 0}});
  expectUnsolvable(leaky, Form::Affine);
  expectUnsolvable(leaky, Form::HalfEven);
}

TEST(CertificateN10, OverflowingBiasStillProves) {
  Rational sx = fraction(1, 100), sw = powerOfTwo(-60);
  for (const Rational &b : {Rational(3), Rational(-3), fraction(1, 7)}) {
    BiasConstant bias = materializeBias(b, sx, sw, {-2000, 2000});
    ASSERT_TRUE(bias.saturated);
    for (const Rational &sy : {fraction(1, 50), fraction(1, 3)})
      expectSolved(channelOf(sx * sw, bias.residue, sy,
                             {bias.integer - 500, bias.integer + 500}, -9),
                   Form::Affine);
  }
}

TEST(CertificateN10, ResidueBeyondEveryLevel) {
  for (int64_t offset : {int64_t(1) << 40, -(int64_t(1) << 40)})
    expectSolved(channelOf(fraction(1, 90), offset, 1, {-500, 500}, 7), Form::Affine);
}

TEST(CertificateN8, SixteenBitOutputsNeedWideMultipliers) {
  slow::Random random(53);
  int narrow = 0, wide = 0;
  for (int i = 0; i < 12; ++i) {
    Rational sy = random.scale(0.001, 0.01);
    Rational unit = sy * random.scale(0.01, 0.05) * random.scale(0.5, 1);
    Channel channel =
        channelOf(unit, unit / 3, sy, {-2000000, 2000000}, 0, {}, {-32768, 32767});
    narrow += channel.solve(Form::Affine).has_value();
    std::optional<Solution> found = channel.solve(Form::Affine, kWideMultiplierBits);
    wide += found.has_value();
    for (int64_t a = -2000000; found && a <= 2000000; a += 1499)
      ASSERT_EQ(slow::apply(a, found->requant), channel.reference(a));
  }
  EXPECT_LT(narrow, wide);
  EXPECT_GT(wide, 6);
}

TEST(CertificateN7, WideRangesAgreeAroundEveryThreshold) {
  slow::Random random(54);
  for (int i = 0; i < 25; ++i) {
    Rational sy = random.scale(0.01, 0.1);
    Rational unit = sy * random.scale(2e-5, 1e-3);
    Channel channel =
        channelOf(unit, unit * Rational(random.normal()), sy,
                  {-(int64_t(1) << 24), int64_t(1) << 24}, random.integer(-128, 127));
    Staircase staircase = channel.staircase();
    std::optional<Solution> found = channel.solve(Form::Affine);
    ASSERT_TRUE(found);
    for (int64_t r : {found->roundingMin, found->roundingMax}) {
      found->requant.rounding = r;
      for (int64_t t : staircase.thresholds)
        for (int64_t a = t - 1; a <= t + 1; ++a)
          if (channel.acc.contains(a)) {
            ASSERT_EQ(slow::apply(a, found->requant), channel.reference(a));
          }
    }
  }
}
