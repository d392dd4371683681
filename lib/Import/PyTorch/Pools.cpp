//===- Pools.cpp - pools and means ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Import/Common/Windows.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;

/// Max pools take quantized tensors too.
static FailureOr<Value> getPooled(const NodeView &node, PoolKind kind) {
  return kind == PoolKind::Max ? node.getValue("self") : node.getReal("self");
}

static PoolKind kindOfPool(const NodeView &node) {
  return node.getOp().contains("max") ? PoolKind::Max : PoolKind::Avg;
}

/// Spatial dimensions of the operator: its name ends in 1d or 2d.
static size_t countSpatial(const NodeView &node) {
  return node.getOp().contains("1d") ? 1 : 2;
}

/// The input as [N, C, L] or [N, C, H, W]; a missing batch dimension is added.
static FailureOr<Value> addBatch(const NodeView &node, Value input) {
  size_t rank = shapeOf(input).size(), spatial = countSpatial(node);
  if (rank != spatial + 1 && rank != spatial + 2)
    return node.reject("rank of " + node.argumentText("self"),
                       Twine(spatial + 1) + " or " + Twine(spatial + 2), Twine(rank));
  return extendRank(node, input, spatial + 2);
}

/// Builds the pool of [N, C, ...] and gives it the rank of `like`.
static LogicalResult setPooled(const NodeView &node, PoolKind kind, Value input,
                               const SpatialWindow &window, bool countIncludePad,
                               Value like) {
  FailureOr<Value> image = toChannelsLast(node, input);
  if (succeeded(image))
    image = buildPool(node, kind, *image, window, countIncludePad);
  if (succeeded(image))
    image = fromChannelsLast(node, *image, shapeOf(input).size());
  if (succeeded(image) && shapeOf(like).size() < shapeOf(input).size())
    image = reshape(node, *image, shapeOf(*image).drop_front());
  return node.setResult(0, image);
}

/// Extents of [N, C, L] or [N, C, H, W] as two.
static SmallVector<int64_t, 2> spatialOf(Value input) {
  SmallVector<int64_t, 2> spatial(shapeOf(input).drop_front(2));
  if (spatial.size() == 1)
    spatial.insert(spatial.begin(), 1);
  return spatial;
}

static FailureOr<SpatialWindow> readWindow(const NodeView &node, Value input) {
  size_t count = shapeOf(input).size() - 2;
  SpatialWindow window;
  SmallVector<int64_t> pads(count, 0);
  window.dilations.assign(count, 1);
  bool ceil = false;
  if (failed(node.need("kernel_size", window.kernel)) ||
      failed(node.readExtents("kernel_size", count, 1, window.kernel)))
    return failure();
  window.strides = window.kernel;
  // An empty list is the kernel's extent.
  SmallVector<int64_t> strides;
  if (failed(node.read("stride", strides)) ||
      (!strides.empty() &&
       failed(node.readExtents("stride", count, 1, window.strides))) ||
      failed(node.readExtents("dilation", count, 1, window.dilations)) ||
      failed(node.readExtents("padding", count, 0, pads)) ||
      failed(node.read("ceil_mode", ceil)))
    return failure();
  window.pads.assign(pads.begin(), pads.end());
  window.pads.append(pads.begin(), pads.end());
  for (auto [pad, kernel] : llvm::zip(pads, window.kernel))
    if (pad > kernel / 2)
      return node.reject("argument 'padding'", "at most half of the kernel",
                         text(pads) + " for kernel " + text(window.kernel));
  if (failed(placeWindow(node, window, spatialOf(input), ceil)))
    return failure();
  return window;
}

