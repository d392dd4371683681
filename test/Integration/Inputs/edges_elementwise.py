# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Edges of sums, products, pools, tables and data movement: ties, borders, scales.

Two-operand cases run on all 65,536 pairs of integers, one-operand cases on all 256.
"""

import json

import numpy as np

from harness import RANGES, Net, case, cases, equal, main, qbias, random_weights

S = np.float32(0.037)


def every_pair(dtype):
    """{a, b} holding every pair of integers of a type."""
    low, high = RANGES[dtype]
    a, b = np.meshgrid(np.arange(low, high + 1), np.arange(low, high + 1), indexing="ij")
    return {"a": a.reshape(1, 1, 256, 256).astype(dtype),
            "b": b.reshape(1, 1, 256, 256).astype(dtype)}


def every_value(dtype):
    """{x} holding every integer of a type."""
    low, high = RANGES[dtype]
    return {"x": np.arange(low, high + 1).reshape(1, 1, 16, 16).astype(dtype)}


def report_of(path, name):
    """One layer of the JSON report."""
    layers = json.loads(qbias("report", path, "--format=json").stdout)["layers"]
    return next(layer for layer in layers if layer["name"] == name)


# --- two operands ----------------------------------------------------------

PAIRS = {  # operator, dtype, (scale, zero) of a, b and y, activation
    "add_dyadic": ("Add", "int8", (0.25, 0), (0.25, 0), (0.5, 0), None),
    "add_dyadic_odd_zero": ("Add", "int8", (0.25, 3), (0.25, -5), (0.5, 7), None),
    "add_dyadic_unsigned": ("Add", "uint8", (0.5, 127), (0.5, 1), (1.0, 129), "Relu"),
    "add_quarter": ("Add", "int8", (0.25, 1), (0.5, 2), (1.0, -3), None),
    "add_equal": ("Add", "uint8", (S, 100), (S, 100), (S, 100), None),
    "add_far": ("Add", "int8", (S, -7), (S * 1000, 9), (S * 700, 1), None),
    "add_thirds": ("Add", "uint8", (0.1, 0), (0.2, 255), (0.3, 128), None),
    "add_relu": ("Add", "int8", (S, -7), (S * 1.3, 9), (S * 1.1, -128), "Relu"),
    "sub": ("Sub", "int8", (S, -7), (S * 1.3, 9), (S * 2, 4), None),
    "sub_dyadic": ("Sub", "uint8", (0.25, 130), (0.25, 100), (0.5, 77), None),
    "mul": ("Mul", "int8", (S, -7), (S * 1.3, 9), (S, 4), None),
    "mul_dyadic": ("Mul", "int8", (0.25, 0), (0.5, 0), (0.25, 0), None),
    "mul_ties": ("Mul", "uint8", (0.5, 3), (0.5, 7), (0.5, 101), None),
    "mul_relu": ("Mul", "uint8", (S, 128), (S, 128), (S, 0), "Relu"),
    "mul_sixth": ("Mul", "int8", (1.0, 1), (1.0, -1), (6.0, 3), None),
}


@cases(PAIRS)
def pair(folder, op, dtype, a, b, y, tail):
    """One operator on all pairs (N11)."""
    net = Net(dtype)
    operands = [net.quantized_input(name, [1, 1, 256, 256], *parameters)
                for name, parameters in (("a", a), ("b", b))]
    real = net.node(op, operands, name="pair")
    real = net.node(tail, [real]) if tail else real
    net.finish(real, *y)
    path = net.check(folder, every_pair(dtype))
    equal(report_of(path, "pair")["certified_channels"], 1, "certified channels")


@case
def pair_of_one(folder):
    """x + x and x * x: both operands are the same tensor."""
    for op in ("Add", "Mul", "Sub"):
        net = Net("int8")
        x = net.quantized_input("x", [1, 1, 16, 16], S, 3)
        net.finish(net.node(op, [x, x]), S * 2, -5)
        net.check(folder, every_value("int8"), model=f"{op}.onnx")


@case
def broadcast(folder):
    """A per-channel or scalar activation against a full one."""
    for number, shape in enumerate(([1, 3, 1, 1], [1, 1, 1, 1], [1, 1, 4, 5], [1, 3, 4, 1])):
        for op in ("Add", "Mul"):
            net = Net("int8")
            a = net.quantized_input("a", [1, 3, 4, 5], S, 3)
            b = net.quantized_input("b", shape, S * 2, -5)
            net.finish(net.node(op, [a, b] if number % 2 else [b, a]), S * 2, 1)
            net.check(folder, model=f"{op}{number}.onnx")


@case
def skip_without_quantize(folder):
    """conv -> add(skip) -> relu -> quantize with one rounding (N11b)."""
    for number, (dtype, zero, tail, swap) in enumerate((
            ("int8", 5, "Relu", False), ("uint8", 121, None, True), ("int8", -128, "Relu", True))):
        net = Net(dtype)
        x = net.quantized_input("x", [1, 4, 5, 5], S, zero)
        skip = net.quantized_input("skip", [1, 4, 5, 5], S * 1.7, zero)
        scale = np.array([0.01, 0.02, 0.003, 0.004], np.float32)
        y = net.node("Conv", [x, net.constant(random_weights([4, 4, 3, 3]), scale),
                              net.const(np.linspace(-2, 2, 4, dtype=np.float32))],
                     pads=[1] * 4, name="conv")
        y = net.node("Add", [skip, y] if swap else [y, skip])
        net.finish(net.node(tail, [y]) if tail else y, 0.11, zero)
        path = net.check(folder, model=f"{number}.onnx")
        layer = report_of(path, "conv")
        equal(layer["certified_channels"], layer["channels"], "certified channels")


RESIDUALS = {f"{dtype}_{zeros[0]}_{number}": (dtype, zeros, *scales)
             for dtype, zeros in (("int8", (0, -3, 2)), ("uint8", (128, 125, 130)),
                                  ("uint8", (0, 0, 0)), ("int8", (127, 127, -128)))
             for number, scales in enumerate((
                 (0.9, 0.85, 1.0), (0.999, 0.4, 1.0), (0.51, 0.99, 1.0), (0.5, 0.5, 0.51),
                 (0.3, 1.9, 2.0), (0.7, 0.7, 1.3), (1.99, 0.01, 2.0)))}


@cases(RESIDUALS)
def residual(folder, dtype, zeros, first, second, result):
    """conv -> quantize -> add(skip): the sum needs 32 or 33 bits in the kernel's store, what
    is added to it up to 34."""
    channels = 19
    pairs = every_pair(dtype)
    net = Net(dtype)
    a = net.quantized_input("a", [1, 1, 256, 256], first, zeros[0])
    b = net.quantized_input("b", [1, channels, 256, 256], second, zeros[1])
    weights = np.full([channels, 1, 1, 1], 127)
    y = net.node("Conv", [a, net.constant(weights, np.float32(1 / 127))], name="conv")
    y = net.requantize(y, first, zeros[0])
    net.finish(net.node("Add", [b, y], name="sum"), result, zeros[2])
    pairs["b"] = np.repeat(pairs["b"], channels, axis=1)
    net.check(folder, pairs)


# --- means -----------------------------------------------------------------


def pooled(net, x, kind, window, **attributes):
    """A mean over the whole image, or a pool."""
    if kind == "ReduceMean":
        return net.node(kind, [x], axes=[2, 3], keepdims=1, name="mean")
    if kind == "GlobalAveragePool":
        return net.node(kind, [x], name="mean")
    return net.node(kind, [x], kernel_shape=window, name="mean", **attributes)


MEANS = {f"{kind}_{rows}x{columns}_{dtype}": (kind, [rows, columns], dtype, zero)
         for kind, rows, columns, dtype, zero in (
             ("GlobalAveragePool", 6, 6, "int8", 0), ("GlobalAveragePool", 6, 6, "uint8", 131),
             ("GlobalAveragePool", 2, 2, "int8", -7), ("GlobalAveragePool", 7, 7, "uint8", 0),
             ("ReduceMean", 4, 3, "int8", 5), ("AveragePool", 6, 1, "uint8", 255),
             ("GlobalAveragePool", 1, 1, "int8", 3), ("GlobalAveragePool", 8, 8, "int8", -128))}


@cases(MEANS)
def mean_ties(folder, kind, size, dtype, zero):
    """Scale and zero point shared across the pool: ties wherever the count is even (N11)."""
    net = Net(dtype)
    x = net.quantized_input("x", [1, 3] + size, S, zero)
    net.finish(pooled(net, x, kind, size), S, zero)
    rng = np.random.default_rng(0)
    low, high = RANGES[dtype]
    q = rng.integers(low, high + 1, [300, 1, 3] + size)
    q[100:200] = np.clip(zero + rng.integers(-1, 2, [100, 1, 3] + size), low, high)
    path = net.check(folder, {"x": q.astype(dtype)})
    equal(report_of(path, "mean")["certified_channels"], report_of(path, "mean")["channels"],
          "certified channels")


POOLS = {
    "plain": ([2, 2], {"strides": [2, 2]}, 3.0),
    "padded": ([3, 3], {"pads": [1, 1, 1, 1], "strides": [2, 2]}, 1.0),
    "counted": ([3, 3], {"pads": [1, 1, 1, 1], "count_include_pad": 1}, 1.0),
    "counted_other_scale": ([3, 2], {"pads": [1, 1, 2, 0], "count_include_pad": 1}, 0.7),
    "asymmetric": ([3, 2], {"pads": [2, 0, 0, 1]}, 1.0),
    "same": ([3, 3], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, 1.3),
    "ceil": ([3, 3], {"ceil_mode": 1, "strides": [2, 2]}, 1.0),
}


@cases(POOLS)
def average_pool(folder, window, attributes, ratio):
    """One staircase per divisor where padding is not counted."""
    for dtype, zero in (("uint8", 77), ("int8", -128)):
        net = Net(dtype)
        x = net.quantized_input("x", [1, 2, 6, 7], S, zero)
        if ratio == 1.3:  # a producer whose range excludes the zero point
            x = net.requantize(net.clip_node(x, -0.5, 4.0), S, zero)
        y = pooled(net, x, "AveragePool", window, **attributes)
        net.finish(y, S * np.float32(ratio), zero)
        net.check(folder, net.stimuli(30), model=f"{dtype}.onnx")


@cases({"plain": ({},), "padded": ({"pads": [1, 1, 1, 1]},), "ceil": ({"ceil_mode": 1},),
        "dilated": ({"dilations": [2, 1]},), "same": ({"auto_pad": "SAME_LOWER"},)})
def max_pool(folder, attributes):
    """Padding never wins, whatever the zero point; same and another scale."""
    for number, (dtype, zero, ratio) in enumerate((("int8", 127, 1.0), ("uint8", 255, 1.0),
                                                   ("int8", -3, 1.7))):
        net = Net(dtype)
        x = net.quantized_input("x", [1, 2, 6, 7], S, zero)
        y = net.node("MaxPool", [x], kernel_shape=[3, 2], strides=[2, 2], **attributes)
        net.finish(y, S * np.float32(ratio), zero)
        net.check(folder, model=f"{number}.onnx")


# --- tables ----------------------------------------------------------------

UNARY = {
    "relu": ("Relu", {}, S), "leaky_relu": ("LeakyRelu", {"alpha": 0.1}, S),
    "leaky_relu_ties": ("LeakyRelu", {"alpha": 0.5}, S), "sigmoid": ("Sigmoid", {}, 1 / 256),
    "sigmoid_fine": ("Sigmoid", {}, 1e-3), "tanh": ("Tanh", {}, 1 / 128),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 0.2, "beta": 0.5}, 1 / 255),
    "hard_swish": ("HardSwish", {}, S),
}


@cases(UNARY)
def table(folder, op, attributes, y_scale):
    """A function of one integer on all 256 values, signed and unsigned."""
    for number, (dtype, zero, y_zero) in enumerate((("int8", 3, -128), ("uint8", 100, 77),
                                                    ("int8", -128, 0), ("uint8", 255, 13))):
        net = Net(dtype, opset=14)
        x = net.quantized_input("x", [1, 1, 16, 16], S, zero)
        net.finish(net.node(op, [x], **attributes), y_scale, y_zero)
        net.check(folder, every_value(dtype), model=f"{number}.onnx")


@case
def clip(folder):
    """Clip between quantizes of the same and of another scale; empty and one-sided."""
    for number, (low, high, ratio) in enumerate(((0.0, 6.0, 1.0), (-1.0, 1.0, 0.7),
                                                 (2.0, 2.0, 1.0), (-100.0, 0.0185, 1.0))):
        net = Net("int8")
        x = net.quantized_input("x", [1, 1, 16, 16], S, 3)
        net.finish(net.clip_node(x, low, high), S * np.float32(ratio), 3)
        net.check(folder, every_value("int8"), model=f"{number}.onnx")


@case
def other_scale(folder):
    """A rescale alone; a dyadic one has ties at every odd integer."""
    for number, (scale, y_scale, zero, y_zero) in enumerate((
            (0.25, 0.5, 3, 8), (0.25, 0.5, 4, 7), (0.5, 0.25, 0, 0), (S, S * 1.1, -5, 5))):
        net = Net("int8")
        x = net.quantized_input("x", [1, 1, 16, 16], scale, zero)
        net.finish(x, y_scale, y_zero)
        net.check(folder, every_value("int8"), model=f"{number}.onnx")


@case
def other_type(folder):
    """int8 to uint8 and back."""
    net = Net("int8")
    x = net.quantized_input("x", [1, 1, 16, 16], S, 3)
    x = net.requantize(x, S, 131, "uint8")
    net.finish(x, S * np.float32(1.01), -100, "int8")
    net.check(folder, every_value("int8"))


@case
def elementwise_chain(folder):
    """A function, a constant added, one multiplied: one table (N13 d)."""
    net = Net("int8", opset=14)
    x = net.quantized_input("x", [1, 1, 16, 16], S, 3)
    y = net.node("Add", [net.node("HardSwish", [x]), net.const(np.float32(0.3))])
    y = net.node("Mul", [y, net.const(np.float32(-1.7))])
    net.finish(y, 0.05, -5)
    net.check(folder, every_value("int8"))


@case
def monotone_tails(folder):
    """Accumulator with LeakyRelu, Sigmoid, Tanh, HardSigmoid behind it (N13 a)."""
    for op, attributes, scale in (("LeakyRelu", {"alpha": 0.1}, 0.05), ("Sigmoid", {}, 1 / 256),
                                  ("Tanh", {}, 1 / 128),
                                  ("HardSigmoid", {"alpha": 0.2, "beta": 0.5}, 1 / 255)):
        net = Net("int8")
        x = net.quantized_input("x", [1, 3, 5, 5], S, 3)
        y = net.node("Conv", [x, net.constant(random_weights([4, 3, 3, 3]), 0.0041),
                              net.const(np.linspace(-1, 1, 4, dtype=np.float32))], name="conv")
        net.finish(net.node(op, [y], **attributes), scale, -128)
        path = net.check(folder, net.stimuli(20), model=f"{op}.onnx")
        layer = report_of(path, "conv")
        equal(layer["certified_channels"], layer["channels"], f"{op}: certified channels")


# --- data movement ---------------------------------------------------------


@case
def concat(folder):
    """Operands of the same scale pass, others get a table each (N13 f)."""
    for number, (axis, ratios) in enumerate(((1, (1.0, 0.7, 1.9)), (1, (1.0, 1.0, 1.0)),
                                             (2, (0.5, 1.0, 2.0)), (3, (1.1, 1.1, 1.1)))):
        net = Net("uint8")
        parts = [net.quantized_input(f"x{i}", [1, 3, 4, 4], S * np.float32(ratio), 100)
                 for i, ratio in enumerate(ratios)]
        net.finish(net.node("Concat", parts, axis=axis), S, 100)
        net.check(folder, model=f"{number}.onnx")


@case
def movement(folder):
    """Reshape, Transpose, Flatten, Squeeze, Unsqueeze, Pad, Slice between same-scale ends."""
    net = Net("int8")
    x = net.quantized_input("x", [1, 3, 4, 5], S, 7)
    x = net.requantize(net.node("Transpose", [x], perm=[0, 2, 3, 1]), S, 7)
    x = net.requantize(net.node("Reshape", [x, net.const(np.array([0, 5, -1, 2]))]), S, 7)
    x = net.requantize(net.node("Pad", [x, net.const(np.array([0, 0, 1, 2, 0, 1, 0, 0]))]), S, 7)
    starts, ends, axes, steps = (net.const(np.array(v)) for v in ([1, 0], [6, 4], [1, 3], [2, 1]))
    x = net.requantize(net.node("Slice", [x, starts, ends, axes, steps]), S, 7)
    x = net.requantize(net.node("Unsqueeze", [x, net.const(np.array([0]))]), S, 7)
    x = net.requantize(net.node("Squeeze", [x, net.const(np.array([0]))]), S, 7)
    net.finish(net.node("Flatten", [x], axis=2), S, 7)
    net.check(folder)


if __name__ == "__main__":
    main(__doc__)
