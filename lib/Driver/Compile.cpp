//===- Compile.cpp - the compile and report commands ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Commands.h"
#include "qbias/Driver/Files.h"
#include "qbias/Driver/Report.h"

#include "qbias/Codegen/Passes.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace qbias;

/// mlir, mlirbc or ll, from --emit or the extension; empty when neither says.
static std::string getEmit(const CompileCommand &command) {
  if (!command.emit.empty())
    return command.emit;
  StringRef extension = llvm::sys::path::extension(command.output);
  return extension.empty() ? "" : extension.drop_front().str();
}

static bool printJson(llvm::raw_ostream &os, llvm::json::Object object) {
  os << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(object)));
  return true;
}

static bool emitModule(ModuleOp module, const std::string &emit,
                       const std::string &path) {
  return writeFile(path, [&](llvm::raw_ostream &os) {
    if (emit == "mlirbc")
      return succeeded(writeBytecodeToFile(module, os));
    if (emit == "mlir") {
      OpPrintingFlags flags;
      flags.enableDebugInfo();
      module.print(os, flags);
      return true;
    }
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> llvmModule = translateModuleToLLVMIR(module, context);
    if (!llvmModule)
      return false;
    llvmModule->print(os, nullptr);
    return true;
  });
}

/// Layers exist up to the integer stage; `use` is what they are wanted for.
static bool hasLayers(ModuleOp module, const std::string &path, StringRef use) {
  if (getStage(module) <= Stage::Integer)
    return true;
  printError(path, "is lowered beyond the stage integer and has no layers to " + use +
                       "; give the source model, or a module of the stage import or "
                       "integer");
  return false;
}

int qbias::runCompile(const CompileCommand &command) {
  std::string emit = getEmit(command);
  if (emit != "mlir" && emit != "mlirbc" && emit != "ll") {
    printError(command.output,
               "cannot tell what to write from '" + emit +
                   "', expected mlir, mlirbc or ll; name the output so or "
                   "give --emit");
    return kExitUsage;
  }
  DialectRegistry registry;
  registerForDriver(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  DiagnosticPrinter printer(&context, command.model);
  OwningOpRef<ModuleOp> module = loadModel(command.model, &context, command.options);
  if (!module)
    return kExitBadInput;
  Stage stage = emit == "ll" ? Stage::LLVM : command.stage;
  CompileOptions options = command.options;
  std::optional<llvm::json::Object> certificate;
  if (!command.certificate.empty()) {
    if (!hasLayers(*module, command.model, "certify"))
      return kExitBadInput;
    options.certified = true;
    llvm::StringMap<std::string> concatTensors = collectConcatTensors(*module);
    if (failed(lowerTo(*module, Stage::Integer, command.options)))
      return kExitBadInput;
    certificate =
        makeCertificate(*module, llvm::sys::path::filename(command.model), concatTensors);
  }
  if (failed(lowerTo(*module, stage, options)))
    return kExitBadInput;
  // Both files or none.
  if (certificate && !writeFile(command.certificate, [&](llvm::raw_ostream &os) {
        return printJson(os, std::move(*certificate));
      }))
    return kExitBadInput;
  if (!emitModule(*module, emit, command.output)) {
    if (certificate && command.certificate != "-")
      llvm::sys::fs::remove(command.certificate);
    return kExitBadInput;
  }
  return kExitOk;
}

/// Bytes of workspace of a lowered copy of an integer-stage module.
static int64_t getWorkspaceBytes(ModuleOp module, const CompileOptions &options) {
  OwningOpRef<ModuleOp> copy = module.clone();
  CompileOptions certified = options;
  certified.certified = true;
  if (failed(lowerTo(*copy, Stage::LLVM, certified)))
    return 0;
  auto main = copy->lookupSymbol<LLVM::LLVMFuncOp>("main");
  auto bytes = main ? main->getAttrOfType<IntegerAttr>(kWorkspaceAttr) : IntegerAttr();
  return bytes ? bytes.getInt() : 0;
}

int qbias::runReport(const ReportCommand &command) {
  DialectRegistry registry;
  registerForDriver(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  DiagnosticPrinter printer(&context, command.model);
  OwningOpRef<ModuleOp> module = loadModel(command.model, &context, command.options);
  if (!module || !hasLayers(*module, command.model, "report"))
    return kExitBadInput;
  std::vector<TensorEntry> tensors = collectTensors(*module);
  if (failed(lowerTo(*module, Stage::Integer, command.options)))
    return kExitBadInput;
  llvm::json::Object report =
      makeReport(*module, llvm::sys::path::filename(command.model), tensors,
                 getWorkspaceBytes(*module, command.options));
  bool isWritten = writeFile(command.output.empty() ? "-" : command.output,
                             [&](llvm::raw_ostream &os) {
                               if (command.format == "json")
                                 return printJson(os, std::move(report));
                               printReport(report, os);
                               return true;
                             });
  return isWritten ? kExitOk : kExitBadInput;
}
