//===- Movement.cpp - concatenation, slices, pads ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/Reshapes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::importing;
using namespace qbias::tfliteimport;
using Code = fb::BuiltinOperator;

//===----------------------------------------------------------------------===//
// Putting together
//===----------------------------------------------------------------------===//

/// Inputs of one shape but for `axis`, one behind another.
static FailureOr<Value> concatenate(const OperatorView &op, ArrayRef<Value> operands,
                                    int64_t axis) {
  SmallVector<int64_t> shape(shapeOf(operands[0]));
  shape[axis] = 0;
  for (auto [index, operand] : llvm::enumerate(operands)) {
    SmallVector<int64_t> others(shapeOf(operand));
    if (others.size() == shape.size())
      others[axis] = shape[axis];
    if (others != shape)
      return op.reject("shape of " + op.inputText(index),
                       text(shapeOf(operands[0])) + " except along axis " + Twine(axis),
                       text(shapeOf(operand)));
    shape[axis] += shapeOf(operand)[axis];
    if (!countElements(shape))
      break;
  }
  FailureOr<RankedTensorType> type = op.makeType(shape, op.getBuilder().getF32Type());
  if (failed(type))
    return failure();
  if (operands.size() == 1)
    return operands[0];
  return tensor::ConcatOp::create(op.getBuilder(), op.getLoc(), *type, axis, operands)
      .getResult();
}

static FailureOr<SmallVector<Value>> getAllReal(const OperatorView &op) {
  SmallVector<Value> values;
  for (unsigned index = 0; index < op.getNumInputs(); ++index) {
    FailureOr<Value> value = op.getReal(index);
    if (failed(value))
      return failure();
    values.push_back(*value);
  }
  return values;
}

LogicalResult qbias::tfliteimport::importConcatenation(OperatorView &op) {
  auto options = op.getOptions<fb::ConcatenationOptions>();
  FailureOr<SmallVector<Value>> operands = getAllReal(op);
  if (failed(options) || failed(operands))
    return failure();
  FailureOr<int64_t> axis =
      op.normalizeAxis((*options)->axis(), shapeOf(operands->front()).size());
  if (failed(axis))
    return failure();
  FailureOr<Value> result = concatenate(op, *operands, *axis);
  return failed(result) ? failure() : op.setActivated(*result, (*options)->activation());
}

/// Constants are packed too: shapes are computed that way.
static std::optional<ConstantTensor> foldPack(const OperatorView &op) {
  SmallVector<int64_t> values;
  for (unsigned index = 0; index < op.getNumInputs(); ++index) {
    FileTensor *input = op.hasInput(index) ? op.getInput(index) : nullptr;
    if (!input || !input->constant || !input->constant->isShapeArithmetic() ||
        input->constant->getNumElements() != 1)
      return std::nullopt;
    values.push_back(input->constant->integerAt(0));
  }
  return ConstantTensor::ofIntegers("", int64_t(values.size()), values);
}

LogicalResult qbias::tfliteimport::importPack(OperatorView &op) {
  auto options = op.getOptions<fb::PackOptions>();
  if (failed(options))
    return failure();
  if (std::optional<ConstantTensor> folded = foldPack(op))
    return op.setConstant(std::move(*folded));
  FailureOr<SmallVector<Value>> operands = getAllReal(op);
  if (failed(operands))
    return failure();
  int64_t rank = shapeOf(operands->front()).size();
  FailureOr<int64_t> axis = op.normalizeAxis((*options)->axis(), rank + 1);
  if (failed(axis))
    return failure();
  for (Value &operand : *operands) {
    SmallVector<int64_t> shape(shapeOf(operand));
    if (int64_t(shape.size()) != rank)
      return op.reject("ranks of inputs", Twine(rank), Twine(shape.size()));
    shape.insert(shape.begin() + *axis, 1);
    FailureOr<Value> extended = reshape(op, operand, shape);
    if (failed(extended))
      return failure();
    operand = *extended;
  }
  FailureOr<Value> result = concatenate(op, *operands, *axis);
  return failed(result) ? failure() : op.setReal(*result);
}

//===----------------------------------------------------------------------===//
// Taking apart
//===----------------------------------------------------------------------===//

static FailureOr<Value> extract(const OperatorView &op, Value value,
                                ArrayRef<int64_t> starts, ArrayRef<int64_t> sizes,
                                ArrayRef<int64_t> steps) {
  FailureOr<RankedTensorType> type = op.makeType(sizes, op.getBuilder().getF32Type());
  if (failed(type))
    return failure();
  if (*type == value.getType())
    return value;
  auto attrs = [&](ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(op.getBuilder().getContext(), values);
  };
  return tensor::ExtractSliceOp::create(op.getBuilder(), op.getLoc(), *type, value,
                                        attrs(starts), attrs(sizes), attrs(steps))
      .getResult();
}

