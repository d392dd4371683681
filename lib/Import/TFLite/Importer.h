//===- Importer.h - TensorFlow Lite subgraph to function ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_TFLITE_IMPORTER_H
#define QBIAS_LIB_IMPORT_TFLITE_IMPORTER_H

#include "Schema_generated.h"

#include "qbias/Import/Common/ImportedTensor.h"
#include "qbias/Import/Common/QuantParameters.h"
#include "qbias/Import/ImportOptions.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace qbias::tfliteimport {

using importing::ConstantTensor;
using importing::DataType;
using importing::MemoryBudget;
using importing::QuantParameters;
using importing::Subject;

/// A tensor of the file. What it says is checked when it is first used.
struct FileTensor {
  const fb::Tensor *file = nullptr;
  std::string name; ///< unique; made up where the file has none
  bool isRead = false;
  DataType type = DataType::Undefined;
  llvm::SmallVector<int64_t> shape;
  std::optional<QuantParameters> quantization;
  std::optional<ConstantTensor> constant;
  mlir::Value value; ///< f32 or quantized, once it is computed

  bool isFloat() const { return type == DataType::Float; }
  /// "int8[1, 8, 8, 3]".
  std::string describe() const;
};

/// Builds the module. Tensors live as long as the importer; buffers stay in the
/// file.
class Importer {
public:
  Importer(mlir::MLIRContext *context, llvm::StringRef path, size_t fileSize,
           const ImportOptions &options);
  /// Null after an error.
  mlir::OwningOpRef<mlir::ModuleOp> import(const fb::Model &model);

  mlir::OpBuilder &getBuilder() { return builder; }
  MemoryBudget &getBudget() { return budget; }
  mlir::Location getLoc(llvm::StringRef name) const;

  /// The tensor of that index, its fields checked. Null after an error.
  FileTensor *getTensor(int64_t index, const Subject &user);

  /// A layer that computes in float. Legal only in a model without integers;
  /// `what` says where the float comes from.
  void noteFloatLayer(const Subject &layer, std::string what);

private:
  llvm::LogicalResult readGraph(const fb::Model &model);
  llvm::LogicalResult readTensor(FileTensor &tensor, const Subject &subject);
  llvm::LogicalResult readShape(FileTensor &tensor, const Subject &subject);
  llvm::LogicalResult readQuantization(FileTensor &tensor, const Subject &subject);
  llvm::LogicalResult readConstant(FileTensor &tensor, const Subject &subject);
  llvm::LogicalResult addInputs();
  bool fixShape(FileTensor &tensor, int32_t index);
  llvm::LogicalResult importOperator(const fb::Operator &op);
  llvm::LogicalResult addOutputs();
  llvm::LogicalResult checkFloatLayers();

  mlir::OpBuilder builder;
  std::string path;
  const ImportOptions &options;
  MemoryBudget budget;
  Subject fileSubject;
  const fb::Model *model = nullptr;
  const fb::SubGraph *graph = nullptr;
  std::vector<FileTensor> tensors;
  mlir::func::FuncOp function;
  std::optional<std::pair<Subject, std::string>> floatLayer;
  bool isQuantized = false;
};

/// The name of a builtin operator.
std::string nameOf(fb::BuiltinOperator code);

} // namespace qbias::tfliteimport

#endif // QBIAS_LIB_IMPORT_TFLITE_IMPORTER_H
