//===- Resizes.cpp - nearest resize ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/Selections.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;
using numerics::Rational;

namespace {

/// A resize of some dimensions, in the order of `axes`.
struct ResizePlan {
  SmallVector<int64_t> axes, sizes; ///< sizes of the result
  SmallVector<Rational> scales;
  CoordinateRule coordinates = CoordinateRule::Asymmetric;
  NearestRule nearest = NearestRule::Floor;
  std::string policy = "stretch"; ///< what `sizes` mean
};

} // namespace

static LogicalResult checkMode(const NodeView &node) {
  std::string mode = "nearest";
  if (failed(node.read("mode", mode)))
    return failure();
  if (mode == "nearest")
    return success();
  return node.reject("attribute 'mode'", "nearest", quoted(mode),
                     "an interpolation rounds at every position; use nearest or a "
                     "ConvTranspose with constant weights");
}

/// Rules of operator set 11 and later.
static LogicalResult readRules(const NodeView &node, ResizePlan &plan) {
  std::string coordinates = "half_pixel", nearest = "round_prefer_floor",
              policy = "stretch";
  if (failed(node.read("coordinate_transformation_mode", coordinates)) ||
      failed(node.read("nearest_mode", nearest)) ||
      failed(node.read("keep_aspect_ratio_policy", policy)))
    return failure();
  if (policy != "stretch" && policy != "not_larger" && policy != "not_smaller")
    return node.reject("attribute 'keep_aspect_ratio_policy'",
                       "stretch, not_larger or not_smaller", quoted(policy));
  plan.policy = policy;
  static constexpr std::pair<StringLiteral, CoordinateRule> kCoordinates[] = {
      {"half_pixel", CoordinateRule::HalfPixel},
      {"half_pixel_symmetric", CoordinateRule::HalfPixelSymmetric},
      {"pytorch_half_pixel", CoordinateRule::PytorchHalfPixel},
      {"tf_half_pixel_for_nn", CoordinateRule::TfHalfPixel},
      {"align_corners", CoordinateRule::AlignCorners},
      {"asymmetric", CoordinateRule::Asymmetric}};
  static constexpr std::pair<StringLiteral, NearestRule> kNearest[] = {
      {"round_prefer_floor", NearestRule::PreferFloor},
      {"round_prefer_ceil", NearestRule::PreferCeil},
      {"floor", NearestRule::Floor},
      {"ceil", NearestRule::Ceil}};
  auto foundCoordinates = llvm::find_if(
      kCoordinates, [&](const auto &entry) { return entry.first == coordinates; });
  auto foundNearest =
      llvm::find_if(kNearest, [&](const auto &entry) { return entry.first == nearest; });
  if (foundCoordinates == std::end(kCoordinates))
    return node.reject("attribute 'coordinate_transformation_mode'",
                       "half_pixel, half_pixel_symmetric, pytorch_half_pixel, "
                       "tf_half_pixel_for_nn, align_corners or asymmetric",
                       quoted(coordinates));
  if (foundNearest == std::end(kNearest))
    return node.reject("attribute 'nearest_mode'",
                       "round_prefer_floor, round_prefer_ceil, floor or ceil",
                       quoted(nearest));
  plan.coordinates = foundCoordinates->second;
  plan.nearest = foundNearest->second;
  return success();
}

/// Scales: the size of the result is the input's times the scale, rounded down.
static LogicalResult addScales(const NodeView &node, ArrayRef<double> scales,
                               ArrayRef<int64_t> shape, ResizePlan &plan) {
  if (scales.size() != plan.axes.size())
    return node.reject("scales", Twine(plan.axes.size()) + " numbers",
                       Twine(scales.size()));
  for (auto [axis, scale] : llvm::zip(plan.axes, scales)) {
    constexpr double kLargest = 1 << 24;
    if (!(scale > 0) || !(scale <= kLargest))
      return node.reject("scales", "positive numbers up to 2^24", realText(scale));
    Rational exact = *numerics::exactRational(scale);
    plan.sizes.push_back(numerics::clampToInt64(
        numerics::floorOf(exact * numerics::fromInt64(shape[axis])), 0,
        int64_t(1) << 40));
    plan.scales.push_back(exact);
  }
  return success();
}

/// One scale for all axes: the smallest (not_larger) or largest of those asked for. The
/// size of the result is the input's times the scale, rounded, a half upwards.
static void keepAspectRatio(ArrayRef<int64_t> shape, ResizePlan &plan) {
  auto less = [](const Rational &a, const Rational &b) { return a < b; };
  Rational scale = plan.policy == "not_larger" ? *llvm::min_element(plan.scales, less)
                                               : *llvm::max_element(plan.scales, less);
  for (auto [axis, size, own] : llvm::zip(plan.axes, plan.sizes, plan.scales)) {
    Rational exact = scale * numerics::fromInt64(shape[axis]);
    size = numerics::clampToInt64(numerics::floorOf(exact + Rational(1, 2)), 0,
                                  int64_t(1) << 40);
    own = scale;
  }
}

