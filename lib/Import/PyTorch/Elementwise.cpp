//===- Elementwise.cpp - operators that act on single elements ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Import/Common/Reshapes.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

/// A tensor or a number, as a tensor; numbers get the given rank.
static FailureOr<Value> getOperand(const NodeView &node, StringRef argument,
                                   size_t rank) {
  if (!node.isNumber(argument))
    return node.getReal(argument);
  double number = 0;
  if (failed(node.need(argument, number)))
    return failure();
  return makeNumber(node, number, rank);
}

/// Numpy's broadcast shape of two shapes of equal rank.
static FailureOr<SmallVector<int64_t>> broadcast(const NodeView &node, Value lhs,
                                                 Value rhs) {
  SmallVector<int64_t> shape;
  for (auto [a, b] : llvm::zip(shapeOf(lhs), shapeOf(rhs))) {
    if (a != b && a != 1 && b != 1)
      return node.reject("shape of " + node.argumentText("other"),
                         "one that broadcasts with " + text(shapeOf(lhs)),
                         text(shapeOf(rhs)));
    shape.push_back(a == 1 ? b : a);
  }
  return shape;
}

/// alpha * value, as a product where alpha is not 1.
static FailureOr<Value> scale(const NodeView &node, Value value, double alpha) {
  if (alpha == 1)
    return value;
  FailureOr<Value> factor = makeNumber(node, alpha, shapeOf(value).size());
  if (failed(factor))
    return failure();
  return node.create<MulOp>(node.getLoc(), value.getType(), value, *factor).getResult();
}

/// A division by a constant that holds 0.
static bool dividesByZero(Value rhs) {
  ElementsAttr constant = getConstant(rhs);
  SmallVector<double> divisors;
  return constant && readFloats(constant, divisors) && llvm::is_contained(divisors, 0.0);
}

/// The operation of the node's operator.
static Value buildBinary(const NodeView &node, Type type, Value lhs, Value rhs) {
  StringRef op = node.getOp();
  if (op == "aten.add")
    return node.create<AddOp>(node.getLoc(), type, lhs, rhs);
  if (op == "aten.mul")
    return node.create<MulOp>(node.getLoc(), type, lhs, rhs);
  if (op == "aten.div")
    return node.create<DivOp>(node.getLoc(), type, lhs, rhs);
  if (op == "aten.maximum")
    return node.create<MaximumOp>(node.getLoc(), type, lhs, rhs);
  if (op == "aten.minimum")
    return node.create<MinimumOp>(node.getLoc(), type, lhs, rhs);
  return node.create<SubOp>(node.getLoc(), type, lhs, rhs); // sub, rsub
}

LogicalResult qbias::pytorchimport::importBinary(NodeView &node) {
  FailureOr<Value> lhs = node.getReal("self"), rhs = failure();
  double alpha = 1;
  if (failed(lhs) || failed(rhs = getOperand(node, "other", shapeOf(*lhs).size())) ||
      failed(node.read("alpha", alpha)) || failed(rhs = scale(node, *rhs, alpha)))
    return failure();
  if (node.getOp() == "aten.rsub")
    std::swap(lhs, rhs);
  size_t rank = std::max(shapeOf(*lhs).size(), shapeOf(*rhs).size());
  if (failed(lhs = extendRank(node, *lhs, rank)) ||
      failed(rhs = extendRank(node, *rhs, rank)))
    return failure();
  FailureOr<SmallVector<int64_t>> shape = broadcast(node, *lhs, *rhs);
  if (failed(shape))
    return failure();
  FailureOr<RankedTensorType> type = node.makeType(*shape, elementOf(*lhs));
  if (failed(type))
    return failure();
  if (node.getOp() == "aten.div" && dividesByZero(*rhs))
    return node.reject(node.argumentText("other"), "divisors that are not 0", "0");
  return node.setResult(0, buildBinary(node, *type, *lhs, *rhs));
}

//===----------------------------------------------------------------------===//
// Limits
//===----------------------------------------------------------------------===//

/// Names of the bounds in the schema, and what they are when the file leaves them
/// out; an infinity is no bound.
static LogicalResult readBounds(const NodeView &node, double &lo, double &hi) {
  constexpr double kNone = std::numeric_limits<double>::infinity();
  lo = -kNone, hi = kNone;
  StringRef op = node.getOp();
  if (op == "aten.relu" || op == "aten.relu6") {
    lo = 0;
    hi = op == "aten.relu" ? kNone : 6;
    return success();
  }
  if (op == "aten.hardtanh") {
    lo = -1, hi = 1;
    return failure(failed(node.read("min_val", lo)) || failed(node.read("max_val", hi)));
  }
  for (auto [name, bound] : {std::pair("min", &lo), std::pair("max", &hi)}) {
    if (!node.has(name) || node.isNumber(name)) {
      if (failed(node.read(name, *bound)))
        return failure();
      continue;
    }
    FailureOr<const ConstantTensor *> tensor = node.needConstant(name, "bound");
    if (failed(tensor))
      return failure();
    if (!(*tensor)->isFloat() || (*tensor)->getNumElements() != 1)
      return node.reject(node.argumentText(name), "one float number",
                         nameOf((*tensor)->getType()) + text((*tensor)->getShape()));
    *bound = (*tensor)->realAt(0);
  }
  return success();
}

LogicalResult qbias::pytorchimport::importClamp(NodeView &node) {
  FailureOr<Value> input = node.getReal("self");
  double lo = 0, hi = 0;
  if (failed(input) || failed(readBounds(node, lo, hi)))
    return failure();
  if (!(lo <= hi) || (std::isinf(lo) && lo == hi)) // NaN, crossed, one infinity
    return node.reject("bounds", "min not above max",
                       realText(lo) + " and " + realText(hi));
  OpBuilder &builder = node.getBuilder();
  FloatAttr low = std::isinf(lo) ? FloatAttr() : builder.getF64FloatAttr(lo);
  FloatAttr high = std::isinf(hi) ? FloatAttr() : builder.getF64FloatAttr(hi);
  if (!low && !high)
    return node.forward("self");
  return node.setResult(
      0, node.create<ClampOp>(node.getLoc(), input->getType(), *input, low, high));
}
