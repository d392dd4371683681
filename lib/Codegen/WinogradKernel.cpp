//===- WinogradKernel.cpp - 3x3 convolutions by F(4x4, 3x3) ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The algorithm of Winograd with 6x6 input tiles d, filters g and 4x4 results,
// with B, G, A scaled to integers (points 0, 1, -1, 2, -2 and infinity):
//
//   L y = A [(G g G^T) * (B^T d B)] A^T          L = 24^2 = 576 = 9 * 2^6
//
// Everything behind the transforms is arithmetic modulo 2^32, where 9 has an
// inverse:
//
//   L y * 9^-1 = 2^6 y  (mod 2^32),   y = that >> 6   iff |y| < 2^25
//
// so sums may wrap and only the final value has to be small: 128 * sum |w| < 2^25
// proves it. The transformed operands fit 16 bits: |B^T d B| and |G g G^T| are at
// most 12^2 * 128. Integer scaling is due to Meng and Brothers, "Efficient
// Winograd Convolution via Integer Arithmetic", 2019.
//
//   for block of tiles: (slices share these, or the channel blocks)
//     v[position][tile][channel] = B^T d B
//     for channel block; for position; for P tiles: m[tile][..][position] = v u
//     for tile; for channel vector: y = epilogue((A m A^T) * 9^-1 >> 6)
//
// Where few tiles share the filters, reading G g G^T, 8 bytes for a weight of one, takes
// longer than multiplying. winograd4w8 keeps the weights and transforms those of some
// inputs at a time, which stay in the nearest cache; what G is scaled by is multiplied
// into m instead.
//
//     for channel block; for chunk of inputs: u = G g G^T
//       for position; for P tiles: m[tile][..][position] += v u
//
// Tiles past the last one repeat it; rows and columns past the input repeat the
// last, and meet results that are not stored. Where a block holds a whole image, the
// last tile of a row or column is a shorter one of 3 or 2, which has products at some
// of the 6 points only.
//
//===----------------------------------------------------------------------===//

#include "WinogradLayout.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::winograd;

static constexpr int64_t kInverseOfNine = 0x38E38E39; // 9 * it = 1 (mod 2^32)

namespace {

class WinogradKernel : public Kernel, private WinogradLayout {
public:
  WinogradKernel(const Group &group, DotStep step) : WinogradLayout(group, step) {}

  std::string getKey() const override;
  SmallVector<ElementsAttr> packConstants(StringRef name) override {
    return makeConstants(group, step, packFilters(), name);
  }
  unsigned inputBits() const override { return 8; }
  SmallVector<Scratch> getScratch() const override;
  int64_t getUnits() const override {
    return sharesChannels ? llvm::divideCeil(vectors, vectorsOfBlock)
                          : group.batch * blocks;
  }
  void emit(KernelBuilder &kernel, ValueRange buffers, Share share) override;

private:
  using Values = KernelBuilder::Values;

  int64_t sumStride() const { return kPositions * step.lanes; }
  std::pair<Value, Value> tileOf(KernelBuilder &kernel, const Region &region, Value block,
                                 Value index);
  void transformInput(KernelBuilder &kernel, const Region &region, Value image,
                      std::pair<Value, Value> tile, Value slot);
  /// Transformed filters of a channel block and position. With every pair of inputs
  /// `vectors` of the next position's, from `next` on, are asked for.
  struct Filters {
    Value buffer, at, next = {};
    int64_t vectors = 0;
  };
  void transformFilters(KernelBuilder &kernel, Value firstVector, Value firstPair,
                        int64_t vectors);
  Value sumAt(KernelBuilder &kernel, Value position, Value tile, int64_t vectors,
              int64_t vector);
  void multiplyTiles(KernelBuilder &kernel, const Filters &filters, Value position,
                     Value firstTile, Value firstPair, int64_t pixels, int64_t vectors);
  void multiplyChunk(KernelBuilder &kernel, Value block, Value firstPair,
                     int64_t vectors);
  void multiply(KernelBuilder &kernel, Value firstVector, int64_t vectors);
  void transformOutput(KernelBuilder &kernel, const Region &region, Value image,
                       std::pair<Value, Value> tile, Value slot, Value firstVector,
                       int64_t vectors, int64_t lastLanes);
  void storeTile(KernelBuilder &kernel, const Region &region, ArrayRef<Value> results,
                 Value image, std::pair<Value, Value> tile, Value vector, int64_t valid);
  void storeLine(KernelBuilder &kernel, ArrayRef<Value> line, const Values &loaded,
                 Value at, Value column, bool isCertain, int64_t stored, int64_t valid);

