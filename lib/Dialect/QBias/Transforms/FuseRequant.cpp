//===- FuseRequant.cpp - segments become integer operations ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walks the function once, in order. Every quantized value gets an integer
// value: an argument changes its type, data movement is rebuilt on integers,
// and a quantize becomes the integer operation of the segment that ends in it
// (SegmentBuilder). Real operations are only looked at from their quantize, and
// erased at the end.
//
//===----------------------------------------------------------------------===//

#include "AssignModes.h"
#include "ElementwiseSteps.h"
#include "SegmentBuilder.h"

#include "qbias/Analysis/Operands.h"
#include "qbias/Analysis/Segments.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/QBias.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Dialect/QBias/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

namespace qbias {
#define GEN_PASS_DEF_FUSEREQUANT
#include "qbias/Dialect/QBias/Transforms/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

namespace {

struct FuseRequant : qbias::impl::FuseRequantBase<FuseRequant> {
  using FuseRequantBase::FuseRequantBase;
  void runOnOperation() override;
  LogicalResult fuse(func::FuncOp func);
};

/// Fuses one function.
class Fuser {
public:
  explicit Fuser(func::FuncOp func) : func(func), builder(func.getContext()) {}
  LogicalResult run();

private:
  void convertArguments();
  LogicalResult convertQuantize(QuantizeOp op);
  FailureOr<Value> buildUnrounded(QuantizeOp op, Value real, SegmentEnd end);
  LogicalResult convertMovement(ScaleTransparentOpInterface op);
  LogicalResult convertArgMax(ArgMaxOp op);
  void convertStorageCast(quant::StorageCastOp op);
  void convertDequantize(DequantizeOp op);
  Value getIntegers(Value quantized);
  LogicalResult convertResult(OpOperand &operand, unsigned index);
  /// A result without quantize, described once the arguments are final.
  struct AccumulatorResult {
    Value value;
    std::optional<int64_t> axis;
    SmallVector<Attribute> tail;
    unsigned index;
  };
  FailureOr<Value> buildAccumulator(Value real, const SegmentEnd &end,
                                    AccumulatorResult &result);
  LogicalResult describe(const AccumulatorResult &result);
  /// A quantize to int32, checked once the arguments are final.
  struct UnroundedResult {
    Value value;
    quant::UniformQuantizedType type;
    Location loc;
    std::string tensor;
  };
  LogicalResult checkUnrounded(const UnroundedResult &result);

