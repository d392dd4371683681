//===- RequantRows.cpp - multipliers by row ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   s = Gemm(x, w, bias)                      x0, x1, ... = Split(x)
//   y = RequantShift(s, mul, add)        =>   y0 = RequantShift(Gemm(x0, w, bias[0]),
//   mul[0], add[0])
//                                             ...
//                                             y = Concat(y0, y1, ...)
//
// where mul, add or bias has two dimensions, the first as long as x. A layer has one
// multiplier for each output channel; its rows share them.
//
//===----------------------------------------------------------------------===//

#include "RequantRows.h"
#include "NodeIndex.h"
#include "TensorDecoder.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

/// Most rows that become layers of their own.
static constexpr int64_t kMostRows = 1024;

namespace {

class RowSplitter {
public:
  RowSplitter(onnx::GraphProto &graph, const Namer &namer)
      : graph(graph), namer(namer), index(graph) {}
  LogicalResult split();

private:
  /// A Gemm and its RequantShift, and the number of rows.
  struct Pair {
    const onnx::NodeProto *gemm;
    int64_t rows;
  };

  int64_t rowsOf(StringRef name) const;
  std::optional<Pair> match(const onnx::NodeProto &shift) const;
  FailureOr<std::string> makeRow(const std::string &name, int64_t row, int64_t rows,
                                 const onnx::NodeProto &user);
  LogicalResult splitPair(const Pair &pair, const onnx::NodeProto &shift);
  onnx::NodeProto &copy(const onnx::NodeProto &from, ArrayRef<std::string> inputs);
  std::string fresh() { return "rows." + std::to_string(++count); }

  onnx::GraphProto &graph;
  const Namer &namer;
  NodeIndex index;
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  unsigned count = 0;
};

} // namespace

/// Rows of a constant of two dimensions; 1 where all rows have the same numbers.
int64_t RowSplitter::rowsOf(StringRef name) const {
  const onnx::TensorProto *tensor = index.constants.lookup(name);
  return tensor && tensor->dims_size() == 2 ? tensor->dims(0) : 1;
}

std::optional<RowSplitter::Pair> RowSplitter::match(const onnx::NodeProto &shift) const {
  if (shift.op_type() != "RequantShift" || shift.input_size() != 3 ||
      shift.output_size() != 1 || index.uses.lookup(shift.input(0)) != 1)
    return std::nullopt;
  const onnx::NodeProto *gemm = index.producers.lookup(shift.input(0));
  if (!gemm || gemm->op_type() != "Gemm" || gemm->input_size() < 2 ||
      gemm->output_size() != 1 || !index.constants.contains(gemm->input(1)))
    return std::nullopt;
  for (const onnx::AttributeProto &entry : gemm->attribute())
    if (entry.name() == "transA" && entry.i() != 0)
      return std::nullopt;
  int64_t rows = 1;
  SmallVector<StringRef> numbers = {shift.input(1), shift.input(2)};
  if (gemm->input_size() > 2)
    numbers.push_back(gemm->input(2));
  for (StringRef name : numbers) {
    int64_t own = rowsOf(name);
    if (own != 1 && rows != 1 && own != rows)
      return std::nullopt;
    rows = std::max(rows, own);
  }
  return 1 < rows && rows <= kMostRows ? std::optional(Pair{gemm, rows}) : std::nullopt;
}

/// A row of a constant of that many rows; of others the constant itself.
FailureOr<std::string> RowSplitter::makeRow(const std::string &name, int64_t row,
                                            int64_t rows, const onnx::NodeProto &user) {
  if (rowsOf(name) != rows)
    return name;
  FailureOr<ConstantTensor> constant =
      decode(*index.constants.lookup(name), namer.getNode(user));
  if (failed(constant))
    return failure();
  int64_t columns = constant->getNumElements() / rows;
  onnx::TensorProto &tensor = *graph.add_initializer();
  tensor.set_name(fresh());
  tensor.set_data_type(onnx::TensorProto::DOUBLE);
  tensor.add_dims(columns);
  for (int64_t i = row * columns; i < (row + 1) * columns; ++i)
    tensor.add_double_data(constant->isFloat()
                               ? constant->realAt(i)
                               : static_cast<double>(constant->integerAt(i)));
  return tensor.name();
}

onnx::NodeProto &RowSplitter::copy(const onnx::NodeProto &from,
                                   ArrayRef<std::string> inputs) {
  onnx::NodeProto &made = *nodes.Add();
  made = from;
  made.clear_input();
  made.clear_output();
  for (const std::string &name : inputs)
    made.add_input(name);
  made.add_output(fresh());
  return made;
}

static onnx::AttributeProto &addAttribute(onnx::NodeProto &node, StringRef name) {
  onnx::AttributeProto &entry = *node.add_attribute();
  entry.set_name(name.str());
  return entry;
}

LogicalResult RowSplitter::splitPair(const Pair &pair, const onnx::NodeProto &shift) {
  onnx::NodeProto &parts = *nodes.Add();
  parts.set_name(pair.gemm->name());
  parts.set_op_type("Split");
  parts.add_input(pair.gemm->input(0));
  onnx::AttributeProto &sizes = addAttribute(parts, "split");
  sizes.set_type(onnx::AttributeProto::INTS);
  SmallVector<std::string> results;
  for (int64_t row = 0; row < pair.rows; ++row) {
    sizes.add_ints(1);
    parts.add_output(fresh());
  }
  for (int64_t row = 0; row < pair.rows; ++row) {
    SmallVector<std::string> inputs = {parts.output(row), pair.gemm->input(1)};
    if (pair.gemm->input_size() > 2) {
      FailureOr<std::string> bias =
          makeRow(pair.gemm->input(2), row, pair.rows, *pair.gemm);
      if (failed(bias))
        return failure();
      inputs.push_back(*bias);
    }
    FailureOr<std::string> mul = makeRow(shift.input(1), row, pair.rows, shift),
                           add = makeRow(shift.input(2), row, pair.rows, shift);
    if (failed(mul) || failed(add))
      return failure();
    std::string sums = copy(*pair.gemm, inputs).output(0);
    results.push_back(copy(shift, {sums, *mul, *add}).output(0));
  }
  onnx::NodeProto &whole = *nodes.Add();
  whole.set_name(shift.name());
  whole.set_op_type("Concat");
  onnx::AttributeProto &axis = addAttribute(whole, "axis");
  axis.set_type(onnx::AttributeProto::INT);
  axis.set_i(0);
  for (const std::string &name : results)
    whole.add_input(name);
  whole.add_output(shift.output(0));
  return success();
}

LogicalResult RowSplitter::split() {
  llvm::DenseMap<const onnx::NodeProto *, Pair> pairs;
  llvm::DenseSet<const onnx::NodeProto *> absorbed;
  for (const onnx::NodeProto &node : graph.node())
    if (std::optional<Pair> pair = match(node)) {
      pairs.try_emplace(&node, *pair);
      absorbed.insert(pair->gemm);
    }
  if (pairs.empty())
    return success();
  for (const onnx::NodeProto &node : graph.node()) {
    auto found = pairs.find(&node);
    if (found != pairs.end()) {
      if (failed(splitPair(found->second, node)))
        return failure();
    } else if (!absorbed.contains(&node)) {
      *nodes.Add() = node;
    }
  }
  graph.mutable_node()->Swap(&nodes);
  return success();
}

LogicalResult qbias::onnximport::splitRequantRows(onnx::GraphProto &graph,
                                                  const Namer &namer) {
  return RowSplitter(graph, namer).split();
}
