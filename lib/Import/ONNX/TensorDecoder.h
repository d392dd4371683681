//===- TensorDecoder.h - constants out of ONNX messages ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_ONNX_TENSORDECODER_H
#define QBIAS_LIB_IMPORT_ONNX_TENSORDECODER_H

#include "OnnxProto.h"

#include "qbias/Import/Common/ConstantTensor.h"

namespace qbias::onnximport {
using namespace qbias::importing;

/// Checks the tensor's fields against each other before it reads any; errors
/// are about `subject`. Elements stay in `proto` where they can.
mlir::FailureOr<ConstantTensor> decode(const onnx::TensorProto &proto,
                                       const Subject &subject);

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_TENSORDECODER_H
