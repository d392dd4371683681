//===- KernelTables.cpp - functions as TFLite's kernels compute them ------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Written from the definitions of tensorflow/tflite-micro,
// tensorflow/lite/kernels/internal/reference. Multipliers of RELU, LEAKY_RELU
// and HARD_SWISH come from float32 quotients of scales, those of the others
// from double ones.
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/KernelTables.h"

#include "qbias/Numerics/FixedPoint.h"
#include "qbias/Numerics/Modes.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace qbias::numerics {
namespace {

using Function = std::function<int64_t(int64_t)>; // of q - z

constexpr unsigned kNarrowBits = 8;

float floatScale(const QuantParams &params) {
  return static_cast<float>(params.scale.get_d());
}

/// The kernels accept scales this near to the one they have.
bool isScale(const QuantParams &params, double scale) {
  constexpr double kSame = 0.001;
  return std::abs(params.scale.get_d() - scale) <= kSame * scale;
}

//===----------------------------------------------------------------------===//
// Rescales
//===----------------------------------------------------------------------===//

Function rescaleBy(double real) {
  FixedMultiplier by = producerMultiplier(real);
  return [by](int64_t x) { return rescale(x, by, Rounding::Twice); };
}

Function leakyRelu(const QuantParams &in, const QuantParams &out, const Rational &alpha) {
  float ratio = floatScale(in) / floatScale(out);
  float slope = floatScale(in) * static_cast<float>(alpha.get_d()) / floatScale(out);
  if (slope <= 0)
    return {};
  return [identity = rescaleBy(ratio), below = rescaleBy(slope)](int64_t x) {
    return x >= 0 ? identity(x) : below(x);
  };
}

//===----------------------------------------------------------------------===//
// LOGISTIC and TANH of 8 bits
//===----------------------------------------------------------------------===//

/// A function of fixed point numbers with 4 integer bits, its result divided by
/// 2^(31 - fraction); beyond what 4 bits hold, `least` or `most`.
Function fixedFunction(const QuantParams &in, int64_t (*function)(int64_t), int fraction,
                       int64_t least, int64_t most) {
  constexpr int kIntegerBits = 4, kWord = 31;
  FixedMultiplier by =
      producerMultiplier(std::ldexp(in.scale.get_d(), kWord - kIntegerBits));
  int left = kWord - by.shift;
  auto radius = static_cast<int64_t>(std::floor(
      std::ldexp(double((1 << kIntegerBits) - 1), kWord - kIntegerBits - left)));
  return [=](int64_t x) {
    if (x <= -radius)
      return least;
    if (x >= radius)
      return most;
    int64_t raw = function(rescale(x, by, Rounding::Twice));
    return fixed::divideByPower(raw, kWord - fraction);
  };
}

//===----------------------------------------------------------------------===//
// LOGISTIC and TANH of 16 bits
//===----------------------------------------------------------------------===//

/// 2^16 / (1 + exp(-i / 24)) for i = 0 .. 255, moved by half of what a straight
/// line to the next entry is off in its middle; the last entry is the limit.
const std::vector<int64_t> &sigmoidTable() {
  static const std::vector<int64_t> table = [] {
    constexpr int kEntries = 256;
    constexpr double kStep = 24, kOne = 65536;
    auto at = [](double i) { return kOne / (1 + std::exp(-i / kStep)); };
    std::vector<int64_t> entries;
    for (int i = 0; i < kEntries; ++i)
      entries.push_back(
          std::llround(at(i) + (at(i + 0.5) - (at(i) + at(i + 1)) / 2) / 2));
    entries.back() = int64_t(kOne) - 1;
    return entries;
  }();
  return table;
}

/// How 16-bit integers become arguments of the table: (x * factor + half) >>
/// shift. Scales of 2^-12 up to 2^(largestShift - 12) are taken as they are.
struct Argument {
  int64_t factor = 0;
  int shift = 0;

  static std::optional<Argument> of(double scale, int largestShift) {
    constexpr double kSteps = 4096.0 * 3.0, kLimit = 32767.0, kSamePower = 1e-3;
    constexpr int kFraction = 12, kMaxShift = 30;
    double log = std::log2(scale);
    int power = int(std::lround(log)) + kFraction;
    bool isPower = std::abs(log - std::round(log)) < kSamePower;
    if (isPower && power >= 0 && power <= largestShift)
      return Argument{int64_t(3) << power, 0};
    Argument argument;
    double real = scale * kSteps;
    for (; real <= kLimit / 2 && argument.shift <= kMaxShift; ++argument.shift)
      real *= 2;
    if (real >= kLimit + 1)
      return std::nullopt;
    argument.factor = static_cast<int64_t>(real);
    return argument;
  }

