//===- TwoOperand.cpp - (qa * ma + qb * mb + r) >> k (N11, N11b) ----------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Both segments are solved alike: one operand u with a positive multiplier is
// taken as the accumulator, and for every value q of the other one the output
// is a staircase in u. A rounding constant is exact for all of them or not:
// the intersection of 256 intervals, each shifted by q * m2.
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/TwoOperand.h"

#include <algorithm>
#include <cstdlib>

namespace qbias::numerics {
namespace {

/// Operands are enumerated up to this many values (8 bit).
constexpr int64_t kMaxValues = 256;

/// Widths tried for the multipliers of a sum, narrowest first (N11).
constexpr int kSumBits[] = {20, 24, 28, kMultiplierBits};

int64_t countOf(Range range) { return range.max - range.min + 1; }

Rational centered(int64_t q, int64_t zeroPoint) {
  return Rational(fromInt64(q) - fromInt64(zeroPoint));
}

/// The extremes of a * ma + b * mb.
RoundingInterval extremes(Range a, Int128 ma, Range b, Int128 mb) {
  // Braces: minmax of a list returns values, not references to temporaries.
  auto [aLo, aHi] = std::minmax({a.min * ma, a.max * ma});
  auto [bLo, bHi] = std::minmax({b.min * mb, b.max * mb});
  return {aLo + bLo, aHi + bHi};
}

Staircase staircaseFor(const AccumulatorSumSegment &segment, int64_t q) {
  Rational addend = centered(q, segment.zeroPoint) * segment.scale;
  return buildStaircase(segment.unit, segment.offset + addend, segment.chain,
                        segment.acc);
}

/// staircases[q - operand.min].
std::vector<Staircase> allStaircases(const AccumulatorSumSegment &segment) {
  std::vector<Staircase> staircases;
  for (int64_t q = segment.operand.min; q <= segment.operand.max; ++q)
    staircases.push_back(staircaseFor(segment, q));
  return staircases;
}

/// A common shift, and what the multipliers must stay below in magnitude.
struct Width {
  int shift;
  int64_t limit, addendLimit;
};

/// The search for one segment whose chain is near an affine function,
///   y = u * slope + (q - z) * addendSlope + intercept + zeroPoint.
class SumSolver {
public:
  SumSolver(const AccumulatorSumSegment &segment, const LinearStep &linear,
            const std::vector<Staircase> &staircases)
      : segment(segment), staircases(staircases), zeroPoint(segment.chain.out.zeroPoint) {
    const Rational &s = segment.chain.out.scale;
    slope = segment.unit * linear.factor / s;
    addendSlope = segment.scale * linear.factor / s;
    intercept = (segment.offset * linear.factor + linear.offset) / s;
  }

  /// Widths of N11: both multipliers below 2^bits.
  std::vector<Width> sumWidths() const {
    std::vector<Width> widths;
    for (int bits : kSumBits) {
      int64_t limit = int64_t(1) << bits;
      int shift = largestShift(slope, bits);
      if (addendSlope != 0)
        shift = std::min(shift, largestShift(abs(addendSlope), bits));
      widths.push_back({shift, limit, limit});
    }
    return widths;
  }

  /// Widths of N11b: m of 31 to 40 bits; q * m2 is one of 256 constants, so
  /// only the 64-bit sum limits m2.
  std::vector<Width> accumulatorWidths() const {
    std::vector<Width> widths;
    for (int bits = kMultiplierBits; bits <= kWideMultiplierBits; ++bits)
      widths.push_back(
          {largestShift(slope, bits), int64_t(1) << bits, int64_t(1) << kMaxShift});
    return widths;
  }

  /// Affine, then HalfEven, or one of them; every width; both neighbours of
  /// both multipliers.
  std::optional<AccumulatorSumSolution>
  solve(const std::vector<Width> &widths, std::optional<Form> only = std::nullopt) const {
    for (Form form : {Form::Affine, Form::HalfEven}) {
      if (only && form != *only)
        continue;
      int limit = shiftLimit(), previous = 0;
      for (Width width : widths) {
        width.shift = std::min(width.shift, limit);
        if (width.shift < 1 || width.shift == previous)
          continue;
        previous = width.shift;
        if (auto found = tryWidth(form, width))
          return found;
      }
    }
    return std::nullopt;
  }

private:
  /// The largest k with |term| * 2^k summing to less than 2^62 over all terms
  /// of y, so that products, partial sums and the sum stay within 64 bits.
  int shiftLimit() const {
    Integer reach =
        std::max(abs(fromInt64(segment.acc.min)), abs(fromInt64(segment.acc.max)));
    Integer addendReach =
        abs(fromInt64(segment.zeroPoint)) + std::max(abs(fromInt64(segment.operand.min)),
                                                     abs(fromInt64(segment.operand.max)));
    Rational sum = reach * slope + addendReach * abs(addendSlope) + abs(intercept) +
                   abs(fromInt64(zeroPoint)) + 1;
    return kMaxShift - static_cast<int>(mpz_sizeinbase(ceilOf(sum).get_mpz_t(), 2));
  }

