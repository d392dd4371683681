//===- NarrowBody.cpp - integer expressions in 32 bits ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Interval arithmetic on the operations of a scalar body. An expression none of
// whose values leaves 32 bits is the same integer in 32 bits as in 64.
//
//===----------------------------------------------------------------------===//

#include "NarrowBody.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <algorithm>

using namespace mlir;
using namespace qbias;

static constexpr unsigned kBits = 32;

/// The values of `op` for operands of 32 bits; nullopt for other operations.
static std::optional<Interval> evaluate(Operation *op, ArrayRef<Interval> x) {
  if (isa<arith::ExtSIOp>(op))
    return x[0];
  if (isa<arith::TruncIOp>(op)) {
    bool isSame = x[0].isInside(op->getResult(0).getType().getIntOrFloatBitWidth());
    return isSame ? std::optional(x[0]) : std::nullopt;
  }
  if (isa<arith::AddIOp>(op))
    return Interval{x[0].low + x[1].low, x[0].high + x[1].high};
  if (isa<arith::SubIOp>(op))
    return Interval{x[0].low - x[1].high, x[0].high - x[1].low};
  if (isa<arith::MaxSIOp>(op))
    return Interval{std::max(x[0].low, x[1].low), std::max(x[0].high, x[1].high)};
  if (isa<arith::MinSIOp>(op))
    return Interval{std::min(x[0].low, x[1].low), std::min(x[0].high, x[1].high)};
  if (isa<arith::MulIOp>(op)) {
    auto [low, high] = std::minmax({x[0].low * x[1].low, x[0].low * x[1].high,
                                    x[0].high * x[1].low, x[0].high * x[1].high});
    return Interval{low, high};
  }
  if (isa<arith::ShRSIOp>(op) && x[1].low >= 0 && x[1].high < int64_t(kBits))
    return Interval{std::min(x[0].low, x[0].low >> x[1].low),
                    std::max(x[0].high, x[0].high >> x[1].low)};
  return std::nullopt;
}

/// Adds what `result` consists of to `ops`.
bool NarrowBody::collect(Value result, Ranges &ranges) {
  if (ranges.contains(result))
    return true;
  if (std::optional<int64_t> constant = getInteger(result)) {
    ranges[result] = {*constant, *constant};
    return ranges[result].isInside(kBits);
  }
  Operation *op = result.getDefiningOp();
  if (!op || op->getNumResults() != 1 || op->getNumRegions() != 0)
    return false;
  SmallVector<Interval> operands;
  for (Value operand : op->getOperands()) {
    if (!collect(operand, ranges))
      return false;
    operands.push_back(ranges.lookup(operand));
  }
  std::optional<Interval> interval = evaluate(op, operands);
  if (!interval || !interval->isInside(kBits))
    return false;
  ranges[result] = *interval;
  ops.push_back(op);
  return true;
}

/// Leaves the clamp at the end to whoever narrows the result.
void NarrowBody::takeClamp(Value result, const Ranges &ranges) {
  constexpr Interval kBytes{-128, 127};
  value = result;
  clamp = kBytes;
  auto truncate = result.getDefiningOp<arith::TruncIOp>();
  if (!truncate)
    return;
  Value next = truncate.getIn();
  int64_t added = 0;
  if (auto add = next.getDefiningOp<arith::AddIOp>())
    if (std::optional<int64_t> constant = getInteger(add.getRhs())) {
      added = *constant;
      next = add.getLhs();
    }
  auto least = next.getDefiningOp<arith::MinSIOp>();
  auto most = least ? least.getLhs().getDefiningOp<arith::MaxSIOp>() : arith::MaxSIOp();
  if (!most)
    return;
  std::optional<int64_t> hi = getInteger(least.getRhs()), lo = getInteger(most.getRhs());
  Interval inner = ranges.lookup(most.getLhs());
  Interval moved{inner.low + added, inner.high + added};
  if (!hi || !lo || *lo > *hi || !moved.isInside(kBits))
    return;
  value = most.getLhs();
  offset = added;
  clamp = {*lo + added, *hi + added};
}

std::optional<NarrowBody> NarrowBody::match(Value result, Ranges known) {
  NarrowBody body;
  constexpr unsigned kByte = 8;
  if (!result.getType().isInteger(kByte) || !body.collect(result, known) ||
      !known.lookup(result).isInside(kByte))
    return std::nullopt;
  body.takeClamp(result, known);
  // What only the clamp was made of is not needed.
  llvm::DenseSet<Value> needed = {body.value};
  SmallVector<Operation *> kept;
  for (Operation *op : llvm::reverse(body.ops))
    if (needed.contains(op->getResult(0))) {
      kept.push_back(op);
      needed.insert(op->operand_begin(), op->operand_end());
    }
  body.ops.assign(kept.rbegin(), kept.rend());
  return body;
}

Value NarrowBody::emit(KernelBuilder &kernel, IRMapping &map, int64_t lanes) const {
  VectorType type = kernel.vectorOf(lanes, kBits);
  auto vectorOf = [&](Value operand) {
    Value known = map.lookupOrNull(operand);
    return known ? known : kernel.splat(type, *getInteger(operand));
  };
  for (Operation *op : ops) {
    if (isa<arith::ExtSIOp, arith::TruncIOp>(op)) {
      map.map(op->getResult(0), vectorOf(op->getOperand(0)));
      continue;
    }
    OperationState state(kernel.loc, op->getName());
    state.addOperands(llvm::map_to_vector(op->getOperands(), vectorOf));
    state.addTypes(type);
    map.map(op->getResult(0), kernel.builder.create(state)->getResult(0));
  }
  Value result = vectorOf(value);
  return offset ? kernel.add(result, kernel.splat(type, offset)) : result;
}
