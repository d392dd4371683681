//===- ElementwiseSteps.cpp - chains of functions of one tensor ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementwiseSteps.h"

#include "qbias/Dialect/QBias/IR/Constants.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

/// Splat value of a constant with equal elements.
static std::optional<double> getScalar(Value value) {
  ElementsAttr constant = getConstant(value);
  SmallVector<double> floats;
  if (!constant || !readFloats(constant, floats) || floats.empty() ||
      !llvm::all_equal(floats))
    return std::nullopt;
  return floats.front();
}

/// x / c, as getLinearStep.
static std::optional<std::pair<Value, LinearStepAttr>> getDivision(DivOp op) {
  std::optional<double> c = getScalar(op.getRhs());
  if (!c || op.getLhs().getType() != op.getType())
    return std::nullopt;
  Builder builder(op.getContext());
  return std::make_pair(Value(op.getLhs()),
                        LinearStepAttr::get(op.getContext(), builder.getF64FloatAttr(1),
                                            builder.getF64FloatAttr(0),
                                            builder.getF64FloatAttr(*c)));
}

/// x + c, x - c, c - x, x * c, x / c with a scalar constant c, as a linear step
/// on the other operand.
static std::optional<std::pair<Value, LinearStepAttr>> getLinearStep(Operation *op) {
  if (auto div = dyn_cast<DivOp>(op))
    return getDivision(div);
  if (!isa<AddOp, SubOp, MulOp>(op))
    return std::nullopt;
  Builder builder(op->getContext());
  for (int i = 0; i < 2; ++i) {
    std::optional<double> c = getScalar(op->getOperand(i));
    Value other = op->getOperand(1 - i);
    if (!c || other.getType() != op->getResult(0).getType())
      continue;
    double factor = isa<MulOp>(op) ? *c : (isa<SubOp>(op) && i == 0 ? -1 : 1);
    double offset = isa<MulOp>(op) ? 0 : (isa<SubOp>(op) && i == 1 ? -*c : *c);
    return std::make_pair(
        other, LinearStepAttr::get(op->getContext(), builder.getF64FloatAttr(factor),
                                   builder.getF64FloatAttr(offset), FloatAttr()));
  }
  return std::nullopt;
}

namespace {

/// How far chains inside chains go: levels, and operations in all of them together.
/// Without the second a chain of n operations x * f(x) takes n^levels steps.
struct Limits {
  unsigned depth = 8;
  unsigned operations = 1024;
};

/// A value and the last of the steps that lead from it to another.
struct LastStep {
  Value below;
  Attribute step;
};

} // namespace

static Value collect(Value real, SmallVectorImpl<Attribute> &steps, Limits &limits,
                     bool isInner);

/// f(x) + g(x), f(x) - g(x), f(x) * g(x) with x quantized: one function of x.
/// x + x and x * x stay sums and products.
static std::optional<LastStep> getCombined(Operation *op, Limits &limits) {
  if (!isa<AddOp, SubOp, MulOp>(op) || limits.depth == 0 ||
      op->getOperand(0).getType() != op->getResult(0).getType() ||
      op->getOperand(1).getType() != op->getResult(0).getType())
    return std::nullopt;
  SmallVector<Attribute> lhs, rhs;
  --limits.depth;
  auto restore = llvm::make_scope_exit([&] { ++limits.depth; });
  Value below = collect(op->getOperand(0), lhs, limits, /*isInner=*/true);
  if (!below.getDefiningOp<DequantizeOp>() ||
      collect(op->getOperand(1), rhs, limits, /*isInner=*/true) != below ||
      (lhs.empty() && rhs.empty()))
    return std::nullopt;
  MLIRContext *context = op->getContext();
  CombineKind kind = isa<AddOp>(op)   ? CombineKind::Add
                     : isa<SubOp>(op) ? CombineKind::Sub
                                      : CombineKind::Mul;
  return LastStep{below, CombineStepAttr::get(context, kind, ArrayAttr::get(context, lhs),
                                              ArrayAttr::get(context, rhs))};
}

/// The step that `op` is, on the operand below it.
static std::optional<LastStep> getStep(Operation *op, Limits &limits) {
  MLIRContext *context = op->getContext();
  if (auto clamp = dyn_cast<ClampOp>(op))
    return LastStep{clamp.getInput(),
                    ClampStepAttr::get(context, clamp.getLoAttr(), clamp.getHiAttr())};
  if (auto unary = dyn_cast<UnaryOp>(op))
    return LastStep{unary.getInput(),
                    UnaryStepAttr::get(context, unary.getFunction(), unary.getAlphaAttr(),
                                       unary.getBetaAttr())};
  if (auto linear = getLinearStep(op))
    return LastStep{linear->first, linear->second};
  return getCombined(op, limits);
}

static Value collect(Value real, SmallVectorImpl<Attribute> &steps, Limits &limits,
                     bool isInner) {
  SmallVector<Attribute> reversed;
  while (Operation *op = real.getDefiningOp()) {
    if (isInner && limits.operations == 0)
      break;
    limits.operations -= isInner;
    std::optional<LastStep> last = getStep(op, limits);
    if (!last)
      break;
    reversed.push_back(last->step);
    real = last->below;
  }
  steps.assign(reversed.rbegin(), reversed.rend());
  return real;
}

Value qbias::collectSteps(Value real, SmallVectorImpl<Attribute> &steps) {
  Limits limits;
  return collect(real, steps, limits, /*isInner=*/false);
}

/// The degree of steps as a polynomial, saturated: exact numbers have as many times the
/// digits of their operand.
static uint64_t getDegree(ArrayRef<Attribute> steps, uint64_t degree) {
  for (Attribute step : steps) {
    if (auto combine = dyn_cast<CombineStepAttr>(step))
      degree = llvm::SaturatingAdd(getDegree(combine.getLhs().getValue(), degree),
                                   getDegree(combine.getRhs().getValue(), degree));
    auto unary = dyn_cast<UnaryStepAttr>(step);
    if (unary && (unary.getFunction() == UnaryKind::Square ||
                  unary.getFunction() == UnaryKind::HardSwish))
      degree = llvm::SaturatingMultiply(degree, uint64_t(2));
  }
  return degree;
}

/// A table evaluates the functions for each of up to 2^16 integers.
bool qbias::isEvaluable(ArrayRef<Attribute> steps) {
  constexpr int64_t kMaxFunctions = 64;
  constexpr uint64_t kMaxDegree = 256;
  return llvm::count_if(steps, llvm::IsaPred<UnaryStepAttr, CombineStepAttr>) <=
             kMaxFunctions &&
         getDegree(steps, 1) <= kMaxDegree;
}
