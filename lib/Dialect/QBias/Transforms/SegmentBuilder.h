//===- SegmentBuilder.h - integer operations from segments ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_DIALECT_QBIAS_TRANSFORMS_SEGMENTBUILDER_H
#define QBIAS_LIB_DIALECT_QBIAS_TRANSFORMS_SEGMENTBUILDER_H

#include "qbias/Dialect/QBias/IR/QBias.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace qbias {

/// What follows the arithmetic of a segment.
struct SegmentEnd {
  llvm::SmallVector<mlir::Attribute> steps; ///< real steps, in order
  mlir::quant::QuantizedType type;          ///< of the final quantize; null: accumulator
  mlir::Location loc;                       ///< of the final quantize
  std::string tensor;                       ///< name of the quantized tensor
};

/// Builds the integer operation of one segment. `integers` maps quantized
/// values of the source to integer values. Every method emits an error and
/// fails when the segment has no integer form (N13).
class SegmentBuilder {
public:
  SegmentBuilder(mlir::OpBuilder &builder, const mlir::IRMapping &integers)
      : builder(builder), integers(integers) {}

  /// The segment whose arithmetic ends in `real`.
  mlir::FailureOr<mlir::Value> build(mlir::Value real, const SegmentEnd &end);

private:
  using Result = mlir::FailureOr<mlir::Value>;

  /// A quantized tensor added to (or subtracted from) an accumulator.
  struct Addend {
    DequantizeOp op;
    bool negate = false;
  };

  /// What convolution and matrix product have in common.
  struct WeightedSegment {
    mlir::Value input, weights, bias, addend;
    mlir::IntegerAttr inputZeroPoint, addendZeroPoint;
    BiasCaseAttr biasCase;
    ReferenceAttr reference;
    RequantAttr requant;
    mlir::RankedTensorType type;
  };
  mlir::FailureOr<WeightedSegment> prepareWeighted(AccumulatorOpInterface layer,
                                                   Addend addend, const SegmentEnd &end);

  Result buildElementwise(DequantizeOp op, const SegmentEnd &end);
  Result buildConvolution(Conv2DOp op, Addend addend, const SegmentEnd &end);
  Result buildMatmul(MatmulOp op, Addend addend, const SegmentEnd &end);
  Result buildActivationProduct(MatmulOp op, const SegmentEnd &end);
  Result buildSum(mlir::Operation *op, bool negate, const SegmentEnd &end);
  Result buildProduct(MulOp op, const SegmentEnd &end);
  Result buildMean(PoolOp op, const SegmentEnd &end);
  Result buildSoftmax(SoftmaxOp op, const SegmentEnd &end);
  Result noForm(mlir::Operation *op, const SegmentEnd &end, llvm::StringRef why);

  mlir::OpBuilder &builder;
  const mlir::IRMapping &integers;
};

} // namespace qbias

#endif // QBIAS_LIB_DIALECT_QBIAS_TRANSFORMS_SEGMENTBUILDER_H
