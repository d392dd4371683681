//===- Run.cpp - the run command ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Commands.h"
#include "qbias/Driver/Files.h"
#include "qbias/Driver/Program.h"

using namespace mlir;
using namespace qbias;

int qbias::runRun(const RunCommand &command) {
  const std::string &model = command.request.model;
  DialectRegistry registry;
  registerForDriver(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  DiagnosticPrinter printer(&context, model);
  CompileOptions options = command.options;
  options.observe = !command.request.dumpDir.empty();
  OwningOpRef<ModuleOp> module = loadModel(model, &context, options);
  if (!module)
    return kExitBadInput;
  if (options.observe && getStage(*module) != Stage::Import) {
    printError(model, "--dump-dir needs the source model, got a lowered module");
    return kExitBadInput;
  }
  std::unique_ptr<Program> program = Program::compile(*module, options);
  if (!program)
    return kExitBadInput;
  return runtime::runSession(*program, command.request);
}
