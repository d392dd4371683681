//===- TileKernel.cpp - dense kernels on tile registers ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// AMX (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter
// 18): eight registers of up to 16 rows of 64 bytes. tdpbssd adds to a tile of sums
//
//   sums[pixel][channel] += a[pixel][4k + i] * b[k][4 channel + i],  i < 4, k < depth
//
// products of s8 in 32 bits that wrap. Rows of a are inputs where they lie, one column
// stride apart: nothing is gathered. b is weights in the layout of the dense kernel.
//
//   for channel block of 2 vectors; for two tiles of P pixels:
//     sums = bias, the same in every row
//     for kernel row; for run; for chunk of the run:
//       four tdpbssd on two tiles of inputs and two of weights
//       some of the sums before, in scratch, requantized as vectors
//     sums to scratch
//
// Sums are requantized while the next ones are made, or the units for tiles and for
// vectors would wait for each other.
//
// Tiles of a row are of one size; the last one overlaps the one before where the columns
// are no multiple of it, and computes its results again. Where rows are short, a tile
// holds several, with what is computed at the ends of their inputs between them. A run
// that is no multiple of four inputs is read a little further, into the next run, and the
// last run of a sum from a little before: weights are 0 there.
//
//===----------------------------------------------------------------------===//

#include "TileKernel.h"

#include "qbias/Dialect/QBias/IR/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

/// Rows of a tile, bytes of a row, and what it holds of sums.
static constexpr int64_t kTileRows = 16, kRowBytes = 64, kTileSums = 256;
/// Tiles and channel vectors that are computed together.
static constexpr int64_t kAcross = 2;
/// Which registers hold what: sums 0 to 3, inputs 4 and 5, weights 6 and 7.
static constexpr int64_t kInputs = 4, kWeights = 6;
/// Chunks that are written one behind the other instead of in loops.
static constexpr int64_t kMostStraight = 18;

TileLayout::TileLayout(const Group &group, DotStep step) : DenseLayout(group, step) {
  vectorsOfBlock = std::min(kAcross, vectors);
  tilesOfRow = llvm::divideCeil(columns, kTileRows);
  pixels = llvm::divideCeil(columns, tilesOfRow);
  rowsOfStrip = 1;
  rowDistance = rowStride / columnStride;
  bool isEven = rowStride % columnStride == 0 && rowDistance >= columns;
  while (isEven && rowsOfStrip < rows && pixels + rowDistance <= kTileRows) {
    ++rowsOfStrip;
    pixels += rowDistance;
  }
  depth = groupsOfRun();
  while (depth > kTileRows || groupsOfRun() % depth)
    --depth;
}

std::string TileLayout::check() const {
  if (bundles > 1)
    return "has groups that are computed apart";
  // What is read beside a run has to lie between the first and the last one.
  int64_t apart = runs > 1 ? runStride : group.kernelRows > 1 ? kernelRowStride : 0;
  if (slack() > apart || (slack() && chunksOfSum() > kMostStraight))
    return llvm::formatv("has runs of {0} inputs, no multiple of four", runLength);
  return "";
}

double TileLayout::estimateCycles() const {
  // Of a call; of a vector of sums, which mostly goes through memory meanwhile.
  constexpr double kConfigure = 300, kStore = 0.75;
  double tiles = batch * strips() * tilesOfRow * vectors;
  return kConfigure + tiles * (chunksOfSum() * std::max(pixels, depth) + pixels * kStore);
}

