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

/// Statically shaped tensor without encoding or empty dimension and of at most
/// 2^40 elements; a per-axis quantized one has a scale per entry of its axis.
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

namespace qbias {

/// Most channels of one operation: bounds the exact arithmetic of verifiers.
inline constexpr int64_t kMaxChannels = int64_t(1) << 20;

/// Forms that only modes beside exact have: double_round, divide, rescaled_sum,
/// float, float_bias.
bool isModeForm(RequantForm form);

/// What is wrong with the parameters of a one-operand function, "" if nothing:
/// alpha belongs to hard_sigmoid, leaky_relu and elu, beta to hard_sigmoid.
std::string getUnaryFault(UnaryKind kind, mlir::FloatAttr alpha, mlir::FloatAttr beta);

/// What is wrong with a step of a reference, "" if nothing. A step is a clamp,
/// unary or linear attribute with finite f64 numbers, or a per-tensor quantized
/// type.
std::string getStepFault(mlir::Attribute step);

} // namespace qbias

#endif // QBIAS_DIALECT_QBIAS_IR_QBIAS_H
