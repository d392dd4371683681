//===- Modes.cpp - requantizations of the modes beside exact ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Modes.h"

#include "ModeNumbers.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/Names.h"
#include "qbias/Numerics/Bounds.h"
#include "qbias/Numerics/KernelTables.h"
#include "qbias/Numerics/Modes.h"
#include "qbias/Numerics/Table.h"

using namespace mlir;
using namespace qbias;
using IntRange = numerics::Range;
using numerics::FixedMultiplier;

/// The table of the reference kernel, where there is one with these parameters.
static std::optional<std::vector<int64_t>> getKernelTable(IntLookupOp op,
                                                          const numerics::Chain &chain) {
  FailureOr<numerics::QuantParams> input = getLookupInput(op);
  if (failed(input))
    return std::nullopt;
  return numerics::kernelTable(*input, widthOf(op.getInput()), chain);
}

bool qbias::hasModeFormula(IntegerSegmentOpInterface op) {
  RequantMode mode = op.getRequantAttr().getMode();
  FailureOr<numerics::Chain> chain = getChain(op.getReferenceAttr());
  if (failed(chain))
    return false;
  if (auto lookup = dyn_cast<IntLookupOp>(op.getOperation()))
    return mode == RequantMode::TFLite && getKernelTable(lookup, *chain);
  bool isSum = hasAddend(op);
  return chain->isClampOnly() &&
         !(isSum && (mode == RequantMode::TFLite || mode == RequantMode::Float));
}

static RequantAttr makeAttr(const ModeSubject &subject, const ModeNumbers &numbers) {
  MLIRContext *context = subject.op->getContext();
  std::string layer = getLayerName(subject.op);
  auto integers = [&](ArrayRef<int64_t> values, StringRef what) {
    return values.empty() ? ElementsAttr()
                          : makeIntegers(context, values, (layer + "." + what).str());
  };
  auto numbersOf = [&](ArrayRef<int64_t> values, ArrayRef<double> floats,
                       StringRef what) {
    return floats.empty() ? integers(values, what)
                          : makeFloats(context, floats, (layer + "." + what).str());
  };
  return RequantAttr::get(
      context, subject.op.getRequantAttr().getMode(), numbers.form,
      numbersOf(numbers.multiplier, numbers.floatMultiplier, "multiplier"),
      integers(numbers.addendMultiplier, "addend_multiplier"),
      integers(numbers.shift, "shift"),
      numbersOf(numbers.rounding, numbers.floatRounding, "rounding"), {},
      numbers.zeroPoint, numbers.output.min, numbers.output.max);
}

/// Output of channel `c` as a function of the accumulator, or nothing where the
/// output is no function of it alone.
static std::function<int64_t(int64_t)> getFunction(const ModeSubject &subject,
                                                   const ModeNumbers &numbers, size_t c) {
  int64_t z = numbers.zeroPoint;
  IntRange output = numbers.output;
  switch (numbers.form) {
  case RequantForm::Affine: {
    numerics::Requant requant{numerics::Form::Affine,
                              numbers.multiplier[c],
                              int(numbers.shift[c]),
                              numbers.rounding[c],
                              0,
                              output.min,
                              output.max};
    return [=](int64_t acc) { return numerics::applyRequant(acc, requant); };
  }
  case RequantForm::DoubleRound: {
    FixedMultiplier by{numbers.multiplier[c], int(numbers.shift[c])};
    return [=](int64_t acc) {
      return numerics::finishInteger(
          numerics::rescale(acc, by, numerics::Rounding::Twice), z, output);
    };
  }
  case RequantForm::Divide: {
    int64_t n = divisorOf(subject, c);
    return [=](int64_t acc) {
      return numerics::finishInteger(numerics::divideHalfAway(acc + n * z, n), 0, output);
    };
  }
  default:
    return {};
  }
}

/// Channels whose program makes every step of the reference (N7).
static int64_t countProven(const ModeSubject &subject, const ModeNumbers &numbers) {
  int64_t proven = 0;
  if (hasAddend(subject.op))
    return 0;
  for (auto [c, channel] : llvm::enumerate(subject.channels)) {
    auto function = getFunction(subject, numbers, c);
    constexpr int64_t kMaxAccumulator = (int64_t(1) << 62) - 1;
    if (!function || channel.acc.min < -kMaxAccumulator ||
        channel.acc.max > kMaxAccumulator)
      continue;
    proven += numerics::matches(numerics::buildStaircase(channel.unit, channel.offset,
                                                         subject.chain, channel.acc),
                                function);
  }
  return proven;
}

