//===- Binary.cpp - object files, libraries and their headers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Binary.h"

#include "qbias/Codegen/Passes.h"
#include "qbias/Driver/Files.h"
#include "qbias/Driver/Program.h"
#include "qbias/Driver/Report.h"
#include "qbias/Target/CSource.h"
#include "qbias/Target/Header.h"
#include "qbias/Target/IntegerOnly.h"
#include "qbias/Target/Object.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace qbias;

//===----------------------------------------------------------------------===//
// Description
//===----------------------------------------------------------------------===//

/// SHA-256 of a file in hex; empty when it cannot be read.
static std::string hashFile(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return {};
  auto hash = llvm::SHA256::hash(llvm::arrayRefFromStringRef((*buffer)->getBuffer()));
  return llvm::toHex(hash, /*LowerCase=*/true);
}

FailureOr<runtime::Description> qbias::describeProgram(ModuleOp module,
                                                       const CompileCommand &command) {
  FailureOr<Interface> interface = getInterface(module);
  if (failed(interface))
    return failure();
  runtime::Description description;
  description.name = command.options.name;
  description.model = llvm::sys::path::filename(command.model).str();
  description.modelHash = hashFile(command.model);
  description.version = QBIAS_VERSION;
  description.macs = countMacs(module);
  description.inputs = std::move(interface->inputs);
  description.outputs = std::move(interface->outputs);
  return description;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// Whether everything fits the machine's address space: each buffer half of
/// it, as pointer differences must, and constants and workspace together.
static bool fitsMachine(ModuleOp module, const runtime::Description &description,
                        llvm::TargetMachine &machine, const std::string &path) {
  constexpr unsigned kWide = 64;
  unsigned bits = machine.createDataLayout().getPointerSizeInBits();
  if (bits >= kWide)
    return true;
  int64_t limit = int64_t(1) << (bits - 1);
  int64_t constants = 0, largest = description.workspaceBytes;
  DataLayout layout(module);
  module.walk([&](LLVM::GlobalOp global) {
    constants += layout.getTypeSize(global.getGlobalType()).getFixedValue();
  });
  for (const runtime::Tensor &tensor :
       llvm::concat<const runtime::Tensor>(description.inputs, description.outputs))
    largest = std::max(largest, tensor.bytes());
  if (largest < limit && constants + description.workspaceBytes < limit)
    return true;
  printError(path, "needs " + llvm::Twine(constants) + " bytes of constants, " +
                       llvm::Twine(description.workspaceBytes) +
                       " of workspace, and its largest tensor " + llvm::Twine(largest) +
                       ", expected less than " + llvm::Twine(limit) + " on " +
                       machine.getTargetTriple().str() +
                       "; compile for a 64-bit machine or a smaller batch");
  return false;
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

/// Disassembles `object` and prints what is in it. False when a float
/// instruction is.
static bool verifyObject(StringRef object, llvm::TargetMachine &machine,
                         const std::string &path) {
  std::string error;
  std::optional<ObjectCheck> check = checkObject(object, machine, error);
  if (!check) {
    printError(path, error);
    return false;
  }
  if (check->faults.empty()) {
    llvm::outs() << "integer-only: " << check->instructions << " instructions of "
                 << machine.getTargetTriple().str() << ", 0 of floating point\n";
    return true;
  }
  printError(path, "integer-only: " + llvm::Twine(check->faults.size()) + " of " +
                       llvm::Twine(check->instructions) +
                       " instructions and calls are of floating point, expected none; "
                       "the first is " +
                       check->faults.front());
  return false;
}

static bool emitLibrary(StringRef object, const llvm::Triple &triple,
                        const CompileCommand &command, OutputFiles &files) {
  OutputFiles intermediate; // removed, never renamed
  std::string stem = command.output + ".object";
  std::string error;
  std::optional<std::string> temporary = intermediate.reserve(stem);
  std::optional<std::string> output =
      temporary ? files.reserve(command.output) : std::nullopt;
  if (!output)
    return false;
  std::error_code code;
  llvm::raw_fd_ostream os(*temporary, code);
  os << object;
  os.close();
  if (code || os.error()) {
    printError(command.output, "cannot write: " + (code ? code : os.error()).message());
    os.clear_error();
    return false;
  }
  if (linkLibrary(*temporary, *output, llvm::sys::path::filename(command.output).str(),
                  triple, command.linker, error))
    return true;
  printError(command.output, error);
  return false;
}

/// The object file's neighbour: m.o -> m.h.
static std::string getHeaderPath(const std::string &output) {
  llvm::SmallString<128> path(output);
  llvm::sys::path::replace_extension(path, "h");
  return std::string(path);
}

static bool emitObjectFiles(llvm::Module &module, StringRef emit,
                            const runtime::Description &description,
                            llvm::TargetMachine &machine, const CompileCommand &command,
                            OutputFiles &files) {
  if (emit == "so")
    addLibrarySymbols(module, description);
  llvm::SmallVector<char, 0> object;
  std::string error;
  if (!emitObject(module, machine, object, error)) {
    printError(command.output, error);
    return false;
  }
  StringRef bytes(object.data(), object.size());
  if (command.verifyIntegerOnly && !verifyObject(bytes, machine, command.output))
    return false;
  if (emit == "so")
    return emitLibrary(bytes, machine.getTargetTriple(), command, files);
  if (!files.write(command.output, bytes))
    return false;
  return command.output == "-" ||
         files.write(getHeaderPath(command.output), makeHeader(description));
}

bool qbias::emitBinary(ModuleOp module, StringRef emit, runtime::Description description,
                       llvm::TargetMachine &machine, const CompileCommand &command,
                       OutputFiles &files) {
  auto main = module.lookupSymbol<LLVM::LLVMFuncOp>("main");
  auto bytes = main ? main->getAttrOfType<IntegerAttr>(kWorkspaceAttr) : IntegerAttr();
  description.workspaceBytes = bytes ? bytes.getInt() : 0;
  description.target = machine.getTargetTriple().str();
  if (!fitsMachine(module, description, machine, command.model))
    return false;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> program = translateModuleToLLVMIR(module, context);
  if (!program)
    return false;
  if (emit != "ll")
    return emitObjectFiles(*program, emit, description, machine, command, files);
  if (!command.options.machine.triple.empty())
    setMachine(*program, machine);
  return files.write(command.output, [&](llvm::raw_ostream &os) {
    program->print(os, nullptr);
    return true;
  });
}

bool qbias::emitSource(ModuleOp module, runtime::Description description,
                       const CompileCommand &command, OutputFiles &files) {
  bool isOneFile = command.output == "-";
  std::string header = isOneFile ? std::string() : getHeaderPath(command.output);
  FailureOr<CSource> source =
      emitC(module, description, llvm::sys::path::filename(header),
            {command.selfTest, command.narrowProducts});
  if (failed(source))
    return false;
  return files.write(command.output, source->text) &&
         (isOneFile ||
          files.write(header, makeHeader(description, source->declarations)));
}
