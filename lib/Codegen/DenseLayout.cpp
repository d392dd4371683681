//===- DenseLayout.cpp - runs, tiles and weights of dense kernels ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DenseLayout.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

/// Pixels of a tile at most.
static constexpr int64_t kMostPixels = 14;

DenseLayout::DenseLayout(const Group &group, DotStep step) : group(group), step(step) {
  bundleGroups();
  int64_t inputs = group.allInputChannels();
  bool joinsColumns = group.columnDilation == 1 && bundles == 1;
  runs = joinsColumns ? 1 : group.kernelColumns;
  runLength = bundleInputs * (joinsColumns ? group.kernelColumns : 1);
  runStride = group.columnDilation * inputs;
  int64_t row = group.inputColumns * inputs;
  kernelRowStride = group.rowDilation * row;
  rowStride = group.poolRows * group.rowStride * row;
  batchStride = group.inputRows * row;
  columnStride = group.poolColumns * group.columnStride * inputs;
  batch = group.batch;
  rows = group.resultRows();
  columns = group.resultColumns();
  // Without kernel and strides all pixels lie side by side; long rows are as good.
  constexpr int64_t kLongRow = 20;
  if (columns < kLongRow && group.isFlat() && group.window() == 1 &&
      group.kernelRows == 1 && group.kernelColumns == 1 && group.rowStride == 1 &&
      group.columnStride == 1 && group.inputRows == rows &&
      group.inputColumns == columns) {
    columns *= rows * batch;
    rows = batch = 1;
  }
  vectors = llvm::divideCeil(bundleChannels, step.lanes);
  vectorsOfBlock = 1;
  constexpr int64_t kMostVectors = 4;
  for (int64_t v = 2; v <= std::min(kMostVectors, vectors); ++v)
    if (holdsWindow(v) && costOf(v) < costOf(vectorsOfBlock))
      vectorsOfBlock = v;
  // Where one tile is a whole row, a loop for every kernel column is worth its start
  // when it is long.
  constexpr int64_t kLeastChannels = 32;
  bool isPlain = columns == group.columns && rows == group.rows; // not joined, no pool
  bool isKnown = isPlain && step.kind != DotKind::Tile8;
  taps.emplace(group, /*knowsRows=*/isKnown,
               /*knowsColumns=*/isKnown && columns <= pixelsFor(vectorsOfBlock) &&
                   bundleInputs >= kLeastChannels && step.kind != DotKind::Mmla8 &&
                   (!needsChunks() || bundleInputs % step.group() == 0));
  if (taps->skipsColumns()) {
    runs = group.kernelColumns;
    runLength = bundleInputs;
  }
  if (needsChunks())
    findChunks();
}

/// As many groups as cost least: dot steps, and some instructions for every vector
/// of results.
void DenseLayout::bundleGroups() {
  constexpr int64_t kResultCost = 10;
  int64_t best = 0, leastCost = INT64_MAX;
  for (int64_t size = 1; size <= group.groups; ++size) {
    if (group.groups % size)
      continue;
    int64_t results = llvm::divideCeil(size * group.channelsOfGroup(), step.lanes);
    int64_t steps = group.kernelRows * group.kernelColumns *
                    llvm::divideCeil(size * group.inputChannels, step.group());
    int64_t cost = group.groups / size * results * (steps + kResultCost);
    if (cost < leastCost) {
      leastCost = cost;
      best = size;
    }
  }
  bundles = group.groups / best;
  bundleInputs = best * group.inputChannels;
  bundleChannels = best * group.channelsOfGroup();
}

/// Sums, weights, one broadcast and two spare registers fit the file.
int64_t DenseLayout::sumsFor(int64_t vectors) const {
  int64_t spare = step.kind == DotKind::Dot8 ? 3 : step.kind == DotKind::Pair8 ? 4 : 2;
  return std::min((step.registers - spare - vectors) / vectors, kMostPixels);
}

