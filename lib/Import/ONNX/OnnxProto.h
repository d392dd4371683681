//===- OnnxProto.h - the ONNX messages ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Debian's libonnx_proto knows the messages of ONNX 1.12. Newer files differ in
// element types and fields, both of which protobuf keeps by number; see
// DataType.
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_ONNX_ONNXPROTO_H
#define QBIAS_LIB_IMPORT_ONNX_ONNXPROTO_H

#define ONNX_ML 1
#define ONNX_NAMESPACE onnx
#include <onnx/onnx_pb.h>

#endif // QBIAS_LIB_IMPORT_ONNX_ONNXPROTO_H
