//===- Meaning.h - results of a function as real numbers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_INTERPRETER_MEANING_H
#define QBIAS_LIB_INTERPRETER_MEANING_H

#include "Evaluate.h"

namespace qbias::interpreter {

/// How a result of a function reads as real numbers: as they are, through its
/// quantized type, or acc * unit + offset and then the tail.
class ResultMeaning {
public:
  /// Fails with an error when an accumulator has no reference, or when
  /// `qbias.scales` and `qbias.offsets` are not its unit and offset.
  static mlir::FailureOr<ResultMeaning> get(mlir::func::FuncOp func, unsigned index);

  Reals read(const Tensor &tensor) const;

private:
  llvm::LogicalResult readAccumulator(mlir::func::FuncOp func, unsigned index);

  mlir::quant::QuantizedType type;
  Reals units, offsets; ///< one, or one per channel
  std::optional<int64_t> axis;
  mlir::ArrayAttr tail;
};

} // namespace qbias::interpreter

#endif // QBIAS_LIB_INTERPRETER_MEANING_H
