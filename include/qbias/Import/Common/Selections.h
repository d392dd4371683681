//===- Selections.h - gathers, repeats, resizes, reductions ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_COMMON_SELECTIONS_H
#define QBIAS_IMPORT_COMMON_SELECTIONS_H

#include "qbias/Import/Common/Layer.h"
#include "qbias/Numerics/Rational.h"

namespace qbias::importing {

/// Slices `indices` of dimension `dim`, each below its extent: qbias.gather, or
/// the value itself where nothing moves. An error where the result would be too
/// large, or the dimension has a scale per slice.
mlir::FailureOr<mlir::Value> gather(const Layer &layer, mlir::Value value, int64_t dim,
                                    llvm::ArrayRef<int64_t> indices);

/// Repeats dimensions of extent 1 up to `shape`, of the value's rank.
mlir::FailureOr<mlir::Value> expand(const Layer &layer, mlir::Value value,
                                    llvm::ArrayRef<int64_t> shape);

/// Repeats the matrices of [..., M, K] and [..., K, N] along the leading dimensions that
/// only the other operand has, or has with a larger extent. A right operand of one
/// matrix stays as it is. `rightText` names it in errors.
llvm::LogicalResult broadcastBatches(const Layer &layer, mlir::Value &left,
                                     mlir::Value &right, const llvm::Twine &rightText);

/// How a position of a resized dimension finds its place in the original one.
enum class CoordinateRule {
  HalfPixel,          ///< (x + 1/2) / scale - 1/2
  HalfPixelSymmetric, ///< the same around the centre
  PytorchHalfPixel,   ///< 0 where the result has one position
  TfHalfPixel,        ///< (x + 1/2) / scale
  AlignCorners,       ///< x * (size - 1) / (result - 1)
  Asymmetric,         ///< x / scale
};
enum class NearestRule { PreferFloor, PreferCeil, Floor, Ceil };

/// For each of `count` result positions, the nearest of `size` positions. The
/// coordinates are exact fractions.
llvm::SmallVector<int64_t> nearestPositions(int64_t size, int64_t count,
                                            const numerics::Rational &scale,
                                            CoordinateRule coordinates,
                                            NearestRule nearest);

/// Mean or maximum over `axes` (of the value's rank, each once); they stay, with
/// extent 1.
mlir::FailureOr<mlir::Value> reduce(const Layer &layer, PoolKind kind, mlir::Value value,
                                    llvm::ArrayRef<int64_t> axes);

/// Rows and columns of [N, C, H, W] are reduced where they are between layers,
/// in [N, H, W, C].
mlir::FailureOr<mlir::Value> reduceImage(const Layer &layer, PoolKind kind,
                                         mlir::Value value);

/// A real constant of one element and the given rank.
mlir::Value makeScalar(const Layer &layer, float value, size_t rank);

} // namespace qbias::importing

#endif // QBIAS_IMPORT_COMMON_SELECTIONS_H
