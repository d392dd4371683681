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
// A buffer lives from its allocation to the last operation that reads it
// through any view. Largest first, each takes the lowest offset at which no
// buffer alive at the same time lies (greedy by size).
//
//===----------------------------------------------------------------------===//

#include "qbias/Codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/Support/MathExtras.h"

namespace qbias {
#define GEN_PASS_DEF_PLANMEMORY
#include "qbias/Codegen/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

namespace {

struct Buffer {
  memref::AllocOp op;
  int64_t bytes = 0, first = 0, last = 0, offset = 0;

  bool meets(const Buffer &other) const {
    return first <= other.last && other.first <= last;
  }
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

static FailureOr<SmallVector<Buffer>> collect(func::FuncOp func) {
  Block &block = func.getBody().front();
  DenseMap<Operation *, int64_t> order;
  int64_t position = 0;
  for (Operation &op : block)
    order[&op] = ++position;
  SmallVector<Buffer> buffers;
  WalkResult result = func.walk([&](memref::AllocOp op) {
    MemRefType type = op.getType();
    if (op->getBlock() != &block || !type.hasStaticShape() ||
        !type.getLayout().isIdentity()) {
      op.emitError("expects an allocation of static shape outside loops, got ") << type;
      return WalkResult::interrupt();
    }
    Buffer buffer{op};
    buffer.bytes = bytesOf(type);
    buffer.first = order.lookup(op);
    buffer.last = std::max(buffer.first, lastUse(op, block, order));
    buffers.push_back(buffer);
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return buffers;
}

/// Assigns offsets; returns the bytes needed.
static int64_t assignOffsets(SmallVectorImpl<Buffer> &buffers, int64_t alignment) {
  SmallVector<Buffer *> bySize;
  for (Buffer &buffer : buffers)
    bySize.push_back(&buffer);
  llvm::stable_sort(bySize, [](Buffer *a, Buffer *b) { return a->bytes > b->bytes; });
  SmallVector<Buffer *> placed; // by offset
  int64_t total = 0;
  for (Buffer *buffer : bySize) {
    int64_t offset = 0;
    for (Buffer *other : placed) {
      if (!other->meets(*buffer))
        continue;
      if (offset + buffer->bytes <= other->offset)
        break;
      offset = std::max<int64_t>(offset,
                                 llvm::alignTo(other->offset + other->bytes, alignment));
    }
    buffer->offset = offset;
    total = std::max(total, offset + buffer->bytes);
    placed.insert(
        llvm::upper_bound(placed, buffer,
                          [](Buffer *a, Buffer *b) { return a->offset < b->offset; }),
        buffer);
  }
  return llvm::alignTo(total, alignment);
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

void PlanMemory::runOnOperation() {
  func::FuncOp func = getOperation();
  // Kernels work on their callers' buffers.
  if (func.isExternal() || func.isPrivate())
    return;
  FailureOr<int64_t> inputs = makeResultsArguments(func);
  if (failed(inputs))
    return signalPassFailure();
  FailureOr<SmallVector<Buffer>> buffers = collect(func);
  if (failed(buffers))
    return signalPassFailure();
  int64_t bytes = assignOffsets(*buffers, alignment);
  OpBuilder builder(func.getContext());
  auto type = MemRefType::get({bytes}, builder.getI8Type());
  unsigned index = func.getNumArguments();
  if (failed(func.insertArgument(index, type, {}, func.getLoc())))
    return signalPassFailure();
  Value workspace = func.getArgument(index);
  func->setAttr(kWorkspaceAttr, builder.getI64IntegerAttr(bytes));
  for (Buffer &buffer : *buffers) {
    builder.setInsertionPoint(buffer.op);
    Value offset =
        arith::ConstantIndexOp::create(builder, buffer.op.getLoc(), buffer.offset);
    Value view = memref::ViewOp::create(builder, buffer.op.getLoc(), buffer.op.getType(),
                                        workspace, offset, ValueRange());
    for (Operation *user : llvm::make_early_inc_range(buffer.op->getUsers()))
      if (isa<memref::DeallocOp>(user))
        user->erase();
    buffer.op.getResult().replaceAllUsesWith(view);
    buffer.op.erase();
  }
  describeBuffers(func, *inputs);
}
