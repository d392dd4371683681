//===- Model.cpp - from a file to a compiled program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Model.h"

#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Import/ONNX.h"
#include "qbias/Import/PyTorch.h"
#include "qbias/Import/TFLite.h"
#include "qbias/InitAll.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/Verifier.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace qbias;

void qbias::registerForDriver(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerDialects(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

//===----------------------------------------------------------------------===//
// Diagnostics
//===----------------------------------------------------------------------===//

/// "name: " of a layer or tensor, or "line:column: " of a text file.
static std::string getPlace(Location loc) {
  if (std::string name = getTensorName(loc); !name.empty())
    return name + ": ";
  if (auto position = dyn_cast<FileLineColLoc>(loc); position && position.getLine())
    return std::to_string(position.getLine()) + ":" +
           std::to_string(position.getColumn()) + ": ";
  return {};
}

static StringRef getPrefix(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Error:
    return "error: ";
  case DiagnosticSeverity::Warning:
    return "warning: ";
  case DiagnosticSeverity::Note:
    return "note: ";
  case DiagnosticSeverity::Remark:
    return "remark: ";
  }
  return {};
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context, std::string file,
                                     llvm::raw_ostream &os)
    : context(context), file(std::move(file)), os(os) {
  handler = context->getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
    bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
    errorCount += isError;
    auto print = [&](Diagnostic &d) {
      StringRef prefix = d.getSeverity() == DiagnosticSeverity::Error
                             ? StringRef()
                             : getPrefix(d.getSeverity());
      this->os << this->file << ": " << prefix << getPlace(d.getLocation()) << d.str()
               << "\n";
    };
    print(diagnostic);
    for (Diagnostic &note : diagnostic.getNotes())
      if (isError)
        print(note);
    return success();
  });
}

DiagnosticPrinter::~DiagnosticPrinter() {
  context->getDiagEngine().eraseHandler(handler);
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

static Location getFileLoc(MLIRContext *context, StringRef path) {
  return FileLineColLoc::get(context, path, 0, 0);
}

/// Text that could be MLIR: printable, and one of the words a module starts
/// with.
static bool looksLikeMlir(StringRef bytes) {
  StringRef head = bytes.take_front(4096);
  if (llvm::any_of(head, [](char c) { return static_cast<unsigned char>(c) < 9; }))
    return false;
  return bytes.contains("module") || bytes.contains("func.func") ||
         bytes.contains("builtin.module") || bytes.contains("llvm.func");
}

/// Remarks whose category matches become diagnostics of the context.
static LogicalResult enableRemarks(MLIRContext *context, const std::string &filter) {
  if (filter.empty())
    return success();
  // In MLIR 22.1.8 `all` alone enables no kind of remark, and a filter has to
  // match the whole category.
  std::string part = ".*(" + filter + ").*";
  remark::RemarkCategories categories{part, part, part, part, part};
  return remark::enableOptimizationRemarks(
      *context, /*streamer=*/nullptr, std::make_unique<remark::RemarkEmittingPolicyAll>(),
      categories, /*printAsEmitRemarks=*/true);
}

OwningOpRef<ModuleOp> qbias::loadModel(const std::string &path, MLIRContext *context,
                                       const CompileOptions &options) {
  if (failed(enableRemarks(context, options.remarks)))
    return {};
  Location loc = getFileLoc(context, path);
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) &&
      (status.type() == llvm::sys::fs::file_type::character_file ||
       status.type() == llvm::sys::fs::file_type::block_file)) {
    emitError(loc) << "is a device, which may have no end, expected a file";
    return {};
  }
  // Bytecode holds constants at the alignment they had in memory.
  constexpr uint64_t kResourceAlignment = 64;
  auto buffer =
      llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                  /*RequiresNullTerminator=*/true,
                                  /*IsVolatile=*/false, llvm::Align(kResourceAlignment));
  if (!buffer) {
    emitError(loc) << "cannot open: " << buffer.getError().message();
    return {};
  }
  StringRef bytes = (*buffer)->getBuffer();
  if (bytes.empty()) {
    emitError(loc)
        << "file is empty, expected an ONNX, PyTorch (.pt2) or TensorFlow Lite "
           "model, or MLIR";
    return {};
  }
  bool isOnnx = looksLikeOnnx((*buffer)->getMemBufferRef());
  if (!isOnnx && !(options.import.bindings.empty() && options.import.outputs.empty())) {
    emitError(loc) << "--bind and --outputs are for ONNX models, expected one, got "
                      "another format; leave them out";
    return {};
  }
  if (isBytecode((*buffer)->getMemBufferRef()) || looksLikeMlir(bytes)) {
    llvm::SourceMgr sources;
    sources.AddNewSourceBuffer(std::move(*buffer), {});
    return parseSourceFile<ModuleOp>(sources, context);
  }
  if (looksLikePyTorch((*buffer)->getMemBufferRef()))
    return importPyTorch((*buffer)->getMemBufferRef(), context, options.import);
  if (looksLikeTflite((*buffer)->getMemBufferRef()))
    return importTflite((*buffer)->getMemBufferRef(), context, options.import);
  if (!isOnnx) {
    emitError(loc)
        << "unknown format, expected an ONNX model, a PyTorch .pt2, a TensorFlow Lite "
           "model, MLIR text or MLIR bytecode; check that the file is complete";
    return {};
  }
  return importOnnx((*buffer)->getMemBufferRef(), context, options.import);
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

