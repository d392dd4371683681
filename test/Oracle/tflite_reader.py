# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Read TensorFlow Lite files as networks the oracle evaluates.

Every operator becomes dequantize, operator, quantize in the oracle's own vocabulary (that
of ONNX, with exact arithmetic); tensors keep their names and their NHWC layout.  A bias is
integers in units of s_x * s_w, whatever its own scale says (the kernels never read it).

    model = read_model("net.tflite")      an onnx_reader.Model with producer "tflite"

Errors: TfliteError names the operator.
"""

import numpy as np

from onnx_reader import Graph, Model, Node, Tensor, Value
from tflite_file import read_file

TO_NCHW, TO_NHWC = [0, 3, 1, 2], [0, 2, 3, 1]
ACTIVATIONS = {0: None, 1: (0.0, None), 2: (-1.0, 1.0), 3: (0.0, 6.0)}
FUNCTIONS = {"LOGISTIC": "Sigmoid", "TANH": "Tanh", "HARD_SWISH": "HardSwish", "ABS": "Abs",
             "EXP": "Exp", "ELU": "Elu", "SQRT": "Sqrt"}
CLAMPS = {"RELU": (0.0, None), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0),
          "RELU_0_TO_1": (0.0, 1.0)}
SUMS = {"ADD": "Add", "SUB": "Sub", "MUL": "Mul"}


class TfliteError(ValueError):
    """An operator that has no translation."""


class Reader:
    """Builds the graph operator by operator."""

    def __init__(self, file):
        self.file, self.graph, self.counter = file, Graph("tflite"), 0
        for index in file.inputs:
            self.graph.inputs.append(self.value(index))
        for op in file.operators:
            if self.is_about_shapes(op):
                continue
            translate = getattr(self, "op_" + op.name.lower(), None)
            if op.name in FUNCTIONS:
                self.define(op, self.emit(FUNCTIONS[op.name], [self.real(op.inputs[0])]))
            elif op.name in CLAMPS:
                self.define(op, self.clamp(self.real(op.inputs[0]), CLAMPS[op.name]))
            elif op.name in SUMS:
                reals = [self.real(index) for index in op.inputs]
                self.define(op, self.emit(SUMS[op.name], reals), self.option(op, 0, "b"))
            elif translate is not None:
                translate(op)
            else:
                raise TfliteError(f"{op.name}: not known to the oracle")
        self.graph.outputs = [self.value(index) for index in file.outputs]

    # Pieces.

    def is_about_shapes(self, op):
        """Integers that are no indices of elements: shapes are read as outputs declare them."""
        return op.name != "ARG_MAX" and self.output(op).dtype in ("int32", "int64")

    def tensor(self, op, position):
        """An input of an operator."""
        return self.file.tensors[op.inputs[position]]

    def output(self, op, position=0):
        """An output of an operator."""
        return self.file.tensors[op.outputs[position]]

    def value(self, index):
        """Name, type and shape of a graph input or output."""
        tensor = self.file.tensors[index]
        return Value(tensor.name, tensor.dtype, tensor.shape)

    def const(self, array, dtype=None):
        """An initializer of its own; returns its name."""
        self.counter += 1
        name, array = f"const.{self.counter}", np.asarray(array)
        self.graph.initializers[name] = Tensor(name, dtype or str(array.dtype), array)
        return name

    def emit(self, op_type, inputs, outputs=None, **attributes):
        """Append a node; returns the name of its result, or a list of several."""
        self.counter += 1
        outputs = outputs or [f"tmp.{self.counter}"]
        attributes = {key: value for key, value in attributes.items() if value is not None}
        self.graph.nodes.append(Node(op_type, "", outputs[0], [name or "" for name in inputs],
                                     outputs, attributes))
        return outputs[0] if len(outputs) == 1 else outputs

    def option(self, op, number, kind="i", default=0):
        """A number among the operator's options."""
        return op.options.scalar(number, kind, default) if op.options else default

    def integers(self, op, position):
        """A constant input as a list."""
        return [int(value) for value in self.tensor(op, position).data.reshape(-1)]

    # From integers to reals and back.

    def parameters(self, tensor, axis=None):
        """Scale and zero point constants, and the attribute that names the axis."""
        per_axis = len(tensor.scale) > 1
        zero = tensor.zero_point if len(tensor.zero_point) else np.zeros(len(tensor.scale), int)
        names = [self.const(tensor.scale if per_axis else tensor.scale[0]),
                 self.const(zero if per_axis else zero[0], tensor.dtype)]
        return names, (tensor.axis if axis is None else axis) if per_axis else None

    def dequantized(self, name, tensor, axis=None):
        """The reals a tensor's integers stand for; floats as they are."""
        if not len(tensor.scale):
            return name
        names, axis = self.parameters(tensor, axis)
        return self.emit("DequantizeLinear", [name] + names, axis=axis)

    def real(self, index):
        """A tensor as reals, constant or computed."""
        tensor = self.file.tensors[index]
        if tensor.data is not None:
            return self.constant(tensor, tensor.data)
        return self.dequantized(tensor.name, tensor)

    def constant(self, tensor, data, axis=None):
        """A constant with the tensor's parameters."""
        return self.dequantized(self.const(data, tensor.dtype), tensor, axis)

    def clamp(self, real, bounds):
        """Between two bounds, the upper one optional."""
        names = [self.const(np.float32(bound)) for bound in bounds if bound is not None]
        return self.emit("Clip", [real] + names)

    def define(self, op, real, activation=0, output=0):
        """Activation and quantize; the output keeps its name."""
        tensor = self.output(op, output)
        if ACTIVATIONS[activation]:
            real = self.clamp(real, ACTIVATIONS[activation])
        if not len(tensor.scale):
            self.emit("Identity", [real], [tensor.name])
            return
        names, axis = self.parameters(tensor)
        self.emit("QuantizeLinear", [real] + names, [tensor.name], axis=axis)

    def transpose(self, name, permutation):
        """Axes in another order."""
        return self.emit("Transpose", [name], perm=list(permutation))

    def reshape(self, name, shape):
        """Another shape; a first extent of 1 stays open for series of samples."""
        shape = ([-1] if list(shape[:1]) == [1] else list(shape[:1])) + list(shape[1:])
        return self.emit("Reshape", [name, self.const(np.array(shape, np.int64))])

    # Sums of products.

    def bias(self, op, slots=(0, 1, 2)):
        """Integers times s_x * s_w, or None; slots: input, weights, bias."""
        if len(op.inputs) <= slots[2] or op.inputs[slots[2]] < 0:
            return None
        x, w, b = (self.tensor(op, position) for position in slots)
        if b.dtype == "float32":
            return self.const(b.data)
        unit = np.float64(x.scale[0]) * w.scale.astype(np.float64)
        per_axis = len(unit) > 1
        return self.emit("DequantizeLinear", [
            self.const(b.data, b.dtype), self.const(unit if per_axis else unit[0])],
            axis=0 if per_axis else None)

    def convolve(self, op, weights, groups, fields, narrow=False):
        """fields: option numbers of padding, strides and dilations (h, w), activation.

        narrow: the kernel for 16 bits has sums of 32 bits.
        """
        padding, sh, sw, dh, dw, activation = fields
        x = self.transpose(self.real(op.inputs[0]), TO_NCHW)
        y = self.emit(
            "Conv", [x, weights, self.bias(op)], group=groups,
            strides=[self.option(op, sh), self.option(op, sw)],
            dilations=[self.option(op, dh, "i", 1), self.option(op, dw, "i", 1)],
            auto_pad="VALID" if self.option(op, padding, "b") else "SAME_UPPER",
            narrow_sum=int(narrow))
        self.define(op, self.transpose(y, TO_NHWC), self.option(op, activation, "b"))

    def op_conv_2d(self, op):
        """Weights [O, H, W, C / groups]."""
        w = self.tensor(op, 1)
        weights = self.constant(w, w.data.transpose(0, 3, 1, 2), axis=0)
        narrow = len(op.inputs) < 3 or op.inputs[2] < 0 or self.tensor(op, 2).dtype == "int32"
        self.convolve(op, weights, self.tensor(op, 0).shape[3] // w.shape[3], (0, 2, 1, 5, 4, 3),
                      narrow)

    def op_depthwise_conv_2d(self, op):
        """Weights [1, H, W, C * multiplier]."""
        w = self.tensor(op, 1)
        weights = self.constant(w, w.data.transpose(3, 0, 1, 2), axis=0)
        self.convolve(op, weights, self.tensor(op, 0).shape[3], (0, 2, 1, 6, 5, 4))

    def op_transpose_conv(self, op):
        """Inputs are the result's shape, weights [O, H, W, C], the image, a bias.

        Padding is that of the convolution from the result back to the image.
        """
        w, size = self.tensor(op, 1), self.output(op).shape[1:3]
        strides, image = [self.option(op, 2), self.option(op, 1)], self.tensor(op, 2).shape[1:3]
        begin = [0, 0]
        if not self.option(op, 0, "b"):
            begin = [max((-(-n // t) - 1) * t + k - n, 0) // 2
                     for n, k, t in zip(size, w.shape[1:3], strides)]
        end = [(n - 1) * t + k - b - m
               for n, t, k, b, m in zip(image, strides, w.shape[1:3], begin, size)]
        y = self.emit("ConvTranspose", [
            self.transpose(self.real(op.inputs[2]), TO_NCHW),
            self.constant(w, w.data.transpose(3, 0, 1, 2), axis=1),
            self.bias(op, (2, 1, 3))], strides=strides, pads=begin + end)
        self.define(op, self.transpose(y, TO_NHWC), self.option(op, 3, "b"))

    def op_fully_connected(self, op):
        """Weights [O, I]; the input is rows of I, whatever its shape."""
        w = self.tensor(op, 1)
        rows = self.emit("Reshape", [self.real(op.inputs[0]),
                                     self.const(np.array([-1, w.shape[1]], np.int64))])
        y = self.emit("Gemm", [rows, self.constant(w, w.data, 0), self.bias(op)], transB=1)
        self.define(op, self.reshape(y, self.output(op).shape), self.option(op, 0, "b"))

    def op_batch_matmul(self, op):
        """Either side transposed in its last two dimensions."""
        sides = []
        for position in (0, 1):
            rank, name = len(self.tensor(op, position).shape), self.real(op.inputs[position])
            order = list(range(rank - 2)) + [rank - 1, rank - 2]
            sides.append(self.transpose(name, order) if self.option(op, position, "b") else name)
        self.define(op, self.emit("MatMul", sides))

    # Elementwise, windows.

    def op_leaky_relu(self, op):
        """The slope is a float32."""
        self.define(op, self.emit("LeakyRelu", [self.real(op.inputs[0])],
                                  alpha=self.option(op, 0, "f", 0.0)))

    def op_softmax(self, op):
        """Over the last axis; beta multiplies the logits."""
        self.define(op, self.emit("Softmax", [self.real(op.inputs[0])], axis=-1,
                                  beta=self.option(op, 0, "f", 0.0)))

    def op_gelu(self, op):
        """With the error function, or approximate with tanh."""
        tanh = "tanh" if self.option(op, 0, "b") else "none"
        self.define(op, self.emit("Gelu", [self.real(op.inputs[0])], approximate=tanh))

    def op_maximum(self, op):
        """b + max(a - b, 0), or a - max(a - b, 0)."""
        a, b = (self.real(index) for index in op.inputs)
        above = self.emit("Relu", [self.emit("Sub", [a, b])])
        self.define(op, self.emit("Add", [b, above]) if op.name == "MAXIMUM"
                    else self.emit("Sub", [a, above]))

    op_minimum = op_maximum

    def op_square(self, op):
        """A product with itself."""
        x = self.real(op.inputs[0])
        self.define(op, self.emit("Mul", [x, x]))

    def op_quantize(self, op):
        """A change of parameters, or the first integers of the program."""
        self.define(op, self.real(op.inputs[0]))

    op_dequantize = op_quantize

    def pool(self, op, op_type):
        """Windows over rows and columns; padding does not count."""
        x = self.transpose(self.real(op.inputs[0]), TO_NCHW)
        y = self.emit(op_type, [x], kernel_shape=[self.option(op, 4), self.option(op, 3)],
                      strides=[self.option(op, 2), self.option(op, 1)],
                      auto_pad="VALID" if self.option(op, 0, "b") else "SAME_UPPER")
        self.define(op, self.transpose(y, TO_NHWC), self.option(op, 5, "b"))

    def op_average_pool_2d(self, op):
        """Means of windows."""
        self.pool(op, "AveragePool")

    def op_max_pool_2d(self, op):
        """Largest elements of windows."""
        self.pool(op, "MaxPool")

    def mean(self, op):
        """The reals of a mean over any axes, in the shape the file declares."""
        axes = self.const(np.array(self.integers(op, 1), np.int64))
        y = self.emit("ReduceMean", [self.real(op.inputs[0]), axes], keepdims=1)
        return self.reshape(y, self.output(op).shape)

    def op_mean(self, op):
        """Over constant axes."""
        self.define(op, self.mean(op))

    def op_sum(self, op):
        """The mean times the number of its terms."""
        shape = self.tensor(op, 0).shape
        count = int(np.prod([shape[axis] for axis in self.integers(op, 1)]))
        self.define(op, self.emit("Mul", [self.mean(op), self.const(np.float64(count))]))

    def op_arg_max(self, op):
        """Indices along a constant axis, the first of equal ones."""
        self.emit("ArgMax", [self.real(op.inputs[0])], [self.output(op).name],
                  axis=self.integers(op, 1)[0], keepdims=0)

    # Data movement.

    def op_reshape(self, op):
        """The declared shape of the output is what counts."""
        self.define(op, self.reshape(self.real(op.inputs[0]), self.output(op).shape))

    op_squeeze = op_expand_dims = op_reshape

    def op_transpose(self, op):
        """By a constant permutation."""
        self.define(op, self.transpose(self.real(op.inputs[0]), self.integers(op, 1)))

    def op_resize_nearest_neighbor(self, op):
        """Whole rows and columns, chosen in float32 as the kernels do."""
        align, half = self.option(op, 0, "b"), np.float32(0.5 if self.option(op, 1, "b") else 0)
        value, extents = self.real(op.inputs[0]), self.tensor(op, 0).shape
        for axis, count in zip((1, 2), self.integers(op, 1)):
            n = extents[axis]
            step = np.float32(n - 1) / np.float32(count - 1) if align and count > 1 \
                else np.float32(n) / np.float32(count)
            places = (np.arange(count, dtype=np.float32) + half) * step
            places = np.floor(places + np.float32(0.5)) if align else np.floor(places)
            indices = np.clip(places.astype(np.int64), 0, n - 1)
            value = self.emit("Gather", [value, self.const(indices)], axis=axis)
        self.define(op, value)

    def op_pad(self, op):
        """With real 0, or PADV2 with a constant."""
        pads = np.array(self.integers(op, 1), np.int64).reshape(-1, 2).T.reshape(-1)
        value = []
        if op.name == "PADV2":  # exact in float64: 17 bits times a float32
            fill = self.tensor(op, 2)
            steps = float(fill.data.reshape(-1)[0] - fill.zero_point[0])
            value = [self.const(np.float64(steps * float(fill.scale[0])))]
        self.define(op, self.emit("Pad", [self.real(op.inputs[0]), self.const(pads)] + value))

    op_padv2 = op_pad

    def op_concatenation(self, op):
        """Operands of any scale."""
        y = self.emit("Concat", [self.real(index) for index in op.inputs],
                      axis=self.option(op, 0))
        self.define(op, y, self.option(op, 1, "b"))

    def op_pack(self, op):
        """Along a new axis."""
        shape = self.output(op).shape
        axis = self.option(op, 1) % len(shape)
        one = [1 if d == axis else extent for d, extent in enumerate(shape)]
        parts = [self.reshape(self.real(index), one) for index in op.inputs]
        self.define(op, self.emit("Concat", parts, axis=axis))

    def pieces(self, op, source, axis, sizes):
        """Consecutive parts, each in the shape its output declares."""
        names = self.emit("Split", [self.real(source), self.const(np.array(sizes, np.int64))],
                          [f"part.{self.counter}.{i}" for i in range(len(sizes))], axis=axis)
        for i, name in enumerate(names if isinstance(names, list) else [names]):
            self.define(op, self.reshape(name, self.output(op, i).shape), output=i)

    def op_split(self, op):
        """Equal parts; the axis comes first."""
        axis, count = self.integers(op, 0)[0], len(op.outputs)
        self.pieces(op, op.inputs[1], axis, [self.tensor(op, 1).shape[axis] // count] * count)

    def op_split_v(self, op):
        """Parts of the sizes the outputs have."""
        axis = self.integers(op, 2)[0]
        self.pieces(op, op.inputs[0], axis,
                    [self.output(op, i).shape[axis] for i in range(len(op.outputs))])

    def op_unpack(self, op):
        """Parts of one element, whose axis disappears."""
        self.pieces(op, op.inputs[0], self.option(op, 1), [1] * len(op.outputs))

    def slice(self, op, begin, end, strides):
        """A part, in the shape the output declares."""
        bounds = [self.const(np.array(values, np.int64))
                  for values in (begin, end, range(len(begin)), strides)]
        y = self.emit("Slice", [self.real(op.inputs[0])] + bounds)
        self.define(op, self.reshape(y, self.output(op).shape))

    def op_slice(self, op):
        """Begin and size; -1 is the rest."""
        begin, size = self.integers(op, 1), self.integers(op, 2)
        end = [2**31 - 1 if n == -1 else b + n for b, n in zip(begin, size)]
        self.slice(op, begin, end, [1] * len(begin))

    def op_strided_slice(self, op):
        """Masks of open ends."""
        begin, end, strides = (self.integers(op, position) for position in (1, 2, 3))
        for d, _ in enumerate(begin):
            begin[d] = 0 if self.option(op, 0) >> d & 1 else begin[d]
            end[d] = 2**31 - 1 if self.option(op, 1) >> d & 1 else end[d]
            if self.option(op, 4) >> d & 1:
                end[d] = begin[d] + 1 or 2**31 - 1
        self.slice(op, begin, end, strides)


def read_model(path):
    """The network of a file."""
    return Model(Reader(read_file(path)).graph, {"": 24}, 0, "tflite")
