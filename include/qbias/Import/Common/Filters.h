//===- Filters.h - layouts of constant weights ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_COMMON_FILTERS_H
#define QBIAS_IMPORT_COMMON_FILTERS_H

#include "qbias/Import/Common/Layer.h"

namespace qbias::importing {

/// Weights [C, O / groups, KH, KW] or [C, O / groups, K] of a transposed convolution as
/// ONNX and PyTorch keep them, in the layout of qbias.conv_transpose2d: [O, KH, KW, C /
/// groups]. Constants, float or quantized per tensor or along dimension 1, are
/// reordered; scales are repeated for each group.
mlir::FailureOr<mlir::Value> orderTransposedFilter(const Layer &layer, mlir::Value weight,
                                                   int64_t groups);

/// Real numbers per channel along dimension `axis` of a tensor of `shape`: a sign
/// times a scale of its own, so that doubles stay exact. `width`: bits of the
/// integers.
mlir::Value makeReals(const Layer &layer, llvm::ArrayRef<double> values,
                      llvm::ArrayRef<int64_t> shape, int32_t axis, unsigned width);

} // namespace qbias::importing

#endif // QBIAS_IMPORT_COMMON_FILTERS_H
