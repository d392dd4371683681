//===- SegmentVerifier.cpp - constraints of every segment ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per constraint C7 to C12 of qbias.int.conv2d, which the other
// segments have under labels of their own.
//
//===----------------------------------------------------------------------===//

#include "SegmentVerifier.h"

#include "ModeVerifier.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Numerics/Requant.h"

#include <cmath>

using namespace mlir;
using namespace qbias;

/// Most entries of a table over one accumulator.
static constexpr uint64_t kMaxTable = uint64_t(1) << 16;

static Type elementOf(Value value) { return getElementTypeOrSelf(value.getType()); }

LogicalResult qbias::verifyZeroPoint(Operation *op, StringRef label, Value value,
                                     int64_t zeroPoint) {
  numerics::Range range = getIntegerRange(elementOf(value));
  if (range.contains(zeroPoint))
    return success();
  return op->emitOpError(label) << ": expects a zero point in [" << range.min << ", "
                                << range.max << "], got " << zeroPoint;
}

/// One entry per channel in every array that is given, and a certificate that
/// counts the same channels.
static LogicalResult verifyLengths(const Segment &segment) {
  IntegerSegmentOpInterface op = segment.op;
  int64_t channels = op.getRequantChannels();
  if (channels > kMaxChannels)
    return op->emitOpError(segment.lengths) << ": expects at most " << kMaxChannels
                                            << " requantizations, got " << channels;
  auto check = [&](StringRef name, ElementsAttr attr) -> LogicalResult {
    if (!attr || attr.getNumElements() == channels)
      return success();
    return op->emitOpError(segment.lengths) << ": expects " << channels << " entries of "
                                            << name << ", got " << attr.getNumElements();
  };
  RequantAttr requant = op.getRequantAttr();
  // The three rescales of a sum are checked with their form.
  bool isSum = requant.getForm() == RequantForm::RescaledSum;
  if ((!isSum && (failed(check("multiplier", requant.getMultiplier())) ||
                  failed(check("shift", requant.getShift())))) ||
      failed(check("addend multiplier", requant.getAddendMultiplier())) ||
      failed(check("rounding", requant.getRounding())))
    return failure();
  if (BoundsAttr bounds = op.getBoundsAttr())
    if (failed(check("lower bound", bounds.getMin())) ||
        failed(check("upper bound", bounds.getMax())))
      return failure();
  CertificateAttr certificate = op.getCertificateAttr();
  if (!certificate)
    return success();
  if (certificate.getChannels() != channels || certificate.getCertified() < 0 ||
      certificate.getCertified() > channels)
    return op->emitOpError(segment.lengths)
           << ": expects a certificate of " << channels << " channels, got "
           << certificate.getCertified() << " of " << certificate.getChannels();
  return success(succeeded(check("least rounding", certificate.getRoundingMin())) &&
                 succeeded(check("largest rounding", certificate.getRoundingMax())) &&
                 succeeded(check("wrong accumulators", certificate.getWrong())) &&
                 succeeded(check("largest error", certificate.getLargestError())));
}

/// Bounds are integers, the lower at most the upper.
static LogicalResult verifyBounds(const Segment &segment) {
  IntegerSegmentOpInterface op = segment.op;
  BoundsAttr bounds = op.getBoundsAttr();
  SmallVector<int64_t> min, max;
  if (!bounds)
    return success();
  if (!readIntegers(bounds.getMin(), min) || !readIntegers(bounds.getMax(), max))
    return op->emitOpError(segment.lengths) << ": expects integer bounds";
  for (auto [lo, hi] : llvm::zip(min, max))
    if (lo > hi)
      return op->emitOpError(segment.lengths)
             << ": expects lower bounds up to the upper ones, got " << lo << " and "
             << hi;
  return success();
}

bool qbias::isFixedPoint(RequantAttr requant) {
  return requant.getForm() == RequantForm::Affine ||
         requant.getForm() == RequantForm::HalfEven ||
         requant.getForm() == RequantForm::Wide;
}

