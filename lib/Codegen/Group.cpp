//===- Group.cpp - a contraction and its epilogue ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   %0 = linalg.broadcast ins(%bias)
//   %1 = linalg.conv_2d_nhwc_hwcf ins(%x, %weights) outs(%0)     i8 -> i32
//   %2 = linalg.generic ins(%1, ...)                             i32 -> i8
//
// A reshape that only joins or splits dimensions may stand between the last two.
//
//===----------------------------------------------------------------------===//

#include "Group.h"

#include "qbias/Codegen/Passes.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

bool qbias::isContraction(Operation *op) {
  return isa<linalg::Conv2DNhwcHwcfOp, linalg::DepthwiseConv2DNhwcHwcmOp,
             linalg::Conv2DNhwgcGfhwcOp, linalg::MatmulOp>(op);
}

void qbias::addStore(Operation *contraction, Location other) {
  SmallVector<Attribute> layers;
  if (auto known = contraction->getAttrOfType<ArrayAttr>(kStoresAttr))
    llvm::append_range(layers, known);
  MLIRContext *context = contraction->getContext();
  layers.push_back(StringAttr::get(context, getTensorName(other)));
  contraction->setAttr(kStoresAttr, ArrayAttr::get(context, layers));
}

bool qbias::fuseWithProducer(RewriterBase &rewriter, OpOperand &operand) {
  Operation *producer = operand.get().getDefiningOp(), *reader = operand.getOwner();
  if (!operand.get().hasOneUse() || !linalg::areElementwiseOpsFusable(&operand))
    return false;
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(reader);
  FailureOr<linalg::ElementwiseOpFusionResult> fused =
      linalg::fuseElementwiseOps(rewriter, &operand);
  if (failed(fused))
    return false;
  Value result = reader->getResult(0);
  rewriter.replaceAllUsesWith(result, fused->replacements.lookup(result));
  rewriter.eraseOp(reader);
  rewriter.eraseOp(producer);
  return true;
}

