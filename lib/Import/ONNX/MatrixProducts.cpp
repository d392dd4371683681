//===- MatrixProducts.cpp - Gemm and MatMul ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "qbias/Import/Common/ChannelLine.h"
#include "qbias/Import/Common/Reshapes.h"
#include "qbias/Import/Common/Selections.h"

#include "qbias/Dialect/QBias/IR/Constants.h"
#include "qbias/Dialect/QBias/IR/QuantTypes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"

#include <cmath>

using namespace mlir;
using namespace qbias;
using namespace qbias::onnximport;

static Value transposeLastTwo(const NodeView &node, Value value) {
  int64_t rank = shapeOf(value).size();
  SmallVector<int64_t> permutation = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(permutation[rank - 2], permutation[rank - 1]);
  return transpose(node, value, permutation);
}

//===----------------------------------------------------------------------===//
// Factors
//===----------------------------------------------------------------------===//

/// A float constant times a factor, null where a product is not a float32.
static Value scaleFloats(const NodeView &node, arith::ConstantOp constant,
                         double factor) {
  SmallVector<double> values;
  auto attr = cast<ElementsAttr>(constant.getValue());
  int64_t bytes = attr.getNumElements() * sizeof(float);
  if (failed(node.charge(4 * bytes)) || !readFloats(attr, values))
    return {};
  std::vector<float> products;
  for (double value : values) {
    products.push_back(static_cast<float>(value * factor));
    if (!std::isfinite(products.back()) || products.back() != value * factor)
      return {};
  }
  ArrayRef<char> raw(reinterpret_cast<const char *>(products.data()), bytes);
  auto type = cast<RankedTensorType>(constant.getType());
  return arith::ConstantOp::create(node.getBuilder(), constant.getLoc(),
                                   makeRaw(type, raw, Namer::nameOf(constant.getLoc())));
}

/// The constant times a factor, as a constant, where that is exact: quantized
/// weights take the factor into their scales. Null when it is not.
static Value scaleConstant(const NodeView &node, Value value, double factor) {
  OpBuilder &builder = node.getBuilder();
  if (auto constant = value.getDefiningOp<arith::ConstantOp>())
    return scaleFloats(node, constant, factor);
  auto dequantize = value.getDefiningOp<DequantizeOp>();
  auto cast = dequantize ? dequantize.getInput().getDefiningOp<quant::StorageCastOp>()
                         : quant::StorageCastOp();
  if (!cast || !cast.getInput().getDefiningOp<arith::ConstantOp>() || factor <= 0)
    return {};
  quant::QuantizedType type = getQuantElement(dequantize.getInput().getType());
  SmallVector<double> scales;
  for (double scale : getScales(type)) {
    double product = scale * factor;
    // A float32 factor and a float32 scale have an exact double product.
    if (std::fma(scale, factor, -product) != 0 ||
        product < std::numeric_limits<float>::denorm_min() ||
        product > std::numeric_limits<float>::max())
      return {};
    scales.push_back(product);
  }
  quant::QuantizedType scaled;
  if (std::optional<int32_t> axis = getAxis(type))
    scaled = quant::UniformQuantizedPerAxisType::get(
        type.getFlags(), type.getStorageType(), type.getExpressedType(), scales,
        getZeroPoints(type), *axis, type.getStorageTypeMin(), type.getStorageTypeMax());
  else
    scaled = quant::UniformQuantizedType::get(
        type.getFlags(), type.getStorageType(), type.getExpressedType(), scales[0],
        getZeroPoints(type)[0], type.getStorageTypeMin(), type.getStorageTypeMax());
  auto tensor = mlir::cast<RankedTensorType>(value.getType());
  Value quantized = quant::StorageCastOp::create(builder, cast.getLoc(),
                                                 tensor.clone(scaled), cast.getInput());
  auto result = DequantizeOp::create(builder, dequantize.getLoc(), tensor, quantized);
  result->setAttrs(dequantize->getAttrs());
  return result;
}

/// value * factor: folded into a constant where exact, else a product with a
/// constant of one element.
static Value multiply(const NodeView &node, Value value, double factor) {
  if (factor == 1)
    return value;
  if (Value constant = scaleConstant(node, value, factor))
    return constant;
  OpBuilder &builder = node.getBuilder();
  SmallVector<int64_t> ones(shapeOf(value).size(), 1);
  auto type = RankedTensorType::get(ones, builder.getF32Type());
  Value scalar = arith::ConstantOp::create(
      builder, node.getLoc(), DenseElementsAttr::get(type, static_cast<float>(factor)));
  return node.create<MulOp>(node.getLoc(), value.getType(), value, scalar);
}

//===----------------------------------------------------------------------===//
// Gemm
//===----------------------------------------------------------------------===//

