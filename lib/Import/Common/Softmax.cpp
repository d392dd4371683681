//===- Softmax.cpp - softmax over any dimension ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Import/Common/Softmax.h"

#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Numerics/Softmax.h"

using namespace mlir;
using namespace qbias;

FailureOr<Value> importing::softmax(const Layer &layer, Value value, int64_t axis) {
  ArrayRef<int64_t> shape = shapeOf(value);
  if (shape[axis] > numerics::kMaxSoftmaxDepth)
    return layer.reject("elements in a row",
                        "at most " + Twine(numerics::kMaxSoftmaxDepth),
                        Twine(shape[axis]));
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
  std::swap(order[axis], order.back()); // its own inverse
  bool isLast = axis + 1 == static_cast<int64_t>(shape.size());
  Value rows = isLast ? value : transpose(layer, value, order);
  Value result = layer.create<SoftmaxOp>(layer.getLoc(), rows.getType(), rows,
                                         layer.getBuilder().getF64FloatAttr(1));
  return isLast ? result : transpose(layer, result, order);
}
