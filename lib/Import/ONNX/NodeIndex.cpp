//===- NodeIndex.cpp - who makes and reads a tensor of a graph ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NodeIndex.h"

using namespace qbias::onnximport;

NodeIndex::NodeIndex(const onnx::GraphProto &graph) {
  for (const onnx::TensorProto &tensor : graph.initializer())
    constants[tensor.name()] = &tensor;
  for (const onnx::NodeProto &node : graph.node()) {
    for (const std::string &name : node.output())
      producers[name] = &node;
    for (const std::string &name : node.input())
      ++uses[name];
    for (const onnx::AttributeProto &entry : node.attribute())
      if (node.op_type() == "Constant" && entry.name() == "value" && entry.has_t() &&
          node.output_size() == 1)
        constants[node.output(0)] = &entry.t();
  }
  for (const onnx::ValueInfoProto &output : graph.output())
    ++uses[output.name()];
}
