# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""More random layers for random_net.py: operators on quantized tensors, transposed
convolutions, movements of data.

As in random_layers.py each layer appends one segment; MORE_LAYERS maps names to layers.
"""

import numpy as np

from random_layers import conv_real, finish, random_bias

MICROSOFT = "com.microsoft"


# --- operators on quantized tensors ------------------------------------------


def _quantized_inputs(net, act):
    """Name, scale and zero point of an activation."""
    return [act.name] + net.parameters(act)


def _quantized_weights(net, shape, axis):
    """[name, scale, zero point] of constant weights, and the scale per channel."""
    rng, channels = net.rng, shape[axis]
    dtype = str(rng.choice(["int8", "int8", "uint8"]))
    low, high = (0, 255) if dtype == "uint8" else (-128, 127)
    count = channels if rng.random() < 0.7 else 1
    kind = np.float16 if rng.random() < 0.2 else np.float32
    scale = np.array([net.random_scale(2.0**-8) for _ in range(count)]).astype(kind)
    scale = np.maximum(scale, np.finfo(kind).tiny)
    zero = rng.integers(low, high + 1, count) if rng.random() < 0.5 else np.zeros(count, int)
    tensors = [rng.integers(low, high + 1, shape).astype(dtype),
               scale if count > 1 else scale[0], zero.astype(dtype) if count > 1
               else zero.astype(dtype)[0]]
    return [net.graph.const(np.asarray(tensor)) for tensor in tensors], \
        np.broadcast_to(scale.astype(np.float32), channels)


def _target(net, shape, scale):
    """The parameters of a result as inputs, and a function that registers the result."""
    zero = net.random_zero_point()
    scale = float(np.float32(scale))
    inputs = [net.graph.const(np.float32(scale)), net.graph.const(np.array(zero, net.dtype))]
    return inputs, lambda name: net.register(name, shape, scale, zero, inputs)


def _int32_bias(net, channels, x_scale, w_scale, out_scale):
    """Integers on the grid of the sums, or None."""
    if net.rng.random() < 0.3:
        return None
    values = net.rng.uniform(-60, 60, channels) * out_scale
    grid = np.float64(x_scale) * np.maximum(w_scale, 1e-30)
    limit = 2.0**31 - 1
    return net.graph.const(np.clip(np.rint(values / grid), -limit, limit).astype(np.int32))


def qlinear_conv(net):
    """QLinearConv."""
    x = net.pick(lambda act: len(act.shape) == 4)
    if x is None:
        return False
    groups = int(net.rng.choice([1, 1, x.shape[1]]))
    outputs = groups * int(net.rng.integers(1, 4))
    kernel = [int(net.rng.integers(1, min(size, 3) + 1)) for size in x.shape[2:]]
    pads = [int(net.rng.integers(0, size)) for size in kernel * 2]
    weights, w_scale = _quantized_weights(net, [outputs, x.shape[1] // groups] + kernel, 0)
    scale = net.output_scale(x.scale, w_scale, x.shape[1] // groups * int(np.prod(kernel)))
    out = [x.shape[2 + i] + pads[i] + pads[2 + i] - kernel[i] + 1 for i in range(2)]
    target, register = _target(net, [x.shape[0], outputs] + out, scale)
    bias = _int32_bias(net, outputs, x.scale, w_scale, scale)
    inputs = _quantized_inputs(net, x) + weights + target + ([bias] if bias else [])
    register(net.graph.node("QLinearConv", inputs, group=groups, kernel_shape=kernel, pads=pads))
    return True


def qlinear_matmul(net):
    """QLinearMatMul, or QGemm with bias."""
    x = net.pick(lambda act: len(act.shape) == 2)
    if x is None:
        return False
    size, outputs = x.shape[1], int(net.rng.integers(1, 10))
    is_gemm = net.rng.random() < 0.5
    shape, axis = ([outputs, size], 0) if is_gemm else ([size, outputs], 1)
    weights, w_scale = _quantized_weights(net, shape, axis)
    scale = net.output_scale(x.scale, w_scale, size)
    target, register = _target(net, [x.shape[0], outputs], scale)
    inputs = _quantized_inputs(net, x) + weights
    if is_gemm:
        net.graph.microsoft = True
        bias = _int32_bias(net, outputs, x.scale, w_scale, scale)
        register(net.graph.node("QGemm", inputs + [bias] + target, domain=MICROSOFT, transB=1))
    else:
        register(net.graph.node("QLinearMatMul", inputs + target))
    return True


def qlinear_binary(net):
    """QLinearAdd or QLinearMul."""
    left = net.pick(lambda act: True)
    right = net.pick(lambda act: act.shape == left.shape)
    is_add = net.rng.random() < 0.6
    scale = max(left.scale, right.scale) * 1.5 if is_add else left.scale * right.scale * 64
    target, register = _target(net, left.shape, net.near_scale(scale))
    inputs = _quantized_inputs(net, left) + _quantized_inputs(net, right) + target
    net.graph.microsoft = True
    register(net.graph.node("QLinearAdd" if is_add else "QLinearMul", inputs, domain=MICROSOFT))
    return True


def qlinear_pool(net):
    """QLinearAveragePool or QLinearGlobalAveragePool."""
    x = net.pick(lambda act: len(act.shape) == 4 and min(act.shape[2:]) > 1)
    if x is None:
        return False
    net.graph.microsoft, is_global = True, net.rng.random() < 0.5
    out = [1, 1] if is_global else [size - 1 for size in x.shape[2:]]
    target, register = _target(net, x.shape[:2] + out, net.near_scale(x.scale))
    attributes = {} if is_global else {"kernel_shape": [2, 2]}
    op_type = "QLinearGlobalAveragePool" if is_global else "QLinearAveragePool"
    register(net.graph.node(op_type, _quantized_inputs(net, x) + target, domain=MICROSOFT,
                            **attributes))
    return True


def qlinear_unary(net):
    """QLinearSigmoid or QLinearLeakyRelu."""
    x = net.pick(lambda act: True)
    net.graph.microsoft, is_sigmoid = True, net.rng.random() < 0.5
    target, register = _target(net, x.shape, net.near_scale(2.0**-8 if is_sigmoid else x.scale))
    attributes = {} if is_sigmoid else {"alpha": 0.125}
    register(net.graph.node("QLinearSigmoid" if is_sigmoid else "QLinearLeakyRelu",
                            _quantized_inputs(net, x) + target, domain=MICROSOFT, **attributes))
    return True


def qlinear_concat(net):
    """QLinearConcat of two tensors along the channels."""
    parts = [net.pick(lambda act: True)]
    parts.append(net.pick(lambda act: act.shape[2:] == parts[0].shape[2:]
                          and len(act.shape) == len(parts[0].shape)))
    channels = sum(part.shape[1] for part in parts)
    if channels > 24:
        return False
    shape = [parts[0].shape[0], channels] + parts[0].shape[2:]
    target, register = _target(net, shape, net.near_scale(max(p.scale for p in parts)))
    inputs = target + [name for part in parts for name in _quantized_inputs(net, part)]
    net.graph.microsoft = True
    register(net.graph.node("QLinearConcat", inputs, domain=MICROSOFT, axis=1))
    return True


# --- transposed convolutions, movements ---------------------------------------


def conv_transpose(net):
    """ConvTranspose with groups, strides and scales per output channel."""
    x = net.pick(lambda act: len(act.shape) == 4 and max(act.shape[2:]) < 8)
    if x is None:
        return False
    rng = net.rng
    groups = int(rng.choice([1, x.shape[1]]))
    outputs = int(rng.integers(1, 4))
    kernel = [int(rng.integers(1, 4)) for _ in range(2)]
    strides = [int(rng.integers(1, 3)) for _ in range(2)]
    pads = [int(rng.integers(0, size)) for size in kernel] + [0, 0]
    out = [(x.shape[2 + i] - 1) * strides[i] + kernel[i] - pads[i] for i in range(2)]
    if min(out) < 1:
        return False
    q = rng.integers(-128, 128, [x.shape[1], outputs] + kernel)
    per_channel = net.per_axis_allowed and outputs > 1 and rng.random() < 0.6
    count = outputs if per_channel else 1
    w_scale = np.array([net.random_scale(2.0**-8) for _ in range(count)], np.float32)
    weights = net.constant_dequantize(q, w_scale, np.zeros(count, np.int64), "int8",
                                      axis=1 if per_channel else None)
    size = x.shape[1] // groups * int(np.prod(kernel))
    scale = net.output_scale(x.scale, w_scale, size)
    channels = np.tile(np.broadcast_to(w_scale, outputs), groups)
    bias = random_bias(net, outputs * groups, x.scale, channels, scale, "float") \
        if rng.random() < 0.6 else None
    real = net.graph.node("ConvTranspose", [net.dequantize(x), weights] + ([bias] if bias else []),
                          kernel_shape=kernel, strides=strides, pads=pads, group=groups)
    finish(net, real, [x.shape[0], outputs * groups] + out, scale)
    return True


def batch_norm(net):
    """BatchNormalization behind a convolution, or of a quantized tensor."""
    rng, x = net.rng, net.pick(lambda act: len(act.shape) in (3, 4))
    if x is None:
        return False
    if rng.random() < 0.7:
        real, shape, scale = conv_real(net, x)
    else:
        real, shape, scale = net.dequantize(x), x.shape, x.scale
    channels = shape[1]
    factor = rng.uniform(0.2, 2, channels) * rng.choice([-1, 1], channels)
    variance = rng.uniform(0.01, 4, channels)
    numbers = [factor * np.sqrt(variance), rng.uniform(-40, 40, channels) * scale,
               rng.uniform(-40, 40, channels) * scale, variance]
    if rng.random() < 0.2:
        numbers[0][rng.integers(0, channels)] = 0
    real = net.graph.node("BatchNormalization", [real] + [
        net.graph.const(array.astype(np.float32)) for array in numbers],
                          epsilon=float(np.float32(10.0**-rng.integers(2, 7))))
    finish(net, real, shape, scale)
    return True


def channel_factor(net):
    """A constant per channel times a convolution or a quantized tensor, or added to it."""
    rng, x = net.rng, net.pick(lambda act: len(act.shape) in (3, 4))
    if x is None:
        return False
    is_conv = rng.random() < 0.5
    real, shape, scale = conv_real(net, x) if is_conv else (net.dequantize(x), x.shape, x.scale)
    factor = (rng.uniform(0.3, 2, shape[1]) * rng.choice([-1, 1], shape[1])).astype(np.float32)
    if shape[1] == 1:
        return False
    operator = "Mul" if is_conv else str(rng.choice(["Mul", "Add", "Sub"]))
    numbers = factor if operator == "Mul" else (factor * 30 * scale).astype(np.float32)
    operands = [real, net.graph.const(numbers.reshape([-1] + [1] * (len(shape) - 2)))]
    if rng.random() < 0.5:
        operands.reverse()
    finish(net, net.graph.node(operator, operands), shape, scale)
    return True


def channel_scales(net):
    """The integers of a tensor read with a scale and a zero point per channel."""
    rng, x = net.rng, net.pick(lambda act: act.shape[1] > 1)
    if x is None or not net.per_axis_allowed:
        return False
    scales = np.float32([net.near_scale(x.scale) for _ in range(x.shape[1])])
    zeros = rng.integers(x.zero - 3, x.zero + 4, x.shape[1]).clip(*net.range)
    real = net.graph.node("DequantizeLinear", [x.name, net.graph.const(scales),
                                               net.graph.const(zeros.astype(net.dtype))], axis=1)
    finish(net, real, x.shape, net.near_scale(x.scale))
    return True


def softmax(net):
    """Softmax of up to 64 numbers along any axis but the first."""
    x = net.pick(lambda act: len(act.shape) > 1)
    if x is None or net.graph.opset < 13:
        return False
    axis = int(net.rng.integers(1, len(x.shape)))
    logits = net.graph.node("Softmax", [net.dequantize(x)], axis=axis)
    net.quantize(logits, x.shape, net.near_scale(2.0**-8), net.random_zero_point(),
                 register=True)
    return True


def transpose(net):
    """Transpose of all axes but the first."""
    x = net.pick(lambda act: len(act.shape) > 2)
    if x is None:
        return False
    order = [0] + [int(axis) for axis in 1 + net.rng.permutation(len(x.shape) - 1)]
    net.layout(x, "Transpose", [x.shape[axis] for axis in order], perm=order)
    return True


def part(net):
    """Slice with a step, or one part of a Split."""
    x = net.pick(lambda act: len(act.shape) > 1 and act.shape[1] > 1)
    if x is None or net.graph.opset < 13:
        return False
    const, size = net.graph.const, x.shape[1]
    if net.rng.random() < 0.5:
        step = int(net.rng.choice([1, 2, -1]))
        bounds = [size - 1, -size - 1] if step < 0 else [int(net.rng.integers(0, size)), size]
        extra = [const(np.array([number])) for number in (*bounds, 1, step)]
        count = len(range(size)[bounds[0]:None if step < 0 else size:step])
        net.layout(x, "Slice", [x.shape[0], count] + x.shape[2:], extra)
        return True
    first = int(net.rng.integers(1, size))
    real = net.graph.node("Split", [net.dequantize(x), const(np.array([first, size - first]))], 2,
                          axis=1)[int(net.rng.integers(0, 2))]
    count = first if real.endswith("_out") else size - first
    net.quantize(real, [x.shape[0], count] + x.shape[2:], x.scale, x.zero, register=True)
    return True


def resize(net):
    """Nearest resize by factors."""
    x = net.pick(lambda act: len(act.shape) == 4 and max(act.shape[2:]) < 8)
    if x is None or net.graph.opset < 13:
        return False
    factors = [int(net.rng.integers(1, 4)) for _ in range(2)]
    scales = net.graph.const(np.array([1, 1] + factors, np.float32))
    shape = x.shape[:2] + [size * factor for size, factor in zip(x.shape[2:], factors)]
    net.layout(x, "Resize", shape, [None, scales], mode="nearest",
               nearest_mode=str(net.rng.choice(["floor", "round_prefer_floor", "ceil"])))
    return True


MORE_LAYERS = {
    "qlinear_conv": qlinear_conv, "qlinear_matmul": qlinear_matmul,
    "qlinear_binary": qlinear_binary, "qlinear_pool": qlinear_pool,
    "qlinear_unary": qlinear_unary, "qlinear_concat": qlinear_concat,
    "batch_norm": batch_norm, "channel_factor": channel_factor,
    "channel_scales": channel_scales, "softmax": softmax, "conv_transpose": conv_transpose,
    "transpose": transpose, "part": part, "resize": resize,
}
