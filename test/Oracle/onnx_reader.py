# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Read ONNX files without the onnx package: a protobuf wire-format decoder.

Only what a quantized network needs is decoded: nodes with their attributes,
initializers, graph inputs and outputs, opset imports.  Field numbers are those
of onnx.proto (IR version 3 and later).

    model = read_model("net.onnx")
    model.graph.nodes[0].op_type, model.graph.initializers["w"].array

Errors: `OnnxError` names the tensor or the field that cannot be read.
"""

import os
import struct
from dataclasses import dataclass, field

import numpy as np

# TensorProto.DataType codes and the spelling used everywhere in the oracle.
DTYPE_NAMES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32",
    7: "int64", 8: "string", 9: "bool", 10: "float16", 11: "float64",
    12: "uint32", 13: "uint64", 16: "bfloat16", 21: "uint4", 22: "int4",
    25: "uint2", 26: "int2",
}
DTYPE_CODES = {name: code for code, name in DTYPE_NAMES.items()}

# Sub-byte types: bits per element.  Each element travels as one (u)int8.
PACKED_BITS = {"int4": 4, "uint4": 4, "int2": 2, "uint2": 2}

# Wire types of the protobuf encoding.
VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5


class OnnxError(ValueError):
    """The file is not a readable ONNX model; the text says where and why."""


@dataclass
class Tensor:
    """A constant: `dtype` is the file's type, `array` its values.

    int4, uint4 and the 2-bit types are unpacked to one int8/uint8 per element;
    `dtype` keeps the file's spelling.
    """

    name: str
    dtype: str
    array: np.ndarray


@dataclass
class Value:
    """A graph input or output: `dims` holds ints, names of symbols, or None."""

    name: str
    dtype: str
    dims: list


@dataclass
class Node:
    """One operator; `attributes` maps a name to int, float, str, list, Tensor or Graph."""

    op_type: str
    domain: str
    name: str
    inputs: list
    outputs: list
    attributes: dict

    def attribute(self, name, default=None):
        """Value of an attribute, or `default` when the node does not carry it."""
        return self.attributes.get(name, default)


@dataclass
class Graph:
    """Nodes in file order; initializers by name."""

    name: str = ""
    nodes: list = field(default_factory=list)
    initializers: dict = field(default_factory=dict)
    inputs: list = field(default_factory=list)
    outputs: list = field(default_factory=list)


@dataclass
class Model:
    """A whole file: the graph and the operator set version of each domain."""

    graph: Graph
    opsets: dict
    ir_version: int
    producer: str


# --- wire format -----------------------------------------------------------


def _varint(buffer, position):
    """Unsigned LEB128 integer at `position`; returns (value, next position)."""
    value, shift = 0, 0
    while True:
        if position >= len(buffer):
            raise OnnxError("truncated file: an integer runs past the end")
        byte = buffer[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise OnnxError("malformed file: an integer has more than 64 bits")


def _signed(value):
    """Two's complement reading of a 64-bit varint."""
    return value - (1 << 64) if value >> 63 else value


def _fields(buffer):
    """Yield (field number, wire type, payload) of every field of a message."""
    position, end = 0, len(buffer)
    while position < end:
        key, position = _varint(buffer, position)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            payload, position = _varint(buffer, position)
        elif wire in (FIXED32, FIXED64):
            size = 4 if wire == FIXED32 else 8
            payload, position = buffer[position:position + size], position + size
        elif wire == LENGTH_DELIMITED:
            size, position = _varint(buffer, position)
            payload, position = buffer[position:position + size], position + size
        else:
            raise OnnxError(f"malformed file: wire type {wire} in field {number}")
        if position > end:
            raise OnnxError(f"truncated file: field {number} runs past the end")
        yield number, wire, payload


def _text(payload):
    return bytes(payload).decode("utf-8")


def _integers(wire, payload):
    """The int64 values of one occurrence of a repeated field, packed or not."""
    if wire == VARINT:
        return [_signed(payload)]
    values, position = [], 0
    while position < len(payload):
        value, position = _varint(payload, position)
        values.append(_signed(value))
    return values


