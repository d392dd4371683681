//===- QBias.h - dialect, attributes and operations ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DIALECT_QBIAS_IR_QBIAS_H
#define QBIAS_DIALECT_QBIAS_IR_QBIAS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace qbias {

/// Statically shaped tensor.
bool isStaticTensor(mlir::Type type);
/// Statically shaped tensor of f32: exact reals.
bool isRealTensor(mlir::Type type);
/// Statically shaped tensor of !quant.uniform (per tensor or per axis).
bool isQuantTensor(mlir::Type type);
/// Statically shaped tensor of an integer type of the integer family.
bool isIntegerTensor(mlir::Type type);

} // namespace qbias

#include "qbias/Dialect/QBias/IR/QBiasDialect.h.inc"
#include "qbias/Dialect/QBias/IR/QBiasEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "qbias/Dialect/QBias/IR/QBiasAttributes.h.inc"
#include "qbias/Dialect/QBias/IR/QBiasInterfaces.h.inc"
#define GET_OP_CLASSES
#include "qbias/Dialect/QBias/IR/QBiasOps.h.inc"

#endif // QBIAS_DIALECT_QBIAS_IR_QBIAS_H
