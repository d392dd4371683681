//===- ModeEpilogue.cpp - scalar bodies of the modes beside exact ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   double_round   x = sat32(acc << left)
//                  h = (x * m + 2^30) >> 31           nearest, ties up
//                  y = (2h + 2^right - (h < 0)) >> (right + 1)
//                                                     nearest, ties away from 0
//   divide         s = acc + n * z;  y = (s +- n / 2) / n, towards zero
//   rescaled_sum   rescale(rescale(a << e) +- rescale(b << e))
//   float          y = rne(f32(acc) * m)
//   float_bias     y = rne((f32(acc) * m + b) / s_y)
//
// then + z and the clamp. left = max(31 - k, 0), right = max(k - 31, 0). The last
// division of double_round takes one bit more so that right = 0, where nothing
// may round, has the same instructions: 2h + 1 - (h < 0) shifted by 1 is h.
//
// Bounds: |x| <= 2^31 and m < 2^31, so x * m + 2^30 fits 63 bits; |h| <= 2^31.
// A sum's operands are below 2^16 with at most 2^20 extra; see rescaleOnce.
//
//===----------------------------------------------------------------------===//

#include "ModeEpilogue.h"

#include "Epilogue.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Numerics/Bounds.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace qbias;

/// Bits of a multiplier's mantissa; the first rounding happens there.
static constexpr int64_t kMantissaBits = 31;

/// Extra bits of a sum's operands: 20, or 15 once a 16-bit tensor takes part.
static constexpr int64_t kNarrowHeadroom = 20, kWideHeadroom = 15;

static double resultScale(IntegerSegmentOpInterface op) {
  return cast<quant::UniformQuantizedType>(op.getReferenceAttr().getResult().getValue())
      .getScale();
}

//===----------------------------------------------------------------------===//
// Columns
//===----------------------------------------------------------------------===//

/// left, 2^right and right + 1 of each shift k.
static void addShiftColumns(ArrayRef<int64_t> shifts,
                            SmallVectorImpl<ModeColumn> &columns) {
  ModeColumn left{"left", {}, {}}, half{"half", {}, {}}, right{"right", {}, {}};
  for (int64_t k : shifts) {
    int64_t beyond = std::max<int64_t>(k - kMantissaBits, 0);
    left.integers.push_back(std::max<int64_t>(kMantissaBits - k, 0));
    half.integers.push_back(int64_t(1) << beyond);
    right.integers.push_back(beyond + 1);
  }
  columns.append({left, half, right});
}

static ModeColumn readColumn(StringRef name, ElementsAttr attr) {
  ModeColumn column{name, {}, {}};
  if (attr.getElementType().isInteger())
    readIntegers(attr, column.integers);
  else
    readFloats(attr, column.floats);
  return column;
}

/// Divisors of a mean: as integers with n * z, or as float32.
static SmallVector<ModeColumn> getDivisorColumns(IntAvgPoolOp pool, bool isFloat) {
  ModeColumn count{"count", {}, {}}, offset{"offset", {}, {}};
  for (int64_t n : pool.getDivisors()) {
    if (isFloat)
      count.floats.push_back(static_cast<double>(n));
    else
      count.integers.push_back(n);
    offset.integers.push_back(n * int64_t(pool.getInputZp()));
  }
  return isFloat ? SmallVector<ModeColumn>{count}
                 : SmallVector<ModeColumn>{count, offset};
}

