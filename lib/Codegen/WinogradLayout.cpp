//===- WinogradLayout.cpp - tiles and positions of Winograd kernels ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WinogradLayout.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::winograd;

/// Most tiles in a block: transformed inputs stay in the second-level cache.
static constexpr int64_t kTilesOfBlock = 26;

/// |y| has to stay below 2^31 / 2^kPowerOfTwo.
static constexpr int64_t kSumLimit = int64_t(1) << (31 - kPowerOfTwo);
static constexpr int64_t kLargestInput = 128;

std::string qbias::checkWinograd(const Group &group) {
  if (group.groups != 1 || group.kernelRows != kTaps || group.kernelColumns != kTaps)
    return "is not a dense 3x3 convolution";
  if (group.rowStride != 1 || group.columnStride != 1 || group.rowDilation != 1 ||
      group.columnDilation != 1)
    return "has strides or dilations";
  if (!group.isNarrow() || group.sumBits != 32)
    return "needs operands of 8 bits and sums of 32";
  SmallVector<int64_t> sums(group.channels, 0);
  for (size_t row = 0; row < group.weights.size(); row += group.channels)
    for (int64_t channel = 0; channel < group.channels; ++channel)
      sums[channel] += std::abs(group.weights[row + channel]);
  int64_t largest = kLargestInput * *llvm::max_element(sums);
  if (largest >= kSumLimit)
    return llvm::formatv("a sum can reach {0}, expected less than 2^25", largest);
  return "";
}

WinogradAxis::WinogradAxis(int64_t extent, bool isMixed)
    : full(isMixed ? extent / kTile : llvm::divideCeil(extent, kTile)),
      rest(isMixed ? extent % kTile : 0), last(rest == 1 ? 2 : rest) {}

int64_t WinogradAxis::points() const {
  return full * kPoints + (rest ? int64_t(getPoints(last).size()) : 0);
}

bool WinogradLayout::mixes(const Group &group, int64_t slices) {
  int64_t tiles =
      llvm::divideCeil(group.rows, kTile) * llvm::divideCeil(group.columns, kTile);
  return tiles <= kTilesOfBlock && group.batch % slices == 0 &&
         (group.rows % kTile || group.columns % kTile);
}

/// Vectors of channels that are multiplied at once.
static int64_t findVectors(const Group &group, DotStep step) {
  return std::min<int64_t>(2, llvm::divideCeil(group.channels, step.lanes));
}

/// Pairs of inputs whose transformed filters stay in the nearest cache, a part of all.
static int64_t findChunk(const Group &group, DotStep step) {
  constexpr int64_t kBytes = 20 << 10;
  int64_t pairs = llvm::alignTo(group.inputChannels, step.width()) / 2;
  int64_t bytes =
      WinogradLayout::kPositions * findVectors(group, step) * step.width() * 2;
  int64_t chunk = std::max<int64_t>(1, kBytes / bytes);
  while (pairs % chunk)
    --chunk;
  return chunk;
}

/// Cycles until the last slice is done: products of 16-bit pairs, transforms of a tile
/// per vector of channels; meanwhile transformed weights that no cache holds. Slices that
/// share tiles read all weights each, those that share channels transform all inputs.
/// Transforms were measured on a Zen 4 core.
static double estimate(const Group &group, DotStep step, bool sharesChannels) {
  constexpr double kInputTransform = 300, kOutputTransform = 210, kMultiplyLoss = 1.1;
  double slices = step.slices;
  double tiles = double(group.batch) * llvm::divideCeil(group.rows, kTile) *
                 llvm::divideCeil(group.columns, kTile);
  double inputs = llvm::alignTo(group.inputChannels, 2 * step.lanes);
  double outputs = llvm::alignTo(group.channels, step.lanes);
  bool mixed = WinogradLayout::mixes(group, sharesChannels ? 1 : step.slices);
  double points = double(group.batch) * WinogradAxis(group.rows, mixed).points() *
                  WinogradAxis(group.columns, mixed).points();
  double products = points * inputs * outputs / (2 * step.lanes);
  double inputTransforms = tiles * inputs / (2 * step.lanes) * kInputTransform;
  double work = tiles * outputs / step.lanes * kOutputTransform;
  double bytes;
  if (WinogradLayout::transforms(step)) {
    // Filters of 16 bits, and sums after every chunk, are stored 32 bytes a cycle at
    // best, and loops are short: measured on Emerald Rapids.
    constexpr double kBytesStored = 32 / 1.2, kShortLoss = 1.3;
    double blocks = std::max(double(group.batch), tiles / kTilesOfBlock);
    double filters = blocks * WinogradLayout::kPositions * inputs * outputs * 2;
    double sums = products / findChunk(group, step) * step.lanes * 4;
    work += products * kShortLoss + (filters + sums) / kBytesStored;
    bytes = kFilterTaps * inputs * outputs;
  } else {
    work += products * kMultiplyLoss;
    bytes = 2 * WinogradLayout::kPositions * inputs * outputs;
  }
  return std::max(work / slices + inputTransforms / (sharesChannels ? 1 : slices),
                  streamCycles(bytes * (sharesChannels ? 1 : slices)));
}

