//===- ConstantTensor.cpp - constants of an ONNX file ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConstantTensor.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;
using namespace qbias::onnximport;

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

std::string qbias::onnximport::nameOf(DataType type) {
  const NamedFormat *entry = findFormat(type);
  return entry ? entry->name : "type " + std::to_string(static_cast<int32_t>(type));
}

std::optional<ElementFormat> qbias::onnximport::formatOf(DataType type) {
  const NamedFormat *entry = findFormat(type);
  return entry ? std::optional(entry->format) : std::nullopt;
}

std::optional<int64_t> qbias::onnximport::countElements(ArrayRef<int64_t> shape) {
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

bool qbias::onnximport::isValueShape(ArrayRef<int64_t> shape) {
  return countElements(shape).value_or(0) > 0;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

ConstantTensor::ConstantTensor(const onnx::TensorProto &proto, DataType type,
                               int64_t count)
    : name(proto.name()), type(type), shape(proto.dims().begin(), proto.dims().end()),
      count(count) {}

ConstantTensor::ConstantTensor(std::string name, DataType type, ArrayRef<int64_t> shape,
                               std::vector<char> bytes)
    : name(std::move(name)), type(type), shape(shape), count(*countElements(shape)) {
  setBytes(std::move(bytes));
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

FailureOr<ConstantTensor> ConstantTensor::decode(const onnx::TensorProto &proto,
                                                 const Subject &subject) {
  auto type = static_cast<DataType>(proto.data_type());
  SmallVector<int64_t> shape(proto.dims().begin(), proto.dims().end());
  if (!formatOf(type))
    return subject.reject("element type", "a number type up to 64 bits", nameOf(type));
  std::optional<int64_t> count = countElements(shape);
  if (!count)
    return subject.reject("shape", kShapeLimits, text(shape));
  if (proto.external_data_size() || proto.data_location() == onnx::TensorProto::EXTERNAL)
    return subject.reject("data", "elements inside the model file",
                          "a reference to another file",
                          "external data is not supported yet, save the model "
                          "as a single file");
  if (proto.has_segment())
    return subject.reject("data", "all elements in one place", "a segment");
  ConstantTensor result(proto, type, *count);
  if (failed(proto.has_raw_data() ? result.readRaw(proto, subject)
                                  : result.readTyped(proto, subject)))
    return failure();
  return result;
}

/// The element count and the size of the data disagree.
static LogicalResult rejectSize(const Subject &subject, int64_t expected, int64_t got,
                                const char *unit, ArrayRef<int64_t> shape) {
  return subject.reject("data",
                        Twine(expected) + " " + unit + " for shape " + text(shape),
                        Twine(got), "the file is damaged");
}

LogicalResult ConstantTensor::readRaw(const onnx::TensorProto &proto,
                                      const Subject &subject) {
  unsigned bits = formatOf(type)->bits;
  const std::string &raw = proto.raw_data();
  int64_t needed = llvm::divideCeil(static_cast<uint64_t>(count) * bits, 8);
  if (static_cast<int64_t>(raw.size()) != needed)
    return rejectSize(subject, needed, raw.size(), "bytes", shape);
  if (bits < 8)
    unpack(raw);
  else
    bytes = raw;
  return success();
}

/// One byte per element from 8 / bits elements per byte, low bits first.
void ConstantTensor::unpack(ArrayRef<char> packed) {
  ElementFormat format = *formatOf(type);
  unsigned perByte = 8 / format.bits;
  std::vector<char> elements(count);
  for (int64_t i = 0; i < count; ++i) {
    unsigned byte = static_cast<unsigned char>(packed[i / perByte]);
    unsigned value = byte >> (i % perByte * format.bits) & ((1u << format.bits) - 1);
    elements[i] = static_cast<char>(
        format.isSigned ? llvm::SignExtend64(value, format.bits) : value);
  }
  setBytes(std::move(elements));
}

/// Little-endian bytes of the values, `width` each.
template <typename Values>
static std::vector<char> narrow(const Values &values, unsigned width) {
  std::vector<char> result(static_cast<size_t>(values.size()) * width);
  char *out = result.data();
  for (auto value : values) {
    std::memcpy(out, &value, width);
    out += width;
  }
  return result;
}

LogicalResult ConstantTensor::readTyped(const onnx::TensorProto &proto,
                                        const Subject &subject) {
  auto checkSize = [&](int64_t needed, int64_t got) {
    return needed == got ? success() : rejectSize(subject, needed, got, "values", shape);
  };
  auto copy = [&](const auto &values) {
    if (failed(checkSize(count, values.size())))
      return failure();
    setBytes(narrow(values, getWidth()));
    return success();
  };
  ElementFormat format = *formatOf(type);
  if (type == DataType::Float)
    return copy(proto.float_data());
  if (type == DataType::Double)
    return copy(proto.double_data());
  if (type == DataType::Int64)
    return copy(proto.int64_data());
  // The other fields are wider than the elements they hold: 16-bit floats as
  // their bits, packed types one byte an entry.
  unsigned bits = std::max(8u, format.bits);
  bool isSigned = format.isSigned && !format.isFloat && format.bits >= 8;
  int64_t max = isSigned ? llvm::maxIntN(bits) : llvm::maxUIntN(bits);
  int64_t min = isSigned ? llvm::minIntN(bits) : 0;
  auto inRange = [&](const auto &values) {
    for (auto value : values)
      if (static_cast<int64_t>(value) < min || static_cast<int64_t>(value) > max)
        return subject.reject(nameOf(type) + " element",
                              "a value in [" + Twine(min) + ", " + Twine(max) + "]",
                              Twine(static_cast<int64_t>(value)));
    return success();
  };
  if (type == DataType::UInt64)
    return copy(proto.uint64_data());
  if (type == DataType::UInt32)
    return success(succeeded(inRange(proto.uint64_data())) &&
                   succeeded(copy(proto.uint64_data())));
  const auto &values = proto.int32_data();
  if (failed(inRange(values)))
    return failure();
  if (format.bits >= 8)
    return copy(values);
  int64_t packed = llvm::divideCeil(static_cast<uint64_t>(count) * format.bits, 8);
  if (failed(checkSize(packed, values.size())))
    return failure();
  unpack(narrow(values, 1));
  return success();
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
