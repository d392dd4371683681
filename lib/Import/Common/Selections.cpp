//===- Selections.cpp - gathers, repeats, resizes, reductions ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Import/Common/Selections.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Import/Common/ConstantTensor.h"
#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Import/Common/Windows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::importing;
using numerics::Rational;

//===----------------------------------------------------------------------===//
// Gathers
//===----------------------------------------------------------------------===//

FailureOr<Value> importing::gather(const Layer &layer, Value value, int64_t dim,
                                   ArrayRef<int64_t> indices) {
  SmallVector<int64_t> shape(shapeOf(value));
  if (llvm::equal(indices, llvm::seq<int64_t>(0, shape[dim])))
    return value;
  quant::QuantizedType type = getQuantElement(value.getType());
  if (type && getAxis(type) == dim)
    return layer.reject("input", "per-tensor quantization",
                        "per-channel quantization along axis " + Twine(dim));
  if (static_cast<int64_t>(indices.size()) > kMaxWindowExtent)
    return layer.reject("extent of dimension " + Twine(dim),
                        "at most " + Twine(kMaxWindowExtent), Twine(indices.size()));
  shape[dim] = indices.size();
  FailureOr<RankedTensorType> result = layer.makeType(shape, elementOf(value));
  if (failed(result))
    return failure();
  return layer.create<GatherOp>(layer.getLoc(), *result, value, dim, indices).getResult();
}

FailureOr<Value> importing::expand(const Layer &layer, Value value,
                                   ArrayRef<int64_t> shape) {
  if (!isValueShape(shape))
    return layer.reject("output shape", kValueLimits, text(shape));
  FailureOr<Value> result = value;
  for (auto [dim, extent] : llvm::enumerate(shape))
    if (shapeOf(*result)[dim] == 1 && extent != 1) {
      if (extent > kMaxWindowExtent)
        return layer.reject("extent of dimension " + Twine(dim),
                            "at most " + Twine(kMaxWindowExtent), Twine(extent));
      result = gather(layer, *result, dim, SmallVector<int64_t>(extent, 0));
      if (failed(result))
        return failure();
    }
  return result;
}

