//===- LargePages.h - memory of compiled programs in large pages ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_DRIVER_LARGEPAGES_H
#define QBIAS_LIB_DRIVER_LARGEPAGES_H

#include "llvm/ExecutionEngine/SectionMemoryManager.h"

namespace qbias {

/// Memory of the operating system for code and constants, in pages of 2 MB where
/// it has them: tens of megabytes of weights, each read once in a run, are more
/// pages of 4 KB than a processor keeps addresses of.
class LargePages : public llvm::SectionMemoryManager::MemoryMapper {
public:
  llvm::sys::MemoryBlock
  allocateMappedMemory(llvm::SectionMemoryManager::AllocationPurpose purpose,
                       size_t bytes, const llvm::sys::MemoryBlock *near, unsigned flags,
                       std::error_code &error) override;
  std::error_code protectMappedMemory(const llvm::sys::MemoryBlock &block,
                                      unsigned flags) override;
  std::error_code releaseMappedMemory(llvm::sys::MemoryBlock &block) override;
};

} // namespace qbias

#endif // QBIAS_LIB_DRIVER_LARGEPAGES_H
