//===- Elementwise.cpp - sums, products, means, tables, maxima ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Epilogue.h"
#include "ModeEpilogue.h"
#include "Patterns.h"

#include "qbias/Analysis/Segments.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Dialect/QBias/IR/Windows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace qbias;

static Type elementOf(Value value) { return getElementTypeOrSelf(value.getType()); }

/// Map from result dimensions to an operand whose unit dimensions broadcast.
static AffineMap getBroadcastMap(Value operand, RankedTensorType result) {
  MLIRContext *context = operand.getContext();
  SmallVector<AffineExpr> exprs;
  auto shape = cast<RankedTensorType>(operand.getType()).getShape();
  for (auto [d, size] : llvm::enumerate(shape))
    exprs.push_back(size == result.getDimSize(d) ? getAffineDimExpr(d, context)
                                                 : getAffineConstantExpr(0, context));
  return AffineMap::get(result.getRank(), 0, exprs, context);
}

/// Reads `table` (any integer width) at an i64 index, as i64.
static Value readTable(OpBuilder &builder, Location loc, Value table, Value at) {
  at = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), at);
  Value entry = tensor::ExtractOp::create(builder, loc, table, at);
  if (entry.getType() == builder.getI64Type())
    return entry;
  return arith::ExtSIOp::create(builder, loc, builder.getI64Type(), entry);
}

/// A generic operation over the whole result whose body makes the file's
/// integer as i64; narrows it to the signless storage type.
static Value buildTableOp(OpBuilder &builder, Operation *op,
                          ArrayRef<EpilogueInput> inputs,
                          function_ref<Value(OpBuilder &, ValueRange)> body) {
  Location loc = op->getLoc();
  auto fileType = cast<RankedTensorType>(op->getResult(0).getType());
  auto type = cast<RankedTensorType>(getSignlessType(fileType));
  SmallVector<Value> tensors;
  SmallVector<AffineMap> maps;
  for (const EpilogueInput &input : inputs) {
    tensors.push_back(input.tensor);
    maps.push_back(input.map);
  }
  maps.push_back(AffineMap::getMultiDimIdentityMap(type.getRank(), builder.getContext()));
  Value empty =
      tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(builder, loc, type, tensors, empty, maps, iterators,
                                   [&](OpBuilder &inner, Location, ValueRange arguments) {
                                     Value result = body(inner, arguments);
                                     result = arith::TruncIOp::create(
                                         inner, loc, type.getElementType(), result);
                                     linalg::YieldOp::create(inner, loc, result);
                                   })
      .getResult(0);
}

/// Table entries as signless storage values of the result.
static Value makeTable(OpBuilder &builder, Location loc, ElementsAttr attr,
                       Type fileElement, StringRef name) {
  SmallVector<int64_t> entries;
  readIntegers(attr, entries);
  for (int64_t &entry : entries)
    entry += getStorageShift(fileElement);
  auto element = cast<IntegerType>(getSignlessType(fileElement));
  auto type = RankedTensorType::get({int64_t(entries.size())}, element);
  return makeConstant(builder, loc, makeIntegers(type, entries, name));
}

namespace {

struct ConvertAdd : public OpConversionPattern<IntAddOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(IntAddOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    SmallVector<EpilogueInput> inputs = {
        {adaptor.getLhs(), getBroadcastMap(op.getLhs(), op.getType())},
        {adaptor.getRhs(), getBroadcastMap(op.getRhs(), op.getType())}};
    auto operand = [&](unsigned i) {
      return [&, i](OpBuilder &inner, ValueRange arguments) {
        return toFileInteger(inner, loc, arguments[i], elementOf(op->getOperand(i)));
      };
    };
    auto segment = cast<IntegerSegmentOpInterface>(op.getOperation());
    Value result =
        op.getRequant().getForm() == RequantForm::Table
            ? buildTable(op, inputs, rewriter)
            : buildEpilogue(rewriter, segment, inputs,
                            indexByNothing(op.getContext(), op.getType().getRank()),
                            operand(0), operand(1));
    rewriter.replaceOp(op, result);
    return success();
  }

private:
  /// table[(a - a_min) * n_b + (b - b_min)], minima of the operands' types.
  Value buildTable(IntAddOp op, ArrayRef<EpilogueInput> inputs,
                   ConversionPatternRewriter &rewriter) const {
    Location loc = op.getLoc();
    numerics::Range a = getIntegerRange(elementOf(op.getLhs()));
    numerics::Range b = getIntegerRange(elementOf(op.getRhs()));
    Value table = makeTable(rewriter, loc, op.getRequant().getThresholds(),
                            op.getType().getElementType(), "table");
    return buildTableOp(
        rewriter, op, inputs, [&](OpBuilder &inner, ValueRange arguments) {
          Type wide = inner.getI64Type();
          auto constant = [&](int64_t v) { return makeInteger(inner, loc, wide, v); };
          Value left = toFileInteger(inner, loc, arguments[0], elementOf(op.getLhs()));
          Value right = toFileInteger(inner, loc, arguments[1], elementOf(op.getRhs()));
          left = arith::SubIOp::create(inner, loc, left, constant(a.min));
          left = arith::MulIOp::create(inner, loc, left, constant(b.max - b.min + 1));
          right = arith::SubIOp::create(inner, loc, right, constant(b.min));
          return readTable(inner, loc, table,
                           arith::AddIOp::create(inner, loc, left, right));
        });
  }
};

