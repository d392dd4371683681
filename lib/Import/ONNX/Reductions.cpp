//===- Reductions.cpp - means, sums, maxima and where they are ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"
#include "Spatial.h"

#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Import/Common/Selections.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

/// The axes of a reduction; none given: all of them.
static FailureOr<SmallVector<int64_t>> readAxes(const NodeView &node, int64_t rank) {
  auto axes = node.readIntegers("axes", 1);
  int64_t noop = 0;
  if (failed(axes) || failed(node.read("noop_with_empty_axes", noop)))
    return failure();
  if (*axes && !(*axes)->empty())
    return node.normalizeAxes(**axes, rank);
  return noop ? SmallVector<int64_t>() : llvm::to_vector(llvm::seq<int64_t>(0, rank));
}

/// Mean, maximum, or mean times count, which is the sum.
LogicalResult qbias::onnximport::importReduce(NodeView &node) {
  PoolKind kind = node.getOpType() == "ReduceMax" ? PoolKind::Max : PoolKind::Avg;
  FailureOr<Value> input = kind == PoolKind::Max ? node.getValue(0) : node.getReal(0);
  int64_t keepDims = 1;
  if (failed(input) || failed(node.read("keepdims", keepDims)))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*input)), kept;
  FailureOr<SmallVector<int64_t>> axes = readAxes(node, shape.size());
  if (failed(axes))
    return failure();
  llvm::sort(*axes);
  bool isImage = shape.size() == 4 && *axes == SmallVector<int64_t>{2, 3};
  FailureOr<Value> result =
      isImage ? reduceImage(node, kind, *input) : reduce(node, kind, *input, *axes);
  if (failed(result))
    return failure();
  float count = 1;
  for (auto [dim, extent] : llvm::enumerate(shape))
    if (llvm::is_contained(*axes, static_cast<int64_t>(dim)))
      count *= static_cast<float>(extent);
    else
      kept.push_back(extent);
  if (node.getOpType() == "ReduceSum" && count != 1) {
    constexpr float kExactIntegers = 1 << 24;
    if (count > kExactIntegers)
      return node.reject("elements of a sum", "at most 2^24", realText(count));
    result = node.create<MulOp>(node.getLoc(), result->getType(), *result,
                                makeScalar(node, count, shape.size()))
                 .getResult();
  }
  return node.setResult(0, keepDims ? result : reshape(node, *result, kept));
}

/// Indices are int64; of equal elements the first, or the last.
LogicalResult qbias::onnximport::importArgMax(NodeView &node) {
  FailureOr<Value> input = node.getValue(0);
  int64_t axis = 0, keepDims = 1, last = 0;
  if (failed(input) || failed(node.read("axis", axis)) ||
      failed(node.read("keepdims", keepDims)) ||
      failed(node.read("select_last_index", last)))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*input));
  FailureOr<int64_t> dim = node.normalizeAxis(axis, shape.size());
  if (failed(dim))
    return failure();
  if (shape[*dim] > INT32_MAX)
    return node.reject("elements in a row", "at most " + Twine(INT32_MAX),
                       Twine(shape[*dim]));
  if (keepDims)
    shape[*dim] = 1;
  else
    shape.erase(shape.begin() + *dim);
  FailureOr<RankedTensorType> type = node.makeType(shape, node.getBuilder().getI64Type());
  if (failed(type))
    return failure();
  Value result =
      node.create<ArgMaxOp>(node.getLoc(), *type, *input, *dim, keepDims != 0, last != 0);
  return node.setResult(0, result);
}
