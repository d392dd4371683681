//===- Elementwise.cpp - sums, products, functions, rescales ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Numerics/Softmax.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::importing;
using namespace qbias::tfliteimport;
using Code = fb::BuiltinOperator;

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

static FailureOr<SmallVector<int64_t>> broadcast(const OperatorView &op, Value lhs,
                                                 Value rhs) {
  SmallVector<int64_t> shape;
  for (auto [a, b] : llvm::zip(shapeOf(lhs), shapeOf(rhs))) {
    if (a != b && a != 1 && b != 1)
      return op.reject("shape of " + op.inputText(1),
                       "one that broadcasts with " + text(shapeOf(lhs)),
                       text(shapeOf(rhs)));
    shape.push_back(a == 1 ? b : a);
  }
  return shape;
}

static FailureOr<fb::Activation> readActivation(const OperatorView &op) {
  auto activationOf = [](auto options) -> FailureOr<fb::Activation> {
    if (failed(options))
      return failure();
    return (*options)->activation();
  };
  switch (op.getCode()) {
  case Code::ADD:
    return activationOf(op.getOptions<fb::AddOptions>());
  case Code::SUB:
    return activationOf(op.getOptions<fb::SubOptions>());
  case Code::MUL:
    return activationOf(op.getOptions<fb::MulOptions>());
  default:
    return fb::Activation::NONE;
  }
}

/// The operation of the operator's code.
static Value buildBinary(const OperatorView &op, Type type, Value lhs, Value rhs) {
  switch (op.getCode()) {
  case Code::ADD:
    return op.create<AddOp>(op.getLoc(), type, lhs, rhs);
  case Code::SUB:
    return op.create<SubOp>(op.getLoc(), type, lhs, rhs);
  case Code::MUL:
    return op.create<MulOp>(op.getLoc(), type, lhs, rhs);
  case Code::MAXIMUM:
    return op.create<MaximumOp>(op.getLoc(), type, lhs, rhs);
  default:
    return op.create<MinimumOp>(op.getLoc(), type, lhs, rhs);
  }
}

LogicalResult qbias::tfliteimport::importBinary(OperatorView &op) {
  FailureOr<fb::Activation> activation = readActivation(op);
  FailureOr<Value> lhs = op.getReal(0), rhs = op.getReal(1);
  if (failed(activation) || failed(lhs) || failed(rhs))
    return failure();
  size_t rank = std::max(shapeOf(*lhs).size(), shapeOf(*rhs).size());
  if (failed(lhs = extendRank(op, *lhs, rank)) ||
      failed(rhs = extendRank(op, *rhs, rank)))
    return failure();
  FailureOr<SmallVector<int64_t>> shape = broadcast(op, *lhs, *rhs);
  if (failed(shape))
    return failure();
  FailureOr<RankedTensorType> type = op.makeType(*shape, op.getBuilder().getF32Type());
  if (failed(type))
    return failure();
  return op.setActivated(buildBinary(op, *type, *lhs, *rhs), *activation);
}

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

static UnaryKind kindOf(Code code) {
  switch (code) {
  case Code::ABS:
    return UnaryKind::Abs;
  case Code::ELU:
    return UnaryKind::Elu;
  case Code::EXP:
    return UnaryKind::Exp;
  case Code::GELU:
    return UnaryKind::Gelu;
  case Code::HARD_SWISH:
    return UnaryKind::HardSwish;
  case Code::LEAKY_RELU:
    return UnaryKind::LeakyRelu;
  case Code::LOGISTIC:
    return UnaryKind::Sigmoid;
  case Code::SQRT:
    return UnaryKind::Sqrt;
  case Code::SQUARE:
    return UnaryKind::Square;
  default:
    return UnaryKind::Tanh;
  }
}

LogicalResult qbias::tfliteimport::importUnary(OperatorView &op) {
  FailureOr<Value> input = op.getReal(0);
  if (failed(input))
    return failure();
  UnaryKind kind = kindOf(op.getCode());
  FloatAttr alpha;
  if (kind == UnaryKind::Elu)
    alpha = op.getBuilder().getF64FloatAttr(1);
  if (kind == UnaryKind::LeakyRelu) {
    auto options = op.getOptions<fb::LeakyReluOptions>();
    if (failed(options))
      return failure();
    if (!std::isfinite((*options)->alpha()))
      return op.reject("alpha", "a finite number", realText((*options)->alpha()));
    alpha = op.getBuilder().getF64FloatAttr((*options)->alpha());
  }
  if (kind == UnaryKind::Gelu) {
    auto options = op.getOptions<fb::GeluOptions>();
    if (failed(options))
      return failure();
    kind = (*options)->approximate() ? UnaryKind::GeluTanh : UnaryKind::Gelu;
  }
  return op.setReal(op.create<UnaryOp>(op.getLoc(), input->getType(), kind, *input, alpha,
                                       FloatAttr()));
}

LogicalResult qbias::tfliteimport::importRelu(OperatorView &op) {
  FailureOr<Value> input = op.getReal(0);
  if (failed(input))
    return failure();
  switch (op.getCode()) {
  case Code::RELU:
    return op.setActivated(*input, fb::Activation::RELU);
  case Code::RELU6:
    return op.setActivated(*input, fb::Activation::RELU6);
  case Code::RELU_N1_TO_1:
    return op.setActivated(*input, fb::Activation::RELU_N1_TO_1);
  default:
    break;
  }
  Builder &builder = op.getBuilder();
  return op.setReal(op.create<ClampOp>(op.getLoc(), input->getType(), *input,
                                       builder.getF64FloatAttr(0),
                                       builder.getF64FloatAttr(1)));
}

/// Both ways and from one type to another: the types say what happens. A
/// constant becomes one of the other type.
LogicalResult qbias::tfliteimport::importQuantize(OperatorView &op) {
  FileTensor *input = op.getInput(0), *output = op.getOutput();
  if (!input || !output)
    return failure();
  bool isWeight = input->constant && output->isFloat();
  if (isWeight && !input->quantization && !input->constant->isFloat())
    return op.reject(op.inputText(0), "floats or integers with a scale",
                     input->describe());
  FailureOr<Value> real = op.getReal(0);
  return failed(real) ? failure() : op.setReal(*real);
}

LogicalResult qbias::tfliteimport::importSoftmax(OperatorView &op) {
  auto options = op.getOptions<fb::SoftmaxOptions>();
  FailureOr<Value> input = op.getReal(0);
  if (failed(options) || failed(input))
    return failure();
  double beta = (*options)->beta();
  int64_t depth = shapeOf(*input).empty() ? 0 : shapeOf(*input).back();
  if (!(beta > 0) || !std::isfinite(beta))
    return op.reject("beta", "a positive finite number", realText(beta));
  if (depth < 1 || depth > numerics::kMaxSoftmaxDepth)
    return op.reject("elements in a row", "1 to " + Twine(numerics::kMaxSoftmaxDepth),
                     Twine(depth));
  return op.setReal(op.create<SoftmaxOp>(op.getLoc(), input->getType(), *input,
                                         op.getBuilder().getF64FloatAttr(beta)));
}
