//===- KernelBuilder.h - loops, vectors and the dot step of kernels ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CODEGEN_KERNELBUILDER_H
#define QBIAS_LIB_CODEGEN_KERNELBUILDER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

#include <optional>

namespace qbias {

/// `value` as an integer constant of at most 64 bits; nullopt for others, and null.
std::optional<int64_t> getInteger(mlir::Value value);

/// `count` tiles of `size`, back to back from `begin`.
struct Tiles {
  int64_t begin, count, size;
};

/// `total` in as few tiles of at most `largest` as possible, all of one size or
/// of two that differ by one.
llvm::SmallVector<Tiles> splitEvenly(int64_t total, int64_t largest);

/// Emits index arithmetic, loops and vector accesses on flat buffers.
class KernelBuilder {
public:
  using Values = llvm::SmallVector<mlir::Value>;

  KernelBuilder(mlir::OpBuilder &builder, mlir::Location loc)
      : builder(builder), loc(loc) {}

  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, int64_t b);
  mlir::Value scale(mlir::Value a, int64_t factor);

  /// Runs `body` for 0 .. count - 1; no loop for a single iteration or none.
  void loop(int64_t count, llvm::function_ref<void(mlir::Value)> body);
  /// Runs `body` for begin .. end - 1.
  void loop(mlir::Value begin, mlir::Value end,
            llvm::function_ref<void(mlir::Value)> body);
  /// Runs `body` unless `value` is 0.
  void unlessZero(mlir::Value value, llvm::function_ref<void()> body);
  /// Runs `body` where an index is below `limit`.
  void ifBelow(mlir::Value value, int64_t limit, llvm::function_ref<void()> body);
  mlir::Value least(mlir::Value a, mlir::Value b);
  mlir::Value most(mlir::Value a, mlir::Value b);
  mlir::Value divide(mlir::Value a, int64_t b);
  mlir::Value remainder(mlir::Value a, int64_t b);
  /// The same with values that are carried from one iteration to the next.
  Values reduce(int64_t count, mlir::ValueRange carried,
                llvm::function_ref<Values(mlir::Value, mlir::ValueRange)> body);

  Values reduce(mlir::Value begin, mlir::Value end, mlir::ValueRange carried,
                llvm::function_ref<Values(mlir::Value, mlir::ValueRange)> body);

  mlir::VectorType vectorOf(int64_t lanes, unsigned bits);
  mlir::VectorType vectorOf(int64_t lanes, mlir::Type element) {
    return mlir::VectorType::get({lanes}, element);
  }
  /// All lanes one integer.
  mlir::Value splat(mlir::VectorType type, int64_t value);
  mlir::Value load(mlir::Value buffer, mlir::Value at, int64_t lanes);
  /// Asks for the cache line of an element.
  void prefetch(mlir::Value buffer, mlir::Value at);
  /// The same with only the first `valid` lanes read, by powers of two; zeros
  /// behind them.
  mlir::Value loadFirst(mlir::Value buffer, mlir::Value at, int64_t lanes, int64_t valid);
  /// The 32 bits at an element in every one of `lanes` lanes of 32 bits.
  mlir::Value broadcastWord(mlir::Value buffer, mlir::Value at, int64_t lanes);
  /// Stores `lanes` lanes from `first` on, by powers of two: nothing behind them is
  /// written.
  void store(mlir::Value vector, mlir::Value buffer, mlir::Value at, int64_t lanes,
             int64_t first = 0);
  mlir::Value bitcast(mlir::Value vector, mlir::VectorType type);
  mlir::Value shuffle(mlir::Value a, mlir::Value b, llvm::ArrayRef<int64_t> mask);
  /// Signed extension of every lane.
  mlir::Value widen(mlir::Value vector, unsigned bits);
  mlir::Value callIntrinsic(llvm::StringRef name, mlir::Type type,
                            mlir::ValueRange operands);
  /// `value`, a vector in a register of an x86 machine, as something LLVM knows
  /// nothing about. Constants hidden so stay operands of vector instructions
  /// instead of moving in front of a broadcast.
  mlir::Value hide(mlir::Value value);

  mlir::OpBuilder &builder;
  mlir::Location loc;
};

} // namespace qbias

#endif // QBIAS_LIB_CODEGEN_KERNELBUILDER_H
