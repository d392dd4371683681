//===- Spatial.h - windows of convolutions and pools ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_ONNX_SPATIAL_H
#define QBIAS_LIB_IMPORT_ONNX_SPATIAL_H

#include "NodeView.h"

namespace qbias::onnximport {

/// A window over two spatial dimensions, in the attributes of qbias.conv2d and
/// qbias.pool. One-dimensional windows have extent 1 in the first dimension.
struct SpatialWindow {
  llvm::SmallVector<int64_t, 2> kernel, strides, dilations;
  llvm::SmallVector<int64_t, 4> pads; // top, left, bottom, right
  /// What a ceil mode adds to the pads after the end.
  llvm::SmallVector<int64_t, 2> overhang = {0, 0};
  /// Window positions.
  llvm::SmallVector<int64_t, 2> output;
};

/// Spatial extents of a tensor [N, C, L] or [N, C, H, W], as two; an error for
/// other ranks.
mlir::FailureOr<llvm::SmallVector<int64_t, 2>> readSpatial(const NodeView &node,
                                                           mlir::Value input);

/// Window of a node over `input`; `kernel` is that of the weight, or empty
/// when only the attribute kernel_shape tells it.
mlir::FailureOr<SpatialWindow> readWindow(const NodeView &node, mlir::Value input,
                                          llvm::ArrayRef<int64_t> kernel);

/// Extents and pads are no larger than qbias.conv2d and qbias.pool take.
llvm::LogicalResult checkLimits(const NodeView &node, const SpatialWindow &window);

/// [N, C, L] or [N, C, H, W] to [N, H, W, C].
mlir::FailureOr<mlir::Value> toChannelsLast(const NodeView &node, mlir::Value value);
/// Makes [N, H, W, C] the node's result, in the layout of rank `rank`.
llvm::LogicalResult setFromChannelsLast(const NodeView &node, mlir::Value value,
                                        int64_t rank);

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_SPATIAL_H
