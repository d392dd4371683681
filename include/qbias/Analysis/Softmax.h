//===- Softmax.h - programs of int.softmax ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_ANALYSIS_SOFTMAX_H
#define QBIAS_ANALYSIS_SOFTMAX_H

#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Numerics/Softmax.h"

namespace qbias {

/// What a softmax means, read off its attributes.
numerics::Softmax getSoftmax(IntSoftmaxOp op);
/// The numbers it computes with.
numerics::SoftmaxProgram getSoftmaxProgram(IntSoftmaxOp op);

/// A softmax of integers with the program of its mode. Fails with an error when
/// there is none: the reference kernel has fixed output scales.
mlir::FailureOr<mlir::Value> buildIntSoftmax(mlir::OpBuilder &builder, mlir::Location loc,
                                             mlir::Value input, double inputScale,
                                             double beta,
                                             mlir::quant::QuantizedType result,
                                             bool tflite, LayerAttr layer);

/// Its program is the one that follows from its meaning.
llvm::LogicalResult proveSoftmax(IntSoftmaxOp op);

} // namespace qbias

#endif // QBIAS_ANALYSIS_SOFTMAX_H