/// C of shape [N] or [1, N], or a constant of one element, as the bias operand
/// [N]; null for others.
static FailureOr<Value> getBias(const NodeView &node, Value c, int64_t n) {
  ArrayRef<int64_t> shape = shapeOf(c);
  SmallVector<double> element;
  ElementsAttr constant = getConstant(c);
  if (n > 1 && constant && *countElements(shape) == 1 && readFloats(constant, element)) {
    auto type = RankedTensorType::get(n, node.getBuilder().getF32Type());
    auto splat = DenseElementsAttr::get(type, static_cast<float>(element[0]));
    return arith::ConstantOp::create(node.getBuilder(), c.getLoc(), splat).getResult();
  }
  bool isRow = shape.size() <= 2 && *countElements(shape) == n &&
               (shape.empty() || shape.back() == n);
  return isRow ? reshape(node, c, n) : FailureOr<Value>(Value());
}

/// The remaining shapes that broadcast to [M, N]: an addition.
static LogicalResult setSum(const NodeView &node, Value product, Value c) {
  ArrayRef<int64_t> shape = shapeOf(product), other = shapeOf(c);
  bool fits = other.size() <= 2;
  for (auto [extent, result] : llvm::zip(llvm::reverse(other), llvm::reverse(shape)))
    fits &= extent == 1 || extent == result;
  if (!fits)
    return node.reject("shape of " + node.inputText(2),
                       "one that broadcasts to " + text(shape), text(other));
  FailureOr<Value> addend = extendRank(node, c, 2);
  if (failed(addend))
    return failure();
  Value sum = node.create<AddOp>(node.getLoc(), product.getType(), product, *addend);
  return node.setResult(0, sum);
}

/// alpha * product + beta * c with a factor that no scale takes up, as a line per column;
/// nullopt where c has no number for each.
static std::optional<LogicalResult> importLine(NodeView &node, Value product, Value c,
                                               double alpha, double beta) {
  int64_t n = shapeOf(product)[1];
  importing::ChannelLine line;
  line.factors.assign(n, alpha);
  line.offsets.assign(n, 0);
  if (c) {
    auto numbers = importing::readChannelNumbers(c);
    bool isRow = numbers && int64_t(numbers->numbers.size()) == n &&
                 numbers->axis + 1 == int64_t(shapeOf(c).size());
    if (!isRow)
      return std::nullopt;
    for (int64_t i = 0; i < n; ++i)
      line.offsets[i] = beta * numbers->numbers[i];
  }
  for (ArrayRef<double> numbers : {ArrayRef(line.factors), ArrayRef(line.offsets)})
    if (!llvm::all_of(numbers, importing::isLineNumber))
      return std::nullopt;
  return node.setResult(0, applyLineAlong(node, product, 1, line));
}

/// A matrix of the file, dequantized.
static bool isStoredMatrix(Value value) {
  auto dequantize = value.getDefiningOp<DequantizeOp>();
  auto cast = dequantize ? dequantize.getInput().getDefiningOp<quant::StorageCastOp>()
                         : quant::StorageCastOp();
  return cast && getConstant(cast.getInput()) && shapeOf(value).size() == 2;
}

/// weights [M, K] times x [..., K, N] = (x^T weights^T)^T: a layer has its weights on the
/// right.
static FailureOr<Value> multiplyFromLeft(const NodeView &node, Value weights, Value x) {
  if (shapeOf(x)[shapeOf(x).size() - 2] != shapeOf(weights)[1])
    return node.reject("inner extent of " + node.inputText(1), Twine(shapeOf(weights)[1]),
                       Twine(shapeOf(x)[shapeOf(x).size() - 2]));
  Value rows = transposeLastTwo(node, x);
  SmallVector<int64_t> shape(shapeOf(rows));
  shape.back() = shapeOf(weights)[0];
  FailureOr<RankedTensorType> type = node.makeType(shape, elementOf(rows));
  if (failed(type))
    return failure();
  Value product = node.create<MatmulOp>(node.getLoc(), *type, rows, weights, Value());
  return transposeLastTwo(node, product);
}

