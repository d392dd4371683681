//===- Pads.cpp - pads by other elements, and negative ones ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Import/Common/Pads.h"

#include "qbias/Import/Common/Selections.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::importing;

/// The position inside that position i, which may lie outside, is read from.
static int64_t mirrored(int64_t i, int64_t extent, PadRule rule) {
  auto remainder = [](int64_t a, int64_t b) { return ((a % b) + b) % b; };
  if (rule == PadRule::Edge)
    return std::clamp<int64_t>(i, 0, extent - 1);
  if (rule == PadRule::Wrap)
    return remainder(i, extent);
  if (extent == 1)
    return 0;
  int64_t folded = remainder(i, 2 * (extent - 1)); // there and back
  return folded < extent ? folded : 2 * (extent - 1) - folded;
}

FailureOr<Value> importing::padBySelection(const Layer &layer, Value value,
                                           ArrayRef<int64_t> pads, PadRule rule) {
  int64_t rank = shapeOf(value).size();
  FailureOr<Value> result = value;
  for (int64_t dim = 0; dim < rank; ++dim) {
    int64_t extent = shapeOf(value)[dim];
    SmallVector<int64_t> indices;
    for (int64_t i = -pads[dim]; i < extent + pads[rank + dim]; ++i)
      indices.push_back(mirrored(i, extent, rule));
    if (indices.empty())
      return layer.reject("pads", "some element left", text(pads));
    if (failed(result = gather(layer, *result, dim, indices)))
      return failure();
  }
  return result;
}

FailureOr<Value> importing::cropByPads(const Layer &layer, Value value,
                                       MutableArrayRef<int64_t> pads) {
  int64_t rank = shapeOf(value).size();
  FailureOr<Value> result = value;
  for (int64_t dim = 0; dim < rank; ++dim) {
    int64_t &low = pads[dim], &high = pads[rank + dim];
    int64_t begin = std::max<int64_t>(-low, 0);
    int64_t end = shapeOf(value)[dim] - std::max<int64_t>(-high, 0);
    if (begin >= end)
      return layer.reject("pads", "some element left", text(pads));
    if (failed(result = gather(layer, *result, dim,
                               llvm::to_vector(llvm::seq<int64_t>(begin, end)))))
      return failure();
    low = std::max<int64_t>(low, 0);
    high = std::max<int64_t>(high, 0);
  }
  return result;
}