  func::FuncOp func;
  OpBuilder builder;
  IRMapping integers;
  SmallVector<AccumulatorResult> accumulators;
  SmallVector<UnroundedResult> unrounded;
};

} // namespace

/// Every quantized argument gets a twin of plain integers behind it, which
/// takes its place at the end; the type moves into an attribute.
void Fuser::convertArguments() {
  Block &block = func.getBody().front();
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    if (quant::QuantizedType type = getQuantElement(func.getArgument(i).getType()))
      func.setArgAttr(i, QBiasDialect::kTypeAttr, TypeAttr::get(type));
  for (BlockArgument argument : llvm::to_vector(block.getArguments()))
    if (isQuantTensor(argument.getType()))
      integers.map(argument, block.insertArgument(argument.getArgNumber() + 1,
                                                  getIntegerTensor(argument.getType()),
                                                  argument.getLoc()));
}

static constexpr unsigned kAccumulatorBits = 32;

LogicalResult Fuser::convertQuantize(QuantizeOp op) {
  quant::QuantizedType type = getQuantElement(op.getType());
  std::string tensor = getTensorName(op.getLoc());
  if (getAxis(type))
    return op.emitError("expects a per-tensor scale on an activation, got ")
           << getScales(type).size() << " scales; quantize '" << tensor << "' per tensor";
  SegmentEnd end{{}, type, op.getLoc(), tensor};
  Value real = collectSteps(op.getInput(), end.steps);
  builder.setInsertionPoint(op);
  FailureOr<Value> value = type.getStorageTypeIntegralWidth() == kAccumulatorBits
                               ? buildUnrounded(op, real, end)
                               : SegmentBuilder(builder, integers).build(real, end);
  if (failed(value))
    return failure();
  integers.map(op.getResult(), *value);
  return success();
}

static LogicalResult rejectRounding(Location loc, quant::UniformQuantizedType type,
                                    StringRef tensor) {
  return emitError(loc, "expects a quantize to int32 that leaves the accumulator as it "
                        "is, got one of scale ")
         << type.getScale() << " and zero point " << type.getZeroPoint() << "; quantize '"
         << tensor << "' to 8 or 16 bits";
}

/// A quantize to int32 that rounds nothing: its integers are the accumulator
/// (ConvInteger).
FailureOr<Value> Fuser::buildUnrounded(QuantizeOp op, Value real, SegmentEnd end) {
  auto type = cast<quant::UniformQuantizedType>(end.type);
  if (!end.steps.empty() || type.getZeroPoint() != 0 ||
      real.getDefiningOp<DequantizeOp>())
    return rejectRounding(op.getLoc(), type, end.tensor);
  end.type = {};
  FailureOr<Value> value = SegmentBuilder(builder, integers).build(real, end);
  if (failed(value))
    return failure();
  if (value->getType() != getIntegerTensor(op.getType()))
    return rejectRounding(op.getLoc(), type, end.tensor);
  unrounded.push_back({*value, type, op.getLoc(), end.tensor});
  return *value;
}

/// The unit of every channel is the scale, and nothing is left of its bias.
LogicalResult Fuser::checkUnrounded(const UnroundedResult &result) {
  auto segment = result.value.getDefiningOp<IntegerSegmentOpInterface>();
  FailureOr<std::vector<ChannelSegment>> channels = getChannelSegments(segment);
  if (failed(channels))
    return failure();
  numerics::Rational scale = *numerics::exactRational(result.type.getScale());
  for (const ChannelSegment &channel : *channels)
    if (channel.unit != scale || channel.offset != 0)
      return rejectRounding(result.loc, result.type, result.tensor);
  return success();
}

/// The integers of a quantized tensor: those of the program, or a constant of
/// the file. Null when it is neither.
Value Fuser::getIntegers(Value quantized) {
  if (Value mapped = integers.lookupOrNull(quantized))
    return mapped;
  auto stored = quantized.getDefiningOp<quant::StorageCastOp>();
  ElementsAttr constant = stored ? getConstant(stored.getInput()) : ElementsAttr();
  std::optional<std::vector<char>> bytes = constant ? readRaw(constant) : std::nullopt;
  RankedTensorType type = getIntegerTensor(quantized.getType());
  if (!bytes ||
      constant.getElementType().getIntOrFloatBitWidth() != type.getElementTypeBitWidth())
    return {};
  builder.setInsertionPointAfter(stored);
  Value value = arith::ConstantOp::create(
      builder, stored.getLoc(),
      cast<TypedAttr>(makeRaw(type, *bytes, getTensorName(stored.getLoc()))));
  integers.map(quantized, value);
  return value;
}

/// The same integers under another quantized type: scast(scast(q)).
void Fuser::convertStorageCast(quant::StorageCastOp op) {
  auto inner = op.getInput().getDefiningOp<quant::StorageCastOp>();
  Value mapped = inner ? integers.lookupOrNull(inner.getInput()) : Value();
  if (mapped && isQuantTensor(op.getType()) &&
      mapped.getType() == getIntegerTensor(op.getType()))
    integers.map(op.getResult(), mapped);
}

/// A constant that a segment reads as a tensor, not as weights, becomes one of
/// integers.
void Fuser::convertDequantize(DequantizeOp op) {
  bool isRead = llvm::any_of(op->getUses(), [](OpOperand &use) {
    auto layer = dyn_cast<AccumulatorOpInterface>(use.getOwner());
    return !layer || &use == &layer.getActivationOperand() || !hasOperands(layer);
  });
  if (isRead)
    (void)getIntegers(op.getInput());
}

/// Rebuilds data movement on integers.
LogicalResult Fuser::convertMovement(ScaleTransparentOpInterface op) {
  quant::QuantizedType type = getQuantElement(op->getResult(0).getType());
  if (!type)
    return success(); // moves reals or constants: looked at from their users
  SmallVector<OpOperand *> elements = op.getElementOperands();
  if (llvm::none_of(elements, [&](OpOperand *e) { return integers.contains(e->get()); }))
    return success(); // constant weights
  SmallVector<Value> operands;
  for (OpOperand *element : elements)
    if (Value mapped = getIntegers(element->get()))
      operands.push_back(mapped);
    else
      return op->emitError("expects operands that are computed or plain constants");
  builder.setInsertionPoint(op);
  Type element = getElementTypeOrSelf(operands.front().getType());
  auto resultType = cast<RankedTensorType>(op->getResult(0).getType()).clone(element);
  Value result;
  if (auto pool = dyn_cast<PoolOp>(op.getOperation()))
    result = IntMaxPoolOp::create(builder, op.getLoc(), resultType, operands[0],
                                  pool.getKernelAttr(), pool.getStridesAttr(),
                                  pool.getPadsAttr(), pool.getDilationsAttr());
  else if (auto pad = dyn_cast<PadOp>(op.getOperation()))
    result =
        IntPadOp::create(builder, op.getLoc(), resultType, operands[0], pad.getLowAttr(),
                         pad.getHighAttr(), pad.getInteriorAttr(),
                         builder.getI64IntegerAttr(numerics::quantize(
                             *numerics::exactRational(pad.getValue().convertToDouble()),
                             getParams(type))));
  else
    result = op.rebuildOn(builder, operands, element);
  integers.map(op->getResult(0), result);
  return success();
}

/// The same on integers, in place: indices have no scale.
LogicalResult Fuser::convertArgMax(ArgMaxOp op) {
  Value input = op.getInput();
  if (isIntegerTensor(input.getType()))
    return success();
  if (auto dequantize = input.getDefiningOp<DequantizeOp>())
    input = dequantize.getInput();
  Value mapped = isQuantTensor(input.getType()) ? getIntegers(input) : Value();
  if (!mapped)
    return op.emitError("expects a quantized tensor, got the real numbers of '")
           << getTensorName(input.getLoc()) << "'; quantize it";
  op.getInputMutable().assign(mapped);
  return success();
}

/// Position of dimension `axis` after a reshape that only adds or removes unit
/// dimensions, nullopt when it is not there any more.
static std::optional<int64_t> followAxis(ArrayRef<int64_t> from, ArrayRef<int64_t> to,
                                         int64_t axis) {
  int64_t large = llvm::count_if(from.take_front(axis), [](int64_t d) { return d != 1; });
  for (auto [i, d] : llvm::enumerate(to))
    if (d != 1 && large-- == 0)
      return d == from[axis] ? std::optional<int64_t>(i) : std::nullopt;
  return std::nullopt;
}

/// The dimension of the channels after data movement, nullopt when they are cut
/// or joined.
static std::optional<int64_t> moveAxis(Operation *movement, int64_t axis) {
  auto from = cast<RankedTensorType>(movement->getOperand(0).getType()).getShape();
  auto to = cast<RankedTensorType>(movement->getResult(0).getType()).getShape();
  if (auto transpose = dyn_cast<TransposeOp>(movement))
    return llvm::find(transpose.getPermutation(), axis) -
           transpose.getPermutation().begin();
  if (auto gather = dyn_cast<GatherOp>(movement))
    return int64_t(gather.getDim()) == axis ? std::nullopt : std::optional(axis);
  if (isa<tensor::ExtractSliceOp>(movement))
    return from.size() == to.size() && from[axis] == to[axis] ? std::optional(axis)
                                                              : std::nullopt;
  return followAxis(from, to, axis);
}

/// The int32 accumulator of a last layer without quantize, through the data
/// movement and the elementwise steps after it (N13g), which go to the tail.
FailureOr<Value> Fuser::buildAccumulator(Value real, const SegmentEnd &end,
                                         AccumulatorResult &result) {
  SmallVector<Attribute> steps;
  real = collectSteps(real, steps);
  result.tail.insert(result.tail.begin(), steps.begin(), steps.end());
  auto movement = real.getDefiningOp<ScaleTransparentOpInterface>();
  if (!movement || movement.getElementOperands().size() != 1) {
    result.axis = cast<RankedTensorType>(real.getType()).getRank() - 1;
    return SegmentBuilder(builder, integers).build(real, end);
  }
  // Neither commutes with what is left to do outside.
  if (isa<PadOp, PoolOp>(movement.getOperation()))
    return movement->emitError("expects a quantize before it, got the accumulator of "
                               "result '")
           << end.tensor << "'";
  FailureOr<Value> value =
      buildAccumulator(movement.getElementOperands()[0]->get(), end, result);
  if (failed(value))
    return failure();
  if (result.axis)
    result.axis = moveAxis(movement, *result.axis);
  return movement.rebuildOn(builder, *value, getElementTypeOrSelf(value->getType()));
}

/// Scale and offset outside the program: real = acc * scale + offset.
LogicalResult Fuser::describe(const AccumulatorResult &result) {
  Value source = result.value;
  while (!isa<IntegerSegmentOpInterface>(source.getDefiningOp()))
    source = source.getDefiningOp()->getOperand(0);
  auto op = cast<IntegerSegmentOpInterface>(source.getDefiningOp());
  FailureOr<std::vector<ChannelSegment>> channels = getChannelSegments(op);
  if (failed(channels))
    return failure();
  SmallVector<double> scales, offsets;
  for (const ChannelSegment &channel : *channels) {
    scales.push_back(channel.unit.get_d());
    offsets.push_back(channel.offset.get_d());
  }
  if (llvm::all_equal(scales) && llvm::all_equal(offsets)) {
    scales.resize(1);
    offsets.resize(1);
  } else if (!result.axis) {
    return op->emitError("channels of the output are no dimension of their own any "
                         "more; quantize the output of this layer");
  }
  auto set = [&](StringRef name, Attribute attr) {
    func.setResultAttr(result.index, name, attr);
  };
  set(QBiasDialect::kScalesAttr, builder.getDenseF64ArrayAttr(scales));
  set(QBiasDialect::kOffsetsAttr, builder.getDenseF64ArrayAttr(offsets));
  set(QBiasDialect::kRealAttr, builder.getUnitAttr());
  if (result.axis)
    set(QBiasDialect::kAxisAttr, builder.getI64IntegerAttr(*result.axis));
  if (!result.tail.empty())
    set(QBiasDialect::kTailAttr, builder.getArrayAttr(result.tail));
  return success();
}

LogicalResult Fuser::convertResult(OpOperand &operand, unsigned index) {
  quant::QuantizedType type = getQuantElement(operand.get().getType());
  if (type) {
    Value mapped = integers.lookupOrNull(operand.get());
    if (!mapped)
      return operand.getOwner()->emitError("result is a quantized constant; expects a "
                                           "computed tensor");
    func.setResultAttr(index, QBiasDialect::kTypeAttr, TypeAttr::get(type));
    operand.set(mapped);
    return success();
  }
  if (isIntegerTensor(operand.get().getType()))
    return success(); // indices
  auto name = func.getResultAttrOfType<StringAttr>(index, QBiasDialect::kNameAttr);
  SegmentEnd end{
      {}, {}, operand.get().getLoc(), name ? name.str() : std::string("result")};
  AccumulatorResult result{{}, {}, {}, index};
  builder.setInsertionPoint(operand.getOwner());
  FailureOr<Value> value = buildAccumulator(operand.get(), end, result);
  if (failed(value))
    return failure();
  result.value = *value;
  accumulators.push_back(result);
  operand.set(*value);
  return success();
}

/// Erases what no integer operation uses any more.
static void eraseReal(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    bool isReal = llvm::any_of(op.getResults(), [](Value result) {
      return isRealTensor(result.getType()) || isQuantTensor(result.getType());
    });
    if (op.use_empty() && (isReal || isa<arith::ConstantOp, quant::StorageCastOp>(op)))
      op.erase();
  }
}

