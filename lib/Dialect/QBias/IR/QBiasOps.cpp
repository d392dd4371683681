//===- QBiasOps.cpp - real family: constraints and folds ---*- C++ -*-===//
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
#include "qbias/Numerics/Bias.h"

#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/IR/Builders.h"

#include <cmath>

using namespace mlir;
using namespace qbias;

//===----------------------------------------------------------------------===//
// quantize, dequantize
//===----------------------------------------------------------------------===//

/// C2 to C4 of quantize and dequantize.
static LogicalResult verifyQuantType(Operation *op, Type tensor) {
  std::optional<TypeFault> fault = getTypeFault(getQuantElement(tensor));
  if (!fault)
    return success();
  return op->emitOpError(fault->label) << ": " << fault->text;
}

LogicalResult QuantizeOp::verify() {
  // C1: trait SameOperandsAndResultShape
  return verifyQuantType(*this, getResult().getType());
}

LogicalResult DequantizeOp::verify() {
  // C1: trait SameOperandsAndResultShape
  return verifyQuantType(*this, getInput().getType());
}

/// quantize(dequantize(q)) is q when both types are the same: q is in the
/// storage range and rnd((q - z) * s / s) + z = q.
OpFoldResult QuantizeOp::fold(FoldAdaptor) {
  auto dequantize = getInput().getDefiningOp<DequantizeOp>();
  if (dequantize && dequantize.getInput() != getResult() &&
      dequantize.getInput().getType() == getType())
    return dequantize.getInput();
  return {};
}

//===----------------------------------------------------------------------===//
// Sums of products
//===----------------------------------------------------------------------===//

LogicalResult Conv2DOp::verify() {
  Window window{{}, getStrides(), getPads(), getDilations()};
  return verifyConvolution(*this, getInput().getType(), getWeight().getType(),
                           getBias() ? getBias().getType() : Type(), getType(), window,
                           getGroups());
}

OpOperand &Conv2DOp::getActivationOperand() { return getInputMutable(); }
OpOperand &Conv2DOp::getWeightOperand() { return getWeightMutable(); }
Value Conv2DOp::getBiasValue() { return getBias(); }
void Conv2DOp::setBiasValue(Value bias) { getBiasMutable().assign(bias); }
int64_t Conv2DOp::getOutputChannels() {
  return cast<RankedTensorType>(getWeight().getType()).getDimSize(0);
}
bool Conv2DOp::readsPadding() {
  return llvm::any_of(getPads(), [](int64_t pad) { return pad > 0; });
}

LogicalResult MatmulOp::verify() {
  return verifyMatmul(*this, getLhs().getType(), getRhs().getType(),
                      getBias() ? getBias().getType() : Type(), getType());
}

OpOperand &MatmulOp::getActivationOperand() { return getLhsMutable(); }
OpOperand &MatmulOp::getWeightOperand() { return getRhsMutable(); }
Value MatmulOp::getBiasValue() { return getBias(); }
void MatmulOp::setBiasValue(Value bias) { getBiasMutable().assign(bias); }
int64_t MatmulOp::getOutputChannels() {
  auto type = cast<RankedTensorType>(getRhs().getType());
  return type.getDimSize(type.getRank() - 2);
}
bool MatmulOp::readsPadding() { return false; }

LogicalResult ConvTranspose2DOp::verify() {
  Window window{{}, getStrides(), getPads(), getDilations()};
  return verifyTransposedConvolution(*this, getInput().getType(), getWeight().getType(),
                                     getBias() ? getBias().getType() : Type(), getType(),
                                     window, getOutputPads(), getGroups());
}

/// C1: lengths and element type.
static LogicalResult verifyBiasLengths(BiasOp op) {
  int64_t channels = op.getInteger().getNumElements();
  auto hasLength = [&](ElementsAttr attr, bool orOne) {
    return attr.getNumElements() == channels || (orOne && attr.getNumElements() == 1);
  };
  if (channels > kMaxChannels)
    return op.emitOpError("C1: expects at most ")
           << kMaxChannels << " channels, got " << channels;
  if (!hasLength(op.getValue(), false) || !hasLength(op.getWeightScale(), true) ||
      (op.getUnitAttr() && !hasLength(op.getUnitAttr(), true)) ||
      op.getType().getShape() != ArrayRef<int64_t>(channels))
    return op.emitOpError("C1: expects one value per channel and one or ")
           << channels << " units and weight scales, got "
           << op.getValue().getNumElements() << " values and "
           << op.getWeightScale().getNumElements() << " weight scales";
  Type element = op.getInteger().getElementType();
  if (!element.isSignlessInteger(32) && !element.isSignlessInteger(64))
    return op.emitOpError("C1: expects i32 or i64 integers, got ") << element;
  return success();
}

