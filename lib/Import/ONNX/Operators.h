//===- Operators.h - the table of ONNX operators ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_ONNX_OPERATORS_H
#define QBIAS_LIB_IMPORT_ONNX_OPERATORS_H

#include "NodeView.h"

namespace qbias::onnximport {

/// How to import nodes of one operator.
struct Operator {
  const char *name;
  llvm::LogicalResult (*import)(NodeView &node);
  /// The first `minInputs` inputs must be there.
  unsigned minInputs, maxInputs, maxOutputs;
  /// Every attribute the import function reads or that cannot change its
  /// result, separated by blanks. Any other is an error: its meaning would be
  /// lost silently.
  const char *attributes;
};

/// The operator of that name, or null.
const Operator *findOperator(llvm::StringRef domain, llvm::StringRef opType);

/// Numbers of inputs and outputs, names of attributes.
llvm::LogicalResult checkSignature(const Operator &op, const onnx::NodeProto &proto,
                                   const NodeView &node);

// Quantization.cpp
llvm::LogicalResult importQuantizeLinear(NodeView &node);
llvm::LogicalResult importDequantizeLinear(NodeView &node);

// Convolutions.cpp, Pools.cpp
llvm::LogicalResult importConv(NodeView &node);
llvm::LogicalResult importPool(NodeView &node);
llvm::LogicalResult importGlobalPool(NodeView &node);
llvm::LogicalResult importReduceMean(NodeView &node);

// MatrixProducts.cpp
llvm::LogicalResult importGemm(NodeView &node);
llvm::LogicalResult importMatMul(NodeView &node);

// Elementwise.cpp
llvm::LogicalResult importBinary(NodeView &node);
llvm::LogicalResult importRelu(NodeView &node);
llvm::LogicalResult importClip(NodeView &node);
llvm::LogicalResult importPRelu(NodeView &node);
llvm::LogicalResult importUnary(NodeView &node);

// Reshapes.cpp
llvm::LogicalResult importFlatten(NodeView &node);
llvm::LogicalResult importReshape(NodeView &node);
llvm::LogicalResult importSqueeze(NodeView &node);
llvm::LogicalResult importUnsqueeze(NodeView &node);
llvm::LogicalResult importTranspose(NodeView &node);

// Movement.cpp
llvm::LogicalResult importConcat(NodeView &node);
llvm::LogicalResult importPad(NodeView &node);
llvm::LogicalResult importSlice(NodeView &node);
llvm::LogicalResult importSplit(NodeView &node);

// Folding.cpp
llvm::LogicalResult importCast(NodeView &node);
llvm::LogicalResult importConstant(NodeView &node);
llvm::LogicalResult importDropout(NodeView &node);
llvm::LogicalResult importGather(NodeView &node);
llvm::LogicalResult importIdentity(NodeView &node);
llvm::LogicalResult importShape(NodeView &node);

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_OPERATORS_H
