//===- Arena.h - places in one workspace ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_ANALYSIS_ARENA_H
#define QBIAS_ANALYSIS_ARENA_H

#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace qbias {

/// A buffer that holds something from step `first` to step `last`.
struct ArenaBuffer {
  int64_t bytes = 0, first = 0, last = 0;
  int64_t offset = 0; ///< set by placeBuffers
};

/// Gives each buffer an offset, a multiple of `alignment`, at which no other that
/// lives at the same time lies; largest first at the lowest free place (Pisarchyk
/// and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020,
/// greedy by size). While that is more than getLiveBytes(), the buffer that ends last
/// is placed first, some times; the smallest placement stays. Returns the bytes of all.
int64_t placeBuffers(llvm::MutableArrayRef<ArenaBuffer> buffers, int64_t alignment);

/// The most bytes, rounded up to `alignment` each, that live at one step: no
/// placement needs fewer.
int64_t getLiveBytes(llvm::ArrayRef<ArenaBuffer> buffers, int64_t alignment);

} // namespace qbias

#endif // QBIAS_ANALYSIS_ARENA_H
