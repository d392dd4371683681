//===- ONNX.h - ONNX files to the real family ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_ONNX_H
#define QBIAS_IMPORT_ONNX_H

#include "qbias/Import/ImportOptions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/MemoryBufferRef.h"

namespace qbias {

/// Imports a float or QDQ model as one `func.func @main` of real-family
/// operations. Names of nodes and tensors become locations, activations keep
/// the layout and the integer types of the file, weights become resources. The
/// file is not trusted: anything wrong with it is an error, named after the
/// node or tensor, and a null module.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(llvm::MemoryBufferRef file,
                                             mlir::MLIRContext *context,
                                             const ImportOptions &options);

/// True when the bytes begin like an ONNX model (no byte is copied, the graph
/// itself is not read).
bool looksLikeOnnx(llvm::MemoryBufferRef file);

} // namespace qbias

#endif // QBIAS_IMPORT_ONNX_H
