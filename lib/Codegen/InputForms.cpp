//===- InputForms.cpp - forms in which kernels read tensors ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputForms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace qbias;

bool InputForms::isMadeForOne(Value input) const {
  auto pad = input.getDefiningOp<tensor::PadOp>();
  return input.hasOneUse() && results.contains(pad ? pad.getSource() : input);
}

Value InputForms::get(OpBuilder &builder, Location loc, Value tensor, unsigned bits,
                      int64_t added) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getElementTypeBitWidth() == bits && !added)
    return tensor;
  for (Form &form : forms)
    if (form.tensor == tensor && form.bits == bits && form.added == added)
      return form.op.getResult(0);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(tensor);
  ReassociationIndices all = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  Value flat = tensor;
  if (type.getRank() > 1)
    flat = tensor::CollapseShapeOp::create(builder, loc, tensor,
                                           SmallVector<ReassociationIndices>{all});
  Type element = builder.getIntegerType(bits);
  auto formedType = RankedTensorType::get({type.getNumElements()}, element);
  Value empty = tensor::EmptyOp::create(builder, loc, formedType.getShape(), element);
  AffineMap identity = builder.getDimIdentityMap();
  APInt sum(type.getElementTypeBitWidth(), added, /*isSigned=*/true,
            /*implicitTrunc=*/true);
  auto form = [&](OpBuilder &inner, Location, ValueRange arguments) {
    Value result = arguments[0];
    if (added)
      result = arith::AddIOp::create(
          inner, loc, result,
          arith::ConstantOp::create(inner, loc,
                                    inner.getIntegerAttr(type.getElementType(), sum)));
    if (result.getType() != element)
      result = arith::ExtSIOp::create(inner, loc, element, result);
    linalg::YieldOp::create(inner, loc, result);
  };
  auto op = linalg::GenericOp::create(builder, loc, formedType, flat, empty,
                                      ArrayRef<AffineMap>{identity, identity},
                                      utils::IteratorType::parallel, form);
  forms.push_back({tensor, bits, added, op});
  return op.getResult(0);
}

SmallVector<InputForms::Form> InputForms::take(Value result) {
  auto isOf = [&](const Form &form) { return form.tensor == result; };
  SmallVector<Form> taken;
  llvm::copy_if(forms, std::back_inserter(taken), isOf);
  llvm::erase_if(forms, isOf);
  return taken;
}
