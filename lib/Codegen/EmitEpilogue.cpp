//===- EmitEpilogue.cpp - code of requantizations ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In the high half even and odd lanes are multiplied apart: an x86 machine multiplies the
// even 32-bit lanes of two vectors to 64-bit products in one instruction. Their upper
// words come together by two (a shuffle and a blend), or by one (vshufps) that leaves the
// two even lanes of every four in front of the odd ones; constants behind it are in that
// order, and four packed vectors are put in order by one more.
//
//===----------------------------------------------------------------------===//

#include "VectorEpilogue.h"

#include "qbias/Dialect/QBias/IR/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// The value of every channel of `order`, `fill` for none.
static SmallVector<int64_t> orderChannels(ArrayRef<int64_t> values,
                                          ArrayRef<int64_t> order, int64_t fill) {
  return llvm::map_to_vector(order, [&](int64_t channel) {
    return channel < 0 ? fill : values[values.size() == 1 ? 0 : channel];
  });
}

/// Of every vector of `lanes` first the even lanes, then the odd ones.
static SmallVector<int64_t> splitParity(ArrayRef<int64_t> values, int64_t lanes) {
  SmallVector<int64_t> result;
  for (size_t at = 0; at < values.size(); at += lanes)
    for (int64_t parity : {0, 1})
      for (int64_t lane = parity; lane < lanes; lane += 2)
        result.push_back(values[at + lane]);
  return result;
}

/// Of every four first the even ones, then the odd ones: its own inverse.
static int64_t joined(int64_t lane) {
  constexpr int64_t kLanes[] = {0, 2, 1, 3};
  return lane / 4 * 4 + kLanes[lane % 4];
}

static SmallVector<int64_t> joinedOrder(int64_t lanes) {
  return llvm::map_to_vector(llvm::seq(lanes), joined);
}

static SmallVector<int64_t> inJoinedOrder(ArrayRef<int64_t> values) {
  return llvm::map_to_vector(joinedOrder(values.size()),
                             [&](int64_t lane) { return values[lane]; });
}

