//===- IntegerOps.cpp - meaning of the integer family ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums and products are evaluated in 128 bits. What the program promises about
// 64-bit arithmetic and about its bounds is checked, not assumed.
//
//===----------------------------------------------------------------------===//

#include "Modes.h"
#include "Sums.h"

#include "qbias/Analysis/Softmax.h"
#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace qbias;
using namespace qbias::interpreter;
using numerics::Int128;

using Wide = std::vector<Int128>;

//===----------------------------------------------------------------------===//
// Requantization
//===----------------------------------------------------------------------===//

namespace {

/// The requantization of one operation.
class Requantizer {
public:
  explicit Requantizer(IntegerSegmentOpInterface op);

  /// requant[c](acc); with an addend, acc * m + addend * addend_multiplier
  /// takes the place of acc * m.
  FailureOr<int64_t> apply(size_t c, Int128 acc, int64_t addend = 0) const;

private:
  /// False, with an error, when `condition` is false.
  bool check(bool condition, size_t c, Int128 value, const Twine &what) const;
  FailureOr<int64_t> applyFixedPoint(size_t c, Int128 acc, int64_t addend) const;
  FailureOr<int64_t> applyWide(size_t c, Int128 acc, int64_t addend) const;
  FailureOr<int64_t> clamp(Int128 y) const;
  FailureOr<int64_t> applyTable(Int128 acc) const;
  int64_t applyThresholds(size_t c, Int128 acc) const;

  IntegerSegmentOpInterface op;
  RequantAttr requant;
  SmallVector<int64_t> m, addendM, k, r, thresholds, low, accMin, accMax;
};

} // namespace

static void read(ElementsAttr attr, SmallVectorImpl<int64_t> &values) {
  if (attr)
    readIntegers(attr, values);
}

Requantizer::Requantizer(IntegerSegmentOpInterface op)
    : op(op), requant(op.getRequantAttr()) {
  read(requant.getMultiplier(), m);
  read(requant.getAddendMultiplier(), addendM);
  read(requant.getShift(), k);
  read(requant.getRounding(), r);
  read(requant.getThresholds(), thresholds);
  read(requant.getLow(), low);
  if (BoundsAttr bounds = op.getBoundsAttr()) {
    read(bounds.getMin(), accMin);
    read(bounds.getMax(), accMax);
  }
}

bool Requantizer::check(bool condition, size_t c, Int128 value, const Twine &what) const {
  if (!condition)
    op->emitError("interpreter: ")
        << what << " in channel " << c << ", got about "
        << llvm::formatv("{0:e}", static_cast<double>(value)).str();
  return condition;
}

static bool isInt64(Int128 value) { return value == static_cast<int64_t>(value); }

FailureOr<int64_t> Requantizer::apply(size_t c, Int128 acc, int64_t addend) const {
  if (!accMin.empty() && !check(accMin[c] <= acc && acc <= accMax[c], c, acc,
                                "expects an accumulator in [" + Twine(accMin[c]) + ", " +
                                    Twine(accMax[c]) + "]"))
    return failure();
  if (isModeForm(requant.getForm()))
    return applyMode(op, c, acc);
  switch (requant.getForm()) {
  case RequantForm::Affine:
  case RequantForm::HalfEven:
    return applyFixedPoint(c, acc, addend);
  case RequantForm::Wide:
    return applyWide(c, acc, addend);
  case RequantForm::Threshold:
    return applyThresholds(c, acc);
  case RequantForm::Table:
    return applyTable(acc);
  case RequantForm::Accumulator:
    if (!check(isInt64(acc), c, acc, "expects an accumulator of 64 bits"))
      return failure();
    return static_cast<int64_t>(acc);
  default:
    return failure();
  }
}

/// affine:    clamp((acc * m + r) >> k, lo, hi)
/// half_even: v = acc * m + r
///            clamp(((v + 2^(k-1) - 1 + ((v >> k) & 1)) >> k) + zero_point, lo, hi)
FailureOr<int64_t> Requantizer::applyFixedPoint(size_t c, Int128 acc,
                                                int64_t addend) const {
  Int128 v = acc * m[c] + r[c];
  if (!addendM.empty())
    v += static_cast<Int128>(addend) * addendM[c];
  Int128 y = v;
  if (requant.getForm() == RequantForm::HalfEven)
    y = v + (static_cast<Int128>(1) << (k[c] - 1)) - 1 + ((v >> k[c]) & 1);
  if (!check(isInt64(v) && isInt64(y), c, v, "expects a scaled accumulator of 64 bits"))
    return failure();
  y >>= k[c];
  if (requant.getForm() == RequantForm::HalfEven)
    y += requant.getZeroPoint();
  return clamp(y);
}

FailureOr<int64_t> Requantizer::clamp(Int128 y) const {
  if (y < requant.getLo())
    return requant.getLo();
  return y > requant.getHi() ? requant.getHi() : static_cast<int64_t>(y);
}

