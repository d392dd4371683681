# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Linear operators and pools on exact tensors: they stay integers times scales (N1, N4)."""

import math
from fractions import Fraction

import numpy as np

from exact_scalar import fraction, square_root
from exact_tensor import (Affine, Dequantized, Elementwise, Term, Unsupported, add, is_monotone,
                          linear_terms, scale_by, single_term, uniform_along)
from integer_ops import (INT64_SAFE, Windows, convolve, magnitude, matmul, narrow, window_counts,
                         window_max, window_sum)
from operators import is_integer, operator
from quantizer import materialize
from value_map import ValueMap

# Digits of an irrational 1/sqrt(var + eps), see `batch_normalization`.
ROOT_DIGITS = 1000


def _product(a, b):
    return a * b


# --- convolution -----------------------------------------------------------


def convolution(x, weights, win, groups):
    """Exact convolution of Affine tensors; one accumulator per pair of terms (N4)."""
    rank = len(x.shape)
    terms = []
    for data in linear_terms(x):
        data = uniform_along(data, range(1, rank))
        for kernel in linear_terms(weights):
            kernel = uniform_along(kernel, range(1, rank))
            ints = convolve(data.ints, kernel.ints, win, groups)
            channel = kernel.coefficient.index.reshape((1, -1) + (1,) * (rank - 2))
            scale = ValueMap(kernel.coefficient.values, channel)
            terms.append(Term(ints, data.coefficient.combine(scale, _product)))
    return Affine([x.shape[0], weights.shape[0]] + win.out, terms)


def _with_channel_bias(view, index, result):
    if not view.has(index):
        return result
    rank = len(result.shape)
    bias = view.operand(index).move(lambda array: array.reshape((1, -1) + (1,) * (rank - 2)))
    return add(result, bias)


@operator("Conv")
def conv(view):
    """Conv-1..22: any number of spatial axes, groups, dilations, auto_pad."""
    x, weights = materialize(view.real(0)), materialize(view.real(1))
    win = view.windows(x.shape[2:], weights.shape[2:])
    result = convolution(x, weights, win, view.attribute("group", 1))
    return _with_channel_bias(view, 2, result)


