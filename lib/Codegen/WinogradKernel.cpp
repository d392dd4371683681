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
// proves it. The transformed operands fit 16 bits: |B^T d B| <= 10^2 * 128 and
// |G g G^T| <= 12^2 * 128. Integer scaling is due to Meng and Brothers, "Efficient
// Winograd Convolution via Integer Arithmetic", 2019.
//
//   for block of tiles:
//     v[position][tile][channel] = B^T d B
//     for channel block; for position; for P tiles: m[tile][..][position] = v u
//     for tile; for channel vector: y = epilogue((A m A^T) * 9^-1 >> 6)
//
// Tiles past the last one repeat it; rows and columns past the input repeat the
// last, and meet results that are not stored.
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

static constexpr int64_t kTile = 4, kWindow = 6, kPositions = kWindow * kWindow;
static constexpr int64_t kTaps = 3;
static constexpr int64_t kPowerOfTwo = 6;             // of L
static constexpr int64_t kInverseOfNine = 0x38E38E39; // 9 * it = 1 (mod 2^32)
/// |y| has to stay below 2^31 / 2^kPowerOfTwo.
static constexpr int64_t kSumLimit = int64_t(1) << (31 - kPowerOfTwo);
static constexpr int64_t kLargestInput = 128;
static constexpr int64_t kFilter[kWindow][kTaps] = {{6, 0, 0}, {-4, -4, -4}, {-4, 4, -4},
                                                    {1, 2, 4}, {1, -2, 4},   {0, 0, 12}};

std::string qbias::checkWinograd(const Group &group) {
  if (group.isDepthwise || group.kernelRows != kTaps || group.kernelColumns != kTaps)
    return "is not a dense 3x3 convolution";
  if (group.rowStride != 1 || group.columnStride != 1 || group.rowDilation != 1 ||
      group.columnDilation != 1)
    return "has strides or dilations";
  SmallVector<int64_t> sums(group.channels, 0);
  for (auto [at, w] : llvm::enumerate(group.weights))
    sums[at % group.channels] += std::abs(w);
  int64_t largest = kLargestInput * *llvm::max_element(sums);
  if (largest >= kSumLimit)
    return llvm::formatv("a sum can reach {0}, expected less than 2^25", largest);
  return "";
}

/// Products of 16-bit pairs, transforms of a tile per vector of channels, and
/// transformed weights that no cache holds. Measured on one Zen 4 core.
double qbias::estimateWinograd(const Group &group, DotStep step) {
  constexpr double kInputTransform = 300, kOutputTransform = 210, kMultiplyLoss = 1.1;
  constexpr double kCacheBytes = 1 << 20, kBytesPerCycle = 14;
  double tiles = double(group.batch) * llvm::divideCeil(group.rows, kTile) *
                 llvm::divideCeil(group.columns, kTile);
  double inputs = llvm::alignTo(group.inputChannels, 2 * step.lanes);
  double outputs = llvm::alignTo(group.channels, step.lanes);
  double products = kPositions * tiles * inputs * outputs / (2 * step.lanes);
  double bytes = 2 * kPositions * inputs * outputs;
  // Every slice reads all weights, and all share one way to memory.
  double streams = bytes > kCacheBytes ? bytes * step.slices / kBytesPerCycle : 0;
  return products * kMultiplyLoss + tiles * inputs / (2 * step.lanes) * kInputTransform +
         tiles * outputs / step.lanes * kOutputTransform + streams;
}

namespace {

class WinogradKernel : public Kernel {
public:
  WinogradKernel(const Group &group, DotStep step);

  std::string getKey() const override;
  SmallVector<ElementsAttr> packConstants(StringRef name) override;
  unsigned inputBits() const override { return 8; }
  SmallVector<Scratch> getScratch() const override;
  int64_t getUnits() const override { return group.batch * blocks; }
  void emit(KernelBuilder &kernel, ValueRange buffers, Share share) override;

private:
  using Values = KernelBuilder::Values;

