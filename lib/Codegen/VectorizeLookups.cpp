//===- VectorizeLookups.cpp - tables in registers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An operation that reads a table at an 8-bit integer has 256 results. They are
// evaluated here, and fit four registers of 64 bytes; with AVX512-VBMI
//
//   low  = vpermi2b(t[0 .. 63], x, t[64 .. 127])          for x in 0 .. 127
//   high = vpermi2b(t[-128 .. -65], x, t[-64 .. -1])      for x in -128 .. -1
//   y    = x < 0 ? high : low
//
// are the results of 64 elements at once: the instruction reads 7 bits of x.
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"

#include "qbias/Codegen/Passes.h"
#include "qbias/Codegen/Target.h"
#include "qbias/Dialect/QBias/IR/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

namespace qbias {
#define GEN_PASS_DEF_VECTORIZELOOKUPS
#include "qbias/Codegen/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

static constexpr unsigned kByte = 8;
static constexpr int64_t kEntries = 256, kLanes = 64;

namespace {

struct VectorizeLookups : qbias::impl::VectorizeLookupsBase<VectorizeLookups> {
  using VectorizeLookupsBase::VectorizeLookupsBase;
  void runOnOperation() override;
};

/// Evaluates the body of a lookup.
class Evaluator {
public:
  Evaluator(BlockArgument argument, int64_t x) : argument(argument), x(x) {}
  /// `value` for the argument x; nullopt for operations that lookups do not have.
  std::optional<int64_t> evaluate(Value value);

private:
  std::optional<int64_t> readTable(memref::LoadOp load);

