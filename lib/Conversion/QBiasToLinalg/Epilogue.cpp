//===- Epilogue.cpp - requantization as a linalg body ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   affine     clamp((acc * m + r) >> k, lo, hi)                           (N6)
//   half_even  v = acc * m + r
//              clamp(((v + 2^(k-1) - 1 + ((v >> k) & 1)) >> k) + z, lo, hi) (N8)
//   threshold  lo + #{i : acc >= t[c][i]}, a binary search without branches
//   table      t[acc - acc_min]
//
// 64-bit products and sums cannot wrap: the certificate proves |acc * m + r| <
// 2^63. The result is shifted to its signless storage after the clamp, in the
// narrow type, so that this bound is the one that was proven.
//
//===----------------------------------------------------------------------===//

#include "Epilogue.h"

#include "ModeEpilogue.h"
#include "WideEpilogue.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Numerics/Bounds.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

Value qbias::makeConstant(OpBuilder &builder, Location loc, ElementsAttr value) {
  return arith::ConstantOp::create(builder, loc, cast<TypedAttr>(value));
}

Value qbias::makeInteger(OpBuilder &builder, Location loc, Type type, int64_t value) {
  return arith::ConstantOp::create(builder, loc, builder.getIntegerAttr(type, value));
}

Value qbias::centered(OpBuilder &builder, Location loc, Value scalar, Type type,
                      int64_t zeroPoint) {
  Value wide = scalar.getType() == type
                   ? scalar
                   : arith::ExtSIOp::create(builder, loc, type, scalar);
  if (zeroPoint == 0)
    return wide;
  return arith::SubIOp::create(builder, loc, wide,
                               makeInteger(builder, loc, type, zeroPoint));
}

Value qbias::toFileInteger(OpBuilder &builder, Location loc, Value scalar,
                           Type fileElement) {
  return centered(builder, loc, scalar, builder.getI64Type(),
                  getStorageShift(fileElement));
}

IntegerType qbias::getAccumulatorType(IntegerSegmentOpInterface op) {
  SmallVector<int64_t> min, max;
  readIntegers(op.getBoundsAttr().getMin(), min);
  readIntegers(op.getBoundsAttr().getMax(), max);
  bool fits = llvm::all_of(llvm::zip(min, max), [](auto pair) {
    return numerics::fitsInt32({std::get<0>(pair), std::get<1>(pair)});
  });
  return IntegerType::get(op->getContext(), fits ? 32 : 64);
}

ChannelIndexing qbias::indexByDimension(MLIRContext *context, int64_t rank,
                                        int64_t dimension, int64_t channels) {
  return {AffineMap::get(rank, 0, getAffineDimExpr(dimension, context)),
          {channels},
          llvm::to_vector(llvm::seq<int64_t>(0, channels))};
}

ChannelIndexing qbias::indexByNothing(MLIRContext *context, int64_t rank) {
  return {AffineMap::get(rank, 0, context), {}, {0}};
}

namespace {

/// Scalars of one element's requantization.
struct Scalars {
  Value multiplier, shift, rounding, addendMultiplier;
};

/// Emits the scalar body of one form.
class Body {
public:
  Body(OpBuilder &builder, Location loc, RequantAttr requant)
      : builder(builder), loc(loc), requant(requant), wide(builder.getI64Type()) {}

  Value constant(int64_t value) { return makeInteger(builder, loc, wide, value); }
  Value clamp(Value value) {
    value = arith::MaxSIOp::create(builder, loc, value, constant(requant.getLo()));
    return arith::MinSIOp::create(builder, loc, value, constant(requant.getHi()));
  }

  /// acc * m + r, plus addend * addend multiplier.
  Value product(Value acc, Value addend, const Scalars &scalars) {
    Value v = arith::MulIOp::create(builder, loc, widen(acc), scalars.multiplier);
    v = arith::AddIOp::create(builder, loc, v, scalars.rounding);
    if (!addend)
      return v;
    Value second = arith::MulIOp::create(builder, loc, addend, scalars.addendMultiplier);
    return arith::AddIOp::create(builder, loc, v, second);
  }

  Value affine(Value acc, Value addend, const Scalars &scalars) {
    Value v = product(acc, addend, scalars);
    return clamp(arith::ShRSIOp::create(builder, loc, v, scalars.shift));
  }

  Value halfEven(Value acc, Value addend, const Scalars &scalars) {
    Value v = product(acc, addend, scalars);
    Value floor = arith::ShRSIOp::create(builder, loc, v, scalars.shift);
    Value odd = arith::AndIOp::create(builder, loc, floor, constant(1));
    Value less = arith::SubIOp::create(builder, loc, scalars.shift, constant(1));
    Value half = arith::ShLIOp::create(builder, loc, constant(1), less);
    Value add = arith::SubIOp::create(builder, loc, half, constant(1));
    v = arith::AddIOp::create(builder, loc, v, add);
    v = arith::AddIOp::create(builder, loc, v, odd);
    v = arith::ShRSIOp::create(builder, loc, v, scalars.shift);
    return clamp(
        arith::AddIOp::create(builder, loc, v, constant(requant.getZeroPoint())));
  }

