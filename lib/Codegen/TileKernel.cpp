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
//   for channel block of 2 vectors; for two tiles of P pixels of one row each:
//     sums = bias, the same in every row
//     for kernel row; for run; for chunk of the run:
//       four tdpbssd on two tiles of inputs and two of weights
//     sums to scratch, from there requantized as vectors
//
// Tiles of a row are of one size; the last one overlaps the one before where the columns
// are no multiple of it, and computes its results again. A run that is no multiple of
// four inputs is read a little further, into the next run, and the last run of a sum
// from a little before: weights are 0 there.
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
  constexpr double kConfigure = 300, kStore = 5; // of a tile, a vector of sums
  double tiles = batch * rows * tilesOfRow * vectors;
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
  int64_t getUnits() const override { return sharesRows ? batch * rows : blockCount(); }
  SmallVector<Scratch> getScratch() const override {
    return {{kAcross * kAcross * kTileSums, /*bits=*/32}};
  }
  void emit(KernelBuilder &kernel, ValueRange buffers, Share share) override;

private:
  /// Where a tile of inputs starts, and its results.
  struct Place {
    Value input, output;
  };
  /// Channel vectors of a block, and their constants.
  struct Block {
    Value firstVector;
    int64_t vectors, lastLanes;
    SmallVector<KernelBuilder::Values> loaded;
  };

  SmallVector<int64_t> describeTiles() const;
  Place placeOf(KernelBuilder &kernel, Value tile) const;
  void emitBlock(KernelBuilder &kernel, Block block);
  void emitSums(KernelBuilder &kernel, const Block &block, ArrayRef<Place> places);
  void emitChunk(KernelBuilder &kernel, const Block &block, ArrayRef<Place> places,
                 Value offset, Value weightGroup);
  void finish(KernelBuilder &kernel, const Block &block, int64_t tile, Value output);

  bool sharesRows;
  // While emitting.
  Value x, weight, bias, y, scratch, scratchAt, firstRow, endRow;
  ValueRange arrays, elements;
};

} // namespace

TileKernel::TileKernel(const Group &group, DotStep step) : TileLayout(group, step) {
  auto unevenness = [&](int64_t units) {
    return double(llvm::divideCeil(units, step.slices)) * step.slices / units;
  };
  sharesRows = unevenness(batch * rows) <= unevenness(blockCount());
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
  Value row = kernel.add(firstRow, kernel.divide(tile, tilesOfRow));
  Value column = kernel.least(kernel.scale(kernel.remainder(tile, tilesOfRow), pixels),
                              kernel.index(columns - pixels));
  Value image = batch == 1 ? kernel.index(0) : kernel.divide(row, rows);
  Value inside = batch == 1 ? row : kernel.remainder(row, rows);
  Value input =
      kernel.add(kernel.scale(image, batchStride), kernel.scale(inside, rowStride));
  Value output = group.outer.isEmpty()
                     ? kernel.scale(row, columns * group.channels)
                     : resultAt(kernel, group, image, inside, kernel.index(0));
  return {kernel.add(input, kernel.scale(column, columnStride)),
          kernel.add(output, kernel.scale(column, group.channels))};
}

/// One chunk of a run: `offset` inputs from the start of each tile, weights from
/// `weightGroup` of the block on.
void TileKernel::emitChunk(KernelBuilder &kernel, const Block &block,
                           ArrayRef<Place> places, Value offset, Value weightGroup) {
  int64_t blockRow = block.vectors * width();
  Value weights = kernel.add(kernel.scale(block.firstVector, groupsOfAll() * width()),
                             kernel.scale(weightGroup, blockRow));
  for (int64_t v = 0; v < block.vectors; ++v)
    moveTile(kernel, "tileloadd64", kWeights + v, weight,
             kernel.add(weights, v * width()), blockRow);
  for (auto [t, place] : llvm::enumerate(places)) {
    moveTile(kernel, "tileloadd64", kInputs + t, x, kernel.add(place.input, offset),
             columnStride);
    for (int64_t v = 0; v < block.vectors; ++v)
      emitTiles(kernel, "tdpbssd",
                {int64_t(t) * kAcross + v, kInputs + int64_t(t), kWeights + v});
  }
}

