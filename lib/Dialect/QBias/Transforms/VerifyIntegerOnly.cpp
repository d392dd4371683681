//===- VerifyIntegerOnly.cpp - no float operation is left ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/Transforms/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMTypes.h"

namespace qbias {
#define GEN_PASS_DEF_VERIFYINTEGERONLY
#include "qbias/Dialect/QBias/Transforms/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

/// True for float and quantized types, also inside tensors, memrefs, vectors,
/// arrays, structs and function types.
static bool containsFloat(Type type) {
  return type
      .walk([](Type inner) {
        return isa<FloatType, quant::QuantizedType>(inner) ? WalkResult::interrupt()
                                                           : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Why an operation is still float.
static StringRef getReason(Operation *op) {
  if (isa<QuantizeOp>(op))
    return "its segment was not fused; run --qbias-fuse-requant";
  if (isa<DequantizeOp>(op))
    return "its integers are used by a float operation";
  if (isa<AccumulatorOpInterface>(op))
    return "its operands or its result are not quantized";
  return "it has no integer form in this program";
}

static std::optional<Type> findFloat(Operation *op) {
  for (Type type : llvm::concat<const Type>(SmallVector<Type>(op->getOperandTypes()),
                                            SmallVector<Type>(op->getResultTypes())))
    if (containsFloat(type))
      return type;
  if (auto function = dyn_cast<FunctionOpInterface>(op))
    if (containsFloat(function.getFunctionType()))
      return function.getFunctionType();
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (Type type : block.getArgumentTypes())
        if (containsFloat(type))
          return type;
  return std::nullopt;
}

/// A requantization in float32 on integer tensors.
static bool isFloatRequant(Operation *op) {
  auto segment = dyn_cast<IntegerSegmentOpInterface>(op);
  return segment && segment.getRequantAttr().getMode() == RequantMode::Float;
}

namespace {
struct VerifyIntegerOnly : qbias::impl::VerifyIntegerOnlyBase<VerifyIntegerOnly> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk<WalkOrder::PreOrder>([](Operation *op) {
      if (isFloatRequant(op)) {
        op->emitError("integer-only: layer '")
            << getLayerName(op)
            << "' requantizes in float32 (mode float); choose another mode, or allow "
               "float with requant=float or bias=float";
        return WalkResult::interrupt();
      }
      std::optional<Type> type = findFloat(op);
      if (!type || isa<FunctionOpInterface>(op))
        return WalkResult::advance();
      op->emitError("integer-only: operation '")
          << op->getName().getStringRef() << "' of layer '" << getLayerName(op)
          << "' has float type " << *type << ": " << getReason(op);
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    // Signatures last: an operation names the cause better.
    getOperation().walk([&](FunctionOpInterface function) {
      if (!containsFloat(function.getFunctionType()))
        return;
      function.emitError("integer-only: function '")
          << function.getName()
          << "' has a float argument or result: " << function.getFunctionType();
      signalPassFailure();
    });
    getOperation().walk([&](Operation *op) {
      auto global = op->getAttrOfType<TypeAttr>("global_type");
      if (global && containsFloat(global.getValue())) {
        op->emitError("integer-only: global has float type ") << global.getValue();
        signalPassFailure();
      }
    });
  }
};
} // namespace
