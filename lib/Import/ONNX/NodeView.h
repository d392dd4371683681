//===- NodeView.h - one ONNX node, as its import function sees it ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_ONNX_NODEVIEW_H
#define QBIAS_LIB_IMPORT_ONNX_NODEVIEW_H

#include "Importer.h"

#include "qbias/Dialect/QBias/IR/QBias.h"

namespace qbias::onnximport {

/// Inputs, attributes and results of a node. What returns a failure has
/// emitted the error.
class NodeView : public Layer {
public:
  NodeView(Importer &importer, const onnx::NodeProto &proto)
      : Layer(importer.getBuilder(), importer.getBudget(),
              importer.getNamer().getNode(proto), Namer::opTypeOf(proto)),
        importer(importer), proto(proto) {}

  Importer &getImporter() const { return importer; }
  int64_t getOpset() const { return importer.getOpset(); }
  llvm::StringRef getOpType() const { return proto.op_type(); }

  //===--- inputs ---------------------------------------------------------===//

  unsigned getNumInputs() const { return proto.input_size(); }
  bool hasInput(unsigned index) const;
  llvm::StringRef getInputName(unsigned index) const;
  /// "input 'x'", for errors.
  std::string inputText(unsigned index) const;
  /// The input as found; null after an error.
  ImportedTensor *getInput(unsigned index) const;
  /// The input's value, real or quantized.
  mlir::FailureOr<mlir::Value> getValue(unsigned index) const;
  /// The input's value; an error when it is not real.
  mlir::FailureOr<mlir::Value> getReal(unsigned index) const;
  /// The input when it is a constant; null when it is computed, or after an
  /// error.
  const ConstantTensor *getConstant(unsigned index) const;
  /// The input, which must be a constant; `role` says what for.
  mlir::FailureOr<const ConstantTensor *> needConstant(unsigned index,
                                                       llvm::StringRef role) const;
  /// Elements of a constant integer input of rank 0 or 1.
  mlir::FailureOr<llvm::SmallVector<int64_t>> needIntegers(unsigned index,
                                                           llvm::StringRef role) const;
  /// The single element of a constant float input.
  mlir::FailureOr<double> needReal(unsigned index, llvm::StringRef role) const;

  //===--- attributes -----------------------------------------------------===//

  bool hasAttr(llvm::StringRef name) const { return findAttr(name); }
  /// Read an attribute; an absent one leaves `value` as it is.
  llvm::LogicalResult read(llvm::StringRef name, int64_t &value) const;
  llvm::LogicalResult read(llvm::StringRef name, double &value) const;
  llvm::LogicalResult read(llvm::StringRef name, std::string &value) const;
  llvm::LogicalResult read(llvm::StringRef name,
                           llvm::SmallVectorImpl<int64_t> &value) const;
  llvm::LogicalResult read(llvm::StringRef name,
                           llvm::SmallVectorImpl<double> &value) const;
  const onnx::TensorProto *getTensorAttr(llvm::StringRef name) const;
  /// Integers that older operator sets have as an attribute, newer ones as an
  /// input; nullopt when neither is there.
  mlir::FailureOr<std::optional<llvm::SmallVector<int64_t>>>
  readIntegers(llvm::StringRef attribute, unsigned input) const;

  //===--- results --------------------------------------------------------===//

  unsigned getNumOutputs() const { return proto.output_size(); }
  llvm::StringRef getOutputName(unsigned index) const;
  /// Location named after the first output: quantize and dequantize.
  mlir::Location getOutputLoc() const;
  llvm::LogicalResult setResult(unsigned index, mlir::Value value) const;
  llvm::LogicalResult setResult(unsigned index, ConstantTensor constant) const;
  /// The same; a failure stays one.
  llvm::LogicalResult setResult(unsigned index, mlir::FailureOr<mlir::Value> value) const;
  llvm::LogicalResult setResult(unsigned index,
                                mlir::FailureOr<ConstantTensor> constant) const;
  /// The result is the input itself.
  llvm::LogicalResult forward(unsigned input) const;

private:
  const onnx::AttributeProto *findAttr(llvm::StringRef name) const;
  const onnx::AttributeProto *findAttr(llvm::StringRef name,
                                       onnx::AttributeProto::AttributeType type,
                                       llvm::LogicalResult &status) const;

  Importer &importer;
  const onnx::NodeProto &proto;
};

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_NODEVIEW_H
