//===- SinkTransposes.cpp - layout transposes move to the boundary ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An NCHW model arrives as  T(NCHW) . op(NHWC) . T(NHWC)  around every
// convolution and pool. First T to NCHW moves down as far as it goes: what
// meets T to NHWC composes to the identity. Then the T to NHWC that are left
// move up. In one step a model's own transposes could send both around in
// circles: T to NCHW twice is T to NHWC.
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Dialect/QBias/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace qbias {
#define GEN_PASS_DEF_SINKTRANSPOSES
#include "qbias/Dialect/QBias/Transforms/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

static constexpr int64_t kToNchw[] = {0, 3, 1, 2};
static constexpr int64_t kToNhwc[] = {0, 2, 3, 1};

static RankedTensorType permuteType(Type type, ArrayRef<int64_t> permutation) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape;
  for (int64_t d : permutation)
    shape.push_back(tensor.getDimSize(d));
  return RankedTensorType::get(shape,
                               permuteElementType(tensor.getElementType(), permutation));
}

static Value transpose(PatternRewriter &rewriter, Location loc, Value value,
                       ArrayRef<int64_t> permutation) {
  return TransposeOp::create(rewriter, loc, permuteType(value.getType(), permutation),
                             value, permutation);
}

static bool isElementwise(Operation *op) {
  return isa<QuantizeOp, DequantizeOp, ClampOp, UnaryOp, AddOp, SubOp, MulOp, DivOp,
             MaximumOp, MinimumOp>(op);
}

/// Commutes with a transpose: buildPermuted makes it on permuted operands.
static bool isPermutable(Operation *op) {
  return isElementwise(op) || isa<PadOp, GatherOp, tensor::ConcatOp>(op);
}

/// The elementwise, pad, gather or concat operation `op` on operands permuted by
/// `permutation`; its result is permuted alike.
static Value buildPermuted(PatternRewriter &rewriter, Operation *op, ValueRange operands,
                           ArrayRef<int64_t> permutation) {
  Type type = permuteType(op->getResult(0).getType(), permutation);
  if (auto pad = dyn_cast<PadOp>(op)) {
    auto permuted = [&](ArrayRef<int64_t> amounts) {
      return rewriter.getDenseI64ArrayAttr(
          llvm::map_to_vector(permutation, [&](int64_t d) { return amounts[d]; }));
    };
    return PadOp::create(rewriter, op->getLoc(), type, operands[0],
                         permuted(pad.getLow()), permuted(pad.getHigh()),
                         pad.getInterior() ? permuted(*pad.getInterior())
                                           : DenseI64ArrayAttr(),
                         pad.getValueAttr());
  }
  if (auto gather = dyn_cast<GatherOp>(op)) {
    int64_t dim = llvm::find(permutation, int64_t(gather.getDim())) - permutation.begin();
    return GatherOp::create(rewriter, op->getLoc(), type, operands[0],
                            rewriter.getI64IntegerAttr(dim), gather.getIndicesAttr());
  }
  if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    int64_t dim = llvm::find(permutation, int64_t(concat.getDim())) - permutation.begin();
    return tensor::ConcatOp::create(rewriter, op->getLoc(), type, dim, operands);
  }
  OperationState state(op->getLoc(), op->getName(), operands, {type}, op->getAttrs());
  return rewriter.create(state)->getResult(0);
}

namespace {

/// op(T(a), T(b)) -> T(op(a, b)) for T to NCHW. An operand that is not
/// transposed yet gets a transpose to NHWC, which moves up.
struct SinkToNchw : public RewritePattern {
  SinkToNchw(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/2, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isPermutable(op))
      return rewriter.notifyMatchFailure(op, "does not commute with a transpose");
    auto sinks = [](Value value) {
      auto producer = value.getDefiningOp<TransposeOp>();
      return producer && producer.getPermutation() == ArrayRef<int64_t>(kToNchw);
    };
    if (llvm::none_of(op->getOperands(), sinks))
      return rewriter.notifyMatchFailure(op, "no operand is transposed to NCHW");
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(sinks(operand)
                             ? operand.getDefiningOp<TransposeOp>().getInput()
                             : transpose(rewriter, op->getLoc(), operand, kToNhwc));
    Value result = buildPermuted(rewriter, op, operands, kToNhwc);
    rewriter.replaceOp(op, transpose(rewriter, op->getLoc(), result, kToNchw));
    return success();
  }
};