FailureOr<ModeProgram> qbias::deriveMode(IntegerSegmentOpInterface op) {
  FailureOr<ModeSubject> subject = getModeSubject(op);
  if (failed(subject))
    return failure();
  RequantMode mode = op.getRequantAttr().getMode();
  ModeProgram program;
  if (auto lookup = dyn_cast<IntLookupOp>(op.getOperation())) {
    FailureOr<numerics::QuantParams> input = getLookupInput(lookup);
    if (failed(input))
      return failure();
    auto table = getKernelTable(lookup, subject->chain);
    if (!table)
      return op->emitError("mode tflite has no kernel with these parameters");
    auto type = RankedTensorType::get({int64_t(table->size())},
                                      IntegerType::get(op->getContext(), 32));
    program.table = makeIntegers(type, *table, getLayerName(op) + ".table");
    program.requant = op.getRequantAttr();
    program.certified = *table == numerics::buildTable(*input, subject->chain);
    return program;
  }
  FailureOr<ModeNumbers> numbers = deriveNumbers(*subject);
  if (failed(numbers))
    return failure();
  std::optional<IntRange> clamp = mode == RequantMode::TFLite
                                      ? numerics::producerClamp(subject->chain)
                                      : std::nullopt;
  numbers->output = clamp ? *clamp : subject->chain.outputRange();
  program.requant = makeAttr(*subject, *numbers);
  for (const ChannelSegment &channel : subject->channels)
    program.bounds.push_back(channel.acc);
  program.certified = countProven(*subject, *numbers);
  return program;
}

//===----------------------------------------------------------------------===//
// Warnings and proof
//===----------------------------------------------------------------------===//

/// "0, 3, 7, ..." of the channels that `isAffected`.
static std::string listChannels(size_t channels, function_ref<bool(size_t)> isAffected,
                                int64_t &count) {
  constexpr int64_t kMaxListed = 8;
  std::string text;
  for (size_t c = 0; c < channels; ++c) {
    if (!isAffected(c) || ++count > kMaxListed)
      continue;
    text += (text.empty() ? "" : ", ") + std::to_string(c);
  }
  return count > kMaxListed ? text + ", ..." : text;
}

void qbias::warnMode(IntegerSegmentOpInterface op, const ModeProgram &program) {
  if (program.requant.getMode() != RequantMode::TFLite ||
      program.requant.getForm() != RequantForm::DoubleRound)
    return;
  SmallVector<int64_t> m;
  readIntegers(program.requant.getMultiplier(), m);
  int64_t flushed = 0, wide = 0;
  std::string list = listChannels(m.size(), [&](size_t c) { return m[c] == 0; }, flushed);
  if (flushed)
    emitWarning(op->getLoc())
        << "mode tflite flushes the multipliers of " << flushed << " of " << m.size()
        << " channels to 0, as the reference kernel does below 2^-32: channel " << list;
  list = listChannels(
      program.bounds.size(),
      [&](size_t c) { return !numerics::fitsInt32(program.bounds[c]); }, wide);
  if (wide)
    emitWarning(op->getLoc())
        << "accumulators of " << wide << " of " << program.bounds.size()
        << " channels may leave the 32 bits of the reference kernel, and saturate: "
        << "channel " << list;
}

static bool haveSameElements(ElementsAttr a, ElementsAttr b) {
  if (a == b)
    return true;
  if (!a || !b || a.getType() != b.getType())
    return false;
  SmallVector<int64_t> left, right;
  if (a.getElementType().isInteger())
    return readIntegers(a, left) && readIntegers(b, right) && left == right;
  SmallVector<double> leftFloats, rightFloats;
  return readFloats(a, leftFloats) && readFloats(b, rightFloats) &&
         leftFloats == rightFloats;
}

static LogicalResult refuseProof(IntegerSegmentOpInterface op, const Twine &what) {
  return op->emitError("certificate is wrong: ")
         << what << " differs from what mode "
         << stringifyRequantMode(op.getRequantAttr().getMode())
         << " derives from the scales; run --qbias-certify";
}

LogicalResult qbias::proveMode(IntegerSegmentOpInterface op) {
  FailureOr<ModeProgram> expected = deriveMode(op);
  if (failed(expected))
    return failure();
  RequantAttr a = op.getRequantAttr(), b = expected->requant;
  if (a.getForm() != b.getForm() || a.getZeroPoint() != b.getZeroPoint())
    return refuseProof(op, "form or zero point");
  if (a.getLo() != b.getLo() || a.getHi() != b.getHi())
    return refuseProof(op, "clamp");
  const std::tuple<StringRef, ElementsAttr, ElementsAttr> columns[] = {
      {"multiplier", a.getMultiplier(), b.getMultiplier()},
      {"addend multiplier", a.getAddendMultiplier(), b.getAddendMultiplier()},
      {"shift", a.getShift(), b.getShift()},
      {"rounding", a.getRounding(), b.getRounding()}};
  for (auto [name, left, right] : columns)
    if (!haveSameElements(left, right))
      return refuseProof(op, name);
  if (auto lookup = dyn_cast<IntLookupOp>(op.getOperation()))
    if (!haveSameElements(lookup.getTable(), expected->table))
      return refuseProof(op, "table");
  if (op.getCertificateAttr().getCertified() != expected->certified)
    return refuseProof(op, "count of certified channels");
  return success();
}
