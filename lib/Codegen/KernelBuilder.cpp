//===- KernelBuilder.cpp - loops, vectors and the dot step of kernels ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

std::optional<int64_t> qbias::getInteger(Value value) {
  APInt constant;
  if (!value || !matchPattern(value, m_ConstantInt(&constant)))
    return std::nullopt;
  return constant.trySExtValue();
}

SmallVector<Tiles> qbias::splitEvenly(int64_t total, int64_t largest) {
  int64_t count = llvm::divideCeil(total, largest);
  int64_t small = total / count, large = total - small * count;
  SmallVector<Tiles> tiles;
  if (large)
    tiles.push_back({0, large, small + 1});
  tiles.push_back({large * (small + 1), count - large, small});
  return tiles;
}

Value KernelBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value KernelBuilder::add(Value a, Value b) {
  return arith::AddIOp::create(builder, loc, a, b);
}

Value KernelBuilder::add(Value a, int64_t b) { return b == 0 ? a : add(a, index(b)); }

Value KernelBuilder::scale(Value a, int64_t factor) {
  return factor == 1 ? a
                     : arith::MulIOp::create(builder, loc, a, index(factor)).getResult();
}

void KernelBuilder::loop(int64_t count, function_ref<void(Value)> body) {
  if (count == 0)
    return;
  if (count == 1)
    return body(index(0));
  auto op = scf::ForOp::create(builder, loc, index(0), index(count), index(1));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op.getBody()->getTerminator());
  body(op.getInductionVar());
}

void KernelBuilder::loop(Value begin, Value end, function_ref<void(Value)> body) {
  auto op = scf::ForOp::create(builder, loc, begin, end, index(1));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op.getBody()->getTerminator());
  body(op.getInductionVar());
}

/// Runs `body` where `condition` is true.
static void emitIf(KernelBuilder &kernel, Value condition, function_ref<void()> body) {
  auto op = scf::IfOp::create(kernel.builder, kernel.loc, condition, /*withElse=*/false);
  OpBuilder::InsertionGuard guard(kernel.builder);
  kernel.builder.setInsertionPoint(op.thenBlock()->getTerminator());
  body();
}

void KernelBuilder::unlessZero(Value value, function_ref<void()> body) {
  emitIf(*this,
         arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, value, index(0)),
         body);
}

void KernelBuilder::ifBelow(Value value, int64_t limit, function_ref<void()> body) {
  emitIf(
      *this,
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, value, index(limit)),
      body);
}

Value KernelBuilder::least(Value a, Value b) {
  return arith::MinSIOp::create(builder, loc, a, b);
}

Value KernelBuilder::most(Value a, Value b) {
  return arith::MaxSIOp::create(builder, loc, a, b);
}

Value KernelBuilder::divide(Value a, int64_t b) {
  return b == 1 ? a : arith::DivUIOp::create(builder, loc, a, index(b)).getResult();
}

Value KernelBuilder::remainder(Value a, int64_t b) {
  return b == 1 ? index(0)
                : arith::RemUIOp::create(builder, loc, a, index(b)).getResult();
}

KernelBuilder::Values
KernelBuilder::reduce(int64_t count, ValueRange carried,
                      function_ref<Values(Value, ValueRange)> body) {
  if (count == 0)
    return llvm::to_vector(carried);
  if (count == 1)
    return body(index(0), carried);
  return reduce(index(0), index(count), carried, body);
}

KernelBuilder::Values
KernelBuilder::reduce(Value begin, Value end, ValueRange carried,
                      function_ref<Values(Value, ValueRange)> body) {
  auto op = scf::ForOp::create(builder, loc, begin, end, index(1), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(op.getBody());
  Values next = body(op.getInductionVar(), op.getRegionIterArgs());
  scf::YieldOp::create(builder, loc, next);
  return llvm::to_vector_of<Value>(op.getResults());
}

VectorType KernelBuilder::vectorOf(int64_t lanes, unsigned bits) {
  return VectorType::get({lanes}, builder.getIntegerType(bits));
}

Value KernelBuilder::splat(VectorType type, int64_t value) {
  unsigned bits = type.getElementTypeBitWidth();
  APInt lane(bits, value, /*isSigned=*/true, /*implicitTrunc=*/true);
  return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(type, lane));
}

