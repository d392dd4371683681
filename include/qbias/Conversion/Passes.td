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

def ConvertQBiasToTosa : Pass<"convert-qbias-to-tosa", "::mlir::ModuleOp"> {
  let summary = "Write the integer family as TOSA 1.0";
  let description = [{
    Input: certified integer operations (stage integer), 8-bit tensors. Output: the
    same functions in TOSA, for compilers and accelerators that take it: conv2d,
    depthwise_conv2d, matmul, rescale, add, mul, max_pool2d, table, and what moves
    elements; profile PRO-INT, and for mode tflite extension EXT-DOUBLEROUND.
    Arguments and results keep the file's bits, as signless int8; a rescale with
    `input_unsigned` or `output_unsigned` stands where the file has uint8.

    Modes `single` and `tflite` (and `shift`) give the same integers in TOSA. A
    layer of mode `exact` keeps its numbers where SINGLE_ROUND makes every step of
    the reference, else it becomes mode `single`: a warning names the layer and its
    tensor, and counts the channels, sums (of a residual sum: pairs of integers)
    whose output can change, and by how much.

    What is claimed in the module is proven first. Refused: layers without a
    certificate, mode `float`, tensors of 16 bits, a quantized tensor added to a sum
    of products, functions between a sum and its quantize, biases and sums beyond
    int32, weights that do not fit int8 with one zero point.
  }];
  let dependentDialects = ["::mlir::tosa::TosaDialect"];
}

#endif // QBIAS_CONVERSION_PASSES