def _floats(payload, code):
    """Packed or single little-endian floats; `code` is 'f' or 'd'."""
    count = len(payload) // struct.calcsize(code)
    return list(struct.unpack(f"<{count}{code}", payload))


# --- tensors ---------------------------------------------------------------


def unpack_bits(packed, bits, signed, count):
    """Split bytes into `count` elements of `bits` bits, low bits first."""
    raw = np.frombuffer(bytes(packed), dtype=np.uint8)
    per_byte = 8 // bits
    shifts = np.arange(per_byte, dtype=np.uint8) * bits
    mask = (1 << bits) - 1
    values = ((raw[:, None] >> shifts) & mask).reshape(-1)[:count]
    if not signed:
        return values.astype(np.uint8)
    half = 1 << (bits - 1)
    return ((values.astype(np.int16) ^ half) - half).astype(np.int8)


def _tensor_from_bytes(raw, dtype, count, name):
    """Elements of raw_data (little endian, packed for sub-byte types)."""
    if dtype in PACKED_BITS:
        values = unpack_bits(raw, PACKED_BITS[dtype], dtype.startswith("int"), count)
    elif dtype == "bfloat16":
        bits = np.frombuffer(raw, dtype="<u2").astype(np.uint32) << 16
        values = bits.view(np.float32)
    else:
        values = np.frombuffer(raw, dtype=np.dtype(dtype).newbyteorder("<"))
        values = values.astype(np.dtype(dtype))
    if values.size != count:
        raise OnnxError(f"tensor '{name}': expects {count} {dtype} elements, got {values.size}")
    return values


def _tensor_from_typed(typed, dtype, count, name):
    """Elements of float_data, int32_data, ... ; int32_data holds bits of small types."""
    if dtype in PACKED_BITS:
        packed = bytes(value & 0xFF for value in typed)
        return _tensor_from_bytes(packed, dtype, count, name)
    if dtype in ("float16", "bfloat16"):
        bits = np.array(typed, dtype=np.uint16).astype("<u2")
        return _tensor_from_bytes(bits.tobytes(), dtype, count, name)
    values = np.array(typed, dtype=np.dtype(dtype))
    if values.size != count:
        raise OnnxError(f"tensor '{name}': expects {count} {dtype} elements, got {values.size}")
    return values


def _external_bytes(entries, folder, name):
    """Bytes of a tensor stored in another file beside the model."""
    path = os.path.join(folder, entries.get("location", ""))
    offset, length = int(entries.get("offset", 0)), entries.get("length")
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            return file.read(int(length) if length is not None else -1)
    except OSError as error:
        raise OnnxError(f"tensor '{name}': cannot read external data: {error}") from error


def read_tensor(payload, folder="."):
    """Decode a TensorProto message into a `Tensor`."""
    dims, code, name = [], 0, ""
    typed, raw, external = [], None, {}
    for number, wire, value in _fields(payload):
        if number == 1:
            dims += _integers(wire, value)
        elif number == 2:
            code = value
        elif number in (4, 10):
            typed += _floats(value, "f" if number == 4 else "d")
        elif number in (5, 7):
            typed += _integers(wire, value)
        elif number == 11:
            typed += [item & (2**64 - 1) for item in _integers(wire, value)]
        elif number == 8:
            name = _text(value)
        elif number == 9:
            raw = value
        elif number == 13:
            entry = {key: _text(text) for key, _, text in _fields(value)}
            external[entry.get(1, "")] = entry.get(2, "")
    dtype = DTYPE_NAMES.get(code)
    if dtype is None or dtype == "string":
        raise OnnxError(f"tensor '{name}': data type {code} is not supported")
    if external:
        raw = _external_bytes(external, folder, name)
    count = int(np.prod(dims, dtype=np.int64)) if dims else 1
    if raw is not None:
        values = _tensor_from_bytes(raw, dtype, count, name)
    else:
        values = _tensor_from_typed(typed, dtype, count, name)
    return Tensor(name, dtype, values.reshape(dims))


# --- nodes and graphs ------------------------------------------------------


