//===- ObserveTensors.cpp - return every quantized tensor ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/Transforms/Passes.h"

#include "mlir/IR/Builders.h"

namespace qbias {
#define GEN_PASS_DEF_OBSERVETENSORS
#include "qbias/Dialect/QBias/Transforms/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

namespace {
struct ObserveTensors : qbias::impl::ObserveTensorsBase<ObserveTensors> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal())
      return;
    SmallVector<QuantizeOp> quantizes;
    func.walk([&](QuantizeOp op) { quantizes.push_back(op); });
    auto ret = cast<func::ReturnOp>(func.getBody().front().getTerminator());
    auto *context = &getContext();
    for (QuantizeOp op : quantizes) {
      unsigned index = func.getNumResults();
      auto attrs = DictionaryAttr::get(
          context, {{StringAttr::get(context, QBiasDialect::kNameAttr),
                     StringAttr::get(context, getTensorName(op.getLoc()))},
                    {StringAttr::get(context, QBiasDialect::kObservedAttr),
                     UnitAttr::get(context)}});
      if (failed(func.insertResult(index, op.getType(), attrs)))
        return signalPassFailure();
      ret.getOperandsMutable().append(op.getResult());
    }
  }
};
} // namespace
