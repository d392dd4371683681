//===- Json.h - values as JSON ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_DRIVER_JSON_H
#define QBIAS_DRIVER_JSON_H

#include "qbias/Dialect/QBias/IR/QBias.h"

#include "llvm/Support/JSON.h"

namespace qbias {

/// A JSON string; bytes that are no UTF-8 are replaced, names are untrusted.
llvm::json::Value toJsonString(llvm::StringRef text);

llvm::json::Array toJson(llvm::ArrayRef<int64_t> values);
llvm::json::Array toJson(llvm::ArrayRef<double> values);
/// One array per row of an integer attribute.
llvm::json::Array toJsonRows(mlir::ElementsAttr attr, int64_t rows);

/// numpy's spelling of a quantized type's storage, plus int4, uint4, int2 and
/// uint2 where the file of `producer` has such types.
std::string getDTypeName(mlir::quant::QuantizedType type, llvm::StringRef producer);

} // namespace qbias

#endif // QBIAS_DRIVER_JSON_H
