//===- QuantTypes.cpp - questions about !quant.uniform types ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/QuantTypes.h"

using namespace mlir;
using namespace qbias;

bool qbias::isStaticTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape();
}

bool qbias::isRealTensor(Type type) {
  return isStaticTensor(type) &&
         cast<RankedTensorType>(type).getElementType().isF32();
}

quant::QuantizedType qbias::getQuantElement(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return {};
  auto element = dyn_cast<quant::QuantizedType>(tensor.getElementType());
  if (!isa_and_nonnull<quant::UniformQuantizedType,
                       quant::UniformQuantizedPerAxisType>(element))
    return {};
  return element;
}

bool qbias::isQuantTensor(Type type) {
  return isStaticTensor(type) && getQuantElement(type);
}

bool qbias::isIntegerTensor(Type type) {
  if (!isStaticTensor(type))
    return false;
  auto integer =
      dyn_cast<IntegerType>(cast<RankedTensorType>(type).getElementType());
  if (!integer)
    return false;
  unsigned width = integer.getWidth();
  if (integer.isUnsigned())
    return width == 8 || width == 16;
  return integer.isSignless() &&
         (width == 8 || width == 16 || width == 32 || width == 64);
}

SmallVector<double> qbias::getScales(quant::QuantizedType type) {
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type))
    return llvm::to_vector(perAxis.getScales());
  return {cast<quant::UniformQuantizedType>(type).getScale()};
}

SmallVector<int64_t> qbias::getZeroPoints(quant::QuantizedType type) {
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type))
    return llvm::to_vector(perAxis.getZeroPoints());
  return {cast<quant::UniformQuantizedType>(type).getZeroPoint()};
}

std::optional<int32_t> qbias::getAxis(quant::QuantizedType type) {
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type))
    return perAxis.getQuantizedDimension();
  return std::nullopt;
}

numerics::Range qbias::getStorageRange(quant::QuantizedType type) {
  return {type.getStorageTypeMin(), type.getStorageTypeMax()};
}

numerics::QuantParams qbias::getParams(quant::QuantizedType type) {
  auto perTensor = cast<quant::UniformQuantizedType>(type);
  numerics::QuantParams params;
  params.scale = *numerics::exactRational(perTensor.getScale());
  params.zeroPoint = perTensor.getZeroPoint();
  params.storage = getStorageRange(type);
  return params;
}

IntegerType qbias::getIntegerType(quant::QuantizedType type) {
  unsigned width = std::max(8u, type.getStorageTypeIntegralWidth());
  bool fitsSigned = type.isSigned() || type.getStorageTypeIntegralWidth() < 8;
  return IntegerType::get(type.getContext(), width,
                          fitsSigned ? IntegerType::Signless
                                     : IntegerType::Unsigned);
}

RankedTensorType qbias::getIntegerTensor(Type quantTensor) {
  auto tensor = cast<RankedTensorType>(quantTensor);
  return tensor.clone(getIntegerType(getQuantElement(quantTensor)));
}

numerics::Range qbias::getIntegerRange(Type integerType) {
  auto integer = cast<IntegerType>(integerType);
  unsigned width = integer.getWidth();
  if (integer.isUnsigned())
    return {0, static_cast<int64_t>((uint64_t(1) << width) - 1)};
  int64_t max = static_cast<int64_t>((uint64_t(1) << (width - 1)) - 1);
  return {-max - 1, max};
}

bool qbias::haveSameGrid(quant::QuantizedType a, quant::QuantizedType b) {
  return getAxis(a) == getAxis(b) && getScales(a) == getScales(b) &&
         getZeroPoints(a) == getZeroPoints(b);
}

quant::QuantizedType qbias::withAxis(quant::QuantizedType type, int32_t axis) {
  auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(type);
  if (!perAxis)
    return type;
  return quant::UniformQuantizedPerAxisType::get(
      perAxis.getFlags(), perAxis.getStorageType(), perAxis.getExpressedType(),
      perAxis.getScales(), perAxis.getZeroPoints(), axis,
      perAxis.getStorageTypeMin(), perAxis.getStorageTypeMax());
}

void qbias::toStorageValues(quant::QuantizedType type,
                            SmallVectorImpl<int64_t> &values) {
  if (type.isSigned())
    return;
  int64_t mask = static_cast<int64_t>(
      (uint64_t(1) << std::max(8u, type.getStorageTypeIntegralWidth())) - 1);
  for (int64_t &value : values)
    value &= mask;
}
