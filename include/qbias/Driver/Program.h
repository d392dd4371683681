//===- Program.h - a compiled program in this process ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DRIVER_PROGRAM_H
#define QBIAS_DRIVER_PROGRAM_H

#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Driver/Model.h"
#include "qbias/Runtime/Pool.h"
#include "qbias/Runtime/Session.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"

#include <memory>

namespace qbias {

/// One input or output of the integer program, in the file's own terms.
using TensorInfo = runtime::Tensor;
/// The inputs and outputs of `main`.
using Interface = runtime::Interface;

/// Reads the interface off an integer-stage module; emits an error when `main`
/// is missing or still has float arguments.
mlir::FailureOr<Interface> getInterface(mlir::ModuleOp module);

/// A program compiled for this machine.
class Program : public runtime::Executable {
public:
  /// Lowers `module` (import or integer stage, changed in place) and compiles
  /// it. Null after a diagnostic.
  static std::unique_ptr<Program> compile(mlir::ModuleOp module,
                                          const CompileOptions &options);

  const Interface &interface() const override { return tensors; }
  int64_t workspaceBytes() const { return workspace.size(); }

  int run(const std::vector<const void *> &inputs,
          const std::vector<void *> &outputs) override;
  std::vector<std::string> steps() const override { return phaseNames; }
  int runTimed(const std::vector<const void *> &inputs,
               const std::vector<void *> &outputs, std::vector<double> &ms) override;

private:
  int runPhases(const std::vector<const void *> &inputs,
                const std::vector<void *> &outputs,
                llvm::function_ref<void(int64_t)> onPhase);

  Interface tensors;
  /// Outlives the engine, which gives its memory back.
  std::unique_ptr<llvm::SectionMemoryManager::MemoryMapper> memory;
  std::unique_ptr<mlir::ExecutionEngine> engine;
  void (*entry)(void **) = nullptr;
  void (*phaseEntry)(void **) = nullptr; ///< with threads, or steps
  std::unique_ptr<runtime::Pool> pool;
  std::vector<std::string> phaseNames;
  std::vector<char> workspace;
};

} // namespace qbias

#endif // QBIAS_DRIVER_PROGRAM_H
