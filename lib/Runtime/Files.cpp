//===- Files.cpp - names, text files and messages, without LLVM ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Runtime/Files.h"

#include <cctype>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace qbias::runtime {

void printError(std::string_view path, std::string_view message) {
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(path.size()), path.data(),
               static_cast<int>(message.size()), message.data());
}

bool writeText(const std::string &path, std::string_view text) {
  std::string temporary = path + ".tmp" + std::to_string(::getpid());
  std::FILE *file = std::fopen(temporary.c_str(), "wb");
  bool isWritten = file && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  int reason = errno;
  if (file && std::fclose(file) != 0 && isWritten) {
    isWritten = false;
    reason = errno;
  }
  if (isWritten && std::rename(temporary.c_str(), path.c_str()) == 0)
    return true;
  printError(path,
             std::string("cannot write: ") + std::strerror(isWritten ? errno : reason));
  std::remove(temporary.c_str());
  return false;
}

/// Fowler-Noll-Vo hash, 64 bits, variant 1a.
static uint64_t hashOf(std::string_view text) {
  constexpr uint64_t kOffset = 0xcbf29ce484222325, kPrime = 0x100000001b3;
  uint64_t hash = kOffset;
  for (unsigned char c : text)
    hash = (hash ^ c) * kPrime;
  return hash;
}

std::string encodeFileName(std::string_view name) {
  std::string encoded;
  char buffer[24];
  for (unsigned char c : name) {
    if (c < 0x80 && (std::isalnum(c) || std::strchr("-_.~", c)) && c) {
      encoded += static_cast<char>(c);
      continue;
    }
    std::snprintf(buffer, sizeof buffer, "%%%02X", static_cast<unsigned>(c));
    encoded += buffer;
  }
  constexpr size_t kMaxLength = 200; // of 255, with room for the extension
  if (encoded == "." || encoded == "..")
    encoded = encoded == "." ? "%2E" : "%2E%2E";
  if (encoded.size() > kMaxLength) {
    std::snprintf(buffer, sizeof buffer, "-%" PRIX64, hashOf(name));
    encoded = encoded.substr(0, kMaxLength) + buffer;
  }
  return encoded;
}

} // namespace qbias::runtime
