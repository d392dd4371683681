//===- FoldScales.cpp - a factor per channel joins the layer before ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
//   a[c] * (sum x * w[c] * s_w[c] + b[c]) + o[c]
//     = sum x * (sign a[c] * w[c]) * (|a[c]| * s_w[c]) + (a[c] * b[c] + o[c])
//
// New scales and biases are the doubles nearest to these numbers (docs/Numerics.md,
// N5).
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Dialect/QBias/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>
#include <limits>

namespace qbias {
#define GEN_PASS_DEF_FOLDSCALES
#include "qbias/Dialect/QBias/Transforms/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;
using numerics::Rational;

namespace {

/// A dequantized constant: its integers, and the type they are read with.
struct StoredConstant {
  SmallVector<int64_t> integers; ///< stored values
  quant::QuantizedType type;
  Location loc;
};

} // namespace

static std::optional<StoredConstant> readStored(Value value) {
  auto dequantize = value.getDefiningOp<DequantizeOp>();
  auto stored = dequantize ? dequantize.getInput().getDefiningOp<quant::StorageCastOp>()
                           : quant::StorageCastOp();
  ElementsAttr constant = stored ? getConstant(stored.getInput()) : ElementsAttr();
  StoredConstant result{{}, {}, value.getLoc()};
  if (!constant || !readIntegers(constant, result.integers))
    return std::nullopt;
  result.type = getQuantElement(stored.getType());
  result.loc = stored.getInput().getLoc();
  toStorageValues(result.type, result.integers);
  return result;
}

/// Exact values of a constant of `count` elements, one scale in all or along its
/// only dimension; floats too.
static std::optional<std::vector<Rational>> readReals(Value value, int64_t count) {
  std::vector<Rational> reals;
  if (ElementsAttr constant = getConstant(value)) {
    SmallVector<double> floats;
    if (!readFloats(constant, floats))
      return std::nullopt;
    for (double real : floats)
      if (auto exact = numerics::exactRational(real))
        reals.push_back(*exact);
  } else if (std::optional<StoredConstant> stored = readStored(value)) {
    SmallVector<double> scales = getScales(stored->type);
    SmallVector<int64_t> zeros = getZeroPoints(stored->type);
    for (auto [i, q] : llvm::enumerate(stored->integers)) {
      size_t c = scales.size() == 1 ? 0 : i;
      reals.push_back(Rational(numerics::fromInt64(q - zeros[c])) *
                      *numerics::exactRational(scales[c]));
    }
  }
  if (int64_t(reals.size()) != count)
    return std::nullopt;
  return reals;
}

/// dequantize(scast(constant)).
static Value makeStored(PatternRewriter &rewriter, Location loc, ArrayRef<int64_t> values,
                        RankedTensorType quantized, StringRef name) {
  auto storage = quantized.clone(getQuantElement(quantized).getStorageType());
  Value integers = arith::ConstantOp::create(
      rewriter, loc, cast<TypedAttr>(makeIntegers(storage, values, name)));
  Value cast = quant::StorageCastOp::create(rewriter, loc, quantized, integers);
  return DequantizeOp::create(rewriter, loc, quantized.clone(rewriter.getF32Type()),
                              cast);
}

static bool isScale(double value) {
  return value >= std::numeric_limits<float>::denorm_min() &&
         value <= std::numeric_limits<float>::max();
}

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static bool isReshape(Operation *op) {
  return isa_and_present<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op);
}

/// The layer a value is the only use of, behind reshapes that keep the last dimension;
/// operands of it are data, weights [O, ...] and perhaps a bias.
static Operation *findLayer(Value value) {
  Operation *op = value.getDefiningOp();
  while (isReshape(op) && op->hasOneUse() &&
         shapeOf(op->getOperand(0)).back() == shapeOf(value).back())
    op = op->getOperand(0).getDefiningOp();
  auto matmul = dyn_cast_if_present<MatmulOp>(op);
  bool isLayer =
      isa_and_present<Conv2DOp>(op) || (matmul && shapeOf(matmul.getRhs()).size() == 2);
  return isLayer && op->hasOneUse() ? op : nullptr;
}

/// The reshapes from `from` to `value`, of `to`.
static Value repeatReshapes(PatternRewriter &rewriter, Value value, Value from,
                            Value to) {
  if (value == from)
    return to;
  Operation *reshape = value.getDefiningOp();
  Operation *copy = rewriter.clone(*reshape);
  copy->setOperand(0, repeatReshapes(rewriter, reshape->getOperand(0), from, to));
  return copy->getResult(0);
}

