//===- TosaElements.cpp - sums, products, pools and tables in TOSA ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   add        rescale(rescale(a) +- rescale(b)), with 20 extra bits between
//   mul        rescale((a - za) * (b - zb))
//   avg_pool   rescale of a depthwise convolution with ones; in form divide
//              intdiv(s +- n / 2, n) of the sum s of the file's integers
//   max_pool   max_pool2d
//   lookup     table
//
//===----------------------------------------------------------------------===//

#include "TosaForms.h"
#include "TosaLayers.h"

#include "qbias/Analysis/Segments.h"
#include "qbias/Conversion/Storage.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Numerics/Modes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qbias;
using IntRange = numerics::Range;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static int64_t shiftOf(Value value) {
  return getStorageShift(getElementTypeOrSelf(value.getType()));
}

/// Sizes of 1 in front up to `rank`.
static Value withRank(Value value, size_t rank, TosaBuilder &builder) {
  SmallVector<int64_t> shape(rank - shapeOf(value).size(), 1);
  llvm::append_range(shape, shapeOf(value));
  return builder.reshape(value, shape);
}

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

/// Multiplier and shift `i` of a sum.
static TosaScale scaleAt(IntAddOp op, size_t i) {
  SmallVector<int64_t> m, k;
  readIntegers(op.getRequant().getMultiplier(), m);
  readIntegers(op.getRequant().getShift(), k);
  return {{m[i]}, {k[i]}, op.getRequant().getMode() == RequantMode::TFLite};
}

/// Largest of 8 bits minus a zero point, and with the extra bits of a sum.
static constexpr int64_t kOperandReach = UINT8_MAX;
static int64_t summandReach() { return kOperandReach << numerics::sumHeadroom(8); }

/// One operand of a sum: shifted, then brought to the common scale, which is at
/// least twice its own.
static FailureOr<Value> emitSummand(IntAddOp op, Value value, Value original,
                                    int64_t zeroPoint, size_t i, TosaBuilder &builder) {
  Value shifted =
      builder.rescale(withRank(value, op.getType().getRank(), builder), builder.getWide(),
                      getPowerOfTwo(numerics::sumHeadroom(8)),
                      {zeroPoint + shiftOf(original), 0, false, false});
  IntRange range{-summandReach(), summandReach()};
  return rescaleWide(op, shifted, range, scaleAt(op, i), builder.getWide(), 0, builder);
}

static FailureOr<Value> emitAdd(IntAddOp op, ValueRange operands, TosaBuilder &builder) {
  if (op.getRequant().getForm() != RequantForm::RescaledSum)
    return op.emitError("layer '") << getLayerName(op) << "': a sum of form "
                                   << stringifyRequantForm(op.getRequant().getForm())
                                   << " has no form in TOSA; use --requant=single";
  FailureOr<Value> a =
      emitSummand(op, operands[0], op.getLhs(), op.getLhsZp(), 0, builder);
  FailureOr<Value> b =
      emitSummand(op, operands[1], op.getRhs(), op.getRhsZp(), 1, builder);
  if (failed(a) || failed(b))
    return failure();
  bool isDifference = op.getReference().getOperands()[1] < 0;
  Value sum = isDifference ? builder.combine<tosa::SubOp>(*a, *b)
                           : builder.combine<tosa::AddOp>(*a, *b);
  auto segment = cast<IntegerSegmentOpInterface>(op.getOperation());
  // Each summand was halved at least.
  IntRange range{-summandReach(), summandReach()};
  FailureOr<Value> y = rescaleWide(op, sum, range, scaleAt(op, 2), builder.getNarrow(),
                                   getStoredZeroPoint(segment), builder);
  if (failed(y))
    return failure();
  return clampOutput(segment, *y, builder);
}