SmallVector<int64_t> TileLayout::packTiles() const {
  SmallVector<int64_t> packed;
  packed.reserve(vectors * groupsOfAll() * width());
  for (int64_t first = 0; first < vectors; first += vectorsOfBlock) {
    int64_t lanes = std::min(vectorsOfBlock, vectors - first) * step.lanes;
    for (int64_t kr = 0; kr < group.kernelRows; ++kr)
      for (int64_t run = 0; run < runs; ++run)
        for (int64_t index = 0; index < groupsOfRun(); ++index)
          for (int64_t lane = 0; lane < lanes; ++lane)
            for (int64_t g = 0; g < step.group(); ++g) {
              int64_t element = index * step.group() + g - startOf(kr, run);
              int64_t channel = first * step.lanes + lane;
              bool isUsed =
                  channel < bundleChannels && element >= 0 && element < runLength;
              packed.push_back(isUsed ? weightAt(kr, run, element, 0, channel) : 0);
            }
  }
  return packed;
}

namespace {

class TileKernel : public Kernel, private TileLayout {
public:
  TileKernel(const Group &group, DotStep step);

  std::string getKey() const override;
  SmallVector<ElementsAttr> packConstants(StringRef name) override;
  unsigned inputBits() const override { return step.inputBits(); }
  int64_t getUnits() const override {
    return sharesStrips ? batch * strips() : blockCount();
  }
  SmallVector<Scratch> getScratch() const override {
    return {{kAcross * kAcross * kTileSums, /*bits=*/32}};
  }
  void emit(KernelBuilder &kernel, ValueRange buffers, Share share) override;

private:
  /// Where a tile of inputs starts, its results, and how far from there each form is.
  struct Place {
    Value input, output;
    Shifts shifts;
  };
  /// Channel vectors of a block, and their constants.
  struct Block {
    Value firstVector;
    int64_t vectors, lastLanes;
    SmallVector<KernelBuilder::Values> loaded;
  };

  /// Results that lie side by side: from a pixel of a tile on, in a row of it.
  struct Piece {
    int64_t tile, pixel, output, count, row;
  };

  SmallVector<int64_t> describeTiles() const;
  SmallVector<Piece> cutTiles() const;
  Place placeOf(KernelBuilder &kernel, Value tile) const;
  void emitBlock(KernelBuilder &kernel, Block block);
  void emitSums(KernelBuilder &kernel, const Block &block, ArrayRef<Place> places,
                function_ref<void(int64_t, int64_t)> meanwhile);
  void emitChunk(KernelBuilder &kernel, const Block &block, ArrayRef<Place> places,
                 Value offset, Value weightGroup);
  int64_t linesAhead() const;
  void askAhead(KernelBuilder &kernel, const Block &block, Value weights);
  void storeSums(KernelBuilder &kernel, const Block &block);
  void finish(KernelBuilder &kernel, const Block &block, ArrayRef<Piece> pieces,
              ArrayRef<Place> places);
  void finishPixels(KernelBuilder &kernel, const Block &block, Value sums, Value output,
                    const Shifts &shifts, int64_t count);

  bool sharesStrips;
  // While emitting.
  Value scratch, scratchAt, firstStrip, endStrip, pair;
  KernelBuffers memory;
};

} // namespace

TileKernel::TileKernel(const Group &group, DotStep step) : TileLayout(group, step) {
  // Slices that share strips read all weights; those that share blocks read all inputs,
  // half of which the other one wrote, at half the speed.
  double byStrips = unevenness(batch * strips()), byBlocks = unevenness(blockCount());
  bool hasMoreInputs = 2 * batch * batchStride >= vectors * groupsOfAll() * width();
  sharesStrips = byStrips < byBlocks || (byStrips == byBlocks && hasMoreInputs);
}

std::string TileKernel::getKey() const {
  std::string key;
  llvm::raw_string_ostream os(key);
  os << "tile";
  for (int64_t part : {batch, rows, columns, group.channels, group.kernelRows, runs,
                       runLength, runStride, kernelRowStride, columnStride, rowStride,
                       batchStride, bundleChannels, step.slices})
    os << "," << part;
  os << ";" << group.epilogue->getResultElement() << ";" << group.epilogue->getKey();
  return key;
}

