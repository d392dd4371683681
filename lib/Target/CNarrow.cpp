//===- CNarrow.cpp - requantizations in products of 32 bits ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   |acc * m| < 2^31,  |acc * m + r| < 2^31,  |r| < 2^31
//
// bounds m, and with it k, since m is near M * 2^k. For every such k from the
// largest down, r is whatever makes every step (N7); most sums are too wide for
// any, means and short sums are not.
//
//===----------------------------------------------------------------------===//

#include "CNarrow.h"

#include "qbias/Analysis/Segments.h"

using namespace mlir;
using namespace qbias;
using numerics::Int128;

static constexpr Int128 kLeast = INT32_MIN, kMost = INT32_MAX;

/// Appends m, k, r of one channel, for one m and k. False when there is no r.
static bool addChannel(const numerics::Staircase &staircase, int64_t m, int k,
                       NarrowRequant &narrow) {
  Int128 low = Int128(staircase.acc.min) * m, high = Int128(staircase.acc.max) * m;
  if (m <= 0 || low < kLeast || high > kMost)
    return false;
  numerics::RoundingInterval r =
      numerics::stepRounding(staircase, numerics::Form::Affine, m, k, 0);
  r.intersect(kLeast, kMost);
  r.intersect(kLeast - low, kMost - high);
  if (r.empty())
    return false;
  narrow.multiplier.push_back(m);
  narrow.shift.push_back(k);
  narrow.rounding.push_back(int64_t(r.min + (r.max - r.min) / 2));
  return true;
}

static bool solveChannel(const ChannelSegment &channel, const numerics::Chain &chain,
                         NarrowRequant &narrow) {
  if (channel.acc.min < INT32_MIN || channel.acc.max > INT32_MAX)
    return false;
  numerics::Staircase staircase =
      numerics::buildStaircase(channel.unit, channel.offset, chain, channel.acc);
  numerics::Rational slope = channel.unit / chain.out.scale;
  constexpr int kWord = 31;
  for (int k = std::min(numerics::largestShift(slope, kWord), kWord - 1); k >= 1; --k) {
    auto [nearest, other] = numerics::neighbours(slope, k);
    for (const numerics::Integer &m : {nearest, other})
      if (auto value = numerics::toInt64(m);
          value && addChannel(staircase, *value, k, narrow))
        return true;
  }
  return false;
}

std::optional<NarrowRequant> qbias::solveNarrow(IntegerSegmentOpInterface op) {
  RequantAttr requant = op.getRequantAttr();
  if (requant.getMode() != RequantMode::Exact ||
      requant.getForm() != RequantForm::Affine || requant.getAddendMultiplier())
    return std::nullopt;
  FailureOr<numerics::Chain> chain = getChain(op.getReferenceAttr());
  if (failed(chain) || !chain->isClampOnly())
    return std::nullopt;
  FailureOr<std::vector<ChannelSegment>> channels = getChannelSegments(op);
  if (failed(channels))
    return std::nullopt;
  NarrowRequant narrow;
  for (const ChannelSegment &channel : *channels)
    if (!solveChannel(channel, *chain, narrow))
      return std::nullopt;
  return narrow;
}
