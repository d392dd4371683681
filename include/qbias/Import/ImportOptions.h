//===- ImportOptions.h - what the user says about a model file ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_IMPORTOPTIONS_H
#define QBIAS_IMPORT_IMPORTOPTIONS_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"

#include <cstdint>
#include <string>
#include <vector>

namespace qbias {

struct ImportOptions {
  /// Extent of a first dimension the file leaves open.
  int64_t batch = 1;
  /// Whole shapes of model inputs, by tensor name. A shape may only fill what
  /// the file leaves open.
  llvm::StringMap<llvm::SmallVector<int64_t>> shapes;
  /// Model inputs that are constants: by name, the file that holds the value.
  llvm::StringMap<std::string> bindings;
  /// Tensors to return in place of the model's outputs; empty: those of the file.
  std::vector<std::string> outputs;
};

} // namespace qbias

#endif // QBIAS_IMPORT_IMPORTOPTIONS_H
