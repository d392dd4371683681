//===- ScaleTransparent.h - which operations commute with quantize ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DIALECT_QBIAS_IR_SCALETRANSPARENT_H
#define QBIAS_DIALECT_QBIAS_IR_SCALETRANSPARENT_H

namespace mlir {
class DialectRegistry;
}

namespace qbias {

/// Attaches ScaleTransparentOpInterface to the shape operations of the
/// upstream tensor dialect.
void registerScaleTransparentModels(mlir::DialectRegistry &registry);

} // namespace qbias

#endif // QBIAS_DIALECT_QBIAS_IR_SCALETRANSPARENT_H
