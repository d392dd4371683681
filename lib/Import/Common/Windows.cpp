//===- Windows.cpp - windows of convolutions and pools ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Import/Common/Windows.h"

#include "qbias/Import/Common/Reshapes.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::importing;

/// Most elements of one window in the dialect's operations.
static constexpr int64_t kMaxKernel = int64_t(1) << 31;

/// SAME_UPPER, SAME_LOWER: as many windows as strides fit, the odd pad at the
/// end or at the begin.
void qbias::importing::padSame(SpatialWindow &window, ArrayRef<int64_t> spatial,
                               bool upper) {
  for (size_t d = 0; d < spatial.size(); ++d) {
    int64_t count = llvm::divideCeilSigned(spatial[d], window.strides[d]);
    int64_t covered = (count - 1) * window.strides[d] +
                      (window.kernel[d] - 1) * window.dilations[d] + 1;
    int64_t total = std::max<int64_t>(0, covered - spatial[d]);
    int64_t smaller = total / 2, larger = total - smaller;
    window.pads[d] = upper ? smaller : larger;
    window.pads[spatial.size() + d] = upper ? larger : smaller;
  }
}

/// Window positions along one dimension. In ceil mode the last window may reach
/// past the padded end, by `overhang`, but must start inside the input or the pad
/// before it; pads only a dropped window would read are dropped too.
static int64_t countWindows(SpatialWindow &window, size_t d, int64_t size, bool ceil) {
  int64_t stride = window.strides[d], padLow = window.pads[d];
  int64_t &padHigh = window.pads[2 + d];
  int64_t span = (window.kernel[d] - 1) * window.dilations[d] + 1;
  int64_t room = size + padLow + padHigh - span;
  if (room < 0)
    return 0;
  if (!ceil)
    return room / stride + 1;
  int64_t count = llvm::divideCeilSigned(room, stride) + 1;
  if ((count - 1) * stride >= size + padLow)
    --count;
  int64_t past = (count - 1) * stride - room; // of the last window's end
  window.overhang[d] = std::max<int64_t>(0, past);
  if (past < 0)
    padHigh = std::max<int64_t>(0, padHigh + past);
  return count;
}

/// A one-dimensional window as one over dimensions [1, L].
static void addDimension(SpatialWindow &window) {
  for (auto *values : {&window.kernel, &window.strides, &window.dilations})
    values->insert(values->begin(), 1);
  window.pads = {0, window.pads[0], 0, window.pads[1]};
}

LogicalResult qbias::importing::placeWindow(const Layer &layer, SpatialWindow &window,
                                            ArrayRef<int64_t> spatial, bool ceil) {
  if (window.kernel.size() == 1)
    addDimension(window);
  for (size_t d = 0; d < 2; ++d) {
    window.output.push_back(countWindows(window, d, spatial[d], ceil));
    if (window.output[d] < 1)
      return layer.reject("window", "one that fits the padded input",
                          "kernel " + text(window.kernel) + " with dilations " +
                              text(window.dilations) + " and pads " + text(window.pads) +
                              " over " + text(spatial));
  }
  return checkLimits(layer, window);
}

LogicalResult qbias::importing::checkLimits(const Layer &layer,
                                            const SpatialWindow &window) {
  bool fits = window.kernel[0] * window.kernel[1] <= kMaxKernel; // both below 2^31
  for (size_t d = 0; d < 2; ++d)
    for (int64_t value : {window.kernel[d], window.output[d], window.pads[d],
                          window.pads[2 + d] + window.overhang[d]})
      fits &= value <= kMaxWindowExtent;
  if (fits)
    return success();
  return layer.reject("window",
                      "extents, pads and positions up to " + Twine(kMaxWindowExtent),
                      "kernel " + text(window.kernel) + ", pads " + text(window.pads) +
                          " and " + text(window.output) + " positions");
}

