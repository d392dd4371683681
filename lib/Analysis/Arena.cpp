//===- Arena.cpp - places in one workspace ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Analysis/Arena.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace qbias;

using Order = llvm::SmallVector<ArenaBuffer *>;

/// Places the buffers of `order` one after the other, each at the lowest free place.
static int64_t placeInOrder(const Order &order, int64_t alignment) {
  Order placed;
  int64_t total = 0;
  for (ArenaBuffer *buffer : order) {
    buffer->offset = 0;
    for (ArenaBuffer *other : placed) { // by offset
      if (buffer->last < other->first || other->last < buffer->first)
        continue;
      if (buffer->offset + buffer->bytes <= other->offset)
        break;
      int64_t end = llvm::alignTo(other->offset + other->bytes, alignment);
      buffer->offset = std::max(buffer->offset, end);
    }
    placed.insert(llvm::upper_bound(placed, buffer,
                                    [](ArenaBuffer *a, ArenaBuffer *b) {
                                      return a->offset < b->offset;
                                    }),
                  buffer);
    total = std::max(total, buffer->offset + buffer->bytes);
  }
  return llvm::alignTo(total, alignment);
}

int64_t qbias::placeBuffers(llvm::MutableArrayRef<ArenaBuffer> buffers,
                            int64_t alignment) {
  Order order, best;
  for (ArenaBuffer &buffer : buffers)
    order.push_back(&buffer);
  llvm::sort(order, [](ArenaBuffer *a, ArenaBuffer *b) {
    return a->bytes != b->bytes ? a->bytes > b->bytes : a < b;
  });
  int64_t least = getLiveBytes(buffers, alignment), total = INT64_MAX;
  constexpr size_t kMostTries = 64;
  for (size_t tries = 0; tries < std::min(kMostTries, order.size() + 1); ++tries) {
    int64_t bytes = placeInOrder(order, alignment);
    if (bytes < total) {
      total = bytes;
      best = order;
    }
    if (total <= least)
      break;
    // What ends last found no room beside the others: it is placed before them.
    auto *top = llvm::max_element(order, [](ArenaBuffer *a, ArenaBuffer *b) {
      return a->offset + a->bytes < b->offset + b->bytes;
    });
    std::rotate(order.begin(), top, top + 1);
  }
  return placeInOrder(best, alignment);
}

int64_t qbias::getLiveBytes(llvm::ArrayRef<ArenaBuffer> buffers, int64_t alignment) {
  int64_t most = 0;
  // Something new lives at the fullest step.
  for (const ArenaBuffer &start : buffers) {
    int64_t live = 0;
    for (const ArenaBuffer &buffer : buffers)
      if (buffer.first <= start.first && start.first <= buffer.last)
        live += llvm::alignTo(buffer.bytes, alignment);
    most = std::max(most, live);
  }
  return most;
}
