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
// Tiles past the last one repeat it; rows and columns past the input repeat the
// last, and meet results that are not stored. Where a block holds a whole image, the
// last tile of a row or column is a shorter one of 3 or 2, which has products at some
// of the 6 points only.
//
//===----------------------------------------------------------------------===//

#include "WinogradLayout.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::winograd;

static constexpr int64_t kPowerOfTwo = 6;             // of L
static constexpr int64_t kInverseOfNine = 0x38E38E39; // 9 * it = 1 (mod 2^32)
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
  for (auto [at, w] : llvm::enumerate(group.weights))
    sums[at % group.channels] += std::abs(w);
  int64_t largest = kLargestInput * *llvm::max_element(sums);
  if (largest >= kSumLimit)
    return llvm::formatv("a sum can reach {0}, expected less than 2^25", largest);
  return "";
}

namespace {

class WinogradKernel : public Kernel, private WinogradLayout {
public:
  WinogradKernel(const Group &group, DotStep step);

  std::string getKey() const override;
  SmallVector<ElementsAttr> packConstants(StringRef name) override;
  unsigned inputBits() const override { return 8; }
  SmallVector<Scratch> getScratch() const override;
  int64_t getUnits() const override {
    return sharesChannels ? llvm::divideCeil(vectors, vectorsOfBlock)
                          : group.batch * blocks;
  }
  void emit(KernelBuilder &kernel, ValueRange buffers, Share share) override;

private:
  using Values = KernelBuilder::Values;

  int64_t inputLanes() const { return 2 * step.lanes; }
  int64_t sumStride() const { return kPositions * step.lanes; }
  std::pair<Value, Value> tileOf(KernelBuilder &kernel, const Region &region, Value block,
                                 Value index);
  void transformInput(KernelBuilder &kernel, const Region &region, Value image,
                      std::pair<Value, Value> tile, Value slot);
  Values multiplyTile(KernelBuilder &kernel, Value input, Value weightAt, Value next,
                      Value sub, int64_t subs, int64_t vectors, int64_t pixels);
  void multiply(KernelBuilder &kernel, Value firstVector, int64_t vectors);
  void transformOutput(KernelBuilder &kernel, const Region &region, Value image,
                       std::pair<Value, Value> tile, Value slot, Value firstVector,
                       int64_t vectors, int64_t lastLanes);
  void storeTile(KernelBuilder &kernel, const Region &region, ArrayRef<Value> results,
                 Value image, std::pair<Value, Value> tile, Value vector, int64_t valid);
  void storeLine(KernelBuilder &kernel, ArrayRef<Value> line, const Values &loaded,
                 Value at, Value column, bool isCertain, int64_t stored, int64_t valid);

  const Group &group;
  DotStep step;
  int64_t vectors, inputs; ///< inputs: channels, padded
  Value x, weight, bias, v, m, y, vAt, mAt;
  ValueRange arrays, elements;
};

} // namespace

WinogradKernel::WinogradKernel(const Group &group, DotStep step)
    : WinogradLayout(group, step), group(group), step(step) {
  vectors = llvm::divideCeil(group.channels, step.lanes);
  inputs = llvm::alignTo(group.inputChannels, inputLanes());
}

std::string WinogradKernel::getKey() const {
  std::string key = llvm::formatv("winograd{0},{1};{2},{3},{4},{5};{6},{7},{8};",
                                  step.lanes, step.registers, group.batch, group.rows,
                                  group.columns, group.channels, group.inputRows,
                                  group.inputColumns, group.inputChannels);
  llvm::raw_string_ostream(key)
      << group.epilogue->getResultElement() << ";" << group.epilogue->getKey();
  return key;
}

SmallVector<Kernel::Scratch> WinogradKernel::getScratch() const {
  return {{kPositions * tilesOfBlock * inputs, 16},
          {tilesOfBlock * vectorsOfBlock * sumStride(), 32}};
}

