//===- Passes.td - conversions from the qbias dialect ---*- tablegen -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_CONVERSION_PASSES
#define QBIAS_CONVERSION_PASSES

include "mlir/Pass/PassBase.td"

def ConvertQBiasToLinalg : Pass<"convert-qbias-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower the integer family to linalg on signless integers";
  let description = [{
    Input: certified integer operations. Output: per operation a group of
    linalg operations: a named contraction or pooling on i8 (i16) operands with
    an i32 (i64, where the bounds say so) accumulator, and one `linalg.generic`
    with the requantization. Padding is done with the zero point, whose product
    with the weights is folded into the bias (N4).

    Unsigned tensors become signless ones that hold the value minus half the
    range (u8 200 becomes i8 72); arguments and results keep the file's bits
    and are shifted at the boundary.

    Refused: operations without bounds or certificate (run `--qbias-certify`).
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect"];
}

#endif // QBIAS_CONVERSION_PASSES
