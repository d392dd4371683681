//===- CSelfTest.h - a program that checks itself, in C ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_TARGET_CSELFTEST_H
#define QBIAS_LIB_TARGET_CSELFTEST_H

#include "qbias/Runtime/Description.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/raw_ostream.h"

namespace qbias {

/// A call of a layer's function.
struct SelfTestCall {
  std::string text;
  mlir::Value result; ///< null where no layer of the model is computed
  std::string place;  ///< C expression of the result's address
};

/// Size and prototype of the test, for the header.
std::string declareSelfTest(const runtime::Description &description);

/// Prints `int NAME_selftest(void *workspace, size_t workspace_bytes, const char
/// **layer)`: an input that is stored, the calls one by one, and after each the
/// checksum of its result, from what the integer operations mean (Interpreter.h).
/// `parameters` are the entry's, inputs first.
llvm::LogicalResult writeSelfTest(mlir::func::FuncOp func,
                                  const runtime::Description &description,
                                  llvm::ArrayRef<SelfTestCall> calls,
                                  llvm::ArrayRef<std::string> parameters,
                                  llvm::raw_ostream &os);

} // namespace qbias

#endif // QBIAS_LIB_TARGET_CSELFTEST_H
