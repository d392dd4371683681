# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors of exact real numbers, kept as integers times exact scales (N1).

    Affine       sum_i ints_i * coefficient_i + constant, everything exact
    Dequantized  an Affine that is just (q - z) * s; remembers q, z and s
    Elementwise  a scalar function of other exact tensors, not yet evaluated

Coefficients and constants are `ValueMap`s (one rational per tensor or channel).
Linear operators stay Affine.  Non-linear ones become Elementwise and are decided
at the next quantize (quantizer.py), where irrational values meet a rounding.
"""

import math
from dataclasses import dataclass

import numpy as np

import exact_functions
import exact_scalar
from integer_ops import narrow, plus, times
from value_map import ValueMap


class Unsupported(ValueError):
    """The oracle has no exact meaning for this combination of operators."""


@dataclass
class Term:
    """ints * coefficient; `ints` has the full shape of the tensor."""

    ints: np.ndarray
    coefficient: ValueMap


class Affine:
    """sum of terms + constant.  `shape` is the tensor's; `constant` may be None."""

    def __init__(self, shape, terms, constant=None):
        self.shape = tuple(shape)
        self.terms = list(terms)
        self.constant = None if constant is None or constant.is_zero() else constant
        self.origin = None  # of modes.py

    def move(self, function):
        """Apply a pure data movement (reshape, transpose, slice, ...)."""
        terms = [Term(function(term.ints), term.coefficient.move(self.shape, function))
                 for term in self.terms]
        constant = None if self.constant is None else self.constant.move(self.shape, function)
        moved = Affine(function(np.empty(self.shape, np.bool_)).shape, terms, constant)
        moved.origin = self.origin and self.origin.moved(function)
        return moved

    def broadcast(self, shape):
        """The same tensor with numpy broadcasting applied."""
        rank = len(shape)
        terms = [Term(np.broadcast_to(term.ints, shape), term.coefficient.with_rank(rank))
                 for term in self.terms]
        constant = None if self.constant is None else self.constant.with_rank(rank)
        return Affine(shape, terms, constant)


class Dequantized(Affine):
    """(q - zero_point) * scale of an integer tensor `q` (N1)."""

    def __init__(self, q, zero_point, scale):
        self.q, self.zero_point, self.scale = q, zero_point, scale
        offset = np.array([int(value) for value in zero_point.values])[zero_point.index]
        ints = q.astype(np.int64) - offset
        if any(value == 0 for value in scale.values):
            # A zero scale means value 0: read it as integer 0 with scale 1 (NUMERICS section 6).
            dead = np.array([value == 0 for value in scale.values])[scale.index]
            ints = np.where(dead, 0, ints)
            scale = scale.map(lambda value: value if value else exact_scalar.fraction(1))
        super().__init__(q.shape, [Term(ints, scale)])

    def move(self, function):
        return Dequantized(function(self.q), self.zero_point.move(self.shape, function),
                           self.scale.move(self.shape, function))


@dataclass
class Elementwise:
    """function(arguments..., **parameters) at every position.

    `function` names an entry of SCALAR_FUNCTIONS; arguments broadcast to `shape`.
    """

    function: str
    arguments: list
    parameters: dict
    shape: tuple

    def move(self, mover):
        """Apply a pure data movement; it commutes with the function."""
        if any(argument.shape != self.shape for argument in self.arguments):
            raise Unsupported("layout change after a broadcast non-linear operation")
        moved = [argument.move(mover) for argument in self.arguments]
        return Elementwise(self.function, moved, self.parameters, moved[0].shape)


def _add(left, right, digits):
    del digits
    return (left[0] + right[0], left[1] + right[1])


def _multiply(left, right, digits):
    del digits
    return exact_scalar.multiply(left, right)


# Interval functions (exact_scalar.py): called with intervals, then digits.
SCALAR_FUNCTIONS = {
    "add": _add, "multiply": _multiply, "clip": exact_scalar.clip,
    "leaky_relu": exact_scalar.leaky_relu, "hard_sigmoid": exact_scalar.hard_sigmoid,
    "hard_swish": exact_scalar.hard_swish, "sigmoid": exact_scalar.sigmoid,
    "tanh": exact_scalar.tanh, "exp": exact_scalar.exp, "elu": exact_scalar.elu,
    "absolute": exact_scalar.absolute, **exact_functions.FUNCTIONS,
}
ALWAYS_MONOTONE = {"clip", "sigmoid", "tanh", "exp"} | exact_functions.MONOTONE
MONOTONE_WITH_ALPHA = {"leaky_relu", "hard_sigmoid", "elu"}


def is_monotone(node):
    """True for a non-decreasing function of one argument."""
    if node.function in MONOTONE_WITH_ALPHA:
        return node.parameters["alpha"] >= 0
    return node.function in ALWAYS_MONOTONE


# --- construction ----------------------------------------------------------


def constant_tensor(array):
    """Exact tensor of stored numbers (a float constant stands for its exact value)."""
    return Affine(array.shape, [], ValueMap.from_array(array))


