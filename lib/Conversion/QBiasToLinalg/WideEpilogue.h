//===- WideEpilogue.h - scalar body of the wide form ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CONVERSION_QBIASTOLINALG_WIDEEPILOGUE_H
#define QBIAS_LIB_CONVERSION_QBIASTOLINALG_WIDEEPILOGUE_H

#include "qbias/Dialect/QBias/IR/QBias.h"

#include "mlir/IR/Builders.h"

namespace qbias {

/// The numbers the body reads, one entry per channel in each column: high and
/// low halves, of an addend only where there is one, ties only where some
/// channel has them.
llvm::SmallVector<llvm::SmallVector<int64_t>>
getWideColumns(IntegerSegmentOpInterface op);

/// The clamped integer of the file, as i64; `arrays` holds an element of each
/// column.
mlir::Value emitWide(mlir::OpBuilder &builder, IntegerSegmentOpInterface op,
                     mlir::ValueRange arrays, mlir::Value acc, mlir::Value addend);

} // namespace qbias

#endif // QBIAS_LIB_CONVERSION_QBIASTOLINALG_WIDEEPILOGUE_H
