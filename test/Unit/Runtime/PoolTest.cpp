//===- PoolTest.cpp - threads that run the phases of a program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Runtime/Pool.h"

#include <gtest/gtest.h>

using namespace qbias::runtime;

/// Every slice of a phase sees what all slices of the one before it wrote.
static void checkPhases(int64_t threads, int64_t phases, int runs) {
  Pool pool(threads);
  ASSERT_EQ(pool.size(), threads);
  for (int run = 0; run < runs; ++run) {
    std::vector<std::vector<int64_t>> sums(phases + 1, std::vector<int64_t>(threads, 1));
    pool.run(phases, [&](int64_t phase, int64_t slice) {
      int64_t sum = 0;
      for (int64_t value : sums[phase])
        sum += value;
      sums[phase + 1][slice] = sum % 1000003;
    });
    int64_t expected = 1;
    for (int64_t phase = 0; phase < phases; ++phase)
      expected = expected * threads % 1000003;
    for (int64_t value : sums[phases])
      ASSERT_EQ(value, expected);
  }
}

TEST(Pool, OneThread) { checkPhases(1, 50, 3); }
TEST(Pool, TwoThreads) { checkPhases(2, 200, 20); }
TEST(Pool, MoreThreadsThanProcessors) { checkPhases(7, 50, 5); }

TEST(Pool, WorkersThatParkedWakeUp) {
  Pool pool(2);
  int64_t calls[2] = {};
  pool.run(1, [&](int64_t, int64_t slice) { ++calls[slice]; });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  pool.run(2, [&](int64_t, int64_t slice) { ++calls[slice]; });
  EXPECT_EQ(calls[0], 3);
  EXPECT_EQ(calls[1], 3);
}
