//===- OperatorView.h - one operator of a TensorFlow Lite file ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_TFLITE_OPERATORVIEW_H
#define QBIAS_LIB_IMPORT_TFLITE_OPERATORVIEW_H

#include "Importer.h"

namespace qbias::tfliteimport {

/// Inputs, options and outputs of an operator, each access checked. Errors name
/// the operator and its first output.
class OperatorView : public importing::Layer {
public:
  OperatorView(Importer &importer, const fb::Operator &op, fb::BuiltinOperator code,
               llvm::StringRef source, Subject subject)
      : Layer(importer.getBuilder(), importer.getBudget(), std::move(subject), source),
        importer(importer), op(op), code(code) {}

  Importer &getImporter() const { return importer; }
  fb::BuiltinOperator getCode() const { return code; }
  const fb::Operator &getFile() const { return op; }

  unsigned getNumInputs() const { return op.inputs()->size(); }
  unsigned getNumOutputs() const { return op.outputs()->size(); }
  /// An optional input may have no tensor.
  bool hasInput(unsigned index) const {
    return index < getNumInputs() && op.inputs()->Get(index) >= 0;
  }
  FileTensor *getInput(unsigned index) const;
  FileTensor *getOutput(unsigned index = 0) const;
  /// "input 'x'".
  std::string inputText(unsigned index) const;

  /// The options of the operator. An error when it has others or none.
  template <typename T>
  mlir::FailureOr<const T *> getOptions() const {
    if (const T *options = op.template options_as<T>())
      return options;
    return reject("options", "those of this operator", "none or others",
                  "the file is damaged");
  }

  /// Real numbers of an input: dequantized, or float as they are.
  mlir::FailureOr<mlir::Value> getReal(unsigned index) const;
  /// Real numbers of a constant with these parameters (none: float).
  mlir::FailureOr<mlir::Value>
  getReal(const ConstantTensor &constant,
          const std::optional<QuantParameters> &quantization) const;
  /// A constant input of any type.
  mlir::FailureOr<const ConstantTensor *> getConstant(unsigned index,
                                                      llvm::StringRef what) const;
  /// A constant input of int32 or int64, at most 4096 of them.
  mlir::FailureOr<llvm::SmallVector<int64_t>> getIntegers(unsigned index,
                                                          llvm::StringRef what) const;
  /// The same with one element.
  mlir::FailureOr<int64_t> getInteger(unsigned index, llvm::StringRef what) const;

  /// Defines an output: what is real is quantized to the tensor's type.
  llvm::LogicalResult setReal(mlir::Value real, unsigned index = 0) const;
  /// The same behind a fused activation.
  llvm::LogicalResult setActivated(mlir::Value real, fb::Activation activation) const;
  /// Defines an output of indices.
  llvm::LogicalResult setIndices(mlir::Value indices) const;
  llvm::LogicalResult setConstant(ConstantTensor constant) const;

private:
  llvm::LogicalResult checkShape(const FileTensor &tensor,
                                 llvm::ArrayRef<int64_t> shape) const;

  Importer &importer;
  const fb::Operator &op;
  fb::BuiltinOperator code;
};

} // namespace qbias::tfliteimport

#endif // QBIAS_LIB_IMPORT_TFLITE_OPERATORVIEW_H
