//===- Softmax.cpp - int.softmax to reductions over rows ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Three loops: the largest integer of each row, the sum of the exponentials,
// the quotients. All scalars are i64; differences do not see how unsigned
// integers are stored.
//
//===----------------------------------------------------------------------===//

#include "Epilogue.h"
#include "Patterns.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace qbias;

namespace {

/// i64 arithmetic of one body.
class Scalar {
public:
  Scalar(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  Value constant(int64_t v) { return makeInteger(builder, loc, builder.getI64Type(), v); }
  Value widen(Value v) { return centered(builder, loc, v, builder.getI64Type(), 0); }
  Value add(Value a, Value b) { return arith::AddIOp::create(builder, loc, a, b); }
  Value add(Value a, int64_t b) { return add(a, constant(b)); }
  Value sub(Value a, Value b) { return arith::SubIOp::create(builder, loc, a, b); }
  Value mul(Value a, Value b) { return arith::MulIOp::create(builder, loc, a, b); }
  Value shl(Value a, Value b) { return arith::ShLIOp::create(builder, loc, a, b); }
  Value shr(Value a, Value b) { return arith::ShRSIOp::create(builder, loc, a, b); }
  Value shr(Value a, int64_t b) { return shr(a, constant(b)); }
  Value div(Value a, Value b) { return arith::DivSIOp::create(builder, loc, a, b); }
  Value clamp(Value v, int64_t lo, int64_t hi) {
    v = arith::MaxSIOp::create(builder, loc, v, constant(lo));
    return arith::MinSIOp::create(builder, loc, v, constant(hi));
  }
  Value read(Value table, Value at) {
    at = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), at);
    return widen(tensor::ExtractOp::create(builder, loc, table, at));
  }

  /// (a * b + 2^30) >> 31: the doubling high product.
  Value high(Value a, Value b) { return shr(add(mul(a, b), int64_t(1) << 30), 31); }
  /// v / 2^n to the nearest, halves up; v is not negative.
  Value divideByPower(Value v, Value n) {
    return shr(add(v, shr(shl(constant(1), n), 1)), n);
  }
  /// Position of the highest set bit of 0 < v < 2^32, by halving.
  Value highestBit(Value v) {
    Value bit = constant(0);
    for (int64_t step : {16, 8, 4, 2, 1}) {
      Value upper = shr(v, step);
      Value isSet = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, upper,
                                          constant(0));
      bit = arith::SelectOp::create(builder, loc, isSet, add(bit, step), bit);
      v = arith::SelectOp::create(builder, loc, isSet, upper, v);
    }
    return bit;
  }
  /// v * 2^n limited to 32 bits.
  Value saturatingShift(Value v, int64_t n) {
    return clamp(shl(v, constant(n)), INT32_MIN, INT32_MAX);
  }
  /// 1 / (1 + a), 31 fraction bits: three steps of Newton's method on (1 + a) / 2
  /// with 29 fraction bits, from 48/17 - 32/17 d.
  Value reciprocalOfOnePlus(Value a) {
    constexpr int64_t k48Over17 = 1515870810, kMinus32Over17 = -1010580540;
    constexpr int64_t kOne = int64_t(1) << 29;
    Value half = shr(add(a, int64_t(1) << 31), 1);
    Value x = add(high(half, constant(kMinus32Over17)), k48Over17);
    for (int step = 0; step < 3; ++step) {
      Value rest = sub(constant(kOne), high(half, x));
      x = add(x, saturatingShift(high(x, rest), 2));
    }
    return saturatingShift(x, 1);
  }
  /// A table of 513 entries at a 16-bit argument, linear in between.
  Value readInterpolated(Value table, Value v) {
    constexpr int64_t kStepBits = 7, kHalf = 64, kMask = 127, kMiddle = 256;
    Value at = add(shr(v, kStepBits), kMiddle);
    Value base = read(table, at);
    Value slope = sub(read(table, add(at, 1)), base);
    Value offset = arith::AndIOp::create(builder, loc, v, constant(kMask));
    return add(base, shr(add(mul(slope, offset), kHalf), kStepBits));
  }

