//===- Modes.h - requantizations of the modes beside exact ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_ANALYSIS_MODES_H
#define QBIAS_LIB_ANALYSIS_MODES_H

#include "Layer.h"

namespace qbias {

/// What a mode makes of an operation.
struct ModeProgram {
  RequantAttr requant;
  mlir::ElementsAttr table;            ///< of an int.lookup, else null
  std::vector<numerics::Range> bounds; ///< empty: the operation has none
  int64_t certified = 0;               ///< channels proven equal to the reference
};

/// The mode of `op` has a formula for it. An operation without one (a function
/// between a sum and its quantize, a sum with a quantized operand in tflite or
/// float, an accumulator without quantize) keeps mode exact.
bool hasModeFormula(IntegerSegmentOpInterface op);

/// Derives what the mode of `op` computes. Emits an error where the mode is not
/// legal: shift without a power of two, numbers that leave 64 bits or float32.
mlir::FailureOr<ModeProgram> deriveMode(IntegerSegmentOpInterface op);

/// Warns about what a mode loses: channels flushed to zero, accumulators that
/// saturate.
void warnMode(IntegerSegmentOpInterface op, const ModeProgram &program);

/// The attributes that are there are those that deriveMode gives.
llvm::LogicalResult proveMode(IntegerSegmentOpInterface op);

} // namespace qbias

#endif // QBIAS_LIB_ANALYSIS_MODES_H