static bool isReal(Type type) { return isRealTensor(type) || isQuantTensor(type); }

Stage qbias::getStage(ModuleOp module) {
  Stage stage = Stage::Integer;
  module.walk([&](Operation *op) {
    if (isa<LLVM::LLVMFuncOp>(op))
      stage = Stage::LLVM;
    else if (isa<linalg::LinalgDialect>(op->getDialect()))
      stage = Stage::Linalg;
    else {
      // Mode float has real tensors among linalg operations too.
      auto func = dyn_cast<func::FuncOp>(op);
      if (llvm::any_of(op->getResultTypes(), isReal) ||
          (func && llvm::any_of(func.getArgumentTypes(), isReal)))
        stage = Stage::Import;
      return WalkResult::advance();
    }
    return WalkResult::interrupt();
  });
  return stage;
}

LogicalResult qbias::lowerTo(ModuleOp module, Stage stage,
                             const CompileOptions &options) {
  Stage from = getStage(module);
  PipelineOptions pipeline;
  pipeline.requant = options.requant;
  pipeline.bias = options.bias;
  for (const std::string &layer : options.requantLayers)
    pipeline.requantLayers.push_back(layer);
  pipeline.observe = options.observe;
  pipeline.name = options.name;
  pipeline.sizeBits = options.sizeBits;
  pipeline.plan = options.plan;
  pipeline.smallWeights = options.smallWeights;
  pipeline.threads = options.threads;
  pipeline.eachStep = options.eachStep;
  pipeline.triple = options.machine.triple;
  pipeline.cpu = options.machine.cpu;
  pipeline.features = options.machine.features;
  // Certified below, or proven here: not again before code generation.
  pipeline.trusted = true;
  PassManager pm(module.getContext());
  if (from < Stage::Integer && stage >= Stage::Integer)
    buildIntegerizePipeline(pm, pipeline);
  if (from == Stage::Integer && !options.certified) {
    CertifyOptions verify;
    verify.verifyOnly = true;
    pm.addPass(createCertify(verify));
  }
  if (from < Stage::Linalg && stage >= Stage::Linalg)
    buildToLinalgPipeline(pm, pipeline);
  if (from < Stage::LLVM && stage >= Stage::LLVM)
    buildToLLVMPipeline(pm, pipeline);
  // A seventh of the time of a compilation, after every pass; once says as much of what
  // leaves here. qbias-opt verifies after each.
  pm.enableVerifier(false);
  if (failed(applyPassManagerCLOptions(pm)))
    return failure();
  applyDefaultTimingPassManagerCLOptions(pm);
  return failure(failed(pm.run(module)) || failed(verify(module)));
}