Value qbias::skipReshapes(Value value) {
  while (isa_and_present<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(
      value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

std::optional<Padding> Padding::match(tensor::PadOp op) {
  constexpr int64_t kRank = 4;
  APInt value;
  Value constant = op.getConstantPaddingValue();
  ArrayRef<int64_t> low = op.getStaticLow(), high = op.getStaticHigh();
  auto isNegative = [](int64_t extent) { return extent < 0; };
  bool isStatic = op.getLow().empty() && op.getHigh().empty() &&
                  op.getType().hasStaticShape() && op.getSourceType().hasStaticShape();
  if (!isStatic || op.getType().getRank() != kRank || !constant ||
      !matchPattern(constant, m_ConstantInt(&value)) || low.front() || high.front() ||
      low.back() || high.back() || llvm::any_of(low, isNegative) ||
      llvm::any_of(high, isNegative))
    return std::nullopt;
  return Padding{low[1], low[2], high[1], high[2], value.getSExtValue()};
}

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

template <typename OpTy>
static void readConvolution(OpTy op, Group &group) {
  ArrayRef<int64_t> x = shapeOf(op.getInputs()[0]), w = shapeOf(op.getInputs()[1]);
  ArrayRef<int64_t> y = shapeOf(op.getOutputs()[0]);
  group.batch = y[0];
  group.rows = y[1];
  group.columns = y[2];
  group.channels = ShapedType::getNumElements(y.drop_front(3));
  group.inputRows = x[1];
  group.inputColumns = x[2];
  group.inputChannels = x[3];
  group.kernelRows = w[0];
  group.kernelColumns = w[1];
  auto strides = llvm::to_vector(op.getStrides().template getValues<int64_t>());
  auto dilations = llvm::to_vector(op.getDilations().template getValues<int64_t>());
  group.rowStride = strides[0];
  group.columnStride = strides[1];
  group.rowDilation = dilations[0];
  group.columnDilation = dilations[1];
}

/// A matrix product is one row whose columns are the rows of the product.
static void readMatmul(linalg::MatmulOp op, Group &group) {
  ArrayRef<int64_t> x = shapeOf(op.getInputs()[0]), y = shapeOf(op.getOutputs()[0]);
  group.columns = group.inputColumns = y[0];
  group.channels = y[1];
  group.inputChannels = x[1];
}

/// Extents of a supported contraction; "" or the reason why not.
static std::string readExtents(Operation *op, Group &group) {
  if (auto conv = dyn_cast<linalg::Conv2DNhwcHwcfOp>(op)) {
    readConvolution(conv, group);
    return "";
  }
  if (auto conv = dyn_cast<linalg::DepthwiseConv2DNhwcHwcmOp>(op)) {
    readConvolution(conv, group);
    group.groups = std::exchange(group.inputChannels, 1);
    return "";
  }
  if (auto conv = dyn_cast<linalg::Conv2DNhwgcGfhwcOp>(op)) {
    readConvolution(conv, group);
    ArrayRef<int64_t> w = shapeOf(conv.getInputs()[1]);
    group.groups = w[0];
    group.kernelRows = w[2];
    group.kernelColumns = w[3];
    group.inputChannels = w[4];
    return "";
  }
  if (auto matmul = dyn_cast<linalg::MatmulOp>(op)) {
    if (matmul.hasUserDefinedMaps())
      return "matrix product with maps of its own";
    if (matmul.getCast() != linalg::TypeFn::cast_signed)
      return "matrix product of unsigned integers";
    readMatmul(matmul, group);
    return "";
  }
  return "no contraction on tensors";
}

/// Weights [group][channel of it][kernel row][kernel column][input] in the order of
/// Group::weights.
static void moveChannelsLast(Group &group) {
  SmallVector<int64_t> moved(group.weights.size());
  int64_t reduction = group.reduction();
  for (auto [at, w] : llvm::enumerate(group.weights))
    moved[at % reduction * group.channels + at / reduction] = w;
  group.weights = std::move(moved);
}

/// One integer per channel, the same at every position: the last dimensions.
static bool repeatsLastDimensions(linalg::BroadcastOp op) {
  int64_t added = op.getDimensions().size();
  return llvm::equal(op.getDimensions(), llvm::seq<int64_t>(0, added));
}

/// The constant one integer per channel that the sums start from.
static bool readBias(Value init, int64_t channels, SmallVector<int64_t> &bias) {
  if (auto broadcast = init.getDefiningOp<linalg::BroadcastOp>()) {
    Value input = broadcast.getInput();
    if (auto expand = input.getDefiningOp<tensor::ExpandShapeOp>())
      input = expand.getSrc();
    return repeatsLastDimensions(broadcast) && readIntegers(input, bias) &&
           int64_t(bias.size()) == channels;
  }
  auto fill = init.getDefiningOp<linalg::FillOp>();
  APInt value;
  if (!fill || !matchPattern(fill.getInputs()[0], m_ConstantInt(&value)))
    return false;
  bias.assign(channels, value.getSExtValue());
  return true;
}

linalg::GenericOp qbias::findEpilogue(Operation *contraction, Value &sums) {
  sums = contraction->getResult(0);
  while (sums.hasOneUse()) {
    Operation *user = *sums.getUsers().begin();
    if (auto generic = dyn_cast<linalg::GenericOp>(user))
      return generic;
    if (!isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(user))
      break;
    sums = user->getResult(0);
  }
  return nullptr;
}

/// Width of integers, 0 of anything else.
static unsigned bitsOf(Value value) {
  auto type = dyn_cast<IntegerType>(getElementTypeOrSelf(value.getType()));
  return type ? type.getWidth() : 0;
}

/// What sums of every channel can be, with any inputs in their range.
static SmallVector<numerics::Range> findSums(const Group &group) {
  SmallVector<int64_t> low(group.bias), high(group.bias);
  for (size_t first = 0; first < group.weights.size(); first += group.channels)
    for (int64_t c = 0; c < group.channels; ++c) {
      int64_t w = group.weights[first + c];
      auto [least, most] =
          std::minmax({w * group.inputRange.low, w * group.inputRange.high});
      low[c] += least;
      high[c] += most;
    }
  return llvm::map_to_vector(llvm::zip_equal(low, high), [](auto ends) {
    auto [least, most] = ends;
    return numerics::Range{least, most};
  });
}

std::optional<Group> Group::match(Operation *op, std::string &reason) {
  Group group;
  group.contraction = op;
  auto fail = [&](const Twine &text) {
    reason = text.str();
    return std::nullopt;
  };
  if (!isContraction(op) || op->getNumResults() != 1)
    return fail("no contraction on tensors");
  auto isStatic = [](Type type) { return cast<ShapedType>(type).hasStaticShape(); };
  if (!llvm::all_of(op->getOperandTypes(), isStatic))
    return fail("extents are not static");
  if (std::string text = readExtents(op, group); !text.empty())
    return fail(text);
  auto contraction = cast<linalg::LinalgOp>(op);
  group.input = contraction.getDpsInputOperand(0)->get();
  Value weights = contraction.getDpsInputOperand(1)->get();
  group.inputBits = bitsOf(group.input);
  auto isOperand = [](unsigned bits) { return bits == 8 || bits == 16; };
  if (!isOperand(group.inputBits) || !isOperand(bitsOf(weights)))
    return fail("operands are not 8 or 16 bits wide");
  group.inputRange = findRange(group.input);
  Value sums = op->getResult(0);
  group.sumBits = bitsOf(sums);
  if (group.sumBits != 32 && group.sumBits != 64)
    return fail("sums are not 32 or 64 bits wide");
  if (!readIntegers(weights, group.weights))
    return fail("weights are not constant");
  if (isa<linalg::Conv2DNhwgcGfhwcOp>(op))
    moveChannelsLast(group);
  if (!llvm::all_of(group.weights, llvm::isInt<8>))
    group.weightBits = 16;
  if (!readBias(contraction.getDpsInitOperand(0)->get(), group.channels, group.bias))
    return fail("bias is no constant per channel");
  group.epilogueOp = findEpilogue(op, sums);
  if (!group.epilogueOp)
    return fail("sums have no single epilogue");
  if (shapeOf(sums).back() != group.channels)
    return fail("epilogue splits channels");
  group.epilogue = VectorEpilogue::match(group.epilogueOp, sums, reason);
  if (!group.epilogue)
    return std::nullopt;
  return group;
}

Group Group::ofPool(linalg::PoolingNhwcMaxOp pool) {
  Group group;
  readConvolution(pool, group);
  group.contraction = pool;
  group.input = pool.getInputs()[0];
  group.inputBits = bitsOf(group.input);
  return group;
}

linalg::PoolingNhwcMaxOp Group::findPool() {
  Value result = epilogueOp.getResult(0);
  auto pool = result.hasOneUse()
                  ? dyn_cast<linalg::PoolingNhwcMaxOp>(*result.getUsers().begin())
                  : linalg::PoolingNhwcMaxOp();
  std::optional<Interval> range = epilogue->getGrowingRange();
  if (!pool || !range || pool.getInputs()[0] != result)
    return {};
  ArrayRef<int64_t> window = shapeOf(pool.getInputs()[1]);
  ArrayRef<int64_t> made = shapeOf(pool.getResult(0));
  int64_t own[] = {batch, rows, columns, channels};
  auto isOne = [](int64_t distance) { return distance == 1; };
  bool isSplit = llvm::equal(window, pool.getStrides().getValues<int64_t>()) &&
                 llvm::all_of(pool.getDilations().getValues<int64_t>(), isOne);
  // Nothing is less than what windows start from.
  auto fill = pool.getOutputs()[0].getDefiningOp<linalg::FillOp>();
  std::optional<int64_t> start = fill ? getInteger(fill.getInputs()[0]) : std::nullopt;
  bool isOwn = shapeOf(result) == ArrayRef(own) && start && *start <= range->low;
  bool isInside = isOwn && isSplit && made[0] == batch && made[3] == channels &&
                  made[1] * window[0] <= rows && made[2] * window[1] <= columns &&
                  llvm::all_of(made, [](int64_t extent) { return extent > 0; });
  return isInside ? pool : linalg::PoolingNhwcMaxOp();
}

void Group::takePool(linalg::PoolingNhwcMaxOp pool) {
  ArrayRef<int64_t> window = shapeOf(pool.getInputs()[1]);
  ArrayRef<int64_t> made = shapeOf(pool.getResult(0));
  poolRows = window[0];
  poolColumns = window[1];
  rows = made[1] * poolRows;
  columns = made[2] * poolColumns;
}

void Group::roundUpperWord() {
  if (sumBits != 32)
    return;
  SmallVector<int64_t> moves = epilogue->roundUpperWord(findSums(*this));
  for (auto [start, move] : llvm::zip(bias, moves)) // none: as they were
    start += move;
}
