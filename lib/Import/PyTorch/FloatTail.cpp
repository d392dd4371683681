//===- FloatTail.cpp - what follows the last quantize ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A node belongs to the tail when no quantize depends on it. In the tail stay a last
// layer, whose accumulator is returned, what only moves elements, and functions of that
// accumulator, which are applied outside the program (N13g). Outputs of the others
// (softmax, argmax) are replaced by the tensors they read, with a warning. A program
// without quantize stays as it is, and so do operators on integers: they are errors.
//
//===----------------------------------------------------------------------===//

#include "Graph.h"
#include "Operators.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace qbias::pytorchimport;

/// Operators that give one accumulator for quantized operands.
static constexpr StringLiteral kLayers[] = {"aten._adaptive_avg_pool2d",
                                            "aten._native_batch_norm_legit_no_training",
                                            "aten.adaptive_avg_pool1d",
                                            "aten.adaptive_avg_pool2d",
                                            "aten.addmm",
                                            "aten.avg_pool1d",
                                            "aten.avg_pool2d",
                                            "aten.batch_norm",
                                            "aten.bmm",
                                            "aten.conv1d",
                                            "aten.conv2d",
                                            "aten.conv_transpose1d",
                                            "aten.conv_transpose2d",
                                            "aten.convolution",
                                            "aten.linear",
                                            "aten.matmul",
                                            "aten.mean",
                                            "aten.mm",
                                            "aten.sum"};

/// Operators that move or select quantized elements, but not an accumulator's.
static constexpr StringLiteral kQuantizedMoves[] = {"aten._upsample_nearest_exact1d",
                                                    "aten._upsample_nearest_exact2d",
                                                    "aten.adaptive_max_pool2d",
                                                    "aten.amax",
                                                    "aten.cat",
                                                    "aten.constant_pad_nd",
                                                    "aten.expand",
                                                    "aten.flip",
                                                    "aten.index_select",
                                                    "aten.max_pool1d",
                                                    "aten.max_pool2d",
                                                    "aten.max_pool2d_with_indices",
                                                    "aten.pad",
                                                    "aten.stack",
                                                    "aten.upsample_nearest1d",
                                                    "aten.upsample_nearest2d"};

/// Functions of one element, the other operand a constant.
static constexpr StringLiteral kFunctions[] = {
    "aten.abs",         "aten.add",       "aten.ceil",     "aten.clamp",
    "aten.clamp_max",   "aten.clamp_min", "aten.div",      "aten.elu",
    "aten.erf",         "aten.exp",       "aten.floor",    "aten.gelu",
    "aten.hardsigmoid", "aten.hardswish", "aten.hardtanh", "aten.leaky_relu",
    "aten.log",         "aten.maximum",   "aten.minimum",  "aten.mish",
    "aten.mul",         "aten.neg",       "aten.pow",      "aten.prelu",
    "aten.reciprocal",  "aten.relu",      "aten.relu6",    "aten.round",
    "aten.rsqrt",       "aten.rsub",      "aten.sigmoid",  "aten.sign",
    "aten.silu",        "aten.sqrt",      "aten.square",   "aten.sub",
    "aten.tanh"};

/// Operators that only an operator behind them can give an integer form.
static constexpr StringLiteral kQuantizedOnly[] = {"aten._softmax", "aten.softmax"};

namespace {

/// What is known of a tensor. Integers are what a quantize gives, Quantized the real
/// numbers they stand for, Other what no quantize stands before.
enum class State { Constant, Integers, Quantized, Accumulator, Other, Cut };

} // namespace

