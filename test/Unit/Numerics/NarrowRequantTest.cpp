//===- NarrowRequantTest.cpp - instructions of 32 bits against the rules ---===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SlowModel.h"

#include "qbias/Numerics/NarrowRequant.h"

#include <gtest/gtest.h>
#include <limits>

using namespace qbias::numerics;

namespace {

constexpr int64_t kLeast = std::numeric_limits<int32_t>::min();
constexpr int64_t kMost = std::numeric_limits<int32_t>::max();

/// The instructions one by one; a sum that leaves its register fails the test.
int64_t execute(int64_t acc, const NarrowRequant &n, bool isWord, int64_t lo,
                int64_t hi) {
  auto in32 = [](int64_t v) {
    EXPECT_TRUE(v >= kLeast && v <= kMost) << v << " leaves 32 bits";
    return v;
  };
  int64_t s = std::clamp(acc, n.sums.min, n.sums.max), y = 0;
  EXPECT_TRUE(n.multiplier > 0 && n.multiplier <= kMost && n.shift >= 1 && n.shift < 32);
  if (isWord) {
    y = in32(s * n.multiplier + in32(n.rounding)); // the product may wrap
  } else {
    EXPECT_TRUE(n.raise >= 0 && n.raise < 32);
    Int128 v = Int128(in32(s * (int64_t(1) << n.raise))) * n.multiplier + n.rounding;
    EXPECT_EQ(Int128(int64_t(v)), v);
    y = in32(int64_t(v >> 32));
  }
  if (n.tiesToEven)
    y = in32(y + ((y >> n.shift) & 1));
  return std::clamp(y >> n.shift, lo, hi);
}

/// Accumulators about `around` and about the ends of the window and of 32 bits.
std::vector<int64_t> pick(slow::Random &random, const Requant &q) {
  Range window = findWindow(q);
  std::vector<int64_t> result = {kLeast, kMost, 0};
  for (int64_t around : {window.min, window.max, int64_t(0)})
    for (int64_t by = -20; by <= 20; ++by)
      result.push_back(around + by);
  for (int i = 0; i < 60; ++i)
    result.push_back(random.integer(window.min, window.max));
  for (int64_t &acc : result)
    acc = std::clamp(acc, kLeast, kMost);
  return result;
}

/// The same of the upper word's form.
int64_t executeUpper(int64_t acc, const NarrowRequant &n, int64_t lo, int64_t hi) {
  auto fits = [](int64_t v) { return v >= kLeast && v <= kMost; };
  EXPECT_TRUE(fits(acc + n.move) && fits(n.rounding));
  int64_t upper = int64_t((Int128(acc + n.move) * n.multiplier) >> 32);
  EXPECT_TRUE(fits(upper) && fits(upper + n.rounding));
  return std::clamp((upper + n.rounding) >> n.shift, lo, hi);
}

/// Both sides of every accumulator in `sums` where a result begins.
std::vector<int64_t> pickSteps(const Requant &q, Range sums) {
  std::vector<int64_t> result;
  for (int64_t at = sums.min; at < sums.max;) {
    result.push_back(at);
    int64_t low = at + 1, high = sums.max, now = slow::apply(at, q);
    while (low < high) {
      int64_t middle = low + (high - low) / 2;
      if (slow::apply(middle, q) > now)
        high = middle;
      else
        low = middle + 1;
    }
    result.push_back(low - 1);
    at = low;
  }
  result.push_back(sums.max);
  return result;
}

/// How many of the two forms there were.
struct Found {
  int words = 0, highHalves = 0, ties = 0, raised = 0, moved = 0;
};

void check(slow::Random &random, const Requant &q, Found &found) {
  for (bool isWord : {true, false}) {
    auto narrow = isWord ? narrowToWord(q) : narrowToHighHalf(q);
    if (!narrow)
      continue;
    ++(isWord ? found.words : found.highHalves);
    found.ties += narrow->tiesToEven;
    found.raised += narrow->raise > 0;
    int64_t offset = random.integer(-130, 130);
    auto moved = isWord ? addToWord(*narrow, offset) : addToHighHalf(*narrow, offset);
    found.moved += moved.has_value();
    for (int64_t acc : pick(random, q)) {
      int64_t expected = slow::apply(acc, q);
      ASSERT_EQ(execute(acc, *narrow, isWord, q.lo, q.hi), expected)
          << "acc " << acc << " m " << q.multiplier << " k " << q.shift << " r "
          << q.rounding << " word " << isWord;
      if (moved) {
        ASSERT_EQ(execute(acc, *moved, isWord, q.lo + offset, q.hi + offset),
                  expected + offset)
            << "acc " << acc << " m " << q.multiplier << " k " << q.shift << " r "
            << q.rounding << " word " << isWord << " offset " << offset;
      }
    }
  }
}

} // namespace

