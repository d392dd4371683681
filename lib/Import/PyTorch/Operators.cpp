//===- Operators.cpp - the table of PyTorch operators ---*- C++ -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace qbias::pytorchimport;

#define CONV_ARGUMENTS "input weight bias stride padding dilation groups"
#define SCALAR_PARAMETERS "input scale zero_point quant_min quant_max dtype out_dtype"

static constexpr Operator kOperators[] = {
    {"_operator.add", importIntegerArithmetic, "a b"},
    {"_operator.floordiv", importIntegerArithmetic, "a b"},
    {"_operator.mul", importIntegerArithmetic, "a b"},
    {"_operator.sub", importIntegerArithmetic, "a b"},
    {"aten._adaptive_avg_pool2d", importAdaptivePool, "self output_size"},
    {"aten._native_batch_norm_legit_no_training", importBatchNorm,
     "input weight bias running_mean running_var momentum eps"},
    {"aten._softmax", importSoftmax, "self dim half_to_float"},
    {"aten._to_copy", importIdentity,
     "self dtype layout device pin_memory non_blocking "
     "memory_format"},
    {"aten._unsafe_view", importView, "self size"},
    {"aten._upsample_nearest_exact1d", importUpsample,
     "self input output_size scale_factors scales"},
    {"aten._upsample_nearest_exact2d", importUpsample,
     "self input output_size scale_factors scales_h scales_w"},
    {"aten.abs", importUnary, "self"},
    {"aten.adaptive_avg_pool1d", importAdaptivePool, "self output_size"},
    {"aten.adaptive_avg_pool2d", importAdaptivePool, "self output_size"},
    {"aten.adaptive_max_pool2d", importAdaptivePool, "self output_size"},
    {"aten.add", importBinary, "self other alpha"},
    {"aten.addmm", importAddMM, "self mat1 mat2 beta alpha"},
    {"aten.alias", importIdentity, "self"},
    {"aten.amax", importReduce, "self dim keepdim"},
    {"aten.avg_pool1d", importPool,
     "self kernel_size stride padding ceil_mode count_include_pad"},
    {"aten.avg_pool2d", importPool,
     "self kernel_size stride padding ceil_mode count_include_pad divisor_override"},
    {"aten.batch_norm", importBatchNorm,
     "input weight bias running_mean running_var training momentum eps cudnn_enabled"},
    {"aten.bmm", importMatMul, "self mat2"},
    {"aten.cat", importCat, "tensors dim"},
    {"aten.ceil", importUnary, "self"},
    {"aten.chunk", importSplit, "self chunks dim"},
    {"aten.clamp", importClamp, "self min max"},
    {"aten.clamp_max", importClamp, "self max"},
    {"aten.clamp_min", importClamp, "self min"},
    {"aten.clone", importIdentity, "self memory_format"},
    {"aten.constant_pad_nd", importPad, "self pad value"},
    {"aten.contiguous", importIdentity, "self memory_format"},
    {"aten.conv1d", importConvolution, CONV_ARGUMENTS},
    {"aten.conv2d", importConvolution, CONV_ARGUMENTS},
    {"aten.conv_transpose1d", importConvTranspose,
     "input weight bias stride padding output_padding groups dilation"},
    {"aten.conv_transpose2d", importConvTranspose,
     "input weight bias stride padding output_padding groups dilation"},
    {"aten.convolution", importConvolution, CONV_ARGUMENTS " transposed output_padding"},
    {"aten.detach", importIdentity, "self"},
    {"aten.div", importBinary, "self other"},
    {"aten.dropout", importDropout, "input p train"},
    {"aten.elu", importUnary, "self alpha scale input_scale"},
    {"aten.erf", importUnary, "self"},
    {"aten.exp", importUnary, "self"},
    {"aten.expand", importExpand, "self size implicit"},
    {"aten.feature_dropout", importDropout, "input p train"},
    {"aten.flatten", importFlatten, "self start_dim end_dim"},
    {"aten.flip", importFlip, "self dims"},
    {"aten.floor", importUnary, "self"},
    {"aten.gelu", importUnary, "self approximate"},
    {"aten.hardsigmoid", importHardSigmoid, "self"},
    {"aten.hardswish", importUnary, "self"},
    {"aten.hardtanh", importClamp, "self min_val max_val"},
    {"aten.index_select", importIndexSelect, "self dim index"},
    {"aten.leaky_relu", importUnary, "self negative_slope"},
    {"aten.lift_fresh", importIdentity, "self"},
    {"aten.lift_fresh_copy", importIdentity, "self"},
    {"aten.linear", importLinear, "input weight bias"},
    {"aten.log", importUnary, "self"},
    {"aten.matmul", importMatMul, "self other"},
    {"aten.max_pool1d", importPool, "self kernel_size stride padding dilation ceil_mode"},
    {"aten.max_pool2d", importPool, "self kernel_size stride padding dilation ceil_mode"},
    {"aten.max_pool2d_with_indices", importPool,
     "self kernel_size stride padding dilation ceil_mode"},
    {"aten.maximum", importBinary, "self other"},
    {"aten.mean", importReduce, "self dim keepdim dtype"},
    {"aten.minimum", importBinary, "self other"},
    {"aten.mish", importUnary, "self"},
    {"aten.mm", importMatMul, "self mat2"},
    {"aten.mul", importBinary, "self other"},
    {"aten.narrow", importSlice, "self dim start length"},
    {"aten.neg", importNeg, "self"},
    {"aten.pad", importPad, "self pad mode value"},
    {"aten.permute", importPermute, "self dims"},
    {"aten.pixel_shuffle", importPixelShuffle, "self upscale_factor"},
    {"aten.pow", importPow, "self exponent"},
    {"aten.prelu", importPRelu, "self weight"},
    {"aten.reciprocal", importUnary, "self"},
    {"aten.relu", importClamp, "self"},
    {"aten.relu6", importClamp, "self"},
    {"aten.reshape", importView, "self shape"},
    {"aten.round", importUnary, "self"},
    {"aten.rsqrt", importUnary, "self"},
    {"aten.rsub", importBinary, "self other alpha"},
    {"aten.select", importSelect, "self dim index"},
    {"aten.sigmoid", importUnary, "self"},
    {"aten.sign", importUnary, "self"},
    {"aten.silu", importUnary, "self"},
    {"aten.slice", importSlice, "self dim start end step"},
    {"aten.softmax", importSoftmax, "self dim dtype"},
    {"aten.split", importSplit, "self split_size dim"},
    {"aten.split_with_sizes", importSplit, "self split_sizes dim"},
    {"aten.sqrt", importUnary, "self"},
    {"aten.square", importUnary, "self"},
    {"aten.squeeze", importSqueeze, "self dim"},
    {"aten.stack", importCat, "tensors dim"},
    {"aten.sub", importBinary, "self other alpha"},
    {"aten.sum", importReduce, "self dim keepdim dtype"},
    {"aten.sym_size", importSymSize, "self dim"},
    {"aten.t", importTranspose, "self"},
    {"aten.tanh", importUnary, "self"},
    {"aten.to", importIdentity,
     "self dtype layout device other non_blocking copy "
     "memory_format"},
    {"aten.transpose", importTranspose, "self dim0 dim1"},
    {"aten.unbind", importUnbind, "self dim"},
    {"aten.unflatten", importUnflatten, "self dim sizes"},
    {"aten.unsqueeze", importUnsqueeze, "self dim"},
    {"aten.upsample_nearest1d", importUpsample,
     "self input output_size scale_factors scales"},
    {"aten.upsample_nearest2d", importUpsample,
     "self input output_size scale_factors scales_h scales_w"},
    {"aten.view", importView, "self size"},
    {"quantized_decomposed.dequantize_per_channel", importDequantize,
     "input scales zero_points axis quant_min quant_max dtype out_dtype"},
    {"quantized_decomposed.dequantize_per_tensor", importDequantize, SCALAR_PARAMETERS},
    {"quantized_decomposed.quantize_per_channel", importQuantize,
     "input scales zero_points axis quant_min quant_max dtype"},
    {"quantized_decomposed.quantize_per_tensor", importQuantize, SCALAR_PARAMETERS},
};