/// [channel block][position][pair of inputs][vector][lane][2]
SmallVector<ElementsAttr> WinogradKernel::packConstants(StringRef name) {
  int64_t channels = group.channels, inputChannels = group.inputChannels;
  int64_t paddedChannels = vectors * step.lanes;
  // [place][input][channel]
  std::vector<int16_t> transformed(kPositions * inputs * paddedChannels, 0);
  auto weightAt = [&](int64_t r, int64_t c, int64_t i, int64_t o) {
    return group.weights[((r * kTaps + c) * inputChannels + i) * channels + o];
  };
  for (int64_t i = 0; i < inputChannels; ++i)
    for (int64_t o = 0; o < channels; ++o) {
      int64_t half[kPoints][kTaps] = {};
      for (int64_t a = 0; a < kPoints; ++a)
        for (int64_t c = 0; c < kTaps; ++c)
          for (int64_t r = 0; r < kTaps; ++r)
            half[a][c] += kFilter[a][r] * weightAt(r, c, i, o);
      for (int64_t a = 0; a < kPoints; ++a)
        for (int64_t b = 0; b < kPoints; ++b) {
          int64_t sum = 0;
          for (int64_t c = 0; c < kTaps; ++c)
            sum += half[a][c] * kFilter[b][c];
          transformed[(placeOf(a, b) * inputs + i) * paddedChannels + o] = sum;
        }
    }
  SmallVector<int64_t> packed;
  packed.reserve(transformed.size());
  int64_t first = 0;
  for (const Tiles &tiles : splitEvenly(vectors, vectorsOfBlock))
    for (int64_t block = 0; block < tiles.count; ++block, first += tiles.size)
      for (int64_t position = 0; position < kPositions; ++position)
        for (int64_t i = 0; i < inputs; i += 2)
          for (int64_t lane = 0; lane < tiles.size * step.lanes; ++lane)
            for (int64_t g = 0; g < 2; ++g)
              packed.push_back(transformed[(position * inputs + i + g) * paddedChannels +
                                           first * step.lanes + lane]);
  return makeConstants(group, step, packed, name);
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
        inputs.push_back(kernel.widen(kernel.loadFirst(x, at, inputLanes(), valid), 16));
      }
      window.push_back(transformWindow(kernel, inputs));
    }
    for (auto [r, rowPoint] : llvm::enumerate(getPoints(region.rows))) {
      Values line;
      for (const Values &values : window)
        line.push_back(values[r]);
      for (auto [value, columnPoint] :
           llvm::zip(transformWindow(kernel, line), getPoints(region.columns))) {
        Value at = kernel.add(kernel.scale(slot, inputs), channel);
        at = kernel.add(at, placeOf(rowPoint, columnPoint) * tilesOfBlock * inputs);
        kernel.store(value, v, kernel.add(vAt, at), inputLanes());
      }
    }
  };
  int64_t full = channels / inputLanes();
  if (full)
    kernel.loop(full,
                [&](Value i) { transform(kernel.scale(i, inputLanes()), inputLanes()); });
  if (int64_t rest = channels % inputLanes())
    transform(kernel.index(full * inputLanes()), rest);
}

/// Products of some tiles at one position with a channel block. The `subs` groups of
/// tiles of a position together ask for the weights of the next, at `next`.
KernelBuilder::Values WinogradKernel::multiplyTile(KernelBuilder &kernel, Value input,
                                                   Value weightAt, Value next, Value sub,
                                                   int64_t subs, int64_t vectors,
                                                   int64_t pixels) {
  int64_t width = 2 * step.lanes, lines = llvm::divideCeil(vectors, subs);
  Values sums(pixels * vectors, kernel.splat(kernel.vectorOf(step.lanes, 32), 0));
  return kernel.reduce(inputs / 2, sums, [&](Value pair, ValueRange carried) {
    Values weights, result;
    Value pairWeights = kernel.add(weightAt, kernel.scale(pair, vectors * width));
    for (int64_t i = 0; i < vectors; ++i)
      weights.push_back(kernel.load(weight, kernel.add(pairWeights, i * width), width));
    for (int64_t i = 0; i < lines; ++i) {
      Value line = kernel.add(kernel.scale(sub, lines), i);
      Value ahead = kernel.add(kernel.add(next, kernel.scale(line, width)),
                               kernel.scale(pair, vectors * width));
      kernel.prefetch(weight, ahead);
    }
    for (int64_t p = 0; p < pixels; ++p) {
      Value from = kernel.add(kernel.add(input, kernel.scale(pair, 2)), p * inputs);
      Value both = kernel.broadcastWord(v, kernel.add(vAt, from), step.lanes);
      for (int64_t i = 0; i < vectors; ++i)
        result.push_back(step.emit(kernel, carried[p * vectors + i], both, weights[i]));
    }
    return result;
  });
}

