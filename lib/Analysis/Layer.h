//===- Layer.h - what solving and proving share ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_ANALYSIS_LAYER_H
#define QBIAS_LIB_ANALYSIS_LAYER_H

#include "qbias/Analysis/Segments.h"

namespace qbias {

/// A table over the accumulator is used up to this many entries; beyond it the
/// threshold form is smaller.
inline constexpr int64_t kMaxAccumulatorTable = int64_t(1) << 14;

/// Everything about a layer with one accumulator.
struct Layer {
  IntegerSegmentOpInterface op;
  numerics::Chain chain;
  std::vector<ChannelSegment> channels;
  std::vector<numerics::Staircase> staircases;
};

/// Segments and staircases of an operation with one accumulator. Emits an error
/// when constants cannot be read or the chain is not monotone.
mlir::FailureOr<Layer> getLayer(IntegerSegmentOpInterface op);

/// Accumulator range of each channel.
llvm::SmallVector<numerics::Range> rangesOf(llvm::ArrayRef<ChannelSegment> channels);

/// The accumulator form has an i32 result only when every sum fits (N9).
llvm::LogicalResult checkAccumulatorResult(IntegerSegmentOpInterface op,
                                           llvm::ArrayRef<ChannelSegment> channels);

/// A convolution or matrix product with a second operand (N11b).
bool hasAddend(IntegerSegmentOpInterface op);

/// The table of the reference equals the one that is there.
llvm::LogicalResult proveLookup(IntLookupOp op);

} // namespace qbias

#endif // QBIAS_LIB_ANALYSIS_LAYER_H
