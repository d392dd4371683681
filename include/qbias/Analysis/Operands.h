//===- Operands.h - what the operands of a real operation are ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_ANALYSIS_OPERANDS_H
#define QBIAS_ANALYSIS_OPERANDS_H

#include "qbias/Dialect/QBias/IR/QBias.h"

namespace qbias {

/// A real constant as the file has it: value[c] * unit[c], unit null for 1.
struct RealConstant {
  mlir::ElementsAttr value, unit;
};

/// The constant below reshapes and a dequantize: float, or integers with their
/// own scale. nullopt when `value` is no constant.
std::optional<RealConstant> getRealConstant(mlir::Value value);

/// Quantized operands of a sum of products with constant weights.
struct Operands {
  mlir::quant::QuantizedType input;       ///< per tensor
  llvm::SmallVector<int64_t, 0> weights;  ///< q_w - z_w, one row per output channel
  llvm::SmallVector<double> weightScales; ///< one, or one per output channel
};

/// Operands of `op` when both are quantized and the weights constant.
std::optional<Operands> getOperands(AccumulatorOpInterface op);
/// Whether `op` has such operands, without reading them.
bool hasOperands(AccumulatorOpInterface op);

} // namespace qbias

#endif // QBIAS_ANALYSIS_OPERANDS_H
