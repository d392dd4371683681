//===- VectorEpilogue.cpp - requantization of vectors of accumulators ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Narrow form. With v = acc * m + r, a 64-bit integer, and k > 32:
//
//   v >> k = (v >> 32) >> (k - 32)
//
// because both are floor(v / 2^k). v >> 32 fits 32 bits, so the second shift and
// everything after it are 32-bit operations; after it |v >> k| < 2^30, and adding
// an 8-bit offset cannot wrap. A smaller k is raised by multiplying m and r with
// a power of two where both stay in range:
//
//   |acc * m| <= 2^31 * (2^31 - 1) and |r| <= 2^62  =>  |v| < 2^63
//
// Even and odd lanes are multiplied apart: an x86 machine multiplies the even
// 32-bit lanes of two vectors to 64-bit products in one instruction.
//
//===----------------------------------------------------------------------===//

#include "VectorEpilogue.h"

#include "qbias/Dialect/QBias/IR/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

/// Bits below the half of a 64-bit product that is kept.
static constexpr int64_t kLowBits = 32;
static constexpr int64_t kLeastShift = kLowBits + 1;
static constexpr int64_t kMultiplierLimit = int64_t(1) << 31;
static constexpr int64_t kRoundingLimit = int64_t(1) << 62;

//===----------------------------------------------------------------------===//
// Matching
//===----------------------------------------------------------------------===//

/// `value` as an integer constant.
static std::optional<int64_t> getInteger(Value value) {
  APInt constant;
  if (!matchPattern(value, m_ConstantInt(&constant)) ||
      constant.getSignificantBits() > 64)
    return std::nullopt;
  return constant.getSExtValue();
}

/// `value` as the constant of any scalar type.
static Attribute getScalar(Value value) {
  Attribute constant;
  return matchPattern(value, m_Constant(&constant)) && isa<TypedAttr>(constant)
             ? constant
             : Attribute();
}

/// An operation the wide form repeats on vectors: its operands are constants or
/// come from the body.
static bool isVectorizable(Operation &op) {
  if (op.getNumResults() != 1 || op.getNumRegions() != 0)
    return false;
  if (op.hasTrait<OpTrait::ConstantLike>())
    return true;
  return op.hasTrait<OpTrait::Vectorizable>() &&
         llvm::all_of(op.getOperands(), [&](Value operand) {
           return operand.getParentBlock() == op.getBlock() || getScalar(operand);
         });
}

std::optional<VectorEpilogue>
VectorEpilogue::match(linalg::GenericOp op, Value accumulator, std::string &reason) {
  VectorEpilogue result;
  result.op = op;
  auto fail = [&](const Twine &text) {
    reason = ("epilogue " + text).str();
    return std::nullopt;
  };
  if (op.getNumResults() != 1 || op.getNumParallelLoops() != op.getNumLoops())
    return fail("is not elementwise");
  AffineMap identity = op.getIndexingMapsArray().back();
  if (!identity.isIdentity())
    return fail("does not write in order");
  auto channel = getAffineDimExpr(op.getNumLoops() - 1, op.getContext());
  for (OpOperand *operand : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    Value argument = op.getMatchingBlockArgument(operand);
    bool isArray = map.getNumResults() == 0 ||
                   (map.getNumResults() == 1 && map.getResult(0) == channel);
    SmallVector<int64_t> values;
    if (operand->get() == accumulator && map.isIdentity()) {
      result.accumulatorArgument = argument;
    } else if (isArray && readIntegers(operand->get(), values)) {
      result.arrays.push_back(values);
      result.arrayArguments.push_back(argument);
    } else if (map.isIdentity()) {
      result.elementwise.push_back(operand->get());
      result.elementwiseArguments.push_back(argument);
    } else {
      return fail("reads a tensor out of order");
    }
  }
  if (!result.accumulatorArgument)
    return fail("does not read the sums");
  Block &body = op.getRegion().front();
  if (!body.getArguments().back().use_empty())
    return fail("reads its own result");
  for (Operation &inner : body.without_terminator())
    if (!isVectorizable(inner))
      return fail("has '" + inner.getName().getStringRef() + "' without a vector form");
  result.matchNarrow();
  return result;
}

