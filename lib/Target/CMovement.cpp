//===- CMovement.cpp - operations that move elements, in C ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   for (i0 ...) for (i1 ...) y[to + i0 * t0 + ...] = x[from + i0 * f0 + ...];
//
//===----------------------------------------------------------------------===//

#include "CWriter.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qbias;

namespace {

/// Places of a tensor that a nest of loops visits.
struct Places {
  int64_t first = 0;
  SmallVector<int64_t> strides;
};

} // namespace

/// "5 + 32 * i0 + i2".
static std::string getIndex(const Places &places) {
  std::string text;
  auto add = [&](const std::string &term) { text += (text.empty() ? "" : " + ") + term; };
  if (places.first)
    add(std::to_string(places.first));
  for (auto [d, stride] : llvm::enumerate(places.strides)) {
    if (stride == 0)
      continue;
    std::string variable = "i" + std::to_string(d);
    add(stride == 1 ? variable : std::to_string(stride) + " * " + variable);
  }
  return text.empty() ? "0" : text;
}

/// Copies a box of `shape` from `source` to y.
static void writeCopy(CWriter &writer, ArrayRef<int64_t> shape, StringRef source,
                      const Places &from, const Places &to) {
  for (auto [d, size] : llvm::enumerate(shape))
    writer.loop("i" + std::to_string(d), size);
  writer.line("y[" + getIndex(to) + "] = " + source + "[" + getIndex(from) + "];");
  for (size_t d = 0; d < shape.size(); ++d)
    writer.close();
}

static LogicalResult writeTranspose(TransposeOp op, CWriter &writer) {
  SmallVector<int64_t> strides = getStrides(getShape(op.getInput()));
  Places from;
  for (int64_t d : op.getPermutation())
    from.strides.push_back(strides[d]);
  writeCopy(writer, getShape(op), "x", from, {0, getStrides(getShape(op))});
  return success();
}

static LogicalResult writeSlice(tensor::ExtractSliceOp op, CWriter &writer) {
  auto isStatic = [](ArrayRef<int64_t> values) {
    return llvm::none_of(values, ShapedType::isDynamic);
  };
  if (op.getType().getRank() != op.getSourceType().getRank() ||
      !isStatic(op.getStaticOffsets()) || !isStatic(op.getStaticStrides()))
    return op.emitError("expects a static slice of the operand's rank for C");
  SmallVector<int64_t> strides = getStrides(getShape(op.getSource()));
  Places from;
  for (size_t d = 0; d < strides.size(); ++d) {
    from.first += op.getStaticOffsets()[d] * strides[d];
    from.strides.push_back(op.getStaticStrides()[d] * strides[d]);
  }
  writeCopy(writer, getShape(op), "x", from, {0, getStrides(getShape(op))});
  return success();
}

static LogicalResult writeConcat(tensor::ConcatOp op, CWriter &writer) {
  Places to{0, getStrides(getShape(op))};
  for (auto [i, operand] : llvm::enumerate(op.getInputs())) {
    std::string source = getDataName(i);
    writeCopy(writer, getShape(operand), source, {0, getStrides(getShape(operand))}, to);
    to.first += getShape(operand)[op.getDim()] * to.strides[op.getDim()];
  }
  return success();
}

static LogicalResult writePad(IntPadOp op, CWriter &writer) {
  SmallVector<int64_t> strides = getStrides(getShape(op));
  std::string type = getCType(op.getType().getElementType());
  writer.loop("i", op.getType().getNumElements());
  writer.line("y[i] = (" + type + ")" + toCInteger(op.getValue(), false) + ";");
  writer.close();
  Places to;
  for (size_t d = 0; d < strides.size(); ++d) {
    int64_t step = op.getInterior() ? (*op.getInterior())[d] + 1 : 1;
    to.first += op.getLow()[d] * strides[d];
    to.strides.push_back(step * strides[d]);
  }
  writeCopy(writer, getShape(op.getInput()), "x",
            {0, getStrides(getShape(op.getInput()))}, to);
  return success();
}

static LogicalResult writeGather(GatherOp op, CWriter &writer) {
  ArrayRef<int64_t> indices = op.getIndices();
  writer.constant("int32_t", "slices", {int64_t(indices.size())}, indices);
  SmallVector<int64_t> strides = getStrides(getShape(op.getInput()));
  int64_t dim = op.getDim(), along = strides[dim];
  strides[dim] = 0;
  Places from{0, strides}, to{0, getStrides(getShape(op))};
  for (auto [d, size] : llvm::enumerate(getShape(op)))
    writer.loop("i" + std::to_string(d), size);
  writer.line("y[" + getIndex(to) + "] = x[" + getIndex(from) + " + " + Twine(along) +
              " * slices[i" + Twine(dim) + "]];");
  for (size_t d = 0; d < getShape(op).size(); ++d)
    writer.close();
  return success();
}

LogicalResult qbias::writeMovement(Operation *op, CWriter &writer) {
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](TransposeOp o) { return writeTranspose(o, writer); })
      .Case([&](tensor::ExtractSliceOp o) { return writeSlice(o, writer); })
      .Case([&](tensor::ConcatOp o) { return writeConcat(o, writer); })
      .Case([&](IntPadOp o) { return writePad(o, writer); })
      .Case([&](GatherOp o) { return writeGather(o, writer); })
      .Default([](Operation *o) {
        return o->emitError("operation '") << o->getName().getStringRef()
                                           << "' has no form in C; compile to an object";
      });
}
