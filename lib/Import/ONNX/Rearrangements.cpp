//===- Rearrangements.cpp - repeats, blocks, selected slices ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Import/Common/Selections.h"
#include "qbias/Import/Common/Windows.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

LogicalResult qbias::onnximport::importExpand(NodeView &node) {
  FailureOr<Value> value = node.getValue(0);
  FailureOr<SmallVector<int64_t>> asked = node.needIntegers(1, "shape");
  if (failed(value) || failed(asked))
    return failure();
  size_t rank = std::max(asked->size(), shapeOf(*value).size());
  if (!countElements(SmallVector<int64_t>(rank, 1)))
    return node.reject("rank of the shape", "at most 64", Twine(rank));
  if (failed(value = extendRank(node, *value, rank)))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*value));
  size_t missing = rank - asked->size();
  for (auto [index, extent] : llvm::enumerate(*asked)) {
    int64_t &own = shape[missing + index];
    if (extent != own && extent != 1 && own != 1)
      return node.reject("shape", "one that broadcasts with " + text(shapeOf(*value)),
                         text(*asked));
    own = std::max(own, extent);
  }
  return node.setResult(0, expand(node, *value, shape));
}

LogicalResult qbias::onnximport::importTile(NodeView &node) {
  FailureOr<Value> value = node.getValue(0);
  FailureOr<SmallVector<int64_t>> repeats = node.needIntegers(1, "repeats");
  if (failed(value) || failed(repeats))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*value));
  if (repeats->size() != shape.size())
    return node.reject("repeats", Twine(shape.size()) + " numbers",
                       Twine(repeats->size()));
  for (auto [dim, count] : llvm::enumerate(*repeats)) {
    if (count < 1 || count > kMaxWindowExtent / shape[dim])
      return node.reject(
          "repeats", "numbers from 1 that give extents up to " + Twine(kMaxWindowExtent),
          text(*repeats));
    SmallVector<int64_t> indices;
    for (int64_t i = 0; i < count * shape[dim]; ++i)
      indices.push_back(i % shape[dim]);
    if (failed(value = gather(node, *value, dim, indices)))
      return failure();
  }
  return node.setResult(0, *value);
}

/// Reshape, transpose, reshape.
static LogicalResult setRearranged(NodeView &node, Value value, ArrayRef<int64_t> split,
                                   ArrayRef<int64_t> permutation,
                                   ArrayRef<int64_t> joined) {
  FailureOr<Value> parts = reshape(node, value, split);
  if (failed(parts))
    return failure();
  return node.setResult(0, reshape(node, transpose(node, *parts, permutation), joined));
}

/// The block size, and a tensor [N, C, H, W].
static FailureOr<int64_t> readBlock(const NodeView &node, Value value) {
  int64_t block = 0;
  if (failed(node.read("blocksize", block)))
    return failure();
  if (shapeOf(value).size() != 4)
    return node.reject("rank of " + node.inputText(0), "4", Twine(shapeOf(value).size()));
  if (block < 1 || block > kMaxWindowExtent)
    return node.reject("attribute 'blocksize'", "a positive number", Twine(block));
  return block;
}

LogicalResult qbias::onnximport::importDepthToSpace(NodeView &node) {
  FailureOr<Value> value = node.getValue(0);
  std::string mode = "DCR";
  if (failed(value) || failed(node.read("mode", mode)))
    return failure();
  FailureOr<int64_t> block = readBlock(node, *value);
  if (failed(block))
    return failure();
  ArrayRef<int64_t> s = shapeOf(*value);
  int64_t b = *block;
  if (s[1] % (b * b))
    return node.reject("channels of " + node.inputText(0),
                       "a multiple of " + Twine(b * b), Twine(s[1]));
  int64_t channels = s[1] / (b * b);
  SmallVector<int64_t> joined = {s[0], channels, s[2] * b, s[3] * b};
  if (mode == "DCR")
    return setRearranged(node, *value, {s[0], b, b, channels, s[2], s[3]},
                         {0, 3, 4, 1, 5, 2}, joined);
  if (mode == "CRD")
    return setRearranged(node, *value, {s[0], channels, b, b, s[2], s[3]},
                         {0, 1, 4, 2, 5, 3}, joined);
  return node.reject("attribute 'mode'", "DCR or CRD", quoted(mode));
}

LogicalResult qbias::onnximport::importSpaceToDepth(NodeView &node) {
  FailureOr<Value> value = node.getValue(0);
  if (failed(value))
    return failure();
  FailureOr<int64_t> block = readBlock(node, *value);
  if (failed(block))
    return failure();
  ArrayRef<int64_t> s = shapeOf(*value);
  int64_t b = *block;
  if (s[2] % b || s[3] % b)
    return node.reject("rows and columns of " + node.inputText(0),
                       "multiples of " + Twine(b), Twine(s[2]) + " and " + Twine(s[3]));
  return setRearranged(node, *value, {s[0], s[1], s[2] / b, b, s[3] / b, b},
                       {0, 3, 5, 1, 2, 4}, {s[0], s[1] * b * b, s[2] / b, s[3] / b});
}

/// Slices of a computed tensor that constant indices select.
LogicalResult qbias::onnximport::gatherSlices(NodeView &node, const ConstantTensor &list,
                                              int64_t axis) {
  FailureOr<Value> value = node.getValue(0);
  if (failed(value))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*value));
  FailureOr<int64_t> normal = node.normalizeAxis(axis, shape.size());
  if (failed(normal))
    return failure();
  int64_t extent = shape[*normal];
  SmallVector<int64_t> indices;
  for (int64_t index : list.integers()) {
    if (index < -extent || index >= extent)
      return node.reject("index",
                         "one in [" + Twine(-extent) + ", " + Twine(extent - 1) + "]",
                         Twine(index));
    indices.push_back(index < 0 ? index + extent : index);
  }
  if (indices.empty())
    return node.reject("indices", "at least one", "none");
  FailureOr<Value> selected = gather(node, *value, *normal, indices);
  if (failed(selected))
    return failure();
  shape.erase(shape.begin() + *normal);
  shape.insert(shape.begin() + *normal, list.getShape().begin(), list.getShape().end());
  return node.setResult(0, reshape(node, *selected, shape));
}
