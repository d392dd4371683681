//===- PropagateScales.cpp - quantize and dequantize meet across data movement ---*- C++
//-*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   quantize(move(x)) = move(quantize(x))        quantize acts on elements
//   move(dequantize(q)) = dequantize(move(q))
//   quantize(dequantize(q)) = q                  one type
//   f(move(x)) = move(f(x))                      f elementwise, or with a number
//   quantize(constant) = constant                weights kept as float
//   Q(clamp(DQ(Q(x)))) = Q(clamp(x))             one type; Q is monotone, so both
//                                                are min(max(Q(x), Q(lo)), Q(hi))
//
//===----------------------------------------------------------------------===//

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Dialect/QBias/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>

namespace qbias {
#define GEN_PASS_DEF_PROPAGATESCALES
#include "qbias/Dialect/QBias/Transforms/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

namespace {

/// move(dequantize(a), dequantize(b)) -> dequantize(move(a, b)) when all
/// operands have one per-tensor type.
/// Operations of one operand that moved up, by what they do to which value. One that
/// moves up through both operands of a maximum, level for level, would double each time;
/// so each is made once. Follows what becomes of values.
class Moved : public RewriterBase::Listener {
public:
  /// `op` on `operand` with a result of `type`. A quantize takes no attributes along:
  /// they say which node of the file it was.
  Value get(PatternRewriter &rewriter, Operation *op, Value operand, Type type) {
    ArrayRef<NamedAttribute> attributes =
        isa<QuantizeOp>(op) ? ArrayRef<NamedAttribute>() : op->getAttrs();
    Builder builder(op->getContext());
    Attribute what = builder.getArrayAttr(
        {builder.getStringAttr(op->getName().getStringRef()),
         builder.getDictionaryAttr(attributes), TypeAttr::get(type)});
    Key key{operand, what};
    if (auto found = results.find(key); found != results.end())
      return found->second;
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointAfterValue(operand); // dominates all its uses
    OperationState state(op->getLoc(), op->getName(), operand, type, attributes);
    Value result = rewriter.create(state)->getResult(0);
    set(key, result);
    return result;
  }

  void notifyOperationReplaced(Operation *op, ValueRange replacements) override {
    for (auto [old, replacement] : llvm::zip(op->getResults(), replacements))
      for (const Key &key : take(keysOf, old))
        if (results.lookup(key) == old) // not erased, and made anew, meanwhile
          set(key, replacement);
  }
  void notifyOperationErased(Operation *op) override {
    for (Value old : op->getResults()) {
      for (const Key &key : take(keysOf, old))
        if (results.lookup(key) == old)
          results.erase(key);
      for (const Key &key : take(keysOn, old))
        results.erase(key);
    }
  }

private:
  using Key = std::pair<Value, Attribute>;
  using KeyLists = llvm::DenseMap<Value, SmallVector<Key, 1>>;

  void set(const Key &key, Value result) {
    results[key] = result;
    keysOf[result].push_back(key);
    keysOn[key.first].push_back(key);
  }
  static SmallVector<Key, 1> take(KeyLists &lists, Value value) {
    SmallVector<Key, 1> keys = std::move(lists[value]);
    lists.erase(value);
    return keys;
  }

  llvm::DenseMap<Key, Value> results;
  KeyLists keysOf; ///< keys with that result
  KeyLists keysOn; ///< keys with that operand
};

struct MoveDequantizeDown
    : public OpInterfaceRewritePattern<ScaleTransparentOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(ScaleTransparentOpInterface op,
                                PatternRewriter &rewriter) const override {
    SmallVector<OpOperand *> operands = op.getElementOperands();
    if (operands.empty() || !isRealTensor(op->getResult(0).getType()))
      return rewriter.notifyMatchFailure(op, "does not move real elements");
    SmallVector<Value> integers;
    quant::QuantizedType type;
    for (OpOperand *operand : operands) {
      auto dequantize = operand->get().getDefiningOp<DequantizeOp>();
      if (!dequantize)
        return rewriter.notifyMatchFailure(op, "operand is not dequantized");
      quant::QuantizedType own = getQuantElement(dequantize.getInput().getType());
      if (getAxis(own) || (type && type != own))
        return rewriter.notifyMatchFailure(op, "operands differ in scale");
      type = own;
      integers.push_back(dequantize.getInput());
    }
    if (!op.insertsOnlyGridValues(type))
      return rewriter.notifyMatchFailure(op, "inserts a value off the grid");
    Value moved = op.rebuildOn(rewriter, integers, type);
    rewriter.replaceOpWithNewOp<DequantizeOp>(op, op->getResult(0).getType(), moved);
    return success();
  }
};

/// quantize(move(x)) -> move(quantize(x)).
struct MoveQuantizeUp : public OpRewritePattern<QuantizeOp> {
  MoveQuantizeUp(MLIRContext *context, Moved &moved)
      : OpRewritePattern(context), moved(moved) {}

