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

namespace {

/// Zero inputs, and memory for the outputs, of a program.
struct Buffers {
  explicit Buffers(const Executable &program);

  std::vector<std::vector<char>> memory;
  std::vector<const void *> inputs;
  std::vector<void *> outputs;
};

} // namespace

Buffers::Buffers(const Executable &program) {
  auto allocate = [&](const Tensor &tensor) {
    memory.emplace_back(tensor.bytes());
    return memory.back().data();
  };
  for (const Tensor &tensor : program.interface().inputs)
    inputs.push_back(allocate(tensor));
  for (const Tensor &tensor : program.interface().outputs)
    outputs.push_back(allocate(tensor));
}

std::optional<Times> measure(Executable &program, int64_t runs, std::string &error) {
  Buffers buffers(program);
  Times times;
  for (int64_t i = 0; i <= runs; ++i) {
    auto start = std::chrono::steady_clock::now();
    double before = getProcessorTime();
    int status = program.run(buffers.inputs, buffers.outputs);
    double used = getProcessorTime() - before;
    std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    if (status) {
      error = describeStatus(status);
      return std::nullopt;
    }
    if (i == 0)
      continue;
    times.wall.push_back(elapsed.count());
    times.processor.push_back(used);
  }
  std::sort(times.wall.begin(), times.wall.end());
  std::sort(times.processor.begin(), times.processor.end());
  return times;
}

std::vector<StepTimes> measureSteps(Executable &program, int64_t runs) {
  std::vector<StepTimes> steps;
  for (const std::string &name : program.steps())
    steps.push_back({name, 0, {}});
  if (steps.empty())
    return steps;
  Buffers buffers(program);
  std::vector<double> times(steps.size());
  for (int64_t i = 0; i <= runs; ++i) {
    program.runTimed(buffers.inputs, buffers.outputs, times);
    for (size_t step = 0; i > 0 && step < steps.size(); ++step)
      steps[step].wall.push_back(times[step]);
  }
  for (StepTimes &step : steps)
    std::sort(step.wall.begin(), step.wall.end());
  return steps;
}

static constexpr double kMacsPerMsPerGmac = 1e6;

/// A line for every step: least time, its share of the sum, speed, name.
static std::string formatSteps(const std::vector<StepTimes> &steps) {
  double all = 0;
  for (const StepTimes &step : steps)
    all += step.wall.front();
  std::string text;
  for (const StepTimes &step : steps) {
    double min = step.wall.front();
    char line[128];
    constexpr double kPercent = 100;
    std::snprintf(line, sizeof line, "%9.4f ms %5.1f %% %8.2f GMAC/s  ", min,
                  all > 0 ? kPercent * min / all : 0,
                  min > 0 ? step.macs / min / kMacsPerMsPerGmac : 0);
    text += line + step.name + "\n";
  }
  return text;
}

std::string formatBench(const Times &times, const std::vector<StepTimes> &steps,
                        int64_t macs, bool json) {
  size_t runs = times.wall.size();
  double min = times.wall.front(), median = times.wall[runs / 2];
  double gmacs = macs / min / kMacsPerMsPerGmac;
  if (json) {
    nlohmann::json object{{"min_ms", min},  {"median_ms", median},
                          {"gmacs", gmacs}, {"macs", macs},
                          {"runs", runs},   {"peak_rss_bytes", getPeakBytes()}};
    object["cpu_min_ms"] = times.processor.front();
    object["cpu_median_ms"] = times.processor[runs / 2];
    for (const StepTimes &step : steps)
      object["steps"].push_back({{"name", step.name},
                                 {"macs", step.macs},
                                 {"min_ms", step.wall.front()},
                                 {"median_ms", step.wall[step.wall.size() / 2]}});
    constexpr int kIndent = 2;
    return object.dump(kIndent) + "\n";
  }
  constexpr double kBytesPerMegabyte = 1e6;
  char line[256];
  std::snprintf(line, sizeof line,
                "%.3f ms min, %.3f ms median of %zu runs, %.2f GMAC/s, peak memory "
                "%.1f MB\n",
                min, median, runs, gmacs, getPeakBytes() / kBytesPerMegabyte);
  return line + formatSteps(steps);
}

} // namespace qbias::runtime