/// The low halves of form wide: one row per channel, each a number its limb
/// holds, and a window for ties below one output.
static LogicalResult verifyLowHalves(const Segment &segment, ArrayRef<int64_t> shifts) {
  IntegerSegmentOpInterface op = segment.op;
  RequantAttr requant = op.getRequantAttr();
  ElementsAttr low = requant.getLow();
  bool isWide = requant.getForm() == RequantForm::Wide;
  if (isWide != bool(low))
    return op->emitOpError(segment.multipliers)
           << ": expects low halves exactly for the form wide, got form "
           << stringifyRequantForm(requant.getForm());
  if (!isWide)
    return success();
  SmallVector<int64_t> rows;
  if (!readIntegers(low, rows) || rows.size() != shifts.size() * kLowColumns)
    return op->emitOpError(segment.lengths)
           << ": expects " << shifts.size() << " rows of " << kLowColumns
           << " low halves, got " << low.getType();
  constexpr int64_t kMaxLimb = 60;
  for (auto [c, k] : llvm::enumerate(shifts)) {
    ArrayRef<int64_t> row = ArrayRef(rows).slice(c * kLowColumns, kLowColumns);
    int64_t limb = row[0], tie = row[4];
    bool holds = 1 <= limb && limb <= kMaxLimb && 0 <= tie && (tie >> k) == 0;
    for (int64_t half : row.slice(1, 3))
      holds = holds && 0 <= half && (half >> limb) == 0;
    if (!holds)
      return op->emitOpError(segment.multipliers)
             << ": expects a limb in [1, " << kMaxLimb
             << "], low halves below 2^limb and a tie below 2^shift, got " << row;
  }
  return success();
}

/// Ranges of multipliers and shifts. Sums of raw integers (int.add) may
/// subtract, so their multipliers may be negative.
static LogicalResult verifyMultipliers(const Segment &segment) {
  IntegerSegmentOpInterface op = segment.op;
  RequantAttr requant = op.getRequantAttr();
  if (!isFixedPoint(requant))
    return verifyLowHalves(segment, {});
  SmallVector<int64_t> multipliers, shifts, roundings, addends;
  ElementsAttr addend = requant.getAddendMultiplier();
  if (!requant.getMultiplier() || !requant.getShift() || !requant.getRounding() ||
      !readIntegers(requant.getMultiplier(), multipliers) ||
      !readIntegers(requant.getShift(), shifts) ||
      !readIntegers(requant.getRounding(), roundings) ||
      (addend && !readIntegers(addend, addends)))
    return op->emitOpError(segment.lengths)
           << ": expects integer multiplier, shift and rounding arrays";
  constexpr int64_t kLimit = int64_t(1) << numerics::kWideMultiplierBits;
  // Recipes keep a multiplier that became 0, and shift may shift by 0.
  int64_t least = requant.getMode() == RequantMode::Exact ? 1 : 0;
  int64_t leastShift = requant.getMode() == RequantMode::Shift ? 0 : 1;
  bool isWide = requant.getForm() == RequantForm::Wide;
  for (int64_t m : multipliers)
    if (!isWide && (m >= kLimit || (segment.isSigned ? m <= -kLimit : m < least)))
      return op->emitOpError(segment.multipliers)
             << ": expects a multiplier below 2^" << numerics::kWideMultiplierBits
             << (segment.isSigned ? "" : " and positive") << ", got " << m;
  for (int64_t k : shifts)
    if (k < leastShift || k > numerics::kMaxShift)
      return op->emitOpError(segment.multipliers)
             << ": expects a shift in [" << leastShift << ", " << numerics::kMaxShift
             << "], got " << k;
  return verifyLowHalves(segment, shifts);
}

