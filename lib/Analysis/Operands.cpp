//===- Operands.cpp - what the operands of a real operation are ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Analysis/Operands.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace qbias;

/// The constant below data movement and a dequantize: float, or integers with
/// their own scale. Only reshapes are looked through.
/// values[i] * factor as doubles, nullopt when a product is not exact.
static std::optional<SmallVector<double>> multiplyExact(ArrayRef<double> values,
                                                        double factor) {
  SmallVector<double> products;
  for (double value : values) {
    auto a = numerics::exactRational(value), b = numerics::exactRational(factor);
    auto product = numerics::exactRational(value * factor);
    if (!a || !b || !product || *a * *b != *product)
      return std::nullopt;
    products.push_back(value * factor);
  }
  return products;
}

/// constant * scalar, as a Gemm's beta leaves it.
static std::optional<RealConstant> getScaledConstant(MulOp mul) {
  for (int i = 0; i < 2; ++i) {
    ElementsAttr scalar = getConstant(mul->getOperand(i));
    SmallVector<double> factor, values;
    if (!scalar || !readFloats(scalar, factor) || factor.empty() ||
        !llvm::all_equal(factor))
      continue;
    std::optional<RealConstant> inner = getRealConstant(mul->getOperand(1 - i));
    if (!inner || !readFloats(inner->unit ? inner->unit : inner->value, values))
      continue;
    std::optional<SmallVector<double>> products = multiplyExact(values, factor.front());
    if (!products)
      continue;
    ElementsAttr scaled =
        makeFloats(mul.getContext(), *products, getTensorName(mul.getLoc()));
    return inner->unit ? RealConstant{inner->value, scaled} : RealConstant{scaled, {}};
  }
  return std::nullopt;
}

std::optional<RealConstant> qbias::getRealConstant(Value value) {
  while (isa_and_nonnull<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(
      value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  if (ElementsAttr constant = getConstant(value))
    return RealConstant{constant, {}};
  if (auto mul = value.getDefiningOp<MulOp>())
    return getScaledConstant(mul);
  if (auto bias = value.getDefiningOp<BiasOp>())
    return RealConstant{bias.getValue(), bias.getUnitAttr()};
  auto dequantize = value.getDefiningOp<DequantizeOp>();
  if (!dequantize)
    return std::nullopt;
  Value stored = dequantize.getInput();
  while (isa_and_nonnull<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(
      stored.getDefiningOp()))
    stored = stored.getDefiningOp()->getOperand(0);
  auto cast = stored.getDefiningOp<quant::StorageCastOp>();
  ElementsAttr constant = cast ? getConstant(cast.getInput()) : ElementsAttr();
  quant::QuantizedType type = getQuantElement(dequantize.getInput().getType());
  SmallVector<int64_t> integers;
  if (!constant || !type || !readIntegers(constant, integers))
    return std::nullopt;
  toStorageValues(type, integers);
  SmallVector<int64_t> zeroPoints = getZeroPoints(type);
  for (auto [i, q] : llvm::enumerate(integers))
    q -= zeroPoints[zeroPoints.size() == 1 ? 0 : i];
  SmallVector<double> scales = getScales(type);
  MLIRContext *context = value.getContext();
  std::string name = getTensorName(value.getLoc());
  // As wide as in the file: kernels differ by the width of a bias.
  unsigned width = type.getStorageType().getIntOrFloatBitWidth();
  bool isInt32 = width == 32 && llvm::all_of(integers, [](int64_t q) {
                   return q == static_cast<int32_t>(q);
                 });
  auto arrayType = RankedTensorType::get({int64_t(integers.size())},
                                         IntegerType::get(context, isInt32 ? 32 : 64));
  return RealConstant{makeIntegers(arrayType, integers, name),
                      makeFloats(context, scales, name + ".scale")};
}

namespace {

/// Where the operands of a sum of products with constant weights are.
struct Sources {
  quant::QuantizedType input, weight;
  ElementsAttr integers; ///< of the weight as in the file
};

} // namespace

static std::optional<Sources> findSources(AccumulatorOpInterface op) {
  auto input = op.getActivationOperand().get().getDefiningOp<DequantizeOp>();
  auto weight = op.getWeightOperand().get().getDefiningOp<DequantizeOp>();
  auto cast = weight ? weight.getInput().getDefiningOp<quant::StorageCastOp>() : nullptr;
  // A right operand with leading dimensions is a tensor like any other.
  if (isa<MatmulOp>(op) && weight && weight.getType().getRank() > 2)
    return std::nullopt;
  ElementsAttr integers = cast ? getConstant(cast.getInput()) : ElementsAttr();
  if (!input || !integers || !holdsIntegers(integers))
    return std::nullopt;
  Sources sources{getQuantElement(input.getInput().getType()),
                  getQuantElement(weight.getInput().getType()), integers};
  if (getAxis(sources.input) || getAxis(sources.weight).value_or(0) != 0)
    return std::nullopt;
  return sources;
}

bool qbias::hasOperands(AccumulatorOpInterface op) { return findSources(op).has_value(); }

std::optional<Operands> qbias::getOperands(AccumulatorOpInterface op) {
  std::optional<Sources> sources = findSources(op);
  SmallVector<int64_t, 0> weights;
  if (!sources || !readIntegers(sources->integers, weights))
    return std::nullopt;
  toStorageValues(sources->weight, weights);
  SmallVector<int64_t> zeroPoints = getZeroPoints(sources->weight);
  size_t row = weights.size() / op.getOutputChannels();
  for (size_t c = 0; row && c < weights.size() / row; ++c) {
    int64_t zeroPoint = zeroPoints[zeroPoints.size() == 1 ? 0 : c];
    for (int64_t &q : MutableArrayRef(weights).slice(c * row, row))
      q -= zeroPoint;
  }
  return Operands{sources->input, std::move(weights), getScales(sources->weight)};
}
