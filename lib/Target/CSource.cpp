//===- CSource.cpp - an integer program as readable C99 ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Values of the program become places: an argument, or an offset in the
// workspace. Reshapes are the same place under another name.
//
//===----------------------------------------------------------------------===//

#include "qbias/Target/CSource.h"

#include "CSelfTest.h"
#include "CWriter.h"

#include "qbias/Analysis/Arena.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Target/Header.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace qbias;

namespace {

/// A value's storage: argument `argument`, or a buffer of the arena.
struct Place {
  std::string name; ///< C expression of its address
  int64_t buffer = -1;
};

/// Writes one program.
class Emitter {
public:
  Emitter(func::FuncOp func, runtime::Description &description, StringRef header,
          CSourceOptions options)
      : func(func), description(description), header(header), options(options),
        functionsOs(functions) {}

  FailureOr<CSource> emit();

private:
  LogicalResult collect();
  LogicalResult emitLayer(Operation *op);
  void emitSaturation(unsigned index);
  void emitEntry(llvm::raw_ostream &os);
  void emitChecks(CWriter &writer);
  Value rootOf(Value value) const;
  void touch(Value value, int64_t step);
  void newBuffer(Value value, int64_t step, const std::string &name);

  func::FuncOp func;
  runtime::Description &description;
  StringRef header;
  CSourceOptions options;
  Identifiers identifiers;
  DenseMap<Value, Place> places;
  SmallVector<ArenaBuffer> buffers;
  SmallVector<std::string> bufferNames;
  std::string functions;
  llvm::raw_string_ostream functionsOs;
  SmallVector<SelfTestCall> calls;
  SmallVector<std::string> parameters; ///< of the entry, without types
};

} // namespace

static int64_t bytesOf(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getNumElements() * llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

/// An operation whose result is its operand under another shape.
static bool isAlias(Operation *op) {
  return isa_and_present<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op);
}

