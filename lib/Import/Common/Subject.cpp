//===- Subject.cpp - what an error is about ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Import/Common/Subject.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace qbias::importing;

LogicalResult Subject::reject(const Twine &what, const Twine &expected, const Twine &got,
                              const Twine &advice) const {
  InFlightDiagnostic error = emitError(loc);
  error << words << ": " << what << ", expected " << expected << ", got " << got;
  if (!advice.isTriviallyEmpty())
    error << "; " << advice;
  return error;
}

std::string qbias::importing::text(ArrayRef<int64_t> shape) {
  return "[" +
         llvm::join(llvm::map_range(shape, [](int64_t d) { return std::to_string(d); }),
                    ", ") +
         "]";
}

std::string qbias::importing::quoted(StringRef name) {
  constexpr size_t kLongest = 200;
  std::string result = "'";
  llvm::raw_string_ostream stream(result);
  llvm::printEscapedString(name.take_front(kLongest), stream);
  stream << (name.size() > kLongest ? "...'" : "'");
  return result;
}

std::string qbias::importing::realText(double value) {
  std::string result;
  llvm::raw_string_ostream(result) << llvm::format("%.9g", value);
  return result;
}
