//===- Spatial.cpp - windows of convolutions and pools ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Spatial.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

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

LogicalResult qbias::onnximport::readExtents(const NodeView &node, StringRef name,
                                             size_t count, int64_t min,
                                             SmallVectorImpl<int64_t> &values) {
  if (failed(node.read(name, values)))
    return failure();
  if (values.size() != count)
    return node.reject("attribute " + quoted(name), Twine(count) + " entries",
                       Twine(values.size()));
  for (int64_t value : values)
    if (value < min || value > kMaxWindowExtent)
      return node.reject("attribute " + quoted(name),
                         "entries from " + Twine(min) + " to " + Twine(kMaxWindowExtent),
                         text(values));
  return success();
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
  if (failed(placeWindow(node, window, *both, ceil != 0)))
    return failure();
  return window;
}

LogicalResult qbias::onnximport::setFromChannelsLast(const NodeView &node, Value value,
                                                     int64_t rank) {
  return node.setResult(0, fromChannelsLast(node, value, rank));
}
