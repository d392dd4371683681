//===- NarrowBody.h - integer expressions in 32 bits ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_CODEGEN_NARROWBODY_H
#define QBIAS_LIB_CODEGEN_NARROWBODY_H

#include "KernelBuilder.h"

#include "mlir/IR/IRMapping.h"

#include <optional>

namespace qbias {

/// All integers from low to high.
struct Interval {
  int64_t low, high;

  bool isInside(unsigned bits) const {
    return llvm::isInt<64>(low) && low >= -(int64_t(1) << (bits - 1)) &&
           high < int64_t(1) << (bits - 1);
  }
};

/// An expression of 64-bit integers and its clamp to 8 bits:
///
///   trunc(min(max(value, lo), hi) + offset)
///
/// whose values are proven to fit 32 bits, each of them; or of which
///
///   value = (a * m + b * n + c) >> k
///
/// needs one bit more for the sum. Its half fits, and is made without it:
///
///   sum >> 1 = a * (m >> 1) + b * (n >> 1) + ((a * (m & 1) + b * (n & 1) + c) >> 1)
class NarrowBody {
public:
  using Ranges = llvm::DenseMap<mlir::Value, Interval>;

  /// `result` of 8 bits in terms of the values in `known`. nullopt when some value
  /// may need more than 32 bits.
  static std::optional<NarrowBody> match(mlir::Value result, Ranges known);

  /// value + offset on lanes of 32 bits; `map` holds those of known values, `loaded`
  /// getConstants() in every lane.
  mlir::Value emit(KernelBuilder &kernel, mlir::IRMapping &map, int64_t lanes,
                   mlir::ValueRange loaded) const;
  /// m >> 1, n >> 1, -(m & 1), -(n & 1), c and k - 1 of a halved sum: the code is the
  /// same for all of them.
  llvm::ArrayRef<int64_t> getConstants() const { return constants; }
  /// emit() needs this known value.
  bool reads(mlir::Value argument) const;
  bool isHalved() const { return !terms.empty(); }
  /// The clamp of what emit() makes.
  Interval getClamp() const { return clamp; }

private:
  bool collect(mlir::Value result, Ranges &ranges);
  void takeClamp(mlir::Value result, const Ranges &ranges);
  bool matchSum(mlir::Value result, const Ranges &known);
  mlir::Value emitSum(KernelBuilder &kernel, mlir::IRMapping &map,
                      mlir::ValueRange loaded) const;

  llvm::SmallVector<mlir::Operation *> ops; ///< in order
  llvm::SmallVector<mlir::Value, 2> terms;  ///< a and b of a halved sum; else none
  llvm::SmallVector<int64_t, 6> constants;
  mlir::Value value;
  int64_t offset = 0;
  Interval clamp;
};

} // namespace qbias

#endif // QBIAS_LIB_CODEGEN_NARROWBODY_H
