//===- InitAll.h - register everything ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_INITALL_H
#define QBIAS_INITALL_H

#include "qbias/Codegen/Passes.h"
#include "qbias/Conversion/Passes.h"
#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/IR/ScaleTransparent.h"
#include "qbias/Dialect/QBias/Transforms/Passes.h"
#include "qbias/Pipelines/Pipelines.h"

namespace qbias {

/// The qbias dialect and its models of upstream operations.
inline void registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<QBiasDialect>();
  registerScaleTransparentModels(registry);
}

/// All qbias passes and pipelines.
inline void registerPasses() {
  registerQBiasPasses();
  registerQBiasConversionPasses();
  registerQBiasCodegenPasses();
  registerPipelines();
}

} // namespace qbias

#endif // QBIAS_INITALL_H
