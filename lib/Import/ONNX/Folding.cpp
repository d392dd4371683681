//===- Folding.cpp - constants and operators that fold away ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"
#include "QuantParameters.h"

#include <limits>

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

LogicalResult qbias::onnximport::importIdentity(NodeView &node) {
  return node.forward(0);
}

/// Inference: the identity. There is no mask; who reads it gets an error.
LogicalResult qbias::onnximport::importDropout(NodeView &node) {
  if (!node.hasInput(2))
    return node.forward(0);
  FailureOr<const ConstantTensor *> training = node.needConstant(2, "training mode");
  if (failed(training))
    return failure();
  if ((*training)->getType() != DataType::Bool || (*training)->getNumElements() != 1 ||
      (*training)->integerAt(0) != 0)
    return node.reject("training mode " + quoted(node.getInputName(2)), "false", "true",
                       "export the model for inference");
  return node.forward(0);
}

/// Floats as a constant.
static ConstantTensor makeFloats(const NodeView &node, ArrayRef<int64_t> shape,
                                 ArrayRef<double> values) {
  std::vector<char> bytes(values.size() * sizeof(float));
  for (auto [index, value] : llvm::enumerate(values)) {
    float element = static_cast<float>(value); // read from a float attribute
    std::memcpy(bytes.data() + index * sizeof(float), &element, sizeof(float));
  }
  return ConstantTensor(node.getOutputName(0).str(), DataType::Float, shape,
                        std::move(bytes));
}

LogicalResult qbias::onnximport::importConstant(NodeView &node) {
  std::string name = node.getOutputName(0).str();
  if (const onnx::TensorProto *tensor = node.getTensorAttr("value")) {
    FailureOr<ConstantTensor> constant =
        node.getImporter().decodeTensor(*tensor, node.getSubject());
    if (failed(constant) ||
        failed(node.charge(constant->getNumElements() * constant->getWidth())))
      return failure();
    return node.setResult(0, constant->withName(name));
  }
  int64_t integer = 0;
  double real = 0;
  SmallVector<int64_t> integers;
  SmallVector<double> reals;
  if (failed(node.read("value_int", integer)) || failed(node.read("value_float", real)) ||
      failed(node.read("value_ints", integers)) ||
      failed(node.read("value_floats", reals)))
    return failure();
  if (node.hasAttr("value_int"))
    return node.setResult(0, ConstantTensor::ofIntegers(name, {}, integer));
  if (node.hasAttr("value_ints"))
    return node.setResult(0, ConstantTensor::ofIntegers(
                                 name, static_cast<int64_t>(integers.size()), integers));
  if (node.hasAttr("value_float"))
    return node.setResult(0, makeFloats(node, {}, real));
  if (node.hasAttr("value_floats"))
    return node.setResult(0, makeFloats(node, static_cast<int64_t>(reals.size()), reals));
  return node.reject("value", "a tensor, numbers or a number", "none");
}

/// The extents from `start` to `end`, known at import.
LogicalResult qbias::onnximport::importShape(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  if (!input)
    return failure();
  SmallVector<int64_t> shape = input->getShape();
  int64_t rank = shape.size(), start = 0, end = rank;
  if (failed(node.read("start", start)) || failed(node.read("end", end)))
    return failure();
  auto clamp = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? std::max(at, -rank) + rank : at, 0, rank);
  };
  start = clamp(start);
  ArrayRef<int64_t> part =
      ArrayRef(shape).slice(start, std::max<int64_t>(0, clamp(end) - start));
  return node.setResult(0, ConstantTensor::ofIntegers(node.getOutputName(0).str(),
                                                      static_cast<int64_t>(part.size()),
                                                      part));
}

/// Entries of a constant list, or slices of a computed tensor; the indices are
/// constants.
LogicalResult qbias::onnximport::importGather(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  FailureOr<const ConstantTensor *> indices = failure();
  int64_t axis = 0;
  if (!input || failed(indices = node.needConstant(1, "indices")) ||
      failed(node.read("axis", axis)))
    return failure();
  DataType type = (*indices)->getType();
  if (!input->constant && (type == DataType::Int64 || type == DataType::Int32))
    return gatherSlices(node, **indices, axis);
  FailureOr<const ConstantTensor *> data = node.needConstant(0, "input");
  if (failed(data))
    return failure();
  if (!(*data)->isShapeArithmetic() || !(*indices)->isShapeArithmetic() ||
      (*data)->getShape().size() != 1 || (axis != 0 && axis != -1))
    return node.reject("inputs", "a short constant list and constant indices",
                       node.getInput(0)->describe() + " and " +
                           node.getInput(1)->describe(),
                       "Gather is supported in computations of shapes");
  SmallVector<int64_t> values;
  int64_t count = (*data)->getNumElements();
  for (int64_t index : (*indices)->integers()) {
    if (index < -count || index >= count)
      return node.reject("index",
                         "one in [" + Twine(-count) + ", " + Twine(count - 1) + "]",
                         Twine(index));
    values.push_back((*data)->integerAt(index < 0 ? index + count : index));
  }
  return node.setResult(0, ConstantTensor::ofIntegers(node.getOutputName(0).str(),
                                                      (*indices)->getShape(), values));
}

static bool isFloat(DataType type) { return type == DataType::Float; }

/// An int32 accumulator (ConvInteger, MatMulInteger) as real numbers.
static std::optional<Value> dequantizeUnit(const NodeView &node,
                                           const ImportedTensor &input) {
  auto type = input.constant || input.untyped
                  ? quant::UniformQuantizedType()
                  : dyn_cast<quant::UniformQuantizedType>(elementOf(input.value));
  if (!type || storageOf(type) != DataType::Int32 || type.getScale() != 1)
    return std::nullopt;
  auto real = RankedTensorType::get(shapeOf(input.value), node.getBuilder().getF32Type());
  return node.create<DequantizeOp>(node.getOutputLoc(), real, input.value).getResult();
}

/// Between integer types of shape arithmetic, to the type a tensor has, or of an
/// accumulator to float.
LogicalResult qbias::onnximport::importCast(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  int64_t to = 0;
  if (!input || failed(node.read("to", to)))
    return failure();
  auto type = static_cast<DataType>(to);
  bool isReal =
      !input->constant && !input->untyped && isRealTensor(input->value.getType());
  if (isReal && type == DataType::Float)
    return node.forward(0);
  if (std::optional<Value> real = dequantizeUnit(node, *input); real && isFloat(type))
    return node.setResult(0, *real);
  bool isInteger = type == DataType::Int64 || type == DataType::Int32;
  if (input->constant && input->constant->isShapeArithmetic() && isInteger) {
    SmallVector<int64_t> values = input->constant->integers();
    return node.setResult(0, ConstantTensor::ofIntegers(node.getOutputName(0).str(),
                                                        input->constant->getShape(),
                                                        values));
  }
  return node.reject("conversion", "one between integer constants, or none",
                     input->describe() + " to " + nameOf(type),
                     "use QuantizeLinear and DequantizeLinear");
}