/// The operand of ldtilecfg (section 18.2): palette, then at byte 16 bytes of a row, at
/// byte 48 rows, of every register.
SmallVector<int64_t> TileKernel::describeTiles() const {
  constexpr int64_t kBytesAt = 16, kRowsAt = 48;
  SmallVector<int64_t> bytes(kRowBytes, 0);
  bytes[0] = 1;
  auto describe = [&](int64_t first, int64_t count, int64_t rows, int64_t rowBytes) {
    for (int64_t tile = first; tile < first + count; ++tile) {
      bytes[kBytesAt + 2 * tile] = rowBytes;
      bytes[kRowsAt + tile] = rows;
    }
  };
  describe(0, kAcross * kAcross, pixels, kRowBytes);
  describe(kInputs, kAcross, pixels, depth * step.group());
  describe(kWeights, kAcross, depth, kRowBytes);
  return bytes;
}

SmallVector<ElementsAttr> TileKernel::packConstants(StringRef name) {
  SmallVector<ElementsAttr> constants =
      makeConstants(group, step, packTiles(), name, channelOrder());
  MLIRContext *context = group.contraction->getContext();
  auto type = RankedTensorType::get({kRowBytes}, IntegerType::get(context, 8));
  constants.push_back(makeIntegers(type, describeTiles(), (name + ".tiles").str()));
  return constants;
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

/// The address of an element.
static Value addressOf(KernelBuilder &kernel, Value buffer, Value at) {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  int64_t bytes = cast<MemRefType>(buffer.getType()).getElementTypeBitWidth() / 8;
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, buffer);
  Value address = arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                             kernel.add(base, kernel.scale(at, bytes)));
  return LLVM::IntToPtrOp::create(
      builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), address);
}

/// An instruction on tile registers; they are immediate operands.
static void emitTiles(KernelBuilder &kernel, StringRef name, ArrayRef<int64_t> tiles,
                      ValueRange others = {}) {
  OpBuilder &builder = kernel.builder;
  KernelBuilder::Values operands;
  for (int64_t tile : tiles)
    operands.push_back(
        LLVM::ConstantOp::create(builder, kernel.loc, builder.getI8Type(), tile));
  operands.append(others.begin(), others.end());
  LLVM::CallIntrinsicOp::create(
      builder, kernel.loc, builder.getStringAttr("llvm.x86." + name.str()), operands);
}

/// Moves a tile between memory, with rows `stride` bytes apart, and a register.
static void moveTile(KernelBuilder &kernel, StringRef name, int64_t tile, Value buffer,
                     Value at, int64_t stride) {
  Value apart = LLVM::ConstantOp::create(kernel.builder, kernel.loc,
                                         kernel.builder.getI64Type(), stride);
  emitTiles(kernel, name, {tile}, {addressOf(kernel, buffer, at), apart});
}

TileKernel::Place TileKernel::placeOf(KernelBuilder &kernel, Value tile) const {
  Value strip = kernel.add(firstStrip, kernel.divide(tile, tilesOfRow));
  Value column = kernel.index(0);
  if (tilesOfRow > 1)
    column = kernel.least(kernel.scale(kernel.remainder(tile, tilesOfRow), pixels),
                          kernel.index(columns - pixels));
  Value image = batch == 1 ? kernel.index(0) : kernel.divide(strip, strips());
  Value inside = batch == 1 ? strip : kernel.remainder(strip, strips());
  Value row =
      kernel.least(kernel.scale(inside, rowsOfStrip), kernel.index(rows - rowsOfStrip));
  Value input =
      kernel.add(kernel.scale(image, batchStride), kernel.scale(row, rowStride));
  Value output = group.isFlat() ? kernel.scale(kernel.add(kernel.scale(image, rows), row),
                                               columns * group.channels)
                                : resultAt(kernel, group, image, row, kernel.index(0));
  return {kernel.add(input, kernel.scale(column, columnStride)),
          kernel.add(output, kernel.scale(column, group.channels)),
          shiftsAt(kernel, group, image, row)};
}