SmallVector<ModeColumn> qbias::getModeColumns(IntegerSegmentOpInterface op) {
  RequantAttr requant = op.getRequantAttr();
  SmallVector<ModeColumn> columns;
  auto pool = dyn_cast<IntAvgPoolOp>(op.getOperation());
  switch (requant.getForm()) {
  case RequantForm::DoubleRound: {
    columns.push_back(readColumn("multiplier", requant.getMultiplier()));
    SmallVector<int64_t> shifts;
    readIntegers(requant.getShift(), shifts);
    addShiftColumns(shifts, columns);
    return columns;
  }
  case RequantForm::Divide:
    return getDivisorColumns(pool, /*isFloat=*/false);
  case RequantForm::Float:
    if (pool)
      return getDivisorColumns(pool, /*isFloat=*/true);
    if (requant.getMultiplier())
      columns.push_back(readColumn("multiplier", requant.getMultiplier()));
    return columns;
  case RequantForm::FloatBias:
    columns.push_back(readColumn("multiplier", requant.getMultiplier()));
    columns.push_back(readColumn("bias", requant.getRounding()));
    return columns;
  default:
    return columns;
  }
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

namespace {

/// Emits the scalar body of one operation.
class ModeBody {
public:
  ModeBody(OpBuilder &builder, IntegerSegmentOpInterface op)
      : builder(builder), op(op), loc(op->getLoc()), requant(op.getRequantAttr()),
        wide(builder.getI64Type()), real(builder.getF32Type()) {}

  Value emit(ValueRange arrays, Value acc, Value addend);

private:
  Value integer(int64_t value) { return makeInteger(builder, loc, wide, value); }
  Value number(double value) {
    return arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(float(value)));
  }
  template <typename OpTy>
  Value make(Value a, Value b) {
    return OpTy::create(builder, loc, a, b);
  }
  Value widen(Value value) {
    return value.getType() == wide ? value
                                   : arith::ExtSIOp::create(builder, loc, wide, value);
  }
  Value clamp(Value value, int64_t lo, int64_t hi) {
    return make<arith::MinSIOp>(make<arith::MaxSIOp>(value, integer(lo)), integer(hi));
  }
  /// + zero point, clamp of the output.
  Value finish(Value value, int64_t zeroPoint) {
    return clamp(make<arith::AddIOp>(value, integer(zeroPoint)), requant.getLo(),
                 requant.getHi());
  }
  Value toReal(Value value) { return arith::SIToFPOp::create(builder, loc, real, value); }

  Value roundTwice(Value value, Value m, Value half, Value right);
  Value rescale(Value value, int64_t m, int64_t k);
  Value doubleRound(ValueRange columns, Value acc);
  Value divide(Value count, Value offset, Value acc);
  Value rescaledSum(Value a, Value b);
  Value expression(Value a, Value b);
  Value finishReal(Value value);
  bool mayLeaveInt32();

  OpBuilder &builder;
  IntegerSegmentOpInterface op;
  Location loc;
  RequantAttr requant;
  Type wide, real;
};

} // namespace

/// value * m rounded at 31 bits, then the right shift that is left.
Value ModeBody::roundTwice(Value value, Value m, Value half, Value right) {
  Value product = make<arith::MulIOp>(value, m);
  product = make<arith::AddIOp>(product, integer(int64_t(1) << (kMantissaBits - 1)));
  Value high = make<arith::ShRSIOp>(product, integer(kMantissaBits));
  // The sign shifted over all bits is -1 below zero.
  Value sign = make<arith::ShRSIOp>(high, integer(63));
  Value doubled = make<arith::AddIOp>(make<arith::AddIOp>(high, high), half);
  return make<arith::ShRSIOp>(make<arith::AddIOp>(doubled, sign), right);
}

/// Some accumulator, shifted left, is no int32.
bool ModeBody::mayLeaveInt32() {
  SmallVector<int64_t> min, max, shift;
  BoundsAttr bounds = op.getBoundsAttr();
  if (!bounds || !readIntegers(bounds.getMin(), min) ||
      !readIntegers(bounds.getMax(), max) || !readIntegers(requant.getShift(), shift))
    return true;
  for (auto [lo, hi, k] : llvm::zip(min, max, shift)) {
    int64_t left = std::max<int64_t>(kMantissaBits - k, 0);
    if (lo < (INT32_MIN >> left) || hi > (INT32_MAX >> left))
      return true;
  }
  return false;
}

