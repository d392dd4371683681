//===- FixedPoint.cpp - 32-bit fixed point of the TFLite kernels ----------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/FixedPoint.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qbias::numerics::fixed {
namespace {

constexpr int kBits = 31; // fraction bits of numbers without integer bits
constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
constexpr int64_t kMin = std::numeric_limits<int32_t>::min();

/// exp(a) for -1/4 <= a < 0: with x = a + 1/8,
///   exp(-1/8) * (1 + x + x^2/2 + x^3/6 + x^4/24)
int64_t expNearZero(int64_t a) {
  constexpr int64_t kExpOfMinusEighth = 1895147668, kThird = 715827883;
  int64_t x = a + (int64_t(1) << (kBits - 3));
  int64_t x2 = multiply(x, x), x3 = multiply(x2, x), x4 = multiply(x2, x2);
  int64_t tail = divideByPower(multiply(divideByPower(x4, 2) + x3, kThird) + x2, 1);
  return kExpOfMinusEighth + multiply(kExpOfMinusEighth, x + tail);
}

/// 1 / d for d = (1 + a) / 2, with 29 fraction bits: Newton's method from the
/// line 48/17 - 32/17 d.
int64_t newtonReciprocal(int64_t a) {
  constexpr int64_t k48Over17 = 1515870810, kMinus32Over17 = -1010580540;
  constexpr int64_t kOne = int64_t(1) << 29;
  int64_t half = (a + kMax + 1) >> 1;
  int64_t x = k48Over17 + multiply(half, kMinus32Over17);
  for (int step = 0; step < 3; ++step)
    x += saturatingShift(multiply(x, kOne - multiply(half, x)), 2);
  return x;
}

} // namespace

int64_t multiply(int64_t a, int64_t b) {
  return (a * b + (int64_t(1) << (kBits - 1))) >> kBits;
}

int64_t divideByPower(int64_t value, int exponent) {
  int64_t half = (int64_t(1) << exponent) >> 1;
  return value >= 0 ? (value + half) >> exponent : -((-value + half) >> exponent);
}

int64_t saturatingShift(int64_t value, int exponent) {
  return std::clamp(value * (int64_t(1) << exponent), kMin, kMax);
}

/// exp(a) = exp(-1/4 .. 0 part) * product of exp(-2^e) over the bits of the rest.
int64_t expOnNegative(int64_t a, int integerBits) {
  constexpr int64_t kFactors[] = {1672461947, 1302514674, 790015084, 290630308,
                                  39332535,   720401,     242}; // e = -2 .. 4
  if (a == 0)
    return kMax;
  int fraction = kBits - integerBits;
  int64_t quarter = int64_t(1) << (fraction - 2);
  int64_t part = (a & (quarter - 1)) - quarter;
  int64_t result = expNearZero(saturatingShift(part, integerBits));
  int64_t rest = part - a;
  for (int e = -2; e < integerBits; ++e)
    if (rest & (int64_t(1) << (fraction + e)))
      result = multiply(result, kFactors[e + 2]);
  return result;
}

int64_t reciprocalOfOnePlus(int64_t a) { return saturatingShift(newtonReciprocal(a), 1); }

int64_t logistic(int64_t a) {
  constexpr int kIntegerBits = 4;
  if (a == 0)
    return int64_t(1) << (kBits - 1);
  int64_t positive = reciprocalOfOnePlus(expOnNegative(-std::abs(a), kIntegerBits));
  return a > 0 ? positive : kMax - positive;
}

/// tanh(|a|) = (1 - e) / (1 + e) = 2 / (1 + e) - 1 with e = exp(-2 |a|): the
/// doubling makes 5 integer bits of 4.
int64_t tanh(int64_t a) {
  constexpr int kIntegerBits = 5;
  constexpr int64_t kOne = int64_t(1) << 29;
  if (a == 0)
    return 0;
  int64_t e = expOnNegative(-std::abs(a), kIntegerBits);
  int64_t positive = saturatingShift(newtonReciprocal(e) - kOne, 2);
  return a > 0 ? positive : -positive;
}

/// Entries are moved by half the error in the middle between two of them. All
/// in float32, as the reference makes them.
std::vector<int64_t> makeTable(float (*f)(float), float min, float max) {
  constexpr int kSteps = 512;
  constexpr float kScale = 32768.0f, kLeast = -32768.0f, kMost = 32767.0f;
  const float step = (max - min) / kSteps, half = step / 2;
  std::vector<int64_t> table;
  for (int i = 0; i < kSteps; ++i) {
    float value = f(min + i * step), middle = f(min + i * step + half);
    float next = f(min + (i + 1) * step);
    float sample = std::round(value * kScale);
    float line = std::round((next * kScale + std::round(value * kScale)) / 2);
    float bias = std::round((line - std::round(middle * kScale)) / 2);
    table.push_back(static_cast<int64_t>(std::clamp(sample - bias, kLeast, kMost)));
  }
  table.push_back(
      static_cast<int64_t>(std::clamp(std::round(f(max) * kScale), kLeast, kMost)));
  return table;
}

int64_t readTable(const std::vector<int64_t> &table, int64_t value) {
  constexpr int kStepBits = 7;
  constexpr int64_t kStep = int64_t(1) << kStepBits, kMiddle = 256;
  size_t index = kMiddle + (value >> kStepBits);
  int64_t slope = table[index + 1] - table[index];
  return table[index] + ((slope * (value & (kStep - 1)) + kStep / 2) >> kStepBits);
}

} // namespace qbias::numerics::fixed