/// Integers with the factor's sign; scales times its magnitude. A channel with
/// factor 0 has only zeros, of scale 1. 16 bits where a sign turns -128.
static Value scaleWeights(PatternRewriter &rewriter, Operation *layer,
                          const StoredConstant &weights, ArrayRef<Rational> factors) {
  SmallVector<double> scales = getScales(weights.type), newScales;
  SmallVector<int64_t> zeros = getZeroPoints(weights.type), values = weights.integers;
  std::optional<int32_t> axis = getAxis(weights.type);
  if (axis && *axis != 0)
    return {};
  size_t row = values.size() / factors.size();
  for (auto [c, factor] : llvm::enumerate(factors)) {
    size_t from = scales.size() == 1 ? 0 : c;
    for (int64_t &q : MutableArrayRef(values).slice(c * row, row))
      q = (q - zeros[from]) * sgn(factor);
    Rational scale = *numerics::exactRational(scales[from]) * abs(factor);
    newScales.push_back(factor == 0 ? 1.0 : numerics::nearestDouble(scale));
    if (!isScale(newScales.back()))
      return {};
  }
  unsigned width =
      llvm::all_of(values, [](int64_t q) { return q == int8_t(q); }) ? 8 : 16;
  auto type = cast<RankedTensorType>(layer->getOperand(1).getType());
  auto element = quant::UniformQuantizedPerAxisType::get(
      quant::QuantizationFlags::Signed, rewriter.getIntegerType(width),
      rewriter.getF32Type(), newScales, SmallVector<int64_t>(newScales.size(), 0), 0,
      llvm::minIntN(width), llvm::maxIntN(width));
  return makeStored(rewriter, weights.loc, values, type.clone(element), "weight");
}

/// a * b + o, one sign and one scale per channel.
static Value scaleBias(PatternRewriter &rewriter, Operation *layer,
                       ArrayRef<Rational> factors, ArrayRef<Rational> biases,
                       ArrayRef<Rational> offsets) {
  SmallVector<double> scales;
  SmallVector<int64_t> signs;
  for (auto [a, b, o] : llvm::zip(factors, biases, offsets)) {
    double value = numerics::nearestDouble(a * b + o);
    signs.push_back(value > 0 ? 1 : value < 0 ? -1 : 0);
    scales.push_back(value == 0 ? 1.0 : std::fabs(value));
    if (!isScale(scales.back()))
      return {};
  }
  constexpr int64_t kMin = std::numeric_limits<int32_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  auto element = quant::UniformQuantizedPerAxisType::get(
      quant::QuantizationFlags::Signed, rewriter.getIntegerType(32),
      rewriter.getF32Type(), scales, SmallVector<int64_t>(scales.size(), 0), 0, kMin,
      kMax);
  auto type = RankedTensorType::get({int64_t(scales.size())}, element);
  return makeStored(rewriter, layer->getLoc(), signs, type, "bias");
}

/// a[c] * layer + o[c] as a layer: null where a number is no constant or leaves float32's
/// range.
static Operation *foldLine(PatternRewriter &rewriter, Operation *layer,
                           ArrayRef<Rational> factors, ArrayRef<Rational> offsets) {
  Value oldBias = layer->getNumOperands() > 2 ? layer->getOperand(2) : Value();
  std::optional<StoredConstant> weights = readStored(layer->getOperand(1));
  std::vector<Rational> zeros(factors.size(), Rational(0));
  auto biases = oldBias ? readReals(oldBias, factors.size()) : std::optional(zeros);
  Value weight =
      weights && biases ? scaleWeights(rewriter, layer, *weights, factors) : Value();
  Value bias = weight ? scaleBias(rewriter, layer, factors, *biases, offsets) : Value();
  if (!bias)
    return nullptr;
  Operation *folded = rewriter.clone(*layer);
  folded->setOperands({layer->getOperand(0), weight, bias});
  return folded;
}

