# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operators that move data: no arithmetic, valid on every kind of value."""

import math

import numpy as np

from exact_scalar import fraction
from exact_tensor import (Affine, Dequantized, Elementwise, Term, Unsupported)
from onnx_reader import DTYPE_NAMES, Tensor
from operators import BoundaryFloat, is_integer, move, operator
from quantizer import materialize
from value_map import ValueMap


@operator("Identity", "Dropout")
def identity(view):
    """The value itself (Dropout in inference)."""
    return view.value(0)


@operator("Constant")
def constant(view):
    """The stored tensor; scalars and lists become arrays."""
    attributes = view.node.attributes
    for name, dtype in (("value", None), ("value_float", np.float32), ("value_int", np.int64),
                        ("value_floats", np.float32), ("value_ints", np.int64)):
        if name in attributes:
            content = attributes[name]
            return content.array if isinstance(content, Tensor) else np.array(content, dtype)
    raise Unsupported("Constant without a numeric value")


@operator("Shape")
def shape_of(view):
    """The shape as int64."""
    dims = np.array(view.value(0).shape, dtype=np.int64)
    end = view.attribute("end")
    return dims[view.attribute("start", 0):len(dims) if end is None else end]


@operator("Cast")
def cast(view):
    """Between integer types of shapes, and sums to real numbers; anything that changes a
    value is refused."""
    target = DTYPE_NAMES.get(view.attribute("to"), "")
    value = view.value(0)
    if is_integer(value) and target in ("int32", "int64"):
        return value.astype(target)
    if not is_integer(value) and target in ("float32", "float64"):
        return value
    if is_integer(value) and target == "float32" and view.dtypes[0] == "int32":
        return Affine(value.shape, [Term(value.astype(np.int64),
                                         ValueMap.scalar(1, value.ndim))])
    raise Unsupported(f"Cast to {target}")


@operator("Gather")
def gather(view):
    """Take entries along an axis by constant indices."""
    indices, axis = view.integers(1), view.attribute("axis", 0)
    return move(view.value(0), lambda array: np.take(array, indices, axis))


@operator("Reshape")
def reshape(view):
    """ONNX rules: 0 copies a dimension (unless allowzero), -1 is inferred."""
    value, wanted = view.value(0), view.dims(1, "shape")
    copies = not view.attribute("allowzero", 0)
    wanted = [value.shape[i] if size == 0 and copies else size for i, size in enumerate(wanted)]
    return move(value, lambda array: array.reshape(wanted))


@operator("Flatten")
def flatten(view):
    """Two axes: everything before `axis`, everything from it."""
    value, axis = view.value(0), view.attribute("axis", 1)
    axis += len(value.shape) if axis < 0 else 0
    rows = math.prod(value.shape[:axis])
    columns = math.prod(value.shape[axis:])
    return move(value, lambda array: array.reshape(rows, columns))


@operator("Transpose")
def transpose(view):
    """Permute axes; reversed by default."""
    order = view.attribute("perm")
    return move(view.value(0), lambda array: np.transpose(array, order))


@operator("Squeeze")
def squeeze(view):
    """Drop axes of size 1."""
    axes = view.dims(1, "axes")
    return move(view.value(0),
                lambda array: np.squeeze(array, tuple(axes) if axes is not None else None))


@operator("Unsqueeze")
def unsqueeze(view):
    """Insert axes of size 1."""
    axes = tuple(view.dims(1, "axes"))
    return move(view.value(0), lambda array: np.expand_dims(array, axes))


@operator("Expand")
def expand(view):
    """Broadcast to a shape."""
    value = view.value(0)
    shape = np.broadcast_shapes(value.shape, view.dims(1))
    return move(value, lambda array: np.broadcast_to(array, shape))


@operator("Slice")
def slice_op(view):
    """starts, ends, axes, steps as inputs (opset >= 10) or attributes."""
    value = view.value(0)
    starts, ends = view.dims(1, "starts"), view.dims(2, "ends")
    axes = view.dims(3, "axes") or list(range(len(starts)))
    steps = view.dims(4) or [1] * len(starts)
    cut = [slice(None)] * len(value.shape)
    for start, end, axis, step in zip(starts, ends, axes, steps):
        if step < 0 and end < -value.shape[axis]:
            end = None  # a negative step runs through index 0
        cut[axis] = slice(start, end, step)
    return move(value, lambda array: array[tuple(cut)])


