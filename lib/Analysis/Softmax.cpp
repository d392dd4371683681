//===- Softmax.cpp - programs of int.softmax ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Analysis/Softmax.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

using namespace mlir;
using namespace qbias;

static numerics::Softmax describe(RankedTensorType input, double inputScale, double beta,
                                  quant::QuantizedType result) {
  numerics::Softmax softmax;
  softmax.inputScale = inputScale;
  softmax.beta = beta;
  softmax.inputBits = input.getElementTypeBitWidth();
  softmax.out = getParams(result);
  softmax.depth = input.getShape().back();
  return softmax;
}

numerics::Softmax qbias::getSoftmax(IntSoftmaxOp op) {
  return describe(cast<RankedTensorType>(op.getInput().getType()),
                  op.getInputScale().convertToDouble(), op.getBeta().convertToDouble(),
                  cast<quant::QuantizedType>(op.getResultType()));
}

numerics::SoftmaxProgram qbias::getSoftmaxProgram(IntSoftmaxOp op) {
  SmallVector<int64_t> exponentials, reciprocals;
  readIntegers(op.getExponentials(), exponentials);
  if (op.getReciprocalsAttr())
    readIntegers(op.getReciprocalsAttr(), reciprocals);
  return {{exponentials.begin(), exponentials.end()},
          {reciprocals.begin(), reciprocals.end()},
          static_cast<int64_t>(op.getMultiplier()),
          static_cast<int>(op.getShift())};
}

FailureOr<Value> qbias::buildIntSoftmax(OpBuilder &builder, Location loc, Value input,
                                        double inputScale, double beta,
                                        quant::QuantizedType result, bool tflite,
                                        LayerAttr layer) {
  auto type = cast<RankedTensorType>(input.getType());
  numerics::Softmax softmax = describe(type, inputScale, beta, result);
  auto program =
      tflite ? numerics::buildKernelSoftmax(softmax) : numerics::buildSoftmax(softmax);
  if (!program)
    return emitError(loc)
           << (tflite ? "expects rows of at most 4096 elements and the output "
                        "scale and zero point of the reference kernel, got "
                      : "expects an output scale from 2^-30 to 2^30, got ")
           << result;
  auto makeTable = [&](ArrayRef<int64_t> values, StringRef name) {
    auto table = RankedTensorType::get({int64_t(values.size())}, builder.getI32Type());
    return makeIntegers(table, values, (layer.getName().getValue() + name).str());
  };
  return IntSoftmaxOp::create(builder, loc, type.clone(getIntegerType(result)), input,
                              builder.getF64FloatAttr(inputScale),
                              builder.getF64FloatAttr(beta), TypeAttr::get(result),
                              tflite ? builder.getUnitAttr() : UnitAttr(),
                              makeTable(program->exponentials, ".exponentials"),
                              program->reciprocals.empty()
                                  ? ElementsAttr()
                                  : makeTable(program->reciprocals, ".reciprocals"),
                              builder.getI64IntegerAttr(program->multiplier),
                              builder.getI64IntegerAttr(program->shift), layer)
      .getResult();
}

LogicalResult qbias::proveSoftmax(IntSoftmaxOp op) {
  numerics::Softmax softmax = getSoftmax(op);
  numerics::SoftmaxProgram claim = getSoftmaxProgram(op);
  auto expected = op.getTflite() ? numerics::buildKernelSoftmax(softmax)
                                 : numerics::buildSoftmax(softmax);
  if (expected && expected->exponentials == claim.exponentials &&
      expected->reciprocals == claim.reciprocals &&
      expected->multiplier == claim.multiplier && expected->shift == claim.shift)
    return success();
  return op.emitError("tables or multiplier differ from what scale and beta give; run "
                      "--qbias-fuse-requant");
}
