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

/// Puts the operations of a form behind those of the generic operation that makes its
/// tensor; false where that is something else, or read otherwise as well, or a table, or
/// nothing but an addition that a copy makes as well.
static bool makeForm(OpBuilder &builder, const InputForms::Form &form) {
  linalg::GenericOp last = form.op;
  Value source = last.getInputs()[0];
  while (isa_and_present<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(
             source.getDefiningOp()) &&
         source.hasOneUse())
    source = source.getDefiningOp()->getOperand(0);
  auto made = source.getDefiningOp<linalg::GenericOp>();
  bool isAlone = made && source.hasOneUse() && made.getNumResults() == 1 &&
                 made.getNumParallelLoops() == made.getNumLoops() &&
                 made.getIndexingMapsArray().back().isIdentity();
  if (!isAlone || !made.getRegion().front().getArguments().back().use_empty() ||
      !made.getRegion().getOps<tensor::ExtractOp>().empty())
    return false;
  Value moved = source;
  Copy().takeSource(moved);
  if (moved != source)
    return false;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(made);
  Location loc = made.getLoc();
  auto type = cast<RankedTensorType>(source.getType());
  Type element = getElementTypeOrSelf(last.getType(0));
  Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(), element);
  auto formed = linalg::GenericOp::create(
      builder, loc, type.clone(element), made.getInputs(), empty,
      made.getIndexingMapsArray(), made.getIteratorTypesArray(),
      [&](OpBuilder &inner, Location, ValueRange arguments) {
        IRMapping map;
        for (linalg::GenericOp op : {made, last}) {
          Block &body = op.getRegion().front();
          if (op == made)
            map.map(body.getArguments(), arguments);
          for (Operation &one : body.without_terminator())
            inner.clone(one, map);
          Value result = map.lookupOrDefault(body.getTerminator()->getOperand(0));
          if (op == last)
            linalg::YieldOp::create(inner, loc, result);
          else
            map.map(last.getRegion().front().getArgument(0), result);
        }
      });
  Value flat = formed.getResult(0);
  ReassociationIndices all = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  if (type.getRank() > 1)
    flat = tensor::CollapseShapeOp::create(builder, loc, flat,
                                           SmallVector<ReassociationIndices>{all});
  last.getResult(0).replaceAllUsesWith(flat);
  for (Operation *op = last; op != made;) {
    Operation *next = op->getOperand(0).getDefiningOp();
    op->erase();
    op = next;
  }
  made.erase();
  return true;
}

void InputForms::takeElementwise(OpBuilder &builder) {
  llvm::erase_if(forms, [&](const Form &form) { return makeForm(builder, form); });
}

void InputForms::eraseUnread(Value value, Operation *end) {
  Operation *op = value.getDefiningOp();
  while (op != end &&
         isa_and_present<linalg::GenericOp, tensor::CollapseShapeOp, tensor::PadOp>(op) &&
         op->use_empty()) {
    Operation *next = op->getOperand(0).getDefiningOp();
    op->erase();
    op = next;
  }
}
