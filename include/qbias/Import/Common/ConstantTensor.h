//===- ConstantTensor.h - constants of a model file ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_COMMON_CONSTANTTENSOR_H
#define QBIAS_IMPORT_COMMON_CONSTANTTENSOR_H

#include "qbias/Import/Common/Subject.h"

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/SmallVector.h"

#include <memory>
#include <optional>
#include <vector>

namespace qbias::importing {

/// Element types. The numbers are those of ONNX files (TensorProto.DataType; the
/// enum of the installed protobuf ends at 16); other importers translate theirs.
enum class DataType : int32_t {
  Undefined = 0,
  Float = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  UInt32 = 12,
  UInt64 = 13,
  BFloat16 = 16,
  UInt4 = 21,
  Int4 = 22,
  UInt2 = 25,
  Int2 = 26,
};

/// "int8", "float32", or "type 17" for a number this importer does not know.
std::string nameOf(DataType type);

/// How an element is stored.
struct ElementFormat {
  /// Bits of one element in the file; elements of fewer than 8 bits are packed
  /// there, low bits first.
  unsigned bits;
  bool isFloat;
  bool isSigned;
};
/// nullopt for types the importer does not read.
std::optional<ElementFormat> formatOf(DataType type);

/// Product of the extents; nullopt when the shape is beyond what this compiler
/// takes. Holds for every part of a shape it holds for.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);
constexpr const char *kShapeLimits =
    "extents from 0, fewer than 2^31 elements and at most 64 dimensions";

/// One byte per element of a type of fewer than 8 bits, from the packed form of
/// files: 8 / bits elements per byte, low bits first.
std::vector<char> unpack(DataType type, int64_t count, llvm::ArrayRef<char> packed);

/// Values, other than constants of the file, have at least one element.
bool isValueShape(llvm::ArrayRef<int64_t> shape);
constexpr const char *kValueLimits =
    "extents from 1, fewer than 2^31 elements and at most 64 dimensions";

/// A constant: elements in row-major order, little endian, those of fewer than
/// 8 bits in one byte each (sign extended when signed).
class ConstantTensor {
public:
  /// A constant with bytes of its own; `bytes` in the form above.
  ConstantTensor(std::string name, DataType type, llvm::ArrayRef<int64_t> shape,
                 std::vector<char> bytes);
  /// A constant whose bytes stay where they are, in the file.
  static ConstantTensor view(std::string name, DataType type,
                             llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<char> bytes);
  static ConstantTensor ofIntegers(std::string name, llvm::ArrayRef<int64_t> shape,
                                   llvm::ArrayRef<int64_t> values);

  llvm::StringRef getName() const { return name; }
  DataType getType() const { return type; }
  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  int64_t getNumElements() const { return count; }
  llvm::ArrayRef<char> getBytes() const { return bytes; }
  bool isFloat() const { return formatOf(type)->isFloat; }
  /// Bytes of one element as held here.
  unsigned getWidth() const { return std::max(8u, formatOf(type)->bits) / 8; }

  /// True for the short lists of int32 or int64, and single ones, that shapes are
  /// computed with; operators on them are folded.
  bool isShapeArithmetic() const;
  static constexpr size_t kMaxFolded = 4096;

  /// Element of an integer constant.
  int64_t integerAt(int64_t index) const;
  /// Element of a float constant, exact.
  double realAt(int64_t index) const;
  llvm::SmallVector<int64_t> integers() const;

  ConstantTensor withName(std::string newName) const;
  /// The same elements under another shape of equal count.
  ConstantTensor withShape(llvm::ArrayRef<int64_t> newShape) const;
  /// Result dimension i is dimension permutation[i].
  ConstantTensor transposed(llvm::ArrayRef<int64_t> permutation) const;

private:
  void setBytes(std::vector<char> owned);

  std::string name;
  DataType type;
  llvm::SmallVector<int64_t> shape;
  int64_t count;
  llvm::ArrayRef<char> bytes;
  /// Set when `bytes` are not those of the file.
  std::shared_ptr<const std::vector<char>> storage;
};

} // namespace qbias::importing

#endif // QBIAS_IMPORT_COMMON_CONSTANTTENSOR_H
