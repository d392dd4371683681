//===- Interpreter.h - executable meaning of both families ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The descriptions of the operations as code, written for reading: no pass, no
// solver and no lowering is shared, so that it can judge them.
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_INTERPRETER_INTERPRETER_H
#define QBIAS_INTERPRETER_INTERPRETER_H

#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Numerics/Rational.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <variant>
#include <vector>

namespace qbias::interpreter {

using Integers = std::vector<int64_t>;
using Reals = std::vector<numerics::Rational>;

/// A tensor's elements in row-major order: exact reals of an f32 tensor, the
/// numbers of an integer tensor, the stored integers of a !quant.uniform one.
struct Tensor {
  llvm::SmallVector<int64_t> shape;
  std::variant<Integers, Reals> elements;

  bool isReal() const { return std::holds_alternative<Reals>(elements); }
  size_t size() const { return isReal() ? reals().size() : integers().size(); }
  const Integers &integers() const { return *std::get_if<Integers>(&elements); }
  const Reals &reals() const { return *std::get_if<Reals>(&elements); }
};

/// The results of `func` for `inputs`, exact: rationals in the real family,
/// unbounded integers in the integer family. A real function that is not
/// rational is rounded to kRealBits bits.
///
/// Fails with an error at the operation that has no meaning here, whose
/// accumulator leaves its proven bounds (N9), whose acc * m + r leaves 64 bits
/// (N6), or whose result leaves its type.
mlir::FailureOr<llvm::SmallVector<Tensor>> interpret(mlir::func::FuncOp func,
                                                     llvm::ArrayRef<Tensor> inputs);

/// Significant bits of a real number that is not rational: far more than the
/// distance of such a number to a rounding boundary asks for.
inline constexpr int kRealBits = 320;

/// One real step of a reference or of a result's tail: clamp, unary, linear.
numerics::Rational applyStep(mlir::Attribute step, const numerics::Rational &x);

/// The real numbers that stored integers of type `type` stand for (N1).
Reals dequantize(const Tensor &tensor, mlir::quant::QuantizedType type);

} // namespace qbias::interpreter

#endif // QBIAS_INTERPRETER_INTERPRETER_H
