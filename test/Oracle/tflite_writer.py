# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Build small TensorFlow Lite files without the flatbuffers library.

    net = Graph()
    x = net.tensor("x", "int8", [1, 8, 8, 3], 0.1, -3)
    y = net.tensor("y", "int8", [1, 8, 8, 3], 0.2, 5)
    net.operator("RELU", [x], [y])
    net.save("net.tflite", inputs=[x], outputs=[y])

A table is written as its vtable, its fields, and then what the fields point to: distances
of a flatbuffer are counted forwards, so that everything stands behind what names it.
"""

import struct

import numpy as np

from tflite_file import DTYPES, NAMES

TYPE_CODES = {name: code for code, name in DTYPES.items()}
OPERATOR_CODES = {name: code for code, name in NAMES.items()}
OPTIONS = {  # operator: (number in the union of options, {option: (field, format)})
    "CONV_2D": (1, {"padding": (0, "b"), "stride_w": (1, "i"), "stride_h": (2, "i"),
                    "activation": (3, "b"), "dilation_w": (4, "i"), "dilation_h": (5, "i")}),
    "DEPTHWISE_CONV_2D": (2, {"padding": (0, "b"), "stride_w": (1, "i"), "stride_h": (2, "i"),
                              "depth_multiplier": (3, "i"), "activation": (4, "b"),
                              "dilation_w": (5, "i"), "dilation_h": (6, "i")}),
    "AVERAGE_POOL_2D": (5, {"padding": (0, "b"), "stride_w": (1, "i"), "stride_h": (2, "i"),
                            "filter_w": (3, "i"), "filter_h": (4, "i"), "activation": (5, "b")}),
    "FULLY_CONNECTED": (8, {"activation": (0, "b"), "weights_format": (1, "b"),
                            "keep_num_dims": (2, "b")}),
    "SOFTMAX": (9, {"beta": (0, "f")}),
    "CONCATENATION": (10, {"axis": (0, "i"), "activation": (1, "b")}),
    "ADD": (11, {"activation": (0, "b")}),
    "MUL": (21, {"activation": (0, "b")}),
    "MEAN": (27, {"keep_dims": (0, "b")}),
    "SUB": (28, {"activation": (0, "b")}),
    "SQUEEZE": (30, {"squeeze_dims": (0, "v")}),
    "STRIDED_SLICE": (32, {"begin_mask": (0, "i"), "end_mask": (1, "i"),
                           "ellipsis_mask": (2, "i"), "new_axis_mask": (3, "i"),
                           "shrink_axis_mask": (4, "i"), "offset": (5, "b")}),
    "SPLIT": (35, {"num_splits": (0, "i")}),
    "ARG_MAX": (40, {"output_type": (0, "b")}),
    "TRANSPOSE_CONV": (49, {"padding": (0, "b"), "stride_w": (1, "i"), "stride_h": (2, "i"),
                            "activation": (3, "b")}),
    "PACK": (59, {"values_count": (0, "i"), "axis": (1, "i")}),
    "UNPACK": (64, {"num": (0, "i"), "axis": (1, "i")}),
    "RESIZE_NEAREST_NEIGHBOR": (74, {"align_corners": (0, "b"), "half_pixel_centers": (1, "b")}),
    "LEAKY_RELU": (75, {"alpha": (0, "f")}),
    "SPLIT_V": (79, {"num_splits": (0, "i")}),
    "BATCH_MATMUL": (101, {"adj_x": (0, "b"), "adj_y": (1, "b")}),
    "GELU": (116, {"approximate": (0, "b")}),
}
OPTIONS["MAX_POOL_2D"], OPTIONS["SUM"] = OPTIONS["AVERAGE_POOL_2D"], OPTIONS["MEAN"]


# --- flatbuffers -----------------------------------------------------------


class Table:
    """fields: {number: (struct format, value)}, or {number: Table, Vector, str or list}."""

    def __init__(self, fields):
        self.fields = {number: field for number, field in fields.items() if field is not None}


class Vector:
    """Numbers of a numpy array; 16-byte alignment serves every type."""

    def __init__(self, array):
        self.array = np.ascontiguousarray(array)


def _align(data, size, behind=0):
    """Pad so that the byte `behind` from the end is a multiple of `size`."""
    data.extend(bytes(-(len(data) + behind) % size))


def _emit(data, item):
    """Append an item and all it names; returns its position."""
    if isinstance(item, Table):
        return _emit_table(data, item)
    if isinstance(item, list):
        _align(data, 4)
        start = len(data)
        data.extend(struct.pack("<I", len(item)) + bytes(4 * len(item)))
        for number, entry in enumerate(item):
            _point(data, start + 4 + 4 * number, entry)
        return start
    payload = item.encode() if isinstance(item, str) else item.array.tobytes()
    count = len(payload) if isinstance(item, str) else item.array.size
    _align(data, 16, behind=4)
    start = len(data)
    data.extend(struct.pack("<I", count) + payload + b"\0")
    return start


def _point(data, place, item):
    target = _emit(data, item)
    struct.pack_into("<I", data, place, target - place)


def _emit_table(data, table):
    sizes = {number: struct.calcsize(field[0]) if isinstance(field, tuple) else 4
             for number, field in table.fields.items()}
    count = max(sizes, default=-1) + 1
    offsets, end = [0] * count, 4
    for number in sorted(sizes, key=lambda n: -sizes[n]):
        end += -end % sizes[number]
        offsets[number] = end
        end += sizes[number]
    _align(data, 8, behind=4 + 2 * count)
    start = len(data) + 4 + 2 * count
    data.extend(struct.pack(f"<HH{count}H", 4 + 2 * count, end, *offsets))
    data.extend(struct.pack("<i", 4 + 2 * count) + bytes(end - 4))
    for number, field in table.fields.items():
        if isinstance(field, tuple):
            struct.pack_into("<" + field[0], data, start + offsets[number], field[1])
    for number, field in table.fields.items():
        if not isinstance(field, tuple):
            _point(data, start + offsets[number], field)
    return start


# --- networks --------------------------------------------------------------


def pack_int4(array):
    """Two in a byte, the low half first."""
    flat = np.pad(array.reshape(-1).astype(np.int64) & 15, (0, array.size % 2)).reshape(-1, 2)
    return (flat[:, 0] | flat[:, 1] << 4).astype(np.uint8)


class Graph:
    """A network under construction; methods return tensor indices."""

    def __init__(self):
        self.tensors, self.operators, self.codes = [], [], []
        self.buffers = [Table({})]

    def tensor(self, name, dtype, shape, scale=None, zero=0, data=None, axis=None,
               variable=False):
        """A tensor; with `data` a constant.  A list of scales belongs to `axis`."""
        buffer = 0
        if data is not None:
            payload = pack_int4(data) if dtype == "int4" else np.asarray(data, dtype)
            buffer = len(self.buffers)
            self.buffers.append(Table({0: Vector(payload.reshape(-1).view(np.uint8))}))
        quantization = None
        if scale is not None:
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            zeros = np.broadcast_to(np.asarray(zero, np.int64), scales.shape)
            quantization = Table({2: Vector(scales), 3: Vector(zeros),
                                  6: ("i", axis) if axis else None})
        self.tensors.append(Table({
            0: Vector(np.asarray(shape, np.int32)), 1: ("b", TYPE_CODES[dtype]),
            2: ("I", buffer), 3: name, 4: quantization, 5: ("b", 1) if variable else None}))
        return len(self.tensors) - 1

    def operator(self, name, inputs, outputs, **options):
        """An operator; `name` of a code without name is its number."""
        if name not in self.codes:
            self.codes.append(name)
        number, known = OPTIONS.get(name, (0, {}))
        fields = {known[key][0]: Vector(np.asarray(value, np.int32)) if known[key][1] == "v"
                  else (known[key][1], value) for key, value in options.items()}
        self.operators.append(Table({
            0: ("I", self.codes.index(name)), 1: Vector(np.asarray(inputs, np.int32)),
            2: Vector(np.asarray(outputs, np.int32)),
            3: ("B", number) if number else None, 4: Table(fields) if number else None}))
        return outputs[0]

    def serialize(self, inputs, outputs):
        """The bytes of the file."""
        codes = []
        for name in self.codes:
            code = OPERATOR_CODES.get(name, name)
            custom = isinstance(code, str)
            code = 32 if custom else code
            codes.append(Table({0: ("b", min(code, 127)), 1: code_text(name, custom),
                                3: ("i", code)}))
        graph = Table({0: self.tensors, 1: Vector(np.asarray(inputs, np.int32)),
                       2: Vector(np.asarray(outputs, np.int32)), 3: self.operators})
        data = bytearray(4) + b"TFL3"
        _point(data, 0, Table({0: ("I", 3), 1: codes, 2: [graph], 4: self.buffers}))
        return bytes(data)

    def save(self, path, inputs, outputs):
        """Write the file."""
        with open(path, "wb") as file:
            file.write(self.serialize(inputs, outputs))


def code_text(name, custom):
    """The name of a custom operator."""
    return str(name) if custom else None
