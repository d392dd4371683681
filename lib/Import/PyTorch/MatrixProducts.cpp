//===- MatrixProducts.cpp - linear layers and matrix products ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Import/Common/Selections.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;

static Value transposeLastTwo(const NodeView &node, Value value) {
  int64_t rank = shapeOf(value).size();
  SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(permutation[rank - 2], permutation[rank - 1]);
  return transpose(node, value, permutation);
}

static LogicalResult checkRank(const NodeView &node, StringRef argument, Value value,
                               size_t rank) {
  if (shapeOf(value).size() == rank)
    return success();
  return node.reject("rank of " + node.argumentText(argument), Twine(rank),
                     Twine(shapeOf(value).size()));
}

/// lhs [..., M, K] times rhs [N, K] or [..., N, K], transposed, plus bias [N].
static FailureOr<Value> buildProduct(const NodeView &node, Value lhs, Value rhs,
                                     Value bias) {
  SmallVector<int64_t> shape(shapeOf(lhs));
  ArrayRef<int64_t> right = shapeOf(rhs);
  if (shape.back() != right.back())
    return node.reject("inner extent of the second operand",
                       Twine(shape.back()) + " as the first", Twine(right.back()));
  shape.back() = right[right.size() - 2];
  FailureOr<RankedTensorType> type = node.makeType(shape, elementOf(lhs));
  if (failed(type))
    return failure();
  return node.create<MatmulOp>(node.getLoc(), *type, lhs, rhs, bias).getResult();
}

/// [..., K] by weight [N, K], plus bias [N].
LogicalResult qbias::pytorchimport::importLinear(NodeView &node) {
  FailureOr<Value> input = node.getReal("input"), weight = failure();
  if (failed(input) || failed(weight = node.getReal("weight")) ||
      failed(checkRank(node, "weight", *weight, 2)) ||
      failed(node.checkActivation("input", *weight)))
    return failure();
  Value bias;
  if (node.has("bias")) {
    FailureOr<Value> value = node.getReal("bias");
    if (failed(value))
      return failure();
    if (shapeOf(*value) != ArrayRef<int64_t>(shapeOf(*weight)[0]))
      return node.reject("shape of " + node.argumentText("bias"),
                         text(shapeOf(*weight)[0]) + " as the output features",
                         text(shapeOf(*value)));
    bias = *value;
  }
  bool isVector = shapeOf(*input).size() == 1;
  if (shapeOf(*input).empty())
    return node.reject("rank of " + node.argumentText("input"), "at least 1", "0");
  if (failed(input = extendRank(node, *input, 2)))
    return failure();
  FailureOr<Value> result = buildProduct(node, *input, *weight, bias);
  if (succeeded(result) && isVector)
    result = reshape(node, *result, shapeOf(*result).drop_front());
  return node.setResult(0, result);
}

/// beta * self + alpha * mat1 mat2.
LogicalResult qbias::pytorchimport::importAddMM(NodeView &node) {
  double alpha = 1, beta = 1;
  FailureOr<Value> addend = node.getReal("self"), lhs = failure(), rhs = failure();
  if (failed(addend) || failed(lhs = node.getReal("mat1")) ||
      failed(rhs = node.getReal("mat2")) || failed(node.checkActivation("mat1", *rhs)) ||
      failed(node.read("alpha", alpha)) || failed(node.read("beta", beta)) ||
      failed(checkRank(node, "mat1", *lhs, 2)) ||
      failed(checkRank(node, "mat2", *rhs, 2)))
    return failure();
  if (alpha != 1 || beta != 1)
    return node.reject("arguments 'alpha' and 'beta'", "1",
                       realText(alpha) + " and " + realText(beta),
                       "scale the operands instead");
  Value bias = *addend;
  int64_t features = shapeOf(*rhs)[1];
  bool isRow = shapeOf(bias) == ArrayRef<int64_t>(features);
  FailureOr<Value> product =
      buildProduct(node, *lhs, transposeLastTwo(node, *rhs), isRow ? bias : Value());
  if (failed(product) || isRow)
    return node.setResult(0, product);
  FailureOr<Value> matrix = extendRank(node, bias, 2);
  if (failed(matrix))
    return failure();
  for (auto [have, want] : llvm::zip(shapeOf(*matrix), shapeOf(*product)))
    if (have != want && have != 1)
      return node.reject("shape of " + node.argumentText("self"),
                         "one that broadcasts to " + text(shapeOf(*product)),
                         text(shapeOf(bias)));
  return node.setResult(
      0, node.create<AddOp>(node.getLoc(), product->getType(), *product, *matrix));
}

/// Right operand [..., K, N] as [N, K] or, with the left operand's leading
/// dimensions, as [..., N, K].
static FailureOr<Value> getRightOperand(const NodeView &node, StringRef argument,
                                        Value lhs, Value rhs) {
  ArrayRef<int64_t> left = shapeOf(lhs), right = shapeOf(rhs);
  bool isMatrix = llvm::all_of(right.drop_back(2), [](int64_t d) { return d == 1; });
  if (right.size() > 2 && isMatrix) {
    FailureOr<Value> matrix = reshape(node, rhs, right.take_back(2));
    if (failed(matrix))
      return failure();
    return transposeLastTwo(node, *matrix);
  }
  if (right.size() > 2 && right.drop_back(2) != left.drop_back(2))
    return node.reject("leading dimensions of " + node.argumentText(argument),
                       text(left.drop_back(2)), text(right.drop_back(2)));
  return transposeLastTwo(node, rhs);
}

/// Numpy's rules: a vector is a row on the left, a column on the right.
LogicalResult qbias::pytorchimport::importMatMul(NodeView &node) {
  StringRef second = node.getOp() == "aten.matmul" ? "other" : "mat2";
  FailureOr<Value> lhs = node.getReal("self"), rhs = failure();
  if (failed(lhs) || failed(rhs = node.getReal(second)) ||
      failed(node.checkActivation("self", *rhs)))
    return failure();
  SmallVector<int64_t> left(shapeOf(*lhs)), right(shapeOf(*rhs));
  if (left.empty() || right.empty())
    return node.reject("ranks", "at least 1",
                       Twine(left.size()) + " and " + Twine(right.size()));
  bool isRow = left.size() == 1, isColumn = right.size() == 1;
  if (isRow)
    left.insert(left.begin(), 1);
  if (isColumn)
    right.push_back(1);
  if (failed(lhs = reshape(node, *lhs, left)) ||
      failed(rhs = reshape(node, *rhs, right)) ||
      failed(broadcastBatches(node, *lhs, *rhs, node.argumentText(second))))
    return failure();
  right.assign(shapeOf(*rhs).begin(), shapeOf(*rhs).end());
  // The right operand's leading ones stay dimensions of the result.
  size_t leading = right.size() - std::min(shapeOf(*lhs).size(), right.size());
  if (failed(rhs = getRightOperand(node, second, *lhs, *rhs)))
    return failure();
  FailureOr<Value> result = buildProduct(node, *lhs, *rhs, Value());
  if (failed(result))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*result));
  shape.insert(shape.begin(), leading, 1);
  if (isRow)
    shape.erase(shape.end() - 2);
  if (isColumn)
    shape.pop_back();
  return node.setResult(0, reshape(node, *result, shape));
}
