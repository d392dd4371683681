//===- NarrowRequant.cpp - requantization on lanes of 32 bits ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With v = acc * m + r, a 64-bit integer, and k > 32:
//
//   v >> k = (v >> 32) >> (k - 32)
//
// because both are floor(v / 2^k). A smaller k is raised by multiplying v with a
// power of two: in m and r where they stay in range, else in the sums and r.
//
// Ties to even. v + 2^(k-1) - 1 = n * 2^k + f. On a tie f = 2^k - 1 and n is the
// integer below, so that adding n & 1 carries just where n is odd; elsewhere
// f < 2^k - 1 and adding 1 carries nothing. With m = q * 2^t and r a multiple of 2^t, v /
// 2^t is the integer whose word or upper word this is computed on. Where there is no tie
// in the window, or one, the choice is part of r.
//
// The upper word. n = ((((acc + move) * m') >> 32) + R) >> s, which is
// (acc * m' + c) >> (32 + s) with c = move * m' + R * 2^32 because floors nest, is the
// result when it steps where the result does: with a_j the first accumulator of result j
// and b_j the last one below,
//
//   a_j * m' + c >= j * 2^(32+s) > b_j * m' + c
//
// for every j that occurs. Both sides are monotone, so nothing else has to be looked at,
// and some move has its product within the bounds of c modulo 2^32. s = k - 32 and m' = m
// are the high half's own; s = 0 needs no shift, and leaves c most room for one m' near
// m / 2^(k-32).
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/NarrowRequant.h"

#include <algorithm>
#include <vector>

