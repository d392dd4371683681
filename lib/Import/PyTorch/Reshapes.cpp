//===- Reshapes.cpp - other shapes and orders of the same elements ---*- C++ -*-===//
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
using namespace qbias::pytorchimport;

/// Gives the argument 'self' another shape: a constant stays one.
static LogicalResult setReshaped(const NodeView &node, ArrayRef<int64_t> shape) {
  ImportedTensor *input = node.getInput("self");
  if (!input)
    return failure();
  if (!countElements(shape))
    return node.reject("new shape", kShapeLimits, text(shape));
  if (input->constant)
    return node.setResult(0, input->constant->withShape(shape));
  FailureOr<Value> value = node.getValue("self");
  if (failed(value))
    return failure();
  return node.setResult(0, reshape(node, *value, shape));
}

/// The extents an argument asks for `count` elements; one may be -1.
static FailureOr<SmallVector<int64_t>> readShape(const NodeView &node, StringRef argument,
                                                 int64_t count) {
  SmallVector<int64_t> asked;
  if (failed(node.need(argument, asked)))
    return failure();
  SmallVector<int64_t> shape = asked;
  auto *open = llvm::find(shape, -1);
  if (open != shape.end()) {
    *open = 1;
    std::optional<int64_t> known = countElements(shape);
    *open = known && *known > 0 && count % *known == 0 ? count / *known : -1;
  }
  if (countElements(shape).value_or(-1) != count)
    return node.reject("argument " + quoted(argument),
                       "a shape of " + Twine(count) + " elements", text(asked));
  return shape;
}

LogicalResult qbias::pytorchimport::importView(NodeView &node) {
  ImportedTensor *input = node.getInput("self");
  if (!input)
    return failure();
  auto shape = readShape(node, node.getOp() == "aten.reshape" ? "shape" : "size",
                         *countElements(input->getShape()));
  return failed(shape) ? failure() : setReshaped(node, *shape);
}

/// One dimension becomes several.
LogicalResult qbias::pytorchimport::importUnflatten(NodeView &node) {
  ImportedTensor *input = node.getInput("self");
  int64_t dim = 0;
  if (!input || failed(node.need("dim", dim)))
    return failure();
  SmallVector<int64_t> shape = input->getShape();
  FailureOr<int64_t> axis = node.normalizeAxis(dim, shape.size());
  FailureOr<SmallVector<int64_t>> parts = failure();
  if (failed(axis) || failed(parts = readShape(node, "sizes", shape[*axis])))
    return failure();
  shape.erase(shape.begin() + *axis);
  shape.insert(shape.begin() + *axis, parts->begin(), parts->end());
  return setReshaped(node, shape);
}

LogicalResult qbias::pytorchimport::importFlatten(NodeView &node) {
  ImportedTensor *input = node.getInput("self");
  int64_t first = 0, last = -1;
  if (!input || failed(node.read("start_dim", first)) ||
      failed(node.read("end_dim", last)))
    return failure();
  SmallVector<int64_t> shape = input->getShape();
  if (shape.empty())
    return setReshaped(node, {1});
  FailureOr<int64_t> begin = node.normalizeAxis(first, shape.size());
  FailureOr<int64_t> end = node.normalizeAxis(last, shape.size());
  if (failed(begin) || failed(end))
    return failure();
  if (*begin > *end)
    return node.reject("arguments 'start_dim' and 'end_dim'", "start not after end",
                       Twine(first) + " and " + Twine(last));
  ArrayRef<int64_t> dims = shape;
  SmallVector<int64_t> result(dims.take_front(*begin));
  result.push_back(*countElements(dims.slice(*begin, *end - *begin + 1)));
  llvm::append_range(result, dims.drop_front(*end + 1));
  return setReshaped(node, result);
}

/// Without `dim` every dimension of extent 1 goes; with it, those listed that have
/// extent 1.
LogicalResult qbias::pytorchimport::importSqueeze(NodeView &node) {
  ImportedTensor *input = node.getInput("self");
  SmallVector<int64_t> dims;
  if (!input || failed(node.read("dim", dims)))
    return failure();
  SmallVector<int64_t> from = input->getShape(), shape;
  FailureOr<SmallVector<int64_t>> axes = node.normalizeAxes(dims, from.size());
  if (failed(axes))
    return failure();
  for (auto [index, extent] : llvm::enumerate(from))
    if (extent != 1 || (node.has("dim") && !llvm::is_contained(*axes, index)))
      shape.push_back(extent);
  return setReshaped(node, shape);
}

LogicalResult qbias::pytorchimport::importUnsqueeze(NodeView &node) {
  ImportedTensor *input = node.getInput("self");
  int64_t dim = 0;
  if (!input || failed(node.need("dim", dim)))
    return failure();
  SmallVector<int64_t> shape = input->getShape();
  FailureOr<int64_t> axis = node.normalizeAxis(dim, shape.size() + 1);
  if (failed(axis))
    return failure();
  shape.insert(shape.begin() + *axis, 1);
  return setReshaped(node, shape);
}

/// Result dimension i is dimension permutation[i] of 'self'.
static LogicalResult setPermuted(const NodeView &node, ArrayRef<int64_t> permutation) {
  ImportedTensor *input = node.getInput("self");
  if (input->constant) {
    if (failed(node.charge(input->constant->getBytes().size())))
      return failure();
    return node.setResult(0, input->constant->transposed(permutation));
  }
  FailureOr<Value> value = node.getValue("self");
  if (failed(value))
    return failure();
  Value result = transpose(node, *value, permutation);
  node.mark(result.getDefiningOp());
  return node.setResult(0, result);
}

LogicalResult qbias::pytorchimport::importPermute(NodeView &node) {
  ImportedTensor *input = node.getInput("self");
  SmallVector<int64_t> dims;
  if (!input || failed(node.need("dims", dims)))
    return failure();
  size_t rank = input->getShape().size();
  FailureOr<SmallVector<int64_t>> permutation = node.normalizeAxes(dims, rank);
  if (failed(permutation))
    return failure();
  if (permutation->size() != rank)
    return node.reject("argument 'dims'", "every dimension of " + Twine(rank),
                       text(dims));
  return setPermuted(node, *permutation);
}

/// Two dimensions change places; aten.t those of a matrix.
LogicalResult qbias::pytorchimport::importTranspose(NodeView &node) {
  ImportedTensor *input = node.getInput("self");
  if (!input)
    return failure();
  int64_t rank = input->getShape().size(), first = 0, second = 1;
  bool isMatrix = node.getOp() == "aten.t";
  if (isMatrix && rank < 2)
    return node.forward("self");
  if (isMatrix && rank > 2)
    return node.reject("rank", "at most 2", Twine(rank));
  if (!isMatrix &&
      (failed(node.need("dim0", first)) || failed(node.need("dim1", second))))
    return failure();
  FailureOr<int64_t> a = node.normalizeAxis(first, rank);
  FailureOr<int64_t> b = node.normalizeAxis(second, rank);
  if (failed(a) || failed(b))
    return failure();
  SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(permutation[*a], permutation[*b]);
  return setPermuted(node, permutation);
}
