//===- ElementwiseSteps.h - chains of functions of one tensor ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_DIALECT_QBIAS_TRANSFORMS_ELEMENTWISESTEPS_H
#define QBIAS_LIB_DIALECT_QBIAS_TRANSFORMS_ELEMENTWISESTEPS_H

#include "qbias/Dialect/QBias/IR/QBias.h"

namespace qbias {

/// Collects the elementwise steps above `real` into `steps` (in order) and
/// returns the value below them. Clamps, unary functions, arithmetic with a
/// scalar constant, and sums and products of two functions of one quantized
/// tensor are steps.
mlir::Value collectSteps(mlir::Value real, llvm::SmallVectorImpl<mlir::Attribute> &steps);

/// Whether a table of `steps` takes time and numbers of a reasonable size.
bool isEvaluable(llvm::ArrayRef<mlir::Attribute> steps);

} // namespace qbias

#endif // QBIAS_LIB_DIALECT_QBIAS_TRANSFORMS_ELEMENTWISESTEPS_H
