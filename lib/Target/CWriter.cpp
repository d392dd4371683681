//===- CWriter.cpp - what the parts of the C output share ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CWriter.h"

#include "qbias/Analysis/Segments.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Numerics/Bounds.h"

using namespace mlir;
using namespace qbias;
using llvm::Twine;

std::string qbias::getCType(Type element) {
  auto integer = cast<IntegerType>(element);
  return (integer.isUnsigned() ? "uint" : "int") + std::to_string(integer.getWidth()) +
         "_t";
}

std::string qbias::getNarrowestType(ArrayRef<int64_t> values) {
  auto fits = [&](int64_t min, int64_t max) {
    return llvm::all_of(values, [&](int64_t v) { return v >= min && v <= max; });
  };
  if (fits(INT8_MIN, INT8_MAX))
    return "int8_t";
  if (fits(INT16_MIN, INT16_MAX))
    return "int16_t";
  return fits(INT32_MIN, INT32_MAX) ? "int32_t" : "int64_t";
}

std::string qbias::toCInteger(int64_t value, bool isWide) {
  // The least value has no literal of its own: a minus is an operator in C.
  if (value == INT64_MIN)
    return "(-INT64_C(9223372036854775807) - 1)";
  if (value == INT32_MIN && !isWide)
    return "(-2147483647 - 1)";
  return isWide ? "INT64_C(" + std::to_string(value) + ")" : std::to_string(value);
}

ArrayRef<int64_t> qbias::getShape(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

SmallVector<int64_t> qbias::readAll(ElementsAttr attr) {
  SmallVector<int64_t> values;
  if (attr)
    readIntegers(attr, values);
  return values;
}

int64_t qbias::getReach(Value value, int64_t zeroPoint) {
  numerics::Range range = getValueRange(value);
  return std::max(std::abs(range.min - zeroPoint), std::abs(range.max - zeroPoint));
}

std::string qbias::getSumType(int64_t terms, int64_t product, int64_t start) {
  numerics::Int128 most = numerics::Int128(terms) * product + start;
  return most <= INT32_MAX ? "int32_t" : "int64_t";
}

std::string qbias::getCentered(const Twine &element, int64_t zeroPoint, StringRef type) {
  std::string cast = type == "int64_t" ? "(int64_t)" : "";
  if (zeroPoint == 0)
    return cast + element.str();
  std::string sign = zeroPoint < 0 ? " + " : " - ";
  return cast + "(" + element.str() + sign + std::to_string(std::abs(zeroPoint)) + ")";
}

std::string qbias::openWindows(CWriter &writer, ArrayRef<int64_t> y) {
  writer.loop("n", y[0]);
  writer.loop("i", y[1]);
  writer.loop("j", y[2]);
  writer.loop("o", y[3]);
  return "((n * " + std::to_string(y[1]) + " + i) * " + std::to_string(y[2]) +
         " + j) * " + std::to_string(y[3]) + " + o";
}

/// Where a tap lies along a dimension, and a jump over taps in the padding.
static void writeTap(CWriter &writer, StringRef name, StringRef out, StringRef tap,
                     const Window &window, size_t d, int64_t size) {
  auto times = [](StringRef variable, int64_t factor) {
    return factor == 1 ? variable.str() : variable.str() + " * " + std::to_string(factor);
  };
  std::string place =
      times(out, window.strides[d]) + " + " + times(tap, window.dilations[d]);
  if (window.pads[d])
    place += " - " + std::to_string(window.pads[d]);
  writer.line("const int " + name + " = " + place + ";");
  writer.line("if (" + name + " < 0 || " + name + " >= " + Twine(size) + ")");
  writer.line("  continue; /* padding adds nothing */");
}

void qbias::openTaps(CWriter &writer, const Window &window, ArrayRef<int64_t> x) {
  writer.loop("ki", window.kernel[0]);
  writeTap(writer, "row", "i", "ki", window, 0, x[1]);
  writer.loop("kj", window.kernel[1]);
  writeTap(writer, "column", "j", "kj", window, 1, x[2]);
}

SmallVector<int64_t> qbias::getStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;)
    strides[d - 1] = strides[d] * shape[d];
  return strides;
}

SmallVector<Value> qbias::getData(Operation *op) {
  SmallVector<Value> data;
  Value bias, weight;
  if (auto conv = dyn_cast<IntConv2DOp>(op)) {
    bias = conv.getBias();
    weight = conv.getWeight();
  }
  if (auto matmul = dyn_cast<IntMatmulOp>(op)) {
    bias = matmul.getBias();
    if (getConstant(matmul.getRhs()))
      weight = matmul.getRhs();
  }
  for (Value operand : op->getOperands())
    if (operand != bias && operand != weight)
      data.push_back(operand);
  return data;
}

std::string qbias::getDataName(size_t index) {
  return index ? "x" + std::to_string(index) : "x";
}

/// Values in lines of about 90 characters; inner dimensions in braces.
void CWriter::rows(ArrayRef<int64_t> shape, ArrayRef<int64_t> values, bool isWide) {
  if (shape.size() > 1) {
    size_t inner = values.size() / shape[0];
    for (int64_t i = 0; i < shape[0]; ++i) {
      line("{");
      ++depth;
      rows(shape.drop_front(), values.slice(i * inner, inner), isWide);
      --depth;
      line("},");
    }
    return;
  }
  constexpr size_t kLineLength = 90;
  std::string text;
  for (int64_t value : values) {
    std::string next = toCInteger(value, isWide) + ",";
    if (!text.empty() && 2 * depth + text.size() + 1 + next.size() > kLineLength) {
      line(text);
      text.clear();
    }
    text += (text.empty() ? "" : " ") + next;
  }
  line(text);
}

void CWriter::constant(StringRef type, StringRef name, ArrayRef<int64_t> shape,
                       ArrayRef<int64_t> values) {
  bool isWide = type == "int64_t";
  if (shape.empty()) {
    line("static const " + type + " " + name + " = " + toCInteger(values[0], isWide) +
         ";");
    return;
  }
  std::string extents;
  for (int64_t d : shape)
    extents += "[" + std::to_string(d) + "]";
  line("static const " + type + " " + name + extents + " = {");
  ++depth;
  rows(shape, values, isWide);
  --depth;
  line("};");
}
