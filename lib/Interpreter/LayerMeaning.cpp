//===- LayerMeaning.cpp - what an integer layer should give ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   x = sum of products * unit[c] + bias[c] + addend * scale, then the steps
//   y = rnd(x / s) + z
//
// Exact: the sums are integers; x / s is computed in double together with a bound
// of its error, and with fractions wherever a rounding boundary is that near.
//
//===----------------------------------------------------------------------===//

// Every float32 product and every sum is rounded, on machines with fused ones too.
#pragma STDC FP_CONTRACT OFF

#include "qbias/Interpreter/LayerMeaning.h"

#include "Sums.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Runtime/Boundary.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::interpreter;
using numerics::Rational;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// Zero points of the operands that are multiplied, pooled or added first.
static SmallVector<int64_t> getOperandZeroPoints(Operation *op) {
  auto pair = [](auto o) {
    return SmallVector<int64_t>{int64_t(o.getLhsZp()), int64_t(o.getRhsZp())};
  };
  auto one = [](auto o) { return SmallVector<int64_t>{int64_t(o.getInputZp())}; };
  return TypeSwitch<Operation *, SmallVector<int64_t>>(op)
      .Case<IntAddOp, IntMulOp>(pair)
      .Case([&](IntMatmulOp o) {
        SmallVector<int64_t> both = pair(o);
        if (o.getReference().getWeights())
          both.pop_back();
        return both;
      })
      .Case<IntConv2DOp, IntAvgPoolOp, IntRequantizeOp, IntLookupOp>(one)
      .Default([](Operation *) { return SmallVector<int64_t>(); });
}

static Value getWeights(Operation *op) {
  if (auto conv = dyn_cast<IntConv2DOp>(op))
    return conv.getWeight();
  auto matmul = dyn_cast<IntMatmulOp>(op);
  return matmul && matmul.getReference().getWeights() ? matmul.getRhs() : Value();
}

static Value getBias(Operation *op) {
  if (auto conv = dyn_cast<IntConv2DOp>(op))
    return conv.getBias();
  auto matmul = dyn_cast<IntMatmulOp>(op);
  return matmul ? matmul.getBias() : Value();
}

/// Entries of an attribute of floats or integers as float32.
static std::vector<float> readSingles(ElementsAttr attr) {
  SmallVector<double> floats;
  SmallVector<int64_t> integers;
  if (readFloats(attr, floats))
    return {floats.begin(), floats.end()};
  readIntegers(attr, integers);
  return {integers.begin(), integers.end()};
}

/// Entry `c` of one entry per channel, or of one for all.
template <typename Array>
static auto entryOf(const Array &array, size_t c) {
  return array[array.size() == 1 ? 0 : c];
}

LogicalResult LayerMeaning::readConstants(IntegerSegmentOpInterface segment) {
  ReferenceAttr reference = segment.getReferenceAttr();
  size_t channels = segment.getRequantChannels();
  Rational product = 1;
  for (size_t i = 0; i < factors; ++i)
    product *= Rational(scales[i]);
  units.assign(channels, product);
  if (auto pool = dyn_cast<IntAvgPoolOp>(op))
    for (size_t c = 0; c < channels; ++c)
      units[c] /= Rational(pool.getDivisors()[c]);
  SmallVector<double> weightScales;
  SmallVector<int64_t> integers;
  if (Value value = getWeights(op)) {
    if (!readFloats(reference.getWeights(), weightScales) ||
        !readIntegers(value, integers))
      return op->emitError("expects constant weights and their scales");
    weights.assign(integers.begin(), integers.end());
    size_t taps = weights.size() / channels;
    for (size_t i = 0; i < weights.size(); ++i)
      realWeights.push_back(static_cast<float>(weights[i]) *
                            static_cast<float>(entryOf(weightScales, i / taps)));
    for (size_t c = 0; c < channels; ++c)
      units[c] *= Rational(entryOf(weightScales, c));
  }
  if (Value value = getBias(op); value && !readIntegers(value, programBias))
    return op->emitError("expects a constant bias");
  if (!reference.getBias())
    return success();
  FailureOr<ExactArray> exact =
      ExactArray::get(reference.getBias(), reference.getBiasUnit());
  if (failed(exact))
    return op->emitError("expects a finite bias");
  std::vector<float> values = readSingles(reference.getBias()), grid = {1};
  if (reference.getBiasUnit())
    grid = readSingles(reference.getBiasUnit());
  for (size_t c = 0; c < channels; ++c) {
    bias.push_back(exact->at(c));
    floatBias.push_back(entryOf(values, c) * entryOf(grid, c));
  }
  return success();
}

