//===- InputRange.h - integers an activation can have ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CODEGEN_INPUTRANGE_H
#define QBIAS_LIB_CODEGEN_INPUTRANGE_H

#include "mlir/IR/Value.h"

#include <cstdint>

namespace qbias {

/// Integers low .. high.
struct IntegerRange {
  int64_t low, high;

  IntegerRange join(IntegerRange other) const {
    return {std::min(low, other.low), std::max(high, other.high)};
  }
  bool operator==(const IntegerRange &other) const {
    return low == other.low && high == other.high;
  }
};

/// What is proven about the elements of a tensor of signless integers, read as signed
/// ones: the clamp or the table that made them, past padding, pools and movement of
/// data; else all that their type holds.
IntegerRange findRange(mlir::Value tensor);

} // namespace qbias

#endif // QBIAS_LIB_CODEGEN_INPUTRANGE_H
