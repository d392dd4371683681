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
#include "qbias/Numerics/Wide.h"

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

/// What a solver aims at in one channel.
numerics::Target getTarget(const Layer &layer, const ChannelSegment &channel);

/// Gives a layer the wide form (Numerics/Wide.h). With `all`, only if every
/// channel is proven; else also as the nearest program there is, with the
/// deviations of the channels that are not. False when sums do not fit.
bool certifyWide(Layer &layer, bool all);
/// The certificate of a layer of that form.
llvm::LogicalResult proveWide(const Layer &layer);

/// The same for sums: proven or not given.
bool certifyWideSum(IntAddOp op, const numerics::SumSegment &segment);
llvm::LogicalResult proveWideSum(IntAddOp op, const numerics::SumSegment &segment);

/// The certificate of channels whose programs are not all proven.
CertificateAttr makeDeviations(IntegerSegmentOpInterface op, int64_t certified,
                               llvm::ArrayRef<numerics::Deviation> deviations);

/// What it claims of them is what they are.
llvm::LogicalResult proveDeviations(IntegerSegmentOpInterface op,
                                    llvm::ArrayRef<numerics::Deviation> deviations);

/// A convolution or matrix product with a second operand (N11b).
bool hasAddend(IntegerSegmentOpInterface op);

/// The table of the reference equals the one that is there.
llvm::LogicalResult proveLookup(IntLookupOp op);

} // namespace qbias

#endif // QBIAS_LIB_ANALYSIS_LAYER_H
