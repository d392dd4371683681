# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Quantize, dequantize, and the operators on quantized tensors (QLinearConv, ...).

A QOperator node means dequantize, operate, quantize (N3); it is evaluated as that.
"""

from fractions import Fraction

import numpy as np

import modes
from exact_tensor import Affine, Dequantized, Term, Unsupported, add, apply, multiply, scale_by
from onnx_reader import DTYPE_NAMES
from operators import BoundaryFloat, is_integer, operator
from ops_layout import concatenate
from ops_linear import average_over, convolution, matrix_product, mean_over
from quantizer import Quantization, quantize
from value_map import ValueMap

INTEGER_RANGES = {
    "int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767), "uint16": (0, 65535),
    "int4": (-8, 7), "uint4": (0, 15), "int2": (-2, 1), "uint2": (0, 3),
    "int32": (-2**31, 2**31 - 1), "uint32": (0, 2**32 - 1),
}


class QuantizedResult:
    """An integer tensor that a quantize produced, with the file's type."""

    def __init__(self, ints, dtype):
        self.ints, self.dtype = ints, dtype


def spread_parameter(array, axis, shape, block=0):
    """A scale or zero point as an array that broadcasts against a tensor of `shape`.

    One number, one per entry of `axis`, or (block > 0) one per `block` entries of it.
    Errors: ValueError for any other shape.
    """
    rank = len(shape)
    if array.size == 1:
        return array.reshape((1,) * rank)
    if block:
        return np.repeat(array, block, axis).take(range(shape[axis]), axis)
    if array.ndim != 1:
        raise ValueError(f"expects a scalar or one axis of parameters, got shape {array.shape}")
    return array.reshape([-1 if i == axis % rank else 1 for i in range(rank)])


def _parameters(view, indices, shape, axis):
    """(scale, zero point) arrays from the inputs `indices`; a missing zero point is 0."""
    block = view.attribute("block_size", 0)
    scale, zero = indices
    zero_point = view.numbers(zero).astype(np.int64) if view.has(zero) else np.zeros(1, np.int64)
    return (spread_parameter(view.numbers(scale), axis, shape, block),
            spread_parameter(zero_point, axis, shape, block))


def _as_maps(parameters):
    return tuple(ValueMap.from_array(array) for array in parameters)


def _target_type(view, zero_index):
    if view.attribute("storage"):  # PyTorch says it in the node
        return view.attribute("storage")
    if view.has(zero_index):
        return view.dtypes[zero_index]
    return DTYPE_NAMES.get(view.attribute("output_dtype", 0), "uint8")


def producer_quantize(array, scale, zero_point, qmin, qmax, reciprocal=False):
    """N2b: float32 round_half_even(x / s) + z, saturated; parameters broadcast.

    PyTorch multiplies by the reciprocal of the (double) scale, rounded to float32.
    """
    with np.errstate(over="ignore"):
        if reciprocal:
            factor = (1.0 / scale.astype(np.float64)).astype(array.dtype)
            rounded = np.rint(array * factor)
        else:
            rounded = np.rint(array / scale.astype(array.dtype))
    if np.isnan(rounded).any():
        raise ValueError("a model input holds NaN")
    shifted = np.clip(rounded.astype(np.float64), -2.0**40, 2.0**40) + zero_point
    return np.clip(shifted, qmin, qmax).astype(np.int64)


def _checked_range(array, qmin, qmax):
    """Integers given for a float model input: they are the quantizer's result."""
    if array.size and (array.min() < qmin or array.max() > qmax):
        raise ValueError(f"expects integers in [{qmin}, {qmax}], "
                         f"got {array.min()}..{array.max()}")
    return array.astype(np.int64)


