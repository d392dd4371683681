//===- KernelTables.h - functions as TFLite's kernels compute them ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_NUMERICS_KERNELTABLES_H
#define QBIAS_NUMERICS_KERNELTABLES_H

#include "qbias/Numerics/Chain.h"

namespace qbias::numerics {

/// table[q - in.storage.min] of one operand of `bits` bits in mode `tflite`: the
/// reference kernels QUANTIZE (8 bits), RELU and its kin, LOGISTIC, TANH,
/// LEAKY_RELU, and HARD_SWISH (8 bits). nullopt for other chains, and where the
/// kernel has no such parameters: LOGISTIC and TANH have fixed output scales.
std::optional<std::vector<int64_t>> kernelTable(const QuantParams &in, unsigned bits,
                                                const Chain &chain);

} // namespace qbias::numerics

#endif // QBIAS_NUMERICS_KERNELTABLES_H
