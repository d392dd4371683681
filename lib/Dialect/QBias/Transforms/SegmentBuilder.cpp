//===- SegmentBuilder.cpp - integer operations from segments ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per form of N13. Each collects the integer operands and the
// exact reference, and starts with the plain recipe m = rnd(M * 2^k),
// r = 2^(k-1) + (z_y << k); --qbias-certify replaces it by a proven one.
//
//===----------------------------------------------------------------------===//

#include "SegmentBuilder.h"

#include "ElementwiseSteps.h"

#include "WeightedLayer.h"

#include "qbias/Analysis/Operands.h"
#include "qbias/Analysis/Segments.h"
#include "qbias/Analysis/Softmax.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Dialect/QBias/IR/Windows.h"
#include "qbias/Numerics/Table.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace qbias;

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

/// The layer's own name with the tensor the segment ends in below it, so that
/// diagnostics and --mlir-use-nameloc-as-prefix show the layer.
static Location getSegmentLoc(Operation *op, const SegmentEnd &end) {
  auto name = StringAttr::get(op->getContext(), getLayerName(op));
  return NameLoc::get(name, end.loc);
}

static LayerAttr getLayer(Operation *op, const SegmentEnd &end) {
  MLIRContext *context = op->getContext();
  auto source = op->getAttrOfType<StringAttr>(QBiasDialect::kSourceAttr);
  if (!source)
    source = StringAttr::get(context, op->getName().getStringRef());
  return LayerAttr::get(context, StringAttr::get(context, getLayerName(op)), source,
                        StringAttr::get(context, end.tensor));
}

static ReferenceAttr getReference(MLIRContext *context, ArrayRef<double> operands,
                                  const SegmentEnd &end, ElementsAttr weights = {},
                                  BiasOp bias = {}) {
  return ReferenceAttr::get(
      context, DenseF64ArrayAttr::get(context, operands), weights,
      bias ? bias.getValue() : ElementsAttr(), bias ? bias.getUnitAttr() : ElementsAttr(),
      end.steps.empty() ? ArrayAttr() : ArrayAttr::get(context, end.steps),
      end.type ? TypeAttr::get(end.type) : TypeAttr());
}

/// m and k of the plain recipe for each real multiplier, all with the same
/// clamp; `addendMultiplier` (one number) shares every k.
static RequantAttr getPlainRequant(ReferenceAttr reference, ArrayRef<double> multipliers,
                                   std::optional<double> addendMultiplier,
                                   StringRef name) {
  MLIRContext *context = reference.getContext();
  FailureOr<numerics::Chain> chain = getChain(reference);
  if (failed(chain))
    return RequantAttr::get(context, RequantMode::Exact, RequantForm::Accumulator, {}, {},
                            {}, {}, {}, 0, 0, 0);
  numerics::Range output = chain->outputRange();
  SmallVector<int64_t> m, m2, k, r;
  for (double multiplier : multipliers) {
    numerics::Requant plain =
        numerics::plainRecipe(multiplier, chain->out.zeroPoint, output);
    // An output step beyond the reach of any sum: every m up to its 1 is as good.
    m.push_back(std::max<int64_t>(plain.multiplier, 1));
    k.push_back(plain.shift);
    r.push_back(plain.rounding);
    if (addendMultiplier)
      m2.push_back(std::llround(std::ldexp(*addendMultiplier, plain.shift)));
  }
  return RequantAttr::get(
      context, RequantMode::Exact, RequantForm::Affine,
      makeIntegers(context, m, (name + ".multiplier").str()),
      addendMultiplier ? makeIntegers(context, m2, (name + ".addend_multiplier").str())
                       : ElementsAttr(),
      makeIntegers(context, k, (name + ".shift").str()),
      makeIntegers(context, r, (name + ".rounding").str()), {}, 0, output.min,
      output.max);
}

