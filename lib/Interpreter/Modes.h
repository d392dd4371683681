//===- Modes.h - meaning of the modes beside exact ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_INTERPRETER_MODES_H
#define QBIAS_LIB_INTERPRETER_MODES_H

#include "Sums.h"

namespace qbias::interpreter {

/// Requantization `c` of an accumulator: double_round, divide, float or
/// float_bias. Emits an error when the accumulator leaves 64 bits.
mlir::FailureOr<int64_t> applyMode(IntegerSegmentOpInterface op, size_t c,
                                   numerics::Int128 acc);

/// One element of int.add (rescaled_sum, float) or int.mul (float) from the
/// integers of the file.
int64_t applyPairMode(IntegerSegmentOpInterface op, int64_t a, int64_t b);

/// int.avg_pool in form float: dequantized elements are added in the order of
/// the window, divided by their number and by the output's scale.
Integers averageInFloat(IntAvgPoolOp op, const Tensor &x);

} // namespace qbias::interpreter

#endif // QBIAS_LIB_INTERPRETER_MODES_H
