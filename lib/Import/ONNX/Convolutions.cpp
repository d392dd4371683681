//===- Convolutions.cpp - Conv ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Conv [N, C, H, W] becomes transpose, qbias.conv2d, transpose: a later pass
// cancels the transposes between layers.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"
#include "Spatial.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

/// Channels of input [N, C, ...], weight [O, C / groups, ...] and bias [O].
static LogicalResult checkChannels(const NodeView &node, ArrayRef<int64_t> input,
                                   ArrayRef<int64_t> weight, int64_t groups) {
  std::string weightText = "weight " + quoted(node.getInputName(1));
  if (weight.size() != input.size())
    return node.reject("rank of " + weightText,
                       Twine(input.size()) + " as " + node.inputText(0),
                       Twine(weight.size()));
  int64_t channels = input[1], outputs = weight[0];
  if (groups < 1 || channels % groups || outputs % groups)
    return node.reject("attribute 'group'",
                       "a divisor of " + Twine(channels) + " input and " +
                           Twine(outputs) + " output channels",
                       Twine(groups));
  if (weight[1] != channels / groups)
    return node.reject("input channels of " + weightText,
                       Twine(channels / groups) + " (" + node.inputText(0) + " has " +
                           Twine(channels) + " in " + Twine(groups) + " groups)",
                       Twine(weight[1]));
  if (outputs < 1 || channels < 1)
    return node.reject("channels", "at least one",
                       Twine(channels) + " input and " + Twine(outputs) + " output");
  return success();
}

LogicalResult qbias::onnximport::checkBias(const NodeView &node, Value bias,
                                           int64_t channels) {
  if (shapeOf(bias) == ArrayRef<int64_t>(channels))
    return success();
  return node.reject("shape of bias " + quoted(node.getInputName(2)),
                     text(channels) + " as the output channels", text(shapeOf(bias)));
}

LogicalResult qbias::onnximport::importConv(NodeView &node) {
  FailureOr<Value> input = node.getReal(0), weight = failure();
  if (failed(input) || failed(weight = node.getReal(1)))
    return failure();
  int64_t groups = 1;
  ArrayRef<int64_t> kernel = shapeOf(*weight);
  if (failed(node.read("group", groups)) || failed(readSpatial(node, *input)) ||
      failed(checkChannels(node, shapeOf(*input), kernel, groups)))
    return failure();
  FailureOr<SpatialWindow> window = readWindow(node, *input, kernel.drop_front(2));
  if (failed(window))
    return failure();
  Value bias;
  if (node.hasInput(2)) {
    FailureOr<Value> value = node.getReal(2);
    if (failed(value) || failed(checkBias(node, *value, kernel[0])))
      return failure();
    bias = *value;
  }
  FailureOr<Value> image = toChannelsLast(node, *input), filter = failure();
  if (failed(image) || failed(filter = toChannelsLast(node, *weight)))
    return failure();
  FailureOr<RankedTensorType> type =
      node.makeType({shapeOf(*input)[0], window->output[0], window->output[1], kernel[0]},
                    elementOf(*input));
  if (failed(type))
    return failure();
  Value result =
      node.create<Conv2DOp>(node.getLoc(), *type, *image, *filter, bias, window->strides,
                            window->pads, window->dilations, groups);
  return setFromChannelsLast(node, result, shapeOf(*input).size());
}
