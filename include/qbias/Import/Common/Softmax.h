//===- Softmax.h - softmax over any dimension ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_COMMON_SOFTMAX_H
#define QBIAS_IMPORT_COMMON_SOFTMAX_H

#include "qbias/Import/Common/Layer.h"

namespace qbias::importing {

/// qbias.softmax over `axis`, which comes last for it and goes back. An error where a
/// row would have too many elements.
mlir::FailureOr<mlir::Value> softmax(const Layer &layer, mlir::Value value, int64_t axis);

} // namespace qbias::importing

#endif // QBIAS_IMPORT_COMMON_SOFTMAX_H