@operator("QuantizeLinear")
def quantize_linear(view):
    """N2; a float model input takes the producer's formula (N2b) unless told otherwise."""
    value = view.value(0)
    dtype = _target_type(view, 2)
    if dtype not in INTEGER_RANGES:
        raise Unsupported(f"quantized type {dtype}")
    if view.attribute("precision", 1) not in (0, 1):
        raise Unsupported("QuantizeLinear with a division precision other than float32")
    qmin, qmax = view.attribute("quant_range") or INTEGER_RANGES[dtype]
    scale, zero = _parameters(view, (1, 2), value.shape, view.attribute("axis", 1))
    if isinstance(value, BoundaryFloat) and value.array.dtype.kind in "iu":
        return QuantizedResult(_checked_range(value.array, qmin, qmax), dtype)
    if isinstance(value, BoundaryFloat) and view.settings.boundary == "producer":
        reciprocal = view.attribute("formula") == "reciprocal"
        return QuantizedResult(
            producer_quantize(value.array, scale, zero, qmin, qmax, reciprocal), dtype)
    target = Quantization(*_as_maps((scale, zero)), qmin, qmax)
    return QuantizedResult(_round(view.real(0), target, view.settings), dtype)


def _round(tensor, target, settings):
    """N2, or what the mode's formula makes of it (modes.py)."""
    with_bias, without = settings.rounding
    mode = with_bias if modes.has_bias(tensor) else without
    if mode != "exact" and target.scale.is_scalar():
        ints = modes.quantize(tensor, modes.single_target(target), mode, settings.bias)
        if ints is not None:
            return ints
    return quantize(tensor, target)


@operator("DequantizeLinear")
def dequantize_linear(view):
    """(q - z) * s, exactly."""
    q = view.integers(0)
    scale, zero = _as_maps(_parameters(view, (1, 2), q.shape, view.attribute("axis", 1)))
    return Dequantized(q, zero, scale)


# --- operators on quantized tensors ----------------------------------------


def _dequantized(view, index, axis=1):
    """Inputs index, index+1, index+2 are data, scale, zero point."""
    q = view.integers(index)
    scale, zero = _as_maps(_parameters(view, (index + 1, index + 2), q.shape, axis))
    return Dequantized(q, zero, scale)


def _quantized(view, tensor, index):
    """Quantize to the scale and zero point in inputs index, index+1."""
    dtype = _target_type(view, index + 1)
    maps = _as_maps(_parameters(view, (index, index + 1), tensor.shape, 1))
    target = Quantization(*maps, *INTEGER_RANGES[dtype])
    return QuantizedResult(quantize(tensor, target), dtype)


def _accumulator_bias(view, index, x, weights, rank):
    """int32 bias in units of s_x * s_w[c], as a [1, M, 1, ...] exact tensor."""
    column = (1, -1) + (1,) * (rank - 2)
    bias = view.integers(index).astype(np.int64).reshape(column)
    scale = ValueMap(weights.scale.values, weights.scale.index.reshape(column))
    product = scale.combine(ValueMap.scalar(x.scale.item(), rank), lambda a, b: a * b)
    values = ValueMap.from_array(bias).combine(product, lambda a, b: a * b)
    return Affine(bias.shape, [], values)


@operator("QLinearConv")
def qlinear_conv(view):
    """x, s, z, w, s, z, s_y, z_y, bias."""
    x, weights = _dequantized(view, 0), _dequantized(view, 3, axis=0)
    win = view.windows(x.shape[2:], weights.shape[2:])
    result = convolution(x, weights, win, view.attribute("group", 1))
    if view.has(8):
        result = add(result, _accumulator_bias(view, 8, x, weights, len(result.shape)))
    return _quantized(view, result, 6)


@operator("QLinearMatMul")
def qlinear_matmul(view):
    """a, s, z, b, s, z, s_y, z_y."""
    left = _dequantized(view, 0, axis=-2)
    right = _dequantized(view, 3, axis=-1)
    return _quantized(view, matrix_product(left, right), 6)


