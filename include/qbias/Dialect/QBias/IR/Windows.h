//===- Windows.h - shape rules shared by verifiers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DIALECT_QBIAS_IR_WINDOWS_H
#define QBIAS_DIALECT_QBIAS_IR_WINDOWS_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/ArrayRef.h"

namespace qbias {

/// Two spatial dimensions of a convolution or pool.
struct Window {
  llvm::ArrayRef<int64_t> kernel, strides, pads, dilations;
};

/// Labels of the window constraints in the operation's description.
struct WindowLabels {
  llvm::StringRef attributes, shape;
};

/// Checks a window's attributes, and that `result` is the [N, OH, OW, C] shape
/// it makes of `input` [N, H, W, ...] with `channels` output channels.
llvm::LogicalResult verifyWindow(mlir::Operation *op, WindowLabels labels,
                                 const Window &window, llvm::ArrayRef<int64_t> input,
                                 llvm::ArrayRef<int64_t> result, int64_t channels);

/// Number of window positions along one dimension, 0 if the window does not
/// fit: (size + padLow + padHigh - dilation * (kernel - 1) - 1) / stride + 1.
int64_t windowCount(int64_t size, int64_t kernel, int64_t stride, int64_t padLow,
                    int64_t padHigh, int64_t dilation);

/// Shapes of convolution and matrix product, shared by both families.
llvm::LogicalResult verifyConvolution(mlir::Operation *op, mlir::Type input,
                                      mlir::Type weight, mlir::Type bias,
                                      mlir::Type result, Window window, int64_t groups);
llvm::LogicalResult verifyMatmul(mlir::Operation *op, mlir::Type lhs, mlir::Type rhs,
                                 mlir::Type bias, mlir::Type result);
llvm::LogicalResult verifyBroadcast(mlir::Operation *op, mlir::Type lhs, mlir::Type rhs,
                                    mlir::Type result);
llvm::LogicalResult verifyPad(mlir::Operation *op, mlir::Type input, mlir::Type result,
                              llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> high,
                              std::optional<llvm::ArrayRef<int64_t>> interior);
llvm::LogicalResult verifyTransposedConvolution(mlir::Operation *op, mlir::Type input,
                                                mlir::Type weight, mlir::Type bias,
                                                mlir::Type result, Window window,
                                                llvm::ArrayRef<int64_t> outputPads,
                                                int64_t groups);
/// Every window holds a position inside the input; with `countsInside`, the
/// numbers of such positions are not too many to have a divisor each.
llvm::LogicalResult verifyWindowSizes(mlir::Operation *op, llvm::StringRef label,
                                      const Window &window, llvm::ArrayRef<int64_t> input,
                                      llvm::ArrayRef<int64_t> result, bool countsInside);

/// For every window position along both dimensions, how many of its elements
/// lie inside the input; the product of both gives the pool's divisor.
llvm::SmallVector<int64_t> insideCounts(int64_t size, int64_t count, int64_t kernel,
                                        int64_t stride, int64_t padLow, int64_t dilation);

/// The divisors an average pool needs, ascending: the whole kernel when
/// padding is counted, else how many positions of a window lie inside.
llvm::SmallVector<int64_t> poolDivisors(const Window &window,
                                        llvm::ArrayRef<int64_t> input,
                                        llvm::ArrayRef<int64_t> result,
                                        bool countIncludePad);

} // namespace qbias

#endif // QBIAS_DIALECT_QBIAS_IR_WINDOWS_H
