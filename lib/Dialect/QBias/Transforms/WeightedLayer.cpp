//===- WeightedLayer.cpp - constants of a layer with weights ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightedLayer.h"

#include "qbias/Analysis/Segments.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace qbias;

/// i8 weights where they fit, i16 otherwise (a weight zero point makes nine
/// bits, N4).
static Value makeWeights(OpBuilder &builder, Location loc, ArrayRef<int64_t> shape,
                         ArrayRef<int64_t> values, StringRef name) {
  bool fits = llvm::all_of(values, [](int64_t v) { return v == static_cast<int8_t>(v); });
  auto type = RankedTensorType::get(shape, builder.getIntegerType(fits ? 8 : 16));
  return arith::ConstantOp::create(builder, loc,
                                   cast<TypedAttr>(makeIntegers(type, values, name)));
}

/// True when some accumulator leaves int32, whatever the input holds (N9).
static bool needsWideAccumulator(const Operands &operands, int64_t channels,
                                 BiasOp bias) {
  numerics::QuantParams input = getParams(operands.input);
  numerics::Range centered = {std::min<int64_t>(0, input.storage.min - input.zeroPoint),
                              std::max<int64_t>(0, input.storage.max - input.zeroPoint)};
  auto bounds = getProductBounds(operands.weights, channels, centered);
  SmallVector<int64_t> integers(channels, 0);
  if (bias)
    readIntegers(bias.getInteger(), integers);
  for (int64_t c = 0; c < channels; ++c)
    if (!bounds || (*bounds)[c].min + integers[c] < INT32_MIN ||
        (*bounds)[c].max + integers[c] > INT32_MAX)
      return true;
  return false;
}

/// Fails without a diagnostic when the operands are not quantized.
FailureOr<Weighted> qbias::getWeighted(OpBuilder &builder, AccumulatorOpInterface op) {
  std::optional<Operands> operands = getOperands(op);
  if (!operands)
    return failure();
  Weighted result;
  result.operands = std::move(*operands);
  std::string name = getLayerName(op);
  if (Value bias = op.getBiasValue()) {
    result.bias = bias.getDefiningOp<BiasOp>();
    if (!result.bias)
      return failure();
    result.biasConstant = arith::ConstantOp::create(
        builder, bias.getLoc(), cast<TypedAttr>(result.bias.getInteger()));
  }
  Value weight = op.getWeightOperand().get();
  result.weights = makeWeights(builder, weight.getLoc(),
                               cast<RankedTensorType>(weight.getType()).getShape(),
                               result.operands.weights, name + ".weight");
  result.scales =
      makeFloats(op->getContext(), result.operands.weightScales, name + ".weight_scale");
  result.isWide =
      needsWideAccumulator(result.operands, op.getOutputChannels(), result.bias);
  return result;
}

/// M = s_x * s_w / s_y of every channel, in double (a start, not a claim).
SmallVector<double> qbias::getMultipliers(const Operands &operands, int64_t channels,
                                          const SegmentEnd &end) {
  SmallVector<double> result;
  for (int64_t c = 0; end.type && c < channels; ++c)
    result.push_back(cast<quant::UniformQuantizedType>(operands.input).getScale() *
                     operands.weightScales[operands.weightScales.size() == 1 ? 0 : c] /
                     cast<quant::UniformQuantizedType>(end.type).getScale());
  return result;
}
