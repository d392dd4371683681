# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks of layers with all that a channel can have of its own, and a check of their results."""

import os

import numpy as np

import feed
from harness import FLOAT, Net, qbias, require


class Chain(Net):
    """Layers with a residue, a scale and a bias for every channel."""

    def __init__(self, dtype):
        super().__init__(dtype, opset=21)
        self.rng = np.random.default_rng(5)

    def layer(self, x, weights, scale, zero, **attributes):
        """A convolution or matrix product and its requantization."""
        count = len(weights)
        scales = self.rng.uniform(0.5, 2, count).astype(np.float32) / 256
        bias = self.const(self.rng.normal(size=count).astype(np.float32))
        op = "Conv" if weights.ndim == 4 else "Gemm"
        y = self.node(op, [x, self.constant(weights, scales), bias], **attributes)
        return self.requantize(y, scale, zero)

    def random(self, *shape):
        """Weights that nothing is known about."""
        return self.rng.integers(-127, 128, shape)


def finish(net, folder, y, shape):
    """The network in a file, and the exact reference's answers."""
    net.output(y, FLOAT, shape)
    path = os.path.join(folder, "model.onnx")
    net.save(path)
    return feed.Network(path, {"x": net.stimuli(3)["x"]})


def check(folder, made, options):
    """The program answers with the exact reference's integers."""
    qbias("run", made.model, "--raw", "--input", save_inputs(folder, made), "--output",
          os.path.join(folder, "y.npy"), *options)
    got = np.load(os.path.join(folder, "y.npy")).reshape(made.outputs[0].shape)
    require(np.array_equal(got, made.outputs[0]), f"{np.sum(got != made.outputs[0])} differ")


def save_inputs(folder, made):
    """All samples as `qbias run` takes them."""
    path = os.path.join(folder, "x.npy")
    np.save(path, made.inputs[0].reshape(made.samples, *made.shapes[0]))
    return path
