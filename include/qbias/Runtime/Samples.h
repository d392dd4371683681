//===- Samples.h - arrays of samples in and out of a program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_RUNTIME_SAMPLES_H
#define QBIAS_RUNTIME_SAMPLES_H

#include "qbias/Runtime/Description.h"

namespace qbias::runtime {

/// An array of the command line: [NAME=]FILE.
struct NamedFile {
  std::string name, path;
};

/// A series of samples for one input: integers of the file's type, in the
/// file's layout, back to back.
struct Samples {
  int64_t count = 0;
  std::vector<char> integers;
};

/// Checks an array against an input and turns it into integers. An array of
/// the input's rank whose first dimension is a multiple of the input's, or of
/// one rank more, is a series of samples. With `raw`, integers are taken and
/// checked against the quantized range. Prints `path: ...` and fails otherwise.
std::optional<Samples> readSamples(const std::string &path, const Tensor &tensor,
                                   bool raw, bool realBoundary);

/// The arrays given for the inputs in order: by NAME, or in the order of the
/// command line. Prints what is missing or unknown, and that `option` gives it.
std::optional<std::vector<std::string>> matchInputs(const std::vector<NamedFile> &files,
                                                    const std::vector<Tensor> &inputs,
                                                    const std::string &model,
                                                    const std::string &option);

/// Shape of `count` outputs stacked along the tensor's own first axis.
std::vector<int64_t> stackedShape(const Tensor &tensor, int64_t count);

} // namespace qbias::runtime

#endif // QBIAS_RUNTIME_SAMPLES_H
