//===- RequantShifts.cpp - integer graphs as quantized ones ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   RequantShift(x, mul, add) = clip((x * mul + add + div / 2) >> log2(div))
//
// rounds halves up, a quantize to the even one. For integers N = x * mul + add
// and an even div both agree once half a unit is added, because N + 1/2 is never
// a tie, and reaches each level with the same N:
//
//   (N + div / 2) >> log2(div) = rnd((N + 1/2) / div)
//
// Behind a layer with weights w, mul / div becomes the scale of w, and
// bias * mul + add + 1/2 its bias; elsewhere a product and a sum.
//
//===----------------------------------------------------------------------===//

#include "RequantShifts.h"
#include "NodeIndex.h"
#include "QOperators.h"
#include "RequantRows.h"
#include "TensorDecoder.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

static bool isRequantShift(const onnx::NodeProto &node) {
  return node.op_type() == "RequantShift";
}

static bool isLayer(const onnx::NodeProto &node) {
  return node.op_type() == "Conv" || node.op_type() == "Gemm" ||
         node.op_type() == "MatMul";
}

namespace {

/// Numbers of a RequantShift, by channel or one for all.
struct Shift {
  SmallVector<int64_t> factors = {1}, addends = {0};
  int64_t divisor = 1;
  bool isSigned = true;
};

class IntegerGraph {
public:
  IntegerGraph(onnx::GraphProto &graph, const Namer &namer)
      : graph(graph), namer(namer), index(graph) {}
  LogicalResult expand();

private:
  using Numbers = FailureOr<SmallVector<int64_t>>;

  void addInputs();
  std::pair<const onnx::NodeProto *, const onnx::NodeProto *>
  layerBefore(const onnx::NodeProto &end) const;
  LogicalResult expandNode(const onnx::NodeProto &node);
  LogicalResult expandLayer(const onnx::NodeProto &layer, const onnx::NodeProto *bias,
                            const onnx::NodeProto *end);
  LogicalResult expandOther(const onnx::NodeProto &end);
  Numbers readBias(const onnx::NodeProto &layer, const onnx::NodeProto *bias);
  FailureOr<Shift> readShift(const onnx::NodeProto &end);
  FailureOr<int64_t> readAttribute(const onnx::NodeProto &node,
                                   ArrayRef<StringRef> names);

  /// The initializer or Constant of the file, or null.
  const onnx::TensorProto *constantOf(StringRef name) const {
    return index.constants.lookup(name);
  }
  Numbers readIntegers(StringRef name, const onnx::NodeProto &user);
  FailureOr<std::string> makeWeights(const onnx::NodeProto &layer, const Shift &shift,
                                     int64_t channels, int64_t axis);
  FailureOr<std::string> makeAddend(const onnx::NodeProto &user, ArrayRef<int64_t> bias,
                                    const Shift &shift);
  std::string makeConstant(onnx::TensorProto::DataType type, ArrayRef<int64_t> dims,
                           ArrayRef<double> values);
  onnx::NodeProto &emit(const onnx::NodeProto &from, StringRef opType,
                        ArrayRef<std::string> inputs, std::string output = {});
  void quantize(const onnx::NodeProto &end, const std::string &real, bool isSigned);
  /// The reals that stand for a tensor of the file.
  std::string realOf(const std::string &name) const {
    auto found = reals.find(name);
    return found == reals.end() ? name : found->second;
  }
  std::string fresh() { return "integers." + std::to_string(++count); }

