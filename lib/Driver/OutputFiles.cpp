//===- OutputFiles.cpp - files written together, all of them or none ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/OutputFiles.h"

#include "qbias/Driver/Files.h"

using namespace qbias;

OutputFiles::~OutputFiles() {
  for (File &file : files)
    llvm::consumeError(file.temporary.discard());
}

/// Runs `content` on an open file. False after printing what went wrong.
static bool fill(int descriptor, const std::string &path,
                 llvm::function_ref<bool(llvm::raw_ostream &)> content) {
  llvm::raw_fd_ostream os(descriptor, /*shouldClose=*/false);
  bool isWritten = content(os);
  os.flush();
  if (std::error_code error = os.error()) {
    printError(path, "cannot write: " + error.message());
    os.clear_error();
    return false;
  }
  return isWritten;
}

/// A destination that must not be replaced by a new file.
static bool isSpecial(const std::string &path) {
  llvm::sys::fs::file_status status;
  return !llvm::sys::fs::status(path, status) && llvm::sys::fs::exists(status) &&
         !llvm::sys::fs::is_regular_file(status) && !llvm::sys::fs::is_directory(status);
}

bool OutputFiles::write(const std::string &path,
                        llvm::function_ref<bool(llvm::raw_ostream &)> content) {
  if (path == "-")
    return content(llvm::outs());
  if (!isSpecial(path)) {
    if (!reserve(path))
      return false;
    return fill(files.back().temporary.FD, path, content);
  }
  int descriptor;
  if (std::error_code error = llvm::sys::fs::openFileForWrite(
          path, descriptor, llvm::sys::fs::CD_OpenExisting)) {
    printError(path, "cannot write: " + error.message());
    return false;
  }
  bool isWritten = fill(descriptor, path, content);
  llvm::sys::fs::file_t file = llvm::sys::fs::convertFDToNativeFile(descriptor);
  return !llvm::sys::fs::closeFile(file) && isWritten;
}

bool OutputFiles::write(const std::string &path, llvm::StringRef content) {
  return write(path, [&](llvm::raw_ostream &os) {
    os << content;
    return true;
  });
}

std::optional<std::string> OutputFiles::reserve(const std::string &path) {
  if (llvm::sys::fs::is_directory(path)) {
    printError(path, "cannot write: is a directory, expected the name of a file");
    return std::nullopt;
  }
  auto temporary = llvm::sys::fs::TempFile::create(path + ".tmp%%%%%%");
  if (!temporary) {
    printError(path, "cannot write: " + llvm::toString(temporary.takeError()));
    return std::nullopt;
  }
  files.push_back({path, std::move(*temporary)});
  return files.back().temporary.TmpName;
}

bool OutputFiles::commit() {
  std::vector<std::string> kept;
  while (!files.empty()) {
    File file = std::move(files.back());
    files.pop_back();
    if (llvm::Error error = file.temporary.keep(file.path)) {
      printError(file.path, "cannot write: " + llvm::toString(std::move(error)));
      for (const std::string &path : kept)
        llvm::sys::fs::remove(path);
      return false;
    }
    kept.push_back(file.path);
  }
  return true;
}
