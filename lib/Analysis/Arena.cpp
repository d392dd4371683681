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

int64_t qbias::placeBuffers(llvm::MutableArrayRef<ArenaBuffer> buffers,
                            int64_t alignment) {
  llvm::SmallVector<ArenaBuffer *> bySize, placed;
  for (ArenaBuffer &buffer : buffers)
    bySize.push_back(&buffer);
  llvm::sort(bySize, [](ArenaBuffer *a, ArenaBuffer *b) {
    return a->bytes != b->bytes ? a->bytes > b->bytes : a < b;
  });
  int64_t total = 0;
  for (ArenaBuffer *buffer : bySize) {
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
