//===- Movement.cpp - operators that move, select or insert elements ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"
#include "QuantParameters.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "qbias/Import/Common/Pads.h"
#include "qbias/Import/Common/Selections.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

/// A constant list of shape arithmetic.
static bool isShortList(const ImportedTensor *tensor) {
  return tensor && tensor->constant && tensor->constant->isShapeArithmetic() &&
         tensor->constant->getShape().size() == 1;
}

//===----------------------------------------------------------------------===//
// Concat
//===----------------------------------------------------------------------===//

/// Joins short integer lists; nullopt when an input is something else.
static std::optional<ConstantTensor> foldConcat(const NodeView &node) {
  SmallVector<int64_t> values;
  for (unsigned index = 0; index < node.getNumInputs(); ++index) {
    ImportedTensor *input = node.hasInput(index) ? node.getInput(index) : nullptr;
    if (!isShortList(input) || values.size() > ConstantTensor::kMaxFolded)
      return std::nullopt;
    llvm::append_range(values, input->constant->integers());
  }
  return ConstantTensor::ofIntegers(node.getOutputName(0).str(),
                                    static_cast<int64_t>(values.size()), values);
}

LogicalResult qbias::onnximport::importConcat(NodeView &node) {
  int64_t axis = 1; // the default before operator set 4
  if (failed(node.read("axis", axis)))
    return failure();
  if (std::optional<ConstantTensor> folded = foldConcat(node))
    return node.setResult(0, std::move(*folded));
  SmallVector<Value> operands;
  SmallVector<int64_t> shape;
  for (unsigned index = 0; index < node.getNumInputs(); ++index) {
    if (!node.hasInput(index))
      return node.reject("input " + Twine(index), "a tensor", "none");
    FailureOr<Value> operand = node.getValue(index);
    if (failed(operand))
      return failure();
    ArrayRef<int64_t> extents = shapeOf(*operand);
    if (operands.empty()) {
      FailureOr<int64_t> normal = node.normalizeAxis(axis, extents.size());
      if (failed(normal))
        return failure();
      axis = *normal;
      shape.assign(extents.begin(), extents.end());
      shape[axis] = 0;
    } else if (elementOf(*operand) != elementOf(operands[0])) {
      return node.reject("elements of " + node.inputText(index),
                         "those of " + node.inputText(0) + " with its scale",
                         node.getInput(index)->describe());
    }
    SmallVector<int64_t> others(extents);
    if (others.size() == shape.size())
      others[axis] = shape[axis];
    if (others != shape)
      return node.reject("shape of " + node.inputText(index),
                         text(shapeOf(operands.empty() ? *operand : operands[0])) +
                             " except along axis " + Twine(axis),
                         text(extents));
    shape[axis] += extents[axis];
    operands.push_back(*operand);
    if (!countElements(shape))
      break;
  }
  FailureOr<RankedTensorType> type = node.makeType(shape, elementOf(operands[0]));
  if (failed(type))
    return failure();
  if (operands.size() == 1)
    return node.setResult(0, operands[0]);
  return node.setResult(0, tensor::ConcatOp::create(node.getBuilder(), node.getLoc(),
                                                    *type, axis, operands));
}

//===----------------------------------------------------------------------===//
// Slice, Split
//===----------------------------------------------------------------------===//

/// Makes elements start, start + step, ... of every dimension a result.
static LogicalResult setExtracted(const NodeView &node, unsigned index, Value value,
                                  ArrayRef<int64_t> starts, ArrayRef<int64_t> sizes,
                                  ArrayRef<int64_t> steps) {
  FailureOr<RankedTensorType> type = node.makeType(sizes, elementOf(value));
  if (failed(type))
    return failure();
  if (*type == value.getType())
    return node.setResult(index, value);
  auto attrs = [&](ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(node.getBuilder().getContext(), values);
  };
  return node.setResult(index, tensor::ExtractSliceOp::create(
                                   node.getBuilder(), node.getLoc(), *type, value,
                                   attrs(starts), attrs(sizes), attrs(steps)));
}

