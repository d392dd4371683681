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

#include "llvm/Support/FormatVariadic.h"

#include <chrono>
#include <sys/resource.h>

using namespace mlir;
using namespace qbias;

/// Peak resident memory of this process in bytes.
static int64_t getPeakBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  constexpr int64_t kKiB = 1024;
  return usage.ru_maxrss * kKiB;
}

/// Milliseconds of each run on zero inputs, after one warm-up.
static std::vector<double> measure(Program &program, int64_t runs) {
  std::vector<std::vector<char>> buffers;
  auto allocate = [&](const TensorInfo &tensor) {
    buffers.emplace_back(tensor.elements() * runtime::dtypeSize(tensor.dtype));
    return buffers.back().data();
  };
  std::vector<const void *> inputs;
  std::vector<void *> outputs;
  for (const TensorInfo &tensor : program.interface().inputs)
    inputs.push_back(allocate(tensor));
  for (const TensorInfo &tensor : program.interface().outputs)
    outputs.push_back(allocate(tensor));
  std::vector<double> times;
  for (int64_t i = 0; i <= runs; ++i) {
    auto start = std::chrono::steady_clock::now();
    program.run(inputs, outputs);
    std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    if (i > 0)
      times.push_back(elapsed.count());
  }
  std::sort(times.begin(), times.end());
  return times;
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
  llvm::json::Object report = makeReport(*module, command.model, {}, 0);
  int64_t macs = report.getObject("totals")->getInteger("macs").value_or(0);
  CompileOptions options = command.options;
  options.certified = true;
  std::unique_ptr<Program> program = Program::compile(*module, options);
  if (!program)
    return kExitBadInput;
  std::vector<double> times = measure(*program, command.runs);
  double min = times.front(), median = times[times.size() / 2];
  constexpr double kMacsPerMsPerGmac = 1e6;
  double gmacs = macs / min / kMacsPerMsPerGmac;
  if (command.format == "json")
    llvm::outs() << llvm::formatv("{0:2}\n", llvm::json::Value(llvm::json::Object{
                                                 {"min_ms", min},
                                                 {"median_ms", median},
                                                 {"gmacs", gmacs},
                                                 {"macs", macs},
                                                 {"runs", command.runs},
                                                 {"peak_rss_bytes", getPeakBytes()}}));
  else
    llvm::outs() << llvm::formatv("{0:F3} ms min, {1:F3} ms median of {2} runs, {3:F2} "
                                  "GMAC/s, peak memory {4:F1} MB\n",
                                  min, median, command.runs, gmacs, getPeakBytes() / 1e6);
  return kExitOk;
}
