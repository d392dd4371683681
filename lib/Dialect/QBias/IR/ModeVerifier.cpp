//===- ModeVerifier.cpp - constraints of modes and their forms ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModeVerifier.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Numerics/Requant.h"

#include <cmath>

using namespace mlir;
using namespace qbias;

bool qbias::isModeForm(RequantForm form) {
  return form == RequantForm::DoubleRound || form == RequantForm::Divide ||
         form == RequantForm::RescaledSum || form == RequantForm::Float ||
         form == RequantForm::FloatBias;
}

/// Rescales of a rescaled_sum: both operands, and their sum.
static constexpr int64_t kSumRescales = 3;

/// Forms a mode computes with. Before certification an affine start stands in
/// for any of them.
static bool isFormOf(RequantMode mode, RequantForm form, bool isCertified) {
  if (form == RequantForm::Table || form == RequantForm::Accumulator)
    return true;
  if (form == RequantForm::Affine)
    return mode != RequantMode::Float || !isCertified;
  switch (mode) {
  case RequantMode::Exact:
    return form == RequantForm::HalfEven || form == RequantForm::Threshold ||
           form == RequantForm::Wide;
  case RequantMode::Single:
    return form == RequantForm::RescaledSum;
  case RequantMode::TFLite:
    return form == RequantForm::DoubleRound || form == RequantForm::Divide ||
           form == RequantForm::RescaledSum;
  case RequantMode::Float:
    return form == RequantForm::Float || form == RequantForm::FloatBias;
  case RequantMode::Shift:
    return false;
  }
  return false;
}

/// Operations that a form has a meaning for.
static bool isFormFor(Operation *op, RequantForm form) {
  switch (form) {
  case RequantForm::Divide:
    return isa<IntAvgPoolOp>(op);
  case RequantForm::RescaledSum:
    return isa<IntAddOp>(op);
  case RequantForm::FloatBias:
    return isa<IntConv2DOp, IntMatmulOp>(op);
  case RequantForm::DoubleRound:
    return !isa<IntAddOp, IntLookupOp>(op);
  case RequantForm::Float:
    return !isa<IntLookupOp>(op);
  default:
    return true;
  }
}

/// `count` multipliers 0 <= m < 2^31 and shifts 1 <= k <= 62.
static LogicalResult verifyRescales(const Segment &segment, int64_t count) {
  IntegerSegmentOpInterface op = segment.op;
  RequantAttr requant = op.getRequantAttr();
  SmallVector<int64_t> multipliers, shifts;
  if (!requant.getMultiplier() || !requant.getShift() ||
      !readIntegers(requant.getMultiplier(), multipliers) ||
      !readIntegers(requant.getShift(), shifts) || int64_t(multipliers.size()) != count ||
      int64_t(shifts.size()) != count || requant.getRounding() ||
      requant.getAddendMultiplier())
    return op->emitOpError(segment.modes)
           << ": expects " << count << " integer multipliers and shifts and no other "
           << "arrays for form " << stringifyRequantForm(requant.getForm());
  for (auto [m, k] : llvm::zip(multipliers, shifts))
    if (m < 0 || m >= int64_t(1) << numerics::kMultiplierBits || k < 1 ||
        k > numerics::kMaxShift)
      return op->emitOpError(segment.modes)
             << ": expects multipliers in [0, 2^" << numerics::kMultiplierBits
             << ") and shifts in [1, " << numerics::kMaxShift << "], got " << m << " and "
             << k;
  return success();
}

/// `attr` holds one float32 value per channel.
static bool holdsFloats(ElementsAttr attr, int64_t channels, bool isPositive) {
  SmallVector<double> values;
  return attr && readFloats(attr, values) && int64_t(values.size()) == channels &&
         llvm::all_of(values, [&](double v) {
           return static_cast<double>(static_cast<float>(v)) == v && std::isfinite(v) &&
                  (!isPositive || v > 0);
         });
}

/// Arrays of the float forms: of accumulators m, and r where the bias is float.
static LogicalResult verifyFloat(const Segment &segment) {
  IntegerSegmentOpInterface op = segment.op;
  RequantAttr requant = op.getRequantAttr();
  bool isExpression = isa<IntAddOp, IntMulOp, IntAvgPoolOp>(op.getOperation());
  bool hasBias = requant.getForm() == RequantForm::FloatBias;
  int64_t channels = op.getRequantChannels();
  bool hasMultiplier = isExpression
                           ? !requant.getMultiplier()
                           : holdsFloats(requant.getMultiplier(), channels, true);
  bool hasRounding = hasBias ? holdsFloats(requant.getRounding(), channels, false)
                             : !requant.getRounding();
  if (hasMultiplier && hasRounding && !requant.getShift() &&
      !requant.getAddendMultiplier())
    return success();
  return op->emitOpError(segment.modes)
         << ": expects float32 values for form "
         << stringifyRequantForm(requant.getForm()) << ": "
         << (isExpression ? 0 : channels) << " multipliers and "
         << (hasBias ? channels : 0) << " roundings, and no other arrays";
}

LogicalResult qbias::verifyMode(const Segment &segment) {
  IntegerSegmentOpInterface op = segment.op;
  RequantAttr requant = op.getRequantAttr();
  RequantForm form = requant.getForm();
  if (!isFormOf(requant.getMode(), form, bool(op.getCertificateAttr())) ||
      !isFormFor(op, form))
    return op->emitOpError(segment.modes)
           << ": expects a form of mode " << stringifyRequantMode(requant.getMode())
           << " that the operation has, got " << stringifyRequantForm(form);
  switch (form) {
  case RequantForm::DoubleRound:
    return verifyRescales(segment, op.getRequantChannels());
  case RequantForm::RescaledSum:
    return verifyRescales(segment, kSumRescales);
  case RequantForm::Float:
  case RequantForm::FloatBias:
    return verifyFloat(segment);
  case RequantForm::Divide:
    if (!requant.getMultiplier() && !requant.getShift() && !requant.getRounding())
      return success();
    return op->emitOpError(segment.modes) << ": expects no arrays for form divide";
  default:
    return success();
  }
}
