//===- Pools.cpp - pools ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Import/Common/Windows.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

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

/// The result [N, H, W, C] in the layout of `batched`, with the rank of `like`.
static LogicalResult setFromImage(const NodeView &node, Value image, Value batched,
                                  Value like) {
  FailureOr<Value> result = fromChannelsLast(node, image, shapeOf(batched).size());
  if (succeeded(result) && shapeOf(like).size() < shapeOf(batched).size())
    result = reshape(node, *result, shapeOf(*result).drop_front());
  return node.setResult(0, result);
}

/// Builds the pool of [N, C, ...] and gives it the rank of `like`.
static LogicalResult setPooled(const NodeView &node, PoolKind kind, Value input,
                               const SpatialWindow &window, bool countIncludePad,
                               Value like) {
  FailureOr<Value> image = toChannelsLast(node, input);
  if (succeeded(image))
    image = buildPool(node, kind, *image, window, countIncludePad);
  return failed(image) ? failure() : setFromImage(node, *image, input, like);
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

//===----------------------------------------------------------------------===//
// Adaptive pools
//===----------------------------------------------------------------------===//

/// Rows or columns [begin, end) that entry `index` of `parts` stands for.
static std::pair<int64_t, int64_t> getPart(int64_t index, int64_t parts, int64_t extent) {
  // Both factors are at most 2^24.
  return {index * extent / parts, llvm::divideCeilSigned((index + 1) * extent, parts)};
}

/// One window of [N, H, W, C], pooled to [N, 1, 1, C].
static FailureOr<Value> poolPart(const NodeView &node, PoolKind kind, Value image,
                                 std::pair<int64_t, int64_t> rows,
                                 std::pair<int64_t, int64_t> columns) {
  SmallVector<int64_t> shape(shapeOf(image));
  SmallVector<int64_t> starts = {0, rows.first, columns.first, 0};
  shape[1] = rows.second - rows.first;
  shape[2] = columns.second - columns.first;
  auto type = RankedTensorType::get(shape, elementOf(image));
  auto attrs = [&](ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(node.getBuilder().getContext(), values);
  };
  Value part =
      tensor::ExtractSliceOp::create(node.getBuilder(), node.getLoc(), type, image,
                                     attrs(starts), attrs(shape), attrs({1, 1, 1, 1}));
  SpatialWindow window;
  window.kernel = {shape[1], shape[2]};
  window.strides = window.kernel;
  window.dilations = window.output = {1, 1};
  window.pads = {0, 0, 0, 0};
  return buildPool(node, kind, part, window, /*countIncludePad=*/false);
}

static Value concat(const NodeView &node, ArrayRef<Value> parts, int64_t axis) {
  if (parts.size() == 1)
    return parts[0];
  return tensor::ConcatOp::create(node.getBuilder(), node.getLoc(), axis, parts);
}

/// Windows that differ in size or overlap: one by one.
static FailureOr<Value> poolByParts(const NodeView &node, PoolKind kind, Value image,
                                    ArrayRef<int64_t> output) {
  SmallVector<Value> rows;
  for (int64_t i = 0; i < output[0]; ++i) {
    SmallVector<Value> columns;
    for (int64_t j = 0; j < output[1]; ++j) {
      FailureOr<Value> part =
          poolPart(node, kind, image, getPart(i, output[0], shapeOf(image)[1]),
                   getPart(j, output[1], shapeOf(image)[2]));
      if (failed(part))
        return failure();
      columns.push_back(*part);
    }
    rows.push_back(concat(node, columns, 2));
  }
  return concat(node, rows, 1);
}

/// The one window that covers the input in equal parts.
static FailureOr<SpatialWindow> getEvenWindow(const NodeView &node, Value input,
                                              ArrayRef<int64_t> output) {
  ArrayRef<int64_t> spatial = shapeOf(input).drop_front(2);
  SpatialWindow window;
  for (auto [extent, parts] : llvm::zip(spatial, output))
    window.kernel.push_back(extent / parts);
  window.strides = window.kernel;
  window.dilations.assign(spatial.size(), 1);
  window.pads.assign(2 * spatial.size(), 0);
  if (failed(placeWindow(node, window, spatialOf(input), /*ceil=*/false)))
    return failure();
  return window;
}

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
  bool isEven = llvm::all_of(llvm::zip(spatial, output), [](auto pair) {
    return std::get<0>(pair) % std::get<1>(pair) == 0;
  });
  if (isEven) {
    FailureOr<SpatialWindow> window = getEvenWindow(node, *batched, output);
    if (failed(window))
      return failure();
    return setPooled(node, kind, *batched, *window, /*countIncludePad=*/false, *input);
  }
  constexpr int64_t kMostParts = 1024;
  if (count == 1)
    output.insert(output.begin(), 1);
  if (output[0] * output[1] > kMostParts ||
      llvm::any_of(spatial, [](int64_t extent) { return extent > kMaxWindowExtent; }))
    return node.reject("argument 'output_size'",
                       "at most " + Twine(kMostParts) + " windows of different sizes",
                       text(output) + " of " + text(spatial));
  FailureOr<Value> image = toChannelsLast(node, *batched);
  if (succeeded(image))
    image = poolByParts(node, kind, *image, output);
  if (failed(image))
    return failure();
  return setFromImage(node, *image, *batched, *input);
}