LogicalResult qbias::pytorchimport::importPool(NodeView &node) {
  PoolKind kind = kindOfPool(node);
  FailureOr<Value> input = getPooled(node, kind), batched = failure();
  int64_t divisor = 0;
  bool countIncludePad = kind == PoolKind::Avg;
  if (failed(input) || failed(batched = addBatch(node, *input)) ||
      failed(node.read("count_include_pad", countIncludePad)) ||
      failed(node.read("divisor_override", divisor)))
    return failure();
  if (node.has("divisor_override"))
    return node.reject("argument 'divisor_override'", "none", Twine(divisor),
                       "multiply the result instead");
  FailureOr<SpatialWindow> window = readWindow(node, *batched);
  if (failed(window))
    return failure();
  return setPooled(node, kind, *batched, *window, countIncludePad, *input);
}

/// Windows of equal size that cover the input: output extents that divide it.
LogicalResult qbias::pytorchimport::importAdaptivePool(NodeView &node) {
  PoolKind kind = kindOfPool(node);
  FailureOr<Value> input = getPooled(node, kind), batched = failure();
  size_t count = countSpatial(node);
  SmallVector<int64_t> output;
  if (failed(input) || failed(batched = addBatch(node, *input)) ||
      failed(node.need("output_size", output)) ||
      failed(node.readExtents("output_size", count, 1, output)))
    return failure();
  ArrayRef<int64_t> spatial = shapeOf(*batched).drop_front(2);
  SpatialWindow window;
  for (auto [extent, parts] : llvm::zip(spatial, output)) {
    if (extent % parts)
      return node.reject("argument 'output_size'",
                         "a divisor of the input's extents " + text(spatial),
                         text(output), "pool with a fixed kernel instead");
    window.kernel.push_back(extent / parts);
  }
  window.strides = window.kernel;
  window.dilations.assign(count, 1);
  window.pads.assign(2 * count, 0);
  if (failed(placeWindow(node, window, spatialOf(*batched), /*ceil=*/false)))
    return failure();
  return setPooled(node, kind, *batched, window, /*countIncludePad=*/false, *input);
}

/// Over the spatial dimensions of [N, C, L] or [N, C, H, W] together: a global
/// average pool.
LogicalResult qbias::pytorchimport::importMean(NodeView &node) {
  FailureOr<Value> input = node.getReal("self");
  SmallVector<int64_t> dims;
  bool keepDims = false;
  DataType type = DataType::Float;
  if (failed(input) || failed(node.read("dim", dims)) ||
      failed(node.read("keepdim", keepDims)) || failed(node.read("dtype", type)))
    return failure();
  if (type != DataType::Float)
    return node.reject("argument 'dtype'", "float32", nameOf(type));
  SmallVector<int64_t> shape(shapeOf(*input));
  int64_t rank = shape.size();
  FailureOr<SmallVector<int64_t>> axes = node.normalizeAxes(dims, rank);
  if (failed(axes))
    return failure();
  llvm::sort(*axes);
  SmallVector<int64_t> spatial = llvm::to_vector(llvm::seq<int64_t>(2, rank));
  if ((rank != 3 && rank != 4) || *axes != spatial)
    return node.reject(
        "argument 'dim'", "the spatial dimensions of a tensor of rank 3 or 4",
        text(dims) + " of " + text(shape), "other means are not supported");
  SpatialWindow window;
  window.kernel.assign(shape.begin() + 2, shape.end());
  window.strides.assign(rank - 2, 1);
  window.dilations.assign(rank - 2, 1);
  window.pads.assign(2 * (rank - 2), 0);
  if (failed(placeWindow(node, window, spatialOf(*input), /*ceil=*/false)))
    return failure();
  if (keepDims)
    return setPooled(node, PoolKind::Avg, *input, window, false, *input);
  FailureOr<Value> image = toChannelsLast(node, *input);
  if (succeeded(image))
    image = buildPool(node, PoolKind::Avg, *image, window, false);
  if (failed(image))
    return failure();
  return node.setResult(
      0, reshape(node, transpose(node, *image, {0, 3, 1, 2}), {shape[0], shape[1]}));
}
