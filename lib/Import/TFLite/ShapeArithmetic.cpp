//===- ShapeArithmetic.cpp - operators on the extents of shapes ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What SHAPE gives is known while importing, and so is what is computed from it.
// (STRIDED_SLICE and PACK are folded where they are imported.)
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias::importing;
using namespace qbias::tfliteimport;
using Code = fb::BuiltinOperator;

/// The inputs when all are constants that shapes are computed with; empty when not.
static SmallVector<const ConstantTensor *> getLists(const OperatorView &op) {
  SmallVector<const ConstantTensor *> lists;
  for (unsigned index = 0; index < op.getNumInputs(); ++index) {
    FileTensor *input = op.hasInput(index) ? op.getInput(index) : nullptr;
    if (!input || !input->constant || input->quantization ||
        !input->constant->isShapeArithmetic())
      return {};
    lists.push_back(&*input->constant);
  }
  return lists;
}

static std::optional<int64_t> combine(Code code, int64_t a, int64_t b) {
  int64_t result = 0;
  bool overflows = code == Code::MUL   ? llvm::MulOverflow(a, b, result)
                   : code == Code::ADD ? llvm::AddOverflow(a, b, result)
                                       : llvm::SubOverflow(a, b, result);
  return overflows ? std::nullopt : std::optional(result);
}

/// Sum, difference or product, element by element; a single one meets all.
static std::optional<ConstantTensor> foldBinary(Code code, const ConstantTensor &a,
                                                const ConstantTensor &b) {
  int64_t count = std::max(a.getNumElements(), b.getNumElements());
  SmallVector<int64_t> values;
  for (const ConstantTensor *side : {&a, &b})
    if (side->getNumElements() != 1 && side->getNumElements() != count)
      return std::nullopt;
  for (int64_t i = 0; i < count; ++i) {
    auto at = [&](const ConstantTensor &side) {
      return side.integerAt(side.getNumElements() == 1 ? 0 : i);
    };
    std::optional<int64_t> value = combine(code, at(a), at(b));
    if (!value)
      return std::nullopt;
    values.push_back(*value);
  }
  ArrayRef<int64_t> shape =
      a.getShape().size() >= b.getShape().size() ? a.getShape() : b.getShape();
  bool isList = !shape.empty();
  return ConstantTensor::ofIntegers(
      "", isList ? SmallVector<int64_t>{count} : SmallVector<int64_t>(), values);
}

static std::optional<ConstantTensor>
foldConcatenation(ArrayRef<const ConstantTensor *> lists) {
  SmallVector<int64_t> values;
  for (const ConstantTensor *list : lists) {
    if (list->getShape().size() != 1)
      return std::nullopt;
    llvm::append_range(values, list->integers());
  }
  if (values.size() > ConstantTensor::kMaxFolded)
    return std::nullopt;
  return ConstantTensor::ofIntegers("", int64_t(values.size()), values);
}

static std::optional<ConstantTensor> foldSlice(const ConstantTensor &list,
                                               const ConstantTensor &begin,
                                               const ConstantTensor &size) {
  if (list.getShape().size() != 1 || begin.getNumElements() != 1 ||
      size.getNumElements() != 1)
    return std::nullopt;
  int64_t first = begin.integerAt(0), count = size.integerAt(0),
          all = list.getNumElements();
  count = count == -1 ? all - first : count;
  if (first < 0 || first >= all || count < 1 || count > all - first)
    return std::nullopt;
  SmallVector<int64_t> values = list.integers();
  return ConstantTensor::ofIntegers("", count, ArrayRef(values).slice(first, count));
}

std::optional<LogicalResult>
qbias::tfliteimport::importShapeArithmetic(OperatorView &op) {
  constexpr Code kFolded[] = {Code::ADD, Code::CONCATENATION, Code::MUL, Code::SLICE,
                              Code::SUB};
  if (!llvm::is_contained(kFolded, op.getCode()))
    return std::nullopt;
  SmallVector<const ConstantTensor *> lists = getLists(op);
  if (lists.empty())
    return std::nullopt;
  std::optional<ConstantTensor> folded;
  if (op.getCode() == Code::CONCATENATION)
    folded = foldConcatenation(lists);
  else if (op.getCode() == Code::SLICE)
    folded = foldSlice(*lists[0], *lists[1], *lists[2]);
  else
    folded = foldBinary(op.getCode(), *lists[0], *lists[1]);
  if (!folded)
    return op.reject("lists", "ones of equal lengths that give numbers of 64 bits",
                     text(lists[0]->integers()));
  return op.setConstant(std::move(*folded));
}
