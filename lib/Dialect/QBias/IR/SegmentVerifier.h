//===- SegmentVerifier.h - constraints of every segment ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_DIALECT_QBIAS_IR_SEGMENTVERIFIER_H
#define QBIAS_LIB_DIALECT_QBIAS_IR_SEGMENTVERIFIER_H

#include "qbias/Dialect/QBias/IR/QBias.h"

namespace qbias {

/// What tells the segments of the operations apart, and the labels of their
/// common constraints in each operation's description.
struct Segment {
  IntegerSegmentOpInterface op;
  llvm::StringRef lengths, multipliers, output, thresholds, reference, modes;
  int64_t operands = 1;
  bool hasWeights = false;
  bool hasAddend = false; ///< the last operand may be subtracted
  bool isSigned = false;  ///< every operand may

  /// Every constraint under one label, as C7 to C13 of int.conv2d.
  static Segment get(mlir::Operation *op, llvm::StringRef label) {
    return {llvm::cast<IntegerSegmentOpInterface>(op),
            label,
            label,
            label,
            label,
            label,
            label};
  }
};

/// Reference, requantization, bounds and certificate.
llvm::LogicalResult verifySegment(const Segment &segment);

/// The addend (null when there is none), its zero point and its multipliers.
llvm::LogicalResult verifyAddend(const Segment &segment, llvm::StringRef label,
                                 mlir::Value addend);

/// A zero point is a value of the operand's type.
llvm::LogicalResult verifyZeroPoint(mlir::Operation *op, llvm::StringRef label,
                                    mlir::Value value, int64_t zeroPoint);

/// Forms that multiply, add and shift.
bool isFixedPoint(RequantAttr requant);

} // namespace qbias

#endif // QBIAS_LIB_DIALECT_QBIAS_IR_SEGMENTVERIFIER_H
