//===- Elementwise.cpp - operators that act on single elements ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Import/Common/ChannelLine.h"
#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Import/Common/Selections.h"

#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>
#include <limits>
#include <numeric>

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

/// Numpy's broadcast shape of two shapes of equal rank.
static FailureOr<SmallVector<int64_t>> broadcast(const NodeView &node, Value lhs,
                                                 Value rhs) {
  SmallVector<int64_t> shape;
  for (auto [a, b] : llvm::zip(shapeOf(lhs), shapeOf(rhs))) {
    if (a != b && a != 1 && b != 1)
      return node.reject("shape of " + node.inputText(1),
                         "one that broadcasts with " + text(shapeOf(lhs)),
                         text(shapeOf(rhs)));
    shape.push_back(a == 1 ? b : a);
  }
  return shape;
}

/// A division by a constant that holds 0.
static bool dividesByZero(Value rhs) {
  ElementsAttr constant = getConstant(rhs);
  SmallVector<double> divisors;
  return constant && readFloats(constant, divisors) && llvm::is_contained(divisors, 0.0);
}

/// A float constant, or one that is dequantized.
static bool isConstant(Value value) {
  auto dequantize = value.getDefiningOp<DequantizeOp>();
  auto stored = dequantize ? dequantize.getInput().getDefiningOp<quant::StorageCastOp>()
                           : quant::StorageCastOp();
  return getConstant(value) || (stored && getConstant(stored.getInput()));
}

/// The least integer that is a multiple of every divisor times some power of two; nullopt
/// where float32 does not hold it. Divisors are not 0.
static std::optional<int64_t> findCommonMultiple(ArrayRef<double> divisors) {
  constexpr int64_t kMost = int64_t(1) << std::numeric_limits<float>::digits;
  int64_t multiple = 1;
  for (double divisor : divisors) {
    int exponent;
    double mantissa = std::frexp(std::fabs(divisor), &exponent);
    auto odd =
        static_cast<int64_t>(std::ldexp(mantissa, std::numeric_limits<double>::digits));
    odd >>= llvm::countr_zero(static_cast<uint64_t>(odd));
    if (odd > kMost)
      return std::nullopt;
    multiple = std::lcm(multiple, odd);
    if (multiple > kMost)
      return std::nullopt;
  }
  return multiple;
}

/// x / d per channel = x * (D / d) / D with a common multiple D, all numbers exact.
static LogicalResult importChannelQuotient(NodeView &node, Value x, int64_t axis,
                                           ArrayRef<double> divisors) {
  std::optional<int64_t> multiple = findCommonMultiple(divisors);
  if (!multiple)
    return node.reject(node.inputText(1),
                       "divisors per channel that have a common multiple of at most 24 "
                       "bits",
                       "others", "multiply by the reciprocals instead");
  importing::ChannelLine line;
  for (double divisor : divisors)
    line.factors.push_back(static_cast<double>(*multiple) / divisor);
  line.offsets.assign(divisors.size(), 0);
  FailureOr<Value> product = applyLineAlong(node, x, axis, line);
  if (failed(product) || *multiple == 1)
    return node.setResult(0, product);
  OpBuilder &builder = node.getBuilder();
  auto type = RankedTensorType::get(SmallVector<int64_t>(shapeOf(x).size(), 1),
                                    builder.getF32Type());
  Value divisor = arith::ConstantOp::create(
      builder, node.getLoc(),
      DenseElementsAttr::get(type, static_cast<float>(*multiple)));
  return node.setResult(
      0, node.create<DivOp>(node.getLoc(), product->getType(), *product, divisor)
             .getResult());
}

/// `line` of a product, sum or difference of a tensor and numbers per channel.
static importing::ChannelLine makeLine(StringRef opType, ArrayRef<double> numbers,
                                       bool isConstantFirst) {
  importing::ChannelLine line;
  for (double number : numbers) {
    bool isProduct = opType == "Mul", isDifference = opType == "Sub";
    line.factors.push_back(isProduct ? number : isDifference && isConstantFirst ? -1 : 1);
    line.offsets.push_back(isProduct                          ? 0
                           : isDifference && !isConstantFirst ? -number
                                                              : number);
  }
  return line;
}

