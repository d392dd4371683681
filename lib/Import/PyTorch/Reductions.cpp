//===- Reductions.cpp - means, sums and maxima over dimensions ---*- C++ -*-===//
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

/// The dimensions of a reduction, sorted; none given: all of them.
static FailureOr<SmallVector<int64_t>> readDims(const NodeView &node, int64_t rank) {
  SmallVector<int64_t> dims;
  if (failed(node.read("dim", dims)))
    return failure();
  if (dims.empty())
    return llvm::to_vector(llvm::seq<int64_t>(0, rank));
  FailureOr<SmallVector<int64_t>> axes = node.normalizeAxes(dims, rank);
  if (succeeded(axes))
    llvm::sort(*axes);
  return axes;
}

/// Mean times count.
static FailureOr<Value> multiplyByCount(const NodeView &node, Value mean,
                                        ArrayRef<int64_t> shape, ArrayRef<int64_t> axes) {
  constexpr int64_t kExactIntegers = 1 << 24; // of float32
  int64_t count = 1;
  for (int64_t axis : axes)
    count *= shape[axis]; // below 2^31 altogether
  if (count > kExactIntegers)
    return node.reject("elements of a sum", "at most 2^24", Twine(count));
  if (count == 1)
    return mean;
  Value factor = makeScalar(node, static_cast<float>(count), shape.size());
  return node.create<MulOp>(node.getLoc(), mean.getType(), mean, factor).getResult();
}

LogicalResult qbias::pytorchimport::importReduce(NodeView &node) {
  PoolKind kind = node.getOp() == "aten.amax" ? PoolKind::Max : PoolKind::Avg;
  FailureOr<Value> input =
      kind == PoolKind::Max ? node.getValue("self") : node.getReal("self");
  bool keepDims = false;
  DataType type = DataType::Float;
  if (failed(input) || failed(node.read("keepdim", keepDims)) ||
      failed(node.read("dtype", type)))
    return failure();
  if (type != DataType::Float)
    return node.reject("argument 'dtype'", "float32", nameOf(type));
  SmallVector<int64_t> shape(shapeOf(*input)), kept;
  FailureOr<SmallVector<int64_t>> axes = readDims(node, shape.size());
  if (failed(axes))
    return failure();
  bool isImage = shape.size() == 4 && *axes == SmallVector<int64_t>{2, 3};
  FailureOr<Value> result =
      isImage ? reduceImage(node, kind, *input) : reduce(node, kind, *input, *axes);
  if (succeeded(result) && node.getOp() == "aten.sum")
    result = multiplyByCount(node, *result, shape, *axes);
  if (failed(result) || keepDims)
    return node.setResult(0, result);
  for (auto [dim, extent] : llvm::enumerate(shape))
    if (!llvm::is_contained(*axes, static_cast<int64_t>(dim)))
      kept.push_back(extent);
  return node.setResult(0, reshape(node, *result, kept));
}
