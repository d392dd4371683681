//===- Softmax.cpp - integer softmax (N12) --------------------------------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Numerics/Softmax.h"

#include "qbias/Numerics/FixedPoint.h"

#include <algorithm>
#include <cmath>

namespace qbias::numerics {
namespace {

/// Fraction bits of the exponentials: e * m stays below 2^61.
constexpr int kFraction = 30;

int bitsOf(int64_t value) {
  int bits = 0;
  for (; value > 0; value >>= 1)
    ++bits;
  return bits;
}

/// 2^F * exp(x) to the nearest integer, from an enclosure; 1 / 2 is never hit.
int64_t scaledExp(const Rational &x) {
  if (x == 0)
    return int64_t(1) << kFraction;
  for (int precision = 64;; precision *= 2) {
    Rational scale = powerOfTwo(kFraction);
    Integer low =
        roundHalfEven(*boundOf(Irrational::Exp, x, Side::Lower, precision) * scale);
    auto upper = boundOf(Irrational::Exp, x, Side::Upper, precision);
    if (upper && roundHalfEven(*upper * scale) == low)
      return low.get_si();
  }
}

std::vector<int64_t> makeExponentials(const Softmax &softmax) {
  std::vector<int64_t> result(size_t(1) << softmax.inputBits, 0);
  Rational step = *exactRational(softmax.inputScale) * *exactRational(softmax.beta);
  for (size_t d = 0; d < result.size(); ++d) {
    result[d] = scaledExp(-step * fromInt64(d));
    if (result[d] == 0)
      break; // and so are all others
  }
  return result;
}

int64_t finish(const Softmax &softmax, int64_t y) {
  return std::clamp(y, softmax.out.storage.min, softmax.out.storage.max);
}

std::vector<int64_t> exponentialsOf(const SoftmaxProgram &program,
                                    const std::vector<int64_t> &row) {
  int64_t max = *std::max_element(row.begin(), row.end());
  std::vector<int64_t> result;
  for (int64_t x : row)
    result.push_back(program.exponentials[max - x]);
  return result;
}

} // namespace

std::optional<SoftmaxProgram> buildSoftmax(const Softmax &softmax) {
  constexpr int kMultiplierLimit = 31, kSumBits = 61;
  Rational inverse = 1 / softmax.out.scale;
  int most = kSumBits - kFraction - bitsOf(softmax.depth);
  SoftmaxProgram program;
  for (int shift = std::min(most, kFraction); shift >= 0; --shift) {
    Integer m = roundHalfEven(inverse * powerOfTwo(shift));
    if (m < 1 || bitsOf(toInt64(m).value_or(INT64_MAX)) > kMultiplierLimit)
      continue;
    program.multiplier = m.get_si();
    program.shift = shift;
    while (program.shift > 0 && program.multiplier % 2 == 0) {
      program.multiplier /= 2;
      --program.shift;
    }
    program.exponentials = makeExponentials(softmax);
    return program;
  }
  return std::nullopt;
}

double softmaxErrorBound(const Softmax &softmax, const SoftmaxProgram &program) {
  Rational inverse = 1 / softmax.out.scale;
  Rational ratio =
      fromInt64(program.multiplier) * powerOfTwo(-program.shift) * softmax.out.scale - 1;
  Rational bound = (fromInt64(softmax.depth) + 1) * powerOfTwo(-kFraction - 1) * inverse +
                   abs(ratio) * inverse;
  return bound.get_d();
}

std::vector<int64_t> applySoftmax(const Softmax &softmax, const SoftmaxProgram &program,
                                  const std::vector<int64_t> &row) {
  std::vector<int64_t> e = exponentialsOf(program, row), result;
  int64_t sum = 0;
  for (int64_t value : e)
    sum += value;
  int64_t scaled = sum << program.shift;
  for (int64_t value : e)
    result.push_back(
        finish(softmax, (2 * value * program.multiplier + scaled) / (2 * scaled) +
                            softmax.out.zeroPoint));
  return result;
}

//===----------------------------------------------------------------------===//
// The reference kernel
//===----------------------------------------------------------------------===//

namespace {

/// mantissa * 2^(exponent - 31), 31 bits, as the kernels derive multipliers.
struct Mantissa {
  int64_t mantissa;
  int exponent;
};

Mantissa mantissaOf(double value) {
  constexpr double kOne = 2147483648.0;
  Mantissa result{0, 0};
  result.mantissa = std::llround(std::frexp(value, &result.exponent) * kOne);
  if (result.mantissa == int64_t(kOne)) {
    result.mantissa /= 2;
    ++result.exponent;
  }
  return result;
}

/// 8 bits: the difference with 5 integer bits, or 0 where it is below what
/// these hold.
std::vector<int64_t> makeNarrowKernel(const Softmax &softmax) {
  constexpr int kIntegerBits = 5;
  double scale = std::min(softmax.beta * softmax.inputScale * (1 << (31 - kIntegerBits)),
                          2147483647.0);
  Mantissa by = mantissaOf(scale);
  double radius = std::floor(
      std::ldexp(double((1 << kIntegerBits) - 1), 31 - kIntegerBits - by.exponent));
  std::vector<int64_t> result;
  for (int64_t d = 0; d < (1 << softmax.inputBits); ++d)
    result.push_back(
        double(d) > radius
            ? 0
            : fixed::expOnNegative(
                  fixed::multiply(-d * (int64_t(1) << by.exponent), by.mantissa),
                  kIntegerBits));
  return result;
}

/// 16 bits: differences of up to 10 over the range of a table of exponentials.
std::vector<int64_t> makeWideKernel(const Softmax &softmax) {
  constexpr double kRange = 10, kLast = 65535;
  std::vector<int64_t> table =
      fixed::makeTable([](float x) { return std::exp(x); }, -10.0f, 0.0f);
  Mantissa by = mantissaOf(softmax.inputScale * softmax.beta / (kRange / kLast));
  std::vector<int64_t> result;
  for (int64_t d = 0; d < (1 << softmax.inputBits); ++d) {
    int left = std::max(by.exponent, 0), right = std::max(-by.exponent, 0);
    int64_t scaled = fixed::divideByPower(
        fixed::multiply(fixed::saturatingShift(-d, left), by.mantissa), right);
    result.push_back(
        fixed::readTable(table, std::clamp<int64_t>(scaled + 32767, -32768, 32767)));
  }
  return result;
}

bool hasKernel(const Softmax &softmax) {
  bool isWide = softmax.inputBits == 16;
  int64_t values = softmax.out.storage.max - softmax.out.storage.min + 1;
  int64_t zero = isWide ? 0 : softmax.out.storage.min;
  double scale = isWide ? 1.0 / 32768 : 1.0 / double(values);
  constexpr double kSame = 0.001;
  return softmax.depth <= kMaxKernelDepth && softmax.out.zeroPoint == zero &&
         std::abs(softmax.out.scale.get_d() - scale) <= kSame * scale &&
         (!isWide || values == 65536) && softmax.beta * softmax.inputScale > 0x1p-26;
}

int leadingZeros(int64_t value) { return 32 - bitsOf(value); }

} // namespace

std::optional<SoftmaxProgram> buildKernelSoftmax(const Softmax &softmax) {
  if (!hasKernel(softmax))
    return std::nullopt;
  SoftmaxProgram program;
  bool isWide = softmax.inputBits == 16;
  program.exponentials = isWide ? makeWideKernel(softmax) : makeNarrowKernel(softmax);
  if (isWide)
    program.reciprocals =
        fixed::makeTable([](float x) { return 1.0f / (1.0f + x); }, 0.0f, 1.0f);
  return program;
}

/// 8 bits: a sum with 12 integer bits, normalized to [1, 2), inverted.
static std::vector<int64_t> applyNarrowKernel(const Softmax &softmax,
                                              const std::vector<int64_t> &e) {
  constexpr int kSumBits = 12;
  int outBits = bitsOf(softmax.out.storage.max - softmax.out.storage.min);
  int64_t sum = 0;
  for (int64_t value : e)
    sum += fixed::divideByPower(value, kSumBits);
  int zeros = leadingZeros(sum);
  int64_t scale = fixed::reciprocalOfOnePlus((sum << zeros) - (int64_t(1) << 31));
  std::vector<int64_t> result;
  for (int64_t value : e)
    result.push_back(
        finish(softmax, fixed::divideByPower(fixed::multiply(scale, value),
                                             kSumBits - zeros + 31 - outBits) +
                            softmax.out.storage.min));
  return result;
}

/// 16 bits: a sum of 15 fraction bits, normalized to 16 bits, inverted by table.
static std::vector<int64_t> applyWideKernel(const SoftmaxProgram &program,
                                            const std::vector<int64_t> &e) {
  int64_t sum = 0;
  for (int64_t value : e)
    sum += value;
  int zeros = leadingZeros(sum);
  int64_t shifted = ((sum << (zeros - 1)) + (1 << 13)) >> 14;
  int64_t centered = std::clamp<int64_t>(shifted - (1 << 15) - (1 << 16), -32768, 32767);
  int64_t scale = fixed::readTable(program.reciprocals, centered);
  int right = 31 - zeros;
  std::vector<int64_t> result;
  for (int64_t value : e)
    result.push_back(std::clamp<int64_t>(
        (value * scale + (int64_t(1) << (right - 1))) >> right, 0, 32767));
  return result;
}

std::vector<int64_t> applyKernelSoftmax(const Softmax &softmax,
                                        const SoftmaxProgram &program,
                                        const std::vector<int64_t> &row) {
  std::vector<int64_t> e = exponentialsOf(program, row);
  return softmax.inputBits == 16 ? applyWideKernel(program, e)
                                 : applyNarrowKernel(softmax, e);
}

} // namespace qbias::numerics
