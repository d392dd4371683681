//===- CSelfTest.cpp - a program that checks itself, in C ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checksum: FNV-1a of 32 bits over the bytes of every element, lowest first
// (http://www.isthe.com/chongo/tech/comp/fnv).
//
//===----------------------------------------------------------------------===//

#include "CSelfTest.h"

#include "CWriter.h"

#include "qbias/Analysis/Segments.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Interpreter/Interpreter.h"
#include "qbias/Target/Header.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

#include <random>
#include <set>

using namespace mlir;
using namespace qbias;
using interpreter::Integers;
using llvm::Twine;

static constexpr uint32_t kOffsetBasis = 2166136261, kPrime = 16777619;
static constexpr uint64_t kSeed = 1;

static uint32_t checksum(const Integers &values, unsigned bytes) {
  uint32_t sum = kOffsetBasis;
  for (int64_t value : values)
    for (unsigned b = 0; b < bytes; ++b)
      sum = (sum ^ ((uint64_t(value) >> (8 * b)) & UINT8_MAX)) * kPrime;
  return sum;
}

static unsigned bytesOf(Value value) {
  return llvm::divideCeil(getElement(value).getIntOrFloatBitWidth(), 8);
}

/// Integers that every argument can be; the same in every run.
static std::vector<interpreter::Tensor> makeInputs(func::FuncOp func) {
  std::mt19937_64 random(kSeed);
  std::vector<interpreter::Tensor> inputs;
  for (BlockArgument argument : func.getArguments()) {
    numerics::Range range = getValueRange(argument);
    Integers values(cast<RankedTensorType>(argument.getType()).getNumElements());
    for (int64_t &value : values)
      value = range.min + int64_t(random() % uint64_t(range.max - range.min + 1));
    inputs.push_back({SmallVector<int64_t>(getShape(argument)), std::move(values)});
  }
  return inputs;
}

/// The integers of the results of `calls`, by a copy that returns all of them.
static FailureOr<SmallVector<interpreter::Tensor>>
evaluate(func::FuncOp func, ArrayRef<SelfTestCall> calls,
         ArrayRef<interpreter::Tensor> inputs) {
  IRMapping mapping;
  OwningOpRef<func::FuncOp> copy(cast<func::FuncOp>(func->clone(mapping)));
  SmallVector<Value> results;
  for (const SelfTestCall &call : calls)
    if (call.result)
      results.push_back(mapping.lookup(call.result));
  copy->getBody().front().getTerminator()->setOperands(results);
  return interpreter::interpret(*copy, inputs);
}

/// `name` is an argument of the call.
static bool isPassed(StringRef call, StringRef name) {
  for (size_t at = call.find(name); at != StringRef::npos; at = call.find(name, at + 1)) {
    StringRef next = call.substr(at + name.size(), 1);
    if ((call[at - 1] == '(' || call[at - 1] == ' ') && (next == "," || next == ")"))
      return true;
  }
  return false;
}

static int64_t alignUp(int64_t bytes) {
  return int64_t(llvm::alignTo(uint64_t(bytes), runtime::kWorkspaceAlignment));
}

/// Outputs lie behind the workspace.
static int64_t getBytes(const runtime::Description &description) {
  int64_t bytes = alignUp(description.workspaceBytes);
  for (const runtime::Tensor &tensor : description.outputs)
    bytes += alignUp(tensor.bytes());
  return bytes;
}

std::string qbias::declareSelfTest(const runtime::Description &description) {
  const std::string &name = description.name;
  return "#define " + name + "_SELFTEST_BYTES " + std::to_string(getBytes(description)) +
         "\n\n/* Runs an input that is stored in the program and compares the integers "
         "of\n"
         "   every layer. Returns 0 when all are right, 1, 2, 3 as " +
         name + "_run (of " + name +
         "_SELFTEST_BYTES),\n   5 when a layer differs, and sets `layer` to the name of "
         "the first that does. */\nint " +
         name +
         "_selftest(void *workspace, size_t workspace_bytes, const char **layer);\n\n";
}

