//===- Segments.cpp - the numbers behind a layer ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Analysis/Segments.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Numerics/Bounds.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qbias;
using IntRange = numerics::Range;
using numerics::Rational;

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

static IntRange hull(IntRange a, IntRange b) {
  return {std::min(a.min, b.min), std::max(a.max, b.max)};
}

static IntRange centered(IntRange range, int64_t zeroPoint) {
  return {range.min - zeroPoint, range.max - zeroPoint};
}

/// What the declared type of an argument allows.
static IntRange getArgumentRange(BlockArgument argument) {
  auto func = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
  if (func)
    if (auto type = func.getArgAttrOfType<TypeAttr>(argument.getArgNumber(),
                                                    QBiasDialect::kTypeAttr))
      if (auto quantized = dyn_cast<quant::QuantizedType>(type.getValue()))
        return getStorageRange(quantized);
  return getIntegerRange(getElementTypeOrSelf(argument.getType()));
}

/// The clamp of a segment, or its accumulator bounds.
static IntRange getSegmentRange(IntegerSegmentOpInterface op) {
  RequantAttr requant = op.getRequantAttr();
  if (requant.getForm() != RequantForm::Accumulator)
    return {requant.getLo(), requant.getHi()};
  return getIntegerRange(getElementTypeOrSelf(op->getResult(0).getType()));
}

/// The integers of a constant.
static std::optional<IntRange> getConstantRange(Value value) {
  ElementsAttr constant = getConstant(value);
  SmallVector<int64_t> integers;
  if (!constant || !readIntegers(constant, integers) || integers.empty())
    return std::nullopt;
  // Stored without sign.
  auto type = cast<IntegerType>(getElementTypeOrSelf(value.getType()));
  if (type.isUnsigned())
    for (int64_t &q : integers)
      q &= llvm::maskTrailingOnes<uint64_t>(type.getWidth());
  auto [min, max] = std::minmax_element(integers.begin(), integers.end());
  return IntRange{*min, *max};
}

/// The values a movement's result depends on; none where `value` says its own range.
static OperandRange getRangeOperands(Value value) {
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<IntPadOp, tensor::ConcatOp, MaximumOp, MinimumOp, IntMaxPoolOp,
                      TransposeOp, GatherOp, tensor::CollapseShapeOp,
                      tensor::ExpandShapeOp, tensor::ExtractSliceOp>(op))
    return op->getOperands();
  return {nullptr, 0};
}

/// The range of a value from `ranges`, those of its range operands.
static IntRange combineRanges(Value value, ArrayRef<IntRange> ranges) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return getArgumentRange(argument);
  Operation *op = value.getDefiningOp();
  if (auto segment = dyn_cast<IntegerSegmentOpInterface>(op))
    return getSegmentRange(segment);
  if (ranges.empty())
    return getConstantRange(value).value_or(
        getIntegerRange(getElementTypeOrSelf(value.getType())));
  IntRange a = ranges.front();
  if (auto pad = dyn_cast<IntPadOp>(op))
    return hull(a, {int64_t(pad.getValue()), int64_t(pad.getValue())});
  if (isa<MaximumOp, MinimumOp>(op)) {
    IntRange b = ranges.back();
    return isa<MaximumOp>(op) ? IntRange{std::max(a.min, b.min), std::max(a.max, b.max)}
                              : IntRange{std::min(a.min, b.min), std::min(a.max, b.max)};
  }
  for (IntRange b : ranges.drop_front())
    a = isa<tensor::ConcatOp>(op) ? hull(a, b) : a;
  return a;
}

/// Each value below is looked at once, however often it is used.
IntRange qbias::getValueRange(Value value) {
  llvm::DenseMap<Value, IntRange> known;
  SmallVector<Value> pending = {value};
  while (!pending.empty()) {
    Value next = pending.back();
    OperandRange operands = getRangeOperands(next);
    SmallVector<IntRange> ranges;
    for (Value operand : operands)
      if (auto found = known.find(operand); found != known.end())
        ranges.push_back(found->second);
      else
        pending.push_back(operand);
    if (ranges.size() < operands.size())
      continue;
    known[next] = combineRanges(next, ranges);
    pending.pop_back();
  }
  return known[value];
}

