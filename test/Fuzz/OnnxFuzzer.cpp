//===- OnnxFuzzer.cpp - arbitrary bytes as an ONNX model ------------------===//
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

#include "ImportTarget.h"

#include "qbias/Import/ONNX.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef bytes(reinterpret_cast<const char *>(data), size);
  llvm::MemoryBufferRef file(bytes, "fuzz.onnx");
  (void)qbias::looksLikeOnnx(file);
  requireModuleOrError(file, [](llvm::MemoryBufferRef input, mlir::MLIRContext *context) {
    return qbias::importOnnx(input, context, {});
  });
  return 0;
}
