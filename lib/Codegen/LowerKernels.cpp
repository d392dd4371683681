//===- LowerKernels.cpp - planned groups become kernel functions ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   %0 = linalg.broadcast ins(%bias)                  %b = memref.alloc()
//   %1 = linalg.conv_2d ... {qbias.plan = "dot8"} =>  call @qbias_kernel_0(%x, ..., %b)
//   %2 = linalg.generic ins(%1, ...)                  %2 = bufferization.to_tensor %b
//
// A tensor.pad of the result is part of the kernel: it writes into the middle of a
// larger buffer and fills what lies around. So is what a kernel behind it needs, wider
// elements or an addition to each: layers are lowered from the last to the first, and
// each finds in which forms its result is wanted. It stores every one of them.
//
// Groups whose code would be the same share one function; weights and per-channel
// constants are its arguments. A plan is a claim of the IR: it is proven again
// here before it is used.
//
//===----------------------------------------------------------------------===//

#include "InputForms.h"
#include "Plans.h"

#include "qbias/Codegen/Passes.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Dialect/QBias/IR/Nibbles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

namespace qbias {
#define GEN_PASS_DEF_LOWERKERNELS
#include "qbias/Codegen/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

namespace {

struct LowerKernels : qbias::impl::LowerKernelsBase<LowerKernels> {
  using LowerKernelsBase::LowerKernelsBase;
  void runOnOperation() override;

private:
  LogicalResult lower(Operation *contraction, StringRef plan, const Target &target);
  void unpackWeights(Operation *contraction, const Target &target);
  LogicalResult lowerPool(linalg::PoolingNhwcMaxOp op, StringRef plan);
  void makeResults(Kernel &kernel, Group &group, SmallVector<Value> buffers,
                   ArrayRef<InputForms::Made> made, Operation *last,
                   bool isShared = true);
  void lowerCopy(Operation *op, Value source, Copy copy, StringRef step);
  void lowerCopies();
  func::FuncOp getFunction(Kernel &kernel, const Group &group, ValueRange buffers);
  using EmitBody = function_ref<void(KernelBuilder &, ValueRange, Kernel::Share)>;
  func::FuncOp getFunction(StringRef key, ValueRange buffers, EmitBody emit);
  void callFunction(OpBuilder &builder, Location loc, func::FuncOp function,
                    ValueRange buffers, int64_t units, StringRef step = "",
                    bool isShared = true);

