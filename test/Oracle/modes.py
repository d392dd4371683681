# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scalar models of the modes beside exact (NUMERICS section 4), on plain integers.

A quantize in mode `single`, `tflite`, `float` or `shift` is not rounded exactly; it
does what that mode's formula does to the layer's accumulator.  The oracle tags real
tensors with their `Origin`; `quantize` here asks it for the accumulator or the
operands, and returns None where the mode has no formula (tables, max pool, a function
between a sum and its quantize): those are exact in every mode.
"""

import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

import tflite_kernels
from exact_scalar import round_half_even
from exact_tensor import Affine, Dequantized, Elementwise
from integer_ops import pad_spatial, taps, window_counts
from quantizer import Quantization
from quantizer import quantize as quantize_exactly
from value_map import ValueMap, common_groups

MODES = ("exact", "single", "tflite", "float", "shift")
MANTISSA = 1 << 31


class Illegal(ValueError):
    """The mode is not legal for this layer (shift without powers of two)."""


@dataclass
class Origin:
    """What a real tensor was computed by, kept through data movement.

    kind 'sum': one accumulator (conv, matmul, mul); the tensor has its own terms, of which
    a quantized operand is the first where the operator is 'operand first'.  Operator 'wide
    sum': the TFLite kernel for 16 bits adds in 64 bits, and multiplies by 15.
    kind 'pair': operator 'add', 'sub' or 'mul' of two Dequantized `operands`.
    kind 'mean': `operands` = [Dequantized x], `windows(ints)` gives the list of taps, each
    of the output's shape, and the divisors.
    kind 'concat': `operands` side by side along axis `windows`.
    moves: data movements applied since.
    """

    kind: str
    operator: str = ""
    operands: list = field(default_factory=list)
    windows: object = None
    moves: list = field(default_factory=list)

    def moved(self, function):
        """The same origin behind one more data movement."""
        return Origin(self.kind, self.operator, self.operands, self.windows,
                      self.moves + [function])

    def apply(self, ints):
        """Bring an array of the operator's own shape to the tensor's."""
        for function in self.moves:
            ints = function(ints)
        return ints


# --- scalars ---------------------------------------------------------------


def producer_multiplier(real):
    """(m, k): m / 2^k near the double `real`, 31 bits, rounded half away, as producers do."""
    mantissa, exponent = math.frexp(real)
    m = math.floor(mantissa * MANTISSA + 0.5)
    if m == MANTISSA:
        m, exponent = m // 2, exponent + 1
    return m, 31 - exponent


def flushed_multiplier(real):
    """As the TFLite kernels: too small a multiplier is 0."""
    m, k = producer_multiplier(real)
    return (0, 31) if 31 - k < -31 else (m, k)


def high_product(a, m):
    """Saturating rounding doubling high multiplication of an int32 array (gemmlowp)."""
    product = a.astype(np.int64) * m
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    return np.sign(nudged) * (np.abs(nudged) // MANTISSA)  # C division: towards zero


def divide_by_power(x, exponent):
    """Rounding division by 2^exponent, ties away from zero (gemmlowp)."""
    magnitude = np.abs(x)
    half = (1 << exponent) >> 1
    return np.sign(x) * ((magnitude + half) >> exponent)


def saturate(x):
    """Limit to int32."""
    return np.clip(x, -2**31, 2**31 - 1)


def rescale_twice(x, m, k):
    """MultiplyByQuantizedMultiplier of the TFLite reference kernels."""
    left, right = max(31 - k, 0), max(k - 31, 0)
    x = saturate(np.asarray(x, dtype=np.int64))
    limit = 2**31 >> left
    x = saturate(np.clip(x, -limit, limit) << left)
    return divide_by_power(high_product(x, m), right)


def rescale_short(x, m, k):
    """The same for sums of 64 bits: 15 bits of m, one rounding, ties up."""
    short = 0x7FFF if m >= 0x7FFF0000 else (m + (1 << 15)) >> 16
    return (np.asarray(x, dtype=np.int64) * short + (1 << (k - 17))) >> (k - 16)


def rescale_once(x, m, k):
    """One rounding, ties up."""
    return (np.asarray(x, dtype=np.int64) * m + (1 << (k - 1))) >> k


def plain_numbers(real, zero_point):
    """(m, k, r) of mode single; k gives way where z << k leaves no room in 64 bits."""
    m, k = producer_multiplier(real)
    if k < 1:
        m, k = MANTISSA - 1, 1
    fitting = min(k, 62)
    while fitting > 1 and not -2**62 <= (zero_point << fitting) + (1 << (fitting - 1)) <= 2**62:
        fitting -= 1
    m >>= min(k - fitting, 31)
    return m, fitting, (zero_point << fitting) + (1 << (fitting - 1))


def power_shift(real):
    """k with real = 2^-k up to float32 rounding.  Errors: Illegal."""
    k = -round(math.log2(real))
    if abs(real * Fraction(2)**k - 1) > Fraction(1, 2**23):
        raise Illegal(f"{float(real)} is no power of two")
    return k


def float_round(x, zero_point):
    """rne(x) + z of float32 values."""
    assert x.dtype == np.float32
    return np.rint(np.clip(x, np.float32(-2**20), np.float32(2**20))).astype(np.int64) + zero_point


# --- tensors ---------------------------------------------------------------


@dataclass
class Target:
    """Where a quantize goes: exact scale, zero point, integer range, widest operand bits."""

    scale: Fraction
    zero_point: int
    qmin: int
    qmax: int


def single_target(quantization):
    """Target of a per-tensor Quantization."""
    return Target(quantization.scale.item(), int(quantization.zero_point.item()),
                  quantization.qmin, quantization.qmax)


def _clips(tensor, keep=False):
    """(tensor below the clips, [(low, high)] from the inside out); None for other functions,
    unless `keep`."""
    clips = []
    while isinstance(tensor, Elementwise) and tensor.function == "clip":
        clips.append((tensor.parameters["low"], tensor.parameters["high"]))
        tensor = tensor.arguments[0]
    is_other = isinstance(tensor, Elementwise) and not keep
    return (None if is_other else tensor), clips[::-1]


def has_bias(tensor):
    """True for an accumulator with a bias below the clips of `tensor`."""
    tensor, _ = _clips(tensor)
    return bool(getattr(tensor, "origin", None) and tensor.origin.kind == "sum"
                and tensor.constant is not None)


def _half_away(value):
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def _bounds(clips, target, mode):
    """Integer clamp of the activations: exact, or in float32 as the TFLite kernels."""
    def level(bound):
        if mode == "tflite":
            return target.zero_point + _half_away(float(np.float32(float(bound)) /
                                                        np.float32(float(target.scale))))
        return target.zero_point + round_half_even(bound / target.scale)
    ends = [target.qmin, target.qmax]
    for low, high in clips:
        for i in (0, 1):
            ends[i] = ends[i] if low is None else max(ends[i], level(low))
            ends[i] = ends[i] if high is None else min(ends[i], level(high))
            ends[i] = min(max(ends[i], target.qmin), target.qmax)
    return ends


def quantize(tensor, target, mode, bias="residue"):
    """Integers of `tensor` in `mode`, or None where the mode has no formula of its own."""
    if isinstance(tensor, Elementwise) and tensor.function == "softmax" and mode == "tflite":
        return _kernel_softmax(tensor, target)
    if isinstance(tensor, Elementwise) and mode == "tflite" and tensor.function != "clip":
        return _kernel_function(tensor, target)
    if mode == "shift":
        _refuse_function(tensor)
    tensor, clips = _clips(tensor)
    if tensor is None:
        return None
    if isinstance(tensor, Dequantized):
        return _rescale(tensor, clips, target, mode)
    origin = getattr(tensor, "origin", None)
    if origin is None:
        return None
    low, high = _bounds(clips, target, mode)
    evaluate = {"sum": _quantize_sum, "pair": _quantize_pair, "mean": _quantize_mean,
                "concat": _quantize_parts}[origin.kind]
    ints = evaluate(tensor, origin, target, mode, bias)
    return None if ints is None else np.clip(ints, low, high)


def _kernel_softmax(tensor, target):
    """The tensor's integers number the elements of the rows before data movements."""
    rows, scale, beta = tensor.parameters["rows"].operand
    flat = tflite_kernels.softmax(rows, scale, beta, target.zero_point, target.qmin, target.qmax)
    return np.array(flat, dtype=np.int64).reshape(-1)[tensor.arguments[0].terms[0].ints]


