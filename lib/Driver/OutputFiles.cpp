//===- OutputFiles.cpp - files written together, all of them or none ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/OutputFiles.h"

#include "qbias/Driver/Files.h"

#include "llvm/Support/Signals.h"

using namespace qbias;

OutputFiles::~OutputFiles() {
  for (const File &file : files) {
    llvm::sys::fs::remove(file.temporary);
    llvm::sys::DontRemoveFileOnSignal(file.temporary);
  }
  for (const std::string &folder : folders)
    llvm::sys::fs::remove(folder);
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
  std::string target = path;
  if (!isSpecial(path)) {
    std::optional<std::string> temporary = reserve(path);
    if (!temporary)
      return false;
    target = *temporary;
  }
  int descriptor;
  if (std::error_code error = llvm::sys::fs::openFileForWrite(
          target, descriptor, llvm::sys::fs::CD_OpenExisting)) {
    printError(path, "cannot write: " + error.message());
    return false;
  }
  bool isWritten = fill(descriptor, path, content);
  llvm::sys::fs::file_t file = llvm::sys::fs::convertFDToNativeFile(descriptor);
  if (std::error_code error = llvm::sys::fs::closeFile(file)) {
    printError(path, "cannot write: " + error.message());
    return false;
  }
  return isWritten;
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
  llvm::SmallString<128> temporary;
  int descriptor;
  std::error_code error =
      llvm::sys::fs::createUniqueFile(path + ".tmp%%%%%%", descriptor, temporary);
  if (error) {
    printError(path, "cannot write: " + error.message());
    return std::nullopt;
  }
  // Closed between writes: a program may be more files than may be open at once.
  llvm::sys::fs::file_t file = llvm::sys::fs::convertFDToNativeFile(descriptor);
  llvm::sys::fs::closeFile(file);
  llvm::sys::RemoveFileOnSignal(temporary);
  files.push_back({path, std::string(temporary)});
  return files.back().temporary;
}

bool OutputFiles::createFolder(const std::string &path) {
  if (llvm::sys::fs::is_directory(path))
    return true;
  if (std::error_code error =
          llvm::sys::fs::create_directory(path, /*IgnoreExisting=*/false)) {
    printError(path, "cannot create the folder: " + error.message());
    return false;
  }
  folders.push_back(path);
  return true;
}

bool OutputFiles::commit() {
  std::vector<std::string> kept;
  while (!files.empty()) {
    File file = std::move(files.back());
    files.pop_back();
    std::error_code error = llvm::sys::fs::rename(file.temporary, file.path);
    llvm::sys::DontRemoveFileOnSignal(file.temporary);
    if (error) {
      llvm::sys::fs::remove(file.temporary);
      printError(file.path, "cannot write: " + error.message());
      for (const std::string &path : kept)
        llvm::sys::fs::remove(path);
      return false;
    }
    kept.push_back(file.path);
  }
  folders.clear();
  return true;
}