  Value v, m, u, vAt, mAt, uAt;
  KernelBuffers memory;
  Shifts shifts; // of the row
};

} // namespace

std::string WinogradKernel::getKey() const {
  std::string key = llvm::formatv("winograd{0},{1};{2},{3},{4},{5};{6},{7},{8};",
                                  step.lanes, step.registers, group.batch, group.rows,
                                  group.columns, group.channels, group.inputRows,
                                  group.inputColumns, group.inputChannels);
  llvm::raw_string_ostream(key)
      << step.weightBits << "," << step.weightOffset.value_or(0) << ";"
      << group.epilogue->getResultElement() << ";" << group.epilogue->getKey();
  return key;
}

SmallVector<Kernel::Scratch> WinogradKernel::getScratch() const {
  SmallVector<Scratch> scratch = {{kPositions * tilesOfBlock * inputStride(), 16},
                                  {tilesOfBlock * vectorsOfBlock * sumStride(), 32}};
  if (transforms())
    scratch.push_back({kPositions * filterStride(), 16});
  return scratch;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

/// The lesser of an index and a constant.
static Value atMost(KernelBuilder &kernel, Value index, int64_t limit) {
  return kernel.least(index, kernel.index(limit));
}

/// Row and column of the tile in a slot of `region`; slots past the end repeat the
/// last tile.
std::pair<Value, Value> WinogradKernel::tileOf(KernelBuilder &kernel,
                                               const Region &region, Value block,
                                               Value index) {
  if (!mixed) {
    Value tile = kernel.add(kernel.scale(block, tilesOfBlock), index);
    index = atMost(kernel, tile, rowAxis.tiles() * columnAxis.tiles() - 1);
  }
  return {kernel.add(kernel.divide(index, region.perRow), region.firstRow),
          kernel.add(kernel.remainder(index, region.perRow), region.firstColumn)};
}

void WinogradKernel::transformInput(KernelBuilder &kernel, const Region &region,
                                    Value image, std::pair<Value, Value> tile,
                                    Value slot) {
  Value row = kernel.scale(tile.first, kTile), column = kernel.scale(tile.second, kTile);
  int64_t channels = group.inputChannels;
  Values rows, columns;
  for (int64_t i = 0; i < region.rows + kTaps - 1; ++i) {
    Value r = atMost(kernel, kernel.add(row, i), group.inputRows - 1);
    r = kernel.add(r, kernel.scale(image, group.inputRows));
    rows.push_back(kernel.scale(r, group.inputColumns * channels));
  }
  for (int64_t i = 0; i < region.columns + kTaps - 1; ++i) {
    Value c = atMost(kernel, kernel.add(column, i), group.inputColumns - 1);
    columns.push_back(kernel.scale(c, channels));
  }
  auto transform = [&](Value channel, int64_t valid) {
    SmallVector<Values> window; // by column, then by point
    for (Value c : columns) {
      Values inputs;
      for (Value r : rows) {
        Value at = kernel.add(kernel.add(r, c), channel);
        inputs.push_back(
            kernel.widen(kernel.loadFirst(memory.x, at, step.width(), valid), 16));
      }
      window.push_back(transformWindow(kernel, inputs));
    }
    for (auto [r, rowPoint] : llvm::enumerate(getPoints(region.rows))) {
      Values line;
      for (const Values &values : window)
        line.push_back(values[r]);
      for (auto [value, columnPoint] :
           llvm::zip(transformWindow(kernel, line), getPoints(region.columns))) {
        Value at = kernel.add(kernel.scale(slot, inputStride()), channel);
        at =
            kernel.add(at, placeOf(rowPoint, columnPoint) * tilesOfBlock * inputStride());
        kernel.store(value, v, kernel.add(vAt, at), step.width());
      }
    }
  };
  int64_t full = channels / step.width();
  kernel.loop(full,
              [&](Value i) { transform(kernel.scale(i, step.width()), step.width()); });
  if (int64_t rest = channels % step.width())
    transform(kernel.index(full * step.width()), rest);
}

/// u[position][pair][vector] = G g G^T of the chunk of inputs from a pair on.
void WinogradKernel::transformFilters(KernelBuilder &kernel, Value firstVector,
                                      Value firstPair, int64_t vectors) {
  int64_t width = step.width();
  Value first = kernel.scale(firstVector, kFilterTaps * inputs * step.lanes);
  int64_t last = this->vectors * kFilterTaps * inputs * step.lanes - 1;
  kernel.loop(pairsOfChunk, [&](Value pair) {
    for (int64_t i = 0; i < vectors; ++i) {
      Value from = kernel.scale(kernel.add(firstPair, pair), vectors);
      from = kernel.scale(kernel.add(from, i), kFilterTaps * width);
      from = kernel.add(first, from);
      step.askAhead(kernel, memory.weight, from, kFilterTaps * width, last);
      SmallVector<Values> columns; // by tap, then by point
      for (int64_t c = 0; c < kTaps; ++c) {
        Values column;
        for (int64_t r = 0; r < kTaps; ++r)
          column.push_back(step.loadWeights(kernel, memory.weight,
                                            kernel.add(from, (r * kTaps + c) * width)));
        columns.push_back(transformFilter(kernel, column));
      }
      Value to = kernel.add(kernel.scale(pair, vectors * width), i * width);
      to = kernel.add(uAt, to);
      for (int64_t r = 0; r < kPoints; ++r) {
        Values line =
            transformFilter(kernel, {columns[0][r], columns[1][r], columns[2][r]});
        for (int64_t c = 0; c < kPoints; ++c)
          if (isUsed(placeOf(r, c)))
            kernel.store(line[c], u, kernel.add(to, placeOf(r, c) * filterStride()),
                         width);
      }
    }
  });
}

/// Where the sums of a vector are.
Value WinogradKernel::sumAt(KernelBuilder &kernel, Value position, Value tile,
                            int64_t vectors, int64_t vector) {
  Value at = kernel.scale(tile, vectors * sumStride());
  at = kernel.add(at, kernel.scale(position, step.lanes));
  return kernel.add(kernel.add(mAt, at), vector * sumStride());
}

/// Products of some tiles at one position with a chunk of a channel block.
void WinogradKernel::multiplyTiles(KernelBuilder &kernel, const Filters &filters,
                                   Value position, Value firstTile, Value firstPair,
                                   int64_t pixels, int64_t vectors) {
  int64_t width = step.width();
  Value input = kernel.add(kernel.scale(position, tilesOfBlock), firstTile);
  input = kernel.add(kernel.scale(input, inputStride()), kernel.scale(firstPair, 2));
  input = kernel.add(vAt, input);
  Values sums, places;
  for (int64_t p = 0; p < pixels; ++p)
    for (int64_t i = 0; i < vectors; ++i) {
      places.push_back(sumAt(kernel, position, kernel.add(firstTile, p), vectors, i));
      sums.push_back(addsChunks() ? kernel.load(m, places.back(), step.lanes)
                                  : kernel.splat(kernel.vectorOf(step.lanes, 32), 0));
    }
  sums = kernel.reduce(pairsOfChunk, sums, [&](Value pair, ValueRange carried) {
    Values loaded, result;
    Value at = kernel.add(filters.at, kernel.scale(pair, vectors * width));
    for (int64_t i = 0; i < vectors; ++i)
      loaded.push_back(kernel.load(filters.buffer, kernel.add(at, i * width), width));
    for (int64_t i = 0; i < filters.vectors; ++i) {
      Value ahead = kernel.add(filters.next, kernel.scale(pair, vectors * width));
      kernel.prefetch(filters.buffer, kernel.add(ahead, i * width));
    }
    for (int64_t p = 0; p < pixels; ++p) {
      Value from =
          kernel.add(kernel.add(input, kernel.scale(pair, 2)), p * inputStride());
      Value both = kernel.broadcastWord(v, from, step.lanes);
      for (int64_t i = 0; i < vectors; ++i)
        result.push_back(step.emit(kernel, carried[p * vectors + i], both, loaded[i]));
    }
    return result;
  });
  for (auto [sum, place] : llvm::zip(sums, places))
    kernel.store(sum, m, place, step.lanes);
}

/// Products of all positions and tiles with a chunk of the channel block at `block`.
void WinogradKernel::multiplyChunk(KernelBuilder &kernel, Value block, Value firstPair,
                                   int64_t vectors) {
  auto filtersOf = [&](Value position, int64_t share) -> Filters {
    if (transforms())
      return {u, kernel.add(uAt, kernel.scale(position, filterStride()))};
    int64_t size = inputs * vectors * step.lanes;
    Value next = atMost(kernel, kernel.add(position, 1), kPositions - 1);
    return {memory.weight, kernel.add(block, kernel.scale(position, size)),
            kernel.add(block, kernel.scale(next, size)), share};
  };
  for (const Stretch &stretch : stretches) {
    int64_t subs = 0;
    for (const Tiles &tiles : stretch.tiles)
      subs += tiles.count;
    int64_t share = llvm::divideCeil(vectors, subs); // of what all ask for
    auto multiplyAt = [&](Value position) {
      Filters filters = filtersOf(position, share);
      int64_t before = 0;
      for (const Tiles &tiles : stretch.tiles) {
        kernel.loop(tiles.count, [&](Value sub) {
          Value firstTile = kernel.add(kernel.scale(sub, tiles.size), tiles.begin);
          Filters own = filters;
          if (own.next)
            own.next = kernel.add(
                own.next, kernel.scale(kernel.add(sub, before), share * step.width()));
          multiplyTiles(kernel, own, position, firstTile, firstPair, tiles.size, vectors);
        });
        before += tiles.count;
      }
    };
    kernel.loop(kernel.index(stretch.first), kernel.index(stretch.end), multiplyAt);
  }
}

/// Products of all positions and tiles of the block with a channel block.
void WinogradKernel::multiply(KernelBuilder &kernel, Value firstVector, int64_t vectors) {
  if (!transforms()) {
    Value block = kernel.scale(firstVector, kPositions * inputs * step.lanes);
    return multiplyChunk(kernel, block, kernel.index(0), vectors);
  }
  if (addsChunks()) {
    Value none = kernel.splat(kernel.vectorOf(step.lanes, 32), 0);
    kernel.loop(tilesOfBlock * vectors * kPositions, [&](Value i) {
      kernel.store(none, m, kernel.add(mAt, kernel.scale(i, step.lanes)), step.lanes);
    });
  }
  kernel.loop(inputs / 2 / pairsOfChunk, [&](Value chunk) {
    Value firstPair = kernel.scale(chunk, pairsOfChunk);
    transformFilters(kernel, firstVector, firstPair, vectors);
    multiplyChunk(kernel, Value(), firstPair, vectors);
  });
}

void WinogradKernel::transformOutput(KernelBuilder &kernel, const Region &region,
                                     Value image, std::pair<Value, Value> tile,
                                     Value slot, Value firstVector, int64_t vectors,
                                     int64_t lastLanes) {
  VectorType type = kernel.vectorOf(step.lanes, 32);
  Value inverse = kernel.splat(type, kInverseOfNine);
  Value places = kernel.splat(type, kPowerOfTwo);
  auto transform = [&](int64_t outputs, Values sums) {
    if (transforms())
      scaleSums(kernel, outputs, sums);
    return transformSums(kernel, outputs, sums);
  };
  auto transformVector = [&](Value i, int64_t lanes) {
    Value from = kernel.scale(slot, vectors * sumStride());
    from = kernel.add(mAt, kernel.add(from, kernel.scale(i, sumStride())));
    SmallVector<Values> columns; // by point, then by row of results
    for (int64_t c : getPoints(region.columns)) {
      Values sums;
      for (int64_t r : getPoints(region.rows))
        sums.push_back(
            kernel.load(m, kernel.add(from, placeOf(r, c) * step.lanes), step.lanes));
      columns.push_back(transform(region.rows, sums));
    }
    Value vector = kernel.add(firstVector, i);
    Value start = kernel.load(memory.bias, kernel.scale(vector, step.lanes), step.lanes);
    Values results;
    for (int64_t r = 0; r < region.rows; ++r) {
      Values line;
      for (const Values &values : columns)
        line.push_back(values[r]);
      for (Value value : transform(region.columns, line)) {
        value = arith::MulIOp::create(kernel.builder, kernel.loc, value, inverse);
        value = arith::ShRSIOp::create(kernel.builder, kernel.loc, value, places);
        results.push_back(kernel.add(value, start));
      }
    }
    storeTile(kernel, region, results, image, tile, vector, lanes);
  };
  int64_t full = vectors - (lastLanes < step.lanes ? 1 : 0);
  kernel.loop(full, [&](Value i) { transformVector(i, step.lanes); });
  if (full < vectors)
    transformVector(kernel.index(full), lastLanes);
}

/// Stores the first `stored` results of a line of a tile, that at `column` at `at`.
void WinogradKernel::storeLine(KernelBuilder &kernel, ArrayRef<Value> line,
                               const Values &loaded, Value at, Value column,
                               bool isCertain, int64_t stored, int64_t valid) {
  static_assert(kTile <= VectorEpilogue::kPacked);
  // Elements beside results that are not stored: those of the last that is.
  auto loadOthers = [&](int64_t j) {
    Value place = kernel.index(std::min(j, stored - 1));
    if (!isCertain)
      place = kernel.least(
          place, kernel.add(kernel.scale(column, -1), group.resultColumns() - 1));
    Values others;
    for (Value element : memory.elements)
      others.push_back(
          kernel.loadFirst(element, kernel.add(at, kernel.scale(place, group.channels)),
                           step.lanes, valid));
    return others;
  };
  Value packed;
  if (step.hasAvx2 && group.epilogue->canPack()) {
    SmallVector<Values> constants(line.size(), loaded), others;
    llvm::append_range(others, llvm::map_range(llvm::seq(line.size()), loadOthers));
    packed = group.epilogue->emitPacked(kernel, line, constants, others);
    packed = hideParts(kernel, packed, valid < step.lanes);
  }
  for (int64_t j = 0; j < stored; ++j) {
    auto storeOne = [&] {
      Value to = kernel.add(at, j * group.channels);
      Value results =
          packed ? packed : group.epilogue->emit(kernel, line[j], loaded, loadOthers(j));
      storeForms(kernel, group, results, memory.results, to, shifts, valid,
                 packed ? j * step.lanes : 0);
    };
    j == 0 || isCertain
        ? storeOne()
        : kernel.ifBelow(kernel.add(column, j), group.resultColumns(), storeOne);
  }
}

void WinogradKernel::storeTile(KernelBuilder &kernel, const Region &region,
                               ArrayRef<Value> results, Value image,
                               std::pair<Value, Value> tile, Value vector,
                               int64_t valid) {
  Value channel = kernel.scale(vector, step.lanes);
  Values loaded = group.epilogue->loadArrays(kernel, memory.arrays, channel, step.lanes);
  Value row = kernel.scale(tile.first, kTile / group.poolRows);
  Value column = kernel.scale(tile.second, kTile / group.poolColumns);
  // Shorter tiles are known to be the last.
  auto storedOf = [](int64_t computed, const WinogradAxis &axis) {
    return computed == kTile ? kTile : axis.rest;
  };
  int64_t columns = storedOf(region.columns, columnAxis) / group.poolColumns;
  for (int64_t i = 0; i < storedOf(region.rows, rowAxis) / group.poolRows; ++i) {
    Value r = kernel.add(row, i);
    Values line = takeLargest(kernel, group, sumsOfLine(results, i, region.columns),
                              /*vectors=*/1);
    auto storeRow = [&] {
      Value at = kernel.add(resultAt(kernel, group, image, r, column), channel);
      shifts = shiftsAt(kernel, group, image, r);
      storeLine(kernel, line, loaded, at, column, mixed || group.columns % kTile == 0,
                columns, valid);
    };
    i == 0 || mixed || group.rows % kTile == 0
        ? storeRow()
        : kernel.ifBelow(r, group.resultRows(), storeRow);
  }
}

void WinogradKernel::emit(KernelBuilder &kernel, ValueRange buffers, Share share) {
  SmallVector<Scratch> scratch = getScratch();
  memory = KernelBuffers(group, buffers, scratch.size());
  auto ofSlice = [&](size_t i) { return kernel.scale(share.slice, scratch[i].elements); };
  v = memory.scratch[0];
  vAt = ofSlice(0);
  m = memory.scratch[1];
  mAt = ofSlice(1);
  if (transforms()) {
    u = memory.scratch[2];
    uAt = ofSlice(2);
  }
  int64_t tail = group.channels - (vectors - 1) * step.lanes;
  auto emitVectors = [&](Value image, Value block, Value first, int64_t count,
                         int64_t lastLanes) {
    multiply(kernel, first, count);
    for (const Region &region : regions)
      kernel.loop(region.count, [&](Value index) {
        transformOutput(kernel, region, image, tileOf(kernel, region, block, index),
                        kernel.add(index, region.first), first, count, lastLanes);
      });
  };
  Value firstUnit = sharesChannels ? kernel.index(0) : share.begin;
  Value endUnit = sharesChannels ? kernel.index(group.batch * blocks) : share.end;
  kernel.loop(firstUnit, endUnit, [&](Value unit) {
    Value image = kernel.divide(unit, blocks), block = kernel.remainder(unit, blocks);
    for (const Region &region : regions)
      kernel.loop(region.count, [&](Value index) {
        transformInput(kernel, region, image, tileOf(kernel, region, block, index),
                       kernel.add(index, region.first));
      });
    int64_t number = 0; // of the first channel block of `tiles`
    for (const Tiles &tiles : splitEvenly(vectors, vectorsOfBlock)) {
      bool isLast = tiles.begin + tiles.count * tiles.size == vectors;
      int64_t full = tiles.count - (isLast && tail < step.lanes ? 1 : 0);
      auto emitBlocks = [&](int64_t first, int64_t end, int64_t lastLanes) {
        auto body = [&](Value i) {
          emitVectors(image, block, kernel.add(kernel.scale(i, tiles.size), tiles.begin),
                      tiles.size, lastLanes);
        };
        if (!sharesChannels || first == end)
          return kernel.loop(end - first, [&](Value i) { body(kernel.add(i, first)); });
        Value offset = kernel.index(-number);
        kernel.loop(kernel.most(kernel.add(share.begin, offset), kernel.index(first)),
                    kernel.least(kernel.add(share.end, offset), kernel.index(end)), body);
      };
      emitBlocks(0, full, step.lanes);
      emitBlocks(full, tiles.count, tail);
      number += tiles.count;
    }
  });
}

std::unique_ptr<Kernel> qbias::makeWinogradKernel(const Group &group, DotStep step) {
  return std::make_unique<WinogradKernel>(group, step);
}
