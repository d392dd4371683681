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
#include <ctime>
#include <sys/resource.h>

namespace qbias::runtime {

/// Peak resident memory of this process in bytes.
static int64_t getPeakBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  constexpr int64_t kKiB = 1024;
  return usage.ru_maxrss * kKiB;
}

/// Milliseconds of processor time this process has used.
static double getProcessorTime() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  constexpr double kMsPerSecond = 1e3, kNsPerMs = 1e6;
  return time.tv_sec * kMsPerSecond + time.tv_nsec / kNsPerMs;
}

Times measure(Executable &program, int64_t runs) {
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
  Times times;
  for (int64_t i = 0; i <= runs; ++i) {
    auto start = std::chrono::steady_clock::now();
    double before = getProcessorTime();
    program.run(inputs, outputs);
    double used = getProcessorTime() - before;
    std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    if (i == 0)
      continue;
    times.wall.push_back(elapsed.count());
    times.processor.push_back(used);
  }
  std::sort(times.wall.begin(), times.wall.end());
  std::sort(times.processor.begin(), times.processor.end());
  return times;
}

std::string formatBench(const Times &times, int64_t macs, bool json) {
  size_t runs = times.wall.size();
  double min = times.wall.front(), median = times.wall[runs / 2];
  constexpr double kMacsPerMsPerGmac = 1e6;
  double gmacs = macs / min / kMacsPerMsPerGmac;
  if (json) {
    nlohmann::json object{{"min_ms", min},  {"median_ms", median},
                          {"gmacs", gmacs}, {"macs", macs},
                          {"runs", runs},   {"peak_rss_bytes", getPeakBytes()}};
    object["cpu_min_ms"] = times.processor.front();
    object["cpu_median_ms"] = times.processor[runs / 2];
    constexpr int kIndent = 2;
    return object.dump(kIndent) + "\n";
  }
  constexpr double kBytesPerMegabyte = 1e6;
  char line[256];
  std::snprintf(line, sizeof line,
                "%.3f ms min, %.3f ms median of %zu runs, %.2f GMAC/s, peak memory "
                "%.1f MB\n",
                min, median, runs, gmacs, getPeakBytes() / kBytesPerMegabyte);
  return line;
}

} // namespace qbias::runtime