static FailureOr<Value> emitMul(IntMulOp op, ValueRange operands, TosaBuilder &builder) {
  size_t rank = op.getType().getRank();
  auto widen = [&](Value value, Value original, int64_t zeroPoint) {
    return builder.widen(withRank(value, rank, builder), zeroPoint + shiftOf(original));
  };
  Value a = widen(operands[0], op.getLhs(), op.getLhsZp());
  Value b = widen(operands[1], op.getRhs(), op.getRhsZp());
  Value product = builder.make<tosa::MulOp>(shapeOf(op), builder.getWide(), a, b,
                                            builder.scalar(builder.getNarrow(), 0));
  return requantize(op, product, builder);
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

/// For every place of a pool's result the index of its divisor.
static SmallVector<int64_t> getPlaces(IntAvgPoolOp op) {
  ArrayRef<int64_t> x = shapeOf(op.getInput()), y = shapeOf(op), kernel = op.getKernel();
  auto count = [&](int64_t d, int64_t place) {
    int64_t taps = 0;
    for (int64_t tap = 0; tap < kernel[d]; ++tap) {
      int64_t at =
          place * op.getStrides()[d] + tap * op.getDilations()[d] - op.getPads()[d];
      taps += at >= 0 && at < x[d + 1];
    }
    return taps;
  };
  SmallVector<int64_t> places;
  for (int64_t i = 0; i < y[1]; ++i)
    for (int64_t j = 0; j < y[2]; ++j) {
      const auto *divisor = llvm::find(op.getDivisors(), count(0, i) * count(1, j));
      places.push_back(divisor - op.getDivisors().begin());
    }
  return places;
}

/// Sums over windows of `input`, an NHWC tensor, minus its zero point.
static Value emitWindowSums(IntAvgPoolOp op, Value input, int64_t zeroPoint,
                            TosaBuilder &builder) {
  Type narrow = builder.getNarrow(), wide = builder.getWide();
  ArrayRef<int64_t> kernel = op.getKernel();
  int64_t channels = shapeOf(input)[3];
  TosaWindow window{SmallVector<int64_t, 2>(kernel),
                    SmallVector<int64_t, 2>(op.getStrides()),
                    SmallVector<int64_t, 2>(op.getDilations()),
                    {}};
  Value fitted = fitWindow(input, op.getPads(), shapeOf(op), window, builder);
  SmallVector<int64_t> ones(kernel[0] * kernel[1] * channels, 1), zeros(channels, 0);
  return builder.make<tosa::DepthwiseConv2DOp>(
      shapeOf(op), wide, fitted,
      builder.constant({kernel[0], kernel[1], channels, 1}, narrow, ones),
      builder.constant({channels}, wide, zeros), builder.scalar(narrow, zeroPoint),
      builder.scalar(narrow, 0), ArrayRef<int64_t>(window.pads),
      ArrayRef<int64_t>(window.strides), ArrayRef<int64_t>(window.dilations), wide);
}

/// sum / n, half away from zero, of the file's integers, whose sum is acc + n * z.
static Value emitDivision(IntAvgPoolOp op, Value acc, ArrayRef<int64_t> places,
                          TosaBuilder &builder) {
  Type wide = builder.getWide();
  ArrayRef<int64_t> y = shapeOf(op);
  SmallVector<int64_t> count, offset, half;
  for (int64_t place : places) {
    int64_t n = op.getDivisors()[place];
    count.push_back(n);
    offset.push_back(n * int64_t(op.getInputZp()));
    half.push_back(n / 2);
  }
  SmallVector<int64_t> shape = {1, y[1], y[2], 1};
  auto spread = [&](ArrayRef<int64_t> values) {
    return builder.constant(shape, wide, values);
  };
  Value sum = builder.combine<tosa::AddOp>(acc, spread(offset));
  Value zero = builder.constant({1, 1, 1, 1}, wide, {0});
  Value isPositive =
      builder.make<tosa::GreaterOp>(y, IntegerType::get(op.getContext(), 1), sum, zero);
  Value up = builder.combine<tosa::AddOp>(sum, spread(half));
  Value down = builder.combine<tosa::SubOp>(sum, spread(half));
  Value rounded = builder.make<tosa::SelectOp>(y, wide, isPositive, up, down);
  return builder.combine<tosa::IntDivOp>(rounded, spread(count));
}

static FailureOr<Value> emitAvgPool(IntAvgPoolOp op, ValueRange operands,
                                    TosaBuilder &builder) {
  int64_t zeroPoint = op.getInputZp() + shiftOf(op.getInput());
  Value acc = emitWindowSums(op, operands[0], zeroPoint, builder);
  SmallVector<int64_t> places = getPlaces(op);
  auto segment = cast<IntegerSegmentOpInterface>(op.getOperation());
  if (op.getRequant().getForm() != RequantForm::Divide)
    return op.getDivisors().size() == 1 ? requantize(segment, acc, builder)
                                        : requantizePlaces(segment, acc, places, builder);
  Value mean = emitDivision(op, acc, places, builder);
  if (int64_t shift = shiftOf(op))
    mean = builder.combine<tosa::AddOp>(
        mean, builder.constant({1, 1, 1, 1}, builder.getWide(), {shift}));
  // A mean lies between the least and the largest integer.
  Value narrow = builder.make<tosa::CastOp>(shapeOf(op), builder.getNarrow(), mean);
  return clampOutput(segment, narrow, builder);
}

static FailureOr<Value> emitMaxPool(IntMaxPoolOp op, ValueRange operands,
                                    TosaBuilder &builder) {
  if (getElementTypeOrSelf(op.getType()).getIntOrFloatBitWidth() != 8 ||
      llvm::any_of(op.getDilations(), [](int64_t d) { return d != 1; }))
    return op.emitError("layer '") << getLayerName(op)
                                   << "': expects a max pool of 8 bits without dilations "
                                      "for TOSA, got "
                                   << op.getType();
  TosaWindow window{SmallVector<int64_t, 2>(op.getKernel()),
                    SmallVector<int64_t, 2>(op.getStrides()),
                    {1, 1},
                    {}};
  Value fitted = fitWindow(operands[0], op.getPads(), shapeOf(op), window, builder);
  return builder.make<tosa::MaxPool2dOp>(
      shapeOf(op), builder.getNarrow(), fitted, ArrayRef<int64_t>(window.kernel),
      ArrayRef<int64_t>(window.strides), ArrayRef<int64_t>(window.pads));
}

static FailureOr<Value> emitLookup(IntLookupOp op, ValueRange operands,
                                   TosaBuilder &builder) {
  SmallVector<int64_t> table;
  if (!readIntegers(op.getTable(), table))
    return op.emitError("expects a constant table for TOSA");
  for (int64_t &value : table)
    value += shiftOf(op);
  Value values = builder.constant({int64_t(table.size())}, builder.getNarrow(), table);
  return builder.make<tosa::TableOp>(shapeOf(op), builder.getNarrow(), operands[0],
                                     values);
}

static FailureOr<Value> emitRequantize(IntRequantizeOp op, ValueRange operands,
                                       TosaBuilder &builder) {
  int64_t zeroPoint = op.getInputZp() + shiftOf(op.getInput());
  return requantize(op, builder.widen(operands[0], zeroPoint), builder);
}

FailureOr<Value> qbias::emitElements(Operation *op, ValueRange operands,
                                     TosaBuilder &builder) {
  return TypeSwitch<Operation *, FailureOr<Value>>(op)
      .Case([&](IntAddOp o) { return emitAdd(o, operands, builder); })
      .Case([&](IntMulOp o) { return emitMul(o, operands, builder); })
      .Case([&](IntAvgPoolOp o) { return emitAvgPool(o, operands, builder); })
      .Case([&](IntMaxPoolOp o) { return emitMaxPool(o, operands, builder); })
      .Case([&](IntLookupOp o) { return emitLookup(o, operands, builder); })
      .Case([&](IntRequantizeOp o) { return emitRequantize(o, operands, builder); })
      .Default([&](Operation *o) { return emitMovement(o, operands, builder); });
}