def _transpose_pads(view, spatial, reach, strides):
    """(pads, output padding) of ConvTranspose, from pads, auto_pad or output_shape."""
    rank = len(spatial)
    output_padding = view.attribute("output_padding", [0] * rank)
    full = [(spatial[i] - 1) * strides[i] + output_padding[i] + reach[i] for i in range(rank)]
    wanted = view.attribute("output_shape")
    mode = view.attribute("auto_pad", "NOTSET")
    if not wanted and not mode.startswith("SAME"):
        pads = view.attribute("pads", [0] * (2 * rank))
        return pads[:rank], pads[rank:], output_padding
    wanted = wanted or [spatial[i] * strides[i] for i in range(rank)]
    total = [max(full[i] - wanted[i], 0) for i in range(rank)]
    small, large = [t // 2 for t in total], [t - t // 2 for t in total]
    if mode == "SAME_UPPER":
        return small, large, output_padding
    return large, small, output_padding


def _spread_out(ints, strides, begin, end):
    """Insert stride - 1 zeros between elements, then pad (or crop) with zeros."""
    spatial = ints.shape[2:]
    wide = [(size - 1) * stride + 1 for size, stride in zip(spatial, strides)]
    result = np.zeros(ints.shape[:2] + tuple(wide), dtype=ints.dtype)
    result[(slice(None),) * 2 + tuple(slice(None, None, stride) for stride in strides)] = ints
    widths = [(0, 0), (0, 0)] + [(max(b, 0), max(e, 0)) for b, e in zip(begin, end)]
    result = np.pad(result, widths)
    crop = [slice(max(-b, 0), result.shape[2 + i] - max(-e, 0))
            for i, (b, e) in enumerate(zip(begin, end))]
    return result[(slice(None),) * 2 + tuple(crop)]


@operator("ConvTranspose")
def conv_transpose(view):
    """The convolution of the zero-stuffed input with the flipped, swapped kernel."""
    x, weights = materialize(view.real(0)), materialize(view.real(1))
    rank, groups = len(x.shape) - 2, view.attribute("group", 1)
    kernel, spatial = weights.shape[2:], x.shape[2:]
    strides = view.attribute("strides", [1] * rank)
    dilations = view.attribute("dilations", [1] * rank)
    reach = [(kernel[i] - 1) * dilations[i] + 1 for i in range(rank)]
    pad_begin, pad_end, extra = _transpose_pads(view, spatial, reach, strides)
    begin = [reach[i] - 1 - pad_begin[i] for i in range(rank)]
    end = [reach[i] - 1 - pad_end[i] + extra[i] for i in range(rank)]

    def swap(array):  # [C, M/g, k...] -> [M, C/g, flipped k...]
        grouped = array.reshape((groups, array.shape[0] // groups) + array.shape[1:])
        swapped = np.swapaxes(grouped, 1, 2)
        return np.flip(swapped.reshape((-1,) + swapped.shape[2:]), tuple(range(2, 2 + rank)))

    terms = [Term(_spread_out(term.ints, strides, begin, end), term.coefficient)
             for term in (uniform_along(t, range(1, rank + 2)) for t in linear_terms(x))]
    stuffed = Affine(terms[0].ints.shape if terms else x.shape, terms)
    out = [stuffed.shape[2 + i] - reach[i] + 1 for i in range(rank)]
    zero = [0] * rank
    win = Windows(list(kernel), [1] * rank, dilations, zero, zero, zero, out)
    return _with_channel_bias(view, 2, convolution(stuffed, weights.move(swap), win, groups))


# --- matrix products -------------------------------------------------------


def matrix_product(left, right):
    """Exact [..., m, k] x [..., k, n] of Affine tensors (N4, N9)."""
    rank = max(len(left.shape), len(right.shape))
    terms = []
    for a in linear_terms(left):
        a = uniform_along(a, [len(left.shape) - 1])
        for b in linear_terms(right):
            b = uniform_along(b, [len(right.shape) - 2])
            scale = a.coefficient.with_rank(rank).combine(b.coefficient.with_rank(rank), _product)
            terms.append(Term(matmul(a.ints, b.ints), scale))
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    return Affine(batch + (left.shape[-2], right.shape[-1]), terms)


@operator("MatMul")
def mat_mul(view):
    """numpy's matmul rules, 1-d operands included."""
    left, right = materialize(view.real(0)), materialize(view.real(1))
    drop = []
    if len(left.shape) == 1:
        left, drop = left.move(lambda array: array[None, :]), drop + [-2]
    if len(right.shape) == 1:
        right, drop = right.move(lambda array: array[:, None]), drop + [-1]
    result = matrix_product(left, right)
    return result.move(lambda array: np.squeeze(array, tuple(drop))) if drop else result


@operator("Gemm")
def gemm(view):
    """alpha A' B' + beta C; alpha and beta are the exact values of the stored floats."""
    left, right = materialize(view.real(0)), materialize(view.real(1))
    left = left.move(np.transpose) if view.attribute("transA", 0) else left
    right = right.move(np.transpose) if view.attribute("transB", 0) else right
    alpha, beta = fraction(view.attribute("alpha", 1.0)), fraction(view.attribute("beta", 1.0))
    result = matrix_product(left, right)
    if alpha != 1:
        result = scale_by(result, alpha)
    if not view.has(2):
        return result
    offset = view.operand(2)
    return add(result, offset if beta == 1 else scale_by(offset, beta))


# --- means and pools -------------------------------------------------------


def mean_over(tensor, axes, keepdims):
    """Exact mean over `axes` of an Affine tensor."""
    count = math.prod(tensor.shape[axis] for axis in axes)
    terms = []
    for term in linear_terms(tensor):
        term = uniform_along(term, axes)
        wide = magnitude(term.ints) * count >= INT64_SAFE
        ints = term.ints.astype(object) if wide else term.ints
        total = narrow(ints.sum(axis=tuple(axes), keepdims=True))
        terms.append(Term(total, term.coefficient.map(lambda value: value / count)))
    shape = [1 if axis in axes else size for axis, size in enumerate(tensor.shape)]
    result = Affine(shape, terms)
    return result if keepdims else result.move(lambda array: np.squeeze(array, tuple(axes)))


@operator("GlobalAveragePool")
def global_average_pool(view):
    """Mean over all spatial axes."""
    x = materialize(view.real(0))
    return mean_over(x, list(range(2, len(x.shape))), keepdims=True)


def _reduced_axes(view, rank):
    """Axes as attribute (opset < 18) or input; none: all, or nothing at all."""
    axes = view.dims(1, "axes", [])
    if not axes and view.attribute("noop_with_empty_axes", 0):
        return []
    return sorted(axis % rank for axis in axes) or list(range(rank))


@operator("ReduceMean", "ReduceSum")
def reduce_mean(view):
    """Mean over axes, or the mean times the number of elements."""
    x = materialize(view.real(0))
    axes = _reduced_axes(view, len(x.shape))
    if not axes:
        return x
    result = mean_over(x, axes, bool(view.attribute("keepdims", 1)))
    count = math.prod(x.shape[axis] for axis in axes)
    return scale_by(result, Fraction(count)) if view.node.op_type == "ReduceSum" else result


def average_over(view, x):
    """Window mean; the divisor counts padding only with count_include_pad (N11)."""
    spatial = list(range(2, len(x.shape)))
    win = view.windows(x.shape[2:], view.attribute("kernel_shape"))
    counts = window_counts(x.shape[2:], win, bool(view.attribute("count_include_pad", 0)))
    if (counts == 0).any():
        raise Unsupported("an average pool window lies in the padding entirely")
    divisor = ValueMap.from_array(counts.reshape((1, 1) + counts.shape)).compress()
    terms = []
    for term in linear_terms(x):
        term = uniform_along(term, spatial)
        scale = term.coefficient.combine(divisor, lambda a, b: Fraction(a) / b)
        terms.append(Term(narrow(window_sum(term.ints, win)), scale))
    return Affine(list(x.shape[:2]) + win.out, terms)


@operator("AveragePool")
def average_pool(view):
    """Mean of every window."""
    return average_over(view, materialize(view.real(0)))


def max_over(value, reduce):
    """Apply a maximum over spatial positions; it commutes with increasing functions."""
    if is_integer(value):
        return reduce(value)
    if isinstance(value, Elementwise) and len(value.arguments) == 1 and is_monotone(value):
        inner = max_over(value.arguments[0], reduce)
        return Elementwise(value.function, [inner], value.parameters, inner.shape)
    value = materialize(value)
    spatial = range(2, len(value.shape))
    if isinstance(value, Dequantized) and _increasing([value.scale, value.zero_point], spatial,
                                                      value.scale):
        return Dequantized(reduce(value.q), value.zero_point, value.scale)
    maps = [term.coefficient for term in value.terms]
    maps += [] if value.constant is None else [value.constant]
    if len(value.terms) != 1 or not _increasing(maps, spatial, maps[0]):
        value = Affine(value.shape, [uniform_along(single_term(value), spatial)])
        if not _increasing([value.terms[0].coefficient], spatial, value.terms[0].coefficient):
            raise Unsupported("max pool of a tensor with a negative scale")
    ints = reduce(value.terms[0].ints)
    return Affine(ints.shape, [Term(ints, value.terms[0].coefficient)], value.constant)


def _increasing(maps, spatial, factor):
    """Parameters do not vary in a window and the factor is positive."""
    constant = not any(item.varies_along(axis) for item in maps for axis in spatial)
    return constant and all(value > 0 for value in factor.values)


@operator("MaxPool")
def max_pool(view):
    """Window maximum; padding never wins."""
    value = view.value(0)
    win = view.windows(value.shape[2:], view.attribute("kernel_shape"))
    return max_over(value if is_integer(value) else view.real(0),
                    lambda ints: window_max(ints, win))


@operator("ReduceMax")
def reduce_max(view):
    """Maximum over axes of a tensor with one scale."""
    value = view.value(0)
    axes = tuple(_reduced_axes(view, len(value.shape)))
    keepdims = bool(view.attribute("keepdims", 1))

    def reduce(ints):
        return ints.max(axis=axes, keepdims=keepdims) if axes else ints
    if isinstance(value, Dequantized) and len(value.scale.values) == 1 \
            and len(value.zero_point.values) == 1:
        q = reduce(value.q)
        return Dequantized(q, ValueMap.scalar(value.zero_point.values[0], q.ndim),
                           ValueMap.scalar(value.scale.values[0], q.ndim))
    if is_integer(value):
        return reduce(value)
    raise Unsupported("a maximum of a tensor that is not quantized per tensor")


@operator("ArgMax")
def arg_max(view):
    """Place of the largest element along an axis: the first of equal ones, or the last."""
    value = view.value(0)
    if isinstance(value, Dequantized) and len(value.scale.values) == 1:
        value = value.q  # scales are positive: the same order
    if not is_integer(value):
        raise Unsupported("the largest element of a tensor that is not quantized per tensor")
    axis = view.attribute("axis", 0) % value.ndim
    keep = bool(view.attribute("keepdims", 1))
    if view.attribute("select_last_index", 0):
        places = value.shape[axis] - 1 - np.flip(value, axis).argmax(axis)
    else:
        places = value.argmax(axis)
    return np.expand_dims(places, axis) if keep else places


@operator("GlobalMaxPool")
def global_max_pool(view):
    """Maximum over all spatial axes."""
    value = view.value(0)
    axes = tuple(range(2, len(value.shape)))
    return max_over(value if is_integer(value) else view.real(0),
                    lambda ints: ints.max(axis=axes, keepdims=True))


@operator("BatchNormalization")
def batch_normalization(view):
    """(x - mean) * (gamma / sqrt(var + eps)) + beta with stored floats read exactly.

    The root is exact when rational.  Otherwise it is taken to 1000 digits (3321 bits):
    x = mean still gives beta exactly, and any other x gives p + q sqrt(r) with rational
    p, q, r made of float32 numbers.  Its distance from a tie is |p^2 - q^2 r| over
    |p - q sqrt(r)|; the first is at least one over the squared denominators, together
    below 2^2000, so the truncated root cannot change a decision.
    """
    x = materialize(view.real(0))
    epsilon = fraction(np.float32(view.attribute("epsilon", 1e-5)))

    def channel(index):
        return view.operand(index).move(
            lambda array: array.reshape((1, -1) + (1,) * (len(x.shape) - 2)))
    gamma, beta, mean, variance = (channel(index) for index in range(1, 5))
    root = _constant_map(variance).map(lambda v: square_root(v + epsilon, ROOT_DIGITS))
    factor = _constant_map(gamma).combine(root, lambda a, b: a / b)
    return add(scale_by(add(x, scale_by(mean, Fraction(-1))), factor), beta)


def _constant_map(tensor):
    return tensor.constant or ValueMap.scalar(0, len(tensor.shape))
