//===- qbias-opt.cpp - the optimizer driver ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/InitAll.h"
#include "qbias/Interpreter/Passes.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  qbias::registerDialects(registry);
  qbias::registerPasses();
  qbias::registerQBiasInterpreterPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "qbias optimizer driver\n", registry));
}