LogicalResult qbias::onnximport::importGemm(NodeView &node) {
  int64_t transA = 0, transB = 0;
  double alpha = 1, beta = 1;
  if (failed(node.read("transA", transA)) || failed(node.read("transB", transB)) ||
      failed(node.read("alpha", alpha)) || failed(node.read("beta", beta)))
    return failure();
  if (!std::isfinite(alpha) || !std::isfinite(beta))
    return node.reject("attributes 'alpha' and 'beta'", "finite numbers",
                       realText(alpha) + " and " + realText(beta));
  FailureOr<Value> a = node.getReal(0), b = failure();
  if (failed(a) || failed(b = node.getReal(1)))
    return failure();
  for (unsigned index : {0, 1})
    if (size_t rank = shapeOf(index ? *b : *a).size(); rank != 2)
      return node.reject("rank of " + node.inputText(index), "2", Twine(rank));
  Value lhs = transA ? transposeLastTwo(node, *a) : *a;
  Value rhs = multiply(node, *b, alpha);
  rhs = transB ? rhs : transposeLastTwo(node, rhs); // [N, K]
  int64_t m = shapeOf(lhs)[0], k = shapeOf(lhs)[1], n = shapeOf(rhs)[0];
  if (shapeOf(rhs)[1] != k)
    return node.reject("inner extent of " + node.inputText(1),
                       Twine(k) + " as " + node.inputText(0), Twine(shapeOf(rhs)[1]));
  bool hasC = node.hasInput(2) && beta != 0;
  if (isStoredMatrix(*a) && !transA && !transB && !hasC && alpha == 1)
    return node.setResult(0, multiplyFromLeft(node, *a, *b));
  if (alpha <= 0) {
    FailureOr<Value> c = Value();
    FailureOr<RankedTensorType> type = node.makeType({m, n}, elementOf(lhs));
    if (failed(type) || (hasC && failed(c = node.getReal(2))))
      return failure();
    Value plain = transB ? *b : transposeLastTwo(node, *b);
    Value product = node.create<MatmulOp>(node.getLoc(), *type, lhs, plain, Value());
    if (auto line = importLine(node, product, *c, alpha, beta))
      return *line;
  }
  Value addend, bias;
  if (hasC) {
    FailureOr<Value> c = node.getReal(2);
    if (failed(c))
      return failure();
    addend = multiply(node, *c, beta);
    FailureOr<Value> row = getBias(node, addend, n);
    if (failed(row))
      return failure();
    bias = *row;
  }
  FailureOr<RankedTensorType> type = node.makeType({m, n}, elementOf(lhs));
  if (failed(type))
    return failure();
  Value product = node.create<MatmulOp>(node.getLoc(), *type, lhs, rhs, bias);
  return addend && !bias ? setSum(node, product, addend) : node.setResult(0, product);
}

//===----------------------------------------------------------------------===//
// MatMul
//===----------------------------------------------------------------------===//

/// Right operand [..., K, N] as [N, K] or, with the left operand's leading
/// dimensions, as [..., N, K].
static FailureOr<Value> getRightOperand(const NodeView &node, Value lhs, Value rhs) {
  ArrayRef<int64_t> left = shapeOf(lhs), right = shapeOf(rhs);
  if (*countElements(right.drop_back(2)) == 1 && right.size() > 2) {
    FailureOr<Value> matrix = reshape(node, rhs, right.take_back(2));
    if (failed(matrix))
      return failure();
    return transposeLastTwo(node, *matrix);
  }
  if (right.size() > 2 && right.drop_back(2) != left.drop_back(2))
    return node.reject("leading dimensions of " + node.inputText(1),
                       text(left.drop_back(2)) + " as " + node.inputText(0),
                       text(right.drop_back(2)));
  return transposeLastTwo(node, rhs);
}

LogicalResult qbias::onnximport::importMatMul(NodeView &node) {
  FailureOr<Value> a = node.getReal(0), b = failure();
  if (failed(a) || failed(b = node.getReal(1)))
    return failure();
  SmallVector<int64_t> left(shapeOf(*a)), right(shapeOf(*b));
  if (isStoredMatrix(*a) && right.size() >= 2)
    return node.setResult(0, multiplyFromLeft(node, *a, *b));
  for (unsigned index : {0, 1})
    if ((index ? right : left).empty())
      return node.reject("rank of " + node.inputText(index), "at least 1", "0");
  // A vector is a row on the left, a column on the right; the dimension added
  // is not in the result.
  bool isRow = left.size() == 1, isColumn = right.size() == 1;
  if (isRow)
    left.insert(left.begin(), 1);
  if (isColumn)
    right.push_back(1);
  if (left.back() != right[right.size() - 2])
    return node.reject("inner extent of " + node.inputText(1),
                       Twine(left.back()) + " as " + node.inputText(0),
                       Twine(right[right.size() - 2]));
  FailureOr<Value> lhs = reshape(node, *a, left), rhs = failure();
  if (failed(lhs) || failed(rhs = reshape(node, *b, right)) ||
      failed(broadcastBatches(node, *lhs, *rhs, node.inputText(1))))
    return failure();
  left.assign(shapeOf(*lhs).begin(), shapeOf(*lhs).end());
  right.assign(shapeOf(*rhs).begin(), shapeOf(*rhs).end());
  if (failed(rhs = getRightOperand(node, *lhs, *rhs)))
    return failure();
  size_t leading = right.size() - std::min(left.size(), right.size());
  SmallVector<int64_t> shape = left;
  shape.back() = right.back();
  FailureOr<RankedTensorType> type = node.makeType(shape, elementOf(*lhs));
  if (failed(type))
    return failure();
  FailureOr<Value> result =
      node.create<MatmulOp>(node.getLoc(), *type, *lhs, *rhs, Value()).getResult();
  shape.insert(shape.begin(), leading, 1);
  if (isRow)
    shape.erase(shape.end() - 2);
  if (isColumn)
    shape.pop_back();
  result = reshape(node, *result, shape);
  return failed(result) ? failure() : node.setResult(0, *result);
}
