//===- Windows.cpp - shape rules shared by verifiers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/Windows.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

int64_t qbias::windowCount(int64_t size, int64_t kernel, int64_t stride, int64_t padLow,
                           int64_t padHigh, int64_t dilation) {
  int64_t span = size + padLow + padHigh - dilation * (kernel - 1) - 1;
  return span < 0 ? 0 : span / stride + 1;
}

/// Largest extent of a window, its pads and its number of positions along one
/// dimension: every shape computation stays inside int64, and enumerating the
/// windows of one dimension stays cheap.
static constexpr int64_t kMaxExtent = int64_t(1) << 24;

/// Most positions of one window: with 17-bit centered integers its sum stays
/// inside int64.
static constexpr int64_t kMaxKernel = int64_t(1) << 31;

/// Most elements of one dimension after interior padding: as many as a tensor may
/// have.
static constexpr int64_t kMaxPaddedExtent = int64_t(1) << 40;

/// Most divisors of one average pool.
static constexpr size_t kMaxDivisors = size_t(1) << 16;

static bool allWithin(ArrayRef<int64_t> values, int64_t lo) {
  return llvm::all_of(values, [&](int64_t v) { return lo <= v && v <= kMaxExtent; });
}

LogicalResult qbias::verifyWindow(Operation *op, WindowLabels labels,
                                  const Window &window, ArrayRef<int64_t> input,
                                  ArrayRef<int64_t> result, int64_t channels) {
  if (window.kernel.size() != 2 || window.strides.size() != 2 ||
      window.dilations.size() != 2 || window.pads.size() != 4)
    return op->emitOpError(labels.attributes)
           << ": expects 2 kernel extents, 2 strides, 2 dilations and 4 pads, got "
           << window.kernel.size() << ", " << window.strides.size() << ", "
           << window.dilations.size() << " and " << window.pads.size();
  if (!allWithin(window.kernel, 1) || !allWithin(window.strides, 1) ||
      !allWithin(window.dilations, 1) || !allWithin(window.pads, 0) ||
      window.kernel[0] * window.kernel[1] > kMaxKernel)
    return op->emitOpError(labels.attributes)
           << ": expects positive kernel extents, strides and dilations and pads that "
              "are not negative, up to "
           << kMaxExtent << ", and a kernel of at most " << kMaxKernel
           << " positions, got [" << window.kernel << "], [" << window.strides << "], ["
           << window.dilations << "] and [" << window.pads << "]";
  SmallVector<int64_t, 4> expected = {input[0], 0, 0, channels};
  for (int d = 0; d < 2; ++d)
    expected[1 + d] =
        windowCount(input[1 + d], window.kernel[d], window.strides[d], window.pads[d],
                    window.pads[2 + d], window.dilations[d]);
  if (!allWithin(ArrayRef(expected).slice(1, 2), 1))
    return op->emitOpError(labels.shape)
           << ": expects 1 to " << kMaxExtent << " positions of the window, got "
           << expected[1] << " and " << expected[2];
  if (result != ArrayRef(expected))
    return op->emitOpError(labels.shape)
           << ": expects a result of shape [" << expected << "], got [" << result << "]";
  return success();
}

/// Ranks, groups and bias of a convolution and of its transpose.
static LogicalResult verifyChannels(Operation *op, Type input, Type weight, Type bias,
                                    Type result, int64_t groups) {
  auto x = cast<RankedTensorType>(input).getShape();
  auto w = cast<RankedTensorType>(weight).getShape();
  auto y = cast<RankedTensorType>(result).getShape();
  // C1
  if (x.size() != 4 || w.size() != 4 || y.size() != 4)
    return op->emitOpError("C1: expects input, weight and result of rank 4, got ")
           << x.size() << ", " << w.size() << " and " << y.size();
  // C3
  if (groups < 1 || x[3] % groups || w[0] % groups || w[3] != x[3] / groups)
    return op->emitOpError("C3: expects ")
           << x[3] << " input and " << w[0] << " output channels to be multiples of "
           << groups << " groups and the weight to have "
           << (groups > 0 ? x[3] / groups : 0) << " input channels, got " << w[3];
  // C4
  if (bias && cast<RankedTensorType>(bias).getShape() != ArrayRef<int64_t>(w[0]))
    return op->emitOpError("C4: expects a bias of ") << w[0] << " elements, got " << bias;
  return success();
}

