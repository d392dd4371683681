//===- QBiasIntOps.td - integer family ---*- tablegen -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_INT_OPS
#define QBIAS_INT_OPS

include "qbias/Dialect/QBias/IR/QBiasOps.td"

def QBias_IntTensor : Type<
    CPred<"::qbias::isIntegerTensor($_self)">,
    "statically shaped tensor of i8, ui8, i16, ui16, i32 or i64",
    "::mlir::RankedTensorType">;

/// The types below leave room for every centered sum and product in 64 bits.
class QBias_IntTensorOf<list<int> widths, string what> : Type<
    And<[QBias_IntTensor.predicate, Or<!foreach(width, widths, CPred<
      "::llvm::cast<::mlir::RankedTensorType>($_self).getElementTypeBitWidth() == " # width>)>]>,
    "statically shaped tensor of " # what, "::mlir::RankedTensorType">;
def QBias_ActivationTensor : QBias_IntTensorOf<[8, 16, 32], "i8, ui8, i16, ui16 or i32">;
def QBias_NarrowTensor : QBias_IntTensorOf<[8, 16], "i8, ui8, i16 or ui16">;
def QBias_WeightTensor : Type<
    And<[QBias_NarrowTensor.predicate,
         CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getElementType().isSignlessInteger()">]>,
    "statically shaped tensor of i8 or i16", "::mlir::RankedTensorType">;
def QBias_BiasTensor : QBias_IntTensorOf<[32, 64], "i32 or i64">;

class QBias_IntOp<string mnemonic, list<Trait> traits = []>
    : QBias_Op<"int." # mnemonic, !listconcat([Pure], traits)>;

/// Integer operations with a reference and a requantization.
class QBias_SegmentOp<string mnemonic, list<Trait> traits = []>
    : QBias_IntOp<mnemonic, !listconcat(traits, [QBias_IntegerSegmentOpInterface])> {
  dag segmentAttributes = (ins QBias_ReferenceAttr:$reference,
    QBias_RequantAttr:$requant, OptionalAttr<QBias_BoundsAttr>:$bounds,
    OptionalAttr<QBias_CertificateAttr>:$certificate,
    OptionalAttr<QBias_LayerAttr>:$layer);
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getActivations();
    int64_t getRequantChannels();
  }];
  let hasVerifier = 1;
}

def QBias_IntConv2DOp : QBias_SegmentOp<"conv2d", [AttrSizedOperandSegments]> {
  let summary = "Integer convolution, bias, activation and requantization in one";
  let description = [{
    Shapes and attributes as `qbias.conv2d`; a padded tap reads `input_zp`, so
    it contributes 0 (N4). `weight` is `q_w - z_w`, i8 or i16.

    ```
    acc[n,i,j,o] = bias[o] + sum of (input - input_zp) * weight
    y = requant[o](acc)                              (docs/Numerics.md, N6, N8)
    y = requant[o](acc, addend) with an addend: acc * m + addend * addend_multiplier (N11b)
    ```

    Constraints:
    * C1 to C5: as `qbias.conv2d`.
    * C6: input_zp is a value of the input's type.
    * C7: multiplier, shift, rounding, bounds and the certificate's interval
      have one entry per output channel, at most 2^20; a certificate counts
      these channels; bounds are integers with min <= max.
    * C8: 1 <= shift <= 62 (0 too in mode shift) and 0 < multiplier < 2^40 (0 too
      in modes other than exact).
    * C9: the accumulator form has an i32 or i64 result and no output type in
      its reference; every other form has a per-tensor output type there, whose
      integers the result holds, and lo <= hi of that integer type (a half_even
      form its zero point too).
    * C10: the addend has the result's shape and addend_zp is a value of its
      type; then, and only then, the requantization has addend multipliers, and
      its form is affine or half_even.
    * C11: thresholds are given for the forms threshold (i64, C rows of
      hi - lo >= 1) and table (i64, one entry per value of the bounds of the only
      channel), and for no other.
    * C12: the reference has one finite scale that is not 0 per activation,
      positive but for the addend's; one positive finite weight scale, or one
      per channel; finite biases (and units) in the same number; and finite
      steps.
    * C13: the form is one of the mode: affine or half_even and threshold
      (exact), affine and rescaled_sum (single), double_round, affine, divide and
      rescaled_sum (tflite), float and float_bias (float), affine (shift), table
      and accumulator in every mode; before certification affine stands for any.
      divide is for means, rescaled_sum for sums, float_bias for convolutions and
      matrix products. double_round has multipliers 0 <= m < 2^31 and shifts
      1 <= k <= 62 and no roundings, rescaled_sum three of each; float forms have
      one positive float32 multiplier per channel (sums, products and means
      none), float_bias a float32 rounding; divide has no arrays.

    Example: test/Examples/int-conv2d.mlir
  }];
  let arguments = !con((ins QBias_ActivationTensor:$input, QBias_WeightTensor:$weight,
    Optional<QBias_BiasTensor>:$bias, Optional<QBias_ActivationTensor>:$addend,
    I64Attr:$input_zp,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
    DefaultValuedAttr<I64Attr, "1">:$groups,
    DefaultValuedAttr<I64Attr, "0">:$addend_zp,
    OptionalAttr<QBias_BiasCaseAttr>:$bias_case), segmentAttributes);
  let results = (outs QBias_IntTensor:$result);
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getActivations();
    int64_t getRequantChannels();
    int64_t getAddendZeroPoint() { return getAddendZp(); }
  }];
  let assemblyFormat = [{
    $input `,` $weight (`bias` $bias^)? (`addend` $addend^)? attr-dict `:` functional-type(operands, results)
  }];
}

