//===- Staircase.cpp - t(n) = min { acc : y(acc) >= n } (N7) --------------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Staircase.h"

#include <algorithm>

namespace qbias::numerics {
namespace {

//===----------------------------------------------------------------------===//
// Closed form for clamp-only chains
//===----------------------------------------------------------------------===//

/// An arithmetic progression (start + i * step) / divisor, held as
/// quotient + remainder / divisor with 0 <= remainder < divisor. One step is
/// two additions, a comparison and rarely a carry; no division.
template <typename Int>
struct Progression {
  Int quotient, remainder, stepQuotient, stepRemainder, divisor;

  void advance() {
    quotient += stepQuotient;
    remainder += stepRemainder;
    if (remainder >= divisor) {
      remainder -= divisor;
      quotient += 1;
    }
  }
};

/// Bounds within which the progression runs in 128 bits: at most 2^20 steps
/// keep |quotient| below 2^(100 + 20 + 1), and a sum of two remainders stays
/// below 2^125.
constexpr size_t kQuotientBits = 100, kDivisorBits = 124;
constexpr int64_t kFastSteps = int64_t(1) << 20;

bool fitsBits(const Integer &value, size_t bits) {
  return mpz_sizeinbase(value.get_mpz_t(), 2) <= bits;
}

/// A value below 2^126 in magnitude.
Int128 toInt128(const Integer &value) {
  constexpr int kLimbBits = 64;
  Integer magnitude = abs(value);
  Integer high = magnitude >> kLimbBits;
  Int128 result = static_cast<Int128>(high.get_ui()) << kLimbBits;
  result += magnitude.get_ui(); // the low 64 bits
  return value < 0 ? -result : result;
}

int64_t narrow(Int128 value) { return static_cast<int64_t>(value); }
int64_t narrow(const Integer &value) { return value.get_si(); }

/// Level n = staircase.output.min + 1 + i is reached at the smallest integer
/// acc >= x(i), the i-th term; where x(i) is an integer the value is a tie,
/// which rounds up only to an even n - z. So t = floor(x) + 1, or x itself
/// on such a tie.
template <typename Int>
void fillProgression(Staircase &staircase, Progression<Int> x, int64_t zeroPoint) {
  const Range acc = staircase.acc;
  bool tieGoesUp = (staircase.output.min + 1 - zeroPoint) % 2 == 0;
  for (int64_t &threshold : staircase.thresholds) {
    if (x.quotient < acc.min)
      threshold = acc.min;
    else if (x.quotient > acc.max)
      threshold = acc.max + 1;
    else
      threshold = narrow(x.quotient) + (x.remainder == 0 && tieGoesUp ? 0 : 1);
    tieGoesUp = !tieGoesUp;
    x.advance();
  }
}

/// acc * unit + offset >= (n - 1/2 - z) * s  <=>  acc >= x(i) with n = n0 + i:
///   x(i) = ((n0 - 1/2 - z) * s - offset) / unit + i * (s / unit)
/// brought to one common denominator.
void fillClosedForm(Staircase &staircase, const Rational &unit, const Rational &offset,
                    const QuantParams &out) {
  Integer first = fromInt64(staircase.output.min) + 1 - out.zeroPoint;
  Rational start = ((first - Rational(1, 2)) * out.scale - offset) / unit;
  Rational step = out.scale / unit;
  Progression<Integer> x;
  x.divisor = lcm(start.get_den(), step.get_den());
  Integer startNumerator = start.get_num() * (x.divisor / start.get_den());
  Integer stepNumerator = step.get_num() * (x.divisor / step.get_den());
  mpz_fdiv_qr(x.quotient.get_mpz_t(), x.remainder.get_mpz_t(), startNumerator.get_mpz_t(),
              x.divisor.get_mpz_t());
  mpz_fdiv_qr(x.stepQuotient.get_mpz_t(), x.stepRemainder.get_mpz_t(),
              stepNumerator.get_mpz_t(), x.divisor.get_mpz_t());
  bool fast = fitsBits(x.divisor, kDivisorBits) && fitsBits(x.quotient, kQuotientBits) &&
              fitsBits(x.stepQuotient, kQuotientBits) &&
              staircase.output.max - staircase.output.min <= kFastSteps;
  if (!fast)
    return fillProgression(staircase, x, out.zeroPoint);
  fillProgression(staircase,
                  Progression<Int128>{toInt128(x.quotient), toInt128(x.remainder),
                                      toInt128(x.stepQuotient), toInt128(x.stepRemainder),
                                      toInt128(x.divisor)},
                  out.zeroPoint);
}

//===----------------------------------------------------------------------===//
// Other monotone chains: pull every threshold back through the steps
//===----------------------------------------------------------------------===//

/// An upper set of the reals: everything, nothing, x >= value or x > value.
/// The preimage of one under a non-decreasing step is another.
struct Cut {
  enum Kind { Everything, Nothing, From, Beyond } kind;
  Rational value = 0;
};

Cut cutAt(Rational value, bool reached) {
  return {reached ? Cut::From : Cut::Beyond, std::move(value)};
}

/// Precision of irrational cuts. Where it does not decide, evaluation does.
constexpr int kCutPrecision = 128;

/// The reals that quantize to at least `level`: beyond (level - 1/2 - z) * s,
/// the tie itself included when it goes up.
Cut levelCut(const Integer &level, const QuantParams &params) {
  if (level <= params.storage.min)
    return {Cut::Everything};
  if (level > params.storage.max)
    return {Cut::Nothing};
  Integer centered = level - params.zeroPoint;
  return cutAt((centered - Rational(1, 2)) * params.scale,
               mpz_even_p(centered.get_mpz_t()));
}

/// Nothing above hi; below lo everything; in between the identity.
Cut pullBack(const ClampStep &step, const Cut &cut, Side) {
  bool from = cut.kind == Cut::From;
  if (step.hi && (from ? cut.value > *step.hi : cut.value >= *step.hi))
    return {Cut::Nothing};
  bool constant = step.lo && step.hi && *step.lo >= *step.hi;
  if (constant || (step.lo && (from ? cut.value <= *step.lo : cut.value < *step.lo)))
    return {Cut::Everything};
  return cut;
}

Cut pullBack(const LinearStep &step, const Cut &cut, Side) {
  if (step.factor > 0)
    return {cut.kind, (cut.value - step.offset) / step.factor};
  bool reached =
      cut.kind == Cut::From ? step.offset >= cut.value : step.offset > cut.value;
  return {reached ? Cut::Everything : Cut::Nothing};
}

/// (q - z) * s >= c  <=>  q >= z + ceil(c / s), and > with floor + 1.
Cut pullBack(const RequantizeStep &step, const Cut &cut, Side) {
  Rational ratio = cut.value / step.params.scale;
  Integer level = cut.kind == Cut::From ? ceilOf(ratio) : floorOf(ratio) + 1;
  return levelCut(level + step.params.zeroPoint, step.params);
}

/// A cut at factor * log(argument): irrational unless the argument is 1.
Cut logCut(const Cut &cut, const Rational &argument, const Rational &factor, Side side) {
  if (argument == 1)
    return {cut.kind, 0};
  return cutAt(factor * *boundOf(Irrational::Log, argument, side, kCutPrecision),
               side == Side::Upper);
}

/// The functions whose inverse is a logarithm, for values inside their range.
///   sigmoid(x) = c  <=>  x = log(c / (1 - c))
///   tanh(x) = c     <=>  x = log((1 + c) / (1 - c)) / 2
///   exp(x) = c      <=>  x = log(c)
///   alpha * (exp(x) - 1) = c  <=>  x = log(1 + c / alpha)
Cut pullBackExponential(const UnaryStep &step, const Cut &cut, Side side) {
  const Rational &c = cut.value;
  UnaryFunction function = step.function;
  bool isExp = function == UnaryFunction::Exp;
  bool isElu = function == UnaryFunction::Elu;
  Rational least = function == UnaryFunction::Tanh ? -1 : 0;
  if (isElu)
    least = -step.alpha;
  if (c <= least)
    return {Cut::Everything};
  if (!isExp && !isElu && c >= 1)
    return {Cut::Nothing};
  if (isExp)
    return logCut(cut, c, 1, side);
  if (isElu)
    return logCut(cut, 1 + c / step.alpha, 1, side);
  if (function == UnaryFunction::Sigmoid)
    return logCut(cut, c / (1 - c), 1, side);
  return logCut(cut, (1 + c) / (1 - c), Rational(1, 2), side);
}

/// The preimage, or a larger (Lower) or smaller (Upper) set where it has no
/// rational form.
Cut pullBack(const UnaryStep &step, const Cut &cut, Side side) {
  bool leaky = step.function == UnaryFunction::LeakyRelu;
  bool elu = step.function == UnaryFunction::Elu;
  if ((leaky || elu) && step.alpha == 0)
    return pullBack(ClampStep{Rational(0), std::nullopt}, cut, side);
  if ((leaky || elu) && step.alpha > 0 && cut.value >= 0)
    return cut;
  if (leaky && step.alpha > 0)
    return {cut.kind, cut.value / step.alpha};
  switch (step.function) {
  case UnaryFunction::HardSigmoid: {
    Cut inner = pullBack(ClampStep{Rational(0), Rational(1)}, cut, side);
    return inner.kind == Cut::Everything || inner.kind == Cut::Nothing
               ? inner
               : pullBack(LinearStep{step.alpha, step.beta}, inner, side);
  }
  case UnaryFunction::Sqrt:
    if (cut.value < 0 || (cut.value == 0 && cut.kind == Cut::From))
      return {Cut::Everything};
    return {cut.kind, cut.value * cut.value};
  case UnaryFunction::Sigmoid:
  case UnaryFunction::Tanh:
  case UnaryFunction::Exp:
    return pullBackExponential(step, cut, side);
  case UnaryFunction::Elu:
    if (step.alpha > 0)
      return pullBackExponential(step, cut, side);
    [[fallthrough]];
  default:
    return {side == Side::Lower ? Cut::Everything : Cut::Nothing};
  }
}

/// Left to evaluation.
Cut pullBack(const CombineStep &, const Cut &, Side side) {
  return {side == Side::Lower ? Cut::Everything : Cut::Nothing};
}

/// real(acc) = acc * unit + offset, then the chain.
struct Segment {
  const Rational &unit, &offset;
  const Chain &chain;

