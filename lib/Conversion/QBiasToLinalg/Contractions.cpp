//===- Contractions.cpp - convolutions and matrix products ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// acc = sum x * w + (bias - z_x * sum w), padded with z_x (N4). x, z_x are those
// of the signless storage; their difference is the file's.
//
//===----------------------------------------------------------------------===//

#include "Epilogue.h"
#include "Patterns.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QBias.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace qbias;

Value qbias::padSpatial(OpBuilder &builder, Location loc, Value value,
                        ArrayRef<int64_t> pads, int64_t constant) {
  if (llvm::all_of(pads, [](int64_t pad) { return pad == 0; }))
    return value;
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[1] += pads[0] + pads[2];
  shape[2] += pads[1] + pads[3];
  auto index = [&](int64_t v) { return builder.getIndexAttr(v); };
  SmallVector<OpFoldResult> low = {index(0), index(pads[0]), index(pads[1]), index(0)};
  SmallVector<OpFoldResult> high = {index(0), index(pads[2]), index(pads[3]), index(0)};
  Value fill = makeInteger(builder, loc, type.getElementType(), constant);
  return tensor::PadOp::create(builder, loc, type.clone(shape), value, low, high, fill,
                               /*nofold=*/false);
}

Value qbias::makeFilled(OpBuilder &builder, Location loc, RankedTensorType type,
                        int64_t value) {
  Value empty =
      tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  Type element = type.getElementType();
  Value constant =
      value == 0 ? arith::ConstantOp::create(builder, loc, builder.getZeroAttr(element))
                 : makeInteger(builder, loc, element, value);
  return linalg::FillOp::create(builder, loc, constant, empty).getResult(0);
}

/// bias - z * sum w per channel, truncated to the accumulator: sums are modular
/// and only the final value is proven to fit (N9).
static Value makeFoldedBias(OpBuilder &builder, Location loc, Value bias,
                            ArrayRef<int64_t> weights, int64_t channels,
                            int64_t zeroPoint, Type accumulator, StringRef name) {
  SmallVector<int64_t> folded(channels, 0);
  if (bias)
    readIntegers(bias, folded);
  size_t row = weights.size() / channels;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t w : weights.slice(c * row, row))
      folded[c] -= zeroPoint * w;
  auto type = RankedTensorType::get({channels}, accumulator);
  return makeConstant(builder, loc, makeIntegers(type, folded, name));
}

/// `bias` repeated over every dimension of `type` but `dimensions`.
static Value broadcast(OpBuilder &builder, Location loc, Value bias,
                       RankedTensorType type, ArrayRef<int64_t> dimensions) {
  SmallVector<int64_t> added;
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (!llvm::is_contained(dimensions, d))
      added.push_back(d);
  Value empty =
      tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  return linalg::BroadcastOp::create(builder, loc, bias, empty, added).getResult()[0];
}

/// Weights [O, KH, KW, I] reordered by `permutation` into a constant.
static Value permuteWeights(OpBuilder &builder, Location loc, Value weight,
                            ArrayRef<int64_t> shape, ArrayRef<int64_t> permutation,
                            StringRef name) {
  std::optional<std::vector<char>> bytes = readRaw(getConstant(weight));
  assert(bytes && "weights are plain constants, says the verifier of the operation");
  SmallVector<int64_t> permutedShape;
  for (int64_t d : permutation)
    permutedShape.push_back(shape[d]);
  auto element = cast<RankedTensorType>(weight.getType()).getElementType();
  auto type = RankedTensorType::get(permutedShape, element);
  return makeConstant(builder, loc,
                      makeRaw(type, permuteRaw(*bytes, shape, permutation), name));
}

namespace {

/// The operands of a convolution below the integer family.
struct Convolution {
  IntConv2DOp op;
  Value input; ///< padded
  Type accumulator;
  Value bias; ///< folded, [O]
  DenseIntElementsAttr strides, dilations;
  std::string name;
};

} // namespace

static DenseIntElementsAttr makeExtents(OpBuilder &builder, ArrayRef<int64_t> values) {
  return builder.getI64TensorAttr(values);
}

