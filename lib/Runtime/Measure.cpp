//===- Measure.cpp - latency of a program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Runtime/Session.h"

#define JSON_NOEXCEPTION
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <sys/resource.h>

namespace qbias::runtime {

/// Peak resident memory of this process in bytes.
static int64_t getPeakBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  constexpr int64_t kKiB = 1024;
  return usage.ru_maxrss * kKiB;
}

std::vector<double> measure(Executable &program, int64_t runs) {
  std::vector<std::vector<char>> buffers;
  auto allocate = [&](const Tensor &tensor) {
    buffers.emplace_back(tensor.bytes());
    return buffers.back().data();
  };
  std::vector<const void *> inputs;
  std::vector<void *> outputs;
  for (const Tensor &tensor : program.interface().inputs)
    inputs.push_back(allocate(tensor));
  for (const Tensor &tensor : program.interface().outputs)
    outputs.push_back(allocate(tensor));
  std::vector<double> times;
  for (int64_t i = 0; i <= runs; ++i) {
    auto start = std::chrono::steady_clock::now();
    program.run(inputs, outputs);
    std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    if (i > 0)
      times.push_back(elapsed.count());
  }
  std::sort(times.begin(), times.end());
  return times;
}

std::string formatBench(const std::vector<double> &times, int64_t macs, bool json) {
  double min = times.front(), median = times[times.size() / 2];
  constexpr double kMacsPerMsPerGmac = 1e6;
  double gmacs = macs / min / kMacsPerMsPerGmac;
  if (json) {
    nlohmann::json object{{"min_ms", min},        {"median_ms", median},
                          {"gmacs", gmacs},       {"macs", macs},
                          {"runs", times.size()}, {"peak_rss_bytes", getPeakBytes()}};
    constexpr int kIndent = 2;
    return object.dump(kIndent) + "\n";
  }
  constexpr double kBytesPerMegabyte = 1e6;
  char line[256];
  std::snprintf(line, sizeof line,
                "%.3f ms min, %.3f ms median of %zu runs, %.2f GMAC/s, peak memory "
                "%.1f MB\n",
                min, median, times.size(), gmacs, getPeakBytes() / kBytesPerMegabyte);
  return line;
}

} // namespace qbias::runtime
