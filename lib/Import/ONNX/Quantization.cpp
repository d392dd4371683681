//===- Quantization.cpp - QuantizeLinear and DequantizeLinear ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A constant read by DequantizeLinear is a weight or a bias; its integers stay
// as stored. Everything else is an activation: its integers and their type are
// the file's own.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"
#include "QuantParameters.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Import/Common/ChannelLine.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

/// Type of the integers: the zero point's, else output_dtype, else `fallback`.
static FailureOr<DataType> readOutputType(const NodeView &node, DataType fallback) {
  int64_t declared = 0;
  if (failed(node.read("output_dtype", declared)))
    return failure();
  DataType type = declared ? static_cast<DataType>(declared) : fallback;
  if (node.hasInput(2)) {
    FailureOr<const ConstantTensor *> zeroPoint = node.needConstant(2, "zero point");
    if (failed(zeroPoint))
      return failure();
    type = (*zeroPoint)->getType();
    if (declared && static_cast<DataType>(declared) != type)
      return node.reject("attribute 'output_dtype'", nameOf(type) + " as the zero point",
                         nameOf(static_cast<DataType>(declared)));
  }
  if (!isQuantizable(type) || type == DataType::Int32)
    return node.reject("output type", "an integer of 2 to 16 bits", nameOf(type));
  return type;
}

/// Since operator set 23 the division has the precision of the attribute, else
/// of the scale.
static LogicalResult checkPrecision(const NodeView &node) {
  constexpr int64_t kFirstWithPrecision = 23;
  int64_t precision = 0;
  if (failed(node.read("precision", precision)))
    return failure();
  const ConstantTensor *scale = node.getConstant(1);
  if (precision == 0 && scale && node.getOpset() >= kFirstWithPrecision)
    precision = static_cast<int64_t>(scale->getType());
  if (precision == 0 || static_cast<DataType>(precision) == DataType::Float)
    return success();
  return node.reject("precision of the division", "float32",
                     nameOf(static_cast<DataType>(precision)));
}

static LogicalResult importQuantize(NodeView &node, DataType fallback) {
  ImportedTensor *input = node.getInput(0);
  if (!input)
    return failure();
  FailureOr<DataType> storage = readOutputType(node, fallback);
  if (failed(storage))
    return failure();
  bool isConstant = input->constant && input->constant->isFloat();
  FailureOr<QuantParameters> parameters =
      readParameters(node, 1, 2, input->getShape(), *storage,
                     isConstant ? ZeroScale::DeadChannel : ZeroScale::Error);
  if (failed(parameters) || failed(checkPrecision(node)))
    return failure();
  if (isConstant)
    return node.setResult(0, quantizeConstant(node, *input->constant, *parameters));
  FailureOr<Value> real = node.getReal(0);
  if (failed(real))
    return failure();
  quant::QuantizedType element =
      makeQuantType(node.getBuilder().getContext(), *parameters);
  Type type = RankedTensorType::get(shapeOf(*real), element);
  return node.setResult(0, node.create<QuantizeOp>(node.getOutputLoc(), type, *real));
}

LogicalResult qbias::onnximport::importQuantizeLinear(NodeView &node) {
  return importQuantize(node, DataType::UInt8);
}

/// The integers DequantizeLinear reads: their type, or Undefined.
static DataType typeOfIntegers(const ImportedTensor &tensor) {
  if (tensor.constant)
    return tensor.constant->getType();
  if (tensor.untyped)
    return *tensor.untyped;
  quant::QuantizedType type = getQuantElement(tensor.value.getType());
  return type ? storageOf(type) : DataType::Undefined;
}

