//===- Npy.cpp - NumPy array files ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Format: magic "\x93NUMPY", version, header length, and a Python dict literal
// with the keys descr, fortran_order and shape (NumPy Enhancement Proposal 1 and
// numpy.lib.format).
//
//===----------------------------------------------------------------------===//

#include "qbias/Runtime/Npy.h"

#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace qbias::runtime {

namespace {

struct DTypeInfo {
  DType dtype;
  const char *name;
  const char *descr;
  size_t size;
};

constexpr DTypeInfo kDTypes[] = {
    {DType::Int8, "int8", "|i1", 1},       {DType::UInt8, "uint8", "|u1", 1},
    {DType::Int16, "int16", "<i2", 2},     {DType::UInt16, "uint16", "<u2", 2},
    {DType::Int32, "int32", "<i4", 4},     {DType::UInt32, "uint32", "<u4", 4},
    {DType::Int64, "int64", "<i8", 8},     {DType::Float16, "float16", "<f2", 2},
    {DType::Float32, "float32", "<f4", 4}, {DType::Float64, "float64", "<f8", 8},
};

const DTypeInfo &infoOf(DType dtype) {
  for (const DTypeInfo &info : kDTypes)
    if (info.dtype == dtype)
      return info;
  return kDTypes[0];
}

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr size_t kAlignment = 64;

/// Reads the dict literal of a header.
class HeaderParser {
public:
  explicit HeaderParser(std::string_view text) : text(text) {}

  bool parse(std::string &descr, bool &fortran, std::vector<int64_t> &shape) {
    bool hasDescr = false, hasOrder = false, hasShape = false;
    if (!take('{'))
      return false;
    while (!take('}')) {
      std::string key;
      if (!quoted(key) || !take(':'))
        return false;
      if (key == "descr")
        hasDescr = quoted(descr);
      else if (key == "fortran_order")
        hasOrder = boolean(fortran);
      else if (key == "shape")
        hasShape = tuple(shape);
      else
        return false;
      if (!take(',') && (skip(), at >= text.size() || text[at] != '}'))
        return false;
    }
    return hasDescr && hasOrder && hasShape;
  }

private:
  void skip() {
    while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at])))
      ++at;
  }
  bool take(char c) {
    skip();
    if (at >= text.size() || text[at] != c)
      return false;
    ++at;
    return true;
  }
  bool quoted(std::string &out) {
    skip();
    if (at >= text.size() || (text[at] != '\'' && text[at] != '"'))
      return false;
    char quote = text[at++];
    size_t end = text.find(quote, at);
    if (end == std::string_view::npos)
      return false;
    out = text.substr(at, end - at);
    at = end + 1;
    return true;
  }
  bool boolean(bool &out) {
    skip();
    for (auto [word, value] : {std::pair("True", true), std::pair("False", false)})
      if (text.substr(at, std::strlen(word)) == word) {
        at += std::strlen(word);
        out = value;
        return true;
      }
    return false;
  }
  bool tuple(std::vector<int64_t> &out) {
    if (!take('('))
      return false;
    while (!take(')')) {
      skip();
      int64_t value = 0;
      size_t digits = 0;
      constexpr size_t kMaxDigits = 18; // below 2^63
      while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]))) {
        if (++digits > kMaxDigits)
          return false;
        value = value * 10 + (text[at++] - '0');
      }
      if (!digits)
        return false;
      out.push_back(value);
      take('L'); // written by Python 2
      if (!take(',') && (skip(), at >= text.size() || text[at] != ')'))
        return false;
    }
    return true;
  }

  std::string_view text;
  size_t at = 0;
};

/// Product of the dimensions, nullopt beyond `limit`.
std::optional<uint64_t> countElements(const std::vector<int64_t> &shape, uint64_t limit) {
  uint64_t count = 1;
  for (int64_t d : shape) {
    if (d == 0)
      return 0;
    if (count > limit / static_cast<uint64_t>(d))
      return std::nullopt;
    count *= static_cast<uint64_t>(d);
  }
  return count;
}

