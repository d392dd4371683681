//===- Pools.cpp - pools and means over spatial dimensions ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"
#include "Reshapes.h"
#include "Spatial.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

/// True when a window along dimension d holds no element of the input: one that
/// starts past the end, or one that starts before the begin and steps over it.
static bool hasEmptyWindow(const SpatialWindow &window, size_t d, int64_t size) {
  int64_t stride = window.strides[d], dilation = window.dilations[d];
  int64_t pad = window.pads[d];
  if ((window.output[d] - 1) * stride - pad >= size)
    return true;
  for (int64_t i = 0; i < window.output[d] && i * stride < pad; ++i) {
    int64_t first = i * stride - pad;
    int64_t tap = llvm::divideCeilSigned(-first, dilation); // the first one inside
    if (tap >= window.kernel[d] || first + tap * dilation >= size)
      return true;
  }
  return false;
}

static LogicalResult checkWindows(const NodeView &node, const SpatialWindow &window,
                                  ArrayRef<int64_t> spatial) {
  if (!hasEmptyWindow(window, 0, spatial[0]) && !hasEmptyWindow(window, 1, spatial[1]))
    return success();
  return node.reject("windows", "at least one input element in each",
                     "a window of padding alone (kernel " + text(window.kernel) +
                         ", pads " + text(window.pads) + ")");
}

/// Pads with zeros that count as elements of the input. Used where a ceil mode
/// window reaches past the padding: those positions do not count.
static FailureOr<Value> padWithZeros(const NodeView &node, Value image,
                                     SpatialWindow &window) {
  SmallVector<int64_t> low = {0, window.pads[0], window.pads[1], 0};
  SmallVector<int64_t> high = {0, window.pads[2], window.pads[3], 0};
  SmallVector<int64_t> shape(shapeOf(image));
  for (size_t d = 0; d < shape.size(); ++d)
    shape[d] += low[d] + high[d];
  FailureOr<RankedTensorType> type = node.makeType(shape, elementOf(image));
  if (failed(type))
    return failure();
  window.pads.assign(4, 0);
  return PadOp::create(node.getBuilder(), node.getLoc(), *type, image, low, high,
                       llvm::APFloat(0.0))
      .getResult();
}

/// Emits the pool of `input`, [N, C, L] or [N, C, H, W], and makes it the
/// node's result.
static LogicalResult setPooled(const NodeView &node, PoolKind kind, Value input,
                               SpatialWindow window, bool countIncludePad) {
  FailureOr<Value> image = toChannelsLast(node, input);
  bool overhangs = window.overhang[0] > 0 || window.overhang[1] > 0;
  if (succeeded(image) && countIncludePad && overhangs) {
    image = padWithZeros(node, *image, window);
    countIncludePad = false;
  }
  if (failed(image))
    return failure();
  for (size_t d = 0; d < 2; ++d)
    window.pads[2 + d] += window.overhang[d];
  ArrayRef<int64_t> shape = shapeOf(*image);
  if (failed(checkWindows(node, window, shape.slice(1, 2))))
    return failure();
  FailureOr<RankedTensorType> type = node.makeType(
      {shape[0], window.output[0], window.output[1], shape[3]}, elementOf(*image));
  if (failed(type))
    return failure();
  Value result =
      node.create<PoolOp>(node.getLoc(), *type, kind, *image, window.kernel,
                          window.strides, window.pads, window.dilations, countIncludePad);
  return setFromChannelsLast(node, result, shapeOf(input).size());
}

/// Max pools take quantized tensors too.
static FailureOr<Value> getPooled(const NodeView &node, PoolKind kind) {
  return kind == PoolKind::Max ? node.getValue(0) : node.getReal(0);
}

LogicalResult qbias::onnximport::importPool(NodeView &node) {
  PoolKind kind = node.getOpType() == "MaxPool" ? PoolKind::Max : PoolKind::Avg;
  if (!node.getOutputName(1).empty())
    return node.reject("outputs", "1",
                       "2 (indices " + quoted(node.getOutputName(1)) + ")",
                       "indices are not supported");
  FailureOr<Value> input = getPooled(node, kind);
  int64_t countIncludePad = 0;
  if (failed(input) || failed(node.read("count_include_pad", countIncludePad)))
    return failure();
  if (!node.hasAttr("kernel_shape"))
    return node.reject("attribute 'kernel_shape'", "a list of extents", "none");
  FailureOr<SpatialWindow> window = readWindow(node, *input, {});
  if (failed(window))
    return failure();
  return setPooled(node, kind, *input, *window, countIncludePad != 0);
}

/// A window over the whole input.
static FailureOr<SpatialWindow> getGlobalWindow(const NodeView &node, Value input) {
  FailureOr<SmallVector<int64_t, 2>> spatial = readSpatial(node, input);
  if (failed(spatial))
    return failure();
  SpatialWindow window;
  window.kernel = *spatial;
  window.strides = window.dilations = window.output = {1, 1};
  window.pads = {0, 0, 0, 0};
  if (failed(checkLimits(node, window)))
    return failure();
  return window;
}

LogicalResult qbias::onnximport::importGlobalPool(NodeView &node) {
  PoolKind kind = node.getOpType() == "GlobalMaxPool" ? PoolKind::Max : PoolKind::Avg;
  FailureOr<Value> input = getPooled(node, kind);
  if (failed(input))
    return failure();
  FailureOr<SpatialWindow> window = getGlobalWindow(node, *input);
  if (failed(window))
    return failure();
  return setPooled(node, kind, *input, *window, /*countIncludePad=*/false);
}

/// Over [N, C, H, W] only axes 2 and 3 together, over [N, C, L] only axis 2:
/// a global average pool.
LogicalResult qbias::onnximport::importReduceMean(NodeView &node) {
  FailureOr<Value> input = node.getReal(0);
  int64_t keepDims = 1;
  auto axes = node.readIntegers("axes", 1);
  if (failed(input) || failed(axes) || failed(node.read("keepdims", keepDims)))
    return failure();
  int64_t rank = shapeOf(*input).size();
  FailureOr<SpatialWindow> window = getGlobalWindow(node, *input);
  FailureOr<SmallVector<int64_t>> normal =
      node.normalizeAxes(*axes ? **axes : SmallVector<int64_t>(), rank);
  if (failed(window) || failed(normal))
    return failure();
  llvm::sort(*normal);
  if (*normal != llvm::to_vector(llvm::seq<int64_t>(2, rank)))
    return node.reject("axes",
                       text(llvm::to_vector(llvm::seq<int64_t>(2, rank))) +
                           " (the spatial dimensions)",
                       text(*normal), "other means are not supported");
  if (keepDims != 0)
    return setPooled(node, PoolKind::Avg, *input, *window, false);
  FailureOr<Value> image = toChannelsLast(node, *input);
  if (failed(image))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(*image);
  FailureOr<RankedTensorType> type =
      node.makeType({shape[0], 1, 1, shape[3]}, elementOf(*image));
  Value pooled =
      node.create<PoolOp>(node.getLoc(), *type, PoolKind::Avg, *image, window->kernel,
                          window->strides, window->pads, window->dilations, false);
  FailureOr<Value> result =
      reshape(node, transpose(node, pooled, {0, 3, 1, 2}), {shape[0], shape[3]});
  return failed(result) ? failure() : node.setResult(0, *result);
}
