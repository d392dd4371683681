//===- InputForms.cpp - forms in which kernels read tensors ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputForms.h"
#include "Kernels.h"

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
  Type element = builder.getIntegerType(bits);
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(), element);
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
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
  auto op =
      linalg::GenericOp::create(builder, loc, type.clone(element), tensor, empty,
                                ArrayRef<AffineMap>{identity, identity}, iterators, form);
  forms.push_back({tensor, bits, added, op});
  return op.getResult(0);
}

SmallVector<InputForms::Form> InputForms::take(Value tensor) {
  auto isOf = [&](const Form &form) { return form.tensor == tensor; };
  SmallVector<Form> taken;
  llvm::copy_if(forms, std::back_inserter(taken), isOf);
  llvm::erase_if(forms, isOf);
  return taken;
}

SmallVector<InputForms::Made> InputForms::takeAll(const Group &group, Value result) {
  SmallVector<Made> made;
  // All but `known` uses, and those of its forms, are of the tensor as it is.
  auto addReaders = [&](Value tensor, const Padding &outer, size_t known) {
    SmallVector<Form> taken = take(tensor);
    if (!tensor.hasNUses(known + taken.size()))
      made.push_back({{outer, 0}, tensor});
    for (Form &form : taken)
      made.push_back({{outer, form.added}, form.op.getResult(0)});
  };
  int64_t own[] = {group.batch, group.resultRows(), group.resultColumns(),
                   group.channels};
  SmallVector<tensor::PadOp> pads;
  if (cast<RankedTensorType>(result.getType()).getShape() == ArrayRef(own))
    for (Operation *user : result.getUsers())
      if (auto pad = dyn_cast<tensor::PadOp>(user); pad && Padding::match(pad))
        pads.push_back(pad);
  addReaders(result, {}, pads.size());
  for (tensor::PadOp pad : llvm::reverse(pads)) // users come last to first
    addReaders(pad.getResult(), *Padding::match(pad), 0);
  if (made.empty())
    made.push_back({{}, result});
  return made;
}

void InputForms::takeElementwise(RewriterBase &rewriter) {
  llvm::erase_if(forms, [&](Form &form) {
    OpOperand &operand = *form.op.getDpsInputOperand(0);
    auto made = operand.get().getDefiningOp<linalg::GenericOp>();
    // Tables have vectors of their own, and an addition is part of a copy.
    Value source = operand.get();
    int64_t added = 0;
    return made && made.getRegion().getOps<tensor::ExtractOp>().empty() &&
           !takeAddition(source, added) && fuseWithProducer(rewriter, operand);
  });
}

void InputForms::eraseUnread(Value value, Operation *end) {
  Operation *op = value.getDefiningOp();
  while (op != end &&
         isa_and_present<linalg::GenericOp, tensor::CollapseShapeOp,
                         tensor::ExpandShapeOp, tensor::PadOp>(op) &&
         op->use_empty()) {
    Operation *next = op->getOperand(0).getDefiningOp();
    op->erase();
    op = next;
  }
}
