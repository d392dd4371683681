//===- CRequantizer.h - a requantization in C ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_TARGET_CREQUANTIZER_H
#define QBIAS_LIB_TARGET_CREQUANTIZER_H

#include "CWriter.h"

namespace qbias {

/// Prints the constants of a requantization once, and its use per element.
class Requantizer {
public:
  Requantizer(IntegerSegmentOpInterface op, CWriter &writer)
      : op(op), requant(op.getRequantAttr()), writer(writer),
        type(getCType(getElement(op->getResult(0)))) {}

  /// Constants; fails where the form has none in C.
  llvm::LogicalResult declare();
  /// `place = requantization of acc` for channel `channel`, a C expression.
  void write(const llvm::Twine &place, llvm::StringRef acc, llvm::StringRef channel,
             llvm::StringRef addend = "");

private:
  void declareArray(llvm::StringRef name, llvm::SmallVector<int64_t> values);
  void declareLow();
  std::string entry(llvm::StringRef name, llvm::StringRef channel);
  std::string scaled(llvm::StringRef acc, llvm::StringRef channel, llvm::StringRef addend,
                     llvm::StringRef prefix = "");
  void writeWide(const llvm::Twine &place, llvm::StringRef acc, llvm::StringRef channel,
                 llvm::StringRef addend, llvm::StringRef range);

  IntegerSegmentOpInterface op;
  RequantAttr requant;
  CWriter &writer;
  std::string type;
};

} // namespace qbias

#endif // QBIAS_LIB_TARGET_CREQUANTIZER_H
