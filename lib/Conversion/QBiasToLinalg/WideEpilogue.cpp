//===- WideEpilogue.cpp - scalar body of the wide form ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   low = acc * m_low + q * n_low + r_low
//   v   = acc * m + q * n + r + (low >> limb)
//   y   = v >> k, or the even one of it and (v + tie) >> k
//
//===----------------------------------------------------------------------===//

#include "WideEpilogue.h"
#include "Epilogue.h"

#include "qbias/Dialect/QBias/IR/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace qbias;

/// Columns of a row of low halves.
enum LowColumn : int64_t { kLimb, kMultiplier, kAddend, kRounding, kTie };

static SmallVector<int64_t> getLowColumn(RequantAttr requant, int64_t column) {
  SmallVector<int64_t> rows, values;
  readIntegers(requant.getLow(), rows);
  for (size_t i = column; i < rows.size(); i += kLowColumns)
    values.push_back(rows[i]);
  return values;
}

static bool hasTies(RequantAttr requant) {
  return llvm::any_of(getLowColumn(requant, kTie), [](int64_t tie) { return tie != 0; });
}

SmallVector<SmallVector<int64_t>> qbias::getWideColumns(IntegerSegmentOpInterface op) {
  RequantAttr requant = op.getRequantAttr();
  bool hasAddend = bool(requant.getAddendMultiplier());
  SmallVector<ElementsAttr> high = {requant.getMultiplier(), requant.getShift(),
                                    requant.getRounding()};
  SmallVector<int64_t> low = {kLimb, kMultiplier, kRounding};
  if (hasAddend) {
    high.push_back(requant.getAddendMultiplier());
    low.push_back(kAddend);
  }
  if (hasTies(requant))
    low.push_back(kTie);
  SmallVector<SmallVector<int64_t>> columns;
  for (ElementsAttr attr : high)
    readIntegers(attr, columns.emplace_back());
  for (int64_t column : low)
    columns.push_back(getLowColumn(requant, column));
  return columns;
}

Value qbias::emitWide(OpBuilder &builder, IntegerSegmentOpInterface op, ValueRange arrays,
                      Value acc, Value addend) {
  Location loc = op->getLoc();
  RequantAttr requant = op.getRequantAttr();
  Type wide = builder.getI64Type();
  auto add = [&](Value a, Value b) -> Value {
    return arith::AddIOp::create(builder, loc, a, b);
  };
  auto shifted = [&](Value a, Value b) -> Value {
    return arith::ShRSIOp::create(builder, loc, a, b);
  };
  auto constant = [&](int64_t v) { return makeInteger(builder, loc, wide, v); };
  acc = centered(builder, loc, acc, wide, 0);
  auto sum = [&](Value m, Value r, Value n) {
    Value v = add(arith::MulIOp::create(builder, loc, acc, m), r);
    return n ? add(v, arith::MulIOp::create(builder, loc, addend, n)) : v;
  };
  bool hasAddend = bool(requant.getAddendMultiplier());
  size_t low = hasAddend ? 4 : 3;
  Value carry = shifted(
      sum(arrays[low + 1], arrays[low + 2], hasAddend ? arrays[low + 3] : Value()),
      arrays[low]);
  Value v = add(sum(arrays[0], arrays[2], hasAddend ? arrays[3] : Value()), carry);
  Value y = shifted(v, arrays[1]);
  if (hasTies(requant)) {
    Value up = shifted(add(v, arrays.back()), arrays[1]);
    Value more = arith::SubIOp::create(builder, loc, up, y);
    more = arith::AndIOp::create(builder, loc, more, y);
    y = add(y, arith::AndIOp::create(builder, loc, more, constant(1)));
  }
  y = add(y, constant(requant.getZeroPoint()));
  y = arith::MaxSIOp::create(builder, loc, y, constant(requant.getLo()));
  return arith::MinSIOp::create(builder, loc, y, constant(requant.getHi()));
}
