//===- VectorEpilogue.cpp - requantization of vectors of accumulators ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which instructions compute a channel, and why they are the same integer:
// lib/Numerics/NarrowRequant.cpp.
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
  result.yielded = body.getTerminator()->getOperand(0);
  if ((result.table = ByteTable::match(result.yielded)))
    result.yielded = result.table->getKey();
  for (Operation &inner : body.without_terminator()) {
    bool isOfTable = result.table && result.table->isPart(&inner);
    if (!isOfTable && !isVectorizable(inner))
      return fail("has '" + inner.getName().getStringRef() + "' without a vector form");
  }
  result.matchNarrow();
  if (result.table && !result.narrow && !result.canFollow())
    return fail("reads a table behind more than 32 bits");
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

/// `value` = (sum + 2^(shift-1) - 1 + ((sum >> shift) & 1)) >> shift: `sum`, or null.
static Value takeHalfEven(Value value, Value shift) {
  using namespace mlir::matchers;
  Value sum, below;
  auto by = m_Val(shift);
  auto half = m_Op<arith::ShLIOp>(m_One(), m_Op<arith::SubIOp>(by, m_One()));
  auto rounding = m_Op<arith::SubIOp>(half, m_One());
  auto odd = m_Op<arith::AndIOp>(m_Op<arith::ShRSIOp>(m_Any(&below), by), m_One());
  auto rounded = m_Op<arith::AddIOp>(m_Op<arith::AddIOp>(m_Any(&sum), rounding), odd);
  bool isHalfEven =
      matchPattern(value, m_Op<arith::ShRSIOp>(rounded, by)) && sum == below;
  return isHalfEven ? sum : Value();
}