/// The real numbers of integers that are no constant, with one scale and zero point.
static Value dequantizeTensor(const NodeView &node, ImportedTensor &input,
                              const QuantParameters &parameters) {
  MLIRContext *context = node.getBuilder().getContext();
  auto type = RankedTensorType::get(input.getShape(), makeQuantType(context, parameters));
  if (input.untyped) {
    input.value.setType(type);
    input.untyped.reset();
  }
  Value quantized = input.value;
  if (quantized.getType() != type)
    quantized = reinterpret(node, node.getOutputLoc(), quantized, type);
  Type real = type.clone(Float32Type::get(context));
  return node.create<DequantizeOp>(node.getOutputLoc(), real, quantized);
}

/// The integers themselves, then a factor and an offset for each channel:
/// (q - z[c]) * s[c] = s[c] * q - z[c] * s[c]. A double holds the products.
static FailureOr<Value> dequantizeChannels(const NodeView &node, ImportedTensor &input,
                                           const QuantParameters &parameters) {
  QuantParameters unit;
  unit.storage = parameters.storage;
  unit.scales = {1.0};
  unit.zeroPoints = {0};
  importing::ChannelLine line;
  for (auto [scale, zero] : llvm::zip(parameters.scales, parameters.zeroPoints)) {
    line.factors.push_back(scale);
    line.offsets.push_back(-static_cast<double>(zero) * scale);
    if (!importing::isLineNumber(line.offsets.back()))
      return node.reject("zero point times scale", "a number in float32's range",
                         realText(line.offsets.back()));
  }
  Value integers = dequantizeTensor(node, input, unit);
  return applyLineAlong(node, integers, *parameters.axis, line);
}

/// Makes the real numbers that the integers of input 0 stand for the result.
static LogicalResult setDequantized(const NodeView &node, ImportedTensor &input,
                                    const QuantParameters &parameters) {
  if (input.constant) {
    Location loc = node.getImporter().getNamer().getLoc(input.constant->getName());
    return node.setResult(0, dequantizeConstant(node, node.getOutputLoc(), loc,
                                                *input.constant, parameters));
  }
  if (parameters.axis)
    return node.setResult(0, dequantizeChannels(node, input, parameters));
  return node.setResult(0, dequantizeTensor(node, input, parameters));
}

LogicalResult qbias::onnximport::importDequantizeLinear(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  if (!input)
    return failure();
  int64_t outputType = 0;
  if (failed(node.read("output_dtype", outputType)))
    return failure();
  DataType declared = outputType ? static_cast<DataType>(outputType) : DataType::Float;
  if (declared != DataType::Float && declared != DataType::Float16 &&
      declared != DataType::BFloat16)
    return node.reject("attribute 'output_dtype'", "float32, float16 or bfloat16",
                       nameOf(static_cast<DataType>(outputType)));
  DataType storage = typeOfIntegers(*input);
  if (!isQuantizable(storage))
    return node.reject(node.inputText(0), "integers of 2 to 32 bits", input->describe());
  SmallVector<int64_t> shape = input->getShape();
  FailureOr<QuantParameters> parameters =
      readParameters(node, 1, 2, shape, storage,
                     input->constant ? ZeroScale::DeadChannel : ZeroScale::Error);
  return failed(parameters) ? failure() : setDequantized(node, *input, *parameters);
}

//===----------------------------------------------------------------------===//
// Parts of operators on quantized tensors
//===----------------------------------------------------------------------===//

/// The quantize of a QOperator: without zero point, 0 of the type of input 3.
LogicalResult qbias::onnximport::importQuantizeLike(NodeView &node) {
  ImportedTensor *like = node.getInput(3);
  return like ? importQuantize(node, typeOfIntegers(*like)) : failure();
}