  onnx::GraphProto &graph;
  const Namer &namer;
  NodeIndex index;
  llvm::StringMap<std::string> reals;
  llvm::SmallPtrSet<const onnx::NodeProto *, 16> absorbed; ///< by a RequantShift
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  std::string one;
  unsigned count = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// Integers up to 2^31, whatever type they are stored in.
static FailureOr<SmallVector<int64_t>>
toIntegers(const onnx::TensorProto &tensor, StringRef name, const Subject &subject) {
  FailureOr<ConstantTensor> constant = decode(tensor, subject);
  if (failed(constant))
    return failure();
  SmallVector<int64_t> values;
  for (int64_t i = 0; i < constant->getNumElements(); ++i) {
    double value = constant->isFloat() ? constant->realAt(i)
                                       : static_cast<double>(constant->integerAt(i));
    if (!(std::abs(value) <= 0x1p31) || value != std::trunc(value))
      return subject.reject("element " + Twine(i) + " of " + quoted(name),
                            "an integer of 32 bits, as the graph computes on integers",
                            realText(value));
    values.push_back(static_cast<int64_t>(value));
  }
  return values;
}

IntegerGraph::Numbers IntegerGraph::readIntegers(StringRef name,
                                                 const onnx::NodeProto &user) {
  Subject subject = namer.getNode(user);
  if (const onnx::TensorProto *tensor = constantOf(name))
    return toIntegers(*tensor, name, subject);
  return subject.reject("input " + quoted(name), "a constant", "a computed tensor");
}

/// div, n_levels and signed are tensors of one element, in float.
FailureOr<int64_t> IntegerGraph::readAttribute(const onnx::NodeProto &node,
                                               ArrayRef<StringRef> names) {
  Subject subject = namer.getNode(node);
  for (const onnx::AttributeProto &entry : node.attribute()) {
    if (!llvm::is_contained(names, entry.name()))
      continue;
    if (entry.has_i())
      return entry.i();
    Numbers values = entry.has_t() ? toIntegers(entry.t(), entry.name(), subject)
                                   : Numbers(SmallVector<int64_t>());
    if (failed(values))
      return failure();
    if (values->size() == 1)
      return values->front();
  }
  return subject.reject("attribute " + quoted(names.front()), "one integer", "none");
}

FailureOr<Shift> IntegerGraph::readShift(const onnx::NodeProto &end) {
  Subject subject = namer.getNode(end);
  if (end.input_size() != 3 || end.output_size() != 1)
    return subject.reject("inputs and outputs", "3 and 1",
                          Twine(end.input_size()) + " and " + Twine(end.output_size()));
  Numbers factors = readIntegers(end.input(1), end);
  Numbers addends = readIntegers(end.input(2), end);
  FailureOr<int64_t> divisor = readAttribute(end, {"div"});
  FailureOr<int64_t> levels = readAttribute(end, {"n_levels", "n_levels_out"});
  FailureOr<int64_t> isSigned = readAttribute(end, {"signed"});
  if (failed(factors) || failed(addends) || failed(divisor) || failed(levels) ||
      failed(isSigned))
    return failure();
  constexpr int64_t kLevels = 256, kMaxDivisor = int64_t(1) << 31;
  if (*divisor < 1 || *divisor > kMaxDivisor || !llvm::isPowerOf2_64(*divisor))
    return subject.reject("div", "a power of two up to 2^31", Twine(*divisor));
  if (*levels != kLevels)
    return subject.reject("n_levels", Twine(kLevels), Twine(*levels));
  if (factors->empty() || addends->empty())
    return subject.reject("mul and add", "at least one number", "none");
  for (int64_t factor : *factors)
    if (float(factor) != double(factor))
      return subject.reject("mul", "numbers that float32 holds", Twine(factor));
  return Shift{*factors, *addends, *divisor, *isSigned != 0};
}

std::string IntegerGraph::makeConstant(onnx::TensorProto::DataType type,
                                       ArrayRef<int64_t> dims, ArrayRef<double> values) {
  onnx::TensorProto &tensor = *graph.add_initializer();
  tensor.set_name(fresh());
  tensor.set_data_type(type);
  for (int64_t extent : dims)
    tensor.add_dims(extent);
  for (double value : values)
    if (type == onnx::TensorProto::FLOAT)
      tensor.add_float_data(static_cast<float>(value));
    else
      tensor.add_int32_data(static_cast<int32_t>(value));
  return tensor.name();
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

onnx::NodeProto &IntegerGraph::emit(const onnx::NodeProto &from, StringRef opType,
                                    ArrayRef<std::string> inputs, std::string output) {
  onnx::NodeProto &made = *nodes.Add();
  made.set_name(from.name().empty() && from.output_size() ? from.output(0) : from.name());
  made.set_op_type(opType.str());
  made.set_domain(kExpandedDomain.str());
  made.set_doc_string(from.op_type());
  for (const std::string &name : inputs)
    made.add_input(name);
  made.add_output(output.empty() ? fresh() : output);
  return made;
}

static void setAxis(onnx::NodeProto &node, int64_t axis) {
  onnx::AttributeProto &entry = *node.add_attribute();
  entry.set_name("axis");
  entry.set_type(onnx::AttributeProto::INT);
  entry.set_i(axis);
}

/// The tensor of the file is the quantized one; nodes behind read its reals.
void IntegerGraph::quantize(const onnx::NodeProto &end, const std::string &real,
                            bool isSigned) {
  std::string zero = makeConstant(
      isSigned ? onnx::TensorProto::INT8 : onnx::TensorProto::UINT8, {}, {0.0});
  emit(end, "QuantizeLinear", {real, one, zero}, end.output(0));
  reals[end.output(0)] =
      emit(end, "DequantizeLinear", {end.output(0), one, zero}).output(0);
}

/// bias * mul + add + 1/2 (nothing where div is 1) over div, as int32 with a scale.
FailureOr<std::string> IntegerGraph::makeAddend(const onnx::NodeProto &user,
                                                ArrayRef<int64_t> bias,
                                                const Shift &shift) {
  size_t channels = std::max({bias.size(), shift.factors.size(), shift.addends.size()});
  SmallVector<double> values;
  for (size_t c = 0; c < channels; ++c) {
    auto at = [&](ArrayRef<int64_t> list) { return list[list.size() == 1 ? 0 : c]; };
    double sum = double(at(bias)) * double(at(shift.factors)) + double(at(shift.addends));
    double doubled = 2 * sum + (shift.divisor > 1 ? 1 : 0);
    if (std::abs(doubled) >= 0x1p31)
      return namer.getNode(user).reject("bias * mul + add of channel " + Twine(c),
                                        "less than 2^30", realText(sum));
    values.push_back(doubled);
  }
  std::string integers = makeConstant(
      onnx::TensorProto::INT32,
      channels == 1 ? SmallVector<int64_t>() : SmallVector<int64_t>{int64_t(channels)},
      values);
  std::string scale =
      makeConstant(onnx::TensorProto::FLOAT, {}, {0.5 / double(shift.divisor)});
  return emit(user, "DequantizeLinear", {integers, scale}).output(0);
}

/// Integers of at most 16 bits with the scales mul / div; a negative mul turns the
/// sign of its channel's weights.
FailureOr<std::string> IntegerGraph::makeWeights(const onnx::NodeProto &layer,
                                                 const Shift &shift, int64_t channels,
                                                 int64_t axis) {
  Numbers weights = readIntegers(layer.input(1), layer);
  if (failed(weights))
    return failure();
  const auto &dims = constantOf(layer.input(1))->dims();
  int64_t inner = 1;
  for (int64_t d = axis + 1; d < dims.size(); ++d)
    inner *= dims[d];
  for (auto [i, w] : llvm::enumerate(*weights))
    if (shift.factors[shift.factors.size() == 1 ? 0 : i / inner % channels] < 0)
      w = -w;
  bool isByte = llvm::all_of(*weights, [](int64_t w) { return llvm::isInt<8>(w); });
  if (!llvm::all_of(*weights, [](int64_t w) { return llvm::isInt<16>(w); }))
    return namer.getNode(layer).reject("weights " + quoted(layer.input(1)),
                                       "integers of at most 16 bits", "larger ones");
  std::string integers =
      makeConstant(isByte ? onnx::TensorProto::INT8 : onnx::TensorProto::INT16,
                   SmallVector<int64_t>(dims.begin(), dims.end()),
                   SmallVector<double>(weights->begin(), weights->end()));
  SmallVector<double> scales;
  for (int64_t factor : shift.factors)
    scales.push_back(std::abs(double(factor)) / double(shift.divisor));
  bool isOne = scales.size() == 1;
  std::string scale = makeConstant(
      onnx::TensorProto::FLOAT,
      isOne ? SmallVector<int64_t>() : SmallVector<int64_t>{channels}, scales);
  onnx::NodeProto &real = emit(layer, "DequantizeLinear", {integers, scale});
  if (!isOne)
    setAxis(real, axis);
  return real.output(0);
}

/// The bias of a layer: its own input, or the constant that is added behind it.
IntegerGraph::Numbers IntegerGraph::readBias(const onnx::NodeProto &layer,
                                             const onnx::NodeProto *bias) {
  SmallVector<int64_t> total = {0};
  auto add = [&](StringRef name, const onnx::NodeProto &user) -> LogicalResult {
    Numbers values = readIntegers(name, user);
    if (failed(values))
      return failure();
    if (values->empty() ||
        (total.size() > 1 && values->size() > 1 && total.size() != values->size()))
      return namer.getNode(user).reject("bias " + quoted(name), "a number per channel",
                                        Twine(values->size()));
    total.resize(std::max(total.size(), values->size()), total.front());
    for (size_t c = 0; c < total.size(); ++c)
      total[c] += (*values)[values->size() == 1 ? 0 : c];
    return success();
  };
  if (layer.input_size() > 2 && failed(add(layer.input(2), layer)))
    return failure();
  if (bias && failed(add(bias->input(constantOf(bias->input(0)) ? 0 : 1), *bias)))
    return failure();
  return total;
}

/// Dimension of the output channels in a layer's weights.
static int64_t channelAxis(const onnx::NodeProto &layer, int64_t rank) {
  bool isTransposed = false;
  for (const onnx::AttributeProto &entry : layer.attribute())
    isTransposed |= entry.name() == "transB" && entry.i() != 0;
  return layer.op_type() == "Conv" || isTransposed ? 0 : rank - 1;
}

LogicalResult IntegerGraph::expandLayer(const onnx::NodeProto &layer,
                                        const onnx::NodeProto *bias,
                                        const onnx::NodeProto *end) {
  Shift shift;
  if (end) {
    FailureOr<Shift> read = readShift(*end);
    if (failed(read))
      return failure();
    shift = *read;
  }
  Subject subject = namer.getNode(layer);
  const onnx::TensorProto *weights =
      layer.input_size() < 2 ? nullptr : constantOf(layer.input(1));
  if (!weights || weights->dims_size() == 0)
    return subject.reject("weights", "a constant", "a computed tensor or none");
  int64_t axis = channelAxis(layer, weights->dims_size()), channels = weights->dims(axis);
  Numbers start = readBias(layer, bias);
  if (failed(start))
    return failure();
  for (size_t size : {start->size(), shift.factors.size(), shift.addends.size()})
    if (size != 1 && static_cast<int64_t>(size) != channels)
      return subject.reject("numbers of bias, mul and add",
                            "1 or " + Twine(channels) + " as the output channels",
                            Twine(size));
  FailureOr<std::string> w = makeWeights(layer, shift, channels, axis);
  if (failed(w))
    return failure();
  if (channels < 1)
    return subject.reject("output channels", "at least one", Twine(channels));
  start->resize(channels, start->front());
  FailureOr<std::string> b = makeAddend(layer, *start, shift);
  if (failed(b))
    return failure();
  bool isProduct = layer.op_type() == "MatMul";
  std::vector<std::string> inputs = {realOf(layer.input(0)), *w};
  if (!isProduct)
    inputs.push_back(*b);
  onnx::NodeProto &made = emit(layer, layer.op_type(), inputs);
  for (const onnx::AttributeProto &entry : layer.attribute())
    *made.add_attribute() = entry;
  std::string real = made.output(0);
  if (isProduct)
    real = emit(layer, "Add", {real, *b}).output(0);
  if (end)
    quantize(*end, real, shift.isSigned);
  else
    reals[(bias ? bias : &layer)->output(0)] = real;
  return success();
}

/// A RequantShift of a sum, of a pool, of another one: (x * mul + add + 1/2) / div.
LogicalResult IntegerGraph::expandOther(const onnx::NodeProto &end) {
  FailureOr<Shift> shift = readShift(end);
  if (failed(shift))
    return failure();
  if (shift->factors.size() != 1 || shift->addends.size() != 1)
    return namer.getNode(end).reject(
        "mul and add", "one number, as no layer with weights is before it",
        Twine(shift->factors.size()) + " and " + Twine(shift->addends.size()));
  std::string factor =
      makeConstant(onnx::TensorProto::FLOAT, {},
                   {double(shift->factors.front()) / double(shift->divisor)});
  double half = shift->divisor > 1 ? 0.5 : 0;
  double sum = (double(shift->addends.front()) + half) / double(shift->divisor);
  if (shift->factors.front() < 1 || float(sum) != sum)
    return namer.getNode(end).reject(
        "mul and add", "a positive number and one below 2^23",
        Twine(shift->factors.front()) + " and " + Twine(shift->addends.front()));
  std::string addend = makeConstant(onnx::TensorProto::FLOAT, {}, {sum});
  std::string product = emit(end, "Mul", {realOf(end.input(0)), factor}).output(0);
  quantize(end, emit(end, "Add", {product, addend}).output(0), shift->isSigned);
  return success();
}

//===----------------------------------------------------------------------===//
// The graph
//===----------------------------------------------------------------------===//

void IntegerGraph::addInputs() {
  std::string zero = makeConstant(onnx::TensorProto::INT16, {}, {0.0});
  for (const onnx::ValueInfoProto &input : graph.input()) {
    if (constantOf(input.name()) ||
        input.type().tensor_type().elem_type() != onnx::TensorProto::FLOAT)
      continue;
    onnx::NodeProto from;
    from.set_name(input.name());
    from.set_op_type("Input");
    std::string integers =
        emit(from, "QuantizeLinear", {input.name(), one, zero}).output(0);
    reals[input.name()] = emit(from, "DequantizeLinear", {integers, one, zero}).output(0);
  }
}

/// The layer whose sums a RequantShift takes, and the constant added in between.
std::pair<const onnx::NodeProto *, const onnx::NodeProto *>
IntegerGraph::layerBefore(const onnx::NodeProto &end) const {
  auto producerOf = [&](StringRef name) {
    return index.uses.lookup(name) == 1 ? index.producers.lookup(name) : nullptr;
  };
  const onnx::NodeProto *before = end.input_size() ? producerOf(end.input(0)) : nullptr;
  const onnx::NodeProto *bias = nullptr;
  if (before && before->op_type() == "Add" && before->input_size() == 2 &&
      (constantOf(before->input(0)) || constantOf(before->input(1)))) {
    bias = before;
    before = producerOf(bias->input(constantOf(bias->input(0)) ? 1 : 0));
  }
  if (before && isLayer(*before))
    return {before, bias};
  return {nullptr, nullptr};
}

LogicalResult IntegerGraph::expandNode(const onnx::NodeProto &node) {
  if (isRequantShift(node)) {
    auto [layer, bias] = layerBefore(node);
    return layer ? expandLayer(*layer, bias, &node) : expandOther(node);
  }
  if (absorbed.contains(&node))
    return success();
  if (isLayer(node) && node.input_size() > 1 && node.output_size() == 1 &&
      constantOf(node.input(1)))
    return expandLayer(node, nullptr, nullptr);
  onnx::NodeProto &copy = *nodes.Add();
  copy = node;
  for (int i = 0; i < copy.input_size(); ++i)
    copy.set_input(i, realOf(copy.input(i)));
  return success();
}

LogicalResult IntegerGraph::expand() {
  for (const onnx::NodeProto &node : graph.node()) {
    if (!isRequantShift(node))
      continue;
    auto [layer, bias] = layerBefore(node);
    absorbed.insert(layer);
    absorbed.insert(bias);
  }
  one = makeConstant(onnx::TensorProto::FLOAT, {}, {1.0});
  addInputs();
  for (const onnx::NodeProto &node : graph.node())
    if (failed(expandNode(node)))
      return failure();
  for (onnx::ValueInfoProto &output : *graph.mutable_output())
    output.mutable_type()->mutable_tensor_type()->clear_elem_type();
  graph.mutable_node()->Swap(&nodes);
  return success();
}

LogicalResult qbias::onnximport::expandRequantShifts(onnx::GraphProto &graph,
                                                     const Namer &namer) {
  if (llvm::none_of(graph.node(), isRequantShift))
    return success();
  if (failed(splitRequantRows(graph, namer)))
    return failure();
  return IntegerGraph(graph, namer).expand();
}