@operator("Split")
def split(view):
    """Equal parts, or the sizes given as input or attribute."""
    value = view.value(0)
    axis = view.attribute("axis", 0)
    size = value.shape[axis]
    sizes = view.dims(1, "split")
    if sizes is None:
        count = len(view.node.outputs)
        step = -(-size // count)
        sizes = [min(step, size - i * step) for i in range(count)]
    parts, start = [], 0
    for length in sizes:
        cut = [slice(None)] * len(value.shape)
        cut[axis] = slice(start, start + length)
        parts.append(move(value, lambda array, cut=tuple(cut): array[cut]))
        start += length
    return tuple(parts)


# --- concat ----------------------------------------------------------------


def _concat_maps(maps, shapes, axis):
    """Join ValueMaps of parts with the given shapes along an axis."""
    values, indices = [], []
    for item, shape in zip(maps, shapes):
        indices.append(np.broadcast_to(item.index, shape) + len(values))
        values += item.values
    return ValueMap(values, np.concatenate(indices, axis)).compress()


def _concat_affine(parts, axis):
    """Term i of the result joins term i of every part (zeros where a part has fewer)."""
    shapes, rank = [part.shape for part in parts], len(parts[0].shape)
    terms = []
    for number in range(max(len(part.terms) for part in parts)):
        chosen = [part.terms[number] if number < len(part.terms) else
                  Term(np.zeros(part.shape, np.int64), ValueMap.scalar(1, rank))
                  for part in parts]
        ints = np.concatenate([term.ints for term in chosen], axis)
        terms.append(Term(ints, _concat_maps([t.coefficient for t in chosen], shapes, axis)))
    zero = ValueMap.scalar(0, rank)
    constant = _concat_maps([part.constant or zero for part in parts], shapes, axis)
    shape = np.concatenate([np.empty(s, np.bool_) for s in shapes], axis).shape
    return Affine(shape, terms, constant)


def concatenate(parts, axis):
    """Join exact tensors along an axis."""
    axis %= len(parts[0].shape)
    if all(isinstance(part, Dequantized) for part in parts):
        shapes = [part.shape for part in parts]
        return Dequantized(np.concatenate([part.q.astype(np.int64) for part in parts], axis),
                           _concat_maps([part.zero_point for part in parts], shapes, axis),
                           _concat_maps([part.scale for part in parts], shapes, axis))
    first = parts[0]
    if all(isinstance(part, Elementwise) and part.function == first.function
           and part.parameters == first.parameters
           and all(argument.shape == part.shape for argument in part.arguments)
           for part in parts):
        columns = zip(*(part.arguments for part in parts))
        arguments = [concatenate(list(column), axis) for column in columns]
        return Elementwise(first.function, arguments, first.parameters, arguments[0].shape)
    return _concat_affine([materialize(part) for part in parts], axis)


@operator("Concat")
def concat(view):
    """Join along an axis; operands may have different scales (N13 f)."""
    axis = view.attribute("axis", 1)
    if all(is_integer(value) for value in view.values):
        return np.concatenate(view.values, axis)
    if all(isinstance(value, BoundaryFloat) for value in view.values):
        return BoundaryFloat(np.concatenate([value.array for value in view.values], axis))
    return concatenate([view.real(i) for i in range(len(view.values))], axis)


# --- pad -------------------------------------------------------------------


def pad_affine(tensor, widths, fill):
    """Pad an Affine tensor with the real number `fill`; widths are not negative."""
    terms = []
    for term in tensor.terms:
        ends = [width if term.coefficient.varies_along(axis) else (0, 0)
                for axis, width in enumerate(widths)]
        index = np.pad(term.coefficient.index, ends, mode="edge")
        terms.append(Term(np.pad(term.ints, widths), ValueMap(term.coefficient.values, index)))
    shape = [size + sum(width) for size, width in zip(tensor.shape, widths)]
    if tensor.constant is None and fill == 0:
        return Affine(shape, terms)
    inside = tensor.constant or ValueMap.scalar(0, len(shape))
    index = np.pad(np.broadcast_to(inside.index, tensor.shape), widths,
                   constant_values=len(inside.values))
    return Affine(shape, terms, ValueMap(inside.values + [fill], index).compress())


def _pad_widths(view, rank):
    pads = view.dims(1, "pads") or view.attribute("paddings")
    axes = view.dims(3) or list(range(rank))
    widths = [(0, 0)] * rank
    for number, axis in enumerate(axes):
        widths[axis % rank] = (pads[number], pads[number + len(axes)])
    return widths


@operator("Pad")
def pad(view):
    """Constant, edge, reflect or wrap padding; negative widths crop."""
    value = view.value(0)
    widths = _pad_widths(view, len(value.shape))
    crop = tuple(slice(max(-low, 0), size - max(-high, 0))
                 for size, (low, high) in zip(value.shape, widths))
    value = move(value, lambda array: array[crop])
    widths = [(max(low, 0), max(high, 0)) for low, high in widths]
    mode = view.attribute("mode", "constant")
    if mode != "constant":
        return move(value, lambda array: np.pad(array, widths, mode=mode))
    fill = view.numbers(2).reshape(-1)[0] if view.has(2) else view.attribute("value", 0.0)
    if is_integer(value):
        return np.pad(value, widths, constant_values=int(fill))
    if isinstance(value, BoundaryFloat):
        return BoundaryFloat(np.pad(value.array, widths, constant_values=fill))
    return pad_affine(materialize(value), widths, fraction(fill))