namespace qbias::numerics {

static constexpr int64_t kLeastWord = kInt32.min, kMostWord = kInt32.max;
static constexpr int64_t kMultiplierLimit = int64_t(1) << kMultiplierBits;
static constexpr int64_t kRoundingLimit = int64_t(1) << kMaxShift;
static constexpr int64_t kWords = int64_t(1) << kLowBits;

Range findWindow(const Requant &requant) {
  // m > 0, so results never decrease.
  auto firstWith = [&](auto reached) {
    int64_t low = kLeastWord, high = kMostWord;
    while (low < high) {
      int64_t middle = low + (high - low) / 2;
      if (reached(applyRequant(middle, requant)))
        high = middle;
      else
        low = middle + 1;
    }
    return low;
  };
  int64_t above = firstWith([&](int64_t result) { return result > requant.lo; });
  int64_t last = firstWith([&](int64_t result) { return result >= requant.hi; });
  return {std::min(std::max(above - 1, kLeastWord), last), last};
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

/// `value` * 2^by within `limit` of 0.
static bool canRaise(int64_t value, int by, int64_t limit) {
  return by < kMaxShift && value <= (limit >> by) && value >= -(limit >> by);
}

/// No sum leaves 32 bits, with the 1 that a tie adds. (The product alone may wrap.)
static bool fitsWord(const NarrowRequant &narrow) {
  for (int64_t end : {narrow.sums.min, narrow.sums.max}) {
    Int128 sum = static_cast<Int128>(end) * narrow.multiplier + narrow.rounding;
    if (sum < kLeastWord || sum >= kMostWord)
      return false;
  }
  return kInt32.contains(narrow.rounding);
}

/// No sum leaves 64 bits, nor its upper word 32 with that 1.
static bool fitsHighHalf(const NarrowRequant &narrow) {
  constexpr Int128 kMost = static_cast<Int128>(kMostWord) << kLowBits;
  for (int64_t end : {narrow.sums.min, narrow.sums.max}) {
    Int128 sum = static_cast<Int128>(end) * (int64_t(1) << narrow.raise);
    if (sum < kLeastWord || sum > kMostWord)
      return false;
    sum = sum * narrow.multiplier + narrow.rounding;
    if (sum < -kMost || sum >= kMost)
      return false;
  }
  return narrow.raise < kLowBits && narrow.rounding <= kRoundingLimit &&
         narrow.rounding >= -kRoundingLimit;
}

/// Adds offset * 2^shift, an even offset where the parity of the result matters.
static bool addOffset(NarrowRequant &narrow, int64_t offset, int shift) {
  if ((narrow.tiesToEven && offset % 2 != 0) || !canRaise(offset, shift, kRoundingLimit))
    return false;
  narrow.rounding += offset * (int64_t(1) << shift); // both are at most 2^62
  return true;
}

std::optional<NarrowRequant> addToWord(NarrowRequant narrow, int64_t offset) {
  if (!addOffset(narrow, offset, narrow.shift) || !fitsWord(narrow))
    return std::nullopt;
  return narrow;
}

std::optional<NarrowRequant> addToHighHalf(NarrowRequant narrow, int64_t offset) {
  if (!addOffset(narrow, offset, narrow.shift + kLowBits) || !fitsHighHalf(narrow))
    return std::nullopt;
  return narrow;
}

//===----------------------------------------------------------------------===//
// Ties
//===----------------------------------------------------------------------===//

/// 1 / odd modulo 2^64, by Newton's iteration: every step doubles the right bits,
/// of which `odd` itself has 3.
static uint64_t invert(uint64_t odd) {
  uint64_t inverse = odd;
  for (int bits = 3; bits < 64; bits *= 2)
    inverse *= 2 - odd * inverse;
  return inverse;
}

static int countTrailingZeros(int64_t value) {
  int count = 0;
  while (count < kMaxShift && !((value >> count) & 1))
    ++count;
  return count;
}

/// The accumulators on a tie are first, first + step, ...; no tie: nullopt.
struct Ties {
  int64_t first, step;
};

/// Ties at or above `from`: v = acc * q * 2^t + r with v = 2^(k-1) modulo 2^k.
static std::optional<Ties> findTies(const Requant &requant, int64_t from) {
  int zeros = countTrailingZeros(requant.multiplier);
  uint64_t half = uint64_t(1) << (requant.shift - 1);
  uint64_t rest = half - uint64_t(requant.rounding); // modulo 2^64
  if (zeros >= requant.shift)                        // every accumulator, or none
    return (rest & (2 * half - 1)) ? std::nullopt : std::optional<Ties>({from, 1});
  if (rest & ((uint64_t(1) << zeros) - 1))
    return std::nullopt;
  uint64_t mask = (uint64_t(1) << (requant.shift - zeros)) - 1;
  uint64_t residue =
      ((rest >> zeros) * invert(uint64_t(requant.multiplier) >> zeros)) & mask;
  uint64_t ahead = (residue - uint64_t(from)) & mask;
  return Ties{from + int64_t(ahead), int64_t(mask) + 1};
}

/// The affine form with the same results in the window, where that has one tie at
/// most.
static std::optional<Requant> withoutTies(Requant requant, Range window) {
  if (requant.form == Form::Affine)
    return requant;
  int64_t half = int64_t(1) << (requant.shift - 1);
  std::optional<Ties> ties = findTies(requant, window.min);
  bool isTied = ties && ties->first <= window.max;
  if (isTied && ties->step <= window.max - ties->first)
    return std::nullopt;
  bool goesUp = false;
  if (isTied) {
    Int128 v = static_cast<Int128>(ties->first) * requant.multiplier + requant.rounding;
    goesUp = (v >> requant.shift) & 1;
  }
  requant.form = Form::Affine;
  requant.rounding += half - 1 + goesUp;
  return requant;
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

/// What the forms are made of; the zero point is the caller's.
static bool isCandidate(const Requant &requant) {
  return isWellFormed(requant) && requant.zeroPoint == 0 && requant.lo <= requant.hi &&
         requant.multiplier < kMultiplierLimit;
}

/// What a half can be added to, and a word raised from.
static bool isRoundingSmall(const Requant &requant) {
  return requant.rounding <= kRoundingLimit / 2 &&
         requant.rounding >= -kRoundingLimit / 2;
}

std::optional<NarrowRequant> narrowToWord(const Requant &requant) {
  if (!isCandidate(requant) || !isRoundingSmall(requant))
    return std::nullopt;
  int zeros = std::min(countTrailingZeros(requant.multiplier), requant.shift - 1);
  NarrowRequant narrow;
  narrow.multiplier = requant.multiplier >> zeros;
  narrow.shift = requant.shift - zeros;
  constexpr int64_t kFewBits = int64_t(1) << 16; // more leave no room for sums
  if (narrow.shift >= kLowBits || narrow.multiplier >= kFewBits)
    return std::nullopt;
  int64_t rounding = requant.rounding;
  if (requant.form == Form::HalfEven) {
    rounding += (int64_t(1) << (requant.shift - 1)) - 1;
    narrow.tiesToEven = (requant.rounding & ((int64_t(1) << zeros) - 1)) == 0;
  }
  // floor((acc * q * 2^t + r) / 2^k) = floor((acc * q + floor(r / 2^t)) / 2^(k-t))
  narrow.rounding = rounding >> zeros;
  narrow.sums = findWindow(requant);
  return fitsWord(narrow) ? std::optional(narrow) : std::nullopt;
}

/// A form in a word, times 2^32: from the sums what the multiplier cannot take.
static std::optional<NarrowRequant> raiseWord(NarrowRequant narrow) {
  narrow.raise = kLowBits;
  while (narrow.multiplier << 1 < kMultiplierLimit) { // at most 30 times
    narrow.multiplier <<= 1;
    --narrow.raise;
  }
  if (!canRaise(narrow.rounding, kLowBits, kRoundingLimit))
    return std::nullopt;
  narrow.rounding *= int64_t(1) << kLowBits;
  return fitsHighHalf(narrow) ? std::optional(narrow) : std::nullopt;
}

std::optional<NarrowRequant> narrowToHighHalf(const Requant &requant) {
  if (!isCandidate(requant))
    return std::nullopt;
  NarrowRequant narrow;
  narrow.sums = kInt32;
  std::optional<Requant> affine = requant;
  if (requant.form == Form::HalfEven)
    affine = isRoundingSmall(requant) ? withoutTies(requant, findWindow(requant))
                                      : std::nullopt;
  if (!affine) {
    std::optional<NarrowRequant> word = narrowToWord(requant);
    return word ? raiseWord(*word) : std::nullopt;
  }
  narrow.multiplier = affine->multiplier;
  narrow.rounding = affine->rounding;
  narrow.shift = affine->shift - kLowBits;
  if (narrow.shift >= 1)
    return narrow; // the 64-bit sum is that of the requantization
  int by = 1 - narrow.shift;
  if (!canRaise(narrow.rounding, by, kRoundingLimit))
    return std::nullopt;
  narrow.rounding *= int64_t(1) << by;
  narrow.shift += by;
  if (canRaise(narrow.multiplier, by, kMultiplierLimit - 1)) {
    narrow.multiplier <<= by;
  } else {
    narrow.raise = by;
    narrow.sums = findWindow(requant);
  }
  return fitsHighHalf(narrow) ? std::optional(narrow) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// The upper word
//===----------------------------------------------------------------------===//

/// The least x >= 0 with low <= a * x mod n <= high, for a and high < n. Without a
/// multiple of a in between, a * x - n * y is there for the least y with -n * y mod a
/// there, and so on as in Euclid's algorithm.
static std::optional<int64_t> findMultiple(int64_t a, int64_t n, int64_t low,
                                           int64_t high) {
  if (low == 0)
    return 0;
  if (a == 0)
    return std::nullopt;
  int64_t x = (low - 1) / a + 1;
  if (x <= high / a)
    return x;
  std::optional<int64_t> y =
      findMultiple(n % a, a, (a - high % a) % a, (a - low % a) % a);
  if (!y)
    return std::nullopt;
  return int64_t((static_cast<Int128>(n) * *y + low - 1) / a) + 1;
}

/// The smallest move for which move * m is least .. least + room modulo 2^32.
static std::optional<int64_t> findMove(int64_t m, Int128 least, int64_t room) {
  int64_t low = int64_t(least & (kWords - 1)), high = low + room;
  if (low == 0 || high >= kWords)
    return 0;
  std::optional<int64_t> up = findMultiple(m, kWords, low, high);
  std::optional<int64_t> down = findMultiple(m, kWords, kWords - high, kWords - low);
  if (!up || (down && *down < *up))
    return down ? std::optional(-*down) : std::nullopt;
  return up;
}

namespace {

/// A result, the last accumulator below it and the first one of it, where they occur.
struct Step {
  int64_t result;
  std::optional<int64_t> below, first;
};

/// What is added to products: least <= c < limit.
struct Bounds {
  Int128 least, limit;
  Int128 room() const { return limit - least; }
};

} // namespace

/// The steps from lo to hi that sums reach, and one beside them on both sides.
static std::vector<Step> findSteps(const NarrowRequant &narrow, Range sums, int64_t lo,
                                   int64_t hi) {
  int shift = narrow.shift + kLowBits;
  Int128 m = narrow.multiplier, r = narrow.rounding;
  auto resultOf = [&](int64_t acc) { return int64_t((acc * m + r) >> shift); };
  std::vector<Step> steps;
  if (lo == hi)
    return steps;
  int64_t last = std::clamp(resultOf(sums.max) + 1, lo + 1, hi);
  for (int64_t j = std::clamp(resultOf(sums.min), lo + 1, hi); j <= last; ++j) {
    Int128 rest = j * (Int128(1) << shift) - r; // acc * m >= rest
    Int128 first = rest / m + (rest % m > 0);
    Step step{j, std::nullopt, std::nullopt};
    if (first <= sums.max)
      step.first = int64_t(std::max<Int128>(first, sums.min));
    if (first > sums.min)
      step.below = int64_t(std::min<Int128>(first - 1, sums.max));
    steps.push_back(step);
  }
  return steps;
}

/// c of (acc * m + c) >> (32 + shift) that makes the steps; of what nothing bounds, 2^32.
static Bounds findBounds(const std::vector<Step> &steps, int64_t m, int shift) {
  std::optional<Int128> least, limit;
  for (const Step &step : steps) {
    Int128 upper = step.result * (Int128(1) << (kLowBits + shift));
    if (step.first)
      least = std::max(least.value_or(upper - Int128(*step.first) * m),
                       upper - Int128(*step.first) * m);
    if (step.below)
      limit = std::min(limit.value_or(upper - Int128(*step.below) * m),
                       upper - Int128(*step.below) * m);
  }
  if (!least)
    least = limit ? *limit - kWords : 0;
  return {*least, limit.value_or(*least + kWords)};
}

/// A move and a rounding that make the steps with the multiplier and the shift of
/// `narrow`.
static std::optional<NarrowRequant> makeSteps(NarrowRequant narrow, Range sums,
                                              const std::vector<Step> &steps) {
  Bounds bounds = findBounds(steps, narrow.multiplier, narrow.shift);
  int64_t room = int64_t(std::min<Int128>(bounds.room(), kWords)) - 1;
  std::optional<int64_t> move;
  if (room >= 0)
    move = findMove(narrow.multiplier, bounds.least, room);
  if (!move)
    return std::nullopt;
  // move * m + rounding * 2^32 is within the bounds.
  Int128 rest = bounds.least + room - Int128(*move) * narrow.multiplier;
  Int128 rounding = rest >> kLowBits;
  if (rounding < kInt32.min || rounding > kInt32.max)
    return std::nullopt;
  narrow.move = *move;
  narrow.rounding = int64_t(rounding);
  for (int64_t end : {sums.min + narrow.move, sums.max + narrow.move}) {
    int64_t upper = int64_t((Int128(end) * narrow.multiplier) >> kLowBits);
    if (!kInt32.contains(end) || !kInt32.contains(upper + narrow.rounding))
      return std::nullopt;
  }
  return narrow;
}

/// What forms of the upper word are made of.
static bool hasUpperWord(const NarrowRequant &narrow, Range sums, int64_t lo,
                         int64_t hi) {
  constexpr int64_t kMostResults = 256;
  return !narrow.tiesToEven && !narrow.raise && narrow.sums == kInt32 &&
         hi - lo < kMostResults && kInt32.contains(sums.min) && kInt32.contains(sums.max);
}

std::optional<NarrowRequant> roundUpperWord(NarrowRequant narrow, Range sums, int64_t lo,
                                            int64_t hi) {
  if (!hasUpperWord(narrow, sums, lo, hi))
    return std::nullopt;
  return makeSteps(narrow, sums, findSteps(narrow, sums, lo, hi));
}

std::optional<NarrowRequant> dropShift(NarrowRequant narrow, Range sums, int64_t lo,
                                       int64_t hi) {
  if (!hasUpperWord(narrow, sums, lo, hi))
    return std::nullopt;
  std::vector<Step> steps = findSteps(narrow, sums, lo, hi);
  int64_t nearest = std::max<int64_t>(narrow.multiplier >> narrow.shift, 1);
  narrow.shift = 0;
  narrow.multiplier = nearest;
  Int128 widest = findBounds(steps, nearest, 0).room();
  constexpr int64_t kMostTries = 64; // that many further on is room enough
  for (int64_t direction : {1, -1})
    for (int64_t i = 1; i < kMostTries; ++i) {
      int64_t m = nearest + direction * i;
      if (m < 1 || m >= kMultiplierLimit)
        break;
      Int128 room = findBounds(steps, m, 0).room();
      if (room <= widest)
        break; // the room has one maximum
      widest = room;
      narrow.multiplier = m;
    }
  return makeSteps(narrow, sums, steps);
}

} // namespace qbias::numerics
