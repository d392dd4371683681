//===- Constants.cpp - reading and making constant arrays ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cstddef>

using namespace mlir;
using namespace qbias;

/// Arrays up to this many elements are written out in textual IR.
static constexpr int64_t kMaxInlineElements = 64;

Type qbias::permuteElementType(Type element, ArrayRef<int64_t> permutation) {
  auto quantized = dyn_cast<quant::QuantizedType>(element);
  if (!quantized || !getAxis(quantized))
    return element;
  const int64_t *at = llvm::find(permutation, *getAxis(quantized));
  if (at == permutation.end())
    return element;
  return withAxis(quantized, static_cast<int32_t>(at - permutation.begin()));
}

/// Most elements a splat is expanded to.
static constexpr size_t kMaxSplatElements = size_t(1) << 28;

/// Widest float an exact double can hold every value of.
static constexpr unsigned kMaxFloatBits = 64;

static unsigned elementBytes(Type element) {
  return llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
}

std::optional<std::vector<char>> qbias::readRaw(ElementsAttr attr) {
  Type element = attr.getElementType();
  if (!isa<RankedTensorType>(attr.getShapedType()) || !element.isIntOrFloat() ||
      element.getIntOrFloatBitWidth() % 8)
    return std::nullopt;
  size_t expected = attr.getNumElements() * elementBytes(element);
  ArrayRef<char> data;
  if (auto dense = dyn_cast<DenseIntOrFPElementsAttr>(attr)) {
    data = dense.getRawData();
    if (dense.isSplat()) {
      if (static_cast<size_t>(attr.getNumElements()) > kMaxSplatElements)
        return std::nullopt;
      std::vector<char> bytes;
      bytes.reserve(expected);
      for (int64_t i = 0; i < attr.getNumElements(); ++i)
        bytes.insert(bytes.end(), data.begin(), data.end());
      return bytes;
    }
  } else if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return std::nullopt;
    data = blob->getData();
  }
  if (data.size() != expected)
    return std::nullopt;
  return std::vector<char>(data.begin(), data.end());
}

template <typename T>
static void append(ArrayRef<char> bytes, SmallVectorImpl<int64_t> &out) {
  for (size_t i = 0; i < bytes.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + i, sizeof(T));
    out.push_back(static_cast<int64_t>(value));
  }
}

bool qbias::readIntegers(ElementsAttr attr, SmallVectorImpl<int64_t> &out) {
  auto type = dyn_cast<IntegerType>(attr.getElementType());
  std::optional<std::vector<char>> bytes = readRaw(attr);
  if (!type || !bytes)
    return false;
  out.clear();
  out.reserve(attr.getNumElements());
  bool isUnsigned = type.isUnsigned();
  switch (type.getWidth()) {
  case 8:
    isUnsigned ? append<uint8_t>(*bytes, out) : append<int8_t>(*bytes, out);
    return true;
  case 16:
    isUnsigned ? append<uint16_t>(*bytes, out) : append<int16_t>(*bytes, out);
    return true;
  case 32:
    isUnsigned ? append<uint32_t>(*bytes, out) : append<int32_t>(*bytes, out);
    return true;
  case 64:
    append<int64_t>(*bytes, out);
    return true;
  default:
    return false;
  }
}

ElementsAttr qbias::getConstant(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  return constant ? dyn_cast<ElementsAttr>(constant.getValue()) : ElementsAttr();
}

bool qbias::readIntegers(Value value, SmallVectorImpl<int64_t> &out) {
  ElementsAttr attr = getConstant(value);
  return attr && readIntegers(attr, out);
}

bool qbias::readFloats(ElementsAttr attr, SmallVectorImpl<double> &out) {
  auto type = dyn_cast<FloatType>(attr.getElementType());
  if (!type || type.getWidth() > kMaxFloatBits)
    return false;
  std::optional<std::vector<char>> bytes = readRaw(attr);
  if (!bytes)
    return false;
  out.clear();
  unsigned width = elementBytes(type);
  for (size_t i = 0; i < bytes->size(); i += width) {
    uint64_t bits = 0;
    std::memcpy(&bits, bytes->data() + i, width);
    APFloat value(type.getFloatSemantics(), APInt(type.getWidth(), bits));
    bool losesInfo = false;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
    out.push_back(value.convertToDouble());
  }
  return true;
}

FailureOr<ExactArray> ExactArray::get(ElementsAttr value, ElementsAttr unit) {
  ExactArray result;
  auto read = [](ElementsAttr attr, std::vector<numerics::Rational> &out) {
    SmallVector<double> floats;
    SmallVector<int64_t> integers;
    if (readIntegers(attr, integers)) {
      for (int64_t v : integers)
        out.emplace_back(numerics::fromInt64(v));
      return true;
    }
    if (!readFloats(attr, floats))
      return false;
    for (double v : floats) {
      std::optional<numerics::Rational> exact = numerics::exactRational(v);
      if (!exact)
        return false;
      out.push_back(std::move(*exact));
    }
    return true;
  };
  if (!read(value, result.values) || result.values.empty())
    return failure();
  if (!unit)
    return result;
  std::vector<numerics::Rational> units;
  if (!read(unit, units) || units.empty() ||
      (units.size() != 1 && units.size() != result.values.size()))
    return failure();
  for (size_t c = 0; c < result.values.size(); ++c)
    result.values[c] *= units[units.size() == 1 ? 0 : c];
  return result;
}

numerics::Rational ExactArray::at(int64_t channel) const {
  return values[values.size() == 1 ? 0 : channel];
}

ElementsAttr qbias::makeRaw(RankedTensorType type, ArrayRef<char> bytes, StringRef name) {
  if (type.getNumElements() <= kMaxInlineElements)
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  // What any buffer has that bytecode is read from.
  constexpr size_t kAlignment = alignof(std::max_align_t);
  // A blob without a name does not survive its textual form.
  return DenseResourceElementsAttr::get(
      type, name.empty() ? "constant" : name,
      HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, kAlignment));
}

ElementsAttr qbias::makeIntegers(RankedTensorType type, ArrayRef<int64_t> values,
                                 StringRef name) {
  unsigned width = elementBytes(type.getElementType());
  std::vector<char> bytes(values.size() * width);
  for (size_t i = 0; i < values.size(); ++i)
    std::memcpy(bytes.data() + i * width, &values[i], width); // little endian
  return makeRaw(type, bytes, name);
}

ElementsAttr qbias::makeIntegers(MLIRContext *context, ArrayRef<int64_t> values,
                                 StringRef name) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    IntegerType::get(context, 64));
  return makeIntegers(type, values, name);
}

ElementsAttr qbias::makeFloats(MLIRContext *context, ArrayRef<double> values,
                               StringRef name) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    Float64Type::get(context));
  ArrayRef<char> bytes(reinterpret_cast<const char *>(values.data()),
                       values.size() * sizeof(double));
  return makeRaw(type, bytes, name);
}
