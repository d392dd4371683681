# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every bias case of docs/Numerics.md section 6, as integers against the exact reference.

Each case also compares the report: the case's name, and the int32 constants with N5
computed here in exact fractions.
"""

import json
import os
from fractions import Fraction

import numpy as np

from harness import FLOAT, Net, agree, case, equal, main, qbias, random_weights, require, save

import oracle
from onnx_reader import read_model

X_SCALE, Y_SCALE = np.float32(0.037), np.float32(0.21)
W_SCALE = np.array([0.011, 0.0042, 0.0077, 0.0031], dtype=np.float32)
FLOAT_BIAS = np.array([1.234567, -0.7654321, 0.0, 3.1415927], dtype=np.float32)
INT32_MIN, INT32_MAX = -2**31, 2**31 - 1


def nearest(value):
    """Nearest integer, ties to even (N5)."""
    return round(value)  # of a Fraction: half to even, exactly


def grid(x_scale, w_scale, channel):
    """s_x * s_w[channel], exactly."""
    scales = np.broadcast_to(w_scale, len(W_SCALE))
    return Fraction(float(x_scale)) * Fraction(float(scales[channel]))


def layer(bias, w_scale=W_SCALE, weights=None, zero=3, padding=1):
    """One convolution with the bias that `bias(net)` makes."""
    net = Net("int8")
    x = net.quantized_input("x", [1, 3, 5, 5], X_SCALE, zero)
    if weights is None:
        weights = random_weights([4, 3, 3, 3])
    w = net.constant(weights, w_scale)
    operand = bias(net)
    y = net.node("Conv", [x, w] + ([operand] if operand else []), kernel_shape=[3, 3],
                 pads=[padding] * 4, name="conv")
    net.finish(y, Y_SCALE, -7)
    return net


def report_of(path, name="conv"):
    """(layer object, totals, stderr) of the JSON report."""
    done = qbias("report", path, "--format=json")
    report = json.loads(done.stdout)
    layers = [item for item in report["layers"] if item["name"] == name]
    equal(len(layers), 1, f"layers named {name}")
    return layers[0], report["totals"], done.stderr


def check_layer(folder, net, kind, expected=None):
    """Integers, certificate and case of a network with one convolution."""
    path = net.check(folder)
    found, totals, stderr = report_of(path)
    equal(found["bias"]["case"], kind, "bias case")
    equal(totals["certified_channels"], totals["channels"], "certified channels")
    require(("warning" in stderr) == (kind == "overflow"), f"{kind}: stderr is {stderr!r}")
    if expected is not None:
        equal(found["bias"]["int"], expected, "int32 bias")
        equal([found["bias"]["int_min"], found["bias"]["int_max"]],
              [min(expected), max(expected)], "int32 bias range")
    return found, stderr


@case
def float_bias(folder):
    """A float32 bias: rounded to the grid, the rest in the rounding constant."""
    net = layer(lambda n: n.const(FLOAT_BIAS))
    wanted = [nearest(Fraction(float(b)) / grid(X_SCALE, W_SCALE, c))
              for c, b in enumerate(FLOAT_BIAS)]
    found, _ = check_layer(folder, net, "float", wanted)
    bias = found["bias"]
    equal(bias["float"], [float(b) for b in FLOAT_BIAS], "real bias")
    for c, integer in enumerate(wanted):
        unit = grid(X_SCALE, W_SCALE, c)
        residue = Fraction(float(FLOAT_BIAS[c])) - integer * unit
        require(abs(bias["scale"][c] - float(unit)) <= 1e-15 * float(unit), "bias scale")
        require(abs(bias["residue"][c] - float(residue)) <= 1e-12 * float(unit), "residue")


@case
def on_grid_bias(folder):
    """An int32 bias whose scale is the float32 product s_x * s_w: the file's integers."""
    q = np.array([70000, -123456, 1, 0])
    net = layer(lambda n: n.constant(q, X_SCALE * W_SCALE, dtype="int32"))
    check_layer(folder, net, "on_grid", q.tolist())


@case
def on_grid_per_tensor(folder):
    """Per-tensor weights and bias."""
    q = np.array([70000, -123456, 1, 0])
    scale = np.float32(0.0061)
    net = layer(lambda n: n.constant(q, X_SCALE * scale, dtype="int32"), w_scale=scale)
    check_layer(folder, net, "on_grid", q.tolist())


