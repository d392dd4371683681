//===- Normalization.cpp - batch normalization ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/ChannelLine.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;
using numerics::Rational;

/// One number per channel; `otherwise` for an argument that is left out.
static FailureOr<std::vector<Rational>>
readChannels(const NodeView &node, StringRef argument, int64_t channels, int otherwise) {
  if (!node.has(argument))
    return std::vector<Rational>(channels, Rational(otherwise));
  FailureOr<const ConstantTensor *> constant = node.needConstant(argument, argument);
  if (failed(constant))
    return failure();
  return readChannelNumbers(node, **constant, node.argumentText(argument), channels);
}

static FailureOr<ChannelLine> readLine(const NodeView &node, int64_t channels) {
  double epsilon = 0;
  auto gamma = readChannels(node, "weight", channels, 1);
  auto beta = readChannels(node, "bias", channels, 0);
  if (failed(gamma) || failed(beta) || failed(node.need("eps", epsilon)))
    return failure();
  for (StringRef statistic : {"running_mean", "running_var"})
    if (!node.has(statistic))
      return node.reject("argument " + quoted(statistic), "a tensor", "none",
                         "track running statistics, and export in eval mode");
  auto mean = readChannels(node, "running_mean", channels, 0);
  auto variance = readChannels(node, "running_var", channels, 1);
  if (failed(mean) || failed(variance))
    return failure();
  // PyTorch adds it in the type of the variance.
  return makeNormalization(node, *gamma, *beta, *mean, *variance,
                           static_cast<float>(epsilon));
}

LogicalResult qbias::pytorchimport::importBatchNorm(NodeView &node) {
  FailureOr<Value> input = node.getReal("input");
  bool training = false;
  if (failed(input) || failed(node.read("training", training)))
    return failure();
  if (training)
    return node.reject("argument 'training'", "false", "true",
                       "call move_exported_model_to_eval before export");
  SmallVector<int64_t> shape(shapeOf(*input));
  if (shape.size() < 2 || shape.size() > 4)
    return node.reject("rank of " + node.argumentText("input"), "2 to 4",
                       Twine(shape.size()));
  FailureOr<ChannelLine> line = readLine(node, shape[1]);
  return failed(line) ? failure()
                      : node.setResult(0, applyLineToChannels(node, *input, *line));
}
