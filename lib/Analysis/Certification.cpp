//===- Certification.cpp - solve and prove one layer ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Analysis/Certification.h"
#include "qbias/Analysis/Segments.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Numerics/Bounds.h"
#include "qbias/Numerics/Table.h"

using namespace mlir;
using namespace qbias;
using numerics::Form;
using IntRange = numerics::Range;

/// A table over the accumulator is used up to this many entries; beyond it the
/// threshold form is smaller.
static constexpr int64_t kMaxAccumulatorTable = int64_t(1) << 14;

/// Widest output that always has an exact form: at most 255 thresholds.
static constexpr unsigned kThresholdBits = 8;

namespace {

/// Everything about a layer with one accumulator.
struct Layer {
  IntegerSegmentOpInterface op;
  numerics::Chain chain;
  std::vector<ChannelSegment> channels;
  std::vector<numerics::Staircase> staircases;
};

/// Columns of a RequantAttr while it is filled.
struct Columns {
  SmallVector<int64_t> multiplier, addendMultiplier, shift, rounding;
  SmallVector<int64_t> roundingMin, roundingMax;
};

} // namespace

static std::string arrayName(IntegerSegmentOpInterface op, StringRef what) {
  return getLayerName(op) + "." + what.str();
}

static ElementsAttr makeArray(IntegerSegmentOpInterface op, ArrayRef<int64_t> values,
                              StringRef what) {
  return values.empty() ? ElementsAttr()
                        : makeIntegers(op->getContext(), values, arrayName(op, what));
}

static RequantForm toAttr(Form form) {
  return *symbolizeRequantForm(numerics::formName(form));
}

static RequantAttr makeRequant(IntegerSegmentOpInterface op, Form form,
                               const Columns &columns, int64_t zeroPoint,
                               IntRange output, ElementsAttr thresholds = {}) {
  return RequantAttr::get(op->getContext(), RequantMode::Exact, toAttr(form),
                          makeArray(op, columns.multiplier, "multiplier"),
                          makeArray(op, columns.addendMultiplier, "addend_multiplier"),
                          makeArray(op, columns.shift, "shift"),
                          makeArray(op, columns.rounding, "rounding"), thresholds,
                          zeroPoint, output.min, output.max);
}

static void setBounds(IntegerSegmentOpInterface op, ArrayRef<IntRange> ranges) {
  SmallVector<int64_t> min, max;
  for (IntRange range : ranges) {
    min.push_back(range.min);
    max.push_back(range.max);
  }
  op.setBoundsAttr(BoundsAttr::get(op->getContext(), makeArray(op, min, "acc_min"),
                                   makeArray(op, max, "acc_max")));
}

static void setCertificate(IntegerSegmentOpInterface op, int64_t channels,
                           int64_t certified, const Columns &columns) {
  op.setCertificateAttr(CertificateAttr::get(
      op->getContext(), channels, certified,
      makeArray(op, columns.roundingMin, "rounding_min"),
      makeArray(op, columns.roundingMax, "rounding_max")));
}

static SmallVector<IntRange> rangesOf(ArrayRef<ChannelSegment> channels) {
  return llvm::map_to_vector(channels, [](const ChannelSegment &c) { return c.acc; });
}

//===----------------------------------------------------------------------===//
// One accumulator
//===----------------------------------------------------------------------===//

/// The accumulator form has an i32 result only when every sum fits (N9).
static LogicalResult checkAccumulatorResult(IntegerSegmentOpInterface op,
                                            ArrayRef<ChannelSegment> channels) {
  if (!getElementTypeOrSelf(op->getResult(0).getType()).isInteger(32))
    return success();
  for (auto [c, channel] : llvm::enumerate(channels))
    if (!numerics::fitsInt32(channel.acc))
      return op->emitOpError("accumulator of channel ")
             << c << " reaches [" << channel.acc.min << ", " << channel.acc.max
             << "], which an i32 does not hold";
  return success();
}