/// Takes `value` apart when it is an `OpTy`: its two operands, a constant or
/// block argument second.
template <typename OpTy>
static bool takeBinary(Value value, Value &first, Value &second) {
  auto op = value.getDefiningOp<OpTy>();
  if (!op)
    return false;
  first = op.getLhs();
  second = op.getRhs();
  bool isLeaf = isa<BlockArgument>(second) || getInteger(second);
  if (!isLeaf && op->template hasTrait<OpTrait::IsCommutative>())
    std::swap(first, second);
  return true;
}

/// trunc(min(max((ext(acc) * m + r) >> k, lo), hi) [+ offset])
void VectorEpilogue::matchNarrow() {
  Value value = op.getRegion().front().getTerminator()->getOperand(0);
  auto truncate = value.getDefiningOp<arith::TruncIOp>();
  if (!truncate || !elementwise.empty() || arrays.size() != 3 ||
      !accumulatorArgument.getType().isInteger(32))
    return;
  value = truncate.getIn();
  Narrow found;
  Value next, leaf;
  found.offset = 0;
  if (takeBinary<arith::AddIOp>(value, next, leaf) && getInteger(leaf)) {
    found.offset = *getInteger(leaf);
    value = next;
  }
  Value shift, rounding, multiplier;
  if (!takeBinary<arith::MinSIOp>(value, next, leaf) || !getInteger(leaf))
    return;
  found.hi = *getInteger(leaf);
  if (!takeBinary<arith::MaxSIOp>(next, value, leaf) || !getInteger(leaf))
    return;
  found.lo = *getInteger(leaf);
  if (!takeBinary<arith::ShRSIOp>(value, next, shift) ||
      !takeBinary<arith::AddIOp>(next, value, rounding) ||
      !takeBinary<arith::MulIOp>(value, next, multiplier))
    return;
  auto extend = next.getDefiningOp<arith::ExtSIOp>();
  if (!extend || extend.getIn() != accumulatorArgument || !extend.getType().isInteger(64))
    return;
  auto take = [&](Value argument, SmallVector<int64_t> &values) {
    auto at = llvm::find(arrayArguments, argument);
    if (at == arrayArguments.end())
      return false;
    values = arrays[at - arrayArguments.begin()];
    return true;
  };
  if (!take(multiplier, found.multiplier) || !take(rounding, found.rounding) ||
      !take(shift, found.shift))
    return;
  constexpr int64_t kSmall = int64_t(1) << 20; // a clamp that cannot wrap 32 bits
  auto isSmall = [](int64_t v) { return v > -kSmall && v < kSmall; };
  if (!isSmall(found.lo) || !isSmall(found.hi) || !isSmall(found.offset))
    return;
  for (size_t c = 0; c < found.shift.size(); ++c) {
    int64_t &m = found.multiplier[c], &r = found.rounding[c], &k = found.shift[c];
    int64_t raise = std::max<int64_t>(0, kLeastShift - k);
    if (k < 1 || k > 62 || m <= 0 || m >= (kMultiplierLimit >> raise) ||
        (raise && (r > (kRoundingLimit >> raise) || r < -(kRoundingLimit >> raise))))
      return;
    m <<= raise;
    r = int64_t(uint64_t(r) << raise);
    k += raise;
  }
  foldOffset(found);
  narrow = std::move(found);
}

