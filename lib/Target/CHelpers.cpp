//===- CHelpers.cpp - functions that programs in C call ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CWriter.h"

using namespace mlir;
using namespace qbias;

namespace {

/// A function that programs may call.
struct Helper {
  llvm::StringLiteral name, text;
};

/// Each behind those it calls.
constexpr Helper kHelpers[] = {{"scale", R"(
/* acc * multiplier + rounding. The result fits 64 bits, as the certificate
   proves; the unsigned product keeps the way there defined. */
static inline int64_t scale(int64_t acc, int64_t multiplier, int64_t rounding) {
  return (int64_t)((uint64_t)acc * (uint64_t)multiplier + (uint64_t)rounding);
}
)"},
                               {"scale_32", R"(
/* The same of 32-bit numbers. */
static inline int64_t scale_32(int32_t acc, int32_t multiplier, int64_t rounding) {
  return (int64_t)acc * multiplier + rounding;
}
)"},
                               {"shift_right", R"(
/* value / 2^bits rounded down, also of negative values. */
static inline int64_t shift_right(int64_t value, int bits) {
  return value >= 0 ? value >> bits : ~(~value >> bits);
}
)"},
                               {"shift_right_32", R"(
static inline int32_t shift_right_32(int32_t value, int bits) {
  return value >= 0 ? value >> bits : ~(~value >> bits);
}
)"},
                               {"shift_half_even", R"(
/* value / 2^bits rounded to nearest, ties to even. */
static inline int64_t shift_half_even(int64_t value, int bits) {
  const int64_t odd = shift_right(value, bits) & 1;
  return shift_right(value + ((INT64_C(1) << (bits - 1)) - 1 + odd), bits);
}
)"},
                               {"shift_to_even", R"(
/* value / 2^bits rounded down; where value + tie gives the next integer, the two are
   equally near, and the even one is taken. */
static inline int64_t shift_to_even(int64_t value, int64_t tie, int bits) {
  const int64_t down = shift_right(value, bits);
  return down & 1 ? shift_right(value + tie, bits) : down;
}
)"},
                               {"four_bits", R"(
/* Number i of those that stand two to a byte, 0 to 15. */
static inline int32_t four_bits(const uint8_t *packed, size_t i) {
  return (packed[i / 2] >> (i % 2 * 4)) & 15;
}
)"},
                               {"clamp", R"(
static inline int64_t clamp(int64_t value, int64_t low, int64_t high) {
  return value < low ? low : value > high ? high : value;
}
)"},
                               {"rescale_once", R"(
/* value * multiplier / 2^bits rounded to nearest, ties up. */
static inline int64_t rescale_once(int64_t value, int64_t multiplier, int bits) {
  return shift_right(value * multiplier + (INT64_C(1) << (bits - 1)), bits);
}
)"},
                               {"rescale_twice", R"(
/* value * multiplier / 2^bits as the TensorFlow Lite kernels round it: to 31 bits with
   ties up, then the rest with ties away from 0. Values beyond 32 bits saturate. */
static inline int64_t rescale_twice(int64_t value, int64_t multiplier, int bits) {
  const int left = bits < 31 ? 31 - bits : 0, right = bits < 31 ? 0 : bits - 31;
  const int64_t shifted = clamp(value, INT32_MIN, INT32_MAX) * (INT64_C(1) << left);
  const int64_t x = clamp(shifted, INT32_MIN, INT32_MAX);
  const int64_t high = shift_right(x * multiplier + (INT64_C(1) << 30), 31);
  return shift_right(2 * high + (INT64_C(1) << right) - (high < 0), right + 1);
}
)"},
                               {"high_product", R"(
/* a * b / 2^31 rounded to nearest, ties up. */
static inline int64_t high_product(int64_t a, int64_t b) {
  return shift_right(a * b + (INT64_C(1) << 30), 31);
}
)"},
                               {"reciprocal_of_one_plus", R"(
/* 2^31 / (1 + a / 2^31), 0 <= a < 2^31, as the TensorFlow Lite kernels find it: three steps
   of Newton's method for the half of 1 + a, from 48/17 - 32/17 * half, with 29 fraction bits. */
static inline int64_t reciprocal_of_one_plus(int64_t a) {
  const int64_t half = (a + (INT64_C(1) << 31)) >> 1;
  int64_t x = high_product(half, -1010580540) + 1515870810;
  for (int step = 0; step < 3; ++step) {
    const int64_t rest = (INT64_C(1) << 29) - high_product(half, x);
    x += clamp(high_product(x, rest) * 4, INT32_MIN, INT32_MAX);
  }
  return clamp(x * 2, INT32_MIN, INT32_MAX);
}
)"},
                               {"divide_half_away", R"(
/* sum / count rounded to nearest, ties away from 0. */
static inline int64_t divide_half_away(int64_t sum, int64_t count) {
  return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}
)"},
                               {"overlap", R"(
/* Nonzero when two ranges of bytes have one in common. */
static inline int overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes) {
  const uintptr_t p = (uintptr_t)a, q = (uintptr_t)b;
  return p < q + b_bytes && q < p + a_bytes;
}
)"}};

} // namespace

std::string qbias::getHelpers(StringRef code) {
  std::string text;
  for (const Helper &helper : llvm::reverse(kHelpers)) {
    std::string call = helper.name.str() + "(";
    if (code.contains(call) || StringRef(text).contains(call))
      text = helper.text.str() + text;
  }
  return text;
}
