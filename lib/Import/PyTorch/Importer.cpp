//===- Importer.cpp - state of one PyTorch import ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "Operators.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Import/Common/QuantParameters.h"

#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

std::optional<int64_t> Importer::findInteger(StringRef name) const {
  auto found = integers.find(name);
  return found == integers.end() ? std::nullopt : std::optional(found->second);
}

/// What the graph gets from outside, with the first node that reads it.
Subject Importer::getSource(StringRef kind, StringRef name) const {
  Subject subject = namer.getTensor(kind, name);
  const Node *reader = graph.getReader(name);
  if (!reader)
    return subject;
  return Subject(subject.getLoc(), subject.getWords() + ", read by " +
                                       graph.getSubject(*reader, namer).getWords());
}

ImportedTensor *Importer::find(StringRef name, const Subject &user) {
  auto found = tensors.find(name);
  if (found != tensors.end())
    return &found->second;
  auto key = keys.find(name);
  if (key == keys.end()) {
    (void)user.reject("argument " + quoted(name), "a tensor computed before", "none");
    return nullptr;
  }
  Subject subject = getSource("stored tensor", name);
  FailureOr<ConstantTensor> constant = store.load(key->second, name, subject);
  if (failed(constant))
    return nullptr;
  ImportedTensor tensor;
  tensor.constant = std::move(*constant);
  if (failed(define(name, std::move(tensor), subject)))
    return nullptr;
  return &tensors[name];
}

FailureOr<Value> Importer::getValue(StringRef name, const Subject &user) {
  ImportedTensor *tensor = find(name, user);
  if (!tensor)
    return failure();
  if (tensor->untyped)
    return user.reject("argument " + quoted(name), "a float or quantized tensor",
                       "input of type " + nameOf(*tensor->untyped) + " without scale",
                       "an integer input must be read by a dequantize");
  if (tensor->value)
    return tensor->value;
  if (!tensor->constant->isFloat())
    return user.reject("argument " + quoted(name), "float32 elements",
                       tensor->describe());
  FailureOr<Value> value =
      writeFloats(builder, budget, namer.getLoc(name), *tensor->constant, user);
  if (succeeded(value))
    tensor->value = *value;
  return value;
}

/// The file's sizes of a tensor as text: "[s0, 3, 8]".
static std::string text(const json::Array &sizes) {
  SmallVector<std::string> extents;
  for (const json::Value &size : sizes) {
    std::optional<int64_t> extent = readSymInt(size);
    extents.push_back(extent ? std::to_string(*extent) : "?");
  }
  return "[" + llvm::join(extents, ", ") + "]";
}

LogicalResult Importer::define(StringRef name, ImportedTensor tensor,
                               const Subject &node) {
  if (name.empty()) // a result nobody asks for
    return success();
  const json::Object *declared = graph.getDeclared(name);
  const json::Array *sizes = declared ? declared->getArray("sizes") : nullptr;
  SmallVector<int64_t> shape = tensor.getShape();
  bool fits = !sizes || sizes->size() == shape.size();
  for (size_t d = 0; sizes && fits && d < shape.size(); ++d)
    fits = readSymInt((*sizes)[d]).value_or(shape[d]) == shape[d];
  if (!fits)
    return node.reject("shape of " + quoted(name),
                       ::text(*sizes) + " as the file declares",
                       qbias::importing::text(shape), "the file is damaged");
  tensors[name] = std::move(tensor);
  return success();
}

//===----------------------------------------------------------------------===//
// Program
//===----------------------------------------------------------------------===//

LogicalResult Importer::checkOptions() const {
  if (options.batch < 1 || !countElements(options.batch))
    return namer.getFile().reject("batch", "a number from 1 to 2^31 - 1",
                                  Twine(options.batch), "correct --batch");
  for (const auto &entry : options.shapes)
    if (llvm::none_of(graph.getInputs(), [&](const GraphInput &input) {
          return input.kind == GraphInput::Kind::User && input.name == entry.first();
        }))
      return namer.getFile().reject("shape of " + quoted(entry.first()),
                                    "the name of an input",
                                    "a name the model does not have", "correct --shape");
  return success();
}

