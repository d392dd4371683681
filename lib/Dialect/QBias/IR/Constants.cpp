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

namespace {

/// The bytes of an array where they lie: all elements, or the one of a splat.
struct Stored {
  ArrayRef<char> bytes;
  bool isSplat = false;
};

} // namespace

static std::optional<Stored> getStored(ElementsAttr attr) {
  Type element = attr.getElementType();
  if (!isa<RankedTensorType>(attr.getShapedType()) || !element.isIntOrFloat() ||
      element.getIntOrFloatBitWidth() % 8)
    return std::nullopt;
  size_t count = attr.getNumElements();
  Stored stored;
  if (auto dense = dyn_cast<DenseIntOrFPElementsAttr>(attr)) {
    stored = {dense.getRawData(), dense.isSplat() && count > 0};
  } else if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return std::nullopt;
    stored.bytes = blob->getData();
  }
  bool isWhole =
      stored.bytes.size() == (stored.isSplat ? 1 : count) * elementBytes(element);
  if (!isWhole || (stored.isSplat && count > kMaxSplatElements))
    return std::nullopt;
  return stored;
}

std::optional<std::vector<char>> qbias::readRaw(ElementsAttr attr) {
  std::optional<Stored> stored = getStored(attr);
  if (!stored)
    return std::nullopt;
  ArrayRef<char> data = stored->bytes;
  if (!stored->isSplat)
    return std::vector<char>(data.begin(), data.end());
  std::vector<char> bytes;
  bytes.reserve(attr.getNumElements() * data.size());
  for (int64_t i = 0; i < attr.getNumElements(); ++i)
    bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

template <typename T>
static void widen(ArrayRef<char> bytes, SmallVectorImpl<int64_t> &out) {
  out.resize_for_overwrite(bytes.size() / sizeof(T));
  for (size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    out[i] = static_cast<int64_t>(value);
  }
}

/// The integers of `width` bits in `bytes`; false for other widths than 8 to 64.
static bool widen(ArrayRef<char> bytes, unsigned width, bool isUnsigned,
                  SmallVectorImpl<int64_t> &out) {
  switch (width) {
  case 8:
    isUnsigned ? widen<uint8_t>(bytes, out) : widen<int8_t>(bytes, out);
    return true;
  case 16:
    isUnsigned ? widen<uint16_t>(bytes, out) : widen<int16_t>(bytes, out);
    return true;
  case 32:
    isUnsigned ? widen<uint32_t>(bytes, out) : widen<int32_t>(bytes, out);
    return true;
  case 64:
    widen<int64_t>(bytes, out);
    return true;
  default:
    return false;
  }
}

bool qbias::holdsIntegers(ElementsAttr attr) {
  auto type = dyn_cast<IntegerType>(attr.getElementType());
  return type && llvm::is_contained({8, 16, 32, 64}, int(type.getWidth())) &&
         getStored(attr);
}

bool qbias::readIntegers(ElementsAttr attr, SmallVectorImpl<int64_t> &out) {
  auto type = dyn_cast<IntegerType>(attr.getElementType());
  std::optional<Stored> stored = getStored(attr);
  if (!type || !stored || !widen(stored->bytes, type.getWidth(), type.isUnsigned(), out))
    return false;
  if (stored->isSplat)
    out.assign(attr.getNumElements(), out.front());
  return true;
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

template <typename T>
static void narrow(ArrayRef<int64_t> values, char *bytes) {
  for (size_t i = 0; i < values.size(); ++i) {
    T value = static_cast<T>(values[i]);
    std::memcpy(bytes + i * sizeof(T), &value, sizeof(T));
  }
}

ElementsAttr qbias::makeIntegers(RankedTensorType type, ArrayRef<int64_t> values,
                                 StringRef name) {
  unsigned width = elementBytes(type.getElementType());
  std::vector<char> bytes(values.size() * width);
  switch (width) {
  case 1:
    narrow<int8_t>(values, bytes.data());
    break;
  case 2:
    narrow<int16_t>(values, bytes.data());
    break;
  case 4:
    narrow<int32_t>(values, bytes.data());
    break;
  default:
    assert(width == 8 && "integers have 8 to 64 bits");
    narrow<int64_t>(values, bytes.data());
  }
  return makeRaw(type, bytes, name);
}

namespace {

/// A dimension of a permuted array: how far apart its elements lie before and after.
struct Dimension {
  int64_t extent, from, to;
};

} // namespace

/// Moves a matrix in squares that fit the first-level cache on both sides.
template <typename T>
static void moveMatrix(const T *from, T *to, Dimension rows, Dimension columns) {
  constexpr int64_t kSquare = 32;
  for (int64_t row = 0; row < rows.extent; row += kSquare)
    for (int64_t column = 0; column < columns.extent; column += kSquare)
      for (int64_t r = row; r < std::min(row + kSquare, rows.extent); ++r)
        for (int64_t c = column; c < std::min(column + kSquare, columns.extent); ++c)
          to[r * rows.to + c * columns.to] = from[r * rows.from + c * columns.from];
}

/// Moves an array: matrices of the dimensions whose elements are neighbours before and
/// after, for every index of the others.
template <typename T>
static void moveArray(const T *from, T *to, SmallVector<Dimension> dimensions) {
  auto takeFirst = [&](auto isWanted) {
    auto *found = llvm::find_if(dimensions, isWanted);
    if (found == dimensions.end())
      return Dimension{1, 0, 0};
    Dimension taken = *found;
    dimensions.erase(found);
    return taken;
  };
  llvm::erase_if(dimensions, [](const Dimension &d) { return d.extent == 1; });
  Dimension columns = takeFirst([](const Dimension &d) { return d.to == 1; });
  Dimension rows = takeFirst([](const Dimension &d) { return d.from == 1; });
  SmallVector<int64_t> index(dimensions.size(), 0);
  while (true) {
    moveMatrix(from, to, rows, columns);
    size_t d = 0;
    for (; d < index.size(); ++d) {
      from += dimensions[d].from;
      to += dimensions[d].to;
      if (++index[d] < dimensions[d].extent)
        break;
      from -= dimensions[d].from * index[d];
      to -= dimensions[d].to * index[d];
      index[d] = 0;
    }
    if (d == index.size())
      return;
  }
}

std::vector<char> qbias::permuteRaw(ArrayRef<char> bytes, ArrayRef<int64_t> shape,
                                    ArrayRef<int64_t> permutation) {
  std::vector<char> result(bytes.size());
  if (bytes.empty())
    return result;
  SmallVector<Dimension> dimensions(shape.size());
  int64_t count = 1, to = 1;
  for (size_t d = shape.size(); d-- > 0; count *= shape[d])
    dimensions[d] = {shape[d], count, 0};
  for (int64_t d : llvm::reverse(permutation)) {
    dimensions[d].to = to;
    to *= shape[d];
  }
  auto move = [&](auto element) {
    using T = decltype(element);
    moveArray(reinterpret_cast<const T *>(bytes.data()),
              reinterpret_cast<T *>(result.data()), std::move(dimensions));
  };
  switch (bytes.size() / count) {
  case 1:
    move(uint8_t());
    break;
  case 2:
    move(uint16_t());
    break;
  case 4:
    move(uint32_t());
    break;
  default:
    assert(bytes.size() == count * sizeof(uint64_t) && "elements have 8 to 64 bits");
    move(uint64_t());
  }
  return result;
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