Value Emitter::rootOf(Value value) const {
  while (isAlias(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

void Emitter::newBuffer(Value value, int64_t step, const std::string &name) {
  std::string offset = "at_" + identifiers.make(name, "tensor");
  places[value] = {"(void *)(base + " + offset + ")", int64_t(buffers.size())};
  buffers.push_back({bytesOf(value), step, step});
  bufferNames.push_back(offset);
}

/// `value` is read at `step`.
void Emitter::touch(Value value, int64_t step) {
  auto place = places.find(rootOf(value));
  if (place != places.end() && place->second.buffer >= 0) {
    int64_t &last = buffers[place->second.buffer].last;
    last = std::max(last, step);
  }
}

/// The comment above a layer's function.
static void describe(Operation *op, llvm::raw_ostream &os) {
  os << "/* Layer '" << escapeForC(getLayerName(op)) << "'";
  auto segment = dyn_cast<IntegerSegmentOpInterface>(op);
  if (LayerAttr layer = segment ? segment.getLayerAttr() : LayerAttr()) {
    os << " (" << escapeForC(layer.getOp().getValue()) << ")";
    if (layer.getTensor())
      os << ", tensor '" << escapeForC(layer.getTensor().getValue()) << "'";
  }
  os << ".";
  if (segment) {
    ReferenceAttr reference = segment.getReferenceAttr();
    os << "\n   Scale of the operands: ";
    llvm::interleaveComma(reference.getOperands().asArrayRef(), os,
                          [&](double scale) { os << toCDouble(scale); });
    SmallVector<double> weights;
    if (reference.getWeights() && readFloats(reference.getWeights(), weights)) {
      os << "; of the weights: " << toCDouble(weights.front());
      if (weights.size() > 1)
        os << " .. " << toCDouble(weights.back()) << " by channel";
    }
    if (CertificateAttr certificate = segment.getCertificateAttr())
      os << ".\n   Proven equal to the exact meaning on every input: "
         << certificate.getCertified() << " of " << certificate.getChannels()
         << " channels, form " << stringifyRequantForm(segment.getRequantAttr().getForm())
         << ".";
  }
  os << " */\n";
}

/// "Operation, layer" -> the name of its function.
static std::string getFunctionName(Operation *op, Identifiers &identifiers) {
  std::string kind = op->getName().stripDialect().str();
  return "layer_" + identifiers.make(getLayerName(op), kind);
}

LogicalResult Emitter::emitLayer(Operation *op) {
  std::string name = getFunctionName(op, identifiers);
  std::string signature, arguments;
  for (auto [i, operand] : llvm::enumerate(getData(op))) {
    if (getConstant(operand))
      continue;
    signature += "const " + getCType(getElementTypeOrSelf(operand.getType())) + " *" +
                 getDataName(i) + ", ";
    arguments += places[rootOf(operand)].name + ", ";
  }
  Value result = op->getResult(0);
  describe(op, functionsOs);
  CWriter writer(functionsOs, options.hasNarrowProducts);
  writer.open("static void " + name + "(" + signature +
              getCType(getElementTypeOrSelf(result.getType())) + " *y)");
  if (failed(writeLayer(op, writer)))
    return failure();
  writer.close();
  writer.line("");
  calls.push_back(
      {name + "(" + arguments + places[result].name + ");", result, places[result].name});
  return success();
}

/// The proofs hold for integers of the quantized range: an argument whose type can
/// hold more is saturated, as in every program.
void Emitter::emitSaturation(unsigned index) {
  const runtime::Tensor &tensor = description.inputs[index];
  std::string name = "saturate_" + identifiers.make(tensor.name, "input");
  std::string type = getCType(tensor.dtype);
  CWriter writer(functionsOs);
  functionsOs << "/* Integers beyond the quantized range of '" << escapeForC(tensor.name)
              << "' would leave the proven bounds. */\n";
  writer.open("static void " + name + "(const " + type + " *x, " + type + " *y)");
  writer.loop("i", tensor.elements());
  writer.line("y[i] = (" + type + ")clamp(x[i], " +
              std::to_string(tensor.quantization->min) + ", " +
              std::to_string(tensor.quantization->max) + ");");
  writer.close();
  writer.close();
  writer.line("");
  calls.push_back({name + "(" + parameters[index] + ", " +
                       places[func.getArgument(index)].name + ");",
                   {},
                   {}});
}

/// True when the quantized range is narrower than the integers in memory.
static bool isNarrow(const runtime::Tensor &tensor) {
  if (!tensor.quantization || tensor.isUnused)
    return false;
  unsigned bits = 8 * runtime::dtypeSize(tensor.dtype);
  return tensor.quantization->max - tensor.quantization->min + 1 < (int64_t(1) << bits);
}

/// Places and life times of all values.
LogicalResult Emitter::collect() {
  Identifiers names;
  for (auto [i, tensor] : llvm::enumerate(description.inputs))
    parameters.push_back("in_" + names.make(tensor.name, "input" + std::to_string(i)));
  for (auto [i, tensor] : llvm::enumerate(description.outputs))
    parameters.push_back("out_" + names.make(tensor.name, "output" + std::to_string(i)));
  Block &block = func.getBody().front();
  for (BlockArgument argument : block.getArguments()) {
    unsigned index = argument.getArgNumber();
    places[argument] = {parameters[index], -1};
    if (isNarrow(description.inputs[index]))
      newBuffer(argument, 0, description.inputs[index].name);
  }
  // A result that a layer computes is written where the caller wants it.
  auto ret = cast<func::ReturnOp>(block.getTerminator());
  for (auto [i, value] : llvm::enumerate(ret.getOperands()))
    if (Value root = rootOf(value);
        root.getDefiningOp() && !getConstant(root) && !places.count(root))
      places[root] = {parameters[description.inputs.size() + i], -1};
  int64_t step = 0;
  for (Operation &op : block.without_terminator()) {
    ++step;
    if (op.getNumResults() != 1)
      return op.emitError("expects operations with one result for C, got ")
             << op.getNumResults();
    auto type = dyn_cast<RankedTensorType>(op.getResult(0).getType());
    if (!type || type.getNumElements() > INT32_MAX)
      return op.emitError("expects a tensor of at most ")
             << INT32_MAX << " elements for C, got " << op.getResult(0).getType();
    if (isAlias(&op) || isa<arith::ConstantOp>(op))
      continue;
    for (Value operand : op.getOperands())
      touch(operand, step);
    if (!places.count(op.getResult(0)))
      newBuffer(op.getResult(0), step, getLayerName(&op));
  }
  return success();
}

void Emitter::emitChecks(CWriter &writer) {
  size_t inputs = description.inputs.size();
  auto tensors = llvm::to_vector(llvm::map_range(
      llvm::concat<const runtime::Tensor>(description.inputs, description.outputs),
      [](const runtime::Tensor &tensor) { return &tensor; }));
  auto check = [&](const Twine &condition, int status) {
    writer.line("if (" + condition + ")");
    writer.line("  return " + Twine(status) + ";");
  };
  for (const std::string &name : parameters)
    check("!" + name, 1);
  check("!workspace", 1);
  for (auto [name, tensor] : llvm::zip(parameters, tensors))
    if (runtime::dtypeSize(tensor->dtype) > 1)
      check("(uintptr_t)" + name + " % sizeof *" + name + " != 0", 2);
  check("(uintptr_t)workspace % " + Twine(runtime::kWorkspaceAlignment) + " != 0", 2);
  if (description.workspaceBytes > 0)
    check("workspace_bytes < " + description.name + "_WORKSPACE_BYTES", 3);
  else
    writer.line("(void)workspace_bytes; /* needs none */");
  for (size_t j = inputs; j < tensors.size(); ++j)
    for (size_t i = 0; i < j; ++i)
      check("overlap(" + parameters[i] + ", " + Twine(tensors[i]->bytes()) + ", " +
                parameters[j] + ", " + Twine(tensors[j]->bytes()) + ")",
            4);
  for (size_t i = 0; i < tensors.size(); ++i)
    check("overlap(" + parameters[i] + ", " + Twine(tensors[i]->bytes()) +
              ", workspace, " + description.name + "_WORKSPACE_BYTES)",
          4);
}

void Emitter::emitEntry(llvm::raw_ostream &os) {
  os << "/* Where the tensors between the layers lie in the workspace, in bytes. */\n";
  for (auto [name, buffer] : llvm::zip(bufferNames, buffers))
    os << "static const size_t " << name << " = " << buffer.offset << ";\n";
  os << "\n";
  CWriter writer(os);
  writer.open("int " + description.name + "_run(" + getParameters(description) + ")");
  if (!buffers.empty())
    writer.line("unsigned char *const base = (unsigned char *)workspace;");
  emitChecks(writer);
  for (const SelfTestCall &call : calls)
    writer.line(call.text);
  auto ret = cast<func::ReturnOp>(func.getBody().front().getTerminator());
  size_t inputs = description.inputs.size();
  // Results that no layer wrote: inputs, constants, and results given twice.
  for (auto [i, value] : llvm::enumerate(ret.getOperands())) {
    Value root = rootOf(value);
    const std::string &target = parameters[inputs + i];
    if (places.count(root) && places[root].name != target)
      writer.line("memcpy(" + target + ", " + places[root].name + ", " +
                  Twine(bytesOf(root)) + ");");
  }
  writer.line("return 0;");
  writer.close();
}

FailureOr<CSource> Emitter::emit() {
  if (failed(collect()))
    return failure();
  description.workspaceBytes = placeBuffers(buffers, runtime::kWorkspaceAlignment);
  for (auto [i, argument] : llvm::enumerate(func.getArguments()))
    if (places[argument].buffer >= 0)
      emitSaturation(i);
  Block &block = func.getBody().front();
  for (Operation &op : block.without_terminator())
    if (!isAlias(&op) && !isa<arith::ConstantOp>(op) && failed(emitLayer(&op)))
      return failure();
  for (Value value : block.getTerminator()->getOperands())
    if (getConstant(rootOf(value)))
      return func.emitError("expects outputs that are computed for C, got a constant");
  std::string text, entry;
  llvm::raw_string_ostream os(text), entryOs(entry);
  emitEntry(entryOs);
  CSource source;
  if (options.hasSelfTest) {
    if (failed(writeSelfTest(func, description, calls, parameters, entryOs)))
      return failure();
    source.declarations = declareSelfTest(description);
  }
  os << "/* " << description.name << ": a quantized network as integer C99.\n"
     << "   Written by qbias " << description.version << " from "
     << escapeForC(description.model) << ", SHA-256\n   " << description.modelHash
     << ".\n\n   A function for each layer, in the order they run; x is what a layer"
     << " reads, y what\n   it writes. acc is a sum of products, and\n"
     << "     y = clamp((acc * multiplier + rounding) >> shift, low, high)\n"
     << "   where rounding holds the half, the zero point and what an integer bias"
     << " loses. */\n\n#define QBIAS_NO_CONVERSIONS /* integers only */\n"
     << (header.empty() ? makeHeader(description, source.declarations)
                        : "#include \"" + escapeForC(header) + "\"\n")
     << "\n#include <string.h>\n"
     << getHelpers(functions + entry) << "\n"
     << functions << entry;
  source.text = std::move(text);
  return source;
}

FailureOr<CSource> qbias::emitC(ModuleOp module, runtime::Description &description,
                                StringRef header, CSourceOptions options) {
  auto func = module.lookupSymbol<func::FuncOp>("main");
  if (!func || func.isExternal() || !llvm::hasSingleElement(func.getBody()))
    return module.emitError("expects a function 'main' of one block for C");
  return Emitter(func, description, header, options).emit();
}