/// Consecutive parts along an axis, one per output; with `drop` the axis, of
/// one element in each, disappears.
static LogicalResult setParts(const OperatorView &op, Value value, int64_t axis,
                              ArrayRef<int64_t> parts, bool drop) {
  SmallVector<int64_t> sizes(shapeOf(value)), starts(sizes.size(), 0),
      steps(sizes.size(), 1);
  int64_t sum = 0;
  bool isValid = parts.size() == op.getNumOutputs();
  for (int64_t part : parts) {
    isValid = isValid && part >= 1 && part <= sizes[axis] - sum;
    sum += isValid ? part : 0;
  }
  if (!isValid || sum != sizes[axis])
    return op.reject("parts",
                     Twine(op.getNumOutputs()) + " that add up to " + Twine(sizes[axis]),
                     text(parts));
  for (auto [index, part] : llvm::enumerate(parts)) {
    sizes[axis] = part;
    FailureOr<Value> piece = extract(op, value, starts, sizes, steps);
    SmallVector<int64_t> shape = sizes;
    if (drop)
      shape.erase(shape.begin() + axis);
    if (succeeded(piece))
      piece = reshape(op, *piece, shape);
    if (failed(piece) || failed(op.setReal(*piece, index)))
      return failure();
    starts[axis] += part;
  }
  return success();
}

LogicalResult qbias::tfliteimport::importUnpack(OperatorView &op) {
  auto options = op.getOptions<fb::UnpackOptions>();
  FailureOr<Value> value = op.getReal(0);
  if (failed(options) || failed(value))
    return failure();
  FailureOr<int64_t> axis = op.normalizeAxis((*options)->axis(), shapeOf(*value).size());
  if (failed(axis))
    return failure();
  return setParts(op, *value, *axis, SmallVector<int64_t>(op.getNumOutputs(), 1), true);
}

/// SPLIT is axis, value; SPLIT_V value, sizes, axis.
LogicalResult qbias::tfliteimport::importSplit(OperatorView &op) {
  bool isEqual = op.getCode() == Code::SPLIT;
  FailureOr<int64_t> given = op.getInteger(isEqual ? 0 : 2, "axis");
  FailureOr<Value> value = op.getReal(isEqual ? 1 : 0);
  if (failed(given) || failed(value))
    return failure();
  FailureOr<int64_t> axis = op.normalizeAxis(*given, shapeOf(*value).size());
  if (failed(axis))
    return failure();
  int64_t extent = shapeOf(*value)[*axis];
  if (isEqual)
    return setParts(
        op, *value, *axis,
        SmallVector<int64_t>(op.getNumOutputs(), extent / int64_t(op.getNumOutputs())),
        false);
  FailureOr<SmallVector<int64_t>> parts = op.getIntegers(1, "sizes");
  if (failed(parts))
    return failure();
  int64_t known = 0;
  for (int64_t part : *parts)
    known += part == -1 ? 0 : std::clamp<int64_t>(part, 0, extent);
  for (int64_t &part : *parts)
    part = part == -1 ? extent - known : part;
  return setParts(op, *value, *axis, *parts, false);
}

LogicalResult qbias::tfliteimport::importSlice(OperatorView &op) {
  FailureOr<Value> value = op.getReal(0);
  FailureOr<SmallVector<int64_t>> starts = op.getIntegers(1, "begin");
  FailureOr<SmallVector<int64_t>> sizes = op.getIntegers(2, "size");
  if (failed(value) || failed(starts) || failed(sizes))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(*value);
  bool isValid = starts->size() == shape.size() && sizes->size() == shape.size();
  for (size_t d = 0; isValid && d < shape.size(); ++d) {
    int64_t start = (*starts)[d], &size = (*sizes)[d];
    isValid = 0 <= start && start < shape[d];
    size = size == -1 ? shape[d] - start : size;
    isValid = isValid && 1 <= size && size <= shape[d] - start;
  }
  if (!isValid)
    return op.reject("begin and size", "a part of " + text(shape),
                     text(*starts) + " and " + text(*sizes));
  FailureOr<Value> result =
      extract(op, *value, *starts, *sizes, SmallVector<int64_t>(shape.size(), 1));
  return failed(result) ? failure() : op.setReal(*result);
}

namespace {

/// A strided slice with its masks applied.
struct Strided {
  SmallVector<int64_t> starts, sizes, steps;
  SmallVector<int64_t> result; ///< shape behind new and dropped axes
};

} // namespace

/// Where a slice of extent `extent` starts or ends; negative counts from the
/// end.
static int64_t clampBound(int64_t bound, int64_t extent) {
  return std::clamp<int64_t>(bound < 0 ? std::max(bound, -extent) + extent : bound, 0,
                             extent);
}