LogicalResult Fuser::run() {
  Block &block = func.getBody().front();
  convertArguments();
  for (Operation &op : llvm::make_early_inc_range(block)) {
    LogicalResult result = success();
    if (auto quantize = dyn_cast<QuantizeOp>(op))
      result = convertQuantize(quantize);
    else if (auto movement = dyn_cast<ScaleTransparentOpInterface>(op))
      result = convertMovement(movement);
    else if (auto argMax = dyn_cast<ArgMaxOp>(op))
      result = convertArgMax(argMax);
    else if (auto stored = dyn_cast<quant::StorageCastOp>(op))
      convertStorageCast(stored);
    else if (auto dequantize = dyn_cast<DequantizeOp>(op))
      convertDequantize(dequantize);
    if (failed(result))
      return failure();
  }
  auto ret = cast<func::ReturnOp>(block.getTerminator());
  for (unsigned i = 0; i < ret.getNumOperands(); ++i)
    if (failed(convertResult(ret->getOpOperand(i), i)))
      return failure();
  eraseReal(block);
  block.eraseArguments([](BlockArgument argument) {
    return isQuantTensor(argument.getType()) && argument.use_empty();
  });
  func.setType(FunctionType::get(func.getContext(), block.getArgumentTypes(),
                                 ret.getOperandTypes()));
  for (const AccumulatorResult &result : accumulators)
    if (failed(describe(result)))
      return failure();
  for (const UnroundedResult &result : unrounded)
    if (failed(checkUnrounded(result)))
      return failure();
  return success();
}

