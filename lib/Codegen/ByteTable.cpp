//===- ByteTable.cpp - functions of one byte ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The 256 results t are evaluated here. With AVX512-VBMI they fit four registers:
//
//   low  = vpermi2b(t[0 .. 63], x, t[64 .. 127])          for x in 0 .. 127
//   high = vpermi2b(t[-128 .. -65], x, t[-64 .. -1])      for x in -128 .. -1
//   y    = x < 0 ? high : low
//
// as the instruction reads 7 bits of x. vpshufb reads 4, and makes 0 of a negative x:
// with rows r_k = t[16k .. 16k + 15],
//
//   y = r_0[x] ^ (r_1 ^ r_0)[x - 16] ^ ... ^ (r_7 ^ r_6)[x - 112]   for x in 0 .. 127
//
// because the terms up to the row of x leave that row and the later ones are 0. For other
// x all terms are: differences saturate, negative ones stay negative. The results of
// negative x are the same sum for x + 128 (modulo 2^8), whose terms are 0 where x is not
// negative. A row that repeats the one in front has no term.
//
//===----------------------------------------------------------------------===//

#include "ByteTable.h"

#include "qbias/Dialect/QBias/IR/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace qbias;

static constexpr unsigned kByte = 8;
static constexpr int64_t kEntries = 256;

//===----------------------------------------------------------------------===//
// Matching
//===----------------------------------------------------------------------===//

/// The constant that `op` reads an entry of, and where; nothing for other operations.
static std::pair<ElementsAttr, Value> getTable(Operation *op) {
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    ElementsAttr entries;
    if (extract.getIndices().size() == 1 &&
        matchPattern(extract.getTensor(), m_Constant(&entries)))
      return {entries, extract.getIndices().front()};
  }
  if (auto load = dyn_cast<memref::LoadOp>(op)) {
    auto source = load.getMemRef().getDefiningOp<memref::GetGlobalOp>();
    if (!source || load.getIndices().size() != 1)
      return {};
    auto global = SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(
        source, source.getNameAttr());
    if (global && global.getConstant())
      return {dyn_cast_or_null<ElementsAttr>(global.getConstantInitValue()),
              load.getIndices().front()};
  }
  return {};
}

namespace {

/// Evaluates scalar code for one key.
class Evaluator {
public:
  Evaluator(Value key, int64_t x) : key(key), x(x) {}
  /// `value` for the key x; nullopt for operations that lookups do not have.
  std::optional<int64_t> evaluate(Value value) const;

private:
  Value key;
  int64_t x;
};

} // namespace

std::optional<int64_t> Evaluator::evaluate(Value value) const {
  APInt constant;
  if (value == key)
    return x;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSExtValue();
  Operation *op = value.getDefiningOp();
  if (!op)
    return std::nullopt;
  if (auto [table, index] = getTable(op); table) {
    SmallVector<int64_t> entries;
    std::optional<int64_t> at = evaluate(index);
    if (!at || !readIntegers(table, entries) || *at < 0 || *at >= int64_t(entries.size()))
      return std::nullopt;
    return entries[*at];
  }
  if (!isa<arith::ExtSIOp, arith::IndexCastOp, arith::AddIOp, arith::SubIOp,
           arith::TruncIOp>(op))
    return std::nullopt;
  SmallVector<int64_t> operands;
  for (Value operand : op->getOperands()) {
    std::optional<int64_t> known = evaluate(operand);
    if (!known)
      return std::nullopt;
    operands.push_back(*known);
  }
  uint64_t wrapped = operands[0];
  if (isa<arith::AddIOp>(op))
    wrapped += operands[1];
  if (isa<arith::SubIOp>(op))
    wrapped -= operands[1];
  constexpr unsigned kIndexBits = 64;
  Type type = value.getType();
  unsigned bits = type.isIndex() ? kIndexBits : type.getIntOrFloatBitWidth();
  return APInt(bits, wrapped, /*isSigned=*/false, /*implicitTrunc=*/true).getSExtValue();
}

/// The only operand of `op` that is no constant, or null.
static Value getVariable(Operation *op) {
  Value found;
  for (Value operand : op->getOperands()) {
    if (getInteger(operand))
      continue;
    if (found)
      return Value();
    found = operand;
  }
  return found;
}