/// trunc(min(max(((ext(acc) * m + r) >> k) [+ zero point], lo), hi) [+ offset]), or
/// with ties to even. `used` arrays are m, r and k.
bool VectorEpilogue::matchChain(Value result, Chain &found, BitVector &used) const {
  auto truncate = result.getDefiningOp<arith::TruncIOp>();
  if (!truncate)
    return false;
  Value value = truncate.getIn(), next, leaf;
  auto takeConstant = [&](int64_t &sum) {
    sum = 0;
    if (takeBinary<arith::AddIOp>(value, next, leaf) && getInteger(leaf)) {
      sum = *getInteger(leaf);
      value = next;
    }
  };
  takeConstant(found.offset);
  if (!takeBinary<arith::MinSIOp>(value, next, leaf) || !getInteger(leaf))
    return false;
  found.hi = *getInteger(leaf);
  if (!takeBinary<arith::MaxSIOp>(next, value, leaf) || !getInteger(leaf))
    return false;
  found.lo = *getInteger(leaf);
  int64_t zeroPoint;
  takeConstant(zeroPoint);
  if (llvm::SubOverflow(found.lo, zeroPoint, found.lo) ||
      llvm::SubOverflow(found.hi, zeroPoint, found.hi) ||
      llvm::AddOverflow(found.offset, zeroPoint, found.offset))
    return false;
  Value shift, rounding, multiplier;
  if (!takeBinary<arith::ShRSIOp>(value, next, shift))
    return false;
  if (Value sum = takeHalfEven(value, shift)) {
    found.form = numerics::Form::HalfEven;
    next = sum;
  }
  if (!takeBinary<arith::AddIOp>(next, value, rounding) ||
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

/// Every channel in a word, or else in the high half.
std::optional<VectorEpilogue::Narrow> VectorEpilogue::narrowChannels(const Chain &chain) {
  std::optional<Narrow> word = narrowChannels(chain, /*toWord=*/true);
  return word ? word : narrowChannels(chain, /*toWord=*/false);
}

std::optional<VectorEpilogue::Narrow> VectorEpilogue::narrowChannels(const Chain &chain,
                                                                     bool toWord) {
  constexpr int64_t kSmall = int64_t(1) << 20; // a clamp that cannot wrap 32 bits
  auto isSmall = [](int64_t v) { return v > -kSmall && v < kSmall; };
  if (!isSmall(chain.lo) || !isSmall(chain.hi) || !isSmall(chain.offset))
    return std::nullopt;
  Narrow result;
  result.lo = chain.lo;
  result.hi = chain.hi;
  result.offset = chain.offset;
  result.isWord = toWord;
  size_t channels =
      std::max({chain.multiplier.size(), chain.rounding.size(), chain.shift.size()});
  for (size_t c = 0; c < channels; ++c) {
    auto at = [&](ArrayRef<int64_t> values) {
      return values[values.size() == 1 ? 0 : c];
    };
    int64_t shift = at(chain.shift);
    if (shift < 1 || shift > numerics::kMaxShift)
      return std::nullopt;
    numerics::Requant requant{
        chain.form, at(chain.multiplier), int(shift), at(chain.rounding), 0, chain.lo,
        chain.hi};
    auto narrow =
        toWord ? numerics::narrowToWord(requant) : numerics::narrowToHighHalf(requant);
    if (!narrow)
      return std::nullopt;
    result.channels.push_back(*narrow);
  }
  result.grows = llvm::all_of(chain.multiplier, [](int64_t m) { return m >= 0; });
  auto &all = result.channels;
  auto some = [&](auto needs) { return llvm::any_of(all, needs); };
  result.clamps = some([](auto &n) { return !(n.sums == numerics::kInt32); });
  result.raises = some([](auto &n) { return n.raise != 0; });
  result.multiplies = some([](auto &n) { return n.multiplier != 1; });
  result.ties = some([](auto &n) { return n.tiesToEven; });
  return result;
}

/// The result in terms of `known`, elementwise tensors and arrays.
std::optional<NarrowBody> VectorEpilogue::matchTail(Value known, Interval range) const {
  NarrowBody::Ranges ranges = {{known, range}};
  for (Value argument : elementwiseArguments) {
    constexpr unsigned kMostBits = 16;
    unsigned bits = argument.getType().getIntOrFloatBitWidth();
    if (bits > kMostBits)
      return std::nullopt;
    ranges[argument] = {-(int64_t(1) << (bits - 1)), (int64_t(1) << (bits - 1)) - 1};
  }
  for (auto [argument, values] : llvm::zip(arrayArguments, arrays)) {
    auto [low, high] = std::minmax_element(values.begin(), values.end());
    ranges[argument] = {*low, *high};
  }
  return NarrowBody::match(yielded, std::move(ranges));
}

void VectorEpilogue::matchNarrow() {
  Block &body = op.getRegion().front();
  BitVector used(arrays.size());
  constexpr unsigned kByte = 8, kSum = 32;
  if (accumulatorArgument.getType().isInteger(kByte)) {
    tail = matchTail(accumulatorArgument, kByteRange);
    narrowResult = accumulatorArgument;
  } else if (accumulatorArgument.getType().isInteger(kSum)) {
    Chain chain;
    for (Operation &inner : body.without_terminator())
      if (isa<arith::TruncIOp>(inner) && !narrowResult &&
          matchChain(inner.getResult(0), chain, used))
        narrowResult = inner.getResult(0);
    std::optional<Narrow> found;
    if (narrowResult)
      found = narrowChannels(chain);
    if (!found)
      return;
    foldOffset(*found);
    Interval range{found->lo + found->offset, found->hi + found->offset};
    if (narrowResult != yielded) {
      if (!narrowResult.getType().isInteger(kByte) || !range.isInside(kByte))
        return;
      tail = matchTail(narrowResult, range);
      if (!tail)
        return;
    } else if (!elementwise.empty() || used.count() != arrays.size()) {
      return;
    }
    narrow = std::move(found);
  }
  for (unsigned i = 0; tail && i < arrays.size(); ++i)
    if (tail->reads(arrayArguments[i]))
      tailArrays.push_back(i);
}

std::optional<Interval> VectorEpilogue::getGrowingRange() const {
  if (!narrow || !narrow->grows || tail || table || !elementwise.empty())
    return std::nullopt;
  Interval range = getClamp();
  bool isKept = range.isInside(getResultElement().getIntOrFloatBitWidth());
  return isKept ? std::optional(range) : std::nullopt;
}

/// Adds the offset before the shift where every channel's sum stays in range:
///
///   (v >> k) + offset = (v + offset * 2^k) >> k
void VectorEpilogue::foldOffset(Narrow &found) {
  Narrow folded = found;
  for (numerics::NarrowRequant &channel : folded.channels) {
    auto moved = found.isWord ? numerics::addToWord(channel, found.offset)
                              : numerics::addToHighHalf(channel, found.offset);
    if (!moved)
      return;
    channel = *moved;
  }
  folded.lo += found.offset;
  folded.hi += found.offset;
  folded.offset = 0;
  found = std::move(folded);
}

SmallVector<int64_t> VectorEpilogue::roundUpperWord(ArrayRef<numerics::Range> sums) {
  if (!narrow || narrow->isWord)
    return {};
  auto &channels = narrow->channels;
  SmallVector<numerics::Range> ranges(sums);
  if (channels.size() == 1) // of all channels
    for (const numerics::Range &range : sums)
      ranges.front() = {std::min(ranges.front().min, range.min),
                        std::max(ranges.front().max, range.max)};
  auto takeForm = [&](auto form) {
    SmallVector<numerics::NarrowRequant> found;
    for (auto [channel, range] : llvm::zip(channels, ranges)) {
      auto rounded = form(channel, range, narrow->lo, narrow->hi);
      if (!rounded)
        return false;
      found.push_back(*rounded);
    }
    channels = std::move(found);
    return true;
  };
  narrow->shifts = !takeForm(numerics::dropShift);
  if (narrow->shifts && !takeForm(numerics::roundUpperWord))
    return {};
  narrow->roundsUpper = true;
  auto moves = llvm::map_to_vector(channels, [](auto &channel) { return channel.move; });
  moves.resize(sums.size(), moves.front());
  return moves;
}

void VectorEpilogue::specialize(const Target &target) {
  hasBytePermutes = target.hasBytePermutes;
  if (target.hasAvx2 && narrow && !narrow->isWord && narrow->multiplies && !tail)
    narrow->isJoined = canPack();
}

Type VectorEpilogue::getResultElement() const {
  return getElementTypeOrSelf(op->getResult(0).getType());
}

bool VectorEpilogue::isIdentity() const {
  return !table && yielded == accumulatorArgument;
}

std::string VectorEpilogue::getKey() const {
  std::string key;
  llvm::raw_string_ostream os(key);
  if (moved)
    os << "moved," << moved << ",";
  if (table) {
    os << "table,";
    for (int64_t result : table->getResults())
      os << result << ",";
  }
  if (narrow) {
    os << "narrow," << narrow->lo << "," << narrow->hi << "," << narrow->offset;
    for (bool part :
         {narrow->isWord, narrow->clamps, narrow->raises, narrow->multiplies,
          narrow->ties, narrow->roundsUpper, narrow->isJoined, narrow->shifts})
      os << "," << part;
    if (!tail)
      return key;
    for (unsigned i : tailArrays)
      os << "," << i << (arrays[i].size() == 1 ? "one" : "each");
    os << (tail->isHalved() ? ",halved" : "");
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
