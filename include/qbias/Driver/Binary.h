//===- Binary.h - object files, libraries and their headers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DRIVER_BINARY_H
#define QBIAS_DRIVER_BINARY_H

#include "qbias/Driver/Commands.h"
#include "qbias/Driver/OutputFiles.h"
#include "qbias/Runtime/Description.h"

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace qbias {

/// What a program says of itself, but for `workspaceBytes`, which lowering
/// finds out. `module` is at the stage import, integer or linalg; emits an error
/// and fails when its ends are not integers.
mlir::FailureOr<runtime::Description> describeProgram(mlir::ModuleOp module,
                                                      const CompileCommand &command);

/// Writes a module of the stage LLVM as `emit` (ll, o, so), an object with its
/// header beside it. Prints what goes wrong.
bool emitBinary(mlir::ModuleOp module, llvm::StringRef emit,
                runtime::Description description, llvm::TargetMachine &machine,
                const CompileCommand &command, OutputFiles &files);

/// Writes a certified module of the stage integer as C99 with its header beside
/// it; standard output gets one file with both.
bool emitSource(mlir::ModuleOp module, runtime::Description description,
                const CompileCommand &command, OutputFiles &files);

} // namespace qbias

#endif // QBIAS_DRIVER_BINARY_H
