//===- Parameters.h - a program's numbers, for other hardware ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DRIVER_PARAMETERS_H
#define QBIAS_DRIVER_PARAMETERS_H

#include "qbias/Driver/OutputFiles.h"
#include "qbias/Runtime/Description.h"

#include "mlir/IR/BuiltinOps.h"

namespace qbias {

/// Writes `main` of a certified integer-stage module as JSON to `path`
/// (docs/Parameters.md), and every constant as a .npy file in a folder beside it.
/// Prints what goes wrong.
bool emitParameters(mlir::ModuleOp module, const runtime::Description &description,
                    const std::string &path, OutputFiles &files);

} // namespace qbias

#endif // QBIAS_DRIVER_PARAMETERS_H
