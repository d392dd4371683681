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

#include "qbias/Import/Common/Windows.h"

namespace qbias::onnximport {

/// Spatial extents of a tensor [N, C, L] or [N, C, H, W], as two; an error for
/// other ranks.
mlir::FailureOr<llvm::SmallVector<int64_t, 2>> readSpatial(const NodeView &node,
                                                           mlir::Value input);

/// A list attribute of `count` entries, each in [min, 2^24]; an absent one leaves
/// `values` as it is.
llvm::LogicalResult readExtents(const NodeView &node, llvm::StringRef name, size_t count,
                                int64_t min, llvm::SmallVectorImpl<int64_t> &values);

/// Input 2, a bias, has one element per output channel.
llvm::LogicalResult checkBias(const NodeView &node, mlir::Value bias, int64_t channels);

/// Window of a node over `input`; `kernel` is that of the weight, or empty
/// when only the attribute kernel_shape tells it.
mlir::FailureOr<SpatialWindow> readWindow(const NodeView &node, mlir::Value input,
                                          llvm::ArrayRef<int64_t> kernel);

/// Makes [N, H, W, C] the node's result, in the layout of rank `rank`.
llvm::LogicalResult setFromChannelsLast(const NodeView &node, mlir::Value value,
                                        int64_t rank);

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_SPATIAL_H
