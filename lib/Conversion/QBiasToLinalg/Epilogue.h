//===- Epilogue.h - requantization as a linalg body ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CONVERSION_QBIASTOLINALG_EPILOGUE_H
#define QBIAS_LIB_CONVERSION_QBIASTOLINALG_EPILOGUE_H

#include "qbias/Conversion/Storage.h"
#include "qbias/Dialect/QBias/IR/QBias.h"

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/PatternMatch.h"

namespace qbias {

mlir::Value makeConstant(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::ElementsAttr value);
mlir::Value makeInteger(mlir::OpBuilder &builder, mlir::Location loc, mlir::Type type,
                        int64_t value);

/// A scalar of signless storage as the file's integer, in i64.
mlir::Value toFileInteger(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value scalar, mlir::Type fileElement);

/// scalar - zeroPoint in `type`, both of signless storage.
mlir::Value centered(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value scalar,
                     mlir::Type type, int64_t zeroPoint);

/// i32 when every bound of the operation fits, else i64 (N9).
mlir::IntegerType getAccumulatorType(IntegerSegmentOpInterface op);

/// How the requantization arrays are indexed by the loops of the result: the
/// map from result dimensions to array dimensions, and for each array element
/// (row major) the channel it comes from. Per-tensor arrays have no dimension.
struct ChannelIndexing {
  mlir::AffineMap map;
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<int64_t> channels;
};

/// One array per channel along dimension `dimension` of a result of `rank`
/// dimensions.
ChannelIndexing indexByDimension(mlir::MLIRContext *context, int64_t rank,
                                 int64_t dimension, int64_t channels);
/// One entry for the whole result.
ChannelIndexing indexByNothing(mlir::MLIRContext *context, int64_t rank);

/// An input of the epilogue: a tensor, and the map from result dimensions.
struct EpilogueInput {
  mlir::Value tensor;
  mlir::AffineMap map;
};

/// Builds `linalg.generic` that computes the requantized result of `op`.
/// `computeAccumulator` makes the accumulator (of the type above) out of the
/// scalar block arguments of `inputs`; `addend`, when given, makes the raw
/// second operand of the file as i64.
mlir::Value buildEpilogue(
    mlir::OpBuilder &builder, IntegerSegmentOpInterface op,
    llvm::ArrayRef<EpilogueInput> inputs, const ChannelIndexing &indexing,
    llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::ValueRange)> accumulator,
    llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::ValueRange)> addend = {});

} // namespace qbias

#endif // QBIAS_LIB_CONVERSION_QBIASTOLINALG_EPILOGUE_H