FailureOr<Value> qbias::importing::toChannelsLast(const Layer &layer, Value value) {
  ArrayRef<int64_t> shape = shapeOf(value);
  FailureOr<Value> image = value;
  if (shape.size() == 3)
    image = reshape(layer, value, {shape[0], shape[1], 1, shape[2]});
  if (failed(image))
    return failure();
  return transpose(layer, *image, {0, 2, 3, 1});
}

FailureOr<Value> qbias::importing::fromChannelsLast(const Layer &layer, Value value,
                                                    int64_t rank) {
  Value image = transpose(layer, value, {0, 3, 1, 2});
  ArrayRef<int64_t> shape = shapeOf(image);
  if (rank == 4)
    return image;
  return reshape(layer, image, {shape[0], shape[1], shape[3]});
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

/// True when a window along dimension d holds no element of the input: one that
/// starts past the end, or one that starts before the begin and steps over it.
static bool hasEmptyWindow(const SpatialWindow &window, size_t d, int64_t size) {
  int64_t stride = window.strides[d], dilation = window.dilations[d];
  int64_t pad = window.pads[d];
  if ((window.output[d] - 1) * stride - pad >= size)
    return true;
  for (int64_t i = 0; i < window.output[d] && i * stride < pad; ++i) {
    int64_t first = i * stride - pad;
    int64_t tap = llvm::divideCeilSigned(-first, dilation); // the first one inside
    if (tap >= window.kernel[d] || first + tap * dilation >= size)
      return true;
  }
  return false;
}

static LogicalResult checkWindows(const Layer &layer, const SpatialWindow &window,
                                  ArrayRef<int64_t> spatial) {
  if (!hasEmptyWindow(window, 0, spatial[0]) && !hasEmptyWindow(window, 1, spatial[1]))
    return success();
  return layer.reject("windows", "at least one input element in each",
                      "a window of padding alone (kernel " + text(window.kernel) +
                          ", pads " + text(window.pads) + ")");
}

/// Pads with zeros that count as elements of the input. Used where a ceil mode
/// window reaches past the padding: those positions do not count.
static FailureOr<Value> padWithZeros(const Layer &layer, Value image,
                                     SpatialWindow &window) {
  SmallVector<int64_t> low = {0, window.pads[0], window.pads[1], 0};
  SmallVector<int64_t> high = {0, window.pads[2], window.pads[3], 0};
  SmallVector<int64_t> shape(shapeOf(image));
  for (size_t d = 0; d < shape.size(); ++d)
    shape[d] += low[d] + high[d];
  FailureOr<RankedTensorType> type = layer.makeType(shape, elementOf(image));
  if (failed(type))
    return failure();
  window.pads.assign(4, 0);
  return PadOp::create(layer.getBuilder(), layer.getLoc(), *type, image, low, high,
                       DenseI64ArrayAttr(), llvm::APFloat(0.0))
      .getResult();
}

FailureOr<Value> qbias::importing::buildPool(const Layer &layer, PoolKind kind,
                                             Value input, SpatialWindow window,
                                             bool countIncludePad) {
  FailureOr<Value> image = input;
  bool overhangs = window.overhang[0] > 0 || window.overhang[1] > 0;
  if (countIncludePad && overhangs) {
    image = padWithZeros(layer, *image, window);
    countIncludePad = false;
  }
  if (failed(image))
    return failure();
  for (size_t d = 0; d < 2; ++d)
    window.pads[2 + d] += window.overhang[d];
  ArrayRef<int64_t> shape = shapeOf(*image);
  if (failed(checkWindows(layer, window, shape.slice(1, 2))))
    return failure();
  FailureOr<RankedTensorType> type = layer.makeType(
      {shape[0], window.output[0], window.output[1], shape[3]}, elementOf(*image));
  if (failed(type))
    return failure();
  return layer
      .create<PoolOp>(layer.getLoc(), *type, kind, *image, window.kernel, window.strides,
                      window.pads, window.dilations, countIncludePad)
      .getResult();
}
