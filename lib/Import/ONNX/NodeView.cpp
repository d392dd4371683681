//===- NodeView.cpp - one ONNX node, as its import function sees it ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NodeView.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

StringRef NodeView::getInputName(unsigned index) const {
  return index < getNumInputs() ? StringRef(proto.input(index)) : StringRef();
}

bool NodeView::hasInput(unsigned index) const { return !getInputName(index).empty(); }

std::string NodeView::inputText(unsigned index) const {
  return "input " + quoted(getInputName(index));
}

ImportedTensor *NodeView::getInput(unsigned index) const {
  return importer.find(getInputName(index), subject);
}

FailureOr<Value> NodeView::getValue(unsigned index) const {
  FailureOr<Value> value = importer.getValue(getInputName(index), subject);
  if (failed(value) || isRealTensor(value->getType()) || isQuantTensor(value->getType()))
    return value;
  return reject(inputText(index), "float32 or quantized elements", "indices of ArgMax",
                "end the model with them");
}

FailureOr<Value> NodeView::getReal(unsigned index) const {
  FailureOr<Value> value = getValue(index);
  if (failed(value) || isRealTensor(value->getType()))
    return value;
  return reject(inputText(index), "float32 elements", getInput(index)->describe(),
                "dequantize it first (DequantizeLinear)");
}

const ConstantTensor *NodeView::getConstant(unsigned index) const {
  ImportedTensor *tensor = getInput(index);
  return tensor && tensor->constant ? &*tensor->constant : nullptr;
}

FailureOr<const ConstantTensor *> NodeView::needConstant(unsigned index,
                                                         StringRef role) const {
  ImportedTensor *tensor = getInput(index);
  if (!tensor)
    return failure();
  if (tensor->constant)
    return &*tensor->constant;
  StringRef name = getInputName(index);
  const onnx::NodeProto *producer = importer.getGraph().getProducer(name);
  std::string what = role.str() + " " + quoted(name);
  if (producer)
    return reject(what, "a constant",
                  "the output of " + producer->op_type() + " " +
                      quoted(Namer::nameOf(*producer)),
                  "fold it into the file as an initializer");
  return reject(what, "a constant", "a graph input",
                "give its value with --bind " + name + "=FILE");
}

FailureOr<SmallVector<int64_t>> NodeView::needIntegers(unsigned index,
                                                       StringRef role) const {
  FailureOr<const ConstantTensor *> constant = needConstant(index, role);
  if (failed(constant))
    return failure();
  DataType type = (*constant)->getType();
  if ((type != DataType::Int64 && type != DataType::Int32) ||
      (*constant)->getShape().size() > 1)
    return reject(role + " " + quoted(getInputName(index)),
                  "int64 elements and rank at most 1", getInput(index)->describe());
  return (*constant)->integers();
}

