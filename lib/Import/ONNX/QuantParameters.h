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

#include "qbias/Import/Common/QuantParameters.h"

namespace qbias::onnximport {

/// Which zero scales are meaningful.
enum class ZeroScale {
  /// None: an activation could not be quantized.
  Error,
  /// A constant of zeros (a dead channel).
  DeadChannel,
};

/// The scales in an input of rank 0 or 1.
llvm::LogicalResult readScales(const NodeView &node, unsigned index, ZeroScale zeroScale,
                               QuantParameters &parameters);
/// As many zero points of the type `parameters.storage` as there are scales; 0
/// where the input is absent.
llvm::LogicalResult readZeroPoints(const NodeView &node, unsigned index,
                                   QuantParameters &parameters);

/// Reads the parameters in the inputs `scale` and `zeroPoint` of a node for a
/// tensor of the given shape. Without zero point, 0 of type `storage`.
mlir::FailureOr<QuantParameters> readParameters(const NodeView &node, unsigned scale,
                                                unsigned zeroPoint,
                                                llvm::ArrayRef<int64_t> shape,
                                                DataType storage, ZeroScale zeroScale);

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_QUANTPARAMETERS_H
