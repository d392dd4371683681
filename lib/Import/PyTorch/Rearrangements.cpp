//===- Rearrangements.cpp - repeats, stacks, blocks ---*- C++ -*-===//
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

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;

/// Repeats dimensions of extent 1; -1 keeps one.
LogicalResult qbias::pytorchimport::importExpand(NodeView &node) {
  FailureOr<Value> value = node.getValue("self");
  SmallVector<int64_t> asked;
  if (failed(value) || failed(node.need("size", asked)))
    return failure();
  size_t rank = shapeOf(*value).size();
  if (asked.size() < rank || !countElements(SmallVector<int64_t>(asked.size(), 1)))
    return node.reject("argument 'size'", Twine(rank) + " extents or more", text(asked));
  if (failed(value = extendRank(node, *value, asked.size())))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*value));
  for (auto [own, extent] : llvm::zip(shape, asked)) {
    if (extent != -1 && extent != own && own != 1)
      return node.reject("argument 'size'",
                         "one that " + text(shapeOf(*value)) + " broadcasts to",
                         text(asked));
    own = extent == -1 ? own : extent;
  }
  return node.setResult(0, expand(node, *value, shape));
}

/// Slices that constant indices select.
LogicalResult qbias::pytorchimport::importIndexSelect(NodeView &node) {
  FailureOr<Value> value = node.getValue("self");
  FailureOr<const ConstantTensor *> index = node.needConstant("index", "index");
  int64_t dim = 0;
  if (failed(value) || failed(index) || failed(node.need("dim", dim)))
    return failure();
  FailureOr<int64_t> axis = node.normalizeAxis(dim, shapeOf(*value).size());
  if (failed(axis))
    return failure();
  if ((*index)->isFloat() || (*index)->getShape().size() > 1 ||
      (*index)->getNumElements() == 0)
    return node.reject(node.argumentText("index"), "a list of integers",
                       nameOf((*index)->getType()) + text((*index)->getShape()));
  SmallVector<int64_t> indices = (*index)->integers();
  int64_t extent = shapeOf(*value)[*axis];
  for (int64_t entry : indices)
    if (entry < 0 || entry >= extent)
      return node.reject("index", "one in [0, " + Twine(extent - 1) + "]", Twine(entry));
  return node.setResult(0, gather(node, *value, *axis, indices));
}

/// The other order along some dimensions.
LogicalResult qbias::pytorchimport::importFlip(NodeView &node) {
  FailureOr<Value> value = node.getValue("self");
  SmallVector<int64_t> dims;
  if (failed(value) || failed(node.need("dims", dims)))
    return failure();
  FailureOr<SmallVector<int64_t>> axes = node.normalizeAxes(dims, shapeOf(*value).size());
  if (failed(axes))
    return failure();
  for (int64_t axis : *axes) {
    int64_t extent = shapeOf(*value)[axis];
    if (extent > kMaxWindowExtent)
      return node.reject("extent of dimension " + Twine(axis),
                         "at most " + Twine(kMaxWindowExtent), Twine(extent));
    SmallVector<int64_t> indices = llvm::to_vector(llvm::seq<int64_t>(0, extent));
    std::reverse(indices.begin(), indices.end());
    if (failed(value = gather(node, *value, axis, indices)))
      return failure();
  }
  return node.setResult(0, *value);
}

/// [..., C * r * r, H, W] to [..., C, H * r, W * r].
LogicalResult qbias::pytorchimport::importPixelShuffle(NodeView &node) {
  FailureOr<Value> value = node.getValue("self");
  int64_t r = 0;
  if (failed(value) || failed(node.need("upscale_factor", r)))
    return failure();
  SmallVector<int64_t> s(shapeOf(*value));
  constexpr int64_t kMaxFactor = 1 << 12; // its square divides an extent
  if (s.size() != 4 || r < 1 || r > kMaxFactor || s[1] % (r * r))
    return node.reject("shape of " + node.argumentText("self"),
                       "4 dimensions, with channels in blocks of " + Twine(r) + " x " +
                           Twine(r),
                       text(s));
  int64_t channels = s[1] / (r * r);
  FailureOr<Value> parts = reshape(node, *value, {s[0], channels, r, r, s[2], s[3]});
  if (failed(parts))
    return failure();
  return node.setResult(0, reshape(node, transpose(node, *parts, {0, 1, 4, 2, 5, 3}),
                                   {s[0], channels, s[2] * r, s[3] * r}));
}