/// Adds the offset before the shift where the sum stays in range:
///
///   (v >> k) + offset = (v + offset * 2^k) >> k
void VectorEpilogue::foldOffset(Narrow &found) {
  for (size_t c = 0; c < found.shift.size(); ++c) {
    int64_t most = kRoundingLimit >> found.shift[c]; // at least 1
    if (std::abs(found.offset) > most)
      return;
    int64_t moved = found.rounding[c] + found.offset * (int64_t(1) << found.shift[c]);
    if (std::abs(moved) > kRoundingLimit)
      return;
  }
  for (size_t c = 0; c < found.shift.size(); ++c)
    found.rounding[c] += found.offset * (int64_t(1) << found.shift[c]);
  found.lo += found.offset;
  found.hi += found.offset;
  found.offset = 0;
}

Type VectorEpilogue::getResultElement() const {
  return getElementTypeOrSelf(op->getResult(0).getType());
}

std::string VectorEpilogue::getKey() const {
  std::string key;
  llvm::raw_string_ostream os(key);
  if (narrow) {
    os << "narrow," << narrow->lo << "," << narrow->hi << "," << narrow->offset;
    return key;
  }
  // The body in full, with the values of constants from outside it.
  os << "wide,";
  llvm::SmallDenseMap<Value, int> names;
  auto nameOf = [&](Value value) {
    if (Attribute constant = getScalar(value))
      os << constant;
    else
      os << names.try_emplace(value, names.size()).first->second;
    os << ",";
  };
  for (BlockArgument argument : op.getRegion().front().getArguments()) {
    nameOf(argument);
    os << argument.getType() << ";";
  }
  for (Operation &inner : op.getRegion().front()) {
    os << inner.getName() << inner.getAttrDictionary() << "(";
    llvm::for_each(inner.getOperands(), nameOf);
    os << ")" << inner.getResultTypes() << ";";
    for (Value result : inner.getResults())
      nameOf(result);
  }
  return key;
}

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

