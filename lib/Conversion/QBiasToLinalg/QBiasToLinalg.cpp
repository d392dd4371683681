//===- QBiasToLinalg.cpp - the integer family becomes linalg ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Epilogue.h"
#include "Patterns.h"

#include "qbias/Conversion/Passes.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/DialectConversion.h"

namespace qbias {
#define GEN_PASS_DEF_CONVERTQBIASTOLINALG
#include "qbias/Conversion/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

namespace {

struct ConvertPad : public OpConversionPattern<IntPadOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(IntPadOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Type element = op.getInput().getType().getElementType();
    Value fill = makeInteger(rewriter, op.getLoc(), getSignlessType(element),
                             op.getValue() + getStorageShift(element));
    auto toIndices = [&](ArrayRef<int64_t> values) {
      return getAsIndexOpFoldResult(rewriter.getContext(), values);
    };
    if (op.getInterior()) {
      rewriter.replaceOp(op, spread(op, adaptor.getInput(), fill, rewriter));
      return success();
    }
    rewriter.replaceOpWithNewOp<tensor::PadOp>(
        op, cast<RankedTensorType>(getSignlessType(op.getType())), adaptor.getInput(),
        toIndices(op.getLow()), toIndices(op.getHigh()), fill, /*nofold=*/false);
    return success();
  }

private:
  /// A tensor of `fill` into which the elements are written, interior + 1 apart.
  /// Pads around the input with the same value are part of it: MLIR 22 folds a
  /// tensor.pad into such a slice without regard to the slice's strides.
  static Value spread(IntPadOp op, Value input, Value fill,
                      ConversionPatternRewriter &rewriter) {
    Location loc = op.getLoc();
    ArrayRef<int64_t> interior = *op.getInterior();
    SmallVector<int64_t> low(op.getLow());
    TypedValue<RankedTensorType> inner = op.getInput();
    for (auto pad = inner.getDefiningOp<IntPadOp>();
         pad && !pad.getInterior() && pad.getValue() == op.getValue();
         pad = inner.getDefiningOp<IntPadOp>()) {
      for (auto [d, amount] : llvm::enumerate(pad.getLow()))
        low[d] += amount * (interior[d] + 1);
      inner = pad.getInput();
    }
    if (inner != op.getInput())
      input = rewriter.getRemappedValue(inner);
    auto type = cast<RankedTensorType>(getSignlessType(op.getType()));
    Value empty =
        tensor::EmptyOp::create(rewriter, loc, type.getShape(), type.getElementType());
    Value filled = linalg::FillOp::create(rewriter, loc, fill, empty).getResult(0);
    SmallVector<int64_t> steps;
    for (int64_t between : interior)
      steps.push_back(between + 1);
    auto toIndices = [&](ArrayRef<int64_t> values) {
      return getAsIndexOpFoldResult(rewriter.getContext(), values);
    };
    return tensor::InsertSliceOp::create(rewriter, loc, input, filled, toIndices(low),
                                         toIndices(inner.getType().getShape()),
                                         toIndices(steps));
  }
};

/// y[.., i, ..] = x[.., indices[i], ..].
struct ConvertGather : public OpConversionPattern<GatherOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(GatherOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(getSignlessType(op.getType()));
    int64_t rank = type.getRank(), dim = op.getDim();
    auto list =
        RankedTensorType::get({int64_t(op.getIndices().size())}, rewriter.getI32Type());
    Value indices =
        makeConstant(rewriter, loc, makeIntegers(list, op.getIndices(), "indices"));
    MLIRContext *context = op.getContext();
    AffineMap maps[] = {AffineMap::get(rank, 0, getAffineDimExpr(dim, context)),
                        AffineMap::getMultiDimIdentityMap(rank, context)};
    Value empty =
        tensor::EmptyOp::create(rewriter, loc, type.getShape(), type.getElementType());
    SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
    Value input = adaptor.getInput();
    rewriter.replaceOpWithNewOp<linalg::GenericOp>(
        op, type, indices, empty, maps, iterators,
        [&](OpBuilder &inner, Location, ValueRange arguments) {
          SmallVector<Value> at;
          for (int64_t d = 0; d < rank; ++d)
            at.push_back(d == dim ? arith::IndexCastOp::create(
                                        inner, loc, inner.getIndexType(), arguments[0])
                                        .getResult()
                                  : linalg::IndexOp::create(inner, loc, d).getResult());
          linalg::YieldOp::create(
              inner, loc, tensor::ExtractOp::create(inner, loc, input, at).getResult());
        });
    return success();
  }
};

