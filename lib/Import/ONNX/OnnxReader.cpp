//===- OnnxReader.cpp - ONNX files to the real family ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Import/ONNX.h"

#include "FloatTail.h"
#include "Importer.h"
#include "OtherFiles.h"
#include "QOperators.h"
#include "RequantShifts.h"

#include "qbias/Dialect/QBias/IR/QBias.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>

#include <limits>

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;
using google::protobuf::io::CodedInputStream;

/// Protobuf counts bytes in an int.
static constexpr size_t kMaxFileSize = std::numeric_limits<int>::max();

static const uint8_t *dataOf(llvm::MemoryBufferRef file) {
  return reinterpret_cast<const uint8_t *>(file.getBufferStart());
}

/// Allocates only what the bytes of the file fill: protobuf checks every
/// length against the end of the buffer.
static LogicalResult parse(llvm::MemoryBufferRef file, onnx::ModelProto &model,
                           const Subject &subject) {
  size_t size = file.getBufferSize();
  if (size > kMaxFileSize)
    return subject.reject("size", "less than 2 GB", Twine(size) + " bytes");
  google::protobuf::LogSilencer silencer;
  CodedInputStream stream(dataOf(file), static_cast<int>(size));
  stream.SetTotalBytesLimit(std::numeric_limits<int>::max());
  if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage())
    return subject.reject("content", "an ONNX model",
                          Twine(size) + " bytes that are not one",
                          "the file is damaged or cut off");
  if (!model.has_graph())
    return subject.reject("content", "a graph", "none");
  return success();
}

OwningOpRef<ModuleOp> qbias::importOnnx(llvm::MemoryBufferRef file, MLIRContext *context,
                                        const ImportOptions &options) {
  context->loadDialect<arith::ArithDialect, func::FuncDialect, QBiasDialect,
                       quant::QuantDialect, tensor::TensorDialect>();
  Namer namer(context, file.getBufferIdentifier());
  onnx::ModelProto model;
  if (failed(parse(file, model, namer.getFile())))
    return {};
  onnx::GraphProto &graph = *model.mutable_graph();
  if (failed(bindInputs(graph, options, namer)) ||
      failed(expandQOperators(graph, namer)) || failed(expandRequantShifts(graph, namer)))
    return {};
  selectOutputs(graph, options.outputs);
  cutFloatTail(graph, namer);
  Importer importer(context, file.getBufferIdentifier(), file.getBufferSize(), options);
  return importer.import(model);
}

bool qbias::looksLikeOnnx(llvm::MemoryBufferRef file) {
  // Fields of ModelProto by their protobuf tag (number << 3 | wire type).
  enum : uint32_t {
    kIrVersion = 1 << 3,
    kModelVersion = 5 << 3,
    kProducerName = 2 << 3 | 2,
    kProducerVersion = 3 << 3 | 2,
    kDomain = 4 << 3 | 2,
    kDocString = 6 << 3 | 2,
    kGraph = 7 << 3 | 2,
    kOpsetImport = 8 << 3 | 2,
    kMetadata = 14 << 3 | 2,
    kTraining = 20 << 3 | 2,
    kFunctions = 25 << 3 | 2,
    kConfiguration = 26 << 3 | 2,
  };
  size_t size = std::min(file.getBufferSize(), kMaxFileSize);
  CodedInputStream stream(dataOf(file), static_cast<int>(size));
  bool sawVersion = false;
  while (uint32_t tag = stream.ReadTag()) {
    uint64_t number = 0;
    uint32_t length = 0;
    switch (tag) {
    case kIrVersion:
    case kModelVersion:
      if (!stream.ReadVarint64(&number))
        return false;
      sawVersion |= tag == kIrVersion;
      break;
    case kGraph:
      // A graph cut off by the end of the file is still a graph.
      return stream.ReadVarint32(&length) && sawVersion;
    case kProducerName:
    case kProducerVersion:
    case kDomain:
    case kDocString:
    case kOpsetImport:
    case kMetadata:
    case kTraining:
    case kFunctions:
    case kConfiguration:
      if (!stream.ReadVarint32(&length) || !stream.Skip(length))
        return false;
      break;
    default:
      return false;
    }
  }
  return false;
}
