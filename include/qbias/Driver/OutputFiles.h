//===- OutputFiles.h - files written together, all of them or none ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DRIVER_OUTPUTFILES_H
#define QBIAS_DRIVER_OUTPUTFILES_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>
#include <string>
#include <vector>

namespace qbias {

/// Temporaries beside their destinations, renamed by `commit` when all of them
/// are complete and removed otherwise. Prints `path: cannot write: reason`.
/// Standard output ("-") and destinations that are no regular files, such as
/// devices and pipes, are written at once.
class OutputFiles {
public:
  OutputFiles() = default;
  OutputFiles(const OutputFiles &) = delete;
  ~OutputFiles();

  bool write(const std::string &path,
             llvm::function_ref<bool(llvm::raw_ostream &)> content);
  bool write(const std::string &path, llvm::StringRef content);
  /// The name of a temporary that becomes `path`, for another program to write.
  std::optional<std::string> reserve(const std::string &path);
  /// Creates a folder for files to come; without a commit it is removed again.
  bool createFolder(const std::string &path);
  bool commit();

private:
  struct File {
    std::string path, temporary;
  };

  std::vector<File> files;
  std::vector<std::string> folders; ///< new ones
};

} // namespace qbias

#endif // QBIAS_DRIVER_OUTPUTFILES_H
