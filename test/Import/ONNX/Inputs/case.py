# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small models for the importer's tests, written by the tests themselves.

Every test is a script that lit runs as `%python -B %s %oracle %t`: it saves models
into the directory %t, and its comments hold the checks.
"""

import os
import sys

sys.path.insert(0, sys.argv[1])

import numpy as np  # noqa: E402
from onnx_writer import (DOUBLE, FLOAT, FLOAT16, INT4, INT8, INT16, INT64,  # noqa: E402,F401
                         UINT4, UINT8, Graph)
from onnx_writer import _bytes as field, _integer as number  # noqa: E402,F401

FOLDER = sys.argv[2]
f32, f64, i8, u8, i32, i64 = (np.float32, np.float64, np.int8, np.uint8, np.int32, np.int64)


def save(graph, name):
    """Write `graph`, or the bytes of a file, to FOLDER/name.onnx."""
    os.makedirs(FOLDER, exist_ok=True)
    data = graph if isinstance(graph, bytes) else graph.serialize()
    with open(os.path.join(FOLDER, name + ".onnx"), "wb") as file:
        file.write(data)


def ramp(*shape):
    """float32 constants 0.25, 0.5, ... of that shape."""
    return (np.arange(1, np.prod(shape) + 1, dtype=f32) / 4).reshape(shape)


def one(name, op, shape, *constants, opset=13, outputs=None, inputs=(), result=FLOAT,
        **attributes):
    """A model of one node 'n' over graph inputs x (and y, ... of shapes `inputs`), then
    constants c0, c1, ...; None is an absent input.  `result` is the outputs' type."""
    g = Graph(opset=opset)
    names = [g.input("xyzw"[i], FLOAT, s) for i, s in enumerate([shape, *inputs])]
    names += [None if c is None else g.const(np.asarray(c), f"c{i}")
              for i, c in enumerate(constants)]
    results = g.node(op, names, outputs, name="n", **attributes)
    for output in [results] if isinstance(results, str) else results:
        g.output(output, result)
    save(g, name)


def qdq(g, x, scale=f32(0.5), zero=i8(3), **attributes):
    """QuantizeLinear and DequantizeLinear of x with one pair of constants."""
    s, z = g.const(scale), g.const(zero)
    q = g.node("QuantizeLinear", [x, s, z], **attributes)
    return g.node("DequantizeLinear", [q, s, z], **attributes)