double qbias::estimateWinograd(const Group &group, DotStep step) {
  return std::min(estimate(group, step, /*sharesChannels=*/false),
                  estimate(group, step, /*sharesChannels=*/true));
}

WinogradLayout::WinogradLayout(const Group &group, DotStep step)
    : group(group), step(step), vectors(llvm::divideCeil(group.channels, step.lanes)),
      inputs(llvm::alignTo(group.inputChannels, 2 * step.lanes)),
      pairsOfChunk(inputs / 2),
      sharesChannels(step.slices > 1 &&
                     estimate(group, step, true) < estimate(group, step, false)),
      mixed(mixes(group, sharesChannels ? 1 : step.slices)), rowAxis(group.rows, mixed),
      columnAxis(group.columns, mixed) {
  constexpr int64_t kMostPixels = 13, kSpareRegisters = 4;
  vectorsOfBlock = findVectors(group, step);
  if (transforms())
    pairsOfChunk = findChunk(group, step);
  int64_t most =
      std::min(kMostPixels, (step.registers - kSpareRegisters) / vectorsOfBlock);
  for (int64_t position = 0; position < kPositions; ++position)
    places[position] = position;
  mixed ? layOutMixed(most) : layOut(most, sharesChannels ? 1 : step.slices);
}

//===----------------------------------------------------------------------===//
// Filters
//===----------------------------------------------------------------------===//

/// A weight, 0 past the last input or channel.
int64_t WinogradLayout::filterAt(int64_t tap, int64_t input, int64_t channel) const {
  if (input >= group.inputChannels || channel >= group.channels)
    return 0;
  return group.weights[(tap * group.inputChannels + input) * group.channels + channel];
}

/// [position][input][channel], transformed.
std::vector<int16_t> WinogradLayout::makeFilters() const {
  int64_t channels = vectors * step.lanes;
  std::vector<int16_t> transformed(kPositions * inputs * channels, 0);
  for (int64_t i = 0; i < group.inputChannels; ++i)
    for (int64_t o = 0; o < group.channels; ++o) {
      int64_t half[kPoints][kTaps] = {};
      for (int64_t a = 0; a < kPoints; ++a)
        for (int64_t c = 0; c < kTaps; ++c)
          for (int64_t r = 0; r < kTaps; ++r)
            half[a][c] += kScale[a] * kFilter[a][r] * filterAt(r * kTaps + c, i, o);
      for (int64_t a = 0; a < kPoints; ++a)
        for (int64_t b = 0; b < kPoints; ++b) {
          int64_t sum = 0;
          for (int64_t c = 0; c < kTaps; ++c)
            sum += half[a][c] * kScale[b] * kFilter[b][c];
          transformed[(placeOf(a, b) * inputs + i) * channels + o] = sum;
        }
    }
  return transformed;
}

