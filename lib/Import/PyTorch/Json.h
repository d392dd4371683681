//===- Json.h - JSON of a .pt2 ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_LIB_IMPORT_PYTORCH_JSON_H
#define QBIAS_LIB_IMPORT_PYTORCH_JSON_H

#include "StateDict.h"

#include "llvm/Support/JSON.h"

namespace qbias::pytorchimport {

/// Parses JSON that is not trusted, of a file of `fileSize` bytes. Python's Infinity
/// and NaN become strings.
mlir::FailureOr<llvm::json::Value> parseJson(llvm::StringRef text, size_t fileSize,
                                             const Subject &subject);

/// Element type of a torch.export.schema.ScalarType number; Undefined for others.
DataType typeOfScalar(int64_t scalarType);

/// {"as_int": n} of sizes, strides and offsets; nullopt for anything else.
std::optional<int64_t> readSymInt(const llvm::json::Value &value);

/// The one key of a union such as {"as_tensor": ...}, "" when it is none.
llvm::StringRef kindOf(const llvm::json::Object &value);

/// Fields that have to be there; null after an error.
const llvm::json::Object *needObject(const llvm::json::Object &object,
                                     llvm::StringRef key, const Subject &subject);
const llvm::json::Array *needArray(const llvm::json::Object &object, llvm::StringRef key,
                                   const Subject &subject);

} // namespace qbias::pytorchimport

#endif // QBIAS_LIB_IMPORT_PYTORCH_JSON_H