TEST(NarrowRequant, WindowHoldsEveryResult) {
  slow::Random random(31);
  for (int i = 0; i < 2000; ++i) {
    Requant q;
    q.form = random.integer(0, 1) ? Form::HalfEven : Form::Affine;
    q.multiplier = random.integer(1, (int64_t(1) << random.integer(1, 31)) - 1);
    q.shift = static_cast<int>(random.integer(1, 50));
    q.rounding = random.integer(-1000000, 1000000);
    Range window = findWindow(q);
    ASSERT_LE(window.min, window.max);
    for (int64_t end : {window.min, window.max, kLeast, kMost, int64_t(0)})
      ASSERT_EQ(slow::apply(std::clamp(end, window.min, window.max), q),
                slow::apply(end, q));
    if (window.min < window.max) {
      ASSERT_GT(slow::apply(window.min + 1, q), q.lo);
      ASSERT_LT(slow::apply(window.max - 1, q), q.hi);
    }
  }
}

TEST(NarrowRequant, PowersOfTwoTieToEvenInAWord) {
  slow::Random random(32);
  Found found;
  for (int shift = 1; shift <= 22; ++shift)
    for (int64_t extra : {0, 5, 30}) {
      Requant q{
          Form::HalfEven, int64_t(1) << std::min<int64_t>(extra, 30), 0, 0, 0, -128, 127};
      q.shift = shift + static_cast<int>(extra);
      q.rounding = random.integer(-3, 3) * q.multiplier;
      ASSERT_TRUE(narrowToWord(q)) << shift;
      check(random, q, found);
    }
  EXPECT_EQ(found.words, 66);
  EXPECT_GE(found.ties, 100);
}

TEST(NarrowRequant, LargeScalesRaiseTheSums) {
  slow::Random random(33);
  Found found;
  for (int i = 0; i < 2000; ++i) {
    Requant q;
    q.form = random.integer(0, 1) ? Form::HalfEven : Form::Affine;
    q.multiplier = random.integer(int64_t(1) << 30, (int64_t(1) << 31) - 1);
    q.shift = static_cast<int>(random.integer(24, 32));
    q.rounding = random.integer(0, (int64_t(1) << q.shift) - 1);
    ASSERT_TRUE(narrowToHighHalf(q));
    check(random, q, found);
  }
  EXPECT_GE(found.raised, 1900);
}

TEST(NarrowRequant, AnyOfTheFormsEqualsTheRules) {
  slow::Random random(34);
  Found found;
  for (int i = 0; i < 20000; ++i) {
    Requant q;
    q.form = random.integer(0, 2) ? Form::HalfEven : Form::Affine;
    // Few bits and many zeros: ties.
    q.multiplier = random.integer(1, (int64_t(1) << random.integer(1, 31)) - 1);
    int zeros = static_cast<int>(random.integer(0, 30));
    while (zeros-- && q.multiplier < int64_t(1) << 29)
      q.multiplier *= 2;
    q.shift = static_cast<int>(random.integer(1, 60));
    q.rounding = random.integer(-1000000, 1000000) >> random.integer(0, 20);
    if (random.integer(0, 1) && q.shift > 1)
      q.rounding += int64_t(1) << (q.shift - 1);
    int64_t a = random.integer(-256, 255), b = random.integer(-256, 255);
    q.lo = std::min(a, b);
    q.hi = std::max(a, b);
    check(random, q, found);
  }
  EXPECT_GE(found.words, 2000);
  EXPECT_GE(found.highHalves, 5000);
  EXPECT_GE(found.ties, 400);
  EXPECT_GE(found.raised, 1000);
  EXPECT_GE(found.moved, 3000);
}

TEST(NarrowRequant, TheUpperWordKeepsEveryStep) {
  slow::Random random(35);
  int found = 0, moved = 0, dropped = 0, all = 1500;
  for (int i = 0; i < all; ++i) {
    Requant q;
    q.multiplier =
        random.integer(int64_t(1) << random.integer(20, 30), (int64_t(1) << 31) - 1);
    q.shift = static_cast<int>(random.integer(33, 52));
    q.rounding = (int64_t(1) << (q.shift - 1)) +
                 random.integer(-q.multiplier, q.multiplier) * random.integer(0, 1000);
    int64_t a = random.integer(-130, 130), b = random.integer(-130, 130);
    q.lo = std::min(a, b);
    q.hi = std::max(a, b);
    int64_t reach = int64_t(1) << random.integer(4, 30);
    Range sums{random.integer(-reach, 0), random.integer(0, reach)};
    std::optional<NarrowRequant> narrow = narrowToHighHalf(q);
    ASSERT_TRUE(narrow);
    int64_t offset = random.integer(-120, 120);
    if (auto shifted = addToHighHalf(*narrow, offset))
      narrow = shifted;
    else
      offset = 0;
    auto upper = roundUpperWord(*narrow, sums, q.lo + offset, q.hi + offset);
    auto plain = dropShift(*narrow, sums, q.lo + offset, q.hi + offset);
    found += upper.has_value();
    moved += upper && upper->move != 0;
    dropped += plain.has_value();
    EXPECT_TRUE(!plain || plain->shift == 0);
    for (const std::optional<NarrowRequant> &form : {upper, plain})
      for (int64_t acc : form ? pickSteps(q, sums) : std::vector<int64_t>())
        ASSERT_EQ(executeUpper(acc, *form, q.lo + offset, q.hi + offset),
                  slow::apply(acc, q) + offset)
            << "acc " << acc << " m " << q.multiplier << " k " << q.shift << " r "
            << q.rounding << " sums " << sums.min << " " << sums.max << " m "
            << form->multiplier << " move " << form->move << " rounding "
            << form->rounding << " shift " << form->shift;
  }
  EXPECT_GE(found, all * 9 / 10);
  EXPECT_GE(moved, all / 2);
  EXPECT_GE(dropped, all / 2);
}

