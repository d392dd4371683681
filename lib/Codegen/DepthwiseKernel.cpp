//===- DepthwiseKernel.cpp - depthwise convolutions ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   for row of every image; for channel vector; for tile of P columns:
//     sums[p] = bias
//     for input column c of the tile; for group of G kernel rows:
//       t = the G inputs of every channel side by side
//       sums[p] = dot(sums[p], t, weights)   for every p, kernel column that meet in c
//     store requantized sums
//
// A column of inputs is put together once and used by every pixel whose window
// covers it.
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

namespace {

class DepthwiseKernel : public Kernel {
public:
  DepthwiseKernel(const Group &group, DotStep step)
      : group(group), step(step), vectors(llvm::divideCeil(group.channels, step.lanes)),
        rowGroups(llvm::divideCeil(group.kernelRows, step.group())) {}

  std::string getKey() const override;
  SmallVector<ElementsAttr> packConstants(StringRef name) override;
  unsigned inputBits() const override { return 8; }
  int64_t getUnits() const override { return group.batch * group.rows; }
  void emit(KernelBuilder &kernel, ValueRange buffers, Share share) override;

private:
  int64_t pixels() const;
  int64_t rowSize() const { return group.inputColumns * group.channels; }
  int64_t weightsOfVector() const {
    return group.kernelColumns * rowGroups * step.lanes * step.group();
  }
  Value gather(KernelBuilder &kernel, Value at, int64_t rowGroup, int64_t valid);
  void emitTile(KernelBuilder &kernel, Value vector, Value input, Value output,
                int64_t pixels, int64_t valid);
  void emitRow(KernelBuilder &kernel, Value vector, Value input, Value output,
               int64_t valid);

  const Group &group;
  DotStep step;
  int64_t vectors, rowGroups;
  // While emitting.
  Value x, weight, bias, y;
  ValueRange arrays, elements;
};

} // namespace

/// Sums and weights fit the registers, with a few columns of inputs.
int64_t DepthwiseKernel::pixels() const {
  constexpr int64_t kMostPixels = 8, kLeastPixels = 2;
  int64_t weights = std::min(group.kernelColumns * rowGroups, step.registers / 2);
  return std::clamp((step.registers - weights) / 3, kLeastPixels, kMostPixels);
}

std::string DepthwiseKernel::getKey() const {
  std::string key = llvm::formatv(
      "depthwise{0},{1},{2};{3},{4},{5},{6};{7},{8};{9},{10},{11},{12};", int(step.kind),
      step.lanes, step.registers, group.batch, group.rows, group.columns, group.channels,
      group.kernelRows, group.kernelColumns, group.rowStride, group.columnStride,
      group.rowDilation, group.columnDilation);
  llvm::raw_string_ostream(key)
      << group.inputRows << "," << group.inputColumns << ";"
      << group.epilogue->getResultElement() << ";" << group.epilogue->getKey();
  return key;
}