/// A per-channel quantized tensor keeps its scales, so the axis stays whole.
static LogicalResult checkAxisStays(const NodeView &node, Value value, int64_t axis,
                                    int64_t size) {
  quant::QuantizedType type = getQuantElement(value.getType());
  if (!type || getAxis(type) != axis || size == shapeOf(value)[axis])
    return success();
  return node.reject("input", "per-tensor quantization",
                     "per-channel quantization along axis " + Twine(axis));
}

namespace {
/// Slices of the listed axes, as the file gives them.
struct SliceBounds {
  SmallVector<int64_t> starts, ends, axes, steps;
};
} // namespace

static FailureOr<SliceBounds> readBounds(const NodeView &node, int64_t rank) {
  auto starts = node.readIntegers("starts", 1);
  auto ends = node.readIntegers("ends", 2);
  auto axes = node.readIntegers("axes", 3);
  auto steps = node.readIntegers("steps", 4);
  if (failed(starts) || failed(ends) || failed(axes) || failed(steps))
    return failure();
  if (!*starts || !*ends)
    return node.reject("starts and ends", "inputs or attributes", "none");
  SliceBounds bounds{**starts, **ends, {}, {}};
  size_t count = bounds.starts.size();
  bounds.axes = *axes ? **axes : llvm::to_vector(llvm::seq<int64_t>(0, count));
  bounds.steps = *steps ? **steps : SmallVector<int64_t>(count, 1);
  if (bounds.ends.size() != count || bounds.axes.size() != count ||
      bounds.steps.size() != count)
    return node.reject("starts, ends, axes and steps", "equal lengths",
                       Twine(count) + ", " + Twine(bounds.ends.size()) + ", " +
                           Twine(bounds.axes.size()) + " and " +
                           Twine(bounds.steps.size()));
  FailureOr<SmallVector<int64_t>> normal = node.normalizeAxes(bounds.axes, rank);
  if (failed(normal))
    return failure();
  bounds.axes = *normal;
  for (int64_t step : bounds.steps)
    if (step == 0)
      return node.reject("steps", "numbers that are not 0", text(bounds.steps));
  return bounds;
}

/// A start or end in [0, extent]; negative ones count from the end.
static int64_t clampBound(int64_t bound, int64_t extent) {
  return std::clamp<int64_t>(bound < 0 ? std::max(bound, -extent) + extent : bound, 0,
                             extent);
}

/// Slices from `start` down to above `end`, as indices.
static SmallVector<int64_t> reversedIndices(int64_t start, int64_t end, int64_t step,
                                            int64_t extent) {
  auto place = [&](int64_t bound) {
    return bound < 0 ? std::max(bound, -extent - 1) + extent : bound;
  };
  SmallVector<int64_t> indices;
  int64_t last = std::max<int64_t>(place(end), -1);
  for (int64_t i = std::min(place(start), extent - 1); i > last;
       i += std::max(step, -extent - 1))
    indices.push_back(i);
  return indices;
}

/// A slice that reads some dimension backwards.
static LogicalResult importReversed(NodeView &node, const SliceBounds &bounds) {
  FailureOr<Value> value = node.getValue(0);
  if (failed(value))
    return failure();
  for (auto [axis, start, end, step] :
       llvm::zip(bounds.axes, bounds.starts, bounds.ends, bounds.steps)) {
    int64_t extent = shapeOf(*value)[axis];
    SmallVector<int64_t> indices;
    if (step < 0)
      indices = reversedIndices(start, end, step, extent);
    else
      for (int64_t i = clampBound(start, extent); i < clampBound(end, extent);
           i += std::min(step, extent))
        indices.push_back(i);
    if (indices.empty())
      return node.reject("slice of dimension " + Twine(axis), "at least one element",
                         "none");
    if (failed(value = gather(node, *value, axis, indices)))
      return failure();
  }
  return node.setResult(0, *value);
}

