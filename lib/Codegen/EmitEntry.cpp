//===- EmitEntry.cpp - the checked C entry point ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "qbias/Codegen/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace qbias {
#define GEN_PASS_DEF_EMITENTRY
#include "qbias/Codegen/Passes.h.inc"
} // namespace qbias

using namespace mlir;
using namespace qbias;

/// Return codes of the entry point (docs/Abi.md).
enum EntryStatus {
  Ok = 0,
  Null = 1,
  Misaligned = 2,
  TooSmall = 3,
  Overlap = 4,
  NoTiles = 5
};

static constexpr int64_t kWorkspaceAlignment = 64;

/// With more buffers than this, pairs are compared in a loop.
static constexpr size_t kMostUnrolled = 8;

namespace {

/// One pointer argument of the program.
struct Pointer {
  int64_t bytes, alignment;
  bool isWritten;
};

/// Builds the checks of one entry function.
class EntryBuilder {
public:
  EntryBuilder(LLVM::LLVMFuncOp entry, ArrayRef<Pointer> pointers, bool usesTiles)
      : entry(entry), pointers(pointers), usesTiles(usesTiles),
        builder(entry.getContext()), loc(entry.getLoc()) {}

  /// Arguments behind the size of the workspace are passed on.
  void build(LLVM::LLVMFuncOp program);

private:
  /// A loop that is being built.
  struct Loop {
    Block *head, *next;
    Value index;
  };

  void returnIf(Value condition, EntryStatus status);
  Value askForTiles();
  void checkPairs(ArrayRef<Value> begins, ArrayRef<Value> ends);
  void checkPairsInLoop(ArrayRef<Value> begins, ArrayRef<Value> ends);
  Value overlap(Value beginI, Value endI, Value beginJ, Value endJ);
  Value makeTable(ArrayRef<Value> values);
  Value element(Value table, Value index);
  Loop beginLoop(Value begin, Value end);
  void endLoop(const Loop &loop);
  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), value);
  }
  Value compare(LLVM::ICmpPredicate predicate, Value a, Value b) {
    return LLVM::ICmpOp::create(builder, loc, predicate, a, b);
  }

  LLVM::LLVMFuncOp entry;
  ArrayRef<Pointer> pointers;
  bool usesTiles;
  OpBuilder builder;
  Location loc;
};

struct EmitEntry : qbias::impl::EmitEntryBase<EmitEntry> {
  using EmitEntryBase::EmitEntryBase;
  void runOnOperation() override;
};

} // namespace

/// `if (condition) return status;` and goes on in a new block.
void EntryBuilder::returnIf(Value condition, EntryStatus status) {
  Block *current = builder.getInsertionBlock();
  Block *stop = entry.addBlock();
  Block *next = entry.addBlock();
  builder.setInsertionPointToEnd(current);
  LLVM::CondBrOp::create(builder, loc, condition, stop, next);
  builder.setInsertionPointToStart(stop);
  Value code =
      LLVM::ConstantOp::create(builder, loc, builder.getI32Type(), int64_t(status));
  LLVM::ReturnOp::create(builder, loc, code);
  builder.setInsertionPointToStart(next);
}

/// Asks Linux for the state of tile registers, which a process has to before it uses
/// them (Linux's Documentation/arch/x86/xstate.rst); not 0 when that is refused.
Value EntryBuilder::askForTiles() {
  constexpr int64_t kArchPrctl = 158, kRequestPermission = 0x1023, kTileData = 18;
  return LLVM::InlineAsmOp::create(
             builder, loc, builder.getI64Type(),
             ValueRange{constant(kArchPrctl), constant(kRequestPermission),
                        constant(kTileData)},
             /*asm_string=*/"syscall",
             /*constraints=*/"={ax},0,{di},{si},~{rcx},~{r11},~{memory}",
             /*has_side_effects=*/true, /*is_align_stack=*/false,
             LLVM::tailcallkind::TailCallKind::None,
             /*asm_dialect=*/LLVM::AsmDialectAttr(), /*operand_attrs=*/ArrayAttr())
      .getResult(0);
}

/// Whether two buffers have a byte in common.
Value EntryBuilder::overlap(Value beginI, Value endI, Value beginJ, Value endJ) {
  Value a = compare(LLVM::ICmpPredicate::ult, beginI, endJ);
  Value b = compare(LLVM::ICmpPredicate::ult, beginJ, endI);
  return LLVM::AndOp::create(builder, loc, a, b);
}

