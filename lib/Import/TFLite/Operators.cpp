//===- Operators.cpp - which operators there are ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

using namespace mlir;
using namespace qbias::importing;
using namespace qbias::tfliteimport;
using Code = fb::BuiltinOperator;

namespace {

struct Operator {
  Code code;
  unsigned minInputs, maxInputs;
  LogicalResult (*import)(OperatorView &);
};

} // namespace

static constexpr unsigned kAnyNumber = 1 << 16;

static constexpr Operator kOperators[] = {
    {Code::ABS, 1, 1, importUnary},
    {Code::ADD, 2, 2, importBinary},
    {Code::ARG_MAX, 2, 2, importArgMax},
    {Code::AVERAGE_POOL_2D, 1, 1, importPool},
    {Code::BATCH_MATMUL, 2, 2, importBatchMatMul},
    {Code::CONCATENATION, 1, kAnyNumber, importConcatenation},
    {Code::CONV_2D, 2, 3, importConv},
    {Code::DEPTHWISE_CONV_2D, 2, 3, importDepthwiseConv},
    {Code::DEQUANTIZE, 1, 1, importQuantize},
    {Code::ELU, 1, 1, importUnary},
    {Code::EXP, 1, 1, importUnary},
    {Code::EXPAND_DIMS, 2, 2, importExpandDims},
    {Code::FULLY_CONNECTED, 2, 3, importFullyConnected},
    {Code::GELU, 1, 1, importUnary},
    {Code::HARD_SWISH, 1, 1, importUnary},
    {Code::LEAKY_RELU, 1, 1, importUnary},
    {Code::LOGISTIC, 1, 1, importUnary},
    {Code::MAX_POOL_2D, 1, 1, importPool},
    {Code::MAXIMUM, 2, 2, importBinary},
    {Code::MEAN, 2, 2, importReduce},
    {Code::MINIMUM, 2, 2, importBinary},
    {Code::MUL, 2, 2, importBinary},
    {Code::PACK, 1, kAnyNumber, importPack},
    {Code::PAD, 2, 2, importPad},
    {Code::PADV2, 3, 3, importPad},
    {Code::QUANTIZE, 1, 1, importQuantize},
    {Code::RELU, 1, 1, importRelu},
    {Code::RELU6, 1, 1, importRelu},
    {Code::RELU_0_TO_1, 1, 1, importRelu},
    {Code::RELU_N1_TO_1, 1, 1, importRelu},
    {Code::RESHAPE, 1, 2, importReshape},
    {Code::RESIZE_NEAREST_NEIGHBOR, 2, 2, importResizeNearest},
    {Code::SHAPE, 1, 1, importShape},
    {Code::SLICE, 3, 3, importSlice},
    {Code::SOFTMAX, 1, 1, importSoftmax},
    {Code::SPLIT, 2, 2, importSplit},
    {Code::SPLIT_V, 3, 3, importSplit},
    {Code::SQRT, 1, 1, importUnary},
    {Code::SQUARE, 1, 1, importUnary},
    {Code::SQUEEZE, 1, 1, importSqueeze},
    {Code::STRIDED_SLICE, 4, 4, importStridedSlice},
    {Code::SUB, 2, 2, importBinary},
    {Code::SUM, 2, 2, importReduce},
    {Code::TANH, 1, 1, importUnary},
    {Code::TRANSPOSE, 2, 2, importTranspose},
    {Code::TRANSPOSE_CONV, 3, 4, importTransposeConv},
    {Code::UNPACK, 1, 1, importUnpack},
};

/// Operators that keep something from one run to the next.
static bool isStateful(const OperatorView &op) {
  constexpr Code kStateful[] = {Code::LSTM,
                                Code::RNN,
                                Code::SVDF,
                                Code::UNIDIRECTIONAL_SEQUENCE_RNN,
                                Code::UNIDIRECTIONAL_SEQUENCE_LSTM,
                                Code::BIDIRECTIONAL_SEQUENCE_RNN,
                                Code::BIDIRECTIONAL_SEQUENCE_LSTM,
                                Code::VAR_HANDLE,
                                Code::READ_VARIABLE,
                                Code::ASSIGN_VARIABLE,
                                Code::CALL_ONCE};
  const auto *mutated = op.getFile().mutating_variable_inputs();
  return llvm::is_contained(kStateful, op.getCode()) ||
         (mutated && llvm::is_contained(*mutated, 1));
}

LogicalResult qbias::tfliteimport::importAny(OperatorView &op) {
  if (isStateful(op))
    return op.reject("operator", "one without a state",
                     "one that keeps a state from run to run",
                     "models with a state are not supported");
  const Operator *found = llvm::find_if(
      kOperators, [&](const Operator &entry) { return entry.code == op.getCode(); });
  if (found == std::end(kOperators))
    return op.reject("operator", "a supported one", op.getSource(),
                     "replace it or end the model before it");
  unsigned count = op.getNumInputs();
  if (count < found->minInputs || count > found->maxInputs)
    return op.reject("inputs", Twine(found->minInputs) + " to " + Twine(found->maxInputs),
                     Twine(count), "the file is damaged");
  if (std::optional<LogicalResult> folded = importShapeArithmetic(op))
    return *folded;
  return found->import(op);
}
