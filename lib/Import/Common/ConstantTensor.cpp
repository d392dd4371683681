//===- ConstantTensor.cpp - constants of a model file ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Import/Common/ConstantTensor.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;
using namespace qbias::importing;

namespace {
struct NamedFormat {
  DataType type;
  const char *name;
  ElementFormat format;
};
} // namespace

static constexpr NamedFormat kFormats[] = {
    {DataType::Float, "float32", {32, true, true}},
    {DataType::UInt8, "uint8", {8, false, false}},
    {DataType::Int8, "int8", {8, false, true}},
    {DataType::UInt16, "uint16", {16, false, false}},
    {DataType::Int16, "int16", {16, false, true}},
    {DataType::Int32, "int32", {32, false, true}},
    {DataType::Int64, "int64", {64, false, true}},
    {DataType::Bool, "bool", {8, false, false}},
    {DataType::Float16, "float16", {16, true, true}},
    {DataType::Double, "float64", {64, true, true}},
    {DataType::UInt32, "uint32", {32, false, false}},
    {DataType::UInt64, "uint64", {64, false, false}},
    {DataType::BFloat16, "bfloat16", {16, true, true}},
    {DataType::UInt4, "uint4", {4, false, false}},
    {DataType::Int4, "int4", {4, false, true}},
    {DataType::UInt2, "uint2", {2, false, false}},
    {DataType::Int2, "int2", {2, false, true}},
};

static const NamedFormat *findFormat(DataType type) {
  const NamedFormat *found = llvm::find_if(
      kFormats, [&](const NamedFormat &entry) { return entry.type == type; });
  return found == std::end(kFormats) ? nullptr : found;
}

std::string qbias::importing::nameOf(DataType type) {
  const NamedFormat *entry = findFormat(type);
  return entry ? entry->name : "type " + std::to_string(static_cast<int32_t>(type));
}

std::optional<ElementFormat> qbias::importing::formatOf(DataType type) {
  const NamedFormat *entry = findFormat(type);
  return entry ? std::optional(entry->format) : std::nullopt;
}

std::optional<int64_t> qbias::importing::countElements(ArrayRef<int64_t> shape) {
  constexpr int64_t kLimit = int64_t(1) << 31;
  constexpr size_t kMaxRank = 64;
  int64_t nonZero = 1;
  if (shape.size() > kMaxRank)
    return std::nullopt;
  for (int64_t extent : shape) {
    if (extent < 0 || extent >= kLimit)
      return std::nullopt;
    nonZero *= std::max<int64_t>(1, extent); // both below 2^31
    if (nonZero >= kLimit)
      return std::nullopt;
  }
  return llvm::is_contained(shape, 0) ? 0 : nonZero;
}

bool qbias::importing::isValueShape(ArrayRef<int64_t> shape) {
  return countElements(shape).value_or(0) > 0;
}

//===----------------------------------------------------------------------===//
// Making
//===----------------------------------------------------------------------===//

ConstantTensor::ConstantTensor(std::string name, DataType type, ArrayRef<int64_t> shape,
                               std::vector<char> bytes)
    : name(std::move(name)), type(type), shape(shape), count(*countElements(shape)) {
  setBytes(std::move(bytes));
}

ConstantTensor ConstantTensor::view(std::string name, DataType type,
                                    ArrayRef<int64_t> shape, ArrayRef<char> bytes) {
  ConstantTensor result(std::move(name), type, shape, std::vector<char>());
  result.bytes = bytes;
  return result;
}

ConstantTensor ConstantTensor::ofIntegers(std::string name, ArrayRef<int64_t> shape,
                                          ArrayRef<int64_t> values) {
  const char *data = reinterpret_cast<const char *>(values.data());
  return ConstantTensor(std::move(name), DataType::Int64, shape,
                        std::vector<char>(data, data + values.size() * sizeof(int64_t)));
}

void ConstantTensor::setBytes(std::vector<char> owned) {
  storage = std::make_shared<const std::vector<char>>(std::move(owned));
  bytes = *storage;
}

std::vector<char> qbias::importing::unpack(DataType type, int64_t count,
                                           ArrayRef<char> packed) {
  ElementFormat format = *formatOf(type);
  unsigned perByte = 8 / format.bits;
  std::vector<char> elements(count);
  for (int64_t i = 0; i < count; ++i) {
    unsigned byte = static_cast<unsigned char>(packed[i / perByte]);
    unsigned value = byte >> (i % perByte * format.bits) & ((1u << format.bits) - 1);
    elements[i] = static_cast<char>(
        format.isSigned ? llvm::SignExtend64(value, format.bits) : value);
  }
  return elements;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

bool ConstantTensor::isShapeArithmetic() const {
  return (type == DataType::Int64 || type == DataType::Int32) && shape.size() <= 1 &&
         static_cast<size_t>(count) <= kMaxFolded;
}

int64_t ConstantTensor::integerAt(int64_t index) const {
  unsigned width = getWidth();
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + index * width, width);
  return formatOf(type)->isSigned ? llvm::SignExtend64(value, width * 8)
                                  : static_cast<int64_t>(value);
}

double ConstantTensor::realAt(int64_t index) const {
  unsigned width = getWidth();
  if (type == DataType::Float) {
    float value;
    std::memcpy(&value, bytes.data() + index * width, width);
    return value;
  }
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + index * width, width);
  const llvm::fltSemantics &semantics =
      type == DataType::Float16    ? llvm::APFloat::IEEEhalf()
      : type == DataType::BFloat16 ? llvm::APFloat::BFloat()
                                   : llvm::APFloat::IEEEdouble();
  llvm::APFloat real(semantics, llvm::APInt(width * 8, value));
  bool losesInfo = false;
  real.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
               &losesInfo);
  return real.convertToDouble();
}

SmallVector<int64_t> ConstantTensor::integers() const {
  SmallVector<int64_t> result;
  for (int64_t i = 0; i < count; ++i)
    result.push_back(integerAt(i));
  return result;
}

ConstantTensor ConstantTensor::withName(std::string newName) const {
  ConstantTensor result = *this;
  result.name = std::move(newName);
  return result;
}

ConstantTensor ConstantTensor::withShape(ArrayRef<int64_t> newShape) const {
  ConstantTensor result = *this;
  result.shape.assign(newShape.begin(), newShape.end());
  return result;
}

ConstantTensor ConstantTensor::transposed(ArrayRef<int64_t> permutation) const {
  SmallVector<int64_t> strides(shape.size(), getWidth()), newShape, step;
  for (size_t d = shape.size(); d-- > 1;)
    strides[d - 1] = strides[d] * shape[d];
  for (int64_t d : permutation) {
    newShape.push_back(shape[d]);
    step.push_back(strides[d]);
  }
  unsigned width = getWidth();
  std::vector<char> moved(bytes.size());
  SmallVector<int64_t> index(newShape.size(), 0);
  int64_t from = 0;
  for (int64_t to = 0; to < count; ++to) {
    std::memcpy(moved.data() + to * width, bytes.data() + from, width);
    for (size_t d = newShape.size(); d-- > 0;) {
      from += step[d];
      if (++index[d] < newShape[d])
        break;
      from -= step[d] * newShape[d];
      index[d] = 0;
    }
  }
  ConstantTensor result = withShape(newShape);
  result.setBytes(std::move(moved));
  return result;
}
