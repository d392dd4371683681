//===- PlanKernels.cpp - a kernel for every contraction ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a plan needs, beyond constant weights and bias. Sums of 32 bits wrap modulo
// 2^32 in every plan, and the final one is proven to fit (N9); sums of 64 bits are
// added up from chunks of 32-bit ones that are proven to fit.
//
//   mmla8   smmla: products of s8
//   tile8   tdpbssd: products of s8
//   dot8    vpdpbusd: products of u8 and s8 are exact; sdot: the same of s8
//   pair16  products of s16
//   pair16w8  the same with weights of 8 bits in memory
//   pair8   vpmaddubsw: u8 times s8, the two products of a pair added in 16 bits that
//           saturate: no pair of this layer's weights and inputs reaches the ends
//   winograd4  WinogradKernel.cpp: 3x3, no strides, 128 * sum |w| < 2^25
//   winograd4w8  the same with weights of 8 bits in memory
//
//===----------------------------------------------------------------------===//

#include "DenseLayout.h"
#include "Plans.h"
#include "TileKernel.h"
#include "WinogradTransforms.h"

#include "qbias/Codegen/Passes.h"
#include "qbias/Dialect/QBias/IR/Nibbles.h"
#include "qbias/Dialect/QBias/IR/QBias.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

namespace qbias {
#define GEN_PASS_DEF_PLANKERNELS
#include "qbias/Codegen/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

static constexpr StringRef kDot8 = "dot8", kPair16 = "pair16", kPair16W8 = "pair16w8",
                           kPair8 = "pair8", kMmla8 = "mmla8", kTile8 = "tile8",
                           kWinograd4 = "winograd4", kWinograd4W8 = "winograd4w8";
static constexpr StringRef kNotNarrow = "operands are not 8 bits wide";
static constexpr StringRef kNames[] = {kTile8,  kMmla8,    kDot8,      kPair8,
                                       kPair16, kPair16W8, kWinograd4, kWinograd4W8};

ArrayRef<StringRef> qbias::getPlanNames() { return kNames; }

static DotStep getStep(StringRef plan, const Group &group, const Target &target,
                       int64_t slices = 1) {
  constexpr int64_t kSumBytes = 4, kSigned8 = 128;
  DotStep step{DotKind::Pair16, target.vectorBytes / kSumBytes, target.registers, slices,
               target.hasAvx2};
  step.weightBits = plan == kPair16 || plan == kWinograd4 ? 16 : 8;
  step.largestInput = int64_t(1) << (group.inputBits - 1);
  if (plan == kDot8) {
    step.kind = target.hasDotS8S8 ? DotKind::Dot8Signed : DotKind::Dot8;
    step.inputOffset = target.hasDotS8S8 ? 0 : kSigned8;
    step.largestInput += step.inputOffset;
  }
  if (plan == kMmla8)
    step.kind = DotKind::Mmla8;
  if (plan == kTile8)
    step.kind = DotKind::Tile8;
  if (plan == kPair8) {
    step.kind = DotKind::Pair8;
    step.inputOffset = -group.inputRange.low;
    step.largestInput = group.inputRange.high - group.inputRange.low;
  }
  return step;
}

static DenseLayout layoutPair8(const Group &group, const Target &target) {
  return DenseLayout(group, getStep(kPair8, group, target));
}

/// "" when a group is dense, with operands of 8 bits and sums of 32, else why not.
static std::string checkDenseBytes(const Group &group) {
  if (!group.isNarrow())
    return kNotNarrow.str();
  if (group.isDepthwise())
    return "is a depthwise convolution";
  return group.sumBits == 32 ? "" : "needs sums of 32 bits";
}

/// "" when vpmaddubsw can compute the group where its sums are proven, else why not.
static std::string checkPair8(const Group &group, const Target &target) {
  if (!target.hasAvx2)
    return "needs vpmaddubsw, which target '" + target.name + "' does not have";
  return checkDenseBytes(group);
}

/// "" when smmla can compute the group, else why not.
static std::string checkMmla8(const Group &group, const Target &target) {
  if (!target.hasMatrixS8)
    return "needs smmla, which target '" + target.name + "' does not have";
  if (std::string reason = checkDenseBytes(group); !reason.empty())
    return reason;
  DotStep step = getStep(kMmla8, group, target);
  if (DenseLayout(group, step).runLength < step.group())
    return "has fewer than eight inputs side by side";
  return "";
}

/// "" when tdpbssd can compute the group, else why not.
static std::string checkTile8(const Group &group, const Target &target) {
  if (!target.hasTiles)
    return "needs tdpbssd, which target '" + target.name + "' does not have";
  if (std::string reason = checkDenseBytes(group); !reason.empty())
    return reason;
  return TileLayout(group, getStep(kTile8, group, target)).check();
}

/// "" when chunks of 32-bit sums are proven to fit, else why not.
static std::string checkWideSums(const Group &group, DotStep step) {
  if (group.sumBits == 32)
    return "";
  bool fits = !isDepthwiseKernel(group, step) && DenseLayout(group, step).chunk > 0;
  if (isDepthwiseKernel(group, step)) {
    SmallVector<int64_t> sums(group.channels, 0);
    for (auto [at, w] : llvm::enumerate(group.weights))
      sums[at % group.channels] += std::abs(w);
    fits = step.largestInput * *llvm::max_element(sums) <= INT32_MAX;
  }
  return fits ? "" : "products of one step can leave 32 bits";
}

std::string qbias::checkPlan(StringRef plan, const Group &group, const Target &target) {
  if (!llvm::is_contained(getPlanNames(), plan))
    return "unknown plan '" + plan.str() + "', expected reference, " +
           llvm::join(getPlanNames(), ", ");
  if (group.epilogue->hasTable() && !ByteTable::isSupported(target))
    return "reads a table behind its sums, for which target '" + target.name +
           "' has no instructions";
  if (plan == kWinograd4 || plan == kWinograd4W8)
    return checkWinograd(group);
  if (plan == kDot8 && !target.hasDot8())
    return "needs sums of four 8-bit products (vpdpbusd, sdot), which target '" +
           target.name + "' does not have";
  if (plan == kDot8 && !group.isNarrow())
    return kNotNarrow.str();
  if (plan == kPair16W8 && group.weightBits != 8)
    return "weights are not 8 bits wide";
  if (plan == kPair8) {
    std::string reason = checkPair8(group, target);
    bool isProven = reason.empty() && layoutPair8(group, target).chunk != 0;
    if (!reason.empty() || isProven)
      return reason;
    return llvm::formatv("a pair of products can leave 16 bits with inputs of {0} .. {1}",
                         group.inputRange.low, group.inputRange.high);
  }
  if (plan == kMmla8)
    return checkMmla8(group, target);
  if (plan == kTile8)
    return checkTile8(group, target);
  return checkWideSums(group, getStep(plan, group, target));
}

/// Both multiply as often when every step is widened, pair8 adds half as often: 82 GMAC/s
/// beside 62 on Emerald Rapids, 92 beside 75 on Zen 3 (1x1 layers).
double qbias::ratePair8(const Group &group, const Target &target) {
  constexpr double kRates[] = {0, 1.25, 1.3, 1.3, 1.4};
  if (!checkPair8(group, target).empty())
    return 0;
  DenseLayout layout = layoutPair8(group, target);
  double rate = kRates[std::min<int64_t>(layout.chunk, std::size(kRates) - 1)];
  return rate * double(layout.groupsOnce()) / double(layout.groupsOfRun());
}

/// The plan of direct sums that is fastest where it is proven, and its rate beside
/// that of pair16.
static std::pair<StringRef, double> findDirect(const Group &group, const Target &target,
                                               bool smallWeights) {
  if (checkPlan(kMmla8, group, target).empty())
    return {kMmla8, 4};
  if (checkPlan(kDot8, group, target).empty())
    return {kDot8, 2};
  double rate = ratePair8(group, target);
  if (rate > 1 || (rate > 0 && smallWeights))
    return {kPair8, rate};
  bool keeps = smallWeights && checkPlan(kPair16W8, group, target).empty();
  return {keeps ? kPair16W8 : kPair16, 1};
}

/// Tiles are worth their configuration and the way of their sums through memory.
static bool prefersTiles(const Group &group, const Target &target) {
  // Of vpdpbusd on 64 bytes: two a cycle.
  constexpr double kProducts = 128;
  if (getNibbleOffset(group.weights) || !checkPlan(kTile8, group, target).empty())
    return false;
  TileLayout layout(group, getStep(kTile8, group, target));
  return layout.estimateCycles() < double(group.macs()) / kProducts;
}

/// The fastest proven plan, by rough counts of cycles.
static StringRef findFastest(const Group &group, const Target &target,
                             const PlanRequest &request) {
  // Of pair16w8: every vector of weights is widened when it is read.
  constexpr double kWidenedRate = 0.9;
  if (prefersTiles(group, target))
    return kTile8;
  auto [direct, rate] = findDirect(group, target, request.smallWeights);
  DotStep step = getStep(kPair16, group, target);
  auto estimateDirect = [&](StringRef plan, double speed) {
    double work = double(group.macs()) / (step.lanes * step.group()) / speed;
    double bytes = double(group.reduction() * group.channels) *
                   getStep(plan, group, target).weightBits / 8;
    bool isReadAgain = group.batch * group.rows * group.columns > 1;
    return std::max(work / request.threads, streamCycles(bytes, isReadAgain));
  };
  double cycles = estimateDirect(direct, rate);
  double widened = estimateDirect(kPair16W8, kWidenedRate);
  if (direct == kPair16 && widened < cycles &&
      checkPlan(kPair16W8, group, target).empty()) {
    direct = kPair16W8;
    cycles = widened;
  }
  if (!checkWinograd(group).empty())
    return direct;
  bool isSmall = request.smallWeights || getNibbleOffset(group.weights);
  StringRef fastest = direct;
  for (StringRef plan : {kWinograd4, kWinograd4W8}) {
    if (plan == kWinograd4 && isSmall)
      continue;
    double other = estimateWinograd(group, getStep(plan, group, target, request.threads));
    if (other < cycles) {
      fastest = plan;
      cycles = other;
    }
  }
  return fastest;
}

/// What keeps a layer far from the rate of its dot steps: sums so short that their
/// requantization takes longer, and lanes without a channel.
static std::string describeLimits(const Group &group, DotStep step) {
  constexpr int64_t kNarrowCost = 10, kWideCost = 40; // instructions a vector
  std::string text;
  int64_t steps = llvm::divideCeil(group.reduction(), step.group());
  if (steps < (group.epilogue->isNarrow() ? kNarrowCost : kWideCost))
    text += llvm::formatv(", requantization bound (dot steps a sum: {0})", steps);
  int64_t channels = isDepthwiseKernel(group, step)
                         ? group.channels
                         : DenseLayout(group, step).bundleChannels;
  int64_t lanes = llvm::alignTo(channels, step.lanes);
  if (2 * channels <= lanes)
    text += llvm::formatv(", {0} of {1} lanes used", channels, lanes);
  return text;
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
  std::string epilogue = group->epilogue->isNarrow()     ? "32-bit epilogue"
                         : group->epilogue->isIdentity() ? "sums stored"
                                                         : "64-bit epilogue";
  StringRef name =
      request.name == kAutoPlan ? findFastest(*group, target, request) : request.name;
  reason = checkPlan(name, *group, target);
  if (!reason.empty())
    return {kReferencePlan.str(), reason};
  std::string text = "target " + target.name + ", " + epilogue;
  if (group->epilogue->hasTable())
    text += ", table in the store";
  if (name == kPair8) {
    DenseLayout layout = layoutPair8(*group, target);
    text += llvm::formatv(", inputs {0} .. {1}: {2} dot step{3} in 16 bits",
                          group->inputRange.low, group->inputRange.high, layout.chunk,
                          layout.chunk > 1 ? "s" : "");
    if (layout.repeats)
      text +=
          llvm::formatv(", {0} of {1} read twice", layout.repeats, layout.groupsOnce());
  }
  if (name == kWinograd4W8)
    text += ", filters transformed when they are read";
  text += describeLimits(*group, getStep(name, *group, target));
  linalg::PoolingNhwcMaxOp pool = takePool(name, *group, target);
  if (pool)
    text += ", max pool before the store";
  return {name.str(), text, pool};
}

/// Whether the kernel of a plan holds whole windows of sums.
static bool holdsWindows(StringRef plan, const Group &group, const Target &target) {
  using winograd::kTile;
  DotStep step = getStep(plan, group, target);
  if (plan == kWinograd4 || plan == kWinograd4W8)
    return kTile % group.poolRows == 0 && kTile % group.poolColumns == 0;
  if (plan == kTile8 || isDepthwiseKernel(group, step))
    return false;
  return DenseLayout(group, step).holdsWindow(/*vectors=*/1);
}

linalg::PoolingNhwcMaxOp qbias::takePool(StringRef plan, Group &group,
                                         const Target &target) {
  linalg::PoolingNhwcMaxOp pool = group.findPool();
  if (!pool)
    return pool;
  Group pooled = group;
  pooled.takePool(pool);
  // Sums of fewer bits are proven for the order in which they are added.
  if (!checkPlan(plan, pooled, target).empty() || !holdsWindows(plan, pooled, target))
    return {};
  group = std::move(pooled);
  return pool;
}

int64_t qbias::getInputOffset(StringRef plan, const Group &group, const Target &target) {
  return getStep(plan, group, target).inputOffset;
}

std::unique_ptr<Kernel> qbias::makeKernel(StringRef plan, const Group &group,
                                          const Target &target, int64_t slices) {
  DotStep step = getStep(plan, group, target, slices);
  if (plan == kWinograd4)
    return makeWinogradKernel(group, step);
  if (plan == kTile8)
    return makeTileKernel(group, step);
  step.weightOffset = getNibbleOffset(group.weights);
  if (plan == kWinograd4W8)
    return makeWinogradKernel(group, step);
  return isDepthwiseKernel(group, step) ? makeDepthwiseKernel(group, step)
                                        : makeDenseKernel(group, step);
}

/// The plan of a max pool that is no part of another kernel.
static PlanChoice choosePoolPlan(linalg::PoolingNhwcMaxOp op, const Target &target,
                                 StringRef plan) {
  if (plan == kReferencePlan)
    return {kReferencePlan.str(), "asked for"};
  if (!target.hasVectors)
    return {kReferencePlan.str(), "target has no vectors"};
  if (!Pool::match(op))
    return {kReferencePlan.str(), "needs elements of 8 or 16 bits and known extents"};
  return {kPoolPlan.str(), "target " + target.name};
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
  std::optional<Target> target = Target::get(getOperation(), triple, cpu, features);
  if (!target)
    return signalPassFailure();
  if (plan != kAutoPlan && plan != kReferencePlan &&
      !llvm::is_contained(getPlanNames(), plan)) {
    getOperation().emitError("unknown plan '")
        << plan << "', expected auto, reference, " << llvm::join(getPlanNames(), ", ");
    return signalPassFailure();
  }
  llvm::DenseSet<Operation *> taken;
  getOperation().walk([&](Operation *op) {
    auto pool = dyn_cast<linalg::PoolingNhwcMaxOp>(op);
    if (taken.contains(op) || !(pool || isContraction(op)))
      return;
    PlanChoice choice = pool ? choosePoolPlan(pool, *target, plan)
                             : choosePlan(op, *target, {plan, smallWeights, threads});
    op->setAttr(kPlanAttr, StringAttr::get(op->getContext(), choice.name));
    op->setAttr(kPlanReasonAttr, StringAttr::get(op->getContext(), choice.reason));
    if (choice.pool) {
      taken.insert(choice.pool);
      addStore(op, choice.pool.getLoc());
    }
    report(op, choice);
  });
}
