//===- Nibbles.cpp - weights of four bits, two to a byte ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/Nibbles.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace qbias;

std::optional<int64_t> qbias::getNibbleOffset(llvm::ArrayRef<int64_t> weights) {
  constexpr size_t kLeastWeights = 64;
  constexpr int64_t kSigned = -8, kValues = 16;
  if (weights.size() < kLeastWeights)
    return std::nullopt;
  int64_t least = weights.front(), most = least;
  for (int64_t weight : weights) { // two reductions are vectors, minmax_element is not
    least = std::min(least, weight);
    most = std::max(most, weight);
  }
  auto holds = [&](int64_t offset) { return offset <= least && most < offset + kValues; };
  if (holds(kSigned))
    return kSigned;
  // Padding is 0: it lies in the range, too.
  int64_t offset = std::min<int64_t>(least, 0);
  bool holdsZero = offset > -kValues;
  return holdsZero && holds(offset) ? std::optional(offset) : std::nullopt;
}

llvm::SmallVector<int64_t> qbias::packNibbles(llvm::ArrayRef<int64_t> integers,
                                              int64_t offset, int64_t block) {
  constexpr int kHalf = 4;
  int64_t count = integers.size(), half = block / 2;
  llvm::SmallVector<int64_t> bytes;
  bytes.reserve(llvm::alignTo(count, block) / 2);
  auto nibbleAt = [&](int64_t i) { return (i < count ? integers[i] : 0) - offset; };
  for (int64_t first = 0; first < count; first += block)
    for (int64_t i = first; i < first + half; ++i)
      bytes.push_back(static_cast<int8_t>(nibbleAt(i) | nibbleAt(i + half) << kHalf));
  return bytes;
}
