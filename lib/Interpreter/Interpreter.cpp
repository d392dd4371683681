//===- Interpreter.cpp - one function, operation by operation ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Evaluate.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::interpreter;

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

ArrayRef<int64_t> interpreter::shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

int64_t interpreter::elementsOf(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

void interpreter::forEachIndex(ArrayRef<int64_t> shape,
                               function_ref<void(ArrayRef<int64_t>)> visit) {
  SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t i = 0, count = elementsOf(shape); i < count; ++i) {
    visit(index);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d])
        break;
      index[d] = 0;
    }
  }
}

int64_t interpreter::positionOf(ArrayRef<int64_t> shape, ArrayRef<int64_t> index) {
  int64_t position = 0;
  for (auto [extent, i] : llvm::zip(shape, index))
    position = position * extent + i;
  return position;
}

std::vector<int64_t> interpreter::broadcastPositions(ArrayRef<int64_t> operand,
                                                     ArrayRef<int64_t> result) {
  std::vector<int64_t> positions;
  forEachIndex(result, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> from(index);
    for (auto [extent, i] : llvm::zip(operand, from))
      i = extent == 1 ? 0 : i;
    positions.push_back(positionOf(operand, from));
  });
  return positions;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// A value has the shape and the kind of its type, and integers it can hold.
static LogicalResult checkValue(Operation *op, const Tensor &tensor, Type type) {
  auto tensorType = dyn_cast<RankedTensorType>(type);
  if (!tensorType || tensorType.getShape() != ArrayRef(tensor.shape) ||
      isa<FloatType>(tensorType.getElementType()) != tensor.isReal() ||
      int64_t(tensor.size()) != elementsOf(tensor.shape))
    return op->emitError("interpreter: expects a value of type ") << type;
  if (tensor.isReal())
    return success();
  quant::QuantizedType quantized = getQuantElement(type);
  numerics::Range range = quantized ? getStorageRange(quantized)
                                    : getIntegerRange(tensorType.getElementType());
  for (auto [i, value] : llvm::enumerate(tensor.integers()))
    if (!range.contains(value))
      return op->emitError("interpreter: expects integers in [")
             << range.min << ", " << range.max << "], got " << value << " at element "
             << i;
  return success();
}

static Result evaluate(Operation *op, Operands operands) {
  if (op->getNumResults() == 1 && op->getNumRegions() == 0)
    for (auto *part : {evaluateMovement, evaluateReal, evaluateInteger})
      if (std::optional<Result> result = part(op, operands))
        return *result;
  return op->emitError("interpreter: no meaning is known for '")
         << op->getName().getStringRef() << "'";
}

FailureOr<SmallVector<Tensor>> interpreter::interpret(func::FuncOp func,
                                                      ArrayRef<Tensor> inputs) {
  if (func.isExternal() || !func.getBody().hasOneBlock() ||
      func.getNumArguments() != inputs.size())
    return func.emitError("interpreter: expects a function of one block with ")
           << inputs.size() << " arguments";
  llvm::DenseMap<Value, Tensor> values;
  for (auto [argument, input] : llvm::zip(func.getArguments(), inputs)) {
    if (failed(checkValue(func, input, argument.getType())))
      return failure();
    values[argument] = input;
  }
  for (Operation &op : func.getBody().front()) {
    SmallVector<const Tensor *> operands;
    for (Value operand : op.getOperands())
      operands.push_back(&values.find(operand)->second);
    if (isa<func::ReturnOp>(op))
      return llvm::map_to_vector(operands, [](const Tensor *t) { return *t; });
    Result result = evaluate(&op, operands);
    if (failed(result) || failed(checkValue(&op, *result, op.getResult(0).getType())))
      return failure();
    values[op.getResult(0)] = std::move(*result);
  }
  return func.emitError("interpreter: expects a return");
}
