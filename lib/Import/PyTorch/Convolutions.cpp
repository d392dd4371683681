//===- Convolutions.cpp - convolutions ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A convolution over [N, C, H, W] becomes transpose, qbias.conv2d, transpose: a
// later pass cancels the transposes between layers.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Import/Common/Windows.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;

/// Channels of input [N, C, ...], weight [O, C / groups, ...] and bias [O].
static LogicalResult checkChannels(const NodeView &node, ArrayRef<int64_t> input,
                                   ArrayRef<int64_t> weight, int64_t groups) {
  if (weight.size() != input.size())
    return node.reject("rank of " + node.argumentText("weight"),
                       Twine(input.size()) + " as the input", Twine(weight.size()));
  int64_t channels = input[1], outputs = weight[0];
  if (groups < 1 || channels % groups || outputs % groups)
    return node.reject("argument 'groups'",
                       "a divisor of " + Twine(channels) + " input and " +
                           Twine(outputs) + " output channels",
                       Twine(groups));
  if (weight[1] != channels / groups)
    return node.reject("input channels of " + node.argumentText("weight"),
                       Twine(channels / groups) + " (" + Twine(channels) +
                           " channels in " + Twine(groups) + " groups)",
                       Twine(weight[1]));
  return success();
}

/// Numbers, or the words 'valid' and 'same'.
static LogicalResult readPadding(const NodeView &node, ArrayRef<int64_t> spatial,
                                 SpatialWindow &window) {
  window.pads.assign(2 * spatial.size(), 0);
  if (node.getNode().overload != "padding") {
    SmallVector<int64_t> pads(spatial.size(), 0);
    if (failed(node.readExtents("padding", spatial.size(), 0, pads)))
      return failure();
    for (auto [d, pad] : llvm::enumerate(pads))
      window.pads[d] = window.pads[spatial.size() + d] = pad;
    return success();
  }
  std::string mode = "valid";
  if (failed(node.read("padding", mode)))
    return failure();
  if (mode == "same")
    padSame(window, spatial, /*upper=*/true);
  else if (mode != "valid")
    return node.reject("argument 'padding'", "'valid' or 'same'", quoted(mode));
  return success();
}

static FailureOr<SpatialWindow> readWindow(const NodeView &node, ArrayRef<int64_t> input,
                                           ArrayRef<int64_t> kernel) {
  ArrayRef<int64_t> spatial = input.drop_front(2);
  size_t count = spatial.size();
  SpatialWindow window;
  window.kernel.assign(kernel.begin(), kernel.end());
  window.strides.assign(count, 1);
  window.dilations.assign(count, 1);
  if (failed(node.readExtents("stride", count, 1, window.strides)) ||
      failed(node.readExtents("dilation", count, 1, window.dilations)) ||
      failed(readPadding(node, spatial, window)))
    return failure();
  SmallVector<int64_t, 2> both(spatial);
  if (count == 1)
    both.insert(both.begin(), 1);
  if (failed(placeWindow(node, window, both, /*ceil=*/false)))
    return failure();
  return window;
}

FailureOr<Value> qbias::pytorchimport::readBias(const NodeView &node, int64_t channels) {
  if (!node.has("bias"))
    return Value();
  FailureOr<Value> bias = node.getReal("bias");
  if (failed(bias) || shapeOf(*bias) == ArrayRef<int64_t>(channels))
    return bias;
  return node.reject("shape of " + node.argumentText("bias"),
                     text(channels) + " as the output channels", text(shapeOf(*bias)));
}

LogicalResult qbias::pytorchimport::importConvolution(NodeView &node) {
  FailureOr<Value> input = node.getReal("input"), weight = failure();
  if (failed(input) || failed(weight = node.getReal("weight")) ||
      failed(node.checkActivation("input", *weight)))
    return failure();
  bool transposed = false;
  int64_t groups = 1;
  if (failed(node.read("transposed", transposed)) || failed(node.read("groups", groups)))
    return failure();
  if (transposed)
    return importConvTranspose(node);
  // Without batch dimension: [C, L] or [C, H, W].
  size_t rank = shapeOf(*weight).size();
  SmallVector<int64_t> shape(shapeOf(*input));
  bool isSingle = shape.size() + 1 == rank;
  if (isSingle)
    shape.insert(shape.begin(), 1);
  if (rank != 3 && rank != 4)
    return node.reject("rank of " + node.argumentText("weight"), "3 or 4", Twine(rank),
                       "only one and two spatial dimensions are supported");
  ArrayRef<int64_t> kernel = shapeOf(*weight);
  if (failed(checkChannels(node, shape, kernel, groups)))
    return failure();
  FailureOr<SpatialWindow> window = readWindow(node, shape, kernel.drop_front(2));
  FailureOr<Value> bias = readBias(node, kernel[0]);
  if (failed(window) || failed(bias) || failed(input = reshape(node, *input, shape)))
    return failure();
  FailureOr<Value> image = toChannelsLast(node, *input), filter = failure();
  if (failed(image) || failed(filter = toChannelsLast(node, *weight)))
    return failure();
  FailureOr<RankedTensorType> type = node.makeType(
      {shape[0], window->output[0], window->output[1], kernel[0]}, elementOf(*input));
  if (failed(type))
    return failure();
  Value result =
      node.create<Conv2DOp>(node.getLoc(), *type, *image, *filter, *bias, window->strides,
                            window->pads, window->dilations, groups);
  FailureOr<Value> back = fromChannelsLast(node, result, rank);
  if (succeeded(back) && isSingle)
    back = reshape(node, *back, shapeOf(*back).drop_front());
  return node.setResult(0, back);
}
