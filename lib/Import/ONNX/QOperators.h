//===- QOperators.h - operators on quantized tensors as three nodes ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_ONNX_QOPERATORS_H
#define QBIAS_LIB_IMPORT_ONNX_QOPERATORS_H

#include "Graph.h"

namespace qbias::onnximport {

/// Domain of the nodes an expansion makes. They mean what their namesakes of the
/// default domain mean; the field doc_string holds the operator they come from.
/// Operators without namesake:
///   DequantizeInteger(q, zero_point)     real numbers q - zero_point
///   DequantizeBias(q, s_x, s_w)          q * s_x * s_w along the last dimension
///   QuantizeInteger(x)                   int32, scale 1
///   QuantizeLike(x, s, zero_point, q)    without zero point: 0 of the type of q
inline constexpr llvm::StringLiteral kExpandedDomain = "qbias.expanded";

/// Replaces QLinearConv, QGemm and the like by dequantize, operate, quantize,
/// which is what they mean (N3), and ConvInteger and MatMulInteger by the same
/// with scale 1. Fails when a node has too few inputs, or the domain above.
llvm::LogicalResult expandQOperators(onnx::GraphProto &graph, const Namer &namer);

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_QOPERATORS_H