/// The results of two tiles: rows, or halves of one.
SmallVector<TileKernel::Piece> TileKernel::cutTiles() const {
  int64_t between = group.isFlat() ? columns : group.outerColumns();
  SmallVector<Piece> pieces;
  for (int64_t tile = 0; tile < kAcross; ++tile) {
    if (rowsOfStrip == 1) {
      int64_t half = pixels / 2;
      pieces.push_back({tile, 0, 0, half, 0});
      pieces.push_back({tile, half, half, pixels - half, 0});
      continue;
    }
    for (int64_t row = 0; row < rowsOfStrip; ++row)
      pieces.push_back({tile, row * rowDistance, row * between, columns, row});
  }
  return pieces;
}

/// How many lines of a chunk's weights of the next block a pair of tiles asks for, so
/// that all pairs of a slice ask for all of them: none where there is no next block, or
/// few weights.
int64_t TileKernel::linesAhead() const {
  constexpr int64_t kCached = 1 << 16;
  if (blockCount() == 1 || vectors * groupsOfAll() * width() < kCached)
    return 0;
  int64_t pairs = llvm::divideCeil(batch * strips() * tilesOfRow, kAcross);
  if (sharesStrips)
    pairs = std::max<int64_t>(pairs / step.slices, 1);
  return llvm::divideCeil(depth * vectorsOfBlock, pairs);
}

/// Asks for weights as far behind `weights` as the next block.
void TileKernel::askAhead(KernelBuilder &kernel, const Block &block, Value weights) {
  int64_t lines = linesAhead(), end = vectors * groupsOfAll() * width();
  Value ahead = kernel.add(weights, block.vectors * groupsOfAll() * width());
  ahead = kernel.add(ahead, kernel.scale(pair, lines * kRowBytes));
  for (int64_t line = 0; line < lines; ++line)
    kernel.prefetch(memory.weight, kernel.least(kernel.add(ahead, line * kRowBytes),
                                                kernel.index(end - kRowBytes)));
}

/// One chunk of a run: `offset` inputs from the start of each tile, weights from
/// `weightGroup` of the block on.
void TileKernel::emitChunk(KernelBuilder &kernel, const Block &block,
                           ArrayRef<Place> places, Value offset, Value weightGroup) {
  int64_t blockRow = block.vectors * width();
  Value weights = kernel.add(kernel.scale(block.firstVector, groupsOfAll() * width()),
                             kernel.scale(weightGroup, blockRow));
  for (int64_t v = 0; v < block.vectors; ++v)
    moveTile(kernel, "tileloadd64", kWeights + v, memory.weight,
             kernel.add(weights, v * width()), blockRow);
  askAhead(kernel, block, weights);
  for (auto [t, place] : llvm::enumerate(places)) {
    moveTile(kernel, "tileloadd64", kInputs + t, memory.x,
             kernel.add(place.input, offset), columnStride);
    for (int64_t v = 0; v < block.vectors; ++v)
      emitTiles(kernel, "tdpbssd",
                {int64_t(t) * kAcross + v, kInputs + int64_t(t), kWeights + v});
  }
}

