//===- Meaning.cpp - results of a function as real numbers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   unit[c]   = product of the operand scales * weight scale[c] / divisor[c]
//   offset[c] = bias[c] * bias_unit[c] - bias_i32[c] * unit[c]
//
//===----------------------------------------------------------------------===//

#include "Meaning.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::interpreter;
using numerics::Rational;

/// The operation an accumulator comes from, seen through data movement.
static IntegerSegmentOpInterface findSegment(Value value) {
  Operation *op = value.getDefiningOp();
  while (op && isa<ScaleTransparentOpInterface>(op) && op->getNumOperands() == 1)
    op = op->getOperand(0).getDefiningOp();
  return dyn_cast_or_null<IntegerSegmentOpInterface>(op);
}

/// Bias constant of a convolution or matrix product, or nothing.
static SmallVector<int64_t> readBias(Operation *op) {
  SmallVector<int64_t> integers;
  Value bias;
  if (auto conv = dyn_cast<IntConv2DOp>(op))
    bias = conv.getBias();
  else if (auto matmul = dyn_cast<IntMatmulOp>(op))
    bias = matmul.getBias();
  if (bias)
    readIntegers(bias, integers);
  return integers;
}

/// What one more in the accumulator of channel c is worth.
static Rational getUnit(IntegerSegmentOpInterface op, int64_t c) {
  ReferenceAttr reference = op.getReferenceAttr();
  Rational unit = 1;
  for (double scale : reference.getOperands().asArrayRef())
    unit *= Rational(scale);
  if (reference.getWeights())
    unit *= ExactArray::get(reference.getWeights(), {})->at(c);
  if (auto pool = dyn_cast<IntAvgPoolOp>(op.getOperation()))
    unit /= Rational(pool.getDivisors()[c]);
  return unit;
}

/// `approximate` is the double nearest to `exact`, or its neighbour.
static bool isNear(double approximate, const Rational &exact) {
  constexpr int kDoubleBits = 52;
  return abs(Rational(approximate) - exact) <=
         abs(exact) * numerics::powerOfTwo(-kDoubleBits);
}

LogicalResult ResultMeaning::readAccumulator(func::FuncOp func, unsigned index) {
  auto ret = cast<func::ReturnOp>(func.getBody().front().getTerminator());
  IntegerSegmentOpInterface op = findSegment(ret.getOperand(index));
  auto scales =
      func.getResultAttrOfType<DenseF64ArrayAttr>(index, QBiasDialect::kScalesAttr);
  auto shifts =
      func.getResultAttrOfType<DenseF64ArrayAttr>(index, QBiasDialect::kOffsetsAttr);
  if (!op || !shifts || scales.size() != shifts.size())
    return func.emitError("expects an accumulator with scales and offsets in result ")
           << index;
  SmallVector<int64_t> bias = readBias(op);
  ReferenceAttr reference = op.getReferenceAttr();
  for (int64_t c = 0; c < scales.size(); ++c) {
    Rational unit = getUnit(op, c), offset = 0;
    if (reference.getBias())
      offset = ExactArray::get(reference.getBias(), reference.getBiasUnit())->at(c);
    if (!bias.empty())
      offset -= Rational(bias[c]) * unit;
    if (!isNear(scales[c], unit) || !isNear(shifts[c], offset))
      return func.emitError("expects scale and offset ")
             << unit.get_d() << " and " << offset.get_d() << " in channel " << c
             << " of result " << index << ", got " << scales[c] << " and " << shifts[c];
    units.push_back(unit);
    offsets.push_back(offset);
  }
  if (auto attr = func.getResultAttrOfType<IntegerAttr>(index, QBiasDialect::kAxisAttr))
    axis = attr.getInt();
  auto shape = cast<RankedTensorType>(func.getResultTypes()[index]).getShape();
  if (units.size() > 1 && (!axis || shape[*axis] != int64_t(units.size())))
    return func.emitError("expects ")
           << units.size() << " channels in a dimension of result " << index;
  tail = func.getResultAttrOfType<ArrayAttr>(index, QBiasDialect::kTailAttr);
  return success();
}

FailureOr<ResultMeaning> ResultMeaning::get(func::FuncOp func, unsigned index) {
  ResultMeaning meaning;
  meaning.type = getQuantElement(func.getResultTypes()[index]);
  if (auto attr = func.getResultAttrOfType<TypeAttr>(index, QBiasDialect::kTypeAttr))
    meaning.type = cast<quant::QuantizedType>(attr.getValue());
  if (func.getResultAttr(index, QBiasDialect::kScalesAttr) &&
      failed(meaning.readAccumulator(func, index)))
    return failure();
  return meaning;
}

Reals ResultMeaning::read(const Tensor &tensor) const {
  if (tensor.isReal())
    return tensor.reals();
  if (type)
    return dequantize(tensor, type);
  Reals reals;
  for (auto [i, acc] : llvm::enumerate(tensor.integers())) {
    Rational x = acc;
    if (!units.empty()) {
      size_t c = 0;
      if (units.size() > 1)
        c = i / elementsOf(ArrayRef(tensor.shape).drop_front(*axis + 1)) % units.size();
      x = x * units[c] + offsets[c];
    }
    for (Attribute step : tail ? tail.getValue() : ArrayRef<Attribute>())
      x = applyStep(step, x);
    reals.push_back(x);
  }
  return reals;
}