LogicalResult qbias::onnximport::importSlice(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  if (!input)
    return failure();
  SmallVector<int64_t> sizes = input->getShape();
  FailureOr<SliceBounds> bounds = readBounds(node, sizes.size());
  if (failed(bounds))
    return failure();
  if (llvm::any_of(bounds->steps, [](int64_t step) { return step < 0; }))
    return importReversed(node, *bounds);
  SmallVector<int64_t> starts(sizes.size(), 0), steps(sizes.size(), 1);
  for (auto [axis, start, end, step] :
       llvm::zip(bounds->axes, bounds->starts, bounds->ends, bounds->steps)) {
    int64_t extent = sizes[axis], first = clampBound(start, extent);
    int64_t length = std::max<int64_t>(0, clampBound(end, extent) - first);
    starts[axis] = length ? first : 0;
    steps[axis] = std::min(step, std::max<int64_t>(1, extent));
    sizes[axis] = llvm::divideCeilSigned(length, steps[axis]);
  }
  if (isShortList(input)) {
    SmallVector<int64_t> values;
    for (int64_t i = 0; i < sizes[0]; ++i)
      values.push_back(input->constant->integerAt(starts[0] + i * steps[0]));
    return node.setResult(
        0, ConstantTensor::ofIntegers(node.getOutputName(0).str(), sizes, values));
  }
  FailureOr<Value> value = node.getValue(0);
  if (failed(value))
    return failure();
  for (int64_t axis : bounds->axes)
    if (failed(checkAxisStays(node, *value, axis, sizes[axis])))
      return failure();
  return setExtracted(node, 0, *value, starts, sizes, steps);
}

/// Sizes of the parts: given, or as equal as possible with a smaller last one.
static FailureOr<SmallVector<int64_t>> readParts(const NodeView &node, int64_t extent) {
  auto given = node.readIntegers("split", 1);
  int64_t count = node.getNumOutputs(), sum = 0;
  if (failed(given) || failed(node.read("num_outputs", count)))
    return failure();
  if (count != node.getNumOutputs())
    return node.reject("attribute 'num_outputs'",
                       Twine(node.getNumOutputs()) + " as the node's outputs",
                       Twine(count));
  int64_t part = llvm::divideCeilSigned(extent, count);
  SmallVector<int64_t> parts = *given ? **given : SmallVector<int64_t>(count, part);
  if (!*given)
    parts.back() = extent - (count - 1) * part;
  bool mayDiffer = *given || node.hasAttr("num_outputs");
  bool isValid =
      parts.size() == node.getNumOutputs() && (mayDiffer || extent % count == 0);
  for (int64_t size : parts) {
    isValid &= size >= 1 && size <= extent - sum;
    if (!isValid)
      break;
    sum += size;
  }
  if (isValid && sum == extent)
    return parts;
  return node.reject("split", Twine(count) + " parts of " + Twine(extent) + " elements",
                     text(parts));
}