//===----------------------------------------------------------------------===//
// Reference
//===----------------------------------------------------------------------===//

static std::optional<Rational> exact(FloatAttr attr) {
  if (!attr)
    return std::nullopt;
  return numerics::exactRational(attr.getValueAsDouble());
}

static numerics::Step getStep(Attribute attribute);

static std::shared_ptr<const numerics::Steps> getSteps(ArrayAttr attributes) {
  auto steps = std::make_shared<numerics::Steps>();
  for (Attribute attribute : attributes)
    steps->steps.push_back(getStep(attribute));
  return steps;
}

static numerics::Step getStep(Attribute attribute) {
  return TypeSwitch<Attribute, numerics::Step>(attribute)
      .Case<ClampStepAttr>([](auto clamp) {
        return numerics::ClampStep{exact(clamp.getLo()), exact(clamp.getHi())};
      })
      .Case<UnaryStepAttr>([](auto unary) {
        numerics::UnaryStep step;
        step.function =
            *numerics::parseUnaryFunction(stringifyUnaryKind(unary.getFunction()));
        step.alpha = exact(unary.getAlpha()).value_or(Rational(0));
        step.beta = exact(unary.getBeta()).value_or(Rational(0));
        return step;
      })
      .Case<LinearStepAttr>([](auto linear) {
        return numerics::LinearStep{exact(linear.getFactor()).value_or(Rational(1)) /
                                        exact(linear.getDivisor()).value_or(Rational(1)),
                                    exact(linear.getOffset()).value_or(Rational(0))};
      })
      .Case<CombineStepAttr>([](auto combine) {
        auto kind = combine.getKind() == CombineKind::Add   ? numerics::CombineKind::Add
                    : combine.getKind() == CombineKind::Sub ? numerics::CombineKind::Sub
                                                            : numerics::CombineKind::Mul;
        return numerics::CombineStep{kind, getSteps(combine.getLhs()),
                                     getSteps(combine.getRhs())};
      })
      .Case<TypeAttr>([](auto type) {
        return numerics::RequantizeStep{
            getParams(cast<quant::QuantizedType>(type.getValue()))};
      });
}

FailureOr<numerics::Chain> qbias::getChain(ReferenceAttr reference) {
  if (!reference.getResult())
    return failure();
  numerics::Chain chain;
  if (reference.getSteps())
    for (Attribute step : reference.getSteps())
      chain.steps.push_back(getStep(step));
  chain.out = getParams(cast<quant::QuantizedType>(reference.getResult().getValue()));
  return chain;
}

//===----------------------------------------------------------------------===//
// Accumulators
//===----------------------------------------------------------------------===//

std::optional<std::vector<IntRange>>
qbias::getProductBounds(ArrayRef<int64_t> weights, int64_t channels, IntRange centered) {
  std::vector<IntRange> bounds(channels);
  size_t taps = weights.size() / channels;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t w : weights.slice(c * taps, taps))
      if (!numerics::addTap(bounds[c], w, centered))
        return std::nullopt;
  return bounds;
}

/// Operand scales of the reference, exact.
static Rational operandScale(IntegerSegmentOpInterface op, unsigned index) {
  return *numerics::exactRational(op.getReferenceAttr().getOperands()[index]);
}

