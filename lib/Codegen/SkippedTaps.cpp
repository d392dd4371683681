//===- SkippedTaps.cpp - kernel taps that lie in padding ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With K taps, stride s and the data at positions low .. high - 1 of an axis, output
// position r has data at taps
//
//   first = clamp(low - r s, 0, K)  ..  end = clamp(high - r s, first, K)
//
//===----------------------------------------------------------------------===//

#include "SkippedTaps.h"

using namespace mlir;
using namespace qbias;

/// Less than this share of the products is not worth a loop of unknown length.
static constexpr double kLeastShare = 0.02;

SkippedTaps::SkippedTaps(const Group &group, bool knowsRows, bool knowsColumns)
    : group(group) {
  auto cutOf = [](int64_t position, int64_t stride, int64_t taps, int64_t low,
                  int64_t high) {
    int64_t first = std::clamp<int64_t>(low - position * stride, 0, taps);
    return Cut{first, std::clamp<int64_t>(high - position * stride, first, taps)};
  };
  auto isWorth = [](int64_t left, int64_t all) { return left < (1 - kLeastShare) * all; };
  const Padding &inner = group.inner;
  int64_t left = 0;
  for (int64_t r = 0; r < group.rows; ++r) {
    Cut cut = cutOf(r, group.rowStride, group.kernelRows, inner.top,
                    group.inputRows - inner.bottom);
    left += cut.end - cut.first;
    mostAtStart = std::max(mostAtStart, cut.first);
    mostAtEnd = std::max(mostAtEnd, group.kernelRows - cut.end);
  }
  rows =
      knowsRows && group.rowDilation == 1 && isWorth(left, group.rows * group.kernelRows);
  if (!rows)
    mostAtStart = mostAtEnd = 0;
  left = 0;
  for (int64_t c = 0; c < group.columns; ++c) {
    Cut cut = cutOf(c, group.columnStride, group.kernelColumns, inner.left,
                    group.inputColumns - inner.right);
    left += cut.end - cut.first;
    if (!llvm::is_contained(cutsOfColumns, cut))
      cutsOfColumns.push_back(cut);
    cutOfColumn.push_back(llvm::find(cutsOfColumns, cut) - cutsOfColumns.begin());
  }
  columns = knowsColumns && group.columnDilation == 1 &&
            isWorth(left, group.columns * group.kernelColumns);
  if (!columns) {
    cutsOfColumns = {{0, group.kernelColumns}};
    cutOfColumn.assign(group.columns, 0);
  }
}

SkippedTaps::Range SkippedTaps::emitRows(KernelBuilder &kernel, Value row) const {
  Value zero = kernel.index(0), all = kernel.index(group.kernelRows);
  if (!rows)
    return {zero, all, zero};
  Value start = kernel.scale(row, -group.rowStride);
  Value low = kernel.add(start, group.inner.top);
  Value high = kernel.add(start, group.inputRows - group.inner.bottom);
  Value first = kernel.least(kernel.most(low, zero), all);
  Value end = kernel.least(kernel.most(high, first), all);
  // (first, kernel rows - end), as one number.
  Value cut = kernel.add(kernel.scale(first, mostAtEnd + 1),
                         kernel.add(kernel.scale(end, -1), group.kernelRows));
  return {first, end, cut};
}

std::pair<int64_t, int64_t> SkippedTaps::columnsOf(int64_t kc) const {
  auto isLeft = [&](int64_t column) {
    const Cut &cut = cutsOfColumns[cutOfColumn[column]];
    return cut.first <= kc && kc < cut.end;
  };
  int64_t first = 0, end = group.columns;
  while (first < end && !isLeft(first))
    ++first;
  while (end > first && !isLeft(end - 1))
    --end;
  return {first, end};
}

SmallVector<int64_t> SkippedTaps::makeBias(int64_t inputOffset,
                                           ArrayRef<int64_t> order) const {
  int64_t taps = group.kernelRows * group.kernelColumns, channels = group.channels;
  SmallVector<int64_t> sums(taps * channels, 0); // of weights, over input channels
  for (int64_t tap = 0; tap < taps; ++tap)
    for (int64_t i = 0; i < group.inputChannels; ++i)
      for (int64_t o = 0; o < channels; ++o)
        sums[tap * channels + o] +=
            group.weights[(tap * group.inputChannels + i) * channels + o];
  SmallVector<int64_t> result;
  auto addTable = [&](const Cut &rowCut, const Cut &columnCut) {
    SmallVector<int64_t> bias(group.bias);
    for (int64_t tap = 0; tap < taps; ++tap) {
      int64_t kr = tap / group.kernelColumns, kc = tap % group.kernelColumns;
      bool isLeft = rowCut.first <= kr && kr < rowCut.end && columnCut.first <= kc &&
                    kc < columnCut.end;
      for (int64_t o = 0; o < channels; ++o)
        bias[o] += sums[tap * channels + o] * (isLeft ? -inputOffset : group.inner.value);
    }
    // Sums of 32 bits wrap; the final one is proven to fit.
    for (int64_t channel : order)
      result.push_back(channel < 0           ? 0
                       : group.sumBits == 32 ? int64_t(int32_t(bias[channel]))
                                             : bias[channel]);
  };
  for (int64_t start = 0; start <= mostAtStart; ++start)
    for (int64_t end = 0; end <= mostAtEnd; ++end)
      for (const Cut &columnCut : cutsOfColumns)
        addTable({start, group.kernelRows - end}, columnCut);
  return result;
}