def _kernel_function(tensor, target):
    """A function of one quantized tensor; None where the reference has no such kernel."""
    operand = tensor.arguments[0]
    if len(tensor.arguments) != 1 or not isinstance(operand, Dequantized) \
            or not operand.scale.is_scalar():
        return None
    function = tflite_kernels.function_of(
        tensor.function, tensor.parameters, float(operand.scale.item()),
        target.qmax - target.qmin > 255, float(target.scale), target.zero_point, target.qmin)
    if function is None:
        return None
    distinct, inverse = np.unique(operand.terms[0].ints, return_inverse=True)
    values = np.array([function(int(x)) for x in distinct], dtype=np.int64)
    return np.clip(values[inverse].reshape(tensor.shape) + target.zero_point,
                   target.qmin, target.qmax)


def _rescale(tensor, clips, target, mode):
    """A rescale of one operand, then clamps; only the TFLite kernel differs from exact."""
    if mode != "tflite":
        return None
    ints, index = tensor.terms[0].ints, tensor.scale.spread(tensor.shape)
    result = np.zeros(tensor.shape, dtype=np.int64)
    for number, scale in enumerate(tensor.scale.values):
        ratio = float(scale) / float(target.scale)
        if clips:  # RELU and its kin divide in float32
            ratio = float(np.float32(float(scale)) / np.float32(float(target.scale)))
        m, k = flushed_multiplier(ratio)
        result[index == number] = rescale_twice(ints[index == number], m, k)
    return np.clip(result + target.zero_point, *_bounds(clips, target, mode))


