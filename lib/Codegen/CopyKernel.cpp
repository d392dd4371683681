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
//     y[row + top, left : left + columns] = sext(x[row] + added)
//
// Where x has a plane for every channel, some columns of each are put together.
//
// As a function of its own it has buffers that are known not to overlap; LLVM cannot
// know that of loops over one workspace, and leaves those over 8 and 16 bits scalar.
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"

#include "qbias/Dialect/QBias/IR/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

/// Elements that are moved at once, and columns of planes.
static constexpr int64_t kBlock = 64, kColumns = 16;

namespace {

/// Units are rows, or blocks where both sides are in one piece.
class CopyKernel : public Kernel {
public:
  explicit CopyKernel(const Copy &copy) : copy(copy), image(copy.images) {}

  std::string getKey() const override {
    return llvm::formatv("copy{0},{1},{2},{3},{4},{5}", image.batch, image.rows,
                         image.columns, image.channels, copy.fromPlanes, copy.added);
  }
  SmallVector<ElementsAttr> packConstants(StringRef) override { return {}; }
  unsigned inputBits() const override { return image.inputBits; }
  int64_t getUnits() const override {
    return isOnePiece() ? llvm::divideCeil(allElements(), kBlock)
                        : image.batch * image.rows;
  }
  void emit(KernelBuilder &kernel, ValueRange buffers, Share share) override;

private:
  int64_t rowElements() const { return image.columns * image.channels; }
  int64_t allElements() const { return image.batch * image.rows * rowElements(); }
  bool isOnePiece() const { return image.outer.isEmpty() && !copy.fromPlanes; }
  void emitBlocks(KernelBuilder &kernel, Share share);
  Value load(KernelBuilder &kernel, Value from, int64_t lanes, int64_t count);
  void move(KernelBuilder &kernel, Value from, Value to, int64_t count);
  void moveColumns(KernelBuilder &kernel, Value from, Value to, int64_t count);
  void moveRow(KernelBuilder &kernel, Value from, Value to);

  const Copy &copy;
  const Group &image;
  Value x, y; // while emitting
};

} // namespace

Value CopyKernel::load(KernelBuilder &kernel, Value from, int64_t lanes, int64_t count) {
  Value elements = kernel.loadFirst(x, from, lanes, count);
  if (!copy.added)
    return elements;
  return kernel.add(elements,
                    kernel.splat(cast<VectorType>(elements.getType()), copy.added));
}

void CopyKernel::move(KernelBuilder &kernel, Value from, Value to, int64_t count) {
  storeResults(kernel, load(kernel, from, kBlock, count), y, to, count);
}

/// The channels of so many columns, which are `from` on in the first plane.
void CopyKernel::moveColumns(KernelBuilder &kernel, Value from, Value to, int64_t count) {
  int64_t plane = image.rows * image.columns;
  Value all = load(kernel, from, kColumns, count);
  for (int64_t c = 1; c < image.channels; ++c) {
    Value next = load(kernel, kernel.add(from, c * plane), kColumns, count);
    // As long as those before, or LLVM would take the two apart lane by lane.
    SmallVector<int64_t> repeated, mask;
    for (int64_t lane = 0; lane < c * kColumns; ++lane)
      repeated.push_back(lane % kColumns);
    for (int64_t column = 0; column < kColumns; ++column) {
      for (int64_t before = 0; before < c; ++before)
        mask.push_back(column * c + before);
      mask.push_back(c * kColumns + column);
    }
    all = kernel.shuffle(all, kernel.shuffle(next, next, repeated), mask);
  }
  storeResults(kernel, all, y, to, count * image.channels);
}

/// All of a row by blocks, and what is left.
void CopyKernel::moveRow(KernelBuilder &kernel, Value from, Value to) {
  int64_t total = copy.fromPlanes ? image.columns : rowElements();
  int64_t block = copy.fromPlanes ? kColumns : kBlock, rest = total % block;
  auto moveAt = [&](Value at, int64_t count) {
    if (copy.fromPlanes)
      return moveColumns(kernel, kernel.add(from, at),
                         kernel.add(to, kernel.scale(at, image.channels)), count);
    move(kernel, kernel.add(from, at), kernel.add(to, at), count);
  };
  kernel.loop(total / block, [&](Value i) { moveAt(kernel.scale(i, block), block); });
  if (rest)
    moveAt(kernel.index(total - rest), rest);
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
  if (isOnePiece())
    return emitBlocks(kernel, share);
  int64_t imageElements = image.rows * rowElements();
  int64_t rowDistance = copy.fromPlanes ? image.columns : rowElements();
  kernel.loop(share.begin, share.end, [&](Value unit) {
    Value number = kernel.divide(unit, image.rows);
    Value row = kernel.remainder(unit, image.rows);
    moveRow(
        kernel,
        kernel.add(kernel.scale(number, imageElements), kernel.scale(row, rowDistance)),
        resultAt(kernel, image, number, row, kernel.index(0)));
  });
}

std::optional<Copy> Copy::match(tensor::PadOp pad) {
  std::optional<Padding> outer = Padding::match(pad);
  Type element = pad.getType().getElementType();
  ArrayRef<int64_t> shape = pad.getSourceType().getShape();
  if (!outer || !(element.isInteger(8) || element.isInteger(16)) ||
      llvm::is_contained(shape, 0))
    return std::nullopt;
  Copy copy;
  Group &images = copy.images;
  images.batch = shape[0];
  images.rows = shape[1];
  images.columns = shape[2];
  images.channels = shape[3];
  images.outer = *outer;
  images.results = {{*outer, 0}};
  return copy;
}

bool qbias::takeAddition(Value &source, int64_t &added) {
  auto generic = source.getDefiningOp<linalg::GenericOp>();
  if (!generic || !source.hasOneUse() || generic.getNumDpsInputs() != 1 ||
      !llvm::all_of(generic.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isIdentity(); }))
    return false;
  Block &body = generic.getRegion().front();
  auto add = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddIOp>();
  std::optional<int64_t> addend = add ? getInteger(add.getRhs()) : std::nullopt;
  if (!addend || add.getLhs() != body.getArgument(0))
    return false;
  added += *addend;
  source = generic.getInputs()[0];
  return true;
}

void Copy::takeSource(Value &source) {
  constexpr int64_t kFewChannels = 4;
  int64_t extents[] = {images.batch, images.rows, images.columns, images.channels};
  bool isImages = cast<ShapedType>(source.getType()).getShape() == ArrayRef(extents);
  auto transpose = source.getDefiningOp<linalg::TransposeOp>();
  if (transpose && source.hasOneUse() && isImages && images.channels <= kFewChannels &&
      transpose.getPermutation() == ArrayRef<int64_t>{0, 2, 3, 1}) {
    fromPlanes = true;
    source = transpose.getInput();
  }
  takeAddition(source, added);
}

std::unique_ptr<Kernel> qbias::makeCopyKernel(const Copy &copy) {
  return std::make_unique<CopyKernel>(copy);
}
