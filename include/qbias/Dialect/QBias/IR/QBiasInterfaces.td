//===- QBiasInterfaces.td - what passes ask of an operation ---*- tablegen -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_INTERFACES
#define QBIAS_INTERFACES

include "mlir/IR/OpBase.td"

def QBias_ScaleTransparentOpInterface : OpInterface<"ScaleTransparentOpInterface"> {
  let cppNamespace = "::qbias";
  let description = [{
    An operation that only moves, repeats or selects elements of its tensor
    operands: reshape, transpose, slice, concat, pad, max pool. Quantize is
    monotone and acts on single elements, so it commutes with such an
    operation exactly (N3).
  }];
  let methods = [
    InterfaceMethod<[{
      Operands that hold elements (not sizes or indices).
    }], "::llvm::SmallVector<::mlir::OpOperand *>", "getElementOperands">,
    InterfaceMethod<[{
      Rebuilds the operation on `operands` (same order and shapes as
      getElementOperands()) whose element type is `elementType`.
    }], "::mlir::Value", "rebuildOn",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$operands,
           "::mlir::Type":$elementType)>,
    InterfaceMethod<[{
      True when a dequantize with `type` also moves from the operands to the
      result: every constant the operation inserts lies on the grid of `type`.
    }], "bool", "insertsOnlyGridValues", (ins "::mlir::quant::QuantizedType":$type),
      "", "return true;">,
  ];
}

def QBias_AccumulatorOpInterface : OpInterface<"AccumulatorOpInterface"> {
  let cppNamespace = "::qbias";
  let description = [{
    A real-family operation that is a sum of products with constant weights:
    the operations that have a bias and become one integer accumulator (N4).
  }];
  let methods = [
    InterfaceMethod<"The activation operand.", "::mlir::OpOperand &", "getActivationOperand">,
    InterfaceMethod<"The weight operand, output channels first.", "::mlir::OpOperand &", "getWeightOperand">,
    InterfaceMethod<"The bias, one element per output channel, or null.", "::mlir::Value", "getBiasValue">,
    InterfaceMethod<"Replaces or adds the bias.", "void", "setBiasValue", (ins "::mlir::Value":$bias)>,
    InterfaceMethod<"Number of output channels.", "int64_t", "getOutputChannels">,
    InterfaceMethod<"True if a tap may read padding.", "bool", "readsPadding">,
  ];
}

def QBias_IntegerSegmentOpInterface : OpInterface<"IntegerSegmentOpInterface"> {
  let cppNamespace = "::qbias";
  let description = [{
    An integer-family operation that computes one segment of the source model
    (N13): it carries the reference it has to equal, the requantization that
    computes it, and what is proven about both.
  }];
  let methods = [
    InterfaceMethod<"The real-number meaning.", "::qbias::ReferenceAttr", "getReferenceAttr">,
    InterfaceMethod<"The program.", "::qbias::RequantAttr", "getRequantAttr">,
    InterfaceMethod<"Replaces the program.", "void", "setRequantAttr", (ins "::qbias::RequantAttr":$requant)>,
    InterfaceMethod<"Proven accumulator bounds or null.", "::qbias::BoundsAttr", "getBoundsAttr">,
    InterfaceMethod<"", "void", "setBoundsAttr", (ins "::qbias::BoundsAttr":$bounds)>,
    InterfaceMethod<"The claim, or null before certification.", "::qbias::CertificateAttr", "getCertificateAttr">,
    InterfaceMethod<"", "void", "setCertificateAttr", (ins "::qbias::CertificateAttr":$certificate)>,
    InterfaceMethod<"Source layer or null.", "::qbias::LayerAttr", "getLayerAttr">,
    InterfaceMethod<"Quantized activations, in the order of the reference's operands.",
      "::llvm::SmallVector<::mlir::Value>", "getActivations">,
    InterfaceMethod<"Number of requantizations: output channels, or divisors of a pool, or 1.",
      "int64_t", "getRequantChannels">,
    InterfaceMethod<"Zero point of the addend, the last activation, if there is one.",
      "int64_t", "getAddendZeroPoint", (ins), "", "return 0;">,
  ];
}

#endif // QBIAS_INTERFACES