@case
def rescaled_bias(folder):
    """An int32 bias with a scale of its own: its value counts, not its integers."""
    q, scale = np.array([70000, -123456, 1, 0]), (X_SCALE * W_SCALE * np.float32(1.37))
    net = layer(lambda n: n.constant(q, scale, dtype="int32"))
    wanted = [nearest(int(b) * Fraction(float(scale[c])) / grid(X_SCALE, W_SCALE, c))
              for c, b in enumerate(q)]
    check_layer(folder, net, "rescaled", wanted)


@case
def per_tensor_bias_scale(folder):
    """Per-channel weights with one scale for the whole bias."""
    q, scale = np.array([7000, -12345, 1, 0]), X_SCALE * np.float32(0.006)
    net = layer(lambda n: n.constant(q, scale, dtype="int32"))
    wanted = [nearest(int(b) * Fraction(float(scale)) / grid(X_SCALE, W_SCALE, c))
              for c, b in enumerate(q)]
    check_layer(folder, net, "rescaled", wanted)


@case
def absent_bias(folder):
    """No bias operand."""
    check_layer(folder, layer(lambda n: None), "absent")


@case
def added_bias(folder):
    """A constant [1, C, 1, 1] added behind the convolution is its bias."""
    net = Net("int8")
    x = net.quantized_input("x", [1, 3, 5, 5], X_SCALE, 3)
    y = net.node("Conv", [x, net.constant(random_weights([4, 3, 3, 3]), W_SCALE)], name="conv")
    y = net.node("Add", [net.const(FLOAT_BIAS.reshape(1, 4, 1, 1)), y])
    net.finish(y, Y_SCALE, -7)
    wanted = [nearest(Fraction(float(b)) / grid(X_SCALE, W_SCALE, c))
              for c, b in enumerate(FLOAT_BIAS)]
    check_layer(folder, net, "float", wanted)


# --- N10 -------------------------------------------------------------------


def allowed(weights, zero, padded):
    """[INT32_MIN - u_min, INT32_MAX - u_max] per channel over the whole int8 range."""
    result = []
    for row in weights.reshape(len(weights), -1).tolist():
        low, high = -128 - zero, 127 - zero
        low, high = (min(low, 0), max(high, 0)) if padded else (low, high)
        least = sum(min(w * low, w * high) for w in row)
        most = sum(max(w * low, w * high) for w in row)
        result.append((max(INT32_MIN, INT32_MIN - least), min(INT32_MAX, INT32_MAX - most)))
    return result


def overflowing(padding, sign, relu):
    """A near-dead channel (tiny weight scale, normal bias); x may come from a ReLU."""
    scale, bias = W_SCALE.copy(), FLOAT_BIAS.copy()
    scale[1], bias[1] = 1e-12, sign * 5.5
    net = Net("int8")
    x = net.quantized_input("x", [1, 3, 5, 5], X_SCALE, -128 if padding is None else 3)
    if relu:
        x = net.requantize(net.node("Relu", [x]), X_SCALE * np.float32(0.9), 5)
    weights = random_weights([4, 3, 3, 3])
    pads = None if padding is None else [padding] * 4
    y = net.node("Conv", [x, net.constant(weights, scale), net.const(bias)], pads=pads,
                 name="conv")
    net.finish(y, Y_SCALE, -7)
    zero = 5 if relu else 3 if padding is not None else -128
    limits, x_scale = allowed(weights, zero, bool(padding)), \
        X_SCALE * np.float32(0.9) if relu else X_SCALE
    wanted = [nearest(Fraction(float(b)) / grid(x_scale, scale, c)) for c, b in enumerate(bias)]
    clipped = [min(max(b, low), high) for b, (low, high) in zip(wanted, limits)]
    require(wanted != clipped, "the bias does not overflow")
    return net, clipped


@case
def overflow_plain(folder):
    """The int32 part ends where the accumulator is full, the rest is in r; a warning."""
    for number, arguments in enumerate([(None, 1, False), (0, -1, False), (1, 1, False),
                                        (1, -1, True), (0, 1, True)]):
        net, clipped = overflowing(*arguments)
        inner = os.path.join(folder, str(number))
        os.mkdir(inner)
        found, stderr = check_layer(inner, net, "overflow", clipped)
        require("conv: " in stderr and "bias of 1 of 4 channels" in stderr, stderr)
        require(min(found["acc_min"]) >= INT32_MIN and max(found["acc_max"]) <= INT32_MAX,
                f"accumulator bound leaves int32: {found['acc_min']} {found['acc_max']}")


