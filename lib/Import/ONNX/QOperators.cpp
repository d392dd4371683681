//===- QOperators.cpp - operators on quantized tensors as three nodes ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   QLinearConv(x, s, z, w, s, z, s_y, z_y, b)
//     = QuantizeLinear(Conv(DequantizeLinear(x, s, z), DequantizeLinear(w, s, z),
//                           b * s_x * s_w), s_y, z_y)
//
//===----------------------------------------------------------------------===//

#include "QOperators.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace qbias::onnximport;

namespace {

/// Replaces one node. Every method appends a node and returns its output.
class Expansion {
public:
  Expansion(const onnx::NodeProto &node, llvm::StringSet<> &names,
            google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes)
      : node(node), names(names), nodes(nodes) {}

  StringRef input(int index) const {
    return index < node.input_size() ? StringRef(node.input(index)) : StringRef();
  }
  bool has(int index) const { return !input(index).empty(); }
  int64_t attribute(StringRef name, int64_t value) const;

  /// Appends an operation; its only output is `output`, or a new tensor.
  std::string emit(StringRef opType, ArrayRef<std::string> inputs, StringRef output = "");
  /// The same with all attributes of the node but `without`.
  std::string emitLike(StringRef opType, ArrayRef<std::string> inputs,
                       ArrayRef<StringRef> without = {});
  /// Sets an attribute of the node appended last.
  void set(StringRef name, int64_t value);
  void set(StringRef name, ArrayRef<int64_t> values);
  void set(StringRef name, float value);

  /// The three inputs from `index` on: integers, scale, zero point.
  std::string dequantize(int index, std::optional<int64_t> axis = std::nullopt);
  std::string dequantizeInteger(int index, int zeroPoint, int64_t axis);
  /// Scale and zero point from `index` on; without one, 0 of the type of the
  /// node's input `like`.
  void quantize(const std::string &real, int index, int like);

private:
  std::string fresh();

  const onnx::NodeProto &node;
  llvm::StringSet<> &names;
  google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes;
};

} // namespace

int64_t Expansion::attribute(StringRef name, int64_t value) const {
  for (const onnx::AttributeProto &entry : node.attribute())
    if (entry.name() == name && entry.has_i())
      return entry.i();
  return value;
}

/// A name of its own next to the node's output: "y.1", "y.2", ...
std::string Expansion::fresh() {
  for (unsigned number = 1;; ++number) {
    std::string name = node.output(0) + "." + std::to_string(number);
    if (names.insert(name).second)
      return name;
  }
}

std::string Expansion::emit(StringRef opType, ArrayRef<std::string> inputs,
                            StringRef output) {
  onnx::NodeProto &made = *nodes.Add();
  made.set_name(node.name().empty() ? node.output(0) : node.name());
  made.set_op_type(opType.str());
  made.set_domain(kExpandedDomain.str());
  made.set_doc_string(node.op_type());
  for (const std::string &name : inputs)
    made.add_input(name);
  made.add_output(output.empty() ? fresh() : output.str());
  return made.output(0);
}

std::string Expansion::emitLike(StringRef opType, ArrayRef<std::string> inputs,
                                ArrayRef<StringRef> without) {
  std::string output = emit(opType, inputs);
  onnx::NodeProto &made = *nodes.rbegin();
  for (const onnx::AttributeProto &entry : node.attribute())
    if (!llvm::is_contained(without, entry.name()))
      *made.add_attribute() = entry;
  return output;
}

static onnx::AttributeProto &addAttribute(onnx::NodeProto &node, StringRef name,
                                          onnx::AttributeProto::AttributeType type) {
  onnx::AttributeProto &entry = *node.add_attribute();
  entry.set_name(name.str());
  entry.set_type(type);
  return entry;
}

void Expansion::set(StringRef name, int64_t value) {
  addAttribute(*nodes.rbegin(), name, onnx::AttributeProto::INT).set_i(value);
}

void Expansion::set(StringRef name, ArrayRef<int64_t> values) {
  onnx::AttributeProto &entry =
      addAttribute(*nodes.rbegin(), name, onnx::AttributeProto::INTS);
  for (int64_t value : values)
    entry.add_ints(value);
}

void Expansion::set(StringRef name, float value) {
  addAttribute(*nodes.rbegin(), name, onnx::AttributeProto::FLOAT).set_f(value);
}

