//===- Description.h - what a compiled program says of itself ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plain C++: the header of a program is written from it, and a shared library
// carries it as JSON (docs/Abi.md).
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_RUNTIME_DESCRIPTION_H
#define QBIAS_RUNTIME_DESCRIPTION_H

#include "qbias/Runtime/Npy.h"

namespace qbias::runtime {

/// real = (q - zero point) * scale, for integers in min .. max. Of a tensor with a scale
/// per channel these are the first channel's (Tensor::scales).
struct Quantization {
  double scale = 1;
  int64_t zeroPoint = 0, min = 0, max = 0;
  std::string dtype; ///< NumPy's spelling, also int4, uint4, int2, uint2
};

/// A real function applied outside to the value of an accumulator.
struct Step {
  std::string function; ///< clamp, linear, or a name of qbias.unary
  /// clamp: lo, hi. linear: factor, offset, divisor. Others: alpha, beta.
  std::optional<double> a, b, c;
};

/// One input or output of a program.
struct Tensor {
  std::string name;
  DType dtype = DType::Int8; ///< of one element in memory
  std::vector<int64_t> shape;
  std::optional<Quantization> quantization; ///< none: an accumulator, or indices
  bool isReal = false;                      ///< the file's own end is float
  bool isUnused = false;                    ///< an input nothing reads
  bool isObserved = false;                  ///< not an output of the file
  std::string producer;                     ///< whose formula quantizes it (N2b)
  /// Of an accumulator: real = acc * scale + offset along `axis`, one or one
  /// per channel; then the steps of `tail`. Indices have none of them. Of a
  /// quantized input: clamps of the float values before they are quantized. Of a
  /// quantized tensor with a scale per channel: all scales, and in `offsets` all zero
  /// points, along `axis`.
  std::vector<double> scales, offsets;
  std::optional<int64_t> axis;
  std::vector<Step> tail;

  int64_t elements() const;
  int64_t bytes() const;
  /// Entry of `scales` that element `i` has.
  size_t channelOf(int64_t i) const;
};

/// "NCHW", "NHWC", or "row-major" where the file's format gives axes no names.
std::string layoutName(const Tensor &tensor);

/// A program with the entry point `name`_run.
struct Description {
  std::string name;      ///< a C identifier
  std::string model;     ///< file name of the source
  std::string modelHash; ///< SHA-256 of the source file, in hex
  std::string version;   ///< of qbias
  std::string target;    ///< triple
  int64_t workspaceBytes = 0;
  int64_t macs = 0;
  std::vector<Tensor> inputs, outputs;
};

/// A workspace starts at a multiple of this.
inline constexpr int64_t kWorkspaceAlignment = 64;

/// One JSON object; `parseDescription` reads it back to an equal one.
std::string toJson(const Description &description);

/// nullopt, and `error` set, when `text` is no such object or is inconsistent:
/// unknown types, negative or overflowing sizes, arrays of different lengths.
std::optional<Description> parseDescription(std::string_view text, std::string &error);

} // namespace qbias::runtime

#endif // QBIAS_RUNTIME_DESCRIPTION_H
