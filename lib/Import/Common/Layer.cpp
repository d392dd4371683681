//===- Layer.cpp - building what one operator of a file means ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Import/Common/Layer.h"

#include "qbias/Import/Common/ConstantTensor.h"

using namespace mlir;
using namespace qbias::importing;

/// Copies of constants may take this many times the file's size, and a fixed
/// amount: decoding and writing take one copy each, int4 doubles it.
static constexpr int64_t kMemoryPerFileByte = 16;
static constexpr int64_t kFixedMemory = int64_t(256) << 20;

MemoryBudget::MemoryBudget(size_t fileSize)
    : left(kFixedMemory + kMemoryPerFileByte * static_cast<int64_t>(fileSize)) {}

void MemoryBudget::grow(size_t fileSize) {
  constexpr size_t kLargest = size_t(1) << 40;
  left += kMemoryPerFileByte * static_cast<int64_t>(std::min(fileSize, kLargest));
}

LogicalResult MemoryBudget::charge(int64_t bytes, const Subject &subject) {
  left -= bytes;
  if (left >= 0)
    return success();
  return subject.reject("constants", "a total size in proportion to the file's",
                        "more than " + Twine(kMemoryPerFileByte) +
                            " times as many bytes");
}

FailureOr<RankedTensorType> Layer::makeType(ArrayRef<int64_t> shape, Type element) const {
  if (isValueShape(shape))
    return RankedTensorType::get(shape, element);
  return reject("output shape", kValueLimits, text(shape));
}

FailureOr<int64_t> Layer::normalizeAxis(int64_t axis, int64_t rank) const {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  return reject("axis", "a dimension in [" + Twine(-rank) + ", " + Twine(rank - 1) + "]",
                Twine(axis));
}

FailureOr<SmallVector<int64_t>> Layer::normalizeAxes(ArrayRef<int64_t> axes,
                                                     int64_t rank) const {
  if (!countElements(SmallVector<int64_t>(axes.size(), 1)))
    return reject("number of axes", "at most 64", Twine(axes.size()));
  SmallVector<int64_t> result;
  for (int64_t axis : axes) {
    FailureOr<int64_t> normal = normalizeAxis(axis, rank);
    if (failed(normal))
      return failure();
    if (llvm::is_contained(result, *normal))
      return reject("axes", "every dimension at most once", text(axes));
    result.push_back(*normal);
  }
  return result;
}
