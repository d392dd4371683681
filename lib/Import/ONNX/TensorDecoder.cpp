//===- TensorDecoder.cpp - constants out of ONNX messages ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorDecoder.h"

#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;
using namespace qbias::onnximport;

/// The element count and the size of the data disagree.
static LogicalResult rejectSize(const Subject &subject, int64_t expected, int64_t got,
                                const char *unit, ArrayRef<int64_t> shape) {
  return subject.reject("data",
                        Twine(expected) + " " + unit + " for shape " + text(shape),
                        Twine(got), "the file is damaged");
}

namespace {
/// Name, type and shape of a tensor of the file, checked, and its element count.
struct Header {
  const onnx::TensorProto &proto;
  const Subject &subject;
  DataType type;
  SmallVector<int64_t> shape;
  int64_t count;

  ConstantTensor make(std::vector<char> bytes) const {
    return ConstantTensor(proto.name(), type, shape, std::move(bytes));
  }
};
} // namespace

static FailureOr<ConstantTensor> readRaw(const Header &header) {
  unsigned bits = formatOf(header.type)->bits;
  const std::string &raw = header.proto.raw_data();
  int64_t needed = llvm::divideCeil(static_cast<uint64_t>(header.count) * bits, 8);
  if (static_cast<int64_t>(raw.size()) != needed)
    return rejectSize(header.subject, needed, raw.size(), "bytes", header.shape);
  if (bits < 8)
    return header.make(unpack(header.type, header.count, raw));
  return ConstantTensor::view(header.proto.name(), header.type, header.shape, raw);
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

static FailureOr<ConstantTensor> readTyped(const Header &header) {
  const onnx::TensorProto &proto = header.proto;
  DataType type = header.type;
  ElementFormat format = *formatOf(type);
  unsigned bits = std::max(8u, format.bits);
  auto checkSize = [&](int64_t needed, int64_t got) {
    return needed == got
               ? success()
               : rejectSize(header.subject, needed, got, "values", header.shape);
  };
  auto copy = [&](const auto &values) -> FailureOr<ConstantTensor> {
    if (failed(checkSize(header.count, values.size())))
      return failure();
    return header.make(narrow(values, bits / 8));
  };
  if (type == DataType::Float)
    return copy(proto.float_data());
  if (type == DataType::Double)
    return copy(proto.double_data());
  if (type == DataType::Int64)
    return copy(proto.int64_data());
  // The other fields are wider than the elements they hold: 16-bit floats as
  // their bits, packed types one byte an entry.
  bool isSigned = format.isSigned && !format.isFloat && format.bits >= 8;
  int64_t max = isSigned ? llvm::maxIntN(bits) : llvm::maxUIntN(bits);
  int64_t min = isSigned ? llvm::minIntN(bits) : 0;
  auto inRange = [&](const auto &values) {
    for (auto value : values)
      if (static_cast<int64_t>(value) < min || static_cast<int64_t>(value) > max)
        return header.subject.reject(nameOf(type) + " element",
                                     "a value in [" + Twine(min) + ", " + Twine(max) +
                                         "]",
                                     Twine(static_cast<int64_t>(value)));
    return success();
  };
  if (type == DataType::UInt64)
    return copy(proto.uint64_data());
  if (type == DataType::UInt32) {
    if (failed(inRange(proto.uint64_data())))
      return failure();
    return copy(proto.uint64_data());
  }
  const auto &values = proto.int32_data();
  if (failed(inRange(values)))
    return failure();
  if (format.bits >= 8)
    return copy(values);
  int64_t packed = llvm::divideCeil(static_cast<uint64_t>(header.count) * format.bits, 8);
  if (failed(checkSize(packed, values.size())))
    return failure();
  return header.make(unpack(type, header.count, narrow(values, 1)));
}

FailureOr<ConstantTensor> qbias::onnximport::decode(const onnx::TensorProto &proto,
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
  Header header{proto, subject, type, shape, *count};
  return proto.has_raw_data() ? readRaw(header) : readTyped(header);
}
