//===- LargePages.cpp - memory of compiled programs in large pages ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LargePages.h"

#include "llvm/Support/MathExtras.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

using namespace qbias;
using llvm::sys::Memory;
using llvm::sys::MemoryBlock;

/// Asks for large pages inside `block`. A system without them keeps small ones.
static void askForLargePages(const MemoryBlock &block) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr uintptr_t kLargePage = uintptr_t(1) << 21;
  auto begin = reinterpret_cast<uintptr_t>(block.base());
  uintptr_t end = llvm::alignDown(begin + block.allocatedSize(), kLargePage);
  begin = llvm::alignTo(begin, kLargePage);
  if (begin < end)
    ::madvise(reinterpret_cast<void *>(begin), end - begin, MADV_HUGEPAGE);
#endif
}

MemoryBlock
LargePages::allocateMappedMemory(llvm::SectionMemoryManager::AllocationPurpose,
                                 size_t bytes, const MemoryBlock *near, unsigned flags,
                                 std::error_code &error) {
  MemoryBlock block = Memory::allocateMappedMemory(bytes, near, flags, error);
  if (!error)
    askForLargePages(block);
  return block;
}

std::error_code LargePages::protectMappedMemory(const MemoryBlock &block,
                                                unsigned flags) {
  return Memory::protectMappedMemory(block, flags);
}

std::error_code LargePages::releaseMappedMemory(MemoryBlock &block) {
  return Memory::releaseMappedMemory(block);
}