class _Decoder:
    """Decodes messages of one file; `folder` is where external data lives."""

    def __init__(self, folder):
        self.folder = folder

    def attribute(self, payload):
        """(name, value); the kind is the declared type, else the field that is set."""
        name, kind, scalar = "", None, None
        lists = {6: [], 7: [], 8: [], 9: []}  # AttributeType FLOATS, INTS, STRINGS, TENSORS
        for number, wire, value in _fields(payload):
            if number == 1:
                name = _text(value)
            elif number == 2:
                scalar = struct.unpack("<f", value)[0]
            elif number == 3:
                scalar = _signed(value)
            elif number == 4:
                scalar = _text(value)
            elif number == 5:
                scalar = read_tensor(value, self.folder)
            elif number == 6:
                scalar = self.graph(value)
            elif number == 7:
                lists[6] += _floats(value, "f")
            elif number == 8:
                lists[7] += _integers(wire, value)
            elif number == 9:
                lists[8].append(_text(value))
            elif number == 10:
                lists[9].append(read_tensor(value, self.folder))
            elif number == 20:
                kind = value
        if kind in lists:
            return name, lists[kind]
        if kind is None and scalar is None:
            return name, next((items for items in lists.values() if items), [])
        # proto3 leaves zero values out of the file: AttributeType FLOAT, INT, STRING.
        return name, {1: 0.0, 2: 0, 3: ""}.get(kind) if scalar is None else scalar

    def node(self, payload):
        """One NodeProto."""
        node = Node("", "", "", [], [], {})
        for number, _, value in _fields(payload):
            if number == 1:
                node.inputs.append(_text(value))
            elif number == 2:
                node.outputs.append(_text(value))
            elif number == 3:
                node.name = _text(value)
            elif number == 4:
                node.op_type = _text(value)
            elif number == 5:
                key, content = self.attribute(value)
                node.attributes[key] = content
            elif number == 7:
                node.domain = _text(value)
        return node

    @staticmethod
    def value(payload):
        """One ValueInfoProto; a tensor without shape has dims None."""
        result = Value("", "", None)
        for number, _, content in _fields(payload):
            if number == 1:
                result.name = _text(content)
            elif number == 2:
                for kind, _, tensor in _fields(content):
                    if kind == 1:
                        _tensor_type(tensor, result)
        return result

    def graph(self, payload):
        """One GraphProto."""
        graph = Graph()
        for number, _, value in _fields(payload):
            if number == 1:
                graph.nodes.append(self.node(value))
            elif number == 2:
                graph.name = _text(value)
            elif number == 5:
                tensor = read_tensor(value, self.folder)
                graph.initializers[tensor.name] = tensor
            elif number == 11:
                graph.inputs.append(self.value(value))
            elif number == 12:
                graph.outputs.append(self.value(value))
        return graph


def _tensor_type(payload, result):
    """Fill `dtype` and `dims` of a Value from a TypeProto.Tensor message."""
    for number, _, value in _fields(payload):
        if number == 1:
            result.dtype = DTYPE_NAMES.get(value, f"type{value}")
        elif number == 2:
            result.dims = [_dimension(dim) for kind, _, dim in _fields(value) if kind == 1]


def _dimension(payload):
    dimension = None
    for number, _, value in _fields(payload):
        if number == 1:
            dimension = _signed(value)
        elif number == 2:
            dimension = _text(value)
    return dimension


def parse_model(data, folder="."):
    """Decode the bytes of a ModelProto."""
    decoder, model = _Decoder(folder), Model(None, {}, 0, "")
    for number, _, value in _fields(memoryview(data)):
        if number == 1:
            model.ir_version = value
        elif number == 2:
            model.producer = _text(value)
        elif number == 7:
            model.graph = decoder.graph(value)
        elif number == 8:
            domain, version = "", 0
            for key, _, content in _fields(value):
                domain, version = (_text(content), version) if key == 1 else (domain, content)
            model.opsets[domain] = version
    if model.graph is None:
        raise OnnxError("the file holds no graph")
    real = [value for value in model.graph.inputs if value.name not in model.graph.initializers]
    model.graph.inputs = real  # older files list every initializer as an input too
    return model


def read_model(path):
    """Read an ONNX file; raises OnnxError naming the file."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        return parse_model(data, os.path.dirname(os.path.abspath(path)))
    except (OnnxError, UnicodeDecodeError, struct.error) as error:
        raise OnnxError(f"{path}: {error}") from error
