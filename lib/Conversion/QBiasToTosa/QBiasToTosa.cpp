//===- QBiasToTosa.cpp - the integer family becomes TOSA ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   y = clamp(((acc * m + 2^(k-1)) >> k) + z)   ->   conv2d, rescale, clamp
//
// Proofs in the module are checked first; then every layer gets a form that TOSA
// has (TosaForms.h), and the block is written anew.
//
//===----------------------------------------------------------------------===//

#include "TosaForms.h"
#include "TosaLayers.h"

#include "qbias/Analysis/Certification.h"
#include "qbias/Analysis/Segments.h"
#include "qbias/Conversion/Passes.h"
#include "qbias/Conversion/Storage.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace qbias {
#define GEN_PASS_DEF_CONVERTQBIASTOTOSA
#include "qbias/Conversion/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

namespace {

/// Writes the block of one function anew.
class Converter {
public:
  explicit Converter(func::FuncOp func)
      : func(func), ret(func.getBody().front().getTerminator()), inner(ret),
        builder(inner) {}

  LogicalResult convert();

private:
  LogicalResult convertArgument(BlockArgument argument);
  FailureOr<Value> convertResult(Value value);
  FailureOr<Value> getStored(Value value);
  void finish(ArrayRef<Value> results);

  func::FuncOp func;
  Operation *ret;
  OpBuilder inner;
  TosaBuilder builder;
  DenseMap<Value, Value> stored;
};

struct ConvertQBiasToTosa : qbias::impl::ConvertQBiasToTosaBase<ConvertQBiasToTosa> {
  void runOnOperation() override;
};

} // namespace

/// Constants are written where they are first used.
FailureOr<Value> Converter::getStored(Value value) {
  if (Value known = stored.lookup(value))
    return known;
  SmallVector<int64_t> values;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !readIntegers(value, values))
    return emitError(value.getLoc(), "expects a constant of integers for TOSA");
  for (int64_t &element : values)
    element += getStorageShift(type.getElementType());
  builder.setLocation(value.getLoc());
  return stored[value] = builder.constant(type.getShape(),
                                          getSignlessType(type.getElementType()), values);
}

/// Weights and biases, which layers read themselves.
static bool isParameter(Operation *op, Value operand) {
  if (auto conv = dyn_cast<IntConv2DOp>(op))
    return operand == conv.getWeight() || operand == conv.getBias();
  auto matmul = dyn_cast<IntMatmulOp>(op);
  return matmul && (operand == matmul.getBias() ||
                    (operand == matmul.getRhs() && getConstant(operand)));
}

/// Integers beyond the quantized range would leave the proven bounds.
LogicalResult Converter::convertArgument(BlockArgument argument) {
  auto type = dyn_cast<RankedTensorType>(argument.getType());
  auto element = dyn_cast_if_present<IntegerType>(type ? type.getElementType() : Type());
  if (!element || !type.hasStaticShape() || element.getWidth() != 8)
    return func.emitError("argument ")
           << argument.getArgNumber() << " is a " << argument.getType()
           << ", expected a static tensor of 8-bit integers for TOSA, in a module of the "
              "stage integer";
  builder.setLocation(argument.getLoc());
  numerics::Range range = getValueRange(argument);
  int64_t shift = getStorageShift(element);
  Type fileType = argument.getType();
  argument.setType(getSignlessType(fileType));
  Value inside = argument;
  if (shift)
    inside = builder.rescale(inside, builder.getNarrow(), getPowerOfTwo(),
                             {-shift, 0, true, false});
  stored[argument] = builder.clamp(inside, range.min + shift, range.max + shift);
  argument.setType(fileType); // what the layers look at
  return success();
}

FailureOr<Value> Converter::convertResult(Value value) {
  FailureOr<Value> inside = getStored(value);
  int64_t shift = getStorageShift(getElementTypeOrSelf(value.getType()));
  if (failed(inside) || !shift)
    return inside;
  builder.setLocation(value.getLoc());
  return builder.rescale(*inside, builder.getNarrow(), getPowerOfTwo(),
                         {0, -shift, false, true});
}

void Converter::finish(ArrayRef<Value> results) {
  ret->setOperands(results);
  Block &block = func.getBody().front();
  for (BlockArgument argument : block.getArguments())
    argument.setType(getSignlessType(argument.getType()));
  func.setType(FunctionType::get(func.getContext(), block.getArgumentTypes(),
                                 ret->getOperandTypes()));
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (!isa<tosa::TosaDialect>(op.getDialect()) && &op != ret)
      op.erase();
  auto removeOwn = [](ArrayRef<NamedAttribute> attributes,
                      llvm::function_ref<void(StringAttr)> remove) {
    for (NamedAttribute attribute : attributes)
      if (isa_and_nonnull<QBiasDialect>(attribute.getNameDialect()))
        remove(attribute.getName());
  };
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    removeOwn(function_interface_impl::getArgAttrs(func, i),
              [&](StringAttr name) { func.removeArgAttr(i, name); });
  for (unsigned i = 0; i < func.getNumResults(); ++i)
    removeOwn(function_interface_impl::getResultAttrs(func, i),
              [&](StringAttr name) { func.removeResultAttr(i, name); });
  removeOwn(llvm::to_vector(func->getDiscardableAttrs()),
            [&](StringAttr name) { func->removeAttr(name); });
}

LogicalResult Converter::convert() {
  Block &block = func.getBody().front();
  SmallVector<Operation *> layers;
  for (Operation &op : block.without_terminator())
    if (!isa<arith::ConstantOp>(op))
      layers.push_back(&op);
  for (Operation *op : layers)
    if (auto segment = dyn_cast<IntegerSegmentOpInterface>(op))
      if (failed(makeExpressible(segment)))
        return failure();
  for (BlockArgument argument : block.getArguments())
    if (failed(convertArgument(argument)))
      return failure();
  for (Operation *op : layers) {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      FailureOr<Value> value = isParameter(op, operand) ? Value() : getStored(operand);
      if (failed(value))
        return failure();
      operands.push_back(*value);
    }
    builder.setLocation(op->getLoc());
    FailureOr<Value> result = emitLayer(op, operands, builder);
    if (failed(result))
      return failure();
    stored[op->getResult(0)] = *result;
  }
  SmallVector<Value> results;
  for (Value value : ret->getOperands()) {
    FailureOr<Value> result = convertResult(value);
    if (failed(result))
      return failure();
    results.push_back(*result);
  }
  finish(results);
  return success();
}

/// What is there is proven again before anything is made of it.
static LogicalResult proveAll(ModuleOp module) {
  WalkResult result = module.walk([](IntegerSegmentOpInterface op) {
    if (!op.getCertificateAttr()) {
      op->emitError("expects a certificate on layer '")
          << getLayerName(op) << "', got none; run --qbias-certify first";
      return WalkResult::interrupt();
    }
    return failed(proveLayer(op)) ? WalkResult::interrupt() : WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

void ConvertQBiasToTosa::runOnOperation() {
  ModuleOp module = getOperation();
  if (failed(proveAll(module)))
    return signalPassFailure();
  for (func::FuncOp func : module.getOps<func::FuncOp>()) {
    if (func.isExternal() || !llvm::hasSingleElement(func.getBody())) {
      func.emitError("expects a function of one block for TOSA");
      return signalPassFailure();
    }
    if (failed(Converter(func).convert()))
      return signalPassFailure();
  }
  for (NamedAttribute attribute : llvm::to_vector(module->getDiscardableAttrs()))
    if (isa_and_nonnull<QBiasDialect>(attribute.getNameDialect()))
      module->removeAttr(attribute.getName());
}
