//===- SoftmaxMeaning.cpp - what a softmax should give ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   y[i] = e[i] / sum over j of e[j],   e[j] = exp(beta * s * (x[j] - max))
//
//===----------------------------------------------------------------------===//

// Every float32 product and every sum is rounded, on machines with fused ones too.
#pragma STDC FP_CONTRACT OFF

#include "qbias/Interpreter/LayerMeaning.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::interpreter;

LayerMeaning LayerMeaning::get(IntSoftmaxOp softmax, StringRef producer) {
  LayerMeaning meaning;
  meaning.op = softmax;
  meaning.producer = producer.str();
  meaning.result = cast<quant::QuantizedType>(softmax.getResultType());
  return meaning;
}

/// Softmax of one row in a float type; each exponential is rounded once.
template <typename Real>
static std::vector<Real> softmax(ArrayRef<int64_t> row, Real inputScale, Real beta) {
  int64_t largest = *llvm::max_element(row);
  std::vector<Real> values;
  Real sum = 0;
  for (int64_t x : row) {
    Real exponent = beta * (static_cast<Real>(x - largest) * inputScale);
    values.push_back(static_cast<Real>(std::exp(static_cast<double>(exponent))));
    sum = sum + values.back();
  }
  for (Real &value : values)
    value = value / sum;
  return values;
}

LayerValues LayerMeaning::evaluateSoftmax(const Tensor &x) const {
  auto softmaxOp = cast<IntSoftmaxOp>(op);
  auto uniform = cast<quant::UniformQuantizedType>(result);
  double scale = softmaxOp.getInputScale().convertToDouble();
  double beta = softmaxOp.getBeta().convertToDouble();
  size_t depth = x.shape.back();
  LayerValues values;
  for (size_t first = 0; first < x.size(); first += depth) {
    ArrayRef<int64_t> row = ArrayRef(x.integers()).slice(first, depth);
    for (double y : softmax(row, scale, beta)) {
      double steps = y / uniform.getScale();
      values.reals.push_back(steps + static_cast<double>(uniform.getZeroPoint()));
      values.rounded.push_back(std::llrint(steps) + uniform.getZeroPoint());
    }
    for (float y : softmax(row, static_cast<float>(scale), static_cast<float>(beta)))
      values.inFloat.push_back(quantizeInFloat(y, result));
  }
  return values;
}
