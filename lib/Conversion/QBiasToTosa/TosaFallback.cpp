//===- TosaFallback.cpp - from mode exact to a mode that TOSA has ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What changes is counted: sums of a channel whose output differs, over the proven
// range of the sum; of two operands the pairs of integers.
//
//===----------------------------------------------------------------------===//

#include "TosaForms.h"

#include "qbias/Analysis/Certification.h"
#include "qbias/Analysis/Segments.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Numerics/Modes.h"
#include "qbias/Numerics/Wide.h"

using namespace mlir;
using namespace qbias;
using IntRange = numerics::Range;

static constexpr int64_t kMultiplierLimit = int64_t(1) << numerics::kMultiplierBits;

/// "layer 'x', tensor 'y'".
static std::string describe(IntegerSegmentOpInterface op) {
  std::string text = "layer '" + getLayerName(op) + "'";
  LayerAttr layer = op.getLayerAttr();
  if (layer && layer.getTensor())
    text += ", tensor '" + layer.getTensor().str() + "'";
  return text;
}

/// The layer in mode single.
static LogicalResult toSingle(IntegerSegmentOpInterface op) {
  RequantAttr requant = op.getRequantAttr();
  op.setRequantAttr(RequantAttr::get(op->getContext(), RequantMode::Single,
                                     RequantForm::Affine, {}, {}, {}, {}, {}, 0,
                                     requant.getLo(), requant.getHi()));
  op.setBoundsAttr({});
  op.setCertificateAttr({});
  return certifyLayer(op);
}

/// Every channel's multiplier with the rounding constant of SINGLE_ROUND.
static std::optional<SmallVector<numerics::Requant>>
getPlain(IntegerSegmentOpInterface op) {
  RequantAttr requant = op.getRequantAttr();
  SmallVector<int64_t> m = readNumbers(requant.getMultiplier());
  SmallVector<int64_t> k = readNumbers(requant.getShift());
  int64_t zeroPoint = getResultZeroPoint(op);
  SmallVector<numerics::Requant> plain;
  for (auto [multiplier, shift] : llvm::zip_equal(m, k)) {
    if (multiplier >= kMultiplierLimit || shift < 1)
      return std::nullopt;
    int64_t half = int64_t(1) << (shift - 1);
    plain.push_back({numerics::Form::Affine, multiplier, int(shift),
                     zeroPoint * (half * 2) + half, 0, requant.getLo(), requant.getHi()});
  }
  return plain;
}

static FailureOr<std::vector<numerics::Staircase>>
getStaircases(IntegerSegmentOpInterface op) {
  FailureOr<numerics::Chain> chain = getChain(op.getReferenceAttr());
  FailureOr<std::vector<ChannelSegment>> channels = getChannelSegments(op);
  if (failed(chain) || failed(channels))
    return failure();
  if (!chain->isClampOnly())
    return refuseLayer(op, "a function between a sum and its quantize",
                       "quantize before it");
  std::vector<numerics::Staircase> staircases;
  for (const ChannelSegment &channel : *channels)
    staircases.push_back(
        numerics::buildStaircase(channel.unit, channel.offset, *chain, channel.acc));
  return staircases;
}

/// SINGLE_ROUND with the layer's own multipliers makes every step.
static bool isAlreadySingle(IntegerSegmentOpInterface op,
                            ArrayRef<numerics::Staircase> staircases) {
  if (op.getRequantAttr().getForm() != RequantForm::Affine)
    return false;
  auto plain = getPlain(op);
  return plain && llvm::all_of(llvm::zip_equal(*plain, staircases), [](auto pair) {
           auto &[requant, staircase] = pair;
           return numerics::fitsInt64(requant, staircase.acc) &&
                  numerics::proves(requant, staircase);
         });
}

static LogicalResult fallBack(IntegerSegmentOpInterface op) {
  FailureOr<std::vector<numerics::Staircase>> staircases = getStaircases(op);
  if (failed(staircases))
    return failure();
  if (isAlreadySingle(op, *staircases))
    return success();
  if (failed(toSingle(op)))
    return failure();
  auto plain = getPlain(op);
  if (!plain)
    return refuseLayer(op, "its scale", "scales of 2^-31 to 2^29 do");
  int64_t channels = 0, largest = 0;
  numerics::Integer wrong = 0, all = 0;
  for (auto [requant, staircase] : llvm::zip_equal(*plain, *staircases)) {
    auto output = [&program = requant](int64_t acc) {
      return numerics::applyRequant(acc, program);
    };
    numerics::Deviation deviation = numerics::deviationOf(staircase, output);
    channels += deviation.wrong != 0;
    wrong += deviation.wrong;
    all += numerics::fromInt64(staircase.acc.max) -
           numerics::fromInt64(staircase.acc.min) + 1;
    largest = std::max(largest, deviation.largest);
  }
  if (channels)
    emitWarning(op->getLoc())
        << describe(op) << ": its rounding constants have no form in TOSA, it becomes "
        << "mode single; outputs of " << channels << " of " << plain->size()
        << " channels can change, at " << wrong.get_str() << " of " << all.get_str()
        << " sums, by at most " << largest;
  return success();
}

