//===- ChainTest.cpp - chains against their definition --------------------===//
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

namespace {

constexpr Range kInt8 = {-128, 127};

constexpr UnaryFunction kAll[] = {
    UnaryFunction::Sigmoid,    UnaryFunction::Tanh,      UnaryFunction::HardSigmoid,
    UnaryFunction::HardSwish,  UnaryFunction::LeakyRelu, UnaryFunction::Gelu,
    UnaryFunction::GeluTanh,   UnaryFunction::Silu,      UnaryFunction::Elu,
    UnaryFunction::Exp,        UnaryFunction::Sqrt,      UnaryFunction::Abs,
    UnaryFunction::Square,     UnaryFunction::Erf,       UnaryFunction::Log,
    UnaryFunction::Softplus,   UnaryFunction::Mish,      UnaryFunction::Softsign,
    UnaryFunction::Reciprocal, UnaryFunction::Rsqrt,     UnaryFunction::Floor,
    UnaryFunction::Ceil,       UnaryFunction::Round,     UnaryFunction::Sign,
    UnaryFunction::Threshold};

Chain chainOf(std::vector<Step> steps, Rational scale, int64_t zeroPoint = 0,
              Range storage = kInt8) {
  return {std::move(steps), {std::move(scale), zeroPoint, storage}};
}

UnaryStep unary(UnaryFunction function, Rational alpha = 0, Rational beta = 0) {
  return {function, std::move(alpha), std::move(beta)};
}

ClampStep relu() { return {Rational(0), std::nullopt}; }

/// Has no value, but a limit that is infinite, somewhere: behind one, the other
/// functions of a chain see what no real number stands for.
bool isUnbounded(UnaryFunction function) {
  return function == UnaryFunction::Log || function == UnaryFunction::Reciprocal ||
         function == UnaryFunction::Rsqrt;
}

UnaryStep randomUnary(slow::Random &random) {
  UnaryFunction function;
  do
    function = kAll[random.integer(0, std::size(kAll) - 1)];
  while (isUnbounded(function));
  return unary(function, fraction(random.integer(-3, 6), 4),
               fraction(random.integer(-2, 4), 4));
}

CombineStep combine(CombineKind kind, std::vector<Step> lhs, std::vector<Step> rhs) {
  return {kind, std::make_shared<Steps>(Steps{std::move(lhs)}),
          std::make_shared<Steps>(Steps{std::move(rhs)})};
}

/// A clamp, a linear step or a requantize.
Step randomPlainStep(slow::Random &random) {
  Rational a = fraction(random.integer(-40, 40), 16);
  Rational b = fraction(random.integer(-40, 40), 16);
  switch (random.integer(0, 2)) {
  case 0:
    return ClampStep{a, b}; // contradictory half of the time
  case 1:
    return LinearStep{a, b};
  default:
    return RequantizeStep{{random.scale(0.01, 1), random.integer(-9, 9), kInt8}};
  }
}

} // namespace

TEST(ChainN1, EveryFunctionEqualsItsDefinition) {
  slow::Random random(10);
  for (UnaryFunction function : kAll)
    for (int i = 0; i < 300; ++i) {
      Chain chain = chainOf({unary(function, fraction(random.integer(-4, 8), 8),
                                   fraction(random.integer(0, 8), 8))},
                            random.scale(1e-3, 0.1), random.integer(-128, 127));
      Rational x(random.normal() * 4);
      ASSERT_EQ(chain.evaluate(x), slow::chain(x, chain))
          << unaryFunctionName(function) << " at " << x;
    }
}

TEST(ChainN3, LongerChainsEqualTheirDefinition) {
  slow::Random random(11);
  for (int i = 0; i < 2500; ++i) {
    Chain chain =
        chainOf({randomPlainStep(random), randomUnary(random), randomPlainStep(random),
                 randomUnary(random), randomPlainStep(random)},
                random.scale(1e-3, 0.1), random.integer(-128, 127));
    Rational x(random.normal() * 3);
    ASSERT_EQ(chain.evaluate(x), slow::chain(x, chain)) << "case " << i;
  }
}

