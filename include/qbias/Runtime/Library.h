//===- Library.h - a compiled program in a shared library ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_RUNTIME_LIBRARY_H
#define QBIAS_RUNTIME_LIBRARY_H

#include "qbias/Runtime/Session.h"

#include <memory>

namespace qbias::runtime {

/// Symbols a compiled library exports next to its entry point: its description
/// as JSON, and the entry point with its pointers in one array.
inline constexpr const char *kDescriptionSymbol = "qbias_program_description";
inline constexpr const char *kRunSymbol = "qbias_program_run";

/// True when `path` names a shared library; the name alone decides.
bool namesLibrary(std::string_view path);

/// A program loaded from a shared library that `qbias compile` wrote.
class Library : public Executable {
public:
  ~Library() override;
  /// Null, and `error` set to "what, got, expected; what to do", when the file
  /// cannot be loaded, is no compiled program, or its description is wrong.
  static std::unique_ptr<Library> open(const std::string &path, std::string &error);

  const Description &description() const { return program; }
  const Interface &interface() const override { return tensors; }
  int run(const std::vector<const void *> &inputs,
          const std::vector<void *> &outputs) override;

private:
  using Entry = int (*)(void *const *pointers, void *workspace, size_t bytes);

  void *handle = nullptr;
  Entry entry = nullptr;
  Description program;
  Interface tensors;
  void *workspace = nullptr;
};

} // namespace qbias::runtime

#endif // QBIAS_RUNTIME_LIBRARY_H