  std::optional<AccumulatorSumSolution> tryWidth(Form form, const Width &width) const {
    auto [m0, m1] = neighbours(slope, width.shift);
    auto [n0, n1] = neighbours(addendSlope, width.shift);
    for (const Integer &m : {m0, m1})
      for (const Integer &n : {n0, n1})
        if (m > 0 && m < width.limit && abs(n) < width.addendLimit)
          if (auto found = tryPair(form, m.get_si(), n.get_si(), width.shift))
            return found;
    return std::nullopt;
  }

  /// r is exact for staircase q iff r + q * m2 is exact for its steps alone.
  std::optional<AccumulatorSumSolution> tryPair(Form form, int64_t m, int64_t addend,
                                                int shift) const {
    int64_t z = form == Form::HalfEven ? zeroPoint : 0;
    RoundingInterval r =
        fittingRounding(extremes(segment.acc, m, segment.operand, addend), form, shift);
    Int128 shiftedBy = static_cast<Int128>(segment.operand.min) * addend;
    for (const Staircase &staircase : staircases) {
      RoundingInterval steps = stepRounding(staircase, form, m, shift, z);
      r.intersect(steps.min - shiftedBy, steps.max - shiftedBy);
      if (r.empty())
        return std::nullopt;
      shiftedBy += addend;
    }
    Rational constant = intercept;
    if (form == Form::Affine)
      constant += zeroPoint + Rational(1, 2);
    Integer ideal = roundHalfEven(constant * powerOfTwo(shift)) -
                    fromInt64(addend) * segment.zeroPoint;
    int64_t lo = static_cast<int64_t>(r.min), hi = static_cast<int64_t>(r.max);
    Range output = staircases.front().output;
    return AccumulatorSumSolution{
        {form, m, shift, clampToInt64(ideal, lo, hi), z, output.min, output.max},
        addend,
        lo,
        hi};
  }

