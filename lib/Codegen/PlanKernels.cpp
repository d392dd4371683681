//===- PlanKernels.cpp - a kernel for every contraction ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a plan needs, beyond a group with 8-bit operands and 32-bit sums:
//
//   dot8    vpdpbusd: products of u8 and s8 are exact, their sums wrap modulo
//           2^32, and the final sum is proven to fit (N9); sdot: the same of s8
//   pair16  products of s16 that are s8 values: a pair is at most 2 * 2^14
//   winograd4  WinogradKernel.cpp: 3x3, no strides, 128 * sum |w| < 2^25
//
//===----------------------------------------------------------------------===//

#include "Plans.h"

#include "qbias/Codegen/Passes.h"
#include "qbias/Dialect/QBias/IR/Nibbles.h"
#include "qbias/Dialect/QBias/IR/QBias.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringExtras.h"

namespace qbias {
#define GEN_PASS_DEF_PLANKERNELS
#include "qbias/Codegen/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

static constexpr StringRef kDot8 = "dot8", kPair16 = "pair16", kWinograd4 = "winograd4";
static constexpr StringRef kNames[] = {kDot8, kPair16, kWinograd4};

ArrayRef<StringRef> qbias::getPlanNames() { return kNames; }

std::string qbias::checkPlan(StringRef plan, const Group &group, const Target &target) {
  if (plan == kDot8)
    return target.hasDot8() ? ""
                            : "needs sums of four 8-bit products (vpdpbusd, sdot), which "
                              "target '" +
                                  target.name + "' does not have";
  if (plan == kPair16)
    return "";
  if (plan == kWinograd4)
    return checkWinograd(group);
  return "unknown plan '" + plan.str() + "', expected reference, " +
         llvm::join(getPlanNames(), ", ");
}

static DotStep getStep(StringRef plan, const Target &target, int64_t slices = 1) {
  constexpr int64_t kSumBytes = 4;
  DotKind dot8 = target.hasDotS8S8 ? DotKind::Dot8Signed : DotKind::Dot8;
  return {plan == kDot8 ? dot8 : DotKind::Pair16, target.vectorBytes / kSumBytes,
          target.registers, slices, target.hasAvx2};
}

/// The fastest proven plan, by rough counts of cycles.
static StringRef findFastest(const Group &group, const Target &target,
                             const PlanRequest &request) {
  StringRef direct = target.hasDot8() ? kDot8 : kPair16;
  DotStep step = getStep(direct, target);
  double cycles = double(group.macs()) / (step.lanes * step.group());
  bool isSmall = request.smallWeights || getNibbleOffset(group.weights);
  bool isProven = !isSmall && checkWinograd(group).empty();
  return isProven && estimateWinograd(
                         group, getStep(kWinograd4, target, request.threads)) < cycles
             ? kWinograd4
             : direct;
}

PlanChoice qbias::choosePlan(Operation *contraction, const Target &target,
                             const PlanRequest &request) {
  if (request.name == kReferencePlan)
    return {kReferencePlan.str(), "asked for"};
  if (request.name == kAutoPlan && !target.hasVectors)
    return {kReferencePlan.str(), "target has no vectors"};
  std::string reason;
  std::optional<Group> group = Group::match(contraction, reason);
  if (!group)
    return {kReferencePlan.str(), reason};
  std::string epilogue = group->epilogue->isNarrow() ? "32-bit" : "64-bit";
  StringRef name =
      request.name == kAutoPlan ? findFastest(*group, target, request) : request.name;
  reason = checkPlan(name, *group, target);
  if (!reason.empty())
    return {kReferencePlan.str(), reason};
  return {name.str(), "target " + target.name + ", " + epilogue + " epilogue"};
}

std::unique_ptr<Kernel> qbias::makeKernel(StringRef plan, const Group &group,
                                          const Target &target, int64_t slices) {
  DotStep step = getStep(plan, target, slices);
  if (plan == kWinograd4)
    return makeWinogradKernel(group, step);
  step.weightOffset = getNibbleOffset(group.weights);
  return group.isDepthwise ? makeDepthwiseKernel(group, step)
                           : makeDenseKernel(group, step);
}

namespace {

struct PlanKernels : qbias::impl::PlanKernelsBase<PlanKernels> {
  using PlanKernelsBase::PlanKernelsBase;
  void runOnOperation() override;
};

} // namespace

/// Plain loops are what a faster plan was missed for.
static void report(Operation *op, const PlanChoice &choice) {
  auto options = remark::RemarkOpts::name("plan").category("qbias-plan-kernels");
  auto emit = [&](auto &&remark) {
    remark << remark::metric("plan", choice.name) << remark::reason("{0}", choice.reason);
  };
  if (choice.name == kReferencePlan)
    emit(remark::missed(op->getLoc(), options));
  else
    emit(remark::passed(op->getLoc(), options));
}

void PlanKernels::runOnOperation() {
  std::string error;
  std::optional<Target> target = Target::get(triple, cpu, features, error);
  if (!target) {
    getOperation().emitError("cannot describe the target: ") << error;
    return signalPassFailure();
  }
  if (plan != kAutoPlan && plan != kReferencePlan &&
      !llvm::is_contained(getPlanNames(), plan)) {
    getOperation().emitError("unknown plan '")
        << plan << "', expected auto, reference, " << llvm::join(getPlanNames(), ", ");
    return signalPassFailure();
  }
  getOperation().walk([&](Operation *op) {
    if (!isContraction(op))
      return;
    PlanChoice choice = choosePlan(op, *target, {plan, smallWeights, threads});
    op->setAttr(kPlanAttr, StringAttr::get(op->getContext(), choice.name));
    op->setAttr(kPlanReasonAttr, StringAttr::get(op->getContext(), choice.reason));
    report(op, choice);
  });
}
