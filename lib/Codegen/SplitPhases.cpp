//===- SplitPhases.cpp - a program as phases that threads share ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   func @main(%args) { ... calls and loops ... }
//
// becomes
//
//   func private @main_phase(%args, %phase, %slice) { switch %phase: one step each }
//   func @main(%args) { for phase: for slice: call @main_phase }
//
// A kernel is a step whose units of work the slices share evenly. A large linalg
// operation is a step of which every slice does its part of one parallel dimension.
// Everything between two of these is a step of slice 0. Steps follow one another with a
// barrier between them, which is the caller's: the program itself knows of no
// threads.
//
//===----------------------------------------------------------------------===//

#include "Group.h"

#include "qbias/Codegen/Passes.h"
#include "qbias/Dialect/QBias/IR/Names.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/TilingInterface.h"

namespace qbias {
#define GEN_PASS_DEF_SPLITPHASES
#include "qbias/Codegen/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

namespace {

/// One step: operations with effects, in order.
struct Phase {
  SmallVector<Operation *> ops;
  int64_t units = 0; ///< of the kernel the step consists of
  /// Dimension that slices share of the linalg operation it consists of.
  std::optional<int64_t> dimension;

  bool isSerial() const { return !units && !dimension; }
};

struct SplitPhases : qbias::impl::SplitPhasesBase<SplitPhases> {
  using SplitPhasesBase::SplitPhasesBase;
  void runOnOperation() override;
};

} // namespace

/// Views and constants are made again wherever they are used.
static bool isRepeatable(Operation &op) {
  return isa<memref::GetGlobalOp>(op) || isMemoryEffectFree(&op);
}

/// The dimension of a linalg operation on buffers that `slices` threads share: the
/// outermost parallel one that is long enough, when the work is worth a barrier.
static std::optional<int64_t> findSharedDimension(Operation &op, int64_t slices) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  // Contractions without a kernel and pools of sums become loops of known extents.
  if (slices == 1 || !linalgOp || isContraction(&op) ||
      isa<linalg::PoolingNhwcSumOp>(op) || !linalgOp.hasPureBufferSemantics() ||
      !isa<TilingInterface>(op))
    return std::nullopt;
  SmallVector<int64_t> ranges = linalgOp.getStaticLoopRanges();
  int64_t iterations = 1;
  for (int64_t range : ranges) {
    if (ShapedType::isDynamic(range))
      return std::nullopt;
    iterations *= range;
  }
  if (iterations < kWorthBarrier)
    return std::nullopt;
  for (auto [dimension, kind] : llvm::enumerate(linalgOp.getIteratorTypesArray()))
    if (kind == utils::IteratorType::parallel && ranges[dimension] >= slices)
      return dimension;
  return std::nullopt;
}

static SmallVector<Phase> collectPhases(Block &block, bool eachStep, int64_t slices) {
  SmallVector<Phase> phases;
  for (Operation &op : block.without_terminator()) {
    if (isRepeatable(op))
      continue;
    auto units = op.getAttrOfType<IntegerAttr>(kUnitsAttr);
    std::optional<int64_t> dimension = findSharedDimension(op, slices);
    if (units || dimension)
      phases.push_back({{&op}, units ? units.getInt() : 0, dimension});
    else if (phases.empty() || !phases.back().isSerial() || eachStep)
      phases.push_back({{&op}, 0, std::nullopt});
    else
      phases.back().ops.push_back(&op);
  }
  return phases;
}

/// The layer a phase belongs to: of a kernel the contraction, else what runs
/// first.
static std::string nameOf(const Phase &phase) {
  Operation *op = phase.ops.front();
  std::string name = getLayerName(op);
  auto step = op->getAttrOfType<StringAttr>(kStepAttr);
  if (step)
    return (name + " (" + step.getValue() + ")").str();
  StringRef what = op->getName().getStringRef();
  return phase.units || isContraction(op) || name == what
             ? name
             : (name + " (" + what + ")").str();
}

/// Copies what `op` needs, then `op`.
static Operation *cloneWithOperands(OpBuilder &builder, Operation *op, IRMapping &map) {
  auto cloneValue = [&](Value value) {
    Operation *definition = value.getDefiningOp();
    if (definition && !map.contains(value) && definition->getBlock() == op->getBlock())
      cloneWithOperands(builder, definition, map);
  };
  for (Value operand : op->getOperands())
    cloneValue(operand);
  // Regions of linalg operations read values from outside, too.
  op->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (operand.getParentBlock() == op->getBlock())
        cloneValue(operand);
  });
  return builder.clone(*op, map);
}

/// First unit of `units` that `slice` does, and the first it does not.
static std::pair<Value, Value> getShare(OpBuilder &builder, Location loc, int64_t units,
                                        int64_t slices, Value slice) {
  auto constant = [&](int64_t v) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, v);
  };
  auto boundOf = [&](Value index) -> Value {
    Value product = arith::MulIOp::create(builder, loc, index, constant(units));
    return arith::DivUIOp::create(builder, loc, product, constant(slices));
  };
  Value next = arith::AddIOp::create(builder, loc, slice, constant(1));
  Value begin = boundOf(slice);
  return {begin, boundOf(next)};
}

