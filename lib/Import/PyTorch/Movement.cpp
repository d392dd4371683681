//===- Movement.cpp - operators that move, select or insert elements ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Import/Common/Pads.h"
#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Import/Common/Selections.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;

/// A dimension of extent 1 at `dim` of the result.
static FailureOr<Value> insertDimension(const NodeView &node, Value value, int64_t dim) {
  SmallVector<int64_t> shape(shapeOf(value));
  FailureOr<int64_t> axis = node.normalizeAxis(dim, shape.size() + 1);
  if (failed(axis))
    return failure();
  shape.insert(shape.begin() + *axis, 1);
  return reshape(node, value, shape);
}

/// The tensors one after the other along `dim`; aten.stack gives each that
/// dimension first.
LogicalResult qbias::pytorchimport::importCat(NodeView &node) {
  FailureOr<SmallVector<StringRef>> names = node.getTensorNames("tensors");
  int64_t dim = 0, axis = 0;
  if (failed(names) || failed(node.read("dim", dim)))
    return failure();
  SmallVector<Value> operands;
  SmallVector<int64_t> shape;
  for (StringRef name : *names) {
    FailureOr<Value> operand = node.getImporter().getValue(name, node.getSubject());
    if (succeeded(operand) && node.getOp() == "aten.stack")
      operand = insertDimension(node, *operand, dim);
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

/// start : end : step, or start : start + length of aten.narrow.
LogicalResult qbias::pytorchimport::importSlice(NodeView &node) {
  FailureOr<Value> value = node.getValue("self");
  int64_t dim = 0, start = 0, end = INT64_MAX, step = 1, length = 0;
  if (failed(value) || failed(node.read("dim", dim)) ||
      failed(node.read("start", start)) || failed(node.read("end", end)) ||
      failed(node.read("step", step)) || failed(node.read("length", length)))
    return failure();
  FailureOr<int64_t> axis = node.normalizeAxis(dim, shapeOf(*value).size());
  if (failed(axis))
    return failure();
  if (node.getOp() == "aten.narrow") {
    int64_t extent = shapeOf(*value)[*axis];
    start = start < 0 && start >= -extent ? start + extent : start;
    if (start < 0 || start > extent || length < 0 || length > extent - start)
      return node.reject("arguments 'start' and 'length'",
                         "a part of " + Twine(extent) + " elements",
                         Twine(start) + " and " + Twine(length));
    end = start + length;
  }
  if (step < 1)
    return node.reject("argument 'step'", "a positive number", Twine(step));
  int64_t extent = shapeOf(*value)[*axis], first = clampBound(start, extent);
  int64_t count = std::max<int64_t>(0, clampBound(end, extent) - first);
  step = std::min(step, extent);
  return node.setResult(
      0, extract(node, *value, *axis, first, llvm::divideCeilSigned(count, step), step));
}

/// One entry of a dimension, without that dimension.
static FailureOr<Value> selectOne(const NodeView &node, Value value, int64_t axis,
                                  int64_t index) {
  FailureOr<Value> part = extract(node, value, axis, index, 1, 1);
  if (failed(part))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*part));
  shape.erase(shape.begin() + axis);
  return reshape(node, *part, shape);
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
  return node.setResult(
      0, selectOne(node, *value, *axis, index < 0 ? index + extent : index));
}

/// Every entry of one dimension.
LogicalResult qbias::pytorchimport::importUnbind(NodeView &node) {
  FailureOr<Value> value = node.getValue("self");
  int64_t dim = 0;
  if (failed(value) || failed(node.read("dim", dim)))
    return failure();
  FailureOr<int64_t> axis = node.normalizeAxis(dim, shapeOf(*value).size());
  if (failed(axis))
    return failure();
  int64_t count = node.getNumOutputs();
  if (shapeOf(*value)[*axis] != count)
    return node.reject("results", Twine(shapeOf(*value)[*axis]) + " as the dimension has",
                       Twine(count), "the file is damaged");
  for (int64_t index = 0; index < count; ++index)
    if (failed(node.setResult(index, selectOne(node, *value, *axis, index))))
      return failure();
  return success();
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
// Pad
//===----------------------------------------------------------------------===//

/// Pads come in pairs from the last dimension on; here all those before, then all
/// those after.
static FailureOr<SmallVector<int64_t>> readPads(const NodeView &node, size_t rank) {
  SmallVector<int64_t> given;
  if (failed(node.need("pad", given)))
    return failure();
  bool fits = given.size() % 2 == 0 && given.size() <= 2 * rank;
  for (int64_t pad : given)
    fits = fits && pad >= -kMaxPad && pad <= kMaxPad;
  if (!fits)
    return node.reject("argument 'pad'",
                       "up to " + Twine(rank) + " pairs of numbers from " +
                           Twine(-kMaxPad) + " to " + Twine(kMaxPad),
                       text(given));
  SmallVector<int64_t> pads(2 * rank, 0);
  for (size_t pair = 0; 2 * pair < given.size(); ++pair) {
    pads[rank - 1 - pair] = given[2 * pair];
    pads[2 * rank - 1 - pair] = given[2 * pair + 1];
  }
  return pads;
}

static LogicalResult padByNumber(const NodeView &node, ArrayRef<int64_t> pads) {
  SmallVector<int64_t> widths(pads);
  double value = 0;
  FailureOr<Value> input = node.getReal("self");
  if (failed(input) || failed(node.read("value", value)) ||
      failed(input = cropByPads(node, *input, widths)))
    return failure();
  if (!std::isfinite(value))
    return node.reject("argument 'value'", "a finite number", realText(value));
  SmallVector<int64_t> shape(shapeOf(*input));
  ArrayRef<int64_t> low = ArrayRef(widths).take_front(shape.size());
  ArrayRef<int64_t> high = ArrayRef(widths).drop_front(shape.size());
  for (auto [extent, before, after] : llvm::zip(shape, low, high))
    extent += before + after;
  FailureOr<RankedTensorType> type = node.makeType(shape, elementOf(*input));
  if (failed(type))
    return failure();
  return node.setResult(0, node.create<PadOp>(node.getLoc(), *type, *input, low, high,
                                              DenseI64ArrayAttr(), llvm::APFloat(value)));
}

LogicalResult qbias::pytorchimport::importPad(NodeView &node) {
  FailureOr<Value> input = node.getValue("self");
  std::string mode = "constant";
  if (failed(input) || failed(node.read("mode", mode)))
    return failure();
  FailureOr<SmallVector<int64_t>> pads = readPads(node, shapeOf(*input).size());
  if (failed(pads))
    return failure();
  if (mode == "constant")
    return padByNumber(node, *pads);
  for (auto [name, rule] :
       {std::pair("reflect", PadRule::Reflect), std::pair("replicate", PadRule::Edge),
        std::pair("circular", PadRule::Wrap)})
    if (mode == name)
      return node.setResult(0, padBySelection(node, *input, *pads, rule));
  return node.reject("argument 'mode'",
                     "'constant', 'reflect', 'replicate' or 'circular'", quoted(mode));
}
