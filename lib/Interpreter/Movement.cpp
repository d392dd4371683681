//===- Movement.cpp - constants, data movement, max pools ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sums.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::interpreter;
using numerics::Rational;

//===----------------------------------------------------------------------===//
// Constants and storage casts
//===----------------------------------------------------------------------===//

static Result evaluateConstant(arith::ConstantOp op) {
  auto elements = dyn_cast<ElementsAttr>(op.getValue());
  SmallVector<int64_t> integers;
  SmallVector<double> floats;
  if (elements && readIntegers(elements, integers))
    return Tensor{llvm::to_vector(shapeOf(op)),
                  Integers(integers.begin(), integers.end())};
  if (!elements || !readFloats(elements, floats) ||
      !llvm::all_of(floats, [](double x) { return std::isfinite(x); }))
    return op.emitError("interpreter: expects a tensor of integers or finite floats");
  return Tensor{llvm::to_vector(shapeOf(op)), Reals(floats.begin(), floats.end())};
}

/// The bits of an integer read as stored values of a quantized type, or back:
/// modulo 2^width, signed or not.
static Result castStorage(quant::StorageCastOp op, const Tensor &x) {
  quant::QuantizedType type = getQuantElement(op.getType());
  bool isSigned = !type || type.isSigned();
  Type storage = getElementTypeOrSelf(type ? op.getInput().getType() : op.getType());
  int64_t modulus = int64_t(1) << cast<IntegerType>(storage).getWidth();
  Integers integers;
  for (int64_t value : x.integers()) {
    int64_t bits = ((value % modulus) + modulus) % modulus;
    integers.push_back(isSigned && bits >= modulus / 2 ? bits - modulus : bits);
  }
  return Tensor{x.shape, std::move(integers)};
}

//===----------------------------------------------------------------------===//
// Selecting elements
//===----------------------------------------------------------------------===//

/// The tensor of `result`'s shape whose elements are those of x at `positions`.
static Tensor select(const Tensor &x, Value result, ArrayRef<int64_t> positions) {
  Tensor y{llvm::to_vector(shapeOf(result)), {}};
  std::visit(
      [&](const auto &from) {
        std::decay_t<decltype(from)> to;
        for (int64_t position : positions)
          to.push_back(from[position]);
        y.elements = std::move(to);
      },
      x.elements);
  return y;
}

/// Result dimension i is operand dimension permutation[i].
static Result evaluateTranspose(TransposeOp op, const Tensor &x) {
  std::vector<int64_t> positions;
  forEachIndex(shapeOf(op), [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> from(index.size());
    for (auto [i, d] : llvm::enumerate(op.getPermutation()))
      from[d] = index[i];
    positions.push_back(positionOf(x.shape, from));
  });
  return select(x, op, positions);
}

static Result evaluateSlice(tensor::ExtractSliceOp op, const Tensor &x) {
  ArrayRef<int64_t> offsets = op.getStaticOffsets(), strides = op.getStaticStrides();
  if (op.getType().getRank() != int64_t(x.shape.size()) ||
      llvm::any_of(offsets, ShapedType::isDynamic) ||
      llvm::any_of(strides, ShapedType::isDynamic))
    return op.emitError("interpreter: expects a static slice of the operand's rank");
  std::vector<int64_t> positions;
  forEachIndex(shapeOf(op), [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> from(index);
    for (size_t d = 0; d < from.size(); ++d)
      from[d] = offsets[d] + from[d] * strides[d];
    positions.push_back(positionOf(x.shape, from));
  });
  return select(x, op, positions);
}

/// Elements of several tensors of one kind, one after the other.
static Tensor chain(Operands operands) {
  Tensor all = *operands[0];
  for (const Tensor *operand : operands.drop_front())
    std::visit(
        [&](auto &to) {
          const auto *from = std::get_if<std::decay_t<decltype(to)>>(&operand->elements);
          to.insert(to.end(), from->begin(), from->end());
        },
        all.elements);
  return all;
}

static Result evaluateConcat(tensor::ConcatOp op, Operands operands) {
  std::vector<int64_t> positions;
  forEachIndex(shapeOf(op), [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> from(index);
    int64_t &i = from[op.getDim()], first = 0;
    size_t k = 0;
    for (; i >= operands[k]->shape[op.getDim()]; ++k) {
      i -= operands[k]->shape[op.getDim()];
      first += operands[k]->size();
    }
    positions.push_back(first + positionOf(operands[k]->shape, from));
  });
  return select(chain(operands), op, positions);
}

/// `fill` around x and between its elements: it is appended to the elements and
/// read at every position that holds none of them.
static Result pad(Value result, Tensor x, ArrayRef<int64_t> low,
                  std::optional<ArrayRef<int64_t>> interior, const Tensor &fill) {
  Tensor all = chain({&x, &fill});
  std::vector<int64_t> positions;
  forEachIndex(shapeOf(result), [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> from(index);
    bool isInside = true;
    for (size_t d = 0; d < from.size(); ++d) {
      int64_t step = interior ? (*interior)[d] + 1 : 1;
      from[d] -= low[d];
      isInside &= from[d] >= 0 && from[d] % step == 0 && from[d] / step < x.shape[d];
      from[d] /= step;
    }
    positions.push_back(isInside ? positionOf(x.shape, from) : x.size());
  });
  return select(all, result, positions);
}

