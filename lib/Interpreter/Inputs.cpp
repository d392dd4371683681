//===- Inputs.cpp - edges and random inputs of a function ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Inputs.h"

#include "qbias/Dialect/QBias/IR/QuantTypes.h"
#include "qbias/Numerics/Chain.h"

#include <random>

using namespace mlir;
using namespace qbias;
using namespace qbias::interpreter;

//===----------------------------------------------------------------------===//
// Grids
//===----------------------------------------------------------------------===//

/// The per-tensor type a float value is quantized to, seen through operations
/// that only move it.
static quant::QuantizedType findQuantize(Value value) {
  for (Operation *user : value.getUsers()) {
    quant::QuantizedType type;
    if (auto quantize = dyn_cast<QuantizeOp>(user))
      type = getQuantElement(quantize.getType());
    else if (isa<ScaleTransparentOpInterface>(user))
      type = findQuantize(user->getResult(0));
    if (type && !getAxis(type))
      return type;
  }
  return {};
}

/// Quarter steps of a type's scale from one step below its range to one above.
static void refine(Grid &grid, const Quantization &type) {
  constexpr int64_t kParts = 4;
  grid.step = type.scales[0] / kParts;
  grid.range = {(type.storage.min - type.zeroPoints[0] - 1) * kParts,
                (type.storage.max - type.zeroPoints[0] + 1) * kParts};
}

/// The integers of a type that clamps before the quantize leave possible.
static numerics::Range clampRange(ArrayAttr clamps, quant::QuantizedType type) {
  numerics::Chain chain;
  chain.out = getParams(type);
  for (auto clamp : clamps.getAsRange<ClampStepAttr>()) { // F6
    numerics::ClampStep step;
    if (clamp.getLo())
      step.lo = numerics::exactRational(clamp.getLo().getValueAsDouble());
    if (clamp.getHi())
      step.hi = numerics::exactRational(clamp.getHi().getValueAsDouble());
    chain.steps.push_back(step);
  }
  return chain.outputRange();
}

Grid interpreter::getGrid(func::FuncOp func, unsigned index) {
  BlockArgument argument = func.getArgument(index);
  Grid grid{llvm::to_vector(shapeOf(argument)), {-128, 127}};
  Type element = getElementTypeOrSelf(argument.getType());
  auto type = dyn_cast<quant::QuantizedType>(element);
  if (auto attr = func.getArgAttrOfType<TypeAttr>(index, QBiasDialect::kTypeAttr))
    type = cast<quant::QuantizedType>(attr.getValue());
  if (type) {
    Quantization quantization(type);
    grid.range = quantization.storage;
    grid.zeroPoint = quantization.zeroPoints[0];
    grid.step = quantization.scales[0];
    auto clamps = func.getArgAttrOfType<ArrayAttr>(index, QBiasDialect::kTailAttr);
    if (clamps && !getAxis(type))
      grid.range = clampRange(clamps, type);
  } else if (isa<IntegerType>(element)) {
    grid.range = getIntegerRange(element);
  } else if (quant::QuantizedType quantized = findQuantize(argument)) {
    refine(grid, Quantization(quantized));
  } else {
    grid.step = numerics::Rational(1, 16);
  }
  return grid;
}

Tensor interpreter::makeArgument(Type type, const Grid &grid, const Integers &integers) {
  if (!isa<FloatType>(getElementTypeOrSelf(type)))
    return Tensor{grid.shape, integers};
  Reals reals;
  for (int64_t q : integers)
    reals.push_back(numerics::Rational(q - grid.zeroPoint) * grid.step);
  return Tensor{grid.shape, std::move(reals)};
}

//===----------------------------------------------------------------------===//
// Input sets
//===----------------------------------------------------------------------===//

/// From the smallest to the largest value in equal steps; the whole range over
/// and over when there are more elements than values.
static int64_t rampAt(const Grid &grid, int64_t i) {
  int64_t count = elementsOf(grid.shape), last = grid.range.max - grid.range.min;
  return grid.range.min +
         (count > last ? i % (last + 1) : i * last / std::max<int64_t>(count - 1, 1));
}

/// value(grid, argument, element) for every element of every argument.
static InputSet makeSet(const Twine &name, ArrayRef<Grid> grids,
                        function_ref<int64_t(const Grid &, int64_t, int64_t)> value) {
  InputSet set{name.str(), {}};
  for (auto [k, grid] : llvm::enumerate(grids)) {
    Integers &integers = set.arguments.emplace_back();
    for (int64_t i = 0, count = elementsOf(grid.shape); i < count; ++i)
      integers.push_back(value(grid, k, i));
  }
  return set;
}

/// The smallest or the largest value, by the parity of `which`.
static int64_t getEnd(const Grid &grid, int64_t which) {
  return which % 2 ? grid.range.max : grid.range.min;
}

static void addEdges(ArrayRef<Grid> grids, std::vector<InputSet> &sets) {
  auto add = [&](const Twine &name, auto value) {
    sets.push_back(makeSet(name, grids, value));
  };
  add("all smallest", [](const Grid &g, int64_t, int64_t) { return getEnd(g, 0); });
  add("all largest", [](const Grid &g, int64_t, int64_t) { return getEnd(g, 1); });
  add("all zero point", [](const Grid &g, int64_t, int64_t) { return g.zeroPoint; });
  add("alternating",
      [](const Grid &g, int64_t k, int64_t i) { return getEnd(g, k + i); });
  add("ramp", [](const Grid &g, int64_t, int64_t i) { return rampAt(g, i); });
  if (grids.size() < 2)
    return;
  add("by argument", [](const Grid &g, int64_t k, int64_t) { return getEnd(g, k); });
  add("by argument, reversed",
      [](const Grid &g, int64_t k, int64_t) { return getEnd(g, k + 1); });
}

static InputSet makeRandom(ArrayRef<Grid> grids, unsigned seed) {
  std::mt19937_64 random(seed);
  return makeSet("random " + Twine(seed), grids, [&](const Grid &g, int64_t, int64_t) {
    uint64_t span = uint64_t(g.range.max) - uint64_t(g.range.min) + 1;
    return int64_t(uint64_t(g.range.min) + (span ? random() % span : random()));
  });
}

std::vector<InputSet> interpreter::makeInputs(ArrayRef<Grid> grids, bool edges,
                                              unsigned seeds) {
  if (grids.empty())
    return {InputSet{"no arguments", {}}};
  std::vector<InputSet> sets;
  if (edges)
    addEdges(grids, sets);
  for (unsigned seed = 0; seed < seeds; ++seed)
    sets.push_back(makeRandom(grids, seed));
  return sets;
}
