# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Edges of convolutions and matrix products: geometry, borders, extremes, last layers.

Inputs of every case: all lowest, all highest, random extremes, random values.
"""

import numpy as np

from harness import FLOAT, Net, agree, case, cases, equal, main, qbias, random_weights

S, W = np.float32(0.037), np.float32(0.0061)


def conv(shape, weights, zero=3, dtype="int8", scale=None, opset=13, y_scale=None, **attributes):
    """x -> Conv -> quantize with a float bias; weights is an integer array."""
    net = Net(dtype, opset=opset)
    x = net.quantized_input("x", shape, S, zero)
    return finish(net, x, weights, zero, scale, y_scale, **attributes)


def finish(net, x, weights, zero, scale=None, y_scale=None, **attributes):
    """Convolve `x` and quantize to a scale that spreads the accumulator."""
    outputs, size = len(weights), weights[0].size
    if scale is None:
        scale = W * np.linspace(0.5, 2, outputs, dtype=np.float32)
    bias = net.const(np.linspace(-3, 3, outputs, dtype=np.float32))
    y = net.node("Conv", [x, net.constant(weights, scale), bias], **attributes)
    net.finish(y, y_scale or float(S * W) * 75 * np.sqrt(size), zero)
    return net


# --- geometry --------------------------------------------------------------

GEOMETRY = {
    "strides": ([1, 3, 9, 8], [4, 3, 3, 3], {"strides": [2, 3]}),
    "dilations": ([1, 3, 9, 9], [4, 3, 3, 3], {"dilations": [2, 3], "pads": [1, 2, 1, 2]}),
    "asymmetric_pads": ([1, 3, 5, 6], [4, 3, 3, 2], {"pads": [0, 1, 2, 0]}),
    "wide_pads": ([1, 2, 3, 3], [3, 2, 2, 2], {"pads": [3, 3, 3, 3]}),
    "same_upper": ([1, 3, 7, 6], [4, 3, 3, 2], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "same_lower": ([1, 3, 7, 6], [4, 3, 4, 3], {"auto_pad": "SAME_LOWER", "strides": [2, 1]}),
    "valid": ([1, 3, 7, 6], [4, 3, 3, 2], {"auto_pad": "VALID"}),
    "groups": ([1, 6, 5, 5], [9, 2, 3, 3], {"group": 3, "pads": [1, 1, 1, 1]}),
    "depthwise": ([1, 5, 6, 6], [5, 1, 3, 3], {"group": 5, "pads": [1, 1, 1, 1]}),
    "depthwise_multiplier": ([1, 3, 6, 6], [9, 1, 3, 3],
                             {"group": 3, "pads": [1, 0, 1, 0], "strides": [2, 1]}),
    "pointwise": ([1, 7, 4, 3], [5, 7, 1, 1], {}),
    "whole_image": ([1, 3, 4, 5], [6, 3, 4, 5], {}),
    "one_channel": ([1, 1, 6, 6], [1, 1, 3, 3], {"pads": [1, 1, 1, 1]}),
    "one_dimension": ([1, 4, 11], [5, 4, 3], {"pads": [1, 2], "strides": [2]}),
    "one_dimension_depthwise": ([1, 4, 11], [4, 1, 3], {"pads": [1, 1], "group": 4}),
    "many_channels": ([1, 67, 3, 3], [65, 67, 1, 1], {}),
    "batch": ([3, 2, 5, 5], [4, 2, 3, 3], {"pads": [1, 1, 1, 1]}),
}


@cases(GEOMETRY)
def geometry(folder, shape, kernel, attributes):
    """One convolution per geometry, unsigned with an odd zero point."""
    attributes = {"kernel_shape": kernel[2:], **attributes}
    net = conv(shape, random_weights(kernel), zero=131, dtype="uint8", **attributes)
    net.check(folder)


@cases({"signed": ("int8", -128), "signed_top": ("int8", 127), "unsigned": ("uint8", 0),
        "unsigned_top": ("uint8", 255), "middle": ("int8", 0)})
def extreme_zero_point(folder, dtype, zero):
    """Zero points at the ends of the range, with padding."""
    conv([1, 3, 5, 5], random_weights([4, 3, 3, 3]), zero, dtype, pads=[1] * 4).check(folder)


@cases({"lowest": (-128,), "highest": (127,)})
def extreme_weights(folder, value):
    """All weights at one end of int8; the last channel mixes both ends."""
    weights = np.full([4, 8, 3, 3], value)
    weights[3, ::2] = -1 - value
    conv([1, 8, 5, 5], weights, -128, pads=[1] * 4, y_scale=0.5).check(folder)


@cases({"uint8": ("uint8", 128), "uint8_low": ("uint8", 0), "uint8_top": ("uint8", 255),
        "int8": ("int8", -128), "int8_odd": ("int8", 17)})
def asymmetric_weights(folder, dtype, zero):
    """Weights with a zero point: up to nine bits after it is taken off (N4)."""
    net, low = Net("uint8"), 0 if dtype == "uint8" else -128
    x = net.quantized_input("x", [1, 5, 5, 5], S, 77)
    weights = np.random.default_rng(1).integers(low, low + 256, [4, 5, 3, 3])
    weights[0], weights[1] = low, low + 255
    w = net.constant(weights, W, zero, dtype)
    net.finish(net.node("Conv", [x, w], pads=[1] * 4), 0.4, 100)
    net.check(folder)


@case
def padding_outside_the_producers_range(folder):
    """x = clip(., 1, 2): its integers never reach the zero point, the padding does (N9)."""
    for number, (dtype, zero) in enumerate((("int8", -20), ("uint8", 200))):
        net = Net(dtype)
        x = net.quantized_input("x", [1, 3, 5, 5], 0.05, zero)
        bounds = [1.0, 2.0] if number == 0 else [-2.0, -1.0]
        x = net.node("Clip", [x] + [net.const(np.float32(bound)) for bound in bounds])
        x = net.requantize(x, S, zero)
        weights = np.abs(random_weights([4, 3, 3, 3]))
        weights[1] *= -1
        net = finish(net, x, weights, zero, pads=[2, 1, 1, 2])
        net.check(folder, model=f"{dtype}.onnx")


@case
def fused_relu_and_clip(folder):
    """Bounds of the activation as saturation of the requantization (N6)."""
    for number, bounds in enumerate(((0.0, None), (0.0, 6.0), (-1.3, 2.7), (0.5, 0.6))):
        net = Net("int8")
        x = net.quantized_input("x", [1, 4, 4, 4], S, 3)
        y = net.node("Conv", [x, net.constant(random_weights([3, 4, 1, 1]), W)])
        if bounds[1] is None:
            y = net.node("Relu", [y])
        else:
            y = net.clip_node(y, *bounds)
        net.finish(y, 0.05, -3)
        net.check(folder, model=f"{number}.onnx")


# --- batches ---------------------------------------------------------------


@case
def symbolic_batch(folder):
    """A symbolic first dimension: 1 by default, --batch N, and a series of samples."""
    net = Net("uint8")
    x = net.quantized_input("x", ["N", 3, 5, 5], S, 77)
    net = finish(net, x, random_weights([4, 3, 3, 3]), 100, pads=[1] * 4)
    path = net.check(folder)
    floats = np.random.default_rng(3).normal(size=[4, 3, 5, 5]).astype(np.float32)
    agree(path, {"x": floats}, raw=False)
    whole = batch_outputs(folder, path, floats, 1)
    for batch in (2, 4):
        equal(batch_outputs(folder, path, floats, batch).tolist(), whole.tolist(),
              f"outputs with --batch {batch}")


def batch_outputs(folder, path, floats, batch):
    """Outputs of the driver for samples in batches."""
    source, target = f"{folder}/batch.npy", f"{folder}/out{batch}.npy"
    np.save(source, floats)
    qbias("run", path, "--batch", batch, "--input", source, "--output", target)
    return np.load(target)


@case
def linear_with_batch(folder):
    """Gemm and MatMul over several rows, and MatMul with leading dimensions."""
    for number, shape in enumerate(([5, 9], [1, 9], [2, 3, 9], [1, 2, 3, 9])):
        net = Net("int8")
        x = net.quantized_input("x", shape, S, -9)
        weights = random_weights([9, 6])
        y = net.node("MatMul", [x, net.constant(weights, W * np.ones(6, np.float32), axis=1)])
        y = net.node("Add", [y, net.const(np.linspace(-1, 1, 6, dtype=np.float32))])
        net.finish(y, 0.05, 4)
        net.check(folder, model=f"{number}.onnx")


@case
def gemm_forms(folder):
    """transB, per-tensor and per-channel, absent and scalar bias."""
    for number, (trans, bias) in enumerate(((1, [6]), (0, [6]), (1, None), (0, [1, 6]), (1, [1]))):
        net = Net("uint8")
        x = net.quantized_input("x", [3, 9], S, 60)
        weights = random_weights([6, 9] if trans else [9, 6])
        w = net.constant(weights, W * np.ones(6, np.float32), axis=1 - trans)
        operands = [x, w] + ([net.const(np.linspace(-1, 1, bias[-1], dtype=np.float32)
                                        .reshape(bias))] if bias else [])
        net.finish(net.node("Gemm", operands, transB=trans), 0.05, 4)
        net.check(folder, model=f"{number}.onnx")


@case
def product_of_two_activations(folder):
    """MatMul of two quantized tensors, with and without leading dimensions (N9)."""
    for number, (left, right) in enumerate((([4, 7], [7, 5]), ([2, 3, 7], [2, 7, 5]),
                                            ([1, 2, 3, 7], [1, 2, 7, 4]))):
        net = Net("int8")
        a = net.quantized_input("a", left, S, -11)
        b = net.quantized_input("b", right, 0.021, 7)
        net.finish(net.node("MatMul", [a, b]), 0.02, 3)
        net.check(folder, model=f"{number}.onnx")


# --- ends ------------------------------------------------------------------


@cases({"relu": ("Relu",), "plain": (None,), "transposed": ("Transpose",)})
def last_convolution(folder, tail):
    """A convolution without quantize: accumulators, scale and residue (N13 g)."""
    net = Net("uint8")
    x = net.quantized_input("x", [1, 3, 5, 5], S, 77)
    w = net.constant(random_weights([4, 3, 3, 3]), W * np.array([1, 2, 3, 4], np.float32))
    bias = net.const(np.array([1.25, -0.3, 0.0, 7.7], dtype=np.float32))
    y = net.node("Conv", [x, w, bias], pads=[1] * 4)
    if tail:
        y = net.node(tail, [y], perm=[0, 2, 3, 1] if tail == "Transpose" else None)
    net.output(y, FLOAT, [])
    path = net.check(folder)
    floats = np.random.default_rng(3).normal(size=[3, 3, 5, 5]).astype(np.float32)
    agree(path, {"x": floats}, raw=False)


@case
def several_outputs(folder):
    """A quantized, a dequantized, an intermediate and an unquantized output."""
    net = Net("int8")
    x = net.quantized_input("x", [1, 3, 5, 5], S, 3)
    w = net.constant(random_weights([4, 3, 3, 3]), W)
    middle = net.quantize(net.node("Conv", [x, w], pads=[1] * 4), 0.2, -5)
    net.output(middle, "int8", [1, 4, 5, 5])
    real = net.dequantize(middle)
    net.output(real, FLOAT, [1, 4, 5, 5])
    y = net.quantize(net.node("GlobalAveragePool", [real]), 0.1, 7)
    net.output(y, "int8", [1, 4, 1, 1])
    net.output(net.node("Conv", [real, net.constant(random_weights([2, 4, 1, 1], 1), W)]))
    path = net.check(folder)
    agree(path, {"x": np.random.default_rng(3).normal(size=[3, 3, 5, 5]).astype(np.float32)},
          raw=False)


@cases({"uint8": ("uint8", 131), "int8": ("int8", -7)})
def integer_ends(folder, dtype, zero):
    """The model's input is an integer tensor, its output another."""
    net = Net(dtype)
    x = net.integer_input("x", [1, 3, 5, 5], S, zero)
    y = net.node("Conv", [x, net.constant(random_weights([4, 3, 3, 3]), W)])
    net.output(net.quantize(y, 0.2, zero), dtype, [1, 4, 3, 3])
    path = net.check(folder)
    agree(path, net.stimuli(), raw=False)


