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

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

/// Type of the integers: the zero point's, else output_dtype, else uint8.
static FailureOr<DataType> readOutputType(const NodeView &node) {
  int64_t declared = 0;
  if (failed(node.read("output_dtype", declared)))
    return failure();
  DataType type = declared ? static_cast<DataType>(declared) : DataType::UInt8;
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

LogicalResult qbias::onnximport::importQuantizeLinear(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  if (!input)
    return failure();
  FailureOr<DataType> storage = readOutputType(node);
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

/// The integers DequantizeLinear reads: their type, or Undefined.
static DataType typeOfIntegers(const ImportedTensor &tensor) {
  if (tensor.constant)
    return tensor.constant->getType();
  if (tensor.untyped)
    return *tensor.untyped;
  quant::QuantizedType type = getQuantElement(tensor.value.getType());
  return type ? storageOf(type) : DataType::Undefined;
}

LogicalResult qbias::onnximport::importDequantizeLinear(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  if (!input)
    return failure();
  int64_t outputType = 0;
  if (failed(node.read("output_dtype", outputType)))
    return failure();
  if (outputType && static_cast<DataType>(outputType) != DataType::Float)
    return node.reject("attribute 'output_dtype'", "float32",
                       nameOf(static_cast<DataType>(outputType)));
  DataType storage = typeOfIntegers(*input);
  if (!isQuantizable(storage))
    return node.reject(node.inputText(0), "integers of 2 to 32 bits", input->describe());
  SmallVector<int64_t> shape = input->getShape();
  FailureOr<QuantParameters> parameters =
      readParameters(node, 1, 2, shape, storage,
                     input->constant ? ZeroScale::DeadChannel : ZeroScale::Error);
  if (failed(parameters))
    return failure();
  if (input->constant) {
    Location loc = node.getImporter().getNamer().getLoc(input->constant->getName());
    return node.setResult(0, dequantizeConstant(node, node.getOutputLoc(), loc,
                                                *input->constant, *parameters));
  }
  MLIRContext *context = node.getBuilder().getContext();
  auto type = RankedTensorType::get(shape, makeQuantType(context, *parameters));
  if (input->untyped) {
    input->value.setType(type);
    input->untyped.reset();
  }
  Value quantized = input->value;
  if (quantized.getType() != type)
    quantized = reinterpret(node, node.getOutputLoc(), quantized, type);
  Type real = type.clone(Float32Type::get(context));
  return node.setResult(0,
                        node.create<DequantizeOp>(node.getOutputLoc(), real, quantized));
}
