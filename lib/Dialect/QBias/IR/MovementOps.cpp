//===- MovementOps.cpp - operations that move or select: constraints ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Dialect/QBias/IR/Windows.h"

#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace qbias;

LogicalResult PadOp::verify() {
  // C3
  if (!getValue().isFinite())
    return emitOpError("C3: expects a finite value");
  // C4
  quant::QuantizedType type = getQuantElement(getInput().getType());
  if (type && getAxis(type))
    return emitOpError("C4: expects one scale for the tensor, got ")
           << getScales(type).size() << " along dimension " << *getAxis(type);
  // C1, C2
  return verifyPad(*this, getInput().getType(), getType(), getLow(), getHigh(),
                   getInterior());
}

LogicalResult TransposeOp::verify() {
  auto x = cast<RankedTensorType>(getInput().getType());
  auto y = cast<RankedTensorType>(getType());
  ArrayRef<int64_t> permutation = getPermutation();
  // C1
  SmallVector<int64_t> sorted(permutation);
  llvm::sort(sorted);
  if (sorted != llvm::to_vector(llvm::seq<int64_t>(0, x.getRank())))
    return emitOpError("C1: expects a permutation of ")
           << x.getRank() << " dimensions, got [" << permutation << "]";
  // C2
  SmallVector<int64_t> expected;
  for (int64_t d : permutation)
    expected.push_back(x.getDimSize(d));
  if (y.getShape() != ArrayRef(expected))
    return emitOpError("C2: expects a result of shape [")
           << expected << "], got [" << y.getShape() << "]";
  if (permuteElementType(x.getElementType(), permutation) != y.getElementType())
    return emitOpError("C2: expects result elements ")
           << permuteElementType(x.getElementType(), permutation) << ", got "
           << y.getElementType();
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  // In a graph region an operation may be its own operand.
  if (getInput() == getResult())
    return {};
  if (llvm::equal(getPermutation(), llvm::seq<int64_t>(0, getPermutation().size())) &&
      getType() == getInput().getType())
    return getInput();
  auto producer = getInput().getDefiningOp<TransposeOp>();
  // In a graph region a cycle of transposes would fold forever: only a producer
  // above the operation is folded into it.
  if (!producer || (producer->getBlock() == getOperation()->getBlock() &&
                    !producer->isBeforeInBlock(*this)))
    return {};
  SmallVector<int64_t> composed;
  for (int64_t d : getPermutation())
    composed.push_back(producer.getPermutation()[d]);
  setPermutation(composed);
  getInputMutable().assign(producer.getInput());
  return getResult();
}

/// Most slices a gather selects.
static constexpr size_t kMaxIndices = size_t(1) << 24;

LogicalResult GatherOp::verify() {
  auto x = cast<RankedTensorType>(getInput().getType());
  auto y = cast<RankedTensorType>(getType());
  int64_t dim = getDim();
  // C1
  if (dim < 0 || dim >= x.getRank())
    return emitOpError("C1: expects a dimension below ")
           << x.getRank() << ", got " << dim;
  // C2
  ArrayRef<int64_t> indices = getIndices();
  if (indices.empty() || indices.size() > kMaxIndices)
    return emitOpError("C2: expects 1 to ")
           << kMaxIndices << " indices, got " << indices.size();
  for (int64_t index : indices)
    if (index < 0 || index >= x.getDimSize(dim))
      return emitOpError("C2: expects indices below ")
             << x.getDimSize(dim) << ", got " << index;
  // C3
  SmallVector<int64_t> expected(x.getShape());
  expected[dim] = indices.size();
  if (y != x.clone(expected))
    return emitOpError("C3: expects a result of type ")
           << x.clone(expected) << ", got " << y;
  // C4
  quant::QuantizedType type = getQuantElement(x);
  if (type && getAxis(type) == dim)
    return emitOpError("C4: expects one scale for all slices, got ")
           << getScales(type).size() << " along dimension " << dim;
  return success();
}

LogicalResult ArgMaxOp::verify() {
  RankedTensorType x = getInput().getType(), y = getType();
  int64_t dim = getDim();
  // C1
  if (dim < 0 || dim >= x.getRank() || x.getDimSize(dim) > INT32_MAX)
    return emitOpError("C1: expects a dimension below ")
           << x.getRank() << " of at most " << INT32_MAX << " elements, got " << dim
           << " of " << x;
  // C2
  SmallVector<int64_t> expected(x.getShape());
  if (getKeepDim())
    expected[dim] = 1;
  else
    expected.erase(expected.begin() + dim);
  if (y.getShape() != ArrayRef(expected))
    return emitOpError("C2: expects a result of shape [")
           << expected << "], got [" << y.getShape() << "]";
  // C3
  quant::QuantizedType type = getQuantElement(x);
  if (type && getAxis(type))
    return emitOpError("C3: expects one scale for the tensor, got ")
           << getScales(type).size() << " along dimension " << *getAxis(type);
  return success();
}

/// Constraints of qbias.maximum and qbias.minimum.
template <typename OpTy>
static LogicalResult verifyExtremum(OpTy op) {
  // C1, C2
  if (failed(verifyBroadcast(op, op.getLhs().getType(), op.getRhs().getType(),
                             op.getType())))
    return failure();
  // C3
  Type element = getElementTypeOrSelf(op.getType());
  for (Value operand : op->getOperands())
    if (getElementTypeOrSelf(operand.getType()) != element)
      return op.emitOpError("C3: expects one element type, got ")
             << getElementTypeOrSelf(operand.getType()) << " and " << element;
  quant::QuantizedType type = getQuantElement(op.getType());
  if (type && getAxis(type))
    return op.emitOpError("C3: expects one scale for the tensor, got ")
           << getScales(type).size();
  return success();
}

LogicalResult MaximumOp::verify() { return verifyExtremum(*this); }
LogicalResult MinimumOp::verify() { return verifyExtremum(*this); }