/// Headroom of a sum whose tensors have 8 bits.
static numerics::RescaledSum readSum(IntAddOp op) {
  SmallVector<int64_t> m = readNumbers(op.getRequant().getMultiplier());
  SmallVector<int64_t> k = readNumbers(op.getRequant().getShift());
  numerics::RescaledSum sum;
  sum.a = {m[0], int(k[0])};
  sum.b = {m[1], int(k[1])};
  sum.out = {m[2], int(k[2])};
  sum.headroom = numerics::sumHeadroom(8);
  sum.negateB = op.getReference().getOperands()[1] < 0;
  sum.rounding = numerics::Rounding::Once;
  return sum;
}

static LogicalResult fallBackSum(IntAddOp add) {
  auto op = cast<IntegerSegmentOpInterface>(add.getOperation());
  FailureOr<numerics::SumSegment> segment = getSumSegment(add);
  if (failed(segment))
    return failure();
  if (!segment->chain.isClampOnly())
    return refuseLayer(op, "a function between a sum and its quantize",
                       "quantize before it");
  if (failed(toSingle(op)))
    return failure();
  numerics::RescaledSum sum = readSum(add);
  IntRange output = segment->chain.outputRange();
  int64_t wrong = 0, largest = 0;
  for (int64_t a = segment->a.min; a <= segment->a.max; ++a)
    for (int64_t b = segment->b.min; b <= segment->b.max; ++b) {
      int64_t got =
          numerics::finishInteger(numerics::applyRescaledSum(sum, a - segment->zeroPointA,
                                                             b - segment->zeroPointB),
                                  segment->chain.out.zeroPoint, output);
      int64_t error = std::abs(got - numerics::evaluate(*segment, a, b));
      wrong += error != 0;
      largest = std::max(largest, error);
    }
  int64_t pairs =
      (segment->a.max - segment->a.min + 1) * (segment->b.max - segment->b.min + 1);
  if (wrong)
    emitWarning(op->getLoc())
        << describe(op) << ": a sum with one rounding has no form in TOSA, it becomes "
        << "mode single; outputs can change at " << wrong << " of " << pairs
        << " pairs of integers, by at most " << largest;
  return success();
}

LogicalResult qbias::makeExpressible(IntegerSegmentOpInterface op) {
  SmallVector<Value> tensors = op.getActivations();
  tensors.push_back(op->getResult(0));
  for (Value value : tensors) {
    Type element = getElementTypeOrSelf(value.getType());
    bool isSum = op.getRequantAttr().getForm() == RequantForm::Accumulator &&
                 value == op->getResult(0) && element.isInteger(32);
    if (!isSum && element.getIntOrFloatBitWidth() != 8)
      return refuseLayer(
          op, "a tensor of " + Twine(element.getIntOrFloatBitWidth()) + " bits",
          "quantize it to 8");
  }
  RequantAttr requant = op.getRequantAttr();
  if (requant.getMode() == RequantMode::Float)
    return refuseLayer(op, "mode float", "use --requant=single");
  if (requant.getAddendMultiplier() && !isa<IntAddOp>(op.getOperation()))
    return refuseLayer(op, "a sum of products with a quantized tensor",
                       "quantize the products before the sum");
  if (requant.getMode() != RequantMode::Exact ||
      requant.getForm() == RequantForm::Accumulator ||
      isa<IntLookupOp>(op.getOperation()))
    return success();
  auto bias = op->getAttrOfType<BiasCaseAttr>("bias_case");
  if (bias && bias.getValue() == BiasCase::Overflow)
    return refuseLayer(op, "a bias beyond its integer", "use --requant=single");
  if (auto add = dyn_cast<IntAddOp>(op.getOperation()))
    return fallBackSum(add);
  return fallBack(op);
}