/// T(op(a, b)) -> op(T(a), T(b)) for T to NHWC, or for any T above constants.
/// Quantize and arithmetic move only when nobody else needs them.
struct HoistToNhwc : public OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    Operation *producer = op.getInput().getDefiningOp();
    if (!producer || !isPermutable(producer))
      return rewriter.notifyMatchFailure(op, "producer does not commute");
    bool isConstant = isa<DequantizeOp>(producer) &&
                      producer->getOperand(0).getDefiningOp<quant::StorageCastOp>();
    if (!isConstant && op.getPermutation() != ArrayRef<int64_t>(kToNhwc))
      return rewriter.notifyMatchFailure(op, "not a transpose to NHWC");
    if (!isa<DequantizeOp>(producer) && !producer->hasOneUse())
      return rewriter.notifyMatchFailure(op, "producer has other users");
    SmallVector<Value> operands;
    for (Value operand : producer->getOperands())
      operands.push_back(transpose(rewriter, op.getLoc(), operand, op.getPermutation()));
    rewriter.replaceOp(op,
                       buildPermuted(rewriter, producer, operands, op.getPermutation()));
    return success();
  }
};

/// T(scast(x)) -> scast(T(x)): towards the constant below.
struct HoistOverStorageCast : public OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto cast = op.getInput().getDefiningOp<quant::StorageCastOp>();
    if (!cast)
      return rewriter.notifyMatchFailure(op, "not a storage cast");
    Value moved = transpose(rewriter, op.getLoc(), cast.getInput(), op.getPermutation());
    rewriter.replaceOpWithNewOp<quant::StorageCastOp>(op, op.getType(), moved);
    return success();
  }
};

/// T(constant) -> constant.
struct FoldConstant : public OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    ElementsAttr value = getConstant(op.getInput());
    std::optional<std::vector<char>> data = value ? readRaw(value) : std::nullopt;
    if (!data || !value.getNumElements())
      return rewriter.notifyMatchFailure(op, "not a plain constant");
    StringRef name = "constant";
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
      name = resource.getRawHandle().getKey();
    auto constant = op.getInput().getDefiningOp<arith::ConstantOp>();
    ElementsAttr moved = makeRaw(
        op.getType(),
        permuteRaw(*data, value.getShapedType().getShape(), op.getPermutation()), name);
    auto created =
        rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, cast<TypedAttr>(moved));
    created->setLoc(constant.getLoc());
    return success();
  }
};

/// Constant shaped as `type`, same elements.
Value reshapeConstant(PatternRewriter &rewriter, arith::ConstantOp constant,
                      RankedTensorType type) {
  auto value = dyn_cast<ElementsAttr>(constant.getValue());
  std::optional<std::vector<char>> data = value ? readRaw(value) : std::nullopt;
  if (!data)
    return {};
  StringRef name = "constant";
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    name = resource.getRawHandle().getKey();
  auto reshaped = type.clone(value.getElementType());
  return arith::ConstantOp::create(rewriter, constant.getLoc(),
                                   cast<TypedAttr>(makeRaw(reshaped, *data, name)));
}

/// Where dimension `axis` goes in a reshape that only adds or removes unit
/// dimensions around it; nullopt when it is split or joined.
std::optional<int32_t> reshapeAxis(ArrayRef<int64_t> from, ArrayRef<int64_t> to,
                                   int64_t axis) {
  int64_t before = 1;
  for (int64_t d : from.take_front(axis))
    before *= d;
  int64_t product = 1;
  for (auto [i, d] : llvm::enumerate(to)) {
    if (product == before && d == from[axis])
      return i;
    product *= d;
  }
  return std::nullopt;
}

/// reshape(dequantize(scast(constant))) -> dequantize(scast(constant)), and
/// reshape(constant) -> constant: weights of one-dimensional convolutions.
template <typename ReshapeOp>
struct FoldReshapedConstant : public OpRewritePattern<ReshapeOp> {
  using OpRewritePattern<ReshapeOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    RankedTensorType type = op.getResultType();
    if (auto constant = op.getSrc().template getDefiningOp<arith::ConstantOp>()) {
      Value reshaped = reshapeConstant(rewriter, constant, type);
      if (!reshaped)
        return rewriter.notifyMatchFailure(op, "not a plain constant");
      rewriter.replaceOp(op, reshaped);
      return success();
    }
    auto dequantize = op.getSrc().template getDefiningOp<DequantizeOp>();
    auto cast = dequantize
                    ? dequantize.getInput().template getDefiningOp<quant::StorageCastOp>()
                    : quant::StorageCastOp();
    auto constant = cast ? cast.getInput().template getDefiningOp<arith::ConstantOp>()
                         : arith::ConstantOp();
    if (!constant)
      return rewriter.notifyMatchFailure(op, "not a dequantized constant");
    quant::QuantizedType element = getQuantElement(cast.getType());
    if (std::optional<int32_t> axis = getAxis(element)) {
      axis = reshapeAxis(op.getSrcType().getShape(), type.getShape(), *axis);
      if (!axis)
        return rewriter.notifyMatchFailure(op, "splits or joins the channels");
      element = withAxis(element, *axis);
    }
    Value reshaped = reshapeConstant(rewriter, constant, type);
    if (!reshaped)
      return rewriter.notifyMatchFailure(op, "not a plain constant");
    Value integers = quant::StorageCastOp::create(rewriter, cast.getLoc(),
                                                  type.clone(element), reshaped);
    rewriter.replaceOpWithNewOp<DequantizeOp>(op, type, integers);
    return success();
  }
};

