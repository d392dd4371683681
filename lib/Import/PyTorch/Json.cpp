//===- Json.cpp - JSON of a .pt2 ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Json.h"

using namespace mlir;
using namespace qbias::pytorchimport;
namespace json = llvm::json;

/// Deepest nesting of arrays and objects: a program has about twelve levels, and
/// LLVM's parser takes a stack frame for each.
static constexpr int kMaxNesting = 100;

/// Words of Python's json module that are no JSON.
static constexpr llvm::StringLiteral kWords[] = {"-Infinity", "Infinity", "NaN"};

/// Memory LLVM's parser takes for an object (a table of 64 entries), for a field
/// where there are many, and for an element of an array.
static constexpr uint64_t kBytesOfObject = 4096, kBytesOfField = 192,
                          kBytesOfElement = 48;

/// What parsed JSON may take: programs of many small nodes need 130 times the file's
/// size.
static constexpr uint64_t kFixedBytes = uint64_t(256) << 20, kBytesPerFileByte = 256;

/// At most what the parser will take.
static uint64_t estimateMemory(StringRef text) {
  uint64_t bytes = 0;
  for (char c : text)
    bytes += c == '{'               ? kBytesOfObject
             : c == ':'             ? kBytesOfField
             : c == ',' || c == '[' ? kBytesOfElement
                                    : 0;
  return bytes;
}

/// Copies JSON with the words above in quotes; false where nesting is too deep.
static bool prepare(StringRef text, std::string &out) {
  int depth = 0;
  bool inString = false;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (inString && c == '\\' && i + 1 < text.size()) {
      out += c;
      c = text[++i];
    } else if (c == '"') {
      inString = !inString;
    } else if (!inString && (c == '[' || c == '{')) {
      if (++depth > kMaxNesting)
        return false;
    } else if (!inString && (c == ']' || c == '}')) {
      --depth;
    } else if (!inString && (c == '-' || c == 'I' || c == 'N')) {
      const auto *word = llvm::find_if(
          kWords, [&](StringRef word) { return text.substr(i).starts_with(word); });
      if (word != std::end(kWords)) {
        out += '"' + word->str() + '"';
        i += word->size() - 1;
        continue;
      }
    }
    out += c;
  }
  return true;
}

FailureOr<json::Value> qbias::pytorchimport::parseJson(StringRef text, size_t fileSize,
                                                       const Subject &subject) {
  uint64_t limit = kFixedBytes + kBytesPerFileByte * static_cast<uint64_t>(fileSize);
  if (estimateMemory(text) > limit)
    return subject.reject("JSON", "objects in proportion to the file's size",
                          "more, which would take over " + Twine(limit) + " bytes");
  std::string prepared;
  if (!prepare(text, prepared))
    return subject.reject("JSON", "nesting up to " + Twine(kMaxNesting) + " levels",
                          "more");
  llvm::Expected<json::Value> value = json::parse(prepared);
  if (!value)
    return subject.reject("JSON", "a program", llvm::toString(value.takeError()),
                          "the file is damaged");
  if (!value->getAsObject())
    return subject.reject("JSON", "an object", "another value", "the file is damaged");
  return std::move(*value);
}

/// The numbers differ from those of torch.dtype.
DataType qbias::pytorchimport::typeOfScalar(int64_t scalarType) {
  switch (scalarType) {
  case 1:
    return DataType::UInt8;
  case 2:
    return DataType::Int8;
  case 3:
    return DataType::Int16;
  case 4:
    return DataType::Int32;
  case 5:
    return DataType::Int64;
  case 6:
    return DataType::Float16;
  case 7:
    return DataType::Float;
  case 8:
    return DataType::Double;
  case 12:
    return DataType::Bool;
  case 13:
    return DataType::BFloat16;
  case 28:
    return DataType::UInt16;
  default:
    return DataType::Undefined;
  }
}

std::optional<int64_t> qbias::pytorchimport::readSymInt(const json::Value &value) {
  const json::Object *object = value.getAsObject();
  return object ? object->getInteger("as_int") : std::nullopt;
}

StringRef qbias::pytorchimport::kindOf(const json::Object &value) {
  return value.size() == 1 ? StringRef(value.begin()->first) : StringRef();
}

const json::Object *qbias::pytorchimport::needObject(const json::Object &object,
                                                     StringRef key,
                                                     const Subject &subject) {
  if (const json::Object *found = object.getObject(key))
    return found;
  (void)subject.reject("field " + quoted(key), "an object", "none",
                       "the file is not of torch.export.save, or damaged");
  return nullptr;
}

const json::Array *qbias::pytorchimport::needArray(const json::Object &object,
                                                   StringRef key,
                                                   const Subject &subject) {
  if (const json::Array *found = object.getArray(key))
    return found;
  (void)subject.reject("field " + quoted(key), "an array", "none",
                       "the file is not of torch.export.save, or damaged");
  return nullptr;
}
