//===- CRequantizer.h - a requantization in C ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_TARGET_CREQUANTIZER_H
#define QBIAS_LIB_TARGET_CREQUANTIZER_H

#include "CNarrow.h"
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

  /// C type of the sums that are written.
  void setSumType(llvm::StringRef type) { sumType = type.str(); }

private:
  void declareArray(llvm::StringRef name, llvm::SmallVector<int64_t> values);
  void declareLow();
  bool hasNarrowFactors();
  std::string cast32(llvm::StringRef acc);
  std::string entry(llvm::StringRef name, llvm::StringRef channel);
  std::string scaled(llvm::StringRef acc, llvm::StringRef channel, llvm::StringRef addend,
                     llvm::StringRef prefix = "");
  void writeWide(const llvm::Twine &place, llvm::StringRef acc, llvm::StringRef channel,
                 llvm::StringRef addend, llvm::StringRef range);
  void writeDoubleRound(const llvm::Twine &place, llvm::StringRef acc,
                        llvm::StringRef channel, llvm::StringRef range);
  void writeDivision(const llvm::Twine &place, llvm::StringRef acc,
                     llvm::StringRef channel, llvm::StringRef range);
  void writeRescaledSum(const llvm::Twine &place, llvm::StringRef a, llvm::StringRef b,
                        llvm::StringRef range);

  IntegerSegmentOpInterface op;
  RequantAttr requant;
  CWriter &writer;
  std::string type;
  std::string sumType = "int32_t";
  std::optional<NarrowRequant> narrow;
};

} // namespace qbias

#endif // QBIAS_LIB_TARGET_CREQUANTIZER_H
