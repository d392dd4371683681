//===- DataReport.h - a report's layers on data ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DRIVER_DATAREPORT_H
#define QBIAS_DRIVER_DATAREPORT_H

#include "qbias/Driver/Model.h"
#include "qbias/Runtime/Session.h"

#include "llvm/Support/JSON.h"

namespace qbias {

/// Compiles a certified module of the stage integer with every layer's operands
/// and result among its outputs, runs it on the arrays of `request`, and adds
/// `data` (docs/Report.md) to the report that was made of `module`, and to its
/// layers: how far each is from the exact meaning and from float32 on the
/// integers the program itself gave it. False after an error was printed.
bool addData(llvm::json::Object &report, mlir::ModuleOp module,
             const CompileOptions &options, const runtime::RunRequest &request);

} // namespace qbias

#endif // QBIAS_DRIVER_DATAREPORT_H
