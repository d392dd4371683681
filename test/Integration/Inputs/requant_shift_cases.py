# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Integer ONNX graphs with RequantShift against plain integers: requant_shift_cases.py WORK [CASE].

y = clip((x * mul + add + div / 2) >> log2(div)); the files hold integers as floats.
"""

import os

import numpy as np

from harness import RANGES, case, cases, equal, main, qbias, require, save

from onnx_writer import FLOAT, Graph


def shift(graph, x, mul, add, div, signed=1, levels=256):
    """Append a RequantShift."""
    def number(value):
        return np.array([value], np.float32)
    return graph.node("RequantShift", [x, graph.const(np.float32(mul)), graph.const(np.float32(add))],
                      div=number(div), n_levels=number(levels), signed=number(signed))


def shifted(x, mul, add, div, signed=1):
    """What it computes."""
    mul, add = np.asarray(mul, np.int64), np.asarray(add, np.int64)
    low, high = RANGES["int8" if signed else "uint8"]
    return np.clip((x * mul + add + div // 2) >> (div.bit_length() - 1), low, high)


def run(folder, graph, x):
    """The integers of a graph's output."""
    path, target = os.path.join(folder, "net.onnx"), os.path.join(folder, "y.npy")
    graph.save(path)
    qbias("run", path, "--input", save(folder, "x.npy", x.astype(np.int16)), "--output", target,
          "--raw", "--quiet")
    return np.load(target)


@cases({"ties": ([2, 6, 10, 14], [1, 3, 5, 7], 4, 1), "negative": ([-3, 5, -128, 1], [9, -9, 70, 0], 64, 1),
        "zero": ([0, 7, 0, 1], [-513, 512, 1023, 3], 1024, 1), "no_shift": ([1, 2, -1, 3], [0, 1, 2, 3], 1, 1),
        "unsigned": ([11, -4, 250, 9], [100, 2000, -900, 0], 256, 0), "one": ([23], [5], 128, 1)})
def product(folder, mul, add, div, signed):
    """A MatMul with a bias behind it; numbers by channel, or one for all."""
    rng = np.random.default_rng(5)
    w, b = rng.integers(-128, 128, [6, 4]), rng.integers(-500, 500, 4)
    x = rng.integers(-128, 256, [40, 1, 6])
    graph = Graph()
    acc = graph.node("MatMul", [graph.input("x", FLOAT, [1, 6]), graph.const(w.astype(np.float32))])
    acc = graph.node("Add", [acc, graph.const(b.astype(np.float32))])
    graph.output(shift(graph, acc, mul, add, div, signed), FLOAT, [1, 4])
    got = run(folder, graph, x)
    want = shifted(x @ w + b, mul, add, div, signed)
    equal(int(np.sum(got.reshape(want.shape) != want)), 0, "elements that differ")


@cases({"mul": ("mul",), "add": ("add",), "bias": ("bias",), "all": ("mul", "add", "bias")})
def by_row(folder, *differing):
    """A Gemm whose mul, add or bias differ between rows."""
    rng = np.random.default_rng(6)
    w, x = rng.integers(-128, 128, [4, 6]), rng.integers(-128, 256, [30, 5, 6])
    b, mul, add = (rng.integers(-500, 500, [5, 4] if "bias" in differing else [4]),
                   rng.integers(1, 90, [5, 1] if "mul" in differing else [1]),
                   rng.integers(-900, 900, [5, 1] if "add" in differing else [4]))
    graph = Graph()
    acc = graph.node("Gemm", [graph.input("x", FLOAT, [5, 6]), graph.const(w.astype(np.float32)),
                              graph.const(b.astype(np.float32))], transB=1)
    graph.output(shift(graph, acc, mul, add, 512), FLOAT, [5, 4])
    got, want = run(folder, graph, x), shifted(x @ w.T + b, mul, add, 512)
    equal(int(np.sum(got.reshape(want.shape) != want)), 0, "elements that differ")


@case
def other_rows(folder):
    """Numbers for five rows of a tensor of ten."""
    graph = Graph()
    acc = graph.node("Gemm", [graph.input("x", FLOAT, [10, 6]),
                              graph.const(np.ones([6, 4], np.float32))])
    graph.output(shift(graph, acc, [[3]] * 5, 0, 64), FLOAT, [10, 4])
    path = os.path.join(folder, "net.onnx")
    graph.save(path)
    said = qbias("report", path, code=1).stderr
    require("10" in said and "expected" in said, said)


@case
def sum_of_two(folder):
    """A RequantShift of a graph input, and of a sum of two others."""
    graph = Graph()
    x = graph.input("x", FLOAT, [1, 50])
    a, b = shift(graph, x, 37, -5, 64), shift(graph, x, 11, 100, 32, 0)
    graph.output(shift(graph, graph.node("Add", [a, b]), 3, -1, 4), FLOAT, [1, 50])
    values = np.arange(-200, 300, dtype=np.int64).reshape(10, 1, 50)
    want = shifted(shifted(values, 37, -5, 64) + shifted(values, 11, 100, 32, 0), 3, -1, 4)
    equal(int(np.sum(run(folder, graph, values).reshape(want.shape) != want)), 0,
          "elements that differ")


@cases({"div": (dict(div=96), "div"), "levels": (dict(levels=16), "n_levels"),
        "mul": (dict(mul=[1.5]), "an integer of 32 bits"), "channels": (dict(mul=[1, 2, 3]), "mul"),
        "add": (dict(add=[2.0**31]), "less than 2^30")})
def refused(folder, changes, words):
    """An error that names the node."""
    graph = Graph()
    acc = graph.node("MatMul", [graph.input("x", FLOAT, [1, 6]),
                                graph.const(np.ones([6, 4], np.float32))])
    arguments = {"mul": [3], "add": [0], "div": 64, **changes}
    graph.output(shift(graph, acc, **arguments), FLOAT, [1, 4])
    path = os.path.join(folder, "net.onnx")
    graph.save(path)
    said = qbias("report", path, code=1).stderr
    require(words in said and "expected" in said, said)


if __name__ == "__main__":
    main(__doc__)
