# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small programs for the importer's tests, written by the tests themselves.

Every test is a script that lit runs as `%python -B %s %oracle %t`: it saves files into the
directory %t, and its comments hold the checks.
"""

import io
import os
import struct
import sys
import zipfile

sys.path.insert(0, sys.argv[1])

import numpy as np  # noqa: E402,F401
from pt2_writer import DType, Program, Raw, Ref, Symbol, pickle_tensors, save_entries  # noqa: E402,F401

FOLDER = sys.argv[2]
os.makedirs(FOLDER, exist_ok=True)


def path(name):
    """Where a case is saved."""
    return os.path.join(FOLDER, name + ".pt2")


def write(name, data):
    """Save the bytes of a file."""
    with open(path(name), "wb") as file:
        file.write(data)


def layer(weight=None, scale=0.01, bias=None):
    """x [1, 4] -> quantize -> linear -> quantize -> y; returns program and pieces."""
    net = Program()
    x = net.requantize(net.input("x", [1, 4]), 0.05, 3)
    ints = np.arange(-4, 8).reshape(3, 4) if weight is None else weight
    w = net.weight("w", ints, scale)
    given = {} if bias is None else {"bias": net.parameter("bias", bias)}
    y = net.call("aten.linear.default", extents=[1, 3], input=x, weight=w, **given)
    net.finish(y, 0.1)
    return net


def one(name, target, shape=(1, 4), result=None, layout="pickle", **arguments):
    """A program of one call over a quantized input."""
    net = Program()
    x = net.requantize(net.input("x", list(shape)), 0.05)
    net.finish(net.call(target, extents=result, self=x, **arguments), 0.1)
    net.save(path(name), layout)


def damaged(name, entry, data, layout="pickle"):
    """A good file with one entry replaced, or left out when `data` is None."""
    entries = layer().entries(layout)
    if data is None:
        del entries[entry]
    else:
        entries[entry] = data
    save_entries(path(name), entries)


def archive(entries):
    """Bytes of an inner archive."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return data.getvalue()


def pickled(name, pickle, storages=None):
    """A good file whose state dict is this pickle."""
    entries = {"archive/data.pkl": pickle, "archive/byteorder": "little"}
    for key, content in (storages or {}).items():
        entries[f"archive/data/{key}"] = content
    damaged(name, "serialized_state_dict.pt", archive(entries))
