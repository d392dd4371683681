//===- TosaLayers.cpp - convolutions and matrix products in TOSA ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   conv2d            tosa.conv2d, tosa.depthwise_conv2d, or one per group
//   matmul, constant  tosa.conv2d of 1 x 1 on one pixel for each row
//   matmul            tosa.matmul
//
// and a tosa.rescale each. TOSA pads with the zero point, as N4 has it.
//
//===----------------------------------------------------------------------===//

#include "TosaLayers.h"

#include "TosaForms.h"

#include "qbias/Conversion/Storage.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qbias;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static int64_t storedZeroPoint(Value value, int64_t zeroPoint) {
  return zeroPoint + getStorageShift(getElementTypeOrSelf(value.getType()));
}

namespace {

/// int8 weights and the zero point that is subtracted from them.
struct Weights {
  SmallVector<int64_t> values;
  int64_t zeroPoint = 0;
};

/// A convolution's operands.
struct Convolution {
  Value input, inputZeroPoint;
  TosaWindow window;
};

} // namespace

/// Differences of up to 9 bits fit int8 beside one zero point, unless zero points
/// by channel spread them further.
static FailureOr<Weights> readWeights(Operation *op, Value weight) {
  Weights weights;
  if (!readIntegers(weight, weights.values) || weights.values.empty())
    return op->emitError("expects constant weights for TOSA");
  auto [low, high] = std::minmax_element(weights.values.begin(), weights.values.end());
  int64_t min = *low, max = *high;
  if (max - min > UINT8_MAX)
    return op->emitError("layer '")
           << getLayerName(op) << "': weights from " << min << " to " << max
           << " have no int8 form in TOSA; quantize them with one zero point";
  if (min < INT8_MIN)
    weights.zeroPoint = INT8_MIN - min;
  else if (max > INT8_MAX)
    weights.zeroPoint = INT8_MAX - max;
  for (int64_t &value : weights.values)
    value += weights.zeroPoint;
  return weights;
}

/// Bias of `channels` entries, zeros where there is none, as int32: TOSA has no
/// wider sums.
static FailureOr<SmallVector<int64_t>> readBias(IntegerSegmentOpInterface op, Value bias,
                                                int64_t channels) {
  SmallVector<int64_t> values(channels, 0);
  if (bias && (values.clear(), !readIntegers(bias, values)))
    return op->emitError("layer '")
           << getLayerName(op) << "': expects a constant bias for TOSA";
  if (failed(fitSums(op, values)))
    return failure();
  return values;
}

Value qbias::fitWindow(Value value, ArrayRef<int64_t> pads, ArrayRef<int64_t> result,
                       TosaWindow &window, TosaBuilder &builder) {
  SmallVector<int64_t> size(shapeOf(value)), start(4, 0);
  window.pads.clear();
  for (int64_t d : {0, 1}) {
    int64_t needed = (result[d + 1] - 1) * window.strides[d] +
                     (window.kernel[d] - 1) * window.dilations[d] + 1;
    int64_t unread = pads[d] + size[d + 1] + pads[d + 2] - needed;
    int64_t dropped = std::min(unread, pads[d + 2]);
    size[d + 1] -= unread - dropped;
    window.pads.append({pads[d], pads[d + 2] - dropped});
  }
  return builder.slice(value, start, size);
}

static Value emitConvolution(const Convolution &conv, ArrayRef<int64_t> shape,
                             const Weights &weights, ArrayRef<int64_t> bias,
                             ArrayRef<int64_t> result, TosaBuilder &builder) {
  Type narrow = builder.getNarrow(), wide = builder.getWide();
  return builder.make<tosa::Conv2DOp>(
      result, wide, conv.input, builder.constant(shape, narrow, weights.values),
      builder.constant({int64_t(bias.size())}, wide, bias), conv.inputZeroPoint,
      builder.scalar(narrow, weights.zeroPoint), ArrayRef<int64_t>(conv.window.pads),
      ArrayRef<int64_t>(conv.window.strides), ArrayRef<int64_t>(conv.window.dilations),
      wide);
}

/// Weights [O, KH, KW, 1] of groups of one channel as [KH, KW, C, O / C].
static Value emitDepthwise(const Convolution &conv, ArrayRef<int64_t> shape,
                           const Weights &weights, ArrayRef<int64_t> bias,
                           ArrayRef<int64_t> result, TosaBuilder &builder) {
  int64_t outputs = shape[0], taps = shape[1] * shape[2];
  int64_t channels = shapeOf(conv.input)[3];
  SmallVector<int64_t> values;
  for (int64_t tap = 0; tap < taps; ++tap)
    for (int64_t o = 0; o < outputs; ++o)
      values.push_back(weights.values[o * taps + tap]);
  Type narrow = builder.getNarrow(), wide = builder.getWide();
  SmallVector<int64_t> permuted = {shape[1], shape[2], channels, outputs / channels};
  return builder.make<tosa::DepthwiseConv2DOp>(
      result, wide, conv.input, builder.constant(permuted, narrow, values),
      builder.constant({outputs}, wide, bias), conv.inputZeroPoint,
      builder.scalar(narrow, weights.zeroPoint), ArrayRef<int64_t>(conv.window.pads),
      ArrayRef<int64_t>(conv.window.strides), ArrayRef<int64_t>(conv.window.dilations),
      wide);
}