  /// Largest position p with thresholds[p - 1] <= acc. `table` has 2^n - 1
  /// entries per channel, padded with the largest integer.
  Value threshold(Value acc, Value table, Value channel, int64_t entries) {
    Value position = makeInteger(builder, loc, builder.getIndexType(), 0);
    for (int64_t step = (entries + 1) / 2; step >= 1; step /= 2) {
      Value next =
          arith::AddIOp::create(builder, loc, position,
                                makeInteger(builder, loc, builder.getIndexType(), step));
      Value at = arith::SubIOp::create(
          builder, loc, next, makeInteger(builder, loc, builder.getIndexType(), 1));
      Value bound =
          tensor::ExtractOp::create(builder, loc, table, ValueRange{channel, at});
      Value reached = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge,
                                            widen(acc), bound);
      position = arith::SelectOp::create(builder, loc, reached, next, position);
    }
    Value level = arith::IndexCastOp::create(builder, loc, wide, position);
    return arith::AddIOp::create(builder, loc, level, constant(requant.getLo()));
  }

  Value widen(Value value) {
    return value.getType() == wide ? value
                                   : arith::ExtSIOp::create(builder, loc, wide, value);
  }

private:
  OpBuilder &builder;
  Location loc;
  RequantAttr requant;
  Type wide;
};

} // namespace

/// One array of the requantization, laid out for `indexing`.
static Value makeArray(OpBuilder &builder, Location loc, ElementsAttr attr,
                       const ChannelIndexing &indexing, StringRef name) {
  SmallVector<int64_t> values, laidOut;
  readIntegers(attr, values);
  for (int64_t channel : indexing.channels)
    laidOut.push_back(values[values.size() == 1 ? 0 : channel]);
  auto type = RankedTensorType::get(indexing.shape, builder.getI64Type());
  return makeConstant(builder, loc, makeIntegers(type, laidOut, name));
}

/// Thresholds padded to 2^n - 1 per channel.
static Value makeThresholds(OpBuilder &builder, Location loc, RequantAttr requant,
                            int64_t channels, int64_t &entries) {
  SmallVector<int64_t> values, padded;
  readIntegers(requant.getThresholds(), values);
  int64_t steps = requant.getHi() - requant.getLo();
  entries = llvm::NextPowerOf2(steps) - 1;
  for (int64_t c = 0; c < channels; ++c) {
    padded.append(values.begin() + c * steps, values.begin() + (c + 1) * steps);
    padded.append(entries - steps, INT64_MAX);
  }
  auto type = RankedTensorType::get({channels, entries}, builder.getI64Type());
  return makeConstant(builder, loc, makeIntegers(type, padded, "thresholds"));
}

namespace {

/// Everything buildEpilogue needs besides its arguments.
struct Epilogue {
  SmallVector<Value> tensors;
  SmallVector<AffineMap> maps;
  Value table, channelIndex;
  int64_t entries = 0;
  bool isFixedPoint = false;
};

} // namespace

/// One column of a mode, laid out for `indexing`.
static Value makeModeArray(OpBuilder &builder, Location loc, const ModeColumn &column,
                           const ChannelIndexing &indexing) {
  if (column.floats.empty()) {
    ElementsAttr attr = makeIntegers(builder.getContext(), column.integers, column.name);
    return makeArray(builder, loc, attr, indexing, column.name);
  }
  SmallVector<float> laidOut;
  for (int64_t channel : indexing.channels)
    laidOut.push_back(float(column.floats[channel]));
  auto type = RankedTensorType::get(indexing.shape, builder.getF32Type());
  return makeConstant(builder, loc,
                      DenseElementsAttr::get(type, ArrayRef<float>(laidOut)));
}

