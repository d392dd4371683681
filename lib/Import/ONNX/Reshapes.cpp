//===- Reshapes.cpp - other shapes of the same elements ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/Reshapes.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

/// Gives the node's input another shape: a constant stays one.
static LogicalResult setReshaped(const NodeView &node, ArrayRef<int64_t> shape) {
  if (!countElements(shape))
    return node.reject("output shape", kShapeLimits, text(shape));
  if (const ConstantTensor *constant = node.getConstant(0))
    return node.setResult(0, constant->withShape(shape));
  FailureOr<Value> value = node.getValue(0);
  if (failed(value))
    return failure();
  FailureOr<Value> result = reshape(node, *value, shape);
  return failed(result) ? failure() : node.setResult(0, *result);
}

LogicalResult qbias::onnximport::importFlatten(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  int64_t axis = 1;
  if (!input || failed(node.read("axis", axis)))
    return failure();
  SmallVector<int64_t> shape = input->getShape();
  int64_t rank = shape.size();
  if (axis < -rank || axis > rank)
    return node.reject("axis",
                       "a dimension in [" + Twine(-rank) + ", " + Twine(rank) + "]",
                       Twine(axis));
  ArrayRef<int64_t> dims = shape;
  size_t split = axis < 0 ? axis + rank : axis;
  return setReshaped(node, {*countElements(dims.take_front(split)),
                            *countElements(dims.drop_front(split))});
}

/// Fills 0 (the input's extent, unless allowzero) and -1 (what is left).
static FailureOr<SmallVector<int64_t>> fillShape(const NodeView &node,
                                                 ArrayRef<int64_t> asked,
                                                 ArrayRef<int64_t> from, bool allowZero) {
  SmallVector<int64_t> shape(asked);
  int64_t count = *countElements(from);
  std::optional<size_t> open;
  bool isValid = true;
  for (auto [index, extent] : llvm::enumerate(shape)) {
    if (extent == 0 && !allowZero && index < from.size())
      extent = from[index];
    if (extent != -1)
      continue;
    isValid &= !open; // at most one is left open
    open = index;
    extent = 1;
  }
  int64_t known = countElements(shape).value_or(-1);
  if (open && known > 0 && count % known == 0)
    shape[*open] = count / known;
  else if (open || known != count)
    isValid = false;
  if (isValid)
    return shape;
  return node.reject(
      "new shape", "one of " + Twine(count) + " elements for " + text(from), text(asked));
}

LogicalResult qbias::onnximport::importReshape(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  int64_t allowZero = 0;
  if (!input || failed(node.read("allowzero", allowZero)))
    return failure();
  auto asked = node.readIntegers("shape", 1);
  if (failed(asked))
    return failure();
  if (!*asked)
    return node.reject("new shape", "an input or attribute", "none");
  FailureOr<SmallVector<int64_t>> shape =
      fillShape(node, **asked, input->getShape(), allowZero != 0);
  return failed(shape) ? failure() : setReshaped(node, *shape);
}

LogicalResult qbias::onnximport::importSqueeze(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  auto axes = node.readIntegers("axes", 1);
  if (!input || failed(axes))
    return failure();
  SmallVector<int64_t> from = input->getShape(), shape, dropped;
  if (*axes) {
    FailureOr<SmallVector<int64_t>> normal = node.normalizeAxes(**axes, from.size());
    if (failed(normal))
      return failure();
    dropped = *normal;
  }
  for (auto [index, extent] : llvm::enumerate(from)) {
    bool drop = *axes ? llvm::is_contained(dropped, index) : extent == 1;
    if (drop && extent != 1)
      return node.reject("dimension " + Twine(index) + " of " + node.inputText(0),
                         "extent 1", Twine(extent));
    if (!drop)
      shape.push_back(extent);
  }
  return setReshaped(node, shape);
}

LogicalResult qbias::onnximport::importUnsqueeze(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  auto axes = node.readIntegers("axes", 1);
  if (!input || failed(axes))
    return failure();
  if (!*axes)
    return node.reject("axes", "an input or attribute", "none");
  SmallVector<int64_t> from = input->getShape();
  FailureOr<SmallVector<int64_t>> normal =
      node.normalizeAxes(**axes, from.size() + (*axes)->size());
  if (failed(normal))
    return failure();
  SmallVector<int64_t> shape = from;
  llvm::sort(*normal);
  for (int64_t axis : *normal)
    shape.insert(shape.begin() + axis, 1);
  return setReshaped(node, shape);
}

LogicalResult qbias::onnximport::importTranspose(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  if (!input)
    return failure();
  int64_t rank = input->getShape().size();
  SmallVector<int64_t> permutation =
      llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, rank)));
  if (failed(node.read("perm", permutation)))
    return failure();
  SmallVector<int64_t> sorted = permutation;
  llvm::sort(sorted);
  if (sorted != llvm::to_vector(llvm::seq<int64_t>(0, rank)))
    return node.reject("attribute 'perm'",
                       "a permutation of " + Twine(rank) + " dimensions",
                       text(permutation));
  if (input->constant) {
    if (failed(node.charge(input->constant->getBytes().size())))
      return failure();
    return node.setResult(0, input->constant->transposed(permutation));
  }
  FailureOr<Value> value = node.getValue(0);
  if (failed(value))
    return failure();
  Value result = transpose(node, *value, permutation);
  result.getDefiningOp()->setDiscardableAttr(
      QBiasDialect::kSourceAttr, node.getBuilder().getStringAttr("Transpose"));
  return node.setResult(0, result);
}
