//===- VectorEpilogue.h - requantization of vectors of accumulators ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CODEGEN_VECTOREPILOGUE_H
#define QBIAS_LIB_CODEGEN_VECTOREPILOGUE_H

#include "KernelBuilder.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <optional>

namespace qbias {

/// The integer epilogue of a contraction, as code on vectors along the
/// channels. Two forms:
///
///   narrow  clamp((acc * m + r) >> k, lo, hi) + shift with 0 < m < 2^31, k > 32:
///           the high half of the 64-bit sum shifted by k - 32, which is the
///           same integer, for any acc of 32 bits
///   wide    the scalar body itself, operation by operation, on vectors
class VectorEpilogue {
public:
  /// Reads the body of `op`, whose input `accumulator` holds the sums. nullopt
  /// with a reason when it cannot be evaluated on vectors: then the group has
  /// to take the plain path.
  static std::optional<VectorEpilogue>
  match(mlir::linalg::GenericOp op, mlir::Value accumulator, std::string &reason);

  bool isNarrow() const { return narrow.has_value(); }
  /// Tensors read element by element besides the accumulators (an addend).
  llvm::ArrayRef<mlir::Value> getElementwise() const { return elementwise; }
  mlir::Type getResultElement() const;

  /// What two epilogues have in common if and only if they emit the same code.
  std::string getKey() const;

  /// Constants the code reads: `order` has the channel of every lane of whole vectors
  /// of `lanes`, -1 for none.
  llvm::SmallVector<mlir::ElementsAttr>
  getArrays(llvm::ArrayRef<int64_t> order, int64_t lanes, llvm::StringRef name) const;
  /// Values of `lanes` channels from `channel` on. `buffers` hold getArrays().
  KernelBuilder::Values loadArrays(KernelBuilder &kernel, mlir::ValueRange buffers,
                                   mlir::Value channel, int64_t lanes) const;
  /// Vectors that emitPacked() takes at once.
  static constexpr int64_t kPacked = 4;
  /// emitPacked() can be used on an x86 machine.
  bool canPack() const;
  /// The results of up to kPacked vectors of accumulators, one behind the other,
  /// with undefined bytes behind the last. Two saturating packs clamp to 8 bits, as
  ///
  ///   clamp(v, lo, hi) = clamp(saturate8(saturate16(v)), lo, hi)
  ///
  /// for -128 <= lo and hi <= 127. `loaded` has the constants of each.
  mlir::Value emitPacked(KernelBuilder &kernel, llvm::ArrayRef<mlir::Value> accumulators,
                         llvm::ArrayRef<KernelBuilder::Values> loaded) const;
  /// The results of one vector of accumulators.
  mlir::Value emit(KernelBuilder &kernel, mlir::Value accumulators,
                   mlir::ValueRange loaded, mlir::ValueRange elements) const;

private:
  struct Narrow {
    llvm::SmallVector<int64_t> multiplier, rounding, shift;
    int64_t lo, hi, offset;
  };

  void matchNarrow();
  static void foldOffset(Narrow &found);
  mlir::Value emitScaled(KernelBuilder &kernel, mlir::Value accumulators,
                         mlir::ValueRange loaded) const;
  mlir::Value emitNarrow(KernelBuilder &kernel, mlir::Value accumulators,
                         mlir::ValueRange loaded) const;
  mlir::Value emitWide(KernelBuilder &kernel, mlir::Value accumulators,
                       mlir::ValueRange loaded, mlir::ValueRange elements) const;

  mutable mlir::linalg::GenericOp op; ///< a handle; its accessors are not const
  /// Block arguments of the body: accumulators, elementwise tensors, arrays.
  mlir::Value accumulatorArgument;
  llvm::SmallVector<mlir::Value> elementwise, elementwiseArguments, arrayArguments;
  llvm::SmallVector<llvm::SmallVector<int64_t>> arrays;
  std::optional<Narrow> narrow;
};

} // namespace qbias

#endif // QBIAS_LIB_CODEGEN_VECTOREPILOGUE_H
