//===- OperatorView.cpp - one operator of a TensorFlow Lite file ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OperatorView.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Import/Common/Reshapes.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::importing;
using namespace qbias::tfliteimport;

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

FileTensor *OperatorView::getInput(unsigned index) const {
  if (hasInput(index))
    return importer.getTensor(op.inputs()->Get(index), getSubject());
  (void)reject("input " + Twine(index), "a tensor", "none");
  return nullptr;
}

FileTensor *OperatorView::getOutput(unsigned index) const {
  if (index < getNumOutputs())
    return importer.getTensor(op.outputs()->Get(index), getSubject());
  (void)reject("output " + Twine(index), "a tensor", "none");
  return nullptr;
}

std::string OperatorView::inputText(unsigned index) const {
  FileTensor *tensor = getInput(index);
  return "input " + quoted(tensor ? tensor->name : std::string());
}

FailureOr<Value>
OperatorView::getReal(const ConstantTensor &constant,
                      const std::optional<QuantParameters> &quantization) const {
  Location loc = importer.getLoc(constant.getName());
  if (quantization)
    return dequantizeConstant(*this, loc, loc, constant, *quantization);
  if (constant.isFloat())
    return writeFloats(getBuilder(), importer.getBudget(), loc, constant, getSubject());
  return reject("constant " + quoted(constant.getName()),
                "floats or integers with a scale",
                nameOf(constant.getType()) + text(constant.getShape()));
}

FailureOr<Value> OperatorView::getReal(unsigned index) const {
  FileTensor *tensor = getInput(index);
  if (!tensor)
    return failure();
  if (tensor->constant)
    return getReal(*tensor->constant, tensor->quantization);
  if (!tensor->value)
    return reject(inputText(index), "a tensor computed before", "none",
                  "the operators of the file are not in order");
  auto type = cast<RankedTensorType>(tensor->value.getType());
  if (isRealTensor(type))
    return tensor->value;
  if (!getQuantElement(type))
    return reject(inputText(index), "float32 or integers with a scale",
                  "the indices of ARG_MAX", "end the model with them");
  return DequantizeOp::create(getBuilder(), importer.getLoc(tensor->name),
                              type.clone(getBuilder().getF32Type()), tensor->value)
      .getResult();
}

FailureOr<const ConstantTensor *> OperatorView::getConstant(unsigned index,
                                                            StringRef what) const {
  FileTensor *tensor = getInput(index);
  if (!tensor)
    return failure();
  if (tensor->constant)
    return &*tensor->constant;
  return reject(what + " " + quoted(tensor->name), "a constant", "a computed tensor");
}

FailureOr<SmallVector<int64_t>> OperatorView::getIntegers(unsigned index,
                                                          StringRef what) const {
  FailureOr<const ConstantTensor *> constant = getConstant(index, what);
  if (failed(constant))
    return failure();
  DataType type = (*constant)->getType();
  if ((type == DataType::Int32 || type == DataType::Int64) &&
      (*constant)->getNumElements() <= int64_t(ConstantTensor::kMaxFolded))
    return (*constant)->integers();
  return reject(what + " " + quoted((*constant)->getName()),
                "int32 or int64, at most " + Twine(ConstantTensor::kMaxFolded) +
                    " elements",
                getInput(index)->describe());
}

FailureOr<int64_t> OperatorView::getInteger(unsigned index, StringRef what) const {
  FailureOr<SmallVector<int64_t>> values = getIntegers(index, what);
  if (failed(values))
    return failure();
  if (values->size() == 1)
    return values->front();
  return reject(what, "one number", Twine(values->size()));
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

/// What the file says has to be what is computed. With another batch, first
/// dimensions may differ.
LogicalResult OperatorView::checkShape(const FileTensor &tensor,
                                       ArrayRef<int64_t> shape) const {
  const auto *signature = tensor.file->shape_signature();
  bool isOpen = signature && signature->size() == shape.size() && !shape.empty() &&
                signature->Get(0) == -1;
  ArrayRef<int64_t> declared = tensor.shape;
  if (declared == shape || (isOpen && declared.drop_front() == shape.drop_front()))
    return success();
  return reject("shape of output " + quoted(tensor.name),
                text(declared) + " as the file declares", text(shape));
}

LogicalResult OperatorView::setReal(Value real, unsigned index) const {
  FileTensor *tensor = getOutput(index);
  if (!tensor || failed(checkShape(*tensor, shapeOf(real))))
    return failure();
  if (tensor->value || tensor->constant)
    return reject("output " + quoted(tensor->name), "a tensor computed once",
                  tensor->constant ? "a constant" : "one computed before");
  if (tensor->isFloat()) {
    tensor->value = real;
    return success();
  }
  bool isActivation = tensor->quantization && tensor->type != DataType::Int32;
  if (!isActivation)
    return reject("output " + quoted(tensor->name),
                  "float32 or integers of up to 16 bits with a scale",
                  tensor->describe());
  if (tensor->quantization->axis)
    return reject("output " + quoted(tensor->name), "one scale",
                  Twine(tensor->quantization->scales.size()) + " scales");
  auto type = cast<RankedTensorType>(real.getType());
  Type element = makeQuantType(getBuilder().getContext(), *tensor->quantization);
  tensor->value =
      create<QuantizeOp>(importer.getLoc(tensor->name), type.clone(element), real);
  return success();
}

LogicalResult OperatorView::setActivated(Value real, fb::Activation activation) const {
  constexpr double kOne = 1, kSix = 6;
  auto clamp = [&](std::optional<double> lo, std::optional<double> hi) {
    Builder &b = getBuilder();
    return create<ClampOp>(getLoc(), real.getType(), real,
                           lo ? b.getF64FloatAttr(*lo) : FloatAttr(),
                           hi ? b.getF64FloatAttr(*hi) : FloatAttr())
        .getResult();
  };
  switch (activation) {
  case fb::Activation::NONE:
    break;
  case fb::Activation::RELU:
    real = clamp(0.0, std::nullopt);
    break;
  case fb::Activation::RELU_N1_TO_1:
    real = clamp(-kOne, kOne);
    break;
  case fb::Activation::RELU6:
    real = clamp(0.0, kSix);
    break;
  case fb::Activation::TANH:
    real = create<UnaryOp>(getLoc(), real.getType(), UnaryKind::Tanh, real, FloatAttr(),
                           FloatAttr());
    break;
  default:
    return reject("fused activation", "NONE, RELU, RELU_N1_TO_1, RELU6 or TANH",
                  fb::EnumNameActivation(activation));
  }
  return setReal(real);
}

LogicalResult OperatorView::setIndices(Value indices) const {
  FileTensor *tensor = getOutput();
  if (!tensor || failed(checkShape(*tensor, shapeOf(indices))))
    return failure();
  if (tensor->value || tensor->constant)
    return reject("output " + quoted(tensor->name), "a tensor computed once",
                  "one computed before");
  tensor->value = indices;
  return success();
}

LogicalResult OperatorView::setConstant(ConstantTensor constant) const {
  FileTensor *tensor = getOutput();
  if (!tensor)
    return failure();
  if (tensor->value || tensor->constant)
    return reject("output " + quoted(tensor->name), "a tensor computed once",
                  "one computed before");
  // What the file declares may be something else.
  tensor->shape.assign(constant.getShape().begin(), constant.getShape().end());
  tensor->constant = constant.withName(tensor->name);
  return success();
}
