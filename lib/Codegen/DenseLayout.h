//===- DenseLayout.h - runs, tiles and weights of dense kernels ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CODEGEN_DENSELAYOUT_H
#define QBIAS_LIB_CODEGEN_DENSELAYOUT_H

#include "SkippedTaps.h"

namespace qbias {

/// How a dense kernel walks its inputs, which pixels and channels it computes at
/// once, and where their weights are in memory.
///
/// Adjacent groups of a grouped convolution are one *bundle*: a dense contraction
/// whose weights between different groups are 0. Without groups the bundle is all.
class DenseLayout {
public:
  DenseLayout(const Group &group, DotStep step);

  /// Pixels of a tile at most, beside so many vectors of channels: of the result.
  int64_t pixelsFor(int64_t vectors) const;
  /// The sums of a window and of so many vectors fit the registers.
  bool holdsWindow(int64_t vectors) const { return sumsFor(vectors) >= group.window(); }
  /// How far from the first input of a tile the first one of a sum is.
  int64_t inputOf(int64_t sum) const;
  /// Sums of so many pixels are carried: of two at once where a step has two.
  int64_t carriedPixels(int64_t pixels) const {
    return step.kind == DotKind::Mmla8 ? llvm::alignTo(pixels, 2) : pixels;
  }
  /// Groups that hold a run, and with those of its start that are read twice.
  int64_t groupsOnce() const { return llvm::divideCeil(runLength, step.group()); }
  int64_t groupsOfRun() const { return groupsOnce() + repeats; }
  int64_t groupsOfAll() const { return group.kernelRows * runs * groupsOfRun(); }
  /// First input of a group within its run.
  int64_t groupStart(int64_t index) const;
  int64_t width() const { return step.width(); }
  int64_t blockCount() const { return llvm::divideCeil(vectors, vectorsOfBlock); }
  int64_t allVectors() const { return bundles * vectors; }
  /// The share of the busiest slice, in units of an even one.
  double unevenness(int64_t units) const {
    return double(llvm::divideCeil(units, step.slices)) * step.slices / units;
  }
  /// All groups of a sum fit into straight code.
  bool isShort() const;
  bool asksAhead() const;
  /// One tile has all pixels, and the weights are more than the nearest cache holds:
  /// every one is read once.
  bool readsOnce() const;

  /// Weights in the order they are read:
  /// [channel block][kernel row][run][group][vector][lane][input of the group]
  llvm::SmallVector<int64_t> packWeights() const;
  /// The channel of every lane of every vector, -1 behind the last of a bundle.
  llvm::SmallVector<int64_t> channelOrder() const;

  const Group &group;
  DotStep step;
  int64_t batch, rows, columns; ///< of the result, with rows joined where legal
  int64_t bundles, bundleInputs, bundleChannels;
  int64_t runs, runLength, runStride, kernelRowStride;
  int64_t columnStride, rowStride, batchStride; ///< between results
  int64_t vectors, vectorsOfBlock;              ///< vectors: of a bundle
  std::optional<SkippedTaps> taps;
  /// Groups of a run that sums of fewer bits are proven to hold: of 16 bits for
  /// vpmaddubsw, of 32 bits where a layer needs 64. 0 where no such sums are needed, or
  /// not even one group is proven.
  int64_t chunk = 0;
  /// Of vpmaddubsw, groups at the start of every run of which a pair of products can
  /// leave 16 bits: they are read twice, with the weight of one input of a pair each
  /// time.
  int64_t repeats = 0;
  bool needsChunks() const { return step.kind == DotKind::Pair8 || group.sumBits == 64; }

protected:
  int64_t weightAt(int64_t kernelRow, int64_t run, int64_t element, int64_t bundle,
                   int64_t channel) const;

private:
  void bundleGroups();
  void findChunks();
  int64_t countFailing(int64_t length, llvm::ArrayRef<int64_t> packed,
                       int64_t most = 0) const;
  double costOf(int64_t most) const;
  int64_t sumsFor(int64_t vectors) const;
};

} // namespace qbias

#endif // QBIAS_LIB_CODEGEN_DENSELAYOUT_H
