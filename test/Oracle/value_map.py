# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A rational number per tensor position, stored as few values plus a small index.

Scales, zero points and biases are one number per tensor or per channel.  A
`ValueMap` keeps the distinct numbers once (Fractions) and an integer index array
that broadcasts against the tensor, e.g. shape (1, C, 1, 1) for a channel scale.
Layout operations then move small integers, and positions that share their numbers
form a *group* for which thresholds are computed once.
"""

from fractions import Fraction

import numpy as np

from exact_scalar import fraction


class ValueMap:
    """values[index[...]] is the number at a position; `index` broadcasts to the tensor."""

    def __init__(self, values, index):
        self.values = list(values)
        self.index = np.asarray(index, dtype=np.int64)

    @classmethod
    def scalar(cls, value, rank):
        """The same number everywhere in a tensor of `rank` axes."""
        return cls([Fraction(value)], np.zeros((1,) * rank, dtype=np.int64))

    @classmethod
    def from_array(cls, array):
        """Exact values of a numpy int or float array, same shape (N1)."""
        array = np.asarray(array)
        distinct, inverse = np.unique(array.reshape(-1), return_inverse=True)
        if array.dtype.kind == "f" and not np.all(np.isfinite(distinct)):
            raise ValueError("a constant holds an infinity or NaN")
        values = [fraction(value) for value in distinct]
        return cls(values, inverse.reshape(array.shape))

    @property
    def rank(self):
        """Number of axes of the tensor the map belongs to."""
        return self.index.ndim

    def is_scalar(self):
        """True when one number holds for the whole tensor."""
        return self.index.size == 1

    def item(self):
        """The only number of a scalar map."""
        if not self.is_scalar():
            raise ValueError("expects one number for the whole tensor")
        return self.values[int(self.index.reshape(-1)[0])]

    def is_zero(self):
        """True when every number is 0."""
        return all(value == 0 for value in self.values)

    def varies_along(self, axis):
        """True when positions along `axis` may hold different numbers."""
        return self.index.shape[axis] > 1

    def map(self, function):
        """Apply a scalar function to every number."""
        return ValueMap([function(value) for value in self.values], self.index)

    def combine(self, other, function):
        """function(self, other) at every position, computed once per distinct pair."""
        code = self.index * len(other.values) + other.index
        pairs, inverse = np.unique(code.reshape(-1), return_inverse=True)
        width = len(other.values)
        values = [function(self.values[pair // width], other.values[pair % width])
                  for pair in pairs.tolist()]
        return ValueMap(values, inverse.reshape(code.shape))

    def move(self, shape, function):
        """Apply a pure data movement of a tensor of `shape` to the numbers."""
        if self.is_scalar():
            rank = function(np.empty(shape, dtype=np.bool_)).ndim
            return ValueMap(self.values, self.index.reshape((1,) * rank))
        return ValueMap(self.values, function(np.broadcast_to(self.index, shape))).compress()

    def compress(self):
        """Drop axes along which the index does not change."""
        index = self.index
        for axis in range(index.ndim):
            first = index.take([0], axis) if index.shape[axis] > 1 else None
            if first is not None and np.array_equal(index, np.broadcast_to(first, index.shape)):
                index = first
        return ValueMap(self.values, index)

    def with_rank(self, rank):
        """Add leading axes, as numpy broadcasting does."""
        missing = rank - self.rank
        return ValueMap(self.values, self.index.reshape((1,) * missing + self.index.shape))

    def spread(self, shape):
        """The index array broadcast to a full tensor shape (a read-only view)."""
        return np.broadcast_to(self.index, shape)


def common_groups(maps, shape):
    """Joint groups of several maps.

    Returns (groups, index): groups is a list of tuples with one number per map;
    index is an int array broadcastable to `shape` that names each position's group.
    """
    code = np.zeros((1,) * len(shape), dtype=np.int64)
    rows = [()]
    for item in maps:
        joint = code * len(item.values) + item.index
        pairs, inverse = np.unique(joint.reshape(-1), return_inverse=True)
        width = len(item.values)
        rows = [rows[pair // width] + (item.values[pair % width],) for pair in pairs.tolist()]
        code = inverse.reshape(joint.shape)
    return rows, code
