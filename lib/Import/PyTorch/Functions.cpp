//===- Functions.cpp - functions of one operand ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/ChannelLine.h"
#include "qbias/Import/Common/Selections.h"
#include "qbias/Import/Common/Softmax.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;

FailureOr<Value> qbias::pytorchimport::makeNumber(const NodeView &node, double number,
                                                  size_t rank) {
  float element = static_cast<float>(number);
  if (!std::isfinite(element))
    return node.reject("operand", "a finite float32 number", realText(number));
  return makeScalar(node, element, rank);
}

namespace {
/// An operator and its function; `parameter` is its alpha, with its default.
struct UnaryOperator {
  const char *name;
  UnaryKind kind;
  const char *parameter;
  double alpha;
};
} // namespace

static constexpr UnaryOperator kUnaryOperators[] = {
    {"aten.abs", UnaryKind::Abs, nullptr, 0},
    {"aten.ceil", UnaryKind::Ceil, nullptr, 0},
    {"aten.elu", UnaryKind::Elu, "alpha", 1.0},
    {"aten.erf", UnaryKind::Erf, nullptr, 0},
    {"aten.exp", UnaryKind::Exp, nullptr, 0},
    {"aten.floor", UnaryKind::Floor, nullptr, 0},
    {"aten.gelu", UnaryKind::Gelu, nullptr, 0},
    {"aten.hardswish", UnaryKind::HardSwish, nullptr, 0},
    {"aten.leaky_relu", UnaryKind::LeakyRelu, "negative_slope", 0.01},
    {"aten.log", UnaryKind::Log, nullptr, 0},
    {"aten.mish", UnaryKind::Mish, nullptr, 0},
    {"aten.reciprocal", UnaryKind::Reciprocal, nullptr, 0},
    {"aten.round", UnaryKind::Round, nullptr, 0},
    {"aten.rsqrt", UnaryKind::Rsqrt, nullptr, 0},
    {"aten.sigmoid", UnaryKind::Sigmoid, nullptr, 0},
    {"aten.sign", UnaryKind::Sign, nullptr, 0},
    {"aten.silu", UnaryKind::Silu, nullptr, 0},
    {"aten.sqrt", UnaryKind::Sqrt, nullptr, 0},
    {"aten.square", UnaryKind::Square, nullptr, 0},
    {"aten.tanh", UnaryKind::Tanh, nullptr, 0},
};

/// What the function cannot express: elu with other scales, gelu's variants.
static LogicalResult readVariant(const NodeView &node, UnaryKind &kind) {
  double scale = 1, inputScale = 1;
  std::string approximate = "none";
  if (failed(node.read("scale", scale)) || failed(node.read("input_scale", inputScale)) ||
      failed(node.read("approximate", approximate)))
    return failure();
  if (scale != 1 || inputScale != 1)
    return node.reject("arguments 'scale' and 'input_scale'", "1",
                       realText(scale) + " and " + realText(inputScale));
  if (approximate == "tanh")
    kind = UnaryKind::GeluTanh;
  else if (approximate != "none")
    return node.reject("argument 'approximate'", "'none' or 'tanh'", quoted(approximate));
  return success();
}

LogicalResult qbias::pytorchimport::importUnary(NodeView &node) {
  const UnaryOperator &op =
      *llvm::find_if(kUnaryOperators, [&](const UnaryOperator &entry) {
        return node.getOp() == entry.name;
      });
  UnaryKind kind = op.kind;
  double alpha = op.alpha;
  FailureOr<Value> input = node.getReal("self");
  if (failed(input) || failed(readVariant(node, kind)) ||
      (op.parameter && failed(node.read(op.parameter, alpha))))
    return failure();
  if (!std::isfinite(alpha))
    return node.reject("argument " + quoted(op.parameter), "a finite number",
                       realText(alpha));
  OpBuilder &builder = node.getBuilder();
  FloatAttr first;
  if (op.parameter)
    first = builder.getF64FloatAttr(alpha);
  return node.setResult(0, node.create<UnaryOp>(node.getLoc(), input->getType(), kind,
                                                *input, first, FloatAttr()));
}

