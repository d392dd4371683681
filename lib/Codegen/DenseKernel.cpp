//===- DenseKernel.cpp - convolutions and matrix products ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   for channel block of V vectors; for row of every image; for tile of P columns:
//     sums[p][v] = bias[v]
//     for kernel row; for run; for group of G inputs in the run:
//       w[v] = load weights
//       sums[p][v] = dot(sums[p][v], broadcast(group of x at column p), w[v])
//     store requantized sums, of a max pool the largest of every window
//
// A run is a stretch of inputs that lie side by side: the columns and channels
// of one kernel row, or the channels of one kernel column when columns are
// dilated. The last group of a run that is no multiple of G starts early enough
// to end with the run; inputs seen before meet weights that are 0 there.
//
// Where sums of fewer bits are proven to hold a chunk of groups, these are added up
// apart: 16-bit sums of vpmaddubsw, 32-bit sums of a layer that needs 64.
//
// Weights are packed in the order they are read: one stream. Slices share the rows,
// or the channel blocks when these can be shared more evenly.
//
//===----------------------------------------------------------------------===//

#include "DenseLayout.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

/// An offset that is added to bytes by turning this bit.
static constexpr int64_t kSignBit = 128, kSignBits = 0x80808080;

namespace {

/// A range of channel vectors computed together.
struct ChannelBlock {
  Value firstVector;  ///< of all
  Value firstChannel; ///< of a pixel of the result
  Value firstInput;   ///< of a pixel of the input
  int64_t vectors;
  int64_t lastLanes; ///< channels in the last vector
};

/// Where a group of inputs and its weights lie, and the weights to ask for
/// meanwhile (none: null).
struct Place {
  Value input, weight, ahead;
};

class DenseKernel : public Kernel, private DenseLayout {
public:
  DenseKernel(const Group &group, DotStep step);

  std::string getKey() const override;
  SmallVector<ElementsAttr> packConstants(StringRef name) override;
  unsigned inputBits() const override { return step.inputBits(); }
  int64_t getUnits() const override {
    return sharesRows ? batch * rows : bundles > 1 ? bundles : blockCount();
  }
  void emit(KernelBuilder &kernel, ValueRange buffers, Share share) override;

private:
  using Values = KernelBuilder::Values;

  void emitBundle(KernelBuilder &kernel, Value bundle, Share share);
  void emitBlock(KernelBuilder &kernel, const ChannelBlock &block);
  void emitTile(KernelBuilder &kernel, const ChannelBlock &block,
                const SkippedTaps::Range &range, Value tile, Value input, Value output,
                int64_t pixels);
  Values loadBias(KernelBuilder &kernel, const ChannelBlock &block, Value cut,
                  int64_t pixels);
  Place move(KernelBuilder &kernel, const Place &place, Value index, int64_t inputs,
             int64_t groups, int64_t vectors);
  Values repeat(KernelBuilder &kernel, int64_t count, ValueRange sums,
                function_ref<Values(Value, ValueRange)> body);
  Values emitRuns(KernelBuilder &kernel, const Place &place, int64_t vectors,
                  ValueRange sums);
  Values emitRun(KernelBuilder &kernel, const Place &place, int64_t vectors,
                 ValueRange sums);
  Values emitChunk(KernelBuilder &kernel, const Place &place, int64_t count,
                   int64_t vectors, ValueRange sums);
  Values emitGroups(KernelBuilder &kernel, const Place &place, int64_t count,
                    int64_t vectors, ValueRange sums);
  Values emitPairs(KernelBuilder &kernel, const Place &place, int64_t vectors,
                   ValueRange sums);
  Values emitGroup(KernelBuilder &kernel, const Place &place, int64_t vectors,
                   ValueRange sums, bool isChunk = false);
  Value broadcastGroup(KernelBuilder &kernel, Value at);
  void askAhead(KernelBuilder &kernel, const Place &place, int64_t blockVectors);
  void finish(KernelBuilder &kernel, const ChannelBlock &block, Value output,
              ValueRange sums);

  bool sharesRows;
  // While emitting.
  Value inputMove, firstRow, endRow;
  KernelBuffers memory;
  Shifts shifts; // of the row
  int64_t tileSums = 0;
};

} // namespace

DenseKernel::DenseKernel(const Group &group, DotStep step) : DenseLayout(group, step) {
  int64_t others = bundles > 1 ? bundles : blockCount();
  sharesRows = unevenness(batch * rows) <= unevenness(others);
}