Value KernelBuilder::load(Value buffer, Value at, int64_t lanes) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  return vector::LoadOp::create(builder, loc, vectorOf(lanes, element), buffer, at);
}

void KernelBuilder::prefetch(Value buffer, Value at) {
  constexpr uint32_t kSecondLevel = 2; // of locality
  memref::PrefetchOp::create(builder, loc, buffer, ValueRange(at), /*isWrite=*/false,
                             kSecondLevel, /*isDataCache=*/true);
}

Value KernelBuilder::loadFirst(Value buffer, Value at, int64_t lanes, int64_t valid) {
  if (valid >= lanes)
    return load(buffer, at, lanes);
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  Value result = splat(vectorOf(lanes, element), 0);
  for (int64_t done = 0; done < valid;) {
    int64_t piece = llvm::bit_floor(uint64_t(valid - done));
    Value part = load(buffer, add(at, done), piece);
    result = vector::InsertStridedSliceOp::create(
        builder, loc, part, result, ArrayRef<int64_t>{done}, ArrayRef<int64_t>{1});
    done += piece;
  }
  return result;
}

Value KernelBuilder::broadcastWord(Value buffer, Value at, int64_t lanes) {
  constexpr unsigned kWord = 32;
  unsigned bits = cast<MemRefType>(buffer.getType()).getElementTypeBitWidth();
  Value one = bitcast(load(buffer, at, kWord / bits), vectorOf(1, kWord));
  Value scalar = vector::ExtractOp::create(builder, loc, one, ArrayRef<int64_t>{0});
  return vector::BroadcastOp::create(builder, loc, vectorOf(lanes, kWord), scalar);
}

void KernelBuilder::store(Value vector, Value buffer, Value at, int64_t lanes,
                          int64_t first) {
  auto type = cast<VectorType>(vector.getType());
  if (type.getNumElements() == lanes) {
    vector::StoreOp::create(builder, loc, vector, buffer, at);
    return;
  }
  for (int64_t done = 0; done < lanes;) {
    int64_t piece = llvm::bit_floor(uint64_t(lanes - done));
    SmallVector<int64_t> mask =
        llvm::to_vector(llvm::seq(first + done, first + done + piece));
    vector::StoreOp::create(builder, loc, shuffle(vector, vector, mask), buffer,
                            add(at, done));
    done += piece;
  }
}

Value KernelBuilder::bitcast(Value vector, VectorType type) {
  return vector.getType() == type
             ? vector
             : vector::BitCastOp::create(builder, loc, type, vector).getResult();
}

Value KernelBuilder::shuffle(Value a, Value b, ArrayRef<int64_t> mask) {
  return vector::ShuffleOp::create(builder, loc, a, b, mask);
}

Value KernelBuilder::widen(Value vector, unsigned bits) {
  auto type = cast<VectorType>(vector.getType());
  if (type.getElementTypeBitWidth() == bits)
    return vector;
  return arith::ExtSIOp::create(builder, loc, vectorOf(type.getNumElements(), bits),
                                vector);
}

Value KernelBuilder::callIntrinsic(StringRef name, Type type, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(builder, loc, type, builder.getStringAttr(name),
                                       operands)
      .getResult(0);
}

Value KernelBuilder::hide(Value value) {
  return LLVM::InlineAsmOp::create(
             builder, loc, value.getType(), ValueRange(value), /*asm_string=*/"",
             /*constraints=*/"=v,0", /*has_side_effects=*/false,
             /*is_align_stack=*/false, LLVM::tailcallkind::TailCallKind::None,
             /*asm_dialect=*/LLVM::AsmDialectAttr(), /*operand_attrs=*/ArrayAttr())
      .getResult(0);
}