OwningOpRef<ModuleOp> Importer::import() {
  FailureOr<Graph> read = Graph::get(store.getProgram(), namer);
  if (failed(read))
    return {};
  graph = std::move(*read);
  if (failed(checkOptions()) || failed(checkOperators()))
    return {};
  OwningOpRef<ModuleOp> module = ModuleOp::create(namer.getLoc());
  builder.setInsertionPointToEnd(module->getBody());
  function = func::FuncOp::create(builder, namer.getLoc(), "main",
                                  builder.getFunctionType({}, {}));
  builder.setInsertionPointToEnd(function.addEntryBlock());
  for (const GraphInput &input : graph.getInputs())
    if (failed(addInput(input)))
      return {};
  for (const Node *node : graph.getNodes())
    if (failed(importNode(*node)))
      return {};
  if (failed(addOutputs()) || failed(addSignature()) || failed(verify(*module)))
    return {};
  return module;
}

/// The first operator to complain about may follow from another one: a graph in
/// the reference representation is named as such, not by its roundings.
LogicalResult Importer::checkOperators() {
  for (bool isReference : {true, false})
    for (const Node *node : graph.getNodes())
      if (!isReference || node->op == "higher_order.out_dtype")
        if (failed(findOperator(NodeView(*this, *node))))
          return failure();
  return success();
}

LogicalResult Importer::importNode(const Node &node) {
  NodeView view(*this, node);
  FailureOr<const Operator *> op = findOperator(view);
  if (failed(op) || failed(checkSignature(**op, view)))
    return failure();
  return (*op)->import(view);
}

//===----------------------------------------------------------------------===//
// Inputs and outputs
//===----------------------------------------------------------------------===//

/// Name of the symbol an expression consists of: s0, or Symbol('s0', ...). Parsed,
/// never evaluated; nullopt for other expressions.
static std::optional<StringRef> readSymbol(StringRef expression) {
  expression = expression.trim();
  bool isCall = expression.consume_front("Symbol(");
  if (isCall && !expression.ends_with(")"))
    return std::nullopt;
  if (isCall) {
    char quote = expression.empty() ? ' ' : expression.front();
    if (quote != '\'' && quote != '"')
      return std::nullopt;
    expression = expression.drop_front().split(quote).first;
  }
  auto isWord = [](char c) { return llvm::isAlnum(c) || c == '_'; };
  if (expression.empty() || llvm::isDigit(expression.front()) ||
      !llvm::all_of(expression, isWord))
    return std::nullopt;
  return expression;
}

/// {"as_expr": {"expr_str": ...}}: the batch, when it is a symbol in front.
FailureOr<int64_t> Importer::readOpenExtent(const json::Value &size, size_t index,
                                            const Subject &subject) {
  const json::Object *object = size.getAsObject();
  const json::Object *open = object ? object->getObject("as_expr") : nullptr;
  std::optional<StringRef> expression = open ? open->getString("expr_str") : std::nullopt;
  if (!expression)
    return subject.reject("dimension " + Twine(index), "a number or a symbol",
                          "something else", "the file is damaged");
  std::optional<StringRef> symbol = readSymbol(*expression);
  if (!symbol || index != 0)
    return subject.reject("dimension " + Twine(index), "a known extent",
                          quoted(*expression),
                          "only the batch (dimension 0) may be dynamic: export with "
                          "fixed shapes, or give one with --shape");
  if (options.batch > graph.getLargest(*symbol).value_or(options.batch))
    return subject.reject(
        "batch", "at most " + Twine(*graph.getLargest(*symbol)) + " as the file says",
        Twine(options.batch), "correct --batch");
  return options.batch;
}

