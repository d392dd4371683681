//===- Storage.h - how integers of a file are stored in a program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_CONVERSION_STORAGE_H
#define QBIAS_CONVERSION_STORAGE_H

#include "mlir/IR/Types.h"

namespace qbias {

/// What a signless integer holds more than the file's integer: -128 for ui8,
/// -32768 for ui16, 0 for signed types.
int64_t getStorageShift(mlir::Type fileElement);

/// The signless type that carries `type` below the integer family.
mlir::Type getSignlessType(mlir::Type type);

} // namespace qbias

#endif // QBIAS_CONVERSION_STORAGE_H
