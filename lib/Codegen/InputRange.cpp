//===- InputRange.cpp - integers an activation can have ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   trunc(min(max(v, lo), hi) + z)        lo + z .. hi + z, where the type holds them
//   table[i]                              least .. largest entry
//   pad(x, c)                             range of x, and c
//   max pool of x                         range of x, and where it is smaller, of its
//                                         start
//
//===----------------------------------------------------------------------===//

#include "InputRange.h"
#include "KernelBuilder.h"

#include "qbias/Dialect/QBias/IR/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

/// Producers, and scalar operations, that are looked at behind one another.
static constexpr unsigned kMostSteps = 16;

static IntegerRange rangeOf(Value tensor, unsigned steps);

static IntegerRange typeRange(Type type) {
  unsigned bits = cast<IntegerType>(getElementTypeOrSelf(type)).getWidth();
  return {llvm::minIntN(bits), llvm::maxIntN(bits)};
}

/// The constant operand of `op` and the other one.
template <typename OpTy>
static std::optional<std::pair<Value, int64_t>> takeConstant(Value value) {
  auto op = value.getDefiningOp<OpTy>();
  if (!op)
    return std::nullopt;
  if (std::optional<int64_t> right = getInteger(op.getRhs()))
    return std::pair(op.getLhs(), *right);
  if (std::optional<int64_t> left = getInteger(op.getLhs()))
    return std::pair(op.getRhs(), *left);
  return std::nullopt;
}

/// Range of a scalar in the body of an elementwise operation.
static IntegerRange scalarRange(Value value, unsigned steps) {
  IntegerRange all = typeRange(value.getType());
  if (steps == 0)
    return all;
  --steps;
  if (auto truncate = value.getDefiningOp<arith::TruncIOp>()) {
    constexpr unsigned kMostBits = 64;
    if (truncate.getIn().getType().getIntOrFloatBitWidth() > kMostBits)
      return all;
    IntegerRange wide = scalarRange(truncate.getIn(), steps);
    return all.low <= wide.low && wide.high <= all.high ? wide : all;
  }
  if (auto extend = value.getDefiningOp<arith::ExtSIOp>())
    return scalarRange(extend.getIn(), steps);
  if (auto sum = takeConstant<arith::AddIOp>(value)) {
    IntegerRange inner = scalarRange(sum->first, steps), moved;
    bool wraps = llvm::AddOverflow(inner.low, sum->second, moved.low) ||
                 llvm::AddOverflow(inner.high, sum->second, moved.high);
    return !wraps && all.low <= moved.low && moved.high <= all.high ? moved : all;
  }
  if (auto least = takeConstant<arith::MinSIOp>(value)) {
    IntegerRange inner = scalarRange(least->first, steps);
    return {std::min(inner.low, least->second), std::min(inner.high, least->second)};
  }
  if (auto most = takeConstant<arith::MaxSIOp>(value)) {
    IntegerRange inner = scalarRange(most->first, steps);
    return {std::max(inner.low, most->second), std::max(inner.high, most->second)};
  }
  if (auto extract = value.getDefiningOp<tensor::ExtractOp>()) {
    SmallVector<int64_t> table;
    if (readIntegers(extract.getTensor(), table) && !table.empty())
      return {*llvm::min_element(table), *llvm::max_element(table)};
  }
  return all;
}

/// A max pool whose windows all hold an element of `pad`'s source: what was added
/// around it is never more than that element, when it is the least integer.
static bool seesSource(linalg::PoolingNhwcMaxOp pool, tensor::PadOp pad) {
  std::optional<int64_t> value = getInteger(pad.getConstantPaddingValue());
  if (!value || *value != typeRange(pad.getType()).low || !pad.getLow().empty() ||
      !pad.getHigh().empty())
    return false;
  constexpr int64_t kRank = 4;
  auto window = cast<ShapedType>(pool.getInputs()[1].getType()).getShape();
  ArrayRef<int64_t> low = pad.getStaticLow(), high = pad.getStaticHigh();
  auto dilations = pool.getDilations().getValues<int64_t>();
  if (low.size() != kRank || window.size() != 2)
    return false;
  for (size_t axis : {0, 1})
    if (dilations[axis] != 1 || low[axis + 1] >= window[axis] ||
        high[axis + 1] >= window[axis])
      return false;
  return !low.front() && !high.front() && !low.back() && !high.back();
}

static IntegerRange poolRange(linalg::PoolingNhwcMaxOp pool, unsigned steps) {
  Value input = pool.getInputs()[0];
  if (auto pad = input.getDefiningOp<tensor::PadOp>(); pad && seesSource(pool, pad))
    input = pad.getSource();
  IntegerRange range = rangeOf(input, steps);
  auto fill = pool.getOutputs()[0].getDefiningOp<linalg::FillOp>();
  std::optional<int64_t> start = fill ? getInteger(fill.getInputs()[0]) : std::nullopt;
  // The largest of the start and at least one element.
  return start ? IntegerRange{std::max(range.low, *start), std::max(range.high, *start)}
               : typeRange(pool.getResult(0).getType());
}

static IntegerRange rangeOf(Value tensor, unsigned steps) {
  Operation *op = tensor.getDefiningOp();
  IntegerRange all = typeRange(tensor.getType());
  if (!op || steps == 0)
    return all;
  --steps;
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    std::optional<int64_t> value = getInteger(pad.getConstantPaddingValue());
    return value ? rangeOf(pad.getSource(), steps).join({*value, *value}) : all;
  }
  if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::ExtractSliceOp>(op))
    return rangeOf(op->getOperand(0), steps);
  if (auto transpose = dyn_cast<linalg::TransposeOp>(op))
    return rangeOf(transpose.getInput(), steps);
  if (auto pool = dyn_cast<linalg::PoolingNhwcMaxOp>(op))
    return poolRange(pool, steps);
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || generic.getNumParallelLoops() != generic.getNumLoops())
    return all;
  auto result = cast<OpResult>(tensor);
  Operation *yield = generic.getRegion().front().getTerminator();
  return scalarRange(yield->getOperand(result.getResultNumber()), kMostSteps);
}

IntegerRange qbias::findRange(Value tensor) { return rangeOf(tensor, kMostSteps); }