/// Sizes of the result.
static LogicalResult addSizes(const NodeView &node, ArrayRef<int64_t> sizes,
                              ArrayRef<int64_t> shape, ResizePlan &plan) {
  if (sizes.size() != plan.axes.size())
    return node.reject("sizes", Twine(plan.axes.size()) + " numbers",
                       Twine(sizes.size()));
  for (auto [axis, size] : llvm::zip(plan.axes, sizes)) {
    plan.sizes.push_back(size);
    Rational scale(numerics::fromInt64(size), numerics::fromInt64(shape[axis]));
    scale.canonicalize();
    plan.scales.push_back(scale);
  }
  if (plan.policy != "stretch" && !plan.scales.empty())
    keepAspectRatio(shape, plan);
  return success();
}

/// Elements of a constant float input.
static FailureOr<SmallVector<double>> readFloatList(const NodeView &node,
                                                    unsigned index) {
  FailureOr<const ConstantTensor *> constant = node.needConstant(index, "scales");
  if (failed(constant))
    return failure();
  if (!(*constant)->isFloat() || (*constant)->getShape().size() > 1)
    return node.reject("scales " + quoted(node.getInputName(index)),
                       "float elements and rank at most 1",
                       node.getInput(index)->describe());
  SmallVector<double> values;
  for (int64_t i = 0; i < (*constant)->getNumElements(); ++i)
    values.push_back((*constant)->realAt(i));
  return values;
}

static LogicalResult setResized(NodeView &node, const ResizePlan &plan) {
  FailureOr<Value> value = node.getValue(0);
  if (failed(value))
    return failure();
  constexpr int64_t kMaxPositions = int64_t(1) << 20; // each is an exact fraction
  for (auto [axis, size, scale] : llvm::zip(plan.axes, plan.sizes, plan.scales)) {
    if (size < 1 || size > kMaxPositions)
      return node.reject("size of dimension " + Twine(axis),
                         "1 to " + Twine(kMaxPositions), Twine(size));
    value = gather(node, *value, axis,
                   nearestPositions(shapeOf(*value)[axis], size, scale, plan.coordinates,
                                    plan.nearest));
    if (failed(value))
      return failure();
  }
  return node.setResult(0, *value);
}

/// An input that is there and has elements: older exporters write empty ones.
static bool hasElements(const NodeView &node, unsigned index) {
  if (!node.hasInput(index))
    return false;
  const ConstantTensor *constant = node.getConstant(index);
  return !constant || constant->getNumElements() > 0;
}

/// Operator set 10: x, scales; from 11 on: x, roi, scales, sizes.
LogicalResult qbias::onnximport::importResize(NodeView &node) {
  constexpr int64_t kFirstWithRules = 11;
  ImportedTensor *input = node.getInput(0);
  if (!input || failed(checkMode(node)))
    return failure();
  SmallVector<int64_t> shape = input->getShape(), axes;
  ResizePlan plan;
  bool hasRules = node.getOpset() >= kFirstWithRules;
  if (failed(node.read("axes", axes)) || (hasRules && failed(readRules(node, plan))))
    return failure();
  plan.axes = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
  if (node.hasAttr("axes")) {
    FailureOr<SmallVector<int64_t>> normal = node.normalizeAxes(axes, shape.size());
    if (failed(normal))
      return failure();
    plan.axes = *normal;
  }
  unsigned scalesAt = hasRules ? 2 : 1;
  if (hasElements(node, 3)) {
    FailureOr<SmallVector<int64_t>> sizes = node.needIntegers(3, "sizes");
    if (failed(sizes) || failed(addSizes(node, *sizes, shape, plan)))
      return failure();
    return setResized(node, plan);
  }
  if (!hasElements(node, scalesAt))
    return node.reject("scales and sizes", "one of them", "none");
  FailureOr<SmallVector<double>> scales = readFloatList(node, scalesAt);
  if (failed(scales) || failed(addScales(node, *scales, shape, plan)))
    return failure();
  return setResized(node, plan);
}

/// The predecessor of Resize: position x reads floor(x / scale).
LogicalResult qbias::onnximport::importUpsample(NodeView &node) {
  ImportedTensor *input = node.getInput(0);
  if (!input || failed(checkMode(node)))
    return failure();
  SmallVector<int64_t> shape = input->getShape();
  ResizePlan plan;
  plan.axes = llvm::to_vector(llvm::seq<int64_t>(0, shape.size()));
  SmallVector<double> scales;
  if (failed(node.read("scales", scales)))
    return failure();
  if (node.hasInput(1)) {
    FailureOr<SmallVector<double>> list = readFloatList(node, 1);
    if (failed(list))
      return failure();
    scales = *list;
  }
  if (failed(addScales(node, scales, shape, plan)))
    return failure();
  return setResized(node, plan);
}
