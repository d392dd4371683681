//===- Graph.h - names and order of an ONNX graph ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_ONNX_GRAPH_H
#define QBIAS_LIB_IMPORT_ONNX_GRAPH_H

#include "OnnxProto.h"

#include "qbias/Import/Common/Subject.h"

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/StringMap.h"

#include <vector>

namespace qbias::onnximport {
using namespace qbias::importing;

/// Makes locations and subjects out of names of the file.
class Namer {
public:
  Namer(mlir::MLIRContext *context, llvm::StringRef file)
      : context(context), file(file.empty() ? "<onnx>" : file) {}
  mlir::Location getLoc() const;
  mlir::Location getLoc(llvm::StringRef name) const;
  Subject getFile() const;
  /// `kind`: "graph input", "initializer", ...
  Subject getTensor(llvm::StringRef kind, llvm::StringRef name) const;
  Subject getNode(const onnx::NodeProto &node) const;
  /// The name of a node, or of its first output when it has none.
  static llvm::StringRef nameOf(const onnx::NodeProto &node);
  /// The operator of the file: an expanded node names the one it comes from.
  static llvm::StringRef opTypeOf(const onnx::NodeProto &node);
  /// The name in a location made here, or nothing.
  static llvm::StringRef nameOf(mlir::Location loc);

private:
  mlir::MLIRContext *context;
  std::string file;
};

/// Who defines each tensor of a graph, and an order of the nodes.
class Graph {
public:
  /// Fails when a tensor is defined twice or not at all, or on a cycle.
  static mlir::FailureOr<Graph> get(const onnx::GraphProto &proto, const Namer &namer);

  /// The nodes that graph outputs and quantized tensors need, producers first,
  /// else in file order.
  llvm::ArrayRef<const onnx::NodeProto *> getNodes() const { return order; }
  /// The initializer of that name or null.
  const onnx::TensorProto *getInitializer(llvm::StringRef name) const;
  /// The node that computes the tensor or null.
  const onnx::NodeProto *getProducer(llvm::StringRef name) const;
  /// Graph inputs that are not initializers, in file order.
  llvm::ArrayRef<const onnx::ValueInfoProto *> getInputs() const { return inputs; }
  /// What the file says about a tensor, or null.
  const onnx::TypeProto *getDeclaredType(llvm::StringRef name) const;

private:
  llvm::LogicalResult define(const onnx::GraphProto &proto, const Namer &namer);
  llvm::LogicalResult checkUses(const onnx::GraphProto &proto, const Namer &namer) const;
  llvm::LogicalResult sort(const onnx::GraphProto &proto, const Namer &namer);
  std::vector<bool> findNeeded(const onnx::GraphProto &proto) const;

  llvm::StringMap<const onnx::TensorProto *> initializers;
  llvm::StringMap<const onnx::TypeProto *> declaredTypes;
  llvm::StringMap<int> producers; // index of the node
  llvm::StringMap<const onnx::ValueInfoProto *> inputNames;
  std::vector<const onnx::ValueInfoProto *> inputs;
  std::vector<const onnx::NodeProto *> order;
  const onnx::GraphProto *proto = nullptr;
};

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_GRAPH_H
