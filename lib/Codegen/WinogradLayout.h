//===- WinogradLayout.h - tiles and positions of Winograd kernels ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CODEGEN_WINOGRADLAYOUT_H
#define QBIAS_LIB_CODEGEN_WINOGRADLAYOUT_H

#include "Kernels.h"
#include "WinogradTransforms.h"

namespace qbias {

/// Tiles of one axis: full ones and, where shorter ones are mixed in, a last one of
/// `rest` results, 0 when there is none.
struct WinogradAxis {
  WinogradAxis(int64_t extent, bool isMixed);

  int64_t tiles() const { return full + (rest ? 1 : 0); }
  /// Products of all tiles, on this axis.
  int64_t points() const;

  int64_t full, rest;
  int64_t last; ///< results that the last tile computes: 2 or 3
};

/// Which tiles a block has, where they and the positions of their products are in
/// memory, and how many are multiplied at once.
struct WinogradLayout {
  WinogradLayout(const Group &group, DotStep step);

  /// A block holds a whole image, whose last tiles are shorter.
  static bool mixes(const Group &group, int64_t slices);

  static constexpr int64_t kPositions = winograd::kPoints * winograd::kPoints;

  /// Tiles of one shape: slots `first` .. of a block, `perRow` side by side.
  struct Region {
    int64_t first, count;
    int64_t rows, columns; ///< results of a tile that are computed
    int64_t firstRow, firstColumn, perRow;
  };
  /// Positions `first` .. `end` - 1 in memory, at which these tiles have products.
  struct Stretch {
    int64_t first, end;
    llvm::SmallVector<Tiles> tiles; ///< as multiplied at once
  };

  /// Where the position of two points is in memory.
  int64_t placeOf(int64_t row, int64_t column) const {
    return places[row * winograd::kPoints + column];
  }

  bool sharesChannels; ///< slices share channels, not tiles
  bool mixed;
  WinogradAxis rowAxis, columnAxis;
  int64_t vectorsOfBlock; ///< of channels
  int64_t tilesOfBlock, blocks;
  llvm::SmallVector<Region> regions;
  llvm::SmallVector<Stretch> stretches;

private:
  void layOut(int64_t most, int64_t slices);
  void layOutMixed(int64_t most);

  int64_t places[kPositions];
};

} // namespace qbias

#endif // QBIAS_LIB_CODEGEN_WINOGRADLAYOUT_H
