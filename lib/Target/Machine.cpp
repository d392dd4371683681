//===- Machine.cpp - the machine to generate code for ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Target/Machine.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>

using namespace qbias;

static void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    llvm::InitializeAllAsmParsers(); // of inline assembly
  });
}

static std::string getHostFeatures() {
  llvm::SubtargetFeatures features;
  for (auto &feature : llvm::sys::getHostCPUFeatures())
    features.AddFeature(feature.first(), feature.second);
  return features.getString();
}

/// Features compilers for the triple assume when none are named.
static llvm::StringRef getUsualFeatures(const llvm::Triple &triple) {
  return triple.isRISCV() && triple.isOSLinux() ? "+m,+a,+f,+d,+c" : "";
}

/// The calling convention that goes with these features; empty: LLVM's choice.
static llvm::StringRef getAbi(const llvm::Triple &triple, const MachineOptions &options) {
  bool isUsual = triple.isRISCV() && triple.isOSLinux() && options.features.empty();
  if (!isUsual)
    return "";
  return triple.isArch64Bit() ? "lp64d" : "ilp32d";
}

/// What is wrong with cpu and features, or nothing.
static std::string getFault(const llvm::Target &target, const llvm::Triple &triple,
                            llvm::StringRef cpu, llvm::StringRef features) {
  std::unique_ptr<llvm::MCSubtargetInfo> info(
      target.createMCSubtargetInfo(triple, "", ""));
  if (!info)
    return "LLVM cannot describe " + triple.str();
  if (!cpu.empty() && cpu != "generic" && !info->isCPUStringValid(cpu))
    return "--cpu is '" + cpu.str() + "', which is no processor of " +
           triple.getArchName().str() + "; `llc -mtriple=" + triple.str() +
           " -mcpu=help` lists them";
  llvm::SmallVector<llvm::StringRef> names;
  features.split(names, ',', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef name : names) {
    bool isSigned = name.starts_with("+") || name.starts_with("-");
    bool isKnown = llvm::any_of(info->getAllProcessorFeatures(), [&](const auto &known) {
      return name.drop_front() == known.Key;
    });
    if (!isSigned || !isKnown)
      return "--features has '" + name.str() + "', expected + or - and a feature of " +
             triple.getArchName().str() + "; `llc -mtriple=" + triple.str() +
             " -mattr=help` lists them";
  }
  return {};
}

/// The registered target of a triple.
static const llvm::Target *lookUp(const MachineOptions &options, llvm::Triple &triple,
                                  std::string &error) {
  initializeTargets();
  triple = llvm::Triple(options.triple.empty() ? llvm::sys::getProcessTriple()
                                               : llvm::Triple::normalize(options.triple));
  std::string reason;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, reason);
  if (target && !triple.isArch32Bit() && !triple.isArch64Bit()) {
    error = "--target is '" + options.triple +
            "', expected a machine with addresses of 32 or 64 bits";
    return nullptr;
  }
  if (!target)
    error = "--target is '" + options.triple +
            "', which LLVM does not know; expected a triple such as aarch64-linux-gnu, "
            "armv7-linux-gnueabi, riscv64-linux-gnu, thumbv7m-none-eabi or "
            "wasm32-unknown-unknown";
  return target;
}

std::unique_ptr<llvm::TargetMachine> qbias::makeMachine(const MachineOptions &options,
                                                        std::string &error) {
  llvm::Triple triple;
  const llvm::Target *target = lookUp(options, triple, error);
  if (!target)
    return nullptr;
  bool isHost = options.triple.empty();
  bool isHostCpu = options.cpu == "native" || (isHost && options.cpu.empty());
  std::string cpu = isHostCpu ? llvm::sys::getHostCPUName().str() : options.cpu;
  error = getFault(*target, triple, cpu, options.features);
  if (!error.empty())
    return nullptr;
  std::string features = isHostCpu ? getHostFeatures() : std::string();
  if (options.features.empty() && !isHost)
    features = getUsualFeatures(triple);
  if (!options.features.empty())
    features += (features.empty() ? "" : ",") + options.features;
  llvm::TargetOptions targetOptions;
  targetOptions.FunctionSections = true;
  targetOptions.DataSections = true;
  targetOptions.MCOptions.ABIName = getAbi(triple, options);
  bool isBare = triple.getOS() == llvm::Triple::UnknownOS;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, cpu, features, targetOptions,
      isBare ? llvm::Reloc::Static : llvm::Reloc::PIC_, std::nullopt,
      options.optimize ? llvm::CodeGenOptLevel::Aggressive
                       : llvm::CodeGenOptLevel::None));
  if (!machine)
    error = "LLVM cannot generate code for " + triple.str();
  return machine;
}
