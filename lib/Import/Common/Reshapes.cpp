//===- Reshapes.cpp - other shapes of the same elements ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Import/Common/Reshapes.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Import/Common/ConstantTensor.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::importing;

/// Collapses to one dimension, or expands from it.
static Value reshapeFlat(const Layer &layer, Value value, RankedTensorType type) {
  OpBuilder &builder = layer.getBuilder();
  auto source = cast<RankedTensorType>(value.getType());
  bool collapses = type.getRank() < source.getRank();
  SmallVector<ReassociationIndices> groups;
  if (source.getRank() > 0 && type.getRank() > 0)
    groups.push_back(llvm::to_vector<2>(
        llvm::seq<int64_t>(0, std::max(source.getRank(), type.getRank()))));
  if (collapses)
    return tensor::CollapseShapeOp::create(builder, layer.getLoc(), type, value, groups);
  return tensor::ExpandShapeOp::create(builder, layer.getLoc(), type, value, groups);
}

FailureOr<Value> qbias::importing::reshape(const Layer &layer, Value value,
                                           ArrayRef<int64_t> shape) {
  auto source = cast<RankedTensorType>(value.getType());
  if (source.getShape() == shape)
    return value;
  if (isa<quant::UniformQuantizedPerAxisType>(source.getElementType()))
    return layer.reject("input", "per-tensor quantization",
                        "per-channel quantization of a tensor that is reshaped");
  FailureOr<RankedTensorType> type = layer.makeType(shape, source.getElementType());
  if (failed(type))
    return failure();
  OpBuilder &builder = layer.getBuilder();
  size_t rank = shape.size(), sourceRank = source.getRank();
  if (rank != sourceRank) {
    auto groups = getReassociationIndicesForReshape(source, *type);
    if (groups && rank < sourceRank)
      return tensor::CollapseShapeOp::create(builder, layer.getLoc(), *type, value,
                                             *groups)
          .getResult();
    if (groups)
      return tensor::ExpandShapeOp::create(builder, layer.getLoc(), *type, value, *groups)
          .getResult();
  }
  auto flat = RankedTensorType::get({source.getNumElements()}, source.getElementType());
  if (source != flat)
    value = reshapeFlat(layer, value, flat);
  return flat == *type ? value : reshapeFlat(layer, value, *type);
}

Value qbias::importing::transpose(const Layer &layer, Value value,
                                  ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> shape;
  for (int64_t d : permutation)
    shape.push_back(shapeOf(value)[d]);
  auto type =
      RankedTensorType::get(shape, permuteElementType(elementOf(value), permutation));
  return TransposeOp::create(layer.getBuilder(), layer.getLoc(), type, value,
                             permutation);
}

FailureOr<Value> qbias::importing::extendRank(const Layer &layer, Value value,
                                              size_t rank) {
  SmallVector<int64_t> shape(shapeOf(value));
  shape.insert(shape.begin(), rank - std::min(rank, shape.size()), 1);
  return reshape(layer, value, shape);
}
