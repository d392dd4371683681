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
llvm::LogicalResult importDynamicQuantizeLinear(NodeView &node);
llvm::LogicalResult importQuantizeLike(NodeView &node);
llvm::LogicalResult importQuantizeInteger(NodeView &node);
llvm::LogicalResult importDequantizeInteger(NodeView &node);
llvm::LogicalResult importDequantizeBias(NodeView &node);

// Convolutions.cpp, Pools.cpp
llvm::LogicalResult importConv(NodeView &node);
llvm::LogicalResult importConvTranspose(NodeView &node);
llvm::LogicalResult importPool(NodeView &node);
llvm::LogicalResult importGlobalPool(NodeView &node);

// Reductions.cpp
llvm::LogicalResult importReduce(NodeView &node);
llvm::LogicalResult importArgMax(NodeView &node);

// MatrixProducts.cpp
llvm::LogicalResult importGemm(NodeView &node);
llvm::LogicalResult importMatMul(NodeView &node);

// Elementwise.cpp
llvm::LogicalResult importBatchNormalization(NodeView &node);
llvm::LogicalResult importBinary(NodeView &node);
llvm::LogicalResult importRelu(NodeView &node);
llvm::LogicalResult importSoftmax(NodeView &node);
llvm::LogicalResult importClip(NodeView &node);
llvm::LogicalResult importPRelu(NodeView &node);
llvm::LogicalResult importUnary(NodeView &node);
llvm::LogicalResult importSum(NodeView &node);
llvm::LogicalResult importExtremum(NodeView &node);
llvm::LogicalResult importNeg(NodeView &node);
llvm::LogicalResult importSelu(NodeView &node);
llvm::LogicalResult importCelu(NodeView &node);
llvm::LogicalResult importPow(NodeView &node);

// Rearrangements.cpp, Resizes.cpp
llvm::LogicalResult importExpand(NodeView &node);
llvm::LogicalResult importTile(NodeView &node);
llvm::LogicalResult importDepthToSpace(NodeView &node);
llvm::LogicalResult importSpaceToDepth(NodeView &node);
llvm::LogicalResult importResize(NodeView &node);
llvm::LogicalResult importUpsample(NodeView &node);
/// Gather of a computed tensor.
llvm::LogicalResult gatherSlices(NodeView &node, const ConstantTensor &list,
                                 int64_t axis);

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
