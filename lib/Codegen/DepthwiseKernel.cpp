//===- DepthwiseKernel.cpp - depthwise convolutions ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   for R rows of every image; for channel vector; for tile of P columns:
//     sums[r][p] = bias
//     for input column c of the tile; for group of G input rows:
//       t = the G inputs of every channel side by side
//       sums[r][p] = dot(sums[r][p], t, weights[r])
//                                     for every p, kernel column that meet in c
//     store requantized sums
//
// A column of inputs is put together once and used by every pixel whose window
// covers it. Four vectors of channels are put together by unpacks within 128 bits, in an
// order of channels that the packs of results undo. Where the kernel rows leave room in
// their groups (3 of 4), windows of the next output rows fit into the same inputs:
// weights[r] are moved by r rows, with zeros around them.
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

/// Pixels of a tile at most: columns of inputs that two tiles need are put together
/// twice. A sum lives while its window is passed, so that registers do not limit it.
static constexpr int64_t kMostPixels = 14;

namespace {

class DepthwiseKernel : public Kernel {
public:
  DepthwiseKernel(const Group &group, DotStep step)
      : group(group), step(step), vectors(llvm::divideCeil(group.channels, step.lanes)),
        rowGroups(llvm::divideCeil(group.kernelRows, step.group())) {
    constexpr int64_t kMostRows = 2;
    bool isPlain = group.rowStride == 1 && group.rowDilation == 1;
    int64_t spare = rowGroups * step.group() - group.kernelRows;
    rowsAtOnce = isPlain ? std::min({spare + 1, kMostRows, group.rows}) : 1;
    // With strides they lost to single vectors.
    bool unpacks = step.kind == DotKind::Dot8 && step.hasAvx2 && rowsAtOnce > 1 &&
                   multiplier() == 1 && group.epilogue->canPack() &&
                   group.epilogue->getElementwise().empty();
    bundles = unpacks ? group.channels / bundleSize() : 0;
  }

  std::string getKey() const override;
  SmallVector<ElementsAttr> packConstants(StringRef name) override;
  unsigned inputBits() const override { return group.inputBits; }
  int64_t getUnits() const override {
    return group.batch * llvm::divideCeil(group.rows, rowsAtOnce);
  }
  void emit(KernelBuilder &kernel, ValueRange buffers, Share share) override;

private:
  /// The pixels that are computed together, of one or of kBundle channel vectors.
  struct Block {
    Value vector, input, output; ///< the first; where the first pixel's data lie
    ValueRange shifts;           ///< of the first row
    int64_t vectors, rows;       ///< rows of the result
    int64_t valid;               ///< channels of the last vector
  };
  static constexpr int64_t kBundle = VectorEpilogue::kPacked;

  int64_t rowSize() const { return group.inputColumns * group.groups; }
  int64_t multiplier() const { return group.channelsOfGroup(); }
  /// Of one output row of a block.
  int64_t weightVectors() const { return group.kernelColumns * rowGroups; }
  int64_t width() const { return step.lanes * step.group(); }
  int64_t bundleSize() const { return kBundle * step.lanes; } ///< in channels
  SmallVector<int64_t> channelOrder() const;
  KernelBuilder::Values loadRows(KernelBuilder &kernel, const Block &block, Value at,
                                 int64_t rowGroup, int64_t lanes);
  Value move(KernelBuilder &kernel, Value inputs) const;
  KernelBuilder::Values gather(KernelBuilder &kernel, const Block &block, Value at,
                               int64_t rowGroup);
  KernelBuilder::Values unpack(KernelBuilder &kernel, const Block &block, Value at,
                               int64_t rowGroup);
  void emitTile(KernelBuilder &kernel, const Block &block, int64_t pixels);
  void emitRows(KernelBuilder &kernel, Value image, Value row, int64_t rows);

  const Group &group;
  DotStep step;
  int64_t vectors, rowGroups, rowsAtOnce;
  int64_t bundles; ///< of kBundle full vectors
  // While emitting.
  KernelBuffers memory;
};

} // namespace

std::string DepthwiseKernel::getKey() const {
  std::string key = llvm::formatv(
      "depthwise{0},{1},{2};{3},{4},{5},{6};{7},{8};{9},{10},{11},{12};", int(step.kind),
      step.lanes, step.registers, group.batch, group.rows, group.columns, group.channels,
      group.kernelRows, group.kernelColumns, group.rowStride, group.columnStride,
      group.rowDilation, group.columnDilation);
  llvm::raw_string_ostream(key)
      << group.inputRows << "," << group.inputColumns << "," << multiplier() << ","
      << group.isInputMoved << ";" << group.epilogue->getResultElement() << ";"
      << group.epilogue->getKey();
  return key;
}

