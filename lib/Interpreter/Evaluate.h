//===- Evaluate.h - what the parts of the interpreter share ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_INTERPRETER_EVALUATE_H
#define QBIAS_LIB_INTERPRETER_EVALUATE_H

#include "qbias/Interpreter/Interpreter.h"
#include "qbias/Numerics/Quantize.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace qbias::interpreter {

using Operands = llvm::ArrayRef<const Tensor *>;
using Result = mlir::FailureOr<Tensor>;

/// The value of an operation's only result; nullopt when the operation belongs
/// to another part.
std::optional<Result> evaluateReal(mlir::Operation *op, Operands operands);
std::optional<Result> evaluateInteger(mlir::Operation *op, Operands operands);
/// Constants, storage casts, data movement and max pools, of both families.
std::optional<Result> evaluateMovement(mlir::Operation *op, Operands operands);

/// A real function of one operand: rational ones exact, others rounded to
/// kRealBits bits, beyond 2^65536 to that power, below 2^-65536 to 0.
numerics::Rational applyUnary(UnaryKind function, const numerics::Rational &x,
                              const numerics::Rational &alpha,
                              const numerics::Rational &beta);

/// Parameters of a quantized type: one scale and zero point, or one per index
/// along an axis.
struct Quantization {
  explicit Quantization(mlir::quant::QuantizedType type);

  /// Which scale element `i` (row-major) of a tensor of this shape has.
  size_t channelOf(llvm::ArrayRef<int64_t> shape, size_t i) const;
  /// N2: clamp(rnd(x / s) + z, qmin, qmax).
  int64_t quantize(const numerics::Rational &x, size_t channel) const;
  /// N1: (q - z) * s.
  numerics::Rational dequantize(int64_t q, size_t channel) const;

  Reals scales;
  llvm::SmallVector<int64_t> zeroPoints;
  std::optional<int32_t> axis;
  numerics::Range storage;
};

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value);
int64_t elementsOf(llvm::ArrayRef<int64_t> shape);

/// Calls `visit` with every index of a shape in row-major order.
void forEachIndex(llvm::ArrayRef<int64_t> shape,
                  llvm::function_ref<void(llvm::ArrayRef<int64_t>)> visit);
/// Position of an index in row-major order.
int64_t positionOf(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> index);

/// For every element of `result`, which element of `operand` it reads when
/// dimensions of extent 1 are repeated.
std::vector<int64_t> broadcastPositions(llvm::ArrayRef<int64_t> operand,
                                        llvm::ArrayRef<int64_t> result);

} // namespace qbias::interpreter

#endif // QBIAS_LIB_INTERPRETER_EVALUATE_H
