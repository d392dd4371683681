//===- CSoftmax.cpp - softmax, in C ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CWriter.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"

using namespace mlir;
using namespace qbias;
using llvm::Twine;

/// "(C type)v" limited to the output's integers.
static void writeQuotient(IntSoftmaxOp op, CWriter &writer,
                          const numerics::QuantParams &out, int64_t depth) {
  for (auto [test, bound] :
       {std::pair(" < ", out.storage.min), std::pair(" > ", out.storage.max)}) {
    writer.line("if (v" + Twine(test) + toCInteger(bound, true) + ")");
    writer.line("  v = " + toCInteger(bound, true) + ";");
  }
  writer.line("y[n * " + Twine(depth) + " + i] = (" + getCType(getElement(op)) + ")v;");
}

/// The sum and the quotients of a row (docs/Numerics.md, N12).
static void writeRow(IntSoftmaxOp op, CWriter &writer, const numerics::QuantParams &out,
                     int64_t depth) {
  writer.loop("i", depth);
  writer.line("sum += exponentials[most - row[i]];");
  writer.close();
  writer.line("sum <<= " + Twine(op.getShift()) + ";");
  writer.loop("i", depth);
  writer.line("int64_t v = " + toCInteger(2 * op.getMultiplier(), true) +
              " * exponentials[most - row[i]];");
  writer.line("v = (v + sum) / (2 * sum) + " + toCInteger(out.zeroPoint, true) + ";");
  writeQuotient(op, writer, out, depth);
  writer.close();
}

/// The same as the TensorFlow Lite kernel for 8 bits: a sum with 12 integer bits,
/// whose highest bit is moved to 2^31, and its reciprocal with 31 fraction bits.
static void writeKernelRow(IntSoftmaxOp op, CWriter &writer,
                           const numerics::QuantParams &out, int64_t depth) {
  constexpr int64_t kFraction = 12 + 31;
  int64_t bits = out.storage.max - out.storage.min == UINT8_MAX ? 8 : 16;
  writer.loop("i", depth);
  writer.line("sum += ((int64_t)exponentials[most - row[i]] + 2048) >> 12;");
  writer.close();
  writer.line("int zeros = 0;");
  writer.line("while (sum >> (31 - zeros) == 0)");
  writer.line("  ++zeros;");
  writer.line("const int64_t reciprocal = reciprocal_of_one_plus((sum << zeros) - "
              "(INT64_C(1) << 31));");
  writer.line("const int bits = " + Twine(kFraction - bits) + " - zeros;");
  writer.loop("i", depth);
  writer.line("int64_t v = high_product(reciprocal, exponentials[most - row[i]]);");
  writer.line("v = ((v + (INT64_C(1) << (bits - 1))) >> bits) + " +
              toCInteger(out.storage.min, true) + ";");
  writeQuotient(op, writer, out, depth);
  writer.close();
}

LogicalResult qbias::writeSoftmax(IntSoftmaxOp op, CWriter &writer) {
  bool isNarrow = getElement(op.getInput()).getIntOrFloatBitWidth() == 8;
  if (op.getTflite() && !isNarrow)
    return op.emitError("a softmax of 16 bits in mode tflite has no C form; use mode "
                        "exact for it");
  ArrayRef<int64_t> shape = getShape(op);
  int64_t depth = shape.back();
  int64_t rows = cast<RankedTensorType>(op.getType()).getNumElements() / depth;
  numerics::QuantParams out = getParams(cast<quant::QuantizedType>(op.getResultType()));
  SmallVector<int64_t> exponentials = readAll(op.getExponentials());
  writer.constant("int32_t", "exponentials", {int64_t(exponentials.size())},
                  exponentials);
  writer.loop("n", rows);
  writer.line("const " + getCType(getElement(op.getInput())) + " *row = x + n * " +
              Twine(depth) + ";");
  writer.line("int32_t most = row[0];");
  writer.line("int64_t sum = 0;");
  writer.loop("i", depth);
  writer.line("if (row[i] > most)");
  writer.line("  most = row[i];");
  writer.close();
  if (op.getTflite())
    writeKernelRow(op, writer, out, depth);
  else
    writeRow(op, writer, out, depth);
  writer.close();
  return success();
}
