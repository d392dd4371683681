//===- PoolKernel.cpp - the largest of every window ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of a max pool whose windows overlap, or that no layer alone is in front of:
//
//   for row of every image; for column; for channels of a vector:
//     y[row, column] = max(start, x[rows of the window, columns of the window])
//
// in every form in which that is read.
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"

#include "qbias/Dialect/QBias/IR/Constants.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace qbias;

namespace {

/// Units are rows.
class PoolKernel : public Kernel {
public:
  explicit PoolKernel(const Pool &pool) : pool(pool), image(pool.images) {}

  std::string getKey() const override {
    return llvm::formatv("pool{0},{1},{2},{3};{4},{5};{6},{7},{8},{9},{10},{11};{12}",
                         image.batch, image.rows, image.columns, image.channels,
                         image.inputRows, image.inputColumns, image.kernelRows,
                         image.kernelColumns, image.rowStride, image.columnStride,
                         image.rowDilation, image.columnDilation, pool.start);
  }
  SmallVector<ElementsAttr> packConstants(StringRef) override { return {}; }
  unsigned inputBits() const override { return image.inputBits; }
  int64_t getUnits() const override { return image.batch * image.rows; }
  void emit(KernelBuilder &kernel, ValueRange buffers, Share share) override;

private:
  /// Channels of 64 bytes, the widest vector there is.
  int64_t lanes() const { return 64 * 8 / image.inputBits; }
  void emitVector(KernelBuilder &kernel, Value from, Value to, int64_t count);

  const Pool &pool;
  const Group &image;
  Value x; // while emitting
  ValueRange forms;
  Shifts shifts;
};

} // namespace

/// Some channels of a pixel.
void PoolKernel::emitVector(KernelBuilder &kernel, Value from, Value to, int64_t count) {
  int64_t row = image.rowDilation * image.inputColumns * image.channels;
  int64_t column = image.columnDilation * image.channels;
  VectorType type = kernel.vectorOf(lanes(), image.inputBits);
  Value start = kernel.splat(type, pool.start);
  KernelBuilder::Values largest =
      kernel.reduce(image.kernelRows, start, [&](Value kr, ValueRange carried) {
        Value most = carried.front(), at = kernel.add(from, kernel.scale(kr, row));
        for (int64_t kc = 0; kc < image.kernelColumns; ++kc)
          most = kernel.most(
              most, kernel.loadFirst(x, kernel.add(at, kc * column), lanes(), count));
        return KernelBuilder::Values{most};
      });
  Value result = largest.front();
  if (int64_t added = image.results.front().added)
    result = kernel.add(result, kernel.splat(type, added));
  storeForms(kernel, image, result, forms, to, shifts, count);
}

void PoolKernel::emit(KernelBuilder &kernel, ValueRange buffers, Share share) {
  x = buffers.front();
  forms = buffers.drop_front();
  int64_t channels = image.channels;
  int64_t inputRow = image.inputColumns * channels;
  kernel.loop(share.begin, share.end, [&](Value unit) {
    Value number = kernel.divide(unit, image.rows);
    Value row = kernel.remainder(unit, image.rows);
    Value from = kernel.add(kernel.scale(number, image.inputRows * inputRow),
                            kernel.scale(row, image.rowStride * inputRow));
    Value to = resultAt(kernel, image, number, row, kernel.index(0));
    shifts = shiftsAt(kernel, image, number, row);
    kernel.loop(image.columns, [&](Value column) {
      Value first = kernel.add(from, kernel.scale(column, image.columnStride * channels));
      Value at = kernel.add(to, kernel.scale(column, channels));
      kernel.loop(channels / lanes(), [&](Value i) {
        Value channel = kernel.scale(i, lanes());
        emitVector(kernel, kernel.add(first, channel), kernel.add(at, channel), lanes());
      });
      if (int64_t rest = channels % lanes())
        emitVector(kernel, kernel.add(first, channels - rest),
                   kernel.add(at, channels - rest), rest);
    });
  });
}

std::optional<Pool> Pool::match(linalg::PoolingNhwcMaxOp op) {
  if (op->getNumResults() != 1)
    return std::nullopt;
  auto isStatic = [](Type type) { return cast<ShapedType>(type).hasStaticShape(); };
  Type element = getElementTypeOrSelf(op.getResult(0).getType());
  auto fill = op.getOutputs()[0].getDefiningOp<linalg::FillOp>();
  std::optional<int64_t> start = fill ? getInteger(fill.getInputs()[0]) : std::nullopt;
  bool isEmpty = llvm::is_contained(cast<ShapedType>(op.getType(0)).getShape(), 0);
  if (!llvm::all_of(op->getOperandTypes(), isStatic) || !isStatic(op.getType(0)) ||
      !start || isEmpty || !(element.isInteger(8) || element.isInteger(16)))
    return std::nullopt;
  return Pool{Group::ofPool(op), *start};
}

std::unique_ptr<Kernel> qbias::makePoolKernel(const Pool &pool) {
  return std::make_unique<PoolKernel>(pool);
}
