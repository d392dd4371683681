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

static constexpr int64_t kMultiplierLimit = int64_t(1) << 31;
static constexpr int64_t kRoundingLimit = int64_t(1) << 62;

//===----------------------------------------------------------------------===//
// Matching
//===----------------------------------------------------------------------===//

Attribute qbias::getScalar(Value value) {
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

/// trunc(min(max((ext(acc) * m + r) >> k, lo), hi) [+ offset]). `used` arrays are
/// m, r and k.
bool VectorEpilogue::matchChain(Value result, Narrow &found, BitVector &used) const {
  auto truncate = result.getDefiningOp<arith::TruncIOp>();
  if (!truncate)
    return false;
  Value value = truncate.getIn(), next, leaf;
  found.offset = 0;
  if (takeBinary<arith::AddIOp>(value, next, leaf) && getInteger(leaf)) {
    found.offset = *getInteger(leaf);
    value = next;
  }
  Value shift, rounding, multiplier;
  if (!takeBinary<arith::MinSIOp>(value, next, leaf) || !getInteger(leaf))
    return false;
  found.hi = *getInteger(leaf);
  if (!takeBinary<arith::MaxSIOp>(next, value, leaf) || !getInteger(leaf))
    return false;
  found.lo = *getInteger(leaf);
  if (!takeBinary<arith::ShRSIOp>(value, next, shift) ||
      !takeBinary<arith::AddIOp>(next, value, rounding) ||
      !takeBinary<arith::MulIOp>(value, next, multiplier))
    return false;
  auto extend = next.getDefiningOp<arith::ExtSIOp>();
  if (!extend || extend.getIn() != accumulatorArgument || !extend.getType().isInteger(64))
    return false;
  auto take = [&](Value argument, SmallVector<int64_t> &values) {
    auto at = llvm::find(arrayArguments, argument);
    if (at == arrayArguments.end())
      return false;
    used.set(at - arrayArguments.begin());
    values = arrays[at - arrayArguments.begin()];
    return true;
  };
  return take(multiplier, found.multiplier) && take(rounding, found.rounding) &&
         take(shift, found.shift);
}

/// Raises shifts to the least; false when something leaves the ranges of the proof.
bool VectorEpilogue::isProven(Narrow &found) {
  constexpr int64_t kSmall = int64_t(1) << 20; // a clamp that cannot wrap 32 bits
  auto isSmall = [](int64_t v) { return v > -kSmall && v < kSmall; };
  if (!isSmall(found.lo) || !isSmall(found.hi) || !isSmall(found.offset))
    return false;
  size_t channels =
      std::max({found.multiplier.size(), found.rounding.size(), found.shift.size()});
  for (SmallVector<int64_t> *values : {&found.multiplier, &found.rounding, &found.shift})
    if (values->size() == 1)
      values->resize(channels, values->front());
  for (size_t c = 0; c < channels; ++c) {
    int64_t &m = found.multiplier[c], &r = found.rounding[c], &k = found.shift[c];
    int64_t raise = std::max<int64_t>(0, kLeastShift - k);
    if (k < 1 || k > 62 || m <= 0 || m >= (kMultiplierLimit >> raise) ||
        (raise && (r > (kRoundingLimit >> raise) || r < -(kRoundingLimit >> raise))))
      return false;
    m <<= raise;
    r = int64_t(uint64_t(r) << raise);
    k += raise;
  }
  return true;
}

/// The result in terms of `known`, elementwise tensors and arrays but the `used`.
std::optional<NarrowBody> VectorEpilogue::matchTail(Value known, Interval range,
                                                    const BitVector &used) const {
  NarrowBody::Ranges ranges = {{known, range}};
  for (Value argument : elementwiseArguments) {
    constexpr unsigned kMostBits = 16;
    unsigned bits = argument.getType().getIntOrFloatBitWidth();
    if (bits > kMostBits)
      return std::nullopt;
    ranges[argument] = {-(int64_t(1) << (bits - 1)), (int64_t(1) << (bits - 1)) - 1};
  }
  for (unsigned i = 0; i < arrays.size(); ++i) {
    auto [low, high] = std::minmax_element(arrays[i].begin(), arrays[i].end());
    Interval all{*low, *high};
    if (!used.test(i) && all.isInside(32)) // others cannot be part of it
      ranges[arrayArguments[i]] = all;
  }
  Value result = op.getRegion().front().getTerminator()->getOperand(0);
  return NarrowBody::match(result, std::move(ranges));
}

void VectorEpilogue::matchNarrow() {
  Block &body = op.getRegion().front();
  Value result = body.getTerminator()->getOperand(0);
  BitVector used(arrays.size());
  constexpr unsigned kByte = 8, kSum = 32;
  if (accumulatorArgument.getType().isInteger(kByte)) {
    tail = matchTail(accumulatorArgument, kByteRange, used);
    narrowResult = accumulatorArgument;
  } else if (accumulatorArgument.getType().isInteger(kSum)) {
    Narrow found;
    for (Operation &inner : body.without_terminator())
      if (isa<arith::TruncIOp>(inner) && !narrowResult &&
          matchChain(inner.getResult(0), found, used))
        narrowResult = inner.getResult(0);
    if (!narrowResult || !isProven(found))
      return;
    foldOffset(found);
    Interval range{found.lo + found.offset, found.hi + found.offset};
    if (narrowResult != result) {
      if (!narrowResult.getType().isInteger(kByte) || !range.isInside(kByte))
        return;
      tail = matchTail(narrowResult, range, used);
      if (!tail)
        return;
    } else if (!elementwise.empty() || used.count() != arrays.size()) {
      return;
    }
    narrow = std::move(found);
  }
  for (unsigned i = 0; tail && i < arrays.size(); ++i)
    if (!used.test(i))
      tailArrays.push_back(i);
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

bool VectorEpilogue::isIdentity() const {
  return op.getRegion().front().getTerminator()->getOperand(0) == accumulatorArgument;
}

std::string VectorEpilogue::getKey() const {
  std::string key;
  llvm::raw_string_ostream os(key);
  if (narrow) {
    os << "narrow," << narrow->lo << "," << narrow->hi << "," << narrow->offset;
    if (!tail)
      return key;
    for (unsigned i : tailArrays)
      os << "," << i << (arrays[i].size() == 1 ? "one" : "each");
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
