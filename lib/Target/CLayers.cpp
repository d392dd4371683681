//===- CLayers.cpp - sums of products, in C ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CRequantizer.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Nibbles.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qbias;
using llvm::Twine;

static int64_t getLargest(ArrayRef<int64_t> values) {
  int64_t largest = 0;
  for (int64_t value : values)
    largest = std::max(largest, std::abs(value));
  return largest;
}

static void declareBias(Value bias, CWriter &writer) {
  SmallVector<int64_t> values;
  if (bias && readIntegers(bias, values))
    writer.constant(getNarrowestType(values) == "int64_t" ? "int64_t" : "int32_t", "bias",
                    {int64_t(values.size())}, values);
}

/// Declares constant weights and returns what a loop over o, ..., c reads: the
/// element at `indices`. Weights of four bits stand two to a byte.
static std::string declareWeights(Value weight, ArrayRef<int64_t> weights,
                                  ArrayRef<StringRef> indices, CWriter &writer) {
  ArrayRef<int64_t> shape = getShape(weight);
  std::optional<int64_t> offset = getNibbleOffset(weights);
  std::string brackets, place = indices.front().str();
  for (StringRef index : indices)
    brackets += ("[" + index + "]").str();
  if (!offset) {
    writer.constant(getCType(getElement(weight)), "weight", shape, weights);
    return "weight" + brackets;
  }
  for (auto [index, extent] : llvm::drop_begin(llvm::zip(indices, shape)))
    place = ("(" + place + ") * " + Twine(extent) + " + " + index).str();
  SmallVector<int64_t> bytes = packNibbles(weights, *offset, /*block=*/2);
  for (int64_t &byte : bytes)
    byte &= UINT8_MAX;
  writer.constant("uint8_t", "weight", {int64_t(bytes.size())}, bytes);
  return getCentered("four_bits(weight, (size_t)(" + place + "))", -*offset, "int32_t");
}

static LogicalResult writeConvolution(IntConv2DOp op, CWriter &writer) {
  ArrayRef<int64_t> x = getShape(op.getInput()), w = getShape(op.getWeight()),
                    y = getShape(op);
  SmallVector<int64_t> weights, bias;
  if (!readIntegers(op.getWeight(), weights) ||
      (op.getBias() && !readIntegers(op.getBias(), bias)))
    return op.emitError("expects constant weights and bias for C");
  int64_t product = getReach(op.getInput(), op.getInputZp()) * getLargest(weights);
  std::string sum = getSumType(w[1] * w[2] * w[3], product, getLargest(bias));
  std::string factor =
      declareWeights(op.getWeight(), weights, {"o", "ki", "kj", "c"}, writer);
  declareBias(op.getBias(), writer);
  Requantizer requantizer(op, writer);
  if (failed(requantizer.declare()))
    return failure();
  std::string place = openWindows(writer, y);
  int64_t groupOutputs = y[3] / op.getGroups();
  std::string first = op.getGroups() == 1 ? ""
                                          : "o / " + std::to_string(groupOutputs) +
                                                " * " + std::to_string(w[3]) + " + ";
  writer.line(sum + " acc = " + (op.getBias() ? "bias[o]" : "0") + ";");
  openTaps(writer, {w.slice(1, 2), op.getStrides(), op.getDilations(), op.getPads()}, x);
  writer.loop("c", w[3]);
  std::string at = "x[((n * " + std::to_string(x[1]) + " + row) * " +
                   std::to_string(x[2]) + " + column) * " + std::to_string(x[3]) + " + " +
                   first + "c]";
  writer.line("acc += " + getCentered(at, op.getInputZp(), sum) + " * " + factor + ";");
  writer.close(3);
  requantizer.setSumType(sum);
  requantizer.write("y[" + place + "]", "acc", "o",
                    op.getAddend() ? "x1[" + place + "]" : std::string());
  writer.close(4);
  return success();
}

static LogicalResult writeProduct(IntMatmulOp op, CWriter &writer) {
  ArrayRef<int64_t> a = getShape(op.getLhs()), b = getShape(op.getRhs());
  int64_t length = a.back(), columns = getShape(op).back(), rows = a[a.size() - 2];
  int64_t lines = op.getType().getNumElements() / columns;
  SmallVector<int64_t> weights, bias;
  bool isConstant = readIntegers(op.getRhs(), weights);
  if (op.getBias() && !readIntegers(op.getBias(), bias))
    return op.emitError("expects a constant bias for C");
  int64_t factor =
      isConstant ? getLargest(weights) : getReach(op.getRhs(), op.getRhsZp());
  std::string sum =
      getSumType(length, getReach(op.getLhs(), op.getLhsZp()) * factor, getLargest(bias));
  std::string right =
      isConstant ? declareWeights(op.getRhs(), weights, {"o", "c"}, writer) : "";
  declareBias(op.getBias(), writer);
  Requantizer requantizer(op, writer);
  if (failed(requantizer.declare()))
    return failure();
  writer.loop("i", lines);
  writer.loop("o", columns);
  writer.line(sum + " acc = " + (op.getBias() ? "bias[o]" : "0") + ";");
  writer.loop("c", length);
  if (!isConstant) {
    std::string matrix = b.size() > 2 ? "i / " + std::to_string(rows) + " * " +
                                            std::to_string(columns) + " + o"
                                      : "o";
    right = getCentered("x1[(" + matrix + ") * " + Twine(length) + " + c]", op.getRhsZp(),
                        "int32_t");
  }
  writer.line(
      "acc += " + getCentered("x[i * " + Twine(length) + " + c]", op.getLhsZp(), sum) +
      " * " + right + ";");
  writer.close();
  std::string place = "i * " + std::to_string(columns) + " + o";
  std::string addend = getDataName(isConstant ? 1 : 2) + "[" + place + "]";
  requantizer.setSumType(sum);
  requantizer.write("y[" + place + "]", "acc", "o", op.getAddend() ? addend : "");
  writer.close(2);
  return success();
}

LogicalResult qbias::writeLayer(Operation *op, CWriter &writer) {
  for (auto [i, operand] : llvm::enumerate(getData(op)))
    if (ElementsAttr constant = getConstant(operand))
      writer.constant(getCType(getElement(operand)), getDataName(i),
                      {constant.getNumElements()}, readAll(constant));
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](IntConv2DOp o) { return writeConvolution(o, writer); })
      .Case([&](IntMatmulOp o) { return writeProduct(o, writer); })
      .Default([&](Operation *o) { return writeElements(o, writer); });
}