/// Clamp and result type.
static LogicalResult verifyOutput(const Segment &segment) {
  IntegerSegmentOpInterface op = segment.op;
  RequantAttr requant = op.getRequantAttr();
  TypeAttr resultAttr = op.getReferenceAttr().getResult();
  Type element = elementOf(op->getResult(0));
  bool isAccumulator = requant.getForm() == RequantForm::Accumulator;
  if (isAccumulator == bool(resultAttr))
    return op->emitOpError(segment.output)
           << ": expects an output type in the reference exactly when the form is not "
              "accumulator";
  if (isAccumulator) {
    if (!element.isSignlessInteger(32) && !element.isSignlessInteger(64))
      return op->emitOpError(segment.output)
             << ": expects an i32 or i64 accumulator, got " << element;
    return success();
  }
  auto type = dyn_cast<quant::UniformQuantizedType>(resultAttr.getValue());
  std::optional<TypeFault> fault = type ? getTypeFault(type) : std::nullopt;
  if (fault)
    return op->emitOpError(segment.output) << ": result of the reference " << fault->text;
  if (!type || getIntegerType(type) != element)
    return op->emitOpError(segment.output)
           << ": expects a result of the reference's type " << resultAttr << ", got "
           << element;
  numerics::Range range = getIntegerRange(element);
  if (requant.getLo() > requant.getHi() || !range.contains(requant.getLo()) ||
      !range.contains(requant.getHi()))
    return op->emitOpError(segment.output)
           << ": expects lo <= hi in [" << range.min << ", " << range.max << "], got "
           << requant.getLo() << " and " << requant.getHi();
  bool hasZeroPoint =
      requant.getForm() == RequantForm::HalfEven || isModeForm(requant.getForm());
  if (hasZeroPoint && !range.contains(requant.getZeroPoint()))
    return op->emitOpError(segment.output)
           << ": expects a zero point in [" << range.min << ", " << range.max << "], got "
           << requant.getZeroPoint();
  return success();
}

/// The shape thresholds have to have; fails where the form is not possible.
static FailureOr<SmallVector<int64_t>> getThresholdShape(const Segment &segment) {
  IntegerSegmentOpInterface op = segment.op;
  RequantAttr requant = op.getRequantAttr();
  int64_t channels = op.getRequantChannels();
  if (requant.getForm() == RequantForm::Threshold) {
    if (requant.getLo() < requant.getHi())
      return SmallVector<int64_t>{channels, requant.getHi() - requant.getLo()};
    return op->emitOpError(segment.thresholds)
           << ": expects lo < hi, got " << requant.getLo() << " and " << requant.getHi();
  }
  // The table of a sum is as large as its operands' ranges, which the
  // certificate's proof compares.
  if (isa<IntAddOp>(op.getOperation()))
    return SmallVector<int64_t>{requant.getThresholds().getNumElements()};
  SmallVector<int64_t> min, max;
  BoundsAttr bounds = op.getBoundsAttr();
  uint64_t entries = 0;
  if (bounds && channels == 1 && readIntegers(bounds.getMin(), min) &&
      readIntegers(bounds.getMax(), max))
    entries = static_cast<uint64_t>(max[0]) - static_cast<uint64_t>(min[0]) + 1;
  if (entries == 0 || entries > kMaxTable)
    return op->emitOpError(segment.thresholds)
           << ": expects a table only for one channel with bounds of at most "
           << kMaxTable << " values";
  return SmallVector<int64_t>{static_cast<int64_t>(entries)};
}

/// Thresholds for the forms that use them.
static LogicalResult verifyThresholds(const Segment &segment) {
  IntegerSegmentOpInterface op = segment.op;
  RequantAttr requant = op.getRequantAttr();
  ElementsAttr thresholds = requant.getThresholds();
  bool isLookup = isa<IntLookupOp>(op.getOperation());
  bool needed = requant.getForm() == RequantForm::Threshold ||
                (requant.getForm() == RequantForm::Table && !isLookup);
  if (needed != bool(thresholds))
    return op->emitOpError(segment.thresholds)
           << ": expects thresholds exactly for the forms threshold and table, got form "
           << stringifyRequantForm(requant.getForm());
  if (!needed)
    return success();
  FailureOr<SmallVector<int64_t>> shape = getThresholdShape(segment);
  if (failed(shape))
    return failure();
  SmallVector<int64_t> values;
  auto type = cast<ShapedType>(thresholds.getType());
  unsigned width = isa<IntAddOp>(op.getOperation()) ? 32 : 64;
  if (type.getShape() != ArrayRef(*shape) ||
      !type.getElementType().isSignlessInteger(width) ||
      !readIntegers(thresholds, values))
    return op->emitOpError(segment.thresholds)
           << ": expects i" << width << " thresholds of shape [" << *shape << "], got "
           << type;
  return success();
}

