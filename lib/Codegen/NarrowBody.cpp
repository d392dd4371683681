//===- NarrowBody.cpp - integer expressions in 32 bits ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Interval arithmetic on the operations of a scalar body. An expression none of
// whose values leaves 32 bits is the same integer in 32 bits as in 64. A residual sum
// of two multipliers of 24 bits often needs 33 bits.
//
//===----------------------------------------------------------------------===//

#include "NarrowBody.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/MapVector.h"

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
  if (isa<arith::AndIOp>(op) && std::max(x[0].low, x[1].low) >= 0) {
    // A negative value leaves of the other one any part.
    int64_t first = x[0].low < 0 ? x[1].high : x[0].high;
    return Interval{0, x[1].low < 0 ? first : std::min(first, x[1].high)};
  }
  if (isa<arith::ShLIOp>(op) && x[1].low >= 0 && x[1].high < int64_t(kBits))
    return Interval{std::min(x[0].low << x[1].low, x[0].low << x[1].high),
                    std::max(x[0].high << x[1].low, x[0].high << x[1].high)};
  if (isa<arith::ShRSIOp>(op) && x[1].low >= 0 && x[1].high < int64_t(kBits))
    return Interval{std::min(x[0].low, x[0].low >> x[1].low),
                    std::max(x[0].high, x[0].high >> x[1].low)};
  return std::nullopt;
}

/// Adds what `result` consists of to `ops`.
bool NarrowBody::collect(Value result, Ranges &ranges) {
  if (auto found = ranges.find(result); found != ranges.end())
    return found->second.isInside(kBits);
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
  auto type = dyn_cast<IntegerType>(result.getType());
  // Narrower operations wrap earlier.
  if (!interval || !type || !interval->isInside(std::min(kBits, type.getWidth())))
    return false;
  ranges[result] = *interval;
  ops.push_back(op);
  return true;
}

/// trunc(min(max(value, lo), hi) + added)
struct Clamped {
  Value value;
  int64_t lo, hi, added;
};

static std::optional<Clamped> findClamp(Value result) {
  auto truncate = result.getDefiningOp<arith::TruncIOp>();
  if (!truncate)
    return std::nullopt;
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
    return std::nullopt;
  std::optional<int64_t> hi = getInteger(least.getRhs()), lo = getInteger(most.getRhs());
  auto isSmall = [](int64_t v) { return llvm::isInt<kBits>(v); };
  if (!hi || !lo || *lo > *hi || !isSmall(*lo) || !isSmall(*hi) || !isSmall(added))
    return std::nullopt;
  return Clamped{most.getLhs(), *lo, *hi, added};
}

/// Leaves the clamp at the end to whoever narrows the result.
void NarrowBody::takeClamp(Value result, const Ranges &ranges) {
  constexpr Interval kBytes{-128, 127};
  value = result;
  clamp = kBytes;
  std::optional<Clamped> end = findClamp(result);
  if (!end)
    return;
  Interval inner = ranges.lookup(end->value);
  Interval moved{inner.low + end->added, inner.high + end->added};
  if (!moved.isInside(kBits))
    return;
  value = end->value;
  offset = end->added;
  clamp = {end->lo + end->added, end->hi + end->added};
}

//===----------------------------------------------------------------------===//
// Halved sums
//===----------------------------------------------------------------------===//

namespace {

/// factor * value + ... + constant
struct LinearForm {
  llvm::MapVector<Value, int64_t> factors;
  int64_t constant = 0;
  int64_t visits = 0; ///< of values: one that is used twice is visited twice
};

} // namespace

static std::optional<int64_t> findConstant(Value value, const NarrowBody::Ranges &known) {
  auto found = known.find(value);
  if (found != known.end() && found->second.low == found->second.high)
    return found->second.low;
  return getInteger(value);
}

