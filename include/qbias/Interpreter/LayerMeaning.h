//===- LayerMeaning.h - what an integer layer should give ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A layer's reference evaluated on integers: exactly, and in float32 as the
// framework would. No multiplier, shift or table of the program is looked at.
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_INTERPRETER_LAYERMEANING_H
#define QBIAS_INTERPRETER_LAYERMEANING_H

#include "qbias/Interpreter/Interpreter.h"

namespace qbias::interpreter {

/// What a layer should give, element by element.
struct LayerValues {
  /// rnd(x / s) + z before the clamp, exact (N1 to N3); of a layer without
  /// quantize the sum, its integer bias included.
  Integers rounded;
  /// x / s + z to about the precision of double; empty without quantize.
  std::vector<double> reals;
  /// The integers of float32 arithmetic: operands dequantized, products added in
  /// the order of the window or row, then bias, second operand, functions and the
  /// producer's own quantize, each rounded once. Empty without quantize.
  Integers inFloat;
};

/// The meaning of one integer operation: a segment, or a softmax, whose exact
/// values are taken to the precision of double (N12).
class LayerMeaning {
public:
  /// `producer` is the framework whose quantize ends the layer (N2b). Fails with
  /// an error when constants or the reference cannot be read.
  static mlir::FailureOr<LayerMeaning> get(IntegerSegmentOpInterface segment,
                                           llvm::StringRef producer);
  static LayerMeaning get(IntSoftmaxOp softmax, llvm::StringRef producer);

  /// Values for the integers of the layer's activations, in their order.
  LayerValues evaluate(llvm::ArrayRef<const Tensor *> activations) const;

  /// Type of the quantize at its end; null for an accumulator.
  mlir::quant::QuantizedType getResult() const { return result; }

private:
  /// The parts of one element's real value: sum * unit + bias + addend * scale.
  struct Parts {
    int64_t sum = 0, addend = 0;
    size_t channel = 0;
  };
  /// A number and a bound of its distance to the exact one.
  struct Approximate {
    double value = 0, error = 0;
  };

  llvm::LogicalResult readConstants(IntegerSegmentOpInterface segment);
  bool hasAddend() const { return scales.size() > factors; }
  Integers center(const Tensor &tensor, size_t operand) const;
  std::vector<float> dequantize(const Tensor &tensor, size_t operand) const;
  std::vector<size_t> findChannels(llvm::ArrayRef<const Tensor *> activations) const;
  std::optional<Approximate> approximate(const Parts &parts) const;
  numerics::Rational evaluateExactly(const Parts &parts) const;
  std::pair<int64_t, double> round(const Parts &parts) const;
  float applyInFloat(mlir::Attribute step, float x) const;
  int64_t quantizeInFloat(float x, mlir::quant::QuantizedType type) const;
  LayerValues evaluateSoftmax(const Tensor &x) const;
  Integers evaluateInFloat(llvm::ArrayRef<const Tensor *> activations,
                           llvm::ArrayRef<size_t> channels) const;

  mlir::Operation *op = nullptr;
  std::string producer;
  mlir::quant::QuantizedType result;
  llvm::SmallVector<mlir::Attribute> steps;
  /// Of the activations, in their order: `factors` make the sum, one more is
  /// added to it.
  llvm::SmallVector<int64_t> zeroPoints;
  llvm::SmallVector<double> scales;
  size_t factors = 1;
  Integers weights;               ///< constants without their zero point
  std::vector<float> realWeights; ///< the same, dequantized
  llvm::SmallVector<int64_t> programBias;
  Reals units, bias;                       ///< for each channel; bias empty without one
  std::vector<double> nearUnits, nearBias; ///< the nearest doubles
  std::vector<float> floatBias;
};

} // namespace qbias::interpreter

#endif // QBIAS_INTERPRETER_LAYERMEANING_H
