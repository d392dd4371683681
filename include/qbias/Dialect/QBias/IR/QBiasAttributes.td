//===- QBiasAttributes.td - attributes of the qbias dialect ---*- tablegen -*-===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QBIAS_ATTRIBUTES
#define QBIAS_ATTRIBUTES

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "qbias/Dialect/QBias/IR/QBiasDialect.td"

class QBias_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<QBias_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

//===----------------------------------------------------------------------===//
// Enumerations
//===----------------------------------------------------------------------===//

def QBias_RequantMode : I32EnumAttr<"RequantMode", "rounding contract (docs/Numerics.md, section 4)", [
    I32EnumAttrCase<"Exact", 0, "exact">,
    I32EnumAttrCase<"Single", 1, "single">,
    I32EnumAttrCase<"TFLite", 2, "tflite">,
    I32EnumAttrCase<"Float", 3, "float">,
    I32EnumAttrCase<"Shift", 4, "shift">]> {
  let cppNamespace = "::qbias";
  let genSpecializedAttr = 0;
}

def QBias_RequantForm : I32EnumAttr<"RequantForm", "form of a requantization (N6, N8, section 4)", [
    I32EnumAttrCase<"Affine", 0, "affine">,
    I32EnumAttrCase<"HalfEven", 1, "half_even">,
    I32EnumAttrCase<"Threshold", 2, "threshold">,
    I32EnumAttrCase<"Table", 3, "table">,
    I32EnumAttrCase<"Accumulator", 4, "accumulator">,
    I32EnumAttrCase<"DoubleRound", 5, "double_round">,
    I32EnumAttrCase<"Divide", 6, "divide">,
    I32EnumAttrCase<"RescaledSum", 7, "rescaled_sum">,
    I32EnumAttrCase<"Float", 8, "float">,
    I32EnumAttrCase<"FloatBias", 9, "float_bias">,
    I32EnumAttrCase<"Wide", 10, "wide">]> {
  let cppNamespace = "::qbias";
  let genSpecializedAttr = 0;
}

def QBias_PoolKind : I32EnumAttr<"PoolKind", "kind of pooling", [
    I32EnumAttrCase<"Max", 0, "max">,
    I32EnumAttrCase<"Avg", 1, "avg">]> {
  let cppNamespace = "::qbias";
  let genSpecializedAttr = 0;
}
def QBias_PoolKindAttr : EnumAttr<QBias_Dialect, QBias_PoolKind, "pool_kind">;

def QBias_BiasCase : I32EnumAttr<"BiasCase", "how a bias came to its int32 constant (docs/Numerics.md, section 6)", [
    I32EnumAttrCase<"Float", 0, "float">,
    I32EnumAttrCase<"OnGrid", 1, "on_grid">,
    I32EnumAttrCase<"Rescaled", 2, "rescaled">,
    I32EnumAttrCase<"Overflow", 3, "overflow">,
    I32EnumAttrCase<"Shared", 4, "shared">,
    I32EnumAttrCase<"Absent", 5, "absent">,
    I32EnumAttrCase<"DeadChannel", 6, "dead_channel">]> {
  let cppNamespace = "::qbias";
  let genSpecializedAttr = 0;
}
def QBias_BiasCaseAttr : EnumAttr<QBias_Dialect, QBias_BiasCase, "bias_case">;

def QBias_UnaryKind : I32EnumAttr<"UnaryKind", "one-operand real function", [
    I32EnumAttrCase<"Sigmoid", 0, "sigmoid">,
    I32EnumAttrCase<"Tanh", 1, "tanh">,
    I32EnumAttrCase<"HardSigmoid", 2, "hard_sigmoid">,
    I32EnumAttrCase<"HardSwish", 3, "hard_swish">,
    I32EnumAttrCase<"LeakyRelu", 4, "leaky_relu">,
    I32EnumAttrCase<"Gelu", 5, "gelu">,
    I32EnumAttrCase<"GeluTanh", 6, "gelu_tanh">,
    I32EnumAttrCase<"Silu", 7, "silu">,
    I32EnumAttrCase<"Elu", 8, "elu">,
    I32EnumAttrCase<"Exp", 9, "exp">,
    I32EnumAttrCase<"Sqrt", 10, "sqrt">,
    I32EnumAttrCase<"Abs", 11, "abs">,
    I32EnumAttrCase<"Square", 12, "square">,
    I32EnumAttrCase<"Erf", 13, "erf">,
    I32EnumAttrCase<"Log", 14, "log">,
    I32EnumAttrCase<"Softplus", 15, "softplus">,
    I32EnumAttrCase<"Mish", 16, "mish">,
    I32EnumAttrCase<"Softsign", 17, "softsign">,
    I32EnumAttrCase<"Reciprocal", 18, "reciprocal">,
    I32EnumAttrCase<"Rsqrt", 19, "rsqrt">,
    I32EnumAttrCase<"Floor", 20, "floor">,
    I32EnumAttrCase<"Ceil", 21, "ceil">,
    I32EnumAttrCase<"Round", 22, "round">,
    I32EnumAttrCase<"Sign", 23, "sign">,
    I32EnumAttrCase<"Threshold", 24, "threshold">]> {
  let cppNamespace = "::qbias";
  let genSpecializedAttr = 0;
}
def QBias_UnaryKindAttr : EnumAttr<QBias_Dialect, QBias_UnaryKind, "unary_kind">;