/// Fills unit, offset and bias of weighted channels from the reference.
static FailureOr<std::vector<ChannelSegment>>
getWeightedChannels(IntegerSegmentOpInterface op, ArrayRef<int64_t> weights, Value bias,
                    IntRange input) {
  int64_t channels = op.getRequantChannels();
  ReferenceAttr reference = op.getReferenceAttr();
  FailureOr<ExactArray> scales = ExactArray::get(reference.getWeights(), {});
  FailureOr<ExactArray> biases = failure();
  if (reference.getBias())
    biases = ExactArray::get(reference.getBias(), reference.getBiasUnit());
  auto hasLength = [&](const ExactArray &array) {
    return array.size() == 1 || array.size() == size_t(channels);
  };
  if (failed(scales) || !hasLength(*scales) ||
      (reference.getBias() && (failed(biases) || !hasLength(*biases))))
    return op->emitOpError("reference expects one finite weight scale and bias, "
                           "or one for each of ")
           << channels << " channels";
  SmallVector<int64_t> integers(channels, 0);
  if (bias && (!readIntegers(bias, integers) || int64_t(integers.size()) != channels))
    return op->emitOpError("expects a constant bias of ") << channels << " integers";
  auto bounds = getProductBounds(weights, channels, input);
  if (!bounds)
    return op->emitOpError("accumulator bound leaves 64 bits");
  std::vector<ChannelSegment> segments(channels);
  for (int64_t c = 0; c < channels; ++c) {
    ChannelSegment &segment = segments[c];
    segment.unit = operandScale(op, 0) * scales->at(c);
    segment.bias = integers[c];
    Rational integer(numerics::fromInt64(integers[c]));
    Rational real = reference.getBias() ? biases->at(c) : Rational(0);
    segment.offset = real - integer * segment.unit;
    if (llvm::AddOverflow((*bounds)[c].min, integers[c], segment.acc.min) ||
        llvm::AddOverflow((*bounds)[c].max, integers[c], segment.acc.max))
      return op->emitOpError("accumulator bound leaves 64 bits in channel ") << c;
  }
  return segments;
}

static FailureOr<std::vector<ChannelSegment>> getConvChannels(IntConv2DOp op) {
  SmallVector<int64_t> weights;
  if (!readIntegers(op.getWeight(), weights))
    return op.emitOpError("expects constant weights");
  IntRange input = centered(getValueRange(op.getInput()), op.getInputZp());
  if (llvm::any_of(op.getPads(), [](int64_t pad) { return pad > 0; }))
    input = numerics::withPadding(input);
  return getWeightedChannels(cast<IntegerSegmentOpInterface>(op.getOperation()), weights,
                             op.getBias(), input);
}

/// Two activations: every channel has the bound of its types and reduction
/// length.
static FailureOr<std::vector<ChannelSegment>> getActivationProduct(IntMatmulOp op) {
  auto segmentOp = cast<IntegerSegmentOpInterface>(op.getOperation());
  IntRange a = centered(getValueRange(op.getLhs()), op.getLhsZp());
  IntRange b = centered(getValueRange(op.getRhs()), op.getRhsZp());
  int64_t length = op.getLhs().getType().getShape().back();
  std::optional<IntRange> bound = numerics::productSumBound(a, b, length);
  if (!bound)
    return op.emitOpError("accumulator bound leaves 64 bits");
  if (op.getBias())
    return op.emitOpError("expects no bias on a product of two activations");
  ChannelSegment segment;
  segment.unit = operandScale(segmentOp, 0) * operandScale(segmentOp, 1);
  segment.acc = *bound;
  return std::vector<ChannelSegment>(segmentOp.getRequantChannels(), segment);
}

static FailureOr<std::vector<ChannelSegment>> getMatmulChannels(IntMatmulOp op) {
  if (!op.getReference().getWeights())
    return getActivationProduct(op);
  SmallVector<int64_t> weights;
  if (!readIntegers(op.getRhs(), weights) || op.getRhsZp() != 0)
    return op.emitOpError("expects constant weights with zero point 0");
  return getWeightedChannels(cast<IntegerSegmentOpInterface>(op.getOperation()), weights,
                             op.getBias(),
                             centered(getValueRange(op.getLhs()), op.getLhsZp()));
}

static FailureOr<std::vector<ChannelSegment>> getMulChannels(IntMulOp op) {
  auto segmentOp = cast<IntegerSegmentOpInterface>(op.getOperation());
  IntRange a = centered(getValueRange(op.getLhs()), op.getLhsZp());
  IntRange b = centered(getValueRange(op.getRhs()), op.getRhsZp());
  ChannelSegment segment;
  segment.unit = operandScale(segmentOp, 0) * operandScale(segmentOp, 1);
  segment.acc = *numerics::productSumBound(a, b, 1);
  return std::vector<ChannelSegment>{segment};
}

