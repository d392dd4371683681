//===- TosaLayers.h - integer operations in TOSA ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CONVERSION_QBIASTOTOSA_TOSALAYERS_H
#define QBIAS_LIB_CONVERSION_QBIASTOTOSA_TOSALAYERS_H

#include "TosaBuilder.h"

namespace qbias {

/// The result of an operation whose operands are stored as `operands`. Emits an
/// error where TOSA has no form for it. The three know convolutions and products;
/// other arithmetic; and what only moves elements.
mlir::FailureOr<mlir::Value> emitLayer(mlir::Operation *op, mlir::ValueRange operands,
                                       TosaBuilder &builder);
mlir::FailureOr<mlir::Value> emitElements(mlir::Operation *op, mlir::ValueRange operands,
                                          TosaBuilder &builder);
mlir::FailureOr<mlir::Value> emitMovement(mlir::Operation *op, mlir::ValueRange operands,
                                          TosaBuilder &builder);

/// Windows along rows and columns of an NHWC tensor.
struct TosaWindow {
  llvm::SmallVector<int64_t, 2> kernel, strides, dilations;
  llvm::SmallVector<int64_t, 4> pads; ///< top, bottom, left, right
};

/// `value` without the rows and columns that no window reads: TOSA wants strides
/// to divide evenly. Padding is dropped first. `pads` is [top, left, bottom, right].
mlir::Value fitWindow(mlir::Value value, llvm::ArrayRef<int64_t> pads,
                      llvm::ArrayRef<int64_t> result, TosaWindow &window,
                      TosaBuilder &builder);

} // namespace qbias

#endif // QBIAS_LIB_CONVERSION_QBIASTOTOSA_TOSALAYERS_H
