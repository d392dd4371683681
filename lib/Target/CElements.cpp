//===- CElements.cpp - elementwise operations and pools, in C ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CRequantizer.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qbias;
using llvm::Twine;

/// Loops over `op`'s result, and each operand's element under broadcasting.
static SmallVector<std::string> openElements(Operation *op, CWriter &writer) {
  ArrayRef<int64_t> shape = getShape(op->getResult(0));
  bool isFlat = llvm::all_of(op->getOperands(),
                             [&](Value operand) { return getShape(operand) == shape; });
  SmallVector<std::string> elements;
  if (isFlat) {
    writer.loop("i", cast<RankedTensorType>(op->getResult(0).getType()).getNumElements());
    for (size_t k = 0; k < op->getNumOperands(); ++k)
      elements.push_back(getDataName(k) + "[i]");
    return elements;
  }
  std::string place = "0";
  for (auto [d, size] : llvm::enumerate(shape)) {
    writer.loop("i" + std::to_string(d), size);
    place = d ? "(" + place + ") * " + std::to_string(size) + " + i" + std::to_string(d)
              : "i0";
  }
  for (auto [k, operand] : llvm::enumerate(op->getOperands())) {
    std::string at = "0";
    SmallVector<int64_t> strides = getStrides(getShape(operand));
    for (auto [d, size] : llvm::enumerate(getShape(operand)))
      if (size != 1)
        at += " + i" + std::to_string(d) + " * " + std::to_string(strides[d]);
    elements.push_back(getDataName(k) + "[" + at + "]");
  }
  writer.line("const int i = " + place + ";");
  return elements;
}

static void closeElements(Operation *op, CWriter &writer) {
  ArrayRef<int64_t> shape = getShape(op->getResult(0));
  bool isFlat = llvm::all_of(op->getOperands(),
                             [&](Value operand) { return getShape(operand) == shape; });
  writer.close(isFlat ? 1 : shape.size());
}

static LogicalResult writeAdd(IntAddOp op, CWriter &writer) {
  Requantizer requantizer(op, writer);
  if (failed(requantizer.declare()))
    return failure();
  SmallVector<std::string> x = openElements(op, writer);
  if (op.getRequant().getForm() == RequantForm::Table) {
    numerics::Range a = getIntegerRange(getElement(op.getLhs()));
    numerics::Range b = getIntegerRange(getElement(op.getRhs()));
    writer.line("y[i] = table[" + getCentered(x[0], a.min, "int32_t") + " * " +
                Twine(b.max - b.min + 1) + " + " + getCentered(x[1], b.min, "int32_t") +
                "];");
  } else {
    requantizer.write("y[i]", x[0], "0", x[1]);
  }
  closeElements(op, writer);
  return success();
}

static LogicalResult writeMul(IntMulOp op, CWriter &writer) {
  Requantizer requantizer(op, writer);
  if (failed(requantizer.declare()))
    return failure();
  int64_t product =
      getReach(op.getLhs(), op.getLhsZp()) * getReach(op.getRhs(), op.getRhsZp());
  std::string sum = getSumType(1, product, 0);
  SmallVector<std::string> x = openElements(op, writer);
  writer.line("const " + sum + " acc = " + getCentered(x[0], op.getLhsZp(), sum) + " * " +
              getCentered(x[1], op.getRhsZp(), "int32_t") + ";");
  requantizer.setSumType(sum);
  requantizer.write("y[i]", "acc", "0");
  closeElements(op, writer);
  return success();
}

static LogicalResult writeRequantize(IntRequantizeOp op, CWriter &writer) {
  Requantizer requantizer(op, writer);
  if (failed(requantizer.declare()))
    return failure();
  SmallVector<std::string> x = openElements(op, writer);
  writer.line("const int64_t acc = " + getCentered(x[0], op.getInputZp(), "int64_t") +
              ";");
  requantizer.setSumType("int64_t");
  requantizer.write("y[i]", "acc", "0");
  closeElements(op, writer);
  return success();
}

static LogicalResult writeLookup(IntLookupOp op, CWriter &writer) {
  SmallVector<int64_t> table = readAll(op.getTable());
  writer.constant(getCType(getElement(op)), "table", {int64_t(table.size())}, table);
  int64_t min = getIntegerRange(getElement(op.getInput())).min;
  SmallVector<std::string> x = openElements(op, writer);
  writer.line("y[i] = table[" + getCentered(x[0], min, "int32_t") + "];");
  closeElements(op, writer);
  return success();
}