LogicalResult qbias::onnximport::importSplit(NodeView &node) {
  int64_t axis = 0;
  FailureOr<Value> value = node.getValue(0);
  if (failed(value) || failed(node.read("axis", axis)))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(*value);
  FailureOr<int64_t> normal = node.normalizeAxis(axis, shape.size());
  if (failed(normal))
    return failure();
  FailureOr<SmallVector<int64_t>> parts = readParts(node, shape[*normal]);
  if (failed(parts))
    return failure();
  SmallVector<int64_t> starts(shape.size(), 0), steps(shape.size(), 1), sizes(shape);
  for (auto [index, part] : llvm::enumerate(*parts)) {
    sizes[*normal] = part;
    if (failed(checkAxisStays(node, *value, *normal, part)) ||
        failed(setExtracted(node, index, *value, starts, sizes, steps)))
      return failure();
    starts[*normal] += part;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

/// The real number inserted. On a quantized tensor the file gives its integer.
static FailureOr<double> readPadValue(const NodeView &node, Value input) {
  double value = 0;
  if (failed(node.read("value", value)))
    return failure();
  auto type = dyn_cast<quant::UniformQuantizedType>(elementOf(input));
  if (getQuantElement(input.getType()) && !type)
    return node.reject("input", "per-tensor quantization", "per-channel quantization");
  int64_t integer = 0;
  if (node.hasInput(2)) {
    FailureOr<const ConstantTensor *> constant = node.needConstant(2, "pad value");
    if (failed(constant))
      return failure();
    DataType expected = type ? storageOf(type) : DataType::Float;
    if ((*constant)->getType() != expected || (*constant)->getNumElements() != 1)
      return node.reject("pad value " + quoted(node.getInputName(2)),
                         "one element of " + nameOf(expected),
                         node.getInput(2)->describe());
    if (type)
      integer = (*constant)->integerAt(0);
    else
      value = (*constant)->realAt(0);
  }
  if (type) // exact: 17 bits times a float
    value = static_cast<double>(integer - type.getZeroPoint()) * type.getScale();
  if (!std::isfinite(value))
    return node.reject("pad value", "a finite number", realText(value));
  return value;
}

/// Pads per dimension: all those before, then all those after.
static FailureOr<SmallVector<int64_t>> readPads(const NodeView &node, int64_t rank) {
  auto given = node.readIntegers("pads", 1);
  auto axes = node.readIntegers("axes", 3);
  if (failed(given) || failed(axes))
    return failure();
  FailureOr<SmallVector<int64_t>> normal = node.normalizeAxes(
      *axes ? **axes : llvm::to_vector(llvm::seq<int64_t>(0, rank)), rank);
  if (failed(normal))
    return failure();
  size_t count = normal->size();
  if (!*given || (*given)->size() != 2 * count)
    return node.reject("pads", Twine(2 * count) + " entries",
                       *given ? Twine((*given)->size()) : Twine("none"));
  SmallVector<int64_t> pads(2 * rank, 0);
  for (auto [index, pad] : llvm::enumerate(**given)) {
    if (pad > kMaxPad)
      return node.reject("pads", "entries up to " + Twine(kMaxPad), text(**given));
    if (pad < -kMaxPad)
      return node.reject("pads", "entries from " + Twine(-kMaxPad), text(**given));
    pads[(*normal)[index % count] + (index < count ? 0 : rank)] = pad;
  }
  return pads;
}

LogicalResult qbias::onnximport::importPad(NodeView &node) {
  std::string mode = "constant";
  FailureOr<Value> input = node.getValue(0);
  if (failed(input) || failed(node.read("mode", mode)))
    return failure();
  FailureOr<SmallVector<int64_t>> pads = readPads(node, shapeOf(*input).size());
  if (failed(pads))
    return failure();
  std::optional<PadRule> rule = mode == "reflect" ? PadRule::Reflect
                                : mode == "edge"  ? PadRule::Edge
                                : mode == "wrap"  ? std::optional(PadRule::Wrap)
                                                  : std::nullopt;
  if (rule)
    return node.setResult(0, padBySelection(node, *input, *pads, *rule));
  if (mode != "constant")
    return node.reject("attribute 'mode'", "constant, reflect, edge or wrap",
                       quoted(mode));
  if (failed(input = cropByPads(node, *input, *pads)))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*input));
  FailureOr<double> value = readPadValue(node, *input);
  if (failed(value))
    return failure();
  ArrayRef<int64_t> low = ArrayRef(*pads).take_front(shape.size());
  ArrayRef<int64_t> high = ArrayRef(*pads).drop_front(shape.size());
  for (auto [extent, before, after] : llvm::zip(shape, low, high))
    extent += before + after;
  FailureOr<RankedTensorType> type = node.makeType(shape, elementOf(*input));
  if (failed(type))
    return failure();
  return node.setResult(0,
                        node.create<PadOp>(node.getLoc(), *type, *input, low, high,
                                           DenseI64ArrayAttr(), llvm::APFloat(*value)));
}
