//===- Subject.h - what an error is about ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_COMMON_SUBJECT_H
#define QBIAS_IMPORT_COMMON_SUBJECT_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"

#include <string>

namespace qbias::importing {

/// A node or tensor of the file: its location and the words that name it.
class Subject {
public:
  Subject(mlir::Location loc, std::string words) : loc(loc), words(std::move(words)) {}

  /// Emits "words: what, expected X, got Y; advice". Always failure.
  llvm::LogicalResult reject(const llvm::Twine &what, const llvm::Twine &expected,
                             const llvm::Twine &got,
                             const llvm::Twine &advice = {}) const;

  mlir::Location getLoc() const { return loc; }
  /// What errors begin with: "Conv 'stem'".
  const std::string &getWords() const { return words; }

private:
  mlir::Location loc;
  std::string words;
};

/// "[1, 3, 8, 8]".
std::string text(llvm::ArrayRef<int64_t> shape);

/// A name of the file between quotes, shortened when it is absurdly long.
std::string quoted(llvm::StringRef name);

/// Shortest decimal text of a number.
std::string realText(double value);

} // namespace qbias::importing

#endif // QBIAS_IMPORT_COMMON_SUBJECT_H
