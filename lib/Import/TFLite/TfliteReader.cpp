//===- TfliteReader.cpp - from bytes to a verified flatbuffer ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Import/TFLite.h"

#include "Importer.h"

#include "qbias/Dialect/QBias/IR/QBias.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::tfliteimport;

static const uint8_t *dataOf(llvm::MemoryBufferRef file) {
  return reinterpret_cast<const uint8_t *>(file.getBufferStart());
}

bool qbias::looksLikeTflite(llvm::MemoryBufferRef file) {
  constexpr size_t kHead = 8; // offset of the root table, identifier
  return file.getBufferSize() >= kHead && fb::ModelBufferHasIdentifier(dataOf(file));
}

/// Every offset, vector and string of the file lies inside it.
static LogicalResult verifyBuffer(llvm::MemoryBufferRef file, const Subject &subject) {
  constexpr int kMaxDepth = 32, kMaxTables = 1 << 20;
  size_t size = file.getBufferSize();
  if (!looksLikeTflite(file))
    return subject.reject("content", "a TensorFlow Lite flatbuffer (TFL3)",
                          Twine(size) + " bytes that are not one");
  if (size >= FLATBUFFERS_MAX_BUFFER_SIZE)
    return subject.reject("size", "less than 2 GB", Twine(size) + " bytes");
  flatbuffers::Verifier verifier(dataOf(file), size, kMaxDepth, kMaxTables);
  if (!fb::VerifyModelBuffer(verifier))
    return subject.reject(
        "content", "a complete flatbuffer of at most " + Twine(kMaxTables) + " tables",
        Twine(size) + " bytes that are not one", "the file is damaged or cut off");
  return success();
}

OwningOpRef<ModuleOp> qbias::importTflite(llvm::MemoryBufferRef file,
                                          MLIRContext *context,
                                          const ImportOptions &options) {
  context->loadDialect<arith::ArithDialect, func::FuncDialect, QBiasDialect,
                       quant::QuantDialect, tensor::TensorDialect>();
  StringRef path = file.getBufferIdentifier();
  Subject subject(FileLineColLoc::get(context, path, 0, 0), "file");
  if (failed(verifyBuffer(file, subject)))
    return {};
  Importer importer(context, path, file.getBufferSize(), options);
  return importer.import(*fb::GetModel(dataOf(file)));
}