/// The channel of every lane, -1 for none. In a bundle of vectors v, unpacks of bytes and
/// then of pairs put 4 channels of each in turn:
///
///   lane 4 i + j of v  =  channel 16 i + 4 v + j
SmallVector<int64_t> DepthwiseKernel::channelOrder() const {
  constexpr int64_t kPart = 4; // lanes of 128 bits
  auto order = llvm::to_vector(llvm::seq(group.channels));
  order.resize(vectors * step.lanes, -1);
  for (int64_t bundle = 0; bundle < bundles; ++bundle)
    for (int64_t v = 0; v < kBundle; ++v)
      for (int64_t lane = 0; lane < step.lanes; ++lane)
        order[bundle * bundleSize() + v * step.lanes + lane] =
            bundle * bundleSize() + lane / kPart * kPart * kBundle + v * kPart +
            lane % kPart;
  return order;
}

/// [vector][output row][kernel column][row group][lane][row in the group]
SmallVector<ElementsAttr> DepthwiseKernel::packConstants(StringRef name) {
  int64_t channels = group.channels;
  SmallVector<int64_t> packed, order = channelOrder();
  auto weightAt = [&](int64_t kr, int64_t kc, int64_t c) {
    bool isUsed = kr >= 0 && kr < group.kernelRows && c >= 0;
    return isUsed ? group.weights[(kr * group.kernelColumns + kc) * channels + c] : 0;
  };
  for (int64_t vector = 0; vector < vectors; ++vector)
    for (int64_t row = 0; row < rowsAtOnce; ++row)
      for (int64_t kc = 0; kc < group.kernelColumns; ++kc)
        for (int64_t rowGroup = 0; rowGroup < rowGroups; ++rowGroup)
          for (int64_t lane = 0; lane < step.lanes; ++lane)
            for (int64_t g = 0; g < step.group(); ++g)
              packed.push_back(weightAt(rowGroup * step.group() + g - row, kc,
                                        order[vector * step.lanes + lane]));
  return makeConstants(group, step, packed, name, order);
}

/// `a` and `b` in turn, `size` lanes of each, of the first half or the second of
/// every `part` lanes.
static Value interleave(KernelBuilder &kernel, Value a, Value b, int64_t part,
                        bool second) {
  int64_t lanes = cast<VectorType>(a.getType()).getNumElements();
  SmallVector<int64_t> mask;
  for (int64_t first = second ? part / 2 : 0; first < lanes; first += part)
    for (int64_t lane = first; lane < first + part / 2; ++lane)
      mask.append({lane, lanes + lane});
  return kernel.shuffle(a, b, mask);
}

/// a[0] b[0] a[1] b[1] ...
static Value interleave(KernelBuilder &kernel, Value a, Value b) {
  return interleave(kernel, a, b, 2 * cast<VectorType>(a.getType()).getNumElements(),
                    /*second=*/false);
}

/// Every lane `times` times.
static Value replicate(KernelBuilder &kernel, Value vector, int64_t times) {
  if (times == 1)
    return vector;
  int64_t lanes = cast<VectorType>(vector.getType()).getNumElements() * times;
  SmallVector<int64_t> mask;
  for (int64_t lane = 0; lane < lanes; ++lane)
    mask.push_back(lane / times);
  return kernel.shuffle(vector, vector, mask);
}

/// `lanes` channels of every row of a group of rows, in one column.
KernelBuilder::Values DepthwiseKernel::loadRows(KernelBuilder &kernel, const Block &block,
                                                Value at, int64_t rowGroup,
                                                int64_t lanes) {
  int64_t valid = block.vectors > 1 ? lanes : block.valid;
  KernelBuilder::Values inputs;
  for (int64_t g = 0; g < step.group(); ++g) {
    int64_t row = rowGroup * step.group() + g;
    if (row >= group.kernelRows + block.rows - 1) {
      inputs.push_back(kernel.splat(kernel.vectorOf(lanes, group.inputBits), 0));
      continue;
    }
    Value own =
        kernel.loadFirst(memory.x, kernel.add(at, row * group.rowDilation * rowSize()),
                         lanes / multiplier(), valid / multiplier());
    inputs.push_back(replicate(kernel, own, multiplier()));
  }
  return inputs;
}