/// groups = 1: [N, H, W, C] x [KH, KW, C, O].
static Value buildDense(OpBuilder &builder, Location loc, const Convolution &conv) {
  IntConv2DOp op = conv.op;
  auto shape = op.getWeight().getType().getShape();
  Value weight = permuteWeights(builder, loc, op.getWeight(), shape, {1, 2, 3, 0},
                                conv.name + ".weight_hwcf");
  RankedTensorType type = op.getType().clone(conv.accumulator);
  Value init = broadcast(builder, loc, conv.bias, type, {3});
  return linalg::Conv2DNhwcHwcfOp::create(builder, loc, type,
                                          ValueRange{conv.input, weight}, init,
                                          conv.strides, conv.dilations)
      .getResult(0);
}

/// groups = C: [N, H, W, C] x [KH, KW, C, M], channel c * M + m.
static Value buildDepthwise(OpBuilder &builder, Location loc, const Convolution &conv) {
  IntConv2DOp op = conv.op;
  auto w = op.getWeight().getType().getShape();
  int64_t channels = op.getGroups(), multiplier = w[0] / channels;
  SmallVector<int64_t> shape = {channels, multiplier, w[1], w[2]};
  Value weight = permuteWeights(builder, loc, op.getWeight(), shape, {2, 3, 0, 1},
                                conv.name + ".weight_hwcm");
  auto result = op.getType().getShape();
  auto type = RankedTensorType::get(
      {result[0], result[1], result[2], channels, multiplier}, conv.accumulator);
  SmallVector<ReassociationIndices> split = {{0, 1}}, join = {{0}, {1}, {2}, {3, 4}};
  Value bias = tensor::ExpandShapeOp::create(
      builder, loc, RankedTensorType::get({channels, multiplier}, conv.accumulator),
      conv.bias, split);
  Value init = broadcast(builder, loc, bias, type, {3, 4});
  Value acc = linalg::DepthwiseConv2DNhwcHwcmOp::create(
                  builder, loc, type, ValueRange{conv.input, weight}, init, conv.strides,
                  conv.dilations)
                  .getResult(0);
  return tensor::CollapseShapeOp::create(builder, loc,
                                         op.getType().clone(conv.accumulator), acc, join);
}

/// Other groups: [N, H, W, G, C/G] x [G, O/G, KH, KW, C/G].
static Value buildGrouped(OpBuilder &builder, Location loc, const Convolution &conv) {
  IntConv2DOp op = conv.op;
  auto w = op.getWeight().getType().getShape();
  auto x = cast<RankedTensorType>(conv.input.getType());
  int64_t groups = op.getGroups();
  Value weight = permuteWeights(builder, loc, op.getWeight(),
                                {groups, w[0] / groups, w[1], w[2], w[3]},
                                {0, 1, 2, 3, 4}, conv.name + ".weight_gfhwc");
  SmallVector<ReassociationIndices> join = {{0}, {1}, {2}, {3, 4}}, split = {{0, 1}};
  auto splitShape = [&](ArrayRef<int64_t> shape) {
    return SmallVector<int64_t>{shape[0], shape[1], shape[2], groups, shape[3] / groups};
  };
  Value input = tensor::ExpandShapeOp::create(
      builder, loc, x.clone(splitShape(x.getShape())), conv.input, join);
  auto type =
      RankedTensorType::get(splitShape(op.getType().getShape()), conv.accumulator);
  Value bias = tensor::ExpandShapeOp::create(
      builder, loc, RankedTensorType::get({groups, w[0] / groups}, conv.accumulator),
      conv.bias, split);
  Value init = broadcast(builder, loc, bias, type, {3, 4});
  Value acc =
      linalg::Conv2DNhwgcGfhwcOp::create(builder, loc, type, ValueRange{input, weight},
                                         init, conv.strides, conv.dilations)
          .getResult(0);
  return tensor::CollapseShapeOp::create(builder, loc,
                                         op.getType().clone(conv.accumulator), acc, join);
}