TEST(ChainN13, TwoChainsOfOneOperandEqualTheirDefinition) {
  slow::Random random(14);
  for (int i = 0; i < 1500; ++i) {
    auto kind = static_cast<CombineKind>(random.integer(0, 2));
    std::vector<Step> lhs, rhs = {randomUnary(random)};
    if (random.integer(0, 1))
      lhs = {randomPlainStep(random), randomUnary(random)};
    Chain chain = chainOf({combine(kind, lhs, rhs), randomPlainStep(random)},
                          random.scale(1e-3, 0.1), random.integer(-128, 127));
    Rational x(random.normal() * 3);
    ASSERT_EQ(chain.evaluate(x), slow::chain(x, chain)) << "case " << i;
  }
}

TEST(ChainN13, ChainsThatAnotherNameHas) {
  slow::Random random(15);
  Chain hardSwish = chainOf({unary(UnaryFunction::HardSwish)}, fraction(1, 9), 4);
  Chain byParts = hardSwish, silu = hardSwish, product = hardSwish;
  // x * min(max(x + 3, 0), 6) / 6.
  byParts.steps = {combine(CombineKind::Mul, {},
                           {LinearStep{1, 3}, ClampStep{Rational(0), Rational(6)}}),
                   LinearStep{fraction(1, 6), 0}};
  silu.steps = {unary(UnaryFunction::Silu)};
  product.steps = {combine(CombineKind::Mul, {unary(UnaryFunction::Sigmoid)}, {})};
  EXPECT_FALSE(product.isMonotone());
  EXPECT_FALSE(product.linearPart());
  for (int64_t x = -200; x <= 200; ++x) {
    ASSERT_EQ(hardSwish.evaluate(fraction(x, 16)), byParts.evaluate(fraction(x, 16)));
    ASSERT_EQ(silu.evaluate(fraction(x, 16)), product.evaluate(fraction(x, 16)));
  }
}

TEST(ChainN2, SumsOfIrrationalNumbersThatAreTies) {
  // sigmoid(x) + sigmoid(-x) = 1 = 1.5 scales, and tanh(x) - tanh(x) = 0.
  Chain one = chainOf({combine(CombineKind::Add, {unary(UnaryFunction::Sigmoid)},
                               {LinearStep{-1, 0}, unary(UnaryFunction::Sigmoid)})},
                      fraction(2, 3));
  EXPECT_EQ(one.evaluate(fraction(3, 7)), 2);
  Chain none = chainOf({combine(CombineKind::Sub, {unary(UnaryFunction::Tanh)},
                                {unary(UnaryFunction::Tanh)})},
                       1, 5);
  EXPECT_EQ(none.evaluate(3), 5);
}

TEST(ChainN1, FunctionsWhereTheyHaveNoValue) {
  auto at = [](UnaryFunction f, Rational x) {
    return chainOf({unary(f)}, 1).evaluate(x);
  };
  EXPECT_EQ(at(UnaryFunction::Log, 0), -128);
  EXPECT_EQ(at(UnaryFunction::Log, -3), -128);
  EXPECT_EQ(at(UnaryFunction::Reciprocal, 0), 127);
  EXPECT_EQ(at(UnaryFunction::Rsqrt, 0), 127);
  EXPECT_EQ(at(UnaryFunction::Rsqrt, -4), 127);
  EXPECT_EQ(at(UnaryFunction::Rsqrt, fraction(1, 16)), 4);
  EXPECT_EQ(at(UnaryFunction::Round, fraction(-5, 2)), -2);
}

