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
// covers it. Where the kernel rows leave room in their groups (3 of 4), windows of
// the next output rows fit into the same inputs: weights[r] are moved by r rows, with
// zeros around them.
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
  }

  std::string getKey() const override;
  SmallVector<ElementsAttr> packConstants(StringRef name) override;
  unsigned inputBits() const override { return group.inputBits; }
  int64_t getUnits() const override {
    return group.batch * llvm::divideCeil(group.rows, rowsAtOnce);
  }
  void emit(KernelBuilder &kernel, ValueRange buffers, Share share) override;

private:
  /// The pixels that are computed together, of one channel vector.
  struct Block {
    Value vector, input, output; ///< where the first pixel's data lie
    int64_t rows, valid;         ///< of the result; channels
  };

  int64_t rowSize() const { return group.inputColumns * group.groups; }
  int64_t multiplier() const { return group.channelsOfGroup(); }
  /// Of one output row of a block.
  int64_t weightVectors() const { return group.kernelColumns * rowGroups; }
  int64_t width() const { return step.lanes * step.group(); }
  Value gather(KernelBuilder &kernel, const Block &block, Value at, int64_t rowGroup);
  KernelBuilder::Values sumUp(KernelBuilder &kernel, const Block &block, int64_t pixels);
  void emitTile(KernelBuilder &kernel, const Block &block, int64_t pixels);
  void emitRows(KernelBuilder &kernel, Value image, Value row, int64_t rows);

  const Group &group;
  DotStep step;
  int64_t vectors, rowGroups, rowsAtOnce;
  // While emitting.
  Value x, weight, bias, y;
  ValueRange arrays, elements;
};

} // namespace

std::string DepthwiseKernel::getKey() const {
  std::string key = llvm::formatv(
      "depthwise{0},{1},{2};{3},{4},{5},{6};{7},{8};{9},{10},{11},{12};", int(step.kind),
      step.lanes, step.registers, group.batch, group.rows, group.columns, group.channels,
      group.kernelRows, group.kernelColumns, group.rowStride, group.columnStride,
      group.rowDilation, group.columnDilation);
  llvm::raw_string_ostream(key)
      << group.inputRows << "," << group.inputColumns << "," << multiplier() << ";"
      << group.epilogue->getResultElement() << ";" << group.epilogue->getKey();
  return key;
}

/// [vector][output row][kernel column][row group][lane][row in the group]
SmallVector<ElementsAttr> DepthwiseKernel::packConstants(StringRef name) {
  int64_t channels = group.channels;
  SmallVector<int64_t> packed;
  auto weightAt = [&](int64_t kr, int64_t kc, int64_t c) {
    bool isUsed = kr >= 0 && kr < group.kernelRows && c < channels;
    return isUsed ? group.weights[(kr * group.kernelColumns + kc) * channels + c] : 0;
  };
  for (int64_t vector = 0; vector < vectors; ++vector)
    for (int64_t row = 0; row < rowsAtOnce; ++row)
      for (int64_t kc = 0; kc < group.kernelColumns; ++kc)
        for (int64_t rowGroup = 0; rowGroup < rowGroups; ++rowGroup)
          for (int64_t lane = 0; lane < step.lanes; ++lane)
            for (int64_t g = 0; g < step.group(); ++g)
              packed.push_back(weightAt(rowGroup * step.group() + g - row, kc,
                                        vector * step.lanes + lane));
  return makeConstants(group, step, packed, name);
}

