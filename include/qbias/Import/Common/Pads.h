//===- Pads.h - pads by other elements, and negative ones ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_COMMON_PADS_H
#define QBIAS_IMPORT_COMMON_PADS_H

#include "qbias/Import/Common/Layer.h"

namespace qbias::importing {

/// Largest pad qbias.pad takes.
inline constexpr int64_t kMaxPad = int64_t(1) << 24;

/// Which element an inserted one repeats.
enum class PadRule {
  Reflect, ///< mirrored at the outermost element
  Edge,    ///< the outermost
  Wrap,    ///< from the other end
};

/// Pads by elements of the value itself: slices that are selected. `pads`: for each
/// dimension those before, then for each those after; negative ones crop.
mlir::FailureOr<mlir::Value> padBySelection(const Layer &layer, mlir::Value value,
                                            llvm::ArrayRef<int64_t> pads, PadRule rule);

/// Cuts off what negative pads take, and sets them to 0.
mlir::FailureOr<mlir::Value> cropByPads(const Layer &layer, mlir::Value value,
                                        llvm::MutableArrayRef<int64_t> pads);

} // namespace qbias::importing

#endif // QBIAS_IMPORT_COMMON_PADS_H
