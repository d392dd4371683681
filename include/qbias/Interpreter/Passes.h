//===- Passes.h - passes that run the interpreter ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_INTERPRETER_PASSES_H
#define QBIAS_INTERPRETER_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace qbias {

#define GEN_PASS_DECL
#include "qbias/Interpreter/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "qbias/Interpreter/Passes.h.inc"

} // namespace qbias

#endif // QBIAS_INTERPRETER_PASSES_H
