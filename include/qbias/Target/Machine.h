//===- Machine.h - the machine to generate code for ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_TARGET_MACHINE_H
#define QBIAS_TARGET_MACHINE_H

#include <cstdint>
#include <memory>
#include <string>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace qbias {

/// What the user says of the machine, in LLVM's words.
struct MachineOptions {
  std::string triple;   ///< empty: this machine
  std::string cpu;      ///< empty: this machine's, `generic` for another triple
  std::string features; ///< "+avx2,-fma", on top of the cpu's
  bool optimize = true; ///< without, code is made sooner and runs slower
};

/// LLVM's description of the machine; null, and `error` set, when LLVM does not
/// know the triple, the cpu or a feature, or addresses have neither 32 nor 64 bits.
///
/// Code is position independent, but for machines without an operating system.
/// riscv without features is rv64gc (rv32gc), as compilers for Linux assume.
std::unique_ptr<llvm::TargetMachine> makeMachine(const MachineOptions &options,
                                                 std::string &error);

} // namespace qbias

#endif // QBIAS_TARGET_MACHINE_H