/// Inputs as the dot step reads them.
Value DepthwiseKernel::move(KernelBuilder &kernel, Value inputs) const {
  if (!step.inputOffset || group.isInputMoved)
    return inputs;
  Value offset = kernel.splat(cast<VectorType>(inputs.getType()), step.inputOffset);
  return arith::XOrIOp::create(kernel.builder, kernel.loc, inputs, offset);
}

/// The inputs of a group of rows in one column, channel by channel.
KernelBuilder::Values DepthwiseKernel::gather(KernelBuilder &kernel, const Block &block,
                                              Value at, int64_t rowGroup) {
  KernelBuilder::Values inputs = loadRows(kernel, block, at, rowGroup, step.lanes);
  Value low = interleave(kernel, inputs[0], inputs[1]);
  if (step.kind == DotKind::Pair16)
    return {kernel.widen(low, step.inputBits())};
  Value high = interleave(kernel, inputs[2], inputs[3]);
  VectorType pairs = kernel.vectorOf(step.lanes, 16);
  Value all = interleave(kernel, kernel.bitcast(low, pairs), kernel.bitcast(high, pairs));
  return {move(kernel, kernel.bitcast(all, kernel.vectorOf(width(), 8)))};
}

/// The same for a bundle of vectors, in the order of channelOrder().
KernelBuilder::Values DepthwiseKernel::unpack(KernelBuilder &kernel, const Block &block,
                                              Value at, int64_t rowGroup) {
  constexpr int64_t kPart = 16; // bytes of 128 bits
  KernelBuilder::Values rows = loadRows(kernel, block, at, rowGroup, bundleSize());
  VectorType bytes = kernel.vectorOf(bundleSize(), 8);
  for (Value &row : rows)
    row = move(kernel, row);
  VectorType pairs = kernel.vectorOf(bundleSize() / 2, 16);
  KernelBuilder::Values result;
  for (bool second : {false, true}) {
    Value low = interleave(kernel, rows[0], rows[1], kPart, second);
    Value high = interleave(kernel, rows[2], rows[3], kPart, second);
    for (bool half : {false, true})
      result.push_back(
          kernel.bitcast(interleave(kernel, kernel.bitcast(low, pairs),
                                    kernel.bitcast(high, pairs), kPart / 2, half),
                         bytes));
  }
  return result;
}

/// `pixels` columns of a block. Results are stored as soon as their windows end.
void DepthwiseKernel::emitTile(KernelBuilder &kernel, const Block &block,
                               int64_t pixels) {
  // Sums of 64 bits are those of 32 bits and the bias.
  bool isWide = group.sumBits == 64;
  Value zero = kernel.splat(kernel.vectorOf(step.lanes, 32), 0);
  KernelBuilder::Values sums, weights, starts;
  SmallVector<KernelBuilder::Values> loaded;
  int64_t weightsOfVector = rowsAtOnce * weightVectors();
  for (int64_t v = 0; v < block.vectors; ++v) {
    Value vector = kernel.add(block.vector, v);
    Value channel = kernel.scale(vector, step.lanes);
    Value weightAt = kernel.scale(vector, weightsOfVector * width());
    for (int64_t at = 0; at < weightsOfVector; ++at)
      weights.push_back(
          step.loadWeights(kernel, memory.weight, kernel.add(weightAt, at * width())));
    starts.push_back(kernel.load(memory.bias, channel, step.lanes));
    sums.append(block.rows * pixels, isWide ? zero : starts.back());
    loaded.push_back(
        group.epilogue->loadArrays(kernel, memory.arrays, channel, step.lanes));
  }
  ResultStore store(kernel, group, step, memory,
                    /*inOrder=*/block.vectors > 1);
  auto finish = [&](int64_t row, int64_t p) {
    Value to =
        kernel.add(block.output, (row * group.outerColumns() + p) * group.channels);
    store.setShifts(shiftsBelow(kernel, group, block.shifts, row));
    for (int64_t v = 0; v < block.vectors; ++v) {
      Value sum = sums[(v * block.rows + row) * pixels + p];
      store.add(isWide ? step.addPartial(kernel, starts[v], sum) : sum, loaded[v],
                kernel.add(to, v * step.lanes), block.valid, /*follows=*/v > 0);
    }
  };
  int64_t window = (group.kernelColumns - 1) * group.columnDilation;
  for (int64_t column = 0; column <= (pixels - 1) * group.columnStride + window; ++column)
    for (int64_t rowGroup = 0; rowGroup < rowGroups; ++rowGroup) {
      KernelBuilder::Values inputs; // made by the first pixel that needs them
      for (int64_t p = 0; p < pixels; ++p) {
        int64_t offset = column - p * group.columnStride;
        int64_t kc = offset / group.columnDilation;
        if (offset < 0 || offset % group.columnDilation || kc >= group.kernelColumns)
          continue;
        Value at = kernel.add(block.input, column * group.groups);
        if (inputs.empty())
          inputs = block.vectors > 1 ? unpack(kernel, block, at, rowGroup)
                                     : gather(kernel, block, at, rowGroup);
        for (int64_t v = 0; v < block.vectors; ++v)
          for (int64_t row = 0; row < block.rows; ++row) {
            Value &sum = sums[(v * block.rows + row) * pixels + p];
            int64_t from =
                v * weightsOfVector + row * weightVectors() + kc * rowGroups + rowGroup;
            sum = step.emit(kernel, sum, inputs[v], weights[from]);
          }
        if (offset == window && rowGroup + 1 == rowGroups)
          for (int64_t row = 0; row < block.rows; ++row)
            finish(row, p);
      }
    }
  store.flush();
}

