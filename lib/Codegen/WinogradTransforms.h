//===- WinogradTransforms.h - transforms of F(n, 3) in integers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CODEGEN_WINOGRADTRANSFORMS_H
#define QBIAS_LIB_CODEGEN_WINOGRADTRANSFORMS_H

#include "KernelBuilder.h"

namespace qbias::winograd {

/// Results of a full tile, inputs it reads, points, and taps, on one axis.
inline constexpr int64_t kTile = 4, kWindow = 6, kPoints = 6, kTaps = 3;

/// Values at the points 0, 1, -1, 2, -2 and infinity of three taps, scaled to
/// integers. Shorter tiles use the first of them and the last.
inline constexpr int64_t kFilter[kPoints][kTaps] = {{6, 0, 0}, {-4, -4, -4}, {-4, 4, -4},
                                                    {1, 2, 4}, {1, -2, 4},   {0, 0, 12}};

/// A tile of `outputs` = 2, 3 or 4 results on one axis is 24 times
///
///   A [(G g) * (B d)],  d: outputs + 2 inputs
///
/// with G = kFilter at getPoints(outputs). transformWindow() is B, transformSums() A,
/// on values in the order of the points. |B d| <= 12 max |d|.
llvm::ArrayRef<int64_t> getPoints(int64_t outputs);
KernelBuilder::Values transformWindow(KernelBuilder &kernel,
                                      llvm::ArrayRef<mlir::Value> d);
KernelBuilder::Values transformSums(KernelBuilder &kernel, int64_t outputs,
                                    llvm::ArrayRef<mlir::Value> m);

} // namespace qbias::winograd

#endif // QBIAS_LIB_CODEGEN_WINOGRADTRANSFORMS_H
