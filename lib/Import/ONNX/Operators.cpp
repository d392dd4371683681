//===- Operators.cpp - the table of ONNX operators ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "QOperators.h"

#include "llvm/ADT/StringExtras.h"

#include <limits>

using namespace mlir;
using namespace qbias::onnximport;

static constexpr unsigned kAny = std::numeric_limits<unsigned>::max();

#define WINDOW_ATTRIBUTES "auto_pad dilations kernel_shape pads strides "

static constexpr Operator kOperators[] = {
    {"Abs", importUnary, 1, 1, 1, ""},
    {"Add", importBinary, 2, 2, 1, "broadcast"},
    {"ArgMax", importArgMax, 1, 1, 1, "axis keepdims select_last_index"},
    {"AveragePool", importPool, 1, 1, 1, WINDOW_ATTRIBUTES "ceil_mode count_include_pad"},
    {"BatchNormalization", importBatchNormalization, 5, 5, 5,
     "epsilon is_test momentum spatial training_mode"},
    {"Ceil", importUnary, 1, 1, 1, ""},
    {"Celu", importCelu, 1, 1, 1, "alpha"},
    {"Cast", importCast, 1, 1, 1, "to saturate round_mode"},
    {"Clip", importClip, 1, 3, 1, "min max"},
    {"Concat", importConcat, 1, kAny, 1, "axis"},
    {"Constant", importConstant, 0, 0, 1,
     "value value_float value_floats value_int value_ints"},
    {"Conv", importConv, 2, 3, 1, WINDOW_ATTRIBUTES "group"},
    {"ConvTranspose", importConvTranspose, 2, 3, 1,
     WINDOW_ATTRIBUTES "group output_padding output_shape"},
    {"DepthToSpace", importDepthToSpace, 1, 1, 1, "blocksize mode"},
    {"DequantizeLinear", importDequantizeLinear, 2, 3, 1, "axis block_size output_dtype"},
    {"Div", importBinary, 2, 2, 1, "broadcast"},
    {"Dropout", importDropout, 1, 3, 2, "ratio seed is_test"},
    {"DynamicQuantizeLinear", importDynamicQuantizeLinear, 1, 1, 3, ""},
    {"Elu", importUnary, 1, 1, 1, "alpha"},
    {"Erf", importUnary, 1, 1, 1, ""},
    {"Exp", importUnary, 1, 1, 1, ""},
    {"Expand", importExpand, 2, 2, 1, ""},
    {"Flatten", importFlatten, 1, 1, 1, "axis"},
    {"Floor", importUnary, 1, 1, 1, ""},
    {"Gather", importGather, 2, 2, 1, "axis"},
    {"Gelu", importUnary, 1, 1, 1, "approximate"},
    {"Gemm", importGemm, 2, 3, 1, "alpha beta transA transB broadcast"},
    {"GlobalAveragePool", importGlobalPool, 1, 1, 1, ""},
    {"GlobalMaxPool", importGlobalPool, 1, 1, 1, ""},
    {"HardSigmoid", importUnary, 1, 1, 1, "alpha beta"},
    {"HardSwish", importUnary, 1, 1, 1, ""},
    {"Identity", importIdentity, 1, 1, 1, ""},
    {"LeakyRelu", importUnary, 1, 1, 1, "alpha"},
    {"Log", importUnary, 1, 1, 1, ""},
    {"MatMul", importMatMul, 2, 2, 1, ""},
    {"Max", importExtremum, 1, kAny, 1, ""},
    {"MaxPool", importPool, 1, 1, 2, WINDOW_ATTRIBUTES "ceil_mode storage_order"},
    {"Min", importExtremum, 1, kAny, 1, ""},
    {"Mish", importUnary, 1, 1, 1, ""},
    {"Mul", importBinary, 2, 2, 1, "broadcast"},
    {"Neg", importNeg, 1, 1, 1, ""},
    {"PRelu", importPRelu, 2, 2, 1, ""},
    {"Pad", importPad, 1, 4, 1, "mode pads value"},
    {"Pow", importPow, 2, 2, 1, ""},
    {"QuantizeLinear", importQuantizeLinear, 2, 3, 1,
     "axis block_size output_dtype precision saturate"},
    {"Reciprocal", importUnary, 1, 1, 1, ""},
    {"ReduceMax", importReduce, 1, 2, 1, "axes keepdims noop_with_empty_axes"},
    {"ReduceMean", importReduce, 1, 2, 1, "axes keepdims noop_with_empty_axes"},
    {"ReduceSum", importReduce, 1, 2, 1, "axes keepdims noop_with_empty_axes"},
    {"Relu", importRelu, 1, 1, 1, ""},
    {"Reshape", importReshape, 1, 2, 1, "shape allowzero"},
    {"Resize", importResize, 1, 4, 1,
     "antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside "
     "extrapolation_value keep_aspect_ratio_policy mode nearest_mode"},
    {"Round", importUnary, 1, 1, 1, ""},
    {"Selu", importSelu, 1, 1, 1, "alpha gamma"},
    {"Shape", importShape, 1, 1, 1, "start end"},
    {"Sigmoid", importUnary, 1, 1, 1, ""},
    {"Sign", importUnary, 1, 1, 1, ""},
    {"Slice", importSlice, 1, 5, 1, "axes starts ends"},
    {"Softmax", importSoftmax, 1, 1, 1, "axis"},
    {"Softplus", importUnary, 1, 1, 1, ""},
    {"Softsign", importUnary, 1, 1, 1, ""},
    {"SpaceToDepth", importSpaceToDepth, 1, 1, 1, "blocksize"},
    {"Split", importSplit, 1, 2, kAny, "axis split num_outputs"},
    {"Sqrt", importUnary, 1, 1, 1, ""},
    {"Squeeze", importSqueeze, 1, 2, 1, "axes"},
    {"Sub", importBinary, 2, 2, 1, "broadcast"},
    {"Sum", importSum, 1, kAny, 1, ""},
    {"Tanh", importUnary, 1, 1, 1, ""},
    {"ThresholdedRelu", importUnary, 1, 1, 1, "alpha"},
    {"Tile", importTile, 2, 2, 1, ""},
    {"Transpose", importTranspose, 1, 1, 1, "perm"},
    {"Unsqueeze", importUnsqueeze, 1, 2, 1, "axes"},
    {"Upsample", importUpsample, 1, 2, 1, "mode scales"},
};

