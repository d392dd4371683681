//===- ScheduleLoops.cpp - loop orders that vectorize ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Codegen/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"

namespace qbias {
#define GEN_PASS_DEF_SCHEDULELOOPS
#include "qbias/Codegen/Passes.h.inc"
} // namespace qbias

using namespace mlir;

/// Loops with the ones that index the result's last dimension innermost.
static SmallVector<unsigned> channelsInnermost(linalg::GenericOp op) {
  AffineMap output = op.getIndexingMapsArray().back();
  unsigned channel = cast<AffineDimExpr>(output.getResults().back()).getPosition();
  SmallVector<unsigned> order;
  for (unsigned d = 0; d < op.getNumLoops(); ++d)
    if (d != channel)
      order.push_back(d);
  order.push_back(channel);
  return order;
}

namespace {
struct ScheduleLoops : qbias::impl::ScheduleLoopsBase<ScheduleLoops> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](memref::CopyOp op) {
      rewriter.setInsertionPoint(op);
      rewriter.replaceOpWithNewOp<linalg::CopyOp>(op, op.getSource(), op.getTarget());
    });
    SmallVector<linalg::LinalgOp> contractions;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op.getNumReductionLoops() > 0 && !isa<linalg::GenericOp>(op))
        contractions.push_back(op);
    });
    for (linalg::LinalgOp op : contractions) {
      rewriter.setInsertionPoint(op);
      FailureOr<linalg::GenericOp> generic = linalg::generalizeNamedOp(rewriter, op);
      if (failed(generic) ||
          failed(linalg::interchangeGenericOp(rewriter, *generic,
                                              channelsInnermost(*generic))))
        return signalPassFailure();
    }
  }
};
} // namespace
