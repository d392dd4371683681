//===- Header.h - the C header of a compiled program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_TARGET_HEADER_H
#define QBIAS_TARGET_HEADER_H

#include "qbias/Runtime/Description.h"

#include "llvm/ADT/StringRef.h"

#include <set>

namespace qbias {

/// Turns names of a model into C identifiers, each only once.
class Identifiers {
public:
  /// Letters, digits and underscores of `name`, the rest as underscores;
  /// `fallback` where nothing is left; numbered when taken.
  std::string make(std::string_view name, std::string_view fallback);

private:
  std::set<std::string> taken;
};

/// `text` for a C comment or string: printable ASCII that ends neither, the
/// rest as hexadecimal escapes.
std::string escapeForC(std::string_view text);

/// "uint8_t" and so on.
std::string getCType(runtime::DType dtype);

/// A double as a C literal that reads back as the same number.
std::string toCDouble(double value);

/// The parameters of the entry point, inputs first: "const uint8_t *x, ...".
std::string getParameters(const runtime::Description &description);

/// The header: declaration, sizes, a description of every tensor, and inline
/// functions that quantize and dequantize. Valid C99 and C++17. `declarations` are
/// those of more functions.
std::string makeHeader(const runtime::Description &description,
                       llvm::StringRef declarations = "");

} // namespace qbias

#endif // QBIAS_TARGET_HEADER_H