TEST(NarrowRequant, EveryAccumulatorOfAShortSumHasItsResultWithoutAShift) {
  slow::Random random(36);
  for (int i = 0; i < 20; ++i) {
    // 255 steps over some 20000 accumulators, as of 3 x 3 depthwise sums.
    Requant q{Form::Affine,
              random.integer(int64_t(1) << 30, (int64_t(1) << 31) - 1),
              37,
              random.integer(0, int64_t(1) << 37),
              0,
              -128,
              127};
    Range sums{-random.integer(9000, 40000), random.integer(9000, 40000)};
    auto form = dropShift(*narrowToHighHalf(q), sums, q.lo, q.hi);
    ASSERT_TRUE(form);
    for (int64_t acc = sums.min; acc <= sums.max; ++acc)
      ASSERT_EQ(executeUpper(acc, *form, q.lo, q.hi), slow::apply(acc, q)) << acc;
  }
}

TEST(NarrowRequant, AShiftIsNotDroppedWhereStepsNeedAllBits) {
  // A step every 2^20 accumulators: m / 2^18 has 12 bits.
  Requant q{Form::Affine, 0x40000001, 50, int64_t(1) << 49, 0, -128, 127};
  auto narrow = narrowToHighHalf(q);
  ASSERT_TRUE(narrow);
  Range sums{-(int64_t(1) << 27), int64_t(1) << 27};
  EXPECT_TRUE(roundUpperWord(*narrow, sums, -128, 127));
  EXPECT_FALSE(dropShift(*narrow, sums, -128, 127));
  narrow->tiesToEven = true;
  EXPECT_FALSE(dropShift(*narrow, {-1000, 1000}, -128, 127));
}

TEST(NarrowRequant, StepsFarBeyondTheSumsAreNotTaken) {
  // The result 8 begins at 2^64 - 2^60, or its negative.
  for (bool isAbove : {true, false}) {
    Requant q{Form::Affine,      1, 61, int64_t(1) << 60, 0, isAbove ? 7 : -100,
              isAbove ? 100 : -8};
    Range sums{-1000, 1000};
    auto narrow = narrowToHighHalf(q);
    ASSERT_TRUE(narrow);
    auto upper = roundUpperWord(*narrow, sums, q.lo, q.hi);
    auto plain = dropShift(*narrow, sums, q.lo, q.hi);
    EXPECT_TRUE(plain);
    for (const std::optional<NarrowRequant> &form : {upper, plain})
      for (int64_t acc = sums.min; form && acc <= sums.max; ++acc)
        ASSERT_EQ(executeUpper(acc, *form, q.lo, q.hi), slow::apply(acc, q)) << acc;
  }
}

TEST(NarrowRequant, AnUpperWordThatWouldLeaveItsRegisterIsRefused) {
  Requant q{Form::Affine, 0x7654321f, 40, 0x8012345678, 0, -128, 127};
  std::optional<NarrowRequant> narrow = narrowToHighHalf(q);
  ASSERT_TRUE(narrow);
  auto upper = roundUpperWord(*narrow, {-70000, 70000}, -128, 127);
  ASSERT_TRUE(upper);
  ASSERT_NE(upper->move, 0);
  Range tight = upper->move > 0 ? Range{-70000, kMost} : Range{kLeast, 70000};
  EXPECT_FALSE(roundUpperWord(*narrow, tight, -128, 127));
  narrow->tiesToEven = true;
  EXPECT_FALSE(roundUpperWord(*narrow, {-70000, 70000}, -128, 127));
}

TEST(NarrowRequant, WhatHasNoFormIsRefused) {
  Requant wide{Form::Affine, int64_t(1) << 35, 50, 0, 0, -128, 127};
  EXPECT_FALSE(narrowToWord(wide));
  EXPECT_FALSE(narrowToHighHalf(wide));
  Requant manyBits{Form::HalfEven, 0x7fffffff, 40, 0, 0, -128, 127};
  EXPECT_FALSE(narrowToWord(manyBits));
  Requant ownZeroPoint{Form::HalfEven, 1, 5, 0, 3, -128, 127};
  EXPECT_FALSE(narrowToWord(ownZeroPoint));
  EXPECT_FALSE(narrowToHighHalf(ownZeroPoint));
}
