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

  /// Filters in the order they are read, one of 32-bit groups for every lane:
  ///
  ///   [channel block][position][pair of inputs][vector][lane][2], transformed
  ///   [channel block][pair of inputs][vector][tap][lane][2], as they are
  llvm::SmallVector<int64_t> packFilters() const;

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

  /// Of the sums of a tile with so many columns those that a line of results is made of,
  /// window by window.
  llvm::SmallVector<mlir::Value> sumsOfLine(llvm::ArrayRef<mlir::Value> sums,
                                            int64_t line, int64_t columns) const;
  /// Where the position of two points is in memory.
  int64_t placeOf(int64_t row, int64_t column) const {
    return places[row * winograd::kPoints + column];
  }

  /// Filters where they are used, a chunk of inputs at a time.
  static bool transforms(DotStep step) { return step.weightBits == 8; }
  bool transforms() const { return transforms(step); }
  bool addsChunks() const { return 2 * pairsOfChunk < inputs; }
  /// Some tile has products at the position in this place.
  bool isUsed(int64_t place) const {
    return llvm::any_of(stretches, [&](const Stretch &stretch) {
      return stretch.first <= place && place < stretch.end;
    });
  }
  /// Elements from the transformed inputs of a tile to the next one's, and from the
  /// transformed filters of a position to the next one's: a line more where they would
  /// meet in few sets of a cache.
  int64_t inputStride() const { return inputs % kFewSets ? inputs : inputs + kLine; }
  int64_t filterStride() const {
    return pairsOfChunk * vectorsOfBlock * step.width() + kLine;
  }

  const Group &group;
  DotStep step;
  int64_t vectors, inputs; ///< of channels; inputs: channels, padded
  int64_t pairsOfChunk;    ///< of inputs whose filters are multiplied at once
  bool sharesChannels;     ///< slices share channels, not tiles
  bool mixed;
  WinogradAxis rowAxis, columnAxis;
  int64_t vectorsOfBlock; ///< of channels
  int64_t tilesOfBlock, blocks;
  llvm::SmallVector<Region> regions;
  llvm::SmallVector<Stretch> stretches;

private:
  /// Elements of 16 bits: in a line of a cache; between lines that meet in a quarter of
  /// the sets, or fewer.
  static constexpr int64_t kLine = 32, kFewSets = 128;

  int64_t filterAt(int64_t tap, int64_t input, int64_t channel) const;
  std::vector<int16_t> makeFilters() const;
  void layOut(int64_t most, int64_t slices);
  void layOutMixed(int64_t most);

  int64_t places[kPositions];
};

} // namespace qbias

#endif // QBIAS_LIB_CODEGEN_WINOGRADLAYOUT_H
