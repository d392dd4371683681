//===- Resizes.cpp - nearest neighbours ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Import/Common/Selections.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;

/// For each of `count` results of one dimension the element it repeats, in PyTorch's
/// own float32 arithmetic. A factor of 0 is none. `isExact`: from the middle of a result.
static SmallVector<int64_t> nearestIndices(int64_t extent, int64_t count, double factor,
                                           bool isExact) {
  float step = factor > 0 ? static_cast<float>(1.0 / factor)
                          : static_cast<float>(extent) / static_cast<float>(count);
  SmallVector<int64_t> indices;
  for (int64_t i = 0; i < count; ++i) {
    float place = step * static_cast<float>(i);
    if (isExact)
      place = std::max(step * (static_cast<float>(i) + 0.5f) - 0.5f, 0.0f) + 0.5f;
    indices.push_back(static_cast<int64_t>(
        std::fmin(std::floor(place), static_cast<float>(extent - 1))));
  }
  return indices;
}

/// The spatial extents of the result, and its factors, 0 where none is given.
static LogicalResult readResize(const NodeView &node, ArrayRef<int64_t> spatial,
                                SmallVectorImpl<int64_t> &counts,
                                SmallVectorImpl<double> &factors) {
  SmallVector<StringRef> names = {"scales_h", "scales_w"};
  if (spatial.size() == 1)
    names = {"scales"};
  factors.assign(spatial.size(), 0);
  for (auto [name, factor] : llvm::zip(names, factors))
    if (failed(node.read(name, factor)))
      return failure();
  if (failed(node.read("output_size", counts)) ||
      failed(node.read("scale_factors", factors)))
    return failure();
  if (counts.empty())
    for (auto [extent, factor] : llvm::zip(spatial, factors))
      counts.push_back(static_cast<int64_t>(std::fmin(
          std::fmax(std::floor(static_cast<double>(extent) * factor), 0), 1e9)));
  if (counts.size() != spatial.size() || factors.size() != spatial.size())
    return node.reject("arguments 'output_size' and 'scale_factors'",
                       Twine(spatial.size()) + " numbers",
                       Twine(counts.size()) + " and " + Twine(factors.size()));
  return success();
}

/// One gather per spatial dimension of [N, C, ...].
LogicalResult qbias::pytorchimport::importUpsample(NodeView &node) {
  StringRef source = node.has("input") ? "input" : "self";
  size_t rank = node.getOp().ends_with("1d") ? 3 : 4;
  bool isExact = node.getOp().contains("_exact");
  FailureOr<Value> value = node.getValue(source);
  if (failed(value))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*value)), counts;
  SmallVector<double> factors;
  if (shape.size() != rank)
    return node.reject("rank of " + node.argumentText(source), Twine(rank),
                       Twine(shape.size()));
  if (failed(readResize(node, ArrayRef(shape).drop_front(2), counts, factors)))
    return failure();
  constexpr int64_t kMostIndices = int64_t(1) << 24; // float32 counts that far
  for (auto [d, count] : llvm::enumerate(counts)) {
    if (count < 1 || count > kMostIndices)
      return node.reject("extents of the result", "from 1 to " + Twine(kMostIndices),
                         Twine(count));
    value = gather(node, *value, 2 + d,
                   nearestIndices(shape[2 + d], count, factors[d], isExact));
    if (failed(value))
      return failure();
  }
  return node.setResult(0, *value);
}