LogicalResult BiasOp::verify() {
  if (failed(verifyBiasLengths(*this)))
    return failure();
  // C3
  SmallVector<int64_t> integers;
  FailureOr<ExactArray> exact = ExactArray::get(getValue(), getUnitAttr());
  FailureOr<ExactArray> scales = ExactArray::get(getWeightScale(), {});
  FailureOr<ExactArray> units = scales;
  if (getUnitAttr())
    units = ExactArray::get(getUnitAttr(), {});
  auto inputScale = numerics::exactRational(getInputScale().convertToDouble());
  if (failed(exact) || failed(scales) || failed(units) ||
      !readIntegers(getInteger(), integers) || !inputScale || *inputScale <= 0)
    return emitOpError("C3: expects constant finite values and positive finite scales");
  for (int64_t c = 0; c < static_cast<int64_t>(integers.size()); ++c) {
    if (scales->at(c) <= 0 || units->at(c) <= 0)
      return emitOpError("C3: expects positive weight scales and units, got ")
             << scales->at(c).get_d() << " and " << units->at(c).get_d() << " in channel "
             << c;
    numerics::Rational unit = *inputScale * scales->at(c);
    numerics::Rational residue =
        exact->at(c) - numerics::Rational(numerics::fromInt64(integers[c])) * unit;
    // C2
    if (abs(residue) * 2 > unit && getKind() != BiasCase::Overflow && !getSubstitute())
      return emitOpError("C2: expects integer part ")
             << numerics::Rational(exact->at(c) / unit).get_d()
             << " rounded to the nearest, got " << integers[c] << " in channel " << c;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

LogicalResult AddOp::verify() {
  return verifyBroadcast(*this, getLhs().getType(), getRhs().getType(), getType());
}
LogicalResult SubOp::verify() {
  return verifyBroadcast(*this, getLhs().getType(), getRhs().getType(), getType());
}
LogicalResult MulOp::verify() {
  return verifyBroadcast(*this, getLhs().getType(), getRhs().getType(), getType());
}

LogicalResult DivOp::verify() {
  if (failed(verifyBroadcast(*this, getLhs().getType(), getRhs().getType(), getType())))
    return failure();
  // C3
  ElementsAttr constant = getConstant(getRhs());
  SmallVector<double> divisors;
  if (constant && readFloats(constant, divisors) && llvm::is_contained(divisors, 0.0))
    return emitOpError("C3: expects divisors that are not 0, got 0");
  return success();
}

LogicalResult ClampOp::verify() {
  std::optional<APFloat> lo = getLo(), hi = getHi();
  // C1
  if ((lo && !lo->isFinite()) || (hi && !hi->isFinite()))
    return emitOpError("C1: expects finite bounds");
  // C2
  if (lo && hi && *hi < *lo)
    return emitOpError("C2: expects lo to be at most hi, got ")
           << lo->convertToDouble() << " and " << hi->convertToDouble();
  return success();
}

LogicalResult UnaryOp::verify() {
  // C1
  std::string fault = getUnaryFault(getFunction(), getAlphaAttr(), getBetaAttr());
  if (!fault.empty())
    return emitOpError("C1: ") << fault;
  return success();
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

LogicalResult PoolOp::verify() {
  auto x = cast<RankedTensorType>(getInput().getType());
  auto y = cast<RankedTensorType>(getType());
  // C1
  if (x.getRank() != 4 || y.getRank() != 4)
    return emitOpError("C1: expects tensors of rank 4, got ")
           << x.getRank() << " and " << y.getRank();
  // C4
  bool isMean = getKind() == PoolKind::Avg;
  if (x.getElementType() != y.getElementType() || (isMean && !isRealTensor(x)))
    return emitOpError("C4: expects one element type, real for avg, got ")
           << x.getElementType() << " and " << y.getElementType();
  Window window{getKernel(), getStrides(), getPads(), getDilations()};
  if (failed(verifyWindow(*this, {"C1", "C3"}, window, x.getShape(), y.getShape(),
                          x.getDimSize(3))))
    return failure();
  // C2
  return verifyWindowSizes(*this, "C2", window, x.getShape(), y.getShape(),
                           isMean && !getCountIncludePad());
}

#define GET_OP_CLASSES
#include "qbias/Dialect/QBias/IR/QBiasOps.cpp.inc"