TEST(ChainN2, RationalPointsOfTranscendentalFunctionsCanBeTies) {
  auto at = [](UnaryStep step, Rational x, Rational scale) {
    return chainOf({step}, scale).evaluate(x);
  };
  EXPECT_EQ(at(unary(UnaryFunction::Sigmoid), 0, 1), 0);
  EXPECT_EQ(at(unary(UnaryFunction::Sigmoid), 0, fraction(1, 3)), 2);
  EXPECT_EQ(at(unary(UnaryFunction::Exp), 0, fraction(2, 3)), 2);
  EXPECT_EQ(at(unary(UnaryFunction::Exp), 0, fraction(2, 5)), 2);
  EXPECT_EQ(at(unary(UnaryFunction::Sqrt), fraction(9, 4), 1), 2);
  EXPECT_EQ(at(unary(UnaryFunction::Sqrt), fraction(25, 4), 1), 2);
  for (UnaryFunction function : {UnaryFunction::Tanh, UnaryFunction::Gelu,
                                 UnaryFunction::GeluTanh, UnaryFunction::Silu})
    EXPECT_EQ(at(unary(function), 0, 1), 0);
  EXPECT_EQ(at(unary(UnaryFunction::Elu, 1), 0, 1), 0);
}

TEST(ChainN2, LimitsAreApproachedButNotReached) {
  const Rational far = slow::power(130);
  auto at = [](UnaryStep step, Rational x, Rational scale) {
    return chainOf({step}, scale).evaluate(x);
  };
  // The limit itself would be 1.5 -> 2 or -1.5 -> -2.
  EXPECT_EQ(at(unary(UnaryFunction::Sigmoid), far, fraction(2, 3)), 1);
  EXPECT_EQ(at(unary(UnaryFunction::Tanh), far, fraction(2, 3)), 1);
  EXPECT_EQ(at(unary(UnaryFunction::Tanh), -far, fraction(2, 3)), -1);
  EXPECT_EQ(at(unary(UnaryFunction::Elu, 1), -far, fraction(2, 3)), -1);
  EXPECT_EQ(at(unary(UnaryFunction::Elu, -1), -far, fraction(2, 3)), 1);
  // x * gate(x) < x, and x / scale = 3/2.
  EXPECT_EQ(at(unary(UnaryFunction::Silu), far, far * fraction(2, 3)), 1);
  EXPECT_EQ(at(unary(UnaryFunction::Exp), far, 1), 127);
  EXPECT_EQ(at(unary(UnaryFunction::Gelu), -far, 1), 0);
  EXPECT_EQ(at(unary(UnaryFunction::Silu), far, 1), 127);
  // exp(-far) + 1/2 lies above the tie, 1/2 - exp(-far) below it.
  Chain above = chainOf({unary(UnaryFunction::Exp), LinearStep{1, fraction(1, 2)}}, 1);
  Chain below = chainOf({unary(UnaryFunction::Exp), LinearStep{-1, fraction(3, 2)}}, 1);
  EXPECT_EQ(above.evaluate(-far), 1);
  EXPECT_EQ(below.evaluate(-far), 1);
}

TEST(ChainN2, AlgebraicTiesAreFound) {
  Chain chain = chainOf({unary(UnaryFunction::Sqrt), unary(UnaryFunction::Square)}, 1);
  EXPECT_EQ(chain.evaluate(fraction(5, 2)), 2);
  EXPECT_EQ(chain.evaluate(fraction(7, 2)), 4);
  EXPECT_EQ(chain.evaluate(fraction(5, 2) + powerOfTwo(-300)), 3);
  chain.out.zeroPoint = 1;
  EXPECT_EQ(chain.evaluate(fraction(5, 2)), 3);
  chain.steps.push_back(RequantizeStep{{1, 1, kInt8}});
  EXPECT_EQ(chain.evaluate(fraction(7, 2)), 5);
}

