//===- Weighted.cpp - convolutions and matrix products ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"
#include "Spatial.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Import/Common/Selections.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::importing;
using namespace qbias::tfliteimport;

//===----------------------------------------------------------------------===//
// Weights and bias
//===----------------------------------------------------------------------===//

namespace {

/// Which inputs of an operator are what.
struct Slots {
  unsigned input = 0, weight = 1, bias = 2;
};

} // namespace

static constexpr Slots kSlots = {0, 1, 2};
static constexpr Slots kTransposedSlots = {2, 1, 3}; // the first is a shape

/// A layer on floats has no place beside layers on integers, and one with
/// integer weights (hybrid, dynamic range) none in an integer program at all.
static LogicalResult checkTypes(const OperatorView &op, Slots slots) {
  FileTensor *input = op.getInput(slots.input), *weight = op.getInput(slots.weight);
  if (!input || !weight)
    return failure();
  if (!input->isFloat())
    return success();
  if (weight->quantization)
    return op.reject(op.inputText(slots.input),
                     "integers, as the weights " + quoted(weight->name) + " are " +
                         weight->describe(),
                     input->describe(),
                     "weights alone are quantized (dynamic range); quantize activations "
                     "too (full integer quantization)");
  op.getImporter().noteFloatLayer(op.getSubject(), op.inputText(slots.input) +
                                                       " of type " + input->describe());
  return success();
}

/// Weights as real numbers, their dimensions permuted; the channels of
/// per-channel scales end in dimension 0.
static FailureOr<Value> getWeights(const OperatorView &op,
                                   ArrayRef<int64_t> permutation) {
  FileTensor &tensor = *op.getInput(1); // checkTypes has read it
  std::optional<QuantParameters> quantization = tensor.quantization;
  if (tensor.shape.size() != permutation.size())
    return op.reject("rank of weights " + quoted(tensor.name), Twine(permutation.size()),
                     Twine(tensor.shape.size()));
  if (!tensor.constant) {
    FailureOr<Value> value = op.getReal(1);
    if (succeeded(value) && !llvm::is_sorted(permutation))
      value = transpose(op, *value, permutation);
    return value;
  }
  if (quantization && quantization->axis) {
    quantization->axis =
        llvm::find(permutation, *quantization->axis) - permutation.begin();
    if (*quantization->axis != 0)
      return op.reject("quantized dimension of weights " + quoted(tensor.name),
                       Twine(permutation[0]) + " (output channels)",
                       Twine(permutation[*quantization->axis]));
  }
  if (llvm::is_sorted(permutation))
    return op.getReal(*tensor.constant, quantization);
  if (failed(op.charge(tensor.constant->getBytes().size())))
    return failure();
  return op.getReal(tensor.constant->transposed(permutation), quantization);
}

/// s_x * s_w[c]: exact in double, as both are float32.
static SmallVector<double> getUnits(const QuantParameters &input,
                                    const QuantParameters &weight) {
  SmallVector<double> units;
  for (double scale : weight.scales)
    units.push_back(input.scales[0] * scale);
  return units;
}

/// TensorFlow Lite adds the integers of a bias to the accumulator and never
/// reads its scale, so one that says something else is worth a warning.
static void warnAboutScale(const OperatorView &op, const FileTensor &bias,
                           ArrayRef<double> units) {
  constexpr double kSameScale = 1e-5;
  if (!bias.quantization)
    return;
  ArrayRef<double> scales = bias.quantization->scales;
  for (auto [c, unit] : llvm::enumerate(units)) {
    double scale = scales[scales.size() == units.size() ? c : 0];
    if (std::abs(scale - unit) <= kSameScale * unit)
      continue;
    emitWarning(op.getLoc()) << "bias " << quoted(bias.name) << " has scale "
                             << realText(scale) << " in channel " << c
                             << ", input times weight " << realText(unit)
                             << "; its integers are taken as sums, as the kernels do";
    return;
  }
}

/// A bias of int64 has no quantized type: it is given as the values and units it
/// stands for. (Kernels differ by the width of a bias.)
static Value makeWideBias(const OperatorView &op, const ConstantTensor &bias,
                          const QuantParameters &input, const QuantParameters &weight) {
  OpBuilder &builder = op.getBuilder();
  MLIRContext *context = builder.getContext();
  SmallVector<int64_t> values = bias.integers();
  auto type = RankedTensorType::get({int64_t(values.size())}, builder.getF32Type());
  ElementsAttr integers = makeIntegers(context, values, bias.getName());
  return BiasOp::create(
      builder, op.getImporter().getLoc(bias.getName()), type,
      BiasCaseAttr::get(context, BiasCase::OnGrid), UnitAttr(), integers, integers,
      makeFloats(context, getUnits(input, weight), (bias.getName() + ".unit").str()),
      builder.getF64FloatAttr(input.scales[0]),
      makeFloats(context, weight.scales, (bias.getName() + ".weight_scale").str()));
}