/// Operators of the domain of expanded nodes without namesake above.
static constexpr Operator kExpanded[] = {
    {"DequantizeBias", importDequantizeBias, 3, 3, 1, ""},
    {"DequantizeInteger", importDequantizeInteger, 1, 2, 1, "axis"},
    {"QuantizeInteger", importQuantizeInteger, 1, 1, 1, ""},
    {"QuantizeLike", importQuantizeLike, 2, 4, 1, ""},
};

/// Operators of com.microsoft that mean what their namesakes in the default
/// domain mean.
static constexpr llvm::StringLiteral kMicrosoft[] = {"DequantizeLinear", "Gelu",
                                                     "QuantizeLinear"};

const Operator *qbias::onnximport::findOperator(StringRef domain, StringRef opType) {
  if (domain == kExpandedDomain)
    for (const Operator &entry : kExpanded)
      if (opType == entry.name)
        return &entry;
  bool isDefault = domain.empty() || domain == "ai.onnx" || domain == kExpandedDomain;
  bool isMicrosoft = domain == "com.microsoft" && llvm::is_contained(kMicrosoft, opType);
  if (!isDefault && !isMicrosoft)
    return nullptr;
  const Operator *found = llvm::find_if(
      kOperators, [&](const Operator &entry) { return opType == entry.name; });
  return found == std::end(kOperators) ? nullptr : found;
}

LogicalResult qbias::onnximport::checkSignature(const Operator &op,
                                                const onnx::NodeProto &proto,
                                                const NodeView &node) {
  unsigned inputs = proto.input_size(), outputs = proto.output_size();
  std::string range =
      op.maxInputs == kAny ? std::to_string(op.minInputs) + " or more"
      : op.minInputs == op.maxInputs
          ? std::to_string(op.minInputs)
          : std::to_string(op.minInputs) + " to " + std::to_string(op.maxInputs);
  if (inputs < op.minInputs || inputs > op.maxInputs)
    return node.reject("number of inputs", range, Twine(inputs));
  for (unsigned index = 0; index < op.minInputs; ++index)
    if (!node.hasInput(index))
      return node.reject("input " + Twine(index), "a tensor", "none");
  if (outputs < 1 || outputs > op.maxOutputs || node.getOutputName(0).empty())
    return node.reject("number of outputs",
                       op.maxOutputs == 1 ? "1" : "1 or more, the first named",
                       Twine(outputs));
  SmallVector<StringRef> known;
  StringRef(op.attributes).split(known, ' ', -1, /*KeepEmpty=*/false);
  llvm::StringMap<bool> seen;
  for (const onnx::AttributeProto &attribute : proto.attribute()) {
    if (!llvm::is_contained(known, attribute.name()))
      return node.reject("attribute " + quoted(attribute.name()),
                         known.empty() ? "none" : "one of " + llvm::join(known, ", "),
                         "one that is not supported");
    if (!seen.try_emplace(attribute.name()).second)
      return node.reject("attribute " + quoted(attribute.name()), "it once", "it twice");
  }
  return success();
}