def QBias_IntMatmulOp : QBias_SegmentOp<"matmul", [AttrSizedOperandSegments]> {
  let summary = "Integer matrix product, bias, activation and requantization in one";
  let description = [{
    Shapes as `qbias.matmul`:

    ```
    acc[..., m, n] = bias[n] + sum over k of (lhs - lhs_zp) * (rhs - rhs_zp)
    y = requant[n](acc)
    ```

    `rhs` is a constant (then rhs_zp is 0) or a second activation.
    Constraints:
    * C1 to C4: as `qbias.matmul`.
    * C5: zero points are values of the operand's type.
    * C6: as C7 to C13 of `qbias.int.conv2d`; weight scales in the reference say
      that `rhs` is a constant, else it counts as an activation.
    * C7: a constant `rhs` has rank 2 and elements i8 or i16, and rhs_zp is 0.

    Example: test/Examples/int-matmul.mlir
  }];
  let arguments = !con((ins QBias_ActivationTensor:$lhs, QBias_ActivationTensor:$rhs,
    Optional<QBias_BiasTensor>:$bias, Optional<QBias_ActivationTensor>:$addend,
    I64Attr:$lhs_zp, I64Attr:$rhs_zp,
    DefaultValuedAttr<I64Attr, "0">:$addend_zp,
    OptionalAttr<QBias_BiasCaseAttr>:$bias_case), segmentAttributes);
  let results = (outs QBias_IntTensor:$result);
  let extraClassDeclaration = [{
    ::llvm::SmallVector<::mlir::Value> getActivations();
    int64_t getRequantChannels();
    int64_t getAddendZeroPoint() { return getAddendZp(); }
  }];
  let assemblyFormat = [{
    $lhs `,` $rhs (`bias` $bias^)? (`addend` $addend^)? attr-dict `:` functional-type(operands, results)
  }];
}