/// Columns: multiplier, left, half, right.
Value ModeBody::doubleRound(ValueRange columns, Value acc) {
  Value value = widen(acc);
  if (mayLeaveInt32()) {
    // Saturates before the shift, so that the shift cannot wrap.
    value = clamp(value, INT32_MIN, INT32_MAX);
    value = make<arith::ShLIOp>(value, columns[1]);
    value = clamp(value, INT32_MIN, INT32_MAX);
  } else if (!matchPattern(columns[1], m_Zero())) {
    value = make<arith::ShLIOp>(value, columns[1]);
  }
  return finish(roundTwice(value, columns[0], columns[2], columns[3]),
                requant.getZeroPoint());
}

Value ModeBody::divide(Value count, Value offset, Value acc) {
  Value sum = make<arith::AddIOp>(widen(acc), offset);
  Value half = make<arith::ShRUIOp>(count, integer(1));
  Value up = make<arith::AddIOp>(sum, half), down = make<arith::SubIOp>(sum, half);
  Value isPositive =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sgt, sum, integer(0));
  Value rounded = arith::SelectOp::create(builder, loc, isPositive, up, down);
  return clamp(make<arith::DivSIOp>(rounded, count), requant.getLo(), requant.getHi());
}

/// One rescale of a sum with constant m and k. Once rounded: |value| < 2^31 and
/// m < 2^31 for operands; the sum of two operands is at most as large as the
/// larger one shifted, because each is halved.
Value ModeBody::rescale(Value value, int64_t m, int64_t k) {
  if (requant.getMode() == RequantMode::Single) {
    Value product = make<arith::MulIOp>(value, integer(m));
    product = make<arith::AddIOp>(product, integer(int64_t(1) << (k - 1)));
    return make<arith::ShRSIOp>(product, integer(k));
  }
  int64_t left = std::max<int64_t>(kMantissaBits - k, 0);
  int64_t right = std::max<int64_t>(k - kMantissaBits, 0);
  value = clamp(value, INT32_MIN, INT32_MAX);
  if (left)
    value = clamp(make<arith::ShLIOp>(value, integer(left)), INT32_MIN, INT32_MAX);
  return roundTwice(value, integer(m), integer(int64_t(1) << right), integer(right + 1));
}

/// `a` and `b` are the file's integers.
Value ModeBody::rescaledSum(Value a, Value b) {
  auto add = cast<IntAddOp>(op.getOperation());
  SmallVector<int64_t> m, k;
  readIntegers(requant.getMultiplier(), m);
  readIntegers(requant.getShift(), k);
  bool isWide = llvm::any_of(
      ArrayRef<Value>{add.getLhs(), add.getRhs(), add.getResult()}, [](Value v) {
        return getElementTypeOrSelf(v.getType()).getIntOrFloatBitWidth() > 8;
      });
  Value headroom = integer(isWide ? kWideHeadroom : kNarrowHeadroom);
  auto operand = [&](Value q, int64_t zeroPoint, size_t i) {
    Value centered = make<arith::SubIOp>(q, integer(zeroPoint));
    return rescale(make<arith::ShLIOp>(centered, headroom), m[i], k[i]);
  };
  Value left = operand(a, add.getLhsZp(), 0), right = operand(b, add.getRhsZp(), 1);
  Value sum = op.getReferenceAttr().getOperands()[1] < 0
                  ? make<arith::SubIOp>(left, right)
                  : make<arith::AddIOp>(left, right);
  return finish(rescale(sum, m[2], k[2]), requant.getZeroPoint());
}

/// (a - za) * sa +- (b - zb) * sb, or their product, divided by s_y.
Value ModeBody::expression(Value a, Value b) {
  auto operands = op.getReferenceAttr().getOperands();
  auto zeroPoint = [&](unsigned i) -> int64_t {
    if (auto add = dyn_cast<IntAddOp>(op.getOperation()))
      return i ? add.getRhsZp() : add.getLhsZp();
    auto mul = cast<IntMulOp>(op.getOperation());
    return i ? mul.getRhsZp() : mul.getLhsZp();
  };
  auto dequantize = [&](Value q, unsigned i) {
    Value centered = make<arith::SubIOp>(q, integer(zeroPoint(i)));
    return make<arith::MulFOp>(toReal(centered), number(operands[i]));
  };
  Value left = dequantize(a, 0), right = dequantize(b, 1);
  Value result = isa<IntAddOp>(op.getOperation()) ? make<arith::AddFOp>(left, right)
                                                  : make<arith::MulFOp>(left, right);
  return finishReal(make<arith::DivFOp>(result, number(resultScale(op))));
}

