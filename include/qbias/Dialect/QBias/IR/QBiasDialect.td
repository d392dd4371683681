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
  }];
  let cppNamespace = "::qbias";
  let dependentDialects = [
    "::mlir::quant::QuantDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect"
  ];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = [{
    /// Attributes of function arguments and results: the tensor's name in the
    /// source model, its quantized type, whether the file's end is float, and
    /// the producer whose formula quantizes it (N2b).
    static constexpr llvm::StringLiteral kNameAttr = "qbias.name";
    static constexpr llvm::StringLiteral kTypeAttr = "qbias.type";
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
  }];
}

class QBias_Op<string mnemonic, list<Trait> traits = []>
    : Op<QBias_Dialect, mnemonic, traits>;

#endif // QBIAS_DIALECT