private:
  OpBuilder &builder;
  Location loc;
};

/// One softmax being converted.
class Rows {
public:
  Rows(IntSoftmaxOp op, Value input, ConversionPatternRewriter &rewriter)
      : op(op), input(input), rewriter(rewriter), loc(op.getLoc()),
        type(cast<RankedTensorType>(input.getType())),
        isWide(type.getElementTypeBitWidth() == 16),
        out(getParams(cast<quant::QuantizedType>(op.getResultType()))) {}

  Value convert() {
    exponentials = makeConstant(rewriter, loc, op.getExponentials());
    if (op.getReciprocalsAttr())
      reciprocals = makeConstant(rewriter, loc, op.getReciprocalsAttr());
    Value max =
        reduce({}, getIntegerRange(type.getElementType()).min, type.getElementType(),
               [&](Scalar &, OpBuilder &b, ValueRange arguments) -> Value {
                 return arith::MaxSIOp::create(b, loc, arguments[0], arguments[1]);
               });
    Value sum = reduce(max, 0, rewriter.getI64Type(),
                       [&](Scalar &s, OpBuilder &, ValueRange arguments) {
                         Value e = exponential(s, arguments[0], arguments[1]);
                         return s.add(arguments[2], summand(s, e));
                       });
    return quotients(max, op.getTflite() ? invert(sum) : sum, sum);
  }

private:
  using Body = function_ref<Value(Scalar &, OpBuilder &, ValueRange)>;

  AffineMap identity() {
    return AffineMap::getMultiDimIdentityMap(type.getRank(), rewriter.getContext());
  }
  AffineMap ofRow() { return identity().dropResult(type.getRank() - 1); }

  Value generic(ArrayRef<Value> inputs, ArrayRef<AffineMap> maps, Value init,
                ArrayRef<utils::IteratorType> iterators, Body body) {
    return linalg::GenericOp::create(
               rewriter, loc, init.getType(), inputs, init, maps, iterators,
               [&](OpBuilder &b, Location, ValueRange arguments) {
                 Scalar scalar(b, loc);
                 linalg::YieldOp::create(b, loc, body(scalar, b, arguments));
               })
        .getResult(0);
  }

  /// Over each row of the input, with the row's entry of `ofRows` if it is given.
  Value reduce(Value ofRows, int64_t initial, Type element, Body body) {
    auto rows = RankedTensorType::get(type.getShape().drop_back(), element);
    SmallVector<utils::IteratorType> iterators(type.getRank(),
                                               utils::IteratorType::parallel);
    iterators.back() = utils::IteratorType::reduction;
    SmallVector<Value> inputs = {input};
    SmallVector<AffineMap> maps = {identity()};
    if (ofRows) {
      inputs.push_back(ofRows);
      maps.push_back(ofRow());
    }
    maps.push_back(ofRow());
    return generic(inputs, maps, makeFilled(rewriter, loc, rows, initial), iterators,
                   body);
  }

  Value exponential(Scalar &s, Value x, Value max) {
    return s.read(exponentials, s.sub(s.widen(max), s.widen(x)));
  }

  /// The kernel's sum has 12 integer bits for 8-bit operands.
  Value summand(Scalar &s, Value e) {
    constexpr int64_t kSumBits = 12;
    return op.getTflite() && !isWide ? s.divideByPower(e, s.constant(kSumBits)) : e;
  }

