//===- CRequantizer.cpp - a requantization in C ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CRequantizer.h"

using namespace mlir;
using namespace qbias;
using llvm::Twine;

/// One value for all channels is a scalar.
void Requantizer::declareArray(StringRef name, ElementsAttr attr) {
  SmallVector<int64_t> values = readAll(attr);
  if (values.empty())
    return;
  std::string narrowest = name == "rounding" ? "int64_t" : getNarrowestType(values);
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
  switch (requant.getForm()) {
  case RequantForm::Affine:
  case RequantForm::HalfEven:
    declareArray("multiplier", requant.getMultiplier());
    declareArray("addend_multiplier", requant.getAddendMultiplier());
    declareArray("shift", requant.getShift());
    declareArray("rounding", requant.getRounding());
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
    return success();
  default:
    return op->emitError("requantization ")
           << stringifyRequantForm(requant.getForm())
           << " has no form in C; compile to an object or with --requant=exact";
  }
}

/// acc * m + r, plus addend * addend multiplier.
std::string Requantizer::scaled(StringRef acc, StringRef channel, StringRef addend) {
  std::string sum = entry("rounding", channel);
  if (!addend.empty())
    sum = ("scale(" + addend + ", " + entry("addend_multiplier", channel) + ", " + sum +
           ")")
              .str();
  return ("scale(" + acc + ", " + entry("multiplier", channel) + ", " + sum + ")").str();
}

void Requantizer::write(const Twine &place, StringRef acc, StringRef channel,
                        StringRef addend) {
  std::string range = ", " + std::to_string(requant.getLo()) + ", " +
                      std::to_string(requant.getHi()) + ")";
  std::string shift = ", " + entry("shift", channel) + ")";
  std::string cast = "(" + type + ")";
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