static FailureOr<Strided> readStrided(const OperatorView &op, ArrayRef<int64_t> shape) {
  auto options = op.getOptions<fb::StridedSliceOptions>();
  FailureOr<SmallVector<int64_t>> begin = op.getIntegers(1, "begin");
  FailureOr<SmallVector<int64_t>> end = op.getIntegers(2, "end");
  FailureOr<SmallVector<int64_t>> strides = op.getIntegers(3, "strides");
  if (failed(options) || failed(begin) || failed(end) || failed(strides))
    return failure();
  size_t count = begin->size();
  if (end->size() != count || strides->size() != count || count > shape.size())
    return op.reject(
        "begin, end and strides", "equal numbers of at most " + Twine(shape.size()),
        Twine(count) + ", " + Twine(end->size()) + " and " + Twine(strides->size()));
  const fb::StridedSliceOptions &o = **options;
  if (o.ellipsis_mask() != 0 || o.new_axis_mask() != 0 || o.offset())
    return op.reject("masks", "no ellipsis, new axis or offset", "one of them");
  Strided slice;
  for (size_t d = 0; d < shape.size(); ++d) {
    auto has = [&](int32_t mask) { return d < 32 && (mask >> d & 1) != 0; };
    bool given = d < count;
    int64_t extent = shape[d], step = given ? (*strides)[d] : 1;
    if (step < 1)
      return op.reject("strides", "positive numbers", text(*strides),
                       "reversing slices are not supported");
    int64_t first = given && !has(o.begin_mask()) ? clampBound((*begin)[d], extent) : 0;
    int64_t last = given && !has(o.end_mask()) ? clampBound((*end)[d], extent) : extent;
    bool drops = given && has(o.shrink_axis_mask());
    if (drops)
      last = std::min(first + 1, extent);
    step = std::min(step, std::max<int64_t>(1, extent));
    slice.starts.push_back(first);
    slice.sizes.push_back(
        llvm::divideCeilSigned(std::max<int64_t>(0, last - first), step));
    slice.steps.push_back(step);
    if (!drops)
      slice.result.push_back(slice.sizes.back());
  }
  if (!isValueShape(slice.sizes))
    return op.reject("slice", "at least one element of " + text(shape),
                     text(slice.sizes));
  return slice;
}

LogicalResult qbias::tfliteimport::importStridedSlice(OperatorView &op) {
  FileTensor *input = op.getInput(0);
  if (!input)
    return failure();
  FailureOr<Strided> slice = readStrided(op, input->shape);
  if (failed(slice))
    return failure();
  bool isList =
      input->constant && input->constant->isShapeArithmetic() && input->shape.size() == 1;
  if (isList) {
    SmallVector<int64_t> values;
    for (int64_t i = 0; i < slice->sizes[0]; ++i)
      values.push_back(
          input->constant->integerAt(slice->starts[0] + i * slice->steps[0]));
    return op.setConstant(ConstantTensor::ofIntegers("", slice->result, values));
  }
  FailureOr<Value> value = op.getReal(0);
  if (failed(value))
    return failure();
  FailureOr<Value> result =
      extract(op, *value, slice->starts, slice->sizes, slice->steps);
  if (succeeded(result))
    result = reshape(op, *result, slice->result);
  return failed(result) ? failure() : op.setReal(*result);
}

//===----------------------------------------------------------------------===//
// Pads
//===----------------------------------------------------------------------===//

/// What PADV2 pads with; PAD pads with real 0.
static FailureOr<double> readPadValue(const OperatorView &op) {
  if (op.getCode() == Code::PAD)
    return 0.0;
  FailureOr<const ConstantTensor *> constant = op.getConstant(2, "pad value");
  if (failed(constant))
    return failure();
  FileTensor *tensor = op.getInput(2);
  if ((*constant)->getNumElements() != 1 ||
      (!tensor->quantization && !(*constant)->isFloat()))
    return op.reject("pad value " + quoted(tensor->name),
                     "one float, or one integer with a scale", tensor->describe());
  double value = 0;
  if (tensor->quantization) // exact: 17 bits times a float32
    value = static_cast<double>((*constant)->integerAt(0) -
                                tensor->quantization->zeroPoints[0]) *
            tensor->quantization->scales[0];
  else
    value = (*constant)->realAt(0);
  if (!std::isfinite(value))
    return op.reject("pad value", "a finite number", realText(value));
  return value;
}

LogicalResult qbias::tfliteimport::importPad(OperatorView &op) {
  constexpr int64_t kMaxPad = int64_t(1) << 24;
  FailureOr<Value> input = op.getReal(0);
  FailureOr<SmallVector<int64_t>> pads = op.getIntegers(1, "paddings");
  FailureOr<double> value = readPadValue(op);
  if (failed(input) || failed(pads) || failed(value))
    return failure();
  SmallVector<int64_t> shape(shapeOf(*input)), low, high;
  if (pads->size() != 2 * shape.size())
    return op.reject("paddings", Twine(2 * shape.size()) + " numbers",
                     Twine(pads->size()));
  for (int64_t pad : *pads)
    if (pad < 0 || pad > kMaxPad)
      return op.reject("paddings", "numbers from 0 to " + Twine(kMaxPad), text(*pads));
  for (size_t d = 0; d < shape.size(); ++d) {
    low.push_back((*pads)[2 * d]);
    high.push_back((*pads)[2 * d + 1]);
    shape[d] += low[d] + high[d];
  }
  FailureOr<RankedTensorType> type = op.makeType(shape, op.getBuilder().getF32Type());
  if (failed(type))
    return failure();
  return op.setReal(op.create<PadOp>(op.getLoc(), *type, *input, low, high,
                                     DenseI64ArrayAttr(), llvm::APFloat(*value)));
}
