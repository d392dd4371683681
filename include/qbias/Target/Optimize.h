//===- Optimize.h - the passes of LLVM a program needs ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_TARGET_OPTIMIZE_H
#define QBIAS_TARGET_OPTIMIZE_H

#include "llvm/Support/Error.h"

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace qbias {

/// Optimizes `module` as far as the code generator of `machine` is to optimize: fully,
/// or not at all.
llvm::Error optimizeModule(llvm::Module &module, llvm::TargetMachine &machine);

} // namespace qbias

#endif // QBIAS_TARGET_OPTIMIZE_H
