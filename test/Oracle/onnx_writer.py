# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Build small ONNX files without the onnx package (protobuf wire format).

    b = Graph(opset=13)
    x = b.input("x", FLOAT, [1, 3, 8, 8])
    q = b.node("QuantizeLinear", [x, b.const(np.float32(0.1)), b.const(np.uint8(3))])
    b.output(b.node("DequantizeLinear", [q, ...]))
    b.save("net.onnx")

Field numbers are those of onnx.proto.  Errors: ValueError for values that have no
ONNX spelling.
"""

import struct

import numpy as np

from onnx_reader import DTYPE_CODES, PACKED_BITS

FLOAT, UINT8, INT8, UINT16, INT16, INT32, INT64 = (
    "float32", "uint8", "int8", "uint16", "int16", "int32", "int64")
FLOAT16, DOUBLE, INT4, UINT4 = "float16", "float64", "int4", "uint4"

IR_VERSION_OF_OPSET = {6: 3, 7: 3, 8: 3, 9: 4, 10: 5, 11: 6, 12: 7, 13: 7, 14: 7, 15: 8,
                       16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11, 24: 11, 25: 12}


# --- wire format -----------------------------------------------------------


def _varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _integer(number, value):
    return _varint(number << 3) + _varint(int(value))


def _bytes(number, payload):
    payload = payload.encode() if isinstance(payload, str) else payload
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _packed_integers(number, values):
    return _bytes(number, b"".join(_varint(int(value)) for value in values))


def _float(number, value):
    return _varint(number << 3 | 5) + struct.pack("<f", value)


# --- tensors and attributes ------------------------------------------------


def pack_bits(array, bits):
    """Bytes of sub-byte elements, low bits first; the last byte is zero filled."""
    per_byte = 8 // bits
    flat = array.reshape(-1).astype(np.int64) & ((1 << bits) - 1)
    flat = np.pad(flat, (0, -flat.size % per_byte)).reshape(-1, per_byte)
    return (flat << (np.arange(per_byte) * bits)).sum(axis=1).astype(np.uint8).tobytes()


def _raw_bytes(array, dtype):
    if dtype in PACKED_BITS:
        return pack_bits(array, PACKED_BITS[dtype])
    return np.ascontiguousarray(array, np.dtype(dtype).newbyteorder("<")).tobytes()


def _typed_field(array, dtype):
    """float_data, int32_data, int64_data, double_data or uint64_data."""
    flat = array.reshape(-1)
    if dtype in ("float32", "float64"):
        return _bytes(4 if dtype == "float32" else 10, _raw_bytes(array, dtype))
    if dtype == "int64":
        return _packed_integers(7, flat)
    if dtype in ("uint32", "uint64"):
        return _packed_integers(11, flat)
    if dtype in PACKED_BITS:
        return _packed_integers(5, _raw_bytes(array, dtype))
    if dtype == "float16":
        flat = flat.astype(np.float16).view(np.uint16)
    return _packed_integers(5, flat)


def tensor_message(array, dtype=None, name="", typed=False):
    """A TensorProto; `typed` uses the typed fields instead of raw_data."""
    array = np.asarray(array)
    dtype = dtype or str(array.dtype)
    if dtype not in DTYPE_CODES:
        raise ValueError(f"no ONNX type for {dtype}")
    message = _packed_integers(1, array.shape) if array.ndim else b""
    message += _integer(2, DTYPE_CODES[dtype])
    message += _typed_field(array, dtype) if typed else b""
    message += _bytes(8, name) if name else b""
    return message if typed else message + _bytes(9, _raw_bytes(array, dtype))


def _attribute(name, value):
    """An AttributeProto from a Python value; numpy arrays become tensors."""
    head = _bytes(1, name)
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, np.ndarray):
        return head + _bytes(5, tensor_message(value)) + _integer(20, 4)
    if isinstance(value, (int, np.integer)):
        return head + _integer(3, value) + _integer(20, 2)
    if isinstance(value, (float, np.floating)):
        return head + _float(2, value) + _integer(20, 1)
    if isinstance(value, str):
        return head + _bytes(4, value) + _integer(20, 3)
    if isinstance(value, (list, tuple)) and any(isinstance(item, float) for item in value):
        return head + b"".join(_float(7, item) for item in value) + _integer(20, 6)
    if isinstance(value, (list, tuple)) and any(isinstance(item, str) for item in value):
        return head + b"".join(_bytes(9, item) for item in value) + _integer(20, 8)
    if isinstance(value, (list, tuple)):
        return head + b"".join(_integer(8, item) for item in value) + _integer(20, 7)
    raise ValueError(f"attribute '{name}': no ONNX kind for {type(value).__name__}")


def _value_info(name, dtype, dims):
    """ValueInfoProto; strings in `dims` are symbols, None an unknown size."""
    entries = b""
    for dim in dims:
        entry = b"" if dim is None else \
            _bytes(2, dim) if isinstance(dim, str) else _integer(1, dim)
        entries += _bytes(1, entry)
    tensor = _integer(1, DTYPE_CODES[dtype]) + _bytes(2, entries)
    return _bytes(1, name) + _bytes(2, _bytes(1, tensor))


# --- graphs ----------------------------------------------------------------


class Graph:
    """A graph under construction; every method returns tensor names.

    opset: version of the default domain; typed: constants use typed fields;
    microsoft: import com.microsoft too; producer: producer_name of the file;
    prefix: what names made here start with.
    """

    def __init__(self, opset=13, typed=False, microsoft=False, name="graph",
                 producer="qbias-test", prefix=""):
        self.opset, self.typed, self.name, self.producer = opset, typed, name, producer
        self.microsoft, self.prefix = microsoft, prefix
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []
        self.counts = {}

    def fresh(self, stem):
        """A tensor or node name not used before."""
        number = self.counts.get(stem, 0)
        self.counts[stem] = number + 1
        return f"{self.prefix}{stem}_{number}"

    def input(self, name, dtype, dims):
        """Declare a graph input; strings in `dims` are symbolic dimensions."""
        self.inputs.append(_value_info(name, dtype, dims))
        return name

    def output(self, name, dtype=FLOAT, dims=()):
        """Declare a graph output."""
        self.outputs.append(_value_info(name, dtype, dims))
        return name

    def const(self, array, name=None, dtype=None, typed=None, as_node=False):
        """An initializer, or with `as_node` a Constant node."""
        name = name or self.fresh("const")
        typed = self.typed if typed is None else typed
        if as_node:
            value = _bytes(1, "value") + _bytes(5, tensor_message(array, dtype, "", typed))
            body = _bytes(2, name) + _bytes(3, name) + _bytes(4, "Constant")
            self.nodes.append(body + _bytes(5, value + _integer(20, 4)))
        else:
            self.initializers.append(tensor_message(array, dtype, name, typed))
        return name

    def node(self, op_type, inputs, outputs=None, name=None, domain="", **attributes):
        """Append a node; None among the inputs is an absent optional input.

        outputs: names, or their number, default one new name.  Returns the name, or
        the list of names when there are several.
        """
        name = name or self.fresh(op_type)
        if outputs is None or isinstance(outputs, int):
            outputs = [f"{name}_out{i}" if i else f"{name}_out" for i in range(outputs or 1)]
        message = b"".join(_bytes(1, item or "") for item in inputs)
        message += b"".join(_bytes(2, item) for item in outputs)
        message += _bytes(3, name) + _bytes(4, op_type)
        for key, value in attributes.items():
            if value is not None:
                message += _bytes(5, _attribute(key, value))
        message += _bytes(7, domain) if domain else b""
        self.nodes.append(message)
        return outputs[0] if len(outputs) == 1 else outputs

    def serialize(self):
        """The bytes of the ModelProto."""
        graph = b"".join(_bytes(1, node) for node in self.nodes) + _bytes(2, self.name)
        graph += b"".join(_bytes(5, tensor) for tensor in self.initializers)
        graph += b"".join(_bytes(11, value) for value in self.inputs)
        graph += b"".join(_bytes(12, value) for value in self.outputs)
        model = _integer(1, IR_VERSION_OF_OPSET.get(self.opset, 12)) + _bytes(2, self.producer)
        model += _bytes(7, graph) + _bytes(8, _bytes(1, "") + _integer(2, self.opset))
        if self.microsoft:
            model += _bytes(8, _bytes(1, "com.microsoft") + _integer(2, 1))
        return model

    def save(self, path):
        """Write the file."""
        with open(path, "wb") as file:
            file.write(self.serialize())