LogicalResult qbias::verifyConvolution(Operation *op, Type input, Type weight, Type bias,
                                       Type result, Window window, int64_t groups) {
  // C1, C3, C4
  if (failed(verifyChannels(op, input, weight, bias, result, groups)))
    return failure();
  auto x = cast<RankedTensorType>(input).getShape();
  auto w = cast<RankedTensorType>(weight).getShape();
  auto y = cast<RankedTensorType>(result).getShape();
  // C2, C5
  SmallVector<int64_t> kernel = {w[1], w[2]};
  window.kernel = kernel;
  return verifyWindow(op, {"C2", "C5"}, window, x, y, w[0]);
}

/// Rows (or columns) a transposed convolution gives, negative when the pads cut
/// off more than there is.
static int64_t transposedCount(int64_t size, const Window &window, int64_t outputPad,
                               int d) {
  return (size - 1) * window.strides[d] + window.dilations[d] * (window.kernel[d] - 1) +
         1 - window.pads[d] - window.pads[2 + d] + outputPad;
}

LogicalResult qbias::verifyTransposedConvolution(Operation *op, Type input, Type weight,
                                                 Type bias, Type result, Window window,
                                                 ArrayRef<int64_t> outputPads,
                                                 int64_t groups) {
  // C1, C3, C4
  if (failed(verifyChannels(op, input, weight, bias, result, groups)))
    return failure();
  auto x = cast<RankedTensorType>(input).getShape();
  auto w = cast<RankedTensorType>(weight).getShape();
  auto y = cast<RankedTensorType>(result).getShape();
  SmallVector<int64_t> kernel = {w[1], w[2]};
  window.kernel = kernel;
  // C2
  if (window.strides.size() != 2 || window.dilations.size() != 2 ||
      window.pads.size() != 4 || outputPads.size() != 2 || !allWithin(kernel, 1) ||
      !allWithin(window.strides, 1) || !allWithin(window.dilations, 1) ||
      !allWithin(window.pads, 0) || !allWithin(outputPads, 0))
    return op->emitOpError("C2: expects 2 positive strides and dilations, 4 pads and 2 "
                           "output pads that are not negative, and a kernel, all up to ")
           << kMaxExtent << ", got [" << window.strides << "], [" << window.dilations
           << "], [" << window.pads << "], [" << outputPads << "] and [" << kernel << "]";
  // C5
  SmallVector<int64_t> expected = {x[0], 0, 0, w[0]};
  for (int d = 0; d < 2; ++d) {
    int64_t count =
        x[1 + d] > kMaxExtent ? 0 : transposedCount(x[1 + d], window, outputPads[d], d);
    if (count < 1 || count > kMaxExtent)
      return op->emitOpError("C5: expects a result of 1 to ")
             << kMaxExtent << " positions along dimension " << 1 + d << ", got " << count;
    expected[1 + d] = count;
  }
  if (y != ArrayRef(expected))
    return op->emitOpError("C5: expects a result of shape [")
           << expected << "], got [" << y << "]";
  return success();
}

LogicalResult qbias::verifyMatmul(Operation *op, Type lhs, Type rhs, Type bias,
                                  Type result) {
  auto a = cast<RankedTensorType>(lhs).getShape();
  auto b = cast<RankedTensorType>(rhs).getShape();
  auto y = cast<RankedTensorType>(result).getShape();
  // C1
  bool batched = b.size() == a.size() && a.size() > 2;
  if (a.size() < 2 || (b.size() != 2 && !batched) ||
      (batched && a.drop_back(2) != b.drop_back(2)))
    return op->emitOpError("C1: expects lhs of rank 2 or more and rhs of rank 2 "
                           "or with lhs's leading dimensions, got [")
           << a << "] and [" << b << "]";
  // C2
  if (a.back() != b.back())
    return op->emitOpError("C2: expects equal last dimensions, got ")
           << a.back() << " and " << b.back();
  int64_t n = b[b.size() - 2];
  // C3
  if (bias && cast<RankedTensorType>(bias).getShape() != ArrayRef<int64_t>(n))
    return op->emitOpError("C3: expects a bias of ") << n << " elements, got " << bias;
  // C4
  SmallVector<int64_t> expected(a);
  expected.back() = n;
  if (y != ArrayRef(expected))
    return op->emitOpError("C4: expects a result of shape [")
           << expected << "], got [" << y << "]";
  return success();
}

