//===- NodeView.cpp - one node, as its import function sees it ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NodeView.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Import/Common/Windows.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::pytorchimport;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

bool NodeView::has(StringRef argument) const {
  const json::Object *found = node.arguments.lookup(argument);
  return found && kindOf(*found) != "as_none" && !kindOf(*found).empty();
}

/// The name that holds the tensor's value where this node reads it.
StringRef NodeView::resolve(StringRef name) const {
  auto found = node.renamed.find(name);
  return found == node.renamed.end() ? name : StringRef(found->second);
}

StringRef NodeView::getTensorName(StringRef argument) const {
  const json::Object *found = node.arguments.lookup(argument);
  const json::Object *tensor = found ? found->getObject("as_tensor") : nullptr;
  std::optional<StringRef> name = tensor ? tensor->getString("name") : std::nullopt;
  return name ? resolve(*name) : StringRef();
}

std::string NodeView::argumentText(StringRef argument) const {
  StringRef name = getTensorName(argument);
  return "argument " + quoted(argument) + (name.empty() ? "" : " (" + quoted(name) + ")");
}

LogicalResult NodeView::missing(StringRef argument) const {
  return reject("argument " + quoted(argument), "a value", "none",
                "the file is damaged, or of a version that is not supported");
}

ImportedTensor *NodeView::getInput(StringRef argument) const {
  StringRef name = getTensorName(argument);
  if (!name.empty())
    return importer.find(name, subject);
  if (!has(argument)) {
    (void)missing(argument);
    return nullptr;
  }
  (void)reject("argument " + quoted(argument), "a tensor",
               quoted(kindOf(*node.arguments.lookup(argument))));
  return nullptr;
}

FailureOr<Value> NodeView::getValue(StringRef argument) const {
  if (!getInput(argument))
    return failure();
  return importer.getValue(getTensorName(argument), subject);
}

FailureOr<Value> NodeView::getReal(StringRef argument) const {
  FailureOr<Value> value = getValue(argument);
  if (failed(value) || isRealTensor(value->getType()))
    return value;
  return reject(argumentText(argument), "float32 elements",
                getInput(argument)->describe(), "dequantize it first");
}

FailureOr<const ConstantTensor *> NodeView::needConstant(StringRef argument,
                                                         StringRef role) const {
  ImportedTensor *tensor = getInput(argument);
  if (!tensor)
    return failure();
  if (tensor->constant)
    return &*tensor->constant;
  const Node *producer = importer.getGraph().getProducer(getTensorName(argument));
  return reject(role + " " + quoted(getTensorName(argument)), "a constant",
                producer ? "the result of " + producer->op : std::string("an input"),
                producer ? "quantize statically: the program has to hold its scales"
                         : "store it in the module as a buffer");
}

LogicalResult NodeView::checkActivation(StringRef argument, Value weight) const {
  Operation *source = weight.getDefiningOp();
  while (source && isa<ScaleTransparentOpInterface>(source) &&
         source->getNumOperands() == 1)
    source = source->getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<DequantizeOp>(source) ||
      importer.getGraph().quantizesActivations())
    return success();
  return reject(argumentText(argument), "a quantized tensor (the weights are quantized)",
                getInput(argument)->describe(),
                "quantize activations too: weights alone make no integer program");
}

