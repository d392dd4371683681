//===- Library.cpp - a compiled program in a shared library ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Runtime/Library.h"

#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <fstream>

namespace qbias::runtime {

bool namesLibrary(std::string_view path) {
  constexpr std::string_view kExtension = ".so";
  return path.size() > kExtension.size() &&
         path.substr(path.size() - kExtension.size()) == kExtension;
}

Library::~Library() {
  std::free(workspace);
  if (handle)
    ::dlclose(handle);
}

/// Why the file cannot be a library, or nothing. The system's loader maps what the
/// headers promise, and a file that is cut off would stop the process.
static std::string getFault(const std::string &path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file)
    return "no such file, or it cannot be read";
  uint64_t size = file.tellg();
  Elf64_Ehdr header;
  file.seekg(0);
  if (!file.read(reinterpret_cast<char *>(&header), sizeof header) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr))
    return "not a 64-bit ELF library";
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  file.seekg(header.e_phoff);
  bool isComplete = header.e_phoff <= size &&
                    static_cast<bool>(file.read(reinterpret_cast<char *>(segments.data()),
                                                segments.size() * sizeof(Elf64_Phdr)));
  for (const Elf64_Phdr &segment : segments)
    isComplete &= segment.p_offset <= size && segment.p_filesz <= size - segment.p_offset;
  return isComplete ? "" : "file is cut off after " + std::to_string(size) + " bytes";
}

std::unique_ptr<Library> Library::open(const std::string &path, std::string &error) {
  std::unique_ptr<Library> library(new Library);
  // A bare name would be searched for in system directories.
  std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  if (std::string fault = getFault(file); !fault.empty()) {
    error = "cannot load: " + fault + "; compile the model again";
    return nullptr;
  }
  library->handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library->handle) {
    error = std::string("cannot load: ") + ::dlerror();
    return nullptr;
  }
  auto text = static_cast<const char *>(::dlsym(library->handle, kDescriptionSymbol));
  library->entry = reinterpret_cast<Entry>(::dlsym(library->handle, kRunSymbol));
  if (!text || !library->entry) {
    error = std::string("has no symbol ") + (text ? kRunSymbol : kDescriptionSymbol) +
            ", expected a library written by qbias compile";
    return nullptr;
  }
  std::optional<Description> description = parseDescription(text, error);
  if (!description)
    return nullptr;
  library->program = std::move(*description);
  library->tensors = {library->program.inputs, library->program.outputs};
  size_t alignment = kWorkspaceAlignment;
  size_t bytes = library->program.workspaceBytes / alignment * alignment + alignment;
  library->workspace = std::aligned_alloc(alignment, bytes);
  if (!library->workspace) {
    error = "cannot allocate a workspace of " + std::to_string(bytes) + " bytes";
    return nullptr;
  }
  return library;
}

int Library::run(const std::vector<const void *> &inputs,
                 const std::vector<void *> &outputs) {
  std::vector<void *> pointers;
  for (const void *input : inputs)
    pointers.push_back(const_cast<void *>(input));
  pointers.insert(pointers.end(), outputs.begin(), outputs.end());
  return entry(pointers.data(), workspace, program.workspaceBytes);
}

} // namespace qbias::runtime
