# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The model side of check_certificate.py: a small reader of ONNX files and graph queries.

Standard library only; shares no code with the compiler or with the test oracle.
"""

import math
import struct
from fractions import Fraction
from types import SimpleNamespace

import certificate_pytorch
from certificate_exact import quantize, require

FORMATS = {1: "f", 2: "B", 3: "b", 4: "H", 5: "h", 6: "i", 7: "q", 9: "?", 10: "e", 11: "d",
           12: "I", 13: "Q"}
PACKED = {21: (4, False), 22: (4, True), 25: (2, False), 26: (2, True)}
TYPE_RANGES = {2: (0, 255), 3: (-128, 127), 4: (0, 65535), 5: (-32768, 32767),
               6: (-2**31, 2**31 - 1), 21: (0, 15), 22: (-8, 7), 25: (0, 3), 26: (-2, 1)}
EXACT_CASTS = {1, 11}  # of real tensors: to float32 and float64
LAYOUT = {"Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Identity", "Dropout",
          "Slice", "Split", "MaxPool", "GlobalMaxPool", "Expand", "Pad"}
UNARY = {"Relu", "Clip", "LeakyRelu", "HardSigmoid", "HardSwish", "Sigmoid", "Tanh", "Abs", "Neg",
         "Elu", "Exp", "Sqrt", "PRelu"}
WEIGHTED = {"Conv", "Gemm", "MatMul"}
POOLS = {"AveragePool", "GlobalAveragePool", "ReduceMean"}
# QOperator node -> (operator, first inputs of its quantized operands, index of s_y).
QOPERATORS = {"QLinearConv": ("Conv", (0, 3), 6), "QLinearMatMul": ("MatMul", (0, 3), 6),
              "QGemm": ("Gemm", (0, 3), 7), "QLinearAdd": ("Add", (0, 3), 6),
              "QLinearMul": ("Mul", (0, 3), 6), "QLinearSigmoid": ("Sigmoid", (0,), 3),
              "QLinearLeakyRelu": ("LeakyRelu", (0,), 3),
              "QLinearGlobalAveragePool": ("GlobalAveragePool", (0,), 3)}


# --- a small reader of ONNX files (protobuf wire format) --------------------


def message(data):
    """{field number: [payloads]}: ints for varints, bytes otherwise."""
    fields, at = {}, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(data):
        key = varint()
        if key & 7 == 0:
            value = varint()
        else:
            size = {1: 8, 5: 4}.get(key & 7) or varint()
            value, at = bytes(data[at:at + size]), at + size
        fields.setdefault(key >> 3, []).append(value)
    return fields


def text(fields, number):
    return fields.get(number, [b""])[0].decode()


def integers(fields, number):
    """A repeated int64 field, packed or not."""
    values = []
    for item in fields.get(number, []):
        if isinstance(item, bytes):  # packed varints: read them as fields of a message
            value = shift = 0
            for byte in item:
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    values.append(value)
                    value = shift = 0
        else:
            values.append(item)
    return [value - 2**64 if value >= 2**63 else value for value in values]


def unpack(raw, kind):
    """Elements of raw tensor data of ONNX data type `kind`."""
    if kind in PACKED:
        bits, signed = PACKED[kind]
        values = [byte >> shift & (1 << bits) - 1 for byte in raw for shift in range(0, 8, bits)]
        return [v - (1 << bits) if signed and v >> (bits - 1) else v for v in values]
    code = FORMATS[kind]
    return list(struct.unpack(f"<{len(raw) // struct.calcsize(code)}{code}", raw))


def tensor(data):
    """A constant: dims, kind (ONNX data type), values (ints or floats, row-major)."""
    fields = message(data)
    dims, kind = integers(fields, 1), fields.get(2, [0])[0]
    require(kind in FORMATS or kind in PACKED, f"tensor {text(fields, 8)}: data type {kind}")
    require(13 not in fields, f"tensor {text(fields, 8)}: external data is not supported")
    if 9 in fields:
        values = unpack(fields[9][0], kind)
    elif kind in (1, 11):
        values = unpack(b"".join(fields.get(4 if kind == 1 else 10, [])), kind)
    else:
        values = integers(fields, {7: 7, 12: 11, 13: 11}.get(kind, 5))
        if kind in PACKED:
            values = unpack(bytes(v & 255 for v in values), kind)
        elif kind == 10:
            values = unpack(struct.pack(f"<{len(values)}H", *values), 10)
    return SimpleNamespace(dims=dims, kind=kind, values=values[:math.prod(dims)],
                           name=text(fields, 8))


def attribute(data):
    """(name, value) of an AttributeProto."""
    fields = message(data)
    kind = fields.get(20, [0])[0]
    if kind == 7 or (not kind and 8 in fields):
        value = integers(fields, 8)
    elif kind == 6:
        value = unpack(b"".join(fields.get(7, [])), 1)
    elif 5 in fields:
        value = tensor(fields[5][0])
    elif kind == 1:
        value = struct.unpack("<f", fields.get(2, [bytes(4)])[0])[0]
    else:
        value = text(fields, 4) if kind == 3 else (integers(fields, 3) or [0])[0]
    return text(fields, 1), value


def value_shape(data):
    """(name, dims) of a ValueInfoProto; symbolic dimensions count as 1, no shape is None."""
    fields = message(data)
    kind = message(message(fields[2][0]).get(1, [b""])[0]) if 2 in fields else {}
    if 2 not in kind:
        return text(fields, 1), None
    dims = [message(dim) for dim in message(kind[2][0]).get(1, [])]
    return text(fields, 1), [(integers(dim, 1) or [1])[0] or 1 for dim in dims]


def read_nodes(items):
    """Nodes with their operator, tensor names and attributes."""
    for item in items:
        fields = message(item)
        attributes = dict(attribute(entry) for entry in fields.get(5, []))
        yield SimpleNamespace(op=text(fields, 4), name=text(fields, 3), attributes=attributes,
                              inputs=[name.decode() for name in fields.get(1, [])],
                              outputs=[name.decode() for name in fields.get(2, [])])


def expand(node, constants):
    """A QOperator node as the dequantize, operate, quantize it means (N3)."""
    op, operands, end = QOPERATORS[node.op]
    out, inputs, nodes = node.outputs[0], [], []

    def append(kind, sources, name, attributes):
        nodes.append(SimpleNamespace(op=kind, name=node.name, inputs=sources, outputs=[name],
                                     attributes=attributes))
        return name
    by_rows = op == "Conv" or node.attributes.get("transB")
    for number, first in enumerate(operands):
        axis = 1 if number == 0 or not by_rows else 0
        inputs.append(append("DequantizeLinear", node.inputs[first:first + 3],
                             f"{out}.operand{number}", {"axis": axis}))
    position = {"Conv": 8, "Gemm": 6}.get(op)
    if position and len(node.inputs) > position and node.inputs[position]:
        # The integer bias counts in units of s_x * s_w[c] (times alpha).
        bias = constants[node.inputs[position]]
        unit = Fraction(constants[node.inputs[1]].values[0]) \
            * Fraction(node.attributes.get("alpha", 1.0))
        scales = constants[node.inputs[4]].values
        values = [q * unit * Fraction(scales[c % len(scales)]) for c, q in enumerate(bias.values)]
        inputs.append(f"{out}.bias")
        constants[inputs[-1]] = SimpleNamespace(dims=bias.dims, kind=1, values=values,
                                                name=inputs[-1])
    quantized = len(node.inputs) > end and node.inputs[end]
    real = append(op, inputs, f"{out}.real" if quantized else out, node.attributes)
    if quantized:
        append("QuantizeLinear", [real] + node.inputs[end:end + 2], out, {})
    return nodes


# --- the model --------------------------------------------------------------


class Model:
    """Graph queries: producers, constants, scales, shapes."""

    def __init__(self, path):
        with open(path, "rb") as file:
            content = file.read()
        if content.startswith(b"PK"):
            program = certificate_pytorch.Reader(path)
            self.constants, self.nodes = program.constants, program.nodes
            self.shapes, self.outputs = program.shapes, program.outputs
        else:
            self._read_onnx(content)
        self.producer = {name: node for node in self.nodes for name in node.outputs if name}
        for node in self.nodes:
            if node.op == "Cast" and node.attributes.get("to") in EXACT_CASTS:
                node.op = "Identity"
            if node.op == "Constant" and "value" in node.attributes:
                self.constants[node.outputs[0]] = node.attributes["value"]
        self.cache = {}

    def _read_onnx(self, content):
        graph = message(message(content)[7][0])
        self.constants = {item.name: item for item in map(tensor, graph.get(5, []))}
        self.nodes = []
        for node in read_nodes(graph.get(1, [])):
            self.nodes += expand(node, self.constants) if node.op in QOPERATORS else [node]
        self.shapes = {name: item.dims for name, item in self.constants.items()}
        for name, dims in map(value_shape, graph.get(13, []) + graph.get(11, [])):
            if dims is not None:
                self.shapes.setdefault(name, dims)
        self.outputs = [value_shape(item)[0] for item in graph.get(12, [])]

    def constant(self, name):
        """The stored constant behind a name (through Identity), or None."""
        node = self.producer.get(name)
        if name not in self.constants and node is not None:
            if node.op == "Identity":
                return self.constant(node.inputs[0])
            if node.op == "QuantizeLinear" and self.constant(node.inputs[0]) is not None:
                self.constants[name] = self._quantized(node)
        return self.constants.get(name)

    def _quantized(self, node):
        """A float constant behind a quantize, by N2."""
        item, (scales, zeros) = self.constant(node.inputs[0]), self.parameters(node)
        kind = self.constant(node.inputs[2]).kind if len(node.inputs) > 2 else 2
        entries = self._entries(item, node, len(scales))
        values = [quantize(Fraction(value), scales[i], zeros[i], *TYPE_RANGES[kind])
                  for value, i in zip(item.values, entries)]
        return SimpleNamespace(dims=item.dims, kind=kind, values=values, name=node.outputs[0])

    @staticmethod
    def _entries(item, node, count):
        """For every element of a constant, the entry of per-axis parameters."""
        axis = node.attributes.get("axis", 1)
        inner = math.prod(item.dims[axis % len(item.dims) + 1:]) if count > 1 else 1
        return [i // inner % count for i in range(len(item.values))]

    def numbers(self, name):
        """Flat list of exact values of a real or integer constant, or None."""
        if name not in self.cache:
            self.cache[name] = self._numbers(name)
        return self.cache[name]

    def _numbers(self, name):
        item, node = self.constant(name), self.producer.get(name)
        if item is not None:
            return [Fraction(value) for value in item.values]
        if node is None or not node.inputs:
            return None
        if node.op in ("Reshape", "Unsqueeze", "Squeeze", "Identity", "Flatten"):
            return self.numbers(node.inputs[0])
        if node.op != "DequantizeLinear" or self.constant(node.inputs[0]) is None:
            return None
        q, (scales, zeros) = self.constant(node.inputs[0]), self.parameters(node)
        entries = self._entries(q, node, len(scales))
        return [(value - zeros[i]) * scales[i] for value, i in zip(q.values, entries)]

    def parameters(self, node):
        """(scales, zero points) of a Quantize- or DequantizeLinear node, lists."""
        scale = self.constant(node.inputs[1])
        require(scale is not None, f"{node.outputs[0]}: the scale is not a constant")
        require(not node.attributes.get("block_size"), f"{node.outputs[0]}: blocked scales")
        zeros = [0] * len(scale.values)
        if len(node.inputs) > 2 and node.inputs[2]:
            zeros = self.constant(node.inputs[2]).values
        return [Fraction(value) for value in scale.values], zeros

    def quantization(self, node):
        """(s, z, qmin, qmax) of a per-tensor quantize or dequantize."""
        scales, zeros = self.parameters(node)
        require(len(scales) == 1, f"{node.outputs[0]}: per-channel activation scale")
        kind = node.attributes.get("output_dtype", 0) or 2
        if len(node.inputs) > 2 and node.inputs[2]:
            kind = self.constant(node.inputs[2]).kind
        return (scales[0], zeros[0]) + (node.attributes.get("range") or TYPE_RANGES[kind])

    def dims(self, node, position, key, default=None):
        """Integer list from an input (newer opsets) or an attribute."""
        if len(node.inputs) > position and node.inputs[position]:
            item = self.constant(node.inputs[position])
            require(item is not None, f"{node.outputs[0]}: {key} is not a constant")
            return item.values
        return node.attributes.get(key, default)

    # Shapes are needed for the divisors of average pools.

    def shape(self, name):
        """Static shape, symbolic dimensions 1."""
        if name not in self.shapes:
            require(name in self.producer, f"{name}: unknown shape")
            self.shapes[name] = self._shape(self.producer[name], name)
        return self.shapes[name]

    def _shape(self, node, name):
        first = self.shape(node.inputs[0])
        attributes = node.attributes
        if node.op == "Conv":
            return first[:1] + self.weight_shape(node)[:1] + self.window(node)[1]
        if node.op in ("MaxPool", "AveragePool"):
            return first[:2] + self.window(node)[1]
        if node.op in ("GlobalAveragePool", "GlobalMaxPool"):
            return first[:2] + [1] * (len(first) - 2)
        if node.op == "Gemm":
            return [first[1] if attributes.get("transA") else first[0],
                    self.weight_shape(node)[0 if attributes.get("transB") else 1]]
        if node.op == "MatMul":
            return first[:-1] + self.shape(node.inputs[1])[-1:]
        if node.op == "Flatten":
            axis = attributes.get("axis", 1)
            return [math.prod(first[:axis]), math.prod(first[axis:])]
        if node.op == "Reshape":
            wanted = list(self.dims(node, 1, "shape"))
            wanted = [first[i] if size == 0 else size for i, size in enumerate(wanted)]
            rest = math.prod(first) // max(1, math.prod(s for s in wanted if s > 0))
            return [rest if size == -1 else size for size in wanted]
        if node.op == "Transpose":
            return [first[i] for i in attributes.get("perm", range(len(first))[::-1])]
        if node.op == "Concat":
            axis = attributes["axis"]
            joined = list(first)
            joined[axis] = sum(self.shape(item)[axis] for item in node.inputs)
            return joined
        if node.op == "Pad":
            pads = self.dims(node, 1, "pads")
            return [size + pads[i] + pads[i + len(first)] for i, size in enumerate(first)]
        if node.op == "ReduceMean":
            axes = [a % len(first) for a in self.dims(node, 1, "axes", range(len(first)))]
            kept = [1 if i in axes else size for i, size in enumerate(first)]
            keep = attributes.get("keepdims", 1)
            return [size for i, size in enumerate(kept) if keep or i not in axes]
        require(node.op in UNARY | {"QuantizeLinear", "DequantizeLinear", "Add", "Sub", "Mul",
                                    "Div", "BatchNormalization", "Identity", "Dropout"},
                f"{name}: no shape rule for {node.op}")
        shapes = [self.shape(item) for item in node.inputs[:2]] \
            if node.op in ("Add", "Sub", "Mul", "Div") else [first]
        rank = max(map(len, shapes))
        wide = [[1] * (rank - len(shape)) + list(shape) for shape in shapes]
        return [max(sizes) for sizes in zip(*wide)]

    def weight_shape(self, node):
        """Dimensions of a weighted node's second operand."""
        return self.shape(node.inputs[1])

    def window(self, node):
        """(list of per-axis (start, stop) input ranges of every output position, sizes).

        Ranges are clipped to the data, or to the padded data when padding counts.
        """
        spatial = self.shape(node.inputs[0])[2:]
        rank, attributes = len(spatial), node.attributes
        kernel = attributes.get("kernel_shape") or self.weight_shape(node)[2:]
        stride = attributes.get("strides") or [1] * rank
        dilation = attributes.get("dilations") or [1] * rank
        pads, mode = attributes.get("pads") or [0] * (2 * rank), attributes.get("auto_pad", "")
        ceil, counted = attributes.get("ceil_mode", 0), attributes.get("count_include_pad", 0)
        axes, sizes = [], []
        for i, size in enumerate(spatial):
            reach = (kernel[i] - 1) * dilation[i] + 1
            begin, end = (0, 0) if mode == "VALID" else (pads[i], pads[i + rank])
            if mode.startswith("SAME"):
                total = max((-(-size // stride[i]) - 1) * stride[i] + reach - size, 0)
                begin = total // 2 if mode == "SAME_UPPER" else total - total // 2
                end = total - begin
            free = size + begin + end - reach
            count = (-(-free // stride[i]) if ceil else free // stride[i]) + 1
            if ceil and (count - 1) * stride[i] >= size + begin:
                count -= 1
            low, high = (-begin, size + end) if counted else (0, size)
            axes.append([[tap for tap in range(j * stride[i] - begin, j * stride[i] - begin
                                               + reach, dilation[i]) if low <= tap < high]
                         for j in range(count)])
            sizes.append(count)
        return axes, sizes
