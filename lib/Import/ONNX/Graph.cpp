//===- Graph.cpp - names and order of an ONNX graph ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Graph.h"

#include "QOperators.h"

#include "mlir/IR/Builders.h"

#include <queue>

using namespace mlir;
using namespace qbias::onnximport;

//===----------------------------------------------------------------------===//
// Namer
//===----------------------------------------------------------------------===//

Location Namer::getLoc() const { return FileLineColLoc::get(context, file, 0, 0); }

Location Namer::getLoc(StringRef name) const {
  if (name.empty())
    return getLoc();
  return NameLoc::get(StringAttr::get(context, name), getLoc());
}

StringRef Namer::nameOf(const onnx::NodeProto &node) {
  if (!node.name().empty() || node.output_size() == 0)
    return node.name();
  return node.output(0);
}

StringRef Namer::opTypeOf(const onnx::NodeProto &node) {
  return node.domain() == kExpandedDomain ? node.doc_string() : node.op_type();
}

StringRef Namer::nameOf(Location loc) {
  auto named = dyn_cast<NameLoc>(loc);
  return named ? named.getName().getValue() : StringRef();
}

Subject Namer::getFile() const { return Subject(getLoc(), "model"); }

Subject Namer::getTensor(StringRef kind, StringRef name) const {
  return Subject(getLoc(name), (kind + " " + quoted(name)).str());
}

Subject Namer::getNode(const onnx::NodeProto &node) const {
  StringRef name = nameOf(node);
  std::string op = quoted(opTypeOf(node));
  return Subject(getLoc(name),
                 StringRef(op).drop_front().drop_back().str() + " " + quoted(name));
}

//===----------------------------------------------------------------------===//
// Graph
//===----------------------------------------------------------------------===//

FailureOr<Graph> Graph::get(const onnx::GraphProto &proto, const Namer &namer) {
  Graph graph;
  if (failed(graph.define(proto, namer)) || failed(graph.checkUses(proto, namer)) ||
      failed(graph.sort(proto, namer)))
    return failure();
  return graph;
}

const onnx::TensorProto *Graph::getInitializer(StringRef name) const {
  return initializers.lookup(name);
}

const onnx::NodeProto *Graph::getProducer(StringRef name) const {
  auto found = producers.find(name);
  return found == producers.end() ? nullptr : &proto->node(found->second);
}

const onnx::TypeProto *Graph::getDeclaredType(StringRef name) const {
  return declaredTypes.lookup(name);
}

LogicalResult Graph::define(const onnx::GraphProto &graph, const Namer &namer) {
  proto = &graph;
  for (const onnx::TensorProto &tensor : graph.initializer())
    if (!initializers.try_emplace(tensor.name(), &tensor).second)
      return namer.getTensor("initializer", tensor.name())
          .reject("name", "one initializer of this name", "several");
  for (const onnx::SparseTensorProto &tensor : graph.sparse_initializer())
    return namer.getTensor("initializer", tensor.values().name())
        .reject("data", "a dense tensor", "a sparse one",
                "sparse initializers are not supported");
  for (const onnx::ValueInfoProto &input : graph.input()) {
    if (!inputNames.try_emplace(input.name(), &input).second)
      return namer.getTensor("graph input", input.name())
          .reject("name", "one input of this name", "several");
    if (!getInitializer(input.name())) // files before IR version 4 list them too
      inputs.push_back(&input);
  }
  for (const auto *values : {&graph.value_info(), &graph.output()})
    for (const onnx::ValueInfoProto &value : *values)
      declaredTypes[value.name()] = &value.type();
  for (int index = 0; index < graph.node_size(); ++index)
    for (const std::string &name : graph.node(index).output()) {
      if (name.empty())
        continue;
      bool isNew = producers.try_emplace(name, index).second;
      if (!isNew || initializers.contains(name) || inputNames.contains(name))
        return namer.getNode(graph.node(index))
            .reject("output " + quoted(name), "a new tensor name",
                    isNew ? "the name of a graph input or initializer"
                          : "the output of node " +
                                quoted(Namer::nameOf(*getProducer(name))));
    }
  return success();
}

LogicalResult Graph::checkUses(const onnx::GraphProto &graph, const Namer &namer) const {
  auto isDefined = [&](StringRef name) {
    return producers.contains(name) || initializers.contains(name) ||
           inputNames.contains(name);
  };
  const char *sources = "a graph input, an initializer or the output of a node";
  for (const onnx::NodeProto &node : graph.node())
    for (const std::string &name : node.input())
      if (!name.empty() && !isDefined(name))
        return namer.getNode(node).reject("input " + quoted(name), sources,
                                          "a name nothing defines");
  llvm::StringMap<bool> seen;
  for (const onnx::ValueInfoProto &output : graph.output()) {
    if (!isDefined(output.name()))
      return namer.getTensor("graph output", output.name())
          .reject("name", sources, "a name nothing defines");
    if (!seen.try_emplace(output.name()).second)
      return namer.getTensor("graph output", output.name())
          .reject("name", "one output of this name", "several");
  }
  return success();
}

std::vector<bool> Graph::findNeeded(const onnx::GraphProto &graph) const {
  std::vector<bool> needed(graph.node_size(), false);
  std::vector<int> worklist;
  auto visit = [&](StringRef tensor) {
    auto found = producers.find(tensor);
    if (found == producers.end() || needed[found->second])
      return;
    needed[found->second] = true;
    worklist.push_back(found->second);
  };
  for (const onnx::ValueInfoProto &output : graph.output())
    visit(output.name());
  // Every quantized tensor of the file can be asked for.
  for (const onnx::NodeProto &node : graph.node())
    if (StringRef(node.op_type()).starts_with("Quantize") && node.output_size() == 1)
      visit(node.output(0));
  while (!worklist.empty()) {
    int index = worklist.back();
    worklist.pop_back();
    for (const std::string &name : graph.node(index).input())
      visit(name);
  }
  return needed;
}

/// Kahn's algorithm over all nodes, the earliest ready node of the file first;
/// keeps those the model needs.
LogicalResult Graph::sort(const onnx::GraphProto &graph, const Namer &namer) {
  int count = graph.node_size();
  std::vector<std::vector<int>> users(count);
  std::vector<int> waiting(count, 0);
  for (int index = 0; index < count; ++index)
    for (const std::string &name : graph.node(index).input()) {
      auto found = producers.find(name);
      if (name.empty() || found == producers.end())
        continue;
      users[found->second].push_back(index);
      ++waiting[index];
    }
  std::vector<bool> needed = findNeeded(graph);
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (int index = 0; index < count; ++index)
    if (waiting[index] == 0)
      ready.push(index);
  int done = 0;
  for (; !ready.empty(); ++done) {
    int index = ready.top();
    ready.pop();
    if (needed[index])
      order.push_back(&graph.node(index));
    for (int user : users[index])
      if (--waiting[user] == 0)
        ready.push(user);
  }
  if (done == count)
    return success();
  // Every waiting node has a waiting producer: walking up from any of them
  // ends on a cycle.
  int index = llvm::find_if(waiting, [](int n) { return n > 0; }) - waiting.begin();
  for (std::vector<bool> seen(count, false); !seen[index];) {
    seen[index] = true;
    for (const std::string &name : graph.node(index).input()) {
      auto found = producers.find(name);
      if (!name.empty() && found != producers.end() && waiting[found->second] > 0) {
        index = found->second;
        break;
      }
    }
  }
  return namer.getNode(graph.node(index))
      .reject("graph", "nodes without a cycle", "a node that needs its own output");
}