static Result evaluatePad(PadOp op, const Tensor &x) {
  Rational value(op.getValue().convertToDouble());
  if (x.isReal())
    return pad(op, x, op.getLow(), op.getInterior(), Tensor{{1}, Reals{value}});
  Quantization quantization(getQuantElement(op.getType()));
  if (quantization.axis)
    return op.emitError("interpreter: expects a per-tensor type");
  return pad(op, x, op.getLow(), op.getInterior(),
             Tensor{{1}, Integers{quantization.quantize(value, 0)}});
}

/// The largest element of each window; padded positions are ignored.
template <typename OpTy>
static Result evaluateMaximum(OpTy op, const Tensor &x) {
  Windows windows{x.shape,         shapeOf(op),  op.getKernel(),
                  op.getStrides(), op.getPads(), op.getDilations()};
  std::vector<int64_t> positions;
  forEachIndex(windows.result, [&](ArrayRef<int64_t> at) {
    std::optional<int64_t> best;
    windows.forEachTap(at[1], at[2], [&](int64_t, int64_t, int64_t ih, int64_t iw) {
      int64_t i = positionOf(x.shape, {at[0], ih, iw, at[3]});
      bool isLarger = !best || (x.isReal() ? x.reals()[i] > x.reals()[*best]
                                           : x.integers()[i] > x.integers()[*best]);
      best = isLarger ? i : best;
    });
    positions.push_back(*best);
  });
  return select(x, op, positions);
}

static Result evaluateGather(GatherOp op, const Tensor &x) {
  std::vector<int64_t> positions;
  forEachIndex(shapeOf(op), [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> from(index);
    from[op.getDim()] = op.getIndices()[index[op.getDim()]];
    positions.push_back(positionOf(x.shape, from));
  });
  return select(x, op, positions);
}

/// Places of the largest elements of the rows along one dimension.
static Result evaluateArgMax(ArgMaxOp op, const Tensor &x) {
  int64_t dim = op.getDim(), count = x.shape[dim];
  SmallVector<int64_t> rows(x.shape);
  rows[dim] = 1;
  Integers places;
  forEachIndex(rows, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> at(index);
    int64_t best = 0;
    auto compare = [&](const auto &elements, int64_t i) {
      at[dim] = i;
      const auto &element = elements[positionOf(x.shape, at)];
      at[dim] = best;
      const auto &most = elements[positionOf(x.shape, at)];
      return op.getLast() ? element >= most : element > most;
    };
    for (int64_t i = 1; i < count; ++i)
      if (x.isReal() ? compare(x.reals(), i) : compare(x.integers(), i))
        best = i;
    places.push_back(best);
  });
  return Tensor{llvm::to_vector(shapeOf(op)), std::move(places)};
}

/// The larger (or smaller) of both elements.
static Result evaluateExtremum(Operation *op, Operands operands, bool larger) {
  ArrayRef<int64_t> shape = shapeOf(op->getResult(0));
  auto a = broadcastPositions(operands[0]->shape, shape);
  auto b = broadcastPositions(operands[1]->shape, shape);
  Tensor all = chain(operands);
  int64_t offset = operands[0]->size();
  std::vector<int64_t> positions;
  for (auto [i, j] : llvm::zip(a, b)) {
    bool isFirst = all.isReal() ? all.reals()[i] > all.reals()[offset + j]
                                : all.integers()[i] > all.integers()[offset + j];
    positions.push_back(isFirst == larger ? i : offset + j);
  }
  return select(all, op->getResult(0), positions);
}

std::optional<Result> interpreter::evaluateMovement(Operation *op, Operands operands) {
  using Outcome = std::optional<Result>;
  return TypeSwitch<Operation *, Outcome>(op)
      .Case([&](arith::ConstantOp o) { return evaluateConstant(o); })
      .Case([&](quant::StorageCastOp o) { return castStorage(o, *operands[0]); })
      .Case([&](TransposeOp o) { return evaluateTranspose(o, *operands[0]); })
      .Case<tensor::CollapseShapeOp, tensor::ExpandShapeOp>([&](auto o) -> Result {
        return Tensor{llvm::to_vector(shapeOf(o)), operands[0]->elements};
      })
      .Case([&](tensor::ExtractSliceOp o) { return evaluateSlice(o, *operands[0]); })
      .Case([&](tensor::ConcatOp o) { return evaluateConcat(o, operands); })
      .Case([&](GatherOp o) { return evaluateGather(o, *operands[0]); })
      .Case([&](ArgMaxOp o) { return evaluateArgMax(o, *operands[0]); })
      .Case([&](MaximumOp o) { return evaluateExtremum(o, operands, /*larger=*/true); })
      .Case([&](MinimumOp o) { return evaluateExtremum(o, operands, /*larger=*/false); })
      .Case([&](PadOp o) { return evaluatePad(o, *operands[0]); })
      .Case([&](IntPadOp o) {
        return pad(o, *operands[0], o.getLow(), o.getInterior(),
                   Tensor{{1}, Integers{int64_t(o.getValue())}});
      })
      .Case([&](PoolOp o) -> Outcome {
        if (o.getKind() == PoolKind::Avg)
          return std::nullopt;
        return evaluateMaximum(o, *operands[0]);
      })
      .Case([&](IntMaxPoolOp o) { return evaluateMaximum(o, *operands[0]); })
      .Default([](Operation *) { return std::nullopt; });
}
