//===- Certification.cpp - solve one layer ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Analysis/Certification.h"

#include "Layer.h"
#include "Modes.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace qbias;
using numerics::Form;
using IntRange = numerics::Range;

/// Widest output that always has an exact form: at most 255 thresholds.
static constexpr unsigned kThresholdBits = 8;
/// Wider outputs take it for functions behind a sum, up to this many thresholds
/// in a layer (32 MiB).
static constexpr int64_t kMaxThresholds = int64_t(1) << 22;

namespace {

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
                               const Columns &columns, int64_t zeroPoint, IntRange output,
                               ElementsAttr thresholds = {}) {
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
  op.setCertificateAttr(
      CertificateAttr::get(op->getContext(), channels, certified,
                           makeArray(op, columns.roundingMin, "rounding_min"),
                           makeArray(op, columns.roundingMax, "rounding_max")));
}

//===----------------------------------------------------------------------===//
// One accumulator
//===----------------------------------------------------------------------===//

numerics::Target qbias::getTarget(const Layer &layer, const ChannelSegment &channel) {
  numerics::Target target;
  target.slope = channel.unit / layer.chain.out.scale;
  target.intercept = channel.offset / layer.chain.out.scale;
  if (auto linear = layer.chain.linearPart(); linear && linear->factor > 0) {
    target.slope *= linear->factor;
    target.intercept =
        target.intercept * linear->factor + linear->offset / layer.chain.out.scale;
  }
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

/// The plain recipe with the channel's own offset; nullopt where a sum leaves 64
/// bits.
static std::optional<numerics::Solution> makePlain(const numerics::Target &target,
                                                   const numerics::Staircase &staircase) {
  numerics::Solution plain;
  plain.requant =
      numerics::plainRecipe(target.slope.get_d(), target.zeroPoint, staircase.output);
  numerics::Integer rounding =
      numerics::roundHalfEven(target.intercept *
                              numerics::powerOfTwo(plain.requant.shift)) +
      numerics::fromInt64(plain.requant.rounding);
  if (!numerics::toInt64(rounding))
    return std::nullopt;
  plain.requant.rounding = *numerics::toInt64(rounding);
  plain.roundingMin = plain.roundingMax = plain.requant.rounding;
  if (!numerics::fitsInt64(plain.requant, staircase.acc))
    return std::nullopt;
  return plain;
}

static LogicalResult refuseWideFunction(Operation *op) {
  return op->emitError("expects a linear function before a quantize to more than 8 bits; "
                       "quantize the input of that function");
}

/// Wide outputs without a form for every channel: the best affine numbers, and
/// an honest count.
static LogicalResult makeBestEffort(Layer &layer) {
  IntegerSegmentOpInterface op = layer.op;
  Columns columns;
  int64_t certified = 0;
  std::vector<numerics::Deviation> deviations;
  for (auto [channel, staircase] : llvm::zip(layer.channels, layer.staircases)) {
    numerics::Target target = getTarget(layer, channel);
    auto solution = numerics::solve(staircase, target, Form::Affine);
    certified += solution.has_value();
    if (!solution)
      solution = makePlain(target, staircase);
    if (!solution)
      return op->emitError(
                 "requantization leaves 64 bits, expects accumulators of less than [")
             << staircase.acc.min << ", " << staircase.acc.max << "]";
    append(columns, *solution);
    deviations.push_back(numerics::deviationOf(staircase, [&](int64_t acc) {
      return numerics::applyRequant(acc, solution->requant);
    }));
  }
  op.setRequantAttr(
      makeRequant(op, Form::Affine, columns, 0, layer.staircases.front().output));
  op.setCertificateAttr(makeDeviations(op, certified, deviations));
  return success();
}

/// Outputs of more than 8 bits: two limbs, thresholds behind a function that is
/// not linear, at last the nearest program there is.
static LogicalResult certifyWideOutput(Layer &layer) {
  IntegerSegmentOpInterface op = layer.op;
  if (layer.chain.linearPart()) {
    if (certifyWide(layer, /*all=*/true) || certifyWide(layer, /*all=*/false))
      return success();
    return makeBestEffort(layer);
  }
  IntRange output = layer.staircases.front().output;
  if (int64_t(layer.channels.size()) * (output.max - output.min) > kMaxThresholds)
    return refuseWideFunction(op);
  makeExplicit(layer);
  return success();
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
  unsigned width =
      getElementTypeOrSelf(op->getResult(0).getType()).getIntOrFloatBitWidth();
  if (width > kThresholdBits)
    return certifyWideOutput(*layer);
  makeExplicit(*layer);
  return success();
}

//===----------------------------------------------------------------------===//
// Two operands, tables
//===----------------------------------------------------------------------===//

/// Sums that have no proven form.
static LogicalResult refuseSum(IntAddOp op, const numerics::SumSegment &segment) {
  std::optional<numerics::LinearStep> linear = segment.chain.linearPart();
  if (!linear || linear->factor <= 0)
    return refuseWideFunction(op);
  return op.emitError("expects operands and a result whose scales have ratios of few "
                      "enough bits to prove a sum of 16-bit integers; round the scales "
                      "to float32, or quantize both operands to similar scales");
}

static LogicalResult certifySum(IntAddOp add) {
  auto op = cast<IntegerSegmentOpInterface>(add.getOperation());
  FailureOr<numerics::SumSegment> segment = getSumSegment(add);
  if (failed(segment))
    return failure();
  std::optional<numerics::SumRequant> solution = numerics::solveSum(*segment);
  if (solution && solution->form == Form::Table)
    solution = numerics::solveSum(overTypes(add, *segment));
  if (!solution && certifyWideSum(add, *segment))
    return success();
  if (!solution)
    return refuseSum(add, *segment);
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

/// Every channel with one form; nullopt, and the channel, when one has none.
static std::optional<Columns>
solveAddend(ArrayRef<numerics::AccumulatorSumSegment> segments, Form form,
            size_t &channel) {
  Columns columns;
  for (channel = 0; channel < segments.size(); ++channel) {
    auto solution = numerics::solveAccumulatorSum(segments[channel], form);
    if (!solution)
      return std::nullopt;
    append(columns, {solution->requant, solution->roundingMin, solution->roundingMax});
    columns.addendMultiplier.push_back(solution->addendMultiplier);
  }
  return columns;
}

static LogicalResult certifyAddend(IntegerSegmentOpInterface op) {
  FailureOr<std::vector<numerics::AccumulatorSumSegment>> segments =
      getAccumulatorSumSegments(op);
  if (failed(segments))
    return failure();
  setBounds(op, llvm::map_to_vector(*segments, [](const auto &s) { return s.acc; }));
  IntRange output = segments->front().chain.outputRange();
  size_t channel = 0;
  for (Form form : {Form::Affine, Form::HalfEven}) {
    std::optional<Columns> columns = solveAddend(*segments, form, channel);
    if (!columns)
      continue;
    int64_t zeroPoint =
        form == Form::HalfEven ? segments->front().chain.out.zeroPoint : 0;
    op.setRequantAttr(makeRequant(op, form, *columns, zeroPoint, output));
    setCertificate(op, segments->size(), segments->size(), *columns);
    return success();
  }
  return op->emitError("expects an exact integer form of a sum with a quantized operand "
                       "(N11b), which channel ")
         << channel << " does not have; quantize the output of this layer before it is "
         << "added";
}

/// The recipe of another mode than exact.
static LogicalResult applyMode(IntegerSegmentOpInterface op) {
  FailureOr<ModeProgram> program = deriveMode(op);
  if (failed(program))
    return failure();
  op.setRequantAttr(program->requant);
  if (!program->bounds.empty())
    setBounds(op, program->bounds);
  if (auto lookup = dyn_cast<IntLookupOp>(op.getOperation()))
    lookup.setTableAttr(program->table);
  setCertificate(op, op.getRequantChannels(), program->certified, {});
  warnMode(op, *program);
  return success();
}

/// A layer its mode has no formula for keeps mode exact, which is a remark; shift is
/// refused.
static LogicalResult keepExact(IntegerSegmentOpInterface op) {
  RequantAttr requant = op.getRequantAttr();
  StringRef mode = stringifyRequantMode(requant.getMode());
  constexpr StringLiteral kWhy = "has no formula for this layer (a function or a tensor "
                                 "between its sum and its quantize)";
  bool isTable = isa<IntLookupOp>(op.getOperation()) ||
                 requant.getForm() == RequantForm::Accumulator;
  if (!isTable && requant.getMode() == RequantMode::Shift)
    return op->emitError("mode ")
           << mode << " " << kWhy << "; quantize before it, or use mode exact";
  if (!isTable)
    remark::analysis(op->getLoc(),
                     remark::RemarkOpts::name("kept-exact").category("qbias-certify"))
        << remark::reason("mode {0} {1}", mode, kWhy) << remark::metric("asked", mode);
  op.setRequantAttr(RequantAttr::get(
      op->getContext(), RequantMode::Exact, requant.getForm(), requant.getMultiplier(),
      requant.getAddendMultiplier(), requant.getShift(), requant.getRounding(),
      requant.getThresholds(), requant.getZeroPoint(), requant.getLo(), requant.getHi()));
  return success();
}

LogicalResult qbias::certifyLayer(IntegerSegmentOpInterface op) {
  if (op.getRequantAttr().getMode() != RequantMode::Exact) {
    if (hasModeFormula(op))
      return applyMode(op);
    if (failed(keepExact(op)))
      return failure();
  }
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
