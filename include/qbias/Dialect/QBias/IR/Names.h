//===- Names.h - names of layers and tensors, read off locations ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DIALECT_QBIAS_IR_NAMES_H
#define QBIAS_DIALECT_QBIAS_IR_NAMES_H

#include "mlir/IR/Location.h"
#include "mlir/IR/Value.h"

#include <string>

namespace qbias {

/// The name in the innermost NameLoc reachable through fused and call-site
/// locations, or "" when there is none. Importers give every operation the
/// name of its layer or tensor this way.
std::string getTensorName(mlir::Location loc);

/// Name of the layer an operation belongs to; falls back to the operation's
/// own name (`qbias.conv2d`) when the location holds none.
std::string getLayerName(mlir::Operation *op);

/// Name of the tensor a value holds: of a function argument its `qbias.name`,
/// of an integer operation the tensor its segment ends in, else its location.
std::string getValueName(mlir::Value value);

} // namespace qbias

#endif // QBIAS_DIALECT_QBIAS_IR_NAMES_H
