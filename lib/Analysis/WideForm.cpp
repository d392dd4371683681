//===- WideForm.cpp - requantization in two limbs ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moves programs of Numerics/Wide.h into attributes and back: high halves in
// the arrays every form has, low halves in rows of `low`.
//
//===----------------------------------------------------------------------===//

#include "Layer.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"

using namespace mlir;
using namespace qbias;
using numerics::Deviation;
using numerics::WideRequant;
using IntRange = numerics::Range;

static RequantAttr makeRequant(IntegerSegmentOpInterface op,
                               ArrayRef<WideRequant> channels, bool hasAddend) {
  SmallVector<int64_t> m, n, k, r, low;
  for (const WideRequant &q : channels) {
    m.push_back(q.multiplier);
    n.push_back(q.addendMultiplier);
    k.push_back(q.shift);
    r.push_back(q.rounding);
    low.append({q.limb, q.multiplierLow, q.addendLow, q.roundingLow, q.tie});
  }
  MLIRContext *context = op->getContext();
  auto make = [&](ArrayRef<int64_t> values, StringRef what) {
    return makeIntegers(context, values, getLayerName(op) + "." + what.str());
  };
  auto rows = RankedTensorType::get({int64_t(channels.size()), kLowColumns},
                                    IntegerType::get(context, 64));
  const WideRequant &first = channels.front();
  return RequantAttr::get(context, RequantMode::Exact, RequantForm::Wide,
                          make(m, "multiplier"),
                          hasAddend ? make(n, "addend_multiplier") : ElementsAttr(),
                          make(k, "shift"), make(r, "rounding"), ElementsAttr(),
                          makeIntegers(rows, low, getLayerName(op) + ".low"),
                          first.zeroPoint, first.lo, first.hi);
}

static FailureOr<std::vector<WideRequant>> readWide(IntegerSegmentOpInterface op) {
  RequantAttr requant = op.getRequantAttr();
  SmallVector<int64_t> m, n, k, r, low;
  if (!readIntegers(requant.getMultiplier(), m) || !readIntegers(requant.getShift(), k) ||
      !readIntegers(requant.getRounding(), r) || !readIntegers(requant.getLow(), low) ||
      (requant.getAddendMultiplier() && !readIntegers(requant.getAddendMultiplier(), n)))
    return op->emitError("certificate is wrong: expects multiplier, shift, rounding and "
                         "their low halves");
  std::vector<WideRequant> channels;
  for (size_t c = 0; c < m.size(); ++c) {
    ArrayRef<int64_t> row = ArrayRef(low).slice(c * kLowColumns, kLowColumns);
    channels.push_back({m[c], n.empty() ? 0 : n[c], int(k[c]), r[c], int(row[0]), row[1],
                        row[2], row[3], row[4], requant.getZeroPoint(), requant.getLo(),
                        requant.getHi()});
  }
  return channels;
}

static Deviation deviationOf(const WideRequant &requant,
                             const numerics::Staircase &staircase) {
  return numerics::deviationOf(
      staircase, [&](int64_t acc) { return numerics::applyWide(requant, acc); });
}

CertificateAttr qbias::makeDeviations(IntegerSegmentOpInterface op, int64_t certified,
                                      ArrayRef<Deviation> deviations) {
  SmallVector<int64_t> wrong, largest;
  for (const Deviation &deviation : deviations) {
    wrong.push_back(deviation.wrong.get_si());
    largest.push_back(deviation.largest);
  }
  MLIRContext *context = op->getContext();
  return CertificateAttr::get(
      context, deviations.size(), certified, {}, {},
      makeIntegers(context, wrong, getLayerName(op) + ".wrong"),
      makeIntegers(context, largest, getLayerName(op) + ".largest_error"));
}

bool qbias::certifyWide(Layer &layer, bool all) {
  std::vector<WideRequant> channels;
  std::vector<Deviation> deviations;
  int64_t certified = 0;
  for (auto [channel, staircase] : llvm::zip(layer.channels, layer.staircases)) {
    numerics::Target target = getTarget(layer, channel);
    std::optional<WideRequant> requant = numerics::solveWide(staircase, target);
    certified += requant.has_value();
    deviations.emplace_back();
    if (!requant && !all) {
      requant = numerics::nearestWide(staircase, target);
      if (requant)
        deviations.back() = deviationOf(*requant, staircase);
    }
    if (!requant)
      return false;
    channels.push_back(*requant);
  }
  IntegerSegmentOpInterface op = layer.op;
  op.setRequantAttr(makeRequant(op, channels, /*hasAddend=*/false));
  int64_t count = channels.size();
  op.setCertificateAttr(certified == count
                            ? CertificateAttr::get(op->getContext(), count, count, {}, {})
                            : makeDeviations(op, certified, deviations));
  return true;
}

LogicalResult qbias::proveWide(const Layer &layer) {
  IntegerSegmentOpInterface op = layer.op;
  FailureOr<std::vector<WideRequant>> channels = readWide(op);
  if (failed(channels))
    return failure();
  std::vector<Deviation> deviations;
  int64_t certified = 0;
  std::string why;
  for (auto [requant, staircase] : llvm::zip(*channels, layer.staircases)) {
    deviations.emplace_back();
    if (numerics::proves(requant, staircase, &why))
      ++certified;
    else if (requant.multiplier >= 0 &&
             numerics::wideFault(requant, staircase.acc).empty())
      deviations.back() = deviationOf(requant, staircase);
    else
      return op->emitError("certificate is wrong: ") << why;
  }
  CertificateAttr claim = op.getCertificateAttr();
  if (certified != claim.getCertified())
    return op->emitError("certificate is wrong: expects ")
           << claim.getCertified() << " proven channels, got " << certified << ": "
           << why;
  if (certified != claim.getChannels())
    return proveDeviations(op, deviations);
  return success();
}

LogicalResult qbias::proveDeviations(IntegerSegmentOpInterface op,
                                     ArrayRef<Deviation> deviations) {
  CertificateAttr claim = op.getCertificateAttr();
  SmallVector<int64_t> wrong, largest;
  if (!claim.getWrong() || !readIntegers(claim.getWrong(), wrong) ||
      !claim.getLargestError() || !readIntegers(claim.getLargestError(), largest))
    return op->emitError("certificate is wrong: expects the deviations of channels that "
                         "are not proven");
  for (auto [c, deviation] : llvm::enumerate(deviations))
    if (wrong[c] != deviation.wrong || largest[c] != deviation.largest)
      return op->emitError("certificate is wrong: expects ")
             << deviation.wrong.get_si() << " wrong accumulators and errors up to "
             << deviation.largest << " in channel " << c << ", got " << wrong[c]
             << " and " << largest[c];
  return success();
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

bool qbias::certifyWideSum(IntAddOp add, const numerics::SumSegment &segment) {
  auto op = cast<IntegerSegmentOpInterface>(add.getOperation());
  std::optional<WideRequant> requant = numerics::solveWide(segment);
  if (!requant)
    return false;
  op.setRequantAttr(makeRequant(op, *requant, /*hasAddend=*/true));
  op.setCertificateAttr(CertificateAttr::get(op->getContext(), 1, 1, {}, {}));
  return true;
}

LogicalResult qbias::proveWideSum(IntAddOp add, const numerics::SumSegment &segment) {
  auto op = cast<IntegerSegmentOpInterface>(add.getOperation());
  FailureOr<std::vector<WideRequant>> channels = readWide(op);
  std::string why;
  if (failed(channels))
    return failure();
  if (!numerics::proves(channels->front(), segment, &why))
    return op->emitError("certificate is wrong: ") << why;
  return success();
}