void TileKernel::emitSums(KernelBuilder &kernel, const Block &block,
                          ArrayRef<Place> places) {
  for (int64_t t = 0; t < int64_t(places.size()); ++t)
    for (int64_t v = 0; v < block.vectors; ++v) {
      Value channel = kernel.scale(kernel.add(block.firstVector, v), step.lanes);
      moveTile(kernel, "tileloadd64", t * kAcross + v, bias, channel, /*stride=*/0);
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
  if (chunksOfSum() <= kMostStraight) {
    for (int64_t kr = 0; kr < group.kernelRows; ++kr)
      for (int64_t run = 0; run < runs; ++run)
        for (int64_t chunk = 0; chunk < chunks; ++chunk)
          emitAt(kernel.index(kr), kernel.index(run), kernel.index(chunk),
                 startOf(kr, run));
    return;
  }
  kernel.loop(group.kernelRows, [&](Value kr) {
    kernel.loop(runs, [&](Value run) {
      kernel.loop(chunks, [&](Value chunk) { emitAt(kr, run, chunk, 0); });
    });
  });
}

/// Requantizes the sums of a tile, whose pixels are block.vectors vectors each.
void TileKernel::finish(KernelBuilder &kernel, const Block &block, int64_t tile,
                        Value output) {
  int64_t sums = block.vectors * step.lanes;
  for (int64_t v = 0; v < block.vectors; ++v)
    moveTile(kernel, "tilestored64", tile * kAcross + v, scratch,
             kernel.add(scratchAt, tile * kAcross * kTileSums + v * step.lanes),
             sums * sizeof(int32_t));
  auto finishPixels = [&](Value pixel, int64_t count) {
    ResultStore store(kernel, group, step, y, elements);
    for (int64_t p = 0; p < count; ++p)
      for (int64_t v = 0; v < block.vectors; ++v) {
        Value at = kernel.add(pixel, p);
        Value loaded =
            kernel.load(scratch,
                        kernel.add(kernel.add(scratchAt, kernel.scale(at, sums)),
                                   tile * kAcross * kTileSums + v * step.lanes),
                        step.lanes);
        int64_t valid = v + 1 == block.vectors ? block.lastLanes : step.lanes;
        Value channel =
            kernel.add(kernel.scale(block.firstVector, step.lanes), v * step.lanes);
        store.add(
            loaded, block.loaded[v],
            kernel.add(kernel.add(output, channel), kernel.scale(at, group.channels)),
            valid, /*follows=*/v > 0);
      }
    store.flush();
  };
  int64_t packed = VectorEpilogue::kPacked / block.vectors;
  kernel.loop(pixels / packed,
              [&](Value i) { finishPixels(kernel.scale(i, packed), packed); });
  if (int64_t rest = pixels % packed)
    finishPixels(kernel.index(pixels - rest), rest);
}

/// All tiles of a block, two at a time. The last one of an odd number is its own partner.
void TileKernel::emitBlock(KernelBuilder &kernel, Block block) {
  for (int64_t v = 0; v < block.vectors; ++v) {
    Value channel = kernel.scale(kernel.add(block.firstVector, v), step.lanes);
    block.loaded.push_back(
        group.epilogue->loadArrays(kernel, arrays, channel, step.lanes));
  }
  Value rowCount = kernel.add(endRow, kernel.scale(firstRow, -1));
  Value tiles = kernel.scale(rowCount, tilesOfRow);
  Value pairs = kernel.divide(kernel.add(tiles, kAcross - 1), kAcross);
  kernel.loop(kernel.index(0), pairs, [&](Value pair) {
    SmallVector<Place> places;
    for (int64_t t = 0; t < kAcross; ++t)
      places.push_back(
          placeOf(kernel, kernel.least(kernel.add(kernel.scale(pair, kAcross), t),
                                       kernel.add(tiles, -1))));
    emitSums(kernel, block, places);
    for (int64_t t = 0; t < kAcross; ++t)
      finish(kernel, block, t, places[t].output);
  });
}

void TileKernel::emit(KernelBuilder &kernel, ValueRange buffers, Share share) {
  x = buffers[0];
  weight = buffers[1];
  bias = buffers[2];
  y = buffers.back();
  scratch = buffers.drop_back().back();
  int64_t others = group.epilogue->getElementwise().size();
  elements = buffers.drop_back(2).take_back(others);
  Value config = buffers.drop_back(2 + others).back();
  arrays = buffers.drop_front(3).drop_back(3 + others);
  scratchAt = kernel.scale(share.slice, getScratch().front().elements);
  firstRow = sharesRows ? share.begin : kernel.index(0);
  endRow = sharesRows ? share.end : kernel.index(batch * rows);
  emitTiles(kernel, "ldtilecfg", {}, addressOf(kernel, config, kernel.index(0)));
  Value begin = sharesRows ? kernel.index(0) : share.begin;
  Value end = sharesRows ? kernel.index(blockCount()) : share.end;
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
