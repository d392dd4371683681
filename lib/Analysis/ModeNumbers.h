//===- ModeNumbers.h - numbers that modes derive ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_ANALYSIS_MODENUMBERS_H
#define QBIAS_LIB_ANALYSIS_MODENUMBERS_H

#include "Layer.h"

namespace qbias {

/// Columns of a RequantAttr while it is filled.
struct ModeNumbers {
  RequantForm form = RequantForm::Affine;
  llvm::SmallVector<int64_t> multiplier, addendMultiplier, shift, rounding;
  llvm::SmallVector<double> floatMultiplier, floatRounding;
  int64_t zeroPoint = 0;
  numerics::Range output;
};

/// Everything the modes ask of an operation.
struct ModeSubject {
  mutable IntegerSegmentOpInterface op; ///< a handle, its getters are not const
  numerics::Chain chain;
  llvm::SmallVector<double> operands, weights; ///< scales; weights empty without any
  double result = 1;
  std::vector<ChannelSegment> channels; ///< empty for int.add

  double weight(size_t c) const {
    return weights.empty() ? 1 : weights[weights.size() == 1 ? 0 : c];
  }
  int64_t zeroPoint() const { return chain.out.zeroPoint; }
};

/// Scales, chain and channels of an operation with a quantized result.
mlir::FailureOr<ModeSubject> getModeSubject(IntegerSegmentOpInterface op);

/// Divisor of channel `c` of a mean, else 1.
int64_t divisorOf(const ModeSubject &subject, size_t c);

unsigned widthOf(mlir::Value value);

/// Extremes of acc * m + q * m2 + r are 64-bit integers.
bool fitsWithAddend(numerics::Range acc, int64_t m, numerics::Range q, int64_t m2,
                    numerics::Int128 r);

/// What the mode of the operation derives. Emits an error where it is not legal.
mlir::FailureOr<ModeNumbers> deriveNumbers(const ModeSubject &subject);
mlir::FailureOr<ModeNumbers> deriveShift(const ModeSubject &subject);

} // namespace qbias

#endif // QBIAS_LIB_ANALYSIS_MODENUMBERS_H
