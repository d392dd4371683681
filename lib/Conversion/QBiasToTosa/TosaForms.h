//===- TosaForms.h - requantizations that TOSA has ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CONVERSION_QBIASTOTOSA_TOSAFORMS_H
#define QBIAS_LIB_CONVERSION_QBIASTOTOSA_TOSAFORMS_H

#include "TosaBuilder.h"

#include "qbias/Numerics/Quantize.h"

namespace qbias {

/// All integers of an array; none where it is null.
llvm::SmallVector<int64_t> readNumbers(mlir::ElementsAttr attr);

/// Emits the error that `what` of a layer has no form in TOSA.
llvm::LogicalResult refuseLayer(IntegerSegmentOpInterface op, const llvm::Twine &what,
                                const llvm::Twine &advice);

/// Zero point of the output as the file has it.
int64_t getResultZeroPoint(IntegerSegmentOpInterface op);

/// Gives a layer of mode exact a requantization that TOSA has: its own multipliers
/// where the rounding constant 2^(k-1) makes every step of the reference too, else
/// those of mode single, with a warning that counts what can change. Layers of
/// other modes stay as they are. Emits an error where there is none.
llvm::LogicalResult makeExpressible(IntegerSegmentOpInterface op);

/// Moves sums of products beyond int32, as biases of nearly dead channels make
/// them, to int32 where the output is one saturated value and stays it. Changes
/// bias and bounds. Emits an error where the output does vary.
llvm::LogicalResult fitSums(IntegerSegmentOpInterface op,
                            llvm::MutableArrayRef<int64_t> bias);

/// The output integers of a sum of products `acc` (int32, channels last).
mlir::FailureOr<mlir::Value> requantize(IntegerSegmentOpInterface op, mlir::Value acc,
                                        TosaBuilder &builder);

/// The same by the multiplier of each place: `places` holds the channel of every
/// entry of the dimensions 1 and 2.
mlir::FailureOr<mlir::Value> requantizePlaces(IntegerSegmentOpInterface op,
                                              mlir::Value acc,
                                              llvm::ArrayRef<int64_t> places,
                                              TosaBuilder &builder);

/// One rescale of an int32 tensor whose values lie in `range`, to int8 (with the
/// zero point) or int32.
mlir::FailureOr<mlir::Value> rescaleWide(mlir::Operation *op, mlir::Value value,
                                         llvm::ArrayRef<numerics::Range> ranges,
                                         TosaScale scale, mlir::Type element,
                                         int64_t zeroPoint, TosaBuilder &builder);

/// Zero point of the output as it is stored.
int64_t getStoredZeroPoint(IntegerSegmentOpInterface op);

/// int8 output limited to what the requantization says.
mlir::Value clampOutput(IntegerSegmentOpInterface op, mlir::Value value,
                        TosaBuilder &builder);

} // namespace qbias

#endif // QBIAS_LIB_CONVERSION_QBIASTOTOSA_TOSAFORMS_H