/// relu6(x + 3) / 6; one sixth is no float, so no scale can stand for it.
LogicalResult qbias::pytorchimport::importHardSigmoid(NodeView &node) {
  FailureOr<Value> input = node.getReal("self");
  if (failed(input))
    return failure();
  OpBuilder &builder = node.getBuilder();
  size_t rank = shapeOf(*input).size();
  Value three = makeScalar(node, 3, rank), six = makeScalar(node, 6, rank);
  Type type = input->getType();
  Value sum = node.create<AddOp>(node.getLoc(), type, *input, three);
  Value limited = node.create<ClampOp>(
      node.getLoc(), type, sum, builder.getF64FloatAttr(0), builder.getF64FloatAttr(6));
  return node.setResult(0, node.create<DivOp>(node.getLoc(), type, limited, six));
}

LogicalResult qbias::pytorchimport::importNeg(NodeView &node) {
  FailureOr<Value> input = node.getReal("self");
  if (failed(input))
    return failure();
  Value minusOne = makeScalar(node, -1, shapeOf(*input).size());
  return node.setResult(
      0, node.create<MulOp>(node.getLoc(), input->getType(), *input, minusOne));
}

/// Exponents that have a function of their own.
LogicalResult qbias::pytorchimport::importPow(NodeView &node) {
  FailureOr<Value> input = node.getReal("self");
  double exponent = 0;
  if (failed(input) || failed(node.need("exponent", exponent)))
    return failure();
  auto apply = [&](UnaryKind kind) -> Value {
    return node.create<UnaryOp>(node.getLoc(), input->getType(), kind, *input,
                                FloatAttr(), FloatAttr());
  };
  if (exponent == 1)
    return node.forward("self");
  if (exponent == 2)
    return node.setResult(0, apply(UnaryKind::Square));
  if (exponent == 3)
    return node.setResult(0, node.create<MulOp>(node.getLoc(), input->getType(), *input,
                                                apply(UnaryKind::Square)));
  if (exponent == 0.5)
    return node.setResult(0, apply(UnaryKind::Sqrt));
  if (exponent == -1)
    return node.setResult(0, apply(UnaryKind::Reciprocal));
  if (exponent == -0.5)
    return node.setResult(0, apply(UnaryKind::Rsqrt));
  return node.reject("argument 'exponent'", "1, 2, 3, 0.5, -1 or -0.5",
                     realText(exponent));
}

/// With one slope for all channels it is leaky_relu.
LogicalResult qbias::pytorchimport::importPRelu(NodeView &node) {
  FailureOr<Value> input = node.getReal("self");
  FailureOr<const ConstantTensor *> slope = node.needConstant("weight", "slope");
  if (failed(input) || failed(slope))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(*input);
  int64_t axis = shape.size() < 2 ? 0 : 1, count = (*slope)->getNumElements();
  if (!(*slope)->isFloat() || shape.empty() || (count != 1 && count != shape[axis]))
    return node.reject(node.argumentText("weight"),
                       "one float number, or one per channel",
                       nameOf((*slope)->getType()) + text((*slope)->getShape()));
  SmallVector<double> slopes;
  for (int64_t i = 0; i < count; ++i) {
    slopes.push_back((*slope)->realAt(i));
    if (!importing::isLineNumber(slopes.back()))
      return node.reject(node.argumentText("weight"), "finite numbers",
                         realText(slopes.back()));
  }
  if (count > 1)
    return node.setResult(0, applySlopes(node, *input, axis, slopes));
  double alpha = slopes.front();
  return node.setResult(0, node.create<UnaryOp>(node.getLoc(), input->getType(),
                                                UnaryKind::LeakyRelu, *input,
                                                node.getBuilder().getF64FloatAttr(alpha),
                                                FloatAttr()));
}

LogicalResult qbias::pytorchimport::importSoftmax(NodeView &node) {
  FailureOr<Value> input = node.getReal("self");
  int64_t dim = 0;
  DataType type = DataType::Float;
  bool isHalf = false;
  if (failed(input) || failed(node.need("dim", dim)) ||
      failed(node.read("dtype", type)) || failed(node.read("half_to_float", isHalf)))
    return failure();
  if (type != DataType::Float || isHalf)
    return node.reject("result", "float32", isHalf ? "a converted one" : nameOf(type));
  FailureOr<int64_t> axis = node.normalizeAxis(dim, shapeOf(*input).size());
  if (failed(axis))
    return failure();
  return node.setResult(0, softmax(node, *input, *axis));
}
