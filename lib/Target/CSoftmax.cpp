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

LogicalResult qbias::writeSoftmax(IntSoftmaxOp op, CWriter &writer) {
  if (op.getTflite())
    return op.emitError("a softmax of mode tflite has no C form; use mode exact for it");
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
  writer.loop("i", depth);
  writer.line("sum += exponentials[most - row[i]];");
  writer.close();
  writer.line("sum <<= " + Twine(op.getShift()) + ";");
  writer.loop("i", depth);
  writer.line("int64_t v = " + toCInteger(2 * op.getMultiplier(), true) +
              " * exponentials[most - row[i]];");
  writer.line("v = (v + sum) / (2 * sum) + " + toCInteger(out.zeroPoint, true) + ";");
  for (auto [test, bound] :
       {std::pair(" < ", out.storage.min), std::pair(" > ", out.storage.max)}) {
    writer.line("if (v" + Twine(test) + toCInteger(bound, true) + ")");
    writer.line("  v = " + toCInteger(bound, true) + ";");
  }
  writer.line("y[n * " + Twine(depth) + " + i] = (" + getCType(getElement(op)) + ")v;");
  writer.close(2);
  return success();
}
