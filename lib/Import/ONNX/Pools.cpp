//===- Pools.cpp - pools and means over spatial dimensions ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"
#include "Spatial.h"

#include "qbias/Import/Common/Reshapes.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

/// Emits the pool of `input`, [N, C, L] or [N, C, H, W], and makes it the
/// node's result.
static LogicalResult setPooled(const NodeView &node, PoolKind kind, Value input,
                               const SpatialWindow &window, bool countIncludePad) {
  FailureOr<Value> image = toChannelsLast(node, input);
  if (succeeded(image))
    image = buildPool(node, kind, *image, window, countIncludePad);
  return failed(image) ? failure()
                       : setFromChannelsLast(node, *image, shapeOf(input).size());
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
