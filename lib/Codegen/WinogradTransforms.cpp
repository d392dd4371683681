//===- WinogradTransforms.cpp - transforms of F(n, 3) in integers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// F(n, 3) interpolates a polynomial of degree n + 1 at n + 1 points p and infinity
// (Toom and Cook). With M = product of (x - p), N_p = product of the other p - q, and
// filters scaled by c_p, the row of B for p has the coefficients of M / (x - p) times
// 24 / (c_p N_p), that for infinity those of M times 24 / 12; A has the powers of p.
// All are integers for n = 2 (points 0, 1, -1), 3 (and 2) and 4 (and -2), and the
// filters are the same.
//
//===----------------------------------------------------------------------===//

#include "WinogradTransforms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace qbias;

namespace {

/// Wrapping arithmetic on vectors.
struct Lanes {
  KernelBuilder &kernel;

  Value add(Value a, Value b) { return kernel.add(a, b); }
  Value sub(Value a, Value b) {
    return arith::SubIOp::create(kernel.builder, kernel.loc, a, b);
  }
  Value shift(Value a, int64_t places) {
    Value by = kernel.splat(cast<VectorType>(a.getType()), places);
    return arith::ShLIOp::create(kernel.builder, kernel.loc, a, by);
  }
  Value twice(Value a) { return add(a, a); }
  Value thrice(Value a) { return add(twice(a), a); }
};

} // namespace

ArrayRef<int64_t> winograd::getPoints(int64_t outputs) {
  static constexpr int64_t kTwo[] = {0, 1, 2, 5}, kThree[] = {0, 1, 2, 3, 5},
                           kFour[] = {0, 1, 2, 3, 4, 5};
  return outputs == 2 ? ArrayRef(kTwo) : outputs == 3 ? ArrayRef(kThree) : kFour;
}

static KernelBuilder::Values transformWindow2(Lanes l, ArrayRef<Value> d) {
  return {l.shift(l.sub(d[0], d[2]), 2),
          l.sub(l.add(d[1], d[2]), l.shift(l.add(d[1], d[2]), 2)),
          l.thrice(l.sub(d[1], d[2])), l.twice(l.sub(d[3], d[1]))};
}

static KernelBuilder::Values transformWindow3(Lanes l, ArrayRef<Value> d) {
  Value low = l.twice(l.sub(d[0], d[2])), middle = l.sub(d[3], d[1]);
  Value high = l.twice(l.sub(d[1], d[3])), fourth = l.sub(d[4], d[2]);
  // 2 d1 - 3 d2 + d3 = 2 (d1 - d2) + (d3 - d2)
  Value second = l.add(l.twice(l.sub(d[1], d[2])), l.sub(d[3], d[2]));
  // -2 d1 - d2 + d3 = (d3 - d1) - (d1 + d2)
  Value first = l.thrice(l.sub(middle, l.add(d[1], d[2])));
  return {l.twice(l.add(low, middle)), first, second, l.shift(middle, 2),
          l.twice(l.add(high, fourth))};
}

static KernelBuilder::Values transformWindow4(Lanes l, ArrayRef<Value> d) {
  Value a = l.sub(d[4], d[2]), b = l.sub(d[3], d[1]), twice = l.twice(b);
  return {l.add(l.shift(l.sub(d[0], d[2]), 2), a),
          l.sub(l.add(d[3], d[4]), l.shift(l.add(d[1], d[2]), 2)),
          l.add(l.sub(d[4], d[3]), l.shift(l.sub(d[1], d[2]), 2)),
          l.add(a, twice),
          l.sub(a, twice),
          l.sub(l.sub(d[5], d[3]), l.shift(b, 2))};
}

KernelBuilder::Values winograd::transformFilter(KernelBuilder &kernel,
                                                ArrayRef<Value> g) {
  Lanes l{kernel};
  Value even = l.add(g[0], g[2]), wide = l.add(g[0], l.shift(g[2], 2));
  Value twice = l.twice(g[1]);
  return {
      g[0], l.add(even, g[1]), l.sub(even, g[1]), l.add(wide, twice), l.sub(wide, twice),
      g[2]};
}

void winograd::scaleSums(KernelBuilder &kernel, int64_t outputs,
                         MutableArrayRef<Value> m) {
  for (auto [value, point] : llvm::zip(m, getPoints(outputs))) {
    Value factor = kernel.splat(cast<VectorType>(value.getType()), kScale[point]);
    value = arith::MulIOp::create(kernel.builder, kernel.loc, value, factor);
  }
}

KernelBuilder::Values winograd::transformWindow(KernelBuilder &kernel,
                                                ArrayRef<Value> d) {
  Lanes lanes{kernel};
  constexpr int64_t kWindowOf2 = 4, kWindowOf3 = 5;
  return d.size() == kWindowOf2   ? transformWindow2(lanes, d)
         : d.size() == kWindowOf3 ? transformWindow3(lanes, d)
                                  : transformWindow4(lanes, d);
}

KernelBuilder::Values winograd::transformSums(KernelBuilder &kernel, int64_t outputs,
                                              ArrayRef<Value> m) {
  Lanes l{kernel};
  Value p = l.add(m[1], m[2]), r = l.sub(m[1], m[2]);
  if (outputs == 2)
    return {l.add(m[0], p), l.add(r, m[3])};
  if (outputs == 3)
    return {l.add(l.add(m[0], p), m[3]), l.add(r, l.twice(m[3])),
            l.add(l.add(p, m[4]), l.shift(m[3], 2))};
  Value q = l.add(m[3], m[4]), s = l.sub(m[3], m[4]), twice = l.twice(s);
  return {l.add(l.add(m[0], p), q), l.add(r, twice), l.add(p, l.shift(q, 2)),
          l.add(l.add(r, l.shift(twice, 2)), l.twice(m[5]))};
}