def _refuse_function(tensor):
    """Mode shift has none behind a sum, a product or a mean.  Errors: Illegal."""
    tensor, _ = _clips(tensor, keep=True)
    pending = [tensor] if isinstance(tensor, Elementwise) else []
    while pending:
        tensor = pending.pop()
        if isinstance(tensor, Elementwise):
            pending += tensor.arguments
        elif getattr(tensor, "origin", None):
            if tensor.origin.kind != "concat":
                raise Illegal(f"a function behind a {tensor.origin.kind}")
            pending += tensor.origin.operands


def int8_bias(constant):
    """The bias rounded to 8 bits of one scale of its own."""
    largest = max(abs(value) for value in constant.values)
    if largest == 0:
        return constant
    scale = largest / 127
    return constant.map(lambda v: min(max(round_half_even(v / scale), -128), 127) * scale)


def _quantize_sum(tensor, origin, target, mode, bias):
    """acc = integer sum + rounded bias, then one formula per group of channels."""
    constant = tensor.constant or ValueMap.scalar(0, len(tensor.shape))
    if bias == "int8":
        constant = int8_bias(constant)
    if len(tensor.terms) == 2 and mode in ("single", "shift"):
        terms = tensor.terms[::-1] if origin.operator == "operand first" else tensor.terms
        return _quantize_skip(tensor, terms, target, constant, mode)
    if len(tensor.terms) != 1:
        return None
    term = tensor.terms[0]
    groups, index = common_groups([term.coefficient, constant], tensor.shape)
    index = np.broadcast_to(index, tensor.shape)
    result = np.zeros(tensor.shape, dtype=np.int64)
    for number, (unit, offset) in enumerate(groups):
        chosen = index == number
        ints = term.ints[chosen].astype(np.int64)
        if bias == "float" and tensor.constant is not None:
            result[chosen] = _float_bias(ints, unit, offset, target)
        else:
            is_short = origin.operator == "wide sum" and is_wide(target)
            levels = _one_sum(ints + round_half_even(offset / unit), unit, target, mode, is_short)
            result[chosen] = np.clip(levels, target.qmin, target.qmax)
    return result


def is_wide(target):
    """16 bits: the TFLite kernels have one type for inputs and outputs."""
    return target.qmax - target.qmin > 255


def _one_sum(acc, unit, target, mode, is_short=False):
    real = float(unit) / float(target.scale)
    zero_point = target.zero_point
    if mode == "tflite" and is_short:
        return rescale_short(acc, *flushed_multiplier(real)) + zero_point
    if mode == "tflite":
        return rescale_twice(acc, *flushed_multiplier(real)) + zero_point
    if mode == "float":
        m = np.float32(float(unit)) / np.float32(float(target.scale))
        return float_round(acc.astype(np.float32) * m, zero_point)
    if mode == "shift":
        k = power_shift(unit / target.scale)
        if k <= 0:
            return (acc << -k) + zero_point
        return (acc + (zero_point << k) + (1 << (k - 1))) >> k
    m, k, r = plain_numbers(real, zero_point)
    return (acc.astype(object) * m + r) >> k


def _float_bias(acc, unit, offset, target):
    """(f32(acc) * f32(s_x s_w) + f32(b)) / f32(s_y)."""
    value = acc.astype(np.float32) * np.float32(float(unit)) + np.float32(float(offset))
    return float_round(value / np.float32(float(target.scale)), target.zero_point)