/// The sums of two tiles. `meanwhile` is told how many chunks of how many are written.
void TileKernel::emitSums(KernelBuilder &kernel, const Block &block,
                          ArrayRef<Place> places,
                          function_ref<void(int64_t, int64_t)> meanwhile) {
  for (int64_t t = 0; t < kAcross; ++t)
    for (int64_t v = 0; v < block.vectors; ++v) {
      Value channel = kernel.scale(kernel.add(block.firstVector, v), step.lanes);
      moveTile(kernel, "tileloadd64", t * kAcross + v, memory.bias, channel,
               /*stride=*/0);
    }
  int64_t chunks = groupsOfRun() / depth, bytes = depth * step.group();
  auto emitAt = [&](Value kr, Value run, Value chunk, int64_t start) {
    Value offset = kernel.add(
        kernel.add(kernel.scale(kr, kernelRowStride), kernel.scale(run, runStride)),
        kernel.add(kernel.scale(chunk, bytes), -start));
    Value first =
        kernel.add(kernel.scale(kernel.add(kernel.scale(kr, runs), run), groupsOfRun()),
                   kernel.scale(chunk, depth));
    emitChunk(kernel, block, places, offset, first);
  };
  if (chunksOfSum() > kMostStraight) {
    kernel.loop(group.kernelRows, [&](Value kr) {
      kernel.loop(runs, [&](Value run) {
        kernel.loop(chunks, [&](Value chunk) { emitAt(kr, run, chunk, 0); });
      });
    });
    return meanwhile(1, 1);
  }
  int64_t written = 0;
  for (int64_t kr = 0; kr < group.kernelRows; ++kr)
    for (int64_t run = 0; run < runs; ++run)
      for (int64_t chunk = 0; chunk < chunks; ++chunk) {
        emitAt(kernel.index(kr), kernel.index(run), kernel.index(chunk),
               startOf(kr, run));
        meanwhile(++written, chunksOfSum());
      }
}

/// The sums of a tile lie together in scratch, pixel by pixel.
void TileKernel::storeSums(KernelBuilder &kernel, const Block &block) {
  int64_t pixelBytes = block.vectors * step.lanes * sizeof(int32_t);
  for (int64_t t = 0; t < kAcross; ++t)
    for (int64_t v = 0; v < block.vectors; ++v)
      moveTile(kernel, "tilestored64", t * kAcross + v, scratch,
               kernel.add(scratchAt, t * kAcross * kTileSums + v * step.lanes),
               pixelBytes);
}

/// Requantizes `count` pixels.
void TileKernel::finishPixels(KernelBuilder &kernel, const Block &block, Value sums,
                              Value output, const Shifts &shifts, int64_t count) {
  ResultStore store(kernel, group, step, memory);
  store.setShifts(shifts);
  for (int64_t p = 0; p < count; ++p)
    for (int64_t v = 0; v < block.vectors; ++v) {
      Value at = kernel.add(sums, (p * block.vectors + v) * step.lanes);
      int64_t valid = v + 1 == block.vectors ? block.lastLanes : step.lanes;
      store.add(kernel.load(scratch, at, step.lanes), block.loaded[v],
                kernel.add(output, p * group.channels + v * step.lanes), valid,
                /*follows=*/v > 0);
    }
  store.flush();
}

/// Requantizes some of the sums in scratch, those of tiles at `places`.
void TileKernel::finish(KernelBuilder &kernel, const Block &block, ArrayRef<Piece> pieces,
                        ArrayRef<Place> places) {
  int64_t packed = VectorEpilogue::kPacked / block.vectors;
  int64_t sumsOfPixel = block.vectors * step.lanes;
  Value channel = kernel.scale(block.firstVector, step.lanes);
  for (const Piece &piece : pieces) {
    Value sums = kernel.add(scratchAt,
                            piece.tile * kAcross * kTileSums + piece.pixel * sumsOfPixel);
    const Place &place = places[piece.tile];
    Value output =
        kernel.add(kernel.add(place.output, channel), piece.output * group.channels);
    Shifts shifts = shiftsBelow(kernel, group, place.shifts, piece.row);
    auto finishFrom = [&](Value pixel, int64_t count) {
      finishPixels(kernel, block, kernel.add(sums, kernel.scale(pixel, sumsOfPixel)),
                   kernel.add(output, kernel.scale(pixel, group.channels)), shifts,
                   count);
    };
    int64_t rest = piece.count % packed;
    kernel.loop(piece.count / packed,
                [&](Value i) { finishFrom(kernel.scale(i, packed), packed); });
    if (rest)
      finishFrom(kernel.index(piece.count - rest), rest);
  }
}

