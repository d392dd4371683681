//===- Table.cpp - table[q - qmin] = chain(dequantize(q)) (N11, N13d) -----===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Table.h"

namespace qbias::numerics {

std::vector<int64_t> buildTable(const QuantParams &in, const Chain &chain) {
  std::vector<int64_t> table;
  table.reserve(in.storage.max - in.storage.min + 1);
  for (int64_t q = in.storage.min; q <= in.storage.max; ++q)
    table.push_back(chain.evaluate(dequantize(q, in)));
  return table;
}

} // namespace qbias::numerics
