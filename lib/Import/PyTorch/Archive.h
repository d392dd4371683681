//===- Archive.h - the zip files in a .pt2 ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_PYTORCH_ARCHIVE_H
#define QBIAS_LIB_IMPORT_PYTORCH_ARCHIVE_H

#include "qbias/Import/Common/Layer.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"

#include <memory>
#include <vector>

struct zip;
struct zip_file;

namespace qbias::pytorchimport {
using namespace qbias::importing;

/// A zip file that is not trusted: entries have unique names, do not overlap,
/// and their sizes are accounted for before anything is allocated. Nothing but
/// the directory is read until an entry is asked for.
class Archive {
public:
  /// A zip file in memory. The bytes have to outlive the archive.
  static mlir::FailureOr<std::unique_ptr<Archive>>
  open(llvm::ArrayRef<char> bytes, MemoryBudget &budget, const Subject &subject);
  ~Archive();

  /// A zip file that is an entry of this one; a stored one is read in place.
  mlir::FailureOr<std::unique_ptr<Archive>> openNested(llvm::StringRef name,
                                                       const Subject &subject) const;

  bool contains(llvm::StringRef name) const { return entries.contains(name); }
  /// The whole entry; an error about `subject` when it is absent or damaged.
  mlir::FailureOr<std::vector<char>> read(llvm::StringRef name,
                                          const Subject &subject) const;
  MemoryBudget &getBudget() const { return budget; }
  size_t getFileSize() const { return fileSize; }
  /// What all names begin with, up to the first slash: "archive".
  llvm::StringRef getRoot() const { return root; }

private:
  struct Nested;
  explicit Archive(MemoryBudget &budget);
  llvm::LogicalResult list(size_t size, const Subject &subject);
  llvm::LogicalResult addEntry(uint64_t index, uint64_t &used, const Subject &subject);

  MemoryBudget &budget;
  zip *handle = nullptr;
  size_t fileSize = 0;
  std::string root;
  llvm::StringMap<uint64_t> entries; // index
  /// Of an archive inside another one: where its bytes come from.
  std::unique_ptr<Nested> nested;
  std::vector<char> inflated;
};

} // namespace qbias::pytorchimport

#endif // QBIAS_LIB_IMPORT_PYTORCH_ARCHIVE_H
