//===- Movement.cpp - operators that move, select or insert elements ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Import/Common/Reshapes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;

LogicalResult qbias::pytorchimport::importCat(NodeView &node) {
  FailureOr<SmallVector<StringRef>> names = node.getTensorNames("tensors");
  int64_t dim = 0, axis = 0;
  if (failed(names) || failed(node.read("dim", dim)))
    return failure();
  SmallVector<Value> operands;
  SmallVector<int64_t> shape;
  for (StringRef name : *names) {
    FailureOr<Value> operand = node.getImporter().getValue(name, node.getSubject());
    if (failed(operand))
      return failure();
    SmallVector<int64_t> extents(shapeOf(*operand));
    if (operands.empty()) {
      FailureOr<int64_t> normal = node.normalizeAxis(dim, extents.size());
      if (failed(normal))
        return failure();
      axis = *normal;
      shape = extents;
      shape[axis] = 0;
    }
    int64_t length = axis < static_cast<int64_t>(extents.size()) ? extents[axis] : 0;
    if (length > 0)
      extents[axis] = shape[axis];
    if (extents != shape)
      return node.reject("shape of " + quoted(name),
                         text(shapeOf(operands.empty() ? *operand : operands[0])) +
                             " except along dimension " + Twine(axis),
                         text(shapeOf(*operand)));
    if (!operands.empty() && elementOf(*operand) != elementOf(operands[0]))
      return node.reject("elements of " + quoted(name), "those of the first tensor",
                         "others", "dequantize all tensors");
    shape[axis] += length;
    operands.push_back(*operand);
    if (!countElements(shape))
      break;
  }
  if (operands.empty())
    return node.reject("argument 'tensors'", "at least one", "none");
  FailureOr<RankedTensorType> type = node.makeType(shape, elementOf(operands[0]));
  if (failed(type))
    return failure();
  if (operands.size() == 1)
    return node.setResult(0, operands[0]);
  return node.setResult(
      0, tensor::ConcatOp::create(node.getBuilder(), node.getLoc(), *type, axis, operands)
             .getResult());
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

/// Elements start, start + step, ... of one dimension.
static FailureOr<Value> extract(const NodeView &node, Value value, int64_t axis,
                                int64_t start, int64_t size, int64_t step) {
  SmallVector<int64_t> starts(shapeOf(value).size(), 0), sizes(shapeOf(value)),
      steps(starts.size(), 1);
  quant::QuantizedType quantized = getQuantElement(value.getType());
  if (quantized && getAxis(quantized) == axis && size != sizes[axis])
    return node.reject("input", "per-tensor quantization",
                       "per-channel quantization along dimension " + Twine(axis));
  starts[axis] = start;
  sizes[axis] = size;
  steps[axis] = step;
  FailureOr<RankedTensorType> type = node.makeType(sizes, elementOf(value));
  if (failed(type) || *type == value.getType())
    return failed(type) ? FailureOr<Value>(failure()) : FailureOr<Value>(value);
  auto attrs = [&](ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(node.getBuilder().getContext(), values);
  };
  return tensor::ExtractSliceOp::create(node.getBuilder(), node.getLoc(), *type, value,
                                        attrs(starts), attrs(sizes), attrs(steps))
      .getResult();
}

/// A start or end in [0, extent]; negative ones count from the end.
static int64_t clampBound(int64_t bound, int64_t extent) {
  return std::clamp<int64_t>(bound < 0 ? std::max(bound, -extent) + extent : bound, 0,
                             extent);
}

LogicalResult qbias::pytorchimport::importSlice(NodeView &node) {
  FailureOr<Value> value = node.getValue("self");
  int64_t dim = 0, start = 0, end = INT64_MAX, step = 1;
  if (failed(value) || failed(node.read("dim", dim)) ||
      failed(node.read("start", start)) || failed(node.read("end", end)) ||
      failed(node.read("step", step)))
    return failure();
  FailureOr<int64_t> axis = node.normalizeAxis(dim, shapeOf(*value).size());
  if (failed(axis))
    return failure();
  if (step < 1)
    return node.reject("argument 'step'", "a positive number", Twine(step));
  int64_t extent = shapeOf(*value)[*axis], first = clampBound(start, extent);
  int64_t length = std::max<int64_t>(0, clampBound(end, extent) - first);
  step = std::min(step, extent);
  return node.setResult(
      0, extract(node, *value, *axis, first, llvm::divideCeilSigned(length, step), step));
}

LogicalResult qbias::pytorchimport::importSelect(NodeView &node) {
  FailureOr<Value> value = node.getValue("self");
  int64_t dim = 0, index = 0;
  if (failed(value) || failed(node.need("dim", dim)) || failed(node.need("index", index)))
    return failure();
  FailureOr<int64_t> axis = node.normalizeAxis(dim, shapeOf(*value).size());
  if (failed(axis))
    return failure();
  int64_t extent = shapeOf(*value)[*axis];
  if (index < -extent || index >= extent)
    return node.reject("argument 'index'",
                       "one in [" + Twine(-extent) + ", " + Twine(extent - 1) + "]",
                       Twine(index));
  FailureOr<Value> part =
      extract(node, *value, *axis, index < 0 ? index + extent : index, 1, 1);
  if (failed(part))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*part));
  shape.erase(shape.begin() + *axis);
  return node.setResult(0, reshape(node, *part, shape));
}