@cases({str(opset): (opset,) for opset in range(6, 22)})
def opset(folder, version):
    """One network in every opset; QuantizeLinear is com.microsoft's before 10."""
    net = Net("uint8", opset=version, typed=version % 2 == 0)
    x = net.quantized_input("x", ["N", 3, 6, 6], S, 77)
    per_channel = version >= 13
    scale = W * np.array([1, 2, 3, 4], np.float32) if per_channel else W
    y = net.node("Conv", [x, net.constant(random_weights([4, 3, 3, 3]), scale),
                          net.const(np.ones(4, np.float32))], pads=[1] * 4)
    x = net.requantize(net.clip_node(y, 0.0, 6.0), 0.03, 0)
    x = net.requantize(net.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2]), 0.03, 0)
    axes = net.const(np.array([2, 3]))
    pooled = net.node("ReduceMean", [x, axes], keepdims=0) if version >= 18 else \
        net.node("ReduceMean", [x], axes=[2, 3], keepdims=0)
    x = net.requantize(pooled, 0.03, 0)
    w = net.constant(random_weights([5, 4]), W)
    net.finish(net.node("Gemm", [x, w, net.const(np.ones(5, np.float32))], transB=1,
                        broadcast=1 if version < 7 else None), 0.02, 50)
    net.check(folder)


if __name__ == "__main__":
    main(__doc__)