TEST(ChainN6, OutputRangeOfClampsIsTheQuantizedBounds) {
  Rational s = *exactRational(0.1f);
  EXPECT_EQ(chainOf({}, s, 3).outputRange(), kInt8);
  EXPECT_EQ(chainOf({relu()}, s, 3).outputRange(), (Range{3, 127}));
  EXPECT_EQ(chainOf({relu()}, s, -300).outputRange(), (Range{-128, 127}));
  EXPECT_EQ(chainOf({ClampStep{Rational(0), Rational(6)}}, s, -20).outputRange(),
            (Range{-20, 40}));
  // Off the grid: 0.25 / 0.1f = 2.49999996 -> 2.
  EXPECT_EQ(chainOf({ClampStep{fraction(-1, 4), fraction(1, 4)}}, s).outputRange(),
            (Range{-2, 2}));
  // min(max(x, 3), 1) is 1.
  EXPECT_EQ(chainOf({ClampStep{Rational(3), Rational(1)}}, 1).outputRange(),
            (Range{1, 1}));
  // A later clamp above an earlier one wins.
  EXPECT_EQ(chainOf({ClampStep{std::nullopt, Rational(-2)}, relu()}, 1).outputRange(),
            (Range{0, 0}));
}

TEST(ChainN6, OutputRangeKnowsUnreachedLimits) {
  auto range = [](UnaryStep step, Rational scale) {
    return chainOf({step}, scale).outputRange();
  };
  EXPECT_EQ(range(unary(UnaryFunction::Sigmoid), fraction(2, 3)), (Range{0, 1}));
  EXPECT_EQ(range(unary(UnaryFunction::Tanh), fraction(2, 3)), (Range{-1, 1}));
  // A clamp that only touches a limit does not make it reached.
  ClampStep one{Rational(-1), Rational(1)};
  EXPECT_EQ(chainOf({unary(UnaryFunction::Tanh), one}, fraction(2, 3)).outputRange(),
            (Range{-1, 1}));
  EXPECT_EQ(chainOf({one, one}, fraction(2, 3)).outputRange(), (Range{-2, 2}));
  EXPECT_EQ(
      chainOf(
          {ClampStep{std::nullopt, Rational(-1)}, unary(UnaryFunction::LeakyRelu, -2)}, 1)
          .outputRange(),
      (Range{2, 127}));
  EXPECT_EQ(range(unary(UnaryFunction::Exp), 1), (Range{0, 127}));
  EXPECT_EQ(range(unary(UnaryFunction::Elu, 5), 1), (Range{-5, 127}));
  EXPECT_EQ(range(unary(UnaryFunction::HardSigmoid, 1, 0), fraction(1, 10)),
            (Range{0, 10}));
  EXPECT_EQ(range(unary(UnaryFunction::HardSwish), fraction(1, 8)), (Range{-3, 127}));
  EXPECT_EQ(range(unary(UnaryFunction::Gelu), fraction(1, 100)), (Range{-17, 127}));
  EXPECT_EQ(range(unary(UnaryFunction::Silu), fraction(1, 100)), (Range{-28, 127}));
  EXPECT_EQ(range(unary(UnaryFunction::Abs), 1), (Range{0, 127}));
  EXPECT_EQ(range(unary(UnaryFunction::LeakyRelu, 2), 1), kInt8);
  EXPECT_EQ(range(unary(UnaryFunction::LeakyRelu, -2), 1), (Range{0, 127}));
}

TEST(ChainN6, OutputRangeHoldsEveryOutput) {
  slow::Random random(12);
  for (int i = 0; i < 300; ++i) {
    Chain chain =
        chainOf({randomPlainStep(random), randomUnary(random), randomPlainStep(random)},
                random.scale(1e-2, 1), random.integer(-9, 9));
    Range range = chain.outputRange();
    int64_t least = range.max, most = range.min;
    for (int64_t x = -400; x <= 400; x += 5) {
      int64_t y = chain.evaluate(fraction(x, 20));
      least = std::min(least, y);
      most = std::max(most, y);
    }
    ASSERT_LE(range.min, least) << "case " << i;
    ASSERT_GE(range.max, most) << "case " << i;
  }
}

