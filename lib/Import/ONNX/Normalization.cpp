//===- Normalization.cpp - BatchNormalization ---*- C++ -*-===//
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
using namespace qbias::onnximport;
using importing::ChannelLine;
using numerics::Rational;

/// One number per channel, exact.
static FailureOr<std::vector<Rational>> readChannels(const NodeView &node, unsigned index,
                                                     StringRef role, int64_t channels) {
  FailureOr<const ConstantTensor *> constant = node.needConstant(index, role);
  if (failed(constant))
    return failure();
  return readChannelNumbers(
      node, **constant, (role + " " + quoted(node.getInputName(index))).str(), channels);
}

/// Factor and offset of each channel.
static FailureOr<ChannelLine> readLine(const NodeView &node, int64_t channels) {
  double epsilon = 1e-5f; // ONNX's default, a float32
  auto gamma = readChannels(node, 1, "scale", channels);
  auto beta = readChannels(node, 2, "bias", channels);
  auto mean = readChannels(node, 3, "mean", channels);
  auto variance = readChannels(node, 4, "variance", channels);
  if (failed(gamma) || failed(beta) || failed(mean) || failed(variance) ||
      failed(node.read("epsilon", epsilon)))
    return failure();
  return makeNormalization(node, *gamma, *beta, *mean, *variance, epsilon);
}

/// Inference only: numbers of the file, none of the batch.
static LogicalResult checkMode(const NodeView &node) {
  constexpr int64_t kFirstForInference = 7; // before, an attribute says which
  int64_t training = 0, spatial = 1, isTest = node.getOpset() >= kFirstForInference;
  if (failed(node.read("training_mode", training)) ||
      failed(node.read("spatial", spatial)) || failed(node.read("is_test", isTest)))
    return failure();
  if (isTest == 0)
    return node.reject("attribute 'is_test'", "1", "0", "export the model for inference");
  if (training != 0)
    return node.reject("attribute 'training_mode'", "0", Twine(training),
                       "export the model for inference");
  if (spatial != 1)
    return node.reject("attribute 'spatial'", "1", Twine(spatial));
  return success();
}

LogicalResult qbias::onnximport::importBatchNormalization(NodeView &node) {
  FailureOr<Value> input = node.getReal(0);
  if (failed(input) || failed(checkMode(node)))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*input));
  if (shape.size() < 2 || shape.size() > 4)
    return node.reject("rank of " + node.inputText(0), "2 to 4", Twine(shape.size()));
  FailureOr<ChannelLine> line = readLine(node, shape[1]);
  return failed(line) ? failure()
                      : node.setResult(0, applyLineToChannels(node, *input, *line));
}
