//===- Table.h - lookup tables built from the reference (N11, N13d) ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_TABLE_H
#define QBIAS_NUMERICS_TABLE_H

#include "qbias/Numerics/Chain.h"

#include <vector>

namespace qbias::numerics {

/// table[q - in.storage.min] = chain(dequantize(q, in)) for every storage
/// value of a quantized operand: exact by construction.
std::vector<int64_t> buildTable(const QuantParams &in, const Chain &chain);

} // namespace qbias::numerics

#endif // QBIAS_NUMERICS_TABLE_H