static std::string getTapElement(ArrayRef<int64_t> x) {
  return "x[((n * " + std::to_string(x[1]) + " + row) * " + std::to_string(x[2]) +
         " + column) * " + std::to_string(x[3]) + " + o]";
}

static LogicalResult writeAvgPool(IntAvgPoolOp op, CWriter &writer) {
  Requantizer requantizer(op, writer);
  if (failed(requantizer.declare()))
    return failure();
  ArrayRef<int64_t> x = getShape(op.getInput()), kernel = op.getKernel();
  bool counts = op.getDivisors().size() > 1;
  if (counts)
    writer.constant("int32_t", "divisors", {int64_t(op.getDivisors().size())},
                    op.getDivisors());
  std::string sum =
      getSumType(kernel[0] * kernel[1], getReach(op.getInput(), op.getInputZp()), 0);
  std::string place = openWindows(writer, getShape(op));
  writer.line(sum + " acc = 0;");
  if (counts)
    writer.line("int count = 0, d = 0;");
  openTaps(writer, {kernel, op.getStrides(), op.getDilations(), op.getPads()}, x);
  writer.line("acc += " + getCentered(getTapElement(x), op.getInputZp(), "int32_t") +
              ";");
  if (counts)
    writer.line("++count;");
  writer.close(2);
  if (counts) {
    writer.line("while (divisors[d] != count)");
    writer.line("  ++d;");
  }
  requantizer.setSumType(sum);
  requantizer.write("y[" + place + "]", "acc", "d");
  writer.close(4);
  return success();
}

static LogicalResult writeMaxPool(IntMaxPoolOp op, CWriter &writer) {
  ArrayRef<int64_t> x = getShape(op.getInput());
  std::string type = getCType(getElement(op));
  int64_t least = getIntegerRange(getElement(op)).min;
  std::string place = openWindows(writer, getShape(op));
  writer.line(type + " most = " + toCInteger(least, false) + ";");
  openTaps(writer, {op.getKernel(), op.getStrides(), op.getDilations(), op.getPads()}, x);
  writer.line("if (" + getTapElement(x) + " > most)");
  writer.line("  most = " + getTapElement(x) + ";");
  writer.close(2);
  writer.line("y[" + place + "] = most;");
  writer.close(4);
  return success();
}

/// Rows lie `inner` elements apart from one element to the next.
static LogicalResult writeArgMax(ArgMaxOp op, CWriter &writer) {
  ArrayRef<int64_t> shape = getShape(op.getInput());
  int64_t dim = op.getDim(), count = shape[dim], inner = getStrides(shape)[dim];
  int64_t outer = op.getInput().getType().getNumElements() / (count * inner);
  std::string type = getCType(getElement(op));
  std::string row = "i * " + std::to_string(count * inner) + " + j";
  writer.loop("i", outer);
  writer.loop("j", inner);
  writer.line(type + " best = 0;");
  writer.line("for (int k = 1; k < " + Twine(count) + "; ++k)");
  writer.line("  if (x[" + row + " + k * " + Twine(inner) + "] " +
              (op.getLast() ? ">=" : ">") + " x[" + row + " + best * " + Twine(inner) +
              "])");
  writer.line("    best = k;");
  writer.line("y[i * " + Twine(inner) + " + j] = best;");
  writer.close(2);
  return success();
}

LogicalResult qbias::writeElements(Operation *op, CWriter &writer) {
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](IntAddOp o) { return writeAdd(o, writer); })
      .Case([&](IntMulOp o) { return writeMul(o, writer); })
      .Case([&](IntRequantizeOp o) { return writeRequantize(o, writer); })
      .Case([&](IntLookupOp o) { return writeLookup(o, writer); })
      .Case([&](ArgMaxOp o) { return writeArgMax(o, writer); })
      .Case([&](IntAvgPoolOp o) { return writeAvgPool(o, writer); })
      .Case([&](IntMaxPoolOp o) { return writeMaxPool(o, writer); })
      .Case([&](IntSoftmaxOp o) { return writeSoftmax(o, writer); })
      .Default([&](Operation *o) { return writeMovement(o, writer); });
}
