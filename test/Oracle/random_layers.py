# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random layers for random_net.py: each appends one segment to a `NetBuilder`.

A layer is a function of the builder; it takes activations from it, emits nodes, and
registers the new activation.  `LAYERS` maps feature names to layers; features that
need a special arrangement return False when the present activations do not allow it.
"""

import numpy as np

BIAS_CASES = ("absent", "float", "on_grid", "rescaled", "overflow", "shared")


# --- weights and biases ----------------------------------------------------


def random_weights(net, shape):
    """Quantized weights: (dequantized name, scales per output channel as float32)."""
    rng, channels = net.rng, shape[0]
    asymmetric = rng.random() < 0.25
    dtype = "uint8" if asymmetric and rng.random() < 0.6 else "int8"
    low, high = (0, 255) if dtype == "uint8" else (-128 if rng.random() < 0.3 else -127, 127)
    q = rng.integers(low, high + 1, shape)
    if rng.random() < 0.15:
        q = np.where(rng.random(shape) < 0.5, low, high)
    per_channel = channels > 1 and net.per_axis_allowed and rng.random() < 0.7
    count = channels if per_channel else 1
    scale = np.array([net.random_scale(2.0**-8) for _ in range(count)], dtype=np.float32)
    zero = np.zeros(count, dtype=np.int64)
    if asymmetric:
        zero = rng.integers(low, high + 1, count)
    if per_channel:
        q, scale = _dead_channels(net, q, zero, scale)
    name = net.constant_dequantize(q, scale, zero, dtype, axis=0 if per_channel else None)
    return name, np.broadcast_to(scale, channels)


def _dead_channels(net, q, zero, scale):
    """Some channels get all-zero weights, or (rarely) a zero scale."""
    rng = net.rng
    for channel in range(len(scale)):
        if rng.random() < 0.08:
            q[channel] = zero[channel]
        elif rng.random() < 0.03:
            scale[channel] = 0.0
    return q, scale


def random_bias(net, channels, x_scale, w_scale, out_scale, case=None):
    """A bias operand of one of BIAS_CASES (None when absent).

    Grid of channel c: x_scale * w_scale[c]; values stay within some 100 output steps.
    """
    rng = net.rng
    case = case or rng.choice(BIAS_CASES)
    grid = np.where(w_scale == 0, 1, np.float64(x_scale) * w_scale)
    values = rng.uniform(-60, 60, channels) * out_scale
    if case == "absent":
        return None
    if case == "shared" and channels in net.shared_bias:
        return net.shared_bias[channels]
    if case == "on_grid":
        q = np.clip(np.rint(values / grid), -2**31, 2**31 - 1).astype(np.int64)
        scale = (np.float32(x_scale) * w_scale.astype(np.float32)).astype(np.float32)
        return net.constant_dequantize(q, scale, np.zeros(channels, np.int64), "int32", axis=0) \
            if net.per_axis_allowed else _float_bias(net, values)
    if case == "rescaled":
        scale = np.float32(np.max(np.abs(values)) / rng.integers(100, 100000))
        q = np.rint(values / scale).astype(np.int64)
        return net.constant_dequantize(q, scale, np.int64(0), "int32", axis=None)
    if case == "overflow":
        far = rng.integers(0, channels)
        values[far] = rng.choice([-1, 1]) * float(grid[far]) * 2.0**rng.integers(31, 36)
    name = _float_bias(net, values)
    if case == "shared":
        net.shared_bias[channels] = name
    return name


def _float_bias(net, values):
    return net.graph.const(values.astype(np.float32))


# --- tails -----------------------------------------------------------------


def finish(net, real, shape, out_scale, allow_unquantized=False):
    """Optional activation and quantize behind a real tensor; registers the result."""
    rng = net.rng
    if allow_unquantized and net.last and rng.random() < 0.3:
        net.real_output(real)
        return
    tail = rng.choice(["none", "relu", "clip", "split_relu", "split_other"])
    zero = net.random_zero_point()
    if tail == "relu":
        real = net.graph.node("Relu", [real])
    elif tail == "clip":
        real = net.clip(real, 0.0, float(np.float32(out_scale * rng.integers(20, 200))))
    elif tail.startswith("split"):
        middle = net.quantize(real, shape, out_scale, zero)
        real = net.graph.node("Relu", [net.dequantize(middle)])
        if tail == "split_other":
            zero, out_scale = net.random_zero_point(), net.near_scale(out_scale)
    net.quantize(real, shape, out_scale, zero, register=True)


# --- layers with an accumulator --------------------------------------------


def _conv_geometry(net, spatial):
    """Attributes of a random convolution over `spatial`, and the output sizes."""
    rng, rank = net.rng, len(spatial)
    while True:
        kernel = [int(rng.integers(1, 4)) for _ in range(rank)]
        strides = [int(rng.integers(1, 3)) for _ in range(rank)]
        dilations = [int(rng.choice([1, 1, 1, 2])) for _ in range(rank)]
        pads = [int(rng.integers(0, 3)) for _ in range(2 * rank)]
        if rng.random() < 0.3:
            pads = [0] * (2 * rank)
        free = [spatial[i] + pads[i] + pads[rank + i] - (kernel[i] - 1) * dilations[i] - 1
                for i in range(rank)]
        if min(free) >= 0:
            out = [f // s + 1 for f, s in zip(free, strides)]
            return {"kernel_shape": kernel, "strides": strides, "dilations": dilations,
                    "pads": pads}, out


def _groups(net, channels):
    """(groups, output channels): dense, grouped, or depthwise with a multiplier."""
    rng, kind = net.rng, net.rng.random()
    if kind < 0.3:
        return channels, channels * int(rng.integers(1, 4))
    divisors = [g for g in range(1, channels + 1) if channels % g == 0]
    groups = int(rng.choice(divisors)) if kind < 0.45 else 1
    return groups, groups * int(rng.integers(1, max(2, 10 // groups)))


def _conv(net, x, outputs, groups, attributes):
    """Emit a Conv; returns (real output, natural output scale)."""
    kernel = attributes["kernel_shape"]
    weights, w_scale = random_weights(net, [outputs, x.shape[1] // groups] + kernel)
    size = x.shape[1] // groups * int(np.prod(kernel))
    out_scale = net.output_scale(x.scale, w_scale, size)
    bias = random_bias(net, outputs, x.scale, w_scale, out_scale,
                       "float" if net.last and net.rng.random() < 0.5 else None)
    inputs = [net.dequantize(x), weights] + ([bias] if bias else [])
    real = net.graph.node("Conv", inputs, group=groups, **attributes)
    return real, out_scale


def conv_real(net, x):
    """A convolution of x; returns (real output, its shape, its natural scale)."""
    attributes, out = _conv_geometry(net, x.shape[2:])
    groups, outputs = _groups(net, x.shape[1])
    real, scale = _conv(net, x, outputs, groups, attributes)
    return real, [x.shape[0], outputs] + out, scale


def conv(net):
    """Convolution over one or two spatial axes."""
    x = net.pick(lambda act: len(act.shape) in (3, 4))
    if x is None:
        return False
    real, shape, scale = conv_real(net, x)
    finish(net, real, shape, scale, allow_unquantized=True)
    return True


def conv_skip(net):
    """Convolution plus an operand without a quantize between (N11b)."""
    skip = net.pick(lambda act: len(act.shape) == 4)
    if skip is None:
        return False
    x = net.pick(lambda act: len(act.shape) == 4 and act.shape[2:] == skip.shape[2:])
    attributes = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    real, scale = _conv(net, x, skip.shape[1], 1, attributes)
    operands = [real, net.dequantize(skip)]
    if net.rng.random() < 0.5:
        operands.reverse()
    real = net.graph.node("Add", operands)
    finish(net, real, skip.shape, max(scale, net.near_scale(skip.scale)))
    return True


def linear(net):
    """Gemm, or MatMul with an optional Add, on a [1, K] tensor."""
    rng = net.rng
    x = net.pick(lambda act: len(act.shape) == 2)
    if x is None:
        x = net.pick(lambda act: len(act.shape) > 2)
        size = int(np.prod(x.shape[1:]))
        x = net.layout(x, "Flatten", [x.shape[0], size], axis=1)
    size, outputs = x.shape[1], int(rng.integers(1, 10))
    weights, w_scale = random_weights(net, [outputs, size])
    out_scale = net.output_scale(x.scale, w_scale, size)
    bias = random_bias(net, outputs, x.scale, w_scale, out_scale,
                       "float" if net.last and rng.random() < 0.5 else None)
    if rng.random() < 0.6:
        inputs = [net.dequantize(x), weights] + ([bias] if bias else [])
        real = net.graph.node("Gemm", inputs, transB=1)
    else:
        turned = net.graph.node("Transpose", [weights], perm=[1, 0])
        real = net.graph.node("MatMul", [net.dequantize(x), turned])
        real = net.graph.node("Add", [real, bias]) if bias else real
    finish(net, real, [x.shape[0], outputs], out_scale, allow_unquantized=True)
    return True


# --- two operands ----------------------------------------------------------


def _pair(net):
    left = net.pick(lambda act: True)
    right = net.pick(lambda act: act.shape == left.shape)
    return left, right


def add(net):
    """Residual add or subtract of two quantized tensors (N11)."""
    left, right = _pair(net)
    operator = "Add" if net.rng.random() < 0.8 else "Sub"
    real = net.graph.node(operator, [net.dequantize(left), net.dequantize(right)])
    finish(net, real, left.shape, net.near_scale(max(left.scale, right.scale) * 1.5))
    return True


def mul(net):
    """Product of two quantized tensors (N11)."""
    left, right = _pair(net)
    real = net.graph.node("Mul", [net.dequantize(left), net.dequantize(right)])
    finish(net, real, left.shape, net.near_scale(left.scale * right.scale * 64))
    return True


def concat(net):
    """Concat of two or three tensors along the channels, scales equal or not."""
    first = net.pick(lambda act: True)
    parts = [first]
    for _ in range(int(net.rng.integers(1, 3))):
        parts.append(net.pick(lambda act: len(act.shape) == len(first.shape)
                              and act.shape[2:] == first.shape[2:]))
    channels = sum(part.shape[1] for part in parts)
    if channels > 24:
        return False
    real = net.graph.node("Concat", [net.dequantize(part) for part in parts], axis=1)
    shape = [first.shape[0], channels] + first.shape[2:]
    if net.rng.random() < 0.4:
        net.quantize(real, shape, first.scale, first.zero, register=True)
    else:
        net.quantize(real, shape, net.near_scale(max(p.scale for p in parts)),
                     net.random_zero_point(), register=True)
    return True


# --- pools, layout, tables -------------------------------------------------


def _pool_geometry(net, spatial):
    rng, rank = net.rng, len(spatial)
    kernel = [int(rng.integers(1, min(3, size) + 1)) for size in spatial]
    strides = [int(rng.integers(1, 3)) for _ in kernel]
    pads = [int(rng.integers(0, size)) for size in kernel * 2]
    out = [(spatial[i] + pads[i] + pads[rank + i] - kernel[i]) // strides[i] + 1
           for i in range(rank)]
    return {"kernel_shape": kernel, "strides": strides, "pads": pads}, out


def max_pool(net):
    """MaxPool, with the same scale on both sides or another."""
    x = net.pick(lambda act: len(act.shape) in (3, 4))
    if x is None:
        return False
    attributes, out = _pool_geometry(net, x.shape[2:])
    real = net.graph.node("MaxPool", [net.dequantize(x)], **attributes)
    same = net.rng.random() < 0.7
    net.quantize(real, x.shape[:2] + out, x.scale if same else net.near_scale(x.scale),
                 x.zero if same else net.random_zero_point(), register=True)
    return True


def avg_pool(net):
    """AveragePool with or without counted padding, GlobalAveragePool, or ReduceMean."""
    x = net.pick(lambda act: len(act.shape) == 4)
    if x is None:
        return False
    kind = net.rng.random()
    if kind < 0.5:
        attributes, out = _pool_geometry(net, x.shape[2:])
        attributes["count_include_pad"] = int(net.rng.integers(0, 2))
        real = net.graph.node("AveragePool", [net.dequantize(x)], **attributes)
    elif kind < 0.8 or net.graph.opset >= 18:
        real, out = net.graph.node("GlobalAveragePool", [net.dequantize(x)]), [1, 1]
    else:
        real = net.graph.node("ReduceMean", [net.dequantize(x)], axes=[2, 3], keepdims=1)
        out = [1, 1]
    same = net.rng.random() < 0.5
    net.quantize(real, x.shape[:2] + out, x.scale if same else net.near_scale(x.scale),
                 x.zero if same else net.random_zero_point(), register=True)
    return True


def pad(net):
    """Constant padding with real 0."""
    x = net.pick(lambda act: len(act.shape) == 4)
    if x is None:
        return False
    widths = [0, 0] + [int(net.rng.integers(0, 3)) for _ in range(2)]
    widths += [0, 0] + [int(net.rng.integers(0, 3)) for _ in range(2)]
    real = net.pad(net.dequantize(x), widths)
    shape = [size + widths[i] + widths[4 + i] for i, size in enumerate(x.shape)]
    net.quantize(real, shape, x.scale, x.zero, register=True)
    return True


def reshape(net):
    """Flatten, or a Reshape that swaps the roles of two axes; same scale."""
    x = net.pick(lambda act: len(act.shape) > 2)
    if x is None:
        return False
    if net.rng.random() < 0.5:
        net.layout(x, "Flatten", [x.shape[0], int(np.prod(x.shape[1:]))], axis=1)
    else:
        shape = [x.shape[0]] + x.shape[1:][::-1]
        net.layout(x, "Reshape", shape, extra=[net.graph.const(np.array([0] + shape[1:]))])
    return True


def unary(net):
    """Functions of one quantized tensor: one table each (N11, N13 d)."""
    x = net.pick(lambda act: True)
    choices = {"Sigmoid": {}, "Tanh": {}, "LeakyRelu": {"alpha": 0.125}, "Relu": {},
               "HardSigmoid": {"alpha": 0.2, "beta": 0.5}}
    if net.graph.opset >= 14:
        choices["HardSwish"] = {}
    name = str(net.rng.choice(sorted(choices)))
    real = net.graph.node(name, [net.dequantize(x)], **choices[name])
    bounded = name in ("Sigmoid", "Tanh", "HardSigmoid")
    scale = net.near_scale(2.0**-7 if bounded else x.scale)
    net.quantize(real, x.shape, scale, net.random_zero_point(), register=True)
    return True


def conv_unary(net):
    """Accumulator with a monotone non-linear tail (N13 a)."""
    x = net.pick(lambda act: len(act.shape) in (3, 4))
    if x is None:
        return False
    attributes, out = _conv_geometry(net, x.shape[2:])
    outputs = int(net.rng.integers(1, 5))
    real, scale = _conv(net, x, outputs, 1, attributes)
    name = str(net.rng.choice(["Sigmoid", "LeakyRelu"]))
    if name == "LeakyRelu":
        real = net.graph.node(name, [real], alpha=0.125)
    else:
        real, scale = net.graph.node(name, [real]), net.near_scale(2.0**-8)
    net.quantize(real, [x.shape[0], outputs] + out, scale, net.random_zero_point(),
                 register=True)
    return True


LAYERS = {
    "conv": conv, "conv_skip": conv_skip, "linear": linear, "add": add, "mul": mul,
    "concat": concat, "max_pool": max_pool, "avg_pool": avg_pool, "pad": pad,
    "reshape": reshape, "unary": unary, "conv_unary": conv_unary,
}
