//===- Reshapes.h - other shapes of the same elements ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_ONNX_RESHAPES_H
#define QBIAS_LIB_IMPORT_ONNX_RESHAPES_H

#include "NodeView.h"

namespace qbias::onnximport {

/// The same elements in a shape of equal count: tensor.collapse_shape,
/// tensor.expand_shape or, in general, one after the other. Fails on a
/// per-channel quantized tensor, whose axis would be lost.
mlir::FailureOr<mlir::Value> reshape(const NodeView &node, mlir::Value value,
                                     llvm::ArrayRef<int64_t> shape);

/// A change of layout: qbias.transpose, not marked as an operator of the file.
mlir::Value transpose(const NodeView &node, mlir::Value value,
                      llvm::ArrayRef<int64_t> permutation);

/// Leading dimensions of extent 1 up to the given rank.
mlir::FailureOr<mlir::Value> extendRank(const NodeView &node, mlir::Value value,
                                        size_t rank);

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_RESHAPES_H