SmallVector<ElementsAttr> VectorEpilogue::getArrays(ArrayRef<int64_t> order,
                                                    int64_t lanes, StringRef name) const {
  SmallVector<ElementsAttr> result;
  auto pad = [&](ArrayRef<int64_t> values, int64_t fill) {
    return orderChannels(values, order, fill);
  };
  auto add = [&](ArrayRef<int64_t> values, Type element, StringRef suffix) {
    auto type = RankedTensorType::get({int64_t(values.size())}, element);
    result.push_back(makeIntegers(type, values, (name + suffix).str()));
  };
  OpBuilder builder(op.getContext());
  if (!narrow) {
    // A value that occurs is safe to compute with, even to divide by.
    for (auto [values, argument] : llvm::zip(arrays, arrayArguments))
      add(pad(values, values.front()), argument.getType(), ".epilogue");
    return result;
  }
  using Channel = numerics::NarrowRequant;
  auto addColumn = [&](function_ref<int64_t(const Channel &)> read, StringRef suffix,
                       bool isBehindJoin = false) {
    SmallVector<int64_t> values = llvm::map_to_vector(narrow->channels, read);
    values = pad(values, values.front());
    add(narrow->isJoined && isBehindJoin ? inJoinedOrder(values) : values,
        builder.getI32Type(), suffix);
  };
  if (narrow->clamps) {
    addColumn([](const Channel &c) { return c.sums.min; }, ".first");
    addColumn([](const Channel &c) { return c.sums.max; }, ".last");
  }
  if (narrow->raises)
    addColumn([](const Channel &c) { return c.raise; }, ".raise");
  if (narrow->multiplies)
    addColumn([](const Channel &c) { return c.multiplier; }, ".multiplier");
  auto getRounding = [](const Channel &c) { return c.rounding; };
  if (!narrow->isWord && !narrow->roundsUpper)
    add(splitParity(pad(llvm::map_to_vector(narrow->channels, getRounding), 0), lanes),
        builder.getI64Type(), ".rounding");
  else
    addColumn(getRounding, ".rounding", /*isBehindJoin=*/true);
  if (narrow->shifts)
    addColumn([](const Channel &c) { return c.shift; }, ".shift", /*isBehindJoin=*/true);
  if (narrow->ties)
    addColumn([](const Channel &c) { return c.tiesToEven; }, ".ties",
              /*isBehindJoin=*/true);
  for (unsigned i : tailArrays)
    add(arrays[i].size() == 1 ? arrays[i] : pad(arrays[i], 0), builder.getI32Type(),
        ".tail");
  for (int64_t constant : tail ? tail->getConstants() : ArrayRef<int64_t>())
    add(constant, builder.getI32Type(), ".sum");
  return result;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

/// The even 32-bit lanes of `vector` as 64-bit integers.
static Value takeEven(KernelBuilder &kernel, Value vector) {
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  VectorType wide = kernel.vectorOf(lanes / 2, 64);
  constexpr int64_t kHalf = 32;
  Value half = kernel.splat(wide, kHalf), pairs = kernel.bitcast(vector, wide);
  pairs = arith::ShLIOp::create(kernel.builder, kernel.loc, pairs, half);
  return arith::ShRSIOp::create(kernel.builder, kernel.loc, pairs, half);
}

/// The odd ones. They are moved down first: in this form, and not as one shift, LLVM
/// knows in the middle of a loop that what was made in front of it is 32 bits wide.
static Value takeOdd(KernelBuilder &kernel, Value vector) {
  SmallVector<int64_t> moved;
  for (int64_t lane = 0; lane < cast<VectorType>(vector.getType()).getNumElements();
       ++lane)
    moved.push_back(lane | 1);
  return takeEven(kernel, kernel.shuffle(vector, vector, moved));
}

KernelBuilder::Values VectorEpilogue::loadArrays(KernelBuilder &kernel,
                                                 ValueRange buffers, Value channel,
                                                 int64_t lanes) const {
  KernelBuilder::Values result;
  if (!narrow) {
    for (Value buffer : buffers)
      result.push_back(kernel.load(buffer, channel, lanes));
    return result;
  }
  size_t constants = tail ? tail->getConstants().size() : 0;
  ValueRange sum = buffers.take_back(constants);
  buffers = buffers.drop_back(constants);
  result = loadConstants(kernel, buffers.drop_back(tailArrays.size()), channel, lanes);
  for (auto [i, buffer] : llvm::zip(tailArrays, buffers.take_back(tailArrays.size())))
    result.push_back(arrays[i].size() == 1
                         ? kernel.broadcastWord(buffer, kernel.index(0), lanes)
                         : kernel.load(buffer, channel, lanes));
  for (Value buffer : sum)
    result.push_back(kernel.broadcastWord(buffer, kernel.index(0), lanes));
  return result;
}

/// Those of the narrow form, in the order in which emitScaled() takes them.
KernelBuilder::Values VectorEpilogue::loadConstants(KernelBuilder &kernel,
                                                    ValueRange buffers, Value channel,
                                                    int64_t lanes) const {
  KernelBuilder::Values result;
  auto take = [&] {
    Value buffer = buffers.front();
    buffers = buffers.drop_front();
    return buffer;
  };
  auto load = [&] { result.push_back(kernel.load(take(), channel, lanes)); };
  if (narrow->clamps) {
    load();
    load();
  }
  if (narrow->raises)
    load();
  if (narrow->multiplies)
    load();
  if (!narrow->isWord && narrow->multiplies) {
    Value multiplier = result.pop_back_val();
    result.push_back(takeEven(kernel, multiplier));
    result.push_back(takeOdd(kernel, multiplier));
  }
  if (!narrow->isWord && !narrow->roundsUpper) {
    Value rounding = take();
    result.push_back(kernel.load(rounding, channel, lanes / 2));
    result.push_back(kernel.load(rounding, kernel.add(channel, lanes / 2), lanes / 2));
  } else {
    load();
  }
  if (narrow->shifts)
    load();
  if (narrow->ties)
    load();
  return result;
}

/// The next of `loaded`.
static Value takeFront(ValueRange &loaded) {
  Value value = loaded.front();
  loaded = loaded.drop_front();
  return value;
}

/// s * m + r.
Value VectorEpilogue::emitWord(KernelBuilder &kernel, Value sums,
                               ValueRange &loaded) const {
  if (narrow->multiplies)
    sums = arith::MulIOp::create(kernel.builder, kernel.loc, sums, takeFront(loaded));
  return kernel.add(sums, takeFront(loaded));
}

/// ((s << raise) * m + r) >> 32, or (s * m >> 32) + r.
Value VectorEpilogue::emitHighHalf(KernelBuilder &kernel, Value sums,
                                   ValueRange &loaded) const {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  auto type = cast<VectorType>(sums.getType());
  int64_t lanes = type.getNumElements();
  if (narrow->raises)
    sums = arith::ShLIOp::create(builder, loc, sums, takeFront(loaded));
  Value halves[2] = {takeEven(kernel, sums), takeOdd(kernel, sums)};
  if (narrow->multiplies)
    for (Value &half : halves)
      half = arith::MulIOp::create(builder, loc, half, takeFront(loaded));
  if (!narrow->roundsUpper)
    for (Value &half : halves)
      half = arith::AddIOp::create(builder, loc, half, takeFront(loaded));
  for (Value &half : halves)
    half = kernel.bitcast(half, type);
  SmallVector<int64_t> upper;
  for (int64_t lane = 0; lane < lanes; lane += 2) {
    upper.push_back(lane + 1);
    upper.push_back(lanes + lane + 1);
  }
  if (narrow->isJoined)
    upper = inJoinedOrder(upper);
  Value high = kernel.shuffle(halves[0], halves[1], upper);
  return narrow->roundsUpper ? kernel.add(high, takeFront(loaded)) : high;
}

/// The integer of every lane before clamping and the offset.
Value VectorEpilogue::emitScaled(KernelBuilder &kernel, Value accumulators,
                                 ValueRange loaded) const {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  Value sums = accumulators;
  if (narrow->clamps) {
    sums = arith::MaxSIOp::create(builder, loc, sums, takeFront(loaded));
    sums = arith::MinSIOp::create(builder, loc, sums, takeFront(loaded));
  }
  Value value = narrow->isWord ? emitWord(kernel, sums, loaded)
                               : emitHighHalf(kernel, sums, loaded);
  if (!narrow->shifts)
    return value;
  Value shift = takeFront(loaded);
  if (narrow->ties) {
    Value below = arith::ShRSIOp::create(builder, loc, value, shift);
    value =
        kernel.add(value, arith::AndIOp::create(builder, loc, below, takeFront(loaded)));
  }
  return arith::ShRSIOp::create(builder, loc, value, shift);
}

/// What follows the first requantization.
Value VectorEpilogue::emitTail(KernelBuilder &kernel, Value value, ValueRange loaded,
                               ValueRange elements) const {
  constexpr unsigned kSum = 32;
  IRMapping map;
  map.map(narrowResult, value);
  for (auto [argument, element] : llvm::zip(elementwiseArguments, elements))
    map.map(argument, kernel.widen(element, kSum));
  ValueRange sum = loaded.take_back(tail->getConstants().size());
  loaded = loaded.drop_back(sum.size());
  for (auto [i, array] : llvm::zip(tailArrays, loaded.take_back(tailArrays.size())))
    map.map(arrayArguments[i], array);
  int64_t lanes = cast<VectorType>(value.getType()).getNumElements();
  return tail->emit(kernel, map, lanes, sum);
}

Interval VectorEpilogue::getClamp() const {
  return tail ? tail->getClamp()
              : Interval{narrow->lo + narrow->offset, narrow->hi + narrow->offset};
}

/// `value` between the ends of `clamp`, lane by lane.
static Value emitClamp(KernelBuilder &kernel, Value value, Interval clamp) {
  auto type = cast<VectorType>(value.getType());
  value = arith::MaxSIOp::create(kernel.builder, kernel.loc, value,
                                 kernel.splat(type, clamp.low));
  return arith::MinSIOp::create(kernel.builder, kernel.loc, value,
                                kernel.splat(type, clamp.high));
}

Value VectorEpilogue::emitUnclamped(KernelBuilder &kernel, Value accumulators,
                                    ValueRange loaded, ValueRange elements) const {
  auto type = cast<VectorType>(accumulators.getType());
  Value value = emitScaled(kernel, accumulators, loaded);
  if (narrow->offset)
    value = kernel.add(value, kernel.splat(type, narrow->offset));
  if (!tail)
    return value;
  Interval first{narrow->lo + narrow->offset, narrow->hi + narrow->offset};
  return emitTail(kernel, emitClamp(kernel, value, first), loaded, elements);
}

Value VectorEpilogue::emitTable(KernelBuilder &kernel, Value bytes) const {
  return table ? table->emit(kernel, bytes, hasBytePermutes) : bytes;
}

Value VectorEpilogue::emitNarrow(KernelBuilder &kernel, Value accumulators,
                                 ValueRange loaded, ValueRange elements) const {
  Value value = emitUnclamped(kernel, accumulators, loaded, elements);
  int64_t lanes = cast<VectorType>(value.getType()).getNumElements();
  value = arith::TruncIOp::create(kernel.builder, kernel.loc,
                                  kernel.vectorOf(lanes, getResultElement()),
                                  emitClamp(kernel, value, getClamp()));
  return emitTable(kernel, value);
}

/// Results in the form that a kernel behind reads.
Value VectorEpilogue::emitMoved(KernelBuilder &kernel, Value results) const {
  if (!moved)
    return results;
  return kernel.add(results, kernel.splat(cast<VectorType>(results.getType()), moved));
}

bool VectorEpilogue::canPack() const {
  if (!narrow || !getResultElement().isInteger(8))
    return false;
  Interval clamp = getClamp();
  return clamp.low >= kByteRange.low && clamp.high <= kByteRange.high;
}

Value VectorEpilogue::emitPacked(KernelBuilder &kernel, ArrayRef<Value> accumulators,
                                 ArrayRef<KernelBuilder::Values> loaded,
                                 ArrayRef<KernelBuilder::Values> elements,
                                 bool inOrder) const {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  int64_t lanes = cast<VectorType>(accumulators.front().getType()).getNumElements();
  KernelBuilder::Values words;
  for (auto [sums, constants, others] : llvm::zip(accumulators, loaded, elements))
    words.push_back(emitUnclamped(kernel, sums, constants, others));
  words.resize(kPacked, words.back());
  bool isWide = lanes == 16;
  VectorType halves = kernel.vectorOf(2 * lanes, 16),
             bytes = kernel.vectorOf(4 * lanes, 8);
  StringRef toHalves = isWide ? "llvm.x86.avx512.packssdw.512" : "llvm.x86.avx2.packssdw";
  StringRef toBytes = isWide ? "llvm.x86.avx512.packsswb.512" : "llvm.x86.avx2.packsswb";
  Value low = kernel.callIntrinsic(toHalves, halves, {words[0], words[1]});
  Value high = kernel.callIntrinsic(toHalves, halves, {words[2], words[3]});
  Value packed = kernel.callIntrinsic(toBytes, bytes, {low, high});
  Interval clamp = getClamp();
  if (clamp.low > kByteRange.low)
    packed = arith::MaxSIOp::create(builder, loc, packed, kernel.splat(bytes, clamp.low));
  if (clamp.high < kByteRange.high)
    packed =
        arith::MinSIOp::create(builder, loc, packed, kernel.splat(bytes, clamp.high));
  packed = emitMoved(kernel, emitTable(kernel, packed));
  if (narrow->isJoined)
    packed = kernel.shuffle(packed, packed, joinedOrder(kPacked * lanes));
  if (inOrder)
    return packed;
  // Every 16 bytes hold 4 results of each of the vectors.
  packed = kernel.bitcast(packed, kernel.vectorOf(lanes, 32));
  SmallVector<int64_t> order;
  for (int64_t vector = 0; vector < kPacked; ++vector)
    for (int64_t part = 0; part < lanes / 4; ++part)
      order.push_back(part * kPacked + vector);
  return kernel.bitcast(kernel.shuffle(packed, packed, order), bytes);
}

Value VectorEpilogue::emitWide(KernelBuilder &kernel, Value accumulators,
                               ValueRange loaded, ValueRange elements) const {
  OpBuilder &builder = kernel.builder;
  int64_t lanes = cast<VectorType>(accumulators.getType()).getNumElements();
  IRMapping map;
  map.map(accumulatorArgument, accumulators);
  map.map(elementwiseArguments, elements);
  map.map(arrayArguments, loaded);
  auto vectorOf = [&](Value value) -> Value {
    if (Value known = map.lookupOrNull(value))
      return known;
    VectorType type = kernel.vectorOf(lanes, value.getType());
    return arith::ConstantOp::create(builder, kernel.loc,
                                     DenseElementsAttr::get(type, getScalar(value)));
  };
  Block &body = op.getRegion().front();
  for (Operation &inner : body.without_terminator()) {
    if (inner.hasTrait<OpTrait::ConstantLike>())
      continue;
    OperationState state(kernel.loc, inner.getName());
    state.addOperands(llvm::map_to_vector(inner.getOperands(), vectorOf));
    state.addTypes(kernel.vectorOf(lanes, inner.getResult(0).getType()));
    state.addAttributes(inner.getAttrs());
    map.map(inner.getResult(0), builder.create(state)->getResult(0));
  }
  return vectorOf(body.getTerminator()->getOperand(0));
}

Value VectorEpilogue::emit(KernelBuilder &kernel, Value accumulators, ValueRange loaded,
                           ValueRange elements) const {
  Value value = narrow ? emitNarrow(kernel, accumulators, loaded, elements)
                       : emitWide(kernel, accumulators, loaded, elements);
  return emitMoved(kernel, value);
}