@operator("QGemm")
def qgemm(view):
    """a, s, z, b, s, z, c, s_y, z_y; without s_y the result stays real."""
    left = _dequantized(view, 0)
    right = _dequantized(view, 3, axis=0 if view.attribute("transB", 0) else 1)
    left = left.move(np.transpose) if view.attribute("transA", 0) else left
    right = right.move(np.transpose) if view.attribute("transB", 0) else right
    alpha = Fraction(view.attribute("alpha", 1.0))
    result = scale_by(matrix_product(left, right), alpha)
    if view.has(6):
        scale = right.scale.map(lambda value: value * left.scale.item() * alpha)
        bias = view.integers(6).astype(np.int64)
        bias = bias.reshape((1,) * (2 - bias.ndim) + bias.shape)
        values = ValueMap.from_array(bias).combine(scale, lambda a, b: a * b)
        result = add(result, Affine(np.broadcast_shapes(bias.shape, (1, 1)), [], values))
    return _quantized(view, result, 7) if view.has(7) else result


@operator("QLinearAdd", "QLinearMul")
def qlinear_binary(view):
    """a, s, z, b, s, z, s_y, z_y."""
    function = add if view.node.op_type == "QLinearAdd" else multiply
    return _quantized(view, function(_dequantized(view, 0), _dequantized(view, 3)), 6)


@operator("QLinearSigmoid", "QLinearLeakyRelu")
def qlinear_unary(view):
    """x, s, z, s_y, z_y."""
    x = _dequantized(view, 0)
    if view.node.op_type == "QLinearSigmoid":
        return _quantized(view, apply("sigmoid", x), 3)
    alpha = Fraction(float(np.float32(view.attribute("alpha", 0.01))))
    return _quantized(view, apply("leaky_relu", x, alpha=alpha), 3)


@operator("QLinearGlobalAveragePool")
def qlinear_global_average_pool(view):
    """x, s, z, s_y, z_y; channels_last moves the spatial axes."""
    x = _dequantized(view, 0)
    rank = len(x.shape)
    axes = range(1, rank - 1) if view.attribute("channels_last", 0) else range(2, rank)
    return _quantized(view, mean_over(x, list(axes), keepdims=True), 3)


@operator("QLinearAveragePool")
def qlinear_average_pool(view):
    """x, s, z, s_y, z_y; as AveragePool, over [N, H, W, C] with channels_last."""
    x, last = _dequantized(view, 0), view.attribute("channels_last", 0)
    x = x.move(lambda array: np.moveaxis(array, -1, 1)) if last else x
    result = average_over(view, x)
    result = result.move(lambda array: np.moveaxis(array, 1, -1)) if last else result
    return _quantized(view, result, 3)


@operator("QLinearConcat")
def qlinear_concat(view):
    """s_y, z_y, then (x, s, z) per operand."""
    parts = [_dequantized(view, index) for index in range(2, len(view.values), 3)]
    return _quantized(view, concatenate(parts, view.attribute("axis", 1)), 0)


def _without_offset(view, index, zero_index):
    """Integer input minus its zero point, as an exact tensor with scale 1."""
    q = view.integers(index).astype(np.int64)
    if view.has(zero_index):
        rows = -2 if index == 0 else -1  # MatMulInteger: per row of a, per column of b
        axis = rows if view.node.op_type == "MatMulInteger" else 0
        q = q - spread_parameter(view.integers(zero_index).astype(np.int64), axis, q.shape)
    return Affine(q.shape, [Term(q, ValueMap.scalar(1, q.ndim))])


@operator("ConvInteger", "MatMulInteger")
def integer_product(view):
    """Integer accumulators, int32 out."""
    left, right = _without_offset(view, 0, 2), _without_offset(view, 1, 3)
    if view.node.op_type == "MatMulInteger":
        return QuantizedResult(matrix_product(left, right).terms[0].ints, "int32")
    win = view.windows(left.shape[2:], right.shape[2:])
    result = convolution(left, right, win, view.attribute("group", 1))
    return QuantizedResult(result.terms[0].ints, "int32")


def integer_value(value):
    """The plain array of a QuantizedResult; other values unchanged."""
    if isinstance(value, QuantizedResult):
        return value.ints
    return value


def is_quantized(value):
    """True for results that belong into the dump of quantized tensors."""
    return isinstance(value, QuantizedResult) and is_integer(value.ints)
