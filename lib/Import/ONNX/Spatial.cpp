//===- Spatial.cpp - windows of convolutions and pools ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Spatial.h"
#include "Reshapes.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

/// Largest kernel extent, stride, dilation, pad and number of window positions,
/// and most elements of one window, in the dialect's operations.
static constexpr int64_t kMaxExtent = int64_t(1) << 24;
static constexpr int64_t kMaxKernel = int64_t(1) << 31;

FailureOr<SmallVector<int64_t, 2>> qbias::onnximport::readSpatial(const NodeView &node,
                                                                  Value input) {
  ArrayRef<int64_t> shape = shapeOf(input);
  if (shape.size() == 3)
    return SmallVector<int64_t, 2>{1, shape[2]};
  if (shape.size() == 4)
    return SmallVector<int64_t, 2>{shape[2], shape[3]};
  return node.reject("rank of " + node.inputText(0), "3 or 4", Twine(shape.size()),
                     "only one and two spatial dimensions are supported");
}

/// A list attribute with one entry per spatial dimension (`perDimension` for
/// pads), each in [min, 2^24].
static LogicalResult readExtents(const NodeView &node, StringRef name, size_t count,
                                 int64_t min, SmallVectorImpl<int64_t> &values) {
  if (failed(node.read(name, values)))
    return failure();
  if (values.size() != count)
    return node.reject("attribute " + quoted(name), Twine(count) + " entries",
                       Twine(values.size()));
  for (int64_t value : values)
    if (value < min || value > kMaxExtent)
      return node.reject("attribute " + quoted(name),
                         "entries from " + Twine(min) + " to " + Twine(kMaxExtent),
                         text(values));
  return success();
}

/// SAME_UPPER, SAME_LOWER: as many windows as strides fit, the odd pad at the
/// end or at the begin.
static void padSame(SpatialWindow &window, ArrayRef<int64_t> spatial, bool upper) {
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

static LogicalResult readPads(const NodeView &node, SpatialWindow &window,
                              ArrayRef<int64_t> spatial) {
  std::string mode = "NOTSET";
  window.pads.assign(2 * spatial.size(), 0);
  if (failed(node.read("auto_pad", mode)) ||
      failed(readExtents(node, "pads", 2 * spatial.size(), 0, window.pads)))
    return failure();
  if (mode == "NOTSET" || mode.empty())
    return success();
  if (llvm::any_of(window.pads, [](int64_t pad) { return pad != 0; }))
    return node.reject("attribute 'pads'", "none with auto_pad " + quoted(mode),
                       text(window.pads));
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER")
    padSame(window, spatial, mode == "SAME_UPPER");
  else if (mode != "VALID")
    return node.reject("attribute 'auto_pad'", "NOTSET, VALID, SAME_UPPER or SAME_LOWER",
                       quoted(mode));
  return success();
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

FailureOr<SpatialWindow> qbias::onnximport::readWindow(const NodeView &node, Value input,
                                                       ArrayRef<int64_t> kernel) {
  FailureOr<SmallVector<int64_t, 2>> both = readSpatial(node, input);
  if (failed(both))
    return failure();
  ArrayRef<int64_t> spatial = shapeOf(input).drop_front(2);
  size_t count = spatial.size();
  SpatialWindow window;
  window.kernel.assign(kernel.begin(), kernel.end());
  window.strides.assign(count, 1);
  window.dilations.assign(count, 1);
  int64_t ceil = 0;
  if (failed(readExtents(node, "kernel_shape", count, 1, window.kernel)) ||
      failed(readExtents(node, "strides", count, 1, window.strides)) ||
      failed(readExtents(node, "dilations", count, 1, window.dilations)) ||
      failed(node.read("ceil_mode", ceil)) || failed(readPads(node, window, spatial)))
    return failure();
  if (!kernel.empty() && ArrayRef<int64_t>(window.kernel) != kernel)
    return node.reject("attribute 'kernel_shape'", text(kernel) + " as the weight",
                       text(window.kernel));
  if (count == 1)
    addDimension(window);
  for (size_t d = 0; d < 2; ++d) {
    window.output.push_back(countWindows(window, d, (*both)[d], ceil != 0));
    if (window.output[d] < 1)
      return node.reject("window", "one that fits the padded input",
                         "kernel " + text(window.kernel) + " with dilations " +
                             text(window.dilations) + " and pads " + text(window.pads) +
                             " over " + text(*both));
  }
  if (failed(checkLimits(node, window)))
    return failure();
  return window;
}

LogicalResult qbias::onnximport::checkLimits(const NodeView &node,
                                             const SpatialWindow &window) {
  bool fits = window.kernel[0] * window.kernel[1] <= kMaxKernel; // both below 2^31
  for (size_t d = 0; d < 2; ++d)
    for (int64_t value : {window.kernel[d], window.output[d], window.pads[d],
                          window.pads[2 + d] + window.overhang[d]})
      fits &= value <= kMaxExtent;
  if (fits)
    return success();
  return node.reject("window", "extents, pads and positions up to " + Twine(kMaxExtent),
                     "kernel " + text(window.kernel) + ", pads " + text(window.pads) +
                         " and " + text(window.output) + " positions");
}

FailureOr<Value> qbias::onnximport::toChannelsLast(const NodeView &node, Value value) {
  ArrayRef<int64_t> shape = shapeOf(value);
  FailureOr<Value> image = value;
  if (shape.size() == 3)
    image = reshape(node, value, {shape[0], shape[1], 1, shape[2]});
  if (failed(image))
    return failure();
  return transpose(node, *image, {0, 2, 3, 1});
}

LogicalResult qbias::onnximport::setFromChannelsLast(const NodeView &node, Value value,
                                                     int64_t rank) {
  Value image = transpose(node, value, {0, 3, 1, 2});
  ArrayRef<int64_t> shape = shapeOf(image);
  FailureOr<Value> result = image;
  if (rank == 3)
    result = reshape(node, image, {shape[0], shape[1], shape[3]});
  return failed(result) ? failure() : node.setResult(0, *result);
}
