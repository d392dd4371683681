//===- Storage.cpp - how integers of a file are stored in a program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Conversion/Storage.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace qbias;

int64_t qbias::getStorageShift(Type fileElement) {
  auto integer = cast<IntegerType>(fileElement);
  return integer.isUnsigned() ? -(int64_t(1) << (integer.getWidth() - 1)) : 0;
}

Type qbias::getSignlessType(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return tensor.clone(getSignlessType(tensor.getElementType()));
  auto integer = dyn_cast<IntegerType>(type);
  return integer && integer.isUnsigned()
             ? IntegerType::get(type.getContext(), integer.getWidth())
             : type;
}
