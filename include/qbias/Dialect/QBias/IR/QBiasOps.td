//===- QBiasOps.td - real family ---*- tablegen -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_OPS
#define QBIAS_OPS

include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "qbias/Dialect/QBias/IR/QBiasAttributes.td"
include "qbias/Dialect/QBias/IR/QBiasInterfaces.td"

def QBias_RealTensor : Type<
    CPred<"::qbias::isRealTensor($_self)">,
    "statically shaped tensor of f32 (standing for exact reals)",
    "::mlir::RankedTensorType">;
def QBias_QuantTensor : Type<
    CPred<"::qbias::isQuantTensor($_self)">,
    "statically shaped tensor of !quant.uniform, one scale in all or per entry of its axis",
    "::mlir::RankedTensorType">;
def QBias_ElementTensor : Type<
    CPred<"::qbias::isStaticTensor($_self)">,
    "statically shaped tensor",
    "::mlir::RankedTensorType">;
def QBias_RealOrQuantTensor : Type<
    Or<[QBias_RealTensor.predicate, QBias_QuantTensor.predicate]>,
    "statically shaped tensor of f32 or !quant.uniform", "::mlir::RankedTensorType">;

//===----------------------------------------------------------------------===//
// Boundary between integers and reals
//===----------------------------------------------------------------------===//

