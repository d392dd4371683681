//===- MemoryPlan.h - where tensors lie in the workspace ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DRIVER_MEMORYPLAN_H
#define QBIAS_DRIVER_MEMORYPLAN_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/JSON.h"

namespace qbias {

/// The memory plan of a lowered program: `memory` of docs/Report.md.
llvm::json::Object describeMemoryPlan(mlir::LLVM::LLVMFuncOp main);

/// The plan of a report as an SVG picture: a rectangle for each buffer, from the
/// step that makes it to the last that reads it, at its addresses.
void printMemoryPlan(const llvm::json::Object &report, llvm::raw_ostream &os);

} // namespace qbias

#endif // QBIAS_DRIVER_MEMORYPLAN_H
