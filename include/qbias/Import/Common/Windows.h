//===- Windows.h - windows of convolutions and pools ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_COMMON_WINDOWS_H
#define QBIAS_IMPORT_COMMON_WINDOWS_H

#include "qbias/Import/Common/Layer.h"

namespace qbias::importing {

/// Largest kernel extent, stride, dilation, pad and number of window positions
/// in the dialect's operations.
inline constexpr int64_t kMaxWindowExtent = int64_t(1) << 24;

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

/// Pads that make ceil(extent / stride) windows of an input of these extents; the
/// odd pad goes after the end (`upper`) or before the begin.
void padSame(SpatialWindow &window, llvm::ArrayRef<int64_t> spatial, bool upper);

/// Fills in the window positions over an input of these two extents, after it
/// has made two dimensions of one; an error when there are none, or beyond the
/// limits. In ceil mode the last window may reach past the padded end but must
/// start inside the input or the pad before it.
llvm::LogicalResult placeWindow(const Layer &layer, SpatialWindow &window,
                                llvm::ArrayRef<int64_t> spatial, bool ceil);

/// Extents and pads are no larger than qbias.conv2d and qbias.pool take.
llvm::LogicalResult checkLimits(const Layer &layer, const SpatialWindow &window);

/// [N, C, L] or [N, C, H, W] to [N, H, W, C].
mlir::FailureOr<mlir::Value> toChannelsLast(const Layer &layer, mlir::Value value);
/// The way back, to the layout of rank 3 or 4.
mlir::FailureOr<mlir::Value> fromChannelsLast(const Layer &layer, mlir::Value value,
                                              int64_t rank);

/// The pool of [N, H, W, C], in that layout.
mlir::FailureOr<mlir::Value> buildPool(const Layer &layer, PoolKind kind,
                                       mlir::Value image, SpatialWindow window,
                                       bool countIncludePad);

} // namespace qbias::importing

#endif // QBIAS_IMPORT_COMMON_WINDOWS_H