  /// A bound of the threshold of `level`, limited to lo .. hi.
  int64_t bound(int64_t level, int64_t lo, int64_t hi, Side side) const {
    Cut cut = levelCut(fromInt64(level), chain.out);
    for (auto it = chain.steps.rbegin(); it != chain.steps.rend(); ++it) {
      if (cut.kind == Cut::Everything || cut.kind == Cut::Nothing)
        break;
      cut = std::visit([&](const auto &s) { return pullBack(s, cut, side); }, *it);
    }
    if (cut.kind == Cut::Everything)
      return lo;
    if (cut.kind == Cut::Nothing)
      return hi;
    Rational x = (cut.value - offset) / unit;
    return clampToInt64(cut.kind == Cut::From ? ceilOf(x) : Integer(floorOf(x) + 1), lo,
                        hi);
  }

  /// The threshold of `level`, known to lie in lo .. hi: pulled back with both
  /// roundings, and where these differ found by bisection.
  int64_t threshold(int64_t level, int64_t lo, int64_t hi) const {
    int64_t below = bound(level, lo, hi, Side::Lower);
    int64_t above = bound(level, lo, hi, Side::Upper);
    while (below < above) {
      int64_t middle = below + (above - below) / 2;
      if (chain.evaluate(fromInt64(middle) * unit + offset) >= level)
        above = middle;
      else
        below = middle + 1;
    }
    return below;
  }