struct ConvertTranspose : public OpConversionPattern<TransposeOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(TransposeOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(getSignlessType(op.getType()));
    Value empty = tensor::EmptyOp::create(rewriter, op.getLoc(), type.getShape(),
                                          type.getElementType());
    rewriter.replaceOpWithNewOp<linalg::TransposeOp>(op, adaptor.getInput(), empty,
                                                     op.getPermutation());
    return success();
  }
};

/// A constant of unsigned elements becomes one of storage values.
struct ConvertConstant : public OpConversionPattern<arith::ConstantOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(arith::ConstantOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    SmallVector<int64_t> values;
    if (!type || !readIntegers(op.getResult(), values))
      return rewriter.notifyMatchFailure(op, "not a constant of integers");
    for (int64_t &value : values)
      value += getStorageShift(type.getElementType());
    auto signless = cast<RankedTensorType>(getSignlessType(type));
    rewriter.replaceOp(op, makeConstant(rewriter, op.getLoc(),
                                        makeIntegers(signless, values, "constant")));
    return success();
  }
};

/// Shape operations of the tensor dialect: the same on signless elements.
struct RetypeShapeOp : public ConversionPattern {
  RetypeShapeOp(const TypeConverter &converter, MLIRContext *context)
      : ConversionPattern(converter, MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op, ArrayRef<Value> operands,
                                ConversionPatternRewriter &rewriter) const override {
    if (!isa<ScaleTransparentOpInterface>(op) ||
        !isa<tensor::TensorDialect>(op->getDialect()))
      return rewriter.notifyMatchFailure(op, "not a shape operation");
    OperationState state(op->getLoc(), op->getName(), operands,
                         getSignlessType(op->getResult(0).getType()), op->getAttrs());
    rewriter.replaceOp(op, rewriter.create(state));
    return success();
  }
};

struct ConvertQBiasToLinalg
    : qbias::impl::ConvertQBiasToLinalgBase<ConvertQBiasToLinalg> {
  void runOnOperation() override;
};

} // namespace

void qbias::populateMovementPatterns(const TypeConverter &converter,
                                     RewritePatternSet &patterns) {
  patterns
      .add<ConvertConstant, ConvertGather, ConvertPad, ConvertTranspose, RetypeShapeOp>(
          converter, patterns.getContext());
}

//===----------------------------------------------------------------------===//
// Boundary
//===----------------------------------------------------------------------===//

/// An elementwise operation on one tensor.
static Value mapElements(OpBuilder &builder, Location loc, Value value,
                         function_ref<Value(OpBuilder &, Value)> body) {
  auto type = cast<RankedTensorType>(value.getType());
  AffineMap identity =
      AffineMap::getMultiDimIdentityMap(type.getRank(), builder.getContext());
  Value empty =
      tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(builder, loc, type, value, empty,
                                   ArrayRef<AffineMap>{identity, identity}, iterators,
                                   [&](OpBuilder &inner, Location, ValueRange arguments) {
                                     linalg::YieldOp::create(inner, loc,
                                                             body(inner, arguments[0]));
                                   })
      .getResult(0);
}

/// value + offset modulo the element's width, for every element.
static Value addOffset(OpBuilder &builder, Location loc, Value value, int64_t offset) {
  return mapElements(builder, loc, value, [&](OpBuilder &inner, Value element) -> Value {
    Value constant = makeInteger(inner, loc, element.getType(), offset);
    return arith::AddIOp::create(inner, loc, element, constant);
  });
}

/// Saturates an argument whose quantized range is narrower than its integer
/// type: the proofs hold for integers inside the range only.
static Value saturate(OpBuilder &builder, Location loc, Value value,
                      numerics::Range range) {
  return mapElements(builder, loc, value, [&](OpBuilder &inner, Value element) -> Value {
    Type type = element.getType();
    Value low = makeInteger(inner, loc, type, range.min);
    Value high = makeInteger(inner, loc, type, range.max);
    return arith::MinSIOp::create(inner, loc,
                                  arith::MaxSIOp::create(inner, loc, element, low), high);
  });
}

