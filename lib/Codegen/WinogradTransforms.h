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
inline constexpr int64_t kFilterTaps = kTaps * kTaps;

/// Two axes scale by 24^2 = 9 * 2^6: results are sums, times the inverse of 9, shifted.
inline constexpr int64_t kPowerOfTwo = 6;

/// Values of three taps at the points 0, 1, -1, 2, -2 and infinity, and what they, or
/// the sums of their products, are scaled by. Shorter tiles use some of the points.
inline constexpr int64_t kFilter[kPoints][kTaps] = {{1, 0, 0}, {1, 1, 1},  {1, -1, 1},
                                                    {1, 2, 4}, {1, -2, 4}, {0, 0, 1}};
inline constexpr int64_t kScale[kPoints] = {6, -4, -4, 1, 1, 12};

/// A tile of `outputs` = 2, 3 or 4 results on one axis is 24 times
///
///   A [(G g) * (B d)],  d: outputs + 2 inputs
///
/// with G = kFilter, scaled, at getPoints(outputs). transformWindow() is B,
/// transformSums() A, on values in the order of the points. |B d| <= 12 max |d|.
llvm::ArrayRef<int64_t> getPoints(int64_t outputs);
/// G g of all points, without the scale, which scaleSums() multiplies into sums.
KernelBuilder::Values transformFilter(KernelBuilder &kernel,
                                      llvm::ArrayRef<mlir::Value> g);
void scaleSums(KernelBuilder &kernel, int64_t outputs,
               llvm::MutableArrayRef<mlir::Value> m);
KernelBuilder::Values transformWindow(KernelBuilder &kernel,
                                      llvm::ArrayRef<mlir::Value> d);
KernelBuilder::Values transformSums(KernelBuilder &kernel, int64_t outputs,
                                    llvm::ArrayRef<mlir::Value> m);

} // namespace qbias::winograd

#endif // QBIAS_LIB_CODEGEN_WINOGRADTRANSFORMS_H