/// The epilogue of an operation with one accumulator tensor and maybe an
/// addend; channels are the last dimension.
static Value buildChannelEpilogue(OpBuilder &builder, IntegerSegmentOpInterface op,
                                  Value acc, Value addend, Type addendFileElement) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  int64_t rank = type.getRank();
  AffineMap identity = AffineMap::getMultiDimIdentityMap(rank, builder.getContext());
  SmallVector<EpilogueInput> inputs = {{acc, identity}};
  auto takeAccumulator = [](OpBuilder &, ValueRange arguments) -> Value {
    return arguments[0];
  };
  ChannelIndexing indexing =
      indexByDimension(builder.getContext(), rank, rank - 1, op.getRequantChannels());
  if (!addend)
    return buildEpilogue(builder, op, inputs, indexing, takeAccumulator);
  inputs.push_back({addend, identity});
  return buildEpilogue(builder, op, inputs, indexing, takeAccumulator,
                       [&](OpBuilder &inner, ValueRange arguments) {
                         return toFileInteger(inner, op->getLoc(), arguments[1],
                                              addendFileElement);
                       });
}

namespace {

struct ConvertConv2D : public OpConversionPattern<IntConv2DOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(IntConv2DOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto segment = cast<IntegerSegmentOpInterface>(op.getOperation());
    if (!op.getBounds())
      return rewriter.notifyMatchFailure(op, "has no bounds");
    Location loc = op.getLoc();
    SmallVector<int64_t> weights;
    if (!readIntegers(op.getWeight(), weights))
      return rewriter.notifyMatchFailure(op, "weights are not constant");
    int64_t zeroPoint =
        op.getInputZp() + getStorageShift(op.getInput().getType().getElementType());
    Convolution conv;
    conv.op = op;
    conv.name = getLayerName(op);
    conv.accumulator = getAccumulatorType(segment);
    conv.input = padSpatial(rewriter, loc, adaptor.getInput(), op.getPads(), zeroPoint);
    conv.bias =
        makeFoldedBias(rewriter, loc, op.getBias(), weights, segment.getRequantChannels(),
                       zeroPoint, conv.accumulator, conv.name + ".bias_folded");
    conv.strides = makeExtents(rewriter, op.getStrides());
    conv.dilations = makeExtents(rewriter, op.getDilations());
    int64_t groups = op.getGroups();
    bool isDepthwise = groups > 1 && op.getWeight().getType().getDimSize(3) == 1;
    Value acc = groups == 1   ? buildDense(rewriter, loc, conv)
                : isDepthwise ? buildDepthwise(rewriter, loc, conv)
                              : buildGrouped(rewriter, loc, conv);
    Type addendElement =
        op.getAddend() ? getElementTypeOrSelf(op.getAddend().getType()) : Type();
    rewriter.replaceOp(op, buildChannelEpilogue(rewriter, segment, acc,
                                                adaptor.getAddend(), addendElement));
    return success();
  }
};

struct ConvertMatmul : public OpConversionPattern<IntMatmulOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(IntMatmulOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!op.getBounds())
      return rewriter.notifyMatchFailure(op, "has no bounds");
    auto segment = cast<IntegerSegmentOpInterface>(op.getOperation());
    Value acc = op.getReference().getWeights() ? buildWeighted(op, adaptor, rewriter)
                                               : buildActivations(op, adaptor, rewriter);
    Type addendElement =
        op.getAddend() ? getElementTypeOrSelf(op.getAddend().getType()) : Type();
    rewriter.replaceOp(op, buildChannelEpilogue(rewriter, segment, acc,
                                                adaptor.getAddend(), addendElement));
    return success();
  }