static FailureOr<Layer> getLayer(IntegerSegmentOpInterface op) {
  FailureOr<std::vector<ChannelSegment>> channels = getChannelSegments(op);
  if (failed(channels))
    return failure();
  Layer layer{op, {}, std::move(*channels), {}};
  if (op.getRequantAttr().getForm() == RequantForm::Accumulator)
    return layer;
  FailureOr<numerics::Chain> chain = getChain(op.getReferenceAttr());
  if (failed(chain) || !chain->isMonotone())
    return op->emitOpError("expects a monotone reference that ends in a quantize");
  layer.chain = *chain;
  for (const ChannelSegment &channel : layer.channels)
    layer.staircases.push_back(numerics::buildStaircase(
        channel.unit, channel.offset, layer.chain, channel.acc));
  return layer;
}

static numerics::Target getTarget(const Layer &layer, const ChannelSegment &channel) {
  numerics::Target target;
  target.slope = channel.unit / layer.chain.out.scale;
  target.intercept = channel.offset / layer.chain.out.scale;
  target.zeroPoint = layer.chain.out.zeroPoint;
  target.multiplierBits = numerics::kWideMultiplierBits;
  return target;
}

static void append(Columns &columns, const numerics::Solution &solution) {
  columns.multiplier.push_back(solution.requant.multiplier);
  columns.shift.push_back(solution.requant.shift);
  columns.rounding.push_back(solution.requant.rounding);
  columns.roundingMin.push_back(solution.roundingMin);
  columns.roundingMax.push_back(solution.roundingMax);
}

/// Solves every channel with one form; nullopt as soon as one has none.
static std::optional<Columns> solveAll(const Layer &layer, Form form) {
  Columns columns;
  for (auto [channel, staircase] : llvm::zip(layer.channels, layer.staircases)) {
    std::optional<numerics::Solution> solution =
        numerics::solve(staircase, getTarget(layer, channel), form);
    if (!solution)
      return std::nullopt;
    append(columns, *solution);
  }
  return columns;
}

/// Forms that are exact by construction.
static void makeExplicit(Layer &layer) {
  IntegerSegmentOpInterface op = layer.op;
  IntRange output = layer.staircases.front().output;
  int64_t channels = layer.channels.size();
  IntRange acc = layer.channels.front().acc;
  SmallVector<int64_t> values;
  Form form = Form::Threshold;
  SmallVector<int64_t> shape = {channels, output.max - output.min};
  if (channels == 1 && acc.max - acc.min < kMaxAccumulatorTable) {
    form = Form::Table;
    std::vector<int64_t> table = numerics::tabulate(layer.staircases.front());
    values.assign(table.begin(), table.end());
    shape = {int64_t(values.size())};
  } else {
    for (const numerics::Staircase &staircase : layer.staircases)
      values.append(staircase.thresholds.begin(), staircase.thresholds.end());
  }
  auto type = RankedTensorType::get(shape, IntegerType::get(op->getContext(), 64));
  op.setRequantAttr(makeRequant(op, form, {}, 0, output,
                                makeIntegers(type, values, arrayName(op, "thresholds"))));
  setCertificate(op, channels, channels, {});
}

/// Wide outputs without a form for every channel: the best affine numbers, and
/// an honest count.
static void makeBestEffort(Layer &layer) {
  IntegerSegmentOpInterface op = layer.op;
  Columns columns;
  int64_t certified = 0;
  for (auto [channel, staircase] : llvm::zip(layer.channels, layer.staircases)) {
    numerics::Target target = getTarget(layer, channel);
    if (auto solution = numerics::solve(staircase, target, Form::Affine)) {
      append(columns, *solution);
      ++certified;
      continue;
    }
    numerics::Solution plain;
    plain.requant = numerics::plainRecipe(target.slope.get_d(), target.zeroPoint,
                                          staircase.output);
    plain.roundingMin = plain.roundingMax = plain.requant.rounding;
    append(columns, plain);
  }
  op.setRequantAttr(
      makeRequant(op, Form::Affine, columns, 0, layer.staircases.front().output));
  setCertificate(op, layer.channels.size(), certified, columns);
}