FailureOr<LayerMeaning> LayerMeaning::get(IntegerSegmentOpInterface segment,
                                          StringRef producer) {
  LayerMeaning meaning;
  Operation *op = meaning.op = segment;
  meaning.producer = producer.str();
  ReferenceAttr reference = segment.getReferenceAttr();
  if (reference.getResult())
    meaning.result = cast<quant::QuantizedType>(reference.getResult().getValue());
  if (reference.getSteps())
    meaning.steps.assign(reference.getSteps().begin(), reference.getSteps().end());
  llvm::append_range(meaning.scales, reference.getOperands().asArrayRef());
  meaning.zeroPoints = getOperandZeroPoints(op);
  meaning.factors = isa<IntAddOp>(op) ? 1 : meaning.zeroPoints.size();
  if (meaning.zeroPoints.size() < meaning.scales.size())
    meaning.zeroPoints.push_back(segment.getAddendZeroPoint());
  if (meaning.zeroPoints.size() != meaning.scales.size() || meaning.scales.empty())
    return op->emitError("expects a reference scale for each of ")
           << meaning.zeroPoints.size() << " operands, got " << meaning.scales.size();
  if (failed(meaning.readConstants(segment)))
    return failure();
  for (const Rational &unit : meaning.units)
    meaning.nearUnits.push_back(unit.get_d());
  for (const Rational &bias : meaning.bias)
    meaning.nearBias.push_back(bias.get_d());
  return meaning;
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

static Windows getWindows(IntAvgPoolOp op) {
  return {shapeOf(op.getInput()), shapeOf(op),  op.getKernel(),
          op.getStrides(),        op.getPads(), op.getDilations()};
}

/// Elements of operand `operand` where the result has them: sums and products of
/// two tensors broadcast.
template <typename Number>
static std::vector<Number> spread(Operation *op, unsigned operand,
                                  const std::vector<Number> &x) {
  ArrayRef<int64_t> from = shapeOf(op->getOperand(operand));
  ArrayRef<int64_t> to = shapeOf(op->getResult(0));
  if (from == to || !isa<IntAddOp, IntMulOp>(op))
    return x;
  std::vector<Number> result;
  for (int64_t position : broadcastPositions(from, to))
    result.push_back(x[position]);
  return result;
}

/// Sum of products for each element of the result; `y` is the second factor of a
/// convolution or product.
template <typename Number>
static std::vector<Number> addUp(Operation *op, const std::vector<Number> &x,
                                 const std::vector<Number> &y) {
  if (auto conv = dyn_cast<IntConv2DOp>(op)) {
    SmallVector<int64_t> kernel(shapeOf(conv.getWeight()).slice(1, 2));
    Windows windows{shapeOf(conv.getInput()), shapeOf(conv),  kernel,
                    conv.getStrides(),        conv.getPads(), conv.getDilations()};
    return convolve(windows, conv.getGroups(), x, y);
  }
  if (auto matmul = dyn_cast<IntMatmulOp>(op))
    return multiply(shapeOf(matmul.getLhs()), shapeOf(matmul).back(),
                    shapeOf(matmul.getRhs()).size() > 2, x, y);
  if (auto pool = dyn_cast<IntAvgPoolOp>(op)) {
    std::vector<Number> sums;
    for (const WindowSum<Number> &window : sumWindows(getWindows(pool), x))
      sums.push_back(window.sum);
    return sums;
  }
  std::vector<Number> product = spread(op, 0, x);
  if (isa<IntMulOp>(op))
    for (auto [a, b] : llvm::zip_equal(product, spread(op, 1, y)))
      a *= b;
  return product;
}

Integers LayerMeaning::center(const Tensor &tensor, size_t operand) const {
  Integers result = tensor.integers();
  for (int64_t &q : result)
    q -= zeroPoints[operand];
  return result;
}

std::vector<float> LayerMeaning::dequantize(const Tensor &tensor, size_t operand) const {
  std::vector<float> result;
  for (int64_t q : center(tensor, operand))
    result.push_back(static_cast<float>(q) * static_cast<float>(scales[operand]));
  return result;
}

/// Which scale, bias or divisor each element has.
std::vector<size_t>
LayerMeaning::findChannels(ArrayRef<const Tensor *> activations) const {
  std::vector<size_t> channels(elementsOf(shapeOf(op->getResult(0))), 0);
  if (isa<IntConv2DOp, IntMatmulOp>(op))
    for (size_t i = 0; i < channels.size(); ++i)
      channels[i] = i % units.size();
  auto pool = dyn_cast<IntAvgPoolOp>(op);
  if (!pool || pool.getCountIncludePad())
    return channels;
  for (auto [channel, window] : llvm::zip_equal(
           channels, sumWindows(getWindows(pool), activations[0]->integers())))
    channel = llvm::find(pool.getDivisors(), window.count) - pool.getDivisors().begin();
  return channels;
}

//===----------------------------------------------------------------------===//
// Exact values
//===----------------------------------------------------------------------===//

/// Bound of the relative error of a few operations in double.
static constexpr double kEpsilon = 0x1p-48;

/// A bound of the slope of functions without jumps or poles; 0 for others, which
/// are evaluated exactly.
static double getSlope(UnaryStepAttr step) {
  double alpha = step.getAlpha() ? std::fabs(step.getAlpha().getValueAsDouble()) : 0;
  constexpr double kSteepest = 2; // hard swish has 1.5
  switch (step.getFunction()) {
  case UnaryKind::Sigmoid:
  case UnaryKind::Tanh:
  case UnaryKind::HardSigmoid:
  case UnaryKind::HardSwish:
  case UnaryKind::LeakyRelu:
  case UnaryKind::Gelu:
  case UnaryKind::GeluTanh:
  case UnaryKind::Silu:
  case UnaryKind::Elu:
  case UnaryKind::Abs:
  case UnaryKind::Erf:
  case UnaryKind::Softplus:
  case UnaryKind::Mish:
  case UnaryKind::Softsign:
    return std::max(kSteepest, alpha);
  default:
    return 0;
  }
}

/// Value of an optional attribute.
static double valueOr(FloatAttr attr, double absent) {
  return attr ? attr.getValueAsDouble() : absent;
}

/// clamp and linear in a float type, each operation rounded.
template <typename Real>
static std::optional<Real> applyRational(Attribute step, Real x) {
  if (auto clamp = dyn_cast<ClampStepAttr>(step)) {
    x = std::max<Real>(x, valueOr(clamp.getLo(), -HUGE_VAL));
    return std::min<Real>(x, valueOr(clamp.getHi(), HUGE_VAL));
  }
  auto linear = dyn_cast<LinearStepAttr>(step);
  if (!linear)
    return std::nullopt;
  x = x * static_cast<Real>(linear.getFactor().getValueAsDouble());
  x = x / static_cast<Real>(valueOr(linear.getDivisor(), 1));
  return x + static_cast<Real>(linear.getOffset().getValueAsDouble());
}

static double applyFunction(UnaryStepAttr step, double x) {
  return runtime::applyFunction(stringifyUnaryKind(step.getFunction()).str(), x,
                                valueOr(step.getAlpha(), 0), valueOr(step.getBeta(), 0));
}

/// The value in front of the quantize; nullopt where a step is none of the
/// continuous ones.
std::optional<LayerMeaning::Approximate>
LayerMeaning::approximate(const Parts &parts) const {
  double sum = static_cast<double>(parts.sum) * nearUnits[parts.channel];
  double constant = nearBias.empty() ? 0 : nearBias[parts.channel];
  double addend = hasAddend() ? static_cast<double>(parts.addend) * scales.back() : 0;
  double magnitude = std::fabs(sum) + std::fabs(constant) + std::fabs(addend);
  Approximate x{sum + constant + addend, magnitude * kEpsilon};
  for (Attribute step : steps) {
    double before = std::fabs(x.value);
    if (auto unary = dyn_cast<UnaryStepAttr>(step)) {
      double slope = getSlope(unary);
      if (slope == 0)
        return std::nullopt;
      x = {applyFunction(unary, x.value), (x.error + before * kEpsilon) * slope};
    } else if (std::optional<double> y = applyRational(step, x.value)) {
      double factor = 1;
      if (auto linear = dyn_cast<LinearStepAttr>(step))
        factor = std::fabs(linear.getFactor().getValueAsDouble() /
                           valueOr(linear.getDivisor(), 1));
      x = {*y, x.error * factor + (before * factor + std::fabs(*y)) * kEpsilon};
    } else {
      return std::nullopt;
    }
  }
  return x;
}

Rational LayerMeaning::evaluateExactly(const Parts &parts) const {
  Rational x = Rational(numerics::fromInt64(parts.sum)) * units[parts.channel];
  if (!bias.empty())
    x += bias[parts.channel];
  if (hasAddend())
    x += Rational(numerics::fromInt64(parts.addend)) * Rational(scales.back());
  for (Attribute step : steps) {
    if (auto type = dyn_cast<TypeAttr>(step)) {
      Quantization quantization(cast<quant::QuantizedType>(type.getValue()));
      x = quantization.dequantize(quantization.quantize(x, 0), 0);
    } else {
      x = applyStep(step, x);
    }
  }
  return x;
}

std::pair<int64_t, double> LayerMeaning::round(const Parts &parts) const {
  auto uniform = cast<quant::UniformQuantizedType>(result);
  double zeroPoint = uniform.getZeroPoint();
  if (std::optional<Approximate> x = approximate(parts)) {
    double steps = x->value / uniform.getScale(), nearest = std::nearbyint(steps);
    double error = x->error / uniform.getScale() + std::fabs(steps) * kEpsilon;
    constexpr double kHalf = 0.5;
    if (kHalf - std::fabs(steps - nearest) > error)
      return {static_cast<int64_t>(nearest) + uniform.getZeroPoint(), steps + zeroPoint};
  }
  constexpr int64_t kFar = int64_t(1) << 62;
  Rational steps = evaluateExactly(parts) / Rational(uniform.getScale());
  int64_t nearest = numerics::clampToInt64(numerics::roundHalfEven(steps), -kFar, kFar);
  return {nearest + uniform.getZeroPoint(), steps.get_d() + zeroPoint};
}

//===----------------------------------------------------------------------===//
// float32
//===----------------------------------------------------------------------===//

int64_t LayerMeaning::quantizeInFloat(float x, quant::QuantizedType type) const {
  auto uniform = cast<quant::UniformQuantizedType>(type);
  float rounded = runtime::scaleAndRound(x, uniform.getScale(), producer);
  float lowest = static_cast<float>(type.getStorageTypeMin() - uniform.getZeroPoint());
  float highest = static_cast<float>(type.getStorageTypeMax() - uniform.getZeroPoint());
  // Not a number ends at the lower bound, as in a saturating conversion by max.
  rounded = rounded >= lowest ? std::min(rounded, highest) : lowest;
  return static_cast<int64_t>(rounded) + uniform.getZeroPoint();
}

/// A function is computed in double and rounded to float32.
float LayerMeaning::applyInFloat(Attribute step, float x) const {
  if (auto unary = dyn_cast<UnaryStepAttr>(step))
    return static_cast<float>(applyFunction(unary, x));
  if (auto type = dyn_cast<TypeAttr>(step)) {
    auto uniform = cast<quant::UniformQuantizedType>(type.getValue());
    int64_t q = quantizeInFloat(x, uniform) - uniform.getZeroPoint();
    return static_cast<float>(q) * static_cast<float>(uniform.getScale());
  }
  auto combine = dyn_cast<CombineStepAttr>(step);
  if (!combine)
    return applyRational(step, x).value_or(x);
  float a = x, b = x;
  for (Attribute inner : combine.getLhs())
    a = applyInFloat(inner, a);
  for (Attribute inner : combine.getRhs())
    b = applyInFloat(inner, b);
  return combine.getKind() == CombineKind::Add   ? a + b
         : combine.getKind() == CombineKind::Sub ? a - b
                                                 : a * b;
}

Integers LayerMeaning::evaluateInFloat(ArrayRef<const Tensor *> activations,
                                       ArrayRef<size_t> channels) const {
  std::vector<float> second = realWeights, addend;
  if (factors > 1)
    second = dequantize(*activations[1], 1);
  std::vector<float> x = addUp(op, dequantize(*activations[0], 0), second);
  if (hasAddend())
    addend = spread(op, 1, dequantize(*activations.back(), factors));
  auto pool = dyn_cast<IntAvgPoolOp>(op);
  Integers integers;
  for (size_t i = 0; i < x.size(); ++i) {
    float value = x[i];
    if (pool)
      value = value / static_cast<float>(pool.getDivisors()[channels[i]]);
    if (!floatBias.empty())
      value = value + floatBias[channels[i]];
    if (!addend.empty())
      value = value + addend[i];
    for (Attribute step : steps)
      value = applyInFloat(step, value);
    integers.push_back(quantizeInFloat(value, result));
  }
  return integers;
}

//===----------------------------------------------------------------------===//
// Both
//===----------------------------------------------------------------------===//

LayerValues LayerMeaning::evaluate(ArrayRef<const Tensor *> activations) const {
  if (isa<IntSoftmaxOp>(op))
    return evaluateSoftmax(*activations[0]);
  Integers second = weights, addend;
  if (factors > 1)
    second = center(*activations[1], 1);
  Integers sums = addUp(op, center(*activations[0], 0), second);
  if (hasAddend())
    addend = spread(op, 1, center(*activations.back(), factors));
  std::vector<size_t> channels = findChannels(activations);
  LayerValues values;
  for (size_t i = 0; i < sums.size(); ++i) {
    if (!result) {
      int64_t start = programBias.empty() ? 0 : programBias[channels[i]];
      values.rounded.push_back(sums[i] + start);
      continue;
    }
    auto [rounded, real] = round({sums[i], addend.empty() ? 0 : addend[i], channels[i]});
    values.rounded.push_back(rounded);
    values.reals.push_back(real);
  }
  if (result)
    values.inFloat = evaluateInFloat(activations, channels);
  return values;
}