  LogicalResult matchAndRewrite(QuantizeOp op, PatternRewriter &rewriter) const override {
    auto producer = op.getInput().getDefiningOp<ScaleTransparentOpInterface>();
    quant::QuantizedType type = getQuantElement(op.getType());
    if (!producer)
      return rewriter.notifyMatchFailure(op, "producer does not only move elements");
    quant::QuantizedType own = type; // of the operands
    if (getAxis(type)) {             // other movements may cut or join the channels
      auto transpose = dyn_cast<TransposeOp>(producer.getOperation());
      if (!transpose)
        return rewriter.notifyMatchFailure(op, "scales per channel");
      ArrayRef<int64_t> permutation = transpose.getPermutation();
      own = withAxis(type, static_cast<int32_t>(permutation[*getAxis(type)]));
    }
    SmallVector<OpOperand *> operands = producer.getElementOperands();
    if (operands.empty())
      return rewriter.notifyMatchFailure(op, "producer does arithmetic");
    SmallVector<Value> integers;
    for (OpOperand *operand : operands) {
      auto tensor = cast<RankedTensorType>(operand->get().getType());
      integers.push_back(moved.get(rewriter, op, operand->get(), tensor.clone(own)));
    }
    rewriter.replaceOp(op, producer.rebuildOn(rewriter, integers, type));
    return success();
  }

private:
  Moved &moved;
};

/// clamp(move(x)) -> move(clamp(x)), unary likewise, so that a quantize meets
/// the arithmetic behind the movement. A maximum commutes with what is
/// monotone.
struct MoveElementwiseUp : public RewritePattern {
  MoveElementwiseUp(MLIRContext *context, Moved &moved)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context), moved(moved) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa<ClampOp, UnaryOp>(op))
      return rewriter.notifyMatchFailure(op, "not elementwise");
    auto movement = op->getOperand(0).getDefiningOp<ScaleTransparentOpInterface>();
    if (!movement || movement.getElementOperands().empty() ||
        isa<PadOp>(movement.getOperation()) ||
        (isa<PoolOp>(movement.getOperation()) && !isa<ClampOp>(op)))
      return rewriter.notifyMatchFailure(op, "operand is no data movement");
    SmallVector<Value> operands;
    for (OpOperand *operand : movement.getElementOperands()) {
      Value real = operand->get();
      operands.push_back(moved.get(rewriter, op, real, real.getType()));
    }
    rewriter.replaceOp(op, movement.rebuildOn(rewriter, operands, rewriter.getF32Type()));
    return success();
  }

private:
  Moved &moved;
};

/// move(x) + c -> move(x + c) for one real number c, products and quotients
/// likewise: a sum over a dimension is a mean times a number behind a reshape.
struct MoveScalarUp : public RewritePattern {
  MoveScalarUp(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa<AddOp, SubOp, MulOp, DivOp>(op))
      return rewriter.notifyMatchFailure(op, "not a binary operation");
    for (unsigned i : {0, 1}) {
      std::optional<float> number = getNumber(op->getOperand(i));
      Value other = op->getOperand(1 - i);
      auto movement = other.getDefiningOp<ScaleTransparentOpInterface>();
      if (!number || !movement || other.getType() != op->getResult(0).getType() ||
          movement.getElementOperands().size() != 1 ||
          isa<PadOp, PoolOp>(movement.getOperation()))
        continue;
      Value real = movement.getElementOperands()[0]->get();
      Value constant = makeNumber(rewriter, op->getLoc(), real, *number);
      SmallVector<Value> operands = {real, constant};
      if (i == 0)
        std::swap(operands[0], operands[1]);
      OperationState state(op->getLoc(), op->getName(), operands, real.getType(),
                           op->getAttrs());
      Value result = rewriter.create(state)->getResult(0);
      rewriter.replaceOp(op, movement.rebuildOn(rewriter, result, rewriter.getF32Type()));
      return success();
    }
    return rewriter.notifyMatchFailure(op, "not a number and data movement");
  }

