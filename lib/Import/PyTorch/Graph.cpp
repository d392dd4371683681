//===- Graph.cpp - nodes and names of an exported program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Graph.h"
#include "Aliases.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace qbias::pytorchimport;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

Location Namer::getLoc() const { return FileLineColLoc::get(context, file, 0, 0); }

Location Namer::getLoc(StringRef name) const {
  if (name.empty())
    return getLoc();
  return NameLoc::get(StringAttr::get(context, name), getLoc());
}

Subject Namer::getFile() const { return Subject(getLoc(), "model"); }

Subject Namer::getTensor(StringRef kind, StringRef name) const {
  return Subject(getLoc(name), (kind + " " + quoted(name)).str());
}

Subject Graph::getSubject(const Node &node, const Namer &namer) const {
  std::string words = node.spelling() + " " + quoted(node.name());
  if (!node.place.empty())
    words += " at " + node.place;
  return Subject(namer.getLoc(node.name()), words);
}

const Node *Graph::getReader(StringRef name) const {
  auto found = readers.find(name);
  return found == readers.end() ? nullptr : &nodes[found->second];
}

const Node *Graph::getProducer(StringRef name) const {
  auto found = producers.find(name);
  return found == producers.end() ? nullptr : &nodes[found->second];
}

bool Node::isQuantize() const {
  return StringRef(op).starts_with("quantized_decomposed.quantize_");
}

bool Graph::isInteger(const GraphInput &input) const {
  const json::Object *type = getDeclared(input.name);
  return input.kind == GraphInput::Kind::User && type &&
         typeOfScalar(type->getInteger("dtype").value_or(0)) != DataType::Float;
}

bool Graph::quantizesActivations() const {
  auto isQuantize = [](const Node &node) { return node.isQuantize(); };
  return llvm::any_of(nodes, isQuantize) ||
         llvm::any_of(inputs, [&](const GraphInput &input) { return isInteger(input); });
}

