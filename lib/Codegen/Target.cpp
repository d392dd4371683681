//===- Target.cpp - what plans need to know of a machine ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Codegen/Target.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>

using namespace qbias;

/// This machine's features as LLVM spells them.
static std::string getHostFeatures() {
  llvm::SubtargetFeatures features;
  for (auto &entry : llvm::sys::getHostCPUFeatures())
    features.AddFeature(entry.first(), entry.second);
  return features.getString();
}

static void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
  });
}

/// The description that follows from the instruction sets of an x86 machine.
static Target describeX86(const llvm::MCSubtargetInfo &info) {
  Target target;
  auto has = [&](const char *features) { return info.checkFeatures(features); };
  target.name = "generic";
  target.hasVectors = has("+sse2");
  target.hasAvx2 = has("+avx2");
  target.hasAvx512 = target.hasAvx2 && has("+avx512f,+avx512bw,+avx512dq,+avx512vl");
  target.hasDotU8S8 = target.hasAvx512 && has("+avx512vnni");
  if (target.hasAvx2) {
    target.name = "avx2";
    target.vectorBytes = 32;
  }
  if (target.hasAvx512) {
    target.name = target.hasDotU8S8 ? "avx512vnni" : "avx512";
    target.vectorBytes = 64;
    target.registers = 32;
  }
  return target;
}

std::optional<Target> Target::get(llvm::StringRef triple, llvm::StringRef cpu,
                                  llvm::StringRef features, std::string &error) {
  initializeTargets();
  std::string name = triple.empty() ? llvm::sys::getProcessTriple() : triple.str();
  llvm::Triple parsed(llvm::Triple::normalize(name));
  const llvm::Target *known = llvm::TargetRegistry::lookupTarget(parsed, error);
  if (!known)
    return std::nullopt;
  std::string all = features.str();
  std::string cpuName = cpu.str();
  if (cpu == "native") {
    cpuName = llvm::sys::getHostCPUName().str();
    all = getHostFeatures() + (all.empty() ? "" : "," + all);
  }
  std::unique_ptr<llvm::MCSubtargetInfo> info(
      known->createMCSubtargetInfo(parsed, cpuName, all));
  if (!info ||
      (!cpuName.empty() && cpuName != "generic" && !info->isCPUStringValid(cpuName))) {
    error = "unknown cpu '" + cpuName + "' of " + parsed.str();
    return std::nullopt;
  }
  if (parsed.isX86())
    return describeX86(*info);
  Target target;
  target.name = "generic";
  target.registers = parsed.isAArch64() ? 32 : 16;
  target.hasVectors =
      parsed.isAArch64() || (parsed.isARM() && info->checkFeatures("+neon"));
  return target;
}