/// What the quantized type of an argument allows, when that is less than its
/// integer type does; in signless storage.
static std::optional<numerics::Range> getNarrowRange(func::FuncOp func, unsigned index,
                                                     Type fileElement) {
  auto type = func.getArgAttrOfType<TypeAttr>(index, QBiasDialect::kTypeAttr);
  auto quantized =
      type ? dyn_cast<quant::QuantizedType>(type.getValue()) : quant::QuantizedType();
  if (!quantized || getStorageRange(quantized) == getIntegerRange(fileElement))
    return std::nullopt;
  numerics::Range range = getStorageRange(quantized);
  int64_t shift = getStorageShift(fileElement);
  return numerics::Range{range.min + shift, range.max + shift};
}

static Value castTo(OpBuilder &builder, Location loc, Value value, Type type) {
  return UnrealizedConversionCastOp::create(builder, loc, type, value).getResult(0);
}

/// Arguments and results of unsigned type become signless ones with the file's
/// bits; the shift to and from signed storage happens here.
static void convertBoundary(func::FuncOp func) {
  OpBuilder builder(func.getContext());
  Block &block = func.getBody().front();
  for (BlockArgument argument : block.getArguments()) {
    Type fileType = argument.getType();
    Type type = getSignlessType(fileType);
    Type element = getElementTypeOrSelf(fileType);
    auto range = getNarrowRange(func, argument.getArgNumber(), element);
    if (type == fileType && !range)
      continue;
    Location loc = argument.getLoc();
    builder.setInsertionPointToStart(&block);
    argument.setType(type);
    Value inside = argument;
    llvm::SmallPtrSet<Operation *, 2> own;
    auto use = [&](Value value) {
      own.insert(value.getDefiningOp());
      inside = value;
    };
    if (int64_t shift = getStorageShift(element))
      use(addOffset(builder, loc, inside, shift));
    if (range)
      use(saturate(builder, loc, inside, *range));
    if (type != fileType)
      use(castTo(builder, loc, inside, fileType));
    argument.replaceAllUsesExcept(inside, own);
  }
  auto ret = cast<func::ReturnOp>(block.getTerminator());
  builder.setInsertionPoint(ret);
  for (OpOperand &operand : ret->getOpOperands()) {
    Type fileType = operand.get().getType();
    Type type = getSignlessType(fileType);
    if (type == fileType)
      continue;
    Value inside = castTo(builder, ret.getLoc(), operand.get(), type);
    operand.set(addOffset(builder, ret.getLoc(), inside,
                          -getStorageShift(getElementTypeOrSelf(fileType))));
  }
  func.setType(FunctionType::get(func.getContext(), block.getArgumentTypes(),
                                 ret.getOperandTypes()));
}

void ConvertQBiasToLinalg::runOnOperation() {
  ModuleOp module = getOperation();
  WalkResult bare = module.walk([](IntegerSegmentOpInterface op) {
    if (op.getCertificateAttr())
      return WalkResult::advance();
    op->emitError("expects a certificate on layer '")
        << getLayerName(op) << "', got none; run --qbias-certify first";
    return WalkResult::interrupt();
  });
  if (bare.wasInterrupted())
    return signalPassFailure();
  for (func::FuncOp func : module.getOps<func::FuncOp>())
    convertBoundary(func);

  TypeConverter converter;
  converter.addConversion([](Type type) { return getSignlessType(type); });
  auto materialize = [](OpBuilder &builder, Type type, ValueRange values, Location loc) {
    return castTo(builder, loc, values[0], type);
  };
  converter.addSourceMaterialization(materialize);
  converter.addTargetMaterialization(materialize);
  RewritePatternSet patterns(&getContext());
  populateContractionPatterns(converter, patterns);
  populateElementwisePatterns(converter, patterns);
  populateSoftmaxPatterns(converter, patterns);
  populateMovementPatterns(converter, patterns);
  ConversionTarget target(getContext());
  target.markUnknownOpDynamicallyLegal([](Operation *op) {
    return isa<UnrealizedConversionCastOp>(op) ||
           (!isa<QBiasDialect>(op->getDialect()) &&
            llvm::all_of(op->getResultTypes(),
                         [](Type type) { return getSignlessType(type) == type; }));
  });
  if (failed(applyPartialConversion(module, target, std::move(patterns))))
    return signalPassFailure();
  SmallVector<UnrealizedConversionCastOp> casts;
  module.walk([&](UnrealizedConversionCastOp op) { casts.push_back(op); });
  reconcileUnrealizedCasts(casts);
}
