//===- Shapes.cpp - reshapes, transposes, shapes as constants ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/Reshapes.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::importing;
using namespace qbias::tfliteimport;

/// The shape of a tensor is known while importing.
LogicalResult qbias::tfliteimport::importShape(OperatorView &op) {
  FileTensor *input = op.getInput(0);
  if (!input)
    return failure();
  SmallVector<int64_t> shape =
      input->value ? SmallVector<int64_t>(shapeOf(input->value)) : input->shape;
  return op.setConstant(ConstantTensor::ofIntegers("", int64_t(shape.size()), shape));
}

static LogicalResult setReshaped(const OperatorView &op, Value value,
                                 ArrayRef<int64_t> shape) {
  FailureOr<Value> result = reshape(op, value, shape);
  return failed(result) ? failure() : op.setReal(*result);
}

/// The asked shape: an input, else the options, else what the output declares.
static FailureOr<SmallVector<int64_t>> readNewShape(const OperatorView &op) {
  if (op.hasInput(1))
    return op.getIntegers(1, "new shape");
  const auto *options = op.getFile().options_as<fb::ReshapeOptions>();
  if (options && options->new_shape())
    return SmallVector<int64_t>(options->new_shape()->begin(),
                                options->new_shape()->end());
  FileTensor *output = op.getOutput();
  if (!output)
    return failure();
  return output->shape;
}

LogicalResult qbias::tfliteimport::importReshape(OperatorView &op) {
  FailureOr<Value> value = op.getReal(0);
  FailureOr<SmallVector<int64_t>> shape = readNewShape(op);
  if (failed(value) || failed(shape))
    return failure();
  int64_t count = *countElements(shapeOf(*value));
  auto open = llvm::find(*shape, -1);
  if (open != shape->end()) {
    *open = 1;
    int64_t known = countElements(*shape).value_or(0);
    if (known > 0 && count % known == 0)
      *open = count / known;
  }
  if (countElements(*shape) != count)
    return op.reject("new shape",
                     "one of " + Twine(count) + " elements for " + text(shapeOf(*value)),
                     text(*shape));
  return setReshaped(op, *value, *shape);
}

LogicalResult qbias::tfliteimport::importSqueeze(OperatorView &op) {
  auto options = op.getOptions<fb::SqueezeOptions>();
  FailureOr<Value> value = op.getReal(0);
  if (failed(options) || failed(value))
    return failure();
  SmallVector<int64_t> asked, shape;
  if ((*options)->squeeze_dims())
    asked.assign((*options)->squeeze_dims()->begin(), (*options)->squeeze_dims()->end());
  FailureOr<SmallVector<int64_t>> dims = op.normalizeAxes(asked, shapeOf(*value).size());
  if (failed(dims))
    return failure();
  for (auto [d, extent] : llvm::enumerate(shapeOf(*value))) {
    bool drops = asked.empty() ? extent == 1 : llvm::is_contained(*dims, d);
    if (drops && extent != 1)
      return op.reject("dimension " + Twine(d) + " of " + op.inputText(0), "extent 1",
                       Twine(extent));
    if (!drops)
      shape.push_back(extent);
  }
  return setReshaped(op, *value, shape);
}

LogicalResult qbias::tfliteimport::importExpandDims(OperatorView &op) {
  FailureOr<Value> value = op.getReal(0);
  FailureOr<int64_t> given = op.getInteger(1, "axis");
  if (failed(value) || failed(given))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*value));
  FailureOr<int64_t> axis = op.normalizeAxis(*given, shape.size() + 1);
  if (failed(axis))
    return failure();
  shape.insert(shape.begin() + *axis, 1);
  return setReshaped(op, *value, shape);
}

LogicalResult qbias::tfliteimport::importTranspose(OperatorView &op) {
  FailureOr<Value> value = op.getReal(0);
  FailureOr<SmallVector<int64_t>> permutation = op.getIntegers(1, "permutation");
  if (failed(value) || failed(permutation))
    return failure();
  SmallVector<int64_t> sorted = *permutation;
  llvm::sort(sorted);
  int64_t rank = shapeOf(*value).size();
  if (sorted != llvm::to_vector(llvm::seq<int64_t>(0, rank)))
    return op.reject("permutation", "one of " + Twine(rank) + " dimensions",
                     text(*permutation));
  Value result = transpose(op, *value, *permutation);
  op.mark(result.getDefiningOp());
  return op.setReal(result);
}

//===----------------------------------------------------------------------===//
// Nearest neighbours
//===----------------------------------------------------------------------===//

/// For each of `count` results of one dimension the element it repeats, in the
/// float32 arithmetic of the kernels.
static SmallVector<int64_t> nearestIndices(int64_t extent, int64_t count,
                                           bool alignCorners, bool halfPixel) {
  float step = alignCorners && count > 1
                   ? static_cast<float>(extent - 1) / static_cast<float>(count - 1)
                   : static_cast<float>(extent) / static_cast<float>(count);
  float offset = halfPixel ? 0.5f : 0.0f;
  SmallVector<int64_t> indices;
  for (int64_t i = 0; i < count; ++i) {
    float place = (static_cast<float>(i) + offset) * step;
    place = alignCorners ? std::round(place) : std::floor(place);
    indices.push_back(std::clamp<int64_t>(static_cast<int64_t>(place), 0, extent - 1));
  }
  return indices;
}

/// One gather for rows, one for columns.
LogicalResult qbias::tfliteimport::importResizeNearest(OperatorView &op) {
  constexpr int64_t kMostIndices = int64_t(1) << 24;
  auto options = op.getOptions<fb::ResizeNearestNeighborOptions>();
  FailureOr<Value> value = op.getReal(0);
  FailureOr<SmallVector<int64_t>> size = op.getIntegers(1, "size");
  if (failed(options) || failed(value) || failed(size))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*value));
  if (shape.size() != 4 || size->size() != 2)
    return op.reject("rank and size", "4 and 2 numbers",
                     Twine(shape.size()) + " and " + Twine(size->size()));
  for (unsigned d = 0; d < 2; ++d) {
    int64_t extent = shape[d + 1], count = (*size)[d];
    if (count < 1 || count > kMostIndices)
      return op.reject("size", "numbers from 1 to " + Twine(kMostIndices), text(*size));
    shape[d + 1] = count;
    FailureOr<RankedTensorType> type = op.makeType(shape, op.getBuilder().getF32Type());
    if (failed(type))
      return failure();
    value = op.create<GatherOp>(op.getLoc(), *type, *value, d + 1,
                                nearestIndices(extent, count, (*options)->align_corners(),
                                               (*options)->half_pixel_centers()))
                .getResult();
  }
  return op.setReal(*value);
}
