//===- Softmax.cpp - Softmax along any axis ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// qbias.softmax works on rows. From operator set 13 on a row lies along one axis;
// before, the axis and all behind it are one row.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Import/Common/Softmax.h"

#include <numeric>

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

/// Operator set since which one axis is meant.
static constexpr int64_t kFirstWithOneAxis = 13;

/// All behind `axis` as one row.
static FailureOr<Value> fromAxisOn(const NodeView &node, Value input, int64_t axis) {
  SmallVector<int64_t> shape(shapeOf(input));
  auto product = [](ArrayRef<int64_t> extents) {
    return std::accumulate(extents.begin(), extents.end(), int64_t(1),
                           std::multiplies<>());
  };
  FailureOr<Value> rows = reshape(node, input,
                                  {product(ArrayRef(shape).take_front(axis)),
                                   product(ArrayRef(shape).drop_front(axis))});
  if (failed(rows) || failed(rows = softmax(node, *rows, /*axis=*/1)))
    return failure();
  return reshape(node, *rows, shape);
}

LogicalResult qbias::onnximport::importSoftmax(NodeView &node) {
  FailureOr<Value> input = node.getReal(0);
  bool isOneAxis = node.getOpset() >= kFirstWithOneAxis;
  int64_t axis = isOneAxis ? -1 : 1;
  if (failed(input) || failed(node.read("axis", axis)))
    return failure();
  int64_t rank = shapeOf(*input).size();
  if (rank == 0)
    return node.reject("rank of " + node.inputText(0), "at least 1", "0");
  FailureOr<int64_t> normal = node.normalizeAxis(axis, rank);
  if (failed(normal))
    return failure();
  return node.setResult(0, isOneAxis ? softmax(node, *input, *normal)
                                     : fromAxisOn(node, *input, *normal));
}
