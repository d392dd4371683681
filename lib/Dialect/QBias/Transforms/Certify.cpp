//===- Certify.cpp - requantizations that equal the reference ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For every channel: bounds of the accumulator (N9), the staircase of the
// reference (N7), and m, k, r that make each of its steps. What is attached is
// what numerics::proves accepts; --verify-only runs the same proof on
// attributes that came with the module.
//
//===----------------------------------------------------------------------===//

#include "qbias/Analysis/Certification.h"
#include "qbias/Analysis/Softmax.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/Transforms/Passes.h"

#include "mlir/IR/Remarks.h"

namespace qbias {
#define GEN_PASS_DEF_CERTIFY
#include "qbias/Dialect/QBias/Transforms/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

/// What is not proven is counted: accumulators with another output than the
/// reference, the largest difference, and the channel it is in.
static void warnDeviations(IntegerSegmentOpInterface op) {
  CertificateAttr certificate = op.getCertificateAttr();
  SmallVector<int64_t> wrong, largest;
  if (!certificate.getWrong() || !readIntegers(certificate.getWrong(), wrong) ||
      !readIntegers(certificate.getLargestError(), largest))
    return;
  int64_t worst = llvm::max_element(wrong) - wrong.begin();
  int64_t error = *llvm::max_element(largest);
  emitWarning(op->getLoc())
      << certificate.getChannels() - certificate.getCertified() << " of "
      << certificate.getChannels()
      << " channels have no integer form that is proven to equal the reference; in "
         "channel "
      << worst << " it differs at " << wrong[worst]
      << " accumulators, and nowhere by more than " << error;
  remark::analysis(op->getLoc(),
                   remark::RemarkOpts::name("deviation").category("qbias-certify"))
      << remark::metric("worst_channel", worst)
      << remark::metric("wrong_accumulators", wrong[worst])
      << remark::metric("largest_error", error);
}

/// One line a user can filter for: what was proven about a layer.
static void report(IntegerSegmentOpInterface op) {
  RequantAttr requant = op.getRequantAttr();
  CertificateAttr certificate = op.getCertificateAttr();
  bool isComplete = certificate.getCertified() == certificate.getChannels();
  auto options = remark::RemarkOpts::name("certificate").category("qbias-certify");
  auto emit = [&](auto &&remark) {
    remark << remark::metric("mode", stringifyRequantMode(requant.getMode()))
           << remark::metric("form", stringifyRequantForm(requant.getForm()))
           << remark::metric("channels", certificate.getChannels())
           << remark::metric("certified", certificate.getCertified());
  };
  // A recipe was asked for: its count is a fact, no failed proof.
  bool isRecipe = requant.getMode() != RequantMode::Exact;
  if (isComplete)
    emit(remark::passed(op->getLoc(), options));
  else if (isRecipe)
    emit(remark::analysis(op->getLoc(), options));
  else
    emit(remark::failed(op->getLoc(), options));
  if (!isComplete && !isRecipe)
    warnDeviations(op);
  if (requant.getForm() == RequantForm::Threshold)
    remark::missed(op->getLoc(),
                   remark::RemarkOpts::name("threshold-form").category("qbias-certify"))
        << remark::reason("no affine or half-even form exists for some channel; the "
                          "threshold form is exact and slow");
}

/// What the remarks `kept-exact` of single layers add up to.
static void warnKept(ModuleOp module, int64_t kept, int64_t layers) {
  if (kept)
    emitWarning(module.getLoc())
        << "layers that keep mode exact, because the mode asked for has no formula for "
           "them: "
        << kept << " of " << layers << "; --remarks-filter=qbias-certify names them";
}

namespace {
struct Certify : qbias::impl::CertifyBase<Certify> {
  using CertifyBase::CertifyBase;
  void runOnOperation() override {
    SmallVector<IntegerSegmentOpInterface> layers;
    getOperation().walk([&](IntegerSegmentOpInterface op) { layers.push_back(op); });
    WalkResult softmaxes = getOperation().walk([&](IntSoftmaxOp op) {
      return failed(proveSoftmax(op)) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (softmaxes.wasInterrupted())
      return signalPassFailure();
    int64_t kept = 0;
    for (IntegerSegmentOpInterface op : layers) {
      bool isRecipe = op.getRequantAttr().getMode() != RequantMode::Exact;
      if (failed(verifyOnly ? proveLayer(op) : certifyLayer(op))) {
        signalPassFailure();
        // Every layer a mode is not legal for gets its own message.
        if (isRecipe && !verifyOnly)
          continue;
        return;
      }
      if (verifyOnly)
        continue;
      report(op);
      bool isExact = op.getRequantAttr().getMode() == RequantMode::Exact;
      kept += isRecipe && isExact && !isa<IntLookupOp>(op.getOperation());
    }
    warnKept(getOperation(), kept, layers.size());
  }
};
} // namespace
