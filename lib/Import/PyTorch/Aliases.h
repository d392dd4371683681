//===- Aliases.h - who shares a tensor's memory ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_PYTORCH_ALIASES_H
#define QBIAS_LIB_IMPORT_PYTORCH_ALIASES_H

#include "Graph.h"

namespace qbias::pytorchimport {

/// Tracks which names are one tensor object (an in-place operator returns its
/// operand) and which objects share memory (views).
class Graph::Aliases {
public:
  /// A tensor of its own.
  void define(llvm::StringRef name);
  /// A view of another one.
  void defineView(llvm::StringRef name, llvm::StringRef of);
  /// An in-place operator's result: `operand` is `name` from now on. Views of the
  /// same memory must not be read any more; `writer` says why.
  void write(llvm::StringRef name, llvm::StringRef operand, llvm::StringRef writer);

  bool isDefined(llvm::StringRef name) const { return objects.contains(name); }
  /// The name that holds the object's present value.
  llvm::StringRef getCurrent(llvm::StringRef name) const;
  /// The operator that wrote the memory of this tensor through another view, or
  /// "".
  llvm::StringRef getWriter(llvm::StringRef name) const;

private:
  struct Object {
    size_t memory;
    std::string current, writer;
  };
  llvm::StringMap<size_t> objects; // index of the object
  std::vector<Object> table;
  std::vector<std::vector<size_t>> sharers; // objects of each memory
};

} // namespace qbias::pytorchimport

#endif // QBIAS_LIB_IMPORT_PYTORCH_ALIASES_H
