//===- Json.cpp - values as JSON ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Json.h"

#include "qbias/Dialect/QBias/IR/Constants.h"

using namespace mlir;
using namespace qbias;
namespace json = llvm::json;

json::Value qbias::toJsonString(StringRef text) {
  return json::isUTF8(text) ? json::Value(text.str()) : json::Value(json::fixUTF8(text));
}

json::Array qbias::toJson(ArrayRef<int64_t> values) {
  json::Array array;
  for (int64_t value : values)
    array.push_back(value);
  return array;
}

json::Array qbias::toJson(ArrayRef<double> values) {
  json::Array array;
  for (double value : values)
    array.push_back(value);
  return array;
}

json::Array qbias::toJsonRows(ElementsAttr attr, int64_t rows) {
  SmallVector<int64_t> values;
  readIntegers(attr, values);
  size_t columns = values.size() / rows;
  json::Array result;
  for (int64_t row = 0; row < rows; ++row)
    result.push_back(toJson(ArrayRef(values).slice(row * columns, columns)));
  return result;
}

std::string qbias::getDTypeName(quant::QuantizedType type, llvm::StringRef producer) {
  unsigned width = type.getStorageTypeIntegralWidth();
  int64_t min = type.getStorageTypeMin(), max = type.getStorageTypeMax();
  // PyTorch has no narrower types: there a narrow range is one of int8.
  for (unsigned bits : {2, 4}) {
    int64_t values = int64_t(1) << bits;
    if (producer != "pytorch" && max - min + 1 == values &&
        min == (type.isSigned() ? -values / 2 : 0))
      width = bits;
  }
  return (type.isSigned() ? "int" : "uint") + std::to_string(width);
}