std::string DenseKernel::getKey() const {
  std::string key = llvm::formatv(
      "dense{0},{1},{2};{3},{4},{5},{6};{7},{8},{9},{10};{11},{12},{13};", int(step.kind),
      step.lanes, step.registers, batch, rows, columns, group.channels, group.kernelRows,
      runs, runLength, runStride, kernelRowStride, columnStride, rowStride);
  llvm::raw_string_ostream(key)
      << batchStride << "," << bundles << "," << bundleChannels << "," << chunk << ","
      << repeats << "," << step.inputOffset << "," << group.isInputMoved << ";"
      << group.epilogue->getResultElement() << ";" << group.epilogue->getKey();
  return key;
}

SmallVector<ElementsAttr> DenseKernel::packConstants(StringRef name) {
  SmallVector<int64_t> order = channelOrder();
  return makeConstants(group, step, packWeights(),
                       taps->makeBias(step.inputOffset, order), order, name);
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

/// One group of inputs in every 32-bit lane.
Value DenseKernel::broadcastGroup(KernelBuilder &kernel, Value at) {
  Value all = runLength >= step.group() ? kernel.broadcastWord(memory.x, at, step.lanes)
                                        : step.assemble(kernel, memory.x, at, runLength);
  if (!inputMove)
    return all;
  if (step.inputOffset == kSignBit)
    return arith::XOrIOp::create(kernel.builder, kernel.loc, all, inputMove);
  auto words = cast<VectorType>(all.getType());
  auto bytes = cast<VectorType>(inputMove.getType());
  return kernel.bitcast(kernel.add(kernel.bitcast(all, bytes), inputMove), words);
}

/// The place `index` times so many inputs and groups on.
Place DenseKernel::move(KernelBuilder &kernel, const Place &place, Value index,
                        int64_t inputs, int64_t groups, int64_t vectors) {
  Place next{kernel.add(place.input, kernel.scale(index, inputs)),
             kernel.add(place.weight, kernel.scale(index, groups * vectors * width())),
             place.ahead};
  if (next.ahead)
    next.ahead = kernel.add(next.ahead, kernel.scale(index, groups * width()));
  return next;
}

/// A loop, or its iterations one behind the other where all sums are short.
DenseKernel::Values DenseKernel::repeat(KernelBuilder &kernel, int64_t count,
                                        ValueRange sums,
                                        function_ref<Values(Value, ValueRange)> body) {
  if (!isShort())
    return kernel.reduce(count, sums, body);
  Values next(sums);
  for (int64_t i = 0; i < count; ++i) {
    next = body(kernel.index(i), next);
    // LLVM would add in another order, with too many sums. (Of 64 bits one fills two.)
    if (step.hasAvx2 && group.sumBits == 32)
      for (Value &sum : next)
        sum = kernel.hide(sum);
  }
  return next;
}

/// Asks for weights that are read later: of the next block, or where each is read once.
void DenseKernel::askAhead(KernelBuilder &kernel, const Place &place,
                           int64_t blockVectors) {
  if (place.ahead)
    step.prefetchWeights(kernel, memory.weight, place.ahead);
  if (readsOnce())
    step.askAhead(kernel, memory.weight, place.weight, blockVectors * width(),
                  allVectors() * groupsOfAll() * width() - 1);
}

/// The steps of one group of inputs on two pixels each. The last pixel of an odd
/// number is its own partner.
DenseKernel::Values DenseKernel::emitPairs(KernelBuilder &kernel, const Place &place,
                                           int64_t vectors, ValueRange sums) {
  int64_t pixels = sums.size() / vectors, half = width() / 2;
  Values weights, next(sums);
  auto range = [](int64_t first, int64_t count) {
    return llvm::to_vector(llvm::seq<int64_t>(first, first + count));
  };
  for (int64_t v = 0; v < vectors; ++v) {
    Value all =
        step.loadWeights(kernel, memory.weight, kernel.add(place.weight, v * width()));
    weights.push_back(kernel.shuffle(all, all, range(0, half)));
    weights.push_back(kernel.shuffle(all, all, range(half, half)));
  }
  askAhead(kernel, place, vectors);
  for (int64_t p = 0; p < pixels; p += 2) {
    auto inputsOf = [&](int64_t pixel) {
      int64_t offset = inputOf(std::min(pixel, tileSums - 1));
      return kernel.load(memory.x, kernel.add(place.input, offset), step.group());
    };
    Value inputs =
        kernel.shuffle(inputsOf(p), inputsOf(p + 1), range(0, 2 * step.group()));
    for (int64_t v = 0; v < vectors; ++v)
      for (int64_t part : {0, 1}) {
        Value &sum = next[(p + part) * vectors + v];
        sum = step.emit(kernel, sum, inputs, weights[2 * v + part]);
      }
  }
  return next;
}

/// Sums by pixel from those of two pixels and half of the channels each, or, for what
/// they start from, the other way round.
static void exchangeHalves(KernelBuilder &kernel, int64_t vectors,
                           KernelBuilder::Values &sums) {
  for (size_t p = 0; p + 1 < sums.size() / vectors; p += 2)
    for (int64_t v = 0; v < vectors; ++v) {
      Value &first = sums[p * vectors + v], &second = sums[(p + 1) * vectors + v];
      Value low = kernel.shuffle(first, second, {0, 1, 4, 5});
      second = kernel.shuffle(first, second, {2, 3, 6, 7});
      first = low;
    }
}

/// The dot steps of one group of inputs. `isChunk`: each fills its own sum of 16 bits.
DenseKernel::Values DenseKernel::emitGroup(KernelBuilder &kernel, const Place &place,
                                           int64_t vectors, ValueRange sums,
                                           bool isChunk) {
  if (step.kind == DotKind::Mmla8)
    return emitPairs(kernel, place, vectors, sums);
  int64_t pixels = sums.size() / vectors;
  Values weights, next;
  for (int64_t v = 0; v < vectors; ++v)
    weights.push_back(
        step.loadWeights(kernel, memory.weight, kernel.add(place.weight, v * width())));
  askAhead(kernel, place, vectors);
  for (int64_t p = 0; p < pixels; ++p) {
    Value inputs = broadcastGroup(kernel, kernel.add(place.input, inputOf(p)));
    for (int64_t v = 0; v < vectors; ++v) {
      Value sum = sums[p * vectors + v];
      Value added = step.emit(kernel, isChunk ? Value() : sum, inputs, weights[v]);
      next.push_back(isChunk ? step.addPartial(kernel, sum, added) : added);
    }
  }
  return next;
}

/// What the sums of a tile start from.
DenseKernel::Values DenseKernel::loadBias(KernelBuilder &kernel,
                                          const ChannelBlock &block, Value cut,
                                          int64_t pixels) {
  int64_t size = allVectors() * step.lanes;
  Value channel = kernel.add(kernel.scale(block.firstVector, step.lanes),
                             kernel.scale(cut, taps->columnCuts() * size));
  SmallVector<Values> loaded(taps->columnCuts());
  Values sums;
  for (int64_t p = 0; p < pixels; ++p) {
    int64_t columnCut = taps->skipsColumns() ? taps->columnCut(p) : 0;
    Values &first = loaded[columnCut];
    for (int64_t v = first.size(); v < block.vectors; ++v)
      first.push_back(kernel.load(memory.bias,
                                  kernel.add(channel, columnCut * size + v * step.lanes),
                                  step.lanes));
    sums.append(first);
  }
  return sums;
}

/// The dot steps of `count` groups side by side.
DenseKernel::Values DenseKernel::emitGroups(KernelBuilder &kernel, const Place &place,
                                            int64_t count, int64_t vectors,
                                            ValueRange sums) {
  return repeat(kernel, count, sums, [&](Value index, ValueRange inner) {
    return emitGroup(kernel, move(kernel, place, index, step.group(), 1, vectors),
                     vectors, inner);
  });
}

/// The same, a chunk of groups in sums of fewer bits.
DenseKernel::Values DenseKernel::emitChunk(KernelBuilder &kernel, const Place &place,
                                           int64_t count, int64_t vectors,
                                           ValueRange sums) {
  Values partial(sums.size()), next;
  if (step.kind == DotKind::Pair8) {
    if (count == 1)
      return emitGroup(kernel, place, vectors, sums, /*isChunk=*/true);
    for (int64_t i = 0; i < count; ++i)
      partial = emitGroup(kernel,
                          move(kernel, place, kernel.index(i), step.group(), 1, vectors),
                          vectors, partial);
  } else {
    partial.assign(sums.size(), kernel.splat(kernel.vectorOf(step.lanes, 32), 0));
    partial = emitGroups(kernel, place, count, vectors, partial);
  }
  for (auto [sum, part] : llvm::zip(sums, partial))
    next.push_back(step.addPartial(kernel, sum, part));
  return next;
}

/// The dot steps of one run.
DenseKernel::Values DenseKernel::emitRun(KernelBuilder &kernel, const Place &place,
                                         int64_t vectors, ValueRange sums) {
  int64_t full = runLength / step.group();
  Values next(sums);
  auto placeOf = [&](Value index, int64_t groups) {
    return move(kernel, place, index, groups * step.group(), groups, vectors);
  };
  if (!chunk) {
    next = emitGroups(kernel, place, full, vectors, next);
  } else {
    next = repeat(kernel, full / chunk, next, [&](Value index, ValueRange inner) {
      return emitChunk(kernel, placeOf(index, chunk), chunk, vectors, inner);
    });
    if (int64_t rest = full % chunk)
      next =
          emitChunk(kernel, placeOf(kernel.index(full - rest), 1), rest, vectors, next);
  }
  if (full < groupsOnce()) {
    Place last = move(kernel, place, kernel.index(full), 0, 1, vectors);
    last.input = kernel.add(place.input, groupStart(full));
    next = chunk ? emitChunk(kernel, last, 1, vectors, next)
                 : emitGroup(kernel, last, vectors, next);
  }
  if (!repeats)
    return next;
  Place again = move(kernel, place, kernel.index(groupsOnce()), 0, 1, vectors);
  return repeat(kernel, repeats, next, [&](Value index, ValueRange inner) {
    return emitChunk(kernel, move(kernel, again, index, step.group(), 1, vectors), 1,
                     vectors, inner);
  });
}

/// The runs of one kernel row: where pixels are skipped, of those that have data there.
DenseKernel::Values DenseKernel::emitRuns(KernelBuilder &kernel, const Place &place,
                                          int64_t vectors, ValueRange sums) {
  auto runAt = [&](Value run) {
    return move(kernel, place, run, runStride, groupsOfRun(), vectors);
  };
  if (!taps->skipsColumns())
    return repeat(kernel, runs, sums, [&](Value run, ValueRange inner) {
      return emitRun(kernel, runAt(run), vectors, inner);
    });
  Values next(sums);
  for (int64_t run = 0; run < runs; ++run) {
    auto [first, end] = taps->columnsOf(run);
    if (first == end)
      continue;
    Place at = runAt(kernel.index(run));
    at.input = kernel.add(at.input, first * columnStride);
    Values some =
        emitRun(kernel, at, vectors,
                ValueRange(next).slice(first * vectors, (end - first) * vectors));
    llvm::copy(some, next.begin() + first * vectors);
  }
  return next;
}

/// `tile` counts the tiles of a block.
void DenseKernel::emitTile(KernelBuilder &kernel, const ChannelBlock &block,
                           const SkippedTaps::Range &range, Value tile, Value input,
                           Value output, int64_t pixels) {
  Place start{kernel.add(input, block.firstInput),
              kernel.scale(block.firstVector, groupsOfAll() * width()), Value()};
  if (asksAhead()) {
    // The first tiles of a block ask for the weights of the next, a line a group.
    Value line =
        kernel.add(kernel.scale(tile, groupsOfAll()), block.vectors * groupsOfAll());
    start.ahead = kernel.add(start.weight, kernel.scale(line, width()));
    int64_t end = vectors * groupsOfAll() * width();
    start.ahead = kernel.least(start.ahead, kernel.index(end - groupsOfAll() * width()));
  }
  tileSums = pixels * group.window();
  Values sums = loadBias(kernel, block, range.cut, carriedPixels(tileSums));
  if (step.kind == DotKind::Mmla8)
    exchangeHalves(kernel, block.vectors, sums);
  auto body = [&](Value kr, ValueRange carried) {
    int64_t v = block.vectors, groups = runs * groupsOfRun();
    return emitRuns(kernel, move(kernel, start, kr, kernelRowStride, groups, v), v,
                    carried);
  };
  sums = taps->skipsRows() ? kernel.reduce(range.first, range.end, sums, body)
                           : repeat(kernel, group.kernelRows, sums, body);
  if (step.kind == DotKind::Mmla8)
    exchangeHalves(kernel, block.vectors, sums);
  sums.truncate(tileSums * block.vectors);
  finish(kernel, block, kernel.add(output, block.firstChannel),
         takeLargest(kernel, group, sums, block.vectors));
}

/// Requantizes and stores the sums of a tile. Vectors go in pairs: the constants of
/// more would not stay in registers.
void DenseKernel::finish(KernelBuilder &kernel, const ChannelBlock &block, Value output,
                         ValueRange sums) {
  int64_t pixels = sums.size() / block.vectors, across = block.vectors % 2 ? 1 : 2;
  ResultStore store(kernel, group, step, memory);
  store.setShifts(shifts);
  for (int64_t first = 0; first < block.vectors; first += across) {
    SmallVector<Values> loaded;
    for (int64_t v = first; v < first + across; ++v) {
      Value channel = kernel.scale(kernel.add(block.firstVector, v), step.lanes);
      loaded.push_back(
          group.epilogue->loadArrays(kernel, memory.arrays, channel, step.lanes));
    }
    for (int64_t p = 0; p < pixels; ++p)
      for (int64_t v = first; v < first + across; ++v) {
        Value at = kernel.add(output, p * group.channels + v * step.lanes);
        int64_t valid = v + 1 == block.vectors ? block.lastLanes : step.lanes;
        store.add(sums[p * block.vectors + v], loaded[v - first], at, valid,
                  /*follows=*/v > first);
      }
    store.flush();
  }
}

void DenseKernel::emitBlock(KernelBuilder &kernel, const ChannelBlock &block) {
  kernel.loop(firstRow, endRow, [&](Value row) {
    Value image = batch == 1 ? kernel.index(0) : kernel.divide(row, rows);
    Value inside = batch == 1 ? row : kernel.remainder(row, rows);
    Value input =
        kernel.add(kernel.scale(image, batchStride), kernel.scale(inside, rowStride));
    SkippedTaps::Range range = taps->emitRows(kernel, inside);
    Value output = group.isFlat()
                       ? kernel.scale(row, columns * group.channels)
                       : resultAt(kernel, group, image, inside, kernel.index(0));
    shifts = shiftsAt(kernel, group, image, inside);
    SmallVector<Tiles> all = splitEvenly(columns, pixelsFor(block.vectors));
    int64_t perRow = all.front().count + (all.size() > 1 ? all.back().count : 0);
    Value number = kernel.scale(kernel.add(row, kernel.scale(firstRow, -1)), perRow);
    for (const Tiles &tiles : all) {
      kernel.loop(tiles.count, [&](Value tile) {
        Value column = kernel.add(kernel.scale(tile, tiles.size), tiles.begin);
        emitTile(kernel, block, range, kernel.add(number, tile),
                 kernel.add(input, kernel.scale(column, columnStride)),
                 kernel.add(output, kernel.scale(column, group.channels)), tiles.size);
      });
      number = kernel.add(number, tiles.count);
    }
  });
}

void DenseKernel::emit(KernelBuilder &kernel, ValueRange buffers, Share share) {
  memory = KernelBuffers(group, buffers, /*scratches=*/0);
  if (step.inputOffset && !group.isInputMoved)
    inputMove = kernel.hide(
        step.inputOffset == kSignBit
            ? kernel.splat(kernel.vectorOf(step.lanes, 32), kSignBits)
            : kernel.splat(kernel.vectorOf(width(), step.inputBits()), step.inputOffset));
  firstRow = sharesRows ? share.begin : kernel.index(0);
  endRow = sharesRows ? share.end : kernel.index(batch * rows);
  if (bundles == 1)
    return emitBundle(kernel, kernel.index(0), share);
  auto body = [&](Value bundle) { emitBundle(kernel, bundle, share); };
  sharesRows ? kernel.loop(bundles, body) : kernel.loop(share.begin, share.end, body);
}

/// All channel blocks of a bundle; without bundles, those that are this slice's.
void DenseKernel::emitBundle(KernelBuilder &kernel, Value bundle, Share share) {
  int64_t tail = bundleChannels - (vectors - 1) * step.lanes, number = 0;
  for (const Tiles &blocks : splitEvenly(vectors, vectorsOfBlock)) {
    bool isLast = blocks.begin + blocks.count * blocks.size == vectors;
    bool peels = isLast && tail < step.lanes;
    // Blocks number + first .. number + end - 1.
    auto emitBlocks = [&](int64_t first, int64_t end, int64_t lastLanes) {
      auto body = [&](Value block) {
        Value vector = kernel.add(kernel.scale(block, blocks.size), blocks.begin);
        Value channel = kernel.add(kernel.scale(bundle, bundleChannels),
                                   kernel.scale(vector, step.lanes));
        emitBlock(kernel, {kernel.add(kernel.scale(bundle, vectors), vector), channel,
                           kernel.scale(bundle, bundleInputs), blocks.size, lastLanes});
      };
      if (first == end)
        return;
      if (sharesRows || bundles > 1)
        return kernel.loop(kernel.index(first), kernel.index(end), body);
      Value offset = kernel.index(-number);
      Value from = kernel.most(kernel.add(share.begin, offset), kernel.index(first));
      Value to = kernel.least(kernel.add(share.end, offset), kernel.index(end));
      kernel.loop(from, to, body);
    };
    int64_t full = blocks.count - (peels ? 1 : 0);
    emitBlocks(0, full, step.lanes);
    emitBlocks(full, blocks.count, tail);
    number += blocks.count;
  }
}

std::unique_ptr<Kernel> qbias::makeDenseKernel(const Group &group, DotStep step) {
  return std::make_unique<DenseKernel>(group, step);
}
