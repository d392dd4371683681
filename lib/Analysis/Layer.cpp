//===- Layer.cpp - what solving and proving share ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Layer.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Numerics/Bounds.h"
#include "qbias/Numerics/Table.h"

using namespace mlir;
using namespace qbias;
using IntRange = numerics::Range;

/// Bound of numerics::buildStaircase.
static constexpr int64_t kMaxAccumulator = (int64_t(1) << 62) - 1;

SmallVector<IntRange> qbias::rangesOf(ArrayRef<ChannelSegment> channels) {
  return llvm::map_to_vector(channels, [](const ChannelSegment &c) { return c.acc; });
}

LogicalResult qbias::checkAccumulatorResult(IntegerSegmentOpInterface op,
                                            ArrayRef<ChannelSegment> channels) {
  if (!getElementTypeOrSelf(op->getResult(0).getType()).isInteger(32))
    return success();
  for (auto [c, channel] : llvm::enumerate(channels))
    if (!numerics::fitsInt32(channel.acc))
      return op->emitOpError("accumulator of channel ")
             << c << " reaches [" << channel.acc.min << ", " << channel.acc.max
             << "], which an i32 does not hold";
  return success();
}

FailureOr<Layer> qbias::getLayer(IntegerSegmentOpInterface op) {
  FailureOr<std::vector<ChannelSegment>> channels = getChannelSegments(op);
  if (failed(channels))
    return failure();
  Layer layer{op, {}, std::move(*channels), {}};
  if (op.getRequantAttr().getForm() == RequantForm::Accumulator)
    return layer;
  FailureOr<numerics::Chain> chain = getChain(op.getReferenceAttr());
  if (failed(chain) || !chain->isMonotone())
    return op->emitOpError("expects a monotone reference that ends in a quantize");
  layer.chain = *chain;
  for (const ChannelSegment &channel : layer.channels) {
    if (channel.acc.min < -kMaxAccumulator || channel.acc.max > kMaxAccumulator)
      return op->emitOpError("accumulator reaches [")
             << channel.acc.min << ", " << channel.acc.max << "], expects less than 2^62";
    // Channels alike, one behind the other, have one staircase.
    const ChannelSegment *last =
        layer.staircases.empty() ? nullptr : &layer.channels[layer.staircases.size() - 1];
    bool isSame = last && last->unit == channel.unit && last->offset == channel.offset &&
                  last->acc == channel.acc;
    layer.staircases.push_back(
        isSame ? layer.staircases.back()
               : numerics::buildStaircase(channel.unit, channel.offset, layer.chain,
                                          channel.acc));
  }
  return layer;
}

bool qbias::hasAddend(IntegerSegmentOpInterface op) {
  return !isa<IntAddOp>(op) && op.getRequantAttr().getAddendMultiplier();
}

static FailureOr<std::vector<int64_t>> getReferenceTable(IntLookupOp op) {
  FailureOr<numerics::Chain> chain = getChain(op.getReference());
  FailureOr<numerics::QuantParams> input = getLookupInput(op);
  if (failed(chain) || failed(input))
    return op.emitOpError("expects a reference that ends in a quantize");
  return numerics::buildTable(*input, *chain);
}

LogicalResult qbias::proveLookup(IntLookupOp op) {
  FailureOr<std::vector<int64_t>> expected = getReferenceTable(op);
  SmallVector<int64_t> table;
  if (failed(expected) || !readIntegers(op.getTable(), table))
    return failure();
  for (auto [i, entry] : llvm::enumerate(table))
    if (entry != (*expected)[i])
      return op.emitError("certificate is wrong: expects table entry ")
             << (*expected)[i] << " at index " << i << ", got " << entry;
  return success();
}