/// Operands that enter as raw integers have their zero points inside r:
/// r - zeroPoint * m - addendZeroPoint * addend multiplier.
static RequantAttr takeRawOperands(RequantAttr requant, int64_t zeroPoint,
                                   int64_t addendZeroPoint, StringRef name) {
  SmallVector<int64_t> m, m2, r;
  if (requant.getForm() != RequantForm::Affine ||
      !readIntegers(requant.getMultiplier(), m) ||
      !readIntegers(requant.getAddendMultiplier(), m2) ||
      !readIntegers(requant.getRounding(), r))
    return requant;
  for (size_t c = 0; c < r.size(); ++c)
    r[c] -= zeroPoint * m[c] + addendZeroPoint * m2[c];
  return RequantAttr::get(
      requant.getContext(), requant.getMode(), requant.getForm(), requant.getMultiplier(),
      requant.getAddendMultiplier(), requant.getShift(),
      makeIntegers(requant.getContext(), r, (name + ".rounding").str()), {},
      requant.getZeroPoint(), requant.getLo(), requant.getHi());
}

static double scaleOf(DequantizeOp op) {
  return cast<quant::UniformQuantizedType>(getQuantElement(op.getInput().getType()))
      .getScale();
}

static int64_t zeroPointOf(DequantizeOp op) {
  return cast<quant::UniformQuantizedType>(getQuantElement(op.getInput().getType()))
      .getZeroPoint();
}

static bool isPerTensor(DequantizeOp op) {
  return op && !getAxis(getQuantElement(op.getInput().getType()));
}

static double scaleOf(quant::QuantizedType type) {
  return cast<quant::UniformQuantizedType>(type).getScale();
}

/// Result type of an operation that computes `shape`.
static RankedTensorType getResultType(RankedTensorType shape, const SegmentEnd &end,
                                      bool isWide) {
  Type element = end.type ? getIntegerType(end.type)
                          : IntegerType::get(shape.getContext(), isWide ? 64 : 32);
  return shape.clone(element);
}

