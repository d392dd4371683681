//===- NpyFuzzer.cpp - arbitrary bytes as a .npy file ---------------------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Runtime/Npy.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string error;
  std::string_view bytes(reinterpret_cast<const char *>(data), size);
  std::optional<qbias::runtime::Array> array = qbias::runtime::parseNpy(bytes, error);
  if (!array) {
    if (error.empty())
      std::abort();
    return 0;
  }
  // What is read is what is there.
  int64_t needed = array->elements() * qbias::runtime::dtypeSize(array->dtype);
  if (needed < 0 || array->data.size() != static_cast<size_t>(needed) ||
      array->data.size() > size)
    std::abort();
  for (int64_t i = 0; i < array->elements(); ++i)
    if (qbias::runtime::isInteger(array->dtype))
      (void)array->integerAt(i);
  return 0;
}