/// rne, zero point, clamp. Limited to 2^20 first, beyond every output of 16
/// bits, then 1.5 * 2^23 added and subtracted leaves the nearest even integer.
Value ModeBody::finishReal(Value value) {
  constexpr double kFar = 1 << 20, kMagic = 3 << 22;
  auto limit = [&](Value v, arith::CmpFPredicate predicate, double bound) {
    Value isBeyond =
        arith::CmpFOp::create(builder, loc, predicate, v, number(bound)).getResult();
    return arith::SelectOp::create(builder, loc, isBeyond, number(bound), v).getResult();
  };
  value = limit(value, arith::CmpFPredicate::OLT, -kFar);
  value = limit(value, arith::CmpFPredicate::OGT, kFar);
  value = make<arith::AddFOp>(value, number(kMagic));
  value = make<arith::SubFOp>(value, number(kMagic));
  Value rounded = arith::FPToSIOp::create(builder, loc, builder.getI32Type(), value);
  return finish(widen(rounded), requant.getZeroPoint());
}

Value ModeBody::emit(ValueRange arrays, Value acc, Value addend) {
  SmallVector<Value> columns;
  size_t next = 0;
  for (const ModeColumn &column : getModeColumns(op)) {
    if (!column.isUniform())
      columns.push_back(arrays[next++]);
    else
      columns.push_back(column.integers.empty() ? number(column.floats.front())
                                                : integer(column.integers.front()));
  }
  switch (requant.getForm()) {
  case RequantForm::DoubleRound:
    return doubleRound(columns, acc);
  case RequantForm::Divide:
    return divide(columns[0], columns[1], acc);
  case RequantForm::RescaledSum:
    return rescaledSum(acc, addend);
  case RequantForm::FloatBias: {
    Value sum = make<arith::MulFOp>(toReal(acc), columns[0]);
    sum = make<arith::AddFOp>(sum, columns[1]);
    return finishReal(make<arith::DivFOp>(sum, number(resultScale(op))));
  }
  default:
    break;
  }
  if (isa<IntAddOp, IntMulOp>(op.getOperation()))
    return expression(acc, addend);
  if (isa<IntAvgPoolOp>(op.getOperation()))
    return finishReal(make<arith::DivFOp>(make<arith::DivFOp>(acc, columns[0]),
                                          number(resultScale(op))));
  return finishReal(make<arith::MulFOp>(toReal(acc), columns[0]));
}

Value qbias::emitMode(OpBuilder &builder, IntegerSegmentOpInterface op, ValueRange arrays,
                      Value acc, Value addend) {
  return ModeBody(builder, op).emit(arrays, acc, addend);
}

Value qbias::emitDequantize(OpBuilder &builder, Location loc, Value tensor,
                            int64_t zeroPoint, double scale) {
  auto from = cast<RankedTensorType>(tensor.getType());
  RankedTensorType type = from.clone(builder.getF32Type());
  Value empty =
      tensor::EmptyOp::create(builder, loc, type.getShape(), type.getElementType());
  AffineMap map = AffineMap::getMultiDimIdentityMap(type.getRank(), builder.getContext());
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, loc, type, tensor, empty, ArrayRef<AffineMap>{map, map}, iterators,
             [&](OpBuilder &inner, Location, ValueRange arguments) {
               Value q =
                   centered(inner, loc, arguments[0], inner.getI32Type(), zeroPoint);
               Value real = arith::SIToFPOp::create(inner, loc, inner.getF32Type(), q);
               Value factor = arith::ConstantOp::create(
                   inner, loc, inner.getF32FloatAttr(float(scale)));
               real = arith::MulFOp::create(inner, loc, real, factor);
               linalg::YieldOp::create(inner, loc, real);
             })
      .getResult(0);
}