  /// The kernel's reciprocal of each row's sum, normalized first.
  Value invert(Value sum) {
    auto rows = cast<RankedTensorType>(sum.getType());
    AffineMap map =
        AffineMap::getMultiDimIdentityMap(rows.getRank(), rewriter.getContext());
    Value empty =
        tensor::EmptyOp::create(rewriter, loc, rows.getShape(), rows.getElementType());
    SmallVector<utils::IteratorType> iterators(rows.getRank(),
                                               utils::IteratorType::parallel);
    return generic(
        {sum}, {map, map}, empty, iterators,
        [&](Scalar &s, OpBuilder &, ValueRange arguments) {
          Value total = arguments[0];
          Value zeros = s.sub(s.constant(31), s.highestBit(total));
          if (!isWide)
            return s.reciprocalOfOnePlus(s.add(s.shl(total, zeros), -(int64_t(1) << 31)));
          Value shifted =
              s.shr(s.add(s.shl(total, s.add(zeros, -1)), int64_t(1) << 13), 14);
          constexpr int64_t kCenter = (1 << 15) + (1 << 16);
          return s.readInterpolated(
              reciprocals, s.clamp(s.add(shifted, -kCenter), INT16_MIN, INT16_MAX));
        });
  }

  Value quotients(Value max, Value divisor, Value sum) {
    auto fileType = cast<RankedTensorType>(op.getType());
    auto result = cast<RankedTensorType>(getSignlessType(fileType));
    Value empty = tensor::EmptyOp::create(rewriter, loc, result.getShape(),
                                          result.getElementType());
    SmallVector<utils::IteratorType> iterators(type.getRank(),
                                               utils::IteratorType::parallel);
    return generic({input, max, divisor, sum},
                   {identity(), ofRow(), ofRow(), ofRow(), identity()}, empty, iterators,
                   [&](Scalar &s, OpBuilder &b, ValueRange arguments) -> Value {
                     Value e = exponential(s, arguments[0], arguments[1]);
                     Value y = op.getTflite()
                                   ? kernelQuotient(s, e, arguments[2], arguments[3])
                                   : quotient(s, e, arguments[3]);
                     y = s.clamp(y, out.storage.min, out.storage.max);
                     y = s.add(y, getStorageShift(fileType.getElementType()));
                     return arith::TruncIOp::create(b, loc, result.getElementType(), y);
                   });
  }

  /// (2 e m + (sum << t)) / (sum << (t + 1)) + z.
  Value quotient(Scalar &s, Value e, Value sum) {
    Value scaled = s.shl(sum, s.constant(op.getShift()));
    Value numerator = s.add(s.mul(e, s.constant(2 * op.getMultiplier())), scaled);
    return s.add(s.div(numerator, s.add(scaled, scaled)), out.zeroPoint);
  }

  Value kernelQuotient(Scalar &s, Value e, Value reciprocal, Value sum) {
    Value zeros = s.sub(s.constant(31), s.highestBit(sum));
    if (isWide)
      return s.clamp(s.divideByPower(s.mul(e, reciprocal), s.sub(s.constant(31), zeros)),
                     0, INT16_MAX);
    // 12 bits of the sum and 31 of the product, less those of the result.
    constexpr int64_t kFraction = 12 + 31;
    int64_t outBits = out.storage.max - out.storage.min == UINT8_MAX ? 8 : 16;
    Value right = s.sub(s.constant(kFraction - outBits), zeros);
    return s.add(s.divideByPower(s.high(reciprocal, e), right), out.storage.min);
  }

  IntSoftmaxOp op;
  Value input;
  ConversionPatternRewriter &rewriter;
  Location loc;
  RankedTensorType type;
  bool isWide;
  numerics::QuantParams out;
  Value exponentials, reciprocals;
};

struct ConvertSoftmax : public OpConversionPattern<IntSoftmaxOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(IntSoftmaxOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, Rows(op, adaptor.getInput(), rewriter).convert());
    return success();
  }
};

} // namespace

void qbias::populateSoftmaxPatterns(const TypeConverter &converter,
                                    RewritePatternSet &patterns) {
  patterns.add<ConvertSoftmax>(converter, patterns.getContext());
}
