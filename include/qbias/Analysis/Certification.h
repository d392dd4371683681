//===- Certification.h - solve and prove one layer ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_ANALYSIS_CERTIFICATION_H
#define QBIAS_ANALYSIS_CERTIFICATION_H

#include "qbias/Dialect/QBias/IR/QBias.h"

namespace qbias {

/// Solves the requantization of an integer operation for mode `exact` and
/// attaches it together with bounds and certificate. Errors: constants that
/// cannot be read, accumulators beyond 64 bits, an i32 accumulator whose bound
/// needs 64 bits.
llvm::LogicalResult certifyLayer(IntegerSegmentOpInterface op);

/// Proves the attributes that are there: bounds equal to the recomputed ones,
/// every step of every certified channel. Emits an error naming channel, level
/// and both values when one is wrong.
llvm::LogicalResult proveLayer(IntegerSegmentOpInterface op);

} // namespace qbias

#endif // QBIAS_ANALYSIS_CERTIFICATION_H
