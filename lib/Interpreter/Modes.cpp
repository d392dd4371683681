//===- Modes.cpp - meaning of the modes beside exact ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Modes.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Numerics/Modes.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::interpreter;
using numerics::Int128;

static numerics::Range outputOf(RequantAttr requant) {
  return {requant.getLo(), requant.getHi()};
}

static float resultScale(IntegerSegmentOpInterface op) {
  return cast<quant::UniformQuantizedType>(op.getReferenceAttr().getResult().getValue())
      .getScale();
}

static numerics::FixedMultiplier readRescale(RequantAttr requant, size_t i) {
  SmallVector<int64_t> m, k;
  readIntegers(requant.getMultiplier(), m);
  readIntegers(requant.getShift(), k);
  return {m[i], int(k[i])};
}

static float readFloat(ElementsAttr attr, size_t c) {
  SmallVector<double> values;
  readFloats(attr, values);
  return static_cast<float>(values[c]);
}

FailureOr<int64_t> interpreter::applyMode(IntegerSegmentOpInterface op, size_t c,
                                          Int128 acc) {
  RequantAttr requant = op.getRequantAttr();
  int64_t value = static_cast<int64_t>(acc);
  if (value != acc)
    return op->emitError("interpreter: expects an accumulator of 64 bits");
  numerics::Range output = outputOf(requant);
  int64_t zeroPoint = requant.getZeroPoint();
  switch (requant.getForm()) {
  case RequantForm::DoubleRound:
    return numerics::finishInteger(
        numerics::rescale(value, readRescale(requant, c), numerics::Rounding::Twice),
        zeroPoint, output);
  case RequantForm::Divide: {
    auto pool = cast<IntAvgPoolOp>(op.getOperation());
    int64_t count = pool.getDivisors()[c];
    int64_t sum = value + count * int64_t(pool.getInputZp());
    return numerics::finishInteger(numerics::divideHalfAway(sum, count), 0, output);
  }
  case RequantForm::FloatBias: {
    float sum = numerics::scaleFloat(value, readFloat(requant.getMultiplier(), c));
    sum = sum + readFloat(requant.getRounding(), c);
    return numerics::finishFloat(sum / resultScale(op), zeroPoint, output);
  }
  default:
    return numerics::finishFloat(
        numerics::scaleFloat(value, readFloat(requant.getMultiplier(), c)), zeroPoint,
        output);
  }
}

/// Zero points of int.add and int.mul.
static std::pair<int64_t, int64_t> zeroPointsOf(Operation *op) {
  if (auto add = dyn_cast<IntAddOp>(op))
    return {int64_t(add.getLhsZp()), int64_t(add.getRhsZp())};
  auto mul = cast<IntMulOp>(op);
  return {int64_t(mul.getLhsZp()), int64_t(mul.getRhsZp())};
}

int64_t interpreter::applyPairMode(IntegerSegmentOpInterface op, int64_t a, int64_t b) {
  RequantAttr requant = op.getRequantAttr();
  auto [za, zb] = zeroPointsOf(op);
  auto scales = op.getReferenceAttr().getOperands();
  if (requant.getForm() == RequantForm::RescaledSum) {
    numerics::RescaledSum sum;
    sum.a = readRescale(requant, 0);
    sum.b = readRescale(requant, 1);
    sum.out = readRescale(requant, 2);
    unsigned widest =
        getElementTypeOrSelf(op->getResult(0).getType()).getIntOrFloatBitWidth();
    for (Value operand : op->getOperands())
      widest = std::max(widest,
                        getElementTypeOrSelf(operand.getType()).getIntOrFloatBitWidth());
    sum.headroom = numerics::sumHeadroom(widest);
    sum.negateB = scales[1] < 0;
    sum.rounding = requant.getMode() == RequantMode::Single ? numerics::Rounding::Once
                                                            : numerics::Rounding::Twice;
    return numerics::finishInteger(numerics::applyRescaledSum(sum, a - za, b - zb),
                                   requant.getZeroPoint(), outputOf(requant));
  }
  float left = numerics::scaleFloat(a - za, static_cast<float>(scales[0]));
  float right = numerics::scaleFloat(b - zb, static_cast<float>(scales[1]));
  float result = isa<IntAddOp>(op.getOperation()) ? left + right : left * right;
  return numerics::finishFloat(result / resultScale(op), requant.getZeroPoint(),
                               outputOf(requant));
}

Integers interpreter::averageInFloat(IntAvgPoolOp op, const Tensor &x) {
  Windows windows{x.shape,         shapeOf(op),  op.getKernel(),
                  op.getStrides(), op.getPads(), op.getDilations()};
  auto segment = cast<IntegerSegmentOpInterface>(op.getOperation());
  float scale = static_cast<float>(segment.getReferenceAttr().getOperands()[0]);
  std::vector<float> real;
  for (int64_t q : x.integers())
    real.push_back(numerics::scaleFloat(q - int64_t(op.getInputZp()), scale));
  int64_t all = op.getKernel()[0] * op.getKernel()[1];
  Integers integers;
  for (const WindowSum<float> &sum : sumWindows(windows, real)) {
    float count = static_cast<float>(op.getCountIncludePad() ? all : sum.count);
    integers.push_back(numerics::finishFloat(sum.sum / count / resultScale(segment),
                                             op.getRequant().getZeroPoint(),
                                             outputOf(op.getRequant())));
  }
  return integers;
}
