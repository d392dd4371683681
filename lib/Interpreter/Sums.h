//===- Sums.h - sums over windows and rows, for any kind of number ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Convolution, matrix product and window sum as in the descriptions of
// qbias.conv2d, qbias.matmul and qbias.pool; Number is Rational or Int128. A
// padded tap contributes nothing.
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_INTERPRETER_SUMS_H
#define QBIAS_LIB_INTERPRETER_SUMS_H

#include "Evaluate.h"

namespace qbias::interpreter {

/// Windows over two spatial dimensions of an NHWC tensor.
struct Windows {
  llvm::ArrayRef<int64_t> input, result; ///< shapes
  llvm::ArrayRef<int64_t> kernel, strides, pads, dilations;

  /// Row (d = 0) or column (d = 1) that tap `tap` of window `out` reads, or -1
  /// when it lies in the padding.
  int64_t at(int d, int64_t out, int64_t tap) const {
    int64_t i = out * strides[d] + tap * dilations[d] - pads[d];
    return i < 0 || i >= input[1 + d] ? -1 : i;
  }

  /// Calls visit(kh, kw, ih, iw) for every tap of a window inside the input.
  template <typename Visit>
  void forEachTap(int64_t i, int64_t j, Visit visit) const {
    for (int64_t kh = 0; kh < kernel[0]; ++kh)
      for (int64_t kw = 0; kw < kernel[1]; ++kw)
        if (int64_t ih = at(0, i, kh), iw = at(1, j, kw); ih >= 0 && iw >= 0)
          visit(kh, kw, ih, iw);
  }
};

/// y[n,i,j,o] = sum over kh, kw, c of x[n, ih, iw, g * C/groups + c] *
/// w[o, kh, kw, c] with g = o / (O / groups).
template <typename Number>
std::vector<Number> convolve(const Windows &windows, int64_t groups,
                             const std::vector<Number> &x, const std::vector<Number> &w) {
  int64_t channels = windows.input[3] / groups, outputs = windows.result[3];
  std::vector<Number> y;
  forEachIndex(windows.result, [&](llvm::ArrayRef<int64_t> at) {
    int64_t o = at[3], first = o / (outputs / groups) * channels;
    Number sum = 0;
    windows.forEachTap(at[1], at[2], [&](int64_t kh, int64_t kw, int64_t ih, int64_t iw) {
      int64_t row = at[0] * windows.input[1] + ih;
      int64_t from = (row * windows.input[2] + iw) * windows.input[3] + first;
      int64_t tap = ((o * windows.kernel[0] + kh) * windows.kernel[1] + kw) * channels;
      for (int64_t c = 0; c < channels; ++c)
        sum += x[from + c] * w[tap + c];
    });
    y.push_back(sum);
  });
  return y;
}

/// y[..., m, n] = sum over k of a[..., m, k] * b[..., n, k]; `batched` when b
/// has the leading dimensions too.
template <typename Number>
std::vector<Number> multiply(llvm::ArrayRef<int64_t> aShape, int64_t columns,
                             bool batched, const std::vector<Number> &a,
                             const std::vector<Number> &b) {
  int64_t length = aShape.back(), rows = aShape[aShape.size() - 2];
  int64_t lines = elementsOf(aShape.drop_back());
  std::vector<Number> y;
  for (int64_t line = 0; line < lines; ++line)
    for (int64_t n = 0; n < columns; ++n) {
      int64_t other = ((batched ? line / rows * columns : 0) + n) * length;
      Number sum = 0;
      for (int64_t k = 0; k < length; ++k)
        sum += a[line * length + k] * b[other + k];
      y.push_back(sum);
    }
  return y;
}

/// Sum of each window and how many of its positions lie inside the input.
template <typename Number>
struct WindowSum {
  Number sum = 0;
  int64_t count = 0;
};

template <typename Number>
std::vector<WindowSum<Number>> sumWindows(const Windows &windows,
                                          const std::vector<Number> &x) {
  std::vector<WindowSum<Number>> y;
  forEachIndex(windows.result, [&](llvm::ArrayRef<int64_t> at) {
    WindowSum<Number> sum;
    windows.forEachTap(at[1], at[2], [&](int64_t, int64_t, int64_t ih, int64_t iw) {
      sum.sum += x[positionOf(windows.input, {at[0], ih, iw, at[3]})];
      ++sum.count;
    });
    y.push_back(sum);
  });
  return y;
}

} // namespace qbias::interpreter

#endif // QBIAS_LIB_INTERPRETER_SUMS_H