static LogicalResult certifyAccumulator(IntegerSegmentOpInterface op) {
  FailureOr<Layer> layer = getLayer(op);
  if (failed(layer))
    return failure();
  setBounds(op, rangesOf(layer->channels));
  if (op.getRequantAttr().getForm() == RequantForm::Accumulator) {
    setCertificate(op, layer->channels.size(), layer->channels.size(), {});
    return checkAccumulatorResult(op, layer->channels);
  }
  IntRange output = layer->staircases.front().output;
  for (Form form : {Form::Affine, Form::HalfEven}) {
    std::optional<Columns> columns = solveAll(*layer, form);
    if (!columns)
      continue;
    int64_t zeroPoint = form == Form::HalfEven ? layer->chain.out.zeroPoint : 0;
    op.setRequantAttr(makeRequant(op, form, *columns, zeroPoint, output));
    setCertificate(op, layer->channels.size(), layer->channels.size(), *columns);
    return success();
  }
  unsigned width = getElementTypeOrSelf(op->getResult(0).getType()).getIntOrFloatBitWidth();
  width <= kThresholdBits ? makeExplicit(*layer) : makeBestEffort(*layer);
  return success();
}

//===----------------------------------------------------------------------===//
// Two operands, tables
//===----------------------------------------------------------------------===//

static LogicalResult certifySum(IntAddOp add) {
  auto op = cast<IntegerSegmentOpInterface>(add.getOperation());
  FailureOr<numerics::SumSegment> segment = getSumSegment(add);
  if (failed(segment))
    return failure();
  std::optional<numerics::SumRequant> solution = numerics::solveSum(*segment);
  if (!solution) {
    setCertificate(op, 1, 0, {});
    return success();
  }
  Columns columns;
  ElementsAttr table;
  if (solution->form == Form::Table) {
    auto type = RankedTensorType::get({int64_t(solution->table.size())},
                                      IntegerType::get(op->getContext(), 32));
    table = makeIntegers(type, solution->table, arrayName(op, "table"));
  } else {
    columns.multiplier = {solution->multiplierA};
    columns.addendMultiplier = {solution->multiplierB};
    columns.shift = {solution->shift};
    columns.rounding = {solution->rounding};
    columns.roundingMin = {solution->roundingMin};
    columns.roundingMax = {solution->roundingMax};
  }
  op.setRequantAttr(makeRequant(op, solution->form, columns, solution->zeroPoint,
                                {solution->lo, solution->hi}, table));
  setCertificate(op, 1, 1, columns);
  return success();
}

static LogicalResult certifyAddend(IntegerSegmentOpInterface op) {
  FailureOr<std::vector<numerics::AccumulatorSumSegment>> segments =
      getAccumulatorSumSegments(op);
  if (failed(segments))
    return failure();
  Columns columns;
  SmallVector<IntRange> bounds;
  std::optional<Form> form;
  for (auto [c, segment] : llvm::enumerate(*segments)) {
    bounds.push_back(segment.acc);
    auto solution = numerics::solveAccumulatorSum(segment);
    if (!solution || (form && *form != solution->requant.form))
      return op->emitError("channel ")
             << c << " of a sum with a quantized operand has no exact integer form "
             << "(N11b); quantize the output of this layer before it is added";
    form = solution->requant.form;
    append(columns, {solution->requant, solution->roundingMin, solution->roundingMax});
    columns.addendMultiplier.push_back(solution->addendMultiplier);
  }
  setBounds(op, bounds);
  IntRange output = segments->front().chain.outputRange();
  int64_t zeroPoint =
      form == Form::HalfEven ? segments->front().chain.out.zeroPoint : 0;
  op.setRequantAttr(makeRequant(op, *form, columns, zeroPoint, output));
  setCertificate(op, segments->size(), segments->size(), columns);
  return success();
}

static bool hasAddend(IntegerSegmentOpInterface op) {
  return !isa<IntAddOp>(op) && op.getRequantAttr().getAddendMultiplier();
}

static FailureOr<std::vector<int64_t>> getReferenceTable(IntLookupOp op) {
  FailureOr<numerics::Chain> chain = getChain(op.getReference());
  FailureOr<numerics::QuantParams> input = getLookupInput(op);
  if (failed(chain) || failed(input))
    return op.emitOpError("expects a reference that ends in a quantize");
  return numerics::buildTable(*input, *chain);
}

static LogicalResult proveLookup(IntLookupOp op) {
  FailureOr<std::vector<int64_t>> expected = getReferenceTable(op);
  SmallVector<int64_t> table;
  if (failed(expected) || !readIntegers(op.getTable(), table))
    return failure();
  for (auto [i, entry] : llvm::enumerate(table))
    if (entry != (*expected)[i])
      return op.emitError("certificate is wrong: expects table entry ")
             << (*expected)[i] << " at index " << i << ", got " << entry;
  return success();
}

