//===- Optimize.cpp - the passes of LLVM a program needs ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM's own O3 is made for source code: it looks for calls to inline, for scalars to
// put into vectors and for loops to unroll in kernels that are written as unrolled
// vector code, seven times over. What follows makes programs as fast in a quarter of
// its time.
//
//===----------------------------------------------------------------------===//

#include "qbias/Target/Optimize.h"

#include "mlir/ExecutionEngine/OptUtils.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"

using namespace qbias;

/// Of the module: what functions do not do. Without unwinding they need no tables for it.
static constexpr llvm::StringLiteral kModulePasses = "inferattrs,cgscc(function-attrs)";

#define QBIAS_INSTCOMBINE "instcombine<max-iterations=1;no-verify-fixpoint>"

/// Of kernels: functions that are not to be inlined. Their loops are turned so that
/// they test at the end, addresses are computed once and outside of loops.
static constexpr llvm::StringLiteral kKernelPasses =
    "early-cse<memssa>," QBIAS_INSTCOMBINE ",simplifycfg,"
    "loop-mssa(loop-rotate,licm<allowspeculation>),loop(indvars),gvn," QBIAS_INSTCOMBINE
    ",loop-mssa(licm<allowspeculation>),simplifycfg";

/// Of other functions: the loops of layers without a plan also become vectors.
static constexpr llvm::StringLiteral kLoopPasses =
    "sroa,early-cse<memssa>," QBIAS_INSTCOMBINE ",simplifycfg,"
    "loop-mssa(loop-instsimplify,loop-simplifycfg,loop-rotate,licm<allowspeculation>),"
    "simplifycfg,loop(loop-idiom,indvars,loop-deletion,loop-unroll-full),"
    "gvn," QBIAS_INSTCOMBINE
    ",loop-vectorize,slp-vectorizer,vector-combine,loop-unroll<O3>," QBIAS_INSTCOMBINE
    ",loop-mssa(licm<allowspeculation>),simplifycfg";

/// LLVM's pipeline without optimization.
static constexpr unsigned kNoOptLevel = 0;

namespace {

/// A pass builder and the analyses its passes ask for.
struct Optimizer {
  explicit Optimizer(llvm::TargetMachine &machine) : builder(&machine) {
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
  }

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder;
};

} // namespace

llvm::Error qbias::optimizeModule(llvm::Module &module, llvm::TargetMachine &machine) {
  if (machine.getOptLevel() == llvm::CodeGenOptLevel::None)
    return mlir::makeOptimizingTransformer(kNoOptLevel, /*sizeLevel=*/0,
                                           &machine)(&module);
  Optimizer optimizer(machine);
  llvm::ModulePassManager modulePasses;
  if (llvm::Error error =
          optimizer.builder.parsePassPipeline(modulePasses, kModulePasses))
    return error;
  modulePasses.run(module, optimizer.modules);
  llvm::FunctionPassManager kernelPasses, loopPasses;
  if (llvm::Error error =
          optimizer.builder.parsePassPipeline(kernelPasses, kKernelPasses))
    return error;
  if (llvm::Error error = optimizer.builder.parsePassPipeline(loopPasses, kLoopPasses))
    return error;
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    bool isKernel = function.hasFnAttribute(llvm::Attribute::NoInline);
    (isKernel ? kernelPasses : loopPasses).run(function, optimizer.functions);
    optimizer.functions.clear(function, function.getName());
  }
  return llvm::Error::success();
}
