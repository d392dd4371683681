//===- QuantParameters.cpp - scales and zero points of ONNX nodes ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantParameters.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

LogicalResult qbias::onnximport::readScales(const NodeView &node, unsigned index,
                                            ZeroScale zeroScale,
                                            QuantParameters &parameters) {
  FailureOr<const ConstantTensor *> scale = node.needConstant(index, "scale");
  if (failed(scale))
    return failure();
  std::string what = "scale " + quoted(node.getInputName(index));
  if (!(*scale)->isFloat())
    return node.reject(what, "float elements", node.getInput(index)->describe());
  if ((*scale)->getShape().size() > 1)
    return node.reject(what, "one element or one per channel",
                       node.getInput(index)->describe(),
                       "block quantization is not supported");
  for (int64_t i = 0; i < (*scale)->getNumElements(); ++i) {
    double value = (*scale)->realAt(i);
    if (!isScale(value, zeroScale == ZeroScale::DeadChannel))
      return node.reject((*scale)->getNumElements() == 1
                             ? what
                             : what + " in channel " + std::to_string(i),
                         "a positive finite float32 number", realText(value),
                         "quantize the model again");
    parameters.scales.push_back(value);
  }
  return success();
}

LogicalResult qbias::onnximport::readZeroPoints(const NodeView &node, unsigned index,
                                                QuantParameters &parameters) {
  if (!node.hasInput(index)) {
    parameters.zeroPoints.assign(parameters.scales.size(), 0);
    return success();
  }
  FailureOr<const ConstantTensor *> zeroPoint = node.needConstant(index, "zero point");
  if (failed(zeroPoint))
    return failure();
  std::string what = "zero point " + quoted(node.getInputName(index));
  DataType type = (*zeroPoint)->getType();
  if (type != parameters.storage)
    return node.reject("type of " + what, nameOf(parameters.storage) + " as the tensor",
                       nameOf(type));
  if ((*zeroPoint)->getNumElements() != static_cast<int64_t>(parameters.scales.size()))
    return node.reject("size of " + what,
                       Twine(parameters.scales.size()) + " elements as the scale",
                       Twine((*zeroPoint)->getNumElements()));
  parameters.zeroPoints = (*zeroPoint)->integers();
  if (parameters.storage == DataType::Int32)
    for (int64_t value : parameters.zeroPoints)
      if (value != 0)
        return node.reject(what, "0 for int32", Twine(value));
  return success();
}

FailureOr<QuantParameters>
qbias::onnximport::readParameters(const NodeView &node, unsigned scale,
                                  unsigned zeroPoint, ArrayRef<int64_t> shape,
                                  DataType storage, ZeroScale zeroScale) {
  QuantParameters parameters;
  parameters.storage = storage;
  int64_t blockSize = 0, axis = 1;
  if (failed(node.read("block_size", blockSize)) || failed(node.read("axis", axis)))
    return failure();
  if (blockSize != 0)
    return node.reject("attribute 'block_size'", "0", Twine(blockSize),
                       "block quantization is not supported");
  if (failed(readScales(node, scale, zeroScale, parameters)) ||
      failed(readZeroPoints(node, zeroPoint, parameters)))
    return failure();
  if (parameters.scales.size() == 1)
    return parameters;
  FailureOr<int64_t> normal = node.normalizeAxis(axis, shape.size());
  if (failed(normal))
    return failure();
  if (shape[*normal] != static_cast<int64_t>(parameters.scales.size()))
    return node.reject("size of scale " + quoted(node.getInputName(scale)),
                       "1 or " + Twine(shape[*normal]) + " elements for shape " +
                           text(shape) + " and axis " + Twine(*normal),
                       Twine(parameters.scales.size()));
  parameters.axis = *normal;
  return parameters;
}
