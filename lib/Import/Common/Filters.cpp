//===- Filters.cpp - layouts of constant weights ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Import/Common/Filters.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Import/Common/Reshapes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::importing;

namespace {

/// Where a filter's element goes.
struct FilterOrder {
  int64_t groups, inputs, outputs, rows, columns; ///< channels of one group

  /// Old position of new element [g, o, row, column, c].
  int64_t from(int64_t g, int64_t o, int64_t row, int64_t column, int64_t c) const {
    return (((g * inputs + c) * outputs + o) * rows + row) * columns + column;
  }
  SmallVector<int64_t> shape() const { return {groups * outputs, rows, columns, inputs}; }
  std::vector<char> apply(ArrayRef<char> bytes, size_t width) const;
};

} // namespace

std::vector<char> FilterOrder::apply(ArrayRef<char> bytes, size_t width) const {
  std::vector<char> result;
  result.reserve(bytes.size());
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t column = 0; column < columns; ++column)
          for (int64_t c = 0; c < inputs; ++c) {
            const char *element = bytes.data() + from(g, o, row, column, c) * width;
            result.insert(result.end(), element, element + width);
          }
  return result;
}

/// The constant's elements in the new order.
static FailureOr<Value> reorder(const Layer &layer, arith::ConstantOp constant,
                                const FilterOrder &order) {
  auto attr = cast<ElementsAttr>(constant.getValue());
  std::optional<std::vector<char>> bytes = readRaw(attr);
  if (!bytes || failed(layer.charge(2 * bytes->size())))
    return failure();
  auto type = RankedTensorType::get(order.shape(), attr.getElementType());
  StringRef name = "weight";
  if (auto named = dyn_cast<NameLoc>(constant.getLoc()))
    name = named.getName().getValue();
  std::vector<char> moved = order.apply(*bytes, bytes->size() / attr.getNumElements());
  return arith::ConstantOp::create(layer.getBuilder(), constant.getLoc(),
                                   cast<TypedAttr>(makeRaw(type, moved, name)))
      .getResult();
}

/// The type of the reordered weights: one scale per output channel of a group
/// becomes one per output channel.
static FailureOr<quant::QuantizedType>
reorderType(const Layer &layer, quant::QuantizedType type, const FilterOrder &order) {
  std::optional<int32_t> axis = getAxis(type);
  if (!axis)
    return type;
  if (*axis != 1)
    return layer.reject("scales of the weight", "one, or one along axis 1",
                        "several along axis " + Twine(*axis));
  SmallVector<double> scales;
  SmallVector<int64_t> zeroPoints;
  for (int64_t g = 0; g < order.groups; ++g) {
    llvm::append_range(scales, getScales(type));
    llvm::append_range(zeroPoints, getZeroPoints(type));
  }
  return quant::QuantizedType(quant::UniformQuantizedPerAxisType::get(
      type.getFlags(), type.getStorageType(), type.getExpressedType(), scales, zeroPoints,
      /*quantizedDimension=*/0, type.getStorageTypeMin(), type.getStorageTypeMax()));
}

FailureOr<Value> importing::orderTransposedFilter(const Layer &layer, Value weight,
                                                  int64_t groups) {
  ArrayRef<int64_t> w = shapeOf(weight);
  bool isFlat = w.size() == 3; // one row
  FilterOrder order{groups, w[0] / groups, w[1], isFlat ? 1 : w[2], w.back()};
  if (auto constant = weight.getDefiningOp<arith::ConstantOp>())
    return reorder(layer, constant, order);
  auto dequantize = weight.getDefiningOp<DequantizeOp>();
  auto stored = dequantize ? dequantize.getInput().getDefiningOp<quant::StorageCastOp>()
                           : quant::StorageCastOp();
  auto constant =
      stored ? stored.getInput().getDefiningOp<arith::ConstantOp>() : arith::ConstantOp();
  if (!constant) {
    if (groups != 1 || isFlat)
      return layer.reject("weight", "a constant", "a computed tensor");
    return transpose(layer, weight, {1, 2, 3, 0});
  }
  FailureOr<quant::QuantizedType> element =
      reorderType(layer, getQuantElement(stored.getType()), order);
  FailureOr<Value> integers = failure();
  if (failed(element) || failed(integers = reorder(layer, constant, order)))
    return failure();
  OpBuilder &builder = layer.getBuilder();
  auto type = RankedTensorType::get(order.shape(), *element);
  Value cast = quant::StorageCastOp::create(builder, stored.getLoc(), type, *integers);
  return DequantizeOp::create(builder, dequantize.getLoc(),
                              type.clone(builder.getF32Type()), cast)
      .getResult();
}

Value importing::makeReals(const Layer &layer, ArrayRef<double> values,
                           ArrayRef<int64_t> shape, int32_t axis, unsigned width) {
  OpBuilder &builder = layer.getBuilder();
  SmallVector<double> scales;
  SmallVector<int64_t> signs, zeroPoints(values.size(), 0);
  for (double value : values) {
    signs.push_back(value > 0 ? 1 : value < 0 ? -1 : 0);
    scales.push_back(value == 0 ? 1.0 : std::fabs(value));
  }
  Type storage = builder.getIntegerType(width);
  auto element = quant::UniformQuantizedPerAxisType::get(
      quant::QuantizationFlags::Signed, storage, builder.getF32Type(), scales, zeroPoints,
      axis, llvm::minIntN(width), llvm::maxIntN(width));
  auto type = RankedTensorType::get(shape, element);
  Value integers = arith::ConstantOp::create(
      builder, layer.getLoc(),
      cast<TypedAttr>(makeIntegers(type.clone(storage), signs, "signs")));
  Value cast = quant::StorageCastOp::create(builder, layer.getLoc(), type, integers);
  return DequantizeOp::create(builder, layer.getLoc(), type.clone(builder.getF32Type()),
                              cast);
}