def QBias_QuantizeOp : QBias_Op<"quantize", [Pure, SameOperandsAndResultShape]> {
  let summary = "Quantize real numbers to integers, round half to even";
  let description = [{
    N2, per element, with scale `s`, zero point `z` and storage range
    `[qmin, qmax]` of the result type (per channel for a per-axis type):

    ```
    q = clamp(rnd(x / s) + z, qmin, qmax)
    ```

    Constraints:
    * C1: operand and result have the same shape.
    * C2: the storage type has 4, 8 or 16 bits, or is signed and has 32.
    * C3: every scale is positive and finite.
    * C4: every zero point lies in the storage range.

    Example: test/Examples/quantize.mlir
  }];
  let arguments = (ins QBias_RealTensor:$input);
  let results = (outs QBias_QuantTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def QBias_DequantizeOp : QBias_Op<"dequantize", [Pure, SameOperandsAndResultShape]> {
  let summary = "The real numbers that quantized integers stand for";
  let description = [{
    N1: `x = (q - z) * s`, exact. Constraints:
    * C1 to C4: as `qbias.quantize`.

    Example: test/Examples/quantize.mlir
  }];
  let arguments = (ins QBias_QuantTensor:$input);
  let results = (outs QBias_RealTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Sums of products
//===----------------------------------------------------------------------===//

def QBias_Conv2DOp : QBias_Op<"conv2d", [Pure,
    DeclareOpInterfaceMethods<QBias_AccumulatorOpInterface>]> {
  let summary = "Convolution over two spatial dimensions, NHWC";
  let description = [{
    `input` is `[N, H, W, C]`, `weight` `[O, KH, KW, C / groups]`, `bias`
    `[O]`, the result `[N, OH, OW, O]`. `pads` is `[top, left, bottom, right]`;
    a padded tap is real 0.

    ```
    y[n,i,j,o] = bias[o] + sum over kh, kw, c of
        x[n, i*s0 + kh*d0 - top, j*s1 + kw*d1 - left, g*(C/groups) + c] * w[o,kh,kw,c]
    with g = o / (O / groups)
    ```

    Depthwise is `groups = C` (multiplier `O / C`). Constraints:
    * C1: input, weight and result have rank 4.
    * C2: there are two strides, two dilations and four pads; strides and
      dilations are positive, pads not negative, and all at most 2^24.
    * C3: C and O are multiples of groups, and weight's last dimension is C / groups.
    * C4: the bias has O elements.
    * C5: the result shape follows from the formula, with 1 to 2^24 rows and
      columns.

    Example: test/Examples/conv2d.mlir
  }];
  let arguments = (ins QBias_RealTensor:$input, QBias_RealTensor:$weight,
    Optional<QBias_RealTensor>:$bias,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
    DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs QBias_RealTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`bias` $bias^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def QBias_MatmulOp : QBias_Op<"matmul", [Pure,
    DeclareOpInterfaceMethods<QBias_AccumulatorOpInterface>]> {
  let summary = "Matrix product with transposed right operand, plus bias";
  let description = [{
    `lhs` is `[..., M, K]`, `rhs` `[N, K]` or `[..., N, K]`, `bias` `[N]`, the
    result `[..., M, N]`:

    ```
    y[..., m, n] = bias[n] + sum over k of lhs[..., m, k] * rhs[..., n, k]
    ```

    Constraints:
    * C1: lhs has rank at least 2; rhs has rank 2 or lhs's rank with equal
      leading dimensions.
    * C2: both last dimensions are equal.
    * C3: the bias has N elements.
    * C4: the result shape is [..., M, N].

    Example: test/Examples/matmul.mlir
  }];
  let arguments = (ins QBias_RealTensor:$lhs, QBias_RealTensor:$rhs,
                       Optional<QBias_RealTensor>:$bias);
  let results = (outs QBias_RealTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs (`bias` $bias^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def QBias_BiasOp : QBias_Op<"bias", [Pure]> {
  let summary = "Bias constant: an int32 part on the accumulator's grid, and what it leaves over";
  let description = [{
    The real bias `b[c] = value[c] * unit[c]` (`unit` absent: 1), together
    with the int32 constant the accumulator is started with (N5):

    ```
    integer[c] = rne(b[c] / (input_scale * weight_scale[c]))
    result[c]  = b[c] = integer[c] * input_scale * weight_scale[c] + residue[c]
    ```

    `kind` says how the bias came to be (docs/Numerics.md, section 6).
    Constraints:
    * C1: integer (i32, or i64 where the accumulator is), value, unit and
      weight_scale have one element per channel (weight_scale and unit may have
      a single one), for at most 2^20 channels.
    * C2: |residue| is at most half of input_scale * weight_scale, unless the
      kind is overflow: there the accumulator's range ends (N10); or unless
      `substitute` says that another integer was asked for (docs/Bias.md).
    * C3: all scales and units are positive and finite, all values finite.

    Example: test/Examples/bias.mlir
  }];
  let arguments = (ins QBias_BiasCaseAttr:$kind, UnitAttr:$substitute, ElementsAttr:$integer,
    ElementsAttr:$value, OptionalAttr<ElementsAttr>:$unit, F64Attr:$input_scale,
    ElementsAttr:$weight_scale);
  let results = (outs QBias_RealTensor:$result);
  let assemblyFormat = [{
    $kind $integer `value` $value (`unit` $unit^)? `scales` $input_scale `,`
    $weight_scale attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
}

def QBias_ConvTranspose2DOp : QBias_Op<"conv_transpose2d", [Pure]> {
  let summary = "Transposed convolution over two spatial dimensions, NHWC";
  let description = [{
    The gradient of `qbias.conv2d` with respect to its input. `input` is
    `[N, H, W, C]`, `weight` `[O, KH, KW, C / groups]`, `bias` `[O]`, the result
    `[N, OH, OW, O]`. Every input element adds its products to a window of the
    result; `pads` `[top, left, bottom, right]` cuts the result's border off,
    `output_pads` `[bottom, right]` puts rows and columns of the bias back.

    ```
    y[n,i,j,o] = bias[o] + sum over all h, kh, w, kw, c with
        h*s0 + kh*d0 - top = i and w*s1 + kw*d1 - left = j of
        x[n, h, w, g*(C/groups) + c] * w[o,kh,kw,c]       with g = o / (O / groups)
    ```

    `--qbias-decompose` makes a `qbias.pad` with zeros between the elements and
    a `qbias.conv2d` with the kernel turned around of it. Constraints:
    * C1: input, weight and result have rank 4.
    * C2: there are two strides, dilations and output pads and four pads;
      strides and dilations are positive, pads not negative, and all at most
      2^24; the kernel has at most 2^24 rows and columns.
    * C3: C and O are multiples of groups, and weight's last dimension is C / groups.
    * C4: the bias has O elements.
    * C5: the result has (H - 1) * s0 + d0 * (KH - 1) + 1 - top - bottom +
      output pad rows, 1 to 2^24, and as many columns alike.

    Example: test/Examples/conv-transpose2d.mlir
  }];
  let arguments = (ins QBias_RealTensor:$input, QBias_RealTensor:$weight,
    Optional<QBias_RealTensor>:$bias,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0}">:$output_pads,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
    DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs QBias_RealTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`bias` $bias^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

class QBias_BinaryOp<string mnemonic, string what> : QBias_Op<mnemonic, [Pure]> {
  let summary = what # " of two tensors, elementwise";
  let description = [{
    Exact. Constraints:
    * C1: operands and result have equal rank.
    * C2: dimensions are equal or 1; the result has the larger of both.

    Example: test/Examples/}] # mnemonic # [{.mlir
  }];
  let arguments = (ins QBias_RealTensor:$lhs, QBias_RealTensor:$rhs);
  let results = (outs QBias_RealTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
  let hasVerifier = 1;
}
def QBias_AddOp : QBias_BinaryOp<"add", "Sum">;
def QBias_SubOp : QBias_BinaryOp<"sub", "Difference">;
def QBias_MulOp : QBias_BinaryOp<"mul", "Product">;

def QBias_DivOp : QBias_Op<"div", [Pure]> {
  let summary = "Quotient by a constant, elementwise";
  let description = [{
    `y = lhs / rhs`, exact. It has an integer form where all elements of rhs are
    one constant. Constraints:
    * C1, C2: as `qbias.add`.
    * C3: a constant rhs has no element 0.

    Example: test/Examples/div.mlir
  }];
  let arguments = (ins QBias_RealTensor:$lhs, QBias_RealTensor:$rhs);
  let results = (outs QBias_RealTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
  let hasVerifier = 1;
}

/// One of two elements: belongs to both families.
class QBias_ExtremumOp<string mnemonic, string what> : QBias_Op<mnemonic, [Pure,
    DeclareOpInterfaceMethods<QBias_ScaleTransparentOpInterface>]> {
  let summary = "The " # what # " of two elements, of any element type";
  let description = [{
    Elementwise. It commutes with quantize, which is monotone, so it is the same
    operation on reals, quantized tensors and integers. Constraints:
    * C1, C2: as `qbias.add`.
    * C3: operands and result have one element type, which has one scale if it
      is quantized.

    Example: test/Examples/}] # mnemonic # [{.mlir
  }];
  let arguments = (ins QBias_ElementTensor:$lhs, QBias_ElementTensor:$rhs);
  let results = (outs QBias_ElementTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs) `->` type($result)";
  let hasVerifier = 1;
}
def QBias_MaximumOp : QBias_ExtremumOp<"maximum", "larger">;
def QBias_MinimumOp : QBias_ExtremumOp<"minimum", "smaller">;

def QBias_ClampOp : QBias_Op<"clamp", [Pure, SameOperandsAndResultType]> {
  let summary = "Limit real numbers to an interval";
  let description = [{
    `y = min(max(x, lo), hi)`; ReLU is `lo = 0`, ReLU6 `lo = 0, hi = 6`. An
    absent bound is an infinity. Constraints:
    * C1: bounds are finite.
    * C2: lo is at most hi.

    Example: test/Examples/clamp.mlir
  }];
  let arguments = (ins QBias_RealTensor:$input, OptionalAttr<F64Attr>:$lo,
                       OptionalAttr<F64Attr>:$hi);
  let results = (outs QBias_RealTensor:$result);
  let assemblyFormat = "$input (`lo` $lo^)? (`hi` $hi^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def QBias_UnaryOp : QBias_Op<"unary", [Pure, SameOperandsAndResultType]> {
  let summary = "One-operand real function, elementwise";
  let description = [{
    `sigmoid`, `tanh`, `hard_sigmoid` (alpha, beta), `hard_swish`,
    `leaky_relu` (alpha), `gelu`, `gelu_tanh`, `silu`, `elu` (alpha), `exp`,
    `sqrt`, `abs`, `square`, `erf`, `log`, `softplus`, `mish`, `softsign`,
    `reciprocal`, `rsqrt`, `floor`, `ceil`, `round` (half to even), `sign`,
    `threshold` (x above alpha, else 0): real functions, evaluated without
    error. Where a function has no value it takes a limit: the square root of a
    negative number is 0, the logarithm of one that is not positive minus
    infinity, 1 / 0 and 1 / sqrt(x) for x <= 0 plus infinity. Constraints:
    * C1: alpha is given for hard_sigmoid, leaky_relu, elu and threshold, beta
      for hard_sigmoid, and neither elsewhere; both finite.

    Example: test/Examples/unary.mlir
  }];
  let arguments = (ins QBias_UnaryKindAttr:$function, QBias_RealTensor:$input,
                       OptionalAttr<F64Attr>:$alpha, OptionalAttr<F64Attr>:$beta);
  let results = (outs QBias_RealTensor:$result);
  let assemblyFormat = "$function $input (`alpha` $alpha^)? (`beta` $beta^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def QBias_SoftmaxOp : QBias_Op<"softmax", [Pure, SameOperandsAndResultType]> {
  let summary = "Softmax over the last dimension";
  let description = [{
    ```
    y[.., i] = exp(beta * x[.., i]) / sum over j of exp(beta * x[.., j])
    ```

    Constraints:
    * C1: the rank is at least 1, and there are 1 to 2^20 elements in a row.
    * C2: beta is positive and finite.

    Example: test/Examples/softmax.mlir
  }];
  let arguments = (ins QBias_RealTensor:$input, F64Attr:$beta);
  let results = (outs QBias_RealTensor:$result);
  let assemblyFormat = "$input `beta` $beta attr-dict `:` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Windows and movement
//===----------------------------------------------------------------------===//

def QBias_PoolOp : QBias_Op<"pool", [Pure,
    DeclareOpInterfaceMethods<QBias_ScaleTransparentOpInterface>]> {
  let summary = "Maximum or mean over windows, NHWC";
  let description = [{
    `input` `[N, H, W, C]`, result `[N, OH, OW, C]`. `max` ignores padded
    positions. `avg` divides by the number of positions of the window:
    all of them when `count_include_pad`, else those inside the input. A
    global pool has the input's extent as kernel. `max` also works on
    quantized tensors (it commutes with quantize exactly); `avg` on reals only.
    Constraints:
    * C1: rank 4; two kernel extents, strides and dilations, four pads; all
      positive but the pads, which are not negative; each at most 2^24, and the
      kernel has at most 2^31 positions.
    * C2: every window holds at least one position of the input; windows of avg
      that do not count padding have at most 65536 different sizes.
    * C3: the result shape follows, with 1 to 2^24 rows and columns (rows past
      the input's end, as a ceil mode makes them, are allowed through pads).
    * C4: avg has real operands; operand and result have one element type.

    Example: test/Examples/pool.mlir
  }];
  let arguments = (ins QBias_PoolKindAttr:$kind, QBias_RealOrQuantTensor:$input,
    DenseI64ArrayAttr:$kernel,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
    UnitAttr:$count_include_pad);
  let results = (outs QBias_RealOrQuantTensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def QBias_PadOp : QBias_Op<"pad", [Pure,
    DeclareOpInterfaceMethods<QBias_ScaleTransparentOpInterface,
      ["insertsOnlyGridValues"]>]> {
  let summary = "Surround a tensor with a constant";
  let description = [{
    `low` and `high` give the number of elements before and after, `interior`
    (absent: 0) that between two neighbours, per dimension. On a quantized
    tensor the inserted integer is `value` quantized to the tensor's type.
    Constraints:
    * C1: low, high and interior have one entry per dimension, each from 0 to
      2^24.
    * C2: the result shape is low + shape + (shape - 1) * interior + high;
      element types are equal.
    * C3: the value is finite.
    * C4: a quantized tensor has one scale for all elements.

    Example: test/Examples/pad.mlir
  }];
  let arguments = (ins QBias_RealOrQuantTensor:$input, DenseI64ArrayAttr:$low,
                       DenseI64ArrayAttr:$high, OptionalAttr<DenseI64ArrayAttr>:$interior,
                       F64Attr:$value);
  let results = (outs QBias_RealOrQuantTensor:$result);
  let assemblyFormat = [{
    $input `low` $low `high` $high (`interior` $interior^)? `value` $value attr-dict `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

def QBias_TransposeOp : QBias_Op<"transpose", [Pure,
    DeclareOpInterfaceMethods<QBias_ScaleTransparentOpInterface>]> {
  let summary = "Permute the dimensions of a tensor of any element type";
  let description = [{
    Result dimension i is operand dimension `permutation[i]`. Upstream
    `linalg.transpose` does not take quantized element types; this one belongs
    to both families. Constraints:
    * C1: the permutation names every dimension once.
    * C2: result shape and element type follow.

    Example: test/Examples/transpose.mlir
  }];
  let arguments = (ins QBias_ElementTensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs QBias_ElementTensor:$result);
  let assemblyFormat = "$input $permutation attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def QBias_GatherOp : QBias_Op<"gather", [Pure,
    DeclareOpInterfaceMethods<QBias_ScaleTransparentOpInterface>]> {
  let summary = "Select, repeat or reverse slices of a tensor of any element type";
  let description = [{
    Along dimension `dim`, result slice i is operand slice `indices[i]`:

    ```
    y[.., i, ..] = x[.., indices[i], ..]
    ```

    Nearest resize is one gather per spatial dimension; repeats, reversals and
    padding by reflection are gathers too. It belongs to both families.
    Constraints:
    * C1: dim is a dimension of the operand.
    * C2: there are 1 to 2^24 indices, each of a slice of the operand.
    * C3: the result has the operand's shape but for one slice per index, and
      the operand's element type.
    * C4: a per-axis quantized type has another axis.

    Example: test/Examples/gather.mlir
  }];
  let arguments = (ins QBias_ElementTensor:$input, I64Attr:$dim,
                       DenseI64ArrayAttr:$indices);
  let results = (outs QBias_ElementTensor:$result);
  let assemblyFormat = "$input `dim` $dim `indices` $indices attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def QBias_OrderedTensor : Type<
    Or<[QBias_RealOrQuantTensor.predicate, CPred<"::qbias::isIntegerTensor($_self)">]>,
    "statically shaped tensor of f32, !quant.uniform or integers", "::mlir::RankedTensorType">;
def QBias_IndexTensor : Type<
    And<[CPred<"::qbias::isIntegerTensor($_self)">, Or<!foreach(width, [32, 64], CPred<
      "::llvm::cast<::mlir::RankedTensorType>($_self).getElementType().isSignlessInteger(" # width # ")">)>]>,
    "statically shaped tensor of i32 or i64", "::mlir::RankedTensorType">;

def QBias_ArgMaxOp : QBias_Op<"arg_max", [Pure]> {
  let summary = "Where the largest element along a dimension is";
  let description = [{
    ```
    y[.., ..] = the first i with x[.., i, ..] = max over j of x[.., j, ..]
    ```

    and the last such i with `last`. The result lacks dimension `dim`, or has
    one index there with `keep_dim`. Dequantize keeps the order of elements, so
    the operation is the same on a quantized tensor, on the reals it stands for
    and on its integers; it belongs to both families. Constraints:
    * C1: dim is a dimension of the operand, with at most 2^31 - 1 elements.
    * C2: the result's shape follows.
    * C3: a quantized operand has one scale for all elements.

    Example: test/Examples/arg-max.mlir
  }];
  let arguments = (ins QBias_OrderedTensor:$input, I64Attr:$dim,
                       UnitAttr:$keep_dim, UnitAttr:$last);
  let results = (outs QBias_IndexTensor:$result);
  let assemblyFormat = "$input `dim` $dim attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

#endif // QBIAS_OPS