namespace {
/// Operators that cannot be imported for a reason the user can do something about,
/// by the beginning of their name.
struct Refusal {
  const char *prefix, *what, *advice;
};
} // namespace

static constexpr const char *kStatic =
    "quantize activations statically: calibrate with representative inputs, without "
    "is_dynamic in the quantizer's configuration";

static constexpr Refusal kRefusals[] = {
    {"quantized_decomposed.choose_qparams", "dynamic quantization", kStatic},
    {"quantized_decomposed._choose_qparams", "dynamic quantization", kStatic},
    {"quantized_decomposed.quantize_per_token", "dynamic quantization", kStatic},
    {"quantized_decomposed.dequantize_per_token", "dynamic quantization", kStatic},
    {"quantized_decomposed.dequantize_per_channel_group", "quantization in groups",
     "quantize weights per tensor or per channel"},
    {"quantized_decomposed.mixed_", "quantization of weights only", kStatic},
    {"quantized_decomposed.embedding", "a quantized embedding",
     "leave the embedding out of the exported module"},
    {"quantized_decomposed.", "a quantized operator that is not supported",
     "use a quantizer that keeps quantize and dequantize around operators of aten"},
    {"higher_order.out_dtype", "the reference representation",
     "convert with use_reference_representation=False"},
    {"aten._int_mm", "the reference representation",
     "convert with use_reference_representation=False"},
    {"aten.bitwise_", "the reference representation",
     "convert with use_reference_representation=False"},
    {"torchao.", "an affine operator of torchao",
     "quantize with a PT2E quantizer whose convert_pt2e emits quantized_decomposed "
     "operators"},
    {"pt2e_quant.", "an affine operator of PT2E",
     "quantize with observers whose convert_pt2e emits quantized_decomposed operators"},
    {"quant.", "an affine operator of torchao",
     "quantize with a PT2E quantizer whose convert_pt2e emits quantized_decomposed "
     "operators"},
    {"aten._native_batch_norm", "a batch normalization in training",
     "call move_exported_model_to_eval before export"},
    {"aten.native_batch_norm", "a batch normalization in training",
     "call move_exported_model_to_eval before export"},
    {"higher_order.", "control flow or a call of a higher order",
     "export a module without control flow"},
    {"aten.", "an operator that is not supported",
     "replace it, or leave it out of the exported module"},
    {"prims.", "an operator that is not supported",
     "export without decompositions to prims"},
    {"_operator.", "arithmetic on sizes that is not supported",
     "export with fixed shapes"},
};

