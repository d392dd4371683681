//===- VectorizeLookups.cpp - tables in registers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An operation that reads a table at an 8-bit integer becomes a loop over registers of
// bytes (ByteTable.cpp).
//
//===----------------------------------------------------------------------===//

#include "ByteTable.h"

#include "qbias/Codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace qbias {
#define GEN_PASS_DEF_VECTORIZELOOKUPS
#include "qbias/Codegen/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

namespace {

struct VectorizeLookups : qbias::impl::VectorizeLookupsBase<VectorizeLookups> {
  using VectorizeLookupsBase::VectorizeLookupsBase;
  void runOnOperation() override;
};

} // namespace

/// The table an operation reads at every element; nullopt for any other operation.
static std::optional<ByteTable> getTable(linalg::GenericOp op) {
  constexpr unsigned kByte = 8;
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
  if (!isUnary || !llvm::all_of(op->getOperands(), isBytes))
    return std::nullopt;
  Block &body = op.getRegion().front();
  std::optional<ByteTable> table = ByteTable::match(body.getTerminator()->getOperand(0));
  return table && table->getKey() == body.getArgument(0) ? table : std::nullopt;
}

/// The row of `buffer` at `place`, in all dimensions but the last.
static Value takeRow(OpBuilder &builder, Location loc, Value buffer,
                     ArrayRef<Value> place) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t rank = type.getRank(), extent = type.getShape().back();
  if (rank == 1)
    return buffer;
  SmallVector<OpFoldResult> offsets(place.begin(), place.end());
  offsets.push_back(builder.getIndexAttr(0));
  SmallVector<OpFoldResult> sizes(rank - 1, builder.getIndexAttr(1));
  sizes.push_back(builder.getIndexAttr(extent));
  SmallVector<OpFoldResult> strides(rank, builder.getIndexAttr(1));
  MemRefType row = memref::SubViewOp::inferRankReducedResultType({extent}, type, offsets,
                                                                 sizes, strides);
  return memref::SubViewOp::create(builder, loc, row, buffer, offsets, sizes, strides);
}

/// Emits the loops of one operation.
static void emitLookup(OpBuilder &builder, linalg::GenericOp op, const ByteTable &table,
                       const Target &target) {
  Location loc = op.getLoc();
  KernelBuilder kernel(builder, loc);
  Value x = op.getDpsInputs().front(), y = op.getDpsInits().front();
  int64_t rank = cast<MemRefType>(y.getType()).getRank();
  auto isDense = [](Value value) {
    auto type = cast<MemRefType>(value.getType());
    return type.hasStaticShape() && type.getLayout().isIdentity();
  };
  if (rank > 1 && isDense(x) && isDense(y)) {
    SmallVector<ReassociationIndices> all = {
        llvm::to_vector(llvm::seq<int64_t>(0, rank))};
    x = memref::CollapseShapeOp::create(builder, loc, x, all);
    y = memref::CollapseShapeOp::create(builder, loc, y, all);
    rank = 1;
  }
  int64_t extent = cast<MemRefType>(y.getType()).getShape().back();
  int64_t lanes = target.vectorBytes;
  SmallVector<Value> place;
  std::function<void()> emitRows = [&] {
    if (int64_t dimension = place.size(); dimension + 1 < rank) {
      Value end = memref::DimOp::create(builder, loc, y, dimension);
      return kernel.loop(kernel.index(0), end, [&](Value i) {
        place.push_back(i);
        emitRows();
        place.pop_back();
      });
    }
    Value from = takeRow(builder, loc, x, place), to = takeRow(builder, loc, y, place);
    auto look = [&](Value at, int64_t count) {
      Value keys = kernel.loadFirst(from, at, lanes, count);
      kernel.store(table.emit(kernel, keys, target.hasBytePermutes), to, at, count);
    };
    kernel.loop(extent / lanes, [&](Value i) { look(kernel.scale(i, lanes), lanes); });
    if (int64_t rest = extent % lanes)
      look(kernel.index(extent - rest), rest);
  };
  emitRows();
}

void VectorizeLookups::runOnOperation() {
  std::optional<Target> target = Target::get(getOperation(), triple, cpu, features);
  if (!target)
    return signalPassFailure();
  if (!ByteTable::isSupported(*target))
    return;
  IRRewriter rewriter(&getContext());
  SmallVector<std::pair<linalg::GenericOp, ByteTable>> lookups;
  getOperation().walk([&](linalg::GenericOp op) {
    if (std::optional<ByteTable> table = getTable(op))
      lookups.push_back({op, *table});
  });
  for (auto &[op, table] : lookups) {
    rewriter.setInsertionPoint(op);
    emitLookup(rewriter, op, table, *target);
    rewriter.eraseOp(op);
  }
}