std::optional<ByteTable> ByteTable::match(Value result) {
  constexpr unsigned kMostOps = 16; // a table's index and what is added to its entry
  ByteTable found;
  bool readsTable = false;
  // Down to the table, and on to the next value of 8 bits.
  for (Value value = result; !readsTable || !value.getType().isInteger(kByte);
       found.key = value) {
    Operation *op = value.getDefiningOp();
    if (!op || found.ops.size() == kMostOps)
      return std::nullopt;
    found.ops.insert(op);
    auto [table, index] = getTable(op);
    readsTable |= bool(table);
    value = table ? index : getVariable(op);
    if (!value)
      return std::nullopt;
  }
  for (int64_t x = -kEntries / 2; x < kEntries / 2; ++x) {
    std::optional<int64_t> y = Evaluator(found.key, x).evaluate(result);
    if (!y)
      return std::nullopt;
    found.results.push_back(*y);
  }
  return found;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

/// A constant of `bytes`, repeated in all lanes of `type`.
static Value makeBytes(KernelBuilder &kernel, VectorType type, ArrayRef<int64_t> bytes) {
  SmallVector<int8_t> lanes;
  for (int64_t lane = 0; lane < type.getNumElements(); ++lane)
    lanes.push_back(bytes[lane % bytes.size()]);
  return arith::ConstantOp::create(kernel.builder, kernel.loc,
                                   DenseElementsAttr::get(type, ArrayRef<int8_t>(lanes)));
}

/// On 64 bytes, with AVX512-VBMI.
Value ByteTable::emitPermutes(KernelBuilder &kernel, Value keys) const {
  auto type = cast<VectorType>(keys.getType());
  int64_t lanes = type.getNumElements();
  auto permute = [&](int64_t first) {
    auto part = [&](int64_t at) {
      return makeBytes(kernel, type, ArrayRef(results).slice(at, lanes));
    };
    return kernel.callIntrinsic("llvm.x86.avx512.vpermi2var.qi.512", type,
                                {part(first), keys, part(first + lanes)});
  };
  Value isNegative = arith::CmpIOp::create(
      kernel.builder, kernel.loc, arith::CmpIPredicate::slt, keys, kernel.splat(type, 0));
  return arith::SelectOp::create(kernel.builder, kernel.loc, isNegative, permute(0),
                                 permute(2 * lanes));
}

/// On 32 bytes with AVX2, or 64 with AVX-512.
Value ByteTable::emitShuffles(KernelBuilder &kernel, Value keys) const {
  constexpr int64_t kRow = 16, kHalf = kEntries / 2;
  auto type = cast<VectorType>(keys.getType());
  StringRef look = type.getNumElements() > 32 ? "llvm.x86.avx512.pshuf.b.512"
                                              : "llvm.x86.avx2.pshuf.b";
  Value moved =
      arith::XOrIOp::create(kernel.builder, kernel.loc, keys, kernel.splat(type, -kHalf));
  Value sum = kernel.splat(type, 0);
  for (auto [first, from] : {std::pair(kHalf, keys), std::pair(int64_t(0), moved)})
    for (int64_t row = first; row < first + kHalf; row += kRow) {
      SmallVector<int64_t> change(ArrayRef(results).slice(row, kRow));
      for (int64_t i = 0; row > first && i < kRow; ++i)
        change[i] ^= results[row - kRow + i];
      if (llvm::all_of(change, [](int64_t entry) { return entry == 0; }))
        continue;
      Value at = from;
      if (row > first)
        at = kernel.callIntrinsic("llvm.ssub.sat", type,
                                  {from, kernel.splat(type, row - first)});
      Value term =
          kernel.callIntrinsic(look, type, {makeBytes(kernel, type, change), at});
      sum = arith::XOrIOp::create(kernel.builder, kernel.loc, sum, term);
    }
  return sum;
}

Value ByteTable::emit(KernelBuilder &kernel, Value keys, bool hasBytePermutes) const {
  constexpr int64_t kNarrow = 32, kWide = 64;
  int64_t lanes = cast<VectorType>(keys.getType()).getNumElements();
  int64_t width = hasBytePermutes || lanes > kNarrow ? kWide : kNarrow;
  auto resize = [&](Value vector, int64_t from, int64_t to) {
    return kernel.shuffle(vector, vector,
                          llvm::map_to_vector(llvm::seq(to), [&](int64_t lane) {
                            return std::min(lane, from - 1);
                          }));
  };
  if (lanes < width)
    keys = resize(keys, lanes, width);
  Value found = hasBytePermutes ? emitPermutes(kernel, keys) : emitShuffles(kernel, keys);
  return lanes < width ? resize(found, width, lanes) : found;
}
