//===- ImportedTensor.cpp - a tensor of the file during an import ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Import/Common/ImportedTensor.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Import/Common/QuantParameters.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::importing;

SmallVector<int64_t> ImportedTensor::getShape() const {
  return SmallVector<int64_t>(constant ? constant->getShape() : shapeOf(value));
}

std::string ImportedTensor::describe() const {
  if (constant)
    return "constant " + nameOf(constant->getType()) + text(getShape());
  if (untyped)
    return nameOf(*untyped) + text(getShape());
  if (quant::QuantizedType type = getQuantElement(value.getType()))
    return "quantized " + nameOf(storageOf(type)) + text(getShape());
  return "float32" + text(getShape());
}

FailureOr<Value> qbias::importing::writeFloats(OpBuilder &builder, MemoryBudget &budget,
                                               Location loc,
                                               const ConstantTensor &constant,
                                               const Subject &user) {
  int64_t count = constant.getNumElements();
  if (!isValueShape(constant.getShape()))
    return user.reject("shape of constant " + quoted(constant.getName()), kValueLimits,
                       text(constant.getShape()));
  if (failed(budget.charge(count * sizeof(float), user)))
    return failure();
  std::vector<float> floats(count);
  for (int64_t i = 0; i < count; ++i) {
    double value = constant.realAt(i);
    floats[i] = static_cast<float>(value);
    if (!std::isfinite(value) || floats[i] != value)
      return user.reject("element " + Twine(i) + " of constant " +
                             quoted(constant.getName()),
                         "a finite float32 number", realText(value));
  }
  auto type = RankedTensorType::get(constant.getShape(), builder.getF32Type());
  ArrayRef<char> bytes(reinterpret_cast<const char *>(floats.data()),
                       count * sizeof(float));
  return arith::ConstantOp::create(builder, loc, makeRaw(type, bytes, constant.getName()))
      .getResult();
}