/// The layer whose accumulator a value is, behind data movement; null for others.
static AccumulatorOpInterface findSum(Value value) {
  Operation *op = value.getDefiningOp();
  while (isa_and_nonnull<TransposeOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return dyn_cast_if_present<AccumulatorOpInterface>(op);
}

/// Whether a sum or difference of `other` and numbers per channel is a line of its own.
/// Added to a layer without bias they become its bias, exactly, in a later pass.
static bool addsToLine(StringRef opType, Value other) {
  AccumulatorOpInterface sum = findSum(other);
  return other.getDefiningOp<DequantizeOp>() ||
         (sum && (opType == "Sub" || sum.getBiasValue()));
}

/// A product, quotient, sum or difference of a quantized tensor or a layer's accumulator
/// and a constant that varies along one dimension of it. nullopt for others.
static std::optional<LogicalResult> importChannelLine(NodeView &node, Value lhs,
                                                      Value rhs) {
  StringRef opType = node.getOpType();
  bool isQuotient = opType == "Div", isProduct = isQuotient || opType == "Mul";
  for (auto [value, other] : {std::pair(lhs, rhs), std::pair(rhs, lhs)}) {
    if (isQuotient && value == lhs)
      continue;
    auto channels = importing::readChannelNumbers(value);
    int64_t added = shapeOf(other).size() - shapeOf(value).size();
    if (!channels || isConstant(other) || added < 0 ||
        (!isProduct && !addsToLine(opType, other)))
      continue;
    int64_t axis = channels->axis + added;
    if (shapeOf(other)[axis] != int64_t(channels->numbers.size()) ||
        (isQuotient && llvm::is_contained(channels->numbers, 0)))
      continue;
    if (isQuotient)
      return importChannelQuotient(node, other, axis, channels->numbers);
    return node.setResult(
        0, applyLineAlong(node, other, axis,
                          makeLine(opType, channels->numbers, value == lhs)));
  }
  return std::nullopt;
}

/// c - sum of one number c: the layer with its signs turned. nullopt for others.
static std::optional<LogicalResult> importTurnedSum(NodeView &node, Value lhs,
                                                    Value rhs) {
  AccumulatorOpInterface sum = findSum(rhs);
  ElementsAttr constant = getConstant(lhs);
  SmallVector<double> numbers;
  int64_t rank = shapeOf(rhs).size();
  if (node.getOpType() != "Sub" || !sum || !constant || !readFloats(constant, numbers) ||
      numbers.size() != 1 || !importing::isLineNumber(numbers.front()) || rank < 2 ||
      int64_t(shapeOf(lhs).size()) > rank)
    return std::nullopt;
  int64_t axis = isa<MatmulOp>(sum.getOperation()) ? rank - 1 : 1;
  numbers.assign(shapeOf(rhs)[axis], numbers.front());
  return node.setResult(0,
                        applyLineAlong(node, rhs, axis, makeLine("Sub", numbers, true)));
}

LogicalResult qbias::onnximport::importBinary(NodeView &node) {
  FailureOr<Value> lhs = node.getReal(0), rhs = failure();
  if (failed(lhs) || failed(rhs = node.getReal(1)))
    return failure();
  if (auto line = importChannelLine(node, *lhs, *rhs))
    return *line;
  if (auto turned = importTurnedSum(node, *lhs, *rhs))
    return *turned;
  size_t rank = std::max(shapeOf(*lhs).size(), shapeOf(*rhs).size());
  if (failed(lhs = extendRank(node, *lhs, rank)) ||
      failed(rhs = extendRank(node, *rhs, rank)))
    return failure();
  FailureOr<SmallVector<int64_t>> shape = broadcast(node, *lhs, *rhs);
  if (failed(shape))
    return failure();
  FailureOr<RankedTensorType> type = node.makeType(*shape, elementOf(*lhs));
  if (failed(type))
    return failure();
  Value result;
  if (node.getOpType() == "Add")
    result = node.create<AddOp>(node.getLoc(), *type, *lhs, *rhs);
  else if (node.getOpType() == "Sub")
    result = node.create<SubOp>(node.getLoc(), *type, *lhs, *rhs);
  else if (node.getOpType() == "Div" && dividesByZero(*rhs))
    return node.reject(node.inputText(1), "divisors that are not 0", "0");
  else if (node.getOpType() == "Div")
    result = node.create<DivOp>(node.getLoc(), *type, *lhs, *rhs);
  else
    result = node.create<MulOp>(node.getLoc(), *type, *lhs, *rhs);
  return node.setResult(0, result);
}

/// Folds any number of operands from the left.
static LogicalResult
importChain(NodeView &node,
            function_ref<Value(RankedTensorType, Value lhs, Value rhs)> build) {
  FailureOr<Value> total = node.getReal(0);
  for (unsigned index = 1; index < node.getNumInputs(); ++index) {
    if (!node.hasInput(index))
      return node.reject("input " + Twine(index), "a tensor", "none");
    FailureOr<Value> operand = node.getReal(index);
    if (failed(total) || failed(operand))
      return failure();
    size_t rank = std::max(shapeOf(*total).size(), shapeOf(*operand).size());
    if (failed(total = extendRank(node, *total, rank)) ||
        failed(operand = extendRank(node, *operand, rank)))
      return failure();
    FailureOr<SmallVector<int64_t>> shape = broadcast(node, *total, *operand);
    if (failed(shape))
      return failure();
    FailureOr<RankedTensorType> type = node.makeType(*shape, elementOf(*total));
    if (failed(type))
      return failure();
    total = build(*type, *total, *operand);
  }
  return failed(total) ? failure() : node.setResult(0, *total);
}

LogicalResult qbias::onnximport::importSum(NodeView &node) {
  return importChain(node, [&](RankedTensorType type, Value lhs, Value rhs) -> Value {
    return node.create<AddOp>(node.getLoc(), type, lhs, rhs);
  });
}

/// The number all elements of a finite constant have.
static FloatAttr getBoundOf(const NodeView &node, Value value) {
  ElementsAttr constant = getConstant(value);
  SmallVector<double> numbers;
  if (!constant || !readFloats(constant, numbers) || numbers.empty() ||
      !llvm::all_equal(numbers) || !std::isfinite(numbers.front()))
    return {};
  return node.getBuilder().getF64FloatAttr(numbers.front());
}

/// A constant operand is a limit.
LogicalResult qbias::onnximport::importExtremum(NodeView &node) {
  bool isMax = node.getOpType() == "Max";
  return importChain(node, [&](RankedTensorType type, Value lhs, Value rhs) -> Value {
    for (auto [value, other] : {std::pair(lhs, rhs), std::pair(rhs, lhs)})
      if (FloatAttr bound = getBoundOf(node, value); bound && other.getType() == type)
        return node.create<ClampOp>(node.getLoc(), type, other,
                                    isMax ? bound : FloatAttr(),
                                    isMax ? FloatAttr() : bound);
    if (isMax)
      return node.create<MaximumOp>(node.getLoc(), type, lhs, rhs);
    return node.create<MinimumOp>(node.getLoc(), type, lhs, rhs);
  });
}

//===----------------------------------------------------------------------===//
// Limits
//===----------------------------------------------------------------------===//

LogicalResult qbias::onnximport::importRelu(NodeView &node) {
  FailureOr<Value> input = node.getReal(0);
  if (failed(input))
    return failure();
  FloatAttr zero = node.getBuilder().getF64FloatAttr(0);
  return node.setResult(0, node.create<ClampOp>(node.getLoc(), input->getType(), *input,
                                                zero, FloatAttr()));
}

/// One bound of Clip: input (operator set 11 and later) or attribute. Infinite
/// and largest numbers are no bound: `bound` stays null.
static LogicalResult readBound(const NodeView &node, StringRef name, unsigned index,
                               double none, FloatAttr &bound) {
  double value = none;
  if (failed(node.read(name, value)))
    return failure();
  if (node.hasInput(index)) {
    FailureOr<double> input = node.needReal(index, name);
    if (failed(input))
      return failure();
    value = *input;
  }
  if (std::isnan(value))
    return node.reject(quoted(name), "a number", "nan");
  if (none < 0 ? value > none : value < none)
    bound = node.getBuilder().getF64FloatAttr(value);
  return success();
}

LogicalResult qbias::onnximport::importClip(NodeView &node) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  FailureOr<Value> input = node.getReal(0);
  FloatAttr lo, hi;
  if (failed(input) || failed(readBound(node, "min", 1, -kLargest, lo)) ||
      failed(readBound(node, "max", 2, kLargest, hi)))
    return failure();
  for (FloatAttr bound : {lo, hi})
    if (bound && std::isinf(bound.getValueAsDouble()))
      return node.reject("bounds", "finite numbers", realText(bound.getValueAsDouble()));
  if (lo && hi && lo.getValueAsDouble() > hi.getValueAsDouble())
    return node.reject("bounds", "min not above max",
                       "min " + realText(lo.getValueAsDouble()) + " and max " +
                           realText(hi.getValueAsDouble()));
  if (!lo && !hi)
    return node.forward(0);
  return node.setResult(
      0, node.create<ClampOp>(node.getLoc(), input->getType(), *input, lo, hi));
}

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