template <typename T>
int64_t load(const char *data, int64_t i) {
  T value;
  std::memcpy(&value, data + i * sizeof(T), sizeof(T));
  return static_cast<int64_t>(value);
}

} // namespace

std::string_view dtypeName(DType dtype) { return infoOf(dtype).name; }
size_t dtypeSize(DType dtype) { return infoOf(dtype).size; }
bool isInteger(DType dtype) {
  return dtype != DType::Float16 && dtype != DType::Float32 && dtype != DType::Float64;
}

int64_t Array::elements() const {
  int64_t count = 1;
  for (int64_t d : shape)
    count *= d;
  return count;
}

int64_t Array::integerAt(int64_t i) const {
  switch (dtype) {
  case DType::Int8:
    return load<int8_t>(data.data(), i);
  case DType::UInt8:
    return load<uint8_t>(data.data(), i);
  case DType::Int16:
    return load<int16_t>(data.data(), i);
  case DType::UInt16:
    return load<uint16_t>(data.data(), i);
  case DType::Int32:
    return load<int32_t>(data.data(), i);
  case DType::UInt32:
    return load<uint32_t>(data.data(), i);
  default:
    return load<int64_t>(data.data(), i);
  }
}

/// IEEE 754 binary16: sign, 5 bits of exponent with bias 15, 10 bits of fraction.
static float halfToFloat(uint16_t bits) {
  constexpr int kFractionBits = 10, kBias = 15, kSpecial = 31;
  int fraction = bits & 0x3ff, exponent = (bits >> kFractionBits) & kSpecial;
  float magnitude = 0;
  if (exponent == kSpecial)
    magnitude = fraction ? NAN : INFINITY;
  else if (exponent == 0)
    magnitude = std::ldexp(static_cast<float>(fraction), 1 - kBias - kFractionBits);
  else
    magnitude = std::ldexp(static_cast<float>(fraction | 1 << kFractionBits),
                           exponent - kBias - kFractionBits);
  return bits & 0x8000 ? -magnitude : magnitude;
}

Array widenHalf(const Array &array) {
  Array wide{DType::Float32, array.shape, {}};
  wide.data.resize(2 * array.data.size());
  for (size_t i = 0; i < array.data.size() / sizeof(uint16_t); ++i) {
    uint16_t bits = 0;
    std::memcpy(&bits, &array.data[i * sizeof bits], sizeof bits);
    float value = halfToFloat(bits);
    std::memcpy(&wide.data[i * sizeof value], &value, sizeof value);
  }
  return wide;
}

