//===- QuantParameters.h - scales and zero points of ONNX nodes ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_ONNX_QUANTPARAMETERS_H
#define QBIAS_LIB_IMPORT_ONNX_QUANTPARAMETERS_H

#include "NodeView.h"

#include "qbias/Numerics/Quantize.h"

#include "mlir/Dialect/Quant/IR/QuantTypes.h"

namespace qbias::onnximport {

/// Scale and zero point of a quantized tensor, one each or one per slice along
/// `axis`.
struct QuantParameters {
  DataType storage = DataType::Int8;
  llvm::SmallVector<double> scales;
  llvm::SmallVector<int64_t> zeroPoints;
  std::optional<int64_t> axis;
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

/// Which zero scales are meaningful.
enum class ZeroScale {
  /// None: an activation could not be quantized.
  Error,
  /// A constant of zeros (a dead channel).
  DeadChannel,
};

/// Reads the parameters in the inputs `scale` and `zeroPoint` of a node for a
/// tensor of the given shape. Without zero point, 0 of type `storage`.
mlir::FailureOr<QuantParameters> readParameters(const NodeView &node, unsigned scale,
                                                unsigned zeroPoint,
                                                llvm::ArrayRef<int64_t> shape,
                                                DataType storage, ZeroScale zeroScale);

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_QUANTPARAMETERS_H