  BlockArgument argument;
  int64_t x;
};

} // namespace

/// One entry of a constant table.
std::optional<int64_t> Evaluator::readTable(memref::LoadOp load) {
  auto source = load.getMemRef().getDefiningOp<memref::GetGlobalOp>();
  if (!source || load.getIndices().size() != 1)
    return std::nullopt;
  auto global = SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(
      source, source.getNameAttr());
  auto initial = global && global.getConstant()
                     ? dyn_cast_or_null<ElementsAttr>(global.getConstantInitValue())
                     : ElementsAttr();
  SmallVector<int64_t> entries;
  std::optional<int64_t> at = evaluate(load.getIndices().front());
  if (!initial || !at || !readIntegers(initial, entries) || *at < 0 ||
      *at >= int64_t(entries.size()))
    return std::nullopt;
  return entries[*at];
}

std::optional<int64_t> Evaluator::evaluate(Value value) {
  APInt constant;
  if (value == argument)
    return x;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSExtValue();
  Operation *op = value.getDefiningOp();
  if (!op)
    return std::nullopt;
  if (auto load = dyn_cast<memref::LoadOp>(op))
    return readTable(load);
  SmallVector<int64_t> operands;
  for (Value operand : op->getOperands()) {
    std::optional<int64_t> known = evaluate(operand);
    if (!known)
      return std::nullopt;
    operands.push_back(*known);
  }
  if (isa<arith::ExtSIOp, arith::IndexCastOp>(op))
    return operands[0];
  unsigned bits =
      value.getType().isIndex() ? 64 : value.getType().getIntOrFloatBitWidth();
  uint64_t wrapped = operands[0];
  if (isa<arith::AddIOp>(op))
    wrapped += operands[1];
  else if (isa<arith::SubIOp>(op))
    wrapped -= operands[1];
  else if (!isa<arith::TruncIOp>(op))
    return std::nullopt;
  return APInt(bits, wrapped, /*isSigned=*/false, /*implicitTrunc=*/true).getSExtValue();
}

/// The results for -128 .. 127 of an operation that reads a table; nullopt for any
/// other operation.
static std::optional<SmallVector<int64_t>> getResults(linalg::GenericOp op) {
  auto isBytes = [](Value value) {
    auto type = dyn_cast<MemRefType>(value.getType());
    return type && type.getElementType().isInteger(kByte) && type.getRank() > 0 &&
           type.isLastDimUnitStride() && !ShapedType::isDynamic(type.getShape().back());
  };
  bool isUnary = op.getNumDpsInputs() == 1 && op.getNumDpsInits() == 1 &&
                 op.getNumResults() == 0 &&
                 op.getNumParallelLoops() == op.getNumLoops() &&
                 llvm::all_of(op.getIndexingMapsArray(),
                              [](AffineMap map) { return map.isIdentity(); });
  Block &body = op.getRegion().front();
  if (!isUnary || !llvm::all_of(op->getOperands(), isBytes) ||
      body.getOps<memref::LoadOp>().empty())
    return std::nullopt;
  SmallVector<int64_t> results;
  for (int64_t x = -kEntries / 2; x < kEntries / 2; ++x) {
    Evaluator evaluator(body.getArgument(0), x);
    std::optional<int64_t> y = evaluator.evaluate(body.getTerminator()->getOperand(0));
    if (!y)
      return std::nullopt;
    results.push_back(*y);
  }
  return results;
}

/// Emits the loops of one operation.
static void emitLookup(OpBuilder &builder, linalg::GenericOp op,
                       ArrayRef<int64_t> results) {
  Location loc = op.getLoc();
  KernelBuilder kernel(builder, loc);
  VectorType type = kernel.vectorOf(kLanes, kByte);
  SmallVector<Value> tables; // -128 .. -65, -64 .. -1, 0 .. 63, 64 .. 127
  for (int64_t first = 0; first < kEntries; first += kLanes) {
    SmallVector<int8_t> part(results.slice(first, kLanes));
    tables.push_back(arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(type, ArrayRef<int8_t>(part))));
  }
  auto look = [&](Value x) -> Value {
    auto permute = [&](Value first, Value second) {
      return kernel.callIntrinsic("llvm.x86.avx512.vpermi2var.qi.512", type,
                                  {first, x, second});
    };
    Value isNegative = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, x,
                                             kernel.splat(type, 0));
    return arith::SelectOp::create(builder, loc, isNegative,
                                   permute(tables[0], tables[1]),
                                   permute(tables[2], tables[3]));
  };
  Value x = op.getDpsInputs().front(), y = op.getDpsInits().front();
  auto shape = cast<MemRefType>(y.getType());
  auto isDense = [](Value value) {
    auto type = cast<MemRefType>(value.getType());
    return type.hasStaticShape() && type.getLayout().isIdentity();
  };
  int64_t rank = shape.getRank();
  if (rank > 1 && isDense(x) && isDense(y)) {
    SmallVector<ReassociationIndices> all = {
        llvm::to_vector(llvm::seq<int64_t>(0, rank))};
    x = memref::CollapseShapeOp::create(builder, loc, x, all);
    y = memref::CollapseShapeOp::create(builder, loc, y, all);
    shape = cast<MemRefType>(y.getType());
    rank = 1;
  }
  SmallVector<Value> at;
  std::function<void()> emitRows = [&] {
    int64_t dimension = at.size(), extent = shape.getDimSize(rank - 1);
    if (dimension + 1 < rank) {
      Value end = memref::DimOp::create(builder, loc, y, dimension);
      return kernel.loop(kernel.index(0), end, [&](Value i) {
        at.push_back(i);
        emitRows();
        at.pop_back();
      });
    }
    auto placeOf = [&](Value i) {
      SmallVector<Value> place(at);
      place.push_back(i);
      return place;
    };
    kernel.loop(kernel.index(0), kernel.index(extent / kLanes), [&](Value i) {
      SmallVector<Value> place = placeOf(kernel.scale(i, kLanes));
      Value loaded = vector::LoadOp::create(builder, loc, type, x, place);
      vector::StoreOp::create(builder, loc, look(loaded), y, place);
    });
    if (extent % kLanes == 0)
      return;
    Value mask = vector::ConstantMaskOp::create(builder, loc, kernel.vectorOf(kLanes, 1),
                                                ArrayRef<int64_t>{extent % kLanes});
    SmallVector<Value> place = placeOf(kernel.index(extent / kLanes * kLanes));
    Value loaded = vector::MaskedLoadOp::create(builder, loc, type, x, place, mask,
                                                kernel.splat(type, 0));
    vector::MaskedStoreOp::create(builder, loc, y, place, mask, look(loaded));
  };
  emitRows();
}

void VectorizeLookups::runOnOperation() {
  std::optional<Target> target = Target::get(getOperation(), triple, cpu, features);
  if (!target)
    return signalPassFailure();
  if (!target->hasBytePermutes)
    return;
  IRRewriter rewriter(&getContext());
  SmallVector<std::pair<linalg::GenericOp, SmallVector<int64_t>>> lookups;
  getOperation().walk([&](linalg::GenericOp op) {
    if (std::optional<SmallVector<int64_t>> results = getResults(op))
      lookups.push_back({op, *results});
  });
  for (auto &[op, results] : lookups) {
    rewriter.setInsertionPoint(op);
    emitLookup(rewriter, op, results);
    rewriter.eraseOp(op);
  }
}
