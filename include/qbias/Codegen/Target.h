//===- Target.h - what plans need to know of a machine ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_CODEGEN_TARGET_H
#define QBIAS_CODEGEN_TARGET_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace mlir {
class Operation;
} // namespace mlir

namespace qbias {

/// The multiplications of a machine, as kernel plans see them.
struct Target {
  std::string name; ///< amx, avx512vnni, avxvnni, avx512, avx2, i8mm, dotprod, generic
  int64_t vectorBytes = 16;     ///< of one register
  int64_t registers = 16;       ///< of vectors
  bool hasVectors = false;      ///< of 16 bytes at least
  bool hasAvx2 = false;         ///< vpmaddwd, vpmaddubsw on 32 bytes
  bool hasAvx512 = false;       ///< F, BW, DQ, VL on 64 bytes
  bool hasBytePermutes = false; ///< vpermi2b on 64 bytes
  bool hasDotU8S8 = false;      ///< vpdpbusd on a whole register
  bool hasDotS8S8 = false;      ///< sdot
  bool hasMatrixS8 = false;     ///< smmla
  bool hasTiles = false;        ///< tdpbssd, after Linux has allowed it

  bool hasDot8() const { return hasDotU8S8 || hasDotS8S8; }

  /// The machine that LLVM's `triple`, `cpu` and `features` describe. An empty
  /// triple is this machine's, an empty cpu its least (x86-64); cpu `native`
  /// is this machine with all its features (qbias/Target/Machine.h). nullopt, after an
  /// error at `op`, when LLVM does not know them.
  static std::optional<Target> get(mlir::Operation *op, llvm::StringRef triple,
                                   llvm::StringRef cpu, llvm::StringRef features);
};

} // namespace qbias

#endif // QBIAS_CODEGEN_TARGET_H
