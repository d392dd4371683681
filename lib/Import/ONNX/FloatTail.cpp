//===- FloatTail.cpp - what follows the last quantize ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A node belongs to the tail when no quantize depends on it. In the tail stay a
// last layer, whose accumulator is returned, what only moves elements, and
// functions of that accumulator, which are applied outside the program (N13g).
//
//===----------------------------------------------------------------------===//

#include "FloatTail.h"

#include "Operators.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace qbias::onnximport;

/// Operators that give one accumulator for quantized operands.
static constexpr StringLiteral kLayers[] = {
    "AveragePool",       "Conv",   "ConvTranspose", "Gemm",
    "GlobalAveragePool", "MatMul", "ReduceMean",    "ReduceSum"};

/// Behind a layer it becomes a part of it; of a quantized tensor it is one.
static constexpr StringLiteral kNormalization = "BatchNormalization";

/// Operators that only move or select elements.
static constexpr StringLiteral kMoves[] = {
    "Cast",  "DepthToSpace", "Dropout", "Flatten", "Identity",  "Reshape",
    "Slice", "SpaceToDepth", "Split",   "Squeeze", "Transpose", "Unsqueeze"};

/// Operators that move or select quantized elements.
static constexpr StringLiteral kQuantizedMoves[] = {
    "Expand", "Gather", "GlobalMaxPool", "MaxPool", "Pad", "Resize", "Tile", "Upsample"};

/// Indices of quantized elements, which nothing in a program reads.
static constexpr StringLiteral kIndices = "ArgMax";

/// Functions of one element, the other operand a constant.
static constexpr StringLiteral kFunctions[] = {
    "Abs",         "Add",       "Clip",      "Div", "Elu", "Exp",   "Gelu",
    "HardSigmoid", "HardSwish", "LeakyRelu", "Mul", "Neg", "PRelu", "Relu",
    "Sigmoid",     "Softplus",  "Sqrt",      "Sub", "Tanh"};

namespace {

/// What is known of a tensor. Integers are what a quantize gives, Quantized the
/// real numbers they stand for, Other what no quantize stands before.
enum class State { Constant, Integers, Quantized, Accumulator, Other, Cut };

class Tail {
public:
  explicit Tail(onnx::GraphProto &graph) : graph(graph) {}
  /// Decides which nodes are cut. False when the model has no quantize.
  bool analyze();
  /// Replaces the outputs of nodes that are cut. Names of both sides.
  void replaceOutputs(llvm::SetVector<StringRef> &cut, llvm::SetVector<StringRef> &kept);
  ArrayRef<const onnx::NodeProto *> getCut() const { return cutNodes; }

private:
  void markNeeded();
  State stateOf(StringRef tensor) const;
  bool isWeighted(StringRef tensor) const;
  bool isRead(StringRef tensor) const;
  State decide(const onnx::NodeProto &node) const;

  onnx::GraphProto &graph;
  llvm::StringMap<int> producers; ///< node that computes a tensor
  std::vector<bool> needed;       ///< a quantize depends on the node
  llvm::StringMap<State> states;
  std::vector<const onnx::NodeProto *> cutNodes;
};

} // namespace

static bool isQuantize(const onnx::NodeProto &node) {
  return StringRef(node.op_type()).starts_with("Quantize");
}

static bool isFloat(const onnx::ValueInfoProto &input) {
  int type = input.type().tensor_type().elem_type();
  return type == onnx::TensorProto::FLOAT || type == onnx::TensorProto::FLOAT16 ||
         type == onnx::TensorProto::DOUBLE;
}

/// Nodes that a quantize depends on, itself included.
void Tail::markNeeded() {
  needed.assign(graph.node_size(), false);
  std::vector<int> worklist;
  for (int index = 0; index < graph.node_size(); ++index)
    if (isQuantize(graph.node(index))) {
      needed[index] = true;
      worklist.push_back(index);
    }
  while (!worklist.empty()) {
    int index = worklist.back();
    worklist.pop_back();
    for (const std::string &name : graph.node(index).input()) {
      auto found = producers.find(name);
      if (found == producers.end() || needed[found->second])
        continue;
      needed[found->second] = true;
      worklist.push_back(found->second);
    }
  }
}

State Tail::stateOf(StringRef tensor) const {
  auto found = states.find(tensor);
  return found == states.end() ? State::Constant : found->second;
}

bool Tail::isWeighted(StringRef tensor) const {
  auto found = producers.find(tensor);
  return found != producers.end() &&
         llvm::is_contained({"Conv", "ConvTranspose", "Gemm", "MatMul"},
                            StringRef(graph.node(found->second).op_type()));
}

bool Tail::isRead(StringRef tensor) const {
  return llvm::any_of(graph.node(), [&](const onnx::NodeProto &node) {
    return llvm::is_contained(node.input(), tensor.str());
  });
}

