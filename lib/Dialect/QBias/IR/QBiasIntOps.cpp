//===- QBiasIntOps.cpp - integer family: constraints ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Dialect/QBias/IR/Windows.h"
#include "qbias/Numerics/Requant.h"

using namespace mlir;
using namespace qbias;

static Type elementOf(Value value) { return getElementTypeOrSelf(value.getType()); }

/// A zero point is a value of the operand's type.
static LogicalResult verifyZeroPoint(Operation *op, StringRef label, Value value,
                                     int64_t zeroPoint) {
  numerics::Range range = getIntegerRange(elementOf(value));
  if (range.contains(zeroPoint))
    return success();
  return op->emitOpError(label) << ": expects a zero point in [" << range.min
                                << ", " << range.max << "], got " << zeroPoint;
}

/// C7: one entry per channel in every array that is given.
static LogicalResult verifyLengths(IntegerSegmentOpInterface op) {
  int64_t channels = op.getRequantChannels();
  RequantAttr requant = op.getRequantAttr();
  auto check = [&](StringRef name, ElementsAttr attr) -> LogicalResult {
    if (!attr || attr.getNumElements() == channels)
      return success();
    return op->emitOpError("C7: expects ")
           << channels << " entries of " << name << ", got "
           << attr.getNumElements();
  };
  BoundsAttr bounds = op.getBoundsAttr();
  return success(
      succeeded(check("multiplier", requant.getMultiplier())) &&
      succeeded(check("addend multiplier", requant.getAddendMultiplier())) &&
      succeeded(check("shift", requant.getShift())) &&
      succeeded(check("rounding", requant.getRounding())) &&
      (!bounds || (succeeded(check("lower bound", bounds.getMin())) &&
                   succeeded(check("upper bound", bounds.getMax())))));
}

/// C8: ranges of multipliers and shifts. Sums of raw integers (int.add) may
/// subtract, so their multipliers may be negative.
static LogicalResult verifyMultipliers(IntegerSegmentOpInterface op,
                                       bool isSigned) {
  RequantAttr requant = op.getRequantAttr();
  if (requant.getForm() != RequantForm::Affine &&
      requant.getForm() != RequantForm::HalfEven)
    return success();
  SmallVector<int64_t> multipliers, shifts, roundings;
  if (!requant.getMultiplier() || !requant.getShift() || !requant.getRounding() ||
      !readIntegers(requant.getMultiplier(), multipliers) ||
      !readIntegers(requant.getShift(), shifts) ||
      !readIntegers(requant.getRounding(), roundings))
    return op->emitOpError("C7: expects multiplier, shift and rounding arrays");
  constexpr int64_t kLimit = int64_t(1) << numerics::kWideMultiplierBits;
  constexpr int64_t kMaxShift = 62;
  for (int64_t m : multipliers)
    if (m >= kLimit || (isSigned ? m <= -kLimit : m <= 0))
      return op->emitOpError("C8: expects a multiplier below 2^")
             << numerics::kWideMultiplierBits << (isSigned ? "" : " and positive")
             << ", got " << m;
  for (int64_t k : shifts)
    if (k < 1 || k > kMaxShift)
      return op->emitOpError("C8: expects a shift in [1, ")
             << kMaxShift << "], got " << k;
  return success();
}

/// C9: clamp and result type.
static LogicalResult verifyOutput(IntegerSegmentOpInterface op) {
  RequantAttr requant = op.getRequantAttr();
  Type element = elementOf(op->getResult(0));
  bool isAccumulator = requant.getForm() == RequantForm::Accumulator;
  if (isAccumulator != !op.getReferenceAttr().getResult())
    return op->emitOpError("C9: expects an output type in the reference exactly "
                           "when the form is not accumulator");
  if (isAccumulator) {
    if (!element.isSignlessInteger(32) && !element.isSignlessInteger(64))
      return op->emitOpError("C9: expects an i32 or i64 accumulator, got ")
             << element;
    return success();
  }
  numerics::Range range = getIntegerRange(element);
  if (requant.getLo() > requant.getHi() || !range.contains(requant.getLo()) ||
      !range.contains(requant.getHi()))
    return op->emitOpError("C9: expects lo <= hi in [")
           << range.min << ", " << range.max << "], got " << requant.getLo()
           << " and " << requant.getHi();
  auto type = dyn_cast<quant::QuantizedType>(
      op.getReferenceAttr().getResult().getValue());
  if (!isa_and_nonnull<quant::UniformQuantizedType>(type) ||
      getIntegerType(type) != element)
    return op->emitOpError("C9: expects a result of the reference's type ")
           << op.getReferenceAttr().getResult() << ", got " << element;
  return success();
}

