//===- NodeView.h - one node, as its import function sees it ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_PYTORCH_NODEVIEW_H
#define QBIAS_LIB_IMPORT_PYTORCH_NODEVIEW_H

#include "Importer.h"

namespace qbias::pytorchimport {

/// Arguments and results of a node. Arguments are found by the name they have in
/// the operator's schema; the file leaves out those equal to their default. What
/// returns a failure has emitted the error.
class NodeView : public Layer {
public:
  NodeView(Importer &importer, const Node &node)
      : Layer(importer.getBuilder(), importer.getBudget(),
              importer.getGraph().getSubject(node, importer.getNamer()),
              builderText(importer, node)),
        importer(importer), node(node) {}

  Importer &getImporter() const { return importer; }
  const Node &getNode() const { return node; }
  llvm::StringRef getOp() const { return node.op; }

  //===--- tensors --------------------------------------------------------===//

  /// True when the argument is there and is not None.
  bool has(llvm::StringRef argument) const;
  /// Name of the tensor an argument names, "" when it is none.
  llvm::StringRef getTensorName(llvm::StringRef argument) const;
  /// "argument 'weight' ('b_weight')", for errors.
  std::string argumentText(llvm::StringRef argument) const;
  /// The argument as found; null after an error.
  ImportedTensor *getInput(llvm::StringRef argument) const;
  /// The argument's value, real or quantized.
  mlir::FailureOr<mlir::Value> getValue(llvm::StringRef argument) const;
  /// The argument's value; an error when it is not real.
  mlir::FailureOr<mlir::Value> getReal(llvm::StringRef argument) const;
  /// The argument, which must be a constant; `role` says what for.
  mlir::FailureOr<const ConstantTensor *> needConstant(llvm::StringRef argument,
                                                       llvm::StringRef role) const;
  /// Fails where weights are quantized and the program quantizes nothing else.
  llvm::LogicalResult checkActivation(llvm::StringRef argument, mlir::Value weight) const;
  /// Names of a list of tensors.
  mlir::FailureOr<llvm::SmallVector<llvm::StringRef>>
  getTensorNames(llvm::StringRef argument) const;

  //===--- numbers --------------------------------------------------------===//

  /// Read an argument; an absent one leaves `value` as it is.
  llvm::LogicalResult read(llvm::StringRef argument, int64_t &value) const;
  llvm::LogicalResult read(llvm::StringRef argument, bool &value) const;
  llvm::LogicalResult read(llvm::StringRef argument, double &value) const;
  llvm::LogicalResult read(llvm::StringRef argument, std::string &value) const;
  llvm::LogicalResult read(llvm::StringRef argument,
                           llvm::SmallVectorImpl<int64_t> &values) const;
  llvm::LogicalResult read(llvm::StringRef argument,
                           llvm::SmallVectorImpl<double> &values) const;
  /// A list with an entry from `min` on per spatial dimension, or one for all; an
  /// absent one leaves `values` as they are.
  llvm::LogicalResult readExtents(llvm::StringRef argument, size_t count, int64_t min,
                                  llvm::SmallVectorImpl<int64_t> &values) const;
  /// An argument without default.
  llvm::LogicalResult need(llvm::StringRef argument, int64_t &value) const;
  llvm::LogicalResult need(llvm::StringRef argument, double &value) const;
  llvm::LogicalResult need(llvm::StringRef argument,
                           llvm::SmallVectorImpl<int64_t> &values) const;
  /// An element type, as torch.dtype.
  llvm::LogicalResult read(llvm::StringRef argument, DataType &value) const;
  /// True when the argument is a number instead of a tensor.
  bool isNumber(llvm::StringRef argument) const;

  //===--- results --------------------------------------------------------===//

  unsigned getNumOutputs() const { return node.outputs.size(); }
  llvm::LogicalResult setResult(unsigned index, mlir::Value value) const;
  llvm::LogicalResult setResult(unsigned index, ConstantTensor constant) const;
  /// The same; a failure stays one.
  llvm::LogicalResult setResult(unsigned index, mlir::FailureOr<mlir::Value> value) const;
  llvm::LogicalResult setResult(unsigned index,
                                mlir::FailureOr<ConstantTensor> constant) const;
  /// The result is the argument itself.
  llvm::LogicalResult forward(llvm::StringRef argument) const;

private:
  static llvm::StringRef builderText(Importer &importer, const Node &node) {
    return importer.getBuilder().getStringAttr(node.spelling()).getValue();
  }
  llvm::StringRef resolve(llvm::StringRef name) const;
  /// The argument's union of that kind; null when absent or None, or of another
  /// kind, which is an error.
  const llvm::json::Value *findArgument(llvm::StringRef argument,
                                        llvm::ArrayRef<llvm::StringRef> kinds,
                                        llvm::StringRef expected,
                                        llvm::LogicalResult &status) const;
  std::optional<int64_t> readInteger(const llvm::json::Value &value) const;
  llvm::LogicalResult missing(llvm::StringRef argument) const;

  Importer &importer;
  const Node &node;
};

} // namespace qbias::pytorchimport

#endif // QBIAS_LIB_IMPORT_PYTORCH_NODEVIEW_H
