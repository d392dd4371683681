//===- Bench.cpp - the bench command ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Commands.h"
#include "qbias/Driver/Program.h"
#include "qbias/Driver/Report.h"

using namespace mlir;
using namespace qbias;

/// Times of every step of `module`, compiled once more so that they can be told
/// apart.
static std::vector<runtime::StepTimes> measureLayers(ModuleOp module,
                                                     const BenchCommand &command) {
  std::vector<std::pair<std::string, int64_t>> layers = countMacsOfLayers(module);
  CompileOptions options = command.options;
  options.certified = options.eachStep = true;
  std::unique_ptr<Program> program = Program::compile(module, options);
  if (!program)
    return {};
  std::vector<runtime::StepTimes> steps = runtime::measureSteps(*program, command.runs);
  // Layers and their steps are in the same order; several may share a name.
  for (runtime::StepTimes &step : steps) {
    auto layer = llvm::find_if(layers, [&](const auto &other) {
      return other.second && other.first == step.name;
    });
    if (layer != layers.end())
      step.macs = std::exchange(layer->second, 0);
  }
  return steps;
}

int qbias::runBench(const BenchCommand &command) {
  DialectRegistry registry;
  registerForDriver(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  DiagnosticPrinter printer(&context, command.model);
  OwningOpRef<ModuleOp> module = loadModel(command.model, &context, command.options);
  if (!module || failed(lowerTo(*module, Stage::Integer, command.options)))
    return kExitBadInput;
  int64_t macs = countMacs(*module);
  OwningOpRef<ModuleOp> copy = command.perLayer ? module->clone() : nullptr;
  CompileOptions options = command.options;
  options.certified = true;
  std::unique_ptr<Program> program = Program::compile(*module, options);
  if (!program)
    return kExitBadInput;
  std::string error;
  std::optional<runtime::Times> times = runtime::measure(*program, command.runs, error);
  if (!times) {
    emitError(module->getLoc()) << error;
    return kExitBadInput;
  }
  std::vector<runtime::StepTimes> steps;
  if (copy)
    steps = measureLayers(*copy, command);
  if (copy && steps.empty())
    return kExitBadInput;
  llvm::outs() << runtime::formatBench(*times, steps, macs, command.format == "json");
  return kExitOk;
}
