# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A quantized TensorFlow Lite file as ONNX QDQ, in the form ONNX Runtime is fastest with.

    tflite_to_onnx.py MODEL.tflite MODEL.onnx

Scales, weights and biases are the file's. Activations are uint8 with zero points moved by 128
instead of int8, images are NCHW instead of NHWC, padding is the convolution's own, and a softmax at
the end is left out: its integers are TensorFlow Lite's own function. Prints the name of the tensor
that the new file ends with.
"""

import os
import sys

import numpy as np

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "test", "Oracle"))

import model_reader  # noqa: E402
import onnx_writer  # noqa: E402
import oracle  # noqa: E402
from onnx_reader import Value  # noqa: E402
from tflite_file import read_file  # noqa: E402
from tflite_reader import TO_NCHW, TO_NHWC, Reader, TfliteError  # noqa: E402

OPSET = 13
SHIFT = 128  # from int8 to uint8


class Converter(Reader):
    """The oracle's reader of the file, with other integers and another layout."""

    def __init__(self, file):
        self.pads = {}  # of tensors that PAD computes: (name of what it pads, rows, columns)
        super().__init__(file)

    def op_softmax(self, op):
        """Left out; the network ends in its input."""
        if op.outputs != self.file.outputs:
            raise TfliteError(f"SOFTMAX of tensor {op.inputs[0]} is not at the end")
        self.file.outputs = op.inputs[:1]

    def value(self, index):
        """Ends of the network, as uint8 and NCHW."""
        value = super().value(index)
        shape = [value.dims[axis] for axis in TO_NCHW] if len(value.dims) == 4 else value.dims
        return Value(value.name, "uint8", shape)

    def parameters(self, tensor, axis=None):
        """int8 activations become uint8."""
        names, axis = super().parameters(tensor, axis)
        if tensor.data is None:
            if tensor.dtype != "int8":
                raise TfliteError(f"tensor '{tensor.name}': {tensor.dtype}, expected int8")
            names[1] = self.const(np.uint8(tensor.zero_point[0] + SHIFT))
        return names, axis

    def transpose(self, name, permutation):
        """Images are NCHW already."""
        if permutation not in (TO_NCHW, TO_NHWC):
            raise TfliteError(f"TRANSPOSE {permutation}")
        return name

    def bias(self, op, slots=(0, 1, 2)):
        """With the scale in float32, as ONNX has it."""
        name = super().bias(op, slots)
        if name is not None:
            scale = self.graph.initializers[self.graph.nodes[-1].inputs[1]]
            scale.array, scale.dtype = scale.array.astype(np.float32), "float32"
        return name

    def convolve(self, op, weights, groups, fields, narrow=False):
        """Padding in front of a convolution becomes its own."""
        source = self.file.tensors[op.inputs[0]]
        super().convolve(op, weights, groups, fields)
        if source.name in self.pads:
            self.pad_inside(source)

    def pad_inside(self, source):
        """The last convolution reads what was padded."""
        conv = next(node for node in reversed(self.graph.nodes) if node.op_type == "Conv")
        dequantize = next(node for node in self.graph.nodes if node.outputs[0] == conv.inputs[0])
        dequantize.inputs[0], (top, bottom), (left, right) = self.pads[source.name]
        if conv.attributes["auto_pad"] != "VALID":
            raise TfliteError(f"tensor '{source.name}': padded twice")
        conv.attributes.update(auto_pad="NOTSET", pads=[top, left, bottom, right])

    def op_pad(self, op):
        """Remembered for the convolution behind it."""
        before, after = self.tensor(op, 0), self.output(op)
        amounts = np.array(self.integers(op, 1)).reshape(-1, 2).tolist()
        readers = [o.name for o in self.file.operators if op.outputs[0] in o.inputs]
        if amounts[0] != [0, 0] or amounts[3] != [0, 0] or before.scale != after.scale or \
                before.zero_point != after.zero_point or \
                not set(readers) <= {"CONV_2D", "DEPTHWISE_CONV_2D"}:
            raise TfliteError(f"PAD {amounts} in front of {readers}")
        self.pads[after.name] = (before.name, *amounts[1:3])

    def op_mean(self, op):
        """Over the image."""
        if sorted(self.integers(op, 1)) != [1, 2]:
            raise TfliteError(f"MEAN over {self.integers(op, 1)}")
        y, shape = self.emit("GlobalAveragePool", [self.real(op.inputs[0])]), self.output(op).shape
        self.define(op, y if len(shape) == 4 else self.reshape(y, shape))

    def op_reshape(self, op):
        """Only where NCHW and NHWC have the same order."""
        shape = self.tensor(op, 0).shape
        if int(np.prod(shape)) != shape[-1]:
            raise TfliteError(f"RESHAPE of {shape}")
        super().op_reshape(op)

    def op_fully_connected(self, op):
        """Of rows."""
        if len(self.tensor(op, 0).shape) != 2:
            raise TfliteError(f"FULLY_CONNECTED of {self.tensor(op, 0).shape}")
        w = self.tensor(op, 1)
        y = self.emit("Gemm", [self.real(op.inputs[0]), self.constant(w, w.data, 0), self.bias(op)],
                      transB=1)
        self.define(op, y, self.option(op, 0, "b"))


