//===- TransposedConvolutions.cpp - ConvTranspose ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"
#include "Spatial.h"

#include "qbias/Import/Common/Filters.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

namespace {

/// Attributes of a transposed convolution, one entry per spatial dimension
/// (pads: all begins, then all ends).
struct TransposedWindow {
  SmallVector<int64_t> kernel, strides, dilations, pads, outputPads;

  /// Rows the result has without pads.
  int64_t full(size_t d, int64_t size) const {
    return (size - 1) * strides[d] + outputPads[d] + dilations[d] * (kernel[d] - 1) + 1;
  }
  /// Leading dimension of extent 1.
  void makeTwoDimensional();
};

} // namespace

void TransposedWindow::makeTwoDimensional() {
  for (auto *list : {&kernel, &strides, &dilations})
    list->insert(list->begin(), 1);
  outputPads.insert(outputPads.begin(), 0);
  pads = {0, pads[0], 0, pads[1]};
}

/// Pads that give the result the size asked for: half of what is too much at
/// each end, the odd one at the end for SAME_UPPER, else at the begin.
static void padToSize(TransposedWindow &window, ArrayRef<int64_t> spatial,
                      ArrayRef<int64_t> wanted, bool upper) {
  size_t count = spatial.size();
  for (size_t d = 0; d < count; ++d) {
    int64_t total = std::max<int64_t>(window.full(d, spatial[d]) - wanted[d], 0);
    window.pads[d] = upper ? total / 2 : total - total / 2;
    window.pads[count + d] = total - window.pads[d];
  }
}

static LogicalResult readTransposedPads(const NodeView &node, ArrayRef<int64_t> spatial,
                                        TransposedWindow &window) {
  size_t count = spatial.size();
  std::string mode = "NOTSET";
  SmallVector<int64_t> wanted;
  if (failed(node.read("auto_pad", mode)) ||
      failed(readExtents(node, "pads", 2 * count, 0, window.pads)) ||
      failed(node.read("output_shape", wanted)))
    return failure();
  if (mode != "NOTSET" && !mode.empty() && mode != "VALID" && mode != "SAME_UPPER" &&
      mode != "SAME_LOWER")
    return node.reject("attribute 'auto_pad'", "NOTSET, VALID, SAME_UPPER or SAME_LOWER",
                       quoted(mode));
  bool isSame = StringRef(mode).starts_with("SAME");
  if (node.hasAttr("output_shape")) {
    if (wanted.size() == count + 2) // some exporters give the whole shape
      wanted.erase(wanted.begin(), wanted.begin() + 2);
    if (wanted.size() != count || llvm::any_of(wanted, [](int64_t d) { return d < 1; }))
      return node.reject("attribute 'output_shape'", Twine(count) + " positive extents",
                         text(wanted));
  } else if (isSame) {
    for (size_t d = 0; d < count; ++d)
      wanted.push_back(spatial[d] * window.strides[d]);
  }
  if (!wanted.empty())
    padToSize(window, spatial, wanted, mode == "SAME_UPPER");
  return success();
}

static FailureOr<TransposedWindow> readTransposedWindow(const NodeView &node,
                                                        ArrayRef<int64_t> spatial,
                                                        ArrayRef<int64_t> kernel) {
  size_t count = spatial.size();
  TransposedWindow window;
  window.kernel.assign(kernel.begin(), kernel.end());
  window.strides.assign(count, 1);
  window.dilations.assign(count, 1);
  window.outputPads.assign(count, 0);
  window.pads.assign(2 * count, 0);
  if (failed(readExtents(node, "kernel_shape", count, 1, window.kernel)) ||
      failed(readExtents(node, "strides", count, 1, window.strides)) ||
      failed(readExtents(node, "dilations", count, 1, window.dilations)) ||
      failed(readExtents(node, "output_padding", count, 0, window.outputPads)))
    return failure();
  if (ArrayRef<int64_t>(window.kernel) != kernel)
    return node.reject("attribute 'kernel_shape'", text(kernel) + " as the weight",
                       text(window.kernel));
  for (size_t d = 0; d < count; ++d)
    if (spatial[d] > kMaxWindowExtent || kernel[d] > kMaxWindowExtent)
      return node.reject("extents", "at most " + Twine(kMaxWindowExtent),
                         text(spatial) + " and " + text(kernel));
  if (failed(readTransposedPads(node, spatial, window)))
    return failure();
  if (count == 1)
    window.makeTwoDimensional();
  return window;
}

