//===- Compile.cpp - the compile and report commands ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Binary.h"
#include "qbias/Driver/DataReport.h"
#include "qbias/Driver/Files.h"
#include "qbias/Driver/MemoryPlan.h"
#include "qbias/Driver/Parameters.h"
#include "qbias/Driver/Report.h"

#include "qbias/Codegen/Passes.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace qbias;

/// The output format from --emit or the extension; empty when neither says.
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

static bool emitModule(ModuleOp module, StringRef emit, const std::string &path,
                       OutputFiles &files) {
  return files.write(path, [&](llvm::raw_ostream &os) {
    if (emit == "mlirbc")
      return succeeded(writeBytecodeToFile(module, os));
    OpPrintingFlags flags;
    flags.enableDebugInfo();
    module.print(os, flags);
    return true;
  });
}

/// Formats below the stage LLVM, which are made for a machine.
static bool isBinary(StringRef emit) {
  return emit == "ll" || emit == "o" || emit == "so";
}

/// Formats made from the stage integer.
static bool isSource(StringRef emit) { return emit == "c" || emit == "json"; }

/// Layers exist up to the integer stage; `use` is what they are wanted for.
static bool hasLayers(ModuleOp module, const std::string &path, StringRef use) {
  if (getStage(module) <= Stage::Integer)
    return true;
  printError(path, "is lowered beyond the stage integer and has no layers to " + use +
                       "; give the source model, or a module of the stage import or "
                       "integer");
  return false;
}

/// A certificate speaks about mode exact alone.
static bool isCertifiable(ModuleOp module) {
  WalkResult result = module.walk([](IntegerSegmentOpInterface op) {
    RequantAttr requant = op.getRequantAttr();
    if (requant.getMode() == RequantMode::Exact)
      return WalkResult::advance();
    op->emitError("has requantization mode ")
        << stringifyRequantMode(requant.getMode())
        << ", which no certificate speaks about; leave out --certificate, or use "
           "--requant=exact --bias=residue";
    return WalkResult::interrupt();
  });
  return !result.wasInterrupted();
}

/// Writes the certificate of a module that this brings to the stage integer.
static bool emitCertificate(ModuleOp module, const CompileCommand &command,
                            OutputFiles &files) {
  if (!hasLayers(module, command.model, "certify"))
    return false;
  llvm::StringMap<std::string> concatTensors = collectConcatTensors(module);
  if (failed(lowerTo(module, Stage::Integer, command.options)) || !isCertifiable(module))
    return false;
  llvm::json::Object certificate =
      makeCertificate(module, llvm::sys::path::filename(command.model), concatTensors);
  return files.write(command.certificate, [&](llvm::raw_ostream &os) {
    return printJson(os, std::move(certificate));
  });
}

/// Lowers and writes everything that was asked for.
static bool compile(ModuleOp module, StringRef emit, llvm::TargetMachine *machine,
                    const CompileCommand &command) {
  CompileOptions options = command.options;
  OutputFiles files; // all of them or none
  if (!command.certificate.empty()) {
    if (!emitCertificate(module, command, files))
      return false;
    options.certified = true;
  }
  if (isSource(emit)) {
    if (!hasLayers(module, command.model, "write as " + emit.str()))
      return false;
    if (failed(lowerTo(module, Stage::Integer, options)))
      return false;
    FailureOr<runtime::Description> description = describeProgram(module, command);
    if (failed(description))
      return false;
    bool isWritten = emit == "c"
                         ? emitSource(module, std::move(*description), command, files)
                         : emitParameters(module, *description, command.output, files);
    return isWritten && files.commit();
  }
  if (!machine)
    return succeeded(lowerTo(module, command.stage, options)) &&
           emitModule(module, emit, command.output, files) && files.commit();
  runtime::Description description;
  if (getStage(module) != Stage::LLVM || emit != "ll") {
    if (getStage(module) < Stage::Integer) {
      if (failed(lowerTo(module, Stage::Integer, options)))
        return false;
      options.certified = true;
    }
    FailureOr<runtime::Description> described = describeProgram(module, command);
    if (failed(described))
      return false;
    description = std::move(*described);
  }
  return succeeded(lowerTo(module, Stage::LLVM, options)) &&
         emitBinary(module, emit, std::move(description), *machine, command, files) &&
         files.commit();
}

int qbias::runCompile(const CompileCommand &command) {
  std::string emit = getEmit(command);
  if (emit != "mlir" && emit != "mlirbc" && !isSource(emit) && !isBinary(emit)) {
    printError(
        command.output,
        "cannot tell what to write from '" + emit +
            "', expected mlir, mlirbc, ll, o, so, c or json; name the output so or "
            "give --emit");
    return kExitUsage;
  }
  if (isSource(emit) && command.options.threads > 1) {
    printError(command.output,
               "threads share compiled programs only, expected --threads=1 for " + emit +
                   ", got " + std::to_string(command.options.threads));
    return kExitUsage;
  }
  if (emit != "c" && (command.selfTest || command.narrowProducts)) {
    printError(command.output,
               "--selftest and --int32-products speak of C, expected --emit=c, got " +
                   emit);
    return kExitUsage;
  }
  std::unique_ptr<llvm::TargetMachine> machine;
  std::string error;
  if (isBinary(emit) && !(machine = makeMachine(command.options.machine, error))) {
    printError("qbias", error);
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
  CompileCommand sized = command;
  if (machine)
    sized.options.sizeBits = machine->createDataLayout().getPointerSizeInBits();
  // Text is read by other compilers, for machines of their choice; code is not.
  MachineOptions &target = sized.options.machine;
  if ((emit == "o" || emit == "so") && target.triple.empty() && target.cpu.empty())
    target.cpu = "native";
  return compile(*module, emit, machine.get(), sized) ? kExitOk : kExitBadInput;
}

Lowered qbias::lowerCopy(ModuleOp module, const CompileOptions &options) {
  OwningOpRef<ModuleOp> copy = module.clone();
  CompileOptions certified = options;
  certified.certified = true;
  Lowered lowered;
  if (failed(lowerTo(*copy, Stage::Linalg, certified)))
    return lowered;
  lowered.plans = collectPlans(*copy);
  if (failed(lowerTo(*copy, Stage::LLVM, certified)))
    return lowered;
  lowered.memory = describeMemoryPlan(copy->lookupSymbol<LLVM::LLVMFuncOp>("main"));
  return lowered;
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
                 lowerCopy(*module, command.options));
  if (!command.data.inputs.empty() &&
      !addData(report, *module, command.options, command.data))
    return kExitBadInput;
  bool isWritten = writeFile(command.output.empty() ? "-" : command.output,
                             [&](llvm::raw_ostream &os) {
                               if (command.format == "json")
                                 return printJson(os, std::move(report));
                               if (command.format == "svg")
                                 printMemoryPlan(report, os);
                               else if (command.format == "html")
                                 printHtml(report, os);
                               else
                                 printReport(report, os);
                               return true;
                             });
  return isWritten ? kExitOk : kExitBadInput;
}
