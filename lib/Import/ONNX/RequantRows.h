//===- RequantRows.h - multipliers by row ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_ONNX_REQUANTROWS_H
#define QBIAS_LIB_IMPORT_ONNX_REQUANTROWS_H

#include "Graph.h"

namespace qbias::onnximport {

/// A RequantShift behind a Gemm whose numbers differ between rows becomes one for
/// every row; others stay as they are.
llvm::LogicalResult splitRequantRows(onnx::GraphProto &graph, const Namer &namer);

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_REQUANTROWS_H
