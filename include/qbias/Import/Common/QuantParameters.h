//===- QuantParameters.h - scales and zero points of tensors ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_COMMON_QUANTPARAMETERS_H
#define QBIAS_IMPORT_COMMON_QUANTPARAMETERS_H

#include "qbias/Import/Common/ConstantTensor.h"
#include "qbias/Import/Common/Layer.h"
#include "qbias/Numerics/Quantize.h"

#include "mlir/Dialect/Quant/IR/QuantTypes.h"

namespace qbias::importing {

/// Scale and zero point of a quantized tensor, one each or one per slice along
/// `axis`.
struct QuantParameters {
  DataType storage = DataType::Int8;
  llvm::SmallVector<double> scales;
  llvm::SmallVector<int64_t> zeroPoints;
  std::optional<int64_t> axis;
  /// Integers a quantize saturates at, where they are fewer than the type's.
  std::optional<numerics::Range> range;
};

/// True for the integer types a quantized tensor can have.
bool isQuantizable(DataType type);

/// Values of an integer type.
numerics::Range rangeOf(DataType type);

/// The file's type of a quantized tensor's integers.
DataType storageOf(mlir::quant::QuantizedType type);

/// The quantized type; 4- and 2-bit integers are i8 or u8 with their range.
mlir::quant::QuantizedType makeQuantType(mlir::MLIRContext *context,
                                         const QuantParameters &parameters);

/// Scales a !quant.uniform type over float32 can hold; 0 where `allowZero`.
bool isScale(double scale, bool allowZero);

/// Real numbers that the integers of a constant stand for: arith.constant,
/// quant.scast, qbias.dequantize (at `loc`). A scale of 0 makes a dead channel:
/// zeros of scale 1, with a remark.
mlir::FailureOr<mlir::Value> dequantizeConstant(const Layer &layer, mlir::Location loc,
                                                mlir::Location constantLoc,
                                                const ConstantTensor &constant,
                                                QuantParameters parameters);

/// Quantizes a float constant (N2): weights of networks trained with fake
/// quantization. A scale of 0 gives zero points.
mlir::FailureOr<ConstantTensor> quantizeConstant(const Layer &layer,
                                                 const ConstantTensor &constant,
                                                 const QuantParameters &parameters);

/// Integers quantized with one scale and read with another: the same bits
/// under the new type.
mlir::Value reinterpret(const Layer &layer, mlir::Location loc, mlir::Value quantized,
                        mlir::Type type);

} // namespace qbias::importing

#endif // QBIAS_IMPORT_COMMON_QUANTPARAMETERS_H
