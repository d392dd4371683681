//===- Operators.h - importers of single operators ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_TFLITE_OPERATORS_H
#define QBIAS_LIB_IMPORT_TFLITE_OPERATORS_H

#include "OperatorView.h"

namespace qbias::tfliteimport {

/// Any operator: the table's entry for its code, or an error that says what it
/// is.
llvm::LogicalResult importAny(OperatorView &op);

/// An operator on constants that shapes are computed with; nullopt for others.
std::optional<llvm::LogicalResult> importShapeArithmetic(OperatorView &op);

// Sums of products.
llvm::LogicalResult importConv(OperatorView &op);
llvm::LogicalResult importDepthwiseConv(OperatorView &op);
llvm::LogicalResult importTransposeConv(OperatorView &op);
llvm::LogicalResult importFullyConnected(OperatorView &op);
llvm::LogicalResult importBatchMatMul(OperatorView &op);

// Elementwise.
llvm::LogicalResult importBinary(OperatorView &op);
llvm::LogicalResult importUnary(OperatorView &op);
llvm::LogicalResult importRelu(OperatorView &op);
llvm::LogicalResult importQuantize(OperatorView &op);
llvm::LogicalResult importSoftmax(OperatorView &op);

// Windows and reductions.
llvm::LogicalResult importPool(OperatorView &op);
llvm::LogicalResult importReduce(OperatorView &op);
llvm::LogicalResult importArgMax(OperatorView &op);

// Data movement.
llvm::LogicalResult importReshape(OperatorView &op);
llvm::LogicalResult importSqueeze(OperatorView &op);
llvm::LogicalResult importExpandDims(OperatorView &op);
llvm::LogicalResult importTranspose(OperatorView &op);
llvm::LogicalResult importConcatenation(OperatorView &op);
llvm::LogicalResult importPack(OperatorView &op);
llvm::LogicalResult importUnpack(OperatorView &op);
llvm::LogicalResult importSplit(OperatorView &op);
llvm::LogicalResult importSlice(OperatorView &op);
llvm::LogicalResult importStridedSlice(OperatorView &op);
llvm::LogicalResult importPad(OperatorView &op);
llvm::LogicalResult importShape(OperatorView &op);
llvm::LogicalResult importResizeNearest(OperatorView &op);

} // namespace qbias::tfliteimport

#endif // QBIAS_LIB_IMPORT_TFLITE_OPERATORS_H