static FailureOr<Value> getIntegerBias(const OperatorView &op, const FileTensor &bias,
                                       const QuantParameters &input,
                                       const QuantParameters &weight) {
  const ConstantTensor &constant = *bias.constant;
  SmallVector<double> units = getUnits(input, weight);
  warnAboutScale(op, bias, units);
  bool isNarrow = constant.getType() == DataType::Int32;
  bool isDead = llvm::is_contained(weight.scales, 0.0);
  if (!isNarrow && !isDead)
    return makeWideBias(op, constant, input, weight);
  std::vector<char> bytes(constant.getNumElements() * sizeof(int32_t));
  for (int64_t i = 0; i < constant.getNumElements(); ++i) {
    auto value = static_cast<int32_t>(constant.integerAt(i));
    if (value != constant.integerAt(i))
      return op.reject("element " + Twine(i) + " of bias " + quoted(bias.name),
                       "32 bits, as some weight scale is 0",
                       Twine(constant.integerAt(i)));
    std::memcpy(bytes.data() + i * sizeof(int32_t), &value, sizeof(int32_t));
  }
  QuantParameters parameters;
  parameters.storage = DataType::Int32;
  parameters.scales = units;
  parameters.zeroPoints.assign(units.size(), 0);
  if (units.size() > 1)
    parameters.axis = 0;
  return op.getReal(
      ConstantTensor(bias.name, DataType::Int32, constant.getShape(), std::move(bytes)),
      parameters);
}