/// C11: thresholds for the forms that use them.
static LogicalResult verifyThresholds(IntegerSegmentOpInterface op) {
  RequantAttr requant = op.getRequantAttr();
  bool isLookup = isa<IntLookupOp>(op);
  bool needed = requant.getForm() == RequantForm::Threshold ||
                (requant.getForm() == RequantForm::Table && !isLookup);
  if (needed != bool(requant.getThresholds()))
    return op->emitOpError("C11: expects thresholds exactly for the forms "
                           "threshold and table, got form ")
           << stringifyRequantForm(requant.getForm());
  if (requant.getForm() != RequantForm::Threshold)
    return success();
  auto type = cast<ShapedType>(requant.getThresholds().getType());
  int64_t steps = requant.getHi() - requant.getLo();
  SmallVector<int64_t, 2> expected = {op.getRequantChannels(), steps};
  if (type.getShape() != ArrayRef(expected))
    return op->emitOpError("C11: expects thresholds of shape [")
           << expected << "], got [" << type.getShape() << "]";
  return success();
}

static LogicalResult verifySegment(IntegerSegmentOpInterface op, size_t operands,
                                   bool isSigned = false) {
  ReferenceAttr reference = op.getReferenceAttr();
  if (reference.getOperands().size() != int64_t(operands))
    return op->emitOpError("C7: expects ")
           << operands << " operand scales in the reference, got "
           << reference.getOperands().size();
  for (Attribute step :
       reference.getSteps() ? reference.getSteps().getValue()
                            : ArrayRef<Attribute>())
    if (!isa<ClampStepAttr, UnaryStepAttr, LinearStepAttr>(step) &&
        !(isa<TypeAttr>(step) &&
          isa<quant::UniformQuantizedType>(cast<TypeAttr>(step).getValue())))
      return op->emitOpError("C9: expects clamp, unary, linear steps and "
                             "per-tensor quantized types in the reference, got ")
             << step;
  return success(succeeded(verifyLengths(op)) &&
                 succeeded(verifyMultipliers(op, isSigned)) &&
                 succeeded(verifyOutput(op)) && succeeded(verifyThresholds(op)));
}

/// C10: the addend and its multipliers.
static LogicalResult verifyAddend(IntegerSegmentOpInterface op, Value addend,
                                  Value result) {
  bool hasMultiplier = bool(op.getRequantAttr().getAddendMultiplier());
  bool isFixedPoint = op.getRequantAttr().getForm() == RequantForm::Affine ||
                      op.getRequantAttr().getForm() == RequantForm::HalfEven;
  if (bool(addend) != hasMultiplier || (addend && !isFixedPoint))
    return op->emitOpError("C10: expects addend multipliers and an affine or "
                           "half_even form exactly when there is an addend");
  if (addend && cast<RankedTensorType>(addend.getType()).getShape() !=
                    cast<RankedTensorType>(result.getType()).getShape())
    return op->emitOpError("C10: expects an addend of the result's shape, got ")
           << addend.getType();
  return success();
}

//===----------------------------------------------------------------------===//
// Convolution and matrix product
//===----------------------------------------------------------------------===//

SmallVector<Value> IntConv2DOp::getActivations() {
  SmallVector<Value> values = {getInput()};
  if (getAddend())
    values.push_back(getAddend());
  return values;
}