/// Sizes of the parts of split, split_with_sizes and chunk.
static FailureOr<SmallVector<int64_t>> readParts(const NodeView &node, int64_t extent) {
  SmallVector<int64_t> sizes;
  int64_t size = 0;
  if (node.getOp() == "aten.split_with_sizes") {
    if (failed(node.need("split_sizes", sizes)))
      return failure();
  } else {
    bool isChunk = node.getOp() == "aten.chunk";
    if (failed(node.need(isChunk ? "chunks" : "split_size", size)))
      return failure();
    if (size < 1)
      return node.reject("argument", "a positive number", Twine(size));
    size = isChunk ? llvm::divideCeilSigned(extent, size) : size;
    for (int64_t done = 0; done < extent && sizes.size() <= node.getNumOutputs();
         done += size)
      sizes.push_back(std::min(size, extent - done));
  }
  int64_t sum = 0;
  bool isValid = sizes.size() == node.getNumOutputs();
  for (int64_t part : sizes) {
    isValid = isValid && part >= 1 && part <= extent - sum;
    sum += isValid ? part : 0;
  }
  if (isValid && sum == extent)
    return sizes;
  return node.reject("parts",
                     Twine(node.getNumOutputs()) + " of " + Twine(extent) + " elements",
                     text(sizes));
}

LogicalResult qbias::pytorchimport::importSplit(NodeView &node) {
  FailureOr<Value> value = node.getValue("self");
  int64_t dim = 0, start = 0;
  if (failed(value) || failed(node.read("dim", dim)))
    return failure();
  FailureOr<int64_t> axis = node.normalizeAxis(dim, shapeOf(*value).size());
  if (failed(axis))
    return failure();
  FailureOr<SmallVector<int64_t>> parts = readParts(node, shapeOf(*value)[*axis]);
  if (failed(parts))
    return failure();
  for (auto [index, part] : llvm::enumerate(*parts)) {
    if (failed(node.setResult(index, extract(node, *value, *axis, start, part, 1))))
      return failure();
    start += part;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Nearest neighbours
//===----------------------------------------------------------------------===//

/// For each of `count` results of one dimension the element it repeats, in
/// PyTorch's own float32 arithmetic.
static SmallVector<int64_t> nearestIndices(int64_t extent, int64_t count,
                                           std::optional<double> factor) {
  float step = factor && *factor > 0 ? static_cast<float>(1.0 / *factor)
                                     : static_cast<float>(extent) / count;
  SmallVector<int64_t> indices;
  for (int64_t i = 0; i < count; ++i)
    indices.push_back(
        std::min<int64_t>(std::floor(static_cast<float>(i) * step), extent - 1));
  return indices;
}

/// One gather per spatial dimension of [N, C, H, W].
LogicalResult qbias::pytorchimport::importUpsample(NodeView &node) {
  StringRef source = node.has("input") ? "input" : "self";
  FailureOr<Value> value = node.getValue(source);
  SmallVector<int64_t> output;
  double factors[2] = {0, 0};
  if (failed(value) || failed(node.read("output_size", output)) ||
      failed(node.read("scales_h", factors[0])) ||
      failed(node.read("scales_w", factors[1])) ||
      failed(node.read("scale_factors", factors)))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*value));
  if (shape.size() != 4)
    return node.reject("rank of " + node.argumentText(source), "4", Twine(shape.size()));
  constexpr int64_t kMostIndices = int64_t(1) << 24;
  for (size_t d = 0; d < 2; ++d) {
    int64_t extent = shape[2 + d];
    double count = output.size() == 2 ? output[d] : std::floor(extent * factors[d]);
    if (!(count >= 1 && count <= kMostIndices))
      return node.reject("extents of the result", "from 1 to " + Twine(kMostIndices),
                         realText(count));
    shape[2 + d] = static_cast<int64_t>(count);
    FailureOr<RankedTensorType> type = node.makeType(shape, elementOf(*value));
    if (failed(type))
      return failure();
    value = node.create<GatherOp>(node.getLoc(), *type, *value, 2 + d,
                                  nearestIndices(extent, shape[2 + d], factors[d]))
                .getResult();
  }
  return node.setResult(0, *value);
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

/// Largest pad qbias.pad takes.
static constexpr int64_t kMaxPad = int64_t(1) << 24;

/// Pads come in pairs from the last dimension on.
LogicalResult qbias::pytorchimport::importPad(NodeView &node) {
  FailureOr<Value> input = node.getReal("self");
  SmallVector<int64_t> pads;
  std::string mode = "constant";
  double value = 0;
  if (failed(input) || failed(node.need("pad", pads)) ||
      failed(node.read("mode", mode)) || failed(node.read("value", value)))
    return failure();
  if (mode != "constant")
    return node.reject("argument 'mode'", "'constant'", quoted(mode),
                       "other modes are not supported");
  if (!std::isfinite(value))
    return node.reject("argument 'value'", "a finite number", realText(value));
  SmallVector<int64_t> shape(shapeOf(*input));
  size_t rank = shape.size();
  bool fits = pads.size() % 2 == 0 && pads.size() <= 2 * rank;
  for (int64_t pad : pads)
    fits = fits && pad >= 0 && pad <= kMaxPad;
  if (!fits)
    return node.reject("argument 'pad'",
                       "up to " + Twine(rank) + " pairs of numbers from 0 to " +
                           Twine(kMaxPad),
                       text(pads), "cropping by negative pads is not supported");
  SmallVector<int64_t> low(rank, 0), high(rank, 0);
  for (size_t pair = 0; 2 * pair < pads.size(); ++pair) {
    size_t axis = rank - 1 - pair;
    low[axis] = pads[2 * pair];
    high[axis] = pads[2 * pair + 1];
    shape[axis] += low[axis] + high[axis];
  }
  FailureOr<RankedTensorType> type = node.makeType(shape, elementOf(*input));
  if (failed(type))
    return failure();
  return node.setResult(0, node.create<PadOp>(node.getLoc(), *type, *input, low, high,
                                              DenseI64ArrayAttr(), llvm::APFloat(value)));
}
