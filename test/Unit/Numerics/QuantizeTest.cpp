//===- QuantizeTest.cpp - round half to even, then zero point, then clamp
//---===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SlowModel.h"

#include <gtest/gtest.h>

using namespace qbias::numerics;
using slow::fraction;

TEST(QuantizeN2, TiesGoToEvenBeforeAnOddZeroPoint) {
  QuantParams params{1, 1, {-128, 127}};
  // rnd(0.5) + 1 = 1; round(0.5 + 1) would be 2.
  EXPECT_EQ(quantize(fraction(1, 2), params), 1);
  EXPECT_EQ(quantize(fraction(3, 2), params), 3);
  EXPECT_EQ(quantize(fraction(-1, 2), params), 1);
  EXPECT_EQ(quantize(fraction(-3, 2), params), -1);
}

TEST(QuantizeN2, Saturates) {
  QuantParams params{fraction(1, 10), -3, {-128, 127}};
  EXPECT_EQ(quantize(Rational(1000), params), 127);
  EXPECT_EQ(quantize(Rational(-1000), params), -128);
  EXPECT_EQ(quantize(Rational(slow::power(200)), params), 127);
  EXPECT_EQ(quantize(Rational(-slow::power(200)), params), -128);
}

TEST(QuantizeN2, EqualsTheDefinition) {
  slow::Random random(1);
  for (int i = 0; i < 5000; ++i) {
    QuantParams params{random.scale(1e-6, 1e3),
                       random.integer(-128, 255),
                       {random.integer(-128, 0), random.integer(1, 255)}};
    Rational x =
        params.scale * fraction(random.integer(-2000, 2000), random.integer(1, 4));
    ASSERT_EQ(quantize(x, params), slow::quantize(x, params)) << x;
  }
}

TEST(QuantizeN1, DequantizeIsExactAndInvertedByQuantize) {
  slow::Random random(2);
  for (int i = 0; i < 2000; ++i) {
    QuantParams params{random.scale(1e-6, 1e3), random.integer(-128, 127), {-128, 127}};
    int64_t q = random.integer(-128, 127);
    Rational x = dequantize(q, params);
    ASSERT_EQ(x / params.scale, Rational(q - params.zeroPoint));
    ASSERT_EQ(quantize(x, params), q);
  }
}