def QBias_CombineKind : I32EnumAttr<"CombineKind", "how two chains of one operand meet", [
    I32EnumAttrCase<"Add", 0, "add">,
    I32EnumAttrCase<"Sub", 1, "sub">,
    I32EnumAttrCase<"Mul", 2, "mul">]> {
  let cppNamespace = "::qbias";
  let genSpecializedAttr = 0;
}

//===----------------------------------------------------------------------===//
// Steps of a reference
//===----------------------------------------------------------------------===//

def QBias_ClampStepAttr : QBias_Attr<"ClampStep", "clamp"> {
  let summary = "Real step: min(max(x, lo), hi)";
  let description = "An absent bound is an infinity. Example: `#qbias.clamp<lo = 0.0 : f64>`.";
  let parameters = (ins OptionalParameter<"::mlir::FloatAttr">:$lo,
                        OptionalParameter<"::mlir::FloatAttr">:$hi);
  let assemblyFormat = "`<` struct(params) `>`";
}

def QBias_UnaryStepAttr : QBias_Attr<"UnaryStep", "unary"> {
  let summary = "Real step: a one-operand function";
  let description = "As `qbias.unary`. Example: `#qbias.unary<function = sigmoid>`.";
  let parameters = (ins EnumParameter<QBias_UnaryKind>:$function,
                        OptionalParameter<"::mlir::FloatAttr">:$alpha,
                        OptionalParameter<"::mlir::FloatAttr">:$beta);
  let assemblyFormat = "`<` struct(params) `>`";
}

def QBias_LinearStepAttr : QBias_Attr<"LinearStep", "linear"> {
  let summary = "Real step: x * factor / divisor + offset";
  let description = [{
    An absent divisor is 1. Example: `#qbias.linear<factor = 1.0 : f64, offset = 3.0 : f64>`.
  }];
  let parameters = (ins "::mlir::FloatAttr":$factor, "::mlir::FloatAttr":$offset,
                        OptionalParameter<"::mlir::FloatAttr">:$divisor);
  let assemblyFormat = "`<` struct(params) `>`";
}

def QBias_CombineStepAttr : QBias_Attr<"CombineStep", "combine"> {
  let summary = "Real step: sum, difference or product of two chains of steps";
  let description = [{
    `lhs(x) + rhs(x)`, `lhs(x) - rhs(x)` or `lhs(x) * rhs(x)`; an empty chain is
    x itself. Example, x * sigmoid(x):
    `#qbias.combine<kind = mul, lhs = [], rhs = [#qbias.unary<function = sigmoid>]>`.
  }];
  let parameters = (ins EnumParameter<QBias_CombineKind>:$kind,
                        "::mlir::ArrayAttr":$lhs, "::mlir::ArrayAttr":$rhs);
  let assemblyFormat = "`<` struct(params) `>`";
}

//===----------------------------------------------------------------------===//
// Reference and program of an integer operation
//===----------------------------------------------------------------------===//

/// An array of doubles whose text reads back as the same doubles; upstream
/// prints the elements of a DenseF64ArrayAttr with seven digits.
def QBias_ExactFloats : AttrParameter<"::mlir::DenseF64ArrayAttr", "exact f64 array"> {
  let printer = "::qbias::printExactFloats($_printer, $_self)";
  let parser = "::qbias::parseExactFloats($_parser)";
}

def QBias_ReferenceAttr : QBias_Attr<"Reference", "reference"> {
  let summary = "The real-number meaning an integer operation has to equal";
  let description = [{
    The exact scales of the operands (`operands`, one each; `weights`, one or
    one per output channel), the exact bias `bias[c] * bias_unit[c]`
    (`bias_unit` absent: 1), the real steps that follow in order (step
    attributes, or a quantized type for a quantize followed by a dequantize),
    and the type of the final quantize (absent: the accumulator itself is the
    result). All floats are exact binary values (N1).
  }];
  let parameters = (ins QBias_ExactFloats:$operands,
                        OptionalParameter<"::mlir::ElementsAttr">:$weights,
                        OptionalParameter<"::mlir::ElementsAttr">:$bias,
                        OptionalParameter<"::mlir::ElementsAttr">:$bias_unit,
                        OptionalParameter<"::mlir::ArrayAttr">:$steps,
                        OptionalParameter<"::mlir::TypeAttr">:$result);
  let assemblyFormat = "`<` struct(params) `>`";
}