/// Scales of weights, and the bias, of operations with constant weights.
static LogicalResult verifyReferenceWeights(const Segment &segment) {
  IntegerSegmentOpInterface op = segment.op;
  ReferenceAttr reference = op.getReferenceAttr();
  if (segment.hasWeights != bool(reference.getWeights()) ||
      (reference.getBias() && !segment.hasWeights) ||
      (reference.getBiasUnit() && !reference.getBias()))
    return op->emitOpError(segment.reference)
           << ": expects weight scales exactly for constant weights, a bias only with "
              "them, and a bias unit only with a bias";
  if (!segment.hasWeights)
    return success();
  size_t channels = op.getRequantChannels();
  SmallVector<double> scales;
  auto hasLength = [&](size_t n) { return n == 1 || n == channels; };
  if (!readFloats(reference.getWeights(), scales) || !hasLength(scales.size()) ||
      !llvm::all_of(scales, [](double s) { return s > 0 && std::isfinite(s); }))
    return op->emitOpError(segment.reference)
           << ": expects one or " << channels << " positive finite weight scales, got "
           << reference.getWeights();
  if (!reference.getBias())
    return success();
  int64_t biases = reference.getBias().getNumElements();
  if (biases < 1 || !hasLength(biases) ||
      failed(ExactArray::get(reference.getBias(), reference.getBiasUnit())))
    return op->emitOpError(segment.reference)
           << ": expects one or " << channels << " finite biases, with one unit or one "
           << "for each, got " << biases << " biases";
  return success();
}

/// The reference names every operand, and all its numbers are finite.
static LogicalResult verifyReference(const Segment &segment) {
  IntegerSegmentOpInterface op = segment.op;
  ReferenceAttr reference = op.getReferenceAttr();
  ArrayRef<double> operands = reference.getOperands();
  if (static_cast<int64_t>(operands.size()) != segment.operands)
    return op->emitOpError(segment.reference)
           << ": expects " << segment.operands << " operand scales in the reference, got "
           << operands.size();
  for (auto [i, scale] : llvm::enumerate(operands)) {
    bool isAddend = segment.hasAddend && i + 1 == operands.size();
    bool isSigned = segment.isSigned || isAddend;
    if (!std::isfinite(scale) || scale == 0 || (scale < 0 && !isSigned))
      return op->emitOpError(segment.reference)
             << ": expects finite operand scales that are not 0"
             << (isSigned ? "" : " and positive") << ", got " << scale;
  }
  if (reference.getSteps())
    for (Attribute step : reference.getSteps())
      if (std::string fault = getStepFault(step); !fault.empty())
        return op->emitOpError(segment.reference) << ": " << fault << ", got " << step;
  return verifyReferenceWeights(segment);
}

LogicalResult qbias::verifySegment(const Segment &segment) {
  return success(
      succeeded(verifyMode(segment)) && succeeded(verifyLengths(segment)) &&
      succeeded(verifyBounds(segment)) && succeeded(verifyMultipliers(segment)) &&
      succeeded(verifyOutput(segment)) && succeeded(verifyThresholds(segment)) &&
      succeeded(verifyReference(segment)));
}

LogicalResult qbias::verifyAddend(const Segment &segment, StringRef label, Value addend) {
  IntegerSegmentOpInterface op = segment.op;
  RequantAttr requant = op.getRequantAttr();
  if (bool(addend) != bool(requant.getAddendMultiplier()) ||
      (addend && (!isFixedPoint(requant) || requant.getForm() == RequantForm::Wide)))
    return op->emitOpError(label)
           << ": expects addend multipliers and an affine or half_even form exactly when "
              "there is an addend";
  if (!addend)
    return success();
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (cast<RankedTensorType>(addend.getType()).getShape() != type.getShape())
    return op->emitOpError(label)
           << ": expects an addend of the result's shape, got " << addend.getType();
  return verifyZeroPoint(op, label, addend, op.getAddendZeroPoint());
}
