//===- QuantParameters.cpp - scales and zero points of tensors ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Import/Common/QuantParameters.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace qbias;
using namespace qbias::importing;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

bool qbias::importing::isQuantizable(DataType type) {
  switch (type) {
  case DataType::UInt2:
  case DataType::Int2:
  case DataType::UInt4:
  case DataType::Int4:
  case DataType::UInt8:
  case DataType::Int8:
  case DataType::UInt16:
  case DataType::Int16:
  case DataType::Int32:
    return true;
  default:
    return false;
  }
}

numerics::Range qbias::importing::rangeOf(DataType type) {
  ElementFormat format = *formatOf(type);
  if (!format.isSigned)
    return {0, static_cast<int64_t>(llvm::maxUIntN(format.bits))};
  return {llvm::minIntN(format.bits), llvm::maxIntN(format.bits)};
}

DataType qbias::importing::storageOf(quant::QuantizedType type) {
  for (DataType candidate :
       {DataType::UInt2, DataType::Int2, DataType::UInt4, DataType::Int4, DataType::UInt8,
        DataType::Int8, DataType::UInt16, DataType::Int16})
    if (rangeOf(candidate) == getStorageRange(type))
      return candidate;
  return DataType::Int32;
}

quant::QuantizedType qbias::importing::makeQuantType(MLIRContext *context,
                                                     const QuantParameters &parameters) {
  ElementFormat format = *formatOf(parameters.storage);
  numerics::Range range = parameters.range.value_or(rangeOf(parameters.storage));
  unsigned flags = format.isSigned ? quant::QuantizationFlags::Signed : 0;
  Type storage = IntegerType::get(context, std::max(8u, format.bits));
  Type expressed = Float32Type::get(context);
  if (parameters.axis)
    return quant::UniformQuantizedPerAxisType::get(
        flags, storage, expressed, parameters.scales, parameters.zeroPoints,
        static_cast<int32_t>(*parameters.axis), range.min, range.max);
  return quant::UniformQuantizedType::get(flags, storage, expressed, parameters.scales[0],
                                          parameters.zeroPoints[0], range.min, range.max);
}