private:
  /// [..., M, K] x [K, N] with leading dimensions folded into M.
  Value buildWeighted(IntMatmulOp op, OpAdaptor adaptor,
                      ConversionPatternRewriter &rewriter) const {
    Location loc = op.getLoc();
    auto segment = cast<IntegerSegmentOpInterface>(op.getOperation());
    Type accumulator = getAccumulatorType(segment);
    std::string name = getLayerName(op);
    auto shape = op.getRhs().getType().getShape();
    SmallVector<int64_t> weights;
    readIntegers(op.getRhs(), weights);
    int64_t zeroPoint =
        op.getLhsZp() + getStorageShift(op.getLhs().getType().getElementType());
    Value bias = makeFoldedBias(rewriter, loc, op.getBias(), weights, shape[0], zeroPoint,
                                accumulator, name + ".bias_folded");
    Value weight =
        permuteWeights(rewriter, loc, op.getRhs(), shape, {1, 0}, name + ".weight_kn");
    auto lhsType = cast<RankedTensorType>(adaptor.getLhs().getType());
    SmallVector<ReassociationIndices> fold(2);
    for (int64_t d = 0; d + 1 < lhsType.getRank(); ++d)
      fold[0].push_back(d);
    fold[1].push_back(lhsType.getRank() - 1);
    int64_t rows = lhsType.getNumElements() / shape[1];
    Value lhs = adaptor.getLhs();
    if (lhsType.getRank() > 2)
      lhs = tensor::CollapseShapeOp::create(rewriter, loc,
                                            lhsType.clone({rows, shape[1]}), lhs, fold);
    auto flat = RankedTensorType::get({rows, shape[0]}, accumulator);
    Value init = broadcast(rewriter, loc, bias, flat, {1});
    Value acc =
        linalg::MatmulOp::create(rewriter, loc, flat, ValueRange{lhs, weight}, init)
            .getResult(0);
    if (lhsType.getRank() > 2)
      acc = tensor::ExpandShapeOp::create(rewriter, loc, op.getType().clone(accumulator),
                                          acc, fold);
    return acc;
  }

  /// sum (a - za) * (b - zb) of two activations, both in the accumulator's
  /// width; constant zero points are subtracted element by element.
  Value buildActivations(IntMatmulOp op, OpAdaptor adaptor,
                         ConversionPatternRewriter &rewriter) const {
    Location loc = op.getLoc();
    Type accumulator =
        getAccumulatorType(cast<IntegerSegmentOpInterface>(op.getOperation()));
    RankedTensorType type = op.getType().clone(accumulator);
    int64_t rank = type.getRank(), loops = rank + 1;
    Value init = makeFilled(rewriter, loc, type, 0);
    SmallVector<AffineExpr> a, b, y;
    for (int64_t d = 0; d < rank; ++d) {
      a.push_back(rewriter.getAffineDimExpr(d == rank - 1 ? rank : d));
      b.push_back(rewriter.getAffineDimExpr(d == rank - 2   ? rank - 1
                                            : d == rank - 1 ? rank
                                                            : d));
      y.push_back(rewriter.getAffineDimExpr(d));
    }
    if (op.getRhs().getType().getRank() == 2)
      b.erase(b.begin(), b.end() - 2);
    MLIRContext *context = rewriter.getContext();
    SmallVector<AffineMap> maps = {AffineMap::get(loops, 0, a, context),
                                   AffineMap::get(loops, 0, b, context),
                                   AffineMap::get(loops, 0, y, context)};
    SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
    iterators.push_back(utils::IteratorType::reduction);
    int64_t za = op.getLhsZp() + getStorageShift(op.getLhs().getType().getElementType());
    int64_t zb = op.getRhsZp() + getStorageShift(op.getRhs().getType().getElementType());
    return linalg::GenericOp::create(
               rewriter, loc, type, ValueRange{adaptor.getLhs(), adaptor.getRhs()}, init,
               maps, iterators,
               [&](OpBuilder &inner, Location, ValueRange arguments) {
                 Value left = centered(inner, loc, arguments[0], accumulator, za);
                 Value right = centered(inner, loc, arguments[1], accumulator, zb);
                 Value product = arith::MulIOp::create(inner, loc, left, right);
                 Value sum = arith::AddIOp::create(inner, loc, arguments[2], product);
                 linalg::YieldOp::create(inner, loc, sum);
               })
        .getResult(0);
  }
};

} // namespace

void qbias::populateContractionPatterns(const TypeConverter &converter,
                                        RewritePatternSet &patterns) {
  patterns.add<ConvertConv2D, ConvertMatmul>(converter, patterns.getContext());
}