int64_t DenseLayout::pixelsFor(int64_t vectors) const {
  int64_t pixels = std::max<int64_t>(sumsFor(vectors) / group.window(), 1);
  return step.kind == DotKind::Mmla8 && pixels > 1 ? pixels / 2 * 2 : pixels;
}

int64_t DenseLayout::inputOf(int64_t sum) const {
  int64_t place = sum % group.window();
  return sum / group.window() * columnStride +
         place / group.poolColumns * (rowStride / group.poolRows) +
         place % group.poolColumns * (columnStride / group.poolColumns);
}

/// Cycles of one group of inputs over all pixels of a row and all channels: a
/// dot step or a load each, a weight that comes from the second-level cache two.
double DenseLayout::costOf(int64_t most) const {
  constexpr double kLatency = 4, kLoop = 0.5;
  double cost = 0;
  for (const Tiles &channels : splitEvenly(vectors, most))
    for (const Tiles &pixels : splitEvenly(columns, pixelsFor(channels.size))) {
      double p = pixels.size * group.window(), v = channels.size;
      double one = std::max({p * v, p + v, 2 * v, kLatency}) + kLoop;
      cost += one * pixels.count * channels.count;
    }
  return cost;
}

bool DenseLayout::isShort() const {
  constexpr int64_t kShort = 12;
  return groupsOfAll() <= kShort && !taps->skipsRows() && !taps->skipsColumns();
}

/// Weights that no second-level cache holds are asked for a block ahead, so that the
/// first tile of a block does not wait for all of them.
bool DenseLayout::asksAhead() const {
  constexpr int64_t kCached = 1 << 19;
  int64_t bytes = vectors * groupsOfAll() * width() * step.weightBits / 8;
  return bytes > kCached && rows * batch * columns > kMostPixels && blockCount() > 1 &&
         bundles == 1;
}

bool DenseLayout::readsOnce() const {
  constexpr int64_t kNearest = 1 << 15;
  return allVectors() * groupsOfAll() * width() > step.weightsIn(kNearest) &&
         batch * rows == 1 && columns <= pixelsFor(vectorsOfBlock);
}