def _plain_skip(acc, unit, addend, scale, target):
    """Both multipliers over the shift of the first."""
    m, k, r = plain_numbers(float(unit) / float(target.scale), target.zero_point)
    m2 = _half_away(math.ldexp(float(scale) / float(target.scale), k))
    return (acc.astype(object) * m + addend.astype(object) * m2 + r) >> k


def _shifted_skip(acc, unit, addend, scale, target):
    """Both summands over the larger shift, then one rounding, ties up."""
    sign = -1 if scale < 0 else 1
    shifts = [power_shift(unit / target.scale), power_shift(abs(scale) / target.scale)]
    k = max(shifts + [0])
    total = (acc.astype(object) << (k - shifts[0])) + \
        sign * (addend.astype(object) << (k - shifts[1])) + (target.zero_point << k)
    return (total + ((1 << k) >> 1)) >> k


def _quantize_skip(tensor, terms, target, constant, mode):
    """single, shift: accumulator + quantized operand, with one rounding (N11b)."""
    evaluate = _plain_skip if mode == "single" else _shifted_skip
    first, second = terms
    groups, index = common_groups([first.coefficient, second.coefficient, constant],
                                  tensor.shape)
    index = np.broadcast_to(index, tensor.shape)
    result = np.zeros(tensor.shape, dtype=np.int64)
    for number, (unit, scale, offset) in enumerate(groups):
        chosen = index == number
        acc = first.ints[chosen].astype(np.int64) + round_half_even(offset / unit)
        levels = evaluate(acc, unit, second.ints[chosen], scale, target)
        result[chosen] = np.clip(levels, target.qmin, target.qmax)
    return result


def _quantize_pair(tensor, origin, target, mode, bias):
    """add, sub, mul of two quantized tensors."""
    if origin.operator == "mul" and mode not in ("float", "tflite"):
        return _quantize_sum(tensor, origin, target, mode, bias)
    shape = np.broadcast_shapes(*(operand.shape for operand in origin.operands))
    a, b = (np.broadcast_to(operand.terms[0].ints, shape).astype(np.int64)
            for operand in origin.operands)
    scales = [operand.scale.item() for operand in origin.operands]
    if origin.operator == "mul" and mode == "tflite":  # constants are integers, too
        return origin.apply(_one_sum(a * b, scales[0] * scales[1], target, mode))
    evaluate = {"single": _rescaled_pair, "tflite": _rescaled_pair, "float": _float_pair,
                "shift": _shifted_pair}[mode]
    return origin.apply(evaluate(origin.operator, (a, b), scales, target, mode))


def _rescaled_pair(operator, ints, scales, target, mode):
    """Three rescales with 20 extra bits, for 16-bit tensors 15, as the TFLite kernels."""
    twice = 2 * max(float(scale) for scale in scales)
    rescale, multiplier = ((rescale_twice, flushed_multiplier) if mode == "tflite"
                           else (rescale_once, flushed_multiplier))
    extra = 15 if is_wide(target) else 20
    a, b = (rescale(q << extra, *multiplier(float(scale) / twice))
            for q, scale in zip(ints, scales))
    total = a - b if operator == "sub" else a + b
    out = multiplier(twice / (2.0**extra * float(target.scale)))
    return rescale(total, *out) + target.zero_point


def _float_pair(operator, ints, scales, target, mode):
    del mode
    a, b = (q.astype(np.float32) * np.float32(float(scale)) for q, scale in zip(ints, scales))
    value = a * b if operator == "mul" else (a - b if operator == "sub" else a + b)
    return float_round(value / np.float32(float(target.scale)), target.zero_point)


def _shifted_pair(operator, ints, scales, target, mode):
    del mode
    shifts = [power_shift(scale / target.scale) for scale in scales]
    k = max(shifts + [0])
    a, b = (q << (k - shift) for q, shift in zip(ints, shifts))
    total = (a - b if operator == "sub" else a + b) + (target.zero_point << k)
    return (total + ((1 << k) >> 1)) >> k


