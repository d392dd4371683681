//===- PyTorch.h - .pt2 files to the real family ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_PYTORCH_H
#define QBIAS_IMPORT_PYTORCH_H

#include "qbias/Import/ImportOptions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/MemoryBufferRef.h"

namespace qbias {

/// Imports a program written by torch.export.save, quantized by PT2E or float,
/// as one `func.func @main` of real-family operations. Names of the graph's
/// nodes become locations, activations keep the layout and the integer types of
/// the file. Weights that nothing reads are not loaded. The file is not trusted:
/// anything wrong with it is an error, named after the node or tensor, and a
/// null module.
mlir::OwningOpRef<mlir::ModuleOp> importPyTorch(llvm::MemoryBufferRef file,
                                                mlir::MLIRContext *context,
                                                const ImportOptions &options);

/// True when the bytes begin like a zip archive.
bool looksLikePyTorch(llvm::MemoryBufferRef file);

} // namespace qbias

#endif // QBIAS_IMPORT_PYTORCH_H
