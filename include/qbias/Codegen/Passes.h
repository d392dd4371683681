//===- Passes.h - from linalg to a program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_CODEGEN_PASSES_H
#define QBIAS_CODEGEN_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace qbias {

/// The kernel that computes a contraction and its epilogue, and why it was
/// chosen; strings on the contraction.
inline constexpr llvm::StringLiteral kPlanAttr = "qbias.plan";
inline constexpr llvm::StringLiteral kPlanReasonAttr = "qbias.plan_reason";
/// Of a contraction: names of the layers that its epilogue computes besides its own.
inline constexpr llvm::StringLiteral kStoresAttr = "qbias.stores";
/// The plan of plain loops, and the request for the best plan.
inline constexpr llvm::StringLiteral kReferencePlan = "reference";
inline constexpr llvm::StringLiteral kAutoPlan = "auto";
/// Units of work of a kernel call, which slices can share.
inline constexpr llvm::StringLiteral kUnitsAttr = "qbias.units";
/// What such a call does for its layer, when it is not the layer itself.
inline constexpr llvm::StringLiteral kStepAttr = "qbias.step";
/// Steps of a program that threads share, and for how many.
inline constexpr llvm::StringLiteral kPhasesAttr = "qbias.phases";
inline constexpr llvm::StringLiteral kPhaseNamesAttr = "qbias.phase_names";
inline constexpr llvm::StringLiteral kThreadsAttr = "qbias.threads";
/// Bytes of workspace a planned function needs.
inline constexpr llvm::StringLiteral kWorkspaceAttr = "qbias.workspace_bytes";
/// Where its buffers lie: an array of {name, bytes, offset, first, last}, the
/// last two positions of operations.
inline constexpr llvm::StringLiteral kMemoryPlanAttr = "qbias.memory_plan";
/// Bytes and alignment of every argument (inputs, outputs, workspace), and how
/// many of them are inputs.
inline constexpr llvm::StringLiteral kBufferBytesAttr = "qbias.buffer_bytes";
inline constexpr llvm::StringLiteral kBufferAlignmentAttr = "qbias.buffer_alignment";
inline constexpr llvm::StringLiteral kInputsAttr = "qbias.inputs";

#define GEN_PASS_DECL
#include "qbias/Codegen/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "qbias/Codegen/Passes.h.inc"

} // namespace qbias

#endif // QBIAS_CODEGEN_PASSES_H
