//===- Pool.cpp - threads that run the phases of a program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Runtime/Pool.h"

using namespace qbias::runtime;

/// Looks at the generation before a thread parks: some 20 microseconds.
static constexpr int kSpins = 4000;

static void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

void Barrier::wait() {
  uint64_t mine = generation.load(std::memory_order_acquire);
  if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
    arrived.store(0, std::memory_order_relaxed);
    // Either this thread sees that another parks, or that one sees the generation:
    // both write before they read, in one order that all threads agree on.
    generation.store(mine + 1, std::memory_order_seq_cst);
    if (parked.load(std::memory_order_seq_cst)) {
      std::lock_guard<std::mutex> lock(mutex);
      released.notify_all();
    }
    return;
  }
  for (int i = 0; i < kSpins; ++i) {
    if (generation.load(std::memory_order_acquire) != mine)
      return;
    relax();
  }
  std::unique_lock<std::mutex> lock(mutex);
  parked.fetch_add(1, std::memory_order_seq_cst);
  released.wait(lock, [&] { return generation.load(std::memory_order_seq_cst) != mine; });
  parked.fetch_sub(1, std::memory_order_relaxed);
}

Pool::Pool(int64_t threads) : start(threads), between(threads) {
  for (int64_t slice = 1; slice < threads; ++slice)
    workers.emplace_back([this, slice] { work(slice); });
}

Pool::~Pool() {
  if (workers.empty())
    return;
  isStopping = true;
  start.wait();
  for (std::thread &worker : workers)
    worker.join();
}

void Pool::work(int64_t slice) {
  while (true) {
    start.wait();
    if (isStopping)
      return;
    runSlice(slice);
  }
}

void Pool::runSlice(int64_t slice) {
  for (int64_t phase = 0; phase < phases; ++phase) {
    (*step)(phase, slice);
    between.wait();
  }
}

void Pool::run(int64_t count, const std::function<void(int64_t, int64_t)> &body) {
  step = &body;
  phases = count;
  start.wait();
  runSlice(0);
}