  int64_t tilesOfBlock() const { return pixels * subBlocks; }
  int64_t inputLanes() const { return 2 * step.lanes; }
  int64_t sumStride() const { return kPositions * step.lanes; }
  Value tileOf(KernelBuilder &kernel, Value block, Value tile);
  void transformInput(KernelBuilder &kernel, Value image, Value tile, Value slot);
  void multiply(KernelBuilder &kernel, Value firstVector, int64_t vectors);
  void transformOutput(KernelBuilder &kernel, Value image, Value tile, Value slot,
                       Value firstVector, int64_t vectors, int64_t lastLanes);
  void storeTile(KernelBuilder &kernel, ArrayRef<Value> results, Value image, Value tile,
                 Value vector, int64_t valid);

  const Group &group;
  DotStep step;
  int64_t tileRows, tileColumns, pixels, subBlocks, blocks;
  int64_t vectors, vectorsOfBlock, inputs; ///< inputs: channels, padded
  Value x, weight, bias, v, m, y, vAt, mAt;
  ValueRange arrays, elements;
};

} // namespace

/// Tiles that are multiplied at once and their number in a block: as little
/// waste as possible, transformed inputs of a block in the second-level cache.
WinogradKernel::WinogradKernel(const Group &group, DotStep step)
    : group(group), step(step) {
  constexpr int64_t kTilesOfBlock = 26, kLeastPixels = 4, kMostPixels = 13;
  tileRows = llvm::divideCeil(group.rows, kTile);
  tileColumns = llvm::divideCeil(group.columns, kTile);
  int64_t tiles = tileRows * tileColumns;
  vectors = llvm::divideCeil(group.channels, step.lanes);
  vectorsOfBlock = std::min<int64_t>(2, vectors);
  inputs = llvm::alignTo(group.inputChannels, inputLanes());
  int64_t most = std::min(kMostPixels, (step.registers - 4) / vectorsOfBlock);
  int64_t best = INT64_MAX;
  for (int64_t p = most; p >= std::min(kLeastPixels, most); --p) {
    int64_t s = std::max<int64_t>(
        1, std::min(kTilesOfBlock / p, int64_t(llvm::divideCeil(tiles, p))));
    int64_t computed = llvm::alignTo(tiles, p * s * step.slices);
    if (computed >= best)
      continue;
    best = computed;
    pixels = p;
    subBlocks = s;
  }
  blocks = llvm::divideCeil(tiles, tilesOfBlock());
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
  return {{kPositions * tilesOfBlock() * inputs, 16},
          {tilesOfBlock() * vectorsOfBlock * sumStride(), 32}};
}

