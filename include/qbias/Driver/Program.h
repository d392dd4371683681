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
#include "qbias/Runtime/Npy.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"

#include <memory>

namespace qbias {

/// One input or output of the integer program, in the file's own terms.
struct TensorInfo {
  std::string name;
  runtime::DType dtype = runtime::DType::Int8;
  std::vector<int64_t> shape;
  mlir::quant::QuantizedType type; ///< null: an accumulator, see scales
  bool isReal = false;             ///< the file's own end is float
  bool isUnused = false;           ///< an input nothing reads
  bool isObserved = false;         ///< not an output of the file
  std::string producer;            ///< whose formula quantizes it (N2b)
  /// Of an accumulator: real = acc * scale + offset along `axis`, one or one
  /// per channel; then the steps of `tail`.
  std::vector<double> scales, offsets;
  std::optional<int64_t> axis;
  mlir::ArrayAttr tail;

  int64_t elements() const;
};

/// The inputs and outputs of `main` of an integer-stage module.
struct Interface {
  std::vector<TensorInfo> inputs, outputs;
};

/// Reads the interface off an integer-stage module; emits an error when `main`
/// is missing or still has float arguments.
mlir::FailureOr<Interface> getInterface(mlir::ModuleOp module);

/// A program compiled for this machine.
class Program {
public:
  /// Lowers `module` (import or integer stage, changed in place) and compiles
  /// it. Null after a diagnostic.
  static std::unique_ptr<Program> compile(mlir::ModuleOp module,
                                          const CompileOptions &options);

  const Interface &interface() const { return tensors; }
  int64_t workspaceBytes() const { return workspace.size(); }

  /// Runs once on raw integers: one pointer for each input and output. Returns
  /// the entry point's status (docs/Abi.md).
  int run(llvm::ArrayRef<const void *> inputs, llvm::ArrayRef<void *> outputs);

private:
  Interface tensors;
  std::unique_ptr<mlir::ExecutionEngine> engine;
  void (*entry)(void **) = nullptr;
  std::vector<char> workspace;
};

/// N2b: float32 values to the file's integers by the producer's own float32
/// formula, or exactly (`real`, N2). Fails with a message on NaN.
bool quantizeInput(const TensorInfo &tensor, llvm::ArrayRef<float> values, bool real,
                   char *integers, std::string &error);

/// Integers to float32: (q - z) * s in float32, or the accumulator formula.
void dequantizeOutput(const TensorInfo &tensor, const char *integers,
                      llvm::MutableArrayRef<float> values);

} // namespace qbias

#endif // QBIAS_DRIVER_PROGRAM_H
