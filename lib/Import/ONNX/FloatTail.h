//===- FloatTail.h - what follows the last quantize ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_ONNX_FLOATTAIL_H
#define QBIAS_LIB_IMPORT_ONNX_FLOATTAIL_H

#include "Graph.h"

namespace qbias::onnximport {

/// Operators behind the last quantize that have no integer form (softmax, NMS)
/// are left to the caller: outputs they compute are replaced by the tensors they
/// read, with a warning that names both. Models without quantize stay as they
/// are.
void cutFloatTail(onnx::GraphProto &graph, const Namer &namer);

/// The tensors of these names become the outputs; none: nothing changes.
void selectOutputs(onnx::GraphProto &graph, llvm::ArrayRef<std::string> names);

} // namespace qbias::onnximport

#endif // QBIAS_LIB_IMPORT_ONNX_FLOATTAIL_H
