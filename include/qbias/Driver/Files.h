//===- Files.h - output files, written whole or not at all ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DRIVER_FILES_H
#define QBIAS_DRIVER_FILES_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace qbias {

/// Writes `path` through a temporary beside it that is renamed at the end;
/// "-" is stdout. Prints `path: cannot write: reason` and returns false on
/// failure; nothing is left behind then.
bool writeFile(const std::string &path,
               llvm::function_ref<bool(llvm::raw_ostream &)> write);

/// Prints `path: message` on stderr.
void printError(llvm::StringRef path, const llvm::Twine &message);

} // namespace qbias

#endif // QBIAS_DRIVER_FILES_H