std::string Expansion::dequantize(int index, std::optional<int64_t> axis) {
  std::string real = emit("DequantizeLinear", {input(index).str(), input(index + 1).str(),
                                               input(index + 2).str()});
  if (axis)
    set("axis", *axis);
  return real;
}

std::string Expansion::dequantizeInteger(int index, int zeroPoint, int64_t axis) {
  std::string real =
      emit("DequantizeInteger", {input(index).str(), input(zeroPoint).str()});
  set("axis", axis);
  return real;
}

void Expansion::quantize(const std::string &real, int index, int like) {
  emit("QuantizeLike",
       {real, input(index).str(), input(index + 1).str(), input(like).str()},
       node.output(0));
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

/// x, s, z, w, s, z, s_y, z_y, bias.
static void expandConvolution(Expansion &e) {
  std::vector<std::string> inputs = {e.dequantize(0), e.dequantize(3, 0)};
  if (e.has(8))
    inputs.push_back(
        e.emit("DequantizeBias", {e.input(8).str(), e.input(1).str(), e.input(4).str()}));
  e.quantize(e.emitLike("Conv", inputs), 6, 0);
}

/// a, s, z, b, s, z, s_y, z_y. Scales of a are per row, those of b per column.
static void expandMatrixProduct(Expansion &e) {
  std::string a = e.dequantize(0, -2), b = e.dequantize(3, -1);
  e.quantize(e.emit("MatMul", {a, b}), 6, 0);
}

/// a, s, z, b, s, z, c, s_y, z_y: alpha * (a * b + c * s_a * s_b); without s_y a
/// real number.
static void expandGemm(Expansion &e, const onnx::NodeProto &node) {
  std::vector<std::string> inputs = {e.dequantize(0),
                                     e.dequantize(3, e.attribute("transB", 0) ? 0 : 1)};
  if (e.has(6))
    inputs.push_back(
        e.emit("DequantizeBias", {e.input(6).str(), e.input(1).str(), e.input(4).str()}));
  std::string real = e.emitLike("Gemm", inputs, {"alpha"});
  std::string alpha = e.emit("Constant", {});
  float factor = 1;
  for (const onnx::AttributeProto &entry : node.attribute())
    if (entry.name() == "alpha")
      factor = entry.f();
  e.set("value_float", factor);
  if (e.has(7))
    return e.quantize(e.emit("Mul", {real, alpha}), 7, 0);
  e.emit("Mul", {real, alpha}, node.output(0));
}

/// a, s, z, b, s, z, s_y, z_y.
static void expandBinary(Expansion &e, StringRef opType) {
  std::string a = e.dequantize(0), b = e.dequantize(3);
  e.quantize(e.emit(opType, {a, b}), 6, 0);
}

/// x, s, z, s_y, z_y.
static void expandUnary(Expansion &e, StringRef opType) {
  e.quantize(e.emitLike(opType, e.dequantize(0)), 3, 0);
}

/// x, s, z, s_y, z_y; with channels_last over [N, H, W, C].
static void expandPool(Expansion &e, StringRef opType) {
  std::string x = e.dequantize(0);
  bool channelsLast = e.attribute("channels_last", 0) != 0;
  if (channelsLast) {
    x = e.emit("Transpose", x);
    e.set("perm", ArrayRef<int64_t>{0, 3, 1, 2});
  }
  std::string y = e.emitLike(opType, x, {"channels_last"});
  if (channelsLast) {
    y = e.emit("Transpose", y);
    e.set("perm", ArrayRef<int64_t>{0, 2, 3, 1});
  }
  e.quantize(y, 3, 0);
}

/// s_y, z_y, then x, s, z of every operand.
static void expandConcat(Expansion &e, const onnx::NodeProto &node) {
  std::vector<std::string> parts;
  for (int index = 2; index < node.input_size(); index += 3)
    parts.push_back(e.dequantize(index));
  e.quantize(e.emitLike("Concat", parts), 0, 2);
}

/// x, w, z_x, z_w: sums of integers.
static void expandIntegerProduct(Expansion &e, const onnx::NodeProto &node) {
  bool isConvolution = node.op_type() == "ConvInteger";
  std::string x = e.dequantizeInteger(0, 2, isConvolution ? 0 : -2);
  std::string w = e.dequantizeInteger(1, 3, isConvolution ? 0 : -1);
  e.emit("QuantizeInteger", e.emitLike(isConvolution ? "Conv" : "MatMul", {x, w}),
         node.output(0));
}

namespace {
/// An operator that is expanded, and the inputs it must have.
struct Expandable {
  const char *domain, *opType;
  int minInputs, maxInputs;
};
} // namespace

/// QLinearConcat takes any number of operands.
static constexpr int kMany = 3 * 1024 + 2;

static constexpr Expandable kExpandable[] = {
    {"", "ConvInteger", 2, 4},
    {"", "MatMulInteger", 2, 4},
    {"", "QLinearConv", 8, 9},
    {"", "QLinearMatMul", 8, 8},
    {"com.microsoft", "QGemm", 6, 9},
    {"com.microsoft", "QLinearAdd", 7, 8},
    {"com.microsoft", "QLinearAveragePool", 4, 5},
    {"com.microsoft", "QLinearConcat", 5, kMany},
    {"com.microsoft", "QLinearGlobalAveragePool", 4, 5},
    {"com.microsoft", "QLinearLeakyRelu", 4, 5},
    {"com.microsoft", "QLinearMul", 7, 8},
    {"com.microsoft", "QLinearSigmoid", 4, 5},
};

static const Expandable *findExpandable(const onnx::NodeProto &node) {
  StringRef domain = node.domain() == "ai.onnx" ? "" : StringRef(node.domain());
  const Expandable *found = llvm::find_if(kExpandable, [&](const Expandable &entry) {
    return domain == entry.domain && node.op_type() == entry.opType;
  });
  return found == std::end(kExpandable) ? nullptr : found;
}

static LogicalResult checkNode(const onnx::NodeProto &node, const Expandable &entry,
                               const Namer &namer) {
  int count = node.input_size();
  bool isWhole = StringRef(entry.opType) != "QLinearConcat" || count % 3 == 2;
  if (count < entry.minInputs || count > entry.maxInputs || !isWhole)
    return namer.getNode(node).reject("number of inputs",
                                      Twine(entry.minInputs) + " to " +
                                          Twine(entry.maxInputs) +
                                          (isWhole ? "" : ", three for each operand"),
                                      Twine(count));
  if (node.output_size() != 1 || node.output(0).empty())
    return namer.getNode(node).reject("number of outputs", "1",
                                      Twine(node.output_size()));
  return success();
}

static void expand(Expansion &e, const onnx::NodeProto &node) {
  StringRef opType = node.op_type();
  if (opType == "QLinearConv")
    expandConvolution(e);
  else if (opType == "QLinearMatMul")
    expandMatrixProduct(e);
  else if (opType == "QGemm")
    expandGemm(e, node);
  else if (opType == "QLinearConcat")
    expandConcat(e, node);
  else if (opType.ends_with("Integer"))
    expandIntegerProduct(e, node);
  else if (opType.ends_with("Pool"))
    expandPool(e, opType.drop_front(StringRef("QLinear").size()));
  else if (opType == "QLinearAdd" || opType == "QLinearMul")
    expandBinary(e, opType.drop_front(StringRef("QLinear").size()));
  else
    expandUnary(e, opType.drop_front(StringRef("QLinear").size()));
}

LogicalResult qbias::onnximport::expandQOperators(onnx::GraphProto &graph,
                                                  const Namer &namer) {
  llvm::StringSet<> names;
  bool any = false;
  for (const onnx::NodeProto &node : graph.node()) {
    if (node.domain() == kExpandedDomain)
      return namer.getNode(node).reject("operator", "a supported one",
                                        quoted(node.op_type()) + " of domain " +
                                            quoted(node.domain()));
    any |= findExpandable(node) != nullptr;
    for (const std::string &name : node.output())
      names.insert(name);
    for (const std::string &name : node.input())
      names.insert(name);
  }
  if (!any)
    return success();
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  for (onnx::NodeProto &node : *graph.mutable_node()) {
    const Expandable *entry = findExpandable(node);
    if (!entry) {
      nodes.Add()->Swap(&node);
      continue;
    }
    if (failed(checkNode(node, *entry, namer)))
      return failure();
    Expansion expansion(node, names, nodes);
    expand(expansion, node);
  }
  graph.mutable_node()->Swap(&nodes);
  return success();
}
