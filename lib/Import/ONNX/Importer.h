//===- Importer.h - state of one ONNX import ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_ONNX_IMPORTER_H
#define QBIAS_LIB_IMPORT_ONNX_IMPORTER_H

#include "Graph.h"
#include "OtherFiles.h"
#include "TensorDecoder.h"

#include "qbias/Import/Common/ImportedTensor.h"
#include "qbias/Import/ImportOptions.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"

#include <list>

namespace qbias::onnximport {

/// Imports one model. Nodes are imported by the functions of Operators.h, which
/// see this class through NodeView.
class Importer {
public:
  Importer(mlir::MLIRContext *context, llvm::StringRef file, size_t fileSize,
           const ImportOptions &options);
  /// Null after an error.
  mlir::OwningOpRef<mlir::ModuleOp> import(const onnx::ModelProto &model);

  mlir::OpBuilder &getBuilder() { return builder; }
  MemoryBudget &getBudget() { return budget; }
  /// A tensor of the file, decoded, its elements wherever they are.
  mlir::FailureOr<ConstantTensor> decodeTensor(const onnx::TensorProto &tensor,
                                               const Subject &subject);
  const Namer &getNamer() const { return namer; }
  const Graph &getGraph() const { return graph; }
  int64_t getOpset() const { return opset; }

  /// The tensor of that name; initializers are decoded on first use. Null
  /// after an error.
  ImportedTensor *find(llvm::StringRef name, const Subject &user);
  /// The tensor's value; a float constant becomes an arith.constant.
  mlir::FailureOr<mlir::Value> getValue(llvm::StringRef name, const Subject &user);
  /// Records what a node computes, after comparing its shape with what the
  /// file says about the tensor.
  llvm::LogicalResult define(llvm::StringRef name, ImportedTensor tensor,
                             const Subject &node);

private:
  llvm::LogicalResult readOpset(const onnx::ModelProto &model);
  llvm::LogicalResult checkOptions();
  llvm::LogicalResult addInput(const onnx::ValueInfoProto &input);
  mlir::FailureOr<llvm::SmallVector<int64_t>>
  readInputShape(const onnx::ValueInfoProto &input, const Subject &subject);
  llvm::LogicalResult importNode(const onnx::NodeProto &node);
  llvm::LogicalResult addOutputs(const onnx::GraphProto &proto);
  llvm::LogicalResult addSignature(const onnx::GraphProto &proto);

  mlir::OpBuilder builder;
  Namer namer;
  const ImportOptions &options;
  Graph graph;
  mlir::func::FuncOp function;
  llvm::StringMap<ImportedTensor> tensors;
  int64_t opset = 0;
  MemoryBudget budget;
  ExternalData external;
  /// Constants refer to their elements; a list keeps them in place.
  std::list<onnx::TensorProto> externalTensors;
};

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_IMPORTER_H
