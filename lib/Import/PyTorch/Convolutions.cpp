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

/// The bias, which may be absent: null then.
static FailureOr<Value> readBias(const NodeView &node, int64_t channels) {
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

/// Strides, dilations, pads and output pads of a transposed convolution, and the
/// extents of its result.
static FailureOr<SpatialWindow> readTransposed(const NodeView &node,
                                               ArrayRef<int64_t> spatial,
                                               ArrayRef<int64_t> kernel,
                                               SmallVectorImpl<int64_t> &outputPads) {
  SpatialWindow window;
  SmallVector<int64_t> pads(2, 0);
  window.kernel.assign(kernel.begin(), kernel.end());
  window.strides.assign(2, 1);
  window.dilations.assign(2, 1);
  outputPads.assign(2, 0);
  if (failed(node.readExtents("stride", 2, 1, window.strides)) ||
      failed(node.readExtents("dilation", 2, 1, window.dilations)) ||
      failed(node.readExtents("padding", 2, 0, pads)) ||
      failed(node.readExtents("output_padding", 2, 0, outputPads)))
    return failure();
  window.pads = {pads[0], pads[1], pads[0], pads[1]};
  for (size_t d = 0; d < 2; ++d) {
    // Every factor is at most 2^31.
    int64_t extent = (spatial[d] - 1) * window.strides[d] +
                     window.dilations[d] * (kernel[d] - 1) + 1 - 2 * pads[d] +
                     outputPads[d];
    if (extent < 1 || extent > kMaxWindowExtent || kernel[d] > kMaxWindowExtent)
      return node.reject("extents of the result", "from 1 to " + Twine(kMaxWindowExtent),
                         Twine(extent));
    window.output.push_back(extent);
  }
  return window;
}

LogicalResult qbias::pytorchimport::importConvTranspose(NodeView &node) {
  FailureOr<Value> input = node.getReal("input"), weight = failure();
  int64_t groups = 1;
  if (failed(input) || failed(weight = node.getReal("weight")) ||
      failed(node.checkActivation("input", *weight)) ||
      failed(node.read("groups", groups)))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(*input), kernel = shapeOf(*weight); // [C, O, KH, KW]
  if (shape.size() != 4 || kernel.size() != 4)
    return node.reject("ranks of input and weight", "4",
                       Twine(shape.size()) + " and " + Twine(kernel.size()));
  if (groups != 1 || kernel[0] != shape[1])
    return node.reject("argument 'groups' and input channels",
                       "1 and " + Twine(shape[1]) + " as the input",
                       Twine(groups) + " and " + Twine(kernel[0]),
                       "transposed convolutions in groups are not supported");
  SmallVector<int64_t> outputPads;
  FailureOr<SpatialWindow> window =
      readTransposed(node, shape.drop_front(2), kernel.drop_front(2), outputPads);
  FailureOr<Value> bias = readBias(node, kernel[1]), image = toChannelsLast(node, *input);
  if (failed(window) || failed(bias) || failed(image))
    return failure();
  Value filter = transpose(node, *weight, {1, 2, 3, 0});
  FailureOr<RankedTensorType> type = node.makeType(
      {shape[0], window->output[0], window->output[1], kernel[1]}, elementOf(*input));
  if (failed(type))
    return failure();
  Value result = node.create<ConvTranspose2DOp>(node.getLoc(), *type, *image, filter,
                                                *bias, window->strides, window->pads,
                                                outputPads, window->dilations, groups);
  return node.setResult(0, fromChannelsLast(node, result, 4));
}