int64_t DenseLayout::groupStart(int64_t index) const {
  if (index >= groupsOnce())
    return (index - groupsOnce()) * step.group();
  int64_t full = runLength / step.group();
  return index < full ? index * step.group()
                      : std::max<int64_t>(runLength - step.group(), 0);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// The weight of an element of a run and a channel, both counted in their bundle.
int64_t DenseLayout::weightAt(int64_t kernelRow, int64_t run, int64_t element,
                              int64_t bundle, int64_t channel) const {
  int64_t kernelColumn = runs == 1 ? element / bundleInputs : run;
  int64_t input = element % bundleInputs;
  if (input / group.inputChannels != channel / group.channelsOfGroup())
    return 0;
  int64_t tap = kernelRow * group.kernelColumns + kernelColumn;
  return group.weights[(tap * group.inputChannels + input % group.inputChannels) *
                           group.channels +
                       bundle * bundleChannels + channel];
}

SmallVector<int64_t> DenseLayout::packWeights() const {
  SmallVector<int64_t> packed;
  packed.reserve(allVectors() * groupsOfAll() * width());
  auto packGroup = [&](int64_t kr, int64_t run, int64_t index, int64_t bundle,
                       int64_t first, int64_t blockVectors) {
    int64_t start = groupStart(index);
    bool isAgain = index >= groupsOnce(), isSplit = isAgain || index < repeats;
    int64_t fresh = isAgain ? start : index * step.group();
    for (int64_t lane = 0; lane < blockVectors * step.lanes; ++lane)
      for (int64_t g = 0; g < step.group(); ++g) {
        int64_t channel = first * step.lanes + lane, element = start + g;
        bool isUsed = channel < bundleChannels && element >= fresh &&
                      element < runLength && (!isSplit || g % 2 == int64_t(isAgain));
        packed.push_back(isUsed ? weightAt(kr, run, element, bundle, channel) : 0);
      }
  };
  for (int64_t bundle = 0; bundle < bundles; ++bundle) {
    int64_t first = 0;
    for (const Tiles &blocks : splitEvenly(vectors, vectorsOfBlock))
      for (int64_t block = 0; block < blocks.count; ++block, first += blocks.size)
        for (int64_t kr = 0; kr < group.kernelRows; ++kr)
          for (int64_t run = 0; run < runs; ++run)
            for (int64_t index = 0; index < groupsOfRun(); ++index)
              packGroup(kr, run, index, bundle, first, blocks.size);
  }
  return packed;
}

//===----------------------------------------------------------------------===//
// Sums of fewer bits
//===----------------------------------------------------------------------===//

/// 0 when every sum of `length` groups of a run, and all that come before it while it is
/// added up, stay in range, else the place in its run behind a group at which one does
/// not: the last such place, or one past `most`. Inputs are 0 .. a for 16-bit sums,
///
///   -2^15 <= -a * sum of negative |w|,   a * sum of positive w < 2^15
///
/// and -a .. a for 32-bit sums: a * sum |w| < 2^31.
int64_t DenseLayout::countFailing(int64_t length, ArrayRef<int64_t> packed,
                                  int64_t most) const {
  bool isShort = step.kind == DotKind::Pair8;
  int64_t highest = isShort ? INT16_MAX : INT32_MAX;
  int64_t lowest = isShort ? INT16_MIN : -highest;
  // A lane of 16 bits holds two of the four products of a group.
  int64_t inputs = isShort ? 2 : step.group(), full = runLength / step.group();
  const int64_t *next = packed.begin();
  SmallVector<int64_t> highs, lows;
  auto addGroup = [&] {
    bool holds = true;
    for (auto [high, low] : llvm::zip(highs, lows)) {
      for (int64_t i = 0; i < inputs; ++i, ++next) {
        int64_t reach = *next * step.largestInput;
        high += isShort ? std::max<int64_t>(reach, 0) : std::abs(reach);
        low += isShort ? std::min<int64_t>(reach, 0) : -std::abs(reach);
      }
      holds &= high <= highest && low >= lowest;
    }
    return holds;
  };
  int64_t failing = 0;
  for (int64_t bundle = 0; bundle < bundles; ++bundle)
    for (const Tiles &blocks : splitEvenly(vectors, vectorsOfBlock))
      for (int64_t run = 0; run < blocks.count * group.kernelRows * runs; ++run)
        for (int64_t index = 0; index < groupsOfRun(); ++index) {
          if (index % length == 0 || index == full) {
            highs.assign(blocks.size * width() / inputs, 0);
            lows = highs;
          }
          if (addGroup())
            continue;
          failing = std::max(failing, index + 1);
          if (failing > most)
            return failing;
        }
  return failing;
}

/// The longest chunk that is proven, or chunks of one group and how many are read twice.
void DenseLayout::findChunks() {
  SmallVector<int64_t> packed = packWeights();
  // More steps in 16 bits save ever less and need registers.
  constexpr int64_t kMostShort = 8;
  bool isShort = step.kind == DotKind::Pair8;
  int64_t longest = isShort ? std::min(groupsOfRun(), kMostShort) : groupsOfRun();
  for (chunk = longest; chunk > 1; chunk /= 2)
    if (!countFailing(chunk, packed))
      return;
  // More would cost what vpmaddubsw gains, and memory.
  constexpr int64_t kLeastShare = 4;
  int64_t most = isShort ? groupsOnce() / kLeastShare : 0;
  int64_t failing = countFailing(1, packed, most);
  if (failing <= most)
    repeats = failing;
  if (failing > most || (repeats && countFailing(1, packWeights())))
    chunk = repeats = 0;
}

SmallVector<int64_t> DenseLayout::channelOrder() const {
  SmallVector<int64_t> order;
  for (int64_t bundle = 0; bundle < bundles; ++bundle)
    for (int64_t channel = 0; channel < vectors * step.lanes; ++channel)
      order.push_back(channel < bundleChannels ? bundle * bundleChannels + channel : -1);
  return order;
}