LogicalResult qbias::certifyLayer(IntegerSegmentOpInterface op) {
  if (auto lookup = dyn_cast<IntLookupOp>(op.getOperation())) {
    setCertificate(op, 1, 1, {});
    return proveLookup(lookup);
  }
  if (auto add = dyn_cast<IntAddOp>(op.getOperation()))
    return certifySum(add);
  if (hasAddend(op))
    return certifyAddend(op);
  return certifyAccumulator(op);
}

//===----------------------------------------------------------------------===//
// Proving what is there
//===----------------------------------------------------------------------===//

static LogicalResult checkBounds(IntegerSegmentOpInterface op, ArrayRef<IntRange> expected) {
  BoundsAttr bounds = op.getBoundsAttr();
  SmallVector<int64_t> min, max;
  if (!bounds || !readIntegers(bounds.getMin(), min) ||
      !readIntegers(bounds.getMax(), max) || min.size() != expected.size())
    return op->emitError("certificate is wrong: expects accumulator bounds of ")
           << expected.size() << " channels";
  for (auto [c, range] : llvm::enumerate(expected))
    if (min[c] != range.min || max[c] != range.max)
      return op->emitError("certificate is wrong: expects accumulator bound [")
             << range.min << ", " << range.max << "] in channel " << c << ", got ["
             << min[c] << ", " << max[c] << "]";
  return success();
}

/// The requantization of channel `c` as numbers.
static FailureOr<std::vector<numerics::Requant>>
readRequants(IntegerSegmentOpInterface op) {
  RequantAttr requant = op.getRequantAttr();
  SmallVector<int64_t> m, k, r;
  if (!requant.getMultiplier() || !readIntegers(requant.getMultiplier(), m) ||
      !requant.getShift() || !readIntegers(requant.getShift(), k) ||
      !requant.getRounding() || !readIntegers(requant.getRounding(), r))
    return op->emitError("certificate is wrong: expects multiplier, shift and rounding");
  std::vector<numerics::Requant> result;
  for (size_t c = 0; c < m.size(); ++c)
    result.push_back({*numerics::parseForm(stringifyRequantForm(requant.getForm())), m[c],
                      int(k[c]), r[c], requant.getZeroPoint(), requant.getLo(),
                      requant.getHi()});
  return result;
}

static LogicalResult checkOutput(IntegerSegmentOpInterface op, IntRange expected) {
  RequantAttr requant = op.getRequantAttr();
  if (requant.getLo() == expected.min && requant.getHi() == expected.max)
    return success();
  return op->emitError("certificate is wrong: expects clamp [")
         << expected.min << ", " << expected.max << "], got [" << requant.getLo()
         << ", " << requant.getHi() << "]";
}

/// Threshold and table forms: equal to the reference, entry by entry.
static LogicalResult proveExplicit(const Layer &layer) {
  IntegerSegmentOpInterface op = layer.op;
  SmallVector<int64_t> values, expected;
  if (!readIntegers(op.getRequantAttr().getThresholds(), values))
    return op->emitError("certificate is wrong: expects constant thresholds");
  if (op.getRequantAttr().getForm() == RequantForm::Table) {
    IntRange acc = layer.channels.front().acc;
    if (layer.channels.size() != 1 || acc.max - acc.min >= kMaxAccumulatorTable)
      return op->emitError("certificate is wrong: accumulator range is too wide for a "
                           "table, got [")
             << acc.min << ", " << acc.max << "]";
    std::vector<int64_t> table = numerics::tabulate(layer.staircases.front());
    expected.assign(table.begin(), table.end());
  } else {
    for (const numerics::Staircase &staircase : layer.staircases)
      expected.append(staircase.thresholds.begin(), staircase.thresholds.end());
  }
  if (values != expected)
    return op->emitError("certificate is wrong: thresholds differ from the reference");
  return success();
}