  /// Fills thresholds first .. last - 1, known to lie in lo .. hi. The middle
  /// one bounds all others, so bisection (where needed) is shared.
  void fill(Staircase &staircase, size_t first, size_t last, int64_t lo,
            int64_t hi) const {
    if (first >= last)
      return;
    size_t middle = first + (last - first) / 2;
    int64_t level = staircase.output.min + 1 + static_cast<int64_t>(middle);
    int64_t found = threshold(level, lo, hi);
    staircase.thresholds[middle] = found;
    fill(staircase, first, middle, lo, found);
    fill(staircase, middle + 1, last, found, hi);
  }
};

} // namespace

int64_t Staircase::at(int64_t accumulator) const {
  return output.min +
         (std::upper_bound(thresholds.begin(), thresholds.end(), accumulator) -
          thresholds.begin());
}

/// Clamps only tighten lo and hi: quantize is monotone, so
/// quantize(clamp(x, a, b)) = clamp(quantize(x), quantize(a), quantize(b)).
Staircase buildStaircase(const Rational &unit, const Rational &offset, const Chain &chain,
                         Range acc) {
  Staircase staircase{acc, chain.outputRange(), {}};
  staircase.thresholds.resize(staircase.output.max - staircase.output.min);
  if (chain.isClampOnly())
    fillClosedForm(staircase, unit, offset, chain.out);
  else
    Segment{unit, offset, chain}.fill(staircase, 0, staircase.thresholds.size(), acc.min,
                                      acc.max + 1);
  return staircase;
}

std::vector<int64_t> tabulate(const Staircase &staircase) {
  std::vector<int64_t> outputs;
  outputs.reserve(staircase.acc.max - staircase.acc.min + 1);
  for (int64_t acc = staircase.acc.min; acc <= staircase.acc.max; ++acc)
    outputs.push_back(staircase.at(acc));
  return outputs;
}

} // namespace qbias::numerics