def convert(source, target):
    """Writes the ONNX file; the name of its output."""
    graph = Converter(read_file(source)).graph
    writer = onnx_writer.Graph(opset=OPSET)
    for value in graph.inputs:
        writer.input(value.name, value.dtype, value.dims)
    used = {name for node in graph.nodes for name in node.inputs}
    for tensor in (tensor for tensor in graph.initializers.values() if tensor.name in used):
        writer.const(tensor.array, tensor.name, tensor.dtype)
    for node in graph.nodes:
        node.attributes.pop("narrow_sum", None)  # of the oracle's own mode tflite
        writer.node(node.op_type, [name or None for name in node.inputs], node.outputs,
                    **node.attributes)
    for value in graph.outputs:
        writer.output(value.name, value.dtype, value.dims)
    writer.save(target)
    return graph.outputs[0].name


def restore_bias_scales(model):
    """Gives a converted model, as read, its biases in units of s_x * s_w again: ONNX holds float32
    scales only, and rounding them moves sums that lie at a tie. (Programs that add the integers
    of a bias do not read its scale.)"""
    graph = model.graph
    source = {output: node for node in graph.nodes for output in node.outputs}
    for node in graph.nodes:
        if node.op_type in ("Conv", "Gemm") and len(node.inputs) == 3:
            x, w, b = (graph.initializers[source[name].inputs[1]] for name in node.inputs)
            exact = np.multiply(x.array, w.array, dtype=np.float64)
            if not np.array_equal(exact.astype(np.float32), b.array):
                raise ValueError(f"{node.name}: not the scale of a bias")
            b.array, b.dtype = np.asarray(exact), "float64"


def count_differences(source, target, samples):
    """(differing, compared) integers of all activations of both files by the exact reference, on
    int8 samples in the layout of the TensorFlow Lite file."""
    lite, onnx = model_reader.read_model(source), model_reader.read_model(target)
    restore_bias_scales(onnx)
    differing = compared = 0
    for sample in samples:
        moved = (to_nchw(sample).astype(np.int16) + SHIFT).astype(np.uint8)
        expected, got = (oracle.run(model, {model.graph.inputs[0].name: x}, oracle.Settings()).quantized
                         for model, x in ((lite, sample), (onnx, moved)))
        for name, integers in got.items():
            compared += integers.size
            differing += int(np.sum(to_nchw(expected[name]) + SHIFT != integers))
    return differing, compared


def restore_sample(image):
    """A uint8 image of the ONNX file as the TensorFlow Lite file's int8 one."""
    moved = (image.astype(np.int16) - SHIFT).astype(np.int8)
    return np.ascontiguousarray(moved.transpose(TO_NHWC))


def to_nchw(array):
    """An image with its channels in front; other tensors as they are."""
    return array.transpose(TO_NCHW) if array.ndim == 4 else array


if __name__ == "__main__":
    print(convert(*sys.argv[1:]))