/// a[0] b[0] a[1] b[1] ...
static Value interleave(KernelBuilder &kernel, Value a, Value b) {
  int64_t lanes = cast<VectorType>(a.getType()).getNumElements();
  SmallVector<int64_t> mask;
  for (int64_t lane = 0; lane < lanes; ++lane)
    mask.append({lane, lanes + lane});
  return kernel.shuffle(a, b, mask);
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

/// The inputs of a group of rows in one column, channel by channel.
Value DepthwiseKernel::gather(KernelBuilder &kernel, const Block &block, Value at,
                              int64_t rowGroup) {
  KernelBuilder::Values inputs;
  for (int64_t g = 0; g < step.group(); ++g) {
    int64_t row = rowGroup * step.group() + g;
    if (row >= group.kernelRows + block.rows - 1) {
      inputs.push_back(kernel.splat(kernel.vectorOf(step.lanes, group.inputBits), 0));
      continue;
    }
    Value own = kernel.loadFirst(x, kernel.add(at, row * group.rowDilation * rowSize()),
                                 step.lanes / multiplier(), block.valid / multiplier());
    inputs.push_back(replicate(kernel, own, multiplier()));
  }
  Value low = interleave(kernel, inputs[0], inputs[1]);
  if (step.kind == DotKind::Pair16)
    return kernel.widen(low, step.inputBits());
  Value high = interleave(kernel, inputs[2], inputs[3]);
  VectorType pairs = kernel.vectorOf(step.lanes, 16);
  Value all = interleave(kernel, kernel.bitcast(low, pairs), kernel.bitcast(high, pairs));
  VectorType bytes = kernel.vectorOf(step.lanes * step.group(), 8);
  if (!step.inputOffset)
    return kernel.bitcast(all, bytes);
  return arith::XOrIOp::create(kernel.builder, kernel.loc, kernel.bitcast(all, bytes),
                               kernel.splat(bytes, -step.inputOffset));
}

/// The sums of a tile, row by row.
KernelBuilder::Values DepthwiseKernel::sumUp(KernelBuilder &kernel, const Block &block,
                                             int64_t pixels) {
  Value channel = kernel.scale(block.vector, step.lanes);
  Value weightAt = kernel.scale(block.vector, rowsAtOnce * weightVectors() * width());
  Value start = kernel.load(bias, channel, step.lanes);
  // Sums of 64 bits are those of 32 bits and the bias.
  bool isWide = group.sumBits == 64;
  Value zero = kernel.splat(kernel.vectorOf(step.lanes, 32), 0);
  KernelBuilder::Values sums(block.rows * pixels, isWide ? zero : start), weights;
  for (int64_t at = 0; at < block.rows * weightVectors(); ++at)
    weights.push_back(
        step.loadWeights(kernel, weight, kernel.add(weightAt, at * width())));
  int64_t last = (pixels - 1) * group.columnStride +
                 (group.kernelColumns - 1) * group.columnDilation;
  for (int64_t column = 0; column <= last; ++column)
    for (int64_t rowGroup = 0; rowGroup < rowGroups; ++rowGroup) {
      Value inputs; // made by the first pixel that needs them
      for (int64_t p = 0; p < pixels; ++p) {
        int64_t offset = column - p * group.columnStride;
        int64_t kc = offset / group.columnDilation;
        if (offset < 0 || offset % group.columnDilation || kc >= group.kernelColumns)
          continue;
        if (!inputs)
          inputs = gather(kernel, block, kernel.add(block.input, column * group.groups),
                          rowGroup);
        for (int64_t row = 0; row < block.rows; ++row) {
          Value &sum = sums[row * pixels + p];
          int64_t at = row * weightVectors() + kc * rowGroups + rowGroup;
          sum = step.emit(kernel, sum, inputs, weights[at]);
        }
      }
    }
  if (isWide)
    for (Value &sum : sums)
      sum = step.addPartial(kernel, start, sum);
  return sums;
}

void DepthwiseKernel::emitTile(KernelBuilder &kernel, const Block &block,
                               int64_t pixels) {
  KernelBuilder::Values sums = sumUp(kernel, block, pixels);
  Value channel = kernel.scale(block.vector, step.lanes);
  KernelBuilder::Values loaded =
      group.epilogue->loadArrays(kernel, arrays, channel, step.lanes);
  ResultStore store(kernel, group, step, y, elements);
  for (int64_t row = 0; row < block.rows; ++row)
    for (int64_t p = 0; p < pixels; ++p) {
      int64_t pixel = row * group.outerColumns() + p;
      store.add(sums[row * pixels + p], loaded,
                kernel.add(block.output, pixel * group.channels), block.valid);
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
  for (const Tiles &tiles : splitEvenly(group.columns, kMostPixels))
    kernel.loop(tiles.count, [&](Value tile) {
      Value column = kernel.add(kernel.scale(tile, tiles.size), tiles.begin);
      Value from = kernel.scale(column, group.columnStride * group.groups);
      from = kernel.add(input, from);
      Value to = kernel.add(output, kernel.scale(column, group.channels));
      auto emitVector = [&](Value vector, int64_t valid) {
        Value inputAt = kernel.add(from, kernel.scale(vector, step.lanes / multiplier()));
        Value outputAt = kernel.add(to, kernel.scale(vector, step.lanes));
        emitTile(kernel, {vector, inputAt, outputAt, rows, valid}, tiles.size);
      };
      if (full)
        kernel.loop(full, [&](Value vector) { emitVector(vector, step.lanes); });
      if (tail)
        emitVector(kernel.index(full), tail);
    });
}

void DepthwiseKernel::emit(KernelBuilder &kernel, ValueRange buffers, Share share) {
  x = buffers[0];
  weight = buffers[1];
  bias = buffers[2];
  y = buffers.back();
  int64_t others = group.epilogue->getElementwise().size();
  arrays = buffers.drop_front(3).drop_back(1 + others);
  elements = buffers.drop_back().take_back(others);
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
