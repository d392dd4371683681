# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Round exact tensors to integers: clamp(rnd(x / s) + z, qmin, qmax) (N2, N3).

Strategies, all exact and all giving the same integers:
  * clips are moved behind the quantize: quantize is monotone, so
    Q(clamp(x, a, b)) = clamp(Q(x), Q(a), Q(b));
  * one integer tensor with few groups: thresholds per group (N7) and searchsorted;
  * any other Affine: one integer division per distinct operand combination;
  * everything else: every distinct combination of operands evaluated as a scalar,
    with enclosures refined until the rounding is decided (exact_scalar.decide).
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

import exact_scalar
from exact_tensor import SCALAR_FUNCTIONS, Affine, Elementwise, Unsupported, linear_terms
from integer_ops import INT64_SAFE, magnitude, narrow
from value_map import ValueMap, common_groups

MAX_CODE = 1 << 62  # joint codes of distinct rows stay below this
DENSE_CODE = 1 << 22  # up to here a joint code is a table index


@dataclass
class Quantization:
    """Target of a quantize: ValueMaps of the tensor's rank, and the integer range."""

    scale: ValueMap
    zero_point: ValueMap
    qmin: int
    qmax: int

    def scalar(self, value, scale, zero_point):
        """Quantize one Fraction with the given parameters."""
        return exact_scalar.quantize(value, scale, int(zero_point), self.qmin, self.qmax)


def quantize(tensor, target):
    """Integers (int64, tensor's shape) of an exact tensor (N2).

    Errors: ValueError for a scale that is not positive.
    """
    if any(value <= 0 for value in target.scale.values):
        raise ValueError("expects a positive scale in QuantizeLinear")
    if isinstance(tensor, Elementwise) and tensor.function == "clip":
        return _quantize_clip(tensor, target)
    if isinstance(tensor, Affine):
        return _quantize_affine(tensor, target)
    return _quantize_rows(tensor, target)


def _quantize_clip(tensor, target):
    inner = quantize(tensor.arguments[0], target)
    low, high = tensor.parameters["low"], tensor.parameters["high"]
    pairs, index = common_groups([target.scale, target.zero_point], tensor.shape)
    for bound, pick in ((low, np.maximum), (high, np.minimum)):
        if bound is not None:
            limits = np.array([target.scalar(bound, *pair) for pair in pairs], dtype=np.int64)
            inner = pick(inner, limits[index])
    return inner


# --- affine tensors --------------------------------------------------------


def _quantize_affine(tensor, target):
    maps = [term.coefficient for term in tensor.terms]
    maps.append(tensor.constant or ValueMap.scalar(0, len(tensor.shape)))
    groups, index = common_groups(maps + [target.scale, target.zero_point], tensor.shape)
    lines = [_Line.of(group) for group in groups]
    levels = target.qmax - target.qmin
    size = math.prod(tensor.shape)
    if len(tensor.terms) == 1 and levels * len(groups) < size and levels < 1 << 12:
        result = _by_thresholds(tensor.terms[0].ints, lines, index, target)
    else:
        result = _by_division([term.ints for term in tensor.terms], lines, index, tensor.shape)
    return np.clip(result, target.qmin, target.qmax).astype(np.int64)