/// Replaces the range and slice of a kernel call by those of `slice`.
static void assignSlice(OpBuilder &builder, Operation *call, int64_t units,
                        int64_t slices, Value slice) {
  builder.setInsertionPoint(call);
  auto [begin, end] = getShare(builder, call->getLoc(), units, slices, slice);
  unsigned count = call->getNumOperands();
  call->setOperand(count - 3, begin);
  call->setOperand(count - 2, end);
  call->setOperand(count - 1, slice);
}

/// Replaces a linalg operation by the part of it that `slice` does.
static LogicalResult takePart(OpBuilder &builder, Operation *op, int64_t dimension,
                              int64_t slices, Value slice) {
  Location loc = op->getLoc();
  builder.setInsertionPoint(op);
  SmallVector<int64_t> ranges = cast<linalg::LinalgOp>(op).getStaticLoopRanges();
  auto [begin, end] = getShare(builder, loc, ranges[dimension], slices, slice);
  SmallVector<OpFoldResult> offsets(ranges.size(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> sizes = getAsIndexOpFoldResult(builder.getContext(), ranges);
  offsets[dimension] = begin;
  sizes[dimension] = arith::SubIOp::create(builder, loc, end, begin).getResult();
  if (failed(cast<TilingInterface>(op).getTiledImplementation(builder, offsets, sizes)))
    return op->emitError("cannot be shared by ") << slices << " threads";
  op->erase();
  return success();
}

/// The function of all phases.
static LogicalResult buildPhases(func::FuncOp main, ArrayRef<Phase> phases,
                                 int64_t slices, func::FuncOp &func) {
  OpBuilder builder(main);
  Location loc = main.getLoc();
  SmallVector<Type> types(main.getArgumentTypes());
  types.append(2, builder.getIndexType());
  func = func::FuncOp::create(builder, loc, main.getName().str() + "_phase",
                              builder.getFunctionType(types, {}));
  func.setPrivate();
  Block *body = func.addEntryBlock();
  builder.setInsertionPointToStart(body);
  Value phase = body->getArgument(types.size() - 2), slice = body->getArguments().back();
  SmallVector<int64_t> cases = llvm::to_vector(llvm::seq<int64_t>(0, phases.size()));
  auto op =
      scf::IndexSwitchOp::create(builder, loc, TypeRange(), phase, cases, cases.size());
  func::ReturnOp::create(builder, loc);
  builder.createBlock(&op.getDefaultRegion());
  scf::YieldOp::create(builder, loc);
  for (auto [step, region] : llvm::zip(phases, op.getCaseRegions())) {
    builder.createBlock(&region);
    auto yield = scf::YieldOp::create(builder, loc);
    builder.setInsertionPoint(yield);
    if (step.isSerial()) {
      Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
      Value isFirst =
          arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, slice, zero);
      auto once = scf::IfOp::create(builder, loc, isFirst, /*withElse=*/false);
      builder.setInsertionPoint(once.thenBlock()->getTerminator());
    }
    IRMapping map;
    map.map(main.getArguments(), body->getArguments().take_front(main.getNumArguments()));
    for (Operation *effect : step.ops) {
      OpBuilder::InsertionGuard guard(builder);
      Operation *copy = cloneWithOperands(builder, effect, map);
      if (step.units)
        assignSlice(builder, copy, step.units, slices, slice);
      else if (step.dimension &&
               failed(takePart(builder, copy, *step.dimension, slices, slice)))
        return failure();
    }
  }
  return success();
}

void SplitPhases::runOnOperation() {
  auto main = getOperation().lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal() || !main->hasAttr(kWorkspaceAttr)) {
    getOperation().emitError(
        "expects a planned function 'main'; run --qbias-plan-memory");
    return signalPassFailure();
  }
  Block &block = main.getBody().front();
  SmallVector<Phase> phases = collectPhases(block, eachStep, threads);
  SmallVector<std::string> names = llvm::map_to_vector(phases, nameOf);
  func::FuncOp func;
  if (failed(buildPhases(main, phases, threads, func)))
    return signalPassFailure();
  SmallVector<Operation *> old;
  for (Operation &op : block.without_terminator())
    old.push_back(&op);
  for (Operation *op : llvm::reverse(old))
    op->erase();
  OpBuilder builder(block.getTerminator());
  Location loc = main.getLoc();
  auto index = [&](int64_t v) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, v);
  };
  Value zero = index(0), one = index(1), last = index(phases.size());
  Value lastSlice = index(threads);
  auto steps = scf::ForOp::create(builder, loc, zero, last, one);
  builder.setInsertionPointToStart(steps.getBody());
  auto slices = scf::ForOp::create(builder, loc, zero, lastSlice, one);
  builder.setInsertionPointToStart(slices.getBody());
  SmallVector<Value> arguments(main.getArguments());
  arguments.append({steps.getInductionVar(), slices.getInductionVar()});
  func::CallOp::create(builder, loc, func, arguments);
  main->setAttr(kPhasesAttr, builder.getI64IntegerAttr(phases.size()));
  main->setAttr(kPhaseNamesAttr,
                builder.getStrArrayAttr(llvm::to_vector_of<StringRef>(names)));
  main->setAttr(kThreadsAttr, builder.getI64IntegerAttr(threads));
}
