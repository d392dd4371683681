//===- TileKernel.h - dense kernels on tile registers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CODEGEN_TILEKERNEL_H
#define QBIAS_LIB_CODEGEN_TILEKERNEL_H

#include "DenseLayout.h"

namespace qbias {

/// How a tile kernel walks its inputs, and where their weights are.
class TileLayout : public DenseLayout {
public:
  TileLayout(const Group &group, DotStep step);

  /// "" when the kernel computes the group, else why not.
  std::string check() const;
  /// Cycles, roughly.
  double estimateCycles() const;

protected:
  /// Weights in the order [channel block][kernel row][run][group][vector][lane][input].
  llvm::SmallVector<int64_t> packTiles() const;

  /// What a run needs to be a multiple of four inputs.
  int64_t slack() const { return groupsOfRun() * step.group() - runLength; }
  /// Inputs of a run start so far behind what is read of it.
  int64_t startOf(int64_t kernelRow, int64_t run) const {
    bool isLast = kernelRow + 1 == group.kernelRows && run + 1 == runs;
    return isLast ? slack() : 0;
  }
  int64_t chunksOfSum() const { return groupsOfAll() / depth; }

  int64_t strips() const { return llvm::divideCeil(rows, rowsOfStrip); }

  int64_t tilesOfRow, pixels; ///< pixels of a tile
  int64_t rowsOfStrip;        ///< rows that one tile holds, or 1
  int64_t rowDistance;        ///< pixels of a tile between starts of its rows
  int64_t depth;              ///< groups of a chunk
};

/// Dense contractions of s8 on tile registers (tdpbssd).
std::unique_ptr<Kernel> makeTileKernel(const Group &group, DotStep step);

} // namespace qbias

#endif // QBIAS_LIB_CODEGEN_TILEKERNEL_H