  const AccumulatorSumSegment &segment;
  const std::vector<Staircase> &staircases;
  int64_t zeroPoint;
  Rational slope, addendSlope, intercept;
};

/// The sum with its first operand as the accumulator:
///   (qa - za) * sa + ... = qa * sa + (-za * sa) + ...
AccumulatorSumSegment withAccumulator(const SumSegment &s) {
  return {s.scaleA, fromInt64(s.zeroPointA) * -s.scaleA, s.a, s.scaleB, s.zeroPointB, s.b,
          s.chain};
}

bool isSmall(const SumSegment &segment) {
  return countOf(segment.a) <= kMaxValues && countOf(segment.b) <= kMaxValues;
}

/// The exact output of every pair in the order of SumRequant::table: read off
/// the staircases where there are any, else evaluated one by one.
std::vector<int64_t> tableOf(const SumSegment &segment,
                             const std::vector<Staircase> &staircases) {
  std::vector<int64_t> table;
  table.reserve(countOf(segment.a) * countOf(segment.b));
  for (int64_t qa = segment.a.min; qa <= segment.a.max; ++qa)
    for (int64_t qb = segment.b.min; qb <= segment.b.max; ++qb)
      table.push_back(staircases.empty() ? evaluate(segment, qa, qb)
                                         : staircases[qb - segment.b.min].at(qa));
  return table;
}

bool hasStaircases(const SumSegment &segment) {
  return segment.scaleA > 0 && segment.chain.isMonotone();
}

Requant requantOf(const SumRequant &sum) {
  return {sum.form, 1, sum.shift, 0, sum.zeroPoint, sum.lo, sum.hi};
}

bool fail(std::string *why, std::string text) {
  if (why)
    *why = std::move(text);
  return false;
}

/// What a sum must satisfy before its outputs are compared; empty when it does.
std::string formError(const Requant &requant, RoundingInterval sums, int64_t rounding) {
  if (!isWellFormed(requant))
    return "expects form affine or half_even, 0 < m < 2^40, 1 <= k <= 62";
  RoundingInterval r = fittingRounding(sums, requant.form, requant.shift);
  return r.min <= rounding && rounding <= r.max ? "" : "the sum leaves 64 bits";
}

std::string formError(const SumRequant &requant, const SumSegment &segment) {
  size_t size = countOf(segment.a) * countOf(segment.b);
  if (requant.form == Form::Table)
    return requant.table.size() == size
               ? ""
               : "expects a table of " + std::to_string(size) + " entries, got " +
                     std::to_string(requant.table.size());
  return formError(
      requantOf(requant),
      extremes(segment.a, requant.multiplierA, segment.b, requant.multiplierB),
      requant.rounding);
}

std::string pairText(int64_t qa, int64_t qb, int64_t expected, int64_t got) {
  return "pair (" + std::to_string(qa) + ", " + std::to_string(qb) + "): expects " +
         std::to_string(expected) + ", got " + std::to_string(got);
}

constexpr const char *kTooWide = "operands of more than 256 values are not enumerated";

} // namespace

int64_t evaluate(const SumSegment &segment, int64_t qa, int64_t qb) {
  return segment.chain.evaluate(centered(qa, segment.zeroPointA) * segment.scaleA +
                                centered(qb, segment.zeroPointB) * segment.scaleB);
}

int64_t applySum(const SumRequant &requant, const SumSegment &segment, int64_t qa,
                 int64_t qb) {
  if (requant.form == Form::Table)
    return requant
        .table[(qa - segment.a.min) * countOf(segment.b) + (qb - segment.b.min)];
  Int128 v = static_cast<Int128>(qa) * requant.multiplierA +
             static_cast<Int128>(qb) * requant.multiplierB + requant.rounding;
  return finishRequant(v, requantOf(requant));
}

std::optional<SumRequant> solveSum(const SumSegment &segment) {
  if (!isSmall(segment))
    return std::nullopt;
  AccumulatorSumSegment asAccumulator = withAccumulator(segment);
  std::vector<Staircase> staircases;
  if (hasStaircases(segment))
    staircases = allStaircases(asAccumulator);
  std::optional<LinearStep> linear = segment.chain.linearPart();
  if (linear && linear->factor > 0 && !staircases.empty()) {
    SumSolver solver(asAccumulator, *linear, staircases);
    if (auto found = solver.solve(solver.sumWidths())) {
      const Requant &r = found->requant;
      return SumRequant{r.form,
                        r.multiplier,
                        found->addendMultiplier,
                        r.shift,
                        r.rounding,
                        found->roundingMin,
                        found->roundingMax,
                        r.zeroPoint,
                        r.lo,
                        r.hi,
                        {}};
    }
  }
  SumRequant table;
  table.form = Form::Table;
  Range output = segment.chain.outputRange();
  table.lo = output.min;
  table.hi = output.max;
  table.table = tableOf(segment, staircases);
  return table;
}

bool proves(const SumRequant &requant, const SumSegment &segment, std::string *why) {
  if (!isSmall(segment))
    return fail(why, kTooWide);
  std::string error = formError(requant, segment);
  if (!error.empty())
    return fail(why, error);
  std::vector<Staircase> staircases;
  if (hasStaircases(segment))
    staircases = allStaircases(withAccumulator(segment));
  std::vector<int64_t> reference = tableOf(segment, staircases);
  const int64_t *expected = reference.data();
  for (int64_t qa = segment.a.min; qa <= segment.a.max; ++qa)
    for (int64_t qb = segment.b.min; qb <= segment.b.max; ++qb, ++expected) {
      int64_t got = applySum(requant, segment, qa, qb);
      if (got != *expected)
        return fail(why, pairText(qa, qb, *expected, got));
    }
  return true;
}

int64_t evaluate(const AccumulatorSumSegment &segment, int64_t acc, int64_t q) {
  return segment.chain.evaluate(fromInt64(acc) * segment.unit + segment.offset +
                                centered(q, segment.zeroPoint) * segment.scale);
}

int64_t applyAccumulatorSum(const AccumulatorSumSolution &solution, int64_t acc,
                            int64_t q) {
  Int128 v = static_cast<Int128>(acc) * solution.requant.multiplier +
             static_cast<Int128>(q) * solution.addendMultiplier +
             solution.requant.rounding;
  return finishRequant(v, solution.requant);
}

std::optional<AccumulatorSumSolution>
solveAccumulatorSum(const AccumulatorSumSegment &segment, std::optional<Form> only) {
  std::optional<LinearStep> linear = segment.chain.linearPart();
  if (!linear || linear->factor <= 0 || countOf(segment.operand) > kMaxValues)
    return std::nullopt;
  std::vector<Staircase> staircases = allStaircases(segment);
  SumSolver solver(segment, *linear, staircases);
  return solver.solve(solver.accumulatorWidths(), only);
}

bool proves(const AccumulatorSumSolution &solution, const AccumulatorSumSegment &segment,
            std::string *why) {
  if (countOf(segment.operand) > kMaxValues)
    return fail(why, kTooWide);
  std::string error = formError(solution.requant,
                                extremes(segment.acc, solution.requant.multiplier,
                                         segment.operand, solution.addendMultiplier),
                                solution.requant.rounding);
  if (!error.empty())
    return fail(why, error);
  for (int64_t q = segment.operand.min; q <= segment.operand.max; ++q) {
    auto output = [&](int64_t acc) { return applyAccumulatorSum(solution, acc, q); };
    std::string reason;
    if (!matches(staircaseFor(segment, q), output, &reason))
      return fail(why, "operand " + std::to_string(q) + ", " + reason);
  }
  return true;
}

} // namespace qbias::numerics