std::optional<int64_t> Graph::getLargest(StringRef symbol) const {
  const json::Object *range = ranges ? ranges->getObject(symbol) : nullptr;
  return range ? range->getInteger("max_val") : std::nullopt;
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

/// Every tensor and symbolic integer an argument names.
static void collectNames(const json::Object &argument,
                         SmallVectorImpl<StringRef> &names) {
  auto add = [&](const json::Value &value, StringRef key) {
    const json::Object *object = value.getAsObject();
    if (std::optional<StringRef> name = object ? object->getString(key) : std::nullopt)
      names.push_back(*name);
  };
  StringRef kind = kindOf(argument);
  const json::Value *value = argument.get(kind);
  if (!value)
    return;
  if (kind == "as_tensor")
    add(*value, "name");
  else if (kind == "as_sym_int")
    add(*value, "as_name");
  const json::Array *list = value->getAsArray();
  if (!list)
    return;
  for (const json::Value &item : *list) {
    const json::Object *object = item.getAsObject();
    if (kind == "as_optional_tensors" && object && object->get("as_tensor"))
      add(*object->get("as_tensor"), "name");
    else if (kind == "as_tensors")
      add(item, "name");
    else if (kind == "as_sym_ints")
      add(item, "as_name");
  }
}

/// Names of an output: one tensor, several, or a symbolic integer.
static void collectOutputs(const json::Object &output, Node &node) {
  SmallVector<StringRef> names;
  collectNames(output, names);
  for (StringRef name : names)
    node.outputs.push_back(name.str());
  if (names.empty()) // as_none
    node.outputs.push_back("");
}

/// "torch.ops.aten.relu_.default" to op "aten.relu", in place, overload "default".
static void readTarget(StringRef target, Node &node) {
  if (!target.consume_front("torch.ops.")) {
    node.op = target.str(); // "_operator.mul"
    return;
  }
  auto [op, overload] = target.rsplit('.');
  if (!op.contains('.')) // no overload: "higher_order.out_dtype"
    std::tie(op, overload) = std::pair(target, StringRef());
  node.isInPlace = op.ends_with("_") && !op.ends_with("__");
  node.op = op.drop_back(node.isInPlace).str();
  node.overload = overload.str();
}

/// {target, inputs[{name, arg}], outputs, metadata}.
static FailureOr<Node> readNode(const json::Value &value, const Namer &namer) {
  const json::Object *object = value.getAsObject();
  std::optional<StringRef> target = object ? object->getString("target") : std::nullopt;
  const json::Array *inputs = object ? object->getArray("inputs") : nullptr;
  const json::Array *outputs = object ? object->getArray("outputs") : nullptr;
  if (!target || !inputs || !outputs)
    return namer.getFile().reject("node", "target, inputs and outputs", "something else",
                                  "the file is damaged");
  Node node;
  readTarget(*target, node);
  node.place = readPlace(*object);
  for (const json::Value &output : *outputs)
    if (const json::Object *names = output.getAsObject())
      collectOutputs(*names, node);
  for (const json::Value &input : *inputs) {
    const json::Object *entry = input.getAsObject();
    std::optional<StringRef> name = entry ? entry->getString("name") : std::nullopt;
    const json::Object *argument = entry ? entry->getObject("arg") : nullptr;
    if (!argument || !name || !node.arguments.try_emplace(*name, argument).second)
      return namer.getFile().reject("inputs of " + quoted(*target),
                                    "a name and value each, no name twice",
                                    "something else", "the file is damaged");
    node.argumentNames.push_back(name->str());
  }
  return node;
}

/// Operators whose result may share the memory of their first argument.
static bool makesView(StringRef op) {
  static const llvm::StringSet<> views = {
      "aten.alias",      "aten.chunk",     "aten.contiguous", "aten.detach",
      "aten.dropout",    "aten.expand",    "aten.flatten",    "aten.feature_dropout",
      "aten.narrow",     "aten.permute",   "aten.reshape",    "aten.select",
      "aten.slice",      "aten.split",     "aten.squeeze",    "aten.split_with_sizes",
      "aten.t",          "aten.to",        "aten.transpose",  "aten.unbind",
      "aten.unflatten",  "aten.unsqueeze", "aten.view",       "aten._unsafe_view",
      "aten.lift_fresh", "aten.numpy_T",   "aten.movedim",    "aten.expand_as",
      "aten.view_as",    "aten.swapaxes",  "aten._to_copy",   "aten.identity"};
  return views.contains(op);
}

LogicalResult Graph::readNodes(const json::Object &graph, const Namer &namer) {
  const json::Array *list = needArray(graph, "nodes", namer.getFile());
  if (!list)
    return failure();
  for (const json::Value &value : *list) {
    FailureOr<Node> read = readNode(value, namer);
    if (failed(read))
      return failure();
    Node &node = nodes.emplace_back(std::move(*read));
    Subject subject = getSubject(node, namer);
    for (const std::string &argument : node.argumentNames) {
      SmallVector<StringRef> names;
      collectNames(*node.arguments[argument], names);
      for (StringRef name : names) {
        if (!aliases->isDefined(name))
          return subject.reject("argument " + quoted(argument), "a tensor defined before",
                                quoted(name) + ", which is not", "the file is damaged");
        if (StringRef writer = aliases->getWriter(name); !writer.empty())
          return subject.reject("argument " + quoted(argument), "a tensor nobody writes",
                                quoted(name) + ", which shares memory with what " +
                                    writer + " writes in place",
                                "use the operator that is not in place");
        StringRef current = aliases->getCurrent(name);
        if (current != name)
          node.renamed[name] = current.str();
        node.operands.push_back(current.str());
        readers.try_emplace(current, nodes.size() - 1);
      }
    }
    for (const auto &[index, name] : llvm::enumerate(node.outputs)) {
      if (name.empty())
        continue;
      if (aliases->isDefined(name))
        return subject.reject("output " + quoted(name), "a new name",
                              "one that is defined before", "the file is damaged");
      producers[name] = nodes.size() - 1;
      if (index == 0 && node.isInPlace && !node.operands.empty())
        aliases->write(name, node.operands.front(), subject.getWords());
      else if (makesView(node.op) && !node.operands.empty())
        aliases->defineView(name, node.operands.front());
      else
        aliases->define(name);
    }
  }
  return success();
}

/// Nodes that quantized tensors of the file depend on, each of which can be asked for,
/// and outputs.
std::vector<bool> Graph::findNeeded(bool ofOutputs) const {
  std::vector<bool> isNeeded(nodes.size(), false);
  std::vector<size_t> worklist;
  auto visit = [&](StringRef name) {
    auto found = producers.find(name);
    if (found == producers.end() || isNeeded[found->second])
      return;
    isNeeded[found->second] = true;
    worklist.push_back(found->second);
  };
  if (ofOutputs)
    for (const std::string &name : outputs)
      visit(name);
  for (const Node &node : nodes)
    if (node.isQuantize())
      visit(node.name());
  while (!worklist.empty()) {
    size_t index = worklist.back();
    worklist.pop_back();
    for (const std::string &name : nodes[index].operands)
      visit(name);
  }
  return isNeeded;
}

//===----------------------------------------------------------------------===//
// Ends
//===----------------------------------------------------------------------===//

/// The tensor name in {"arg": {"name": n}} or {"arg": {"as_tensor": {"name": n}}}.
static std::optional<StringRef> readArgName(const json::Object &spec) {
  const json::Object *arg = spec.getObject("arg");
  if (arg && arg->getObject("as_tensor"))
    arg = arg->getObject("as_tensor");
  return arg ? arg->getString("name") : std::nullopt;
}

LogicalResult Graph::readInputs(const json::Object &graph, const json::Object &signature,
                                const Namer &namer) {
  const json::Array *specs = needArray(signature, "input_specs", namer.getFile());
  if (!specs)
    return failure();
  for (const json::Value &value : *specs) {
    const json::Object *spec = value.getAsObject();
    StringRef kind = spec ? kindOf(*spec) : StringRef();
    const json::Object *body = kind.empty() ? nullptr : spec->getObject(kind);
    std::optional<StringRef> name = body ? readArgName(*body) : std::nullopt;
    if (kind == "user_input" && body && !name)
      continue; // a number or None fixed at export
    std::optional<StringRef> key;
    if (kind == "parameter" && body)
      key = body->getString("parameter_name");
    else if (kind == "buffer" && body)
      key = body->getString("buffer_name");
    else if (kind == "tensor_constant" && body)
      key = body->getString("tensor_constant_name");
    if (!name || (kind != "user_input" && !key))
      return namer.getFile().reject(
          "input of the graph", "a tensor, parameter, buffer or constant", quoted(kind),
          "export a module whose inputs are tensors");
    if (aliases->isDefined(*name))
      return namer.getTensor("input", *name).reject("name", "one input", "several");
    aliases->define(*name);
    auto inputKind = key ? GraphInput::Kind::Stored : GraphInput::Kind::User;
    inputs.push_back({inputKind, name->str(), key.value_or("").str()});
  }
  return success();
}

LogicalResult Graph::readOutputs(const json::Object &signature, const Namer &namer) {
  const json::Array *specs = needArray(signature, "output_specs", namer.getFile());
  if (!specs)
    return failure();
  llvm::StringSet<> seen;
  for (const json::Value &value : *specs) {
    const json::Object *spec = value.getAsObject();
    StringRef kind = spec ? kindOf(*spec) : StringRef();
    const json::Object *body = kind.empty() ? nullptr : spec->getObject(kind);
    std::optional<StringRef> name = body ? readArgName(*body) : std::nullopt;
    std::optional<StringRef> buffer =
        body ? body->getString("buffer_name") : std::nullopt;
    if (kind == "buffer_mutation" && buffer) {
      written.insert(*buffer);
      continue;
    }
    if (kind != "user_output" || !name)
      return namer.getFile().reject("output of the graph", "a tensor",
                                    quoted(kind.empty() ? "something else" : kind),
                                    "export a module in eval mode that returns tensors "
                                    "and does not change its buffers");
    if (!aliases->isDefined(*name))
      return namer.getTensor("output", *name)
          .reject("name", "a tensor of the graph", "none");
    if (!seen.insert(*name).second)
      return namer.getTensor("output", *name)
          .reject("name", "one output of this name", "several", "return the tensor once");
    outputs.push_back(aliases->getCurrent(*name).str());
  }
  if (outputs.empty())
    return namer.getFile().reject("outputs", "at least one", "none");
  return success();
}

/// Buffers may change, such as the batches a normalization has counted, as long as
/// no result depends on them.
LogicalResult Graph::checkWritten(const Namer &namer) const {
  llvm::StringSet<> states;
  for (const GraphInput &input : inputs)
    if (input.kind == GraphInput::Kind::Stored && written.contains(input.key))
      states.insert(input.name);
  auto reject = [&](const Subject &reader, StringRef name) {
    return reader.reject("what it reads", "constants and results of this run",
                         "buffer " + quoted(name) + ", which each run changes",
                         "export a module in eval mode that keeps no state");
  };
  for (const Node *node : needed)
    for (const std::string &name : node->operands)
      if (states.contains(name))
        return reject(getSubject(*node, namer), name);
  for (const std::string &name : outputs)
    if (states.contains(name))
      return reject(namer.getTensor("output", name), name);
  return success();
}

FailureOr<Graph> Graph::get(const json::Object &program, const Namer &namer) {
  Subject file = namer.getFile();
  const json::Object *module = needObject(program, "graph_module", file);
  const json::Object *body = module ? needObject(*module, "graph", file) : nullptr;
  const json::Object *signature = body ? needObject(*module, "signature", file) : nullptr;
  if (!signature)
    return failure();
  Graph graph;
  graph.aliases = std::make_shared<Aliases>();
  graph.declared = body->getObject("tensor_values");
  graph.ranges = program.getObject("range_constraints");
  if (failed(graph.readInputs(*body, *signature, namer)) ||
      failed(graph.readNodes(*body, namer)) ||
      failed(graph.readOutputs(*signature, namer)))
    return failure();
  graph.findPlaces();
  graph.cutFloatTail(namer);
  std::vector<bool> isNeeded = graph.findNeeded(/*ofOutputs=*/true);
  for (const auto &[index, node] : llvm::enumerate(graph.nodes))
    if (isNeeded[index])
      graph.needed.push_back(&node);
  if (failed(graph.checkWritten(namer)))
    return failure();
  return graph;
}
