//===- CheckRewrite.cpp - a program before and after, on numbers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Inputs.h"
#include "Meaning.h"

#include "qbias/Interpreter/Passes.h"

#include "mlir/Pass/PassManager.h"

namespace qbias {
#define GEN_PASS_DEF_CHECKREWRITE
#include "qbias/Interpreter/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;
using namespace qbias::interpreter;

namespace {

/// One function before and after.
class Comparison {
public:
  Comparison(func::FuncOp before, func::FuncOp after) : before(before), after(after) {}

  /// Compares on all inputs.
  LogicalResult run(unsigned seeds);

private:
  LogicalResult checkSignature();
  SmallVector<Grid> getGrids();
  LogicalResult runOn(const InputSet &set);
  LogicalResult compare(unsigned index, const Tensor &old, const Tensor &now,
                        const InputSet &set);
  FailureOr<SmallVector<Tensor>> interpretOn(func::FuncOp func, const InputSet &set);

  func::FuncOp before, after;
  SmallVector<Grid> grids;
  std::vector<ResultMeaning> oldMeanings, newMeanings;
};

struct CheckRewrite : qbias::impl::CheckRewriteBase<CheckRewrite> {
  using CheckRewriteBase::CheckRewriteBase;
  void getDependentDialects(DialectRegistry &registry) const override;
  void runOnOperation() override;
};

} // namespace

static bool isFloat(Type type) { return isa<FloatType>(getElementTypeOrSelf(type)); }

/// Results may only be added when they are marked as observed.
LogicalResult Comparison::checkSignature() {
  if (before.getNumArguments() != after.getNumArguments() ||
      before.getNumResults() > after.getNumResults())
    return after.emitError("rewrite changes function '")
           << after.getName() << "' from " << before.getFunctionType() << " to "
           << after.getFunctionType();
  for (unsigned i = before.getNumResults(); i < after.getNumResults(); ++i)
    if (!after.getResultAttr(i, QBiasDialect::kObservedAttr))
      return after.emitError("rewrite adds result ")
             << i << " to function '" << after.getName()
             << "', expects it to be observed";
  return success();
}

/// The grid of an argument that holds integers on one side, else of the float
/// argument before.
SmallVector<Grid> Comparison::getGrids() {
  SmallVector<Grid> result;
  for (unsigned i = 0; i < before.getNumArguments(); ++i)
    result.push_back(
        getGrid(isFloat(after.getArgument(i).getType()) ? before : after, i));
  return result;
}

FailureOr<SmallVector<Tensor>> Comparison::interpretOn(func::FuncOp func,
                                                       const InputSet &set) {
  SmallVector<Tensor> arguments;
  for (auto [i, type] : llvm::enumerate(func.getArgumentTypes()))
    arguments.push_back(makeArgument(type, grids[i], set.arguments[i]));
  return interpret(func, arguments);
}

/// An exact fraction, or a decimal where that is too long to read.
static std::string toText(const numerics::Rational &x) {
  constexpr size_t kLongest = 24;
  std::string text = x.get_str();
  return text.size() <= kLongest ? text : "about " + std::to_string(x.get_d());
}

LogicalResult Comparison::compare(unsigned index, const Tensor &old, const Tensor &now,
                                  const InputSet &set) {
  Reals oldReals = oldMeanings[index].read(old), newReals = newMeanings[index].read(now);
  if (old.shape != now.shape)
    return after.emitError("rewrite changes the shape of result ") << index;
  LogicalResult result = success();
  int64_t position = 0;
  forEachIndex(old.shape, [&](ArrayRef<int64_t> at) {
    const auto &x = oldReals[position], &y = newReals[position];
    ++position;
    if (x == y || failed(result))
      return;
    result = after.emitError("rewrite changes result ")
             << index << " of '" << after.getName() << "' at [" << at << "] from "
             << toText(x) << " to " << toText(y) << " for inputs '" << set.name << "'";
  });
  return result;
}

LogicalResult Comparison::runOn(const InputSet &set) {
  FailureOr<SmallVector<Tensor>> old = interpretOn(before, set);
  if (failed(old))
    return failure();
  FailureOr<SmallVector<Tensor>> now = interpretOn(after, set);
  if (failed(now))
    return failure();
  for (unsigned i = 0; i < before.getNumResults(); ++i)
    if (failed(compare(i, (*old)[i], (*now)[i], set)))
      return failure();
  return success();
}

LogicalResult Comparison::run(unsigned seeds) {
  if (failed(checkSignature()))
    return failure();
  grids = getGrids();
  for (unsigned i = 0; i < before.getNumResults(); ++i) {
    FailureOr<ResultMeaning> old = ResultMeaning::get(before, i);
    FailureOr<ResultMeaning> now = ResultMeaning::get(after, i);
    if (failed(old) || failed(now))
      return failure();
    oldMeanings.push_back(*old);
    newMeanings.push_back(*now);
  }
  for (const InputSet &set : makeInputs(grids, /*edges=*/true, seeds))
    if (failed(runOn(set)))
      return failure();
  return success();
}

static LogicalResult parse(StringRef pipeline, OpPassManager &pm) {
  return pipeline.empty() ? success() : parsePassPipeline(pipeline, pm, llvm::errs());
}

/// Dialects of the passes inside have to be loaded before any pass runs. A
/// pipeline that does not parse is reported when it is to run.
void CheckRewrite::getDependentDialects(DialectRegistry &registry) const {
  CheckRewriteBase::getDependentDialects(registry);
  OpPassManager pm(ModuleOp::getOperationName(), OpPassManager::Nesting::Implicit);
  if (succeeded(pipeline.empty() ? failure()
                                 : parsePassPipeline(pipeline, pm, llvm::nulls())))
    pm.getDependentDialects(registry);
}

void CheckRewrite::runOnOperation() {
  ModuleOp module = getOperation();
  OwningOpRef<ModuleOp> before = module.clone();
  OpPassManager pm(ModuleOp::getOperationName(), OpPassManager::Nesting::Implicit);
  if (failed(parse(pipeline, pm)) || failed(runPipeline(pm, module)))
    return signalPassFailure();
  for (func::FuncOp old : before->getOps<func::FuncOp>()) {
    auto now = module.lookupSymbol<func::FuncOp>(old.getName());
    if (!now) {
      module.emitError("rewrite removes function '") << old.getName() << "'";
      return signalPassFailure();
    }
    if (failed(Comparison(old, now).run(seeds)))
      return signalPassFailure();
  }
}
