//===- InputForms.h - forms in which kernels read tensors ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CODEGEN_INPUTFORMS_H
#define QBIAS_LIB_CODEGEN_INPUTFORMS_H

#include "Group.h"

#include "llvm/ADT/DenseSet.h"

namespace qbias {

/// Tensors whose elements kernels need wider, or moved:
///
///   %f = linalg.generic ins(%x) { (x + added) sign-extended to bits }
///
/// What makes %x may write %f in its place; layers are lowered from the last to the
/// first.
class InputForms {
public:
  struct Form {
    mlir::Value tensor;
    unsigned bits;
    int64_t added; ///< to every element, modulo its bits
    mlir::linalg::GenericOp op;
  };

  /// A tensor that a kernel will make.
  void addResult(mlir::Value result) { results.insert(result); }
  /// A kernel makes it, and one operation alone reads it, or what is padded of it.
  bool isMadeForOne(mlir::Value input) const;
  /// `tensor` in a form; itself where the form changes nothing.
  mlir::Value get(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value tensor,
                  unsigned bits, int64_t added);
  /// A value that a kernel makes: its result in some form.
  struct Made {
    ResultForm form;
    mlir::Value value;
  };
  /// What the kernel of a group makes of `result`: every form in which that is read, at
  /// least one. Other forms of its tensor are none of all() from then on.
  llvm::SmallVector<Made> takeAll(const Group &group, mlir::Value result);
  /// Erases what `value` was made of behind `end`, as far as nothing reads it.
  static void eraseUnread(mlir::Value value, mlir::Operation *end);
  /// Lets elementwise operations whose result is read in one form alone make that, and
  /// forgets those forms.
  void takeElementwise(mlir::RewriterBase &rewriter);
  /// Those that nobody took.
  llvm::ArrayRef<Form> all() const { return forms; }

private:
  llvm::SmallVector<Form> take(mlir::Value tensor);

  llvm::DenseSet<mlir::Value> results;
  llvm::SmallVector<Form> forms;
};

} // namespace qbias

#endif // QBIAS_LIB_CODEGEN_INPUTFORMS_H
