//===- TFLite.h - TensorFlow Lite files to the real family ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_TFLITE_H
#define QBIAS_IMPORT_TFLITE_H

#include "qbias/Import/ImportOptions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/MemoryBufferRef.h"

namespace qbias {

/// The first subgraph of a TensorFlow Lite file as one `func.func @main`, its
/// operators between dequantize and quantize, names as NameLocs. Constants
/// are copied out of `file`. Null after a diagnostic.
mlir::OwningOpRef<mlir::ModuleOp> importTflite(llvm::MemoryBufferRef file,
                                               mlir::MLIRContext *context,
                                               const ImportOptions &options);

/// The identifier of TensorFlow Lite files, TFL3, is in its place.
bool looksLikeTflite(llvm::MemoryBufferRef file);

} // namespace qbias

#endif // QBIAS_IMPORT_TFLITE_H
