//===- AssignModes.h - the mode of every integer operation ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_DIALECT_QBIAS_TRANSFORMS_ASSIGNMODES_H
#define QBIAS_LIB_DIALECT_QBIAS_TRANSFORMS_ASSIGNMODES_H

#include "qbias/Dialect/QBias/IR/QBias.h"

namespace qbias {

/// Sets the mode of every integer operation that ends in a quantize: `mode`, for
/// the layers named in `layers` ("NAME=MODE") their own, and for layers with a
/// bias what `bias` asks for. Emits an error for names it does not know.
llvm::LogicalResult assignModes(mlir::ModuleOp module, llvm::StringRef mode,
                                llvm::ArrayRef<std::string> layers, llvm::StringRef bias);

/// The mode that `layers` (NAME=MODE) give a layer, else `mode`.
llvm::StringRef getModeName(mlir::Operation *op, llvm::StringRef mode,
                            llvm::ArrayRef<std::string> layers);

} // namespace qbias

#endif // QBIAS_LIB_DIALECT_QBIAS_TRANSFORMS_ASSIGNMODES_H