private:
  /// The number a constant of equal float32 elements holds.
  static std::optional<float> getNumber(Value value) {
    ElementsAttr constant = getConstant(value);
    SmallVector<double> numbers;
    if (!constant || !constant.getElementType().isF32() ||
        !readFloats(constant, numbers) || numbers.empty() || !llvm::all_equal(numbers))
      return std::nullopt;
    return static_cast<float>(numbers.front());
  }
  /// One element, with the rank of `like`.
  static Value makeNumber(PatternRewriter &rewriter, Location loc, Value like,
                          float number) {
    SmallVector<int64_t> shape(cast<RankedTensorType>(like.getType()).getRank(), 1);
    auto type = RankedTensorType::get(shape, rewriter.getF32Type());
    return arith::ConstantOp::create(rewriter, loc, DenseElementsAttr::get(type, number));
  }
};

/// A reshape or transpose of reals, null for others.
static Operation *getMovement(Value value) {
  Operation *op = value.getDefiningOp();
  return isa_and_nonnull<tensor::CollapseShapeOp, tensor::ExpandShapeOp, TransposeOp>(op)
             ? op
             : nullptr;
}

/// The inverse of a reshape or transpose, of another tensor.
static Value undo(PatternRewriter &rewriter, Location loc, Operation *movement,
                  Value value) {
  auto type = cast<RankedTensorType>(movement->getOperand(0).getType());
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(movement))
    return tensor::ExpandShapeOp::create(rewriter, loc, type, value,
                                         collapse.getReassociationIndices());
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(movement))
    return tensor::CollapseShapeOp::create(rewriter, loc, type, value,
                                           expand.getReassociationIndices());
  ArrayRef<int64_t> permutation = cast<TransposeOp>(movement).getPermutation();
  SmallVector<int64_t> inverse(permutation.size());
  for (auto [i, d] : llvm::enumerate(permutation))
    inverse[d] = i;
  return TransposeOp::create(rewriter, loc, type, value, inverse);
}

/// move(sum) + y -> move(sum + move back(y)), so that the accumulator of a layer meets
/// the arithmetic behind reshapes and transposes.
struct MoveBinaryUp : public RewritePattern {
  MoveBinaryUp(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    if (!isa<AddOp, SubOp, MulOp>(op))
      return rewriter.notifyMatchFailure(op, "not a binary operation");
    Type type = op->getResult(0).getType();
    bool first = isMovedSum(op->getOperand(0)), second = isMovedSum(op->getOperand(1));
    // Two sums would take turns.
    if (first == second ||
        !llvm::all_of(op->getOperandTypes(), [&](Type t) { return t == type; }))
      return rewriter.notifyMatchFailure(op, "not one moved sum of equal shapes");
    Operation *movement = getMovement(op->getOperand(first ? 0 : 1));
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(operand == movement->getResult(0)
                             ? movement->getOperand(0)
                             : undo(rewriter, op->getLoc(), movement, operand));
    OperationState state(op->getLoc(), op->getName(), operands, operands[0].getType(),
                         op->getAttrs());
    Value result = rewriter.create(state)->getResult(0);
    rewriter.replaceOp(op, cast<ScaleTransparentOpInterface>(movement).rebuildOn(
                               rewriter, result, rewriter.getF32Type()));
    return success();
  }

private:
  /// A layer's accumulator behind at least one reshape or transpose.
  static bool isMovedSum(Value value) {
    Operation *movement = getMovement(value);
    for (Operation *next = movement; next; next = getMovement(value))
      value = next->getOperand(0);
    return movement && isa_and_nonnull<AccumulatorOpInterface>(value.getDefiningOp());
  }
};

/// True when a value is an argument of the function, seen through data movement.
static bool isMovedArgument(Value value) {
  while (auto movement = value.getDefiningOp<ScaleTransparentOpInterface>()) {
    SmallVector<OpOperand *> operands = movement.getElementOperands();
    if (operands.empty())
      return false;
    value = operands.front()->get();
  }
  return isa<BlockArgument>(value);
}