static void printChecksum(llvm::raw_ostream &os, StringRef type) {
  os << "static uint32_t checksum_" << type << "(const " << type
     << " *x, size_t count) {\n"
     << "  uint32_t sum = UINT32_C(" << kOffsetBasis << ");\n"
     << "  for (size_t i = 0; i < count; ++i)\n"
     << "    for (unsigned b = 0; b < 8 * sizeof *x; b += 8)\n"
     << "      sum = (sum ^ (uint32_t)(((uint64_t)x[i] >> b) & 255)) * UINT32_C("
     << kPrime << ");\n  return sum;\n}\n\n";
}

/// Storage of the entry's parameters, as far as calls name them.
static void printStorage(CWriter &writer, const runtime::Description &description,
                         ArrayRef<std::string> parameters, ArrayRef<SelfTestCall> calls,
                         ArrayRef<interpreter::Tensor> inputs) {
  auto isUsed = [&](const std::string &name) {
    return llvm::any_of(
        calls, [&](const SelfTestCall &call) { return isPassed(call.text, name); });
  };
  int64_t offset = alignUp(description.workspaceBytes);
  for (auto [i, name] : llvm::enumerate(parameters)) {
    bool isInput = i < description.inputs.size();
    const runtime::Tensor &tensor =
        isInput ? description.inputs[i]
                : description.outputs[i - description.inputs.size()];
    std::string type = getCType(tensor.dtype);
    if (isInput && isUsed(name))
      writer.constant(type, name, {tensor.elements()}, inputs[i].integers());
    if (isInput)
      continue;
    if (isUsed(name))
      writer.line(type + " *const " + name + " = (void *)(base + " + Twine(offset) +
                  ");");
    offset += alignUp(tensor.bytes());
  }
}

LogicalResult qbias::writeSelfTest(func::FuncOp func,
                                   const runtime::Description &description,
                                   ArrayRef<SelfTestCall> calls,
                                   ArrayRef<std::string> parameters,
                                   llvm::raw_ostream &os) {
  std::vector<interpreter::Tensor> inputs = makeInputs(func);
  FailureOr<SmallVector<interpreter::Tensor>> results = evaluate(func, calls, inputs);
  if (failed(results))
    return failure();
  os << "\n";
  std::set<std::string> types;
  for (const SelfTestCall &call : calls)
    if (call.result && types.insert(getCType(getElement(call.result))).second)
      printChecksum(os, getCType(getElement(call.result)));
  CWriter writer(os);
  writer.open("int " + description.name +
              "_selftest(void *workspace, size_t workspace_bytes, const char **layer)");
  writer.line("if (!workspace || !layer)");
  writer.line("  return 1;");
  writer.line("if ((uintptr_t)workspace % " + Twine(runtime::kWorkspaceAlignment) +
              " != 0)");
  writer.line("  return 2;");
  writer.line("if (workspace_bytes < " + description.name + "_SELFTEST_BYTES)");
  writer.line("  return 3;");
  writer.line("unsigned char *const base = (unsigned char *)workspace;");
  printStorage(writer, description, parameters, calls, inputs);
  size_t next = 0;
  for (const SelfTestCall &call : calls) {
    writer.line(call.text);
    if (!call.result)
      continue;
    const Integers &values = (*results)[next++].integers();
    std::string type = getCType(getElement(call.result));
    writer.line("*layer = \"" + escapeForC(getLayerName(call.result.getDefiningOp())) +
                "\";");
    writer.line("if (checksum_" + type + "(" + call.place + ", " + Twine(values.size()) +
                ") != UINT32_C(" + Twine(checksum(values, bytesOf(call.result))) + "))");
    writer.line("  return 5;");
  }
  writer.line("*layer = \"\";");
  writer.line("return 0;");
  writer.close();
  return success();
}
