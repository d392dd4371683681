//===- ByteTable.h - functions of one byte ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CODEGEN_BYTETABLE_H
#define QBIAS_LIB_CODEGEN_BYTETABLE_H

#include "KernelBuilder.h"

#include "qbias/Codegen/Target.h"

#include <optional>

namespace qbias {

/// What a scalar body makes of one 8-bit integer by a constant table: 256 results.
class ByteTable {
public:
  /// `result` of 8 bits as a function of one other value of 8 bits, the key. nullopt
  /// where it reads no table, or not for every key.
  static std::optional<ByteTable> match(mlir::Value result);
  /// emit() has instructions for it.
  static bool isSupported(const Target &target) { return target.hasAvx2; }

  mlir::Value getKey() const { return key; }
  /// For keys -128 .. 127.
  llvm::ArrayRef<int64_t> getResults() const { return results; }
  /// `op` computes the result from the key, and nothing else.
  bool isPart(mlir::Operation *op) const { return ops.contains(op); }

  /// The results for every lane of `keys`, at most 64. `hasBytePermutes` as in Target.
  mlir::Value emit(KernelBuilder &kernel, mlir::Value keys, bool hasBytePermutes) const;

private:
  mlir::Value emitPermutes(KernelBuilder &kernel, mlir::Value keys) const;
  mlir::Value emitShuffles(KernelBuilder &kernel, mlir::Value keys) const;

  mlir::Value key;
  llvm::SmallPtrSet<mlir::Operation *, 8> ops;
  llvm::SmallVector<int64_t> results;
};

} // namespace qbias

#endif // QBIAS_LIB_CODEGEN_BYTETABLE_H
