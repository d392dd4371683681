//===- TosaBuilder.h - operations of TOSA on stored integers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// TOSA calculates with int8 and int32. A tensor of unsigned integers is stored as
// int8 minus 128, its zero point too; both change at the ends of the program.
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CONVERSION_QBIASTOTOSA_TOSABUILDER_H
#define QBIAS_LIB_CONVERSION_QBIASTOTOSA_TOSABUILDER_H

#include "qbias/Dialect/QBias/IR/QBias.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

namespace qbias {

/// Multiplier and shift of each channel, or of all.
struct TosaScale {
  llvm::SmallVector<int64_t> multiplier, shift;
  bool roundsTwice = false; ///< DOUBLE_ROUND
};

/// What a rescale adds: both are subtracted before or added after the product.
struct TosaZeroPoints {
  int64_t input = 0, output = 0;
  bool isInputUnsigned = false, isOutputUnsigned = false;
};

/// A scale of 2^exponent, 0 <= exponent <= 20: the product is exact.
TosaScale getPowerOfTwo(int64_t exponent = 0);

/// Creates operations at one place.
class TosaBuilder {
public:
  explicit TosaBuilder(mlir::OpBuilder &builder)
      : builder(builder), loc(builder.getUnknownLoc()) {}

  void setLocation(mlir::Location location) { loc = location; }
  mlir::Type getNarrow() { return builder.getI8Type(); }
  mlir::Type getWide() { return builder.getI32Type(); }

  mlir::Value constant(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                       llvm::ArrayRef<int64_t> values);
  /// A tensor of one element.
  mlir::Value scalar(mlir::Type element, int64_t value);
  mlir::Value shape(llvm::ArrayRef<int64_t> values);

  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> permutation);
  mlir::Value slice(mlir::Value value, llvm::ArrayRef<int64_t> start,
                    llvm::ArrayRef<int64_t> size);
  mlir::Value pad(mlir::Value value, llvm::ArrayRef<int64_t> low,
                  llvm::ArrayRef<int64_t> high, int64_t fill);
  mlir::Value concat(mlir::ValueRange values, int64_t dim);
  /// Slices `indices` along `dim`.
  mlir::Value gather(mlir::Value value, int64_t dim, llvm::ArrayRef<int64_t> indices);

  /// One multiplier per entry of the last dimension, or for all.
  mlir::Value rescale(mlir::Value value, mlir::Type element, const TosaScale &scale,
                      TosaZeroPoints zeroPoints);
  /// int8 minus its zero point, as int32.
  mlir::Value widen(mlir::Value value, int64_t zeroPoint);
  /// An int8 tensor limited to lo .. hi; itself where every int8 lies inside.
  mlir::Value clamp(mlir::Value value, int64_t lo, int64_t hi);

  /// An elementwise operation of two operands of the same rank.
  template <typename OpTy>
  mlir::Value combine(mlir::Value a, mlir::Value b) {
    return OpTy::create(builder, loc, getCombined(a, b), a, b);
  }
  /// Any other operation with one result.
  template <typename OpTy, typename... Arguments>
  mlir::Value make(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                   Arguments &&...arguments) {
    return OpTy::create(builder, loc, mlir::RankedTensorType::get(shape, element),
                        std::forward<Arguments>(arguments)...);
  }

private:
  mlir::RankedTensorType getCombined(mlir::Value a, mlir::Value b);

  mlir::OpBuilder &builder;
  mlir::Location loc;
};

} // namespace qbias

#endif // QBIAS_LIB_CONVERSION_QBIASTOTOSA_TOSABUILDER_H
