//===- Segments.h - the numbers behind a layer ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_ANALYSIS_SEGMENTS_H
#define QBIAS_ANALYSIS_SEGMENTS_H

#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Numerics/Certificate.h"
#include "qbias/Numerics/TwoOperand.h"

namespace qbias {

/// The integers a value of the integer family can hold: the clamp of its
/// producer, seen through data movement, else its quantized or integer type
/// (N9). Arguments hold what their `qbias.type` says.
numerics::Range getValueRange(mlir::Value value);

/// The elementwise chain of a reference that ends in a quantize.
mlir::FailureOr<numerics::Chain> getChain(ReferenceAttr reference);

/// One requantization of an integer operation with one accumulator:
/// real(acc) = acc * unit + offset.
struct ChannelSegment {
  numerics::Rational unit = 1;
  numerics::Rational offset = 0;
  numerics::Range acc;
  int64_t bias = 0;
};

/// Sum of products bound of each output channel (N9), bias not included, for
/// an input whose integers minus the zero point lie in `centered`. `weights`
/// holds `channels` rows. nullopt on int64 overflow.
std::optional<std::vector<numerics::Range>>
getProductBounds(llvm::ArrayRef<int64_t> weights, int64_t channels,
                 numerics::Range centered);

/// The channels of a conv2d, matmul, mul, avg_pool or requantize. Emits an
/// error and fails when constants cannot be read, a bound leaves int64, or the
/// reference has other lengths than the operation.
mlir::FailureOr<std::vector<ChannelSegment>>
getChannelSegments(IntegerSegmentOpInterface op);

/// The two-operand segment of an int.add.
mlir::FailureOr<numerics::SumSegment> getSumSegment(IntAddOp op);

/// The same segment over every value of the operands' types: what the table of
/// an int.add covers.
numerics::SumSegment overTypes(IntAddOp op, numerics::SumSegment segment);

/// Channel `channel` of an operation with an addend (N11b).
mlir::FailureOr<std::vector<numerics::AccumulatorSumSegment>>
getAccumulatorSumSegments(IntegerSegmentOpInterface op);

/// Operand and zero points of an int.lookup: table input parameters.
mlir::FailureOr<numerics::QuantParams> getLookupInput(IntLookupOp op);

} // namespace qbias

#endif // QBIAS_ANALYSIS_SEGMENTS_H