/// A model without any quantize gets one clear message instead of one per
/// layer.
static LogicalResult requireQuantized(func::FuncOp func) {
  int64_t layers = 0;
  Operation *first = nullptr;
  bool isQuantized = false;
  func.walk([&](Operation *op) {
    isQuantized |= isa<QuantizeOp, DequantizeOp>(op) ||
                   isa<IntegerSegmentOpInterface>(op) ||
                   llvm::any_of(op->getOperandTypes(), isQuantTensor);
    if (auto layer = dyn_cast<AccumulatorOpInterface>(op)) {
      first = first ? first : op;
      ++layers;
    }
  });
  if (isQuantized || !first)
    return success();
  return first->emitError("model is not quantized: expects quantized inputs and weights, "
                          "got ")
         << layers << " float layers, the first '" << getLayerName(first)
         << "'; quantize the model first, for example with "
            "onnxruntime.quantization.quantize_static or "
            "torch's prepare_pt2e and convert_pt2e";
}

LogicalResult FuseRequant::fuse(func::FuncOp func) {
  if (!func.getBody().hasOneBlock())
    return func.emitError("expects one block, got ") << func.getBody().getBlocks().size();
  if (failed(requireQuantized(func)))
    return failure();
  return Fuser(func).run();
}

/// What became one integer operation: the operator of the file, how many
/// quantized operands it has, and functions between the sum and its quantize.
static void report(IntegerSegmentOpInterface op) {
  ReferenceAttr reference = op.getReferenceAttr();
  LayerAttr layer = op.getLayerAttr();
  ArrayAttr steps = reference.getSteps();
  auto remark = remark::passed(
      op->getLoc(), remark::RemarkOpts::name("segment").category("qbias-fuse-requant"));
  remark << remark::metric("op", op->getName().stripDialect())
         << remark::metric("operands", op.getActivations().size())
         << remark::metric("functions", steps ? steps.size() : 0)
         << remark::metric("quantized", reference.getResult() ? "yes" : "no");
  if (layer)
    remark << remark::metric("source_op", layer.getOp().getValue());
  if (layer && layer.getTensor())
    remark << remark::metric("tensor", layer.getTensor().getValue());
}

void FuseRequant::runOnOperation() {
  for (func::FuncOp func : getOperation().getOps<func::FuncOp>())
    if (!func.isExternal() && failed(fuse(func)))
      return signalPassFailure();
  if (failed(assignModes(getOperation(), requant, requantLayers, bias)))
    return signalPassFailure();
  getOperation().walk(report);
}
