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

#include <array>
#include <utility>

namespace qbias::numerics {
namespace {

/// Bits of the first enclosure; enough for all but near-ties.
constexpr int kFirstPrecision = 64;

/// At this precision an interval that still holds a tie is the tie: chains
/// like sqrt, square give algebraic values, which either equal a tie or
/// differ from it by far more than 2^-16384.
constexpr int kLastPrecision = 16384;

Side opposite(Side side) { return side == Side::Lower ? Side::Upper : Side::Lower; }

/// An end of an interval. An open end is approached but not reached.
struct End {
  Rational value = 0;
  int infinity = 0; // -1, 0, 1: `value` counts only when 0
  bool open = false;

  int compare(const Rational &other) const {
    return infinity ? infinity : cmp(value, other);
  }
};

struct Interval {
  End lo, hi;
};

End closedAt(Rational value) { return {std::move(value), 0, false}; }
End openAt(Rational value) { return {std::move(value), 0, true}; }
End infinite(int sign) { return {0, sign, true}; }
Interval wholeLine() { return {infinite(-1), infinite(1)}; }

/// An irrational value as an open end.
End bounded(Irrational function, const Rational &x, Side side, int precision) {
  std::optional<Rational> value = boundOf(function, x, side, precision);
  return value ? openAt(*value) : infinite(1);
}

//===----------------------------------------------------------------------===//
// Steps on intervals
//===----------------------------------------------------------------------===//

/// min(max(x, lo), hi) of one end. An end cut off by a bound is reached, since
/// points beyond the bound map onto it; an end that only touches it is not.
End clampEnd(const End &x, const ClampStep &step, Side side) {
  if (step.lo && step.hi && *step.lo >= *step.hi)
    return closedAt(*step.hi);
  bool lower = side == Side::Lower;
  if (step.hi && x.compare(*step.hi) >= (lower ? 0 : 1))
    return closedAt(*step.hi);
  if (step.lo && x.compare(*step.lo) <= (lower ? -1 : 0))
    return closedAt(*step.lo);
  return x;
}

Interval apply(const ClampStep &step, const Interval &x, int) {
  return {clampEnd(x.lo, step, Side::Lower), clampEnd(x.hi, step, Side::Upper)};
}

Interval apply(const LinearStep &step, const Interval &x, int) {
  if (step.factor == 0)
    return {closedAt(step.offset), closedAt(step.offset)};
  auto map = [&](const End &end) {
    return end.infinity ? infinite(end.infinity * sgn(step.factor))
                        : End{end.value * step.factor + step.offset, 0, end.open};
  };
  return step.factor > 0 ? Interval{map(x.lo), map(x.hi)}
                         : Interval{map(x.hi), map(x.lo)};
}

/// quantize of an end; of an open end, the integer its neighbours inside the
/// interval take. They differ only on a tie, where x / s + 1/2 is an integer.
int64_t quantizeEnd(const End &end, const QuantParams &params, Side side) {
  if (end.infinity)
    return end.infinity < 0 ? params.storage.min : params.storage.max;
  if (!end.open)
    return quantize(end.value, params);
  Rational shifted = end.value / params.scale + Rational(1, 2);
  if (shifted.get_den() != 1)
    return quantize(end.value, params);
  Integer level = shifted.get_num() + params.zeroPoint;
  if (side == Side::Upper)
    level -= 1;
  return clampToInt64(level, params.storage.min, params.storage.max);
}

/// The integers of an interval's ends. At the last precision neighbouring
/// integers mean that the value is the tie between them: half to even.
Range quantizeInterval(const Interval &x, const QuantParams &params, int precision) {
  Range q = {quantizeEnd(x.lo, params, Side::Lower),
             quantizeEnd(x.hi, params, Side::Upper)};
  if (precision >= kLastPrecision && q.max - q.min == 1) {
    int64_t even = (q.min - params.zeroPoint) % 2 == 0 ? q.min : q.max;
    return {even, even};
  }
  return q;
}

Interval apply(const RequantizeStep &step, const Interval &x, int precision) {
  Range q = quantizeInterval(x, step.params, precision);
  return {closedAt(dequantize(q.min, step.params)),
          closedAt(dequantize(q.max, step.params))};
}

/// sqrt(max(x, 0)): exact when numerator and denominator are squares.
End squareRoot(const End &x, Side side, int precision) {
  if (x.infinity > 0)
    return x;
  if (x.compare(0) <= 0)
    return closedAt(0);
  if (!mpz_perfect_square_p(x.value.get_num_mpz_t()) ||
      !mpz_perfect_square_p(x.value.get_den_mpz_t()))
    return bounded(Irrational::Sqrt, x.value, side, precision);
  return {Rational(sqrt(x.value.get_num()), sqrt(x.value.get_den())), 0, x.open};
}

/// A transcendental function with its limits and its one rational point.
struct Curve {
  Irrational function;
  Rational left, atZero;
  std::optional<Rational> right;
};

/// The curve itself, exp(x) - 1 for Elu, g(x) for the functions x * g(x).
Curve curveOf(UnaryFunction function) {
  const Rational half(1, 2);
  switch (function) {
  case UnaryFunction::Tanh:
    return {Irrational::Tanh, -1, 0, Rational(1)};
  case UnaryFunction::Exp:
    return {Irrational::Exp, 0, 1, std::nullopt};
  case UnaryFunction::Elu:
    return {Irrational::ExpM1, -1, 0, std::nullopt};
  case UnaryFunction::Gelu:
    return {Irrational::Gelu, 0, half, Rational(1)};
  case UnaryFunction::GeluTanh:
    return {Irrational::GeluTanh, 0, half, Rational(1)};
  default:
    return {Irrational::Sigmoid, 0, half, Rational(1)};
  }
}

End curveAt(const Curve &curve, const End &x, Side side, int precision) {
  if (x.infinity < 0)
    return openAt(curve.left);
  if (x.infinity > 0)
    return curve.right ? openAt(*curve.right) : x;
  if (x.value == 0)
    return {curve.atZero, 0, x.open};
  return bounded(curve.function, x.value, side, precision);
}

/// The negative branch of LeakyRelu and Elu, with alpha != 0.
End negativeBranch(const UnaryStep &step, const End &x, Side side, int precision) {
  End inner = x;
  if (step.function == UnaryFunction::Elu)
    inner = curveAt(curveOf(step.function), x, step.alpha < 0 ? opposite(side) : side,
                    precision);
  if (inner.infinity)
    return infinite(inner.infinity * sgn(step.alpha));
  return {step.alpha * inner.value, 0, inner.open};
}

/// The function at one end of an interval.
End valueAt(const UnaryStep &step, const End &x, Side side, int precision) {
  switch (step.function) {
  case UnaryFunction::Abs:
    return x.infinity ? infinite(1) : End{abs(x.value), 0, x.open};
  case UnaryFunction::Square:
    return x.infinity ? infinite(1) : End{x.value * x.value, 0, x.open};
  case UnaryFunction::HardSwish: // x * (x / 6 + 1 / 2) between -3 and 3
    if (x.compare(-3) <= 0)
      return closedAt(0);
    return x.compare(3) >= 0 ? x : End{x.value * (x.value + 3) / 6, 0, x.open};
  case UnaryFunction::LeakyRelu:
  case UnaryFunction::Elu:
    return x.compare(0) >= 0 ? x : negativeBranch(step, x, side, precision);
  case UnaryFunction::Sqrt:
    return squareRoot(x, side, precision);
  default:
    return curveAt(curveOf(step.function), x, side, precision);
  }
}

Interval risingImage(const UnaryStep &step, const Interval &x, int precision) {
  End lo = valueAt(step, x.lo, Side::Lower, precision);
  // A point whose value is exact needs no second end.
  if (!x.lo.open && !lo.open && !x.hi.open && x.lo.value == x.hi.value)
    return {lo, lo};
  return {lo, valueAt(step, x.hi, Side::Upper, precision)};
}

/// A function that falls up to `bottom` and rises from there on.
Interval valleyImage(const UnaryStep &step, const Interval &x, const Rational &bottom,
                     int precision) {
  if (x.lo.compare(bottom) >= 0)
    return risingImage(step, x, precision);
  End left = valueAt(step, x.lo, Side::Upper, precision);
  if (x.hi.compare(bottom) <= 0)
    return {valueAt(step, x.hi, Side::Lower, precision), left};
  End right = valueAt(step, x.hi, Side::Upper, precision);
  bool leftTops = !right.infinity && left.compare(right.value) > 0;
  End top = leftTops ? left : right;
  top.open = left.open && right.open;
  return {valueAt(step, closedAt(bottom), Side::Lower, precision), top};
}

/// The least value of x * gate(x), rounded down to 18 decimals.
Rational gatedMinimum(UnaryFunction function) {
  constexpr int64_t kGelu = -169971207479903662, kSilu = -278464542761073796,
                    kGeluTanh = -170040750571254051, k10To18 = 1000000000000000000;
  int64_t value = function == UnaryFunction::Gelu       ? kGelu
                  : function == UnaryFunction::GeluTanh ? kGeluTanh
                                                        : kSilu;
  return Rational(value) / k10To18;
}

/// x * gate(x), the gate rising from 0 to 1: products of the matching ends.
/// Only x = 0 gives a rational product.
Interval gatedImage(UnaryFunction function, const Interval &x, int precision) {
  Curve gate = curveOf(function);
  Rational least = curveAt(gate, x.lo, Side::Lower, precision).value;
  Rational most = curveAt(gate, x.hi, Side::Upper, precision).value;
  auto product = [](const End &end, const Rational &g) {
    return end.infinity ? end : End{end.value * g, 0, end.value != 0 || end.open};
  };
  End lo = product(x.lo, x.lo.compare(0) >= 0 ? least : most);
  Rational minimum = gatedMinimum(function);
  if (lo.compare(minimum) < 0)
    lo = closedAt(minimum);
  return {lo, product(x.hi, x.hi.compare(0) >= 0 ? most : least)};
}

Interval apply(const UnaryStep &step, const Interval &x, int precision) {
  switch (step.function) {
  case UnaryFunction::HardSigmoid:
    return apply(ClampStep{Rational(0), Rational(1)},
                 apply(LinearStep{step.alpha, step.beta}, x, precision), precision);
  case UnaryFunction::Gelu:
  case UnaryFunction::GeluTanh:
  case UnaryFunction::Silu:
    return gatedImage(step.function, x, precision);
  case UnaryFunction::LeakyRelu:
  case UnaryFunction::Elu:
    if (step.alpha == 0)
      return apply(ClampStep{Rational(0), std::nullopt}, x, precision);
    return step.alpha > 0 ? risingImage(step, x, precision)
                          : valleyImage(step, x, 0, precision);
  case UnaryFunction::Abs:
  case UnaryFunction::Square:
    return valleyImage(step, x, 0, precision);
  case UnaryFunction::HardSwish:
    return valleyImage(step, x, Rational(-3, 2), precision);
  default:
    return risingImage(step, x, precision);
  }
}

Interval applyStep(const Step &step, const Interval &x, int precision) {
  return std::visit([&](const auto &s) { return apply(s, x, precision); }, step);
}

/// True when the step never decreases on the interval.
bool risesOn(const Step &step, const Interval &x) {
  if (const auto *linear = std::get_if<LinearStep>(&step))
    return linear->factor >= 0;
  const auto *unary = std::get_if<UnaryStep>(&step);
  if (!unary)
    return true;
  switch (unary->function) {
  case UnaryFunction::Sigmoid:
  case UnaryFunction::Tanh:
  case UnaryFunction::Exp:
  case UnaryFunction::Sqrt:
    return true;
  case UnaryFunction::HardSigmoid:
    return unary->alpha >= 0;
  case UnaryFunction::LeakyRelu:
  case UnaryFunction::Elu:
    return unary->alpha >= 0 || x.lo.compare(0) >= 0;
  default: // the others rise where x >= 0
    return x.lo.compare(0) >= 0;
  }
}

constexpr std::array<std::pair<UnaryFunction, std::string_view>, 13> kNames = {
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
     {UnaryFunction::Square, "square"}}};

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
    if (std::holds_alternative<UnaryStep>(step))
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
