//===- CSource.h - an integer program as readable C99 ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_TARGET_CSOURCE_H
#define QBIAS_TARGET_CSOURCE_H

#include "qbias/Runtime/Description.h"

#include "mlir/IR/BuiltinOps.h"

namespace qbias {

/// What a source has beside the program.
struct CSourceOptions {
  bool hasSelfTest = false;       ///< NAME_selftest, a test of every layer
  bool hasNarrowProducts = false; ///< requantization in 32 bits where that is proven
};

/// The source, and what its header declares beside the program.
struct CSource {
  std::string text, declarations;
};

/// `main` of a certified integer-stage module as one C99 file: a function for
/// each layer, named after it, and the entry point of docs/Abi.md. Needs
/// stdint.h, string.h and the program's header, which is included as `header`, or
/// stands in the file where `header` is empty.
/// Sets `description.workspaceBytes`. Emits an error and fails on operations and
/// requantizations that have no C form, and on tensors an int cannot index.
mlir::FailureOr<CSource> emitC(mlir::ModuleOp module, runtime::Description &description,
                               llvm::StringRef header, CSourceOptions options = {});

} // namespace qbias

#endif // QBIAS_TARGET_CSOURCE_H
