//===- CopyKernel.cpp - tensors in the form a kernel reads ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What no kernel writes as its result is copied once, padded and widened on the way:
//
//   for row of every image:
//     y[row + top, left : left + columns] = sext(x[row])
//
// As a function of its own it has buffers that are known not to overlap; LLVM cannot
// know that of loops over one workspace, and leaves those over 8 and 16 bits scalar.
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

/// Elements that are moved at once.
static constexpr int64_t kBlock = 64;

namespace {

/// Units are rows; without padding, blocks.
class CopyKernel : public Kernel {
public:
  explicit CopyKernel(const Group &image) : image(image) {}

  std::string getKey() const override {
    return llvm::formatv("copy{0},{1},{2},{3}", image.batch, image.rows, image.columns,
                         image.channels);
  }
  SmallVector<ElementsAttr> packConstants(StringRef) override { return {}; }
  unsigned inputBits() const override { return image.inputBits; }
  int64_t getUnits() const override {
    return image.outer.isEmpty() ? llvm::divideCeil(allElements(), kBlock)
                                 : image.batch * image.rows;
  }
  void emit(KernelBuilder &kernel, ValueRange buffers, Share share) override;

private:
  int64_t rowElements() const { return image.columns * image.channels; }
  int64_t allElements() const { return image.batch * image.rows * rowElements(); }
  void emitBlocks(KernelBuilder &kernel, Share share);
  void move(KernelBuilder &kernel, Value from, Value to, int64_t count);

  const Group &image;
  Value x, y; // while emitting
};

} // namespace

void CopyKernel::move(KernelBuilder &kernel, Value from, Value to, int64_t count) {
  Value elements = kernel.loadFirst(x, from, kBlock, count);
  storeResults(kernel, elements, y, to, count);
}

void CopyKernel::emitBlocks(KernelBuilder &kernel, Share share) {
  int64_t blocks = allElements() / kBlock, rest = allElements() % kBlock;
  kernel.loop(share.begin, kernel.least(share.end, kernel.index(blocks)),
              [&](Value block) {
                Value at = kernel.scale(block, kBlock);
                move(kernel, at, at, kBlock);
              });
  if (!rest)
    return;
  // The last slice alone ends behind the last whole block.
  Value at = kernel.index(blocks * kBlock);
  kernel.loop(kernel.index(blocks), share.end,
              [&](Value) { move(kernel, at, at, rest); });
}

void CopyKernel::emit(KernelBuilder &kernel, ValueRange buffers, Share share) {
  x = buffers.front();
  y = buffers.back();
  if (image.outer.isEmpty())
    return emitBlocks(kernel, share);
  int64_t rest = rowElements() % kBlock;
  kernel.loop(share.begin, share.end, [&](Value unit) {
    Value from = kernel.scale(unit, rowElements());
    Value to = resultAt(kernel, image, kernel.divide(unit, image.rows),
                        kernel.remainder(unit, image.rows), kernel.index(0));
    kernel.loop(rowElements() / kBlock, [&](Value block) {
      Value at = kernel.scale(block, kBlock);
      move(kernel, kernel.add(from, at), kernel.add(to, at), kBlock);
    });
    if (rest) {
      int64_t at = rowElements() - rest;
      move(kernel, kernel.add(from, at), kernel.add(to, at), rest);
    }
  });
}

std::unique_ptr<Kernel> qbias::makeCopyKernel(const Group &image) {
  return std::make_unique<CopyKernel>(image);
}
