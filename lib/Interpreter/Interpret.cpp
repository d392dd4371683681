//===- Interpret.cpp - print what functions give ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Inputs.h"

#include "qbias/Interpreter/Passes.h"

#include "llvm/Support/JSON.h"

namespace qbias {
#define GEN_PASS_DEF_INTERPRET
#include "qbias/Interpreter/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;
using namespace qbias::interpreter;

static void printTensor(llvm::json::OStream &json, const Tensor &tensor) {
  json.object([&] {
    json.attributeArray("shape", [&] {
      for (int64_t extent : tensor.shape)
        json.value(extent);
    });
    json.attributeArray("values", [&] {
      for (size_t i = 0; i < tensor.size(); ++i)
        tensor.isReal() ? json.value(tensor.reals()[i].get_str())
                        : json.value(tensor.integers()[i]);
    });
  });
}

static void printTensors(llvm::json::OStream &json, StringRef name,
                         ArrayRef<Tensor> tensors) {
  json.attributeArray(name, [&] {
    for (const Tensor &tensor : tensors)
      printTensor(json, tensor);
  });
}

static LogicalResult interpretOn(func::FuncOp func, ArrayRef<Grid> grids,
                                 const InputSet &set) {
  SmallVector<Tensor> arguments;
  for (auto [i, type] : llvm::enumerate(func.getArgumentTypes()))
    arguments.push_back(makeArgument(type, grids[i], set.arguments[i]));
  FailureOr<SmallVector<Tensor>> results = interpret(func, arguments);
  if (failed(results))
    return failure();
  llvm::json::OStream json(llvm::outs());
  json.object([&] {
    json.attribute("function", func.getName());
    json.attribute("set", set.name);
    printTensors(json, "inputs", arguments);
    printTensors(json, "outputs", *results);
  });
  llvm::outs() << "\n";
  return success();
}

namespace {
struct Interpret : qbias::impl::InterpretBase<Interpret> {
  using InterpretBase::InterpretBase;
  void runOnOperation() override {
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>()) {
      SmallVector<Grid> grids;
      for (unsigned i = 0; i < func.getNumArguments(); ++i)
        grids.push_back(getGrid(func, i));
      for (const InputSet &set : makeInputs(grids, edges, seeds))
        if (failed(interpretOn(func, grids, set)))
          return signalPassFailure();
    }
    markAllAnalysesPreserved();
  }
};
} // namespace