/// What an operator of the tail makes of its operands; Cut when it has no form.
static State decide(const Node &node, ArrayRef<State> operands) {
  StringRef op = node.op;
  auto has = [&](State state) { return llvm::is_contained(operands, state); };
  size_t variables = operands.size() - llvm::count(operands, State::Constant);
  if (has(State::Cut))
    return State::Cut;
  if (variables == 0 || op == "aten.sym_size" || op.starts_with("_operator."))
    return State::Constant;
  if (has(State::Other))
    return State::Other;
  if (op.starts_with("quantized_decomposed.dequantize_"))
    return State::Quantized;
  bool isKnown = isOperator(op) && !llvm::is_contained(kQuantizedOnly, op);
  bool isFunction = llvm::is_contained(kFunctions, op);
  bool isLayer = llvm::is_contained(kLayers, op);
  if (has(State::Integers)) // moved, or an error that others report
    return isKnown && !isFunction && !isLayer ? State::Integers : State::Other;
  if (!isKnown)
    return State::Cut;
  bool isAccumulator = has(State::Accumulator);
  if (isLayer)
    return isAccumulator && !op.contains("batch_norm") ? State::Cut : State::Accumulator;
  if (isFunction)
    return isAccumulator && variables == 1 ? State::Accumulator : State::Cut;
  if (isAccumulator)
    return llvm::is_contained(kQuantizedMoves, op) ? State::Cut : State::Accumulator;
  return State::Quantized;
}

/// "aten.softmax 'softmax', aten.topk 'topk' and 3 more".
static std::string describe(ArrayRef<const Node *> nodes) {
  constexpr size_t kShown = 4;
  SmallVector<std::string> shown;
  for (const Node *node : nodes.take_front(kShown))
    shown.push_back(node->spelling() + " " + quoted(node->name()));
  std::string result = llvm::join(shown, ", ");
  if (nodes.size() > kShown)
    result += " and " + std::to_string(nodes.size() - kShown) + " more";
  return result;
}

static std::string joinNames(ArrayRef<StringRef> names) {
  return llvm::join(llvm::map_range(names, [](StringRef name) { return quoted(name); }),
                    ", ");
}

void Graph::cutFloatTail(const Namer &namer) {
  std::vector<bool> isQuantized = findNeeded(/*ofOutputs=*/false);
  if (!llvm::is_contained(isQuantized, true))
    return;
  llvm::StringMap<State> states; // of what is not constant
  for (const GraphInput &input : inputs)
    if (input.kind == GraphInput::Kind::User)
      states[input.name] = isInteger(input) ? State::Integers : State::Other;
  std::vector<const Node *> cut;
  llvm::SetVector<StringRef> kept;
  for (const auto &[index, node] : llvm::enumerate(nodes)) {
    SmallVector<State> operands;
    for (const std::string &name : node.operands)
      operands.push_back(states.try_emplace(name, State::Constant).first->second);
    State state = node.isQuantize() ? State::Integers : decide(node, operands);
    if (isQuantized[index] && state == State::Cut)
      state = State::Other;
    for (const std::string &name : node.outputs)
      states[name] = state;
    if (state != State::Cut)
      continue;
    cut.push_back(&node);
    for (auto [name, own] : llvm::zip(node.operands, operands))
      if (own != State::Cut && own != State::Constant)
        kept.insert(name);
  }
  replaceOutputs(
      cut, kept.getArrayRef(),
      [&](StringRef name) { return states.lookup(name) == State::Cut; }, namer);
}

void Graph::replaceOutputs(ArrayRef<const Node *> cut, ArrayRef<StringRef> kept,
                           llvm::function_ref<bool(StringRef)> isCut,
                           const Namer &namer) {
  SmallVector<StringRef> lost;
  llvm::SetVector<StringRef> results;
  for (const std::string &name : outputs)
    if (isCut(name)) {
      lost.push_back(name);
      results.insert_range(kept);
    } else {
      results.insert(name);
    }
  if (lost.empty())
    return;
  emitWarning(namer.getLoc())
      << "float operators after the last quantize are left to the caller: "
      << describe(cut) << "; the program returns " << joinNames(kept) << " in place of "
      << joinNames(lost);
  std::vector<std::string> names;
  for (StringRef name : results)
    names.push_back(name.str());
  outputs = std::move(names);
}