int64_t IntConv2DOp::getRequantChannels() {
  return cast<RankedTensorType>(getWeight().getType()).getDimSize(0);
}

LogicalResult IntConv2DOp::verify() {
  Window window{{}, getStrides(), getPads(), getDilations()};
  if (failed(verifyConvolution(*this, getInput().getType(), getWeight().getType(),
                               getBias() ? getBias().getType() : Type(), getType(),
                               window, getGroups())))
    return failure();
  auto op = cast<IntegerSegmentOpInterface>(getOperation());
  return success(succeeded(verifyZeroPoint(*this, "C6", getInput(), getInputZp())) &&
                 succeeded(verifySegment(op, getAddend() ? 2 : 1)) &&
                 succeeded(verifyAddend(op, getAddend(), getResult())));
}

/// A constant right operand is weights; they count in the reference's
/// `weights`, an activation in its `operands`.
SmallVector<Value> IntMatmulOp::getActivations() {
  SmallVector<Value> values = {getLhs()};
  if (!getReference().getWeights())
    values.push_back(getRhs());
  if (getAddend())
    values.push_back(getAddend());
  return values;
}

int64_t IntMatmulOp::getRequantChannels() {
  auto type = cast<RankedTensorType>(getRhs().getType());
  return type.getDimSize(type.getRank() - 2);
}

LogicalResult IntMatmulOp::verify() {
  if (failed(verifyMatmul(*this, getLhs().getType(), getRhs().getType(),
                          getBias() ? getBias().getType() : Type(), getType())))
    return failure();
  auto op = cast<IntegerSegmentOpInterface>(getOperation());
  size_t operands = 1 + (getReference().getWeights() ? 0 : 1) + (getAddend() ? 1 : 0);
  return success(succeeded(verifyZeroPoint(*this, "C5", getLhs(), getLhsZp())) &&
                 succeeded(verifyZeroPoint(*this, "C5", getRhs(), getRhsZp())) &&
                 succeeded(verifySegment(op, operands)) &&
                 succeeded(verifyAddend(op, getAddend(), getResult())));
}

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

template <typename OpTy>
static LogicalResult verifyBinary(OpTy op, bool isSigned) {
  if (failed(verifyBroadcast(op, op.getLhs().getType(), op.getRhs().getType(),
                             op.getType())) ||
      failed(verifyZeroPoint(op, "C3", op.getLhs(), op.getLhsZp())) ||
      failed(verifyZeroPoint(op, "C3", op.getRhs(), op.getRhsZp())))
    return failure();
  return verifySegment(cast<IntegerSegmentOpInterface>(op.getOperation()), 2,
                       isSigned);
}

SmallVector<Value> IntAddOp::getActivations() { return {getLhs(), getRhs()}; }
int64_t IntAddOp::getRequantChannels() { return 1; }
LogicalResult IntAddOp::verify() {
  RequantForm form = getRequant().getForm();
  bool isFixedPoint =
      form == RequantForm::Affine || form == RequantForm::HalfEven;
  // C4
  if (isFixedPoint != bool(getRequant().getAddendMultiplier()) ||
      (!isFixedPoint && form != RequantForm::Table))
    return emitOpError("C4: expects two multipliers, or the form table, got form ")
           << stringifyRequantForm(form);
  return verifyBinary(*this, /*isSigned=*/true);
}

SmallVector<Value> IntMulOp::getActivations() { return {getLhs(), getRhs()}; }
int64_t IntMulOp::getRequantChannels() { return 1; }
LogicalResult IntMulOp::verify() { return verifyBinary(*this, false); }

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

SmallVector<Value> IntAvgPoolOp::getActivations() { return {getInput()}; }
int64_t IntAvgPoolOp::getRequantChannels() { return getDivisors().size(); }

