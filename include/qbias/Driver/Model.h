//===- Model.h - from a file to a compiled program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DRIVER_MODEL_H
#define QBIAS_DRIVER_MODEL_H

#include "qbias/Import/ImportOptions.h"
#include "qbias/Target/Machine.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace qbias {

/// Stages a module goes through.
enum class Stage { Import, Integer, Linalg, LLVM };

struct CompileOptions {
  ImportOptions import;
  std::string requant = "exact";          ///< mode of every layer
  std::vector<std::string> requantLayers; ///< NAME=MODE
  std::string bias = "residue";
  std::string name = "qbias"; ///< of the entry point
  int64_t threads = 1;        ///< that may share the program
  bool eachStep = false;      ///< steps that can be timed, also on one thread
  bool smallWeights = false;  ///< no larger weights for speed
  std::string plan = "auto";  ///< kernels: auto, reference, or one plan
  bool observe = false;       ///< return every quantized tensor of the file
  MachineOptions machine;     ///< code is made for; without a cpu its least
  unsigned sizeBits = 64;     ///< of size_t on that machine
  bool certified = false;     ///< this process certified or proved the module
  std::string remarks;        ///< regular expression of remarks to print, if any
};

/// Everything the driver registers: dialects, interfaces, translations.
void registerForDriver(mlir::DialectRegistry &registry);

/// Prints diagnostics as `file: layer: message` on `os` while alive. Counts
/// errors; remarks go to the context's own engine.
class DiagnosticPrinter {
public:
  DiagnosticPrinter(mlir::MLIRContext *context, std::string file,
                    llvm::raw_ostream &os = llvm::errs());
  ~DiagnosticPrinter();
  int errors() const { return errorCount; }

private:
  mlir::MLIRContext *context;
  std::string file;
  llvm::raw_ostream &os;
  mlir::DiagnosticEngine::HandlerID handler;
  int errorCount = 0;
};

/// Reads `path`, finds its format from its content (ONNX, MLIR text or
/// bytecode) and imports it. Remarks that `options` ask for are printed from here
/// on. Null after a diagnostic.
mlir::OwningOpRef<mlir::ModuleOp> loadModel(const std::string &path,
                                            mlir::MLIRContext *context,
                                            const CompileOptions &options);

/// The stage a module is in.
Stage getStage(mlir::ModuleOp module);

/// Brings a module to `stage`; certificates that came with the file are proven
/// again. Fails after a diagnostic.
llvm::LogicalResult lowerTo(mlir::ModuleOp module, Stage stage,
                            const CompileOptions &options);

} // namespace qbias

#endif // QBIAS_DRIVER_MODEL_H
