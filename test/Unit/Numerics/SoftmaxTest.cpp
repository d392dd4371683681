//===- SoftmaxTest.cpp - integer softmax against its bound ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The real value comes from MPFR with 200 bits; the tests of TensorFlow Lite's
// kernel against vectors made by others are in test/Integration.
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Softmax.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <mpfr.h>
#include <random>

using namespace qbias::numerics;

namespace {

constexpr mpfr_prec_t kPrecision = 200;

/// One MPFR number.
struct Real {
  mpfr_t value;
  Real() {
    mpfr_init2(value, kPrecision);
    mpfr_set_zero(value, 1);
  }
  ~Real() { mpfr_clear(value); }
  Real(const Real &) = delete;
};

Softmax describe(double inputScale, double beta, int inputBits, QuantParams out,
                 int64_t depth) {
  Softmax softmax;
  softmax.inputScale = inputScale;
  softmax.beta = beta;
  softmax.inputBits = inputBits;
  softmax.out = out;
  softmax.depth = depth;
  return softmax;
}

/// softmax(row) / s_y before rounding, less the zero point.
std::vector<double> realSteps(const Softmax &softmax, const std::vector<int64_t> &row) {
  int64_t max = *std::max_element(row.begin(), row.end());
  Real sum, factor, step;
  mpfr_set_d(step.value, softmax.inputScale, MPFR_RNDN);
  mpfr_mul_d(step.value, step.value, softmax.beta, MPFR_RNDN);
  std::vector<double> result;
  for (bool divides : {false, true})
    for (int64_t x : row) {
      Real e;
      mpfr_mul_si(e.value, step.value, x - max, MPFR_RNDN);
      mpfr_exp(e.value, e.value, MPFR_RNDN);
      if (!divides) {
        mpfr_add(sum.value, sum.value, e.value, MPFR_RNDN);
        continue;
      }
      mpfr_div(e.value, e.value, sum.value, MPFR_RNDN);
      mpfr_div_d(e.value, e.value, softmax.out.scale.get_d(), MPFR_RNDN);
      result.push_back(mpfr_get_d(e.value, MPFR_RNDN));
    }
  return result;
}

/// Each element is the real value rounded, up to the bound before rounding.
void expectWithinBound(const Softmax &softmax, const std::vector<int64_t> &row) {
  auto program = buildSoftmax(softmax);
  ASSERT_TRUE(program);
  double bound = softmaxErrorBound(softmax, *program);
  std::vector<int64_t> got = applySoftmax(softmax, *program, row);
  std::vector<double> steps = realSteps(softmax, row);
  for (size_t i = 0; i < row.size(); ++i) {
    double y =
        std::clamp(steps[i] + double(softmax.out.zeroPoint),
                   double(softmax.out.storage.min), double(softmax.out.storage.max));
    EXPECT_LE(std::abs(double(got[i]) - y), 0.5 + bound)
        << "element " << i << " of " << row.size() << ", scale " << softmax.inputScale;
  }
}

QuantParams outputOf(Rational scale, int64_t zeroPoint, int64_t min, int64_t max) {
  QuantParams out;
  out.scale = scale;
  out.zeroPoint = zeroPoint;
  out.storage = {min, max};
  return out;
}

const QuantParams kByte = outputOf(Rational(1, 256), -128, -128, 127);
const QuantParams kWord = outputOf(Rational(1, 32768), 0, -32768, 32767);

} // namespace

TEST(SoftmaxTest, RandomRowsStayWithinTheBound) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 300; ++i) {
    int bits = i % 25 ? 8 : 16;
    double scale = std::ldexp(1 + double(random() % 1000) / 1000,
                              int(random() % 12) - (bits == 8 ? 9 : 17));
    Softmax softmax = describe(scale, i % 5 ? 1 : 0.37, bits, i % 2 ? kByte : kWord,
                               int64_t(1 + random() % 200));
    std::vector<int64_t> row;
    int64_t half = int64_t(1) << (bits - 1);
    for (int64_t j = 0; j < softmax.depth; ++j)
      row.push_back(int64_t(random() % uint64_t(2 * half)) - half);
    expectWithinBound(softmax, row);
  }
}

