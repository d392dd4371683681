//===- QuantTypes.cpp - questions about !quant.uniform types ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;
using namespace qbias;

/// Most elements a tensor may have: leaves room for byte counts and sums of
/// extents in an int64.
static constexpr int64_t kMaxElements = int64_t(1) << 40;

/// A per-axis type has one scale per entry of its axis; other quantized types
/// than per-tensor and per-axis ones have no meaning here.
static bool hasMatchingScales(RankedTensorType tensor) {
  Type element = tensor.getElementType();
  if (auto type = dyn_cast<quant::UniformQuantizedPerAxisType>(element)) {
    int64_t axis = type.getQuantizedDimension();
    return axis >= 0 && axis < tensor.getRank() &&
           tensor.getDimSize(axis) == static_cast<int64_t>(type.getScales().size());
  }
  return !isa<quant::QuantizedType>(element) || isa<quant::UniformQuantizedType>(element);
}

bool qbias::isStaticTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getEncoding())
    return false;
  int64_t elements = 1;
  for (int64_t extent : tensor.getShape()) {
    if (extent < 1 || extent > kMaxElements / elements)
      return false;
    elements *= extent;
  }
  return hasMatchingScales(tensor);
}

bool qbias::isRealTensor(Type type) {
  return isStaticTensor(type) && cast<RankedTensorType>(type).getElementType().isF32();
}

quant::QuantizedType qbias::getQuantElement(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return {};
  auto element = dyn_cast<quant::QuantizedType>(tensor.getElementType());
  if (!isa_and_nonnull<quant::UniformQuantizedType, quant::UniformQuantizedPerAxisType>(
          element))
    return {};
  return element;
}

bool qbias::isQuantTensor(Type type) {
  return isStaticTensor(type) && getQuantElement(type);
}

bool qbias::isIntegerTensor(Type type) {
  if (!isStaticTensor(type))
    return false;
  auto integer = dyn_cast<IntegerType>(cast<RankedTensorType>(type).getElementType());
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

std::optional<TypeFault> qbias::getTypeFault(quant::QuantizedType type) {
  std::string text;
  llvm::raw_string_ostream os(text);
  // C2
  unsigned width = type.getStorageTypeIntegralWidth();
  if (width != 4 && width != 8 && width != 16 && (width != 32 || !type.isSigned())) {
    os << "expects a storage type of 4, 8 or 16 bits, or signed of 32, got "
       << (type.isSigned() ? "i" : "u") << width;
    return TypeFault{"C2", text};
  }
  // C3
  for (double scale : getScales(type))
    if (!(scale > 0) || !std::isfinite(scale)) {
      os << "expects positive finite scales, got " << scale;
      return TypeFault{"C3", text};
    }
  // C4
  numerics::Range storage = getStorageRange(type);
  for (int64_t zeroPoint : getZeroPoints(type))
    if (!storage.contains(zeroPoint)) {
      os << "expects a zero point in [" << storage.min << ", " << storage.max << "], got "
         << zeroPoint;
      return TypeFault{"C4", text};
    }
  return std::nullopt;
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
                          fitsSigned ? IntegerType::Signless : IntegerType::Unsigned);
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
      perAxis.getScales(), perAxis.getZeroPoints(), axis, perAxis.getStorageTypeMin(),
      perAxis.getStorageTypeMax());
}

void qbias::toStorageValues(quant::QuantizedType type, SmallVectorImpl<int64_t> &values) {
  if (type.isSigned())
    return;
  int64_t mask = static_cast<int64_t>(
      (uint64_t(1) << std::max(8u, type.getStorageTypeIntegralWidth())) - 1);
  for (int64_t &value : values)
    value &= mask;
}