namespace {

/// conv(per channel) . layer -> layer.
struct FoldChannelFactor : public OpRewritePattern<Conv2DOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(Conv2DOp op, PatternRewriter &rewriter) const override {
    Operation *layer = findLayer(op.getInput());
    if (!layer || !isPerChannel(op))
      return rewriter.notifyMatchFailure(op, "not one tap per channel behind a layer");
    int64_t channels = op.getGroups();
    std::optional<std::vector<Rational>> factors = readReals(op.getWeight(), channels);
    std::vector<Rational> zeros(channels, Rational(0));
    auto offsets = op.getBias() ? readReals(op.getBias(), channels) : zeros;
    if (!factors || !offsets)
      return rewriter.notifyMatchFailure(op, "expects constants");
    Operation *folded = foldLine(rewriter, layer, *factors, *offsets);
    if (!folded)
      return rewriter.notifyMatchFailure(op,
                                         "numbers are no constants in float32's range");
    rewriter.replaceOp(op, repeatReshapes(rewriter, op.getInput(), layer->getResult(0),
                                          folded->getResult(0)));
    return success();
  }

private:
  static bool isPerChannel(Conv2DOp op) {
    auto areOne = [](ArrayRef<int64_t> values) {
      return llvm::all_of(values, [](int64_t v) { return v == 1; });
    };
    return shapeOf(op.getWeight()) ==
               ArrayRef<int64_t>{int64_t(op.getGroups()), 1, 1, 1} &&
           areOne(op.getStrides()) && !op.readsPadding();
  }
};

/// number * layer + x, which a scaled branch adds -> layer + x, where the products are
/// exact.
struct FoldFactorOfSummand : public OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    if (!op->hasOneUse() || !isa<AddOp, SubOp>(*op->user_begin()))
      return rewriter.notifyMatchFailure(op, "not a summand");
    for (unsigned i : {0, 1}) {
      Value number = op->getOperand(i), real = op->getOperand(1 - i);
      Operation *layer = real.getType() == op.getType() ? findLayer(real) : nullptr;
      auto factor = readReals(number, 1);
      if (!layer || !factor || !isExact(layer, factor->front()))
        continue;
      int64_t channels = shapeOf(layer->getOperand(1)).front();
      std::vector<Rational> factors(channels, factor->front());
      Operation *folded = foldLine(rewriter, layer, factors,
                                   std::vector<Rational>(channels, Rational(0)));
      if (!folded)
        continue;
      rewriter.replaceOp(
          op, repeatReshapes(rewriter, real, layer->getResult(0), folded->getResult(0)));
      return success();
    }
    return rewriter.notifyMatchFailure(op, "not a number and a layer");
  }

private:
  /// Whether doubles hold the products of `factor` and all scales and biases.
  static bool isExact(Operation *layer, const Rational &factor) {
    auto holds = [&](const Rational &x) {
      return numerics::exactRational(numerics::nearestDouble(x * factor)) == x * factor;
    };
    std::optional<StoredConstant> weights = readStored(layer->getOperand(1));
    int64_t channels = shapeOf(layer->getOperand(1)).front();
    auto biases = layer->getNumOperands() > 2 ? readReals(layer->getOperand(2), channels)
                                              : std::optional(std::vector<Rational>());
    return factor != 0 && weights && biases && llvm::all_of(*biases, holds) &&
           llvm::all_of(getScales(weights->type), [&](double scale) {
             return holds(*numerics::exactRational(scale));
           });
  }
};

/// x - layer -> x + layer with its signs turned.
struct FoldNegatedLayer : public OpRewritePattern<SubOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(SubOp op, PatternRewriter &rewriter) const override {
    Operation *layer = findLayer(op.getRhs());
    if (!layer || getConstant(op.getLhs()) || op.getRhs().getType() != op.getType())
      return rewriter.notifyMatchFailure(op, "no layer is subtracted from a tensor");
    int64_t channels = shapeOf(layer->getOperand(1)).front();
    Operation *folded =
        foldLine(rewriter, layer, std::vector<Rational>(channels, Rational(-1)),
                 std::vector<Rational>(channels, Rational(0)));
    if (!folded)
      return rewriter.notifyMatchFailure(op, "numbers are no constants");
    Value turned =
        repeatReshapes(rewriter, op.getRhs(), layer->getResult(0), folded->getResult(0));
    auto sum = AddOp::create(rewriter, op.getLoc(), op.getType(), op.getLhs(), turned);
    sum->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.replaceOp(op, sum);
    return success();
  }
};

struct FoldScales : qbias::impl::FoldScalesBase<FoldScales> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FoldChannelFactor, FoldFactorOfSummand, FoldNegatedLayer>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
