//===- OrderChannels.cpp - channels that pairs of products suit ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// vpmaddubsw adds the products of two inputs side by side in 16 bits. Whether they fit is
// a matter of which two inputs these are. With inputs 0 .. a, i and j may stand side by
// side when for every output and tap
//
//   a * (max(w_i, 0) + max(w_j, 0)) < 2^15,   a * (min(w_i, 0) + min(w_j, 0)) >= -2^15
//
// Inputs that depthwise convolutions, or one dense layer, make for one reader may stand
// in any order: filters, biases and requantizations are moved with them. Pairs are a
// matching in the graph of inputs, found greedily from the inputs that suit fewest others
// on; what stays alone comes first, where the kernel reads it twice (DenseLayout.h).
//
//===----------------------------------------------------------------------===//

#include "Plans.h"

#include "qbias/Codegen/Passes.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/BitVector.h"

namespace qbias {
#define GEN_PASS_DEF_ORDERCHANNELS
#include "qbias/Codegen/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

//===----------------------------------------------------------------------===//
// Pairs
//===----------------------------------------------------------------------===//

namespace {

/// Which inputs of a layer may stand side by side.
class PairGraph {
public:
  /// Of products with inputs 0 .. `largest`.
  PairGraph(const Group &group, int64_t largest);

  /// Inputs that stay alone, then pairs.
  SmallVector<int64_t> findOrder() const;

private:
  bool mayPair(int64_t i, int64_t j) const;
  SmallVector<int64_t> matchGreedily() const;
  void exchange(SmallVectorImpl<int64_t> &mates) const;