/// Channels of input [N, C, ...] and weight [C, O / groups, ...].
static LogicalResult checkTransposedChannels(const NodeView &node,
                                             ArrayRef<int64_t> input,
                                             ArrayRef<int64_t> weight, int64_t groups) {
  std::string weightText = "weight " + quoted(node.getInputName(1));
  if (weight.size() != input.size())
    return node.reject("rank of " + weightText,
                       Twine(input.size()) + " as " + node.inputText(0),
                       Twine(weight.size()));
  if (groups < 1 || input[1] % groups)
    return node.reject("attribute 'group'",
                       "a divisor of " + Twine(input[1]) + " input channels",
                       Twine(groups));
  if (weight[0] != input[1])
    return node.reject("input channels of " + weightText,
                       Twine(input[1]) + " as " + node.inputText(0), Twine(weight[0]));
  if (!countElements({weight[1], groups}))
    return node.reject("output channels", "fewer than 2^31",
                       Twine(weight[1]) + " in " + Twine(groups) + " groups");
  return success();
}

/// The result's shape [N, OH, OW, O].
static FailureOr<RankedTensorType> getTransposedType(const NodeView &node, Value image,
                                                     const TransposedWindow &window,
                                                     int64_t channels) {
  ArrayRef<int64_t> x = shapeOf(image);
  SmallVector<int64_t> shape = {x[0], 0, 0, channels};
  for (size_t d = 0; d < 2; ++d) {
    shape[1 + d] = window.full(d, x[1 + d]) - window.pads[d] - window.pads[2 + d];
    if (shape[1 + d] < 1 || shape[1 + d] > kMaxWindowExtent)
      return node.reject("extent of the result", "1 to " + Twine(kMaxWindowExtent),
                         Twine(shape[1 + d]));
  }
  return node.makeType(shape, elementOf(image));
}

LogicalResult qbias::onnximport::importConvTranspose(NodeView &node) {
  FailureOr<Value> input = node.getReal(0), weight = failure();
  if (failed(input) || failed(weight = node.getReal(1)))
    return failure();
  int64_t groups = 1;
  SmallVector<int64_t> x(shapeOf(*input)), w(shapeOf(*weight));
  if (failed(node.read("group", groups)) || failed(readSpatial(node, *input)) ||
      failed(checkTransposedChannels(node, x, w, groups)))
    return failure();
  FailureOr<TransposedWindow> window =
      readTransposedWindow(node, ArrayRef(x).drop_front(2), ArrayRef(w).drop_front(2));
  Value bias;
  if (failed(window))
    return failure();
  if (node.hasInput(2)) {
    FailureOr<Value> value = node.getReal(2);
    if (failed(value) || failed(checkBias(node, *value, w[1] * groups)))
      return failure();
    bias = *value;
  }
  FailureOr<Value> image = toChannelsLast(node, *input);
  FailureOr<Value> filter = orderTransposedFilter(node, *weight, groups);
  if (failed(image) || failed(filter))
    return failure();
  FailureOr<RankedTensorType> type =
      getTransposedType(node, *image, *window, w[1] * groups);
  if (failed(type))
    return failure();
  Value result = node.create<ConvTranspose2DOp>(
      node.getLoc(), *type, *image, *filter, bias, window->strides, window->pads,
      window->outputPads, window->dilations, groups);
  return setFromChannelsLast(node, result, x.size());
}
