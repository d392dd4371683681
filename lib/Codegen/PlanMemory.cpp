//===- PlanMemory.cpp - temporaries share one workspace ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Results become arguments first: the last allocation behind a result is the
// caller's buffer, anything else is copied into it.
//
// An elementwise operation that reads a buffer last writes its result there:
//
//   linalg.generic ins(%a, %b) outs(%c)      =>  linalg.generic ins(%a, %b) outs(%a)
//
// A buffer lives from its allocation to the last operation that reads it
// through any view.
//
//===----------------------------------------------------------------------===//

#include "qbias/Codegen/Passes.h"

#include "qbias/Analysis/Arena.h"
#include "qbias/Dialect/QBias/IR/Names.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace qbias {
#define GEN_PASS_DEF_PLANMEMORY
#include "qbias/Codegen/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

namespace {

/// What to place, and the allocation of each.
struct Buffers {
  SmallVector<memref::AllocOp> ops;
  SmallVector<ArenaBuffer> places;
};

struct PlanMemory : qbias::impl::PlanMemoryBase<PlanMemory> {
  using PlanMemoryBase::PlanMemoryBase;
  void runOnOperation() override;
};

} // namespace

/// Position of the operation of `block` that holds `op`.
static int64_t positionOf(Operation *op, Block &block,
                          const DenseMap<Operation *, int64_t> &order) {
  return order.lookup(block.findAncestorOpInBlock(*op));
}

/// Last operation that uses `value` or a view of it.
static int64_t lastUse(Value value, Block &block,
                       const DenseMap<Operation *, int64_t> &order) {
  int64_t last = 0;
  for (Operation *user : value.getUsers()) {
    last = std::max(last, positionOf(user, block, order));
    if (isa<ViewLikeOpInterface>(user))
      for (Value view : user->getResults())
        last = std::max(last, lastUse(view, block, order));
  }
  return last;
}

