//===- Group.h - a contraction and its epilogue ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CODEGEN_GROUP_H
#define QBIAS_LIB_CODEGEN_GROUP_H

#include "InputRange.h"
#include "VectorEpilogue.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace qbias {

/// Rows and columns of one value around an image.
struct Padding {
  int64_t top = 0, left = 0, bottom = 0, right = 0;
  int64_t value = 0;

  bool isEmpty() const { return !top && !left && !bottom && !right; }
  bool hasSameExtents(const Padding &other) const {
    return top == other.top && left == other.left && bottom == other.bottom &&
           right == other.right;
  }
  /// What `op` adds around NHWC images; nullopt for any other padding.
  static std::optional<Padding> match(mlir::tensor::PadOp op);
};

/// A form in which the results of a group are read.
struct ResultForm {
  Padding outer{};   ///< around the images: not part of the extents of the group
  int64_t added = 0; ///< to every element, modulo its bits
};

/// A contraction on tensors with constant weights and bias, and the epilogue
/// that alone reads its sums: what one kernel computes. Extents are those of
/// the result; the input is padded already.
struct Group {
  mlir::Operation *contraction = nullptr;
  mlir::linalg::GenericOp epilogueOp;
  mlir::Value input;
  int64_t batch = 1, rows = 1, columns = 1, channels = 1;
  int64_t inputRows = 1, inputColumns = 1;
  /// Channel groups, and the input channels of one: 1 when depthwise.
  int64_t groups = 1, inputChannels = 1;
  int64_t kernelRows = 1, kernelColumns = 1;
  int64_t rowStride = 1, columnStride = 1, rowDilation = 1, columnDilation = 1;
  /// Width of an input, 8 or 16, of what holds every weight, 8 or 16, and of a sum.
  unsigned inputBits = 8, weightBits = 8, sumBits = 32;
  IntegerRange inputRange{}; ///< with the padding around it
  /// What the dot step adds to inputs is in memory already.
  bool isInputMoved = false;
  /// [kernel row][kernel column][input channel of the group][channel]
  llvm::SmallVector<int64_t> weights;
  llvm::SmallVector<int64_t> bias; ///< per channel, zero point folded in
  std::optional<VectorEpilogue> epilogue;
  /// What is known to lie around the images in the input: part of its extents.
  Padding inner;
  /// Of every window of so many rows and columns the largest sum makes a result.
  int64_t poolRows = 1, poolColumns = 1;
  /// The forms in which the results are stored: each has a buffer.
  llvm::SmallVector<ResultForm, 1> results = {ResultForm()};
  /// What lies around the images where the kernel counts results: where tensors lie that
  /// the epilogue reads element by element, or else the first form.
  Padding outer;

  /// The group of a contraction. nullopt, with the reason, when it is none that
  /// kernels compute.
  static std::optional<Group> match(mlir::Operation *contraction, std::string &reason);

  /// A max pool as a group without an epilogue. Its extents are known.
  static Group ofPool(mlir::linalg::PoolingNhwcMaxOp pool);

  /// Lets the epilogue round in the upper word where what is proven about the inputs
  /// allows it: moves the bias.
  void roundUpperWord();

  /// The max pool that alone reads the results, where it may be computed of the sums
  /// before: its windows lie side by side, and the epilogue never decreases,
  ///
  ///   max(f(a), f(b)) = f(max(a, b))
  mlir::linalg::PoolingNhwcMaxOp findPool();
  /// Makes `pool` part of the group. Rows and columns that no window has are left out.
  void takePool(mlir::linalg::PoolingNhwcMaxOp pool);

  bool isDepthwise() const { return groups > 1 && inputChannels == 1; }
  bool isNarrow() const { return inputBits == 8 && weightBits == 8; }
  /// Channels of a pixel of the input.
  int64_t allInputChannels() const { return groups * inputChannels; }
  int64_t channelsOfGroup() const { return channels / groups; }
  int64_t reduction() const { return kernelRows * kernelColumns * inputChannels; }
  int64_t resultRows() const { return rows / poolRows; }
  int64_t resultColumns() const { return columns / poolColumns; }
  /// Sums of a result.
  int64_t window() const { return poolRows * poolColumns; }
  /// Columns of the layout in which results are counted.
  int64_t outerColumns() const { return resultColumns() + outer.left + outer.right; }
  /// Nothing lies between the rows of results in any form.
  bool isFlat() const {
    return outer.isEmpty() && llvm::all_of(results, [](const ResultForm &form) {
             return form.outer.isEmpty();
           });
  }
  int64_t macs() const { return batch * rows * columns * channels * reduction(); }
};

/// Elements from which on threads share a step: fewer are not worth its barrier.
inline constexpr int64_t kWorthBarrier = 1 << 15;

/// Contractions that may carry a plan.
bool isContraction(mlir::Operation *op);
/// Notes that the kernel of `contraction` computes the layer at `other` besides its own.
void addStore(mlir::Operation *contraction, mlir::Location other);
/// Makes the elementwise operation of `operand` one with that which computes it for it
/// alone; false where that is something else.
bool fuseWithProducer(mlir::RewriterBase &rewriter, mlir::OpOperand &operand);
/// What `value` is a reshape of.
mlir::Value skipReshapes(mlir::Value value);
/// The only reader of the sums of `contraction`, past reshapes, and its operand.
mlir::linalg::GenericOp findEpilogue(mlir::Operation *contraction, mlir::Value &sums);

} // namespace qbias

#endif // QBIAS_LIB_CODEGEN_GROUP_H
