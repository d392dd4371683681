//===- Intervals.cpp - steps on intervals of reals ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rational steps are exact. Other steps round their result outwards; the interval
// is open there, because the exact value is irrational and never equals an end.
//
//===----------------------------------------------------------------------===//

#include "Intervals.h"

namespace qbias::numerics {
namespace {

Side opposite(Side side) { return side == Side::Lower ? Side::Upper : Side::Lower; }

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

} // namespace

Range quantizeInterval(const Interval &x, const QuantParams &params, int precision) {
  Range q = {quantizeEnd(x.lo, params, Side::Lower),
             quantizeEnd(x.hi, params, Side::Upper)};
  if (precision >= kLastPrecision && q.max - q.min == 1) {
    int64_t even = (q.min - params.zeroPoint) % 2 == 0 ? q.min : q.max;
    return {even, even};
  }
  return q;
}

namespace {

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
  case UnaryFunction::Erf:
    return {Irrational::Erf, -1, 0, Rational(1)};
  case UnaryFunction::Mish: // tanh(log(2)) = (4 - 1) / (4 + 1)
    return {Irrational::MishGate, 0, Rational(3, 5), Rational(1)};
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

/// log(1 + exp(x)), which is irrational for every rational x.
End softplusAt(const End &x, Side side, int precision) {
  if (x.infinity)
    return x.infinity < 0 ? openAt(0) : x;
  return bounded(Irrational::Softplus, x.value, side, precision);
}

/// log(x), minus infinity up to 0.
End logarithmAt(const End &x, Side side, int precision) {
  if (x.compare(0) <= 0)
    return infinite(-1);
  if (x.infinity)
    return x;
  return x.value == 1 ? End{0, 0, x.open}
                      : bounded(Irrational::Log, x.value, side, precision);
}

/// x / (1 + |x|).
End softsignAt(const End &x) {
  if (x.infinity)
    return openAt(x.infinity);
  return {x.value / (1 + abs(x.value)), 0, x.open};
}

/// A step function at an end. An open end of an interval that is not a point
/// is taken as reached: its image may be a value of its own.
End steppedAt(const UnaryStep &step, const End &x) {
  if (x.infinity)
    return step.function == UnaryFunction::Sign ? closedAt(x.infinity) : x;
  switch (step.function) {
  case UnaryFunction::Floor:
    return closedAt(Rational(floorOf(x.value)));
  case UnaryFunction::Ceil:
    return closedAt(Rational(ceilOf(x.value)));
  case UnaryFunction::Round:
    return closedAt(Rational(roundHalfEven(x.value)));
  default:
    return closedAt(sgn(x.value));
  }
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
  case UnaryFunction::Log:
    return logarithmAt(x, side, precision);
  case UnaryFunction::Softplus:
    return softplusAt(x, side, precision);
  case UnaryFunction::Softsign:
    return softsignAt(x);
  case UnaryFunction::Floor:
  case UnaryFunction::Ceil:
  case UnaryFunction::Round:
  case UnaryFunction::Sign:
    return steppedAt(step, x);
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
                    kGeluTanh = -170040750571254051, kMish = -308843413017250407,
                    k10To18 = 1000000000000000000;
  int64_t value = function == UnaryFunction::Gelu       ? kGelu
                  : function == UnaryFunction::GeluTanh ? kGeluTanh
                  : function == UnaryFunction::Mish     ? kMish
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

/// 1 / x for an interval on one side of 0; 1 / 0 is plus infinity.
Interval reciprocalImage(const Interval &x) {
  auto invert = [](const End &end, int atZero) {
    if (end.infinity)
      return openAt(0);
    return end.value == 0 ? infinite(atZero) : End{1 / end.value, 0, end.open};
  };
  if (x.lo.compare(0) >= 0)
    return {invert(x.hi, 1), invert(x.lo, 1)};
  if (x.hi.compare(0) < 0 || (x.hi.compare(0) == 0 && x.hi.open))
    return {invert(x.hi, -1), invert(x.lo, -1)};
  return wholeLine();
}

/// 1 / sqrt(x) falls; it is plus infinity up to 0.
Interval rsqrtImage(const Interval &x, int precision) {
  Interval root = {squareRoot(x.lo, Side::Lower, precision),
                   squareRoot(x.hi, Side::Upper, precision)};
  return reciprocalImage(root);
}

/// x above alpha, else 0.
Interval thresholdImage(const Rational &alpha, const Interval &x) {
  bool isAbove = x.lo.compare(alpha) > 0 || (x.lo.compare(alpha) == 0 && x.lo.open);
  if (isAbove)
    return x;
  if (x.hi.compare(alpha) <= 0)
    return {closedAt(0), closedAt(0)};
  // Both branches: hull of 0 and (alpha, x.hi].
  End lo = alpha < 0 ? openAt(alpha) : closedAt(0);
  return {lo, x.hi.compare(0) < 0 ? closedAt(0) : x.hi};
}

Interval apply(const UnaryStep &step, const Interval &x, int precision) {
  switch (step.function) {
  case UnaryFunction::HardSigmoid:
    return apply(ClampStep{Rational(0), Rational(1)},
                 apply(LinearStep{step.alpha, step.beta}, x, precision), precision);
  case UnaryFunction::Gelu:
  case UnaryFunction::GeluTanh:
  case UnaryFunction::Mish:
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
  case UnaryFunction::Reciprocal:
    return reciprocalImage(x);
  case UnaryFunction::Rsqrt:
    return rsqrtImage(x, precision);
  case UnaryFunction::Threshold:
    return thresholdImage(step.alpha, x);
  default:
    return risingImage(step, x, precision);
  }
}

Interval apply(const CombineStep &step, const Interval &x, int precision);

} // namespace

Interval applyStep(const Step &step, const Interval &x, int precision) {
  return std::visit([&](const auto &s) { return apply(s, x, precision); }, step);
}

namespace {

Interval applySteps(const Steps &steps, Interval x, int precision) {
  for (const Step &step : steps.steps)
    x = applyStep(step, x, precision);
  return x;
}

/// Sum of two ends on the same side: reached only when both are.
End sum(const End &a, const End &b) {
  if (a.infinity || b.infinity)
    return a.infinity ? a : b;
  return {a.value + b.value, 0, a.open || b.open};
}

End negated(const End &x) { return {-x.value, -x.infinity, x.open}; }

bool isZero(const Interval &x) {
  return !x.lo.infinity && !x.hi.infinity && x.lo.value == 0 && x.hi.value == 0;
}

/// Product of two ends. 0 times infinity is 0, as the limit of products.
End product(const End &a, const End &b) {
  int signA = a.infinity ? a.infinity : sgn(a.value);
  int signB = b.infinity ? b.infinity : sgn(b.value);
  if (signA == 0 || signB == 0)
    return {0, 0, a.open || b.open};
  if (a.infinity || b.infinity)
    return infinite(signA * signB);
  return {a.value * b.value, 0, a.open || b.open};
}

/// -1, 0 or 1 as a lies below, at or above b.
int order(const End &a, const End &b) {
  if (a.infinity || b.infinity)
    return a.infinity == b.infinity ? 0 : a.infinity < b.infinity ? -1 : 1;
  return cmp(a.value, b.value);
}

/// Hull of the products of the ends; one that two corners share is reached when
/// one of them is.
Interval productOf(const Interval &a, const Interval &b) {
  if (isZero(a) || isZero(b))
    return {closedAt(0), closedAt(0)};
  Interval hull = {infinite(1), infinite(-1)};
  for (const End &left : {a.lo, a.hi})
    for (const End &right : {b.lo, b.hi}) {
      End corner = product(left, right);
      if (int at = order(corner, hull.lo); at < 0 || (at == 0 && !corner.open))
        hull.lo = corner;
      if (int at = order(corner, hull.hi); at > 0 || (at == 0 && !corner.open))
        hull.hi = corner;
    }
  return hull;
}

Interval apply(const CombineStep &step, const Interval &x, int precision) {
  Interval a = applySteps(*step.lhs, x, precision);
  Interval b = applySteps(*step.rhs, x, precision);
  switch (step.kind) {
  case CombineKind::Add:
    return {sum(a.lo, b.lo), sum(a.hi, b.hi)};
  case CombineKind::Sub:
    return {sum(a.lo, negated(b.hi)), sum(a.hi, negated(b.lo))};
  case CombineKind::Mul:
    return productOf(a, b);
  }
  return wholeLine();
}

} // namespace
} // namespace qbias::numerics
