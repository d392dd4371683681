//===- Npy.h - NumPy array files ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_RUNTIME_NPY_H
#define QBIAS_RUNTIME_NPY_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qbias::runtime {

/// Element types of .npy files this project reads and writes; little endian.
enum class DType {
  Int8,
  UInt8,
  Int16,
  UInt16,
  Int32,
  UInt32,
  Int64,
  Float16,
  Float32,
  Float64
};

/// NumPy's spelling: "int8", "float32", ...
std::string_view dtypeName(DType dtype);
size_t dtypeSize(DType dtype);
bool isInteger(DType dtype);

/// A dense array in C order.
struct Array {
  DType dtype = DType::Float32;
  std::vector<int64_t> shape;
  std::vector<char> data;

  int64_t elements() const;
  /// Element `i` of an integer array.
  int64_t integerAt(int64_t i) const;
  const float *floats() const { return reinterpret_cast<const float *>(data.data()); }
};

/// A float16 array as float32, which holds every float16.
Array widenHalf(const Array &array);

/// "[1, 3, 8, 8]".
std::string shapeToString(const std::vector<int64_t> &shape);

/// Reads a .npy file (format 1.0 to 3.0, C order). On failure returns nullopt
/// and sets `error` to "what, got, expected; what to do" without the path. The
/// file is untrusted: nothing is allocated beyond the bytes that are there.
std::optional<Array> readNpy(const std::string &path, std::string &error);

/// The same from memory.
std::optional<Array> parseNpy(std::string_view bytes, std::string &error);

/// The bytes of a .npy file.
std::string formatNpy(const Array &array);

/// Writes to a temporary beside `path` and renames, so that `path` never holds
/// half an array. Returns false and sets `error` on failure.
bool writeNpy(const std::string &path, const Array &array, std::string &error);

} // namespace qbias::runtime

#endif // QBIAS_RUNTIME_NPY_H