def _quantize_mean(tensor, origin, target, mode, bias):
    """Average pools and means: origin.windows(ints) gives sums, counts, float32 sums."""
    del tensor, bias
    x = origin.operands[0]
    ints, scale, zero = x.terms[0].ints, x.scale.item(), int(x.zero_point.item())
    taps, counts = origin.windows(ints)
    if mode == "float":
        total = np.zeros(counts.shape, dtype=np.float32)
        for tap in taps:
            total = total + tap.astype(np.float32) * np.float32(float(scale))
        mean = total / counts.astype(np.float32)
        return origin.apply(float_round(mean / np.float32(float(target.scale)),
                                        target.zero_point))
    sums = sum(tap.astype(np.int64) for tap in taps)
    same = scale == target.scale and zero == target.zero_point
    if mode == "tflite" and same and origin.operator == "pool":
        raw = sums + counts * zero
        half = counts // 2
        return origin.apply(np.where(raw > 0, (raw + half) // counts, -((half - raw) // counts)))
    result = np.zeros(counts.shape, dtype=np.int64)
    for count in np.unique(counts):
        chosen = counts == count
        result[chosen] = _one_mean(sums[chosen], scale, int(count), target, mode)
    return origin.apply(result)


def _one_mean(sums, scale, count, target, mode):
    ratio = float(scale) / float(target.scale)
    if mode == "tflite":
        m, k = flushed_multiplier(ratio)
        shift = min(count.bit_length() - 1, 32, 62 - k)
        return rescale_twice(sums, (m << shift) // count, k + shift) + target.zero_point
    if mode == "shift":
        return _one_sum(sums, scale / count, target, mode)
    m, k, r = plain_numbers(ratio / count, target.zero_point)
    return (sums * m + r) >> k


def _quantize_parts(tensor, origin, target, mode, bias):
    """Concat: every part on its own, the exact meaning where the mode has none."""
    del tensor
    parts = []
    for part in origin.operands:
        ints = quantize(part, target, mode, bias)
        if ints is None:
            rank = len(part.shape)
            exact = Quantization(ValueMap.scalar(target.scale, rank),
                                 ValueMap.scalar(target.zero_point, rank),
                                 target.qmin, target.qmax)
            ints = quantize_exactly(part, exact)
        parts.append(ints)
    return origin.apply(np.concatenate(parts, axis=origin.windows))


# --- tags ------------------------------------------------------------------


def tag(value, view):
    """Attach its origin to the real result of the node behind `view`."""
    if not isinstance(value, Affine) or isinstance(value, Dequantized):
        return
    operator, operands = view.node.op_type, view.values
    if operator in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
        value.origin = Origin("sum", "" if view.attribute("narrow_sum", 0) else "wide sum")
    elif operator in ("Add", "Sub", "Mul"):
        _tag_binary(value, operator.lower(), operands)
    elif operator == "Concat":
        axis = view.attribute("axis") % len(value.shape)
        value.origin = Origin("concat", operands=list(operands), windows=axis)
    elif operator in ("AveragePool", "GlobalAveragePool", "ReduceMean") and \
            isinstance(operands[0], Dequantized):
        _tag_mean(value, view, operator)


def _tag_binary(value, operator, operands):
    both = [item for item in operands if isinstance(item, Dequantized)]
    sums = [item for item in operands if getattr(item, "origin", None)
            and item.origin.kind == "sum"]
    if len(both) == 2:
        value.origin = Origin("pair", operator, list(operands))
    elif operator == "add" and len(sums) == 1 and len(value.terms) <= 2:
        is_first = isinstance(operands[0], Dequantized)
        value.origin = Origin("sum", "operand first" if is_first else "")


def _tag_mean(value, view, operator):
    x = view.values[0]
    if operator == "AveragePool":
        win = view.windows(x.shape[2:], view.attribute("kernel_shape"))
        counts = window_counts(x.shape[2:], win, bool(view.attribute("count_include_pad", 0)))

        def windows(ints):
            parts = [part for _, part in taps(pad_spatial(ints, win, 0), win)]
            return parts, np.broadcast_to(counts, parts[0].shape)
        value.origin = Origin("mean", "pool", [x], windows)
        return
    if operator == "GlobalAveragePool":
        axes = list(range(2, len(x.shape)))
    else:
        axes = sorted(axis % len(x.shape) for axis in view.dims(1, "axes", []))
    keep = operator == "GlobalAveragePool" or view.attribute("keepdims", 1)

    def everything(ints):
        first = np.moveaxis(ints, axes, range(len(axes)))
        rows = first.reshape((-1,) + first.shape[len(axes):])
        if keep:
            rows = np.expand_dims(rows, tuple(axis + 1 for axis in axes))
        return list(rows), np.full(rows.shape[1:], len(rows), dtype=np.int64)
    value.origin = Origin("mean", "mean" if operator == "ReduceMean" else "pool", [x],
                          everything)