struct ConvertMul : public OpConversionPattern<IntMulOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(IntMulOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!op.getBounds())
      return rewriter.notifyMatchFailure(op, "has no bounds");
    Location loc = op.getLoc();
    auto segment = cast<IntegerSegmentOpInterface>(op.getOperation());
    Type accumulator = getAccumulatorType(segment);
    SmallVector<EpilogueInput> inputs = {
        {adaptor.getLhs(), getBroadcastMap(op.getLhs(), op.getType())},
        {adaptor.getRhs(), getBroadcastMap(op.getRhs(), op.getType())}};
    int64_t za = op.getLhsZp() + getStorageShift(elementOf(op.getLhs()));
    int64_t zb = op.getRhsZp() + getStorageShift(elementOf(op.getRhs()));
    ChannelIndexing indexing = indexByNothing(op.getContext(), op.getType().getRank());
    // The float32 expression takes the operands, not their product.
    auto operand = [&](unsigned i) {
      return [&, i](OpBuilder &inner, ValueRange arguments) {
        return toFileInteger(inner, loc, arguments[i], elementOf(op->getOperand(i)));
      };
    };
    if (op.getRequant().getForm() == RequantForm::Float) {
      rewriter.replaceOp(
          op, buildEpilogue(rewriter, segment, inputs, indexing, operand(0), operand(1)));
      return success();
    }
    rewriter.replaceOp(
        op, buildEpilogue(rewriter, segment, inputs, indexing,
                          [&](OpBuilder &inner, ValueRange arguments) -> Value {
                            Value a = centered(inner, loc, arguments[0], accumulator, za);
                            Value b = centered(inner, loc, arguments[1], accumulator, zb);
                            return arith::MulIOp::create(inner, loc, a, b);
                          }));
    return success();
  }
};

struct ConvertRequantize : public OpConversionPattern<IntRequantizeOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(IntRequantizeOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!op.getBounds())
      return rewriter.notifyMatchFailure(op, "has no bounds");
    Location loc = op.getLoc();
    int64_t rank = op.getType().getRank();
    int64_t zeroPoint = op.getInputZp() + getStorageShift(elementOf(op.getInput()));
    AffineMap identity = AffineMap::getMultiDimIdentityMap(rank, op.getContext());
    rewriter.replaceOp(
        op, buildEpilogue(rewriter, cast<IntegerSegmentOpInterface>(op.getOperation()),
                          EpilogueInput{adaptor.getInput(), identity},
                          indexByNothing(op.getContext(), rank),
                          [&](OpBuilder &inner, ValueRange arguments) {
                            return centered(inner, loc, arguments[0], inner.getI64Type(),
                                            zeroPoint);
                          }));
    return success();
  }
};