@case
def overflow_of_integers(folder):
    """An int32 bias with a large scale of its own overflows too."""
    q = np.array([INT32_MIN, 5, INT32_MAX, -1])
    net = layer(lambda n: n.constant(q, X_SCALE * W_SCALE * np.float32(3), dtype="int32"))
    check_layer(folder, net, "overflow")


@case
def overflow_just_fits(folder):
    """The largest bias that fits is no overflow, one more is."""
    weights = random_weights([4, 3, 3, 3])
    for step, kind in ((0, "on_grid"), (1, "overflow")):
        limits = allowed(weights, 3, True)
        q = np.array([limits[0][1] + step, limits[1][0] - step, 0, 0])
        net = layer(lambda n, q=q: n.constant(q, np.float32(2.0**-12), dtype="int32"),
                    w_scale=np.full(4, 2.0**-8, dtype=np.float32), weights=weights)
        # s_x has to be a power of two for the grid to be exact
        del net
        net = Net("int8")
        x = net.quantized_input("x", [1, 3, 5, 5], 2.0**-4, 3)
        w = net.constant(weights, np.full(4, 2.0**-8, dtype=np.float32))
        b = net.constant(q, np.float32(2.0**-12), dtype="int32")
        net.finish(net.node("Conv", [x, w, b], pads=[1] * 4, name="conv"), 2.0**11)
        inner = os.path.join(folder, kind)
        os.mkdir(inner)
        check_layer(inner, net, kind, np.clip(q, *zip(*limits)).tolist())


# --- shared, dead ----------------------------------------------------------


@case
def shared_bias(folder):
    """Two convolutions with different grids read one bias constant."""
    net = Net("uint8")
    x = net.quantized_input("x", [1, 3, 5, 5], X_SCALE, 128)
    bias = net.const(FLOAT_BIAS)
    for number, factor in enumerate((1.0, 1.7)):
        scale = W_SCALE * np.float32(factor)
        y = net.node("Conv", [x, net.constant(random_weights([4, 3, 3, 3], number), scale), bias],
                     name=f"conv{number}")
        net.finish(y, Y_SCALE, 100 + number)
    path = net.check(folder)
    for number, factor in enumerate((1.0, 1.7)):
        scale = W_SCALE * np.float32(factor)
        bias_report = report_of(path, f"conv{number}")[0]["bias"]
        equal(bias_report["case"], "shared", "bias case")
        equal(bias_report["int"], [nearest(Fraction(float(b)) / grid(X_SCALE, scale, c))
                                   for c, b in enumerate(FLOAT_BIAS)], "int32 bias")


@case
def shared_integer_bias(folder):
    """A shared dequantized int32 bias: on the grid of one layer, not of the other."""
    net = Net("uint8")
    x = net.quantized_input("x", [1, 3, 5, 5], X_SCALE, 128)
    bias = net.constant([70000, -123456, 1, 0], X_SCALE * W_SCALE, dtype="int32")
    for number, factor in enumerate((1.0, 1.7)):
        scale = W_SCALE * np.float32(factor)
        y = net.node("Conv", [x, net.constant(random_weights([4, 3, 3, 3], number), scale), bias],
                     name=f"conv{number}")
        net.finish(y, Y_SCALE, 100 + number)
    path = net.check(folder)
    for number in range(2):
        equal(report_of(path, f"conv{number}")[0]["bias"]["case"], "shared", "bias case")


@case
def dead_channel(folder):
    """All-zero weights: the output is the requantized bias."""
    weights = random_weights([4, 3, 3, 3])
    weights[2] = 0
    net = layer(lambda n: n.const(FLOAT_BIAS + np.float32(0.3)), weights=weights)
    check_layer(folder, net, "dead_channel")


@case
def zero_scale_channel(folder):
    """A zero weight scale with a bias that is not zero."""
    scale = W_SCALE.copy()
    scale[2] = 0.0
    for number, bias in enumerate((0.0, 4.2, -1e6)):
        values = FLOAT_BIAS.copy()
        values[2] = bias
        net = layer(lambda n, values=values: n.const(values), w_scale=scale)
        inner = os.path.join(folder, str(number))
        os.mkdir(inner)
        check_layer(inner, net, "dead_channel")