FailureOr<SmallVector<int64_t>> Importer::readInputShape(const GraphInput &input,
                                                         const json::Array &sizes,
                                                         const Subject &subject) {
  auto given = options.shapes.find(input.name);
  bool isGiven = given != options.shapes.end();
  if (isGiven && given->second.size() != sizes.size())
    return subject.reject("rank of --shape", Twine(sizes.size()),
                          Twine(given->second.size()));
  SmallVector<int64_t> shape;
  for (const auto &[index, size] : llvm::enumerate(sizes)) {
    std::optional<int64_t> known = readSymInt(size);
    if (known && isGiven && given->second[index] != *known)
      return subject.reject("dimension " + Twine(index) + " of --shape",
                            Twine(*known) + " as in the file",
                            Twine(given->second[index]));
    FailureOr<int64_t> extent = known     ? FailureOr<int64_t>(*known)
                                : isGiven ? FailureOr<int64_t>(given->second[index])
                                          : readOpenExtent(size, index, subject);
    if (failed(extent))
      return failure();
    shape.push_back(*extent);
  }
  if (!isValueShape(shape))
    return subject.reject("shape", kValueLimits, qbias::importing::text(shape));
  return shape;
}

LogicalResult Importer::addInput(const GraphInput &input) {
  if (input.kind == GraphInput::Kind::Stored) {
    keys[input.name] = input.key;
    return success();
  }
  Subject subject = getSource("input", input.name);
  const json::Object *declared = graph.getDeclared(input.name);
  const json::Array *sizes = declared ? declared->getArray("sizes") : nullptr;
  std::optional<int64_t> dtype = declared ? declared->getInteger("dtype") : std::nullopt;
  if (!sizes || !dtype)
    return subject.reject("type", "sizes and dtype", "none", "the file is damaged");
  DataType type = typeOfScalar(*dtype);
  if (type != DataType::Float && !isQuantizable(type))
    return subject.reject("type", "float32 or integers up to 32 bits",
                          type == DataType::Undefined ? "number " + Twine(*dtype)
                                                      : Twine(nameOf(type)),
                          "export a float32 module");
  FailureOr<SmallVector<int64_t>> shape = readInputShape(input, *sizes, subject);
  if (failed(shape))
    return failure();
  // An integer input gets its quantized type from the dequantize that reads it.
  ImportedTensor tensor;
  if (type != DataType::Float)
    tensor.untyped = type;
  tensor.value = function.getBody().front().addArgument(
      RankedTensorType::get(*shape, builder.getF32Type()), subject.getLoc());
  tensors[input.name] = std::move(tensor);
  userInputs.push_back(input.name);
  return success();
}

LogicalResult Importer::addOutputs() {
  SmallVector<Value> results;
  for (const std::string &name : graph.getOutputs()) {
    FailureOr<Value> value = getValue(name, namer.getTensor("output", name));
    if (failed(value))
      return failure();
    results.push_back(*value);
  }
  func::ReturnOp::create(builder, namer.getLoc(), results);
  return success();
}

LogicalResult Importer::addSignature() {
  Block &body = function.getBody().front();
  function.setType(builder.getFunctionType(body.getArgumentTypes(),
                                           body.getTerminator()->getOperandTypes()));
  for (const auto &[index, name] : llvm::enumerate(userInputs)) {
    if (tensors[name].untyped)
      return namer.getTensor("input", name)
          .reject("users", "a dequantize that gives the scale", "none");
    function.setArgAttr(index, QBiasDialect::kNameAttr, builder.getStringAttr(name));
    function.setArgAttr(index, QBiasDialect::kProducerAttr,
                        builder.getStringAttr("pytorch"));
  }
  for (const auto &[index, name] : llvm::enumerate(graph.getOutputs()))
    function.setResultAttr(index, QBiasDialect::kNameAttr, builder.getStringAttr(name));
  return success();
}
