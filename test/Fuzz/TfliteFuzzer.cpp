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

#include "ImportTarget.h"

#include "qbias/Import/TFLite.h"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // Flatbuffers are read in place: the copy is aligned, and ends where the data does.
  std::string bytes(reinterpret_cast<const char *>(data), size);
  llvm::MemoryBufferRef file(bytes, "fuzz.tflite");
  (void)qbias::looksLikeTflite(file);
  requireModuleOrError(file, [](llvm::MemoryBufferRef input, mlir::MLIRContext *context) {
    return qbias::importTflite(input, context, {});
  });
  return 0;
}
