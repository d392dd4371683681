//===- Chain.cpp - y = quantize(f_n(... f_1(x))), exactly (N1, N3) --------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A chain is evaluated on an interval of reals that contains the exact value.
// Rational steps are exact, so a rational chain stays a single point. Other
// steps round their result outwards; the interval is open there, because the
// exact value is irrational and never equals an end. When both ends quantize
// to the same integer, that is the answer, else the precision is doubled.
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Chain.h"

#include "Intervals.h"

#include <array>
#include <utility>

namespace qbias::numerics {
namespace {

/// Bits of the first enclosure; enough for all but near-ties.
constexpr int kFirstPrecision = 64;

/// True when the step never decreases on the interval.
bool risesOn(const Step &step, const Interval &x) {
  if (const auto *linear = std::get_if<LinearStep>(&step))
    return linear->factor >= 0;
  if (std::holds_alternative<CombineStep>(step))
    return false;
  const auto *unary = std::get_if<UnaryStep>(&step);
  if (!unary)
    return true;
  switch (unary->function) {
  case UnaryFunction::Sigmoid:
  case UnaryFunction::Tanh:
  case UnaryFunction::Exp:
  case UnaryFunction::Sqrt:
  case UnaryFunction::Erf:
  case UnaryFunction::Log:
  case UnaryFunction::Softplus:
  case UnaryFunction::Softsign:
  case UnaryFunction::Floor:
  case UnaryFunction::Ceil:
  case UnaryFunction::Round:
  case UnaryFunction::Sign:
    return true;
  case UnaryFunction::Reciprocal:
  case UnaryFunction::Rsqrt:
    return false;
  case UnaryFunction::Threshold:
    return unary->alpha >= 0;
  case UnaryFunction::HardSigmoid:
    return unary->alpha >= 0;
  case UnaryFunction::LeakyRelu:
  case UnaryFunction::Elu:
    return unary->alpha >= 0 || x.lo.compare(0) >= 0;
  default: // the others rise where x >= 0
    return x.lo.compare(0) >= 0;
  }
}

constexpr std::array<std::pair<UnaryFunction, std::string_view>, 25> kNames = {
    {{UnaryFunction::Sigmoid, "sigmoid"},
     {UnaryFunction::Tanh, "tanh"},
     {UnaryFunction::HardSigmoid, "hard_sigmoid"},
     {UnaryFunction::HardSwish, "hard_swish"},
     {UnaryFunction::LeakyRelu, "leaky_relu"},
     {UnaryFunction::Gelu, "gelu"},
     {UnaryFunction::GeluTanh, "gelu_tanh"},
     {UnaryFunction::Silu, "silu"},
     {UnaryFunction::Elu, "elu"},
     {UnaryFunction::Exp, "exp"},
     {UnaryFunction::Sqrt, "sqrt"},
     {UnaryFunction::Abs, "abs"},
     {UnaryFunction::Square, "square"},
     {UnaryFunction::Erf, "erf"},
     {UnaryFunction::Log, "log"},
     {UnaryFunction::Softplus, "softplus"},
     {UnaryFunction::Mish, "mish"},
     {UnaryFunction::Softsign, "softsign"},
     {UnaryFunction::Reciprocal, "reciprocal"},
     {UnaryFunction::Rsqrt, "rsqrt"},
     {UnaryFunction::Floor, "floor"},
     {UnaryFunction::Ceil, "ceil"},
     {UnaryFunction::Round, "round"},
     {UnaryFunction::Sign, "sign"},
     {UnaryFunction::Threshold, "threshold"}}};

} // namespace

int64_t Chain::evaluate(const Rational &x) const {
  for (int precision = kFirstPrecision;; precision *= 2) {
    Interval value = {closedAt(x), closedAt(x)};
    for (const Step &step : steps)
      value = applyStep(step, value, precision);
    Range q = quantizeInterval(value, out, precision);
    if (q.min == q.max || precision >= kLastPrecision)
      return q.min;
  }
}

bool Chain::isMonotone() const {
  Interval domain = wholeLine();
  for (const Step &step : steps) {
    if (!risesOn(step, domain))
      return false;
    domain = applyStep(step, domain, kFirstPrecision);
  }
  return true;
}

bool Chain::isClampOnly() const {
  for (const Step &step : steps)
    if (!std::holds_alternative<ClampStep>(step))
      return false;
  return true;
}

Range Chain::outputRange() const {
  Interval value = wholeLine();
  for (const Step &step : steps)
    value = applyStep(step, value, kFirstPrecision);
  return quantizeInterval(value, out, kFirstPrecision);
}

std::optional<LinearStep> Chain::linearPart() const {
  LinearStep total;
  for (const Step &step : steps) {
    if (std::holds_alternative<UnaryStep>(step) ||
        std::holds_alternative<CombineStep>(step))
      return std::nullopt;
    if (const auto *linear = std::get_if<LinearStep>(&step)) {
      total.factor *= linear->factor;
      total.offset = total.offset * linear->factor + linear->offset;
    }
  }
  return total;
}

std::string_view unaryFunctionName(UnaryFunction function) {
  for (const auto &[value, name] : kNames)
    if (value == function)
      return name;
  return "";
}

std::optional<UnaryFunction> parseUnaryFunction(std::string_view name) {
  for (const auto &[value, text] : kNames)
    if (text == name)
      return value;
  return std::nullopt;
}

} // namespace qbias::numerics
