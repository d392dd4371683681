# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operators of a size that threads share, on one to four of them, against the exact reference.

    threads.py WORK-DIR [CASE ...]
"""

import numpy as np

from harness import FLOAT, Net, cases, main, random_weights

SHAPE = [2, 24, 27, 40]  # 51,840 elements


def convolution(net, x):
    """A dense layer without a kernel for its epilogue: a table reads its sums."""
    weights = net.constant(random_weights([24, 24, 1, 1]), 0.001)
    return net.node("Sigmoid", [net.node("Conv", [x, weights])])


OPERATORS = {
    "sum_pool": lambda net, x: net.node("AveragePool", [x], kernel_shape=[3, 2], strides=[1, 1],
                                        pads=[1, 0, 1, 1]),
    "global_pool": lambda net, x: net.node("GlobalAveragePool", [x]),
    "max_pool": lambda net, x: net.node("MaxPool", [x], kernel_shape=[3, 3], strides=[1, 2]),
    "sum": lambda net, x: net.node("Add", [x, net.node("Relu", [x])]),
    "table": lambda net, x: net.node("Sigmoid", [x]),
    "means": lambda net, x: net.node("ReduceMean", [x], axes=[1, 3], keepdims=1),
    "softmax": lambda net, x: net.node("Softmax", [x], axis=1),
    "transpose": lambda net, x: net.node("Transpose", [x], perm=[0, 3, 1, 2]),
    "convolution": convolution,
}
SHAPES = {"global_pool": [2, 24, 1, 1], "max_pool": [2, 24, 25, 19], "means": [2, 1, 27, 1],
          "transpose": [2, 40, 24, 27]}


@cases({f"{name}_{threads}": (name, threads) for name in OPERATORS for threads in (1, 2, 3, 4)})
def shared(folder, name, threads):
    """One operator between two layers that threads share as well."""
    net = Net("int8", opset=13)
    x = net.quantized_input("x", SHAPE, 0.02, -7)
    weights = net.constant(random_weights([24, 1, 1, 1], seed=1), np.full(24, 0.01))
    y = net.requantize(net.node("Conv", [x, weights], group=24), 0.03, 5)
    y = net.requantize(OPERATORS[name](net, y), 0.02, -3)
    net.output(y, FLOAT, SHAPES.get(name, SHAPE))
    net.check(folder, arrays=net.stimuli(1), extra=[f"--threads={threads}"])


if __name__ == "__main__":
    main(__doc__)