  llvm::StringMap<func::FuncOp> functions;
  /// What lies around the images a contraction reads, and what they hold.
  llvm::DenseMap<Operation *, Padding> innerPaddings;
  llvm::DenseMap<Operation *, IntegerRange> inputRanges;
  InputForms forms;
};

} // namespace

/// The elements of a dense buffer in one dimension.
static Value flatten(OpBuilder &builder, Location loc, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  if (type.getRank() == 1)
    return buffer;
  ReassociationIndices all = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  return memref::CollapseShapeOp::create(builder, loc, buffer,
                                         SmallVector<ReassociationIndices>{all});
}

/// A tensor's elements in memory, to be read.
static Value toFlatBuffer(OpBuilder &builder, Location loc, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto bufferType = MemRefType::get(type.getShape(), type.getElementType());
  Value buffer = bufferization::ToBufferOp::create(builder, loc, bufferType, tensor,
                                                   /*read_only=*/true);
  return flatten(builder, loc, buffer);
}

/// Runs `body` on the first of `threads` slices.
static void runFirst(KernelBuilder &kernel, Value slice, int64_t threads,
                     function_ref<void()> body) {
  if (threads == 1)
    return body();
  Value isFirst = arith::CmpIOp::create(kernel.builder, kernel.loc,
                                        arith::CmpIPredicate::eq, slice, kernel.index(0));
  auto once = scf::IfOp::create(kernel.builder, kernel.loc, isFirst, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(kernel.builder);
  kernel.builder.setInsertionPoint(once.thenBlock()->getTerminator());
  body();
}

/// Erases a contraction whose epilogue is gone, with the reshapes behind it: what it read
/// has one reader less.
static void eraseContraction(Operation *contraction) {
  SmallVector<Operation *> dead = {contraction};
  while (!dead.back()->use_empty())
    dead.push_back(*dead.back()->getUsers().begin());
  for (Operation *op : llvm::reverse(dead))
    op->erase();
}

/// The function of a kernel on buffers of these types, made when it is new.
func::FuncOp LowerKernels::getFunction(Kernel &kernel, const Group &group,
                                       ValueRange buffers) {
  std::string key = kernel.getKey();
  llvm::raw_string_ostream os(key);
  os << "|" << threads << "|" << getNibbleOffset(group.weights).value_or(0) << "|"
     << group.poolRows << "," << group.poolColumns;
  auto addPadding = [&](const Padding &padding) {
    os << "|" << padding.top << "," << padding.left << "," << padding.bottom << ","
       << padding.right << "," << padding.value;
  };
  addPadding(group.inner);
  for (const ResultForm &form : group.results) {
    addPadding(form.outer);
    os << "," << form.added;
  }
  return getFunction(
      key, buffers,
      [&](KernelBuilder &builder, ValueRange arguments, Kernel::Share share) {
        ValueRange results = arguments.take_back(group.results.size());
        bool isFilled = llvm::any_of(
            group.results, [](const ResultForm &form) { return !form.outer.isEmpty(); });
        if (isFilled)
          runFirst(builder, share.slice, threads, [&] {
            for (auto [form, result] : llvm::zip(group.results, results))
              if (!form.outer.isEmpty())
                fillPadding(builder, group, form, result);
          });
        kernel.emit(builder, arguments, share);
      });
}

func::FuncOp LowerKernels::getFunction(StringRef prefix, ValueRange buffers,
                                       EmitBody emit) {
  std::string key = prefix.str();
  for (Type type : buffers.getTypes())
    llvm::raw_string_ostream(key) << "|" << type;
  func::FuncOp &func = functions[key];
  if (func)
    return func;
  ModuleOp module = getOperation();
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  std::string name = "qbias_kernel_" + std::to_string(functions.size() - 1);
  SmallVector<Type> types(buffers.getTypes());
  types.append(3, builder.getIndexType()); // the share
  func = func::FuncOp::create(builder, module.getLoc(), name,
                              builder.getFunctionType(types, {}));
  func.setPrivate();
  func->setAttr("llvm.linkage",
                LLVM::LinkageAttr::get(&getContext(), LLVM::Linkage::Internal));
  func->setAttr("passthrough", builder.getStrArrayAttr({"noinline", "stackrealign"}));
  for (unsigned i = 0; i < buffers.size(); ++i)
    func.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
  builder.setInsertionPointToStart(func.addEntryBlock());
  KernelBuilder kernelBuilder(builder, module.getLoc());
  ValueRange arguments = func.getArguments();
  ValueRange share = arguments.take_back(3);
  emit(kernelBuilder, arguments.drop_back(3), {share[0], share[1], share[2]});
  func::ReturnOp::create(builder, module.getLoc());
  return func;
}

/// Calls a function for all of its units; --qbias-split-phases shares them where they
/// are worth a barrier.
void LowerKernels::callFunction(OpBuilder &builder, Location loc, func::FuncOp function,
                                ValueRange buffers, int64_t units, StringRef step,
                                bool isShared) {
  SmallVector<Value> operands(buffers);
  for (int64_t bound : {int64_t(0), units, int64_t(0)})
    operands.push_back(arith::ConstantIndexOp::create(builder, loc, bound));
  auto call = func::CallOp::create(builder, loc, function, operands);
  if (isShared)
    call->setAttr(kUnitsAttr, builder.getI64IntegerAttr(units));
  if (!step.empty())
    call->setAttr(kStepAttr, builder.getStringAttr(step));
}

/// Weights of four bits that plain loops read are taken apart in front of them:
///
///   %0 = linalg.conv_2d ... ins(%x, %weights)  =>  call @qbias_kernel_1(%bytes, ..., %b)
///                                                  %w = bufferization.to_tensor %b
///                                                  %0 = linalg.conv_2d ... ins(%x, %w)
void LowerKernels::unpackWeights(Operation *contraction, const Target &target) {
  constexpr int64_t kVector = 32, kScalar = 2;
  int64_t block = target.hasVectors ? kVector : kScalar;
  OpOperand *operand = cast<linalg::LinalgOp>(contraction).getDpsInputOperand(1);
  auto type = cast<RankedTensorType>(operand->get().getType());
  SmallVector<int64_t> weights;
  if (!type.getElementType().isInteger(8) || !readIntegers(operand->get(), weights))
    return;
  std::optional<int64_t> offset = getNibbleOffset(weights);
  if (!offset)
    return;
  OpBuilder builder(contraction);
  Location loc = contraction->getLoc();
  SmallVector<int64_t> packed = packNibbles(weights, *offset, block);
  int64_t count = packed.size();
  ElementsAttr bytes =
      makeIntegers(type.clone({count}), packed, getLayerName(contraction) + ".packed");
  Value constant = arith::ConstantOp::create(builder, loc, cast<TypedAttr>(bytes));
  Value all = memref::AllocOp::create(
      builder, loc, MemRefType::get({2 * count}, type.getElementType()));
  Value buffers[] = {toFlatBuffer(builder, loc, constant), all};
  std::string key = "unpack" + std::to_string(block) + "," + std::to_string(*offset);
  func::FuncOp function = getFunction(
      key, buffers,
      [&](KernelBuilder &kernel, ValueRange arguments, Kernel::Share share) {
        emitUnpacking(kernel, arguments[0], arguments[1], share, block, *offset);
      });
  callFunction(builder, loc, function, buffers, 2 * count / block, "unpack");
  Value tensor = bufferization::ToTensorOp::create(builder, loc, type.clone({2 * count}),
                                                   all, /*restrict=*/true,
                                                   /*writable=*/true);
  if (2 * count != type.getNumElements()) {
    OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1),
                 size = builder.getIndexAttr(type.getNumElements());
    tensor = tensor::ExtractSliceOp::create(builder, loc, tensor, ArrayRef(zero),
                                            ArrayRef(size), ArrayRef(one));
  }
  ReassociationIndices every = llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
  operand->set(tensor::ExpandShapeOp::create(builder, loc, type, tensor,
                                             SmallVector<ReassociationIndices>{every}));
}

/// Replaces `op`, which copies the elements of `source`, by a kernel.
void LowerKernels::lowerCopy(Operation *op, Value source, Copy copy, StringRef step) {
  OpBuilder builder(op);
  Location loc = op->getLoc();
  copy.takeSource(source);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  Value result = memref::AllocOp::create(
      builder, loc, MemRefType::get(type.getShape(), type.getElementType()));
  Value buffers[] = {toFlatBuffer(builder, loc, source), flatten(builder, loc, result)};
  std::unique_ptr<Kernel> kernel = makeCopyKernel(copy);
  callFunction(builder, loc, getFunction(*kernel, copy.images, buffers), buffers,
               kernel->getUnits(), step,
               /*isShared=*/type.getNumElements() >= kWorthBarrier);
  op->getResult(0).replaceAllUsesWith(bufferization::ToTensorOp::create(
      builder, loc, type, result, /*restrict=*/true, /*writable=*/true));
  op->erase();
}

/// What no kernel in front takes over: other forms, and paddings.
void LowerKernels::lowerCopies() {
  IRRewriter rewriter(&getContext());
  forms.takeElementwise(rewriter);
  for (const InputForms::Form &form : forms.all()) {
    linalg::GenericOp formed = form.op;
    Value source = formed.getInputs()[0];
    auto pad = source.getDefiningOp<tensor::PadOp>();
    std::optional<Copy> copy;
    if (pad && pad->hasOneUse())
      copy = Copy::match(pad);
    if (copy) {
      source = pad.getSource();
    } else {
      copy.emplace();
      copy->images.channels = cast<ShapedType>(source.getType()).getNumElements();
    }
    copy->added = copy->images.results.front().added = form.added;
    lowerCopy(formed, source, *copy, form.added ? "move" : "widen");
  }
  SmallVector<tensor::PadOp> paddings;
  getOperation().walk([&](tensor::PadOp pad) { paddings.push_back(pad); });
  for (tensor::PadOp pad : paddings)
    if (std::optional<Copy> copy = pad->use_empty() ? std::nullopt : Copy::match(pad))
      lowerCopy(pad, pad.getSource(), *copy, "pad");
}

/// What the kernel of a group makes of the results of `last`: the forms are the group's.
static SmallVector<InputForms::Made> takeResults(Group &group, Operation *last,
                                                 InputForms &forms) {
  SmallVector<InputForms::Made> made = forms.takeAll(group, last->getResult(0));
  group.results.clear();
  for (const InputForms::Made &one : made)
    group.results.push_back(one.form);
  const ResultForm &first = group.results.front();
  if (group.epilogue)
    group.epilogue->moveResults(first.added);
  // Elements read beside the sums lie without padding.
  if (!group.epilogue || group.epilogue->getElementwise().empty())
    group.outer = first.outer;
  return made;
}

/// Calls a kernel in front of `last`, with buffers for its results behind `buffers`, and
/// puts those in place of what `last` and others make.
void LowerKernels::makeResults(Kernel &kernel, Group &group, SmallVector<Value> buffers,
                               ArrayRef<InputForms::Made> made, Operation *last,
                               bool isShared) {
  Operation *first = group.epilogueOp ? group.epilogueOp.getOperation() : last;
  OpBuilder builder(first);
  Location loc = group.contraction->getLoc();
  SmallVector<Value> results;
  for (const InputForms::Made &one : made) {
    auto type = cast<RankedTensorType>(one.value.getType());
    auto bufferType = MemRefType::get(type.getShape(), type.getElementType());
    results.push_back(memref::AllocOp::create(builder, one.value.getLoc(), bufferType));
    buffers.push_back(flatten(builder, loc, results.back()));
  }
  func::FuncOp function = getFunction(kernel, group, buffers);
  callFunction(builder, loc, function, buffers, kernel.getUnits(), "", isShared);
  for (auto [one, result] : llvm::zip(made, results)) {
    Value value = one.value;
    value.replaceAllUsesWith(bufferization::ToTensorOp::create(
        builder, loc, value.getType(), result, /*restrict=*/true, /*writable=*/true));
  }
  for (const InputForms::Made &one : made)
    InputForms::eraseUnread(one.value, last);
}

/// Replaces a max pool that is no part of another kernel by one of its own.
LogicalResult LowerKernels::lowerPool(linalg::PoolingNhwcMaxOp op, StringRef plan) {
  std::optional<Pool> pool = Pool::match(op);
  if (!pool || plan != kPoolPlan)
    return op.emitError("plan '")
           << plan << "' of layer '" << getLayerName(op)
           << "' is not proven: a max pool of 8 or 16 bits and known extents takes "
           << kPoolPlan << " or reference; let --qbias-plan-kernels choose the plan";
  Group &images = pool->images;
  SmallVector<InputForms::Made> made = takeResults(images, op, forms);
  OpBuilder builder(op);
  Value x = toFlatBuffer(builder, op.getLoc(), op.getInputs()[0]);
  bool isShared = cast<ShapedType>(op.getType(0)).getNumElements() >= kWorthBarrier;
  makeResults(*makePoolKernel(*pool), images, {x}, made, op, isShared);
  op.erase();
  return success();
}

LogicalResult LowerKernels::lower(Operation *contraction, StringRef plan,
                                  const Target &target) {
  std::string reason;
  std::optional<Group> group = Group::match(contraction, reason);
  if (group)
    group->inputRange = inputRanges.lookup(contraction);
  if (group)
    reason = checkPlan(plan, *group, target);
  std::string name = getLayerName(contraction);
  if (!reason.empty())
    return contraction->emitError("plan '")
           << plan << "' of layer '" << name << "' is not proven: " << reason
           << "; let --qbias-plan-kernels choose the plan";
  // Kernels read elements as they lie in memory: reshapes change nothing.
  Value reshaped = group->input;
  group->input = skipReshapes(reshaped);
  group->roundUpperWord();
  group->epilogue->specialize(target);
  group->inner = innerPaddings.lookup(contraction);
  Operation *last = group->epilogueOp;
  linalg::PoolingNhwcMaxOp pool = takePool(plan, *group, target);
  if (pool)
    last = pool;
  SmallVector<InputForms::Made> made = takeResults(*group, last, forms);
  int64_t added =
      forms.isMadeForOne(group->input) ? getInputOffset(plan, *group, target) : 0;
  group->isInputMoved = added != 0;
  std::unique_ptr<Kernel> kernel = makeKernel(plan, *group, target, threads);
  Location loc = contraction->getLoc();
  OpBuilder builder(group->epilogueOp);
  SmallVector<Value> buffers;
  Value input = forms.get(builder, loc, group->input, kernel->inputBits(), added);
  buffers.push_back(toFlatBuffer(builder, loc, input));
  for (ElementsAttr constant : kernel->packConstants(name)) {
    Value value = arith::ConstantOp::create(builder, loc, cast<TypedAttr>(constant));
    buffers.push_back(toFlatBuffer(builder, loc, value));
  }
  for (Value element : group->epilogue->getElementwise())
    buffers.push_back(toFlatBuffer(builder, loc, element));
  for (const Kernel::Scratch &scratch : kernel->getScratch())
    buffers.push_back(
        memref::AllocOp::create(builder, loc,
                                MemRefType::get({scratch.elements * threads},
                                                builder.getIntegerType(scratch.bits))));
  makeResults(*kernel, *group, buffers, made, last);
  if (pool)
    pool.erase();
  group->epilogueOp.erase();
  eraseContraction(contraction);
  InputForms::eraseUnread(reshaped, group->input.getDefiningOp());
  return success();
}

void LowerKernels::runOnOperation() {
  std::optional<Target> target = Target::get(getOperation(), triple, cpu, features);
  if (!target)
    return signalPassFailure();
  if (threads < 1) {
    getOperation().emitError("expects at least one thread, got ") << threads.getValue();
    return signalPassFailure();
  }
  functions.clear();
  innerPaddings.clear();
  inputRanges.clear();
  forms = {};
  SmallVector<std::pair<Operation *, StringRef>> planned;
  WalkResult found = getOperation().walk([&](Operation *op) {
    auto plan = op->getAttrOfType<StringAttr>(kPlanAttr);
    bool isPool = isa<linalg::PoolingNhwcMaxOp>(op);
    bool isLayer = (isPool || isContraction(op)) && op->getNumResults() == 1;
    if (plan && plan.getValue() != kReferencePlan) {
      if (!isLayer) {
        op->emitError("plan '") << plan.getValue() << "' of '" << op->getName()
                                << "', expected it on a convolution, matrix product or "
                                   "max pool of tensors; remove the attribute";
        return WalkResult::interrupt();
      }
      planned.push_back({op, plan.getValue()});
      Value sums;
      Operation *last = isPool ? op : findEpilogue(op, sums).getOperation();
      if (last)
        forms.addResult(last->getResult(0));
      // Of a pool in the same kernel.
      if (last && last->hasOneUse() && isa<linalg::PoolingNhwcMaxOp>(*last->user_begin()))
        forms.addResult(last->user_begin()->getResult(0));
    } else if (isLayer && !isPool) {
      unpackWeights(op, *target);
    }
    return WalkResult::advance();
  });
  if (found.wasInterrupted())
    return signalPassFailure();
  // Paddings disappear into the kernels in front of them, and with every lowered layer
  // the clamps that show what the next one reads.
  for (auto [op, plan] : planned) {
    Value input = op->getOperand(0);
    if (isa<IntegerType>(getElementTypeOrSelf(input.getType())))
      inputRanges[op] = findRange(input);
    auto shapeOf = [](Value value) {
      return cast<ShapedType>(value.getType()).getShape();
    };
    // Channels may be split behind it, images may not.
    ArrayRef<int64_t> extents = shapeOf(input);
    auto pad = skipReshapes(input).getDefiningOp<tensor::PadOp>();
    constexpr size_t kImages = 3; // batch, rows, columns
    bool isOfImages =
        pad && extents.size() >= kImages &&
        extents.take_front(kImages) == shapeOf(pad.getResult()).take_front(kImages);
    if (isOfImages)
      innerPaddings[op] = Padding::match(pad).value_or(Padding());
  }
  for (auto [op, plan] : llvm::reverse(planned)) {
    auto pool = dyn_cast<linalg::PoolingNhwcMaxOp>(op);
    if (failed(pool ? lowerPool(pool, plan) : lower(op, plan, *target)))
      return signalPassFailure();
  }
  if (target->hasVectors)
    lowerCopies();
}
