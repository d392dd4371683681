//===- TransposedConvolutions.cpp - transposed convolutions ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/Filters.h"
#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Import/Common/Windows.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;

namespace {

/// Arguments of a transposed convolution, one entry per spatial dimension (pads:
/// all begins, then all ends).
struct TransposedWindow {
  SmallVector<int64_t> kernel, strides, dilations, pads, outputPads;

  /// Leading dimension of extent 1.
  void makeTwoDimensional() {
    for (auto *list : {&kernel, &strides, &dilations})
      list->insert(list->begin(), 1);
    outputPads.insert(outputPads.begin(), 0);
    pads = {0, pads[0], 0, pads[1]};
  }
};

} // namespace

static FailureOr<TransposedWindow> readWindow(const NodeView &node,
                                              ArrayRef<int64_t> kernel) {
  size_t count = kernel.size();
  TransposedWindow window;
  SmallVector<int64_t> pads(count, 0);
  window.kernel.assign(kernel.begin(), kernel.end());
  window.strides.assign(count, 1);
  window.dilations.assign(count, 1);
  window.outputPads.assign(count, 0);
  if (failed(node.readExtents("stride", count, 1, window.strides)) ||
      failed(node.readExtents("dilation", count, 1, window.dilations)) ||
      failed(node.readExtents("padding", count, 0, pads)) ||
      failed(node.readExtents("output_padding", count, 0, window.outputPads)))
    return failure();
  window.pads = pads;
  window.pads.append(pads);
  if (count == 1)
    window.makeTwoDimensional();
  return window;
}

/// The result's shape [N, OH, OW, O].
static FailureOr<RankedTensorType> getResultType(const NodeView &node, Value image,
                                                 const TransposedWindow &window,
                                                 int64_t channels) {
  ArrayRef<int64_t> x = shapeOf(image);
  SmallVector<int64_t> shape = {x[0], 0, 0, channels};
  for (size_t d = 0; d < 2; ++d) {
    if (x[1 + d] > kMaxWindowExtent || window.kernel[d] > kMaxWindowExtent)
      return node.reject("extents", "at most " + Twine(kMaxWindowExtent),
                         text(x) + " and " + text(window.kernel));
    shape[1 + d] = (x[1 + d] - 1) * window.strides[d] + window.outputPads[d] +
                   window.dilations[d] * (window.kernel[d] - 1) + 1 - window.pads[d] -
                   window.pads[2 + d];
    if (shape[1 + d] < 1 || shape[1 + d] > kMaxWindowExtent)
      return node.reject("extents of the result", "from 1 to " + Twine(kMaxWindowExtent),
                         Twine(shape[1 + d]));
  }
  return node.makeType(shape, elementOf(image));
}

/// Channels of input [N, C, ...] and weight [C, O / groups, ...].
static LogicalResult checkChannels(const NodeView &node, ArrayRef<int64_t> input,
                                   ArrayRef<int64_t> weight, int64_t groups) {
  if (weight.size() != 3 && weight.size() != 4)
    return node.reject("rank of " + node.argumentText("weight"), "3 or 4",
                       Twine(weight.size()),
                       "only one and two spatial dimensions are supported");
  if (weight.size() != input.size())
    return node.reject("rank of " + node.argumentText("weight"),
                       Twine(input.size()) + " as the input", Twine(weight.size()));
  if (groups < 1 || input[1] % groups)
    return node.reject("argument 'groups'",
                       "a divisor of " + Twine(input[1]) + " input channels",
                       Twine(groups));
  if (weight[0] != input[1])
    return node.reject("input channels of " + node.argumentText("weight"),
                       Twine(input[1]) + " as the input", Twine(weight[0]));
  if (!countElements({weight[1], groups}))
    return node.reject("output channels", "fewer than 2^31",
                       Twine(weight[1]) + " in " + Twine(groups) + " groups");
  return success();
}

LogicalResult qbias::pytorchimport::importConvTranspose(NodeView &node) {
  FailureOr<Value> input = node.getReal("input"), weight = failure();
  int64_t groups = 1;
  if (failed(input) || failed(weight = node.getReal("weight")) ||
      failed(node.checkActivation("input", *weight)) ||
      failed(node.read("groups", groups)))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*input)), kernel(shapeOf(*weight));
  bool isSingle = shape.size() + 1 == kernel.size(); // no batch dimension
  if (isSingle)
    shape.insert(shape.begin(), 1);
  if (failed(checkChannels(node, shape, kernel, groups)))
    return failure();
  int64_t channels = kernel[1] * groups;
  FailureOr<TransposedWindow> window = readWindow(node, ArrayRef(kernel).drop_front(2));
  FailureOr<Value> bias = readBias(node, channels), image = failure(), filter = failure();
  if (failed(window) || failed(bias) || failed(input = reshape(node, *input, shape)) ||
      failed(image = toChannelsLast(node, *input)) ||
      failed(filter = orderTransposedFilter(node, *weight, groups)))
    return failure();
  FailureOr<RankedTensorType> type = getResultType(node, *image, *window, channels);
  if (failed(type))
    return failure();
  Value result = node.create<ConvTranspose2DOp>(
      node.getLoc(), *type, *image, *filter, *bias, window->strides, window->pads,
      window->outputPads, window->dilations, groups);
  FailureOr<Value> back = fromChannelsLast(node, result, kernel.size());
  if (succeeded(back) && isSingle)
    back = reshape(node, *back, shapeOf(*back).drop_front());
  return node.setResult(0, back);
}
