//===- Object.cpp - from LLVM IR to object files ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Target/Object.h"

#include "qbias/Runtime/Library.h"
#include "qbias/Target/Optimize.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SwapByteOrder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace qbias;

void qbias::setMachine(llvm::Module &module, llvm::TargetMachine &machine) {
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
}

/// Large constants become arrays of bytes, which LLVM writes at once and not element by
/// element.
static void storeAsBytes(llvm::Module &module) {
  constexpr size_t kLarge = 4096;
  const llvm::DataLayout &layout = module.getDataLayout();
  if (layout.isLittleEndian() != llvm::sys::IsLittleEndianHost)
    return;
  llvm::Type *byte = llvm::Type::getInt8Ty(module.getContext());
  for (llvm::GlobalVariable &global : module.globals()) {
    auto *data = global.hasInitializer()
                     ? llvm::dyn_cast<llvm::ConstantDataArray>(global.getInitializer())
                     : nullptr;
    if (!data || data->getRawDataValues().size() < kLarge)
      continue;
    llvm::StringRef bytes = data->getRawDataValues();
    global.setAlignment(layout.getPreferredAlign(&global));
    global.replaceInitializer(llvm::ConstantDataArray::getRaw(bytes, bytes.size(), byte));
  }
}

bool qbias::emitObject(llvm::Module &module, llvm::TargetMachine &machine,
                       llvm::SmallVectorImpl<char> &object, std::string &error) {
  setMachine(module, machine);
  // Without these the optimizer would see a generic processor.
  for (llvm::Function &function : module)
    if (!function.isDeclaration()) {
      function.addFnAttr("target-cpu", machine.getTargetCPU());
      function.addFnAttr("target-features", machine.getTargetFeatureString());
    }
  if (llvm::Error failure = optimizeModule(module, machine)) {
    error = "cannot optimize: " + llvm::toString(std::move(failure));
    return false;
  }
  storeAsBytes(module);
  llvm::raw_svector_ostream os(object);
  llvm::legacy::PassManager pm;
  if (machine.addPassesToEmitFile(pm, os, nullptr, llvm::CodeGenFileType::ObjectFile)) {
    error = "LLVM cannot write object files for " + machine.getTargetTriple().str();
    return false;
  }
  pm.run(module);
  return true;
}

void qbias::addLibrarySymbols(llvm::Module &module,
                              const runtime::Description &description) {
  llvm::LLVMContext &context = module.getContext();
  auto *text = llvm::ConstantDataArray::getString(context, runtime::toJson(description));
  new llvm::GlobalVariable(module, text->getType(), /*isConstant=*/true,
                           llvm::GlobalValue::ExternalLinkage, text,
                           runtime::kDescriptionSymbol);
  llvm::Function *entry = module.getFunction(description.name + "_run");
  llvm::FunctionType *entryType = entry->getFunctionType();
  llvm::Type *pointer = llvm::PointerType::get(context, 0);
  llvm::Type *size = entryType->params().back();
  auto *type = llvm::FunctionType::get(entry->getReturnType(), {pointer, pointer, size},
                                       /*isVarArg=*/false);
  auto *packed = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage,
                                        runtime::kRunSymbol, module);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", packed));
  llvm::SmallVector<llvm::Value *> arguments;
  // All but the workspace and its size come from the array.
  for (unsigned i = 0; i + 2 < entryType->getNumParams(); ++i) {
    llvm::Value *slot = builder.CreateConstInBoundsGEP1_32(pointer, packed->getArg(0), i);
    arguments.push_back(builder.CreateLoad(pointer, slot));
  }
  arguments.push_back(packed->getArg(1));
  arguments.push_back(packed->getArg(2));
  builder.CreateRet(builder.CreateCall(entry, arguments));
}
