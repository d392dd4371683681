//===- TosaMovement.cpp - operations that move elements, in TOSA ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Steps and gaps of slices and paddings, which TOSA has not, are gathers.
//
//===----------------------------------------------------------------------===//

#include "TosaLayers.h"

#include "qbias/Conversion/Storage.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qbias;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static FailureOr<Value> emitSlice(tensor::ExtractSliceOp op, Value input,
                                  TosaBuilder &builder) {
  auto isDynamic = [](ArrayRef<int64_t> values) {
    return llvm::any_of(values, ShapedType::isDynamic);
  };
  if (isDynamic(op.getStaticOffsets()) || isDynamic(op.getStaticSizes()) ||
      isDynamic(op.getStaticStrides()))
    return op.emitError("expects a static slice for TOSA");
  SmallVector<int64_t> start(op.getStaticOffsets()), size(op.getStaticSizes());
  for (auto [d, step] : llvm::enumerate(op.getStaticStrides())) {
    if (step == 1)
      continue;
    SmallVector<int64_t> indices;
    for (int64_t i = 0; i < size[d]; ++i)
      indices.push_back(start[d] + i * step);
    input = builder.gather(input, int64_t(d), indices);
    start[d] = 0;
  }
  return builder.reshape(builder.slice(input, start, size), shapeOf(op.getResult()));
}

/// A row of the fill value behind the others, which gaps are gathered from.
static Value spread(Value value, int64_t dim, int64_t gap, int64_t fill,
                    TosaBuilder &builder) {
  int64_t size = shapeOf(value)[dim];
  SmallVector<int64_t> low(shapeOf(value).size(), 0), high(low), indices;
  high[dim] = 1;
  for (int64_t i = 0; i < size; ++i) {
    if (i)
      indices.append(gap, size);
    indices.push_back(i);
  }
  return builder.gather(builder.pad(value, low, high, fill), dim, indices);
}

static FailureOr<Value> emitPad(IntPadOp op, Value input, TosaBuilder &builder) {
  int64_t fill =
      op.getValue() + getStorageShift(op.getInput().getType().getElementType());
  if (op.getInterior())
    for (auto [d, gap] : llvm::enumerate(*op.getInterior()))
      if (gap)
        input = spread(input, int64_t(d), gap, fill, builder);
  return builder.pad(input, op.getLow(), op.getHigh(), fill);
}

FailureOr<Value> qbias::emitMovement(Operation *op, ValueRange operands,
                                     TosaBuilder &builder) {
  return TypeSwitch<Operation *, FailureOr<Value>>(op)
      .Case<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(
          [&](auto o) { return builder.reshape(operands[0], shapeOf(o.getResult())); })
      .Case([&](TransposeOp o) {
        return builder.transpose(operands[0], o.getPermutation());
      })
      .Case([&](tensor::ConcatOp o) {
        return builder.concat(operands, int64_t(o.getDim()));
      })
      .Case([&](tensor::ExtractSliceOp o) { return emitSlice(o, operands[0], builder); })
      .Case([&](IntPadOp o) { return emitPad(o, operands[0], builder); })
      .Case([&](GatherOp o) {
        return builder.gather(operands[0], int64_t(o.getDim()), o.getIndices());
      })
      .Default([](Operation *o) {
        return o->emitError("operation '")
               << o->getName().getStringRef() << "' has no form in TOSA";
      });
}
