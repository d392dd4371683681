# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small quantized networks around one operator, for support_table.py.

    net = Net("uint8")
    x = net.input([1, 3, 8, 8])                 # real tensor: float input, quantized twice
    net.output(net.node("Relu", [x]))           # quantize, dequantize, graph output
    net.save("net.onnx")                        # net.arrays: integers for each input

The first quantize belongs to the input; the second has another scale, so that the operator
always stands behind an integer layer of the program.
"""

import numpy as np

from onnx_writer import FLOAT, Graph

RANGES = {
    "int2": (-2, 1), "uint2": (0, 3), "int4": (-8, 7), "uint4": (0, 15),
    "int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767), "uint16": (0, 65535),
}
OPSETS = {"int2": 25, "uint2": 25}  # the first operator set with the type; others: 21
SAMPLES = 2


class Net:
    """A network under construction; every method returns tensor names.

    dtype: type of all activations; stem: quantize inputs a second time.
    """

    def __init__(self, dtype, opset=None, stem=True):
        self.dtype, self.stem = dtype, stem
        low, high = RANGES[dtype]
        self.zero = low + (high - low + 1) // 2  # real 0 in the middle
        self.scale = 2.2 / (high - low + 1)      # real range about -1.1 .. 1.1
        self.input_scale = 1.25 * self.scale     # behind the second quantize
        self.graph = Graph(opset=opset or OPSETS.get(dtype, 21), microsoft=True)
        self.rng = np.random.default_rng(7)
        self.arrays, self._parameters = {}, {}

    # Constants.

    def number(self, value):
        """A float32 scalar."""
        return self.graph.const(np.float32(value))

    def floats(self, *shape):
        """A float32 array of random numbers around 0."""
        return self.graph.const(self.rng.normal(size=shape).astype(np.float32))

    def divisors(self, count):
        """Numbers per channel, first dimension, with a common multiple of few bits."""
        numbers = np.resize(np.array([3, -0.75, 5, 12, 0.5, 7], np.float32), count)
        return self.graph.const(numbers.reshape(count, 1, 1))

    def integers(self, *values):
        """An int64 list."""
        return self.graph.const(np.array(values, dtype=np.int64))

    def weights(self, shape, axis=0, dtype="int8", zero=0, per_channel=True):
        """A dequantized weight constant, one scale per entry of `axis` or one in all."""
        low, high = RANGES[dtype]
        count = shape[axis] if per_channel else 1
        scales = (self.rng.uniform(0.5, 2, count) / (high - low)).astype(np.float32)
        zeros = np.full(count, zero)
        carrier = "uint8" if low == 0 else "int8"
        inputs = [self.graph.const(self.rng.integers(low, high + 1, shape).astype(carrier),
                                   dtype=dtype)]
        inputs += [self.graph.const(scales if per_channel else scales[0]),
                   self.graph.const((zeros if per_channel else zeros[0]).astype(carrier),
                                    dtype=dtype)]
        return self.node("DequantizeLinear", inputs, axis=axis if per_channel else None)

    # Nodes.

    def node(self, op_type, inputs, outputs=None, **attributes):
        """Append a node."""
        return self.graph.node(op_type, inputs, outputs, **attributes)

    def quantize(self, real, scale=None, zero=None):
        """QuantizeLinear of a real tensor."""
        carrier = "int8" if RANGES[self.dtype][0] < 0 else "uint8"
        carrier = self.dtype if self.dtype.endswith("16") else carrier
        names = [self.number(scale or self.scale),
                 self.graph.const(np.array(self.zero if zero is None else zero, dtype=carrier),
                                  dtype=self.dtype)]
        quantized = self.node("QuantizeLinear", [real] + names)
        self._parameters[quantized] = names
        return quantized

    def parameters(self, quantized):
        """Scale and zero point of a quantized tensor."""
        return self._parameters[quantized]

    def dequantize(self, quantized):
        """DequantizeLinear with the parameters of its quantize."""
        return self.node("DequantizeLinear", [quantized] + self._parameters[quantized])

    def requantize(self, real, scale=None, zero=None):
        """Quantize and dequantize."""
        return self.dequantize(self.quantize(real, scale, zero))

    def samples(self, shape):
        """Integers for an input: extremes, then random ones."""
        low, high = RANGES[self.dtype]
        values = self.rng.integers(low, high + 1, [SAMPLES] + list(shape[1:]))
        values[0] = np.where(self.rng.random(shape[1:]) < 0.5, low, high)
        carrier = self.dtype if self.dtype.endswith(("8", "16")) else \
            "int8" if low < 0 else "uint8"
        return values.astype(carrier)

    def input(self, shape, scale=None):
        """A float graph input as a quantized real tensor; samples: extremes, then random."""
        name = f"x{len(self.arrays)}"
        self.graph.input(name, FLOAT, shape)
        self.arrays[name] = self.samples(shape)
        scale = scale or self.scale
        real = self.requantize(name, scale)
        return self.requantize(real, 1.25 * scale) if self.stem else real

    def output(self, real, scale=None, zero=None):
        """Quantize a real tensor and make it a float graph output."""
        self.graph.output(self.requantize(real, scale, zero), FLOAT, [])
        return self

    def real_output(self, real):
        """Make a real tensor an output without quantizing it."""
        self.graph.output(real, FLOAT, [])
        return self

    def save(self, path):
        """Write the ONNX file."""
        self.graph.save(path)