static const Operator *lookUp(StringRef name) {
  const Operator *found =
      llvm::find_if(kOperators, [&](const Operator &op) { return name == op.name; });
  return found == std::end(kOperators) ? nullptr : found;
}

bool qbias::pytorchimport::isOperator(StringRef name) { return lookUp(name); }

FailureOr<const Operator *> qbias::pytorchimport::findOperator(const NodeView &node) {
  StringRef name = node.getOp();
  if (const Operator *op = lookUp(name))
    return op;
  for (const Refusal &refusal : kRefusals)
    if (name.starts_with(refusal.prefix))
      return node.reject("operator", "a supported one",
                         quoted(node.getNode().spelling()) + ", " + refusal.what,
                         refusal.advice);
  return node.reject("operator", "a supported one",
                     quoted(node.getNode().spelling()) + ", a custom operator",
                     "write it with operators of aten");
}

LogicalResult qbias::pytorchimport::checkSignature(const Operator &op,
                                                   const NodeView &node) {
  SmallVector<StringRef> known;
  StringRef(op.arguments).split(known, ' ', -1, /*KeepEmpty=*/false);
  for (const std::string &argument : node.getNode().argumentNames)
    if (!llvm::is_contained(known, argument) && node.has(argument))
      return node.reject("argument " + quoted(argument),
                         "one of " + llvm::join(known, ", "),
                         "one that is not supported");
  if (node.getNumOutputs() == 0 || node.getNode().name().empty())
    return node.reject("results", "one with a name", "none");
  return success();
}
