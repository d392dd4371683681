//===- TableTest.cpp - tables of every unary function ---------------------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Table.h"
#include "SlowModel.h"

#include <gtest/gtest.h>

using namespace qbias::numerics;
using slow::fraction;

namespace {

struct Parameters {
  UnaryFunction function;
  Rational alpha, beta;
};

const Parameters kFunctions[] = {
    {UnaryFunction::Sigmoid, 0, 0},
    {UnaryFunction::Tanh, 0, 0},
    {UnaryFunction::HardSigmoid, fraction(1, 6), fraction(1, 2)},
    {UnaryFunction::HardSwish, 0, 0},
    {UnaryFunction::LeakyRelu, fraction(1, 100), 0},
    {UnaryFunction::LeakyRelu, -1, 0},
    {UnaryFunction::Gelu, 0, 0},
    {UnaryFunction::GeluTanh, 0, 0},
    {UnaryFunction::Silu, 0, 0},
    {UnaryFunction::Elu, 1, 0},
    {UnaryFunction::Elu, fraction(-1, 2), 0},
    {UnaryFunction::Exp, 0, 0},
    {UnaryFunction::Sqrt, 0, 0},
    {UnaryFunction::Abs, 0, 0},
    {UnaryFunction::Square, 0, 0},
    {UnaryFunction::Erf, 0, 0},
    {UnaryFunction::Log, 0, 0},
    {UnaryFunction::Softplus, 0, 0},
    {UnaryFunction::Mish, 0, 0},
    {UnaryFunction::Softsign, 0, 0},
    {UnaryFunction::Reciprocal, 0, 0},
    {UnaryFunction::Rsqrt, 0, 0},
    {UnaryFunction::Floor, 0, 0},
    {UnaryFunction::Ceil, 0, 0},
    {UnaryFunction::Round, 0, 0},
    {UnaryFunction::Sign, 0, 0},
    {UnaryFunction::Threshold, fraction(1, 4), 0},
    {UnaryFunction::Threshold, fraction(-1, 4), 0}};

void expectTable(const QuantParams &in, const Chain &chain) {
  std::vector<int64_t> table = buildTable(in, chain);
  ASSERT_EQ(table.size(), size_t(in.storage.max - in.storage.min + 1));
  for (int64_t q = in.storage.min; q <= in.storage.max; ++q)
    ASSERT_EQ(table[q - in.storage.min],
              slow::chain((q - in.zeroPoint) * in.scale, chain))
        << "q " << q;
}

} // namespace

TEST(TableN11, EveryFunctionEveryEntry) {
  slow::Random random(20);
  for (const auto &[function, alpha, beta] : kFunctions)
    for (bool isSigned : {true, false}) {
      SCOPED_TRACE(std::string(unaryFunctionName(function)));
      Range storage = isSigned ? Range{-128, 127} : Range{0, 255};
      QuantParams in = {random.scale(0.005, 0.1),
                        random.integer(storage.min, storage.max), storage};
      QuantParams out = {random.scale(0.002, 0.05),
                         random.integer(storage.min, storage.max), storage};
      expectTable(in, {{UnaryStep{function, alpha, beta}}, out});
    }
}

TEST(TableN11, DyadicScalesMeetTies) {
  for (const auto &[function, alpha, beta] : kFunctions) {
    SCOPED_TRACE(std::string(unaryFunctionName(function)));
    expectTable({fraction(1, 16), 3, {-128, 127}},
                {{UnaryStep{function, alpha, beta}}, {fraction(1, 8), -1, {-128, 127}}});
  }
}

TEST(TableN13, RescaleToAnotherGrid) {
  expectTable({fraction(1, 10), -128, {-128, 127}}, {{}, {fraction(1, 5), 7, {-8, 7}}});
}

TEST(TableN13, ChainOfSeveralSteps) {
  Chain chain = {{LinearStep{fraction(1, 3), fraction(-1, 7)},
                  RequantizeStep{{fraction(1, 50), 5, {-128, 127}}},
                  UnaryStep{UnaryFunction::Silu, 0, 0},
                  ClampStep{Rational(0), Rational(6)}},
                 {fraction(1, 40), -128, {-128, 127}}};
  expectTable({fraction(1, 12), 9, {0, 255}}, chain);
}

TEST(TableN11, KnownSigmoidValues) {
  // TFLite's fixed output: scale 1/256, zero point -128.
  std::vector<int64_t> table = buildTable(
      {fraction(1, 16), 0, {-128, 127}},
      {{UnaryStep{UnaryFunction::Sigmoid, 0, 0}}, {fraction(1, 256), -128, {-128, 127}}});
  EXPECT_EQ(table[128], 0);        // sigmoid(0) = 1/2
  EXPECT_EQ(table[128 + 16], 59);  // sigmoid(1) = 0.731058 -> 187
  EXPECT_EQ(table[128 - 16], -59); // sigmoid(-1) = 0.268941 -> 69
  EXPECT_EQ(table[0], -128);       // sigmoid(-8) = 0.000335 -> 0
  EXPECT_EQ(table[255], 127);      // 0.99964 -> 255.9 -> saturated
}