bool qbias::importing::isScale(double scale, bool allowZero) {
  if (scale == 0)
    return allowZero;
  return scale >= std::numeric_limits<float>::denorm_min() &&
         scale <= std::numeric_limits<float>::max();
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// Calls f(element, channel) for every element; channel 0 without axis.
template <typename Function>
static void forEachElement(ArrayRef<int64_t> shape, std::optional<int64_t> axis,
                           Function f) {
  int64_t count = *countElements(shape);
  int64_t inner = axis ? *countElements(shape.drop_front(*axis + 1)) : 1;
  for (int64_t i = 0; i < count; ++i)
    f(i, axis ? i / inner % shape[*axis] : 0);
}

/// Scale 1 and zeros in place of scale 0, which maps every integer to real 0.
static void replaceDeadChannels(Location loc, const ConstantTensor &constant,
                                QuantParameters &parameters, std::vector<char> &bytes) {
  std::vector<bool> isDead;
  SmallVector<int64_t> dead;
  for (auto [channel, scale] : llvm::enumerate(parameters.scales)) {
    isDead.push_back(scale == 0);
    if (scale != 0)
      continue;
    dead.push_back(channel);
    scale = 1;
    parameters.zeroPoints[channel] = 0;
  }
  if (dead.empty())
    return;
  unsigned width = constant.getWidth();
  forEachElement(constant.getShape(), parameters.axis,
                 [&](int64_t element, int64_t channel) {
                   if (isDead[channel])
                     std::fill_n(bytes.begin() + element * width, width, 0);
                 });
  auto opts = remark::RemarkOpts::name("dead-channel").category("qbias-import");
  remark::analysis(loc, opts) << remark::add("scale 0, stored as zeros of scale 1")
                              << remark::metric("Channels", isDead.size())
                              << remark::metric("Dead", dead.size())
                              << remark::metric("List",
                                                text(ArrayRef(dead).take_front(16)));
}

FailureOr<Value> qbias::importing::dequantizeConstant(const Layer &layer, Location loc,
                                                      Location constantLoc,
                                                      const ConstantTensor &constant,
                                                      QuantParameters parameters) {
  if (!isValueShape(constant.getShape()))
    return layer.reject("shape of constant " + quoted(constant.getName()), kValueLimits,
                        text(constant.getShape()));
  ArrayRef<char> stored = constant.getBytes();
  if (failed(layer.charge(2 * stored.size())))
    return failure();
  std::vector<char> bytes(stored.begin(), stored.end());
  replaceDeadChannels(constantLoc, constant, parameters, bytes);
  OpBuilder &builder = layer.getBuilder();
  auto type = RankedTensorType::get(constant.getShape(),
                                    builder.getIntegerType(8 * constant.getWidth()));
  Value integers = arith::ConstantOp::create(builder, constantLoc,
                                             makeRaw(type, bytes, constant.getName()));
  auto quantized = type.clone(makeQuantType(builder.getContext(), parameters));
  Value cast = quant::StorageCastOp::create(builder, constantLoc, quantized, integers);
  return layer.create<DequantizeOp>(loc, type.clone(builder.getF32Type()), cast)
      .getResult();
}

/// rnd(x / s) + z, clamped (N2). The double quotient is off by less than
/// 2^-21 below 2^31, so only numbers that close to a tie need exact arithmetic.
static int64_t quantizeExactly(double x, double scale, int64_t zeroPoint,
                               numerics::Range range) {
  constexpr double kLargest = 2147483648.0, kTieZone = 1.0 / (1 << 20);
  double quotient = x / scale;
  if (quotient >= kLargest)
    return range.max;
  if (quotient <= -kLargest)
    return range.min;
  double fraction = quotient - std::floor(quotient);
  if (std::fabs(fraction - 0.5) > kTieZone)
    return std::clamp(static_cast<int64_t>(std::floor(quotient + 0.5)) + zeroPoint,
                      range.min, range.max);
  return numerics::quantize(*numerics::exactRational(x),
                            {*numerics::exactRational(scale), zeroPoint, range});
}

FailureOr<ConstantTensor>
qbias::importing::quantizeConstant(const Layer &layer, const ConstantTensor &constant,
                                   const QuantParameters &parameters) {
  unsigned width = std::max(8u, formatOf(parameters.storage)->bits) / 8;
  int64_t count = constant.getNumElements();
  if (failed(layer.charge(count * width)))
    return failure();
  for (int64_t i = 0; i < count; ++i)
    if (!std::isfinite(constant.realAt(i)))
      return layer.reject("element " + Twine(i) + " of constant " +
                              quoted(constant.getName()),
                          "a finite number", realText(constant.realAt(i)));
  std::vector<char> bytes(count * width);
  numerics::Range range = parameters.range.value_or(rangeOf(parameters.storage));
  forEachElement(constant.getShape(), parameters.axis, [&](int64_t i, int64_t channel) {
    double scale = parameters.scales[channel];
    int64_t zeroPoint = parameters.zeroPoints[channel];
    int64_t q = scale == 0 ? zeroPoint
                           : quantizeExactly(constant.realAt(i), scale, zeroPoint, range);
    std::memcpy(bytes.data() + i * width, &q, width);
  });
  return ConstantTensor(constant.getName().str(), parameters.storage, constant.getShape(),
                        std::move(bytes));
}

Value qbias::importing::reinterpret(const Layer &layer, Location loc, Value quantized,
                                    Type type) {
  OpBuilder &builder = layer.getBuilder();
  unsigned width = getQuantElement(type).getStorageTypeIntegralWidth();
  auto integers = cast<RankedTensorType>(type).clone(builder.getIntegerType(width));
  Value stored = quant::StorageCastOp::create(builder, loc, integers, quantized);
  return quant::StorageCastOp::create(builder, loc, type, stored);
}
