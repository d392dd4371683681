//===- PyTorchReader.cpp - .pt2 files to the real family ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Import/PyTorch.h"

#include "Importer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;

OwningOpRef<ModuleOp> qbias::importPyTorch(llvm::MemoryBufferRef file,
                                           MLIRContext *context,
                                           const ImportOptions &options) {
  context->loadDialect<arith::ArithDialect, func::FuncDialect, QBiasDialect,
                       quant::QuantDialect, tensor::TensorDialect>();
  Namer namer(context, file.getBufferIdentifier());
  MemoryBudget budget(file.getBufferSize());
  ArrayRef<char> bytes(file.getBufferStart(), file.getBufferSize());
  FailureOr<TensorStore> store = TensorStore::open(bytes, budget, namer.getFile());
  if (failed(store))
    return {};
  return Importer(context, namer, *store, budget, options).import();
}

bool qbias::looksLikePyTorch(llvm::MemoryBufferRef file) {
  return file.getBuffer().starts_with("PK\3\4");
}
