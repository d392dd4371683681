//===- Pipelines.h - named pipelines ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_PIPELINES_PIPELINES_H
#define QBIAS_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace qbias {

/// Options of the pipelines; the same names as the driver's.
struct PipelineOptions : public mlir::PassPipelineOptions<PipelineOptions> {
  Option<std::string> requant{*this, "requant",
                              llvm::cl::desc("Requantization mode: exact, single, "
                                             "tflite, float or shift."),
                              llvm::cl::init("exact")};
  ListOption<std::string> requantLayers{*this, "requant-layer",
                                        llvm::cl::desc("NAME=MODE: mode of one layer.")};
  Option<std::string> bias{*this, "bias",
                           llvm::cl::desc("Bias: residue, or for comparison int32, int8 "
                                          "or float (docs/Bias.md)."),
                           llvm::cl::init("residue")};
  Option<bool> observe{*this, "observe",
                       llvm::cl::desc("Return every quantized tensor of the file."),
                       llvm::cl::init(false)};
  Option<bool> trusted{
      *this, "trusted",
      llvm::cl::desc("Certificates were made in this process; do not prove "
                     "them again before code generation."),
      llvm::cl::init(false)};
  Option<std::string> plan{
      *this, "plan",
      llvm::cl::desc("Kernels of contractions: auto, reference, or one plan."),
      llvm::cl::init("auto")};
  Option<std::string> triple{*this, "target",
                             llvm::cl::desc("Target triple; empty: this machine's."),
                             llvm::cl::init("")};
  Option<std::string> cpu{
      *this, "target-cpu",
      llvm::cl::desc("Target cpu, or native; empty: the least of the triple."),
      llvm::cl::init("")};
  Option<std::string> features{*this, "target-features",
                               llvm::cl::desc("Target features."), llvm::cl::init("")};
  Option<bool> smallWeights{
      *this, "small-weights",
      llvm::cl::desc("The plan auto makes no weights larger for speed."),
      llvm::cl::init(false)};
  Option<int64_t> threads{*this, "threads",
                          llvm::cl::desc("Threads that may share a program."),
                          llvm::cl::init(1)};
  Option<bool> eachStep{*this, "each-step",
                        llvm::cl::desc("Phases are single operations, to be timed."),
                        llvm::cl::init(false)};
  Option<std::string> name{*this, "name",
                           llvm::cl::desc("Name of the program's entry point."),
                           llvm::cl::init("qbias")};
  Option<unsigned> sizeBits{*this, "size-bits",
                            llvm::cl::desc("Bits of size_t on the target."),
                            llvm::cl::init(64)};
};

/// Real family -> certified integer family.
void buildIntegerizePipeline(mlir::OpPassManager &pm, const PipelineOptions &options);
/// Certified integer family -> linalg integer operations on tensors.
void buildToLinalgPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);
/// linalg -> LLVM dialect with a checked entry point.
void buildToLLVMPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);

/// Registers --qbias-integerize, --qbias-to-linalg-pipeline,
/// --qbias-to-llvm-pipeline.
void registerPipelines();

} // namespace qbias

#endif // QBIAS_PIPELINES_PIPELINES_H
