//===- kernels.cpp - compiled layers beside the register peak ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   kernels [Google Benchmark's options] NAME=LIBRARY=MACS=IN=OUT=WORKSPACE...
//
// Each LIBRARY holds a program of one input of IN bytes and one output of OUT
// bytes (docs/Abi.md, "Shared libraries"). Items are multiplications.
//
//===----------------------------------------------------------------------===//

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Entry = int (*)(void *const *pointers, void *workspace, size_t bytes);
constexpr size_t kAlignment = 64;

struct Kernel {
  std::string name;
  Entry entry;
  int64_t macs;
  size_t in, out, workspace;
};

[[noreturn]] void fail(const std::string &message) {
  std::fprintf(stderr, "kernels: %s\n", message.c_str());
  std::exit(1);
}

Kernel parse(const std::string &text) {
  std::istringstream stream(text);
  std::vector<std::string> parts;
  for (std::string part; std::getline(stream, part, '=');)
    parts.push_back(part);
  if (parts.size() != 6)
    fail(text + ": expected NAME=LIBRARY=MACS=IN=OUT=WORKSPACE");
  void *library = dlopen(parts[1].c_str(), RTLD_NOW | RTLD_LOCAL);
  auto entry =
      library ? reinterpret_cast<Entry>(dlsym(library, "qbias_program_run")) : nullptr;
  if (!entry)
    fail(dlerror());
  auto number = [&](int i) { return std::strtoull(parts[i].c_str(), nullptr, 10); };
  return {parts[0], entry, int64_t(number(2)), number(3), number(4), number(5)};
}

void *allocate(size_t bytes) {
  size_t rounded = (bytes + kAlignment) / kAlignment * kAlignment;
  void *memory = std::aligned_alloc(kAlignment, rounded);
  std::memset(memory, 1, rounded);
  return memory;
}

void measure(benchmark::State &state, const Kernel &kernel) {
  void *pointers[] = {allocate(kernel.in), allocate(kernel.out)};
  void *workspace = allocate(kernel.workspace);
  for (auto _ : state)
    if (int status = kernel.entry(pointers, workspace, kernel.workspace))
      fail(kernel.name + ": status " + std::to_string(status));
  state.SetItemsProcessed(state.iterations() * kernel.macs);
  std::free(pointers[0]);
  std::free(pointers[1]);
  std::free(workspace);
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    Kernel kernel = parse(argv[i]);
    benchmark::RegisterBenchmark(kernel.name.c_str(), [kernel](benchmark::State &state) {
      measure(state, kernel);
    });
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
