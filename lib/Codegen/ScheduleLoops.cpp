//===- ScheduleLoops.cpp - contractions with their sums in registers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A contraction over NHWC with contiguous output channels becomes
//
//   for n, row; for column block of P; for channel block of V:
//     sum[p] = load y[n, row, column + p, channel : channel + V]
//     for kernel row, kernel column, input channel:
//       w = load weight[..., channel : channel + V]
//       sum[p] += broadcast(x[n, .., column + p, ..]) * w     for p in 0 .. P - 1
//     store sum[p]
//
// What is left of a row or of the channels is covered by smaller blocks, all of
// known size. A pool of sums is one without weights.
//
//===----------------------------------------------------------------------===//

#include "qbias/Codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"

namespace qbias {
#define GEN_PASS_DEF_SCHEDULELOOPS
#include "qbias/Codegen/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

/// Sums held at once: 6 pixels of 16 channels are 12 registers of 8 lanes, with
/// room for weights and a broadcast in a file of 16.
static constexpr int64_t kPixelBlock = 6;
static constexpr int64_t kChannelBlock = 16;

namespace {

/// A range of equal blocks.
struct Blocks {
  int64_t begin, end, size;
};

/// The loops of one contraction. Pixels are the columns of one row of y.
struct Contraction {
  Value x, weight, y; ///< weight: null of a pool
  int64_t batch, rows, columns, channels;
  int64_t kernelRows, kernelColumns, inputChannels; ///< 1 when depthwise
  int64_t rowStride, columnStride, rowDilation, columnDilation;
  bool isDepthwise; ///< x is read along the output channels; pools too
  bool isMatrix;    ///< x [M, K], weight [K, N], y [M, N]
};

/// Emits one contraction.
class ContractionEmitter {
public:
  ContractionEmitter(OpBuilder &builder, Location loc, const Contraction &c)
      : builder(builder), loc(loc), c(c) {}
  void emit();

private:
  using Indices = SmallVector<Value>;

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Value add(Value a, Value b) { return arith::AddIOp::create(builder, loc, a, b); }
  Value scale(Value a, int64_t factor) {
    return factor == 1
               ? a
               : arith::MulIOp::create(builder, loc, a, index(factor)).getResult();
  }
  /// Runs `body` with the loop variable; no loop for a single iteration.
  void loop(const Blocks &blocks, function_ref<void(Value)> body);
  /// A loop that carries values.
  SmallVector<Value> reduce(int64_t count, ValueRange carried,
                            function_ref<SmallVector<Value>(Value, ValueRange)> body);
  void emitBlock(Value n, Value row, Value column, int64_t pixels, Value channel,
                 int64_t width);
  SmallVector<Value> step(Value n, Value row, Value column, Value channel, int64_t width,
                          Value kr, Value kc, Value ic, ValueRange sums);
  Value loadWide(Value memref, const Indices &at, int64_t width);
  Indices outputAt(Value n, Value row, Value column, Value channel);
  Indices inputAt(Value n, Value row, Value column, Value kr, Value kc, Value ic);

  OpBuilder &builder;
  Location loc;
  const Contraction &c;
};

struct ScheduleLoops : qbias::impl::ScheduleLoopsBase<ScheduleLoops> {
  void runOnOperation() override;
};

} // namespace

/// `count` covered by blocks of `size`, then by ever smaller powers of two when
/// `halve`, else by one block of the remainder.
static SmallVector<Blocks> cover(int64_t count, int64_t size, bool halve) {
  SmallVector<Blocks> result;
  int64_t at = 0;
  while (at < count) {
    if (count - at < size)
      size = halve ? size / 2 : count - at;
    int64_t end = at + (count - at) / size * size;
    if (end > at)
      result.push_back({at, end, size});
    at = end;
  }
  return result;
}

void ContractionEmitter::loop(const Blocks &blocks, function_ref<void(Value)> body) {
  if (blocks.end - blocks.begin == blocks.size)
    return body(index(blocks.begin));
  auto op = scf::ForOp::create(builder, loc, index(blocks.begin), index(blocks.end),
                               index(blocks.size));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op.getBody()->getTerminator());
  body(op.getInductionVar());
}