/// One branch for each pair with a buffer that is written.
void EntryBuilder::checkPairs(ArrayRef<Value> begins, ArrayRef<Value> ends) {
  for (size_t i = 0; i < begins.size(); ++i)
    for (size_t j = i + 1; j < begins.size(); ++j)
      if (pointers[i].isWritten || pointers[j].isWritten)
        returnIf(overlap(begins[i], ends[i], begins[j], ends[j]), Overlap);
}

/// Stores the values one after the other on the stack.
Value EntryBuilder::makeTable(ArrayRef<Value> values) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value table = LLVM::AllocaOp::create(builder, loc, pointer, builder.getI64Type(),
                                       constant(values.size()));
  for (auto [index, value] : llvm::enumerate(values))
    LLVM::StoreOp::create(builder, loc, value, element(table, constant(index)));
  return table;
}

Value EntryBuilder::element(Value table, Value index) {
  return LLVM::GEPOp::create(builder, loc, table.getType(), builder.getI64Type(), table,
                             ValueRange{index});
}

/// `for (i = begin; i < end; ++i)`: the rest goes into the body, until endLoop.
EntryBuilder::Loop EntryBuilder::beginLoop(Value begin, Value end) {
  Block *before = builder.getInsertionBlock();
  Loop loop{entry.addBlock(), entry.addBlock(), Value()};
  Block *body = entry.addBlock();
  loop.index = loop.head->addArgument(builder.getI64Type(), loc);
  builder.setInsertionPointToEnd(before);
  LLVM::BrOp::create(builder, loc, begin, loop.head);
  builder.setInsertionPointToStart(loop.head);
  Value more = compare(LLVM::ICmpPredicate::ult, loop.index, end);
  LLVM::CondBrOp::create(builder, loc, more, body, loop.next);
  builder.setInsertionPointToStart(body);
  return loop;
}

void EntryBuilder::endLoop(const Loop &loop) {
  Value next = LLVM::AddOp::create(builder, loc, loop.index, constant(1));
  LLVM::BrOp::create(builder, loc, next, loop.head);
  builder.setInsertionPointToStart(loop.next);
}

/// The same with code whose size does not grow with the square of the buffers: the
/// inputs come first, so that buffer i, which is written, is compared with those before.
void EntryBuilder::checkPairsInLoop(ArrayRef<Value> begins, ArrayRef<Value> ends) {
  int64_t firstWritten =
      llvm::find_if(pointers, [](const Pointer &pointer) { return pointer.isWritten; }) -
      pointers.begin();
  Value beginTable = makeTable(begins), endTable = makeTable(ends);
  auto load = [&](Value table, Value index) -> Value {
    return LLVM::LoadOp::create(builder, loc, builder.getI64Type(),
                                element(table, index));
  };
  Loop outer = beginLoop(constant(firstWritten), constant(begins.size()));
  Value beginI = load(beginTable, outer.index), endI = load(endTable, outer.index);
  Loop inner = beginLoop(constant(0), outer.index);
  Value beginJ = load(beginTable, inner.index), endJ = load(endTable, inner.index);
  returnIf(overlap(beginI, endI, beginJ, endJ), Overlap);
  endLoop(inner);
  endLoop(outer);
}

void EntryBuilder::build(LLVM::LLVMFuncOp program) {
  Block *block = entry.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);
  size_t count = pointers.size();
  SmallVector<Value> addresses;
  for (size_t i = 0; i < count; ++i)
    addresses.push_back(LLVM::PtrToIntOp::create(builder, loc, builder.getI64Type(),
                                                 block->getArgument(i)));
  for (Value address : addresses)
    returnIf(compare(LLVM::ICmpPredicate::eq, address, constant(0)), Null);
  for (size_t i = 0; i < count; ++i) {
    if (pointers[i].alignment == 1)
      continue;
    Value low = LLVM::AndOp::create(builder, loc, addresses[i],
                                    constant(pointers[i].alignment - 1));
    returnIf(compare(LLVM::ICmpPredicate::ne, low, constant(0)), Misaligned);
  }
  Value given = block->getArgument(count);
  Value needed = LLVM::ConstantOp::create(builder, loc, given.getType(),
                                          int64_t(pointers.back().bytes));
  returnIf(compare(LLVM::ICmpPredicate::ult, given, needed), TooSmall);
  SmallVector<Value> ends;
  for (size_t i = 0; i < count; ++i)
    ends.push_back(
        LLVM::AddOp::create(builder, loc, addresses[i], constant(pointers[i].bytes)));
  if (count <= kMostUnrolled)
    checkPairs(addresses, ends);
  else
    checkPairsInLoop(addresses, ends);
  if (usesTiles)
    returnIf(compare(LLVM::ICmpPredicate::ne, askForTiles(), constant(0)), NoTiles);
  SmallVector<Value> arguments(block->getArguments().take_front(count));
  llvm::append_range(arguments, block->getArguments().drop_front(count + 1));
  LLVM::CallOp::create(builder, loc, program, arguments);
  Value ok = LLVM::ConstantOp::create(builder, loc, builder.getI32Type(), int64_t(Ok));
  LLVM::ReturnOp::create(builder, loc, ok);
}