FailureOr<SmallVector<StringRef>> NodeView::getTensorNames(StringRef argument) const {
  LogicalResult status = success();
  const json::Value *value =
      findArgument(argument, {"as_tensors"}, "a list of tensors", status);
  if (failed(status))
    return failure();
  const json::Array *list = value ? value->getAsArray() : nullptr;
  if (!list)
    return missing(argument);
  SmallVector<StringRef> names;
  for (const json::Value &item : *list) {
    const json::Object *object = item.getAsObject();
    std::optional<StringRef> name = object ? object->getString("name") : std::nullopt;
    if (!name)
      return missing(argument);
    names.push_back(resolve(*name));
  }
  return names;
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

const json::Value *NodeView::findArgument(StringRef argument, ArrayRef<StringRef> kinds,
                                          StringRef expected,
                                          LogicalResult &status) const {
  status = success();
  if (!has(argument))
    return nullptr;
  const json::Object &found = *node.arguments.lookup(argument);
  if (llvm::is_contained(kinds, kindOf(found)))
    return &found.begin()->second;
  status = reject("argument " + quoted(argument), expected, quoted(kindOf(found)));
  return nullptr;
}

/// A number, {"as_int": n}, or {"as_name": s} of a symbolic integer.
std::optional<int64_t> NodeView::readInteger(const json::Value &value) const {
  if (std::optional<int64_t> number = value.getAsInteger())
    return number;
  const json::Object *object = value.getAsObject();
  if (!object)
    return std::nullopt;
  if (std::optional<StringRef> name = object->getString("as_name"))
    return importer.findInteger(resolve(*name));
  return object->getInteger("as_int");
}

LogicalResult NodeView::read(StringRef argument, int64_t &value) const {
  LogicalResult status = success();
  const json::Value *found =
      findArgument(argument, {"as_int", "as_sym_int"}, "an integer", status);
  if (!found)
    return status;
  std::optional<int64_t> number = readInteger(*found);
  if (!number)
    return reject("argument " + quoted(argument), "an integer", "another value");
  value = *number;
  return success();
}

LogicalResult NodeView::read(StringRef argument, bool &value) const {
  LogicalResult status = success();
  const json::Value *found = findArgument(argument, {"as_bool"}, "a truth value", status);
  if (!found)
    return status;
  if (!found->getAsBoolean())
    return reject("argument " + quoted(argument), "a truth value", "another value");
  value = *found->getAsBoolean();
  return success();
}

LogicalResult NodeView::read(StringRef argument, double &value) const {
  LogicalResult status = success();
  const json::Value *found =
      findArgument(argument, {"as_float", "as_int"}, "a number", status);
  if (!found)
    return status;
  if (std::optional<StringRef> word = found->getAsString()) {
    double infinity = std::numeric_limits<double>::infinity();
    value = *word == "Infinity"    ? infinity
            : *word == "-Infinity" ? -infinity
                                   : std::numeric_limits<double>::quiet_NaN();
    return success();
  }
  if (!found->getAsNumber())
    return reject("argument " + quoted(argument), "a number", "another value");
  value = *found->getAsNumber();
  return success();
}

LogicalResult NodeView::read(StringRef argument, std::string &value) const {
  LogicalResult status = success();
  const json::Value *found = findArgument(argument, {"as_string"}, "a string", status);
  if (!found)
    return status;
  if (!found->getAsString())
    return reject("argument " + quoted(argument), "a string", "another value");
  value = found->getAsString()->str();
  return success();
}

LogicalResult NodeView::read(StringRef argument, SmallVectorImpl<int64_t> &values) const {
  LogicalResult status = success();
  const json::Value *found = findArgument(argument, {"as_ints", "as_sym_ints", "as_int"},
                                          "a list of integers", status);
  if (!found)
    return status;
  SmallVector<int64_t> result;
  if (std::optional<int64_t> single = found->getAsInteger())
    result.push_back(*single);
  else if (const json::Array *list = found->getAsArray())
    for (const json::Value &item : *list) {
      std::optional<int64_t> number = readInteger(item);
      if (!number)
        return reject("argument " + quoted(argument), "a list of integers",
                      "another value in it",
                      "only the batch may be symbolic: export with fixed shapes");
      result.push_back(*number);
    }
  values.assign(result.begin(), result.end());
  return success();
}

LogicalResult NodeView::read(StringRef argument, SmallVectorImpl<double> &values) const {
  LogicalResult status = success();
  const json::Value *found =
      findArgument(argument, {"as_floats", "as_ints"}, "a list of numbers", status);
  if (!found)
    return status;
  const json::Array *list = found->getAsArray();
  if (!list || !llvm::all_of(*list, [](const json::Value &item) {
        return item.getAsNumber().has_value();
      }))
    return reject("argument " + quoted(argument), "a list of numbers", "another value");
  values.clear();
  for (const json::Value &item : *list)
    values.push_back(*item.getAsNumber());
  return success();
}

LogicalResult NodeView::readExtents(StringRef argument, size_t count, int64_t min,
                                    SmallVectorImpl<int64_t> &values) const {
  if (failed(read(argument, values)))
    return failure();
  if (values.size() == 1)
    values.assign(count, values.front());
  bool fits = values.size() == count && llvm::all_of(values, [&](int64_t value) {
                return value >= min && value <= kMaxWindowExtent;
              });
  if (fits)
    return success();
  return reject("argument " + quoted(argument),
                Twine(count) + " entries from " + Twine(min) + " to " +
                    Twine(kMaxWindowExtent),
                text(values));
}

LogicalResult NodeView::need(StringRef argument, int64_t &value) const {
  return has(argument) ? read(argument, value) : missing(argument);
}

LogicalResult NodeView::need(StringRef argument, double &value) const {
  return has(argument) ? read(argument, value) : missing(argument);
}

LogicalResult NodeView::need(StringRef argument, SmallVectorImpl<int64_t> &values) const {
  return has(argument) ? read(argument, values) : missing(argument);
}

LogicalResult NodeView::read(StringRef argument, DataType &value) const {
  LogicalResult status = success();
  const json::Value *found =
      findArgument(argument, {"as_scalar_type"}, "an element type", status);
  if (!found)
    return status;
  value = typeOfScalar(found->getAsInteger().value_or(0));
  if (value != DataType::Undefined)
    return success();
  return reject("argument " + quoted(argument), "an element type that is supported",
                "number " + Twine(found->getAsInteger().value_or(0)));
}

bool NodeView::isNumber(StringRef argument) const {
  const json::Object *found = node.arguments.lookup(argument);
  return found && (kindOf(*found) == "as_int" || kindOf(*found) == "as_float");
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

LogicalResult NodeView::setResult(unsigned index, Value value) const {
  ImportedTensor tensor;
  tensor.value = value;
  return importer.define(node.outputs[index], std::move(tensor), subject);
}

LogicalResult NodeView::setResult(unsigned index, ConstantTensor constant) const {
  ImportedTensor tensor;
  tensor.constant = std::move(constant);
  return importer.define(node.outputs[index], std::move(tensor), subject);
}

LogicalResult NodeView::setResult(unsigned index, FailureOr<Value> value) const {
  return failed(value) ? failure() : setResult(index, *value);
}

LogicalResult NodeView::setResult(unsigned index,
                                  FailureOr<ConstantTensor> constant) const {
  return failed(constant) ? failure() : setResult(index, std::move(*constant));
}

LogicalResult NodeView::forward(StringRef argument) const {
  ImportedTensor *tensor = getInput(argument);
  if (!tensor)
    return failure();
  if (tensor->untyped)
    return failure(failed(getValue(argument)));
  return importer.define(node.name(), *tensor, subject);
}
