//===- IntegerOnly.h - no float instruction in an object file ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_TARGET_INTEGERONLY_H
#define QBIAS_TARGET_INTEGERONLY_H

#include "qbias/Target/Machine.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/TargetParser/Triple.h"

#include <optional>
#include <vector>

namespace qbias {

/// What disassembling an object found.
struct ObjectCheck {
  int64_t instructions = 0;
  /// "section+0x10: addss", "calls __addsf3", one for each fault.
  std::vector<std::string> faults;
};

/// True for the mnemonic of an instruction that calculates, compares, rounds or
/// converts floating-point numbers. Moves, loads and bitwise operations on the
/// registers of such numbers are legitimate: integers travel there too.
bool isFloatMnemonic(const llvm::Triple &triple, llvm::StringRef mnemonic);

/// True for a function an integer program may call: memory and integer helpers
/// of compilers' run-time libraries.
bool isIntegerHelper(llvm::StringRef symbol);

/// Disassembles every instruction of an ELF object made for `machine` and looks
/// at every function it calls. nullopt, and `error` set, when the object cannot
/// be read in full.
std::optional<ObjectCheck> checkObject(llvm::StringRef object,
                                       const llvm::TargetMachine &machine,
                                       std::string &error);

} // namespace qbias

#endif // QBIAS_TARGET_INTEGERONLY_H