namespace {
/// An operator and the defaults of its attributes; NaN for one it lacks.
struct UnaryOperator {
  const char *name;
  UnaryKind kind;
  double alpha, beta;
};
} // namespace

static constexpr double kLacks = std::numeric_limits<double>::quiet_NaN();

static constexpr UnaryOperator kUnaryOperators[] = {
    {"Abs", UnaryKind::Abs, kLacks, kLacks},
    {"Ceil", UnaryKind::Ceil, kLacks, kLacks},
    {"Elu", UnaryKind::Elu, 1.0f, kLacks},
    {"Erf", UnaryKind::Erf, kLacks, kLacks},
    {"Exp", UnaryKind::Exp, kLacks, kLacks},
    {"Floor", UnaryKind::Floor, kLacks, kLacks},
    {"Gelu", UnaryKind::Gelu, kLacks, kLacks},
    {"HardSigmoid", UnaryKind::HardSigmoid, 0.2f, 0.5f},
    {"HardSwish", UnaryKind::HardSwish, kLacks, kLacks},
    {"LeakyRelu", UnaryKind::LeakyRelu, 0.01f, kLacks},
    {"Log", UnaryKind::Log, kLacks, kLacks},
    {"Mish", UnaryKind::Mish, kLacks, kLacks},
    {"Reciprocal", UnaryKind::Reciprocal, kLacks, kLacks},
    {"Round", UnaryKind::Round, kLacks, kLacks},
    {"Sigmoid", UnaryKind::Sigmoid, kLacks, kLacks},
    {"Sign", UnaryKind::Sign, kLacks, kLacks},
    {"Softplus", UnaryKind::Softplus, kLacks, kLacks},
    {"Softsign", UnaryKind::Softsign, kLacks, kLacks},
    {"Sqrt", UnaryKind::Sqrt, kLacks, kLacks},
    {"Tanh", UnaryKind::Tanh, kLacks, kLacks},
    {"ThresholdedRelu", UnaryKind::Threshold, 1.0f, kLacks},
};

