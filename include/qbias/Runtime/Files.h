//===- Files.h - names, text files and messages, without LLVM ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_RUNTIME_FILES_H
#define QBIAS_RUNTIME_FILES_H

#include <string>
#include <string_view>

namespace qbias::runtime {

/// Prints `path: message` on stderr.
void printError(std::string_view path, std::string_view message);

/// Writes `text` to a temporary beside `path` and renames. Prints the reason and
/// returns false on failure.
bool writeText(const std::string &path, std::string_view text);

/// `name` as a URL component, cut with a hash where a file system would refuse it.
std::string encodeFileName(std::string_view name);

} // namespace qbias::runtime

#endif // QBIAS_RUNTIME_FILES_H
