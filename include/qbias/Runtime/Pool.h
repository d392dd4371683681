//===- Pool.h - threads that run the phases of a program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_RUNTIME_POOL_H
#define QBIAS_RUNTIME_POOL_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace qbias::runtime {

/// A point that all threads reach before any goes on. A waiting thread spins
/// for a while, then parks: phases are short, but a thread may be alone on its
/// processor.
class Barrier {
public:
  explicit Barrier(int64_t threads) : threads(threads) {}
  void wait();

private:
  static constexpr size_t kCacheLine = 64;

  const int64_t threads;
  /// Who arrives writes what nobody spins on.
  alignas(kCacheLine) std::atomic<int64_t> arrived{0};
  alignas(kCacheLine) std::atomic<uint64_t> generation{0};
  alignas(kCacheLine) std::atomic<int64_t> parked{0};
  std::mutex mutex;
  std::condition_variable released;
};

/// A fixed number of threads, the caller's among them.
class Pool {
public:
  explicit Pool(int64_t threads);
  ~Pool();
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;

  int64_t size() const { return workers.size() + 1; }

  /// Calls `step(phase, slice)` for every phase in order and every slice below
  /// size(), a thread for each slice, with a barrier between phases.
  void run(int64_t phases, const std::function<void(int64_t, int64_t)> &step);

private:
  void work(int64_t slice);
  void runSlice(int64_t slice);

  Barrier start, between;
  const std::function<void(int64_t, int64_t)> *step = nullptr;
  int64_t phases = 0;
  bool isStopping = false;
  std::vector<std::thread> workers;
};

} // namespace qbias::runtime

#endif // QBIAS_RUNTIME_POOL_H
