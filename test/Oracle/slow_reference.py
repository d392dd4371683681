# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A second evaluator, as plain as possible, to test the oracle against.

Every real number is a Fraction, every operator a loop over its definition in the ONNX
text; nothing is shared with the oracle but the file reader.  Irrational functions are
rounded to 100 digits.  Tiny tensors only; one sample at a time.
"""

import decimal
import itertools
from fractions import Fraction

import numpy as np

RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767),
          "uint16": (0, 65535), "int4": (-8, 7), "uint4": (0, 15), "int32": (-2**31, 2**31 - 1)}


def fractions(array):
    """Object array of the exact values of a numpy array."""
    out = np.empty(array.shape, dtype=object)
    for index in np.ndindex(array.shape):
        out[index] = Fraction(array[index].item())
    return out


def elementwise(function, *arrays):
    """Apply a scalar function position by position, with broadcasting."""
    wide = np.broadcast_arrays(*arrays)
    out = np.empty(wide[0].shape, dtype=object)
    for index in np.ndindex(out.shape):
        out[index] = function(*(array[index] for array in wide))
    return out


def _exponential(value):
    context = decimal.Context(prec=120, Emin=-10**15, Emax=10**15)
    return Fraction(context.exp(context.divide(value.numerator, value.denominator)))


def sigmoid(value):
    """1 / (1 + e^-x); far tails are replaced by a nearby value."""
    value = max(min(value, Fraction(1000)), Fraction(-1000))
    return 1 / (1 + _exponential(-value))


def tanh(value):
    """(e^2x - 1) / (e^2x + 1)."""
    return 2 * sigmoid(2 * value) - 1


def _along(array, axis, rank):
    array = np.asarray(array)
    if array.size == 1:
        return array.reshape((1,) * rank)
    return array.reshape([-1 if i == axis % rank else 1 for i in range(rank)])


def quantize(x, scale, zero, qmin, qmax):
    """round() of a Fraction is half to even."""
    return elementwise(lambda v, s, z: min(max(round(v / s) + int(z), qmin), qmax), x, scale, zero)


def window_positions(spatial, attributes, kernel):
    """For every output position, the input position of every tap (None: padding)."""
    rank = len(kernel)
    strides = attributes.get("strides", [1] * rank)
    dilations = attributes.get("dilations", [1] * rank)
    pads = attributes.get("pads", [0] * 2 * rank)
    ceil = attributes.get("ceil_mode", 0)
    axes = []
    for i in range(rank):
        reach = (kernel[i] - 1) * dilations[i] + 1
        begin, end = pads[i], pads[i + rank]
        mode = attributes.get("auto_pad", "NOTSET")
        if mode.startswith("SAME"):
            total = max((-(-spatial[i] // strides[i]) - 1) * strides[i] + reach - spatial[i], 0)
            begin = total // 2 if mode == "SAME_UPPER" else total - total // 2
            end = total - begin
        starts, start = [], -begin
        while start + reach <= spatial[i] + end or (
                ceil and start + reach - strides[i] < spatial[i] + end and start < spatial[i]):
            starts.append(start)
            start += strides[i]
        axes.append([[start + tap * dilations[i] for tap in range(kernel[i])]
                     for start in starts])
    padded = [(-pads[i], spatial[i] + pads[i + rank]) for i in range(rank)]
    sizes = [len(axis) for axis in axes]
    windows = {}
    for out in np.ndindex(*sizes):
        windows[out] = list(itertools.product(*(axes[i][out[i]] for i in range(rank))))
    return sizes, windows, padded


def _inside(position, spatial):
    return all(0 <= p < size for p, size in zip(position, spatial))


def conv(x, w, bias, attributes):
    """Cross-correlation, padding contributes 0."""
    groups = attributes.get("group", 1)
    spatial, kernel = x.shape[2:], w.shape[2:]
    sizes, windows, _ = window_positions(spatial, attributes, kernel)
    taps = list(np.ndindex(*kernel))
    out = np.empty([x.shape[0], w.shape[0]] + sizes, dtype=object)
    for n, m in np.ndindex(x.shape[0], w.shape[0]):
        first = m // (w.shape[0] // groups) * w.shape[1]
        for place, positions in windows.items():
            total = Fraction(0) if bias is None else bias.reshape(-1)[m]
            for tap, position in zip(taps, positions):
                if _inside(position, spatial):
                    for c in range(w.shape[1]):
                        total += x[(n, first + c) + position] * w[(m, c) + tap]
            out[(n, m) + place] = total
    return out


def pool(x, attributes, reduce):
    """reduce(values inside, number of taps in the padded tensor) per window."""
    sizes, windows, padded = window_positions(x.shape[2:], attributes, attributes["kernel_shape"])
    out = np.empty(list(x.shape[:2]) + sizes, dtype=object)
    for n, c in np.ndindex(*x.shape[:2]):
        for place, positions in windows.items():
            inside = [x[(n, c) + p] for p in positions if _inside(p, x.shape[2:])]
            counted = sum(all(low <= v < high for v, (low, high) in zip(p, padded))
                          for p in positions)
            out[(n, c) + place] = reduce(inside, counted)
    return out


def matmul(a, b):
    """Last two axes, one shared batch rule: broadcasting."""
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = np.broadcast_to(a, batch + a.shape[-2:])
    b = np.broadcast_to(b, batch + b.shape[-2:])
    out = np.empty(batch + (a.shape[-2], b.shape[-1]), dtype=object)
    for index in np.ndindex(out.shape):
        row, column = a[index[:-1]], b[index[:-2] + (slice(None), index[-1])]
        out[index] = sum((p * q for p, q in zip(row, column)), Fraction(0))
    return out


class SlowNetwork:
    """Evaluates one sample; `quantized` collects every QuantizeLinear output."""

    def __init__(self, model):
        self.model, self.values, self.types, self.quantized = model, {}, {}, {}
        for name, tensor in model.graph.initializers.items():
            self.values[name], self.types[name] = tensor.array, tensor.dtype

    def run(self, arrays):
        """arrays: {input: float32 or integer array of one sample}."""
        self.values.update(arrays)
        self.inputs = set(arrays)
        for node in self.model.graph.nodes:
            outputs = getattr(self, "op_" + node.op_type)(node)
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            self.values.update(zip(node.outputs, outputs))
        return self.quantized

    def real(self, name):
        """Value as Fractions."""
        value = self.values[name]
        return value if value.dtype == object else fractions(value)

    def parameters(self, node, rank):
        """(scale, zero point, type) of a quantize or dequantize node."""
        axis = node.attributes.get("axis", 1)
        scale = fractions(_along(self.values[node.inputs[1]], axis, rank))
        zero, dtype = np.zeros((1,) * rank, dtype=int), "uint8"
        if len(node.inputs) > 2:
            zero = _along(self.values[node.inputs[2]], axis, rank)
            dtype = self.types[node.inputs[2]]
        return scale, zero, dtype

    def op_QuantizeLinear(self, node):
        value = self.values[node.inputs[0]]
        scale, zero, dtype = self.parameters(node, value.ndim)
        if node.inputs[0] in self.inputs and value.dtype.kind in "iu":
            result = value.astype(object)
        elif node.inputs[0] in self.inputs:
            ratio = value / self.values[node.inputs[1]].astype(np.float32)
            result = np.clip(np.rint(ratio).astype(np.int64) + int(zero.reshape(-1)[0]),
                             *RANGES[dtype]).astype(object)
        else:
            result = quantize(self.real(node.inputs[0]), scale, zero, *RANGES[dtype])
        self.quantized[node.outputs[0]] = result.astype(np.int64)
        return result

    def op_DequantizeLinear(self, node):
        q = self.values[node.inputs[0]]
        scale, zero, _ = self.parameters(node, q.ndim)
        return elementwise(lambda v, s, z: (int(v) - int(z)) * s, q, scale, zero)

    def op_Conv(self, node):
        bias = self.real(node.inputs[2]) if len(node.inputs) > 2 else None
        return conv(self.real(node.inputs[0]), self.real(node.inputs[1]), bias, node.attributes)

    def op_ConvTranspose(self, node):
        """Every input element scatters its kernel."""
        x, w = self.real(node.inputs[0]), self.real(node.inputs[1])
        attributes, rank = node.attributes, x.ndim - 2
        groups, ones = attributes.get("group", 1), [1] * rank
        strides, dilations = (attributes.get(key, ones) for key in ("strides", "dilations"))
        pads = attributes.get("pads", [0] * 2 * rank)
        extra = attributes.get("output_padding", [0] * rank)
        sizes = [(x.shape[2 + i] - 1) * strides[i] + (w.shape[2 + i] - 1) * dilations[i] + 1
                 - pads[i] - pads[i + rank] + extra[i] for i in range(rank)]
        out = np.full([x.shape[0], w.shape[1] * groups] + sizes, Fraction(0), dtype=object)
        if len(node.inputs) > 2:
            out = out + self.real(node.inputs[2]).reshape([1, -1] + ones)
        for (n, c, *place), (m, *tap) in itertools.product(
                np.ndindex(x.shape), np.ndindex(w.shape[1:])):
            target = tuple(place[i] * strides[i] + tap[i] * dilations[i] - pads[i]
                           for i in range(rank))
            if _inside(target, sizes):
                channel = c // (x.shape[1] // groups) * w.shape[1] + m
                out[(n, channel) + target] += x[(n, c, *place)] * w[(c, m, *tap)]
        return out

    def op_Gemm(self, node):
        a, b = self.real(node.inputs[0]), self.real(node.inputs[1])
        a = a.T if node.attributes.get("transA", 0) else a
        b = b.T if node.attributes.get("transB", 0) else b
        result = matmul(a, b) * Fraction(node.attributes.get("alpha", 1.0))
        if len(node.inputs) > 2:
            result = result + self.real(node.inputs[2]) * Fraction(node.attributes.get("beta", 1.0))
        return result

    def op_MatMul(self, node):
        return matmul(self.real(node.inputs[0]), self.real(node.inputs[1]))

    def binary(self, node, function):
        """Two operands with broadcasting."""
        return elementwise(function, self.real(node.inputs[0]), self.real(node.inputs[1]))

    def op_Add(self, node):
        return self.binary(node, lambda a, b: a + b)

    def op_Sub(self, node):
        return self.binary(node, lambda a, b: a - b)

    def op_Mul(self, node):
        return self.binary(node, lambda a, b: a * b)

    def op_Div(self, node):
        return self.binary(node, lambda a, b: a / b)

    def unary(self, node, function):
        """One operand."""
        return elementwise(function, self.real(node.inputs[0]))

    def op_Relu(self, node):
        return self.unary(node, lambda v: max(v, Fraction(0)))

    def op_Clip(self, node):
        if len(node.inputs) > 1:
            low, high = (Fraction(self.values[name].item()) for name in node.inputs[1:3])
        else:
            low, high = Fraction(node.attributes["min"]), Fraction(node.attributes["max"])
        return self.unary(node, lambda v: min(max(v, low), high))

    def op_LeakyRelu(self, node):
        alpha = Fraction(node.attributes["alpha"])
        return self.unary(node, lambda v: v if v >= 0 else v * alpha)

    def op_HardSigmoid(self, node):
        alpha, beta = Fraction(node.attributes["alpha"]), Fraction(node.attributes["beta"])
        return self.unary(node, lambda v: min(max(alpha * v + beta, Fraction(0)), Fraction(1)))

    def op_HardSwish(self, node):
        return self.unary(node, lambda v: v * min(max(v / 6 + Fraction(1, 2), 0), 1))

    def op_Sigmoid(self, node):
        return self.unary(node, sigmoid)

    def op_Tanh(self, node):
        return self.unary(node, tanh)

    def op_MaxPool(self, node):
        return pool(self.real(node.inputs[0]), node.attributes, lambda inside, _: max(inside))

    def op_AveragePool(self, node):
        counted = node.attributes.get("count_include_pad", 0)
        return pool(self.real(node.inputs[0]), node.attributes, lambda inside, taps:
                    sum(inside, Fraction(0)) / (taps if counted else len(inside)))

    def op_GlobalAveragePool(self, node):
        x = self.real(node.inputs[0])
        return pool(x, {"kernel_shape": x.shape[2:]},
                    lambda inside, _: sum(inside, Fraction(0)) / len(inside))

    def op_ReduceMean(self, node):
        x = self.real(node.inputs[0])
        axes = tuple(node.attributes["axes"])
        total = x.sum(axis=axes, keepdims=bool(node.attributes.get("keepdims", 1)))
        return total / int(np.prod([x.shape[axis] for axis in axes]))

    def op_BatchNormalization(self, node):
        x, gamma, beta, mean, variance = (self.real(name) for name in node.inputs)
        out = np.empty(x.shape, dtype=object)
        context = decimal.Context(prec=120)
        for index in np.ndindex(x.shape):
            c = index[1]
            total = variance[c] + Fraction(node.attributes["epsilon"])
            root = Fraction(context.sqrt(context.divide(total.numerator, total.denominator)))
            out[index] = (x[index] - mean[c]) / root * gamma[c] + beta[c]
        return out

    def op_Pad(self, node):
        widths = self.values[node.inputs[1]].tolist() if len(node.inputs) > 1 \
            else node.attributes["pads"]
        x = self.real(node.inputs[0])
        fill = self.real(node.inputs[2]).item() if len(node.inputs) > 2 else Fraction(0)
        return np.pad(x, list(zip(widths[:x.ndim], widths[x.ndim:])), constant_values=fill)

    def op_Concat(self, node):
        return np.concatenate([self.real(name) for name in node.inputs], node.attributes["axis"])

    def op_Flatten(self, node):
        x, axis = self.values[node.inputs[0]], node.attributes.get("axis", 1)
        return x.reshape(int(np.prod(x.shape[:axis], dtype=int)), -1)

    def op_Reshape(self, node):
        x, wanted = self.values[node.inputs[0]], self.values[node.inputs[1]].tolist()
        return x.reshape([x.shape[i] if size == 0 else size for i, size in enumerate(wanted)])

    def op_Transpose(self, node):
        return np.transpose(self.values[node.inputs[0]], node.attributes.get("perm"))

    def op_Squeeze(self, node):
        return np.squeeze(self.values[node.inputs[0]], tuple(self.values[node.inputs[1]].tolist()))

    def op_Unsqueeze(self, node):
        return np.expand_dims(self.values[node.inputs[0]],
                              tuple(self.values[node.inputs[1]].tolist()))

    def op_Slice(self, node):
        x = self.values[node.inputs[0]]
        cut = [slice(None)] * x.ndim
        for start, end, axis, step in zip(*(self.values[n].tolist() for n in node.inputs[1:5])):
            cut[axis] = slice(start, end, step)
        return x[tuple(cut)]

    def op_Split(self, node):
        sizes = self.values[node.inputs[1]].tolist()
        return tuple(np.split(self.values[node.inputs[0]], np.cumsum(sizes)[:-1],
                              node.attributes["axis"]))

    def op_Identity(self, node):
        return self.values[node.inputs[0]]

    op_Dropout = op_Identity

    def op_Constant(self, node):
        return node.attributes["value"].array
