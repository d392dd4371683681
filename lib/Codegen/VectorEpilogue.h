//===- VectorEpilogue.h - requantization of vectors of accumulators ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CODEGEN_VECTOREPILOGUE_H
#define QBIAS_LIB_CODEGEN_VECTOREPILOGUE_H

#include "ByteTable.h"
#include "NarrowBody.h"

#include "qbias/Numerics/NarrowRequant.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/BitVector.h"

#include <optional>

namespace qbias {

/// `value` as the constant of any scalar type, or null.
mlir::Attribute getScalar(mlir::Value value);

/// The integer epilogue of a contraction, as code on vectors along the
/// channels. Two forms:
///
///   narrow  clamp((acc * m + r) >> k, lo, hi) + offset, ties up or to even: a form
///           of numerics::NarrowRequant for every channel, which is the same
///           integer for any acc of 32 bits, or of the range it has; and what follows on
///           that 8-bit integer where it is proven to fit 32 bits (a residual sum),
///           and a table of bytes behind it
///   wide    the scalar body itself, operation by operation, on vectors
class VectorEpilogue {
public:
  /// Reads the body of `op`, whose input `accumulator` holds the sums. nullopt
  /// with a reason when it cannot be evaluated on vectors: then the group has
  /// to take the plain path.
  static std::optional<VectorEpilogue>
  match(mlir::linalg::GenericOp op, mlir::Value accumulator, std::string &reason);

  bool isNarrow() const { return narrow.has_value(); }
  /// The sums themselves are the result.
  bool isIdentity() const;
  /// Rounds in the upper word where every channel can, with sums in these ranges:
  /// returns what the sums have to start from besides. Else nothing changes: none.
  llvm::SmallVector<int64_t> roundUpperWord(llvm::ArrayRef<numerics::Range> sums);
  /// Chooses what `target` does best. With AVX2, even and odd lanes of products are
  /// joined by one instruction where canPack(): from then on only emitPacked() is used,
  /// which puts lanes in order. Call it before getArrays().
  void specialize(const Target &target);
  /// Adds `offset` to every result, modulo its bits: the form that a kernel behind it
  /// reads.
  void moveResults(int64_t offset) { moved = offset; }
  /// Reads 8-bit accumulators and needs no more than 32 bits: may follow a narrow
  /// epilogue.
  bool canFollow() const {
    return !narrow && (tail || (table && yielded == accumulatorArgument));
  }
  bool hasTable() const { return table.has_value(); }
  /// The results, when they depend on the sums alone and never decrease as those grow:
  /// the result of the largest sum is the largest result.
  std::optional<Interval> getGrowingRange() const;
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
  /// for -128 <= lo and hi <= 127. `loaded` has the constants of each. `inOrder`: 4
  /// lanes of every vector in turn, as the packs leave them.
  mlir::Value emitPacked(KernelBuilder &kernel, llvm::ArrayRef<mlir::Value> accumulators,
                         llvm::ArrayRef<KernelBuilder::Values> loaded,
                         llvm::ArrayRef<KernelBuilder::Values> elements,
                         bool inOrder = false) const;
  /// The results of one vector of accumulators.
  mlir::Value emit(KernelBuilder &kernel, mlir::Value accumulators,
                   mlir::ValueRange loaded, mlir::ValueRange elements) const;

private:
  /// What 8 bits hold, and what a saturating pack makes.
  static constexpr Interval kByteRange{-128, 127};

  /// The scalar form, one value for every channel or for all.
  struct Chain {
    llvm::SmallVector<int64_t> multiplier, rounding, shift;
    numerics::Form form = numerics::Form::Affine;
    int64_t lo, hi, offset;
  };
  /// The vector form, and which of its instructions some channel needs.
  struct Narrow {
    llvm::SmallVector<numerics::NarrowRequant> channels;
    int64_t lo, hi, offset;
    bool isWord = false;
    bool roundsUpper = false; ///< the form of the upper word
    bool isJoined = false;    ///< of four lanes first the even ones, then the odd ones
    bool grows = false;       ///< no multiplier is negative
    bool clamps = false, raises = false, multiplies = false, ties = false;
    bool shifts = true; ///< the form of the upper word may do without
  };

  bool matchChain(mlir::Value result, Chain &found, llvm::BitVector &used) const;
  void matchNarrow();
  std::optional<NarrowBody> matchTail(mlir::Value known, Interval range) const;
  static std::optional<Narrow> narrowChannels(const Chain &chain);
  static std::optional<Narrow> narrowChannels(const Chain &chain, bool toWord);
  static void foldOffset(Narrow &found);
  KernelBuilder::Values loadConstants(KernelBuilder &kernel, mlir::ValueRange buffers,
                                      mlir::Value channel, int64_t lanes) const;
  Interval getClamp() const;
  mlir::Value emitTail(KernelBuilder &kernel, mlir::Value value, mlir::ValueRange loaded,
                       mlir::ValueRange elements) const;
  /// Results of a narrow epilogue before their last clamp, on 32 bits.
  mlir::Value emitUnclamped(KernelBuilder &kernel, mlir::Value accumulators,
                            mlir::ValueRange loaded, mlir::ValueRange elements) const;
  mlir::Value emitMoved(KernelBuilder &kernel, mlir::Value results) const;
  mlir::Value emitScaled(KernelBuilder &kernel, mlir::Value accumulators,
                         mlir::ValueRange loaded) const;
  mlir::Value emitWord(KernelBuilder &kernel, mlir::Value sums,
                       mlir::ValueRange &loaded) const;
  mlir::Value emitHighHalf(KernelBuilder &kernel, mlir::Value sums,
                           mlir::ValueRange &loaded) const;
  mlir::Value emitNarrow(KernelBuilder &kernel, mlir::Value accumulators,
                         mlir::ValueRange loaded, mlir::ValueRange elements) const;
  mlir::Value emitWide(KernelBuilder &kernel, mlir::Value accumulators,
                       mlir::ValueRange loaded, mlir::ValueRange elements) const;

  mlir::Value emitTable(KernelBuilder &kernel, mlir::Value bytes) const;

  mutable mlir::linalg::GenericOp op; ///< a handle; its accessors are not const
  /// Block arguments of the body: accumulators, elementwise tensors, arrays.
  mlir::Value accumulatorArgument;
  llvm::SmallVector<mlir::Value> elementwise, elementwiseArguments, arrayArguments;
  llvm::SmallVector<llvm::SmallVector<int64_t>> arrays;
  std::optional<Narrow> narrow;
  int64_t moved = 0;
  std::optional<ByteTable> table; ///< behind everything else
  bool hasBytePermutes = false;   ///< for it
  mlir::Value yielded;            ///< the result, or the key of `table`
  mlir::Value narrowResult;       ///< of 8 bits, where `tail` starts
  std::optional<NarrowBody> tail;
  llvm::SmallVector<unsigned> tailArrays; ///< those of `arrays` that it reads
};

} // namespace qbias

#endif // QBIAS_LIB_CODEGEN_VECTOREPILOGUE_H
