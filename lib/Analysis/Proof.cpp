//===- Proof.cpp - prove the attributes of one layer ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Analysis/Certification.h"

#include "Layer.h"
#include "Modes.h"

#include "qbias/Dialect/QBias/IR/Constants.h"

using namespace mlir;
using namespace qbias;
using IntRange = numerics::Range;
using numerics::Form;

static LogicalResult checkBounds(IntegerSegmentOpInterface op,
                                 ArrayRef<IntRange> expected) {
  BoundsAttr bounds = op.getBoundsAttr();
  SmallVector<int64_t> min, max;
  if (!bounds || !readIntegers(bounds.getMin(), min) ||
      !readIntegers(bounds.getMax(), max) || min.size() != expected.size())
    return op->emitError("certificate is wrong: expects accumulator bounds of ")
           << expected.size() << " channels";
  for (auto [c, range] : llvm::enumerate(expected))
    if (min[c] != range.min || max[c] != range.max)
      return op->emitError("certificate is wrong: expects accumulator bound [")
             << range.min << ", " << range.max << "] in channel " << c << ", got ["
             << min[c] << ", " << max[c] << "]";
  return success();
}

/// The requantization of channel `c` as numbers.
static FailureOr<std::vector<numerics::Requant>>
readRequants(IntegerSegmentOpInterface op) {
  RequantAttr requant = op.getRequantAttr();
  SmallVector<int64_t> m, k, r;
  if (!requant.getMultiplier() || !readIntegers(requant.getMultiplier(), m) ||
      !requant.getShift() || !readIntegers(requant.getShift(), k) ||
      !requant.getRounding() || !readIntegers(requant.getRounding(), r))
    return op->emitError("certificate is wrong: expects multiplier, shift and rounding");
  std::vector<numerics::Requant> result;
  for (size_t c = 0; c < m.size(); ++c)
    result.push_back({*numerics::parseForm(stringifyRequantForm(requant.getForm())), m[c],
                      int(k[c]), r[c], requant.getZeroPoint(), requant.getLo(),
                      requant.getHi()});
  return result;
}

static LogicalResult checkOutput(IntegerSegmentOpInterface op, IntRange expected) {
  RequantAttr requant = op.getRequantAttr();
  if (requant.getLo() == expected.min && requant.getHi() == expected.max)
    return success();
  return op->emitError("certificate is wrong: expects clamp [")
         << expected.min << ", " << expected.max << "], got [" << requant.getLo() << ", "
         << requant.getHi() << "]";
}

/// The rounding constants a certificate calls exact. All conditions on r are
/// linear, so with both ends of an interval everything inside it is proven.
class RoundingClaim {
public:
  explicit RoundingClaim(IntegerSegmentOpInterface op) : op(op) {
    CertificateAttr certificate = op.getCertificateAttr();
    isMade = certificate.getRoundingMin() && certificate.getRoundingMax() &&
             readIntegers(certificate.getRoundingMin(), min) &&
             readIntegers(certificate.getRoundingMax(), max);
  }

  /// `proves(r)` for the r of channel `c` and for both ends of its interval.
  LogicalResult check(size_t c, int64_t rounding,
                      llvm::function_ref<bool(int64_t, std::string *)> proves) const {
    if (!isMade)
      return success();
    if (c >= min.size() || c >= max.size() || rounding < min[c] || rounding > max[c])
      return op->emitError("certificate is wrong: expects an interval around rounding ")
             << rounding << " of channel " << c;
    std::string why;
    for (int64_t end : {min[c], max[c]})
      if (!proves(end, &why))
        return op->emitError("certificate is wrong: expects rounding constants [")
               << min[c] << ", " << max[c] << "] of channel " << c
               << " to be exact: " << why;
    return success();
  }

private:
  IntegerSegmentOpInterface op;
  bool isMade = false;
  SmallVector<int64_t> min, max;
};

/// Threshold and table forms: equal to the reference, entry by entry.
static LogicalResult proveExplicit(const Layer &layer) {
  IntegerSegmentOpInterface op = layer.op;
  SmallVector<int64_t> values, expected;
  if (!readIntegers(op.getRequantAttr().getThresholds(), values))
    return op->emitError("certificate is wrong: expects constant thresholds");
  if (op.getRequantAttr().getForm() == RequantForm::Table) {
    IntRange acc = layer.channels.front().acc;
    if (layer.channels.size() != 1 || acc.max - acc.min >= kMaxAccumulatorTable)
      return op->emitError("certificate is wrong: accumulator range is too wide for a "
                           "table, got [")
             << acc.min << ", " << acc.max << "]";
    std::vector<int64_t> table = numerics::tabulate(layer.staircases.front());
    expected.assign(table.begin(), table.end());
  } else {
    for (const numerics::Staircase &staircase : layer.staircases)
      expected.append(staircase.thresholds.begin(), staircase.thresholds.end());
  }
  if (values != expected)
    return op->emitError("certificate is wrong: thresholds differ from the reference");
  return success();
}

