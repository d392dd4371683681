//===- RealOps.cpp - meaning of the real family ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sums.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::interpreter;
using numerics::Integer;
using numerics::Rational;

//===----------------------------------------------------------------------===//
// Boundary between integers and reals
//===----------------------------------------------------------------------===//

/// Nearest integer; of two equally near ones the even one.
static Integer roundHalfEven(const Rational &x) {
  Integer below;
  mpz_fdiv_q(below.get_mpz_t(), x.get_num_mpz_t(), x.get_den_mpz_t());
  Rational twice = 2 * (x - below);
  if (twice > 1 || (twice == 1 && mpz_odd_p(below.get_mpz_t())))
    below += 1;
  return below;
}

Quantization::Quantization(quant::QuantizedType type)
    : zeroPoints(getZeroPoints(type)), axis(getAxis(type)),
      storage({type.getStorageTypeMin(), type.getStorageTypeMax()}) {
  for (double scale : getScales(type))
    scales.emplace_back(scale);
}

size_t Quantization::channelOf(ArrayRef<int64_t> shape, size_t i) const {
  if (!axis)
    return 0;
  return i / elementsOf(shape.drop_front(*axis + 1)) % shape[*axis];
}

int64_t Quantization::quantize(const Rational &x, size_t channel) const {
  Integer q = roundHalfEven(x / scales[channel]) + zeroPoints[channel];
  if (q < storage.min)
    return storage.min;
  return q > storage.max ? storage.max : q.get_si();
}

Rational Quantization::dequantize(int64_t q, size_t channel) const {
  return Rational(q - zeroPoints[channel]) * scales[channel];
}

Reals interpreter::dequantize(const Tensor &tensor, quant::QuantizedType type) {
  Quantization quantization(type);
  Reals reals;
  for (auto [i, q] : llvm::enumerate(tensor.integers()))
    reals.push_back(quantization.dequantize(q, quantization.channelOf(tensor.shape, i)));
  return reals;
}

static Result evaluateQuantize(QuantizeOp op, const Tensor &x) {
  Quantization quantization(getQuantElement(op.getType()));
  Integers integers;
  for (auto [i, real] : llvm::enumerate(x.reals()))
    integers.push_back(quantization.quantize(real, quantization.channelOf(x.shape, i)));
  return Tensor{x.shape, integers};
}

//===----------------------------------------------------------------------===//
// Sums of products
//===----------------------------------------------------------------------===//

static Tensor makeReal(Value result, Reals reals) {
  return Tensor{llvm::to_vector(shapeOf(result)), std::move(reals)};
}

/// Adds bias[o], o the last index, when there is a bias.
static void addBias(Reals &reals, Operands operands) {
  if (operands.size() < 3)
    return;
  const Reals &bias = operands[2]->reals();
  for (auto [i, real] : llvm::enumerate(reals))
    real += bias[i % bias.size()];
}

static Result evaluateConvolution(Conv2DOp op, Operands operands) {
  SmallVector<int64_t> kernel(shapeOf(op.getWeight()).slice(1, 2));
  Windows windows{shapeOf(op.getInput()), shapeOf(op),  kernel,
                  op.getStrides(),        op.getPads(), op.getDilations()};
  Reals reals =
      convolve(windows, op.getGroups(), operands[0]->reals(), operands[1]->reals());
  addBias(reals, operands);
  return makeReal(op, std::move(reals));
}

/// Every input element adds its products with the kernel to the result.
static Result evaluateTransposedConvolution(ConvTranspose2DOp op, Operands operands) {
  const Reals &x = operands[0]->reals(), &w = operands[1]->reals();
  ArrayRef<int64_t> in = shapeOf(op.getInput()), weight = shapeOf(op.getWeight());
  ArrayRef<int64_t> out = shapeOf(op);
  int64_t perGroup = out[3] / op.getGroups();
  Reals reals(elementsOf(out), Rational(0));
  forEachIndex(
      {in[0], in[1], in[2], out[3], weight[1], weight[2]}, [&](ArrayRef<int64_t> at) {
        int64_t o = at[3], kh = at[4], kw = at[5];
        int64_t i =
            at[1] * op.getStrides()[0] + kh * op.getDilations()[0] - op.getPads()[0];
        int64_t j =
            at[2] * op.getStrides()[1] + kw * op.getDilations()[1] - op.getPads()[1];
        if (i < 0 || i >= out[1] || j < 0 || j >= out[2])
          return;
        Rational &sum = reals[positionOf(out, {at[0], i, j, o})];
        int64_t first = o / perGroup * weight[3];
        for (int64_t c = 0; c < weight[3]; ++c)
          sum += x[positionOf(in, {at[0], at[1], at[2], first + c})] *
                 w[positionOf(weight, {o, kh, kw, c})];
      });
  addBias(reals, operands);
  return makeReal(op, std::move(reals));
}

static Result evaluateProduct(MatmulOp op, Operands operands) {
  bool batched = operands[1]->shape.size() > 2;
  Reals reals = multiply(operands[0]->shape, shapeOf(op).back(), batched,
                         operands[0]->reals(), operands[1]->reals());
  addBias(reals, operands);
  return makeReal(op, std::move(reals));
}

