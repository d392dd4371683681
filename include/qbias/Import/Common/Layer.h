//===- Layer.h - building what one operator of a file means ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_COMMON_LAYER_H
#define QBIAS_IMPORT_COMMON_LAYER_H

#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Import/Common/Subject.h"

#include "mlir/IR/Builders.h"

namespace qbias::importing {

/// Memory an import may take for copies of constants, so that a small file
/// cannot ask for more than a model of its size has use for.
class MemoryBudget {
public:
  explicit MemoryBudget(size_t fileSize);
  /// Accounts for `bytes`; an error about `subject` when they are too many.
  llvm::LogicalResult charge(int64_t bytes, const Subject &subject);
  /// Another file of the model.
  void grow(size_t fileSize);

private:
  int64_t left;
};

/// One operator of the file: where its operations go, what they are named and
/// marked with, and what errors about it say. What returns a failure has
/// emitted the error.
class Layer {
public:
  /// `source`: the operator as the file spells it.
  Layer(mlir::OpBuilder &builder, MemoryBudget &budget, Subject subject,
        llvm::StringRef source)
      : subject(std::move(subject)), builder(builder), budget(budget), source(source) {}

  mlir::OpBuilder &getBuilder() const { return builder; }
  const Subject &getSubject() const { return subject; }
  mlir::Location getLoc() const { return subject.getLoc(); }
  llvm::StringRef getSource() const { return source; }

  llvm::LogicalResult reject(const llvm::Twine &what, const llvm::Twine &expected,
                             const llvm::Twine &got,
                             const llvm::Twine &advice = {}) const {
    return subject.reject(what, expected, got, advice);
  }
  llvm::LogicalResult charge(int64_t bytes) const {
    return budget.charge(bytes, subject);
  }

  /// Makes an operation that computes what the operator says, marked with it.
  template <typename OpTy, typename... Args>
  OpTy create(mlir::Location loc, Args &&...args) const {
    auto op = OpTy::create(builder, loc, std::forward<Args>(args)...);
    mark(op);
    return op;
  }
  /// Marks an operation with the operator it computes.
  void mark(mlir::Operation *op) const {
    op->setDiscardableAttr(QBiasDialect::kSourceAttr, builder.getStringAttr(source));
  }
  /// A tensor type within the limits.
  mlir::FailureOr<mlir::RankedTensorType> makeType(llvm::ArrayRef<int64_t> shape,
                                                   mlir::Type element) const;

  /// An axis in [-rank, rank) as one in [0, rank).
  mlir::FailureOr<int64_t> normalizeAxis(int64_t axis, int64_t rank) const;
  /// The same for a list, each axis at most once.
  mlir::FailureOr<llvm::SmallVector<int64_t>> normalizeAxes(llvm::ArrayRef<int64_t> axes,
                                                            int64_t rank) const;

protected:
  Subject subject;

private:
  mlir::OpBuilder &builder;
  MemoryBudget &budget;
  llvm::StringRef source;
};

/// Shape of a tensor value.
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getShape();
}
inline mlir::Type elementOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

} // namespace qbias::importing

#endif // QBIAS_IMPORT_COMMON_LAYER_H
