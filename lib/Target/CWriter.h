//===- CWriter.h - what the parts of the C output share ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_TARGET_CWRITER_H
#define QBIAS_LIB_TARGET_CWRITER_H

#include "qbias/Dialect/QBias/IR/QBias.h"

#include "llvm/Support/raw_ostream.h"

namespace qbias {

/// Prints indented lines and constants.
class CWriter {
public:
  explicit CWriter(llvm::raw_ostream &os, bool hasNarrowProducts = false)
      : hasNarrowProducts(hasNarrowProducts), os(os) {}

  /// Layers multiply in 32 bits where numbers that allow it are proven.
  const bool hasNarrowProducts;

  void line(const llvm::Twine &text) {
    if (!text.isTriviallyEmpty())
      os.indent(2 * depth) << text;
    os << "\n";
  }
  /// Prints `text {` and indents until `close`.
  void open(const llvm::Twine &text) {
    line(text + " {");
    ++depth;
  }
  /// Closes the `count` innermost braces.
  void close(size_t count = 1) {
    for (; count > 0; --count) {
      --depth;
      line("}");
    }
  }
  /// `for (int name = 0; name < count; ++name) {`.
  void loop(llvm::StringRef name, int64_t count) {
    open("for (int " + name + " = 0; " + name + " < " + llvm::Twine(count) + "; ++" +
         name + ")");
  }
  /// `static const type name[shape] = {...};`, or a scalar where `shape` is
  /// empty.
  void constant(llvm::StringRef type, llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                llvm::ArrayRef<int64_t> values);

private:
  void rows(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> values, bool isWide);

  llvm::raw_ostream &os;
  unsigned depth = 0;
};

/// "uint8_t" of an element type.
std::string getCType(mlir::Type element);

/// The narrowest of int8_t to int64_t that holds all values.
std::string getNarrowestType(llvm::ArrayRef<int64_t> values);

/// `value` as a C constant of an integer type.
std::string toCInteger(int64_t value, bool isWide);

/// The extents of a tensor.
llvm::ArrayRef<int64_t> getShape(mlir::Value value);

/// The element type of a tensor.
inline mlir::Type getElement(mlir::Value value) {
  return mlir::getElementTypeOrSelf(value.getType());
}

/// All integers of `attr`; none where it is null.
llvm::SmallVector<int64_t> readAll(mlir::ElementsAttr attr);

/// Largest |q - zeroPoint| of the integers `value` can hold.
int64_t getReach(mlir::Value value, int64_t zeroPoint);

/// The C type in which `terms` products below `product`, and a start, can be
/// summed in any order.
std::string getSumType(int64_t terms, int64_t product, int64_t start);

/// "(x[i] - 128)" as a factor of a product in `type`.
std::string getCentered(const llvm::Twine &element, int64_t zeroPoint,
                        llvm::StringRef type);

/// Loops over the elements n, i, j, o of an NHWC tensor; returns the place
/// "((n * 8 + i) * 8 + j) * 4 + o".
std::string openWindows(CWriter &writer, llvm::ArrayRef<int64_t> y);

/// Where windows lie along rows and columns.
struct Window {
  llvm::ArrayRef<int64_t> kernel, strides, dilations, pads;
};

/// Loops ki, kj over the taps of the window of result row i and column j that lie
/// inside an operand of shape `x`, at `row` and `column`.
void openTaps(CWriter &writer, const Window &window, llvm::ArrayRef<int64_t> x);

/// Strides in elements of a contiguous tensor.
llvm::SmallVector<int64_t> getStrides(llvm::ArrayRef<int64_t> shape);

/// The operands whose elements an operation reads: called x, x1, x2, ... in its
/// layer. Weights and biases that are constants are not among them.
llvm::SmallVector<mlir::Value> getData(mlir::Operation *op);

/// What a layer's data operand is called.
std::string getDataName(size_t index);

/// The functions that `code` calls beside its own, and those that they call.
std::string getHelpers(llvm::StringRef code);

/// Prints the body of an operation's layer function. Emits an error and fails
/// where there is no C form.
llvm::LogicalResult writeLayer(mlir::Operation *op, CWriter &writer);

/// The same for elementwise operations and pools.
llvm::LogicalResult writeElements(mlir::Operation *op, CWriter &writer);

/// The same for a softmax.
llvm::LogicalResult writeSoftmax(IntSoftmaxOp op, CWriter &writer);

/// The same for operations that move elements.
llvm::LogicalResult writeMovement(mlir::Operation *op, CWriter &writer);

} // namespace qbias

#endif // QBIAS_LIB_TARGET_CWRITER_H
