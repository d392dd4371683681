//===- TensorStore.h - program and weights of a .pt2 ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_PYTORCH_TENSORSTORE_H
#define QBIAS_LIB_IMPORT_PYTORCH_TENSORSTORE_H

#include "Archive.h"
#include "StateDict.h"

#include "llvm/Support/JSON.h"

namespace qbias::pytorchimport {

/// The contents of a .pt2 in either layout: the program as JSON, and tensors by
/// name. Of weights, only the description is read until one is asked for.
class TensorStore {
public:
  /// PyTorch up to 2.7 writes archives of pickles in an archive, later versions
  /// raw bytes and JSON in one archive with a top directory.
  static mlir::FailureOr<TensorStore> open(llvm::ArrayRef<char> file,
                                           MemoryBudget &budget, const Subject &subject);

  const llvm::json::Object &getProgram() const { return *program.getAsObject(); }
  /// The tensor a parameter, buffer or constant is stored as. Elements stay in the
  /// store where they are contiguous.
  mlir::FailureOr<ConstantTensor> load(llvm::StringRef key, llvm::StringRef name,
                                       const Subject &subject);

private:
  using Bytes = std::shared_ptr<const std::vector<char>>;
  /// One collection of tensors: the state dict, or the constants.
  struct Collection {
    StateDict tensors;
    std::shared_ptr<Archive> archive;
    std::string prefix; // of the entries that hold storages
    llvm::StringMap<Bytes> storages;
  };

  llvm::LogicalResult openPickles(const Subject &subject);
  llvm::LogicalResult openRaw(const Subject &subject);
  llvm::LogicalResult addPickled(llvm::StringRef entry, const Subject &subject);
  llvm::LogicalResult addRaw(llvm::StringRef directory, llvm::StringRef config,
                             const Subject &subject);
  mlir::FailureOr<Bytes> getStorage(Collection &collection, const StoredTensor &tensor,
                                    const Subject &subject);

  std::shared_ptr<Archive> archive;
  llvm::json::Value program = nullptr;
  std::vector<Collection> collections;
};

} // namespace qbias::pytorchimport

#endif // QBIAS_LIB_IMPORT_PYTORCH_TENSORSTORE_H