/// S is at most kernel size times the centered range; positions that are
/// padded contribute 0.
static FailureOr<std::vector<ChannelSegment>> getPoolChannels(IntAvgPoolOp op) {
  auto segmentOp = cast<IntegerSegmentOpInterface>(op.getOperation());
  IntRange input = centered(getValueRange(op.getInput()), op.getInputZp());
  bool padded = llvm::any_of(op.getPads(), [](int64_t pad) { return pad > 0; });
  if (padded && op.getCountIncludePad())
    input = numerics::withPadding(input);
  std::vector<ChannelSegment> segments;
  for (int64_t divisor : op.getDivisors()) {
    ChannelSegment segment;
    segment.unit = operandScale(segmentOp, 0) / Rational(numerics::fromInt64(divisor));
    segment.acc = {input.min * divisor, input.max * divisor};
    segments.push_back(segment);
  }
  return segments;
}

FailureOr<std::vector<ChannelSegment>>
qbias::getChannelSegments(IntegerSegmentOpInterface op) {
  using Result = FailureOr<std::vector<ChannelSegment>>;
  return TypeSwitch<Operation *, Result>(op)
      .Case<IntConv2DOp>(getConvChannels)
      .Case<IntMatmulOp>(getMatmulChannels)
      .Case<IntMulOp>(getMulChannels)
      .Case<IntAvgPoolOp>(getPoolChannels)
      .Case<IntRequantizeOp>([&](IntRequantizeOp requantize) -> Result {
        ChannelSegment segment;
        segment.unit = operandScale(op, 0);
        segment.acc =
            centered(getValueRange(requantize.getInput()), requantize.getInputZp());
        return std::vector<ChannelSegment>{segment};
      })
      .Default([](Operation *other) -> Result {
        return other->emitOpError("has no accumulator");
      });
}

//===----------------------------------------------------------------------===//
// Two operands, tables
//===----------------------------------------------------------------------===//

FailureOr<numerics::SumSegment> qbias::getSumSegment(IntAddOp op) {
  auto segmentOp = cast<IntegerSegmentOpInterface>(op.getOperation());
  FailureOr<numerics::Chain> chain = getChain(op.getReference());
  if (failed(chain))
    return op.emitOpError("expects a reference with a result type");
  numerics::SumSegment segment;
  segment.scaleA = operandScale(segmentOp, 0);
  segment.scaleB = operandScale(segmentOp, 1);
  segment.zeroPointA = op.getLhsZp();
  segment.zeroPointB = op.getRhsZp();
  segment.a = getValueRange(op.getLhs());
  segment.b = getValueRange(op.getRhs());
  segment.chain = *chain;
  return segment;
}

numerics::SumSegment qbias::overTypes(IntAddOp op, numerics::SumSegment segment) {
  segment.a = getIntegerRange(getElementTypeOrSelf(op.getLhs().getType()));
  segment.b = getIntegerRange(getElementTypeOrSelf(op.getRhs().getType()));
  return segment;
}

FailureOr<std::vector<numerics::AccumulatorSumSegment>>
qbias::getAccumulatorSumSegments(IntegerSegmentOpInterface op) {
  FailureOr<numerics::Chain> chain = getChain(op.getReferenceAttr());
  FailureOr<std::vector<ChannelSegment>> channels = getChannelSegments(op);
  if (failed(chain) || failed(channels))
    return failure();
  SmallVector<Value> activations = op.getActivations();
  ArrayRef<double> scales = op.getReferenceAttr().getOperands();
  std::vector<numerics::AccumulatorSumSegment> segments;
  for (const ChannelSegment &channel : *channels) {
    numerics::AccumulatorSumSegment segment;
    segment.unit = channel.unit;
    segment.offset = channel.offset;
    segment.acc = channel.acc;
    segment.scale = *numerics::exactRational(scales.back());
    segment.zeroPoint = op.getAddendZeroPoint();
    segment.operand = getValueRange(activations.back());
    segment.chain = *chain;
    segments.push_back(segment);
  }
  return segments;
}

FailureOr<numerics::QuantParams> qbias::getLookupInput(IntLookupOp op) {
  numerics::QuantParams params;
  params.scale = *numerics::exactRational(op.getReference().getOperands()[0]);
  params.zeroPoint = op.getInputZp();
  params.storage = getIntegerRange(op.getInput().getType().getElementType());
  return params;
}
