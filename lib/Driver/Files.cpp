//===- Files.cpp - output files, written whole or not at all ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Files.h"

#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"

using namespace qbias;

void qbias::printError(llvm::StringRef path, const llvm::Twine &message) {
  llvm::errs() << path << ": " << message << "\n";
}

bool qbias::writeFile(const std::string &path,
                      llvm::function_ref<bool(llvm::raw_ostream &)> write) {
  if (path == "-")
    return write(llvm::outs());
  auto temporary = llvm::sys::fs::TempFile::create(path + ".tmp%%%%%%");
  if (!temporary) {
    printError(path, "cannot write: " + llvm::toString(temporary.takeError()));
    return false;
  }
  bool isWritten;
  std::error_code error;
  {
    llvm::raw_fd_ostream os(temporary->FD, /*shouldClose=*/false);
    isWritten = write(os);
    os.flush();
    error = os.error();
    os.clear_error();
  }
  if (!isWritten || error) {
    if (error)
      printError(path, "cannot write: " + error.message());
    llvm::consumeError(temporary->discard());
    return false;
  }
  if (llvm::Error failure = temporary->keep(path)) {
    printError(path, "cannot write: " + llvm::toString(std::move(failure)));
    return false;
  }
  return true;
}

std::string qbias::encodeFileName(llvm::StringRef name) {
  std::string encoded;
  for (unsigned char c : name) {
    if (llvm::isAlnum(c) || c == '-' || c == '_' || c == '.' || c == '~')
      encoded += c;
    else
      encoded += llvm::formatv("%{0:X-2}", static_cast<unsigned>(c)).str();
  }
  constexpr size_t kMaxLength = 200; // of 255, with room for the extension
  if (encoded == "." || encoded == "..")
    encoded = encoded == "." ? "%2E" : "%2E%2E";
  if (encoded.size() > kMaxLength)
    encoded =
        encoded.substr(0, kMaxLength) + "-" + llvm::utohexstr(llvm::xxh3_64bits(name));
  return encoded;
}
