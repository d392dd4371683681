//===- RequantShifts.h - integer graphs as quantized ones ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_ONNX_REQUANTSHIFTS_H
#define QBIAS_LIB_IMPORT_ONNX_REQUANTSHIFTS_H

#include "Graph.h"

namespace qbias::onnximport {

/// A graph with RequantShift nodes computes on integers, which the file stores
/// as floats: weights, biases and graph inputs become integers with scale 1,
/// and each RequantShift a quantize whose scales hold its multiplier and shift.
/// Graph inputs are taken as int16. Other graphs stay as they are.
llvm::LogicalResult expandRequantShifts(onnx::GraphProto &graph, const Namer &namer);

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_REQUANTSHIFTS_H