/// S = sum of x over the window - kernel * z, padded with z.
struct ConvertAvgPool : public OpConversionPattern<IntAvgPoolOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(IntAvgPoolOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!op.getBounds())
      return rewriter.notifyMatchFailure(op, "has no bounds");
    Location loc = op.getLoc();
    auto segment = cast<IntegerSegmentOpInterface>(op.getOperation());
    int64_t zeroPoint = op.getInputZp() + getStorageShift(elementOf(op.getInput()));
    ArrayRef<int64_t> kernel = op.getKernel();
    Value input = padSpatial(rewriter, loc, adaptor.getInput(), op.getPads(), zeroPoint);
    bool isReal = op.getRequant().getForm() == RequantForm::Float;
    if (isReal)
      input = emitDequantize(rewriter, loc, input, zeroPoint,
                             op.getReference().getOperands()[0]);
    RankedTensorType type = op.getType().clone(
        isReal ? Type(rewriter.getF32Type()) : Type(getAccumulatorType(segment)));
    Value init =
        makeFilled(rewriter, loc, type, isReal ? 0 : -zeroPoint * kernel[0] * kernel[1]);
    Value window = tensor::EmptyOp::create(
        rewriter, loc, kernel, isReal ? type.getElementType() : rewriter.getI8Type());
    Value sum =
        linalg::PoolingNhwcSumOp::create(rewriter, loc, type, ValueRange{input, window},
                                         init, rewriter.getI64TensorAttr(op.getStrides()),
                                         rewriter.getI64TensorAttr(op.getDilations()))
            .getResult(0);
    AffineMap identity = AffineMap::getMultiDimIdentityMap(4, op.getContext());
    rewriter.replaceOp(op, buildEpilogue(rewriter, segment, EpilogueInput{sum, identity},
                                         getIndexing(op),
                                         [](OpBuilder &, ValueRange arguments) -> Value {
                                           return arguments[0];
                                         }));
    return success();
  }

private:
  /// Which divisor a window has depends on its row and column.
  static ChannelIndexing getIndexing(IntAvgPoolOp op) {
    MLIRContext *context = op.getContext();
    if (op.getDivisors().size() == 1)
      return indexByNothing(context, 4);
    auto x = op.getInput().getType().getShape();
    auto y = op.getType().getShape();
    SmallVector<int64_t> counts[2];
    for (int d = 0; d < 2; ++d)
      counts[d] = insideCounts(x[1 + d], y[1 + d], op.getKernel()[d], op.getStrides()[d],
                               op.getPads()[d], op.getDilations()[d]);
    ChannelIndexing indexing;
    indexing.map = AffineMap::get(
        4, 0, {getAffineDimExpr(1, context), getAffineDimExpr(2, context)}, context);
    indexing.shape = {y[1], y[2]};
    for (int64_t rows : counts[0])
      for (int64_t columns : counts[1])
        indexing.channels.push_back(llvm::find(op.getDivisors(), rows * columns) -
                                    op.getDivisors().begin());
    return indexing;
  }
};

struct ConvertLookup : public OpConversionPattern<IntLookupOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(IntLookupOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    AffineMap identity =
        AffineMap::getMultiDimIdentityMap(op.getType().getRank(), op.getContext());
    Value table =
        makeTable(rewriter, loc, op.getTable(), op.getType().getElementType(), "table");
    int64_t min = getIntegerRange(elementOf(op.getInput())).min;
    rewriter.replaceOp(
        op, buildTableOp(rewriter, op, EpilogueInput{adaptor.getInput(), identity},
                         [&](OpBuilder &inner, ValueRange arguments) {
                           Value q = toFileInteger(inner, loc, arguments[0],
                                                   elementOf(op.getInput()));
                           Value first = makeInteger(inner, loc, q.getType(), min);
                           return readTable(inner, loc, table,
                                            arith::SubIOp::create(inner, loc, q, first));
                         }));
    return success();
  }
};

struct ConvertMaxPool : public OpConversionPattern<IntMaxPoolOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(IntMaxPoolOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(getSignlessType(op.getType()));
    int64_t lowest = getIntegerRange(type.getElementType()).min;
    Value input = padSpatial(rewriter, loc, adaptor.getInput(), op.getPads(), lowest);
    Value init = makeFilled(rewriter, loc, type, lowest);
    Value window =
        tensor::EmptyOp::create(rewriter, loc, op.getKernel(), rewriter.getI8Type());
    rewriter.replaceOp(op, linalg::PoolingNhwcMaxOp::create(
                               rewriter, loc, type, ValueRange{input, window}, init,
                               rewriter.getI64TensorAttr(op.getStrides()),
                               rewriter.getI64TensorAttr(op.getDilations()))
                               .getResult(0));
    return success();
  }
};

/// The larger (or smaller) of two integers: signless storage keeps the order.
template <typename OpTy, typename ArithOp>
struct ConvertExtremum : public OpConversionPattern<OpTy> {
  using OpConversionPattern<OpTy>::OpConversionPattern;

