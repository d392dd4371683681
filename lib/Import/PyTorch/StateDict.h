//===- StateDict.h - tensors a PyTorch pickle describes ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_PYTORCH_STATEDICT_H
#define QBIAS_LIB_IMPORT_PYTORCH_STATEDICT_H

#include "qbias/Import/Common/ConstantTensor.h"

#include "llvm/ADT/StringMap.h"

namespace qbias::pytorchimport {
using namespace qbias::importing;

/// Where the elements of a tensor are: a strided view of a storage.
struct StoredTensor {
  DataType type = DataType::Undefined;
  llvm::SmallVector<int64_t> shape, strides;
  /// First element, counted in elements.
  int64_t offset = 0;
  /// Name of the storage: "3" of archive/data/3, "weight_3".
  std::string storage;
  /// Written by Python's own pickle, which is not read.
  bool isPickled = false;
};

using StateDict = llvm::StringMap<StoredTensor>;

/// Reads the pickle of a dictionary of tensors, as torch.save writes it. The
/// opcodes and globals it needs are interpreted here; no other is known, and
/// nothing is ever called or imported.
mlir::FailureOr<StateDict> readPickle(llvm::ArrayRef<char> bytes, const Subject &subject);

} // namespace qbias::pytorchimport

#endif // QBIAS_LIB_IMPORT_PYTORCH_STATEDICT_H