def QBias_RequantAttr : QBias_Attr<"Requant", "requant"> {
  let summary = "Requantization of an integer operation (N6, N8, section 4)";
  let description = [{
    Per channel (or one entry for all): multiplier `m`, shift `k`, rounding
    constant `r`. With `acc` the accumulator, bias included:

    ```
    affine:      clamp((acc * m + r) >> k, lo, hi)
    half_even:   v = acc * m + r
                 clamp(((v + 2^(k-1) - 1 + ((v >> k) & 1)) >> k) + zero_point, lo, hi)
    threshold:   lo + #{i : acc >= thresholds[c][i]}
    table:       thresholds[acc - acc_min] (one-operand), or indexed by both operands
    accumulator: acc
    double_round: (sat32(acc << max(31 - k, 0)) * m rounded at 31 bits, ties up)
                 >> max(k - 31, 0), half away from zero, + zero_point, clamped
    divide:      sum of the window's own integers / divisor, half away from zero
    rescaled_sum: three rescales m[i], k[i]: both operands with extra bits, their
                 sum; rounded once in mode single, as double_round in tflite
    float:       rne(f32(acc) * m) + zero_point, or the f32 expression of the
                 dequantized operands (add, mul, avg_pool)
    float_bias:  rne((f32(acc) * m + r) / f32(scale of the result)) + zero_point
    wide:        low = acc * m_low + r_low
                 v = acc * m + r + (low >> limb)
                 y = v >> k, or where (v + tie) >> k is another integer the even
                 of the two
                 clamp(y + zero_point, lo, hi)
    ```

    The low halves of form wide are rows of `low`, one for each channel: limb,
    m_low, addend_multiplier's low half, r_low, tie.

    `m` and `r` of the float forms are f64 arrays that hold float32 values; only
    mode `float` has them, and no program with them is integer-only.

    Operations with an addend use `acc * m + q * addend_multiplier` in place
    of `acc * m`.
  }];
  let parameters = (ins EnumParameter<QBias_RequantMode>:$mode,
                        EnumParameter<QBias_RequantForm>:$form,
                        OptionalParameter<"::mlir::ElementsAttr">:$multiplier,
                        OptionalParameter<"::mlir::ElementsAttr">:$addend_multiplier,
                        OptionalParameter<"::mlir::ElementsAttr">:$shift,
                        OptionalParameter<"::mlir::ElementsAttr">:$rounding,
                        OptionalParameter<"::mlir::ElementsAttr">:$thresholds,
                        OptionalParameter<"::mlir::ElementsAttr">:$low,
                        DefaultValuedParameter<"int64_t", "0">:$zero_point,
                        DefaultValuedParameter<"int64_t", "0">:$lo,
                        DefaultValuedParameter<"int64_t", "0">:$hi);
  let builders = [AttrBuilder<(ins "RequantMode":$mode, "RequantForm":$form,
      "::mlir::ElementsAttr":$multiplier, "::mlir::ElementsAttr":$addend_multiplier,
      "::mlir::ElementsAttr":$shift, "::mlir::ElementsAttr":$rounding,
      "::mlir::ElementsAttr":$thresholds, "int64_t":$zero_point, "int64_t":$lo,
      "int64_t":$hi), [{
    return $_get($_ctxt, mode, form, multiplier, addend_multiplier, shift, rounding,
                 thresholds, ::mlir::ElementsAttr(), zero_point, lo, hi);
  }]>];
  let assemblyFormat = "`<` struct(params) `>`";
}

def QBias_BoundsAttr : QBias_Attr<"Bounds", "bounds"> {
  let summary = "Proven range of the accumulator per channel, bias included (N9)";
  let parameters = (ins "::mlir::ElementsAttr":$min, "::mlir::ElementsAttr":$max);
  let assemblyFormat = "`<` struct(params) `>`";
}

def QBias_CertificateAttr : QBias_Attr<"Certificate", "certificate"> {
  let summary = "Claim that program and reference agree on every input (N7)";
  let description = [{
    `certified` of `channels` channels are proven; `rounding_min`,
    `rounding_max` is the interval of rounding constants that are all exact.
    `wrong` and `largest_error` describe channels that are not proven: how many
    accumulators get another output than the reference, and by how much at most.
    A claim only: code generation proves it again.
  }];
  let parameters = (ins "int64_t":$channels, "int64_t":$certified,
                        OptionalParameter<"::mlir::ElementsAttr">:$rounding_min,
                        OptionalParameter<"::mlir::ElementsAttr">:$rounding_max,
                        OptionalParameter<"::mlir::ElementsAttr">:$wrong,
                        OptionalParameter<"::mlir::ElementsAttr">:$largest_error);
  let builders = [AttrBuilder<(ins "int64_t":$channels, "int64_t":$certified,
      "::mlir::ElementsAttr":$rounding_min, "::mlir::ElementsAttr":$rounding_max), [{
    return $_get($_ctxt, channels, certified, rounding_min, rounding_max,
                 ::mlir::ElementsAttr(), ::mlir::ElementsAttr());
  }]>];
  let assemblyFormat = "`<` struct(params) `>`";
}

def QBias_LayerAttr : QBias_Attr<"Layer", "layer"> {
  let summary = "Where an integer operation comes from in the source model";
  let description = [{
    `name` of the layer (node), `op` of the source model (`Conv`), and
    `tensor`, the quantized tensor the segment ends in.
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "::mlir::StringAttr":$op,
                        OptionalParameter<"::mlir::StringAttr">:$tensor);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif // QBIAS_ATTRIBUTES
