//===- Operators.h - the table of PyTorch operators ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_PYTORCH_OPERATORS_H
#define QBIAS_LIB_IMPORT_PYTORCH_OPERATORS_H

#include "NodeView.h"

namespace qbias::pytorchimport {

/// How to import calls of one operator.
struct Operator {
  /// Without overload and without the underscore of in-place variants.
  const char *name;
  llvm::LogicalResult (*import)(NodeView &node);
  /// Every argument the import function reads or that cannot change its result,
  /// separated by blanks. Any other is an error: its meaning would be lost
  /// silently.
  const char *arguments;
};

/// True for the operators of the table.
bool isOperator(llvm::StringRef name);

/// The node's operator; an error that says what to do when it is none of the
/// table.
mlir::FailureOr<const Operator *> findOperator(const NodeView &node);

/// Names of arguments, and one result at least.
llvm::LogicalResult checkSignature(const Operator &op, const NodeView &node);

// Quantization.cpp
llvm::LogicalResult importQuantize(NodeView &node);
llvm::LogicalResult importDequantize(NodeView &node);

// Convolutions.cpp
llvm::LogicalResult importConvolution(NodeView &node);

// MatrixProducts.cpp
llvm::LogicalResult importLinear(NodeView &node);
llvm::LogicalResult importAddMM(NodeView &node);
llvm::LogicalResult importMatMul(NodeView &node);

/// The bias [channels] of a convolution, null when there is none.
mlir::FailureOr<mlir::Value> readBias(const NodeView &node, int64_t channels);

// TransposedConvolutions.cpp
llvm::LogicalResult importConvTranspose(NodeView &node);

// Normalization.cpp
llvm::LogicalResult importBatchNorm(NodeView &node);

// Elementwise.cpp
llvm::LogicalResult importBinary(NodeView &node);
llvm::LogicalResult importClamp(NodeView &node);

// Functions.cpp
llvm::LogicalResult importHardSigmoid(NodeView &node);
llvm::LogicalResult importNeg(NodeView &node);
llvm::LogicalResult importPow(NodeView &node);
llvm::LogicalResult importPRelu(NodeView &node);
llvm::LogicalResult importSoftmax(NodeView &node);
llvm::LogicalResult importUnary(NodeView &node);
/// A number as a tensor of one element; float32 as PyTorch computes with it.
mlir::FailureOr<mlir::Value> makeNumber(const NodeView &node, double number, size_t rank);

// Pools.cpp
llvm::LogicalResult importPool(NodeView &node);
llvm::LogicalResult importAdaptivePool(NodeView &node);

// Reductions.cpp
llvm::LogicalResult importReduce(NodeView &node);

// Rearrangements.cpp
llvm::LogicalResult importExpand(NodeView &node);
llvm::LogicalResult importFlip(NodeView &node);
llvm::LogicalResult importIndexSelect(NodeView &node);
llvm::LogicalResult importPixelShuffle(NodeView &node);

// Reshapes.cpp
llvm::LogicalResult importFlatten(NodeView &node);
llvm::LogicalResult importPermute(NodeView &node);
llvm::LogicalResult importSqueeze(NodeView &node);
llvm::LogicalResult importTranspose(NodeView &node);
llvm::LogicalResult importUnflatten(NodeView &node);
llvm::LogicalResult importUnsqueeze(NodeView &node);
llvm::LogicalResult importView(NodeView &node);

// Resizes.cpp
llvm::LogicalResult importUpsample(NodeView &node);

// Movement.cpp
llvm::LogicalResult importCat(NodeView &node);
llvm::LogicalResult importPad(NodeView &node);
llvm::LogicalResult importSelect(NodeView &node);
llvm::LogicalResult importSlice(NodeView &node);
llvm::LogicalResult importSplit(NodeView &node);
llvm::LogicalResult importUnbind(NodeView &node);

// Identities.cpp
llvm::LogicalResult importDropout(NodeView &node);
llvm::LogicalResult importIdentity(NodeView &node);
llvm::LogicalResult importIntegerArithmetic(NodeView &node);
llvm::LogicalResult importSymSize(NodeView &node);

} // namespace qbias::pytorchimport

#endif // QBIAS_LIB_IMPORT_PYTORCH_OPERATORS_H
