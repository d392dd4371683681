//===- ModeShift.cpp - mode shift: m = 1 ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Legal where every M is a power of two, up to what float32 scales are rounded.
//
//===----------------------------------------------------------------------===//

#include "ModeNumbers.h"

#include "qbias/Numerics/Modes.h"

#include "llvm/Support/Format.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using IntRange = numerics::Range;
using numerics::Int128;
using numerics::Rational;

/// The power of two nearest to M, and the scale that would make M one.
static LogicalResult refuseShift(const ModeSubject &subject, const Rational &real,
                                 size_t c, StringRef what) {
  double m = real.get_d();
  double power = std::exp2(std::round(std::log2(std::abs(m))));
  auto print = [](double value) {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%.9g", value);
    return text;
  };
  InFlightDiagnostic diagnostic = subject.op->emitError("mode shift: expects ")
                                  << what << " to be a power of two, got " << print(m)
                                  << " in channel " << c << "; ";
  if (subject.weights.size() > 1)
    diagnostic << "a weight scale of " << print(subject.weight(c) * std::abs(power / m))
               << " instead of " << print(subject.weight(c)) << " would make it 2^"
               << int64_t(std::log2(power));
  else
    diagnostic << "an output scale of " << print(subject.result * std::abs(m / power))
               << " instead of " << print(subject.result) << " would make it 2^"
               << int64_t(std::log2(power));
  return diagnostic;
}

/// (z << k) + 2^(k-1), or z where nothing is shifted out.
static Int128 halfUp(int64_t zeroPoint, int shift) {
  return Int128(zeroPoint) * (Int128(1) << shift) +
         (shift > 0 ? Int128(1) << (shift - 1) : Int128(0));
}

/// Both multipliers of a sum over the shift they share. `b` may be negative.
static LogicalResult addShifts(const ModeSubject &subject, size_t c, const Rational &a,
                               const Rational *b, IntRange rangeA, int64_t zeroA,
                               ModeNumbers &numbers) {
  constexpr int kLimit = numerics::kWideMultiplierBits - 1;
  std::optional<int> ka = numerics::powerOfTwoShift(a);
  if (!ka)
    return refuseShift(subject, a, c,
                       b ? "the first operand's scale / output scale"
                         : "input scale * weight scale / output scale");
  std::optional<int> kb = b ? numerics::powerOfTwoShift(abs(*b)) : std::optional<int>(0);
  if (!kb)
    return refuseShift(subject, *b, c, "the second operand's scale / output scale");
  int k = std::max({*ka, b ? *kb : *ka, 0});
  if (k > numerics::kMaxShift || k - *ka > kLimit || (b && k - *kb > kLimit))
    return subject.op->emitError("mode shift: shifts ")
           << *ka << " and " << *kb << " of channel " << c << " are too far apart";
  int64_t ma = int64_t(1) << (k - *ka);
  int64_t mb = b ? (int64_t(1) << (k - *kb)) * (*b < 0 ? -1 : 1) : 0;
  Int128 rounding = halfUp(subject.zeroPoint(), k) - Int128(zeroA) * ma;
  IntRange q = {0, 0};
  if (b) {
    q = getValueRange(subject.op.getActivations().back());
    auto add = dyn_cast<IntAddOp>(subject.op.getOperation());
    int64_t zeroB =
        add ? int64_t(add.getRhsZp()) : int64_t(subject.op.getAddendZeroPoint());
    rounding -= Int128(zeroB) * mb;
    numbers.addendMultiplier.push_back(mb);
  }
  if (!fitsWithAddend(rangeA, ma, q, mb, rounding))
    return subject.op->emitError("mode shift: channel ")
           << c << " leaves 64 bits; use mode exact for this layer";
  numbers.multiplier.push_back(ma);
  numbers.shift.push_back(k);
  numbers.rounding.push_back(static_cast<int64_t>(rounding));
  return success();
}

FailureOr<ModeNumbers> qbias::deriveShift(const ModeSubject &subject) {
  ModeNumbers numbers;
  const Rational &y = subject.chain.out.scale;
  Rational second = *numerics::exactRational(subject.operands.back()) / y;
  if (auto add = dyn_cast<IntAddOp>(subject.op.getOperation())) {
    Rational first = *numerics::exactRational(subject.operands.front()) / y;
    if (failed(addShifts(subject, 0, first, &second, getValueRange(add.getLhs()),
                         add.getLhsZp(), numbers)))
      return failure();
    return numbers;
  }
  for (size_t c = 0; c < subject.channels.size(); ++c) {
    const ChannelSegment &channel = subject.channels[c];
    if (failed(addShifts(subject, c, channel.unit / y,
                         hasAddend(subject.op) ? &second : nullptr, channel.acc, 0,
                         numbers)))
      return failure();
  }
  return numbers;
}
