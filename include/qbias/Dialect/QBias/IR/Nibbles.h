//===- Nibbles.h - weights of four bits, two to a byte ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DIALECT_QBIAS_IR_NIBBLES_H
#define QBIAS_DIALECT_QBIAS_IR_NIBBLES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>

namespace qbias {

/// The least of 16 neighbouring integers that hold 0 and all `weights`; -8 where its
/// 16 do, so that layers of int4 are alike. nullopt where there are none, or fewer
/// weights than the code to take them apart is worth.
std::optional<int64_t> getNibbleOffset(llvm::ArrayRef<int64_t> weights);

/// Integers minus `offset`, two to a byte. In every `block` of them, integer i is in
/// the low half of byte i, integer block / 2 + i in the high half. Zeros fill the
/// last block. The bytes are those of int8.
llvm::SmallVector<int64_t> packNibbles(llvm::ArrayRef<int64_t> integers, int64_t offset,
                                       int64_t block);

} // namespace qbias

#endif // QBIAS_DIALECT_QBIAS_IR_NIBBLES_H
