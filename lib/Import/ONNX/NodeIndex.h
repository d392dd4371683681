//===- NodeIndex.h - who makes and reads a tensor of a graph ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_ONNX_NODEINDEX_H
#define QBIAS_LIB_IMPORT_ONNX_NODEINDEX_H

#include "Graph.h"

#include "llvm/ADT/StringMap.h"

namespace qbias::onnximport {

/// The tensors of a graph by name. Points into the graph.
struct NodeIndex {
  explicit NodeIndex(const onnx::GraphProto &graph);

  llvm::StringMap<const onnx::NodeProto *> producers;
  llvm::StringMap<const onnx::TensorProto *> constants; ///< initializers, Constants
  llvm::StringMap<unsigned> uses;                       ///< by nodes, and as outputs
};

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_NODEINDEX_H