SmallVector<int64_t> WinogradLayout::packFilters() const {
  SmallVector<int64_t> packed;
  auto packVectors = [&](int64_t first, int64_t count, int64_t input, int64_t parts,
                         auto elementOf) {
    for (int64_t vector = first; vector < first + count; ++vector)
      for (int64_t part = 0; part < parts; ++part)
        for (int64_t lane = 0; lane < step.lanes; ++lane)
          for (int64_t g = 0; g < 2; ++g)
            packed.push_back(elementOf(part, input + g, vector * step.lanes + lane));
  };
  std::vector<int16_t> transformed;
  if (!transforms())
    transformed = makeFilters();
  int64_t first = 0;
  for (const Tiles &tiles : splitEvenly(vectors, vectorsOfBlock))
    for (int64_t block = 0; block < tiles.count; ++block, first += tiles.size) {
      if (transforms()) {
        for (int64_t i = 0; i < inputs; i += 2)
          packVectors(first, tiles.size, i, kFilterTaps,
                      [&](int64_t tap, int64_t input, int64_t channel) {
                        return filterAt(tap, input, channel);
                      });
        continue;
      }
      for (int64_t place = 0; place < kPositions; ++place)
        for (int64_t i = 0; i < inputs; i += 2)
          packVectors(first, tiles.size, i, 1,
                      [&](int64_t, int64_t input, int64_t channel) {
                        int64_t row = place * inputs + input;
                        return transformed[row * vectors * step.lanes + channel];
                      });
    }
  return packed;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

SmallVector<Value> WinogradLayout::sumsOfLine(ArrayRef<Value> sums, int64_t line,
                                              int64_t columns) const {
  SmallVector<Value> some;
  for (int64_t i = 0; i < columns * group.poolRows; ++i) {
    int64_t window = i / group.window(), place = i % group.window();
    int64_t row = line * group.poolRows + place / group.poolColumns;
    int64_t column = window * group.poolColumns + place % group.poolColumns;
    some.push_back(sums[row * columns + column]);
  }
  return some;
}

/// Tiles that are multiplied at once and their number in a block: as little waste as
/// possible.
void WinogradLayout::layOut(int64_t most, int64_t slices) {
  constexpr int64_t kLeastPixels = 4;
  int64_t tiles = rowAxis.tiles() * columnAxis.tiles(), best = INT64_MAX;
  Tiles split{};
  for (int64_t p = most; p >= std::min(kLeastPixels, most); --p) {
    int64_t s = std::max<int64_t>(
        1, std::min(kTilesOfBlock / p, int64_t(llvm::divideCeil(tiles, p))));
    int64_t computed = llvm::alignTo(tiles, p * s * slices);
    if (computed >= best)
      continue;
    best = computed;
    split = {0, s, p};
  }
  tilesOfBlock = split.count * split.size;
  blocks = llvm::divideCeil(tiles, tilesOfBlock);
  regions = {{0, tilesOfBlock, kTile, kTile, 0, 0, columnAxis.tiles()}};
  stretches = {{0, kPositions, {split}}};
}

/// Tiles in an order in which those with products at a position lie side by side:
///
///   lower edge, full tiles, right edge, corner
///
/// and positions so that those of the same tiles do.
void WinogradLayout::layOutMixed(int64_t most) {
  const WinogradAxis &r = rowAxis, &c = columnAxis;
  int64_t lower = r.rest ? c.full : 0, full = r.full * c.full;
  int64_t right = c.rest ? r.full : 0, corner = r.rest && c.rest ? 1 : 0;
  int64_t slot = 0;
  auto addRegion = [&](int64_t count, bool isLower, bool isRight, int64_t perRow) {
    if (count)
      regions.push_back({slot, count, isLower ? r.last : kTile, isRight ? c.last : kTile,
                         isLower ? r.full : 0, isRight ? c.full : 0, perRow});
    slot += count;
  };
  addRegion(lower, true, false, std::max<int64_t>(c.full, 1));
  addRegion(full, false, false, std::max<int64_t>(c.full, 1));
  addRegion(right, false, true, 1);
  addRegion(corner, true, true, 1);
  tilesOfBlock = slot;
  blocks = 1;
  auto isShared = [](const WinogradAxis &axis, int64_t point) {
    return !axis.rest || llvm::is_contained(getPoints(axis.last), point);
  };
  int64_t place = 0;
  for (bool rowShared : {true, false})
    for (bool columnShared : {true, false}) {
      int64_t first = place;
      for (int64_t row = 0; row < kPoints; ++row)
        for (int64_t column = 0; column < kPoints; ++column)
          if (isShared(r, row) == rowShared && isShared(c, column) == columnShared)
            places[row * kPoints + column] = place++;
      int64_t begin = rowShared ? 0 : lower;
      int64_t end = lower + full + (columnShared ? right + (rowShared ? corner : 0) : 0);
      if (place == first || begin == end)
        continue;
      SmallVector<Tiles> tiles = splitEvenly(end - begin, most);
      for (Tiles &some : tiles)
        some.begin += begin;
      stretches.push_back({first, place, tiles});
    }
}