  int64_t apply(int64_t x) const {
    return (x * factor + ((int64_t(1) << shift) >> 1)) >> shift;
  }
};

/// The table between two entries, `bits` bits apart; `limit` beyond the last.
int64_t readSigmoid(int64_t x, int bits, int64_t limit) {
  const std::vector<int64_t> &table = sigmoidTable();
  int64_t at = x >> bits;
  if (at >= int64_t(table.size()) - 1)
    return limit;
  int64_t slope = table[at + 1] - table[at];
  return (table[at] << bits) + slope * (x & ((int64_t(1) << bits) - 1));
}

Function wideLogistic(const QuantParams &in) {
  std::optional<Argument> argument = Argument::of(in.scale.get_d(), 0);
  if (!argument)
    return {};
  return [argument = *argument](int64_t q) {
    constexpr int kBits = 9, kDropped = 10;
    int64_t x = argument.apply(q);
    int64_t y = readSigmoid(std::abs(x), kBits, int64_t(0x7FFF) << kDropped);
    y = x >= 0 ? y + (1 << kBits) : (int64_t(1) << (16 + kBits)) - y + (1 << kBits) - 1;
    return y >> kDropped;
  };
}

Function wideTanh(const QuantParams &in) {
  std::optional<Argument> argument = Argument::of(in.scale.get_d(), 1);
  if (!argument)
    return {};
  return [argument = *argument](int64_t q) {
    constexpr int kBits = 8;
    constexpr int64_t kOne = int64_t(1) << 23, kHalf = int64_t(1) << 7;
    int64_t x = argument.apply(q);
    int64_t y = readSigmoid(std::abs(x), kBits, int64_t(0xFFFF) << kBits);
    y = x >= 0 ? y - kOne + kHalf : -y + kOne + kHalf - 1;
    return y >> kBits;
  };
}

//===----------------------------------------------------------------------===//
// HARD_SWISH
//===----------------------------------------------------------------------===//

/// int16 arithmetic of that kernel.
struct Short {
  static int64_t saturate(int64_t x) { return std::clamp<int64_t>(x, -32768, 32767); }
  /// (a * b) / 2^15, rounded half up.
  static int64_t multiply(int64_t a, int64_t b) {
    return saturate((a * b + (1 << 14)) >> 15);
  }
  /// 15 bits of a 31-bit multiplier, and its exponent.
  Short(double real) {
    FixedMultiplier by = producerMultiplier(real);
    multiplier = reduceMultiplier(by).multiplier;
    exponent = 31 - by.shift;
  }
  int64_t multiplier;
  int exponent;
};

Function hardSwish(const QuantParams &in, const QuantParams &out) {
  constexpr int kHighBits = 7;
  float high = (1.0f / (1 << kHighBits)) * floatScale(in);
  Short toOutput(high / floatScale(out)), toThird(high / (3.0f / 32768.0f));
  if (toOutput.exponent > 0)
    return {};
  return [=](int64_t x) {
    int64_t wide = x * (1 << kHighBits);
    int64_t scaled = Short::multiply(wide, toOutput.multiplier);
    int64_t gate = wide;
    if (toThird.exponent > 0)
      gate = Short::saturate(gate * (int64_t(1) << (toThird.exponent - 1)));
    gate = Short::multiply(gate, toThird.multiplier);
    if (toThird.exponent > 0)
      gate = Short::saturate(gate * 2);
    if (toThird.exponent < 0)
      gate = fixed::divideByPower(gate, -toThird.exponent);
    gate = (gate + (1 << 15)) >> 1;
    int64_t product = gate * scaled / (1 << 15); // towards zero
    return fixed::divideByPower(product, -toOutput.exponent);
  };
}

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

Function sigmoidKernel(const QuantParams &in, unsigned bits, const QuantParams &out) {
  constexpr int kFraction = 8;
  bool isNarrow = bits == kNarrowBits;
  int64_t zero = isNarrow ? out.storage.min : 0;
  if (out.zeroPoint != zero || !isScale(out, isNarrow ? 1.0 / 256 : 1.0 / 32768))
    return {};
  if (isNarrow)
    return fixedFunction(in, fixed::logistic, kFraction, 0, 255);
  return in.zeroPoint == 0 ? wideLogistic(in) : Function();
}

Function tanhKernel(const QuantParams &in, unsigned bits, const QuantParams &out) {
  constexpr int kFraction = 7;
  bool isNarrow = bits == kNarrowBits;
  int64_t zero = isNarrow ? out.storage.min + 128 : 0;
  if (out.zeroPoint != zero || !isScale(out, isNarrow ? 1.0 / 128 : 1.0 / 32768))
    return {};
  if (isNarrow)
    return fixedFunction(in, fixed::tanh, kFraction, -128, 127);
  return in.zeroPoint == 0 ? wideTanh(in) : Function();
}

Function functionOf(const QuantParams &in, unsigned bits, const Chain &chain) {
  if (chain.steps.empty())
    return bits == kNarrowBits ? rescaleBy(in.scale.get_d() / chain.out.scale.get_d())
                               : Function();
  if (chain.isClampOnly())
    return rescaleBy(floatScale(in) / floatScale(chain.out));
  const auto *unary = std::get_if<UnaryStep>(&chain.steps.front());
  if (!unary || chain.steps.size() != 1)
    return {};
  switch (unary->function) {
  case UnaryFunction::Sigmoid:
    return sigmoidKernel(in, bits, chain.out);
  case UnaryFunction::Tanh:
    return tanhKernel(in, bits, chain.out);
  case UnaryFunction::LeakyRelu:
    return leakyRelu(in, chain.out, unary->alpha);
  case UnaryFunction::HardSwish:
    return bits == kNarrowBits ? hardSwish(in, chain.out) : Function();
  default:
    return {};
  }
}

} // namespace

std::optional<std::vector<int64_t>> kernelTable(const QuantParams &in, unsigned bits,
                                                const Chain &chain) {
  Function function = functionOf(in, bits, chain);
  if (!function)
    return std::nullopt;
  Range output = chain.out.storage;
  if (std::optional<Range> clamp = producerClamp(chain))
    output = *clamp;
  std::vector<int64_t> table;
  for (int64_t q = in.storage.min; q <= in.storage.max; ++q)
    table.push_back(
        finishInteger(function(q - in.zeroPoint), chain.out.zeroPoint, output));
  return table;
}

} // namespace qbias::numerics