/// Some kernel is for tile registers.
static bool usesTiles(ModuleOp module) {
  return module
      ->walk([](LLVM::CallIntrinsicOp call) {
        return call.getIntrin() == "llvm.x86.ldtilecfg" ? WalkResult::interrupt()
                                                        : WalkResult::advance();
      })
      .wasInterrupted();
}

/// `int NAME(pointers..., size_t bytes, what else the program takes)`.
static void addEntry(LLVM::LLVMFuncOp program, ArrayRef<Pointer> pointers,
                     const std::string &name, unsigned sizeBits) {
  OpBuilder builder(program.getContext());
  auto module = program->getParentOfType<ModuleOp>();
  builder.setInsertionPointToEnd(module.getBody());
  ArrayRef<Type> own = program.getArgumentTypes();
  SmallVector<Type> types(own.take_front(pointers.size()));
  types.push_back(builder.getIntegerType(sizeBits));
  types.append(own.begin() + pointers.size(), own.end());
  auto type = LLVM::LLVMFunctionType::get(builder.getI32Type(), types);
  auto entry = LLVM::LLVMFuncOp::create(builder, program.getLoc(), name, type);
  EntryBuilder(entry, pointers, usesTiles(module)).build(program);
  program.setLinkage(LLVM::Linkage::Internal);
}

/// What is said of a loop goes where the translation to LLVM IR reads it: conversions
/// of MLIR 22 leave it among attributes that are not the branch's own.
static void annotateLoops(ModuleOp module) {
  constexpr llvm::StringLiteral kName = "llvm.loop_annotation";
  module.walk([&](LLVM::BrOp branch) {
    if (Attribute annotation = branch->removeDiscardableAttr(kName))
      branch.setLoopAnnotationAttr(cast<LLVM::LoopAnnotationAttr>(annotation));
  });
}

void EmitEntry::runOnOperation() {
  ModuleOp module = getOperation();
  annotateLoops(module);
  auto program = module.lookupSymbol<LLVM::LLVMFuncOp>("main");
  auto sizes = program ? program->getAttrOfType<DenseI64ArrayAttr>(kBufferBytesAttr)
                       : DenseI64ArrayAttr();
  auto widths = program ? program->getAttrOfType<DenseI64ArrayAttr>(kBufferAlignmentAttr)
                        : DenseI64ArrayAttr();
  auto inputs =
      program ? program->getAttrOfType<IntegerAttr>(kInputsAttr) : IntegerAttr();
  if (!sizes || !widths || !inputs ||
      sizes.size() != int64_t(program.getNumArguments()) ||
      widths.size() != sizes.size()) {
    module.emitError("expects a lowered function 'main' with described buffers; run "
                     "--qbias-to-llvm-pipeline");
    return signalPassFailure();
  }
  // They describe tensors; LLVM has no use for them.
  program.removeArgAttrsAttr();
  SmallVector<Pointer> pointers;
  for (int64_t i = 0; i < sizes.size(); ++i)
    pointers.push_back({sizes[i], widths[i], i >= inputs.getInt()});
  pointers.back().alignment = kWorkspaceAlignment;
  addEntry(program, pointers, name + "_run", sizeBits);
  if (auto phases = module.lookupSymbol<LLVM::LLVMFuncOp>("main_phase"))
    addEntry(phases, pointers, name + "_run_phase", sizeBits);
}
