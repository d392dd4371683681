//===- Boundary.h - float ends of the file, outside the program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_RUNTIME_BOUNDARY_H
#define QBIAS_RUNTIME_BOUNDARY_H

#include "qbias/Runtime/Description.h"

namespace qbias::runtime {

/// Quantizes `count` float values for a quantized input with its producer's
/// float32 formula, or exactly as N2 with `real`. False, and `error` set, on
/// NaN.
bool quantizeInput(const Tensor &tensor, const float *values, int64_t count, bool real,
                   char *integers, std::string &error);

/// The float32 values of `count` output integers.
void dequantizeOutput(const Tensor &tensor, const char *integers, float *values,
                      int64_t count);

/// The producer's float32 quantize before zero point and clamp.
float scaleAndRound(float x, double scale, const std::string &producer);

/// A one-operand function (the names of qbias.unary) in double.
double applyFunction(const std::string &function, double x, double alpha, double beta);

} // namespace qbias::runtime

#endif // QBIAS_RUNTIME_BOUNDARY_H
