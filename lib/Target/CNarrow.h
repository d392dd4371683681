//===- CNarrow.h - requantizations in products of 32 bits ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_TARGET_CNARROW_H
#define QBIAS_LIB_TARGET_CNARROW_H

#include "qbias/Dialect/QBias/IR/QBias.h"

namespace qbias {

/// y = clamp((acc * multiplier + rounding) >> shift), one entry per channel.
struct NarrowRequant {
  llvm::SmallVector<int64_t> multiplier, shift, rounding;
};

/// Numbers for a layer of form affine and mode exact with which every product
/// and sum fits int32 and every step of the reference is made: proven, not
/// approximated. nullopt where some channel has none.
std::optional<NarrowRequant> solveNarrow(IntegerSegmentOpInterface op);

} // namespace qbias

#endif // QBIAS_LIB_TARGET_CNARROW_H