/// The parameter's default or attribute; null when the operator lacks it.
static LogicalResult readParameter(const NodeView &node, StringRef name, double value,
                                   FloatAttr &attr) {
  if (std::isnan(value))
    return success();
  if (failed(node.read(name, value)))
    return failure();
  if (!std::isfinite(value))
    return node.reject("attribute " + quoted(name), "a finite number", realText(value));
  attr = node.getBuilder().getF64FloatAttr(value);
  return success();
}

static LogicalResult readGelu(const NodeView &node, UnaryKind &kind) {
  std::string approximate = "none";
  if (failed(node.read("approximate", approximate)))
    return failure();
  if (approximate == "tanh")
    kind = UnaryKind::GeluTanh;
  else if (approximate != "none")
    return node.reject("attribute 'approximate'", "none or tanh", quoted(approximate));
  return success();
}

LogicalResult qbias::onnximport::importUnary(NodeView &node) {
  const UnaryOperator &op =
      *llvm::find_if(kUnaryOperators, [&](const UnaryOperator &entry) {
        return node.getOpType() == entry.name;
      });
  UnaryKind kind = op.kind;
  FloatAttr alpha, beta;
  FailureOr<Value> input = node.getReal(0);
  if (failed(input) || failed(readParameter(node, "alpha", op.alpha, alpha)) ||
      failed(readParameter(node, "beta", op.beta, beta)) ||
      (kind == UnaryKind::Gelu && failed(readGelu(node, kind))))
    return failure();
  return node.setResult(0, node.create<UnaryOp>(node.getLoc(), input->getType(), kind,
                                                *input, alpha, beta));
}

/// input * factor with one real number.
static Value multiplyBy(const NodeView &node, Value input, float factor) {
  return node.create<MulOp>(node.getLoc(), input.getType(), input,
                            makeScalar(node, factor, shapeOf(input).size()));
}

LogicalResult qbias::onnximport::importNeg(NodeView &node) {
  FailureOr<Value> input = node.getReal(0);
  return failed(input) ? failure() : node.setResult(0, multiplyBy(node, *input, -1));
}