/// The slices of a constant that `gather` selects.
Value gatherConstant(PatternRewriter &rewriter, arith::ConstantOp constant,
                     GatherOp gather) {
  auto value = dyn_cast<ElementsAttr>(constant.getValue());
  std::optional<std::vector<char>> data = value ? readRaw(value) : std::nullopt;
  if (!data || data->empty())
    return {};
  StringRef name = "constant";
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    name = resource.getRawHandle().getKey();
  ArrayRef<int64_t> shape = value.getShapedType().getShape();
  size_t slice = data->size() / value.getNumElements(), outer = 1;
  for (int64_t extent : shape.drop_front(gather.getDim() + 1))
    slice *= extent;
  for (int64_t extent : shape.take_front(gather.getDim()))
    outer *= extent;
  std::vector<char> selected;
  for (size_t i = 0; i < outer; ++i)
    for (int64_t index : gather.getIndices()) {
      auto from = data->begin() + (i * shape[gather.getDim()] + index) * slice;
      selected.insert(selected.end(), from, from + slice);
    }
  auto type = cast<RankedTensorType>(gather.getType()).clone(value.getElementType());
  return arith::ConstantOp::create(rewriter, constant.getLoc(),
                                   cast<TypedAttr>(makeRaw(type, selected, name)));
}

/// gather(dequantize(scast(constant))) -> dequantize(scast(constant)), and
/// gather(constant) -> constant: kernels that are turned around.
struct FoldGatheredConstant : public OpRewritePattern<GatherOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GatherOp op, PatternRewriter &rewriter) const override {
    auto dequantize = op.getInput().getDefiningOp<DequantizeOp>();
    auto cast = dequantize ? dequantize.getInput().getDefiningOp<quant::StorageCastOp>()
                           : quant::StorageCastOp();
    Value source = cast ? cast.getInput() : op.getInput();
    auto constant = source.getDefiningOp<arith::ConstantOp>();
    Value selected = constant ? gatherConstant(rewriter, constant, op) : Value();
    if (!selected)
      return rewriter.notifyMatchFailure(op, "not a plain constant");
    if (!cast) {
      rewriter.replaceOp(op, selected);
      return success();
    }
    auto type = mlir::cast<RankedTensorType>(op.getType())
                    .clone(getElementTypeOrSelf(cast.getType()));
    Value integers =
        quant::StorageCastOp::create(rewriter, cast.getLoc(), type, selected);
    rewriter.replaceOpWithNewOp<DequantizeOp>(op, op.getType(), integers);
    return success();
  }
};

/// A transpose that keeps the order of the dimensions larger than one is a
/// reshape: collapse to one dimension and expand.
struct UnitTransposeToReshape : public OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    auto input = op.getInput().getType();
    SmallVector<int64_t> large;
    for (int64_t d : op.getPermutation())
      if (input.getDimSize(d) != 1)
        large.push_back(d);
    if (!llvm::is_sorted(large))
      return rewriter.notifyMatchFailure(op, "moves elements");
    auto quantized = getQuantElement(input);
    if (quantized && getAxis(quantized))
      return rewriter.notifyMatchFailure(op, "per-axis type");
    auto flat = RankedTensorType::get({input.getNumElements()}, input.getElementType());
    SmallVector<ReassociationIndices> all(1);
    for (int64_t d = 0; d < input.getRank(); ++d)
      all[0].push_back(d);
    Value collapsed =
        tensor::CollapseShapeOp::create(rewriter, op.getLoc(), flat, op.getInput(), all);
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(op, op.getType(), collapsed, all);
    return success();
  }
};

struct SinkTransposes : qbias::impl::SinkTransposesBase<SinkTransposes> {
  /// Applies the patterns that move transposes one way, so that they come to an end.
  template <typename... Patterns>
  LogicalResult apply() {
    RewritePatternSet patterns(&getContext());
    patterns.add<Patterns...>(&getContext());
    GreedyRewriteConfig config;
    config.setMaxIterations(GreedyRewriteConfig::kNoLimit);
    return applyPatternsGreedily(getOperation(), std::move(patterns), config);
  }

  void runOnOperation() override {
    // Reshapes last: before, they would stop transposes from meeting.
    if (failed(apply<SinkToNchw, HoistOverStorageCast, FoldConstant>()) ||
        failed(apply<HoistToNhwc, HoistOverStorageCast, FoldConstant,
                     FoldGatheredConstant, FoldReshapedConstant<tensor::CollapseShapeOp>,
                     FoldReshapedConstant<tensor::ExpandShapeOp>>()) ||
        failed(apply<UnitTransposeToReshape>()))
      signalPassFailure();
  }
};

} // namespace
