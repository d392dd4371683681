//===- CRequantizer.cpp - a requantization in C ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CRequantizer.h"

#include "qbias/Dialect/QBias/IR/Constants.h"

using namespace mlir;
using namespace qbias;
using llvm::Twine;

/// One value for all channels is a scalar.
void Requantizer::declareArray(StringRef name, SmallVector<int64_t> values) {
  if (values.empty())
    return;
  bool isWide = name.ends_with("rounding") && !narrow;
  std::string narrowest = isWide ? "int64_t" : getNarrowestType(values);
  SmallVector<int64_t> shape;
  if (op.getRequantChannels() > 1) {
    values.resize(op.getRequantChannels(), values.front());
    shape.push_back(values.size());
  }
  writer.constant(narrowest, name, shape, values);
}

std::string Requantizer::entry(StringRef name, StringRef channel) {
  bool isScalar = op.getRequantChannels() == 1;
  return (isScalar ? name : name + "[" + channel + "]").str();
}

LogicalResult Requantizer::declare() {
  if (writer.hasNarrowProducts)
    narrow = solveNarrow(op);
  if (narrow) {
    declareArray("multiplier", narrow->multiplier);
    declareArray("shift", narrow->shift);
    declareArray("rounding", narrow->rounding);
    return success();
  }
  switch (requant.getForm()) {
  case RequantForm::Affine:
  case RequantForm::HalfEven:
  case RequantForm::Wide:
  case RequantForm::DoubleRound:
    declareArray("multiplier", readAll(requant.getMultiplier()));
    declareArray("addend_multiplier", readAll(requant.getAddendMultiplier()));
    declareArray("shift", readAll(requant.getShift()));
    declareArray("rounding", readAll(requant.getRounding()));
    declareLow();
    return success();
  case RequantForm::Threshold: {
    SmallVector<int64_t> values = readAll(requant.getThresholds());
    int64_t channels = op.getRequantChannels(), steps = requant.getHi() - requant.getLo();
    writer.constant(getNarrowestType(values), "thresholds", {channels, steps}, values);
    return success();
  }
  case RequantForm::Table:
    if (ElementsAttr table = requant.getThresholds())
      writer.constant(type, "table", {table.getNumElements()}, readAll(table));
    return success();
  case RequantForm::Accumulator:
  case RequantForm::Divide:
  case RequantForm::RescaledSum: // constants where they are used
    return success();
  default:
    return op->emitError("requantization ")
           << stringifyRequantForm(requant.getForm())
           << " has no form in integer C; compile to an object or with --requant=exact";
  }
}

/// Arrays of the low halves of form wide, one for each column.
void Requantizer::declareLow() {
  SmallVector<int64_t> rows = readAll(requant.getLow());
  static constexpr const char *kNames[kLowColumns] = {
      "limb", "low_multiplier", "low_addend_multiplier", "low_rounding", "tie"};
  bool hasAddend = bool(requant.getAddendMultiplier());
  for (int64_t column = 0; column < kLowColumns; ++column) {
    SmallVector<int64_t> values;
    for (size_t i = column; i < rows.size(); i += kLowColumns)
      values.push_back(rows[i]);
    bool isRead = hasAddend || StringRef(kNames[column]) != "low_addend_multiplier";
    if (isRead)
      declareArray(kNames[column], values);
  }
}

std::string Requantizer::cast32(StringRef acc) {
  return (sumType == "int64_t" ? "(int32_t)" : "") + acc.str();
}

/// Sums and multipliers are int32: their product fits 64 bits whatever they are.
bool Requantizer::hasNarrowFactors() {
  auto isNarrow = [](ElementsAttr attr) {
    return getNarrowestType(readAll(attr)) != "int64_t";
  };
  BoundsAttr bounds = op.getBoundsAttr();
  return bounds && isNarrow(bounds.getMin()) && isNarrow(bounds.getMax()) &&
         isNarrow(requant.getMultiplier()) && !isa<IntRequantizeOp>(op.getOperation());
}

/// acc * m + r, plus addend * addend multiplier; of the constants with `prefix`.
std::string Requantizer::scaled(StringRef acc, StringRef channel, StringRef addend,
                                StringRef prefix) {
  auto constant = [&](StringRef name) { return entry((prefix + name).str(), channel); };
  std::string sum = constant("rounding");
  if (addend.empty() && prefix.empty() && hasNarrowFactors())
    return "scale_32(" + cast32(acc) + ", " + constant("multiplier") + ", " + sum + ")";
  if (!addend.empty())
    sum = ("scale(" + addend + ", " + constant("addend_multiplier") + ", " + sum + ")")
              .str();
  return ("scale(" + acc + ", " + constant("multiplier") + ", " + sum + ")").str();
}

/// Form wide: numbers of up to 120 bits in two halves.
void Requantizer::writeWide(const Twine &place, StringRef acc, StringRef channel,
                            StringRef addend, StringRef range) {
  writer.line("const int64_t low = " + scaled(acc, channel, addend, "low_") + ";");
  writer.line("const int64_t high = scale(shift_right(low, " + entry("limb", channel) +
              "), 1, " + scaled(acc, channel, addend) + ");");
  writer.line(place + " = (" + type + ")clamp(shift_to_even(high, " +
              entry("tie", channel) + ", " + entry("shift", channel) + ") + " +
              Twine(requant.getZeroPoint()) + range + ";");
}

void Requantizer::write(const Twine &place, StringRef acc, StringRef channel,
                        StringRef addend) {
  std::string range = ", " + std::to_string(requant.getLo()) + ", " +
                      std::to_string(requant.getHi()) + ")";
  std::string shift = ", " + entry("shift", channel) + ")";
  std::string cast = "(" + type + ")";
  if (narrow) {
    writer.line(place + " = " + cast + "clamp(shift_right_32(" + cast32(acc) + " * " +
                entry("multiplier", channel) + " + " + entry("rounding", channel) +
                shift + range + ";");
    return;
  }
  switch (requant.getForm()) {
  case RequantForm::Affine:
    writer.line(place + " = " + cast + "clamp(shift_right(" +
                scaled(acc, channel, addend) + shift + range + ";");
    return;
  case RequantForm::HalfEven:
    writer.line(place + " = " + cast + "clamp(shift_half_even(" +
                scaled(acc, channel, addend) + shift +
                (requant.getZeroPoint() ? " + " + Twine(requant.getZeroPoint()) : "") +
                range + ";");
    return;
  case RequantForm::Wide:
    writeWide(place, acc, channel, addend, range);
    return;
  case RequantForm::DoubleRound:
    writeDoubleRound(place, acc, channel, range);
    return;
  case RequantForm::Divide:
    writeDivision(place, acc, channel, range);
    return;
  case RequantForm::RescaledSum:
    writeRescaledSum(place, acc, addend, range);
    return;
  case RequantForm::Threshold:
    writer.line("int level = " + Twine(requant.getLo()) + ";");
    writer.loop("t", requant.getHi() - requant.getLo());
    writer.line("level += " + acc + " >= thresholds[" +
                (op.getRequantChannels() == 1 ? "0" : channel) + "][t];");
    writer.close();
    writer.line(place + " = " + cast + "level;");
    return;
  case RequantForm::Table: {
    int64_t min = readAll(op.getBoundsAttr().getMin()).front();
    writer.line(place + " = table[" + acc + " - (" + toCInteger(min, false) + ")];");
    return;
  }
  default:
    // Bounded by the proof of its type.
    writer.line(place + " = " + cast + acc + ";");
  }
}
