//===- ModeEpilogue.h - scalar bodies of the modes beside exact ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CONVERSION_QBIASTOLINALG_MODEEPILOGUE_H
#define QBIAS_LIB_CONVERSION_QBIASTOLINALG_MODEEPILOGUE_H

#include "qbias/Dialect/QBias/IR/QBias.h"

#include "mlir/IR/Builders.h"

namespace qbias {

/// One number per channel that the scalar body reads: i64, or float32 held as
/// double. A column with equal entries becomes a constant of the body.
struct ModeColumn {
  llvm::StringRef name;
  llvm::SmallVector<int64_t> integers;
  llvm::SmallVector<double> floats;

  bool isUniform() const {
    return integers.empty() ? llvm::all_equal(floats) : llvm::all_equal(integers);
  }
};
llvm::SmallVector<ModeColumn> getModeColumns(IntegerSegmentOpInterface op);

/// The clamped integer of the file, as i64. `acc` is the accumulator (float32
/// for a mean in mode float), or with `addend` both are the operands' integers;
/// `arrays` holds an element of each column that is not uniform.
mlir::Value emitMode(mlir::OpBuilder &builder, IntegerSegmentOpInterface op,
                     mlir::ValueRange arrays, mlir::Value acc, mlir::Value addend);

/// f32(q - zeroPoint) * scale of every element of a signless tensor.
mlir::Value emitDequantize(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value tensor, int64_t zeroPoint, double scale);

} // namespace qbias

#endif // QBIAS_LIB_CONVERSION_QBIASTOLINALG_MODEEPILOGUE_H