def as_constant(tensor):
    """An Affine without terms that has the same values (for biases and factors)."""
    if isinstance(tensor, Elementwise) or not tensor.terms:
        return tensor
    total = tensor.constant or ValueMap.scalar(0, len(tensor.shape))
    for term in tensor.terms:
        value = ValueMap.from_array(term.ints)
        total = total.combine(value.combine(term.coefficient, lambda a, b: a * b),
                              lambda a, b: a + b)
    return Affine(tensor.shape, [], total)


def common_denominator(maps):
    """Least common multiple of all denominators."""
    return math.lcm(*(value.denominator for item in maps for value in item.values), 1)


def integers_of(value_map, denominator):
    """The numbers times `denominator`, as an int64 or object array (index's shape)."""
    scaled = [int(value * denominator) for value in value_map.values]
    return narrow(np.array(scaled, dtype=object))[value_map.index]


def single_term(tensor):
    """(ints, coefficient): the whole tensor as one integer tensor times a ValueMap."""
    if not tensor.terms and tensor.constant is None:
        return Term(np.zeros(tensor.shape, np.int64), ValueMap.scalar(1, len(tensor.shape)))
    if len(tensor.terms) == 1 and tensor.constant is None:
        return tensor.terms[0]
    maps = [term.coefficient for term in tensor.terms]
    maps += [] if tensor.constant is None else [tensor.constant]
    denominator = common_denominator(maps)
    total = np.zeros(tensor.shape, np.int64)
    for term in tensor.terms:
        total = plus(total, times(term.ints, integers_of(term.coefficient, denominator)))
    if tensor.constant is not None:
        total = plus(total, integers_of(tensor.constant, denominator))
    unit = exact_scalar.fraction(1) / denominator
    return Term(narrow(total), ValueMap.scalar(unit, len(tensor.shape)))


def uniform_along(term, axes):
    """The same term with a coefficient that does not vary along `axes`."""
    if not any(term.coefficient.varies_along(axis) for axis in axes):
        return term
    denominator = common_denominator([term.coefficient])
    ints = times(term.ints, integers_of(term.coefficient, denominator))
    unit = exact_scalar.fraction(1) / denominator
    return Term(narrow(ints), ValueMap.scalar(unit, term.ints.ndim))


def linear_terms(tensor):
    """All terms; the constant counts as a term with integer 1 (padding makes it 0)."""
    terms = list(tensor.terms)
    if tensor.constant is not None:
        terms.append(Term(np.ones(tensor.shape, np.int64), tensor.constant))
    return terms


# --- arithmetic ------------------------------------------------------------


def add(left, right):
    """Elementwise sum with numpy broadcasting."""
    shape = np.broadcast_shapes(left.shape, right.shape)
    if isinstance(left, Elementwise) or isinstance(right, Elementwise):
        return Elementwise("add", [left, right], {}, shape)
    left, right = left.broadcast(shape), right.broadcast(shape)
    constants = [item for item in (left.constant, right.constant) if item is not None]
    constant = constants[0] if constants else None
    if len(constants) == 2:
        constant = constants[0].combine(constants[1], lambda a, b: a + b)
    return Affine(shape, left.terms + right.terms, constant)


def scale_by(tensor, factor):
    """tensor * factor; `factor` is a ValueMap of the tensor's rank or a Fraction."""
    if isinstance(tensor, Elementwise):
        return multiply(tensor, Affine(tensor.shape, [], _as_map(factor, len(tensor.shape))))
    factor = _as_map(factor, len(tensor.shape))

    def scaled(item):
        return item.combine(factor, lambda a, b: a * b)
    terms = [Term(term.ints, scaled(term.coefficient)) for term in tensor.terms]
    return Affine(tensor.shape, terms, tensor.constant and scaled(tensor.constant))


def _as_map(factor, rank):
    return factor if isinstance(factor, ValueMap) else ValueMap.scalar(factor, rank)


def multiply(left, right):
    """Elementwise product; a product of integer tensors stays Affine (N11)."""
    shape = np.broadcast_shapes(left.shape, right.shape)
    if isinstance(left, Elementwise) or isinstance(right, Elementwise):
        return Elementwise("multiply", [left, right], {}, shape)
    left, right = left.broadcast(shape), right.broadcast(shape)
    for one, other in ((left, right), (right, left)):
        if not other.terms:
            return scale_by(one, other.constant or ValueMap.scalar(0, len(shape)))
    terms = []
    for a in linear_terms(left):
        for b in linear_terms(right):
            coefficient = a.coefficient.combine(b.coefficient, lambda x, y: x * y)
            terms.append(Term(narrow(times(a.ints, b.ints)), coefficient))
    return Affine(shape, terms)


def apply(function, tensor, **parameters):
    """Non-linear function of one tensor."""
    return Elementwise(function, [tensor], parameters, tensor.shape)


def relu(tensor):
    """max(x, 0); on a dequantized tensor simply the integers clamped at 0."""
    if isinstance(tensor, Dequantized) and all(v >= 0 for v in tensor.scale.values):
        term = tensor.terms[0]
        return Affine(tensor.shape, [Term(np.maximum(term.ints, 0), term.coefficient)])
    return apply("clip", tensor, low=exact_scalar.fraction(0), high=None)