/// Products of all positions and tiles of the block with a channel block.
void WinogradKernel::multiply(KernelBuilder &kernel, Value firstVector, int64_t vectors) {
  int64_t positionSize = inputs * vectors * step.lanes;
  Value block = kernel.scale(firstVector, kPositions * inputs * step.lanes);
  auto multiplyAt = [&](Value position, const Stretch &stretch) {
    Value weightAt = kernel.add(block, kernel.scale(position, positionSize));
    Value next = atMost(kernel, kernel.add(position, 1), kPositions - 1);
    Value nextWeights = kernel.add(block, kernel.scale(next, positionSize));
    int64_t subs = 0, before = 0;
    for (const Tiles &tiles : stretch.tiles)
      subs += tiles.count;
    for (const Tiles &tiles : stretch.tiles) {
      kernel.loop(tiles.count, [&](Value sub) {
        Value firstTile = kernel.add(kernel.scale(sub, tiles.size), tiles.begin);
        Value at = kernel.add(kernel.scale(position, tilesOfBlock), firstTile);
        Values sums =
            multiplyTile(kernel, kernel.scale(at, inputs), weightAt, nextWeights,
                         kernel.add(sub, before), subs, vectors, tiles.size);
        for (int64_t p = 0; p < tiles.size; ++p)
          for (int64_t i = 0; i < vectors; ++i) {
            Value to = kernel.scale(kernel.add(firstTile, p), vectors * sumStride());
            to = kernel.add(to, kernel.scale(position, step.lanes));
            to = kernel.add(mAt, to);
            kernel.store(sums[p * vectors + i], m, kernel.add(to, i * sumStride()),
                         step.lanes);
          }
      });
      before += tiles.count;
    }
  };
  for (const Stretch &stretch : stretches)
    kernel.loop(kernel.index(stretch.first), kernel.index(stretch.end),
                [&](Value position) { multiplyAt(position, stretch); });
}

void WinogradKernel::transformOutput(KernelBuilder &kernel, const Region &region,
                                     Value image, std::pair<Value, Value> tile,
                                     Value slot, Value firstVector, int64_t vectors,
                                     int64_t lastLanes) {
  VectorType type = kernel.vectorOf(step.lanes, 32);
  Value inverse = kernel.splat(type, kInverseOfNine);
  Value places = kernel.splat(type, kPowerOfTwo);
  for (int64_t i = 0; i < vectors; ++i) {
    Value from = kernel.add(kernel.scale(slot, vectors * sumStride()), i * sumStride());
    from = kernel.add(mAt, from);
    SmallVector<Values> columns; // by point, then by row of results
    for (int64_t c : getPoints(region.columns)) {
      Values sums;
      for (int64_t r : getPoints(region.rows))
        sums.push_back(
            kernel.load(m, kernel.add(from, placeOf(r, c) * step.lanes), step.lanes));
      columns.push_back(transformSums(kernel, region.rows, sums));
    }
    Value vector = kernel.add(firstVector, i);
    Value start = kernel.load(bias, kernel.scale(vector, step.lanes), step.lanes);
    Values results;
    for (int64_t r = 0; r < region.rows; ++r) {
      Values line;
      for (const Values &values : columns)
        line.push_back(values[r]);
      for (Value value : transformSums(kernel, region.columns, line)) {
        value = arith::MulIOp::create(kernel.builder, kernel.loc, value, inverse);
        value = arith::ShRSIOp::create(kernel.builder, kernel.loc, value, places);
        results.push_back(kernel.add(value, start));
      }
    }
    storeTile(kernel, region, results, image, tile, vector,
              i + 1 == vectors ? lastLanes : step.lanes);
  }
}