/// All tiles of a block, two at a time. The last one of an odd number is its own partner.
void TileKernel::emitBlock(KernelBuilder &kernel, Block block) {
  for (int64_t v = 0; v < block.vectors; ++v) {
    Value channel = kernel.scale(kernel.add(block.firstVector, v), step.lanes);
    block.loaded.push_back(
        group.epilogue->loadArrays(kernel, memory.arrays, channel, step.lanes));
  }
  SmallVector<Piece> pieces = cutTiles();
  Value zero = kernel.index(0);
  Value count = kernel.add(endStrip, kernel.scale(firstStrip, -1));
  Value tiles = kernel.scale(count, tilesOfRow);
  Value pairs = kernel.divide(kernel.add(tiles, kAcross - 1), kAcross);
  auto placesOf = [&](Value number) {
    SmallVector<Place> places;
    for (int64_t t = 0; t < kAcross; ++t)
      places.push_back(
          placeOf(kernel, kernel.least(kernel.add(kernel.scale(number, kAcross), t),
                                       kernel.add(tiles, -1))));
    return places;
  };
  kernel.loop(zero, pairs, [&](Value number) {
    pair = number;
    SmallVector<Place> places = placesOf(pair);
    SmallVector<Place> before = placesOf(kernel.most(kernel.add(pair, -1), zero));
    size_t finished = 0;
    emitSums(kernel, block, places, [&](int64_t written, int64_t all) {
      size_t due = pieces.size() * written / all;
      ArrayRef<Piece> some = ArrayRef(pieces).slice(finished, due - finished);
      finished = due;
      if (!some.empty())
        kernel.unlessZero(pair, [&] { finish(kernel, block, some, before); });
    });
    storeSums(kernel, block);
  });
  kernel.unlessZero(
      pairs, [&] { finish(kernel, block, pieces, placesOf(kernel.add(pairs, -1))); });
}

void TileKernel::emit(KernelBuilder &kernel, ValueRange buffers, Share share) {
  memory = KernelBuffers(group, buffers, /*scratches=*/1);
  scratch = memory.scratch.front();
  Value config = memory.arrays.back();
  memory.arrays = memory.arrays.drop_back();
  scratchAt = kernel.scale(share.slice, getScratch().front().elements);
  firstStrip = sharesStrips ? share.begin : kernel.index(0);
  endStrip = sharesStrips ? share.end : kernel.index(batch * strips());
  emitTiles(kernel, "ldtilecfg", {}, addressOf(kernel, config, kernel.index(0)));
  Value begin = sharesStrips ? kernel.index(0) : share.begin;
  Value end = sharesStrips ? kernel.index(blockCount()) : share.end;
  int64_t lastVectors = vectors - (blockCount() - 1) * vectorsOfBlock;
  int64_t lastLanes = bundleChannels - (vectors - 1) * step.lanes;
  bool isUniform = lastVectors == vectorsOfBlock && lastLanes == step.lanes;
  int64_t uniform = blockCount() - (isUniform ? 0 : 1);
  auto emitBlocks = [&](Value from, Value to, int64_t blockVectors, int64_t lanes) {
    kernel.loop(from, to, [&](Value block) {
      emitBlock(kernel, {kernel.scale(block, vectorsOfBlock), blockVectors, lanes, {}});
    });
  };
  emitBlocks(begin, kernel.least(end, kernel.index(uniform)), vectorsOfBlock, step.lanes);
  if (!isUniform)
    emitBlocks(kernel.most(begin, kernel.index(uniform)), end, lastVectors, lastLanes);
  emitTiles(kernel, "tilerelease", {});
}

std::unique_ptr<Kernel> qbias::makeTileKernel(const Group &group, DotStep step) {
  return std::make_unique<TileKernel>(group, step);
}
