//===- Reshapes.h - other shapes of the same elements ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_COMMON_RESHAPES_H
#define QBIAS_IMPORT_COMMON_RESHAPES_H

#include "qbias/Import/Common/Layer.h"

namespace qbias::importing {

/// The same elements in a shape of equal count: tensor.collapse_shape,
/// tensor.expand_shape or, in general, one after the other. Fails on a
/// per-channel quantized tensor, whose axis would be lost.
mlir::FailureOr<mlir::Value> reshape(const Layer &layer, mlir::Value value,
                                     llvm::ArrayRef<int64_t> shape);

/// A change of layout: qbias.transpose, not marked as an operator of the file.
mlir::Value transpose(const Layer &layer, mlir::Value value,
                      llvm::ArrayRef<int64_t> permutation);

/// Leading dimensions of extent 1 up to the given rank.
mlir::FailureOr<mlir::Value> extendRank(const Layer &layer, mlir::Value value,
                                        size_t rank);

} // namespace qbias::importing

#endif // QBIAS_IMPORT_COMMON_RESHAPES_H