TEST(Chain, MonotoneStepsAndTheirDomains) {
  auto monotone = [](std::vector<Step> steps) {
    return chainOf(std::move(steps), 1).isMonotone();
  };
  for (UnaryFunction f :
       {UnaryFunction::Sigmoid, UnaryFunction::Tanh, UnaryFunction::Exp,
        UnaryFunction::Sqrt, UnaryFunction::Erf, UnaryFunction::Log,
        UnaryFunction::Softplus, UnaryFunction::Softsign, UnaryFunction::Floor,
        UnaryFunction::Ceil, UnaryFunction::Round, UnaryFunction::Sign})
    EXPECT_TRUE(monotone({unary(f)})) << unaryFunctionName(f);
  for (UnaryFunction f :
       {UnaryFunction::HardSwish, UnaryFunction::Gelu, UnaryFunction::GeluTanh,
        UnaryFunction::Silu, UnaryFunction::Mish, UnaryFunction::Abs,
        UnaryFunction::Square}) {
    EXPECT_FALSE(monotone({unary(f)})) << unaryFunctionName(f);
    EXPECT_TRUE(monotone({relu(), unary(f)})) << unaryFunctionName(f);
  }
  for (UnaryFunction f :
       {UnaryFunction::LeakyRelu, UnaryFunction::Elu, UnaryFunction::HardSigmoid}) {
    EXPECT_TRUE(monotone({unary(f, fraction(1, 10))}));
    EXPECT_TRUE(monotone({unary(f, 0)}));
    EXPECT_FALSE(monotone({unary(f, -1)}));
  }
  EXPECT_TRUE(monotone({unary(UnaryFunction::Threshold, 1)}));
  EXPECT_FALSE(monotone({unary(UnaryFunction::Threshold, -1)}));
  EXPECT_FALSE(monotone({relu(), unary(UnaryFunction::Reciprocal)}));
  EXPECT_FALSE(monotone({relu(), unary(UnaryFunction::Rsqrt)}));
  EXPECT_TRUE(monotone({LinearStep{0, 3}, RequantizeStep{}, relu()}));
  EXPECT_FALSE(monotone({LinearStep{-1, 0}}));
  EXPECT_TRUE(monotone({}));
}

TEST(Chain, MonotoneChainsNeverDecrease) {
  slow::Random random(13);
  int seen = 0;
  for (int i = 0; i < 600; ++i) {
    Chain chain =
        chainOf({randomPlainStep(random), randomUnary(random), randomPlainStep(random)},
                random.scale(1e-2, 1), 0);
    if (!chain.isMonotone())
      continue;
    ++seen;
    int64_t last = chain.evaluate(Rational(-9));
    for (int64_t x = -89; x <= 90; ++x) {
      int64_t y = chain.evaluate(fraction(x, 10));
      ASSERT_LE(last, y) << "case " << i;
      last = y;
    }
  }
  EXPECT_GT(seen, 100);
}

TEST(Chain, LinearPartComposesAndStopsAtFunctions) {
  Chain chain = chainOf({LinearStep{2, 3}, relu(), LinearStep{5, 7}}, 1);
  EXPECT_FALSE(chain.isClampOnly());
  EXPECT_EQ(chain.linearPart()->factor, 10);
  EXPECT_EQ(chain.linearPart()->offset, 22);
  EXPECT_TRUE(chainOf({relu()}, 1).isClampOnly());
  EXPECT_FALSE(chainOf({unary(UnaryFunction::Abs)}, 1).linearPart());
}

TEST(Chain, FunctionNamesRoundTrip) {
  for (UnaryFunction function : kAll)
    EXPECT_EQ(parseUnaryFunction(unaryFunctionName(function)), function);
  EXPECT_EQ(unaryFunctionName(UnaryFunction::HardSwish), "hard_swish");
  EXPECT_FALSE(parseUnaryFunction("softmax"));
}