  int64_t inputs, weights; ///< weights: of one input
  int64_t most, least;     ///< sums of two weights of one sign, by magnitude
  /// [input][tap][output]: weights above 0, and the magnitude of those below.
  SmallVector<int16_t> above, below;
  SmallVector<BitVector> neighbors;
};

} // namespace

PairGraph::PairGraph(const Group &group, int64_t largest)
    : inputs(group.inputChannels), weights(group.weights.size() / inputs),
      most(INT16_MAX / largest), least(-int64_t(INT16_MIN) / largest) {
  above.resize(group.weights.size());
  below.resize(group.weights.size());
  for (auto [at, w] : llvm::enumerate(group.weights)) {
    int64_t tap = at / (inputs * group.channels), output = at % group.channels;
    int64_t input = at / group.channels % inputs;
    int64_t to = input * weights + tap * group.channels + output;
    above[to] = std::max<int64_t>(w, 0);
    below[to] = std::max<int64_t>(-w, 0);
  }
  neighbors.assign(inputs, BitVector(inputs));
  for (int64_t i = 0; i < inputs; ++i)
    for (int64_t j = 0; j < i; ++j)
      if (mayPair(i, j)) {
        neighbors[i].set(j);
        neighbors[j].set(i);
      }
}

bool PairGraph::mayPair(int64_t i, int64_t j) const {
  constexpr int64_t kBlock = 64; // most pairs fail early
  const int16_t *highI = &above[i * weights], *highJ = &above[j * weights];
  const int16_t *lowI = &below[i * weights], *lowJ = &below[j * weights];
  for (int64_t first = 0; first < weights; first += kBlock) {
    int16_t high = 0, low = 0;
    for (int64_t at = first, end = std::min(first + kBlock, weights); at < end; ++at) {
      high = std::max(high, int16_t(highI[at] + highJ[at]));
      low = std::max(low, int16_t(lowI[at] + lowJ[at]));
    }
    if (high > most || low > least)
      return false;
  }
  return true;
}

/// The input beside every input, -1 for none: from those that suit fewest others on, each
/// takes the free one that suits fewest.
SmallVector<int64_t> PairGraph::matchGreedily() const {
  auto degrees = llvm::map_to_vector(
      neighbors, [](const BitVector &row) { return int64_t(row.count()); });
  auto byDegree = llvm::to_vector(llvm::seq(inputs));
  llvm::stable_sort(byDegree,
                    [&](int64_t i, int64_t j) { return degrees[i] < degrees[j]; });
  SmallVector<int64_t> mates(inputs, -1);
  for (int64_t i : byDegree) {
    int64_t best = -1;
    for (unsigned j : neighbors[i].set_bits())
      if (mates[j] < 0 && (best < 0 || degrees[j] < degrees[best]))
        best = j;
    if (mates[i] >= 0 || best < 0)
      continue;
    mates[i] = best;
    mates[best] = i;
  }
  return mates;
}

/// Two inputs that stay alone take a pair apart where each suits one of it.
void PairGraph::exchange(SmallVectorImpl<int64_t> &mates) const {
  BitVector alone(inputs);
  for (int64_t i = 0; i < inputs; ++i)
    alone[i] = mates[i] < 0;
  for (unsigned first : alone.set_bits())
    for (unsigned taken : neighbors[first].set_bits()) {
      BitVector others = neighbors[mates[taken]];
      others &= alone;
      others.reset(first);
      int second = others.find_first();
      if (second < 0)
        continue;
      mates[second] = mates[taken];
      mates[mates[taken]] = second;
      mates[first] = taken;
      mates[taken] = first;
      alone.reset(first).reset(second);
      break;
    }
}

SmallVector<int64_t> PairGraph::findOrder() const {
  SmallVector<int64_t> mates = matchGreedily(), alone, pairs;
  exchange(mates);
  for (int64_t i = 0; i < inputs; ++i) {
    if (mates[i] < 0)
      alone.push_back(i);
    else if (i < mates[i])
      pairs.append({i, mates[i]});
  }
  alone.append(pairs);
  return alone;
}

//===----------------------------------------------------------------------===//
// Layers that go along
//===----------------------------------------------------------------------===//

/// The group that makes `result` of its sums alone; nullopt when there is none.
static std::optional<Group> matchProducer(Value result) {
  auto epilogue = result.getDefiningOp<linalg::GenericOp>();
  if (!epilogue)
    return std::nullopt;
  for (Value input : epilogue.getInputs()) {
    Operation *op = input.getDefiningOp();
    while (isa_and_nonnull<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
      op = op->getOperand(0).getDefiningOp();
    std::string reason;
    if (!op || !isContraction(op))
      continue;
    std::optional<Group> group = Group::match(op, reason);
    if (group && group->epilogueOp == epilogue &&
        group->epilogue->getElementwise().empty())
      return group;
  }
  return std::nullopt;
}

/// The layers whose channels move with the inputs of a layer, from the last to the
/// first; none when something else depends on their order.
static SmallVector<Group, 2> findProducers(Value input) {
  SmallVector<Group, 2> producers;
  while (input.hasOneUse()) {
    if (auto pad = input.getDefiningOp<tensor::PadOp>()) {
      if (!Padding::match(pad))
        break;
      input = pad.getSource();
      continue;
    }
    std::optional<Group> producer = matchProducer(input);
    if (!producer || isa<linalg::Conv2DNhwgcGfhwcOp>(producer->contraction))
      break;
    bool passes = producer->isDepthwise() && producer->channelsOfGroup() == 1;
    if (!passes && producer->groups != 1)
      break;
    input = producer->input;
    producers.push_back(std::move(*producer));
    if (!passes)
      return producers;
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Moving
//===----------------------------------------------------------------------===//

/// The constant in `operand`, with what was at place order[i] of a dimension at place i.
static void reorder(OpBuilder &builder, OpOperand &operand, int64_t dimension,
                    ArrayRef<int64_t> order, StringRef name) {
  auto type = cast<RankedTensorType>(operand.get().getType());
  SmallVector<int64_t> values, moved;
  if (!readIntegers(operand.get(), values))
    return;
  int64_t inner = ShapedType::getNumElements(type.getShape().drop_front(dimension + 1));
  int64_t extent = order.size(), outer = values.size() / (inner * extent);
  moved.reserve(values.size());
  for (int64_t first = 0; first < outer; ++first)
    for (int64_t from : order)
      llvm::append_range(moved,
                         ArrayRef(values).slice((first * extent + from) * inner, inner));
  operand.set(
      arith::ConstantOp::create(builder, operand.getOwner()->getLoc(),
                                cast<TypedAttr>(makeIntegers(type, moved, name))));
}

/// What the sums of a contraction start from: its own broadcast of a moved constant. A
/// fill is the same for all channels.
static void reorderBias(OpBuilder &builder, OpOperand &init, ArrayRef<int64_t> order,
                        StringRef name) {
  auto broadcast = init.get().getDefiningOp<linalg::BroadcastOp>();
  if (!broadcast)
    return;
  Operation *own = builder.clone(*broadcast);
  OpOperand *operand = &own->getOpOperand(0);
  if (auto expand = operand->get().getDefiningOp<tensor::ExpandShapeOp>()) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(own);
    Operation *expanded = builder.clone(*expand);
    operand->set(expanded->getResult(0));
    operand = &expanded->getOpOperand(0);
  }
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(operand->getOwner());
  reorder(builder, *operand, /*dimension=*/0, order, name);
  init.set(own->getResult(0));
}

/// The channels of a layer, in another order.
static void reorderChannels(const Group &group, ArrayRef<int64_t> order) {
  auto contraction = cast<linalg::LinalgOp>(group.contraction);
  std::string name = getLayerName(group.contraction);
  OpBuilder builder(group.contraction);
  OpOperand *weights = contraction.getDpsInputOperand(1);
  // [row][column][channel][1] where depthwise, else [...][channel].
  int64_t rank = cast<RankedTensorType>(weights->get().getType()).getRank();
  reorder(builder, *weights, group.isDepthwise() ? rank - 2 : rank - 1, order,
          name + ".ordered");
  reorderBias(builder, *contraction.getDpsInitOperand(0), order, name + ".bias");
  linalg::GenericOp epilogue = group.epilogueOp;
  builder.setInsertionPoint(epilogue);
  for (OpOperand *operand : epilogue.getDpsInputOperands())
    if (epilogue.getMatchingIndexingMap(operand).getNumResults() == 1)
      reorder(builder, *operand, /*dimension=*/0, order, name + ".epilogue");
}

/// The inputs of a layer, in another order.
static void reorderInputs(const Group &group, ArrayRef<int64_t> order) {
  auto contraction = cast<linalg::LinalgOp>(group.contraction);
  OpBuilder builder(group.contraction);
  OpOperand *weights = contraction.getDpsInputOperand(1);
  int64_t rank = cast<RankedTensorType>(weights->get().getType()).getRank();
  reorder(builder, *weights, rank - 2, order,
          getLayerName(group.contraction) + ".ordered");
}

namespace {

struct OrderChannels : qbias::impl::OrderChannelsBase<OrderChannels> {
  using OrderChannelsBase::OrderChannelsBase;
  void runOnOperation() override;
};

} // namespace

/// The order of a dense layer's inputs that lets vpmaddubsw gain more; none when there
/// is no better one.
static SmallVector<int64_t> findOrder(const Group &group, const Target &target) {
  constexpr int64_t kMostInputs = 4096;
  int64_t inputs = group.inputChannels,
          largest = group.inputRange.high - group.inputRange.low;
  bool isDense = group.groups == 1 && group.isNarrow() && group.sumBits == 32;
  if (!isDense || inputs % 2 != 0 || inputs > kMostInputs || largest == 0 ||
      checkWinograd(group).empty())
    return {};
  Group ordered = group;
  SmallVector<int64_t> order = PairGraph(group, largest).findOrder();
  int64_t taps = group.kernelRows * group.kernelColumns, size = group.channels;
  for (int64_t at = 0; at < taps * inputs; ++at)
    std::copy_n(group.weights.begin() +
                    (at / inputs * inputs + order[at % inputs]) * size,
                size, ordered.weights.begin() + at * size);
  double after = ratePair8(ordered, target);
  bool isBetter = after > 1 && after > ratePair8(group, target);
  return isBetter ? order : SmallVector<int64_t>();
}

void OrderChannels::runOnOperation() {
  std::optional<Target> target = Target::get(getOperation(), triple, cpu, features);
  if (!target)
    return signalPassFailure();
  if (!target->hasAvx2 || target->hasDot8())
    return;
  getOperation().walk([&](Operation *op) {
    if (!isa<linalg::Conv2DNhwcHwcfOp, linalg::MatmulOp>(op))
      return;
    SmallVector<Group, 2> producers = findProducers(op->getOperand(0));
    if (producers.empty())
      return;
    std::string reason;
    std::optional<Group> group = Group::match(op, reason);
    SmallVector<int64_t> order =
        group ? findOrder(*group, *target) : SmallVector<int64_t>();
    if (order.empty())
      return;
    reorderInputs(*group, order);
    for (const Group &producer : producers)
      reorderChannels(producer, order);
    auto options = remark::RemarkOpts::name("inputs").category("qbias-order-channels");
    remark::passed(op->getLoc(), options)
        << remark::metric("inputs", int64_t(order.size()))
        << remark::reason("pairs of products fit 16 bits");
  });
}