/// Adds the arrays of the form to the inputs of the generic operation.
static void addArrays(OpBuilder &builder, IntegerSegmentOpInterface op,
                      const ChannelIndexing &indexing, Epilogue &epilogue) {
  RequantAttr requant = op.getRequantAttr();
  Location loc = op->getLoc();
  if (isModeForm(requant.getForm())) {
    for (const ModeColumn &column : getModeColumns(op)) {
      if (column.isUniform())
        continue;
      epilogue.tensors.push_back(makeModeArray(builder, loc, column, indexing));
      epilogue.maps.push_back(indexing.map);
    }
    return;
  }
  epilogue.isFixedPoint = requant.getForm() == RequantForm::Affine ||
                          requant.getForm() == RequantForm::HalfEven;
  auto add = [&](ElementsAttr attr, StringRef name) {
    epilogue.tensors.push_back(makeArray(builder, loc, attr, indexing, name));
    epilogue.maps.push_back(indexing.map);
  };
  if (requant.getForm() == RequantForm::Wide) {
    for (ArrayRef<int64_t> column : getWideColumns(op))
      add(makeIntegers(op->getContext(), column, "wide"), "wide");
    return;
  }
  if (epilogue.isFixedPoint) {
    add(requant.getMultiplier(), "multiplier");
    add(requant.getShift(), "shift");
    add(requant.getRounding(), "rounding");
    if (requant.getAddendMultiplier())
      add(requant.getAddendMultiplier(), "addend_multiplier");
    return;
  }
  if (requant.getForm() == RequantForm::Table) {
    epilogue.table = makeConstant(builder, loc, requant.getThresholds());
    return;
  }
  epilogue.table =
      makeThresholds(builder, loc, requant, op.getRequantChannels(), epilogue.entries);
  auto type = RankedTensorType::get(indexing.shape, builder.getIndexType());
  SmallVector<APInt> channels;
  for (int64_t channel : indexing.channels)
    channels.push_back(APInt(64, channel));
  epilogue.tensors.push_back(
      makeConstant(builder, loc, DenseElementsAttr::get(type, channels)));
  epilogue.maps.push_back(indexing.map);
}

/// The clamped result of the file as i64.
static Value emitForm(Body &body, OpBuilder &builder, Location loc,
                      IntegerSegmentOpInterface op, const Epilogue &epilogue,
                      ValueRange arrays, Value acc, Value addend) {
  RequantAttr requant = op.getRequantAttr();
  if (requant.getForm() == RequantForm::Wide)
    return emitWide(builder, op, arrays, acc, addend);
  if (isModeForm(requant.getForm()))
    return emitMode(builder, op, arrays, acc, addend);
  if (requant.getForm() == RequantForm::Wide)
    return emitWide(builder, op, arrays, acc, addend);
  if (epilogue.isFixedPoint) {
    Scalars scalars{arrays[0], arrays[1], arrays[2],
                    arrays.size() > 3 ? arrays[3] : Value()};
    return requant.getForm() == RequantForm::Affine ? body.affine(acc, addend, scalars)
                                                    : body.halfEven(acc, addend, scalars);
  }
  if (requant.getForm() == RequantForm::Threshold)
    return body.threshold(acc, epilogue.table, arrays[0], epilogue.entries);
  SmallVector<int64_t> min;
  readIntegers(op.getBoundsAttr().getMin(), min);
  Value at = arith::SubIOp::create(builder, loc, body.widen(acc), body.constant(min[0]));
  at = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), at);
  return tensor::ExtractOp::create(builder, loc, epilogue.table, at);
}

Value qbias::buildEpilogue(OpBuilder &builder, IntegerSegmentOpInterface op,
                           ArrayRef<EpilogueInput> inputs,
                           const ChannelIndexing &indexing,
                           function_ref<Value(OpBuilder &, ValueRange)> accumulator,
                           function_ref<Value(OpBuilder &, ValueRange)> addend) {
  Location loc = op->getLoc();
  auto fileType = cast<RankedTensorType>(op->getResult(0).getType());
  auto type = cast<RankedTensorType>(getSignlessType(fileType));
  Epilogue epilogue;
  for (const EpilogueInput &input : inputs) {
    epilogue.tensors.push_back(input.tensor);
    epilogue.maps.push_back(input.map);
  }
  bool isAccumulator = op.getRequantAttr().getForm() == RequantForm::Accumulator;
  if (!isAccumulator)
    addArrays(builder, op, indexing, epilogue);
  Value empty =
      tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  epilogue.maps.push_back(
      AffineMap::getMultiDimIdentityMap(type.getRank(), builder.getContext()));
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, loc, type, epilogue.tensors, empty, epilogue.maps, iterators,
      [&](OpBuilder &inner, Location, ValueRange arguments) {
        ValueRange own = arguments.take_front(inputs.size());
        ValueRange arrays = arguments.drop_front(inputs.size()).drop_back();
        Value acc = accumulator(inner, own);
        if (isAccumulator) {
          // The result's width follows from the types, the accumulator's from
          // what its bounds prove.
          if (acc.getType() != type.getElementType())
            acc = arith::ExtSIOp::create(inner, loc, type.getElementType(), acc);
          linalg::YieldOp::create(inner, loc, acc);
          return;
        }
        Body body(inner, loc, op.getRequantAttr());
        Value second = addend ? addend(inner, own) : Value();
        Value result = emitForm(body, inner, loc, op, epilogue, arrays, acc, second);
        if (result.getType() == inner.getI64Type())
          if (int64_t shift = getStorageShift(fileType.getElementType()))
            result = arith::AddIOp::create(inner, loc, result, body.constant(shift));
        result = arith::TruncIOp::create(inner, loc, type.getElementType(), result);
        linalg::YieldOp::create(inner, loc, result);
      });
  return generic.getResult(0);
}