SmallVector<ElementsAttr> VectorEpilogue::getArrays(ArrayRef<int64_t> order,
                                                    int64_t lanes, StringRef name) const {
  SmallVector<ElementsAttr> result;
  auto add = [&](ArrayRef<int64_t> values, Type element, StringRef suffix) {
    auto type = RankedTensorType::get({int64_t(values.size())}, element);
    result.push_back(makeIntegers(type, values, (name + suffix).str()));
  };
  OpBuilder builder(op.getContext());
  if (!narrow) {
    // A value that occurs is safe to compute with, even to divide by.
    for (auto [values, argument] : llvm::zip(arrays, arrayArguments))
      add(orderChannels(values, order, values.front()), argument.getType(), ".epilogue");
    return result;
  }
  SmallVector<int64_t> rounding = orderChannels(narrow->rounding, order, 0);
  SmallVector<int64_t> byParity;
  for (size_t at = 0; at < rounding.size(); at += lanes)
    for (int64_t parity : {0, 1})
      for (int64_t lane = parity; lane < lanes; lane += 2)
        byParity.push_back(rounding[at + lane]);
  SmallVector<int64_t> shift = orderChannels(narrow->shift, order, kLeastShift);
  for (int64_t &k : shift)
    k -= kLowBits;
  add(orderChannels(narrow->multiplier, order, 1), builder.getI32Type(), ".multiplier");
  add(byParity, builder.getI64Type(), ".rounding");
  add(shift, builder.getI32Type(), ".shift");
  return result;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

/// The even or odd 32-bit lanes of `vector` as 64-bit integers.
static Value takeLanes(KernelBuilder &kernel, Value vector, bool odd) {
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements();
  VectorType wide = kernel.vectorOf(lanes / 2, 64);
  Value pairs = kernel.bitcast(vector, wide);
  Value half = kernel.splat(wide, kLowBits);
  if (!odd)
    pairs = arith::ShLIOp::create(kernel.builder, kernel.loc, pairs, half);
  return arith::ShRSIOp::create(kernel.builder, kernel.loc, pairs, half);
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
  Value multiplier = kernel.load(buffers[0], channel, lanes);
  result = {takeLanes(kernel, multiplier, false), takeLanes(kernel, multiplier, true),
            kernel.load(buffers[1], channel, lanes / 2),
            kernel.load(buffers[1], kernel.add(channel, lanes / 2), lanes / 2),
            kernel.load(buffers[2], channel, lanes)};
  return result;
}

/// (acc * m + r) >> k of every lane, before clamping and the offset.
Value VectorEpilogue::emitScaled(KernelBuilder &kernel, Value accumulators,
                                 ValueRange loaded) const {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  auto type = cast<VectorType>(accumulators.getType());
  int64_t lanes = type.getNumElements();
  Value sums[2];
  for (int odd : {0, 1}) {
    Value product = arith::MulIOp::create(
        builder, loc, takeLanes(kernel, accumulators, odd), loaded[odd]);
    Value sum = arith::AddIOp::create(builder, loc, product, loaded[2 + odd]);
    sums[odd] = kernel.bitcast(sum, type);
  }
  SmallVector<int64_t> highHalves;
  for (int64_t lane = 0; lane < lanes; lane += 2) {
    highHalves.push_back(lane + 1);
    highHalves.push_back(lanes + lane + 1);
  }
  Value value = kernel.shuffle(sums[0], sums[1], highHalves);
  return arith::ShRSIOp::create(builder, loc, value, loaded[4]);
}

Value VectorEpilogue::emitNarrow(KernelBuilder &kernel, Value accumulators,
                                 ValueRange loaded) const {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  auto type = cast<VectorType>(accumulators.getType());
  int64_t lanes = type.getNumElements();
  Value value = emitScaled(kernel, accumulators, loaded);
  if (narrow->offset)
    value =
        arith::AddIOp::create(builder, loc, value, kernel.splat(type, narrow->offset));
  value = arith::MaxSIOp::create(builder, loc, value,
                                 kernel.splat(type, narrow->lo + narrow->offset));
  value = arith::MinSIOp::create(builder, loc, value,
                                 kernel.splat(type, narrow->hi + narrow->offset));
  return arith::TruncIOp::create(builder, loc, kernel.vectorOf(lanes, getResultElement()),
                                 value);
}

bool VectorEpilogue::canPack() const {
  constexpr int64_t kLeast = -128, kMost = 127;
  return narrow && getResultElement().isInteger(8) && !narrow->offset &&
         narrow->lo >= kLeast && narrow->hi <= kMost;
}

Value VectorEpilogue::emitPacked(KernelBuilder &kernel, ArrayRef<Value> accumulators,
                                 ArrayRef<KernelBuilder::Values> loaded) const {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  int64_t lanes = cast<VectorType>(accumulators.front().getType()).getNumElements();
  KernelBuilder::Values words;
  for (auto [sums, constants] : llvm::zip(accumulators, loaded))
    words.push_back(emitScaled(kernel, sums, constants));
  words.resize(kPacked, words.back());
  bool isWide = lanes == 16;
  VectorType halves = kernel.vectorOf(2 * lanes, 16),
             bytes = kernel.vectorOf(4 * lanes, 8);
  StringRef toHalves = isWide ? "llvm.x86.avx512.packssdw.512" : "llvm.x86.avx2.packssdw";
  StringRef toBytes = isWide ? "llvm.x86.avx512.packsswb.512" : "llvm.x86.avx2.packsswb";
  Value low = kernel.callIntrinsic(toHalves, halves, {words[0], words[1]});
  Value high = kernel.callIntrinsic(toHalves, halves, {words[2], words[3]});
  Value packed = kernel.callIntrinsic(toBytes, bytes, {low, high});
  constexpr int64_t kLeast = -128, kMost = 127;
  if (narrow->lo > kLeast)
    packed =
        arith::MaxSIOp::create(builder, loc, packed, kernel.splat(bytes, narrow->lo));
  if (narrow->hi < kMost)
    packed =
        arith::MinSIOp::create(builder, loc, packed, kernel.splat(bytes, narrow->hi));
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
  return narrow ? emitNarrow(kernel, accumulators, loaded)
                : emitWide(kernel, accumulators, loaded, elements);
}
