//===- Spatial.h - windows over rows and columns ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_TFLITE_SPATIAL_H
#define QBIAS_LIB_IMPORT_TFLITE_SPATIAL_H

#include "OperatorView.h"

#include "qbias/Import/Common/Windows.h"

namespace qbias::tfliteimport {

using importing::SpatialWindow;

/// What convolutions and pools say about their windows.
struct SpatialOptions {
  fb::Padding padding = fb::Padding::SAME;
  llvm::SmallVector<int64_t, 2> strides, dilations = {1, 1};

  template <typename T>
  static SpatialOptions get(const T &options) {
    SpatialOptions result;
    result.padding = options.padding();
    result.strides = {options.stride_h(), options.stride_w()};
    if constexpr (!std::is_same_v<T, fb::Pool2DOptions> &&
                  !std::is_same_v<T, fb::TransposeConvOptions>)
      result.dilations = {options.dilation_h(), options.dilation_w()};
    return result;
  }
};

/// The window of a kernel over `spatial` rows and columns, pads and positions
/// filled in.
mlir::FailureOr<SpatialWindow> placeWindow(const OperatorView &op,
                                           const SpatialOptions &options,
                                           llvm::ArrayRef<int64_t> kernel,
                                           llvm::ArrayRef<int64_t> spatial);

} // namespace qbias::tfliteimport

#endif // QBIAS_LIB_IMPORT_TFLITE_SPATIAL_H