SmallVector<Value>
ContractionEmitter::reduce(int64_t count, ValueRange carried,
                           function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  if (count == 1)
    return body(index(0), carried);
  auto op = scf::ForOp::create(builder, loc, index(0), index(count), index(1), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(op.getBody());
  SmallVector<Value> next = body(op.getInductionVar(), op.getRegionIterArgs());
  scf::YieldOp::create(builder, loc, next);
  return llvm::to_vector_of<Value>(op.getResults());
}

/// Integers of `memref` as lanes of the sum's type.
Value ContractionEmitter::loadWide(Value memref, const Indices &at, int64_t width) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  Type sum = cast<MemRefType>(c.y.getType()).getElementType();
  auto type = VectorType::get({width}, element);
  Value value = vector::LoadOp::create(builder, loc, type, memref, at);
  if (element == sum)
    return value;
  return arith::ExtSIOp::create(builder, loc, VectorType::get({width}, sum), value);
}

ContractionEmitter::Indices ContractionEmitter::outputAt(Value n, Value row, Value column,
                                                         Value channel) {
  if (c.isMatrix)
    return {column, channel};
  Indices at = {n, row, column, channel};
  if (cast<MemRefType>(c.y.getType()).getRank() == 5)
    at.push_back(index(0)); // depthwise multiplier 1
  return at;
}

ContractionEmitter::Indices ContractionEmitter::inputAt(Value n, Value row, Value column,
                                                        Value kr, Value kc, Value ic) {
  if (c.isMatrix)
    return {column, ic};
  Value r = add(scale(row, c.rowStride), scale(kr, c.rowDilation));
  Value col = add(scale(column, c.columnStride), scale(kc, c.columnDilation));
  return {n, r, col, ic};
}

/// One multiplication and addition for every pixel of the block.
SmallVector<Value> ContractionEmitter::step(Value n, Value row, Value column,
                                            Value channel, int64_t width, Value kr,
                                            Value kc, Value ic, ValueRange sums) {
  Indices weightAt = c.isMatrix ? Indices{ic, channel} : Indices{kr, kc, ic, channel};
  if (c.isDepthwise)
    weightAt = {kr, kc, channel, index(0)};
  Value weight = c.weight ? loadWide(c.weight, weightAt, width) : Value();
  Type sum = cast<MemRefType>(c.y.getType()).getElementType();
  SmallVector<Value> next;
  for (auto [p, old] : llvm::enumerate(sums)) {
    Value pixel = add(column, index(p));
    Value x;
    if (c.isDepthwise) {
      x = loadWide(c.x, inputAt(n, row, pixel, kr, kc, channel), width);
    } else {
      x = memref::LoadOp::create(builder, loc, c.x, inputAt(n, row, pixel, kr, kc, ic));
      x = arith::ExtSIOp::create(builder, loc, sum, x);
      x = vector::BroadcastOp::create(builder, loc, VectorType::get({width}, sum), x);
    }
    if (weight)
      x = arith::MulIOp::create(builder, loc, x, weight);
    next.push_back(arith::AddIOp::create(builder, loc, old, x));
  }
  return next;
}

void ContractionEmitter::emitBlock(Value n, Value row, Value column, int64_t pixels,
                                   Value channel, int64_t width) {
  SmallVector<Value> sums;
  for (int64_t p = 0; p < pixels; ++p)
    sums.push_back(
        loadWide(c.y, outputAt(n, row, add(column, index(p)), channel), width));
  sums = reduce(c.kernelRows, sums, [&](Value kr, ValueRange outer) {
    return reduce(c.kernelColumns, outer, [&](Value kc, ValueRange middle) {
      return reduce(c.inputChannels, middle, [&](Value ic, ValueRange inner) {
        return step(n, row, column, channel, width, kr, kc, ic, inner);
      });
    });
  });
  for (int64_t p = 0; p < pixels; ++p)
    vector::StoreOp::create(builder, loc, sums[p], c.y,
                            outputAt(n, row, add(column, index(p)), channel));
}