/// Limb by limb, as the program.
FailureOr<int64_t> Requantizer::applyWide(size_t c, Int128 acc, int64_t addend) const {
  const int64_t *row = &low[c * kLowColumns];
  Int128 carry = acc * row[1] + static_cast<Int128>(addend) * row[2] + row[3];
  Int128 v = acc * m[c] + r[c] + (carry >> row[0]);
  if (!addendM.empty())
    v += static_cast<Int128>(addend) * addendM[c];
  Int128 up = v + row[4];
  if (!check(isInt64(carry) && isInt64(v) && isInt64(up), c, v,
             "expects sums of 64 bits"))
    return failure();
  Int128 y = v >> k[c];
  if (y & 1)
    y = up >> k[c];
  return clamp(y + requant.getZeroPoint());
}

/// lo + #{i : acc >= thresholds[c][i]}
int64_t Requantizer::applyThresholds(size_t c, Int128 acc) const {
  size_t steps = requant.getHi() - requant.getLo();
  ArrayRef<int64_t> row = ArrayRef(thresholds).slice(c * steps, steps);
  return requant.getLo() + llvm::count_if(row, [&](int64_t t) { return acc >= t; });
}

/// thresholds[acc - acc_min]
FailureOr<int64_t> Requantizer::applyTable(Int128 acc) const {
  if (!check(accMin.size() == 1, 0, acc, "expects bounds of a table"))
    return failure();
  Int128 at = acc - accMin[0];
  if (!check(at >= 0 && at < Int128(thresholds.size()), 0, acc,
             "expects a table entry for every accumulator"))
    return failure();
  return thresholds[static_cast<size_t>(at)];
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

/// x - zero point, ready to be multiplied.
static Wide center(const Tensor &x, int64_t zeroPoint) {
  Wide wide;
  for (int64_t q : x.integers())
    wide.push_back(static_cast<Int128>(q) - zeroPoint);
  return wide;
}

/// Requantizes every accumulator; `channelOf` gives its channel.
static Result requantize(Operation *op, const Wide &accumulators,
                         function_ref<size_t(size_t)> channelOf,
                         const Tensor *addend = nullptr) {
  Requantizer requantizer(cast<IntegerSegmentOpInterface>(op));
  Integers integers;
  for (auto [i, acc] : llvm::enumerate(accumulators)) {
    FailureOr<int64_t> y =
        requantizer.apply(channelOf(i), acc, addend ? addend->integers()[i] : 0);
    if (failed(y))
      return failure();
    integers.push_back(*y);
  }
  return Tensor{llvm::to_vector(shapeOf(op->getResult(0))), std::move(integers)};
}

/// acc + bias[o], then requant[o]; o is the last index. Operands behind the
/// first two: bias, addend, as far as they are there.
static Result finishSum(Operation *op, Wide accumulators, Operands operands, bool hasBias,
                        bool hasAddend) {
  size_t channels = shapeOf(op->getResult(0)).back();
  for (size_t i = 0; hasBias && i < accumulators.size(); ++i)
    accumulators[i] += operands[2]->integers()[i % channels];
  return requantize(
      op, accumulators, [&](size_t i) { return i % channels; },
      hasAddend ? operands.back() : nullptr);
}

static Result evaluateConvolution(IntConv2DOp op, Operands operands) {
  SmallVector<int64_t> kernel(shapeOf(op.getWeight()).slice(1, 2));
  Windows windows{shapeOf(op.getInput()), shapeOf(op),  kernel,
                  op.getStrides(),        op.getPads(), op.getDilations()};
  Wide sums = convolve(windows, op.getGroups(), center(*operands[0], op.getInputZp()),
                       center(*operands[1], 0));
  return finishSum(op, sums, operands, bool(op.getBias()), bool(op.getAddend()));
}

static Result evaluateProduct(IntMatmulOp op, Operands operands) {
  Wide sums =
      multiply(operands[0]->shape, shapeOf(op).back(), operands[1]->shape.size() > 2,
               center(*operands[0], op.getLhsZp()), center(*operands[1], op.getRhsZp()));
  return finishSum(op, sums, operands, bool(op.getBias()), bool(op.getAddend()));
}

/// The elements of both operands that make each element of the result.
static std::pair<Tensor, Tensor> broadcast(Operation *op, Operands operands) {
  ArrayRef<int64_t> shape = shapeOf(op->getResult(0));
  Tensor both[2];
  for (int k = 0; k < 2; ++k) {
    Integers integers;
    for (int64_t from : broadcastPositions(operands[k]->shape, shape))
      integers.push_back(operands[k]->integers()[from]);
    both[k] = Tensor{llvm::to_vector(shape), std::move(integers)};
  }
  return {both[0], both[1]};
}

/// Table over both operands: (lhs - lhs_min) * n_rhs + (rhs - rhs_min), minima
/// and counts those of the operands' types.
static Result lookUpPairs(IntAddOp op, const Tensor &a, const Tensor &b) {
  numerics::Range rows = getIntegerRange(getElementTypeOrSelf(op.getLhs().getType()));
  numerics::Range columns = getIntegerRange(getElementTypeOrSelf(op.getRhs().getType()));
  int64_t count = columns.max - columns.min + 1;
  SmallVector<int64_t> table;
  if (!readIntegers(op.getRequant().getThresholds(), table) ||
      int64_t(table.size()) != (rows.max - rows.min + 1) * count)
    return op.emitError("interpreter: expects a table entry for every pair of ")
           << op.getLhs().getType() << " and " << op.getRhs().getType() << ", got "
           << table.size();
  Integers integers;
  for (auto [x, y] : llvm::zip(a.integers(), b.integers()))
    integers.push_back(table[(x - rows.min) * count + (y - columns.min)]);
  return Tensor{a.shape, std::move(integers)};
}

/// A form of the operands themselves, not of one accumulator.
static Result evaluatePairs(Operation *op, const Tensor &a, const Tensor &b) {
  auto segment = cast<IntegerSegmentOpInterface>(op);
  Integers integers;
  for (auto [x, y] : llvm::zip(a.integers(), b.integers()))
    integers.push_back(applyPairMode(segment, x, y));
  return Tensor{a.shape, std::move(integers)};
}

static Result evaluateSum(IntAddOp op, Operands operands) {
  auto [a, b] = broadcast(op, operands);
  if (isModeForm(op.getRequant().getForm()))
    return evaluatePairs(op, a, b);
  if (op.getRequant().getForm() == RequantForm::Table)
    return lookUpPairs(op, a, b);
  return requantize(op, center(a, 0), [](size_t) { return 0; }, &b);
}

/// requant((lhs - lhs_zp) * (rhs - rhs_zp))
static Result evaluateElementProduct(IntMulOp op, Operands operands) {
  auto [a, b] = broadcast(op, operands);
  if (op.getRequant().getForm() == RequantForm::Float)
    return evaluatePairs(op, a, b);
  Wide products = center(a, op.getLhsZp());
  for (auto [product, factor] : llvm::zip(products, center(b, op.getRhsZp())))
    product *= factor;
  return requantize(op, products, [](size_t) { return 0; });
}

/// requant[d](S), d the index of the window's divisor.
static Result evaluateMean(IntAvgPoolOp op, const Tensor &x) {
  if (op.getRequant().getForm() == RequantForm::Float)
    return Tensor{llvm::to_vector(shapeOf(op)), averageInFloat(op, x)};
  Windows windows{x.shape,         shapeOf(op),  op.getKernel(),
                  op.getStrides(), op.getPads(), op.getDilations()};
  auto sums = sumWindows(windows, center(x, op.getInputZp()));
  Wide accumulators;
  for (const WindowSum<Int128> &sum : sums)
    accumulators.push_back(sum.sum);
  return requantize(op, accumulators, [&](size_t i) -> size_t {
    if (op.getCountIncludePad())
      return 0;
    return llvm::find(op.getDivisors(), sums[i].count) - op.getDivisors().begin();
  });
}

/// table[input - min], min the smallest value of the input's storage type.
static Result lookUp(IntLookupOp op, const Tensor &x) {
  int64_t min = getIntegerRange(getElementTypeOrSelf(op.getInput().getType())).min;
  SmallVector<int64_t> table;
  if (!readIntegers(op.getTable(), table))
    return op.emitError("interpreter: expects a constant table");
  Integers integers;
  for (int64_t q : x.integers())
    integers.push_back(table[q - min]);
  return Tensor{x.shape, std::move(integers)};
}

static Result evaluateSoftmax(IntSoftmaxOp op, const Tensor &x) {
  numerics::Softmax softmax = getSoftmax(op);
  numerics::SoftmaxProgram program = getSoftmaxProgram(op);
  Integers integers;
  const Integers &all = x.integers();
  for (auto row = all.begin(); row != all.end(); row += softmax.depth) {
    std::vector<int64_t> values(row, row + softmax.depth);
    std::vector<int64_t> y = op.getTflite()
                                 ? numerics::applyKernelSoftmax(softmax, program, values)
                                 : numerics::applySoftmax(softmax, program, values);
    integers.insert(integers.end(), y.begin(), y.end());
  }
  return Tensor{x.shape, std::move(integers)};
}

std::optional<Result> interpreter::evaluateInteger(Operation *op, Operands operands) {
  using Outcome = std::optional<Result>;
  return TypeSwitch<Operation *, Outcome>(op)
      .Case([&](IntConv2DOp o) { return evaluateConvolution(o, operands); })
      .Case([&](IntMatmulOp o) { return evaluateProduct(o, operands); })
      .Case([&](IntAddOp o) { return evaluateSum(o, operands); })
      .Case([&](IntMulOp o) { return evaluateElementProduct(o, operands); })
      .Case([&](IntAvgPoolOp o) { return evaluateMean(o, *operands[0]); })
      .Case([&](IntLookupOp o) { return lookUp(o, *operands[0]); })
      .Case([&](IntSoftmaxOp o) { return evaluateSoftmax(o, *operands[0]); })
      .Case([&](IntRequantizeOp o) {
        return requantize(o, center(*operands[0], o.getInputZp()),
                          [](size_t) { return 0; });
      })
      .Default([](Operation *) { return std::nullopt; });
}
