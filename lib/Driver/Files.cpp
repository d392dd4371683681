//===- Files.cpp - output files, written whole or not at all ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Driver/Files.h"

#include "qbias/Driver/OutputFiles.h"

using namespace qbias;

void qbias::printError(llvm::StringRef path, const llvm::Twine &message) {
  llvm::errs() << path << ": " << message << "\n";
}

bool qbias::writeFile(const std::string &path,
                      llvm::function_ref<bool(llvm::raw_ostream &)> write) {
  OutputFiles files;
  return files.write(path, write) && files.commit();
}