LogicalResult importing::broadcastBatches(const Layer &layer, Value &left, Value &right,
                                          const Twine &rightText) {
  ArrayRef<int64_t> l = shapeOf(left), r = shapeOf(right);
  if (*countElements(r.drop_back(2)) == 1 || r.drop_back(2) == l.drop_back(2))
    return success();
  size_t rank = std::max(l.size(), r.size());
  SmallVector<int64_t> batch(rank - 2, 1);
  for (ArrayRef<int64_t> shape : {l, r})
    for (auto [index, extent] : llvm::enumerate(shape.drop_back(2))) {
      int64_t &own = batch[rank - shape.size() + index];
      if (own != extent && own != 1 && extent != 1)
        return layer.reject("leading dimensions of " + rightText,
                            "those that broadcast with " + text(l.drop_back(2)),
                            text(r.drop_back(2)));
      own = std::max(own, extent);
    }
  for (Value *operand : {&left, &right}) {
    FailureOr<Value> wide = extendRank(layer, *operand, rank);
    if (failed(wide))
      return failure();
    SmallVector<int64_t> shape = batch;
    llvm::append_range(shape, shapeOf(*wide).take_back(2));
    if (failed(wide = expand(layer, *wide, shape)))
      return failure();
    *operand = *wide;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Resizes
//===----------------------------------------------------------------------===//

static Rational coordinateOf(int64_t x, int64_t size, int64_t count,
                             const Rational &scale, CoordinateRule rule) {
  const Rational half(1, 2);
  Rational at(numerics::fromInt64(x)), in(numerics::fromInt64(size)),
      out(numerics::fromInt64(count));
  switch (rule) {
  case CoordinateRule::HalfPixel:
    return (at + half) / scale - half;
  case CoordinateRule::HalfPixelSymmetric: {
    Rational adjustment = out / (scale * in);
    return in / 2 * (1 - adjustment) + (at + half) / scale - half;
  }
  case CoordinateRule::PytorchHalfPixel:
    return count > 1 ? Rational((at + half) / scale - half) : Rational(0);
  case CoordinateRule::TfHalfPixel:
    return (at + half) / scale;
  case CoordinateRule::AlignCorners:
    return count > 1 ? Rational(at * (in - 1) / (out - 1)) : Rational(0);
  case CoordinateRule::Asymmetric:
    return at / scale;
  }
  return 0;
}

static numerics::Integer nearestTo(const Rational &x, NearestRule rule) {
  const Rational half(1, 2);
  switch (rule) {
  case NearestRule::PreferFloor: // a half goes down
    return numerics::ceilOf(x - half);
  case NearestRule::PreferCeil:
    return numerics::floorOf(x + half);
  case NearestRule::Floor:
    return numerics::floorOf(x);
  case NearestRule::Ceil:
    return numerics::ceilOf(x);
  }
  return 0;
}

SmallVector<int64_t> importing::nearestPositions(int64_t size, int64_t count,
                                                 const Rational &scale,
                                                 CoordinateRule coordinates,
                                                 NearestRule nearest) {
  SmallVector<int64_t> positions;
  for (int64_t x = 0; x < count; ++x)
    positions.push_back(numerics::clampToInt64(
        nearestTo(coordinateOf(x, size, count, scale, coordinates), nearest), 0,
        size - 1));
  return positions;
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// [before, axes, after] with the axes in one piece: nothing has to move.
static bool isOnePiece(ArrayRef<int64_t> sorted) {
  return sorted.back() - sorted.front() + 1 == static_cast<int64_t>(sorted.size());
}

FailureOr<Value> importing::reduce(const Layer &layer, PoolKind kind, Value value,
                                   ArrayRef<int64_t> axes) {
  SmallVector<int64_t> shape(shapeOf(value)), sorted(axes), result = shape;
  llvm::sort(sorted);
  if (sorted.empty())
    return value;
  SmallVector<int64_t> image = {1, 1, 1, 1}, order; // before, axes, 1, after
  for (int64_t d : sorted) {
    image[1] *= shape[d];
    result[d] = 1;
  }
  bool moves = !isOnePiece(sorted);
  for (auto [d, extent] : llvm::enumerate(shape))
    if (!llvm::is_contained(sorted, static_cast<int64_t>(d))) {
      order.push_back(d);
      bool isAfter = !moves && static_cast<int64_t>(d) > sorted.back();
      image[isAfter ? 3 : 0] *= extent;
    }
  order.append(sorted);
  if (moves)
    value = transpose(layer, value, order);
  SpatialWindow window;
  window.kernel = {image[1], 1};
  window.strides = window.dilations = window.output = {1, 1};
  window.pads = {0, 0, 0, 0};
  FailureOr<Value> pooled = failure();
  if (failed(checkLimits(layer, window)) ||
      failed(pooled = reshape(layer, value, image)) ||
      failed(pooled = buildPool(layer, kind, *pooled, window, false)))
    return failure();
  return reshape(layer, *pooled, result);
}

FailureOr<Value> importing::reduceImage(const Layer &layer, PoolKind kind, Value value) {
  FailureOr<Value> image = toChannelsLast(layer, value);
  if (succeeded(image))
    image = reduce(layer, kind, *image, {1, 2});
  if (failed(image))
    return failure();
  return fromChannelsLast(layer, *image, shapeOf(*image).size());
}

Value importing::makeScalar(const Layer &layer, float value, size_t rank) {
  auto type = RankedTensorType::get(SmallVector<int64_t>(rank, 1),
                                    layer.getBuilder().getF32Type());
  return arith::ConstantOp::create(layer.getBuilder(), layer.getLoc(),
                                   DenseElementsAttr::get(type, value));
}
