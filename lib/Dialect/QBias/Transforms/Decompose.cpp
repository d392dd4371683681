//===- Decompose.cpp - compositions of real operations ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   conv_transpose(x, w) = conv(spread(x), turn(w))
//     spread puts s - 1 zeros between neighbours; turn reverses both kernel
//     dimensions. Result position i gathers x[h] * w[kh] with h * s + kh * d =
//     i + top: in spread(x), padded by P = d * (K - 1) - top, tap K - 1 - kh of
//     window i reads position i + (K - 1 - kh) * d - P = h * s.
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Dialect/QBias/Transforms/Passes.h"

#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace qbias {
#define GEN_PASS_DEF_DECOMPOSE
#include "qbias/Dialect/QBias/Transforms/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

/// NHWC: rows and columns.
static constexpr int64_t kSpatial[] = {1, 2};

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// x with `stride - 1` zeros between neighbours of both spatial dimensions.
static Value spread(PatternRewriter &rewriter, Location loc, Value x,
                    ArrayRef<int64_t> strides) {
  if (llvm::all_of(strides, [](int64_t s) { return s == 1; }))
    return x;
  RankedTensorType type = typeOf(x);
  SmallVector<int64_t> shape(type.getShape()), interior(4, 0), none(4, 0);
  for (int64_t d : kSpatial) {
    interior[d] = strides[d - 1] - 1;
    shape[d] += (shape[d] - 1) * interior[d];
  }
  return PadOp::create(
      rewriter, loc, type.clone(shape), x, rewriter.getDenseI64ArrayAttr(none),
      rewriter.getDenseI64ArrayAttr(none), rewriter.getDenseI64ArrayAttr(interior),
      rewriter.getF64FloatAttr(0));
}

/// Cuts -pad rows and columns off where a pad is negative, and sets it to 0.
static Value crop(PatternRewriter &rewriter, Location loc, Value x,
                  MutableArrayRef<int64_t> pads) {
  RankedTensorType type = typeOf(x);
  SmallVector<int64_t> offsets(4, 0), sizes(type.getShape()), strides(4, 1);
  for (int64_t d : kSpatial) {
    int64_t &low = pads[d - 1], &high = pads[d + 1];
    offsets[d] = std::max<int64_t>(-low, 0);
    sizes[d] -= offsets[d] + std::max<int64_t>(-high, 0);
    low = std::max<int64_t>(low, 0);
    high = std::max<int64_t>(high, 0);
  }
  if (type.getShape() == ArrayRef(sizes))
    return x;
  auto attrs = [&](ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(rewriter.getContext(), values);
  };
  return tensor::ExtractSliceOp::create(rewriter, loc, type.clone(sizes), x,
                                        attrs(offsets), attrs(sizes), attrs(strides));
}

/// Reverses both kernel dimensions of weights [O, KH, KW, I].
static Value turn(PatternRewriter &rewriter, Location loc, Value weight) {
  for (int64_t d : kSpatial) {
    int64_t extent = typeOf(weight).getDimSize(d);
    if (extent == 1)
      continue;
    auto reversed = llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, extent)));
    weight = GatherOp::create(rewriter, loc, weight.getType(), weight, d, reversed);
  }
  return weight;
}

namespace {

struct DecomposeConvTranspose : public OpRewritePattern<ConvTranspose2DOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvTranspose2DOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    ArrayRef<int64_t> kernel = typeOf(op.getWeight()).getShape().slice(1, 2);
    SmallVector<int64_t> pads(op.getPads());
    for (int d = 0; d < 2; ++d) {
      int64_t reach = op.getDilations()[d] * (kernel[d] - 1);
      pads[d] = reach - pads[d];
      pads[2 + d] = reach - pads[2 + d] + op.getOutputPads()[d];
    }
    Value x = spread(rewriter, loc, op.getInput(), op.getStrides());
    if (!isCroppable(typeOf(x).getShape(), pads))
      return rewriter.notifyMatchFailure(op, "pads cut all of the input off");
    x = crop(rewriter, loc, x, pads);
    auto conv = Conv2DOp::create(
        rewriter, loc, op.getType(), x, turn(rewriter, loc, op.getWeight()), op.getBias(),
        /*strides=*/ArrayRef<int64_t>{1, 1}, pads, op.getDilations(), op.getGroups());
    conv->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.replaceOp(op, conv);
    return success();
  }

private:
  /// Something is left where negative pads cut.
  static bool isCroppable(ArrayRef<int64_t> shape, ArrayRef<int64_t> pads) {
    return llvm::all_of(kSpatial, [&](int64_t d) {
      return std::max<int64_t>(-pads[d - 1], 0) + std::max<int64_t>(-pads[d + 1], 0) <
             shape[d];
    });
  }
};

struct Decompose : qbias::impl::DecomposeBase<Decompose> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<DecomposeConvTranspose>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
