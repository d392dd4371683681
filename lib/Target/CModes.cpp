//===- CModes.cpp - requantizations beside exact, in C ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   double_round   clamp(rescale_twice(acc, m, k) + z)
//   divide         clamp(divide_half_away(acc + n * z, n))
//   rescaled_sum   clamp(rescale(rescale(a << e) +- rescale(b << e)) + z)
//
// with rescale_once or rescale_twice, as the mode rounds (docs/Numerics.md, 4).
//
//===----------------------------------------------------------------------===//

#include "CRequantizer.h"

#include "qbias/Numerics/Modes.h"

using namespace mlir;
using namespace qbias;
using llvm::Twine;

/// " + 5", " - 5", or nothing for 0.
static std::string plus(int64_t value) {
  if (value == 0)
    return {};
  return (value < 0 ? " - " : " + ") + std::to_string(std::abs(value));
}

static unsigned widthOf(Value value) { return getElement(value).getIntOrFloatBitWidth(); }

void Requantizer::writeDivision(const Twine &place, StringRef acc, StringRef channel,
                                StringRef range) {
  auto pool = cast<IntAvgPoolOp>(op.getOperation());
  std::string count = pool.getDivisors().size() > 1
                          ? ("divisors[" + channel + "]").str()
                          : std::to_string(pool.getDivisors().front());
  int64_t zeroPoint = int64_t(pool.getInputZp());
  std::string offset = zeroPoint
                           ? " + " + count + " * (" + std::to_string(zeroPoint) + ")"
                           : std::string();
  writer.line(place + " = (" + type + ")clamp(divide_half_away(" + acc + offset + ", " +
              count + ")" + range + ";");
}

void Requantizer::writeRescaledSum(const Twine &place, StringRef a, StringRef b,
                                   StringRef range) {
  auto add = cast<IntAddOp>(op.getOperation());
  SmallVector<int64_t> m = readAll(requant.getMultiplier());
  SmallVector<int64_t> k = readAll(requant.getShift());
  unsigned widest =
      std::max({widthOf(add.getLhs()), widthOf(add.getRhs()), widthOf(add.getResult())});
  std::string one =
      "(INT64_C(1) << " + std::to_string(numerics::sumHeadroom(int(widest))) + ")";
  std::string rescale =
      requant.getMode() == RequantMode::Single ? "rescale_once(" : "rescale_twice(";
  auto by = [&](size_t i) {
    return ", " + std::to_string(m[i]) + ", " + std::to_string(k[i]) + ")";
  };
  auto operand = [&](StringRef q, int64_t zeroPoint, size_t i) {
    return rescale + getCentered(q, zeroPoint, "int32_t") + " * " + one + by(i);
  };
  bool isDifference = op.getReferenceAttr().getOperands()[1] < 0;
  writer.line("const int64_t left = " + operand(a, add.getLhsZp(), 0) + ";");
  writer.line("const int64_t right = " + operand(b, add.getRhsZp(), 1) + ";");
  writer.line(place + " = (" + type + ")clamp(" + rescale + "left " +
              (isDifference ? "-" : "+") + " right" + by(2) +
              plus(requant.getZeroPoint()) + range + ";");
}

void Requantizer::writeDoubleRound(const Twine &place, StringRef acc, StringRef channel,
                                   StringRef range) {
  writer.line(place + " = (" + type + ")clamp(rescale_twice(" + acc + ", " +
              entry("multiplier", channel) + ", " + entry("shift", channel) + ")" +
              plus(requant.getZeroPoint()) + range + ";");
}
