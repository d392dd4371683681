# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small files for the importer's tests, written by the tests themselves.

Every test is a script that lit runs as `%python -B %s %oracle %t`: it saves files into the
directory %t, and its comments hold the checks.
"""

import os
import struct
import sys

sys.path.insert(0, sys.argv[1])

import numpy as np  # noqa: E402,F401
from tflite_writer import Graph, Table, Vector  # noqa: E402,F401

FOLDER = sys.argv[2]
os.makedirs(FOLDER, exist_ok=True)


def path(name):
    """Where a case is saved."""
    return os.path.join(FOLDER, name + ".tflite")


def write(name, data):
    """Save the bytes of a file."""
    with open(path(name), "wb") as file:
        file.write(data)


class Net(Graph):
    """A graph of int8 tensors."""

    def act(self, name, shape, scale=0.5, zero=3, dtype="int8"):
        """A computed tensor."""
        return self.tensor(name, dtype, shape, scale, zero)

    def ints(self, name, *values):
        """A constant list of int32."""
        array = np.array(values, np.int32)
        return self.tensor(name, "int32", array.shape, data=array)

    def weights(self, name, data, scale, axis=None, dtype="int8", zero=0):
        """A quantized constant."""
        data = np.asarray(data)
        return self.tensor(name, dtype, data.shape, scale, zero, data, axis)

    def write(self, name, inputs, outputs):
        """Save as NAME.tflite."""
        self.save(path(name), inputs, outputs)


def dense(name, bias=None, weight_scale=0.25, bias_scale=0.125, bias_type="int32", wide=False,
          **options):
    """x [1, 4] -> FULLY_CONNECTED -> y [1, 2]."""
    net = Net()
    x = net.act("x", [1, 4], dtype="int16" if wide else "int8", zero=0 if wide else 3)
    w = net.weights("w", np.arange(-4, 4).reshape(2, 4), weight_scale)
    b = -1 if bias is None else net.tensor("b", bias_type, [len(bias)], bias_scale, 0,
                                           np.array(bias))
    y = net.act("y", [1, 2])
    net.operator("FULLY_CONNECTED", [x, w, b], [y], **options)
    net.write(name, [x], [y])


def one(name, op, inputs, shape, dtype="int8", result=None, **options):
    """An operator on x [1, 4, 4, 2] and constants; `inputs` makes the further ones."""
    net = Net()
    x = net.act("x", [1, 4, 4, 2])
    further = inputs(net) if callable(inputs) else []
    y = net.act("y", shape, dtype=dtype) if result is None else result(net)
    net.operator(op, [x] + further, [y], **options)
    net.write(name, [x], [y])