/// [vector][kernel column][row group][lane][row in the group]
SmallVector<ElementsAttr> DepthwiseKernel::packConstants(StringRef name) {
  int64_t channels = group.channels;
  SmallVector<int64_t> packed;
  auto weightAt = [&](int64_t kr, int64_t kc, int64_t c) {
    bool isUsed = kr < group.kernelRows && c < channels;
    return isUsed ? group.weights[(kr * group.kernelColumns + kc) * channels + c] : 0;
  };
  for (int64_t vector = 0; vector < vectors; ++vector)
    for (int64_t kc = 0; kc < group.kernelColumns; ++kc)
      for (int64_t rowGroup = 0; rowGroup < rowGroups; ++rowGroup)
        for (int64_t lane = 0; lane < step.lanes; ++lane)
          for (int64_t g = 0; g < step.group(); ++g)
            packed.push_back(
                weightAt(rowGroup * step.group() + g, kc, vector * step.lanes + lane));
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

/// The inputs of a group of kernel rows in one column, channel by channel.
Value DepthwiseKernel::gather(KernelBuilder &kernel, Value at, int64_t rowGroup,
                              int64_t valid) {
  KernelBuilder::Values inputs;
  for (int64_t g = 0; g < step.group(); ++g) {
    int64_t kr = rowGroup * step.group() + g;
    if (kr < group.kernelRows)
      inputs.push_back(kernel.loadFirst(
          x, kernel.add(at, kr * group.rowDilation * rowSize()), step.lanes, valid));
    else
      inputs.push_back(kernel.splat(kernel.vectorOf(step.lanes, 8), 0));
  }
  Value low = interleave(kernel, inputs[0], inputs[1]);
  if (step.kind == DotKind::Pair16)
    return kernel.widen(low, step.elementBits());
  Value high = interleave(kernel, inputs[2], inputs[3]);
  VectorType pairs = kernel.vectorOf(step.lanes, 16);
  Value all = interleave(kernel, kernel.bitcast(low, pairs), kernel.bitcast(high, pairs));
  VectorType bytes = kernel.vectorOf(step.lanes * step.group(), 8);
  if (!step.inputOffset())
    return kernel.bitcast(all, bytes);
  return arith::XOrIOp::create(kernel.builder, kernel.loc, kernel.bitcast(all, bytes),
                               kernel.splat(bytes, -step.inputOffset()));
}

void DepthwiseKernel::emitTile(KernelBuilder &kernel, Value vector, Value input,
                               Value output, int64_t pixels, int64_t valid) {
  Value channel = kernel.scale(vector, step.lanes);
  Value weightAt = kernel.scale(vector, weightsOfVector());
  int64_t width = step.lanes * step.group();
  KernelBuilder::Values sums(pixels, kernel.load(bias, channel, step.lanes)), weights;
  for (int64_t at = 0; at < weightsOfVector(); at += width)
    weights.push_back(kernel.load(weight, kernel.add(weightAt, at), width));
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
          inputs =
              gather(kernel, kernel.add(input, column * group.channels), rowGroup, valid);
        sums[p] = step.emit(kernel, sums[p], inputs, weights[kc * rowGroups + rowGroup]);
      }
    }
  KernelBuilder::Values loaded =
      group.epilogue->loadArrays(kernel, arrays, channel, step.lanes);
  ResultStore store(kernel, group, step, y, elements);
  for (int64_t p = 0; p < pixels; ++p)
    store.add(sums[p], loaded, kernel.add(output, p * group.channels), valid);
  store.flush();
}

/// One row of one channel vector.
void DepthwiseKernel::emitRow(KernelBuilder &kernel, Value vector, Value input,
                              Value output, int64_t valid) {
  Value channel = kernel.scale(vector, step.lanes);
  for (const Tiles &tiles : splitEvenly(group.columns, pixels()))
    kernel.loop(tiles.count, [&](Value tile) {
      Value column = kernel.add(kernel.scale(tile, tiles.size), tiles.begin);
      Value at = kernel.scale(column, group.columnStride * group.channels);
      Value to = kernel.add(output, kernel.scale(column, group.channels));
      emitTile(kernel, vector, kernel.add(kernel.add(input, at), channel),
               kernel.add(to, channel), tiles.size, valid);
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
  int64_t tail = group.channels % step.lanes;
  kernel.loop(share.begin, share.end, [&](Value row) {
    bool isSingle = group.batch == 1;
    Value image = isSingle ? kernel.index(0) : kernel.divide(row, group.rows);
    Value inside = isSingle ? row : kernel.remainder(row, group.rows);
    Value input = kernel.add(kernel.scale(image, group.inputRows * rowSize()),
                             kernel.scale(inside, group.rowStride * rowSize()));
    Value output = resultAt(kernel, group, image, inside, kernel.index(0));
    if (int64_t full = vectors - (tail ? 1 : 0))
      kernel.loop(full, [&](Value vector) {
        emitRow(kernel, vector, input, output, step.lanes);
      });
    if (tail)
      emitRow(kernel, kernel.index(vectors - 1), input, output, tail);
  });
}

std::unique_ptr<Kernel> qbias::makeDepthwiseKernel(const Group &group, DotStep step) {
  return std::make_unique<DepthwiseKernel>(group, step);
}
