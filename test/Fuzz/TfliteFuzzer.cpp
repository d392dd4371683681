//===- TfliteFuzzer.cpp - arbitrary bytes as a TensorFlow Lite file -------===//
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

#include "qbias/Import/TFLite.h"
#include "qbias/InitAll.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mlir::DialectRegistry registry;
  qbias::registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  bool hasError = false;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    hasError |= diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error;
    return mlir::success();
  });
  // Flatbuffers are read in place: the copy is aligned, and ends where the data does.
  std::string bytes(reinterpret_cast<const char *>(data), size);
  llvm::MemoryBufferRef file(bytes, "fuzz.tflite");
  (void)qbias::looksLikeTflite(file);
  mlir::OwningOpRef<mlir::ModuleOp> module = qbias::importTflite(file, &context, {});
  // A null module without an error would be a failure nobody is told about.
  if (!module != hasError)
    std::abort();
  if (module && mlir::failed(mlir::verify(*module)))
    std::abort();
  return 0;
}