@dataclass
class _Line:
    """(sum_i slopes[i] * u_i + offset) / denominator = x / s, all Python ints; zero point."""

    slopes: list
    offset: int
    denominator: int
    zero_point: int

    @classmethod
    def of(cls, group):
        """From (coefficients..., constant, scale, zero point)."""
        *numbers, scale, zero_point = group
        ratios = [number / scale for number in numbers]
        denominator = math.lcm(*(ratio.denominator for ratio in ratios))
        *slopes, offset = [int(ratio * denominator) for ratio in ratios]
        return cls(slopes, offset, denominator, int(zero_point))

    def thresholds(self, qmin, qmax):
        """Smallest integer u whose level reaches n, for n = qmin+1 .. qmax (slope > 0).

        Level n is reached when (slope u + offset) / denominator >= n - z - 1/2; a tie
        counts only when rounding half to even goes up, that is when n - z is even (N7).
        """
        slope, twice = self.slopes[0], 2 * self.slopes[0]
        result = []
        for level in range(qmin + 1 - self.zero_point, qmax + 1 - self.zero_point):
            needed = (2 * level - 1) * self.denominator - 2 * self.offset
            first = -(-needed // twice)
            if twice * first == needed and level & 1:
                first += 1
            result.append(first)
        assert slope > 0
        return result


def _by_thresholds(ints, lines, index, target):
    """One integer tensor: binary search in the thresholds of each group."""
    result = np.empty(ints.shape, dtype=np.int64)
    spread = np.broadcast_to(index, ints.shape)
    for number, line in enumerate(lines):
        where = spread == number if len(lines) > 1 else np.ones(ints.shape, np.bool_)
        where = _as_slices(index, number, where)
        if line.slopes[0] <= 0:
            result[where] = _divide([ints[where]], line)
            continue
        limits = line.thresholds(target.qmin, target.qmax)
        bound = INT64_SAFE - 1
        limits = np.array([min(max(t, -bound), bound) for t in limits], dtype=np.int64)
        result[where] = target.qmin + np.searchsorted(limits, ints[where], side="right")
    return result


def _as_slices(index, number, mask):
    """Slices instead of a mask when a group is one entry of one axis (fast indexing)."""
    axes = [axis for axis in range(index.ndim) if index.shape[axis] > 1]
    if not axes:
        return (slice(None),) * index.ndim
    positions = np.flatnonzero(index.reshape(-1) == number)
    if len(axes) == 1 and len(positions) == 1:
        cut = [slice(None)] * index.ndim
        cut[axes[0]] = slice(int(positions[0]), int(positions[0]) + 1)
        return tuple(cut)
    return mask


def _divide(operands, line):
    """Half-even rounding of one line's quotient, then + z; Python ints when needed."""
    size = abs(line.offset) + sum(abs(s) * magnitude(u) for s, u in zip(line.slopes, operands))
    wide = 2 * size + 2 * line.denominator >= INT64_SAFE
    total = line.offset
    for slope, ints in zip(line.slopes, operands):
        total = total + (ints.astype(object) if wide else ints) * slope
    total = np.atleast_1d(np.asarray(total, dtype=object if wide else np.int64))
    return _round_quotient(total, line.denominator) + line.zero_point


def _round_quotient(total, denominator):
    """rnd(total / denominator), ties to even; denominator > 0, an int or an array."""
    doubled, width = 2 * total + denominator, 2 * denominator
    quotient = doubled // width
    tie = (doubled - quotient * width == 0) & (quotient % 2 == 1)
    return quotient - tie.astype(np.int64)


def _by_division(operands, lines, index, shape):
    """Any number of integer tensors: divide once per distinct combination."""
    spread = np.broadcast_to(index, shape)
    positions, inverse = distinct_rows([spread] + operands, shape)
    picked = [np.broadcast_to(ints, shape).reshape(-1)[positions] for ints in operands]
    group = spread.reshape(-1)[positions]
    if len(lines) == 1:
        values = np.broadcast_to(_divide(picked, lines[0]), positions.shape)
    else:
        values = _divide_groups(picked, lines, group)
    return narrow(np.array(values, dtype=object)).reshape(-1)[inverse].reshape(shape)


def _divide_groups(picked, lines, group):
    """As _divide, with the line of every row chosen by `group`."""
    def column(numbers):
        return np.array(numbers, dtype=object)[group]
    total = column([line.offset for line in lines])
    for i, ints in enumerate(picked):
        total = total + column([line.slopes[i] for line in lines]) * ints.astype(object)
    rounded = _round_quotient(total, column([line.denominator for line in lines]))
    return rounded + column([line.zero_point for line in lines])


# --- distinct rows and scalar evaluation -----------------------------------


def distinct_rows(columns, shape):
    """Distinct combinations of several integer tensors of one shape.

    Returns (positions, inverse): flat positions of one representative per
    combination, and for every position the number of its combination.
    """
    code, width = np.zeros(math.prod(shape), dtype=np.int64), 1
    for column in columns:
        flat = np.broadcast_to(column, shape).reshape(-1)
        if flat.size == 0:
            return np.zeros(0, np.int64), code
        low, high = int(flat.min()), int(flat.max())
        if flat.dtype == object or (high - low + 1) * width >= MAX_CODE:
            flat = np.unique(flat, return_inverse=True)[1]
            low, high = 0, int(flat.max())
        if (high - low + 1) * width >= MAX_CODE:
            code = np.unique(code, return_inverse=True)[1]
            width = int(code.max()) + 1
        code = code * (high - low + 1) + (flat - low)
        width *= high - low + 1
    if width <= DENSE_CODE:
        return _dense_rows(code, width)
    _, positions, inverse = np.unique(code, return_index=True, return_inverse=True)
    return positions, inverse


def _dense_rows(code, width):
    """distinct_rows for codes that fit a table: no sorting."""
    representative = np.full(width, -1, dtype=np.int64)
    representative[code] = np.arange(code.size)
    used = np.flatnonzero(representative >= 0)
    number = np.empty(width, dtype=np.int64)
    number[used] = np.arange(used.size)
    return representative[used], number[code]


def _leaves(node):
    """All Affine tensors below a node."""
    if isinstance(node, Affine):
        return [node]
    return [leaf for argument in node.arguments for leaf in _leaves(argument)]


def _columns(node):
    """Integer tensors whose values determine the node's value at a position."""
    columns, seen = [], set()
    for leaf in _leaves(node):
        parts = [term.ints for term in leaf.terms]
        maps = [term.coefficient for term in leaf.terms]
        maps += [] if leaf.constant is None else [leaf.constant]
        parts += [item.index for item in maps if len(item.values) > 1]
        for part in parts:
            if id(part) not in seen:
                seen.add(id(part))
                columns.append(part)
    return columns


def _rows(node, positions, shape):
    """A function (row, digits) -> Interval that evaluates the node at positions[row]."""
    if isinstance(node, Affine):
        values = [Fraction(0)] * len(positions)
        for term in linear_terms(node):
            ints = np.broadcast_to(term.ints, shape).reshape(-1)[positions].tolist()
            index = np.broadcast_to(term.coefficient.index, shape).reshape(-1)[positions].tolist()
            numbers = term.coefficient.values
            values = [v + numbers[i] * u for v, i, u in zip(values, index, ints)]
        return lambda row, digits: (values[row], values[row])
    arguments = [_rows(argument, positions, shape) for argument in node.arguments]
    function, parameters = SCALAR_FUNCTIONS[node.function], node.parameters

    def evaluate(row, digits):
        return function(*(argument(row, digits) for argument in arguments), digits, **parameters)
    return evaluate


def _quantize_rows(tensor, target):
    columns = _columns(tensor) + [m.index for m in (target.scale, target.zero_point)
                                  if len(m.values) > 1]
    shape = tensor.shape
    positions, inverse = distinct_rows(columns, shape)
    evaluate = _rows(tensor, positions, shape)
    scales = target.scale.spread(shape).reshape(-1)[positions]
    zeros = target.zero_point.spread(shape).reshape(-1)[positions]
    result = np.empty(len(positions), dtype=np.int64)
    for row in range(len(positions)):
        scale = target.scale.values[scales[row]]
        zero_point = target.zero_point.values[zeros[row]]
        result[row] = exact_scalar.decide(
            lambda digits, row=row: evaluate(row, digits),
            lambda value, s=scale, z=zero_point: target.scalar(value, s, z))
    return result[inverse].reshape(shape)


def materialize(tensor):
    """An Affine with the same values (for a reduction over non-linear results).

    Errors: Unsupported if a value is irrational.
    """
    if isinstance(tensor, Affine):
        return tensor
    positions, inverse = distinct_rows(_columns(tensor), tensor.shape)
    evaluate = _rows(tensor, positions, tensor.shape)
    values = []
    for row in range(len(positions)):
        low, high = evaluate(row, exact_scalar.START_DIGITS)
        if low != high:
            raise Unsupported(f"irrational values ({tensor.function}) enter a linear operator "
                              "without a quantize between")
        values.append(low)
    return Affine(tensor.shape, [], ValueMap(values, inverse.reshape(tensor.shape)))


def exact_intervals(tensor, digits=exact_scalar.START_DIGITS):
    """Flat list of (low, high) Fractions enclosing every element; equal when rational."""
    positions, inverse = distinct_rows(_columns(tensor), tensor.shape)
    evaluate = _rows(tensor, positions, tensor.shape)
    values = [evaluate(row, digits) for row in range(len(positions))]
    return [values[row] for row in inverse.tolist()]