LogicalResult IntAvgPoolOp::verify() {
  auto x = cast<RankedTensorType>(getInput().getType());
  auto y = cast<RankedTensorType>(getType());
  if (x.getRank() != 4 || y.getRank() != 4)
    return emitOpError("C1: expects tensors of rank 4, got ")
           << x.getRank() << " and " << y.getRank();
  Window window{getKernel(), getStrides(), getPads(), getDilations()};
  if (failed(verifyWindow(*this, window, x.getShape(), y.getShape(), x.getDimSize(3))) ||
      failed(verifyWindowsNotEmpty(*this, window, x.getShape(), y.getShape())) ||
      failed(verifyZeroPoint(*this, "C4", getInput(), getInputZp())))
    return failure();
  // C5
  SmallVector<int64_t> expected =
      poolDivisors(window, x.getShape(), y.getShape(), getCountIncludePad());
  if (getDivisors() != ArrayRef(expected))
    return emitOpError("C5: expects divisors [")
           << expected << "], got [" << getDivisors() << "]";
  return verifySegment(cast<IntegerSegmentOpInterface>(getOperation()), 1);
}

SmallVector<Value> IntRequantizeOp::getActivations() { return {getInput()}; }
int64_t IntRequantizeOp::getRequantChannels() { return 1; }

static LogicalResult verifySameShape(Operation *op) {
  auto x = cast<RankedTensorType>(op->getOperand(0).getType());
  auto y = cast<RankedTensorType>(op->getResult(0).getType());
  if (x.getShape() == y.getShape())
    return success();
  return op->emitOpError("C1: expects one shape, got ") << x << " and " << y;
}

LogicalResult IntRequantizeOp::verify() {
  if (failed(verifySameShape(*this)) ||
      failed(verifyZeroPoint(*this, "C2", getInput(), getInputZp())))
    return failure();
  return verifySegment(cast<IntegerSegmentOpInterface>(getOperation()), 1);
}

SmallVector<Value> IntLookupOp::getActivations() { return {getInput()}; }
int64_t IntLookupOp::getRequantChannels() { return 1; }

LogicalResult IntLookupOp::verify() {
  if (failed(verifySameShape(*this)) ||
      failed(verifyZeroPoint(*this, "C4", getInput(), getInputZp())))
    return failure();
  // C2
  unsigned width = elementOf(getInput()).getIntOrFloatBitWidth();
  SmallVector<int64_t> entries;
  if (width > 16 || getTable().getNumElements() != int64_t(1) << width ||
      !readIntegers(getTable(), entries))
    return emitOpError("C2: expects a table with one entry per value of ")
           << elementOf(getInput()) << ", got " << getTable().getNumElements();
  // C3
  for (int64_t entry : entries)
    if (entry < int64_t(getRequant().getLo()) || entry > int64_t(getRequant().getHi()))
      return emitOpError("C3: expects entries in [")
             << getRequant().getLo() << ", " << getRequant().getHi()
             << "], got " << entry;
  if (getRequant().getForm() != RequantForm::Table)
    return emitOpError("C3: expects the form table, got ")
           << stringifyRequantForm(getRequant().getForm());
  return verifySegment(cast<IntegerSegmentOpInterface>(getOperation()), 1);
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

LogicalResult IntMaxPoolOp::verify() {
  auto x = cast<RankedTensorType>(getInput().getType());
  auto y = cast<RankedTensorType>(getType());
  if (x.getRank() != 4 || y.getRank() != 4 ||
      x.getElementType() != y.getElementType())
    return emitOpError("C1: expects tensors of rank 4 and one element type, got ")
           << x << " and " << y;
  Window window{getKernel(), getStrides(), getPads(), getDilations()};
  if (failed(verifyWindow(*this, window, x.getShape(), y.getShape(), x.getDimSize(3))))
    return failure();
  return verifyWindowsNotEmpty(*this, window, x.getShape(), y.getShape());
}

LogicalResult IntPadOp::verify() {
  numerics::Range range = getIntegerRange(elementOf(getInput()));
  // C3
  if (!range.contains(getValue()))
    return emitOpError("C3: expects a value in [")
           << range.min << ", " << range.max << "], got " << getValue();
  return verifyPad(*this, getInput().getType(), getType(), getLow(), getHigh());
}
