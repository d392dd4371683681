//===- ImportedTensor.h - a tensor of the file during an import ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_COMMON_IMPORTEDTENSOR_H
#define QBIAS_IMPORT_COMMON_IMPORTEDTENSOR_H

#include "qbias/Import/Common/ConstantTensor.h"
#include "qbias/Import/Common/Layer.h"

namespace qbias::importing {

/// A tensor of the file: a constant, an SSA value, or a constant that has also
/// been written as a value.
struct ImportedTensor {
  std::optional<ConstantTensor> constant;
  mlir::Value value;
  /// Set on an integer graph input until a dequantize gives it a scale.
  std::optional<DataType> untyped;

  llvm::SmallVector<int64_t> getShape() const;
  /// "float32[1, 3, 8, 8]", "quantized uint8[4]", "constant int8[16]".
  std::string describe() const;
};

/// A float constant as an arith.constant of float32, where that is exact; an error
/// about `user` elsewhere, and for NaN and infinities, which stand for no real
/// number.
mlir::FailureOr<mlir::Value> writeFloats(mlir::OpBuilder &builder, MemoryBudget &budget,
                                         mlir::Location loc,
                                         const ConstantTensor &constant,
                                         const Subject &user);

} // namespace qbias::importing

#endif // QBIAS_IMPORT_COMMON_IMPORTEDTENSOR_H