static int64_t bytesOf(MemRefType type) {
  return type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

/// The allocation that `value` is a view of, or null.
static memref::AllocOp findAllocation(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  return value.getDefiningOp<memref::AllocOp>();
}

static DenseMap<Operation *, int64_t> numberOps(Block &block) {
  DenseMap<Operation *, int64_t> order;
  int64_t position = 0;
  for (Operation &op : block)
    order[&op] = ++position;
  return order;
}

/// A buffer in which `op` may write its result: it is read at the same element and never
/// again. Null when there is none.
static memref::AllocOp findPlace(linalg::GenericOp op, memref::AllocOp result,
                                 const DenseMap<Operation *, int64_t> &order) {
  for (OpOperand *operand : op.getDpsInputOperands()) {
    auto input = operand->get().getDefiningOp<memref::AllocOp>();
    if (!input || input.getType() != result.getType() ||
        lastUse(input, *op->getBlock(), order) != order.lookup(op))
      continue;
    bool isSame = llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *other) {
      return findAllocation(other->get()) != input ||
             (other->get() == input && op.getMatchingIndexingMap(other).isIdentity());
    });
    WalkResult inside = op.getRegion().walk([&](Operation *inner) {
      bool reads = llvm::any_of(inner->getOperands(), [&](Value value) {
        return isa<MemRefType>(value.getType()) && findAllocation(value) == input;
      });
      return reads ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (isSame && !inside.wasInterrupted())
      return input;
  }
  return {};
}

/// Lets elementwise operations write where they read.
static void reusePlaces(func::FuncOp func) {
  Block &block = func.getBody().front();
  DenseMap<Operation *, int64_t> order = numberOps(block);
  for (auto op : llvm::make_early_inc_range(block.getOps<linalg::GenericOp>())) {
    auto result = op.getNumDpsInits() == 1
                      ? op.getDpsInits().front().getDefiningOp<memref::AllocOp>()
                      : memref::AllocOp();
    bool isElementwise =
        op.getNumParallelLoops() == op.getNumLoops() && result &&
        op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity() &&
        !op.payloadUsesValueFromOperand(op.getDpsInitOperand(0));
    if (!isElementwise)
      continue;
    bool isFirst = llvm::all_of(result->getUsers(), [&](Operation *user) {
      return positionOf(user, block, order) >= order.lookup(op);
    });
    memref::AllocOp place = isFirst ? findPlace(op, result, order) : memref::AllocOp();
    if (!place)
      continue;
    result.getResult().replaceAllUsesWith(place);
    result.erase();
  }
}

static FailureOr<Buffers> collect(func::FuncOp func) {
  Block &block = func.getBody().front();
  DenseMap<Operation *, int64_t> order = numberOps(block);
  Buffers buffers;
  WalkResult result = func.walk([&](memref::AllocOp op) {
    MemRefType type = op.getType();
    if (op->getBlock() != &block || !type.hasStaticShape() ||
        !type.getLayout().isIdentity()) {
      op.emitError("expects an allocation of static shape outside loops, got ") << type;
      return WalkResult::interrupt();
    }
    int64_t first = order.lookup(op);
    buffers.ops.push_back(op);
    buffers.places.push_back(
        {bytesOf(type), first, std::max(first, lastUse(op, block, order))});
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return buffers;
}

/// Replaces every result by an argument. Returns the number of inputs.
static FailureOr<int64_t> makeResultsArguments(func::FuncOp func) {
  int64_t inputs = func.getNumArguments();
  auto ret = cast<func::ReturnOp>(func.getBody().front().getTerminator());
  OpBuilder builder(ret);
  for (unsigned i = 0; i < ret.getNumOperands(); ++i) {
    Value value = ret.getOperand(i);
    auto type = dyn_cast<MemRefType>(value.getType());
    if (!type || !type.hasStaticShape() || !type.getLayout().isIdentity())
      return func.emitError("expects results of static shape, got ") << value.getType();
    unsigned index = func.getNumArguments();
    if (failed(
            func.insertArgument(index, type, func.getResultAttrDict(i), value.getLoc())))
      return failure();
    Value argument = func.getArgument(index);
    auto alloc = value.getDefiningOp<memref::AllocOp>();
    if (alloc && alloc->getBlock() == ret->getBlock()) {
      // A second result of the same buffer then copies from this argument.
      alloc.getResult().replaceAllUsesWith(argument);
      alloc.erase();
    } else {
      memref::CopyOp::create(builder, value.getLoc(), value, argument);
    }
  }
  ret.getOperandsMutable().clear();
  func.setType(FunctionType::get(func.getContext(),
                                 func.getBody().front().getArgumentTypes(), {}));
  return inputs;
}

/// Sizes and alignments of all arguments, and how many are inputs, for the
/// entry point.
static void describeBuffers(func::FuncOp func, int64_t inputs) {
  SmallVector<int64_t> bytes, alignments;
  for (unsigned i = 0; i < func.getNumArguments(); ++i) {
    auto type = cast<MemRefType>(func.getArgument(i).getType());
    bytes.push_back(bytesOf(type));
    alignments.push_back(llvm::divideCeil(type.getElementTypeBitWidth(), 8));
  }
  Builder builder(func.getContext());
  func->setAttr(kBufferBytesAttr, builder.getDenseI64ArrayAttr(bytes));
  func->setAttr(kBufferAlignmentAttr, builder.getDenseI64ArrayAttr(alignments));
  func->setAttr(kInputsAttr, builder.getI64IntegerAttr(inputs));
}

/// The plan as an attribute, for reports.
static ArrayAttr describePlan(const Buffers &buffers, Builder &builder) {
  SmallVector<Attribute> plan;
  for (auto [op, place] : llvm::zip(buffers.ops, buffers.places)) {
    auto number = [&](StringRef name, int64_t value) {
      return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
    };
    NamedAttribute name =
        builder.getNamedAttr("name", builder.getStringAttr(getTensorName(op->getLoc())));
    plan.push_back(builder.getDictionaryAttr(
        {name, number("bytes", place.bytes), number("offset", place.offset),
         number("first", place.first), number("last", place.last)}));
  }
  return builder.getArrayAttr(plan);
}

void PlanMemory::runOnOperation() {
  func::FuncOp func = getOperation();
  // Kernels work on their callers' buffers.
  if (func.isExternal() || func.isPrivate())
    return;
  FailureOr<int64_t> inputs = makeResultsArguments(func);
  if (failed(inputs))
    return signalPassFailure();
  reusePlaces(func);
  FailureOr<Buffers> buffers = collect(func);
  if (failed(buffers))
    return signalPassFailure();
  int64_t bytes = placeBuffers(buffers->places, alignment);
  OpBuilder builder(func.getContext());
  auto type = MemRefType::get({bytes}, builder.getI8Type());
  unsigned index = func.getNumArguments();
  if (failed(func.insertArgument(index, type, {}, func.getLoc())))
    return signalPassFailure();
  Value workspace = func.getArgument(index);
  func->setAttr(kWorkspaceAttr, builder.getI64IntegerAttr(bytes));
  func->setAttr(kMemoryPlanAttr, describePlan(*buffers, builder));
  remark::analysis(func.getLoc(),
                   remark::RemarkOpts::name("workspace").category("qbias-plan-memory"))
      << remark::metric("bytes", bytes) << remark::metric("buffers", buffers->ops.size());
  for (auto [op, place] : llvm::zip(buffers->ops, buffers->places)) {
    builder.setInsertionPoint(op);
    Value offset = arith::ConstantIndexOp::create(builder, op.getLoc(), place.offset);
    Value view = memref::ViewOp::create(builder, op.getLoc(), op.getType(), workspace,
                                        offset, ValueRange());
    for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
      if (isa<memref::DeallocOp>(user))
        user->erase();
    op.getResult().replaceAllUsesWith(view);
    op.erase();
  }
  describeBuffers(func, *inputs);
}
