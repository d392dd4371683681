//===- Pipelines.cpp - named pipelines ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Pipelines/Pipelines.h"

#include "qbias/Codegen/Passes.h"
#include "qbias/Conversion/Passes.h"
#include "qbias/Dialect/QBias/Transforms/Passes.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace qbias;

void qbias::buildIntegerizePipeline(OpPassManager &pm, const PipelineOptions &options) {
  if (options.observe)
    pm.addNestedPass<func::FuncOp>(createObserveTensors());
  pm.addNestedPass<func::FuncOp>(createDecompose());
  pm.addNestedPass<func::FuncOp>(createSinkTransposes());
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(createFoldScales());
  pm.addNestedPass<func::FuncOp>(createPropagateScales());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  MaterializeBiasOptions materialize;
  materialize.bias = options.bias;
  materialize.requant = options.requant;
  materialize.requantLayers = llvm::to_vector(options.requantLayers);
  pm.addNestedPass<func::FuncOp>(createMaterializeBias(materialize));
  FuseRequantOptions fuse;
  fuse.requant = options.requant;
  fuse.bias = options.bias;
  fuse.requantLayers = llvm::to_vector(options.requantLayers);
  pm.addPass(createFuseRequant(fuse));
  pm.addPass(createCSEPass());
  pm.addPass(createCertify());
}

/// Options of a pass that makes code for the pipeline's machine.
template <typename PassOptions>
static PassOptions forMachine(const PipelineOptions &options) {
  PassOptions result;
  result.triple = options.triple;
  result.cpu = options.cpu;
  result.features = options.features;
  return result;
}

/// Float requantizations were asked for; nothing else turns the check off.
static bool allowsFloat(const PipelineOptions &options) {
  return options.requant == "float" || options.bias == "float" ||
         llvm::any_of(options.requantLayers, [](const std::string &layer) {
           return StringRef(layer).ends_with("=float");
         });
}

void qbias::buildToLinalgPipeline(OpPassManager &pm, const PipelineOptions &options) {
  if (!options.trusted) {
    CertifyOptions verify;
    verify.verifyOnly = true;
    pm.addPass(createCertify(verify));
  }
  if (!allowsFloat(options))
    pm.addPass(createVerifyIntegerOnly());
  pm.addPass(createConvertQBiasToLinalg());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addNestedPass<func::FuncOp>(
      createFormGroups(forMachine<FormGroupsOptions>(options)));
  if (options.plan == "auto" || options.plan == "pair8")
    pm.addPass(createOrderChannels(forMachine<OrderChannelsOptions>(options)));
  auto plan = forMachine<PlanKernelsOptions>(options);
  plan.plan = options.plan;
  plan.smallWeights = options.smallWeights;
  plan.threads = options.threads;
  pm.addPass(createPlanKernels(plan));
}

static void addBufferization(OpPassManager &pm) {
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(createCanonicalizerPass());
  pm.addPass(bufferization::createOneShotBufferizePass(bufferize));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

static void addLLVMConversions(OpPassManager &pm) {
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  ConvertFuncToLLVMPassOptions func;
  func.useBarePtrCallConv = true;
  pm.addPass(createConvertFuncToLLVMPass(func));
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

void qbias::buildToLLVMPipeline(OpPassManager &pm, const PipelineOptions &options) {
  if (!allowsFloat(options))
    pm.addPass(createVerifyIntegerOnly());
  auto kernels = forMachine<LowerKernelsOptions>(options);
  kernels.threads = options.threads;
  pm.addPass(createLowerKernels(kernels));
  addBufferization(pm);
  pm.addNestedPass<func::FuncOp>(createPlanMemory());
  if (options.threads > 1 || options.eachStep) {
    SplitPhasesOptions phases;
    phases.threads = options.threads;
    phases.eachStep = options.eachStep;
    pm.addPass(createSplitPhases(phases));
  }
  pm.addNestedPass<func::FuncOp>(
      createVectorizeLookups(forMachine<VectorizeLookupsOptions>(options)));
  pm.addNestedPass<func::FuncOp>(createScheduleLoops());
  pm.addPass(createConvertLinalgToLoopsPass());
  pm.addPass(memref::createFoldMemRefAliasOpsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createLoopInvariantCodeMotionPass());
  addLLVMConversions(pm);
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  EmitEntryOptions entry;
  entry.name = options.name;
  entry.sizeBits = options.sizeBits;
  pm.addPass(createEmitEntry(entry));
  if (!allowsFloat(options))
    pm.addPass(createVerifyIntegerOnly());
}

void qbias::registerPipelines() {
  PassPipelineRegistration<PipelineOptions>(
      "qbias-integerize",
      "Quantized real family to integer operations: scales, bias, fusion, certificate.",
      buildIntegerizePipeline);
  PassPipelineRegistration<PipelineOptions>(
      "qbias-to-linalg-pipeline", "Certified integer operations to linalg on tensors.",
      buildToLinalgPipeline);
  PassPipelineRegistration<PipelineOptions>(
      "qbias-to-llvm-pipeline", "linalg integer operations to the LLVM dialect.",
      buildToLLVMPipeline);
}