/// The state of what a node of the tail computes; Cut when it has no form.
State Tail::decide(const onnx::NodeProto &node) const {
  StringRef opType = node.op_type();
  SmallVector<State> inputs;
  for (const std::string &name : node.input())
    inputs.push_back(name.empty() ? State::Constant : stateOf(name));
  bool isAccumulator = llvm::is_contained(inputs, State::Accumulator);
  auto variables = inputs.size() - llvm::count(inputs, State::Constant);
  if (llvm::is_contained(inputs, State::Cut))
    return State::Cut;
  if (variables == 0 || opType == "Shape")
    return State::Constant;
  if (llvm::is_contained(inputs, State::Other))
    return State::Other;
  if (!findOperator(node.domain(), opType))
    return State::Cut;
  if (opType.starts_with("Dequantize"))
    return State::Quantized;
  if (llvm::is_contained(kLayers, opType))
    return isAccumulator ? State::Cut : State::Accumulator;
  if (opType == kNormalization)
    return !isAccumulator || isWeighted(node.input(0)) ? State::Accumulator : State::Cut;
  bool isQuantized = inputs[0] == State::Quantized || inputs[0] == State::Integers;
  if (opType == kIndices)
    return isQuantized && !isRead(node.output(0)) ? State::Quantized : State::Cut;
  bool isMove = llvm::is_contained(kMoves, opType) && variables == 1;
  bool isQuantizedMove = llvm::is_contained(kQuantizedMoves, opType) && variables == 1;
  // Functions of integers are an error of the file, reported elsewhere.
  if (llvm::is_contained(inputs, State::Integers) && opType != "Cast")
    return isMove || isQuantizedMove || opType == "Concat" ? State::Integers
                                                           : State::Other;
  if (isMove)
    return isAccumulator ? State::Accumulator : State::Quantized;
  if (isQuantizedMove)
    return isAccumulator ? State::Cut : State::Quantized;
  if (llvm::is_contained(kFunctions, opType))
    return isAccumulator && variables == 1 ? State::Accumulator : State::Cut;
  return opType == "Concat" && !isAccumulator ? State::Quantized : State::Cut;
}

bool Tail::analyze() {
  for (int index = 0; index < graph.node_size(); ++index)
    for (const std::string &name : graph.node(index).output())
      producers.try_emplace(name, index);
  markNeeded();
  if (!llvm::is_contained(needed, true))
    return false;
  llvm::StringSet<> initializers;
  for (const onnx::TensorProto &tensor : graph.initializer())
    initializers.insert(tensor.name());
  for (const onnx::ValueInfoProto &input : graph.input())
    if (!initializers.contains(input.name()))
      states[input.name()] = isFloat(input) ? State::Other : State::Integers;
  // Files list producers first; where one does not, its nodes stay as they are.
  for (int index = 0; index < graph.node_size(); ++index) {
    const onnx::NodeProto &node = graph.node(index);
    State state = isQuantize(node) ? State::Integers : decide(node);
    if (needed[index] && state == State::Cut)
      state = State::Other;
    for (const std::string &name : node.output())
      states[name] = state;
    if (state == State::Cut)
      cutNodes.push_back(&node);
  }
  return true;
}

void Tail::replaceOutputs(llvm::SetVector<StringRef> &cut,
                          llvm::SetVector<StringRef> &kept) {
  for (const onnx::NodeProto *node : cutNodes)
    for (const std::string &name : node->input())
      if (State state = stateOf(name);
          !name.empty() && state != State::Cut && state != State::Constant)
        kept.insert(name);
  google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> outputs;
  llvm::StringSet<> present;
  auto add = [&](StringRef name, const onnx::ValueInfoProto *declared) {
    if (!present.insert(name).second)
      return;
    onnx::ValueInfoProto &output = *outputs.Add();
    if (declared)
      output = *declared;
    output.set_name(name.str());
  };
  for (const onnx::ValueInfoProto &output : graph.output()) {
    if (stateOf(output.name()) != State::Cut) {
      add(output.name(), &output);
      continue;
    }
    cut.insert(output.name());
    for (StringRef name : kept)
      add(name, nullptr);
  }
  // Names in both sets are those of nodes and inputs, which stay.
  llvm::SetVector<StringRef> stable;
  for (StringRef name : cut)
    for (const onnx::NodeProto *node : cutNodes)
      for (const std::string &own : node->output())
        if (name == own)
          stable.insert(own);
  cut = stable;
  graph.mutable_output()->Swap(&outputs);
}

/// "Softmax 'prob', TopK 'best' and 3 more".
static std::string describe(ArrayRef<const onnx::NodeProto *> nodes) {
  constexpr size_t kShown = 4;
  SmallVector<std::string> shown;
  for (const onnx::NodeProto *node : nodes.take_front(kShown))
    shown.push_back((Namer::opTypeOf(*node) + " " + quoted(Namer::nameOf(*node))).str());
  std::string result = llvm::join(shown, ", ");
  if (nodes.size() > kShown)
    result += " and " + std::to_string(nodes.size() - kShown) + " more";
  return result;
}

static std::string join(const llvm::SetVector<StringRef> &names) {
  return llvm::join(llvm::map_range(names, [](StringRef name) { return quoted(name); }),
                    ", ");
}

void qbias::onnximport::cutFloatTail(onnx::GraphProto &graph, const Namer &namer) {
  Tail tail(graph);
  if (!tail.analyze() || tail.getCut().empty())
    return;
  llvm::SetVector<StringRef> cut, kept;
  tail.replaceOutputs(cut, kept);
  if (!cut.empty())
    emitWarning(namer.getLoc())
        << "float operators after the last quantize are left to the caller: "
        << describe(tail.getCut()) << "; the program returns " << join(kept)
        << " in place of " << join(cut);
}

void qbias::onnximport::selectOutputs(onnx::GraphProto &graph,
                                      ArrayRef<std::string> names) {
  if (names.empty())
    return;
  llvm::StringMap<const onnx::ValueInfoProto *> declared;
  for (const auto *list : {&graph.value_info(), &graph.output()})
    for (const onnx::ValueInfoProto &info : *list)
      declared.try_emplace(info.name(), &info);
  google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> outputs;
  for (const std::string &name : names) {
    onnx::ValueInfoProto &output = *outputs.Add();
    if (const onnx::ValueInfoProto *info = declared.lookup(name))
      output = *info;
    output.set_name(name);
  }
  graph.mutable_output()->Swap(&outputs);
}