/// result[c] = value[c] * unit[c].
static Result evaluateBias(BiasOp op) {
  FailureOr<ExactArray> values = ExactArray::get(op.getValue(), op.getUnitAttr());
  if (failed(values))
    return op.emitError("interpreter: expects finite values");
  Reals reals;
  for (int64_t c = 0, channels = shapeOf(op)[0]; c < channels; ++c)
    reals.push_back(values->at(c));
  return makeReal(op, std::move(reals));
}

/// Sum over the window divided by the number of its positions.
static Result evaluateMean(PoolOp op, const Tensor &x) {
  Windows windows{x.shape,         shapeOf(op),  op.getKernel(),
                  op.getStrides(), op.getPads(), op.getDilations()};
  int64_t all = op.getKernel()[0] * op.getKernel()[1];
  Reals reals;
  for (const WindowSum<Rational> &window : sumWindows(windows, x.reals()))
    reals.push_back(window.sum / Rational(op.getCountIncludePad() ? all : window.count));
  return makeReal(op, std::move(reals));
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

static Result
evaluateBinary(Operation *op, Operands operands,
               function_ref<Rational(const Rational &, const Rational &)> function) {
  ArrayRef<int64_t> shape = shapeOf(op->getResult(0));
  auto a = broadcastPositions(operands[0]->shape, shape);
  auto b = broadcastPositions(operands[1]->shape, shape);
  Reals reals;
  for (auto [i, j] : llvm::zip(a, b))
    reals.push_back(function(operands[0]->reals()[i], operands[1]->reals()[j]));
  return makeReal(op->getResult(0), std::move(reals));
}

static Result mapElements(const Tensor &x,
                          function_ref<Rational(const Rational &)> function) {
  Reals reals;
  for (const Rational &real : x.reals())
    reals.push_back(function(real));
  return Tensor{x.shape, std::move(reals)};
}

static std::optional<Rational> exact(FloatAttr attr) {
  if (!attr)
    return std::nullopt;
  return Rational(attr.getValueAsDouble());
}

/// min(max(x, lo), hi).
static Rational clamp(const Rational &x, FloatAttr lo, FloatAttr hi) {
  Rational y = x;
  if (lo && y < *exact(lo))
    y = *exact(lo);
  if (hi && y > *exact(hi))
    y = *exact(hi);
  return y;
}

static Rational applyUnaryAttrs(UnaryKind function, const Rational &x, FloatAttr alpha,
                                FloatAttr beta) {
  return applyUnary(function, x, exact(alpha).value_or(Rational(0)),
                    exact(beta).value_or(Rational(0)));
}

Rational interpreter::applyStep(Attribute step, const Rational &x) {
  return TypeSwitch<Attribute, Rational>(step)
      .Case([&](ClampStepAttr s) { return clamp(x, s.getLo(), s.getHi()); })
      .Case([&](UnaryStepAttr s) {
        return applyUnaryAttrs(s.getFunction(), x, s.getAlpha(), s.getBeta());
      })
      .Case([&](CombineStepAttr s) {
        Rational a = x, b = x;
        for (Attribute inner : s.getLhs())
          a = interpreter::applyStep(inner, a);
        for (Attribute inner : s.getRhs())
          b = interpreter::applyStep(inner, b);
        return Rational(s.getKind() == CombineKind::Add   ? Rational(a + b)
                        : s.getKind() == CombineKind::Sub ? Rational(a - b)
                                                          : Rational(a * b));
      })
      .Case([&](LinearStepAttr s) {
        return Rational(x * *exact(s.getFactor()) /
                            exact(s.getDivisor()).value_or(Rational(1)) +
                        *exact(s.getOffset()));
      });
}

std::optional<Result> interpreter::evaluateReal(Operation *op, Operands operands) {
  using Outcome = std::optional<Result>;
  return TypeSwitch<Operation *, Outcome>(op)
      .Case([&](QuantizeOp o) { return evaluateQuantize(o, *operands[0]); })
      .Case([&](DequantizeOp o) -> Result {
        quant::QuantizedType type = getQuantElement(o.getInput().getType());
        return makeReal(o, interpreter::dequantize(*operands[0], type));
      })
      .Case([&](Conv2DOp o) { return evaluateConvolution(o, operands); })
      .Case(
          [&](ConvTranspose2DOp o) { return evaluateTransposedConvolution(o, operands); })
      .Case([&](MatmulOp o) { return evaluateProduct(o, operands); })
      .Case([&](BiasOp o) { return evaluateBias(o); })
      .Case([&](AddOp) { return evaluateBinary(op, operands, std::plus<Rational>()); })
      .Case([&](SubOp) { return evaluateBinary(op, operands, std::minus<Rational>()); })
      .Case([&](MulOp) {
        return evaluateBinary(op, operands, std::multiplies<Rational>());
      })
      .Case([&](DivOp o) -> Result {
        if (llvm::is_contained(operands[1]->reals(), Rational(0)))
          return o.emitError("interpreter: expects divisors that are not 0");
        return evaluateBinary(op, operands, std::divides<Rational>());
      })
      .Case([&](ClampOp o) {
        return mapElements(*operands[0], [&](const Rational &x) {
          return clamp(x, o.getLoAttr(), o.getHiAttr());
        });
      })
      .Case([&](UnaryOp o) {
        return mapElements(*operands[0], [&](const Rational &x) {
          return applyUnaryAttrs(o.getFunction(), x, o.getAlphaAttr(), o.getBetaAttr());
        });
      })
      .Case([&](PoolOp o) { return evaluateMean(o, *operands[0]); })
      .Default([](Operation *) { return std::nullopt; });
}
