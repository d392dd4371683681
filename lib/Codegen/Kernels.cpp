//===- Kernels.cpp - what kernels have in common ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Nibbles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace qbias;

//===----------------------------------------------------------------------===//
// The dot step
//===----------------------------------------------------------------------===//

static constexpr int64_t kLanesOf512 = 16;

/// Products of 16 bits, added up in pairs (vpmaddwd; with the sum, vpdpwssd).
Value DotStep::multiplyPairs(KernelBuilder &kernel, Value a, Value b) const {
  return kernel.callIntrinsic(lanes == kLanesOf512 ? "llvm.x86.avx512.pmaddw.d.512"
                                                   : "llvm.x86.avx2.pmadd.wd",
                              kernel.vectorOf(lanes, 32), {a, b});
}

Value DotStep::assemble(KernelBuilder &kernel, Value inputs, Value at,
                        int64_t count) const {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  Type word = builder.getI32Type();
  Value all;
  for (int64_t i = 0; i < count; ++i) {
    Value input =
        memref::LoadOp::create(builder, loc, inputs, ValueRange(kernel.add(at, i)));
    input = arith::ExtUIOp::create(builder, loc, word, input);
    Value places = arith::ConstantIntOp::create(builder, loc, word, i * inputBits());
    input = arith::ShLIOp::create(builder, loc, input, places);
    all = all ? arith::OrIOp::create(builder, loc, all, input) : input;
  }
  return vector::BroadcastOp::create(builder, loc, kernel.vectorOf(lanes, 32), all);
}

Value DotStep::emit(KernelBuilder &kernel, Value sums, Value inputs,
                    Value weights) const {
  inputs = kernel.bitcast(inputs, cast<VectorType>(weights.getType()));
  if (kind == DotKind::Mmla8)
    return kernel.callIntrinsic("llvm.aarch64.neon.smmla.v4i32.v16i8", sums.getType(),
                                {sums, inputs, weights});
  if (kind == DotKind::Dot8Signed)
    return kernel.callIntrinsic("llvm.aarch64.neon.sdot.v4i32.v16i8", sums.getType(),
                                {sums, inputs, weights});
  if (kind == DotKind::Dot8)
    return kernel.callIntrinsic(lanes == kLanesOf512 ? "llvm.x86.avx512.vpdpbusd.512"
                                                     : "llvm.x86.avx512.vpdpbusd.256",
                                sums.getType(), {sums, inputs, weights});
  if (kind == DotKind::Pair8) {
    Value pairs =
        kernel.callIntrinsic(lanes == kLanesOf512 ? "llvm.x86.avx512.pmaddubs.w.512"
                                                  : "llvm.x86.avx2.pmadd.ub.sw",
                             kernel.vectorOf(2 * lanes, 16), {inputs, weights});
    return sums ? kernel.add(sums, pairs) : pairs;
  }
  // Sums of halves would let LLVM widen weights in front of a loop and narrow them in it.
  if (hasAvx2)
    return kernel.add(sums, multiplyPairs(kernel, inputs, weights));
  // LLVM selects smull and addp for this.
  Value product = arith::MulIOp::create(
      kernel.builder, kernel.loc, kernel.widen(inputs, 32), kernel.widen(weights, 32));
  auto halves = vector::DeinterleaveOp::create(kernel.builder, kernel.loc, product);
  Value pairs = kernel.add(halves.getRes1(), halves.getRes2());
  return kernel.add(sums, pairs);
}

Value DotStep::addPartial(KernelBuilder &kernel, Value sums, Value partial) const {
  if (kind != DotKind::Pair8) {
    unsigned bits = cast<VectorType>(sums.getType()).getElementTypeBitWidth();
    return kernel.add(sums, kernel.widen(partial, bits));
  }
  Value ones = kernel.splat(cast<VectorType>(partial.getType()), 1);
  return kernel.add(sums, multiplyPairs(kernel, partial, ones));
}