def QBias_IntAddOp : QBias_SegmentOp<"add"> {
  let summary = "Sum of two quantized tensors with one rounding";
  let description = [{
    N11. Raw integers; the zero points are inside the rounding constant:

    ```
    y = clamp((lhs * m + rhs * addend_multiplier + r) >> k, lo, hi)
    ```

    or the half_even form, or an i32 table over both operands (entry
    `(lhs - lhs_min) * n_rhs + (rhs - rhs_min)`, where the operands' producers
    leave `n` values from `min` on, N9). A difference has a negative
    addend_multiplier. Shapes broadcast as in `qbias.add`. The reference's
    operand scales are signed; `lhs_zp` and `rhs_zp` belong to the reference.
    Constraints:
    * C1, C2: as `qbias.add`.
    * C3: zero points are values of the operand's type.
    * C4: two multipliers, or the form table, rescaled_sum or float; one entry per array; as C7, C8
      (multipliers of either sign), C9, C11, C12 (scales of either sign) and C13 of
      `qbias.int.conv2d`.

    Example: test/Examples/int-add.mlir
  }];
  let arguments = !con((ins QBias_ActivationTensor:$lhs, QBias_ActivationTensor:$rhs,
    I64Attr:$lhs_zp, I64Attr:$rhs_zp), segmentAttributes);
  let results = (outs QBias_IntTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:` functional-type(operands, results)
  }];
}

def QBias_IntMulOp : QBias_SegmentOp<"mul"> {
  let summary = "Product of two quantized tensors with one rounding";
  let description = [{
    `y = requant((lhs - lhs_zp) * (rhs - rhs_zp))` (N11). Shapes broadcast.
    Constraints:
    * C1, C2: as `qbias.mul`.
    * C3: zero points are values of the operand's type.
    * C4: one entry per array; as C7 to C9 and C11 to C13 of `qbias.int.conv2d`.

    Example: test/Examples/int-mul.mlir
  }];
  let arguments = !con((ins QBias_NarrowTensor:$lhs, QBias_NarrowTensor:$rhs,
    I64Attr:$lhs_zp, I64Attr:$rhs_zp), segmentAttributes);
  let results = (outs QBias_IntTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:` functional-type(operands, results)
  }];
}

def QBias_IntAvgPoolOp : QBias_SegmentOp<"avg_pool"> {
  let summary = "Mean over windows with one rounding";
  let description = [{
    `S = sum of (input - input_zp)` over the window, padded positions
    contribute 0; `y = requant[d](S)` where d is the index of the window's
    divisor in `divisors` (one entry unless padding is not counted). The table
    form is indexed by `S - bounds.min`. Constraints:
    * C1 to C3: as `qbias.pool avg`.
    * C4: input_zp is a value of the input's type.
    * C5: divisors are exactly those of the windows, ascending.
    * C6: one entry per divisor in every array; as C7 to C9 and C11 to C13 of
      `qbias.int.conv2d`.

    Example: test/Examples/int-avg-pool.mlir
  }];
  let arguments = !con((ins QBias_NarrowTensor:$input, I64Attr:$input_zp,
    DenseI64ArrayAttr:$kernel,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations,
    UnitAttr:$count_include_pad,
    DenseI64ArrayAttr:$divisors), segmentAttributes);
  let results = (outs QBias_IntTensor:$result);
  let assemblyFormat = [{
    $input attr-dict `:` type($input) `->` type($result)
  }];
}

def QBias_IntRequantizeOp : QBias_SegmentOp<"requantize", [SameOperandsAndResultShape]> {
  let summary = "Requantization of one tensor without accumulation";
  let description = [{
    `y = requant(input - input_zp)`, one requantization for the whole tensor:
    what a rescale of a 16-bit tensor becomes (8-bit ones are lookups).
    Constraints:
    * C1: operand and result have one shape.
    * C2: input_zp is a value of the input's type.
    * C3: one entry per array; as C7 to C9 and C11 to C13 of `qbias.int.conv2d`.

    Example: test/Examples/int-requantize.mlir
  }];
  let arguments = !con((ins QBias_ActivationTensor:$input, I64Attr:$input_zp), segmentAttributes);
  let results = (outs QBias_IntTensor:$result);
  let assemblyFormat = [{
    $input attr-dict `:` type($input) `->` type($result)
  }];
}