/// gamma * elu(x).
LogicalResult qbias::onnximport::importSelu(NodeView &node) {
  double alpha = 1.67326319217681884765625, gamma = 1.05070102214813232421875;
  FailureOr<Value> input = node.getReal(0);
  if (failed(input) || failed(node.read("alpha", alpha)) ||
      failed(node.read("gamma", gamma)))
    return failure();
  if (!std::isfinite(alpha) || !std::isfinite(gamma))
    return node.reject("attributes", "finite numbers",
                       realText(alpha) + " and " + realText(gamma));
  Value elu =
      node.create<UnaryOp>(node.getLoc(), input->getType(), UnaryKind::Elu, *input,
                           node.getBuilder().getF64FloatAttr(alpha), FloatAttr());
  return node.setResult(0, multiplyBy(node, elu, static_cast<float>(gamma)));
}

/// alpha * elu(x / alpha) with elu(x) = exp(x) - 1 below 0.
LogicalResult qbias::onnximport::importCelu(NodeView &node) {
  double alpha = 1;
  FailureOr<Value> input = node.getReal(0);
  if (failed(input) || failed(node.read("alpha", alpha)))
    return failure();
  if (!std::isfinite(alpha) || alpha <= 0)
    return node.reject("attribute 'alpha'", "a positive number", realText(alpha));
  Value scale = makeScalar(node, static_cast<float>(alpha), shapeOf(*input).size());
  Value inner = node.create<DivOp>(node.getLoc(), input->getType(), *input, scale);
  Value elu = node.create<UnaryOp>(node.getLoc(), input->getType(), UnaryKind::Elu, inner,
                                   node.getBuilder().getF64FloatAttr(1), FloatAttr());
  return node.setResult(0, multiplyBy(node, elu, static_cast<float>(alpha)));
}

/// Constant exponents that have a function of their own.
LogicalResult qbias::onnximport::importPow(NodeView &node) {
  FailureOr<Value> input = node.getReal(0);
  FailureOr<double> exponent = node.needReal(1, "exponent");
  if (failed(input) || failed(exponent))
    return failure();
  auto apply = [&](UnaryKind kind) -> Value {
    return node.create<UnaryOp>(node.getLoc(), input->getType(), kind, *input,
                                FloatAttr(), FloatAttr());
  };
  if (*exponent == 1)
    return node.setResult(0, *input);
  if (*exponent == 2)
    return node.setResult(0, apply(UnaryKind::Square));
  if (*exponent == 3)
    return node.setResult(0, node.create<MulOp>(node.getLoc(), input->getType(), *input,
                                                apply(UnaryKind::Square)));
  if (*exponent == 0.5)
    return node.setResult(0, apply(UnaryKind::Sqrt));
  if (*exponent == -1)
    return node.setResult(0, apply(UnaryKind::Reciprocal));
  if (*exponent == -0.5)
    return node.setResult(0, apply(UnaryKind::Rsqrt));
  return node.reject("exponent", "1, 2, 3, 0.5, -1 or -0.5", realText(*exponent));
}

/// With one slope for all channels PRelu is LeakyRelu.
LogicalResult qbias::onnximport::importPRelu(NodeView &node) {
  FailureOr<Value> input = node.getReal(0), slopes = failure();
  if (failed(input) || failed(slopes = node.getReal(1)))
    return failure();
  auto channels = importing::readChannelNumbers(*slopes);
  constexpr int64_t kFirstWithNumpyShapes = 7;
  int64_t rank = shapeOf(*input).size(), own = shapeOf(*slopes).size();
  int64_t axis = node.getOpset() < kFirstWithNumpyShapes && own == 1 ? 1 : rank - own;
  if (channels && own <= rank && (axis += channels->axis) < rank &&
      shapeOf(*input)[axis] == int64_t(channels->numbers.size()))
    return node.setResult(0, applySlopes(node, *input, axis, channels->numbers));
  FailureOr<double> slope = node.needReal(1, "slope");
  if (failed(slope))
    return failure();
  if (!std::isfinite(*slope))
    return node.reject("slope " + quoted(node.getInputName(1)), "a finite number",
                       realText(*slope));
  return node.setResult(0, node.create<UnaryOp>(node.getLoc(), input->getType(),
                                                UnaryKind::LeakyRelu, *input,
                                                node.getBuilder().getF64FloatAttr(*slope),
                                                FloatAttr()));
}