/// The integers in the low halves of bytes, and those in the high halves.
static std::pair<Value, Value> takeApart(KernelBuilder &kernel, Value bytes,
                                         int64_t offset) {
  constexpr int64_t kHalf = 4, kMask = 15;
  OpBuilder &builder = kernel.builder;
  auto type = cast<VectorType>(bytes.getType());
  Value low =
      arith::AndIOp::create(builder, kernel.loc, bytes, kernel.splat(type, kMask));
  Value high =
      arith::ShRUIOp::create(builder, kernel.loc, bytes, kernel.splat(type, kHalf));
  Value offsets = kernel.splat(type, offset);
  return {kernel.add(low, offsets), kernel.add(high, offsets)};
}

Value DotStep::loadWeights(KernelBuilder &kernel, Value buffer, Value at) const {
  if (!weightOffset)
    return kernel.widen(kernel.load(buffer, at, width()), inputBits());
  Value bytes = kernel.load(buffer, kernel.divide(at, 2), width() / 2);
  auto [low, high] = takeApart(kernel, bytes, *weightOffset);
  Value all = kernel.shuffle(low, high, llvm::to_vector(llvm::seq<int64_t>(0, width())));
  return kernel.widen(all, inputBits());
}

void DotStep::prefetchWeights(KernelBuilder &kernel, Value buffer, Value at) const {
  kernel.prefetch(buffer, weightOffset ? kernel.divide(at, 2) : at);
}

void DotStep::askAhead(KernelBuilder &kernel, Value buffer, Value at, int64_t count,
                       int64_t last) const {
  constexpr int64_t kLineBytes = 64, kBytesAhead = 4096;
  Value end = kernel.index(last);
  for (int64_t line = 0; line < count; line += weightsIn(kLineBytes)) {
    Value ahead = kernel.add(at, weightsIn(kBytesAhead) + line);
    prefetchWeights(kernel, buffer, kernel.least(ahead, end));
  }
}

void qbias::emitUnpacking(KernelBuilder &kernel, Value bytes, Value integers,
                          Kernel::Share share, int64_t block, int64_t offset) {
  int64_t half = block / 2;
  OpBuilder &builder = kernel.builder;
  auto loop =
      scf::ForOp::create(builder, kernel.loc, share.begin, share.end, kernel.index(1));
  // LLVM may know the bytes: unrolled, it would keep what becomes of them instead.
  MLIRContext *context = builder.getContext();
  LLVM::LoopUnrollAttr unroll = LLVM::LoopUnrollAttr::get(
      context, /*disable=*/builder.getBoolAttr(true), {}, {}, {}, {}, {}, {});
  loop->setAttr("llvm.loop_annotation",
                LLVM::LoopAnnotationAttr::get(context, {}, {}, {}, unroll, {}, {}, {}, {},
                                              {}, {}, {}, {}, {}, {}, {}));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value unit = loop.getInductionVar();
  Value packed = kernel.load(bytes, kernel.scale(unit, half), half);
  auto [low, high] = takeApart(kernel, packed, offset);
  Value at = kernel.scale(unit, block);
  kernel.store(low, integers, at, half);
  kernel.store(high, integers, kernel.add(at, half), half);
}

