//===- WeightedLayer.h - constants of a layer with weights ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_DIALECT_QBIAS_TRANSFORMS_WEIGHTEDLAYER_H
#define QBIAS_LIB_DIALECT_QBIAS_TRANSFORMS_WEIGHTEDLAYER_H

#include "SegmentBuilder.h"

#include "qbias/Analysis/Operands.h"

namespace qbias {

/// The constant operands of a weighted layer.
struct Weighted {
  Operands operands;
  BiasOp bias;
  mlir::Value weights, biasConstant;
  mlir::ElementsAttr scales;
  bool isWide = false;
};

/// Makes the constants of a layer. Fails without a diagnostic when its operands
/// are not quantized or its bias not materialized.
mlir::FailureOr<Weighted> getWeighted(mlir::OpBuilder &builder,
                                      AccumulatorOpInterface op);

/// M = s_x * s_w / s_y of every channel, in double (a start, not a claim).
llvm::SmallVector<double> getMultipliers(const Operands &operands, int64_t channels,
                                         const SegmentEnd &end);

} // namespace qbias

#endif // QBIAS_LIB_DIALECT_QBIAS_TRANSFORMS_WEIGHTEDLAYER_H
