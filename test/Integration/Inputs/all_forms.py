# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Generated networks shared by several integration tests.

    all_forms.py FOLDER

writes FOLDER/all_forms.onnx (every kind of layer and of integer program),
FOLDER/small.onnx (convolution, max pool, linear), FOLDER/wide.onnx (16 bits) and their
inputs FOLDER/all_forms.npy, ... (integers, a leading sample axis).
"""

import os
import sys

import numpy as np

from harness import FLOAT, Net, random_weights

S = np.float32(0.037)


def all_forms():
    """Affine, half-even, threshold, table and accumulator layers of every operator."""
    net = Net("int8", opset=14)
    x = net.quantized_input("x", [1, 3, 6, 6], 2.0**-5, 3)
    # Affine, per channel, float bias with an overflow, padding, ReLU.
    scale = np.array([0.011, 1e-12, 0.0077, 0.0031], dtype=np.float32)
    bias = net.const(np.array([1.2, -5.5, 0.0, 3.1], dtype=np.float32))
    y = net.node("Conv", [x, net.constant(random_weights([4, 3, 3, 3]), scale), bias],
                 pads=[1] * 4, name="affine")
    a = net.requantize(net.node("Relu", [y]), S, -128)
    # Half-even: dyadic scales, ties that an affine program misses.
    weights = net.constant(random_weights([4, 3, 1, 1], 1), 2.0**-6)
    b = net.requantize(net.node("Conv", [x, weights], name="half_even"), 2.0**-2, 5)
    # A convolution plus an operand without a quantize between.
    y = net.node("Conv", [a, net.constant(random_weights([4, 4, 1, 1], 2), 0.004)], name="skip")
    c = net.requantize(net.node("Add", [y, b]), 0.3, -3)
    # Pairs: affine and dyadic.
    d = net.requantize(net.node("Add", [a, c], name="sum"), 0.25, 1)
    e = net.requantize(net.node("Add", [b, d], name="dyadic_sum"), 0.5, 7)
    f = net.requantize(net.node("Mul", [d, e], name="product"), 0.9, -8)
    # Tables, a concat with another scale, pools (one per divisor, and 1/36 with ties).
    g = net.requantize(net.node("HardSwish", [f], name="table"), 0.9, 2)
    h = net.requantize(net.node("Concat", [f, g], axis=1), 0.9, 2)
    h = net.requantize(net.node("MaxPool", [h], kernel_shape=[3, 3], pads=[1] * 4), 0.9, 2)
    i = net.requantize(net.node("AveragePool", [h], kernel_shape=[3, 3], pads=[1] * 4,
                                name="pool"), 0.9, 2)
    j = net.requantize(net.node("GlobalAveragePool", [i], name="mean"), 0.9, 2)
    # A tail that is not linear, and a last layer without quantize.
    k = net.requantize(net.node("Flatten", [j], axis=1), 0.9, 2)
    y = net.node("Gemm", [k, net.constant(random_weights([6, 8], 3), 0.01)], transB=1, name="fc1")
    k = net.requantize(net.node("Sigmoid", [y]), 2.0**-8, -128)
    scale = np.linspace(0.004, 0.009, 5, dtype=np.float32)
    y = net.node("Gemm", [k, net.constant(random_weights([5, 6], 4), scale),
                          net.const(np.linspace(-1, 1, 5, dtype=np.float32))], transB=1,
                 name="fc2")
    net.output(y, FLOAT, [1, 5])
    net.output(net.quantize(y, 0.02, 7), "int8", [1, 5])
    return net


def small():
    """Convolution, ReLU, max pool and a linear layer; unsigned."""
    net = Net("uint8")
    x = net.quantized_input("x", ["N", 1, 6, 6], S, 120)
    y = net.node("Conv", [x, net.constant(random_weights([4, 1, 3, 3]), S),
                          net.const(np.ones(4, np.float32))], pads=[1] * 4, name="conv")
    x = net.requantize(net.node("Relu", [y]), 0.04, 0)
    x = net.requantize(net.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2]), 0.04, 0)
    x = net.requantize(net.node("Flatten", [x], axis=1), 0.04, 0)
    y = net.node("Gemm", [x, net.constant(random_weights([3, 36]), 0.003),
                          net.const(np.ones(3, np.float32))], transB=1, name="fc")
    net.output(net.requantize(y, 0.05, 117), FLOAT, ["N", 3])
    return net


def wide():
    """16 bits: what needs two limbs, ties of a ratio that is no power of two included."""
    net = Net("int16", opset=21)
    x = net.quantized_input("x", [1, 3, 6, 6], 2.0**-10, 0)
    scale = np.array([0.0011, 0.0007, 0.0077], dtype=np.float32)
    bias = net.const(np.array([1.2, -5.5, 0.0], dtype=np.float32))
    weights = net.constant(random_weights([3, 3, 3, 3]), scale)
    y = net.node("Conv", [x, weights, bias], pads=[1] * 4, name="conv")
    a = net.requantize(net.node("Relu", [y]), 0.0003, 0)
    # 1/6 of an integer: halves that neither a shift nor half-even decides.
    y = net.node("Conv", [x, net.constant(random_weights([3, 3, 1, 1], 1), 2.0**-8)], name="ties")
    b = net.requantize(y, 6 * 2.0**-18, 0)
    c = net.requantize(net.node("Add", [a, b], name="sum"), 0.0004, 0)
    d = net.requantize(net.node("Sub", [b, b], name="difference"), 12 * 2.0**-18, 0)
    e = net.requantize(net.node("Mul", [c, d], name="product"), 0.0001, 0)
    f = net.requantize(net.node("LeakyRelu", [e], name="function"), 0.0001, 0)
    g = net.requantize(net.node("GlobalAveragePool", [f], name="mean"), 0.0001, 0)
    net.output(g, FLOAT, [1, 3, 1, 1])
    return net


def indices():
    """Places of largest elements, first and last ones among many equal."""
    net = Net("uint8", opset=14)
    x = net.quantized_input("x", [1, 5, 6, 7], S, 120)
    y = net.requantize(x, 25 * S, 3)
    net.output(net.node("ArgMax", [y], axis=1, keepdims=0), "int64", [1, 6, 7])
    net.output(net.node("ArgMax", [y], axis=-1, select_last_index=1), "int64", [1, 5, 6, 1])
    return net


def write(folder):
    """Write the networks and their inputs."""
    for name, net in (("all_forms", all_forms()), ("small", small()), ("wide", wide()),
                      ("indices", indices())):
        net.save(os.path.join(folder, f"{name}.onnx"))
        np.save(os.path.join(folder, f"{name}.npy"), net.stimuli(6)["x"])


if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True)
    write(sys.argv[1])