/// Integers minus their zero point, for ConvInteger and MatMulInteger.
LogicalResult qbias::onnximport::importDequantizeInteger(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  int64_t axis = 0;
  if (!input || failed(node.read("axis", axis)))
    return failure();
  QuantParameters parameters;
  parameters.storage = typeOfIntegers(*input);
  if (parameters.storage != DataType::Int8 && parameters.storage != DataType::UInt8)
    return node.reject(node.inputText(0), "int8 or uint8 elements", input->describe());
  int64_t channels = 1;
  if (node.hasInput(1)) {
    FailureOr<const ConstantTensor *> zeroPoint = node.needConstant(1, "zero point");
    if (failed(zeroPoint))
      return failure();
    channels = (*zeroPoint)->getNumElements();
  }
  parameters.scales.assign(channels, 1.0);
  if (failed(readZeroPoints(node, 1, parameters)))
    return failure();
  SmallVector<int64_t> shape = input->getShape();
  if (channels > 1) {
    FailureOr<int64_t> normal = node.normalizeAxis(axis, shape.size());
    if (failed(normal))
      return failure();
    if (shape[*normal] != channels)
      return node.reject("size of zero point " + quoted(node.getInputName(1)),
                         "1 or " + Twine(shape[*normal]) + " elements", Twine(channels));
    parameters.axis = *normal;
  }
  return setDequantized(node, *input, parameters);
}

/// The accumulator of ConvInteger and MatMulInteger, an int32 tensor.
LogicalResult qbias::onnximport::importQuantizeInteger(NodeView &node) {
  FailureOr<Value> real = node.getReal(0);
  if (failed(real))
    return failure();
  QuantParameters parameters;
  parameters.storage = DataType::Int32;
  parameters.scales = {1.0};
  parameters.zeroPoints = {0};
  Type type = RankedTensorType::get(
      shapeOf(*real), makeQuantType(node.getBuilder().getContext(), parameters));
  return node.setResult(0, node.create<QuantizeOp>(node.getOutputLoc(), type, *real));
}

/// Scale of a bias: the product of both, which a double holds exactly where they
/// are float32.
static LogicalResult multiplyScales(const NodeView &node, double input,
                                    QuantParameters &parameters) {
  for (double &scale : parameters.scales) {
    double product = scale * input;
    if (std::fma(scale, input, -product) != 0)
      return node.reject("scale of the bias", "a product that fits float64",
                         realText(input) + " x " + realText(scale), "use float32 scales");
    scale = product;
  }
  return success();
}

/// The int32 bias of a QOperator, with the product of both scales.
LogicalResult qbias::onnximport::importDequantizeBias(NodeView &node) {
  FailureOr<const ConstantTensor *> bias = node.needConstant(0, "bias");
  QuantParameters parameters, input;
  parameters.storage = DataType::Int32;
  if (failed(bias) || failed(readScales(node, 1, ZeroScale::Error, input)) ||
      failed(readScales(node, 2, ZeroScale::DeadChannel, parameters)))
    return failure();
  if ((*bias)->getType() != DataType::Int32)
    return node.reject("bias " + quoted(node.getInputName(0)), "int32 elements",
                       node.getInput(0)->describe());
  if (input.scales.size() != 1)
    return node.reject("scale " + quoted(node.getInputName(1)), "one element",
                       Twine(input.scales.size()));
  if (failed(multiplyScales(node, input.scales[0], parameters)))
    return failure();
  int64_t channels = parameters.scales.size();
  ArrayRef<int64_t> shape = (*bias)->getShape();
  if (channels > 1) {
    if (shape.empty() || shape.back() != channels)
      return node.reject("shape of bias " + quoted(node.getInputName(0)),
                         Twine(channels) + " elements as the weight's scale",
                         text(shape));
    parameters.axis = shape.size() - 1;
  }
  parameters.zeroPoints.assign(channels, 0);
  Location loc = node.getImporter().getNamer().getLoc((*bias)->getName());
  return node.setResult(
      0, dequantizeConstant(node, node.getOutputLoc(), loc, **bias, parameters));
}

LogicalResult qbias::onnximport::importDynamicQuantizeLinear(NodeView &node) {
  return node.reject("quantization", "a scale that is known before the program runs",
                     "one that is computed from the data",
                     "quantize the model statically, with calibration data");
}
