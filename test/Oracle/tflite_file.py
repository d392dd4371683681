# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""TensorFlow Lite files with struct: no flatbuffers library, no schema compiler.

    model = read_file("net.tflite")
    model.tensors[i]   Tensor(name, dtype, shape, scale, zero_point, axis, data)
    model.operators    [Operator(code, name, inputs, outputs, options)]
    model.inputs, model.outputs   tensor indices

A table begins with the distance back to its vtable, which lists the offset of each
field by number (0: absent).  Field numbers are those of the public schema.
"""

import struct
from dataclasses import dataclass

import numpy as np

DTYPES = {0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 6: "bool", 7: "int16",
          9: "int8", 16: "uint16", 17: "int4"}
NAMES = {
    0: "ADD", 1: "AVERAGE_POOL_2D", 2: "CONCATENATION", 3: "CONV_2D", 4: "DEPTHWISE_CONV_2D",
    6: "DEQUANTIZE", 9: "FULLY_CONNECTED", 14: "LOGISTIC", 17: "MAX_POOL_2D", 18: "MUL", 19: "RELU",
    20: "RELU_N1_TO_1", 21: "RELU6", 22: "RESHAPE", 25: "SOFTMAX", 28: "TANH", 34: "PAD",
    39: "TRANSPOSE", 40: "MEAN", 41: "SUB", 43: "SQUEEZE", 45: "STRIDED_SLICE", 47: "EXP",
    49: "SPLIT", 55: "MAXIMUM", 56: "ARG_MAX", 57: "MINIMUM", 60: "PADV2", 65: "SLICE",
    67: "TRANSPOSE_CONV", 70: "EXPAND_DIMS", 74: "SUM", 75: "SQRT", 77: "SHAPE", 83: "PACK",
    88: "UNPACK", 92: "SQUARE", 97: "RESIZE_NEAREST_NEIGHBOR", 98: "LEAKY_RELU", 101: "ABS",
    102: "SPLIT_V", 111: "ELU", 114: "QUANTIZE", 117: "HARD_SWISH", 126: "BATCH_MATMUL",
    150: "GELU", 152: "RELU_0_TO_1"}


class Table:
    """A table of the flatbuffer at a byte position."""

    def __init__(self, data, position):
        self.data, self.position = data, position
        self.vtable = position - struct.unpack_from("<i", data, position)[0]
        self.size = struct.unpack_from("<H", data, self.vtable)[0]

    def offset(self, number):
        """Byte position of a field, or None."""
        entry = 4 + 2 * number
        if entry >= self.size:
            return None
        distance = struct.unpack_from("<H", self.data, self.vtable + entry)[0]
        return self.position + distance if distance else None

    def scalar(self, number, kind, default=0):
        """A number of struct's format `kind`."""
        at = self.offset(number)
        return default if at is None else struct.unpack_from("<" + kind, self.data, at)[0]

    def _target(self, number):
        at = self.offset(number)
        return None if at is None else at + struct.unpack_from("<I", self.data, at)[0]

    def table(self, number):
        """A table, or None."""
        at = self._target(number)
        return None if at is None else Table(self.data, at)

    def vector(self, number, dtype):
        """A vector of numbers (empty when absent)."""
        at = self._target(number)
        if at is None:
            return np.zeros(0, dtype)
        count = struct.unpack_from("<I", self.data, at)[0]
        return np.frombuffer(self.data, np.dtype(dtype).newbyteorder("<"), count, at + 4)

    def tables(self, number):
        """A vector of tables."""
        at = self._target(number)
        if at is None:
            return []
        count = struct.unpack_from("<I", self.data, at)[0]
        places = [at + 4 + 4 * i for i in range(count)]
        return [Table(self.data, p + struct.unpack_from("<I", self.data, p)[0]) for p in places]

    def text(self, number):
        """A string."""
        return bytes(self.vector(number, np.uint8)).decode()


@dataclass
class Tensor:
    """dtype as numpy spells it, plus int4; data is None for what is computed."""

    name: str
    dtype: str
    shape: list
    scale: np.ndarray
    zero_point: np.ndarray
    axis: int
    data: np.ndarray


@dataclass
class Operator:
    """options: the table of the operator's options, or None."""

    code: int
    name: str
    inputs: list
    outputs: list
    options: Table


@dataclass
class Model:
    """The first subgraph."""

    tensors: list
    operators: list
    inputs: list
    outputs: list


def _constant(payload, dtype, shape):
    if not len(payload):
        return None
    if dtype == "int4":  # two in a byte, the low half first
        halves = np.stack([payload & 15, payload >> 4], axis=1).reshape(-1)[:int(np.prod(shape))]
        return np.where(halves > 7, halves.astype(np.int8) - 16, halves).astype(np.int8).reshape(shape)
    return np.frombuffer(payload.tobytes(), np.dtype(dtype).newbyteorder("<")).reshape(shape)


def _tensor(table, buffers, taken, index):
    quantization = table.table(4)
    name = table.text(3)
    if not name or name in taken:
        name += f"#{index}" if name else f"tensor{index}"
    taken.add(name)
    dtype, shape = DTYPES[table.scalar(1, "b")], [int(d) for d in table.vector(0, np.int32)]
    scale = quantization.vector(2, np.float32) if quantization else np.zeros(0, np.float32)
    zero = quantization.vector(3, np.int64) if quantization else np.zeros(0, np.int64)
    payload = buffers[table.scalar(2, "I")].vector(0, np.uint8)
    return Tensor(name, dtype, shape, scale, zero,
                  quantization.scalar(6, "i") if quantization else 0,
                  _constant(payload, dtype, shape))


def _operator(table, codes):
    code = codes[table.scalar(0, "I")]
    number = max(code.scalar(0, "b"), code.scalar(3, "i"))
    return Operator(number, NAMES.get(number, str(number)), table.vector(1, np.int32).tolist(),
                    table.vector(2, np.int32).tolist(), table.table(4))


def read_file(path):
    """The Model of a file."""
    with open(path, "rb") as file:
        data = file.read()
    root = Table(data, struct.unpack_from("<I", data, 0)[0])
    graph, buffers, taken = root.tables(2)[0], root.tables(4), set()
    tensors = [_tensor(table, buffers, taken, i) for i, table in enumerate(graph.tables(0))]
    codes = root.tables(1)
    return Model(tensors, [_operator(table, codes) for table in graph.tables(3)],
                 graph.vector(1, np.int32).tolist(), graph.vector(2, np.int32).tolist())


def is_tflite(path):
    """True for a file with the identifier in its place."""
    with open(path, "rb") as file:
        return file.read(8)[4:] == b"TFL3"
