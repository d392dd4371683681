//===- Pools.cpp - windows, means and sums ---*- C++ -*-===//
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

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::importing;
using namespace qbias::tfliteimport;

FailureOr<SpatialWindow> qbias::tfliteimport::placeWindow(const OperatorView &op,
                                                          const SpatialOptions &options,
                                                          ArrayRef<int64_t> kernel,
                                                          ArrayRef<int64_t> spatial) {
  SpatialWindow window;
  window.kernel.assign(kernel.begin(), kernel.end());
  window.strides = options.strides;
  window.dilations = options.dilations;
  for (ArrayRef<int64_t> values :
       {kernel, ArrayRef<int64_t>(window.strides), ArrayRef<int64_t>(window.dilations)})
    for (int64_t value : values)
      if (value < 1 || value > kMaxWindowExtent)
        return op.reject("kernel, strides and dilations",
                         "numbers from 1 to " + Twine(kMaxWindowExtent),
                         text(kernel) + ", " + text(window.strides) + " and " +
                             text(window.dilations));
  window.pads.assign(4, 0);
  if (options.padding == fb::Padding::SAME)
    padSame(window, spatial, /*upper=*/true);
  if (failed(importing::placeWindow(op, window, spatial, /*ceil=*/false)))
    return failure();
  return window;
}

/// Average pools divide by the positions inside the input.
LogicalResult qbias::tfliteimport::importPool(OperatorView &op) {
  auto options = op.getOptions<fb::Pool2DOptions>();
  FailureOr<Value> input = op.getReal(0);
  if (failed(options) || failed(input))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(*input);
  if (shape.size() != 4)
    return op.reject("rank of " + op.inputText(0), "4", Twine(shape.size()));
  FailureOr<SpatialWindow> window = tfliteimport::placeWindow(
      op, SpatialOptions::get(**options),
      {(*options)->filter_h(), (*options)->filter_w()}, shape.slice(1, 2));
  if (failed(window))
    return failure();
  bool isMax = op.getCode() == fb::BuiltinOperator::MAX_POOL_2D;
  FailureOr<Value> result = buildPool(op, isMax ? PoolKind::Max : PoolKind::Avg, *input,
                                      *window, /*countIncludePad=*/false);
  return failed(result) ? failure() : op.setActivated(*result, (*options)->activation());
}

//===----------------------------------------------------------------------===//
// Means and sums over any axes
//===----------------------------------------------------------------------===//

/// The mean over `reduced` of a tensor of any rank: these dimensions first, as
/// rows of one image whose channels are the others.
static FailureOr<Value> buildMean(const OperatorView &op, Value input,
                                  ArrayRef<int64_t> reduced) {
  ArrayRef<int64_t> shape = shapeOf(input);
  SmallVector<int64_t> permutation(reduced), kept;
  int64_t rows = 1, channels = 1;
  for (int64_t d = 0; d < int64_t(shape.size()); ++d) {
    bool isReduced = llvm::is_contained(reduced, d);
    (isReduced ? rows : channels) *= shape[d];
    if (!isReduced)
      permutation.push_back(d);
  }
  bool isImage = shape.size() == 4 && reduced == ArrayRef<int64_t>{1, 2};
  FailureOr<Value> image = input;
  SpatialWindow window;
  window.kernel = {rows, 1};
  if (isImage)
    window.kernel = {shape[1], shape[2]};
  else
    image = reshape(op, transpose(op, input, permutation), {1, rows, 1, channels});
  window.strides = window.dilations = window.output = {1, 1};
  window.pads.assign(4, 0);
  if (failed(image) || failed(checkLimits(op, window)))
    return failure();
  return buildPool(op, PoolKind::Avg, *image, window, /*countIncludePad=*/false);
}

/// A sum is the mean times the number of its terms.
static Value multiply(const OperatorView &op, Value value, int64_t factor) {
  OpBuilder &builder = op.getBuilder();
  SmallVector<int64_t> ones(shapeOf(value).size(), 1);
  auto type = RankedTensorType::get(ones, builder.getF32Type());
  Value constant = arith::ConstantOp::create(
      builder, op.getLoc(), DenseElementsAttr::get(type, static_cast<float>(factor)));
  return op.create<MulOp>(op.getLoc(), value.getType(), value, constant);
}

LogicalResult qbias::tfliteimport::importReduce(OperatorView &op) {
  constexpr int64_t kExactInFloat = int64_t(1) << 24;
  auto options = op.getOptions<fb::ReducerOptions>();
  FailureOr<Value> input = op.getReal(0);
  FailureOr<SmallVector<int64_t>> axes = op.getIntegers(1, "axes");
  if (failed(options) || failed(input) || failed(axes))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(*input);
  FailureOr<SmallVector<int64_t>> reduced = op.normalizeAxes(*axes, shape.size());
  if (failed(reduced))
    return failure();
  llvm::sort(*reduced);
  SmallVector<int64_t> result;
  int64_t count = 1;
  for (auto [d, extent] : llvm::enumerate(shape)) {
    bool isReduced = llvm::is_contained(*reduced, d);
    count *= isReduced ? extent : 1;
    if (!isReduced || (*options)->keep_dims())
      result.push_back(isReduced ? 1 : extent);
  }
  FailureOr<Value> mean = buildMean(op, *input, *reduced);
  if (failed(mean))
    return failure();
  if (op.getCode() == fb::BuiltinOperator::SUM && count > kExactInFloat)
    return op.reject("terms of a sum", "at most " + Twine(kExactInFloat), Twine(count));
  if (op.getCode() == fb::BuiltinOperator::SUM)
    mean = multiply(op, *mean, count);
  FailureOr<Value> shaped = reshape(op, *mean, result);
  return failed(shaped) ? failure() : op.setReal(*shaped);
}

//===----------------------------------------------------------------------===//
// Indices
//===----------------------------------------------------------------------===//

/// Of equal elements the kernels take the first.
LogicalResult qbias::tfliteimport::importArgMax(OperatorView &op) {
  auto options = op.getOptions<fb::ArgMaxOptions>();
  FileTensor *output = op.getOutput();
  FailureOr<Value> input = op.getReal(0);
  FailureOr<int64_t> given = op.getInteger(1, "axis");
  if (failed(options) || !output || failed(input) || failed(given))
    return failure();
  fb::TensorType asked = (*options)->output_type();
  bool isIndex = output->type == DataType::Int32 || output->type == DataType::Int64;
  if (!isIndex || output->file->type() != asked)
    return op.reject("type of the indices", "int32 or int64 as the option output_type",
                     output->describe() + " and " + fb::EnumNameTensorType(asked));
  SmallVector<int64_t> shape(shapeOf(*input));
  FailureOr<int64_t> axis = op.normalizeAxis(*given, shape.size());
  if (failed(axis))
    return failure();
  if (shape[*axis] > INT32_MAX)
    return op.reject("elements in a row", "at most " + Twine(INT32_MAX),
                     Twine(shape[*axis]));
  shape.erase(shape.begin() + *axis);
  bool isWide = output->type == DataType::Int64;
  FailureOr<RankedTensorType> type = op.makeType(
      shape, isWide ? op.getBuilder().getI64Type() : op.getBuilder().getI32Type());
  if (failed(type))
    return failure();
  return op.setIndices(op.create<ArgMaxOp>(op.getLoc(), *type, *input, *axis,
                                           /*keep_dim=*/false, /*last=*/false));
}