static LogicalResult proveAccumulator(IntegerSegmentOpInterface op) {
  FailureOr<Layer> layer = getLayer(op);
  if (failed(layer) || failed(checkBounds(op, rangesOf(layer->channels))))
    return failure();
  RequantForm form = op.getRequantAttr().getForm();
  if (form == RequantForm::Accumulator)
    return checkAccumulatorResult(op, layer->channels);
  if (failed(checkOutput(op, layer->staircases.front().output)))
    return failure();
  if (form == RequantForm::Threshold || form == RequantForm::Table)
    return proveExplicit(*layer);
  FailureOr<std::vector<numerics::Requant>> requants = readRequants(op);
  if (failed(requants))
    return failure();
  int64_t proven = 0;
  std::string why;
  size_t wrong = 0;
  for (size_t c = 0; c < layer->staircases.size(); ++c) {
    bool holds = numerics::proves((*requants)[c], layer->staircases[c], &why);
    proven += holds;
    wrong = holds ? wrong : c;
  }
  if (proven != op.getCertificateAttr().getCertified())
    return op->emitError("certificate is wrong: expects ")
           << op.getCertificateAttr().getCertified() << " proven channels, got "
           << proven << "; channel " << wrong << ": " << why;
  return success();
}

static LogicalResult proveSum(IntAddOp add) {
  auto op = cast<IntegerSegmentOpInterface>(add.getOperation());
  FailureOr<numerics::SumSegment> segment = getSumSegment(add);
  if (failed(segment) || failed(checkOutput(op, segment->chain.outputRange())))
    return failure();
  if (op.getCertificateAttr().getCertified() == 0)
    return success();
  RequantAttr requant = op.getRequantAttr();
  numerics::SumRequant claim;
  claim.form = *numerics::parseForm(stringifyRequantForm(requant.getForm()));
  claim.lo = requant.getLo();
  claim.hi = requant.getHi();
  claim.zeroPoint = requant.getZeroPoint();
  if (claim.form == Form::Table) {
    SmallVector<int64_t> table;
    readIntegers(requant.getThresholds(), table);
    claim.table.assign(table.begin(), table.end());
  } else {
    FailureOr<std::vector<numerics::Requant>> one = readRequants(op);
    SmallVector<int64_t> multiplierB;
    if (failed(one) || !readIntegers(requant.getAddendMultiplier(), multiplierB))
      return failure();
    claim.multiplierA = one->front().multiplier;
    claim.multiplierB = multiplierB.front();
    claim.shift = one->front().shift;
    claim.rounding = one->front().rounding;
  }
  std::string why;
  if (!numerics::proves(claim, *segment, &why))
    return op->emitError("certificate is wrong: ") << why;
  return success();
}

static LogicalResult proveAddend(IntegerSegmentOpInterface op) {
  FailureOr<std::vector<numerics::AccumulatorSumSegment>> segments =
      getAccumulatorSumSegments(op);
  FailureOr<std::vector<numerics::Requant>> requants = readRequants(op);
  SmallVector<int64_t> addend;
  if (failed(segments) || failed(requants) ||
      !readIntegers(op.getRequantAttr().getAddendMultiplier(), addend))
    return failure();
  SmallVector<IntRange> bounds;
  for (const auto &segment : *segments)
    bounds.push_back(segment.acc);
  if (failed(checkBounds(op, bounds)) ||
      failed(checkOutput(op, segments->front().chain.outputRange())))
    return failure();
  for (size_t c = 0; c < segments->size(); ++c) {
    numerics::AccumulatorSumSolution claim;
    claim.requant = (*requants)[c];
    claim.addendMultiplier = addend[c];
    std::string why;
    if (!numerics::proves(claim, (*segments)[c], &why))
      return op->emitError("certificate is wrong: channel ") << c << ": " << why;
  }
  return success();
}

LogicalResult qbias::proveLayer(IntegerSegmentOpInterface op) {
  CertificateAttr certificate = op.getCertificateAttr();
  if (!certificate || certificate.getChannels() != op.getRequantChannels())
    return op->emitError("certificate is missing; run --qbias-certify");
  if (auto lookup = dyn_cast<IntLookupOp>(op.getOperation()))
    return proveLookup(lookup);
  if (auto add = dyn_cast<IntAddOp>(op.getOperation()))
    return proveSum(add);
  return hasAddend(op) ? proveAddend(op) : proveAccumulator(op);
}
