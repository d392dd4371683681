//===- Commands.h - the commands of the qbias program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DRIVER_COMMANDS_H
#define QBIAS_DRIVER_COMMANDS_H

#include "qbias/Driver/Model.h"
#include "qbias/Runtime/Session.h"

#include <string>
#include <utility>
#include <vector>

namespace qbias {

/// Exit codes of every command.
using runtime::kExitBadInput;
using runtime::kExitOk;
using runtime::kExitUsage;

struct CompileCommand {
  std::string model, output, certificate;
  std::string
      emit; ///< mlir, mlirbc, ll, o, so, c, json; empty: by the extension of `output`
  std::string linker;
  Stage stage = Stage::LLVM;
  bool verifyIntegerOnly = false; ///< disassemble what was written
  bool selfTest = false;          ///< of C: NAME_selftest
  bool narrowProducts = false;    ///< of C: 32-bit products where they are proven
  CompileOptions options;
};

struct RunCommand {
  runtime::RunRequest request;
  CompileOptions options;
};

struct ReportCommand {
  std::string model;
  runtime::RunRequest data;    ///< arrays to measure on, if any
  std::string format = "text"; ///< text, json, html
  std::string output;          ///< empty: stdout
  CompileOptions options;
};

struct BenchCommand {
  std::string model;
  std::string format = "text"; ///< text, json
  int64_t runs = 20;
  bool perLayer = false; ///< time every step of the program, too
  CompileOptions options;
};

/// Each returns an exit code after printing what went wrong.
int runCompile(const CompileCommand &command);
int runRun(const RunCommand &command);
int runReport(const ReportCommand &command);
int runBench(const BenchCommand &command);

} // namespace qbias

#endif // QBIAS_DRIVER_COMMANDS_H