def QBias_IntLookupOp : QBias_SegmentOp<"lookup", [SameOperandsAndResultShape]> {
  let summary = "Table with one entry per input integer";
  let description = [{
    `y = table[input - min]`, `min` the smallest value of the input's storage
    type: any chain of elementwise real functions of one quantized operand,
    exact by construction (N11, N13d). The requantization has form `table`
    and holds only the output range. Constraints:
    * C1: operand and result have one shape.
    * C2: the table is 1-d and has one integer per value of an 8-bit (16-bit)
      input: 256 (65536).
    * C3: the form is table, and every entry lies in lo .. hi.
    * C4: input_zp is a value of the input's type.
    * C5: as C7, C9 and C11 to C13 of `qbias.int.conv2d`; there are no thresholds.

    Example: test/Examples/int-lookup.mlir
  }];
  let arguments = !con((ins QBias_NarrowTensor:$input, I64Attr:$input_zp,
    ElementsAttr:$table), segmentAttributes);
  let results = (outs QBias_IntTensor:$result);
  let assemblyFormat = [{
    $input attr-dict `:` type($input) `->` type($result)
  }];
}

def QBias_IntSoftmaxOp : QBias_IntOp<"softmax"> {
  let summary = "Softmax of integers over the last dimension";
  let description = [{
    An integer approximation, not certified (N12). With `max` the largest integer
    of a row and e[j] = exponentials[max - x[j]]:

    ```
    sum  = sum over j of e[j]
    y[i] = clamp((2 * e[i] * multiplier + (sum << shift)) / (sum << (shift + 1)) + z)
    ```

    where exponentials[d] is 2^F * exp(-beta * input_scale * d), rounded, and
    multiplier / 2^shift is 1 / scale of the result. With `tflite` the program is
    that of the reference kernel instead (docs/Numerics.md, section 4): its
    exponentials, its reciprocal of the sum (from the table `reciprocals` for
    16-bit operands), its rounding. Constraints:
    * C1: operand and result have one shape, of rank 1 or more, with at most 2^20
      elements in a row (2^12 with tflite).
    * C2: beta and input_scale are positive and finite.
    * C3: the result type is per tensor, and the result holds its integers.
    * C4: there are 256 (65536) exponentials of i32 for an 8-bit (16-bit) operand
      and, with tflite and a 16-bit operand only, 513 reciprocals.
    * C5: 0 < multiplier < 2^31 and 0 <= shift <= 30; with tflite the multiplier
      is 1 and the shift 0.

    Example: test/Examples/int-softmax.mlir
  }];
  let arguments = (ins QBias_NarrowTensor:$input, F64Attr:$input_scale, F64Attr:$beta,
                       TypeAttr:$result_type, UnitAttr:$tflite,
                       ElementsAttr:$exponentials, OptionalAttr<ElementsAttr>:$reciprocals,
                       I64Attr:$multiplier, I64Attr:$shift,
                       OptionalAttr<QBias_LayerAttr>:$layer);
  let results = (outs QBias_IntTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def QBias_IntMaxPoolOp : QBias_IntOp<"max_pool"> {
  let summary = "Maximum over windows of integers";
  let description = [{
    As `qbias.pool max` on integers; padded positions are ignored (they read
    the smallest value of the type). Constraints:
    * C1 to C3: as `qbias.pool max`.
    * C4: operand and result have one element type.

    Example: test/Examples/int-max-pool.mlir
  }];
  let arguments = (ins QBias_IntTensor:$input, DenseI64ArrayAttr:$kernel,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
    DefaultValuedAttr<DenseI64ArrayAttr, "{0, 0, 0, 0}">:$pads,
    DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations);
  let results = (outs QBias_IntTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def QBias_IntPadOp : QBias_IntOp<"pad"> {
  let summary = "Surround a tensor of integers with a constant";
  let description = [{
    As `qbias.pad`. Constraints:
    * C1, C2: as `qbias.pad`.
    * C3: the value is one of the element type.

    Example: test/Examples/int-pad.mlir
  }];
  let arguments = (ins QBias_IntTensor:$input, DenseI64ArrayAttr:$low,
                       DenseI64ArrayAttr:$high, OptionalAttr<DenseI64ArrayAttr>:$interior,
                       I64Attr:$value);
  let results = (outs QBias_IntTensor:$result);
  let assemblyFormat = [{
    $input `low` $low `high` $high (`interior` $interior^)? `value` $value attr-dict `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif // QBIAS_INT_OPS