@case
def zero_scale_integer_bias(folder):
    """A zero weight scale with an int32 bias of scale s_x * s_w = 0, and of its own."""
    scale = W_SCALE.copy()
    scale[2] = 0.0
    q = np.array([70000, -123456, 40000, 0])
    for number, bias_scale in enumerate((X_SCALE * scale, np.full(4, 1e-4, np.float32))):
        net = layer(lambda n, s=bias_scale: n.constant(q, s, dtype="int32"), w_scale=scale)
        inner = os.path.join(folder, str(number))
        os.mkdir(inner)
        check_layer(inner, net, "dead_channel")


@case
def batch_norm(folder):
    """A batch normalization behind the layer makes its bias, and scales its weights."""
    net = Net("int8")
    x = net.quantized_input("x", [1, 3, 5, 5], X_SCALE, 3)
    y = net.node("Conv", [x, net.constant(random_weights([4, 3, 3, 3]), W_SCALE)], name="conv")
    operands = [net.const(np.float32(values)) for values in (
        [1.5, -0.7, 0.2, 3e-3], [0.3, -2, 0.1, 0], [0.01, -0.2, 4, 1], [0.5, 2, 1e-6, 9])]
    net.finish(net.node("BatchNormalization", [y] + operands, name="norm"), Y_SCALE, -7)
    path = net.check(folder)
    layers = json.loads(qbias("report", path, "--format=json").stdout)["layers"]
    equal(len(layers), 1, "layers")
    equal(layers[0]["bias"]["case"], "rescaled", "case of the bias")


@case
def gemm_and_matmul(folder):
    """The same cases on matrix products: float, added, and scaled by beta."""
    for number, kind in enumerate(("gemm", "matmul", "exact_beta", "any_beta")):
        net = Net("uint8")
        x = net.quantized_input("x", [1, 9], X_SCALE, 77)
        w = random_weights([4, 9])
        bias = net.const(FLOAT_BIAS)
        if kind == "matmul":
            y = net.node("MatMul", [x, net.constant(w.T, W_SCALE, axis=1)], name="fc")
            y = net.node("Add", [y, bias])
        else:
            scaled = {"alpha": 0.5, "beta": 2.0 if kind == "exact_beta" else 1.3} \
                if kind.endswith("beta") else {}
            y = net.node("Gemm", [x, net.constant(w, W_SCALE), bias], transB=1, name="fc",
                         **scaled)
        net.finish(y, Y_SCALE, 100)
        path = net.check(folder, model=f"{kind}.onnx")
        equal(report_of(path, "fc")[0]["bias"]["case"], "float", f"{number}: bias case")


def check_accumulators(folder, path, integers):
    """acc * s_x * s_w + residue is the real output, as exact rationals."""
    source, target = save(folder, "x.npy", integers), os.path.join(folder, "y.npy")
    qbias("run", path, "--raw", "--input", source, "--output", target)
    exact = oracle.run(read_model(path), {"x": integers}).outputs["fc_out"].exact()
    for index, acc in enumerate(np.load(target).reshape(-1).tolist()):
        unit, bias = grid(X_SCALE, W_SCALE, index % 4), Fraction(float(FLOAT_BIAS[index % 4]))
        residue = bias - nearest(bias / unit) * unit
        equal(acc * unit + residue, exact[index], f"element {index}")


@case
def last_layer(folder):
    """Without a quantize behind it the layer gives acc, scale and residue."""
    net = Net("int8")
    x = net.quantized_input("x", [1, 9], X_SCALE, -5)
    y = net.node("Gemm", [x, net.constant(random_weights([4, 9]), W_SCALE),
                          net.const(FLOAT_BIAS)], transB=1, name="fc")
    net.output(y, FLOAT, [1, 4])
    path = net.check(folder)
    agree(path, {"x": np.linspace(-5, 5, 36, dtype=np.float32).reshape(4, 1, 9)}, raw=False)
    check_accumulators(folder, path, net.stimuli()["x"])
    found, totals, _ = report_of(path, "fc")
    equal(found["certificate"], "accumulator", "certificate")
    equal(totals["certified_channels"], totals["channels"], "certified channels")


if __name__ == "__main__":
    main(__doc__)
