//===- Plans.h - which kernel computes a group, and why it may ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CODEGEN_PLANS_H
#define QBIAS_LIB_CODEGEN_PLANS_H

#include "Kernels.h"

namespace qbias {

/// A decision and its reason, for attributes and the report.
struct PlanChoice {
  std::string name, reason;
  mlir::linalg::PoolingNhwcMaxOp pool = {}; ///< computed by the same kernel
};

/// Names of all plans but `reference` and `auto`, best first.
llvm::ArrayRef<llvm::StringRef> getPlanNames();

/// "" when `plan` computes the group's integers on `target`, else why that is
/// not proven.
std::string checkPlan(llvm::StringRef plan, const Group &group, const Target &target);

/// What is asked of a plan.
struct PlanRequest {
  llvm::StringRef name;      ///< a plan, or `auto`
  bool smallWeights = false; ///< `auto` makes no weights larger
  int64_t threads = 1;
};

/// The plan of a contraction: what is wanted where it is proven, else
/// `reference`.
PlanChoice choosePlan(mlir::Operation *contraction, const Target &target,
                      const PlanRequest &request);

/// The rate of pair8 beside that of pair16, roughly; 0 where it is not proven.
double ratePair8(const Group &group, const Target &target);

/// The max pool that alone reads the results of a group, when the kernel of `plan`
/// computes it; null for others. It becomes part of the group.
mlir::linalg::PoolingNhwcMaxOp takePool(llvm::StringRef plan, Group &group,
                                        const Target &target);

/// What the kernel of a plan adds to every input.
int64_t getInputOffset(llvm::StringRef plan, const Group &group, const Target &target);

/// The kernel of a plan that checkPlan() accepted, for so many threads.
std::unique_ptr<Kernel> makeKernel(llvm::StringRef plan, const Group &group,
                                   const Target &target, int64_t slices);

} // namespace qbias

#endif // QBIAS_LIB_CODEGEN_PLANS_H
