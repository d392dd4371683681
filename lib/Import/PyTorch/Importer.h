//===- Importer.h - state of one PyTorch import ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_PYTORCH_IMPORTER_H
#define QBIAS_LIB_IMPORT_PYTORCH_IMPORTER_H

#include "Graph.h"
#include "TensorStore.h"

#include "qbias/Import/Common/ImportedTensor.h"
#include "qbias/Import/ImportOptions.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OwningOpRef.h"

namespace qbias::pytorchimport {

/// Imports one program. Nodes are imported by the functions of Operators.h, which
/// see this class through NodeView.
class Importer {
public:
  Importer(mlir::MLIRContext *context, const Namer &namer, TensorStore &store,
           MemoryBudget &budget, const ImportOptions &options)
      : builder(context), namer(namer), store(store), budget(budget), options(options) {}
  /// Null after an error.
  mlir::OwningOpRef<mlir::ModuleOp> import();

  mlir::OpBuilder &getBuilder() { return builder; }
  MemoryBudget &getBudget() { return budget; }
  const Namer &getNamer() const { return namer; }
  const Graph &getGraph() const { return graph; }

  /// The tensor of that name; stored tensors are loaded on first use. Null after
  /// an error.
  ImportedTensor *find(llvm::StringRef name, const Subject &user);
  /// The tensor's value; a float constant becomes an arith.constant.
  mlir::FailureOr<mlir::Value> getValue(llvm::StringRef name, const Subject &user);
  /// Records what a node computes, after comparing its shape with what the file
  /// says about the tensor.
  llvm::LogicalResult define(llvm::StringRef name, ImportedTensor tensor,
                             const Subject &node);
  /// Symbolic integers: all have a value once the batch has one.
  void defineInteger(llvm::StringRef name, int64_t value) { integers[name] = value; }
  std::optional<int64_t> findInteger(llvm::StringRef name) const;

private:
  llvm::LogicalResult checkOptions() const;
  llvm::LogicalResult checkOperators();
  Subject getSource(llvm::StringRef kind, llvm::StringRef name) const;
  llvm::LogicalResult addInput(const GraphInput &input);
  mlir::FailureOr<llvm::SmallVector<int64_t>>
  readInputShape(const GraphInput &input, const llvm::json::Array &sizes,
                 const Subject &subject);
  mlir::FailureOr<int64_t> readOpenExtent(const llvm::json::Value &size, size_t index,
                                          const Subject &subject);
  llvm::LogicalResult importNode(const Node &node);
  llvm::LogicalResult addOutputs();
  llvm::LogicalResult addSignature();

  mlir::OpBuilder builder;
  const Namer &namer;
  TensorStore &store;
  MemoryBudget &budget;
  const ImportOptions &options;
  Graph graph;
  mlir::func::FuncOp function;
  llvm::StringMap<std::string> keys; // of stored tensors
  llvm::StringMap<ImportedTensor> tensors;
  llvm::StringMap<int64_t> integers;
  llvm::SmallVector<std::string> userInputs;
};

} // namespace qbias::pytorchimport

#endif // QBIAS_LIB_IMPORT_PYTORCH_IMPORTER_H
