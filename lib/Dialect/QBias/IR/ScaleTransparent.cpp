//===- ScaleTransparent.cpp - which operations commute with quantize ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/ScaleTransparent.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace qbias;

/// Result type of an operation whose operands got another element type.
static RankedTensorType retype(Operation *op, Type elementType) {
  return cast<RankedTensorType>(op->getResult(0).getType()).clone(elementType);
}

SmallVector<OpOperand *> PoolOp::getElementOperands() {
  if (getKind() != PoolKind::Max)
    return {};
  return {&getInputMutable()};
}

Value PoolOp::rebuildOn(OpBuilder &builder, ValueRange operands, Type elementType) {
  return PoolOp::create(builder, getLoc(), retype(*this, elementType), getKind(),
                        operands[0], getKernel(), getStrides(), getPads(), getDilations(),
                        getCountIncludePad());
}

SmallVector<OpOperand *> PadOp::getElementOperands() { return {&getInputMutable()}; }

Value PadOp::rebuildOn(OpBuilder &builder, ValueRange operands, Type elementType) {
  return PadOp::create(builder, getLoc(), retype(*this, elementType), operands[0],
                       getLowAttr(), getHighAttr(), getInteriorAttr(), getValueAttr());
}

/// The pad value is on the grid when quantizing and dequantizing it gives it
/// back.
bool PadOp::insertsOnlyGridValues(quant::QuantizedType type) {
  if (getAxis(type))
    return false;
  numerics::QuantParams params = getParams(type);
  auto value = numerics::exactRational(getValue().convertToDouble());
  return value &&
         numerics::dequantize(numerics::quantize(*value, params), params) == *value;
}

SmallVector<OpOperand *> TransposeOp::getElementOperands() {
  return {&getInputMutable()};
}

Value TransposeOp::rebuildOn(OpBuilder &builder, ValueRange operands, Type elementType) {
  return TransposeOp::create(builder, getLoc(), retype(*this, elementType), operands[0],
                             getPermutation());
}

SmallVector<OpOperand *> GatherOp::getElementOperands() { return {&getInputMutable()}; }

Value GatherOp::rebuildOn(OpBuilder &builder, ValueRange operands, Type elementType) {
  return GatherOp::create(builder, getLoc(), retype(*this, elementType), operands[0],
                          getDimAttr(), getIndicesAttr());
}

SmallVector<OpOperand *> MaximumOp::getElementOperands() {
  return {&getLhsMutable(), &getRhsMutable()};
}

Value MaximumOp::rebuildOn(OpBuilder &builder, ValueRange operands, Type elementType) {
  return MaximumOp::create(builder, getLoc(), retype(*this, elementType), operands[0],
                           operands[1]);
}

SmallVector<OpOperand *> MinimumOp::getElementOperands() {
  return {&getLhsMutable(), &getRhsMutable()};
}

Value MinimumOp::rebuildOn(OpBuilder &builder, ValueRange operands, Type elementType) {
  return MinimumOp::create(builder, getLoc(), retype(*this, elementType), operands[0],
                           operands[1]);
}

namespace {

/// Upstream shape operations with one tensor operand, first in order: the
/// clone keeps every attribute and size operand.
template <typename OpTy>
struct ShapeOpModel
    : public ScaleTransparentOpInterface::ExternalModel<ShapeOpModel<OpTy>, OpTy> {
  SmallVector<OpOperand *> getElementOperands(Operation *op) const {
    return {&op->getOpOperand(0)};
  }
  Value rebuildOn(Operation *op, OpBuilder &builder, ValueRange operands,
                  Type elementType) const {
    IRMapping mapping;
    mapping.map(op->getOperand(0), operands[0]);
    Operation *clone = builder.clone(*op, mapping);
    clone->getResult(0).setType(retype(op, elementType));
    return clone->getResult(0);
  }
};

struct ConcatModel
    : public ScaleTransparentOpInterface::ExternalModel<ConcatModel, tensor::ConcatOp> {
  SmallVector<OpOperand *> getElementOperands(Operation *op) const {
    return llvm::map_to_vector(op->getOpOperands(),
                               [](OpOperand &operand) { return &operand; });
  }
  Value rebuildOn(Operation *op, OpBuilder &builder, ValueRange operands,
                  Type elementType) const {
    return tensor::ConcatOp::create(builder, op->getLoc(), retype(op, elementType),
                                    cast<tensor::ConcatOp>(op).getDim(), operands);
  }
};

} // namespace

void qbias::registerScaleTransparentModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::CollapseShapeOp::attachInterface<ShapeOpModel<tensor::CollapseShapeOp>>(
        *context);
    tensor::ExpandShapeOp::attachInterface<ShapeOpModel<tensor::ExpandShapeOp>>(*context);
    tensor::ExtractSliceOp::attachInterface<ShapeOpModel<tensor::ExtractSliceOp>>(
        *context);
    tensor::ConcatOp::attachInterface<ConcatModel>(*context);
  });
}
