//===- QBiasIntOps.cpp - integer family: constraints ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SegmentVerifier.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Dialect/QBias/IR/Windows.h"

using namespace mlir;
using namespace qbias;

static Type elementOf(Value value) { return getElementTypeOrSelf(value.getType()); }

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
  // C1 to C5
  if (failed(verifyConvolution(*this, getInput().getType(), getWeight().getType(),
                               getBias() ? getBias().getType() : Type(), getType(),
                               window, getGroups())))
    return failure();
  Segment segment{cast<IntegerSegmentOpInterface>(getOperation()),
                  "C7",
                  "C8",
                  "C9",
                  "C11",
                  "C12",
                  "C13"};
  segment.operands = getAddend() ? 2 : 1;
  segment.hasWeights = true;
  segment.hasAddend = bool(getAddend());
  return success(succeeded(verifyZeroPoint(*this, "C6", getInput(), getInputZp())) &&
                 succeeded(verifySegment(segment)) &&
                 succeeded(verifyAddend(segment, "C10", getAddend())));
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
  // C1 to C4
  if (failed(verifyMatmul(*this, getLhs().getType(), getRhs().getType(),
                          getBias() ? getBias().getType() : Type(), getType())))
    return failure();
  Segment segment = Segment::get(*this, "C6");
  segment.operands = getActivations().size();
  segment.hasWeights = bool(getReference().getWeights());
  segment.hasAddend = bool(getAddend());
  if (failed(verifyZeroPoint(*this, "C5", getLhs(), getLhsZp())) ||
      failed(verifyZeroPoint(*this, "C5", getRhs(), getRhsZp())) ||
      failed(verifySegment(segment)) || failed(verifyAddend(segment, "C6", getAddend())))
    return failure();
  // C7
  auto rhs = cast<RankedTensorType>(getRhs().getType());
  bool isWeight = rhs.getRank() == 2 && getRhsZp() == 0 &&
                  (rhs.getElementType().isSignlessInteger(8) ||
                   rhs.getElementType().isSignlessInteger(16));
  if (segment.hasWeights && !isWeight)
    return emitOpError(
               "C7: expects weights of rank 2, i8 or i16, with zero point 0, got ")
           << rhs << " with " << getRhsZp();
  return success();
}

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

/// C1 to C3 of int.add and int.mul.
template <typename OpTy>
static LogicalResult verifyBinary(OpTy op) {
  if (failed(verifyBroadcast(op, op.getLhs().getType(), op.getRhs().getType(),
                             op.getType())) ||
      failed(verifyZeroPoint(op, "C3", op.getLhs(), op.getLhsZp())))
    return failure();
  return verifyZeroPoint(op, "C3", op.getRhs(), op.getRhsZp());
}

SmallVector<Value> IntAddOp::getActivations() { return {getLhs(), getRhs()}; }
int64_t IntAddOp::getRequantChannels() { return 1; }
LogicalResult IntAddOp::verify() {
  if (failed(verifyBinary(*this)))
    return failure();
  RequantForm form = getRequant().getForm();
  bool hasMultipliers = bool(getRequant().getAddendMultiplier());
  // C4
  bool hasOtherForm = form == RequantForm::Table || form == RequantForm::RescaledSum ||
                      form == RequantForm::Float;
  if (isFixedPoint(getRequant()) ? !hasMultipliers : hasMultipliers || !hasOtherForm)
    return emitOpError("C4: expects two multipliers, or the form table, rescaled_sum or "
                       "float, got form ")
           << stringifyRequantForm(form);
  Segment segment = Segment::get(*this, "C4");
  segment.operands = 2;
  segment.isSigned = true;
  return verifySegment(segment);
}