/// `rows` rows of an image from `row` on. All channels of a few columns before the
/// next columns: what they read stays in the nearest cache.
void DepthwiseKernel::emitRows(KernelBuilder &kernel, Value image, Value row,
                               int64_t rows) {
  int64_t tail = group.channels % step.lanes, full = group.channels / step.lanes;
  Value input = kernel.add(kernel.scale(image, group.inputRows * rowSize()),
                           kernel.scale(row, group.rowStride * rowSize()));
  Value output = resultAt(kernel, group, image, row, kernel.index(0));
  Shifts shifts = shiftsAt(kernel, group, image, row);
  for (const Tiles &tiles : splitEvenly(group.columns, kMostPixels))
    kernel.loop(tiles.count, [&](Value tile) {
      Value column = kernel.add(kernel.scale(tile, tiles.size), tiles.begin);
      Value from = kernel.scale(column, group.columnStride * group.groups);
      from = kernel.add(input, from);
      Value to = kernel.add(output, kernel.scale(column, group.channels));
      auto emitVectors = [&](Value vector, int64_t count, int64_t valid) {
        Value inputAt = kernel.add(from, kernel.scale(vector, step.lanes / multiplier()));
        Value outputAt = kernel.add(to, kernel.scale(vector, step.lanes));
        emitTile(kernel, {vector, inputAt, outputAt, shifts, count, rows, valid},
                 tiles.size);
      };
      kernel.loop(bundles, [&](Value bundle) {
        emitVectors(kernel.scale(bundle, kBundle), kBundle, step.lanes);
      });
      kernel.loop(full - bundles * kBundle, [&](Value vector) {
        emitVectors(kernel.add(vector, bundles * kBundle), 1, step.lanes);
      });
      if (tail)
        emitVectors(kernel.index(full), 1, tail);
    });
}

void DepthwiseKernel::emit(KernelBuilder &kernel, ValueRange buffers, Share share) {
  memory = KernelBuffers(group, buffers, /*scratches=*/0);
  // First the blocks of all rows they can have, of all images, then what is left.
  int64_t blocks = group.rows / rowsAtOnce, left = group.rows % rowsAtOnce;
  Value full = kernel.index(group.batch * blocks);
  kernel.loop(share.begin, kernel.least(share.end, full), [&](Value unit) {
    bool isSingle = group.batch == 1;
    Value image = isSingle ? kernel.index(0) : kernel.divide(unit, blocks);
    Value block = isSingle ? unit : kernel.remainder(unit, blocks);
    emitRows(kernel, image, kernel.scale(block, rowsAtOnce), rowsAtOnce);
  });
  if (left)
    kernel.loop(kernel.most(share.begin, full), share.end, [&](Value unit) {
      Value image = kernel.add(unit, -group.batch * blocks);
      emitRows(kernel, image, kernel.index(blocks * rowsAtOnce), left);
    });
}

bool qbias::isDepthwiseKernel(const Group &group, DotStep step) {
  return group.isDepthwise() && step.lanes % group.channelsOfGroup() == 0;
}

std::unique_ptr<Kernel> qbias::makeDepthwiseKernel(const Group &group, DotStep step) {
  return std::make_unique<DepthwiseKernel>(group, step);
}
