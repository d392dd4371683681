//===- Boundary.cpp - float ends of the file, outside the program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// N2b: the first integers equal the framework's, because they are made by its
// own float32 formula:
//   ONNX, TFLite  round(x / s) + z        (half to even; half away in TFLite)
//   PyTorch       round(x * (1 / s)) + z  (half to even)
//
//===----------------------------------------------------------------------===//

#include "qbias/Runtime/Boundary.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace qbias::runtime {

static void store(char *integers, int64_t i, DType dtype, int64_t value) {
  size_t size = dtypeSize(dtype);
  std::memcpy(integers + i * size, &value, size); // little endian
}

/// PyTorch takes the reciprocal of the stored double before it rounds to float32.
float scaleAndRound(float x, double scale, const std::string &producer) {
  if (producer == "pytorch")
    return std::nearbyintf(x * static_cast<float>(1.0 / scale));
  if (producer == "tflite")
    return std::roundf(x / static_cast<float>(scale));
  return std::nearbyintf(x / static_cast<float>(scale));
}

/// rne(x / scale) in exact arithmetic, for quotients below 2^25. The remainder
/// of IEEE 754 is exact and belongs to the quotient rounded half to even; what
/// is left is a multiple of `scale`, which two roundings cannot move by 1/2.
static int64_t divideExactly(double x, double scale) {
  return std::llround((x - std::remainder(x, scale)) / scale);
}

/// Clamps between a float input and its quantize; float32 in the file.
static float applyClamps(const std::vector<Step> &clamps, float x) {
  for (const Step &clamp : clamps) {
    x = clamp.a ? std::max(x, static_cast<float>(*clamp.a)) : x;
    x = clamp.b ? std::min(x, static_cast<float>(*clamp.b)) : x;
  }
  return x;
}

bool quantizeInput(const Tensor &tensor, const float *values, int64_t count, bool real,
                   char *integers, std::string &error) {
  const Quantization &quantization = *tensor.quantization;
  for (int64_t i = 0; i < count; ++i) {
    size_t channel = tensor.channelOf(i);
    bool isPerChannel = !tensor.scales.empty();
    double scale = isPerChannel ? tensor.scales[channel] : quantization.scale;
    int64_t zeroPoint = isPerChannel ? static_cast<int64_t>(tensor.offsets[channel])
                                     : quantization.zeroPoint;
    float x = values[i];
    if (std::isnan(x)) {
      error = "element " + std::to_string(i) + " is NaN, expected a number";
      return false;
    }
    x = applyClamps(tensor.tail, x);
    int64_t q;
    float rounded = scaleAndRound(x, scale, tensor.producer);
    // Beyond the storage range by more than the zero point both formulas
    // saturate; this also covers infinities.
    constexpr float kFar = 1 << 24;
    if (std::fabs(rounded) > kFar) {
      q = rounded > 0 ? quantization.max : quantization.min;
    } else {
      q = real ? divideExactly(x, scale) : static_cast<int64_t>(rounded);
      q = std::clamp(q + zeroPoint, quantization.min, quantization.max);
    }
    store(integers, i, tensor.dtype, q);
  }
  return true;
}

/// log(1 + exp(x)) without overflow.
static double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
}

double applyFunction(const std::string &function, double x, double alpha, double beta) {
  if (function == "sigmoid")
    return 1 / (1 + std::exp(-x));
  if (function == "tanh")
    return std::tanh(x);
  if (function == "hard_sigmoid")
    return std::clamp(alpha * x + beta, 0.0, 1.0);
  if (function == "hard_swish")
    return x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
  if (function == "leaky_relu")
    return x >= 0 ? x : alpha * x;
  if (function == "gelu")
    return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
  if (function == "gelu_tanh")
    return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  if (function == "silu")
    return x / (1 + std::exp(-x));
  if (function == "elu")
    return x >= 0 ? x : alpha * std::expm1(x);
  if (function == "exp")
    return std::exp(x);
  if (function == "sqrt")
    return std::sqrt(std::max(x, 0.0));
  if (function == "abs")
    return std::fabs(x);
  if (function == "square")
    return x * x;
  if (function == "erf")
    return std::erf(x);
  if (function == "log")
    return std::log(std::max(x, 0.0));
  if (function == "softplus")
    return softplus(x);
  if (function == "mish")
    return x * std::tanh(softplus(x));
  if (function == "softsign")
    return x / (1 + std::fabs(x));
  if (function == "reciprocal")
    return x == 0 ? HUGE_VAL : 1 / x;
  if (function == "rsqrt")
    return 1 / std::sqrt(std::max(x, 0.0));
  if (function == "floor")
    return std::floor(x);
  if (function == "ceil")
    return std::ceil(x);
  if (function == "round")
    return std::nearbyint(x);
  if (function == "sign")
    return x > 0 ? 1 : x < 0 ? -1 : 0;
  return x > alpha ? x : 0; // threshold, the last of them
}

/// Steps applied outside to the real value of an accumulator.
static double applyTail(const std::vector<Step> &tail, double x) {
  for (const Step &step : tail) {
    if (step.function == "clamp") {
      x = step.a ? std::max(x, *step.a) : x;
      x = step.b ? std::min(x, *step.b) : x;
    } else if (step.function == "linear") {
      x = x * step.a.value_or(1) / step.c.value_or(1) + step.b.value_or(0);
    } else {
      x = applyFunction(step.function, x, step.a.value_or(0), step.b.value_or(0));
    }
  }
  return x;
}

void dequantizeOutput(const Tensor &tensor, const char *integers, float *values,
                      int64_t count) {
  Array array;
  array.dtype = tensor.dtype;
  array.data.assign(integers, integers + count * dtypeSize(tensor.dtype));
  if (const std::optional<Quantization> &quantization = tensor.quantization) {
    bool isPerChannel = !tensor.scales.empty();
    for (int64_t i = 0; i < count; ++i) {
      size_t channel = tensor.channelOf(i);
      double scale = isPerChannel ? tensor.scales[channel] : quantization->scale;
      int64_t zeroPoint = isPerChannel ? static_cast<int64_t>(tensor.offsets[channel])
                                       : quantization->zeroPoint;
      values[i] =
          static_cast<float>(array.integerAt(i) - zeroPoint) * static_cast<float>(scale);
    }
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    size_t channel = tensor.channelOf(i);
    double x = static_cast<double>(array.integerAt(i)) * tensor.scales[channel] +
               tensor.offsets[channel];
    values[i] = static_cast<float>(applyTail(tensor.tail, x));
  }
}

} // namespace qbias::runtime
