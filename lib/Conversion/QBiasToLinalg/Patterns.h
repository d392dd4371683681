//===- Patterns.h - patterns of the conversion to linalg ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CONVERSION_QBIASTOLINALG_PATTERNS_H
#define QBIAS_LIB_CONVERSION_QBIASTOLINALG_PATTERNS_H

#include "mlir/Transforms/DialectConversion.h"

namespace qbias {

/// conv2d, matmul: named contractions and an epilogue.
void populateContractionPatterns(const mlir::TypeConverter &converter,
                                 mlir::RewritePatternSet &patterns);
/// add, mul, avg_pool, requantize, lookup, max_pool, maximum, minimum.
void populateElementwisePatterns(const mlir::TypeConverter &converter,
                                 mlir::RewritePatternSet &patterns);
/// pad, gather, transpose, and the tensor dialect's shape operations.
void populateSoftmaxPatterns(const mlir::TypeConverter &converter,
                             mlir::RewritePatternSet &patterns);
void populateMovementPatterns(const mlir::TypeConverter &converter,
                              mlir::RewritePatternSet &patterns);

/// `value` (NHWC) padded with the integer `constant`; itself without pads.
/// `pads` is [top, left, bottom, right].
mlir::Value padSpatial(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                       llvm::ArrayRef<int64_t> pads, int64_t constant);

/// tensor.empty filled with one integer.
mlir::Value makeFilled(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::RankedTensorType type, int64_t value);

} // namespace qbias

#endif // QBIAS_LIB_CONVERSION_QBIASTOLINALG_PATTERNS_H
