//===- Target.cpp - what plans need to know of a machine ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Codegen/Target.h"

#include "qbias/Target/Machine.h"

#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"

using namespace qbias;

/// The description that follows from the instruction sets of an x86 machine.
static Target describeX86(const llvm::MCSubtargetInfo &info, const llvm::Triple &triple) {
  Target target;
  auto has = [&](const char *features) { return info.checkFeatures(features); };
  target.name = "generic";
  target.hasVectors = has("+sse2");
  target.hasAvx2 = has("+avx2");
  target.hasAvx512 = target.hasAvx2 && has("+avx512f,+avx512bw,+avx512dq,+avx512vl");
  if (target.hasAvx2) {
    bool hasVnni = has("+avxvnni") || (has("+avx512vnni,+avx512vl"));
    target.name = hasVnni ? "avxvnni" : "avx2";
    target.vectorBytes = 32;
    target.hasDotU8S8 = hasVnni;
  }
  if (target.hasAvx512) {
    target.hasDotU8S8 = has("+avx512vnni");
    target.hasBytePermutes = has("+avx512vbmi");
    target.name = target.hasDotU8S8 ? "avx512vnni" : "avx512";
    target.vectorBytes = 64;
    target.registers = 32;
    target.hasTiles = target.hasDotU8S8 && has("+amx-int8") && triple.isOSLinux() &&
                      triple.isArch64Bit();
    if (target.hasTiles)
      target.name = "amx";
  }
  return target;
}

std::optional<Target> Target::get(mlir::Operation *op, llvm::StringRef triple,
                                  llvm::StringRef cpu, llvm::StringRef features) {
  MachineOptions options{triple.str(), cpu.str(), features.str()};
  if (triple.empty() && cpu.empty())
    options.cpu = "generic";
  std::string error;
  std::unique_ptr<llvm::TargetMachine> machine = makeMachine(options, error);
  if (!machine) {
    op->emitError("cannot describe the target: ") << error;
    return std::nullopt;
  }
  const llvm::Triple &parsed = machine->getTargetTriple();
  const llvm::MCSubtargetInfo &info = *machine->getMCSubtargetInfo();
  if (parsed.isX86())
    return describeX86(info, parsed);
  Target target;
  target.name = "generic";
  target.registers = parsed.isAArch64() ? 32 : 16;
  if (parsed.isAArch64() && info.checkFeatures("+neon,+dotprod")) {
    target.name = "dotprod";
    target.hasDotS8S8 = true;
    target.hasMatrixS8 = info.checkFeatures("+i8mm");
    if (target.hasMatrixS8)
      target.name = "i8mm";
  }
  target.hasVectors =
      parsed.isAArch64() || (parsed.isARM() && info.checkFeatures("+neon"));
  return target;
}