/// A convolution for each group, side by side.
static Value emitGroups(const Convolution &conv, ArrayRef<int64_t> shape, int64_t groups,
                        const Weights &weights, ArrayRef<int64_t> bias,
                        ArrayRef<int64_t> result, TosaBuilder &builder) {
  int64_t outputs = shape[0] / groups, inputs = shape[3];
  int64_t size = outputs * shape[1] * shape[2] * inputs;
  SmallVector<int64_t> part(shape), partResult(result), inputSize(shapeOf(conv.input));
  part[0] = partResult[3] = outputs;
  inputSize[3] = inputs;
  SmallVector<Value> results;
  for (int64_t g = 0; g < groups; ++g) {
    Convolution own = conv;
    own.input = builder.slice(conv.input, {0, 0, 0, g * inputs}, inputSize);
    Weights slice{{}, weights.zeroPoint};
    llvm::append_range(slice.values,
                       ArrayRef<int64_t>(weights.values).slice(g * size, size));
    results.push_back(emitConvolution(own, part, slice, bias.slice(g * outputs, outputs),
                                      partResult, builder));
  }
  return builder.concat(results, 3);
}

static FailureOr<Value> emitConv2D(IntConv2DOp op, ValueRange operands,
                                   TosaBuilder &builder) {
  ArrayRef<int64_t> shape = shapeOf(op.getWeight()), result = shapeOf(op);
  FailureOr<Weights> weights = readWeights(op, op.getWeight());
  FailureOr<SmallVector<int64_t>> bias = readBias(op, op.getBias(), shape[0]);
  if (failed(weights) || failed(bias))
    return failure();
  Convolution conv;
  conv.window = {{shape[1], shape[2]},
                 SmallVector<int64_t, 2>(op.getStrides()),
                 SmallVector<int64_t, 2>(op.getDilations()),
                 {}};
  conv.input = fitWindow(operands[0], op.getPads(), result, conv.window, builder);
  conv.inputZeroPoint = builder.scalar(builder.getNarrow(),
                                       storedZeroPoint(op.getInput(), op.getInputZp()));
  int64_t groups = op.getGroups();
  Value acc;
  if (groups == 1)
    acc = emitConvolution(conv, shape, *weights, *bias, result, builder);
  else if (shape[3] == 1)
    acc = emitDepthwise(conv, shape, *weights, *bias, result, builder);
  else
    acc = emitGroups(conv, shape, groups, *weights, *bias, result, builder);
  return requantize(op, acc, builder);
}

/// Rows of the left operand as pixels.
static FailureOr<Value> emitConstantProduct(IntMatmulOp op, Value lhs,
                                            TosaBuilder &builder) {
  ArrayRef<int64_t> result = shapeOf(op);
  int64_t inner = shapeOf(lhs).back(), columns = result.back();
  int64_t rows = op.getType().getNumElements() / columns;
  FailureOr<Weights> weights = readWeights(op, op.getRhs());
  FailureOr<SmallVector<int64_t>> bias = readBias(op, op.getBias(), columns);
  if (failed(weights) || failed(bias))
    return failure();
  Convolution conv;
  conv.window = {{1, 1}, {1, 1}, {1, 1}, {0, 0, 0, 0}};
  conv.input = builder.reshape(lhs, {rows, 1, 1, inner});
  conv.inputZeroPoint =
      builder.scalar(builder.getNarrow(), storedZeroPoint(op.getLhs(), op.getLhsZp()));
  Value acc = emitConvolution(conv, {columns, 1, 1, inner}, *weights, *bias,
                              {rows, 1, 1, columns}, builder);
  FailureOr<Value> y = requantize(op, acc, builder);
  if (failed(y))
    return failure();
  return builder.reshape(*y, result);
}

/// Both operands are activations: the right one has its columns as rows.
static FailureOr<Value> emitProduct(IntMatmulOp op, Value lhs, Value rhs,
                                    TosaBuilder &builder) {
  ArrayRef<int64_t> result = shapeOf(op);
  int64_t inner = shapeOf(lhs).back(), columns = result.back();
  bool isShared = shapeOf(rhs).size() == 2;
  int64_t rows =
      isShared ? op.getType().getNumElements() / columns : result[result.size() - 2];
  int64_t batches = op.getType().getNumElements() / (rows * columns);
  FailureOr<SmallVector<int64_t>> bias = readBias(op, op.getBias(), columns);
  if (failed(bias))
    return failure();
  Type narrow = builder.getNarrow(), wide = builder.getWide();
  Value a = builder.reshape(lhs, {batches, rows, inner});
  Value b = builder.transpose(builder.reshape(rhs, {batches, columns, inner}), {0, 2, 1});
  Value acc = builder.make<tosa::MatMulOp>(
      {batches, rows, columns}, wide, a, b,
      builder.scalar(narrow, storedZeroPoint(op.getLhs(), op.getLhsZp())),
      builder.scalar(narrow, storedZeroPoint(op.getRhs(), op.getRhsZp())));
  if (op.getBias())
    acc =
        builder.combine<tosa::AddOp>(acc, builder.constant({1, 1, columns}, wide, *bias));
  FailureOr<Value> y = requantize(op, acc, builder);
  if (failed(y))
    return failure();
  return builder.reshape(*y, result);
}

FailureOr<Value> qbias::emitLayer(Operation *op, ValueRange operands,
                                  TosaBuilder &builder) {
  return TypeSwitch<Operation *, FailureOr<Value>>(op)
      .Case([&](IntConv2DOp o) { return emitConv2D(o, operands, builder); })
      .Case([&](IntMatmulOp o) {
        return getConstant(o.getRhs())
                   ? emitConstantProduct(o, operands[0], builder)
                   : emitProduct(o, operands[0], operands[1], builder);
      })
      .Default([&](Operation *o) { return emitElements(o, operands, builder); });
}
