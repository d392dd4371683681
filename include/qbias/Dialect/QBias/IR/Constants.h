//===- Constants.h - reading and making constant arrays ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DIALECT_QBIAS_IR_CONSTANTS_H
#define QBIAS_DIALECT_QBIAS_IR_CONSTANTS_H

#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Numerics/Rational.h"

namespace mlir {
class OpBuilder;
}

namespace qbias {

/// Element type of a transposed tensor: the axis of a per-axis quantized type
/// follows the permutation, other types stay.
mlir::Type permuteElementType(mlir::Type element, llvm::ArrayRef<int64_t> permutation);

/// Per-channel exact real numbers: value[c] * unit[c]. An array of one element
/// stands for every channel.
class ExactArray {
public:
  /// Fails on NaN, infinities, and element types that are neither float nor
  /// integer.
  static mlir::FailureOr<ExactArray> get(mlir::ElementsAttr value,
                                         mlir::ElementsAttr unit);
  numerics::Rational at(int64_t channel) const;
  size_t size() const { return values.size(); }

private:
  std::vector<numerics::Rational> values;
};

/// Numbers in a row of `low` of #qbias.requant: limb, low multiplier, low addend
/// multiplier, low rounding constant, tie.
inline constexpr int64_t kLowColumns = 5;

/// Elements of an integer attribute (signless or signed read as signed,
/// unsigned zero-extended), dense or resource; false when it is neither.
bool readIntegers(mlir::ElementsAttr attr, llvm::SmallVectorImpl<int64_t> &out);
/// The same through an arith.constant.
bool readIntegers(mlir::Value value, llvm::SmallVectorImpl<int64_t> &out);
/// Whether readIntegers would read the array.
bool holdsIntegers(mlir::ElementsAttr attr);

/// Elements of a float attribute as doubles (exact for f16, f32, f64).
bool readFloats(mlir::ElementsAttr attr, llvm::SmallVectorImpl<double> &out);

/// The attribute of the constant that defines `value`, or null.
mlir::ElementsAttr getConstant(mlir::Value value);

/// An integer array attribute of the given tensor type: written out when
/// short, a dense_resource blob named after `name` otherwise, so that textual
/// IR stays readable.
mlir::ElementsAttr makeIntegers(mlir::RankedTensorType type,
                                llvm::ArrayRef<int64_t> values, llvm::StringRef name);
/// 1-d i64 array.
mlir::ElementsAttr makeIntegers(mlir::MLIRContext *context,
                                llvm::ArrayRef<int64_t> values, llvm::StringRef name);
/// 1-d f64 array.
mlir::ElementsAttr makeFloats(mlir::MLIRContext *context, llvm::ArrayRef<double> values,
                              llvm::StringRef name);
/// The bytes of a tensor in row-major order, as dense or resource.
mlir::ElementsAttr makeRaw(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes,
                           llvm::StringRef name);
/// Row-major bytes of a constant tensor; splats are expanded. nullopt when the
/// attribute holds no plain data, or is a splat of more than 2^28 elements.
std::optional<std::vector<char>> readRaw(mlir::ElementsAttr attr);
/// The bytes of an array of elements of 1, 2, 4 or 8 bytes whose dimension i was
/// dimension permutation[i] of `shape`.
std::vector<char> permuteRaw(llvm::ArrayRef<char> bytes, llvm::ArrayRef<int64_t> shape,
                             llvm::ArrayRef<int64_t> permutation);

} // namespace qbias

#endif // QBIAS_DIALECT_QBIAS_IR_CONSTANTS_H
