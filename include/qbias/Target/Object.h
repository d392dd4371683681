//===- Object.h - from LLVM IR to object files and libraries ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_TARGET_OBJECT_H
#define QBIAS_TARGET_OBJECT_H

#include "qbias/Runtime/Description.h"

#include "llvm/ADT/SmallVector.h"

namespace llvm {
class Module;
class TargetMachine;
class Triple;
} // namespace llvm

namespace qbias {

/// Sets triple and data layout of `module` to the machine's.
void setMachine(llvm::Module &module, llvm::TargetMachine &machine);

/// Optimizes `module` for `machine` and appends an object file to `object`.
/// False, and `error` set, when LLVM refuses.
bool emitObject(llvm::Module &module, llvm::TargetMachine &machine,
                llvm::SmallVectorImpl<char> &object, std::string &error);

/// Adds what `qbias run` needs of a shared library (runtime::Library): the
/// description as a string, and an entry point that takes its pointers in one
/// array:
///   int qbias_program_run(void *const *pointers, void *workspace, size_t bytes)
void addLibrarySymbols(llvm::Module &module, const runtime::Description &description);

/// Links `object` into the shared library `output` with `linker`, or with
/// ld.lld or the host's cc where empty. False, and `error` set, when none is
/// found, the object format has no such libraries, or the linker fails.
bool linkLibrary(const std::string &object, const std::string &output,
                 const std::string &soname, const llvm::Triple &triple,
                 const std::string &linker, std::string &error);

} // namespace qbias

#endif // QBIAS_TARGET_OBJECT_H