/// The bias of `channels` elements, or null.
static FailureOr<Value> getBias(const OperatorView &op, Slots slots, int64_t channels) {
  if (!op.hasInput(slots.bias))
    return Value();
  FileTensor *bias = op.getInput(slots.bias), *input = op.getInput(slots.input),
             *weight = op.getInput(slots.weight);
  FailureOr<const ConstantTensor *> constant = op.getConstant(slots.bias, "bias");
  if (!bias || failed(constant))
    return failure();
  if (bias->shape != SmallVector<int64_t>{channels})
    return op.reject("shape of bias " + quoted(bias->name),
                     text(channels) + " as the output channels", text(bias->shape));
  bool isInteger = bias->type == DataType::Int32 || bias->type == DataType::Int64;
  if (isInteger && input->quantization && weight->quantization)
    return getIntegerBias(op, *bias, *input->quantization, *weight->quantization);
  if (bias->isFloat())
    return op.getReal(*bias->constant, std::nullopt);
  return op.reject("bias " + quoted(bias->name),
                   "float32, or int32 or int64 beside quantized input and weights",
                   bias->describe());
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

/// Both kinds, with weights [O, KH, KW, C / groups].
static LogicalResult buildConv(const OperatorView &op, Value weights, int64_t groups,
                               const SpatialOptions &options, fb::Activation activation) {
  FailureOr<Value> input = op.getReal(0);
  if (failed(input))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(*input), kernel = shapeOf(weights);
  if (groups < 1 || shape[3] % groups || kernel[0] % groups ||
      kernel[3] != shape[3] / groups)
    return op.reject("channels of weights " + text(kernel),
                     "those of input " + text(shape) + " in " + Twine(groups) + " groups",
                     Twine(kernel[3]));
  FailureOr<SpatialWindow> window =
      placeWindow(op, options, kernel.slice(1, 2), shape.slice(1, 2));
  FailureOr<Value> bias = getBias(op, kSlots, kernel[0]);
  if (failed(window) || failed(bias))
    return failure();
  FailureOr<RankedTensorType> type =
      op.makeType({shape[0], window->output[0], window->output[1], kernel[0]},
                  op.getBuilder().getF32Type());
  if (failed(type))
    return failure();
  Value result =
      op.create<Conv2DOp>(op.getLoc(), *type, *input, weights, *bias, window->strides,
                          window->pads, window->dilations, groups);
  return op.setActivated(result, activation);
}

static LogicalResult checkRank(const OperatorView &op, unsigned index, size_t rank) {
  FileTensor *tensor = op.getInput(index);
  if (!tensor)
    return failure();
  if (tensor->shape.size() == rank)
    return success();
  return op.reject("rank of " + op.inputText(index), Twine(rank),
                   Twine(tensor->shape.size()));
}

LogicalResult qbias::tfliteimport::importConv(OperatorView &op) {
  FailureOr<const fb::Conv2DOptions *> options = op.getOptions<fb::Conv2DOptions>();
  if (failed(options) || failed(checkTypes(op, kSlots)) || failed(checkRank(op, 0, 4)))
    return failure();
  FailureOr<Value> weights = getWeights(op, {0, 1, 2, 3});
  if (failed(weights))
    return failure();
  int64_t channels = op.getInput(0)->shape[3], depth = shapeOf(*weights)[3];
  return buildConv(op, *weights, channels / depth, SpatialOptions::get(**options),
                   (*options)->activation());
}

/// Weights are [1, KH, KW, C * multiplier]; output channel c * multiplier + m
/// reads input channel c.
LogicalResult qbias::tfliteimport::importDepthwiseConv(OperatorView &op) {
  auto options = op.getOptions<fb::DepthwiseConv2DOptions>();
  if (failed(options) || failed(checkTypes(op, kSlots)) || failed(checkRank(op, 0, 4)))
    return failure();
  FailureOr<Value> weights = getWeights(op, {3, 1, 2, 0});
  if (failed(weights))
    return failure();
  return buildConv(op, *weights, op.getInput(0)->shape[3], SpatialOptions::get(**options),
                   (*options)->activation());
}

/// Pads and output pads with which a window of the input makes the extents the
/// file asks for; SAME and VALID are those of the convolution whose gradient
/// this is.
static FailureOr<SpatialWindow>
placeTransposed(const OperatorView &op, const SpatialOptions &options,
                ArrayRef<int64_t> kernel, ArrayRef<int64_t> spatial,
                ArrayRef<int64_t> output, SmallVectorImpl<int64_t> &outputPads) {
  FailureOr<SpatialWindow> window =
      tfliteimport::placeWindow(op, options, kernel, output);
  if (failed(window))
    return failure();
  outputPads.assign(2, 0);
  for (unsigned d = 0; d < 2; ++d) {
    int64_t &end = window->pads[d + 2];
    end = (spatial[d] - 1) * options.strides[d] + kernel[d] - window->pads[d] - output[d];
    if (end < -kMaxWindowExtent || end > kMaxWindowExtent)
      return op.reject("output shape", "what the input's windows cover", text(output));
    outputPads[d] = std::max<int64_t>(0, -end);
    end = std::max<int64_t>(0, end);
  }
  window->output.assign(output.begin(), output.end());
  return window;
}

/// Inputs are the result's shape, weights [O, KH, KW, C], and the image.
LogicalResult qbias::tfliteimport::importTransposeConv(OperatorView &op) {
  constexpr Slots slots = kTransposedSlots;
  auto options = op.getOptions<fb::TransposeConvOptions>();
  FailureOr<SmallVector<int64_t>> output = op.getIntegers(0, "output shape");
  if (failed(options) || failed(output) || failed(checkTypes(op, slots)) ||
      failed(checkRank(op, slots.input, 4)))
    return failure();
  FailureOr<Value> input = op.getReal(slots.input),
                   weights = getWeights(op, {0, 1, 2, 3});
  if (failed(input) || failed(weights))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(*input), kernel = shapeOf(*weights);
  if (output->size() != 4 || (*output)[3] != kernel[0] || kernel[3] != shape[3])
    return op.reject("output shape and channels of weights " + text(kernel),
                     "[N, H, W, " + Twine(kernel[0]) + "] and " + Twine(shape[3]) +
                         " as the input",
                     text(*output) + " and " + Twine(kernel[3]));
  SmallVector<int64_t> outputPads;
  FailureOr<SpatialWindow> window =
      placeTransposed(op, SpatialOptions::get(**options), kernel.slice(1, 2),
                      shape.slice(1, 2), ArrayRef(*output).slice(1, 2), outputPads);
  FailureOr<Value> bias = getBias(op, slots, kernel[0]);
  if (failed(window) || failed(bias))
    return failure();
  FailureOr<RankedTensorType> type = op.makeType(
      {shape[0], (*output)[1], (*output)[2], kernel[0]}, op.getBuilder().getF32Type());
  if (failed(type))
    return failure();
  Value result = op.create<ConvTranspose2DOp>(op.getLoc(), *type, *input, *weights, *bias,
                                              window->strides, window->pads, outputPads,
                                              window->dilations, /*groups=*/1);
  return op.setActivated(result, (*options)->activation());
}

//===----------------------------------------------------------------------===//
// Matrix products
//===----------------------------------------------------------------------===//

LogicalResult qbias::tfliteimport::importFullyConnected(OperatorView &op) {
  auto options = op.getOptions<fb::FullyConnectedOptions>();
  if (failed(options) || failed(checkTypes(op, kSlots)) || failed(checkRank(op, 1, 2)))
    return failure();
  if ((*options)->weights_format() != 0)
    return op.reject("weights format", "0 (row-major)",
                     Twine(int((*options)->weights_format())));
  FailureOr<Value> input = op.getReal(0);
  FailureOr<Value> weights = getWeights(op, {0, 1});
  if (failed(input) || failed(weights))
    return failure();
  int64_t outputs = shapeOf(*weights)[0], depth = shapeOf(*weights)[1];
  SmallVector<int64_t> shape(shapeOf(*input));
  int64_t count = *countElements(shape);
  if (shape.empty() || count % depth ||
      ((*options)->keep_num_dims() && shape.back() != depth))
    return op.reject("shape of " + op.inputText(0),
                     "rows of " + Twine(depth) + " as the weights", text(shape));
  FailureOr<Value> rows = reshape(op, *input, {count / depth, depth});
  FailureOr<Value> bias = getBias(op, kSlots, outputs);
  FailureOr<RankedTensorType> type =
      op.makeType({count / depth, outputs}, op.getBuilder().getF32Type());
  if (failed(rows) || failed(bias) || failed(type))
    return failure();
  FailureOr<Value> result =
      op.create<MatmulOp>(op.getLoc(), *type, *rows, *weights, *bias).getResult();
  if ((*options)->keep_num_dims()) {
    shape.back() = outputs;
    result = reshape(op, *result, shape);
  }
  return failed(result) ? failure() : op.setActivated(*result, (*options)->activation());
}

/// The last two dimensions exchanged.
static Value transposeMatrix(const OperatorView &op, Value value) {
  int64_t rank = shapeOf(value).size();
  auto permutation = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(permutation[rank - 2], permutation[rank - 1]);
  return transpose(op, value, permutation);
}

LogicalResult qbias::tfliteimport::importBatchMatMul(OperatorView &op) {
  auto options = op.getOptions<fb::BatchMatMulOptions>();
  if (failed(options) || failed(checkTypes(op, kSlots)))
    return failure();
  FailureOr<Value> lhs = op.getReal(0), rhs = op.getReal(1);
  if (failed(lhs) || failed(rhs))
    return failure();
  size_t rank = std::max(shapeOf(*lhs).size(), shapeOf(*rhs).size());
  if (shapeOf(*lhs).size() < 2 || shapeOf(*rhs).size() < 2)
    return op.reject("ranks", "2 or more",
                     Twine(shapeOf(*lhs).size()) + " and " + Twine(shapeOf(*rhs).size()));
  if (failed(lhs = extendRank(op, *lhs, rank)) ||
      failed(rhs = extendRank(op, *rhs, rank)))
    return failure();
  // qbias.matmul multiplies rows with rows.
  Value a = (*options)->adj_x() ? transposeMatrix(op, *lhs) : *lhs;
  Value b = (*options)->adj_y() ? *rhs : transposeMatrix(op, *rhs);
  if (shapeOf(a).back() != shapeOf(b).back())
    return op.reject("shapes", "a common dimension",
                     text(shapeOf(*lhs)) + " and " + text(shapeOf(*rhs)));
  if (failed(broadcastBatches(op, a, b, op.inputText(1))))
    return failure();
  SmallVector<int64_t> shape(shapeOf(a));
  bool isShared = ArrayRef(shape).drop_back(2) != shapeOf(b).drop_back(2);
  FailureOr<Value> right =
      isShared ? reshape(op, b, shapeOf(b).take_back(2)) : FailureOr<Value>(b);
  if (failed(right))
    return failure();
  b = *right;
  shape.back() = shapeOf(b).drop_back().back();
  FailureOr<RankedTensorType> type = op.makeType(shape, op.getBuilder().getF32Type());
  if (failed(type))
    return failure();
  return op.setReal(op.create<MatmulOp>(op.getLoc(), *type, a, b, Value()));
}
