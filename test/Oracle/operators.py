# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of operators, and what an operator's evaluator sees of its node.

Values travelling along the edges of the network:
    numpy int array     an integer tensor (quantized data, shapes, indices)
    numpy float array   a stored float constant
    BoundaryFloat       a float model input, still to be quantized (N2b); it may hold
                        the integers of its quantizer instead
    Affine, Dequantized, Elementwise   exact real tensors (exact_tensor.py)
"""

from dataclasses import dataclass

import numpy as np

from exact_tensor import Affine, Elementwise, Unsupported, as_constant, constant_tensor
from integer_ops import windows

EXACT = (Affine, Elementwise)
EVALUATORS = {}


@dataclass
class BoundaryFloat:
    """Float data outside the integer program: quantized by the producer's formula."""

    array: np.ndarray

    @property
    def shape(self):
        """Shape of the array."""
        return self.array.shape


def operator(*names):
    """Register an evaluator: a function of a NodeView that returns one value or a tuple."""
    def register(function):
        for name in names:
            EVALUATORS[name] = function
        return function
    return register


def is_integer(value):
    """True for an integer (or bool) numpy array."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "iub"


class NodeView:
    """Inputs and attributes of one node during evaluation.

    values: the input values (None where an optional input is absent);
    constants: for every input whether it is known without the model's inputs;
    dtypes: the file's type of every input that is an integer tensor.
    """

    def __init__(self, node, values, constants, dtypes, settings):
        self.node, self.values, self.constants = node, values, constants
        self.dtypes, self.settings = dtypes, settings

    def attribute(self, name, default=None):
        """The attribute's value or `default`."""
        return self.node.attribute(name, default)

    def has(self, index):
        """True when input `index` is present."""
        return index < len(self.values) and self.values[index] is not None

    def value(self, index):
        """Input `index`.  Errors: Unsupported when it is absent."""
        if not self.has(index):
            raise Unsupported(f"input {index} is missing")
        return self.values[index]

    def integers(self, index):
        """Input `index` as an integer array.  Errors: Unsupported for real tensors."""
        value = self.value(index)
        if not is_integer(value):
            raise Unsupported(f"input {index} is not an integer tensor")
        return value

    def real(self, index):
        """Input `index` as an exact real tensor; a constant has no terms when small."""
        value = self.value(index)
        if isinstance(value, EXACT):
            return value
        if isinstance(value, BoundaryFloat) and value.array.dtype.kind == "f":
            return constant_tensor(value.array)
        if isinstance(value, BoundaryFloat):
            raise Unsupported("integers were given for a float input that is not quantized first")
        if value.dtype.kind == "f":
            return constant_tensor(value)
        raise Unsupported(f"input {index} is an integer tensor, expects a real one")

    def operand(self, index):
        """As `real`; a constant comes without terms (bias, factor, offset)."""
        tensor = self.real(index)
        return as_constant(tensor) if self.constants[index] else tensor

    def numbers(self, index):
        """Input `index` as a stored float or integer array (scales, clip bounds)."""
        value = self.value(index)
        if not isinstance(value, np.ndarray):
            raise Unsupported(f"input {index} is not a constant of the file")
        return value

    def dims(self, index, attribute=None, default=None):
        """List of ints from input `index`, else from an attribute (older opsets)."""
        if self.has(index):
            return [int(item) for item in self.integers(index).reshape(-1)]
        return self.attribute(attribute, default) if attribute else default

    def windows(self, spatial, kernel):
        """Window geometry of a convolution or pool from the node's attributes."""
        return windows(list(spatial), list(kernel), self.attribute("strides"),
                       self.attribute("dilations"), self.attribute("pads"),
                       self.attribute("auto_pad", "NOTSET"),
                       bool(self.attribute("ceil_mode", 0)))


def move(value, function):
    """Apply a data movement to any kind of value."""
    if isinstance(value, EXACT):
        return value.move(function)
    if isinstance(value, BoundaryFloat):
        return BoundaryFloat(function(value.array))
    return function(value)
