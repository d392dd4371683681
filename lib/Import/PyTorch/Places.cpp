//===- Places.cpp - lines of the user's program ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Graph.h"

using namespace mlir;
using namespace qbias::pytorchimport;
namespace json = llvm::json;

/// quoted(), without the quotes.
static std::string escaped(StringRef text) {
  std::string result = quoted(text);
  return result.substr(1, result.size() - 2);
}

/// The innermost line of a stack trace that is not of code PyTorch generated, and
/// its code:
///   File "/src/net.py", line 31, in forward\n    x = self.relu(x)\n
/// becomes "net.py:31 (x = self.relu(x))".
std::string qbias::pytorchimport::readPlace(const json::Object &node) {
  constexpr size_t kLongestCode = 80;
  constexpr llvm::StringLiteral kFrame = "File \"", kGenerated = "<eval_with_key>";
  const json::Object *metadata = node.getObject("metadata");
  std::optional<StringRef> given =
      metadata ? metadata->getString("stack_trace") : std::nullopt;
  StringRef trace = given.value_or(""), frame;
  do {
    size_t start = trace.rfind(kFrame);
    if (start == StringRef::npos)
      return {};
    frame = trace.substr(start + kFrame.size());
    trace = trace.take_front(start);
  } while (frame.starts_with(kGenerated));
  auto [line, code] = frame.split('\n');
  auto [path, rest] = line.split("\", line ");
  StringRef number = rest.take_while(llvm::isDigit);
  StringRef file = path.rsplit('/').second.empty() ? path : path.rsplit('/').second;
  std::string place = escaped((file + ":" + number).str());
  code = code.split('\n').first.trim();
  if (code.empty())
    return place;
  return place + " (" + escaped(code.take_front(kLongestCode)) +
         (code.size() > kLongestCode ? "...)" : ")");
}

/// A node without a line of its own, as quantizers insert them, stands at that of
/// its first reader, or else of its first operand.
void Graph::findPlaces() {
  std::vector<bool> isOwn;
  for (const Node &node : nodes)
    isOwn.push_back(!node.place.empty());
  for (const Node &node : llvm::reverse(nodes))
    for (const std::string &operand : node.operands)
      if (auto found = producers.find(operand);
          found != producers.end() && !isOwn[found->second] && !node.place.empty())
        nodes[found->second].place = node.place;
  for (Node &node : nodes) {
    if (!node.place.empty() || node.operands.empty())
      continue;
    if (const Node *producer = getProducer(node.operands.front()))
      node.place = producer->place;
  }
}
