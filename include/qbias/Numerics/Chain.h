//===- Chain.h - elementwise real functions that end in a quantize ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_CHAIN_H
#define QBIAS_NUMERICS_CHAIN_H

#include "qbias/Numerics/Quantize.h"

#include <memory>
#include <string_view>
#include <variant>
#include <vector>

namespace qbias::numerics {

/// One-operand real functions. `alpha`, `beta` of UnaryStep are used as noted.
enum class UnaryFunction {
  Sigmoid,     // 1 / (1 + exp(-x))
  Tanh,        // tanh(x)
  HardSigmoid, // max(0, min(1, alpha * x + beta))
  HardSwish,   // x * max(0, min(1, x / 6 + 1 / 2))
  LeakyRelu,   // x >= 0 ? x : alpha * x
  Gelu,        // x / 2 * (1 + erf(x / sqrt(2)))
  GeluTanh,    // x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
  Silu,        // x * sigmoid(x)
  Elu,         // x >= 0 ? x : alpha * (exp(x) - 1)
  Exp,         // exp(x)
  Sqrt,        // sqrt(max(x, 0))
  Abs,         // |x|
  Square,      // x * x
  Erf,         // 2 / sqrt(pi) * integral of exp(-t^2) from 0 to x
  Log,         // log(x); minus infinity for x <= 0
  Softplus,    // log(1 + exp(x))
  Mish,        // x * tanh(log(1 + exp(x)))
  Softsign,    // x / (1 + |x|)
  Reciprocal,  // 1 / x; plus infinity for x = 0
  Rsqrt,       // 1 / sqrt(x); plus infinity for x <= 0
  Floor,       // the largest integer at most x
  Ceil,        // the smallest integer at least x
  Round,       // the nearest integer, ties to even
  Sign,        // -1, 0 or 1
  Threshold,   // x > alpha ? x : 0
};

/// min(max(x, lo), hi); an absent bound does not limit. ReLU is lo = 0.
struct ClampStep {
  std::optional<Rational> lo, hi;
};

struct UnaryStep {
  UnaryFunction function = UnaryFunction::Sigmoid;
  Rational alpha = 0, beta = 0;
};

/// x * factor + offset with exact constants.
struct LinearStep {
  Rational factor = 1, offset = 0;
};

/// Quantize (N2), then dequantize with the same parameters.
struct RequantizeStep {
  QuantParams params;
};

struct Steps;

enum class CombineKind { Add, Sub, Mul };

/// lhs(x) + rhs(x), a difference or a product: two chains of one operand, as in
/// x * sigmoid(x).
struct CombineStep {
  CombineKind kind = CombineKind::Add;
  std::shared_ptr<const Steps> lhs, rhs;
};

using Step = std::variant<ClampStep, UnaryStep, LinearStep, RequantizeStep, CombineStep>;

/// Steps in order; none: the identity.
struct Steps {
  std::vector<Step> steps;
};

/// real -> steps in order -> quantize(out). The steps and the final quantize
/// are those of the source model: a chain adds, drops and moves no rounding
/// (N3).
struct Chain {
  std::vector<Step> steps;
  QuantParams out;

  /// The integer this chain gives for the real number x. Rational functions
  /// are exact. Transcendental ones are enclosed in an interval that is
  /// narrowed until both its ends quantize to the same integer (a tie cannot
  /// be hit: exp of a nonzero rational is irrational).
  int64_t evaluate(const Rational &x) const;

  /// True when evaluate() never decreases as x grows.
  bool isMonotone() const;

  /// True when every step is a ClampStep, so that the thresholds of N7 have
  /// closed form.
  bool isClampOnly() const;

  /// The smallest and largest integers evaluate() can give for any real x
  /// (N6: saturation and activation). For non-monotone chains a hull.
  Range outputRange() const;

  /// The product of the linear steps, with clamps and intermediate quantizes
  /// taken as the identity: where a solver for an affine form starts to look
  /// (a guess, never a proof). nullopt when a step is a UnaryStep or CombineStep.
  std::optional<LinearStep> linearPart() const;
};

/// Names used in the IR and in messages: "sigmoid", "hard_swish", ...
std::string_view unaryFunctionName(UnaryFunction function);
std::optional<UnaryFunction> parseUnaryFunction(std::string_view name);

} // namespace qbias::numerics

#endif // QBIAS_NUMERICS_CHAIN_H