static LogicalResult proveAccumulator(IntegerSegmentOpInterface op) {
  FailureOr<Layer> layer = getLayer(op);
  if (failed(layer) || failed(checkBounds(op, rangesOf(layer->channels))))
    return failure();
  RequantForm form = op.getRequantAttr().getForm();
  if (form == RequantForm::Accumulator)
    return checkAccumulatorResult(op, layer->channels);
  if (failed(checkOutput(op, layer->staircases.front().output)))
    return failure();
  if (form == RequantForm::Threshold || form == RequantForm::Table)
    return proveExplicit(*layer);
  if (form == RequantForm::Wide)
    return proveWide(*layer);
  FailureOr<std::vector<numerics::Requant>> requants = readRequants(op);
  if (failed(requants))
    return failure();
  int64_t proven = 0;
  std::string why;
  size_t wrong = 0;
  RoundingClaim claim(op);
  std::vector<numerics::Deviation> deviations(layer->staircases.size());
  for (size_t c = 0; c < layer->staircases.size(); ++c) {
    const numerics::Staircase &staircase = layer->staircases[c];
    numerics::Requant requant = (*requants)[c];
    auto proves = [&](int64_t rounding, std::string *reason) {
      requant.rounding = rounding;
      return numerics::proves(requant, staircase, reason);
    };
    int64_t rounding = requant.rounding;
    if (proves(rounding, &why)) {
      ++proven;
      if (failed(claim.check(c, rounding, proves)))
        return failure();
      continue;
    }
    wrong = c;
    if (!numerics::isWellFormed(requant) || !numerics::fitsInt64(requant, staircase.acc))
      return op->emitError("certificate is wrong: channel ") << c << ": " << why;
    deviations[c] = numerics::deviationOf(
        staircase, [&](int64_t acc) { return numerics::applyRequant(acc, requant); });
  }
  if (proven != op.getCertificateAttr().getCertified())
    return op->emitError("certificate is wrong: expects ")
           << op.getCertificateAttr().getCertified() << " proven channels, got " << proven
           << "; channel " << wrong << ": " << why;
  if (proven != op.getCertificateAttr().getChannels())
    return proveDeviations(op, deviations);
  return success();
}

static LogicalResult proveSum(IntAddOp add) {
  auto op = cast<IntegerSegmentOpInterface>(add.getOperation());
  FailureOr<numerics::SumSegment> segment = getSumSegment(add);
  if (failed(segment) || failed(checkOutput(op, segment->chain.outputRange())))
    return failure();
  RequantAttr requant = op.getRequantAttr();
  if (requant.getForm() == RequantForm::Wide)
    return proveWideSum(add, *segment);
  numerics::SumRequant claim;
  claim.form = *numerics::parseForm(stringifyRequantForm(requant.getForm()));
  claim.lo = requant.getLo();
  claim.hi = requant.getHi();
  claim.zeroPoint = requant.getZeroPoint();
  if (claim.form == Form::Table) {
    SmallVector<int64_t> table;
    readIntegers(requant.getThresholds(), table);
    claim.table.assign(table.begin(), table.end());
    segment = overTypes(add, *segment);
  } else {
    FailureOr<std::vector<numerics::Requant>> one = readRequants(op);
    SmallVector<int64_t> multiplierB;
    if (failed(one) || !readIntegers(requant.getAddendMultiplier(), multiplierB))
      return failure();
    claim.multiplierA = one->front().multiplier;
    claim.multiplierB = multiplierB.front();
    claim.shift = one->front().shift;
    claim.rounding = one->front().rounding;
  }
  std::string why;
  if (!numerics::proves(claim, *segment, &why))
    return op->emitError("certificate is wrong: ") << why;
  return RoundingClaim(op).check(0, claim.rounding,
                                 [&](int64_t rounding, std::string *reason) {
                                   claim.rounding = rounding;
                                   return numerics::proves(claim, *segment, reason);
                                 });
}

static LogicalResult proveAddend(IntegerSegmentOpInterface op) {
  FailureOr<std::vector<numerics::AccumulatorSumSegment>> segments =
      getAccumulatorSumSegments(op);
  FailureOr<std::vector<numerics::Requant>> requants = readRequants(op);
  SmallVector<int64_t> addend;
  if (failed(segments) || failed(requants) ||
      !readIntegers(op.getRequantAttr().getAddendMultiplier(), addend))
    return failure();
  SmallVector<IntRange> bounds;
  for (const auto &segment : *segments)
    bounds.push_back(segment.acc);
  if (failed(checkBounds(op, bounds)) ||
      failed(checkOutput(op, segments->front().chain.outputRange())))
    return failure();
  RoundingClaim interval(op);
  for (size_t c = 0; c < segments->size(); ++c) {
    numerics::AccumulatorSumSolution claim;
    claim.requant = (*requants)[c];
    claim.addendMultiplier = addend[c];
    auto proves = [&](int64_t rounding, std::string *reason) {
      claim.requant.rounding = rounding;
      return numerics::proves(claim, (*segments)[c], reason);
    };
    std::string why;
    if (!proves(claim.requant.rounding, &why))
      return op->emitError("certificate is wrong: channel ") << c << ": " << why;
    if (failed(interval.check(c, (*requants)[c].rounding, proves)))
      return failure();
  }
  return success();
}

/// A recipe is proven by deriving it again.
static LogicalResult proveOtherMode(IntegerSegmentOpInterface op) {
  if (!hasModeFormula(op))
    return op->emitError("certificate is wrong: mode ")
           << stringifyRequantMode(op.getRequantAttr().getMode())
           << " has no formula for this layer; run --qbias-certify";
  FailureOr<ModeProgram> program = deriveMode(op);
  if (failed(program) ||
      (!program->bounds.empty() && failed(checkBounds(op, program->bounds))))
    return failure();
  return proveMode(op);
}

LogicalResult qbias::proveLayer(IntegerSegmentOpInterface op) {
  CertificateAttr certificate = op.getCertificateAttr();
  if (!certificate || certificate.getChannels() != op.getRequantChannels())
    return op->emitError("certificate is missing; run --qbias-certify");
  if (op.getRequantAttr().getMode() != RequantMode::Exact)
    return proveOtherMode(op);
  if (auto lookup = dyn_cast<IntLookupOp>(op.getOperation()))
    return proveLookup(lookup);
  if (auto add = dyn_cast<IntAddOp>(op.getOperation()))
    return proveSum(add);
  return hasAddend(op) ? proveAddend(op) : proveAccumulator(op);
}