TEST(SoftmaxTest, RowsOfEqualElementsAndExtremes) {
  for (int64_t depth : {1, 2, 3, 255, 256, 257, 4096}) {
    for (const QuantParams &out : {kByte, kWord}) {
      Softmax softmax = describe(0.25, 1, 8, out, depth);
      std::vector<int64_t> equal(depth, -7), one(depth, -128);
      one.back() = 127;
      expectWithinBound(softmax, equal);
      expectWithinBound(softmax, one);
    }
  }
}

TEST(SoftmaxTest, ScalesThatAreNoPowersOfTwo) {
  for (double scale : {0.0039, 0.01, 0.3, 1.7}) {
    QuantParams out = outputOf(*exactRational(double(float(scale))), 3, -128, 127);
    expectWithinBound(describe(0.05, 1, 8, out, 5), {-100, 3, 127, 90, 91});
  }
}

TEST(SoftmaxTest, BoundIsSmall) {
  Softmax softmax = describe(0.1, 1, 8, kByte, 1000);
  EXPECT_LT(softmaxErrorBound(softmax, *buildSoftmax(softmax)), 0.001);
  softmax = describe(0.001, 1, 16, kWord, 1000);
  EXPECT_LT(softmaxErrorBound(softmax, *buildSoftmax(softmax)), 0.02);
}

TEST(SoftmaxTest, ScaleBeyondTheMultiplierHasNoProgram) {
  EXPECT_FALSE(
      buildSoftmax(describe(0.1, 1, 8, outputOf(powerOfTwo(-40), 0, -32768, 32767), 10)));
  EXPECT_FALSE(
      buildSoftmax(describe(0.1, 1, 8, outputOf(powerOfTwo(31), 0, -128, 127), 10)));
}

TEST(SoftmaxTest, KernelHasItsOwnScales) {
  EXPECT_TRUE(buildKernelSoftmax(describe(0.1, 1, 8, kByte, 10)));
  EXPECT_TRUE(buildKernelSoftmax(describe(0.001, 1, 16, kWord, 10)));
  EXPECT_FALSE(buildKernelSoftmax(
      describe(0.1, 1, 8, outputOf(Rational(1, 128), -128, -128, 127), 10)));
  EXPECT_FALSE(buildKernelSoftmax(
      describe(0.1, 1, 8, outputOf(Rational(1, 256), 0, -128, 127), 10)));
  EXPECT_FALSE(buildKernelSoftmax(describe(0.1, 1, 8, kByte, kMaxKernelDepth + 1)));
}

TEST(SoftmaxTest, KernelIsNearTheRealValue) {
  std::mt19937_64 random(12);
  for (int i = 0; i < 40; ++i) {
    bool isWide = i % 2;
    Softmax softmax = describe(isWide ? 0.0002 : 0.06, 1, isWide ? 16 : 8,
                               isWide ? kWord : kByte, int64_t(2 + random() % 30));
    auto program = buildKernelSoftmax(softmax);
    ASSERT_TRUE(program);
    std::vector<int64_t> row;
    for (int64_t j = 0; j < softmax.depth; ++j)
      row.push_back(isWide ? int64_t(random() % 65536) - 32768
                           : int64_t(random() % 256) - 128);
    std::vector<int64_t> got = applyKernelSoftmax(softmax, *program, row);
    std::vector<double> steps = realSteps(softmax, row);
    // Not exact: one step of 8 bits, eight of 16 (two interpolated tables).
    for (size_t j = 0; j < row.size(); ++j)
      EXPECT_LE(std::abs(double(got[j] - softmax.out.zeroPoint) -
                         std::min(steps[j], isWide ? 32767.0 : 255.0)),
                isWide ? 8 : 1);
  }
}
