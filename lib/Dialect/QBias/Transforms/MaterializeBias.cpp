//===- MaterializeBias.cpp - every bias becomes an int32 constant and a residue ---*- C++
//-*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   integer[c] = rne(b[c] / (s_x * s_w[c]))                          (N5)
//   b[c]       = integer[c] * s_x * s_w[c] + residue[c]
//
//===----------------------------------------------------------------------===//

#include "AssignModes.h"

#include "qbias/Analysis/Operands.h"
#include "qbias/Analysis/Segments.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Dialect/QBias/Transforms/Passes.h"
#include "qbias/Numerics/Bias.h"
#include "qbias/Numerics/Bounds.h"

#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/SetVector.h"

namespace qbias {
#define GEN_PASS_DEF_MATERIALIZEBIAS
#include "qbias/Dialect/QBias/Transforms/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

namespace {

/// Widest relative difference of two scales that still are "the same" number
/// computed in float32: two roundings of at most half a unit in the last of
/// 24 bits each.
constexpr double kSameScale = 1.0 / (1 << 23);

} // namespace

/// Channels whose weights are all zero: their output is the requantized bias.
static int64_t countDeadChannels(const Operands &operands, int64_t channels) {
  size_t row = operands.weights.size() / channels;
  int64_t dead = 0;
  for (int64_t c = 0; c < channels; ++c)
    dead += llvm::all_of(ArrayRef(operands.weights).slice(c * row, row),
                         [](int64_t w) { return w == 0; });
  return dead;
}

/// True when the file's bias scale is s_x * s_w up to float32 rounding.
static bool isOnGrid(const RealConstant &bias, const Operands &operands) {
  SmallVector<double> units;
  if (!bias.unit || !readFloats(bias.unit, units))
    return false;
  double inputScale = cast<quant::UniformQuantizedType>(operands.input).getScale();
  size_t channels = std::max(units.size(), operands.weightScales.size());
  for (size_t c = 0; c < channels; ++c) {
    double grid =
        inputScale * operands.weightScales[operands.weightScales.size() == 1 ? 0 : c];
    double unit = units[units.size() == 1 ? 0 : c];
    if (std::abs(unit - grid) > kSameScale * grid)
      return false;
  }
  return true;
}

namespace {

struct Materialized {
  SmallVector<int64_t> integers;
  int64_t saturated = 0;
  double maxResidue = 0; ///< in units of s_x * s_w
};

} // namespace

/// Real biases of the channels, as they are or rounded to 8 bits of one scale of
/// their own, max |b| / 127.
static std::vector<numerics::Rational> getReals(const ExactArray &bias, int64_t channels,
                                                bool isNarrow) {
  std::vector<numerics::Rational> reals;
  numerics::Rational largest = 0;
  for (int64_t c = 0; c < channels; ++c) {
    reals.push_back(bias.at(c));
    if (abs(reals.back()) > largest)
      largest = abs(reals.back());
  }
  if (!isNarrow || largest == 0)
    return reals;
  numerics::QuantParams params;
  params.scale = largest / numerics::Rational(numerics::fromInt64(params.storage.max));
  for (numerics::Rational &real : reals)
    real = numerics::dequantize(numerics::quantize(real, params), params);
  return reals;
}

/// N5, and N10 unless the bias is to keep its size, for every channel.
static FailureOr<Materialized> materialize(AccumulatorOpInterface op,
                                           const Operands &operands,
                                           ArrayRef<numerics::Rational> bias,
                                           bool isLimited) {
  int64_t channels = op.getOutputChannels();
  auto input = getParams(operands.input);
  numerics::Range centered = {input.storage.min - input.zeroPoint,
                              input.storage.max - input.zeroPoint};
  if (op.readsPadding())
    centered = numerics::withPadding(centered);
  auto products = getProductBounds(operands.weights, channels, centered);
  if (!products)
    return op->emitOpError("accumulator bound leaves 64 bits");
  bool isWide = !isLimited || llvm::any_of(*products, [](numerics::Range r) {
    return !numerics::allowedBias(r).has_value();
  });
  Materialized result;
  for (int64_t c = 0; c < channels; ++c) {
    numerics::Rational weightScale = *numerics::exactRational(
        operands.weightScales[operands.weightScales.size() == 1 ? 0 : c]);
    constexpr int64_t kWideLimit = int64_t(1) << 62;
    numerics::Range allowed = isWide ? numerics::Range{-kWideLimit, kWideLimit}
                                     : *numerics::allowedBias((*products)[c]);
    numerics::BiasConstant constant =
        numerics::materializeBias(bias[c], input.scale, weightScale, allowed);
    result.integers.push_back(constant.integer);
    result.saturated += constant.saturated;
    numerics::Rational residue = abs(constant.residue) / (input.scale * weightScale);
    result.maxResidue = std::max(result.maxResidue, residue.get_d());
  }
  return result;
}

/// A constant added to `op`'s only use, broadcast over all but the channel
/// dimension, is its bias.
static void absorbAddedConstant(AccumulatorOpInterface op) {
  Value result = op->getResult(0);
  if (op.getBiasValue() || !result.hasOneUse())
    return;
  auto add = dyn_cast<AddOp>(*result.user_begin());
  if (!add || add.getType() != result.getType())
    return;
  Value other = add.getLhs() == result ? add.getRhs() : add.getLhs();
  auto shape = cast<RankedTensorType>(other.getType()).getShape();
  int64_t channels = op.getOutputChannels();
  if (!getRealConstant(other) || shape.back() != channels ||
      llvm::any_of(shape.drop_back(), [](int64_t d) { return d != 1; }))
    return;
  OpBuilder builder(op);
  SmallVector<ReassociationIndices> all(1);
  for (int64_t d = 0; d < int64_t(shape.size()); ++d)
    all[0].push_back(d);
  if (other.getDefiningOp())
    builder.setInsertionPointAfter(other.getDefiningOp());
  auto flat = cast<RankedTensorType>(other.getType()).clone({channels});
  Value bias =
      shape.size() == 1
          ? other
          : tensor::CollapseShapeOp::create(builder, other.getLoc(), flat, other, all)
                .getResult();
  // The bias has to be computed before the accumulator.
  if (bias.getDefiningOp()->getBlock() == op->getBlock() &&
      op->isBeforeInBlock(bias.getDefiningOp()))
    op->moveAfter(bias.getDefiningOp());
  op.setBiasValue(bias);
  add.getResult().replaceAllUsesWith(result);
  add->erase();
}

/// Some real value computed from the layer is quantized; else its sums are the
/// result, which no mode changes.
static bool isRequantized(AccumulatorOpInterface op) {
  llvm::SetVector<Operation *> reached(op->user_begin(), op->user_end());
  for (size_t i = 0; i < reached.size(); ++i) {
    if (isa<QuantizeOp>(reached[i]))
      return true;
    reached.insert(reached[i]->user_begin(), reached[i]->user_end());
  }
  return false;
}

/// How many layers use a bias constant.
static int64_t countBiasUses(Value bias) {
  return llvm::count_if(bias.getUses(), [](OpOperand &use) {
    auto op = dyn_cast<AccumulatorOpInterface>(use.getOwner());
    return op && op.getBiasValue() == use.get();
  });
}

static BiasCase classify(const RealConstant &bias, const Operands &operands,
                         const Materialized &materialized, int64_t dead, bool shared) {
  if (materialized.saturated)
    return BiasCase::Overflow;
  if (dead)
    return BiasCase::DeadChannel;
  if (shared)
    return BiasCase::Shared;
  if (!bias.unit)
    return BiasCase::Float;
  return isOnGrid(bias, operands) ? BiasCase::OnGrid : BiasCase::Rescaled;
}

static void report(AccumulatorOpInterface op, BiasCase kind,
                   const Materialized &materialized, int64_t dead) {
  auto [min, max] =
      std::minmax_element(materialized.integers.begin(), materialized.integers.end());
  remark::analysis(op->getLoc(),
                   remark::RemarkOpts::name("bias").category("qbias-materialize-bias"))
      << remark::metric("case", stringifyBiasCase(kind))
      << remark::metric("channels", materialized.integers.size())
      << remark::metric("int_min", *min) << remark::metric("int_max", *max)
      << remark::metric("max_residue_in_units", std::to_string(materialized.maxResidue))
      << remark::metric("dead_channels", dead);
  if (materialized.saturated)
    emitWarning(op->getLoc())
        << "bias of " << materialized.saturated << " of " << materialized.integers.size()
        << " channels leaves the range its accumulator has room for; the part "
           "beyond moves into the rounding constant, exactly";
}

/// The file's own integers where its bias scale is s_x * s_w: kernels of the
/// producers ignore that scale. True when some differ from the nearest ones.
static bool takeVerbatim(const RealConstant &bias, const Operands &operands,
                         Materialized &materialized) {
  SmallVector<int64_t> integers;
  if (!isOnGrid(bias, operands) || !readIntegers(bias.value, integers) ||
      integers.size() != materialized.integers.size() ||
      integers == materialized.integers)
    return false;
  materialized.integers = integers;
  materialized.saturated = 0;
  return true;
}

namespace {
struct MaterializeBias : qbias::impl::MaterializeBiasBase<MaterializeBias> {
  using MaterializeBiasBase::MaterializeBiasBase;
  void runOnOperation() override;
  LogicalResult materializeLayer(AccumulatorOpInterface op, bool shared);
};
} // namespace

LogicalResult MaterializeBias::materializeLayer(AccumulatorOpInterface op, bool shared) {
  std::optional<Operands> operands = getOperands(op);
  if (!operands)
    return success();
  int64_t dead = countDeadChannels(*operands, op.getOutputChannels());
  Value old = op.getBiasValue();
  if (!old) {
    remark::analysis(op->getLoc(),
                     remark::RemarkOpts::name("bias").category("qbias-materialize-bias"))
        << remark::metric("case", "absent") << remark::metric("dead_channels", dead);
    return success();
  }
  std::optional<RealConstant> constant = getRealConstant(old);
  if (!constant)
    return op->emitError("bias is not a constant; freeze it into the model");
  FailureOr<ExactArray> exact = ExactArray::get(constant->value, constant->unit);
  if (failed(exact))
    return op->emitError("expects finite bias values, got NaN or infinity; "
                         "correct the bias constant in the model");
  bool isSum = !isRequantized(op);
  bool isExact = isSum || getModeName(op, requant, requantLayers) == "exact";
  FailureOr<Materialized> materialized =
      materialize(op, *operands, getReals(*exact, op.getOutputChannels(), bias == "int8"),
                  /*isLimited=*/isSum || (isExact && bias == "residue"));
  if (failed(materialized))
    return failure();
  bool isSubstitute = bias == "int8" || bias == "float";
  if (!isExact && !isSubstitute)
    isSubstitute = takeVerbatim(*constant, *operands, *materialized);
  if (bias == "float")
    materialized->integers.assign(op.getOutputChannels(), 0);
  BiasCase kind = classify(*constant, *operands, *materialized, dead, shared);
  std::string name = getLayerName(op);
  bool isWide = llvm::any_of(materialized->integers,
                             [](int64_t v) { return v != static_cast<int32_t>(v); });
  OpBuilder builder(op);
  auto type = RankedTensorType::get({op.getOutputChannels()},
                                    builder.getIntegerType(isWide ? 64 : 32));
  auto constantBias = BiasOp::create(
      builder, old.getLoc(), cast<RankedTensorType>(old.getType()),
      BiasCaseAttr::get(&getContext(), kind),
      isSubstitute ? builder.getUnitAttr() : UnitAttr(),
      makeIntegers(type, materialized->integers, name + ".bias_i32"), constant->value,
      constant->unit,
      builder.getF64FloatAttr(
          cast<quant::UniformQuantizedType>(operands->input).getScale()),
      makeFloats(&getContext(), operands->weightScales, name + ".weight_scale"));
  op.setBiasValue(constantBias);
  report(op, kind, *materialized, dead);
  return success();
}

void MaterializeBias::runOnOperation() {
  if (!llvm::is_contained({"residue", "int32", "int8", "float"}, StringRef(bias))) {
    getOperation()->emitError("bias is '")
        << bias << "', expected residue, int32, int8 or float";
    return signalPassFailure();
  }
  SmallVector<AccumulatorOpInterface> layers;
  getOperation().walk([&](AccumulatorOpInterface op) { layers.push_back(op); });
  llvm::DenseMap<Operation *, bool> shared;
  for (AccumulatorOpInterface op : layers) {
    absorbAddedConstant(op);
    shared[op] = op.getBiasValue() && countBiasUses(op.getBiasValue()) > 1;
  }
  for (AccumulatorOpInterface op : layers)
    if (failed(materializeLayer(op, shared[op])))
      return signalPassFailure();
}
