//===- QBiasDialect.td - the qbias dialect ---*- tablegen -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DIALECT
#define QBIAS_DIALECT

include "mlir/IR/OpBase.td"

def QBias_Dialect : Dialect {
  let name = "qbias";
  let summary = "Exact quantized networks: real-number meaning and integer programs";
  let description = [{
    Two families of operations, never one operation in two states:

    * the *real family* (`qbias.conv2d`, `qbias.add`, ...) is real-number
      mathematics. A `tensor<...xf32>` between its operations stands for exact
      reals, not for float32 values; `!quant.uniform` tensors hold integers
      together with their scale and zero point. No operation of the family
      rounds except `qbias.quantize` (docs/Numerics.md, N1 to N3).
    * the *integer family* (`qbias.int.conv2d`, `qbias.int.add`, ...) is the
      program: fused operations on plain integers, with zero points, int32
      bias and a requantization. Each carries the reference it has to equal,
      so that its claim can be proven again at any time.

    Unsigned tensors of the file stay `ui8` in both families: every number is
    in the file's own units until the conversion to linalg.

    Attributes of function arguments and results say what the tensor is in the
    source model. Constraints:
    * F1: `qbias.name`, `qbias.tensor` and `qbias.producer` are strings.
    * F2: `qbias.type` is a `!quant.uniform` type as `qbias.quantize` allows it
      (C2 to C4), whose integers have the width of the tensor's elements, with
      one scale or one for each entry of a dimension.
    * F3: `qbias.real`, `qbias.observed` and `qbias.unused` are unit attributes.
    * F4: `qbias.scales` and `qbias.offsets` are f64 arrays of one length, not
      empty, all numbers finite, scales positive.
    * F5: `qbias.axis` is an i64 that names a dimension of the tensor, with one
      entry per scale where there are several.
    * F6: `qbias.tail` is an array of steps as in a reference; on an argument,
      of clamps.
    * F7: `qbias.source`, on operations, is a string.
  }];
  let cppNamespace = "::qbias";
  let dependentDialects = [
    "::mlir::quant::QuantDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect"
  ];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    /// Attributes of function arguments and results: the tensor's name in the
    /// source model, its quantized type, whether the file's end is float, and
    /// the producer whose formula quantizes it (N2b).
    static constexpr llvm::StringLiteral kNameAttr = "qbias.name";
    static constexpr llvm::StringLiteral kTypeAttr = "qbias.type";
    /// Name of the quantized tensor an argument holds, when the file's input is
    /// float and quantized by a node of its own.
    static constexpr llvm::StringLiteral kTensorAttr = "qbias.tensor";
    /// On an argument nothing reads: it has some integer type.
    static constexpr llvm::StringLiteral kUnusedAttr = "qbias.unused";
    static constexpr llvm::StringLiteral kRealAttr = "qbias.real";
    static constexpr llvm::StringLiteral kProducerAttr = "qbias.producer";
    /// On results of the observable variant that are not outputs of the file.
    static constexpr llvm::StringLiteral kObservedAttr = "qbias.observed";
    /// A result without quantize: per channel, real = acc * scale + offset.
    static constexpr llvm::StringLiteral kScalesAttr = "qbias.scales";
    static constexpr llvm::StringLiteral kOffsetsAttr = "qbias.offsets";
    static constexpr llvm::StringLiteral kAxisAttr = "qbias.axis";
    /// Clamp applied outside the program to such a result.
    static constexpr llvm::StringLiteral kTailAttr = "qbias.tail";
    /// Operation of the source model, on real-family operations: "Conv".
    static constexpr llvm::StringLiteral kSourceAttr = "qbias.source";

    void registerAttributes();
    void registerBytecode();
  }];
}

class QBias_Op<string mnemonic, list<Trait> traits = []>
    : Op<QBias_Dialect, mnemonic, traits>;

#endif // QBIAS_DIALECT
