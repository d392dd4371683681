//===- TosaBuilder.cpp - operations of TOSA on stored integers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TosaBuilder.h"

#include "qbias/Dialect/QBias/IR/Constants.h"

#include <numeric>

using namespace mlir;
using namespace qbias;

/// 2^30 with a shift of 30: one. Any exponent up to 20 leaves a shift of 10, with
/// which TOSA takes values below 2^9: every int8 minus its zero point.
static constexpr int64_t kUnitShift = 30;

TosaScale qbias::getPowerOfTwo(int64_t exponent) {
  return {{int64_t(1) << kUnitShift}, {kUnitShift - exponent}, false};
}

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

static int64_t product(ArrayRef<int64_t> values) {
  return std::accumulate(values.begin(), values.end(), int64_t(1), std::multiplies<>());
}

Value TosaBuilder::constant(ArrayRef<int64_t> shape, Type element,
                            ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get(shape, element);
  unsigned width = element.getIntOrFloatBitWidth();
  SmallVector<APInt> integers;
  for (int64_t value : values)
    integers.emplace_back(width, value, /*isSigned=*/true, /*implicitTrunc=*/true);
  return tosa::ConstOp::create(builder, loc, type,
                               DenseElementsAttr::get(type, integers));
}

Value TosaBuilder::scalar(Type element, int64_t value) {
  return constant({1}, element, value);
}

Value TosaBuilder::shape(ArrayRef<int64_t> values) {
  auto type = tosa::shapeType::get(builder.getContext(), int(values.size()));
  return tosa::ConstShapeOp::create(builder, loc, type,
                                    builder.getIndexTensorAttr(values));
}

Value TosaBuilder::reshape(Value value, ArrayRef<int64_t> shape) {
  if (typeOf(value).getShape() == shape)
    return value;
  return make<tosa::ReshapeOp>(shape, typeOf(value).getElementType(), value,
                               this->shape(shape));
}

Value TosaBuilder::transpose(Value value, ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> shape;
  SmallVector<int32_t> perms;
  for (int64_t d : permutation) {
    shape.push_back(typeOf(value).getDimSize(d));
    perms.push_back(int32_t(d));
  }
  return make<tosa::TransposeOp>(shape, typeOf(value).getElementType(), value,
                                 ArrayRef<int32_t>(perms));
}

Value TosaBuilder::slice(Value value, ArrayRef<int64_t> start, ArrayRef<int64_t> size) {
  if (typeOf(value).getShape() == size)
    return value;
  return make<tosa::SliceOp>(size, typeOf(value).getElementType(), value, shape(start),
                             shape(size));
}

/// One dimension at a time, as the middle of three: the validation of MLIR 22 counts
/// the entries of `padding`, two for each dimension, against the largest rank, 6.
Value TosaBuilder::pad(Value value, ArrayRef<int64_t> low, ArrayRef<int64_t> high,
                       int64_t fill) {
  Type element = typeOf(value).getElementType();
  for (size_t d = 0; d < low.size(); ++d) {
    if (low[d] == 0 && high[d] == 0)
      continue;
    SmallVector<int64_t> shape(typeOf(value).getShape());
    int64_t outer = product(ArrayRef<int64_t>(shape).take_front(d));
    int64_t inner = product(ArrayRef<int64_t>(shape).drop_front(d + 1));
    Value flat = reshape(value, {outer, shape[d], inner});
    shape[d] += low[d] + high[d];
    Value padded = make<tosa::PadOp>({outer, shape[d], inner}, element, flat,
                                     this->shape({0, 0, low[d], high[d], 0, 0}),
                                     scalar(element, fill));
    value = reshape(padded, shape);
  }
  return value;
}

Value TosaBuilder::concat(ValueRange values, int64_t dim) {
  if (values.size() == 1)
    return values.front();
  SmallVector<int64_t> shape(typeOf(values.front()).getShape());
  shape[dim] = 0;
  for (Value value : values)
    shape[dim] += typeOf(value).getDimSize(dim);
  return make<tosa::ConcatOp>(shape, typeOf(values.front()).getElementType(), values,
                              builder.getI32IntegerAttr(int32_t(dim)));
}

/// TOSA gathers rows of [N, K, C] by indices [N, W].
Value TosaBuilder::gather(Value value, int64_t dim, ArrayRef<int64_t> indices) {
  ArrayRef<int64_t> shape = typeOf(value).getShape();
  int64_t outer = product(shape.take_front(dim)),
          inner = product(shape.drop_front(dim + 1));
  SmallVector<int64_t> repeated, result(shape);
  for (int64_t n = 0; n < outer; ++n)
    llvm::append_range(repeated, indices);
  int64_t count = indices.size();
  result[dim] = count;
  Value rows = constant({outer, count}, getWide(), repeated);
  Value gathered =
      make<tosa::GatherOp>({outer, count, inner}, typeOf(value).getElementType(),
                           reshape(value, {outer, shape[dim], inner}), rows);
  return reshape(gathered, result);
}

Value TosaBuilder::rescale(Value value, Type element, const TosaScale &scale,
                           TosaZeroPoints zeroPoints) {
  int64_t count = scale.multiplier.size();
  Type from = typeOf(value).getElementType();
  return make<tosa::RescaleOp>(
      typeOf(value).getShape(), element, value,
      constant({count}, getWide(), scale.multiplier),
      constant({count}, getNarrow(), scale.shift), scalar(from, zeroPoints.input),
      scalar(element, zeroPoints.output), /*scale32=*/true,
      scale.roundsTwice ? tosa::RoundingMode::DOUBLE_ROUND
                        : tosa::RoundingMode::SINGLE_ROUND,
      /*per_channel=*/count > 1, zeroPoints.isInputUnsigned, zeroPoints.isOutputUnsigned);
}

Value TosaBuilder::widen(Value value, int64_t zeroPoint) {
  return rescale(value, getWide(), getPowerOfTwo(), {zeroPoint, 0, false, false});
}

Value TosaBuilder::clamp(Value value, int64_t lo, int64_t hi) {
  if (lo <= INT8_MIN && hi >= INT8_MAX)
    return value;
  return make<tosa::ClampOp>(typeOf(value).getShape(), getNarrow(), value,
                             Attribute(builder.getI8IntegerAttr(int8_t(lo))),
                             Attribute(builder.getI8IntegerAttr(int8_t(hi))));
}

/// Dimensions of size 1 are repeated.
RankedTensorType TosaBuilder::getCombined(Value a, Value b) {
  SmallVector<int64_t> shape;
  for (auto [left, right] : llvm::zip_equal(typeOf(a).getShape(), typeOf(b).getShape()))
    shape.push_back(std::max(left, right));
  return RankedTensorType::get(shape, typeOf(a).getElementType());
}