SegmentBuilder::Result SegmentBuilder::noForm(Operation *op, const SegmentEnd &end,
                                              StringRef why) {
  InFlightDiagnostic diagnostic =
      emitError(op->getLoc()) << "the segment that ends in tensor '" << end.tensor
                              << "' has no integer form at '" << getLayerName(op) << "' ("
                              << op->getName().getStringRef() << "): " << why;
  for (Value operand : op->getOperands())
    if (Operation *producer = operand.getDefiningOp();
        isRealTensor(operand.getType()) && producer && !isa<DequantizeOp>(producer))
      diagnostic.attachNote(producer->getLoc())
          << "quantize this tensor, '" << getValueName(operand) << "', computed by "
          << producer->getName().getStringRef();
  return failure();
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

/// Steps after an accumulator have to be monotone (N13a).
static bool hasMonotoneChain(ReferenceAttr reference) {
  FailureOr<numerics::Chain> chain = getChain(reference);
  return failed(chain) || chain->isMonotone();
}

static constexpr StringLiteral kNotMonotone =
    "expects a monotone function between a sum and its quantize; quantize the "
    "input of that function";

FailureOr<SegmentBuilder::WeightedSegment>
SegmentBuilder::prepareWeighted(AccumulatorOpInterface layer, Addend addend,
                                const SegmentEnd &end) {
  FailureOr<Weighted> weighted = getWeighted(builder, layer);
  if (failed(weighted)) {
    (void)noForm(layer, end,
                 "expects quantized operands, constant weights with one scale in all "
                 "or for each output channel, and a constant bias");
    return failure();
  }
  SmallVector<double> scales = {scaleOf(weighted->operands.input)};
  std::optional<double> addendMultiplier;
  if (addend.op) {
    scales.push_back(addend.negate ? -scaleOf(addend.op) : scaleOf(addend.op));
    addendMultiplier = scales.back() / scaleOf(end.type);
  }
  WeightedSegment segment;
  segment.reference =
      getReference(layer->getContext(), scales, end, weighted->scales, weighted->bias);
  if (!llvm::all_of(weighted->operands.weights,
                    [](int64_t w) { return w == static_cast<int16_t>(w); })) {
    (void)noForm(layer, end,
                 "expects weights that fit 16 bits after their zero point is "
                 "subtracted");
    return failure();
  }
  if (!hasMonotoneChain(segment.reference)) {
    (void)noForm(layer, end, kNotMonotone);
    return failure();
  }
  segment.requant =
      getPlainRequant(segment.reference,
                      getMultipliers(weighted->operands, layer.getOutputChannels(), end),
                      addendMultiplier, getLayerName(layer));
  if (addend.op)
    segment.requant =
        takeRawOperands(segment.requant, 0, zeroPointOf(addend.op), getLayerName(layer));
  auto input = layer.getActivationOperand().get().getDefiningOp<DequantizeOp>();
  segment.input = integers.lookup(input.getInput());
  segment.inputZeroPoint = builder.getI64IntegerAttr(zeroPointOf(input));
  segment.weights = weighted->weights;
  segment.bias = weighted->biasConstant;
  segment.biasCase = weighted->bias ? weighted->bias.getKindAttr() : BiasCaseAttr();
  if (addend.op)
    segment.addend = integers.lookup(addend.op.getInput());
  segment.addendZeroPoint =
      builder.getI64IntegerAttr(addend.op ? zeroPointOf(addend.op) : 0);
  segment.type = getResultType(cast<RankedTensorType>(layer->getResult(0).getType()), end,
                               weighted->isWide);
  return segment;
}

SegmentBuilder::Result SegmentBuilder::buildConvolution(Conv2DOp op, Addend addend,
                                                        const SegmentEnd &end) {
  auto s = prepareWeighted(cast<AccumulatorOpInterface>(op.getOperation()), addend, end);
  if (failed(s))
    return failure();
  return IntConv2DOp::create(
             builder, getSegmentLoc(op, end), s->type, s->input, s->weights, s->bias,
             s->addend, s->inputZeroPoint, op.getStridesAttr(), op.getPadsAttr(),
             op.getDilationsAttr(), op.getGroupsAttr(), s->addendZeroPoint, s->biasCase,
             s->reference, s->requant, BoundsAttr(), CertificateAttr(), getLayer(op, end))
      .getResult();
}

SegmentBuilder::Result SegmentBuilder::buildMatmul(MatmulOp op, Addend addend,
                                                   const SegmentEnd &end) {
  auto layer = cast<AccumulatorOpInterface>(op.getOperation());
  if (op.getRhs().getDefiningOp<DequantizeOp>() && !hasOperands(layer) && !addend.op &&
      !op.getBias())
    return buildActivationProduct(op, end);
  auto s = prepareWeighted(layer, addend, end);
  if (failed(s))
    return failure();
  return IntMatmulOp::create(builder, getSegmentLoc(op, end), s->type, s->input,
                             s->weights, s->bias, s->addend, s->inputZeroPoint,
                             builder.getI64IntegerAttr(0), s->addendZeroPoint,
                             s->biasCase, s->reference, s->requant, BoundsAttr(),
                             CertificateAttr(), getLayer(op, end))
      .getResult();
}

SegmentBuilder::Result SegmentBuilder::buildActivationProduct(MatmulOp op,
                                                              const SegmentEnd &end) {
  auto lhs = op.getLhs().getDefiningOp<DequantizeOp>();
  auto rhs = op.getRhs().getDefiningOp<DequantizeOp>();
  if (!isPerTensor(lhs) || !isPerTensor(rhs))
    return noForm(op, end,
                  "expects two operands quantized per tensor, or constant weights with "
                  "one scale for each output channel");
  ReferenceAttr reference =
      getReference(op->getContext(), {scaleOf(lhs), scaleOf(rhs)}, end);
  if (!hasMonotoneChain(reference))
    return noForm(op, end, kNotMonotone);
  int64_t channels = cast<AccumulatorOpInterface>(op.getOperation()).getOutputChannels();
  SmallVector<double> multipliers;
  if (end.type)
    multipliers.assign(channels, scaleOf(lhs) * scaleOf(rhs) / scaleOf(end.type));
  RequantAttr requant =
      getPlainRequant(reference, multipliers, std::nullopt, getLayerName(op));
  return IntMatmulOp::create(
             builder, getSegmentLoc(op, end), getResultType(op.getType(), end, false),
             integers.lookup(lhs.getInput()), integers.lookup(rhs.getInput()), Value(),
             Value(), builder.getI64IntegerAttr(zeroPointOf(lhs)),
             builder.getI64IntegerAttr(zeroPointOf(rhs)), builder.getI64IntegerAttr(0),
             BiasCaseAttr(), reference, requant, BoundsAttr(), CertificateAttr(),
             getLayer(op, end))
      .getResult();
}

/// Sum or difference: of two quantized tensors (N11), or of an accumulator and
/// a quantized tensor (N11b).
SegmentBuilder::Result SegmentBuilder::buildSum(Operation *op, bool negate,
                                                const SegmentEnd &end) {
  if (!end.type)
    return noForm(op, end, "expects a quantize after a sum of two tensors");
  Value values[2] = {op->getOperand(0), op->getOperand(1)};
  DequantizeOp sides[2] = {values[0].getDefiningOp<DequantizeOp>(),
                           values[1].getDefiningOp<DequantizeOp>()};
  for (int i = 0; i < 2; ++i) {
    Operation *producer = values[i].getDefiningOp();
    // The accumulator may not be subtracted: its multiplier is positive.
    if (!isPerTensor(sides[1 - i]) || (negate && i == 1) ||
        values[i].getType() != op->getResult(0).getType() ||
        values[1 - i].getType() != op->getResult(0).getType())
      continue;
    if (auto conv = dyn_cast_or_null<Conv2DOp>(producer))
      return buildConvolution(conv, {sides[1 - i], negate}, end);
    if (auto matmul = dyn_cast_or_null<MatmulOp>(producer))
      return buildMatmul(matmul, {sides[1 - i], negate}, end);
  }
  if (!isPerTensor(sides[0]) || !isPerTensor(sides[1]))
    return noForm(op, end,
                  "expects two quantized operands, or a convolution or "
                  "matrix product and a quantized operand");
  double scales[2] = {scaleOf(sides[0]), scaleOf(sides[1]) * (negate ? -1 : 1)};
  ReferenceAttr reference = getReference(op->getContext(), scales, end);
  RequantAttr requant = getPlainRequant(reference, {scales[0] / scaleOf(end.type)},
                                        scales[1] / scaleOf(end.type), getLayerName(op));
  requant = takeRawOperands(requant, zeroPointOf(sides[0]), zeroPointOf(sides[1]),
                            getLayerName(op));
  return IntAddOp::create(
             builder, getSegmentLoc(op, end),
             getResultType(cast<RankedTensorType>(op->getResult(0).getType()), end,
                           false),
             integers.lookup(sides[0].getInput()), integers.lookup(sides[1].getInput()),
             builder.getI64IntegerAttr(zeroPointOf(sides[0])),
             builder.getI64IntegerAttr(zeroPointOf(sides[1])), reference, requant,
             BoundsAttr(), CertificateAttr(), getLayer(op, end))
      .getResult();
}

SegmentBuilder::Result SegmentBuilder::buildProduct(MulOp op, const SegmentEnd &end) {
  auto lhs = op.getLhs().getDefiningOp<DequantizeOp>();
  auto rhs = op.getRhs().getDefiningOp<DequantizeOp>();
  if (!end.type || !isPerTensor(lhs) || !isPerTensor(rhs))
    return noForm(op, end, "expects two quantized operands and a quantize after");
  ReferenceAttr reference =
      getReference(op->getContext(), {scaleOf(lhs), scaleOf(rhs)}, end);
  if (!hasMonotoneChain(reference))
    return noForm(op, end, kNotMonotone);
  RequantAttr requant =
      getPlainRequant(reference, {scaleOf(lhs) * scaleOf(rhs) / scaleOf(end.type)},
                      std::nullopt, getLayerName(op));
  return IntMulOp::create(
             builder, getSegmentLoc(op, end), getResultType(op.getType(), end, false),
             integers.lookup(lhs.getInput()), integers.lookup(rhs.getInput()),
             builder.getI64IntegerAttr(zeroPointOf(lhs)),
             builder.getI64IntegerAttr(zeroPointOf(rhs)), reference, requant,
             BoundsAttr(), CertificateAttr(), getLayer(op, end))
      .getResult();
}

SegmentBuilder::Result SegmentBuilder::buildMean(PoolOp op, const SegmentEnd &end) {
  auto input = op.getInput().getDefiningOp<DequantizeOp>();
  if (!isPerTensor(input))
    return noForm(op, end, "expects a quantized input");
  Window window{op.getKernel(), op.getStrides(), op.getPads(), op.getDilations()};
  SmallVector<int64_t> divisors =
      poolDivisors(window, cast<RankedTensorType>(op.getInput().getType()).getShape(),
                   op.getType().getShape(), op.getCountIncludePad());
  if (!end.type && divisors.size() > 1)
    return noForm(op, end, "expects a quantize after a mean that does not count padding");
  ReferenceAttr reference = getReference(op->getContext(), {scaleOf(input)}, end);
  if (!hasMonotoneChain(reference))
    return noForm(op, end, kNotMonotone);
  SmallVector<double> multipliers;
  for (int64_t divisor : divisors)
    if (end.type)
      multipliers.push_back(scaleOf(input) / divisor / scaleOf(end.type));
  RequantAttr requant =
      getPlainRequant(reference, multipliers, std::nullopt, getLayerName(op));
  return IntAvgPoolOp::create(
             builder, getSegmentLoc(op, end), getResultType(op.getType(), end, false),
             integers.lookup(input.getInput()),
             builder.getI64IntegerAttr(zeroPointOf(input)), op.getKernelAttr(),
             op.getStridesAttr(), op.getPadsAttr(), op.getDilationsAttr(),
             op.getCountIncludePadAttr(), builder.getDenseI64ArrayAttr(divisors),
             reference, requant, BoundsAttr(), CertificateAttr(), getLayer(op, end))
      .getResult();
}

/// Any chain of elementwise functions of one quantized operand: one table
/// (N13d), or for wide operands and linear functions a requantization.
/// A staircase has one threshold per output level.
static constexpr unsigned kMaxOutputBits = 16;

SegmentBuilder::Result SegmentBuilder::buildSoftmax(SoftmaxOp op, const SegmentEnd &end) {
  auto input = op.getInput().getDefiningOp<DequantizeOp>();
  if (!end.type || !end.steps.empty() || !isPerTensor(input) ||
      getQuantElement(input.getInput().getType()).getStorageTypeIntegralWidth() >
          kMaxOutputBits)
    return noForm(op, end, "expects an operand of at most 16 bits and a quantize");
  return buildIntSoftmax(
      builder, getSegmentLoc(op, end), integers.lookup(input.getInput()), scaleOf(input),
      op.getBeta().convertToDouble(), end.type, /*tflite=*/false, getLayer(op, end));
}

SegmentBuilder::Result SegmentBuilder::buildElementwise(DequantizeOp op,
                                                        const SegmentEnd &end) {
  constexpr unsigned kTableBits = 8, kMaxTableBits = 16;
  if (!isPerTensor(op) || !end.type)
    return noForm(op, end, "expects a per-tensor quantized operand and a quantize");
  ReferenceAttr reference = getReference(op->getContext(), {scaleOf(op)}, end);
  FailureOr<numerics::Chain> chain = getChain(reference);
  Value input = integers.lookup(op.getInput());
  auto inputType = cast<RankedTensorType>(input.getType());
  RankedTensorType type = getResultType(inputType, end, false);
  Location loc = NameLoc::get(builder.getStringAttr(end.tensor), end.loc);
  MLIRContext *context = op->getContext();
  LayerAttr layer = LayerAttr::get(context, builder.getStringAttr(end.tensor),
                                   builder.getStringAttr("QuantizeLinear"),
                                   builder.getStringAttr(end.tensor));
  IntegerAttr zeroPoint = builder.getI64IntegerAttr(zeroPointOf(op));
  // A wide table only where a multiplier and a shift do not do.
  unsigned width = inputType.getElementTypeBitWidth();
  bool isLinear = chain->linearPart() && chain->isMonotone();
  if (width > kMaxTableBits && !isLinear)
    return noForm(op, end, "expects an operand of at most 16 bits");
  if (width > kTableBits && isLinear) {
    RequantAttr requant = getPlainRequant(reference, {scaleOf(op) / scaleOf(end.type)},
                                          std::nullopt, end.tensor);
    return IntRequantizeOp::create(builder, loc, type, input, zeroPoint, reference,
                                   requant, BoundsAttr(), CertificateAttr(), layer)
        .getResult();
  }
  numerics::QuantParams params = getParams(getQuantElement(op.getInput().getType()));
  params.storage = getIntegerRange(inputType.getElementType());
  std::vector<int64_t> table = numerics::buildTable(params, *chain);
  numerics::Range output = chain->outputRange();
  auto requant = RequantAttr::get(context, RequantMode::Exact, RequantForm::Table, {}, {},
                                  {}, {}, {}, 0, output.min, output.max);
  auto tableType = RankedTensorType::get({int64_t(table.size())}, builder.getI32Type());
  return IntLookupOp::create(builder, loc, type, input, zeroPoint,
                             makeIntegers(tableType, table, end.tensor + ".table"),
                             reference, requant, BoundsAttr(), CertificateAttr(), layer)
      .getResult();
}

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

/// Every tensor that a segment ending in `op` reads has integers. Weights are
/// read from their constant.
static bool hasIntegers(Operation *end, const IRMapping &integers) {
  SmallPtrSet<Operation *, 8> seen = {end}; // operands may be shared
  SmallVector<Operation *> pending = {end};
  while (!pending.empty()) {
    Operation *op = pending.pop_back_val();
    auto dequantize = dyn_cast<DequantizeOp>(op);
    if (dequantize && !integers.contains(dequantize.getInput()))
      return false;
    auto layer = dyn_cast<AccumulatorOpInterface>(op);
    bool hasWeights = layer && hasOperands(layer);
    for (OpOperand &operand : op->getOpOperands()) {
      Operation *producer = operand.get().getDefiningOp();
      bool isWeight = hasWeights && &operand == &layer.getWeightOperand();
      if (!dequantize && !isWeight && seen.insert(producer).second &&
          isa_and_nonnull<DequantizeOp, AccumulatorOpInterface>(producer))
        pending.push_back(producer);
    }
  }
  return true;
}

SegmentBuilder::Result SegmentBuilder::build(Value real, const SegmentEnd &end) {
  Operation *op = real.getDefiningOp();
  if (!op) {
    emitError(real.getLoc()) << "float tensor '" << getValueName(real)
                             << "' has no single quantize, expected one before tensor '"
                             << end.tensor << "'; quantize it once, with one scale";
    return failure();
  }
  if (end.type && end.type.getStorageTypeIntegralWidth() > kMaxOutputBits)
    return noForm(op, end, "expects an output of at most 16 bits");
  if (!isEvaluable(end.steps))
    return noForm(op, end, "expects fewer functions between two quantizes");
  if (!hasIntegers(op, integers))
    return noForm(op, end, "expects tensors that are computed or plain constants");
  if (auto conv = dyn_cast<Conv2DOp>(op))
    return buildConvolution(conv, {}, end);
  if (auto matmul = dyn_cast<MatmulOp>(op))
    return buildMatmul(matmul, {}, end);
  if (isa<AddOp, SubOp>(op))
    return buildSum(op, isa<SubOp>(op), end);
  if (auto mul = dyn_cast<MulOp>(op))
    return buildProduct(mul, end);
  if (auto pool = dyn_cast<PoolOp>(op); pool && pool.getKind() == PoolKind::Avg)
    return buildMean(pool, end);
  if (auto softmax = dyn_cast<SoftmaxOp>(op))
    return buildSoftmax(softmax, end);
  if (auto dequantize = dyn_cast<DequantizeOp>(op))
    return buildElementwise(dequantize, end);
  return noForm(op, end,
                "expects a sum, product, mean or elementwise function of "
                "quantized tensors");
}