SmallVector<Value> IntMulOp::getActivations() { return {getLhs(), getRhs()}; }
int64_t IntMulOp::getRequantChannels() { return 1; }
LogicalResult IntMulOp::verify() {
  Segment segment = Segment::get(*this, "C4");
  segment.operands = 2;
  return success(succeeded(verifyBinary(*this)) && succeeded(verifySegment(segment)) &&
                 succeeded(verifyAddend(segment, segment.lengths, Value())));
}

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
  if (failed(verifyWindow(*this, {"C1", "C3"}, window, x.getShape(), y.getShape(),
                          x.getDimSize(3))) ||
      failed(verifyWindowSizes(*this, "C2", window, x.getShape(), y.getShape(),
                               !getCountIncludePad())) ||
      failed(verifyZeroPoint(*this, "C4", getInput(), getInputZp())))
    return failure();
  // C5
  SmallVector<int64_t> expected =
      poolDivisors(window, x.getShape(), y.getShape(), getCountIncludePad());
  if (getDivisors() != ArrayRef(expected))
    return emitOpError("C5: expects divisors [")
           << expected << "], got [" << getDivisors() << "]";
  Segment segment = Segment::get(*this, "C6");
  return success(succeeded(verifySegment(segment)) &&
                 succeeded(verifyAddend(segment, segment.lengths, Value())));
}

SmallVector<Value> IntRequantizeOp::getActivations() { return {getInput()}; }
int64_t IntRequantizeOp::getRequantChannels() { return 1; }

LogicalResult IntRequantizeOp::verify() {
  // C1: trait SameOperandsAndResultShape
  Segment segment = Segment::get(*this, "C3");
  return success(succeeded(verifyZeroPoint(*this, "C2", getInput(), getInputZp())) &&
                 succeeded(verifySegment(segment)) &&
                 succeeded(verifyAddend(segment, segment.lengths, Value())));
}

SmallVector<Value> IntLookupOp::getActivations() { return {getInput()}; }
int64_t IntLookupOp::getRequantChannels() { return 1; }

LogicalResult IntLookupOp::verify() {
  // C1: trait SameOperandsAndResultShape
  if (failed(verifyZeroPoint(*this, "C4", getInput(), getInputZp())))
    return failure();
  // C2
  unsigned width = elementOf(getInput()).getIntOrFloatBitWidth();
  SmallVector<int64_t> entries;
  auto table = dyn_cast<RankedTensorType>(getTable().getType());
  if (width > 16 || !table ||
      table.getShape() != ArrayRef<int64_t>(int64_t(1) << width) ||
      !readIntegers(getTable(), entries))
    return emitOpError("C2: expects a table with one integer per value of ")
           << elementOf(getInput()) << ", got " << getTable().getType();
  // C3
  for (int64_t entry : entries)
    if (entry < getRequant().getLo() || entry > getRequant().getHi())
      return emitOpError("C3: expects entries in [")
             << getRequant().getLo() << ", " << getRequant().getHi() << "], got "
             << entry;
  if (getRequant().getForm() != RequantForm::Table)
    return emitOpError("C3: expects the form table, got ")
           << stringifyRequantForm(getRequant().getForm());
  Segment segment = Segment::get(*this, "C5");
  return success(succeeded(verifySegment(segment)) &&
                 succeeded(verifyAddend(segment, segment.lengths, Value())));
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

LogicalResult IntMaxPoolOp::verify() {
  auto x = cast<RankedTensorType>(getInput().getType());
  auto y = cast<RankedTensorType>(getType());
  if (x.getRank() != 4 || y.getRank() != 4)
    return emitOpError("C1: expects tensors of rank 4, got ")
           << x.getRank() << " and " << y.getRank();
  // C4
  if (x.getElementType() != y.getElementType())
    return emitOpError("C4: expects one element type, got ")
           << x.getElementType() << " and " << y.getElementType();
  Window window{getKernel(), getStrides(), getPads(), getDilations()};
  if (failed(verifyWindow(*this, {"C1", "C3"}, window, x.getShape(), y.getShape(),
                          x.getDimSize(3))))
    return failure();
  return verifyWindowSizes(*this, "C2", window, x.getShape(), y.getShape(),
                           /*countsInside=*/false);
}

LogicalResult IntPadOp::verify() {
  numerics::Range range = getIntegerRange(elementOf(getInput()));
  int64_t value = getValue();
  // C3
  if (!range.contains(value))
    return emitOpError("C3: expects a value in [")
           << range.min << ", " << range.max << "], got " << value;
  // C1, C2
  return verifyPad(*this, getInput().getType(), getType(), getLow(), getHigh(),
                   getInterior());
}
