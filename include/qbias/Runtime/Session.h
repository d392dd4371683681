//===- Session.h - run a program on arrays, and measure it ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the commands run and bench do with a program, whether it was compiled in
// this process or loaded from a shared library.
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_RUNTIME_SESSION_H
#define QBIAS_RUNTIME_SESSION_H

#include "qbias/Runtime/Samples.h"

namespace qbias::runtime {

inline constexpr int kExitOk = 0, kExitBadInput = 1, kExitUsage = 2;

/// Inputs and outputs of a program, in the order of its entry point.
struct Interface {
  std::vector<Tensor> inputs, outputs;
};

/// What is wrong when an entry point returns `status` (docs/Abi.md), and what to do.
std::string describeStatus(int status);

/// A program that can be run.
class Executable {
public:
  virtual ~Executable() = default;
  virtual const Interface &interface() const = 0;
  /// Runs once on raw integers: one pointer for each input and output. Returns
  /// the entry point's status (docs/Abi.md).
  virtual int run(const std::vector<const void *> &inputs,
                  const std::vector<void *> &outputs) = 0;

  /// Names of the steps that runTimed() tells apart; empty: it cannot.
  virtual std::vector<std::string> steps() const { return {}; }
  /// run(), and the milliseconds of every step.
  virtual int runTimed(const std::vector<const void *> &inputs,
                       const std::vector<void *> &outputs, std::vector<double> &) {
    return run(inputs, outputs);
  }
};

/// What the run command was asked for.
struct RunRequest {
  std::string model, dumpDir, labels;
  std::vector<NamedFile> inputs, outputs;
  bool raw = false, realBoundary = false, quiet = false;
  std::string inputOption = "--input"; ///< that `inputs` were given with
};

/// All input arrays, the same number of samples in each. Prints what is wrong.
std::optional<std::vector<Samples>> readInputs(const Interface &interface,
                                               const RunRequest &request);

/// A bar on a terminal, nothing elsewhere.
class Progress {
public:
  Progress(int64_t total, bool quiet);
  void step(int64_t done);

private:
  int64_t total;
  bool shown;
};

/// Reads the inputs, runs every sample, writes outputs and dumps, prints top-1.
/// Returns an exit code.
int runSession(Executable &program, const RunRequest &request);

/// Milliseconds of runs, ascending: by the clock, and of processor time of all
/// threads, which other programs on the machine disturb less.
struct Times {
  std::vector<double> wall, processor;
};

/// One step of a program, by the clock.
struct StepTimes {
  std::string name;
  int64_t macs = 0;
  std::vector<double> wall; ///< of runs, ascending
};

/// Measures runs on zero inputs after one warm-up. nullopt when a run fails.
std::optional<Times> measure(Executable &program, int64_t runs, std::string &error);

/// The same of every step of a program that has been measured; empty when it cannot tell.
std::vector<StepTimes> measureSteps(Executable &program, int64_t runs);

/// The bench command's line and a table of steps, or a JSON object.
std::string formatBench(const Times &times, const std::vector<StepTimes> &steps,
                        int64_t macs, bool json);

} // namespace qbias::runtime

#endif // QBIAS_RUNTIME_SESSION_H
