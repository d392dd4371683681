//===- Aliases.cpp - who shares a tensor's memory ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Aliases.h"

using namespace mlir;
using namespace qbias::pytorchimport;

void Graph::Aliases::define(StringRef name) {
  objects[name] = table.size();
  sharers.push_back({table.size()});
  table.push_back({sharers.size() - 1, name.str(), ""});
}

void Graph::Aliases::defineView(StringRef name, StringRef of) {
  size_t memory = table[objects.lookup(of)].memory;
  objects[name] = table.size();
  sharers[memory].push_back(table.size());
  table.push_back({memory, name.str(), ""});
}

void Graph::Aliases::write(StringRef name, StringRef operand, StringRef writer) {
  size_t object = objects.lookup(operand);
  objects[name] = object;
  table[object].current = name.str();
  std::vector<size_t> &views = sharers[table[object].memory];
  for (size_t view : views)
    if (view != object)
      table[view].writer = writer.str();
  // Views that may not be read need no second writer.
  views.assign(1, object);
}

StringRef Graph::Aliases::getCurrent(StringRef name) const {
  return table[objects.lookup(name)].current;
}

StringRef Graph::Aliases::getWriter(StringRef name) const {
  return table[objects.lookup(name)].writer;
}
