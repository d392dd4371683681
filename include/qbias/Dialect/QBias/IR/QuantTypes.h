//===- QuantTypes.h - questions about !quant.uniform types ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DIALECT_QBIAS_IR_QUANTTYPES_H
#define QBIAS_DIALECT_QBIAS_IR_QUANTTYPES_H

#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Numerics/Quantize.h"

#include "llvm/ADT/ArrayRef.h"

namespace qbias {

/// The quantized element type of a tensor, or null.
mlir::quant::QuantizedType getQuantElement(mlir::Type type);

/// Scales of a per-tensor (one) or per-axis (many) type.
llvm::SmallVector<double> getScales(mlir::quant::QuantizedType type);
llvm::SmallVector<int64_t> getZeroPoints(mlir::quant::QuantizedType type);
/// Axis of a per-axis type, nullopt for a per-tensor type.
std::optional<int32_t> getAxis(mlir::quant::QuantizedType type);

/// A constraint of qbias.quantize that a quantized type violates.
struct TypeFault {
  llvm::StringRef label; ///< C2, C3 or C4
  std::string text;
};
std::optional<TypeFault> getTypeFault(mlir::quant::QuantizedType type);

/// Numeric parameters of a per-tensor type, exact.
numerics::QuantParams getParams(mlir::quant::QuantizedType type);
numerics::Range getStorageRange(mlir::quant::QuantizedType type);

/// The integer type a quantized value has in the integer family: i8, ui8,
/// i16, ui16, i32. Types of 4 and fewer bits travel in 8.
mlir::IntegerType getIntegerType(mlir::quant::QuantizedType type);
/// The same tensor with the integer type above.
mlir::RankedTensorType getIntegerTensor(mlir::Type quantTensor);

/// Constants hold the bits of a stored value in a signless integer; turns what
/// was read as signed into the stored values of an unsigned type.
void toStorageValues(mlir::quant::QuantizedType type,
                     llvm::SmallVectorImpl<int64_t> &values);

/// Values an integer type of the integer family can hold.
numerics::Range getIntegerRange(mlir::Type integerType);

/// Same scales, zero points and axis (bitwise), whatever the storage range.
bool haveSameGrid(mlir::quant::QuantizedType a, mlir::quant::QuantizedType b);

/// The same type with a per-axis axis replaced.
mlir::quant::QuantizedType withAxis(mlir::quant::QuantizedType type, int32_t axis);

} // namespace qbias

#endif // QBIAS_DIALECT_QBIAS_IR_QUANTTYPES_H