/// Adds factor * value: factors of 32 bits, known values of 8, constants of up to 64. A
/// sum of 64 bits that wraps on its way is the same in the end.
static bool addTerms(Value value, int64_t factor, const NarrowBody::Ranges &known,
                     LinearForm &form) {
  constexpr unsigned kByte = 8, kWide = 64;
  constexpr int64_t kMostVisits = 64; // a residual sum has some ten values
  if (++form.visits > kMostVisits || !llvm::isInt<kBits>(factor))
    return false;
  if (std::optional<int64_t> constant = findConstant(value, known)) {
    int64_t product;
    return !llvm::MulOverflow(factor, *constant, product) &&
           !llvm::AddOverflow(form.constant, product, form.constant) &&
           llvm::isInt<2 * kBits - 2>(form.constant);
  }
  if (auto found = known.find(value); found != known.end()) {
    int64_t &sum = form.factors[value];
    sum += factor;
    return found->second.isInside(kByte) && llvm::isInt<kBits>(sum);
  }
  Operation *op = value.getDefiningOp();
  if (!op || !value.getType().isInteger(kWide))
    return false;
  auto add = [&](unsigned operand, int64_t by) {
    return addTerms(op->getOperand(operand), by, known, form);
  };
  if (isa<arith::ExtSIOp>(op))
    return add(0, factor);
  if (isa<arith::AddIOp, arith::SubIOp>(op))
    return add(0, factor) && add(1, isa<arith::SubIOp>(op) ? -factor : factor);
  if (!isa<arith::MulIOp>(op))
    return false;
  for (unsigned operand : {0, 1})
    if (std::optional<int64_t> by = findConstant(op->getOperand(operand), known))
      return llvm::isInt<kBits>(*by) && llvm::isInt<kBits>(factor * *by) &&
             add(1 - operand, factor * *by);
  return false;
}

/// Takes the form of a halved sum, with what is added to the result as part of c:
///
///   (v >> k) + added = (v + added * 2^k) >> k
bool NarrowBody::matchSum(Value result, const Ranges &known) {
  constexpr unsigned kByte = 8;
  std::optional<Clamped> end = findClamp(result);
  auto shift = end ? end->value.getDefiningOp<arith::ShRSIOp>() : arith::ShRSIOp();
  std::optional<int64_t> by = shift ? findConstant(shift.getRhs(), known) : std::nullopt;
  LinearForm sum;
  if (!by || *by < 1 || *by >= int64_t(kBits) ||
      !addTerms(shift.getLhs(), 1, known, sum) || sum.factors.size() != 2)
    return false;
  Interval bounds{end->lo + end->added, end->hi + end->added};
  int64_t constant = sum.constant + end->added * (int64_t(1) << *by);
  Interval all{constant, constant}, odd = all;
  for (auto [term, factor] : sum.factors) {
    Interval x = known.lookup(term);
    auto [low, high] = std::minmax({x.low * factor, x.high * factor});
    all = {all.low + low, all.high + high};
    odd = {odd.low + std::min<int64_t>(x.low, 0),
           odd.high + std::max<int64_t>(x.high, 0)};
  }
  if (!bounds.isInside(kByte) || !all.isInside(kBits + 1) || !odd.isInside(kBits))
    return false;
  for (auto [term, factor] : sum.factors) {
    terms.push_back(term);
    constants.push_back(factor >> 1);
  }
  for (int64_t factor : llvm::make_second_range(sum.factors))
    constants.push_back(-(factor & 1));
  constants.append({constant, *by - 1});
  clamp = bounds;
  return true;
}

Value NarrowBody::emitSum(KernelBuilder &kernel, IRMapping &map,
                          ValueRange loaded) const {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  Value a = map.lookup(terms[0]), b = map.lookup(terms[1]);
  Value odd = kernel.add(arith::AndIOp::create(builder, loc, a, loaded[2]),
                         arith::AndIOp::create(builder, loc, b, loaded[3]));
  odd = kernel.add(odd, loaded[4]);
  Value one = kernel.splat(cast<VectorType>(odd.getType()), 1);
  Value half = kernel.add(arith::MulIOp::create(builder, loc, a, loaded[0]),
                          arith::MulIOp::create(builder, loc, b, loaded[1]));
  half = kernel.add(half, arith::ShRSIOp::create(builder, loc, odd, one));
  return arith::ShRSIOp::create(builder, loc, half, loaded[5]);
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

bool NarrowBody::reads(Value argument) const {
  return argument == value || llvm::is_contained(terms, argument) ||
         llvm::any_of(ops, [&](Operation *op) {
           return llvm::is_contained(op->getOperands(), argument);
         });
}

std::optional<NarrowBody> NarrowBody::match(Value result, Ranges known) {
  NarrowBody body;
  constexpr unsigned kByte = 8;
  if (!result.getType().isInteger(kByte))
    return std::nullopt;
  Ranges ranges = known;
  if (!body.collect(result, ranges) || !ranges.lookup(result).isInside(kByte)) {
    body.ops.clear();
    return body.matchSum(result, known) ? std::optional(body) : std::nullopt;
  }
  body.takeClamp(result, ranges);
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

Value NarrowBody::emit(KernelBuilder &kernel, IRMapping &map, int64_t lanes,
                       ValueRange loaded) const {
  if (isHalved())
    return emitSum(kernel, map, loaded);
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
