//===- Passes.td - passes on the qbias dialect ---*- tablegen -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_TRANSFORMS_PASSES
#define QBIAS_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def ObserveTensors : Pass<"qbias-observe", "::mlir::func::FuncOp"> {
  let summary = "Return every quantized tensor of the source model";
  let description = [{
    Input: an imported function. Output: the same function with the result of
    each `qbias.quantize` as an additional result, named after its tensor
    (`qbias.name`) and marked `qbias.observed`. No value of the function
    changes; later passes keep what is returned.
  }];
}

def Decompose : Pass<"qbias-decompose", "::mlir::func::FuncOp"> {
  let summary = "Write real operations that are compositions as what they are made of";
  let description = [{
    Input: imported real-family operations. `qbias.conv_transpose2d` becomes a
    `qbias.pad` that puts zeros between the elements and a `qbias.conv2d` of
    stride 1 with the kernel turned around, so that bias, accumulator bound and
    certificate are those of a convolution. Refused: weights that are no
    constant.
  }];
  let dependentDialects = ["::qbias::QBiasDialect", "::mlir::tensor::TensorDialect"];
}

def SinkTransposes : Pass<"qbias-sink-transposes", "::mlir::func::FuncOp"> {
  let summary = "Move layout transposes to the boundary until they cancel";
  let description = [{
    Input: real-family operations, with NHWC convolutions and pools between
    transposes of an NCHW model. A transpose to NCHW moves towards the results,
    one to NHWC towards the arguments, across elementwise operations, quantize
    and dequantize, pad and concat; pairs cancel, constants are transposed at
    compile time, and a transpose that only moves unit dimensions becomes a
    reshape. Nothing is refused.
  }];
  let dependentDialects = ["::qbias::QBiasDialect", "::mlir::tensor::TensorDialect"];
}

def FoldScales : Pass<"qbias-fold-scales", "::mlir::func::FuncOp"> {
  let summary = "Make a factor per channel part of the layer before it";
  let description = [{
    Input: real-family operations behind `--qbias-sink-transposes`. A depthwise
    convolution of one tap (what a batch normalization is) directly behind a
    convolution or matrix product with constant quantized weights, with reshapes
    between them or not, becomes part of it: scales and
    biases are the doubles nearest to the exact products and sums
    (docs/Numerics.md, N5), a negative factor turns the integers' signs. Nothing
    is refused.
  }];
  let dependentDialects = ["::qbias::QBiasDialect", "::mlir::quant::QuantDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect"];
}

def PropagateScales : Pass<"qbias-propagate-scales", "::mlir::func::FuncOp"> {
  let summary = "Give every movement of data a quantized type";
  let description = [{
    Input: real-family operations. A dequantize moves down, a quantize up,
    across what commutes with it exactly (ScaleTransparentOpInterface: reshape,
    transpose, slice, pad, concat, max pool); quantize of a dequantize of the
    same type disappears; `quantize(clamp(dequantize(quantize(x))))` of one
    type becomes `quantize(clamp(x))`, which is equal because quantize is
    monotone. Float arguments that are only quantized, and results that are
    only dequantized, become quantized arguments and results. Nothing moves
    into or out of add, mul, mean or convolution: the file's roundings are the
    meaning (N3).
  }];
  let dependentDialects = ["::qbias::QBiasDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect"];
}

def MaterializeBias : Pass<"qbias-materialize-bias", "::mlir::func::FuncOp"> {
  let summary = "Turn every bias into an int32 constant and a residue";
  let description = [{
    Input: convolutions and matrix products with quantized operands. Output:
    their bias is a `qbias.bias` (N5), one per use; a constant added right
    after becomes the bias. Each layer gets a remark that names its case
    (docs/Numerics.md, section 6); an overflowing bias (N10) gets a warning.
    Layers with unquantized operands are left alone. `bias` other than residue
    is for comparison (docs/Bias.md).
  }];
  let options = [
    Option<"bias", "bias", "std::string", "\"residue\"",
      "residue and int32: rne(b / (s_x * s_w)). int8: the bias is rounded to 8 bits of its own scale first. float: 0, the bias is added in float.">,
    Option<"requant", "requant", "std::string", "\"exact\"",
      "Mode of every layer. In modes beside exact, which have no residue, a bias whose scale is s_x * s_w up to float32 rounding keeps the file's integers, as in producers' kernels, and no bias saturates (N10).">,
    ListOption<"requantLayers", "requant-layer", "std::string",
      "NAME=MODE: the mode of one layer.">,
  ];
  let dependentDialects = ["::qbias::QBiasDialect"];
}

def FuseRequant : Pass<"qbias-fuse-requant", "::mlir::ModuleOp"> {
  let summary = "Turn every segment between integer tensors into one integer operation";
  let description = [{
    Input: real-family operations after scales are propagated and biases
    materialized. Output: integer-family operations on plain integers, with
    the reference of the segment, the mode of its requantization, and the plain
    recipe as a start, which `--qbias-certify` replaces by what the mode says.
    Refused: segments without integer form (N13), with an error that names both
    tensors, the operations between them and the tensor to quantize.
  }];
  let options = [
    Option<"requant", "requant", "std::string", "\"exact\"",
      "Requantization mode of every layer: exact, single, tflite, float or shift.">,
    ListOption<"requantLayers", "requant-layer", "std::string",
      "NAME=MODE: the mode of one layer.">,
    Option<"bias", "bias", "std::string", "\"residue\"",
      "residue; int32 and int8: layers with a bias take mode single where exact was asked for; float: they take mode float and add it in float.">,
  ];
  let dependentDialects = ["::qbias::QBiasDialect", "::mlir::arith::ArithDialect"];
}

def Certify : Pass<"qbias-certify", "::mlir::ModuleOp"> {
  let summary = "Solve for requantizations that equal the reference, and prove it";
  let description = [{
    Input: integer-family operations. An operation of mode exact is solved, one
    of another mode (docs/Numerics.md, section 4) gets the numbers its mode
    derives, and the count of channels that still equal the reference. For every
    channel of mode exact the accumulator bound
    (N9) is computed and m, k, r solved and proven (N7, N8, N11, N11b); bounds
    and certificate are attached, and each layer gets a remark with its form,
    widths and counts. An 8-bit channel without an affine or half-even form
    takes the threshold form, a two-operand operation the table; a wider one
    that does not certify is reported with the number of accumulators that
    differ and the largest error.
  }];
  let options = [
    Option<"verifyOnly", "verify-only", "bool", "false",
      "Prove the attributes that are there; change nothing; fail on the first that is wrong.">,
  ];
  let dependentDialects = ["::qbias::QBiasDialect"];
}

def VerifyIntegerOnly : Pass<"qbias-verify-integer-only", "::mlir::ModuleOp"> {
  let summary = "Fail on the first operation with a float operand or result";
  let description = [{
    Input: any stage after `--qbias-fuse-requant`, down to LLVM. The error
    names the operation, its layer and why it is still float. Real-family
    operations and quantized types fail too.
  }];
}

#endif // QBIAS_TRANSFORMS_PASSES