LogicalResult qbias::verifyBroadcast(Operation *op, Type lhs, Type rhs, Type result) {
  auto a = cast<RankedTensorType>(lhs).getShape();
  auto b = cast<RankedTensorType>(rhs).getShape();
  auto y = cast<RankedTensorType>(result).getShape();
  // C1
  if (a.size() != b.size() || a.size() != y.size())
    return op->emitOpError("C1: expects operands and result of equal rank, got ")
           << a.size() << ", " << b.size() << " and " << y.size();
  // C2
  for (auto [da, db, dy] : llvm::zip(a, b, y))
    if ((da != db && da != 1 && db != 1) || dy != (da == 1 ? db : da))
      return op->emitOpError("C2: expects dimensions that are equal or 1 and "
                             "the larger of both in the result, got ")
             << da << ", " << db << " and " << dy;
  return success();
}

LogicalResult qbias::verifyPad(Operation *op, Type input, Type result,
                               ArrayRef<int64_t> low, ArrayRef<int64_t> high,
                               std::optional<ArrayRef<int64_t>> interior) {
  auto x = cast<RankedTensorType>(input);
  auto y = cast<RankedTensorType>(result);
  SmallVector<int64_t> between(x.getRank(), 0);
  if (interior)
    between.assign(interior->begin(), interior->end());
  // C1
  size_t rank = x.getRank();
  if (low.size() != rank || high.size() != rank || between.size() != rank ||
      !allWithin(low, 0) || !allWithin(high, 0) || !allWithin(between, 0))
    return op->emitOpError("C1: expects ")
           << rank << " low, high and interior pads from 0 to " << kMaxExtent << ", got ["
           << low << "], [" << high << "] and [" << between << "]";
  // C2
  SmallVector<int64_t> expected;
  for (auto [size, l, h, i] : llvm::zip(x.getShape(), low, high, between)) {
    if (size - 1 > kMaxPaddedExtent / (i + 1))
      return op->emitOpError("C2: expects at most ")
             << kMaxPaddedExtent << " elements in a dimension, got " << size << " with "
             << i << " between them";
    expected.push_back(l + size + (size - 1) * i + h);
  }
  if (y != x.clone(expected))
    return op->emitOpError("C2: expects a result of type ")
           << x.clone(expected) << ", got " << y;
  return success();
}

SmallVector<int64_t> qbias::insideCounts(int64_t size, int64_t count, int64_t kernel,
                                         int64_t stride, int64_t padLow,
                                         int64_t dilation) {
  SmallVector<int64_t> counts;
  for (int64_t i = 0; i < count; ++i) {
    // Taps k with 0 <= first + k * dilation < size, 0 <= k < kernel.
    int64_t first = i * stride - padLow;
    int64_t begin = first >= 0 ? 0 : llvm::divideCeil(-first, dilation);
    int64_t end = first >= size ? 0 : llvm::divideCeil(size - first, dilation);
    int64_t inside = std::max<int64_t>(0, std::min(end, kernel) - begin);
    counts.push_back(inside);
  }
  return counts;
}

LogicalResult qbias::verifyWindowSizes(Operation *op, StringRef label,
                                       const Window &window, ArrayRef<int64_t> input,
                                       ArrayRef<int64_t> result, bool countsInside) {
  size_t products = 1;
  for (int d = 0; d < 2; ++d) {
    auto inside = insideCounts(input[1 + d], result[1 + d], window.kernel[d],
                               window.strides[d], window.pads[d], window.dilations[d]);
    if (llvm::is_contained(inside, 0))
      return op->emitOpError(label) << ": expects every window to hold a position of "
                                       "the input, got an empty one along dimension "
                                    << 1 + d;
    llvm::sort(inside);
    products *= std::unique(inside.begin(), inside.end()) - inside.begin();
  }
  if (countsInside && products > kMaxDivisors)
    return op->emitOpError(label) << ": expects windows of at most " << kMaxDivisors
                                  << " different sizes, got " << products;
  return success();
}

SmallVector<int64_t> qbias::poolDivisors(const Window &window, ArrayRef<int64_t> input,
                                         ArrayRef<int64_t> result, bool countIncludePad) {
  if (countIncludePad)
    return {window.kernel[0] * window.kernel[1]};
  llvm::SetVector<int64_t> counts[2];
  for (int d = 0; d < 2; ++d) {
    auto inside = insideCounts(input[1 + d], result[1 + d], window.kernel[d],
                               window.strides[d], window.pads[d], window.dilations[d]);
    counts[d].insert(inside.begin(), inside.end());
  }
  llvm::SetVector<int64_t> products;
  for (int64_t rows : counts[0])
    for (int64_t columns : counts[1])
      products.insert(rows * columns);
  SmallVector<int64_t> divisors = products.takeVector();
  llvm::sort(divisors);
  return divisors;
}