FailureOr<double> NodeView::needReal(unsigned index, StringRef role) const {
  FailureOr<const ConstantTensor *> constant = needConstant(index, role);
  if (failed(constant))
    return failure();
  if (!(*constant)->isFloat() || (*constant)->getNumElements() != 1)
    return reject(role + " " + quoted(getInputName(index)), "one float element",
                  getInput(index)->describe());
  return (*constant)->realAt(0);
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

const onnx::AttributeProto *NodeView::findAttr(StringRef name) const {
  for (const onnx::AttributeProto &attribute : proto.attribute())
    if (attribute.name() == name)
      return &attribute;
  return nullptr;
}

static const char *kindText(onnx::AttributeProto::AttributeType type) {
  switch (type) {
  case onnx::AttributeProto::FLOAT:
    return "a float";
  case onnx::AttributeProto::INT:
    return "an integer";
  case onnx::AttributeProto::STRING:
    return "a string";
  case onnx::AttributeProto::TENSOR:
    return "a tensor";
  case onnx::AttributeProto::GRAPH:
    return "a graph";
  case onnx::AttributeProto::FLOATS:
    return "a list of floats";
  case onnx::AttributeProto::INTS:
    return "a list of integers";
  case onnx::AttributeProto::STRINGS:
    return "a list of strings";
  default:
    return "another kind";
  }
}

/// Files of IR version 1 carry no type: the field that is set tells it.
static onnx::AttributeProto::AttributeType typeOf(const onnx::AttributeProto &attribute) {
  if (attribute.type() != onnx::AttributeProto::UNDEFINED)
    return attribute.type();
  return attribute.has_f()         ? onnx::AttributeProto::FLOAT
         : attribute.has_i()       ? onnx::AttributeProto::INT
         : attribute.has_s()       ? onnx::AttributeProto::STRING
         : attribute.has_t()       ? onnx::AttributeProto::TENSOR
         : attribute.has_g()       ? onnx::AttributeProto::GRAPH
         : attribute.ints_size()   ? onnx::AttributeProto::INTS
         : attribute.floats_size() ? onnx::AttributeProto::FLOATS
                                   : onnx::AttributeProto::UNDEFINED;
}

/// Null with `status` success when the attribute is absent.
const onnx::AttributeProto *NodeView::findAttr(StringRef name,
                                               onnx::AttributeProto::AttributeType type,
                                               LogicalResult &status) const {
  status = success();
  const onnx::AttributeProto *attribute = findAttr(name);
  if (!attribute || typeOf(*attribute) == type)
    return attribute;
  status =
      reject("attribute " + quoted(name), kindText(type), kindText(typeOf(*attribute)));
  return nullptr;
}

LogicalResult NodeView::read(StringRef name, int64_t &value) const {
  LogicalResult status = success();
  if (auto *attribute = findAttr(name, onnx::AttributeProto::INT, status))
    value = attribute->i();
  return status;
}

LogicalResult NodeView::read(StringRef name, double &value) const {
  LogicalResult status = success();
  if (auto *attribute = findAttr(name, onnx::AttributeProto::FLOAT, status))
    value = attribute->f();
  return status;
}

LogicalResult NodeView::read(StringRef name, std::string &value) const {
  LogicalResult status = success();
  if (auto *attribute = findAttr(name, onnx::AttributeProto::STRING, status))
    value = attribute->s();
  return status;
}

LogicalResult NodeView::read(StringRef name, SmallVectorImpl<int64_t> &value) const {
  LogicalResult status = success();
  if (auto *attribute = findAttr(name, onnx::AttributeProto::INTS, status))
    value.assign(attribute->ints().begin(), attribute->ints().end());
  return status;
}

LogicalResult NodeView::read(StringRef name, SmallVectorImpl<double> &value) const {
  LogicalResult status = success();
  if (auto *attribute = findAttr(name, onnx::AttributeProto::FLOATS, status))
    value.assign(attribute->floats().begin(), attribute->floats().end());
  return status;
}

const onnx::TensorProto *NodeView::getTensorAttr(StringRef name) const {
  const onnx::AttributeProto *attribute = findAttr(name);
  return attribute && attribute->has_t() ? &attribute->t() : nullptr;
}

FailureOr<std::optional<SmallVector<int64_t>>>
NodeView::readIntegers(StringRef attribute, unsigned input) const {
  if (hasInput(input)) {
    FailureOr<SmallVector<int64_t>> values = needIntegers(input, attribute);
    if (failed(values))
      return failure();
    return std::optional(*values);
  }
  SmallVector<int64_t> values;
  if (failed(read(attribute, values)))
    return failure();
  return hasAttr(attribute) ? std::optional(values) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

StringRef NodeView::getOutputName(unsigned index) const {
  return index < getNumOutputs() ? StringRef(proto.output(index)) : StringRef();
}

Location NodeView::getOutputLoc() const {
  return importer.getNamer().getLoc(getOutputName(0));
}

LogicalResult NodeView::setResult(unsigned index, Value value) const {
  ImportedTensor tensor;
  tensor.value = value;
  return importer.define(getOutputName(index), std::move(tensor), subject);
}

LogicalResult NodeView::setResult(unsigned index, ConstantTensor constant) const {
  ImportedTensor tensor;
  tensor.constant = std::move(constant);
  return importer.define(getOutputName(index), std::move(tensor), subject);
}

LogicalResult NodeView::setResult(unsigned index, FailureOr<Value> value) const {
  return failed(value) ? failure() : setResult(index, *value);
}

LogicalResult NodeView::setResult(unsigned index,
                                  FailureOr<ConstantTensor> constant) const {
  return failed(constant) ? failure() : setResult(index, std::move(*constant));
}

LogicalResult NodeView::forward(unsigned input) const {
  ImportedTensor *tensor = getInput(input);
  if (!tensor)
    return failure();
  if (tensor->untyped)
    return failure(failed(getValue(input)));
  return importer.define(getOutputName(0), *tensor, subject);
}
