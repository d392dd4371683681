//===- ChannelLine.h - a factor and an offset per channel ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_IMPORT_COMMON_CHANNELLINE_H
#define QBIAS_IMPORT_COMMON_CHANNELLINE_H

#include "qbias/Import/Common/ConstantTensor.h"
#include "qbias/Import/Common/Layer.h"
#include "qbias/Numerics/Rational.h"

namespace qbias::importing {

/// y = factor * x + offset, one of each per channel.
struct ChannelLine {
  llvm::SmallVector<double> factors, offsets;
};

/// Whether a line can have this factor or offset: 0, or what a quantized type over
/// float32 can have as scale.
bool isLineNumber(double value);

/// The elements of a constant that has one per channel, exact. `what` names it in errors.
mlir::FailureOr<std::vector<numerics::Rational>>
readChannelNumbers(const Layer &layer, const ConstantTensor &constant,
                   llvm::StringRef what, int64_t channels);

/// A batch normalization in inference,
///   y = (x - mean) * a + beta,  a = gamma / sqrt(variance + epsilon).
/// Factor and offset are the doubles nearest to a and beta - mean * a.
mlir::FailureOr<ChannelLine>
makeNormalization(const Layer &layer, llvm::ArrayRef<numerics::Rational> gamma,
                  llvm::ArrayRef<numerics::Rational> beta,
                  llvm::ArrayRef<numerics::Rational> mean,
                  llvm::ArrayRef<numerics::Rational> variance, double epsilon);

/// A convolution of one tap per channel over [N, H, W, C]: weight 1 or -1 with the
/// factor's magnitude as scale, and the offset as bias. Passes make it one with the
/// layer before it, where there is one.
mlir::Value applyLine(const Layer &layer, mlir::Value image, const ChannelLine &line);

/// The same over a tensor [N, C], [N, C, L] or [N, C, H, W].
mlir::FailureOr<mlir::Value> applyLineToChannels(const Layer &layer, mlir::Value input,
                                                 const ChannelLine &line);

/// The same along any dimension of a tensor of any rank but 0.
mlir::FailureOr<mlir::Value> applyLineAlong(const Layer &layer, mlir::Value input,
                                            int64_t axis, const ChannelLine &line);

/// x >= 0 ? x : slope[c] * x of a quantized tensor, c along `axis`: the line of min(x, 0)
/// plus max(x, 0), whose integers are those of x above or below its zero point.
mlir::FailureOr<mlir::Value> applySlopes(const Layer &layer, mlir::Value input,
                                         int64_t axis, llvm::ArrayRef<double> slopes);

/// The numbers of a constant per channel, and its only dimension of more than one
/// element.
struct ChannelNumbers {
  int64_t axis;
  llvm::SmallVector<double> numbers;
};

/// Of a float constant, or of integers with one scale. nullopt for other values and for
/// numbers that a ChannelLine cannot have.
std::optional<ChannelNumbers> readChannelNumbers(mlir::Value value);

} // namespace qbias::importing

#endif // QBIAS_IMPORT_COMMON_CHANNELLINE_H
