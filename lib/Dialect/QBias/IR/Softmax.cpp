//===- Softmax.cpp - constraints of softmax in both families ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Softmax.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace qbias;

static bool isPositive(double value) { return value > 0 && std::isfinite(value); }

/// C1: rows of the last dimension.
static LogicalResult verifyRows(Operation *op, RankedTensorType type, int64_t limit) {
  int64_t depth = type.getRank() ? type.getShape().back() : 0;
  if (1 <= depth && depth <= limit)
    return success();
  return op->emitOpError("C1: expects rows of 1 to ")
         << limit << " elements, got " << type;
}

LogicalResult SoftmaxOp::verify() {
  if (failed(verifyRows(*this, getType(), numerics::kMaxSoftmaxDepth)))
    return failure();
  double beta = getBeta().convertToDouble();
  if (!isPositive(beta))
    return emitOpError("C2: expects a positive finite beta, got ") << beta;
  return success();
}

/// C4: constant tables of i32; a first entry that leaves no sum of them at 0.
static LogicalResult verifyTable(Operation *op, StringRef name, ElementsAttr table,
                                 int64_t entries) {
  if (!table && entries == 0)
    return success();
  constexpr int64_t kLeastFirst = int64_t(1) << 14;
  SmallVector<int64_t> values;
  if (table && table.getNumElements() == entries &&
      table.getElementType().isSignlessInteger(32) && readIntegers(table, values) &&
      values.front() >= kLeastFirst &&
      llvm::all_of(values, [](int64_t v) { return v >= 0; }))
    return success();
  return op->emitOpError("C4: expects ")
         << entries << " " << name << " of i32 from 0, the first at least " << kLeastFirst
         << ", got " << (table ? table.getNumElements() : 0)
         << (values.empty() ? "" : ", the first " + std::to_string(values.front()));
}

LogicalResult IntSoftmaxOp::verify() {
  auto x = cast<RankedTensorType>(getInput().getType());
  auto y = cast<RankedTensorType>(getType());
  if (x.getShape() != y.getShape())
    return emitOpError("C1: expects one shape, got ") << x << " and " << y;
  if (failed(verifyRows(*this, x,
                        getTflite() ? numerics::kMaxKernelDepth
                                    : numerics::kMaxSoftmaxDepth)))
    return failure();
  double scale = getInputScale().convertToDouble(), beta = getBeta().convertToDouble();
  if (!isPositive(scale) || !isPositive(beta))
    return emitOpError("C2: expects a positive finite scale and beta, got ")
           << scale << " and " << beta;
  auto type = dyn_cast<quant::UniformQuantizedType>(getResultType());
  std::optional<TypeFault> fault = type ? getTypeFault(type) : std::nullopt;
  if (fault)
    return emitOpError("C3: result type ") << fault->text;
  if (!type || getIntegerType(type) != y.getElementType())
    return emitOpError("C3: expects a result of type ")
           << getResultType() << ", got " << y.getElementType();
  // (sum << (shift + 1)) < 2^63 for sums of numbers below 2^31.
  constexpr int64_t kReciprocals = 513, kSpareBits = 31;
  int64_t maxShift = kSpareBits - (llvm::Log2_64(x.getShape().back()) + 1);
  bool isWide = x.getElementTypeBitWidth() == 16;
  if (failed(verifyTable(*this, "exponentials", getExponentials(),
                         int64_t(1) << x.getElementTypeBitWidth())) ||
      failed(verifyTable(*this, "reciprocals", getReciprocalsAttr(),
                         getTflite() && isWide ? kReciprocals : 0)))
    return failure();
  int64_t m = getMultiplier(), t = getShift();
  bool holds =
      getTflite() ? m == 1 && t == 0 : 0 < m && m <= INT32_MAX && 0 <= t && t <= maxShift;
  if (holds)
    return success();
  return emitOpError("C5: expects a multiplier below 2^31 and a shift up to ")
         << maxShift << ", got " << m << " and " << t;
}