double qbias::streamCycles(double bytes, bool isReadAgain) {
  constexpr double kNearest = 1 << 15, kCaches = 1 << 20, kBytesPerCycle = 4.5;
  return bytes > (isReadAgain ? kCaches : kNearest) ? bytes / kBytesPerCycle : 0;
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

SmallVector<ElementsAttr> qbias::makeConstants(const Group &group, DotStep step,
                                               ArrayRef<int64_t> packed, StringRef name,
                                               ArrayRef<int64_t> order) {
  SmallVector<int64_t> bias(group.bias);
  if (step.inputOffset)
    for (auto [at, w] : llvm::enumerate(group.weights))
      bias[at % group.channels] -= step.inputOffset * w;
  SmallVector<int64_t> channels(order);
  if (channels.empty()) {
    channels = llvm::to_vector(llvm::seq(group.channels));
    channels.resize(llvm::alignTo(group.channels, step.lanes), -1);
  }
  auto ordered = llvm::map_to_vector(
      channels, [&](int64_t channel) { return channel < 0 ? 0 : bias[channel]; });
  return makeConstants(group, step, packed, ordered, channels, name);
}

SmallVector<ElementsAttr> qbias::makeConstants(const Group &group, DotStep step,
                                               ArrayRef<int64_t> packed,
                                               ArrayRef<int64_t> bias,
                                               ArrayRef<int64_t> order, StringRef name) {
  auto typeOf = [&](ArrayRef<int64_t> values, unsigned bits) {
    MLIRContext *context = group.contraction->getContext();
    return RankedTensorType::get({int64_t(values.size())},
                                 IntegerType::get(context, bits));
  };
  constexpr unsigned kByteBits = 8;
  unsigned bits = step.weightBits;
  SmallVector<int64_t> bytes;
  if (step.weightOffset) {
    bytes = packNibbles(packed, *step.weightOffset, step.width());
    packed = bytes;
    bits = kByteBits;
  }
  SmallVector<ElementsAttr> constants = {
      makeIntegers(typeOf(packed, bits), packed, (name + ".packed").str()),
      makeIntegers(typeOf(bias, group.sumBits), bias, (name + ".bias").str())};
  constants.append(group.epilogue->getArrays(order, step.lanes, name));
  return constants;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

KernelBuffers::KernelBuffers(const Group &group, ValueRange buffers, size_t scratches) {
  constexpr size_t kFirst = 3;
  x = buffers[0];
  weight = buffers[1];
  bias = buffers[2];
  auto takeBack = [&](size_t count) {
    ValueRange last = buffers.take_back(count);
    buffers = buffers.drop_back(count);
    return last;
  };
  results = takeBack(group.results.size());
  scratch = takeBack(scratches);
  elements = takeBack(group.epilogue->getElementwise().size());
  arrays = buffers.drop_front(kFirst);
}

void qbias::storeResults(KernelBuilder &kernel, Value results, Value y, Value at,
                         int64_t count, int64_t first) {
  unsigned bits = cast<MemRefType>(y.getType()).getElementTypeBitWidth();
  kernel.store(kernel.widen(results, bits), y, at, count, first);
}

Value qbias::hideParts(KernelBuilder &kernel, Value packed, bool hasParts) {
  return hasParts ? kernel.hide(packed) : packed;
}

void ResultStore::add(Value sums, const KernelBuilder::Values &loaded, Value at,
                      int64_t valid, bool follows) {
  KernelBuilder::Values others;
  for (Value element : memory.elements)
    others.push_back(kernel.loadFirst(element, at, lanes, valid));
  if (packs) {
    waiting.push_back({sums, at, shifts, valid, follows && !waiting.empty()});
    loadedOf.push_back(loaded);
    elementsOf.push_back(others);
    if (waiting.size() == VectorEpilogue::kPacked)
      flush();
    return;
  }
  storeForms(kernel, group, group.epilogue->emit(kernel, sums, loaded, others),
             memory.results, at, shifts, valid);
}

void ResultStore::flush() {
  if (waiting.empty())
    return;
  auto sums = llvm::map_to_vector(waiting, [](const Entry &entry) { return entry.sums; });
  Value packed = group.epilogue->emitPacked(kernel, sums, loadedOf, elementsOf, inOrder);
  packed = hideParts(kernel, packed, llvm::any_of(waiting, [&](const Entry &entry) {
                       return entry.valid < lanes;
                     }));
  for (size_t first = 0, next; first < waiting.size(); first = next) {
    int64_t bytes = waiting[first].valid;
    for (next = first + 1; next < waiting.size() && waiting[next].follows; ++next)
      bytes += waiting[next].valid;
    storeForms(kernel, group, packed, memory.results, waiting[first].at,
               waiting[first].shifts, bytes, first * lanes);
  }
  waiting.clear();
  loadedOf.clear();
  elementsOf.clear();
}

/// Where a pixel starts among images with padding around them.
static Value placeIn(KernelBuilder &kernel, const Group &group, const Padding &outer,
                     Value image, Value row, Value column) {
  Value line =
      kernel.add(kernel.scale(image, group.resultRows() + outer.top + outer.bottom), row);
  line = kernel.add(line, outer.top);
  Value pixel = kernel.add(
      kernel.scale(line, group.resultColumns() + outer.left + outer.right), column);
  return kernel.scale(kernel.add(pixel, outer.left), group.channels);
}

KernelBuilder::Values qbias::takeLargest(KernelBuilder &kernel, const Group &group,
                                         ValueRange sums, int64_t vectors) {
  KernelBuilder::Values largest;
  int64_t step = group.window() * vectors;
  for (size_t first = 0; first < sums.size(); first += step)
    for (int64_t v = 0; v < vectors; ++v) {
      Value most = sums[first + v];
      for (int64_t next = vectors; next < step; next += vectors)
        most = kernel.most(most, sums[first + next + v]);
      largest.push_back(most);
    }
  return largest;
}

Value qbias::resultAt(KernelBuilder &kernel, const Group &group, Value image, Value row,
                      Value column) {
  return placeIn(kernel, group, group.outer, image, row, column);
}

Shifts qbias::shiftsAt(KernelBuilder &kernel, const Group &group, Value image,
                       Value row) {
  Value first = kernel.index(0);
  return llvm::map_to_vector(group.results, [&](const ResultForm &form) {
    if (form.outer.hasSameExtents(group.outer))
      return Value();
    Value counted = resultAt(kernel, group, image, row, first);
    return kernel.add(placeIn(kernel, group, form.outer, image, row, first),
                      kernel.scale(counted, -1));
  });
}

Shifts qbias::shiftsBelow(KernelBuilder &kernel, const Group &group, ValueRange shifts,
                          int64_t rows) {
  Shifts below;
  for (auto [shift, form] : llvm::zip(shifts, group.results)) {
    int64_t wider =
        form.outer.left + form.outer.right - group.outer.left - group.outer.right;
    below.push_back(shift ? kernel.add(shift, rows * wider * group.channels) : shift);
  }
  return below;
}

void qbias::storeForms(KernelBuilder &kernel, const Group &group, Value results,
                       ValueRange forms, Value at, ValueRange shifts, int64_t count,
                       int64_t first) {
  auto type = cast<VectorType>(results.getType());
  for (auto [y, shift, form] : llvm::zip_equal(forms, shifts, group.results)) {
    Value moved = results;
    if (int64_t added = form.added - group.results.front().added)
      moved = kernel.add(moved, kernel.splat(type, added));
    storeResults(kernel, moved, y, shift ? kernel.add(at, shift) : at, count, first);
  }
}

/// Writes `count` elements from `at` on.
static void fill(KernelBuilder &kernel, Value y, Value at, int64_t count, int64_t value) {
  constexpr int64_t kBits = 512;
  unsigned bits = cast<MemRefType>(y.getType()).getElementTypeBitWidth();
  int64_t width = kBits / bits;
  Value all = kernel.splat(kernel.vectorOf(width, bits), value);
  kernel.loop(count / width, [&](Value i) {
    kernel.store(all, y, kernel.add(at, kernel.scale(i, width)), width);
  });
  if (int64_t rest = count % width)
    kernel.store(all, y, kernel.add(at, count - rest), rest);
}

void qbias::fillPadding(KernelBuilder &kernel, const Group &group, const ResultForm &form,
                        Value y) {
  const Padding &outer = form.outer;
  int64_t channels = group.channels, value = outer.value + form.added;
  int64_t between = (outer.left + outer.right) * channels;
  int64_t rows = group.resultRows(), columns = group.resultColumns();
  int64_t row = columns * channels + between;
  kernel.loop(group.batch, [&](Value image) {
    Value at = kernel.scale(image, (rows + outer.top + outer.bottom) * row);
    fill(kernel, y, at, outer.top * row + outer.left * channels, value);
    at = kernel.add(at, outer.top * row + (outer.left + columns) * channels);
    if (rows > 1 && between)
      kernel.loop(rows - 1, [&](Value r) {
        fill(kernel, y, kernel.add(at, kernel.scale(r, row)), between, value);
      });
    fill(kernel, y, kernel.add(at, (rows - 1) * row),
         outer.right * channels + outer.bottom * row, value);
  });
}