  LogicalResult matchAndRewrite(OpTy op, typename OpTy::Adaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto fileType = cast<RankedTensorType>(op.getType());
    auto type = cast<RankedTensorType>(getSignlessType(fileType));
    AffineMap maps[] = {
        getBroadcastMap(op.getLhs(), fileType), getBroadcastMap(op.getRhs(), fileType),
        AffineMap::getMultiDimIdentityMap(type.getRank(), op.getContext())};
    Value empty =
        tensor::EmptyOp::create(rewriter, loc, type.getShape(), type.getElementType());
    SmallVector<utils::IteratorType> iterators(type.getRank(),
                                               utils::IteratorType::parallel);
    rewriter.replaceOpWithNewOp<linalg::GenericOp>(
        op, type, ValueRange{adaptor.getLhs(), adaptor.getRhs()}, empty, maps, iterators,
        [&](OpBuilder &inner, Location, ValueRange arguments) {
          linalg::YieldOp::create(
              inner, loc,
              ArithOp::create(inner, loc, arguments[0], arguments[1]).getResult());
        });
    return success();
  }
};

/// One loop with two results: the largest element so far and its place. Signless
/// storage keeps the order.
struct ConvertArgMax : public OpConversionPattern<ArgMaxOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(ArgMaxOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput();
    auto type = cast<RankedTensorType>(input.getType());
    int64_t rank = type.getRank(), dim = op.getDim();
    SmallVector<int64_t> shape(type.getShape());
    shape[dim] = 1;
    auto places = RankedTensorType::get(shape, op.getType().getElementType());
    int64_t lowest = getIntegerRange(type.getElementType()).min;
    Value inits[] = {makeFilled(rewriter, loc, type.clone(shape), lowest),
                     makeFilled(rewriter, loc, places, 0)};
    MLIRContext *context = op.getContext();
    AffineMap identity = AffineMap::getMultiDimIdentityMap(rank, context);
    SmallVector<AffineExpr> kept(identity.getResults());
    kept[dim] = getAffineConstantExpr(0, context);
    AffineMap row = AffineMap::get(rank, 0, kept, context);
    SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
    iterators[dim] = utils::IteratorType::reduction;
    auto predicate = op.getLast() ? arith::CmpIPredicate::sge : arith::CmpIPredicate::sgt;
    Value result =
        linalg::GenericOp::create(
            rewriter, loc, TypeRange(ValueRange(inits)), input, inits,
            ArrayRef<AffineMap>{identity, row, row}, iterators,
            [&](OpBuilder &inner, Location, ValueRange arguments) {
              Value place =
                  arith::IndexCastOp::create(inner, loc, places.getElementType(),
                                             linalg::IndexOp::create(inner, loc, dim));
              Value isLarger = arith::CmpIOp::create(inner, loc, predicate, arguments[0],
                                                     arguments[1]);
              Value both[] = {
                  arith::SelectOp::create(inner, loc, isLarger, arguments[0],
                                          arguments[1]),
                  arith::SelectOp::create(inner, loc, isLarger, place, arguments[2])};
              linalg::YieldOp::create(inner, loc, both);
            })
            .getResult(1);
    if (!op.getKeepDim())
      result = dropDimension(rewriter, loc, result, dim, op.getType());
    rewriter.replaceOp(op, result);
    return success();
  }

private:
  /// The same without a dimension of one element.
  static Value dropDimension(OpBuilder &builder, Location loc, Value value, int64_t dim,
                             RankedTensorType type) {
    SmallVector<ReassociationIndices> groups(type.getRank());
    for (int64_t d = 0; d <= type.getRank() && !groups.empty(); ++d)
      groups[std::max<int64_t>(d < dim ? d : d - 1, 0)].push_back(d);
    return tensor::CollapseShapeOp::create(builder, loc, type, value, groups);
  }
};

} // namespace

void qbias::populateElementwisePatterns(const TypeConverter &converter,
                                        RewritePatternSet &patterns) {
  patterns.add<ConvertAdd, ConvertArgMax, ConvertAvgPool, ConvertLookup, ConvertMaxPool,
               ConvertMul, ConvertRequantize, ConvertExtremum<MaximumOp, arith::MaxSIOp>,
               ConvertExtremum<MinimumOp, arith::MinSIOp>>(converter,
                                                           patterns.getContext());
}
