//===- ImportTarget.h - what a fuzzed importer has to do ------------------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The importer gives a module that verifies, or an error and nothing; it never
// fails otherwise, whatever the bytes are.
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_TEST_FUZZ_IMPORTTARGET_H
#define QBIAS_TEST_FUZZ_IMPORTTARGET_H

#include "qbias/InitAll.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/MemoryBufferRef.h"

#include <cstdlib>

/// Aborts unless `import(file, context)` gives a module that verifies, or an error and
/// nothing.
template <typename Import>
void requireModuleOrError(llvm::MemoryBufferRef file, Import import) {
  mlir::DialectRegistry registry;
  qbias::registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  bool hasError = false;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    hasError |= diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error;
    return mlir::success();
  });
  mlir::OwningOpRef<mlir::ModuleOp> module = import(file, &context);
  // A null module without an error would be a failure nobody is told about.
  if (!module != hasError)
    std::abort();
  if (module && mlir::failed(mlir::verify(*module)))
    std::abort();
}

#endif // QBIAS_TEST_FUZZ_IMPORTTARGET_H