/// Q(clamp(DQ(Q(x)))) -> Q(clamp(x)) for one type, when the inner integers
/// have no other use. Those of an argument stay: they are the program's input.
struct MergeClampedQuantize : public OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(QuantizeOp op, PatternRewriter &rewriter) const override {
    auto clamp = op.getInput().getDefiningOp<ClampOp>();
    auto dequantize = clamp ? clamp.getInput().getDefiningOp<DequantizeOp>() : nullptr;
    auto inner = dequantize ? dequantize.getInput().getDefiningOp<QuantizeOp>() : nullptr;
    if (!inner || inner.getType() != op.getType() || !inner->hasOneUse() ||
        !dequantize->hasOneUse())
      return rewriter.notifyMatchFailure(op, "not a clamp between quantizes of one type");
    if (isMovedArgument(inner.getInput()))
      return rewriter.notifyMatchFailure(op, "the inner integers are an input");
    Value clamped =
        ClampOp::create(rewriter, clamp.getLoc(), clamp.getType(), inner.getInput(),
                        clamp.getLoAttr(), clamp.getHiAttr());
    rewriter.replaceOpWithNewOp<QuantizeOp>(op, op.getType(), clamped);
    return success();
  }
};

/// quantize(constant) -> storage cast of the integers: weights that the file
/// keeps as float before their quantize.
struct FoldQuantizedConstant : public OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(QuantizeOp op, PatternRewriter &rewriter) const override {
    ElementsAttr constant = getConstant(op.getInput());
    SmallVector<double> reals;
    if (!constant || !readFloats(constant, reals))
      return rewriter.notifyMatchFailure(op, "not a float constant");
    if (!llvm::all_of(reals, [](double x) { return std::isfinite(x); }))
      return rewriter.notifyMatchFailure(op, "holds NaN or infinity");
    quant::QuantizedType type = getQuantElement(op.getType());
    auto storage = RankedTensorType::get(op.getType().getShape(), type.getStorageType());
    // A storage cast keeps the width; constants have whole bytes.
    if (storage.getElementTypeBitWidth() % 8)
      return rewriter.notifyMatchFailure(op, "storage is no whole byte");
    Value integers = arith::ConstantOp::create(
        rewriter, op.getLoc(),
        cast<TypedAttr>(makeIntegers(storage, quantizeAll(reals, op.getType(), type),
                                     getTensorName(op.getLoc()))));
    rewriter.replaceOpWithNewOp<quant::StorageCastOp>(op, op.getType(), integers);
    return success();
  }

private:
  /// N2 for every element; axis and order as the tensor's.
  static SmallVector<int64_t> quantizeAll(ArrayRef<double> reals, RankedTensorType tensor,
                                          quant::QuantizedType type) {
    SmallVector<double> scales = getScales(type);
    SmallVector<int64_t> zeroPoints = getZeroPoints(type);
    int64_t inner = 1;
    for (int64_t d = getAxis(type).value_or(tensor.getRank() - 1) + 1;
         d < tensor.getRank(); ++d)
      inner *= tensor.getDimSize(d);
    SmallVector<int64_t> result;
    result.reserve(reals.size());
    for (auto [i, x] : llvm::enumerate(reals)) {
      size_t channel = scales.size() == 1 ? 0 : (i / inner) % scales.size();
      numerics::QuantParams params{*numerics::exactRational(scales[channel]),
                                   zeroPoints[zeroPoints.size() == 1 ? 0 : channel],
                                   getStorageRange(type)};
      result.push_back(numerics::quantize(*numerics::exactRational(x), params));
    }
    return result;
  }
};

struct PropagateScales : qbias::impl::PropagateScalesBase<PropagateScales> {
  void runOnOperation() override;
};

} // namespace

/// An input the program does not read keeps its place in the signature, as
/// integers of no particular scale.
static void typeUnusedArgument(func::FuncOp func, unsigned index) {
  MLIRContext *context = func.getContext();
  BlockArgument argument = func.getArgument(index);
  constexpr int64_t kMin = -128, kMax = 127;
  auto type = quant::UniformQuantizedType::get(
      quant::QuantizationFlags::Signed, IntegerType::get(context, 8),
      Float32Type::get(context), /*scale=*/1.0, /*zeroPoint=*/0, kMin, kMax);
  argument.setType(cast<RankedTensorType>(argument.getType()).clone(type));
  func.setArgAttr(index, QBiasDialect::kRealAttr, UnitAttr::get(context));
  func.setArgAttr(index, QBiasDialect::kUnusedAttr, UnitAttr::get(context));
  emitWarning(argument.getLoc())
      << "input '" << getValueName(argument) << "' is not used by the program";
}

