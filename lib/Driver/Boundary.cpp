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

#include "qbias/Driver/Program.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include <cmath>

using namespace mlir;
using namespace qbias;

static void store(char *integers, int64_t i, runtime::DType dtype, int64_t value) {
  size_t size = runtime::dtypeSize(dtype);
  std::memcpy(integers + i * size, &value, size); // little endian
}

/// The producer's float32 formula before zero point and clamp.
static float scaleAndRound(float x, float scale, StringRef producer) {
  if (producer == "pytorch")
    return std::nearbyintf(x * (1.0f / scale));
  if (producer == "tflite")
    return std::roundf(x / scale);
  return std::nearbyintf(x / scale);
}

bool qbias::quantizeInput(const TensorInfo &tensor, ArrayRef<float> values, bool real,
                          char *integers, std::string &error) {
  numerics::QuantParams params = getParams(tensor.type);
  float scale = static_cast<float>(params.scale.get_d());
  for (auto [i, x] : llvm::enumerate(values)) {
    if (std::isnan(x)) {
      error = "element " + std::to_string(i) + " is NaN, expected a number";
      return false;
    }
    int64_t q;
    float rounded = scaleAndRound(x, scale, tensor.producer);
    // Beyond the storage range by more than the zero point both formulas
    // saturate; this also covers infinities.
    constexpr float kFar = 1 << 24;
    if (std::fabs(rounded) > kFar)
      q = rounded > 0 ? params.storage.max : params.storage.min;
    else if (real)
      q = numerics::quantize(*numerics::exactRational(x), params);
    else
      q = std::clamp<int64_t>(static_cast<int64_t>(rounded) + params.zeroPoint,
                              params.storage.min, params.storage.max);
    store(integers, i, tensor.dtype, q);
  }
  return true;
}

/// Steps applied outside to the real value of an accumulator.
static double applyTail(ArrayAttr tail, double x) {
  if (!tail)
    return x;
  for (Attribute attr : tail) {
    if (auto clamp = dyn_cast<ClampStepAttr>(attr)) {
      if (clamp.getLo())
        x = std::max(x, clamp.getLo().getValueAsDouble());
      if (clamp.getHi())
        x = std::min(x, clamp.getHi().getValueAsDouble());
    } else if (auto linear = dyn_cast<LinearStepAttr>(attr)) {
      x *= linear.getFactor().getValueAsDouble();
      if (linear.getDivisor())
        x /= linear.getDivisor().getValueAsDouble();
      x += linear.getOffset().getValueAsDouble();
    } else if (auto unary = dyn_cast<UnaryStepAttr>(attr)) {
      double alpha = unary.getAlpha() ? unary.getAlpha().getValueAsDouble() : 0;
      double beta = unary.getBeta() ? unary.getBeta().getValueAsDouble() : 0;
      switch (unary.getFunction()) {
      case UnaryKind::Sigmoid:
        x = 1 / (1 + std::exp(-x));
        break;
      case UnaryKind::Tanh:
        x = std::tanh(x);
        break;
      case UnaryKind::HardSigmoid:
        x = std::clamp(alpha * x + beta, 0.0, 1.0);
        break;
      case UnaryKind::HardSwish:
        x = x * std::clamp(x / 6 + 0.5, 0.0, 1.0);
        break;
      case UnaryKind::LeakyRelu:
        x = x >= 0 ? x : alpha * x;
        break;
      case UnaryKind::Gelu:
        x = x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
        break;
      case UnaryKind::GeluTanh:
        x = x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
        break;
      case UnaryKind::Silu:
        x = x / (1 + std::exp(-x));
        break;
      case UnaryKind::Elu:
        x = x >= 0 ? x : alpha * std::expm1(x);
        break;
      case UnaryKind::Exp:
        x = std::exp(x);
        break;
      case UnaryKind::Sqrt:
        x = std::sqrt(std::max(x, 0.0));
        break;
      case UnaryKind::Abs:
        x = std::fabs(x);
        break;
      case UnaryKind::Square:
        x = x * x;
        break;
      }
    }
  }
  return x;
}

void qbias::dequantizeOutput(const TensorInfo &tensor, const char *integers,
                             MutableArrayRef<float> values) {
  runtime::Array array;
  array.dtype = tensor.dtype;
  array.data.assign(integers,
                    integers + values.size() * runtime::dtypeSize(tensor.dtype));
  if (tensor.type) {
    numerics::QuantParams params = getParams(tensor.type);
    float scale = static_cast<float>(params.scale.get_d());
    for (auto [i, value] : llvm::enumerate(values))
      value = static_cast<float>(array.integerAt(i) - params.zeroPoint) * scale;
    return;
  }
  int64_t inner = 1;
  for (size_t d = tensor.axis ? *tensor.axis + 1 : 0; d < tensor.shape.size(); ++d)
    inner *= tensor.shape[d];
  for (auto [i, value] : llvm::enumerate(values)) {
    size_t channel = tensor.scales.size() == 1 ? 0 : (i / inner) % tensor.scales.size();
    double x = static_cast<double>(array.integerAt(i)) * tensor.scales[channel] +
               tensor.offsets[channel];
    value = static_cast<float>(applyTail(tensor.tail, x));
  }
}