/// Runs `body` where `index` is below `limit`; always, when `isCertain`.
static void guarded(KernelBuilder &kernel, Value index, int64_t limit, bool isCertain,
                    function_ref<void()> body) {
  if (isCertain)
    return body();
  Value inside = arith::CmpIOp::create(
      kernel.builder, kernel.loc, arith::CmpIPredicate::ult, index, kernel.index(limit));
  auto op = scf::IfOp::create(kernel.builder, kernel.loc, inside, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(kernel.builder);
  kernel.builder.setInsertionPoint(op.thenBlock()->getTerminator());
  body();
}

/// Stores the first `stored` results of a line of a tile, that at `column` at `at`.
void WinogradKernel::storeLine(KernelBuilder &kernel, ArrayRef<Value> line,
                               const Values &loaded, Value at, Value column,
                               bool isCertain, int64_t stored, int64_t valid) {
  static_assert(kTile <= VectorEpilogue::kPacked);
  // Elements beside results that are not stored: those of the last that is.
  auto loadOthers = [&](int64_t j) {
    Value place = kernel.index(std::min(j, stored - 1));
    if (!isCertain) {
      Value last = kernel.add(kernel.scale(column, -1), group.columns - 1);
      place = kernel.least(place, last);
    }
    Values others;
    for (Value element : elements)
      others.push_back(
          kernel.loadFirst(element, kernel.add(at, kernel.scale(place, group.channels)),
                           step.lanes, valid));
    return others;
  };
  Value packed;
  if (step.hasAvx2 && group.epilogue->canPack()) {
    auto others = llvm::map_to_vector(llvm::seq<int64_t>(0, line.size()), loadOthers);
    packed = group.epilogue->emitPacked(kernel, line,
                                        SmallVector<Values>(line.size(), loaded), others);
  }
  for (int64_t j = 0; j < stored; ++j)
    guarded(kernel, kernel.add(column, j), group.columns, j == 0 || isCertain, [&] {
      Value to = kernel.add(at, j * group.channels);
      if (packed)
        return storeResults(kernel, packed, y, to, valid, j * step.lanes);
      storeResults(kernel, group.epilogue->emit(kernel, line[j], loaded, loadOthers(j)),
                   y, to, valid);
    });
}

void WinogradKernel::storeTile(KernelBuilder &kernel, const Region &region,
                               ArrayRef<Value> results, Value image,
                               std::pair<Value, Value> tile, Value vector,
                               int64_t valid) {
  Value channel = kernel.scale(vector, step.lanes);
  Values loaded = group.epilogue->loadArrays(kernel, arrays, channel, step.lanes);
  Value row = kernel.scale(tile.first, kTile), column = kernel.scale(tile.second, kTile);
  // Shorter tiles are known to be the last.
  auto storedOf = [](int64_t computed, const WinogradAxis &axis) {
    return computed == kTile ? kTile : axis.rest;
  };
  int64_t rows = storedOf(region.rows, rowAxis);
  int64_t columns = storedOf(region.columns, columnAxis);
  for (int64_t i = 0; i < rows; ++i) {
    Value r = kernel.add(row, i);
    guarded(kernel, r, group.rows, i == 0 || mixed || group.rows % kTile == 0, [&] {
      Value at = kernel.add(resultAt(kernel, group, image, r, column), channel);
      storeLine(kernel, results.slice(i * region.columns, region.columns), loaded, at,
                column, mixed || group.columns % kTile == 0, columns, valid);
    });
  }
}

void WinogradKernel::emit(KernelBuilder &kernel, ValueRange buffers, Share share) {
  x = buffers[0];
  weight = buffers[1];
  bias = buffers[2];
  int64_t others = group.epilogue->getElementwise().size();
  size_t arrayCount = buffers.size() - 3 - others - getScratch().size() - 1;
  arrays = buffers.slice(3, arrayCount);
  elements = buffers.slice(3 + arrayCount, others);
  v = buffers[buffers.size() - 3];
  m = buffers[buffers.size() - 2];
  y = buffers.back();
  vAt = kernel.scale(share.slice, getScratch()[0].elements);
  mAt = kernel.scale(share.slice, getScratch()[1].elements);
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
        if (first == end)
          return;
        if (!sharesChannels)
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