/// The clamps between a float argument and its quantizes, in order.
static SmallVector<ClampOp> getLeadingClamps(Value argument) {
  SmallVector<ClampOp> clamps;
  for (Value value = argument; value.hasOneUse(); value = clamps.back().getResult())
    if (auto clamp = dyn_cast<ClampOp>(*value.user_begin()))
      clamps.push_back(clamp);
    else
      break;
  return clamps;
}

/// The one type a float value is quantized to by all its users, or null.
static Type getOnlyQuantizedType(Value value) {
  Type type;
  for (Operation *user : value.getUsers()) {
    auto quantize = dyn_cast<QuantizeOp>(user);
    if (!quantize || (type && type != quantize.getType()))
      return {};
    type = quantize.getType();
  }
  return type;
}

/// A float argument all of whose uses are quantizes of one type becomes an
/// argument of that type: quantizing it is the caller's business (N2b), and so
/// are clamps before it.
static void quantizeArgument(func::FuncOp func, unsigned index) {
  BlockArgument argument = func.getArgument(index);
  if (!isRealTensor(argument.getType()))
    return;
  if (argument.use_empty())
    return typeUnusedArgument(func, index);
  SmallVector<ClampOp> clamps = getLeadingClamps(argument);
  Value real = clamps.empty() ? Value(argument) : clamps.back().getResult();
  Type type = getOnlyQuantizedType(real);
  if (!type)
    return;
  MLIRContext *context = func.getContext();
  std::string tensor = getTensorName((*real.user_begin())->getLoc());
  func.setArgAttr(index, QBiasDialect::kTensorAttr, StringAttr::get(context, tensor));
  SmallVector<Attribute> steps;
  for (ClampOp clamp : clamps)
    steps.push_back(ClampStepAttr::get(context, clamp.getLoAttr(), clamp.getHiAttr()));
  if (!steps.empty())
    func.setArgAttr(index, QBiasDialect::kTailAttr, ArrayAttr::get(context, steps));
  argument.setType(type);
  for (Operation *user : llvm::make_early_inc_range(real.getUsers())) {
    user->getResult(0).replaceAllUsesWith(argument);
    user->erase();
  }
  for (ClampOp clamp : llvm::reverse(clamps))
    clamp->erase();
  func.setArgAttr(index, QBiasDialect::kRealAttr, UnitAttr::get(context));
}

/// A float result that is a dequantize returns the integers instead.
static void quantizeResult(func::FuncOp func, func::ReturnOp ret, unsigned index) {
  auto dequantize = ret.getOperand(index).getDefiningOp<DequantizeOp>();
  if (!dequantize || getAxis(getQuantElement(dequantize.getInput().getType())))
    return;
  ret.setOperand(index, dequantize.getInput());
  func.setResultAttr(index, QBiasDialect::kRealAttr, UnitAttr::get(func.getContext()));
  if (dequantize->use_empty())
    dequantize->erase();
}

void PropagateScales::runOnOperation() {
  func::FuncOp func = getOperation();
  if (func.isExternal())
    return;
  RewritePatternSet patterns(&getContext());
  Moved moved;
  patterns.add<FoldQuantizedConstant, MergeClampedQuantize, MoveBinaryUp,
               MoveDequantizeDown, MoveScalarUp>(&getContext());
  patterns.add<MoveElementwiseUp, MoveQuantizeUp>(&getContext(), moved);
  GreedyRewriteConfig config;
  config.setListener(&moved);
  if (failed(applyPatternsGreedily(func, std::move(patterns), config)))
    return signalPassFailure();
  auto ret = cast<func::ReturnOp>(func.getBody().front().getTerminator());
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    quantizeArgument(func, i);
  for (unsigned i = 0; i < func.getNumResults(); ++i)
    quantizeResult(func, ret, i);
  func.setType(FunctionType::get(&getContext(), func.getBody().front().getArgumentTypes(),
                                 ret.getOperandTypes()));
}