/// [channel block][position][pair of inputs][vector][lane][2]
SmallVector<ElementsAttr> WinogradKernel::packConstants(StringRef name) {
  int64_t channels = group.channels, inputChannels = group.inputChannels;
  int64_t paddedChannels = vectors * step.lanes;
  // [position][input][channel]
  std::vector<int16_t> transformed(kPositions * inputs * paddedChannels, 0);
  auto weightAt = [&](int64_t r, int64_t c, int64_t i, int64_t o) {
    return group.weights[((r * kTaps + c) * inputChannels + i) * channels + o];
  };
  for (int64_t i = 0; i < inputChannels; ++i)
    for (int64_t o = 0; o < channels; ++o) {
      int64_t half[kWindow][kTaps] = {};
      for (int64_t a = 0; a < kWindow; ++a)
        for (int64_t c = 0; c < kTaps; ++c)
          for (int64_t r = 0; r < kTaps; ++r)
            half[a][c] += kFilter[a][r] * weightAt(r, c, i, o);
      for (int64_t a = 0; a < kWindow; ++a)
        for (int64_t b = 0; b < kWindow; ++b) {
          int64_t sum = 0;
          for (int64_t c = 0; c < kTaps; ++c)
            sum += half[a][c] * kFilter[b][c];
          transformed[((a * kWindow + b) * inputs + i) * paddedChannels + o] = sum;
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
// Transforms
//===----------------------------------------------------------------------===//

namespace {

/// Wrapping arithmetic on vectors.
struct Lanes {
  KernelBuilder &kernel;

  Value add(Value a, Value b) { return kernel.add(a, b); }
  Value sub(Value a, Value b) {
    return arith::SubIOp::create(kernel.builder, kernel.loc, a, b);
  }
  Value shift(Value a, int64_t places) {
    Value by = kernel.splat(cast<VectorType>(a.getType()), places);
    return arith::ShLIOp::create(kernel.builder, kernel.loc, a, by);
  }
};

} // namespace

/// B^T d in one dimension.
static KernelBuilder::Values transformWindow(Lanes l, ArrayRef<Value> d) {
  Value a = l.sub(d[4], d[2]), b = l.sub(d[3], d[1]), twice = l.add(b, b);
  return {l.add(l.shift(l.sub(d[0], d[2]), 2), a),
          l.sub(l.add(d[3], d[4]), l.shift(l.add(d[1], d[2]), 2)),
          l.add(l.sub(d[4], d[3]), l.shift(l.sub(d[1], d[2]), 2)),
          l.add(a, twice),
          l.sub(a, twice),
          l.sub(l.sub(d[5], d[3]), l.shift(b, 2))};
}

/// A m in one dimension.
static KernelBuilder::Values transformSums(Lanes l, ArrayRef<Value> m) {
  Value p = l.add(m[1], m[2]), r = l.sub(m[1], m[2]);
  Value q = l.add(m[3], m[4]), s = l.sub(m[3], m[4]), twice = l.add(s, s);
  return {l.add(l.add(m[0], p), q), l.add(r, twice), l.add(p, l.shift(q, 2)),
          l.add(l.add(r, l.shift(twice, 2)), l.add(m[5], m[5]))};
}

/// The lesser of an index and a constant.
static Value atMost(KernelBuilder &kernel, Value index, int64_t limit) {
  return kernel.least(index, kernel.index(limit));
}

/// Tile number of a block's slot; slots past the end repeat the last tile.
Value WinogradKernel::tileOf(KernelBuilder &kernel, Value block, Value slot) {
  Value tile = kernel.add(kernel.scale(block, tilesOfBlock()), slot);
  return atMost(kernel, tile, tileRows * tileColumns - 1);
}

void WinogradKernel::transformInput(KernelBuilder &kernel, Value image, Value tile,
                                    Value slot) {
  Value row = kernel.scale(kernel.divide(tile, tileColumns), kTile);
  Value column = kernel.scale(kernel.remainder(tile, tileColumns), kTile);
  int64_t channels = group.inputChannels;
  Values rows, columns;
  for (int64_t i = 0; i < kWindow; ++i) {
    Value r = atMost(kernel, kernel.add(row, i), group.inputRows - 1);
    Value c = atMost(kernel, kernel.add(column, i), group.inputColumns - 1);
    r = kernel.add(r, kernel.scale(image, group.inputRows));
    rows.push_back(kernel.scale(r, group.inputColumns * channels));
    columns.push_back(kernel.scale(c, channels));
  }
  auto transform = [&](Value channel, int64_t valid) {
    Lanes lanes{kernel};
    Values window;
    for (int64_t c = 0; c < kWindow; ++c) {
      Values inputs;
      for (int64_t r = 0; r < kWindow; ++r) {
        Value at = kernel.add(kernel.add(rows[r], columns[c]), channel);
        inputs.push_back(kernel.widen(kernel.loadFirst(x, at, inputLanes(), valid), 16));
      }
      window.append(transformWindow(lanes, inputs));
    }
    for (int64_t r = 0; r < kWindow; ++r) {
      Values line;
      for (int64_t c = 0; c < kWindow; ++c)
        line.push_back(window[c * kWindow + r]);
      for (auto [c, value] : llvm::enumerate(transformWindow(lanes, line))) {
        Value at = kernel.add(kernel.scale(slot, inputs), channel);
        at = kernel.add(at, (r * kWindow + c) * tilesOfBlock() * inputs);
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

/// Products of all positions and tiles of the block with a channel block.
void WinogradKernel::multiply(KernelBuilder &kernel, Value firstVector, int64_t vectors) {
  int64_t width = 2 * step.lanes, pairs = inputs / 2;
  Value block = kernel.scale(firstVector, kPositions * inputs * step.lanes);
  kernel.loop(kPositions, [&](Value position) {
    Value weightAt = kernel.add(block, kernel.scale(position, pairs * vectors * width));
    Value next = atMost(kernel, kernel.add(position, 1), kPositions - 1);
    Value nextWeights = kernel.add(block, kernel.scale(next, pairs * vectors * width));
    kernel.loop(subBlocks, [&](Value sub) {
      Value firstTile = kernel.scale(sub, pixels);
      Value at = kernel.add(kernel.scale(position, tilesOfBlock()), firstTile);
      Value input = kernel.scale(at, inputs);
      Values sums(pixels * vectors, kernel.splat(kernel.vectorOf(step.lanes, 32), 0));
      sums = kernel.reduce(pairs, sums, [&](Value pair, ValueRange carried) {
        Values weights, next;
        Value pairWeights = kernel.add(weightAt, kernel.scale(pair, vectors * width));
        for (int64_t i = 0; i < vectors; ++i)
          weights.push_back(
              kernel.load(weight, kernel.add(pairWeights, i * width), width));
        // The sub-blocks of a position together ask for the weights of the next.
        int64_t lines = llvm::divideCeil(vectors, subBlocks);
        for (int64_t i = 0; i < lines; ++i) {
          Value line = kernel.add(kernel.scale(sub, lines), i);
          Value ahead = kernel.add(kernel.add(nextWeights, kernel.scale(line, width)),
                                   kernel.scale(pair, vectors * width));
          kernel.prefetch(weight, ahead);
        }
        for (int64_t p = 0; p < pixels; ++p) {
          Value from = kernel.add(kernel.add(input, kernel.scale(pair, 2)), p * inputs);
          from = kernel.add(vAt, from);
          Value both = kernel.broadcastWord(v, from, step.lanes);
          for (int64_t i = 0; i < vectors; ++i)
            next.push_back(step.emit(kernel, carried[p * vectors + i], both, weights[i]));
        }
        return next;
      });
      for (int64_t p = 0; p < pixels; ++p)
        for (int64_t i = 0; i < vectors; ++i) {
          Value to = kernel.scale(kernel.add(firstTile, p), vectors * sumStride());
          to = kernel.add(to, kernel.scale(position, step.lanes));
          to = kernel.add(mAt, to);
          kernel.store(sums[p * vectors + i], m, kernel.add(to, i * sumStride()),
                       step.lanes);
        }
    });
  });
}

void WinogradKernel::transformOutput(KernelBuilder &kernel, Value image, Value tile,
                                     Value slot, Value firstVector, int64_t vectors,
                                     int64_t lastLanes) {
  Lanes lanes{kernel};
  VectorType type = kernel.vectorOf(step.lanes, 32);
  Value inverse = kernel.splat(type, kInverseOfNine);
  Value places = kernel.splat(type, kPowerOfTwo);
  for (int64_t i = 0; i < vectors; ++i) {
    Value from = kernel.add(kernel.scale(slot, vectors * sumStride()), i * sumStride());
    from = kernel.add(mAt, from);
    Values columns, results(kTile * kTile);
    for (int64_t c = 0; c < kWindow; ++c) {
      Values sums;
      for (int64_t r = 0; r < kWindow; ++r)
        sums.push_back(
            kernel.load(m, kernel.add(from, (r * kWindow + c) * step.lanes), step.lanes));
      columns.append(transformSums(lanes, sums));
    }
    Value vector = kernel.add(firstVector, i);
    Value start = kernel.load(bias, kernel.scale(vector, step.lanes), step.lanes);
    for (int64_t r = 0; r < kTile; ++r) {
      Values line;
      for (int64_t c = 0; c < kWindow; ++c)
        line.push_back(columns[c * kTile + r]);
      for (auto [c, value] : llvm::enumerate(transformSums(lanes, line))) {
        value = arith::MulIOp::create(kernel.builder, kernel.loc, value, inverse);
        value = arith::ShRSIOp::create(kernel.builder, kernel.loc, value, places);
        results[r * kTile + c] = kernel.add(value, start);
      }
    }
    storeTile(kernel, results, image, tile, vector,
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

void WinogradKernel::storeTile(KernelBuilder &kernel, ArrayRef<Value> results,
                               Value image, Value tile, Value vector, int64_t valid) {
  Value channel = kernel.scale(vector, step.lanes);
  Values loaded = group.epilogue->loadArrays(kernel, arrays, channel, step.lanes);
  Value row = kernel.scale(kernel.divide(tile, tileColumns), kTile);
  Value column = kernel.scale(kernel.remainder(tile, tileColumns), kTile);
  bool packs = step.hasPacks && group.epilogue->canPack();
  auto storeOne = [&](Value result, Value packed, int64_t j, Value r, Value c) {
    Value at = kernel.add(resultAt(kernel, group, image, r, c), channel);
    if (packed)
      return kernel.store(packed, y, at, valid, j * step.lanes);
    Values others;
    for (Value element : elements)
      others.push_back(kernel.loadFirst(element, at, step.lanes, valid));
    kernel.store(group.epilogue->emit(kernel, result, loaded, others), y, at, valid);
  };
  static_assert(kTile == VectorEpilogue::kPacked);
  for (int64_t i = 0; i < kTile; ++i) {
    Value r = kernel.add(row, i);
    guarded(kernel, r, group.rows, i == 0 || group.rows % kTile == 0, [&] {
      ArrayRef<Value> line = results.slice(i * kTile, kTile);
      SmallVector<Values> constants(kTile, loaded);
      Value packed =
          packs ? group.epilogue->emitPacked(kernel, line, constants) : Value();
      for (int64_t j = 0; j < kTile; ++j) {
        Value c = kernel.add(column, j);
        guarded(kernel, c, group.columns, j == 0 || group.columns % kTile == 0,
                [&] { storeOne(line[j], packed, j, r, c); });
      }
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
    kernel.loop(tilesOfBlock(), [&](Value slot) {
      transformOutput(kernel, image, tileOf(kernel, block, slot), slot, first, count,
                      lastLanes);
    });
  };
  kernel.loop(share.begin, share.end, [&](Value unit) {
    Value image = kernel.divide(unit, blocks), block = kernel.remainder(unit, blocks);
    kernel.loop(tilesOfBlock(), [&](Value slot) {
      transformInput(kernel, image, tileOf(kernel, block, slot), slot);
    });
    for (const Tiles &tiles : splitEvenly(vectors, vectorsOfBlock)) {
      bool isLast = tiles.begin + tiles.count * tiles.size == vectors;
      bool peels = isLast && tail < step.lanes;
      auto firstOf = [&](Value i) {
        return kernel.add(kernel.scale(i, tiles.size), tiles.begin);
      };
      if (int64_t count = tiles.count - (peels ? 1 : 0))
        kernel.loop(count, [&](Value i) {
          emitVectors(image, block, firstOf(i), tiles.size, step.lanes);
        });
      if (peels)
        emitVectors(image, block, firstOf(kernel.index(tiles.count - 1)), tiles.size,
                    tail);
    }
  });
}

std::unique_ptr<Kernel> qbias::makeWinogradKernel(const Group &group, DotStep step) {
  return std::make_unique<WinogradKernel>(group, step);
}