void ContractionEmitter::emit() {
  loop({0, c.batch, 1}, [&](Value n) {
    loop({0, c.rows, 1}, [&](Value row) {
      for (const Blocks &channels : cover(c.channels, kChannelBlock, /*halve=*/true))
        loop(channels, [&](Value channel) {
          for (const Blocks &pixels : cover(c.columns, kPixelBlock, /*halve=*/false))
            loop(pixels, [&](Value column) {
              emitBlock(n, row, column, pixels.size, channel, channels.size);
            });
        });
    });
  });
}

//===----------------------------------------------------------------------===//
// Which operations
//===----------------------------------------------------------------------===//

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<MemRefType>(value.getType()).getShape();
}

/// A convolution, or a pool of sums with its window for weights.
template <typename OpTy>
static std::optional<Contraction> fromConvolution(OpTy op, bool isDepthwise) {
  Contraction c{};
  c.x = op.getInputs()[0];
  c.y = op.getOutputs()[0];
  ArrayRef<int64_t> y = shapeOf(c.y), w = shapeOf(op.getInputs()[1]);
  constexpr bool kIsPool = std::is_same_v<OpTy, linalg::PoolingNhwcSumOp>;
  if (!kIsPool)
    c.weight = op.getInputs()[1];
  if (isDepthwise && !kIsPool && w[3] != 1)
    return std::nullopt;
  c.batch = y[0];
  c.rows = y[1];
  c.columns = y[2];
  c.channels = y[3];
  c.kernelRows = w[0];
  c.kernelColumns = w[1];
  c.inputChannels = isDepthwise ? 1 : w[2];
  auto strides = llvm::to_vector(op.getStrides().template getValues<int64_t>());
  auto dilations = llvm::to_vector(op.getDilations().template getValues<int64_t>());
  c.rowStride = strides[0];
  c.columnStride = strides[1];
  c.rowDilation = dilations[0];
  c.columnDilation = dilations[1];
  c.isDepthwise = isDepthwise;
  return c;
}

/// A matrix product is one row whose columns are the rows of the product.
static Contraction fromMatmul(linalg::MatmulOp op) {
  Contraction c{};
  c.x = op.getInputs()[0];
  c.weight = op.getInputs()[1];
  c.y = op.getOutputs()[0];
  c.batch = c.rows = c.kernelRows = c.kernelColumns = 1;
  c.columns = shapeOf(c.y)[0];
  c.channels = shapeOf(c.y)[1];
  c.inputChannels = shapeOf(c.x)[1];
  c.isMatrix = true;
  return c;
}

/// The loops of `op`, of integers where all extents are known.
static std::optional<Contraction> getContraction(Operation *op) {
  auto isKnown = [](Type type) {
    auto buffer = dyn_cast<MemRefType>(type);
    return buffer && buffer.hasStaticShape() && buffer.getElementType().isInteger();
  };
  if (!llvm::all_of(op->getOperandTypes(), isKnown))
    return std::nullopt;
  if (auto conv = dyn_cast<linalg::Conv2DNhwcHwcfOp>(op))
    return fromConvolution(conv, false);
  if (auto conv = dyn_cast<linalg::DepthwiseConv2DNhwcHwcmOp>(op))
    return fromConvolution(conv, true);
  if (auto pool = dyn_cast<linalg::PoolingNhwcSumOp>(op))
    return fromConvolution(pool, true);
  if (auto matmul = dyn_cast<linalg::MatmulOp>(op))
    return fromMatmul(matmul);
  return std::nullopt;
}

void ScheduleLoops::runOnOperation() {
  IRRewriter rewriter(&getContext());
  SmallVector<Operation *> contractions;
  getOperation().walk([&](Operation *op) {
    if (auto copy = dyn_cast<memref::CopyOp>(op)) {
      rewriter.setInsertionPoint(op);
      rewriter.replaceOpWithNewOp<linalg::CopyOp>(op, copy.getSource(), copy.getTarget());
    } else if (getContraction(op)) {
      contractions.push_back(op);
    }
  });
  for (Operation *op : contractions) {
    Contraction contraction = *getContraction(op);
    rewriter.setInsertionPoint(op);
    ContractionEmitter(rewriter, op->getLoc(), contraction).emit();
    rewriter.eraseOp(op);
  }
}