std::string shapeToString(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

std::optional<Array> parseNpy(std::string_view bytes, std::string &error) {
  constexpr size_t kShortHeader = 10, kLongHeader = 12;
  if (bytes.size() < kShortHeader || bytes.substr(0, kMagic.size()) != kMagic) {
    error =
        "not a .npy file, expected it to start with \\x93NUMPY; write it with numpy.save";
    return std::nullopt;
  }
  auto byte = [&](size_t i) {
    return static_cast<size_t>(static_cast<uint8_t>(bytes[i]));
  };
  bool isLong = byte(6) >= 2;
  size_t start = isLong ? kLongHeader : kShortHeader;
  size_t length = byte(8) | byte(9) << 8;
  if (isLong && bytes.size() >= kLongHeader)
    length |= byte(10) << 16 | byte(11) << 24;
  if (byte(6) < 1 || byte(6) > 3 || bytes.size() < start ||
      length > bytes.size() - start) {
    error = "header is cut off or of an unknown version; write the file again with "
            "numpy.save";
    return std::nullopt;
  }
  std::string descr;
  bool fortran = false;
  Array array;
  if (!HeaderParser(bytes.substr(start, length)).parse(descr, fortran, array.shape)) {
    error =
        "header is not a dict of descr, fortran_order and shape; write the file again "
        "with numpy.save";
    return std::nullopt;
  }
  const DTypeInfo *info = nullptr;
  for (const DTypeInfo &candidate : kDTypes)
    if (descr == candidate.descr || (candidate.size == 1 && descr.size() == 3 &&
                                     descr.substr(1) == candidate.descr + 1))
      info = &candidate;
  if (!info) {
    error =
        "unsupported dtype '" + descr +
        "', expected int8 to int64, uint8 to uint32, "
        "float16, float32 or float64 in little endian; convert it with numpy's astype";
    return std::nullopt;
  }
  size_t available = bytes.size() - start - length;
  std::optional<uint64_t> count = countElements(array.shape, available / info->size);
  if (!count || *count * info->size != available) {
    error = "shape " + shapeToString(array.shape) + " of " + info->name +
            " does not match the " + std::to_string(available) +
            " bytes that follow the header; write the file again with numpy.save";
    return std::nullopt;
  }
  if (fortran && array.shape.size() > 1) {
    error =
        "array is in Fortran order, expected C order; save numpy.ascontiguousarray(x)";
    return std::nullopt;
  }
  array.dtype = info->dtype;
  array.data.assign(bytes.end() - available, bytes.end());
  return array;
}

std::optional<Array> readNpy(const std::string &path, std::string &error) {
  std::error_code ignored; // opening says it better
  std::filesystem::file_type type = std::filesystem::status(path, ignored).type();
  if (type == std::filesystem::file_type::character ||
      type == std::filesystem::file_type::block) {
    error = "is a device, which may have no end, expected a file";
    return std::nullopt;
  }
  std::FILE *file = std::fopen(path.c_str(), "rb");
  if (!file) {
    error = std::string("cannot open: ") + std::strerror(errno);
    return std::nullopt;
  }
  std::string bytes;
  constexpr size_t kChunk = size_t(1) << 20;
  size_t count = 0;
  do {
    bytes.resize(bytes.size() + kChunk);
    count = std::fread(&bytes[bytes.size() - kChunk], 1, kChunk, file);
    bytes.resize(bytes.size() - kChunk + count);
  } while (count == kChunk);
  bool isRead = !std::ferror(file); // a folder opens, but does not read
  int reason = errno;
  std::fclose(file);
  if (!isRead) {
    error = std::string("cannot read: ") + std::strerror(reason);
    return std::nullopt;
  }
  return parseNpy(bytes, error);
}

std::string formatNpy(const Array &array) {
  std::string shape = "(";
  for (int64_t d : array.shape)
    shape += std::to_string(d) + ",";
  shape += ")";
  std::string header = std::string("{'descr': '") + infoOf(array.dtype).descr +
                       "', 'fortran_order': False, 'shape': " + shape + ", }";
  constexpr size_t kPrefix = 10;
  size_t padded = (kPrefix + header.size() + kAlignment) / kAlignment * kAlignment;
  header.resize(padded - kPrefix - 1, ' ');
  header += '\n';
  char prefix[kPrefix];
  std::memcpy(prefix, kMagic.data(), kMagic.size());
  prefix[6] = 1;
  prefix[7] = 0;
  prefix[8] = static_cast<char>(header.size() & 0xff);
  prefix[9] = static_cast<char>(header.size() >> 8);
  return std::string(prefix, kPrefix) + header +
         std::string(array.data.data(), array.data.size());
}

bool writeNpy(const std::string &path, const Array &array, std::string &error) {
  std::string bytes = formatNpy(array);
  std::string temporary = path + ".tmp" + std::to_string(::getpid());
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), bytes.size());
  file.close();
  if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
    error = std::string("cannot write: ") + std::strerror(errno);
    std::remove(temporary.c_str());
    return false;
  }
  return true;
}

} // namespace qbias::runtime
