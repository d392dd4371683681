# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Read exported PyTorch programs as networks the oracle evaluates.

Each aten operator is spelled out in the oracle's own vocabulary (that of ONNX, with
exact arithmetic): the schema's defaults are filled in here, from PyTorch's documentation,
and in-place operators become plain ones.

    model = read_model("net.pt2")      an onnx_reader.Model with producer "pytorch"

Errors: Pt2Error names the node.
"""

import numpy as np

from onnx_reader import Graph, Model, Node, Tensor, Value
from pt2_file import SCALAR_TYPES, Pt2Error, read_pt2


class _Call:
    """Arguments of one node by schema name."""

    def __init__(self, node, reader):
        self.node, self.reader = node, reader
        self.arguments = {item["name"]: item["arg"] for item in node["inputs"]}

    def get(self, name, default=None):
        """Number, list, string or (resolved) tensor name of an argument."""
        kind, value = next(iter(self.arguments.get(name, {"as_none": True}).items()))
        if kind == "as_none":
            return default
        if kind == "as_tensor":
            return self.reader.current.get(value["name"], value["name"])
        if kind == "as_tensors":
            return [self.reader.current.get(item["name"], item["name"]) for item in value]
        if kind == "as_sym_int":
            return self._integer(value)
        if kind == "as_sym_ints":
            return [self._integer(item) for item in value]
        if kind == "as_scalar_type":
            return SCALAR_TYPES[value]
        return value

    def _integer(self, value):
        return value["as_int"] if "as_int" in value else self.reader.integers[value["as_name"]]

    def is_tensor(self, name):
        """True when the argument names a tensor."""
        return "as_tensor" in self.arguments.get(name, {})

    def pair(self, name, rank, default=None):
        """A list with one entry per spatial axis."""
        value = self.get(name, default)
        value = [value] if isinstance(value, int) else list(value)
        return value * rank if len(value) == 1 else value


class _Reader:
    """Builds the graph node by node."""

    def __init__(self, program, tensors):
        self.body = program["graph_module"]["graph"]
        self.signature = program["graph_module"]["signature"]
        self.tensors, self.graph = tensors, Graph("pytorch")
        self.current, self.integers, self.counter = {}, {}, 0

    # --- pieces

    def constant(self, array):
        """An initializer of its own; returns its name."""
        self.counter += 1
        name = f"const.{self.counter}"
        array = np.asarray(array)
        self.graph.initializers[name] = Tensor(name, str(array.dtype), array)
        return name

    def emit(self, op_type, inputs, output=None, **attributes):
        """Append a node; returns the name of its result."""
        self.counter += 1
        output = output or f"tmp.{self.counter}"
        attributes = {key: value for key, value in attributes.items() if value is not None}
        self.graph.nodes.append(Node(op_type, "", output, [i or "" for i in inputs], [output],
                                     attributes))
        return output

    def shape(self, name):
        """Declared extents; a symbol counts as 1."""
        return [size.get("as_int", 1) for size in self.body["tensor_values"][name]["sizes"]]

    # --- the whole

    def read(self):
        """The graph."""
        for spec in self.signature["input_specs"]:
            kind, body = next(iter(spec.items()))
            if kind == "user_input":
                name = body["arg"]["as_tensor"]["name"]
                declared = self.body["tensor_values"][name]
                dims = [size.get("as_int", "batch") for size in declared["sizes"]]
                self.graph.inputs.append(Value(name, SCALAR_TYPES[declared["dtype"]], dims))
                continue
            self.stored(body["arg"]["name"],
                        next(body[key] for key in body if key.endswith("_name")))
        for node in self.body["nodes"]:
            self.node(node)
        for spec in self.signature["output_specs"]:
            name = spec["user_output"]["arg"]["as_tensor"]["name"]
            name = self.current.get(name, name)
            self.graph.outputs.append(Value(name, "float32", None))
        self.drop_unused()
        return self.graph

    def stored(self, name, key):
        """A parameter or buffer, loaded when something reads it."""
        self.graph.initializers[name] = key

    def drop_unused(self):
        """Keep nodes that outputs and quantizes need; load the tensors they read."""
        needed = {value.name for value in self.graph.outputs}
        kept = []
        for node in reversed(self.graph.nodes):
            if needed.intersection(node.outputs) or node.op_type == "QuantizeLinear":
                kept.append(node)
                needed.update(node.inputs)
        self.graph.nodes = kept[::-1]
        initializers = {}
        for name, content in self.graph.initializers.items():
            if name in needed:
                initializers[name] = content if isinstance(content, Tensor) else \
                    Tensor(name, str(self.tensors[content].dtype), self.tensors[content])
        self.graph.initializers = initializers

    def node(self, node):
        """Translate one call."""
        target = node["target"].replace("torch.ops.", "")
        op = target.rsplit(".", 1)[0] if target.count(".") > 1 else target
        call = _Call(node, self)
        names = []
        for output in node["outputs"]:
            kind, value = next(iter(output.items()))
            if kind == "as_tensors":
                names += [item["name"] for item in value]
            elif kind == "as_sym_int":
                names.append(value["as_name"])
            else:
                names.append(value["name"] if kind == "as_tensor" else "")
        in_place = op.endswith("_")
        function = TRANSLATIONS.get(op.rstrip("_") if in_place else op)
        if function is None:
            raise Pt2Error(f"{target} '{names[0]}': not known to the oracle")
        function(self, call, names)
        if in_place:  # later readers of the operand see the result
            first = next(item["arg"]["as_tensor"]["name"] for item in node["inputs"]
                         if "as_tensor" in item["arg"])
            written = self.current.get(first, first)
            for name in [key for key, value in self.current.items() if value == written]:
                self.current[name] = names[0]
            self.current[first] = self.current[written] = names[0]


TRANSLATIONS = {}


def translates(*ops):
    """Register the translation of aten operators."""
    def register(function):
        for op in ops:
            TRANSLATIONS[op] = function
        return function
    return register


# --- quantize and dequantize --------------------------------------------------


def _number(reader, call, name, dtype):
    """Input name of a scale or zero point that may be a literal."""
    if call.is_tensor(name):
        return call.get(name)
    value = call.get(name)
    return None if value is None else reader.constant(np.asarray(value, dtype=dtype))


@translates("quantized_decomposed.quantize_per_tensor",
            "quantized_decomposed.quantize_per_channel")
def quantize(reader, call, names):
    """Scales stay doubles; the range is quant_min..quant_max."""
    plural = "s" if "per_channel" in call.node["target"] else ""
    limits = []
    for name in ("quant_min", "quant_max"):
        limit = call.get(name)
        if call.is_tensor(name):
            limit = int(reader.tensors[reader.graph.initializers[limit]])
        limits.append(limit)
    reader.emit("QuantizeLinear",
                [call.get("input"), _number(reader, call, "scale" + plural, np.float64),
                 _number(reader, call, "zero_point" + plural, np.int64)], names[0],
                axis=call.get("axis", 1), quant_range=limits, storage=call.get("dtype"),
                formula="reciprocal")


@translates("quantized_decomposed.dequantize_per_tensor",
            "quantized_decomposed.dequantize_per_channel")
def dequantize(reader, call, names):
    """(q - z) * s; the limits do not matter."""
    plural = "s" if "per_channel" in call.node["target"] else ""
    reader.emit("DequantizeLinear",
                [call.get("input"), _number(reader, call, "scale" + plural, np.float64),
                 _number(reader, call, "zero_point" + plural, np.int64)], names[0],
                axis=call.get("axis", 1))


# --- sums of products ---------------------------------------------------------


@translates("aten.conv1d", "aten.conv2d", "aten.convolution")
def convolution(reader, call, names):
    """Padding as numbers or words."""
    kernel = reader.shape(call.node["inputs"][1]["arg"]["as_tensor"]["name"])[2:]
    rank = len(kernel)
    stride, dilation = call.pair("stride", rank, [1]), call.pair("dilation", rank, [1])
    padding = call.get("padding", [0])
    if isinstance(padding, str):
        total = [(k - 1) * d if padding == "same" else 0 for k, d in zip(kernel, dilation)]
        pads = [t // 2 for t in total] + [t - t // 2 for t in total]
    else:
        pads = call.pair("padding", rank, [0]) * 2
    if call.get("transposed", False):
        raise Pt2Error("transposed convolution")
    source, result = call.get("input"), names[0]
    single = len(reader.shape(names[0])) == rank + 1  # no batch dimension
    if single:
        source = reader.emit("Unsqueeze", [source, reader.constant(np.array([0]))])
        result = f"{names[0]}.batched"
    reader.emit("Conv", [source, call.get("weight"), call.get("bias")], result,
                strides=stride, dilations=dilation, pads=pads, group=call.get("groups", 1))
    if single:
        reader.emit("Squeeze", [result, reader.constant(np.array([0]))], names[0])


def _add_bias(reader, product, bias, output):
    if bias is None:
        return reader.emit("Identity", [product], output)
    return reader.emit("Add", [product, bias], output)


@translates("aten.linear")
def linear(reader, call, names):
    """x W' + b."""
    weight = reader.emit("Transpose", [call.get("weight")], perm=[1, 0])
    product = reader.emit("MatMul", [call.get("input"), weight])
    _add_bias(reader, product, call.get("bias"), names[0])


@translates("aten.addmm")
def addmm(reader, call, names):
    """self + mat1 mat2."""
    product = reader.emit("MatMul", [call.get("mat1"), call.get("mat2")])
    _add_bias(reader, product, call.get("self"), names[0])


@translates("aten.mm", "aten.bmm", "aten.matmul")
def matmul(reader, call, names):
    """numpy's matmul."""
    second = call.get("mat2") or call.get("other")
    reader.emit("MatMul", [call.get("self"), second], names[0])


# --- elementwise --------------------------------------------------------------


def _operand(reader, call, name):
    if call.is_tensor(name):
        return call.get(name)
    return reader.constant(np.float32(call.get(name)))


@translates("aten.add", "aten.sub", "aten.mul", "aten.rsub", "aten.div")
def binary(reader, call, names):
    """With alpha times the second operand."""
    op = call.node["target"].split(".")[3].rstrip("_")
    left, right = call.get("self"), _operand(reader, call, "other")
    if call.get("alpha", 1) != 1:
        right = reader.emit("Mul", [right, reader.constant(np.float32(call.get("alpha")))])
    if op == "rsub":
        left, right, op = right, left, "sub"
    reader.emit(op.capitalize(), [left, right], names[0])


@translates("aten.maximum", "aten.minimum")
def extremum(reader, call, names):
    """b + max(a - b, 0), or a - max(a - b, 0)."""
    left, right = call.get("self"), call.get("other")
    above = reader.emit("Relu", [reader.emit("Sub", [left, right])])
    if "maximum" in call.node["target"]:
        reader.emit("Add", [right, above], names[0])
    else:
        reader.emit("Sub", [left, above], names[0])


@translates("aten.conv_transpose2d")
def conv_transpose(reader, call, names):
    """Weight [C, O, KH, KW]."""
    reader.emit("ConvTranspose", [call.get("input"), call.get("weight"), call.get("bias")],
                names[0], strides=call.pair("stride", 2, [1]),
                dilations=call.pair("dilation", 2, [1]), pads=call.pair("padding", 2, [0]) * 2,
                output_padding=call.pair("output_padding", 2, [0]), group=1)


@translates("aten.upsample_nearest2d")
def upsample(reader, call, names):
    """Gathers of whole rows and columns; the factor is a whole number."""
    source = call.node["inputs"][0]["arg"]["as_tensor"]["name"]
    value, extents = call.get("input") or call.get("self"), reader.shape(source)
    for axis in (2, 3):
        factor, rest = divmod(reader.shape(names[0])[axis], extents[axis])
        if rest:
            raise Pt2Error("nearest neighbours of a broken factor")
        indices = np.repeat(np.arange(extents[axis]), factor)
        value = reader.emit("Gather", [value, reader.constant(indices)],
                            names[0] if axis == 3 else None, axis=axis)


def _clip(reader, source, low, high, output):
    bounds = [None if bound is None or np.isinf(float(bound)) else
              reader.constant(np.float64(bound)) for bound in (low, high)]
    reader.emit("Clip", [source] + bounds, output)


@translates("aten.relu", "aten.relu6", "aten.hardtanh", "aten.clamp", "aten.clamp_min",
            "aten.clamp_max")
def clip(reader, call, names):
    """Everything that limits."""
    op = call.node["target"].split(".")[3].rstrip("_")
    low, high = {"relu": (0, None), "relu6": (0, 6),
                 "hardtanh": (call.get("min_val", -1.0), call.get("max_val", 1.0))}.get(
                     op, (call.get("min"), call.get("max")))
    _clip(reader, call.get("self"), low, high, names[0])


@translates("aten.hardswish", "aten.sigmoid", "aten.tanh", "aten.exp", "aten.abs")
def unary(reader, call, names):
    """Functions without parameters."""
    op = call.node["target"].split(".")[3].rstrip("_")
    spelled = {"hardswish": "HardSwish"}.get(op, op.capitalize())
    reader.emit(spelled, [call.get("self")], names[0])


@translates("aten.gelu", "aten.sqrt")
def unknown(reader, call, names):
    """Read, but not evaluated: the oracle has no exact meaning for these."""
    op = call.node["target"].split(".")[3].rstrip("_")
    reader.emit(op.capitalize(), [call.get("self")], names[0])


@translates("aten.silu")
def silu(reader, call, names):
    """x sigmoid(x)."""
    factor = reader.emit("Sigmoid", [call.get("self")])
    reader.emit("Mul", [call.get("self"), factor], names[0])


@translates("aten.hardsigmoid")
def hard_sigmoid(reader, call, names):
    """relu6(x + 3) / 6."""
    shifted = reader.emit("Add", [call.get("self"), reader.constant(np.float32(3))])
    _clip(reader, shifted, 0, 6, limited := f"{names[0]}.limited")
    reader.emit("Div", [limited, reader.constant(np.float32(6))], names[0])


@translates("aten.elu")
def elu(reader, call, names):
    """x or alpha (e^x - 1)."""
    reader.emit("Elu", [call.get("self")], names[0], alpha=call.get("alpha", 1.0))


@translates("aten.leaky_relu")
def leaky_relu(reader, call, names):
    """x or slope x; the slope is the stored double."""
    reader.emit("LeakyRelu", [call.get("self")], names[0],
                exact_alpha=call.get("negative_slope", 0.01))


# --- pools and means ----------------------------------------------------------


@translates("aten.max_pool1d", "aten.max_pool2d", "aten.max_pool2d_with_indices",
            "aten.avg_pool1d", "aten.avg_pool2d")
def pool(reader, call, names):
    """An empty stride is the kernel."""
    target = call.node["target"]
    rank = 1 if "1d" in target else 2
    kernel = call.pair("kernel_size", rank)
    stride = call.get("stride", [])
    reader.emit("MaxPool" if "max" in target else "AveragePool", [call.get("self")], names[0],
                kernel_shape=kernel, strides=call.pair("stride", rank) if stride else kernel,
                pads=call.pair("padding", rank, [0]) * 2,
                dilations=call.pair("dilation", rank, [1]),
                ceil_mode=int(call.get("ceil_mode", False)),
                count_include_pad=int(call.get("count_include_pad", True)))


@translates("aten.adaptive_avg_pool1d", "aten.adaptive_avg_pool2d",
            "aten._adaptive_avg_pool2d", "aten.adaptive_max_pool2d")
def adaptive_pool(reader, call, names):
    """Output extents that divide the input's."""
    target = call.node["target"]
    source = call.node["inputs"][0]["arg"]["as_tensor"]["name"]
    rank = 1 if "1d" in target else 2
    extents, parts = reader.shape(source)[-rank:], call.pair("output_size", rank)
    if any(e % p for e, p in zip(extents, parts)):
        raise Pt2Error("adaptive pool with windows of different sizes")
    kernel = [e // p for e, p in zip(extents, parts)]
    reader.emit("MaxPool" if "max" in target else "AveragePool", [call.get("self")], names[0],
                kernel_shape=kernel, strides=kernel)


@translates("aten.mean")
def mean(reader, call, names):
    """Over the listed axes."""
    axes = call.get("dim")
    reader.emit("ReduceMean", [call.get("self")], names[0],
                axes=[axes] if isinstance(axes, int) else axes,
                keepdims=int(call.get("keepdim", False)))


# --- movement -----------------------------------------------------------------


def _reshape(reader, source, shape, output):
    """The first extent is left open where it is the batch."""
    shape = list(shape)
    if -1 not in shape and shape and shape[0] == 1:
        shape[0] = -1
    reader.emit("Reshape", [source, reader.constant(np.array(shape, np.int64))], output,
                allowzero=1)


@translates("aten.view", "aten.reshape", "aten._unsafe_view", "aten.flatten", "aten.squeeze",
            "aten.unsqueeze")
def reshape(reader, call, names):
    """The declared result shape says it all."""
    _reshape(reader, call.get("self"), reader.shape(names[0]), names[0])


@translates("aten.permute")
def permute(reader, call, names):
    """Transpose."""
    rank = len(call.get("dims"))
    reader.emit("Transpose", [call.get("self")], names[0],
                perm=[dim % rank for dim in call.get("dims")])


@translates("aten.transpose", "aten.t")
def transpose(reader, call, names):
    """Two axes change places."""
    rank = len(reader.shape(names[0]))
    order = list(range(rank))
    a, b = call.get("dim0", 0), call.get("dim1", 1)
    if rank > 1:
        order[a], order[b] = order[b], order[a]
    reader.emit("Transpose", [call.get("self")], names[0], perm=order)


@translates("aten.cat")
def cat(reader, call, names):
    """Concat."""
    reader.emit("Concat", call.get("tensors"), names[0], axis=call.get("dim", 0))


def _slice(reader, source, axis, start, end, step, output=None):
    return reader.emit("Slice", [source] + [reader.constant(np.array([value], np.int64))
                                            for value in (start, end, axis, step)], output)


@translates("aten.slice")
def slice_tensor(reader, call, names):
    """start:end:step of one axis."""
    _slice(reader, call.get("self"), call.get("dim", 0), call.get("start", 0),
           min(call.get("end", 2**31), 2**31), call.get("step", 1), names[0])


@translates("aten.select")
def select(reader, call, names):
    """One entry of an axis."""
    index = call.get("index")
    end = 2**31 if index == -1 else index + 1
    part = _slice(reader, call.get("self"), call.get("dim"), index, end, 1)
    _reshape(reader, part, reader.shape(names[0]), names[0])


@translates("aten.split", "aten.split_with_sizes", "aten.chunk")
def split(reader, call, names):
    """Parts one after the other."""
    start, axis = 0, call.get("dim", 0)
    for name in names:
        size = reader.shape(name)[axis]
        _slice(reader, call.get("self"), axis, start, start + size, 1, name)
        start += size


@translates("aten.pad", "aten.constant_pad_nd")
def pad(reader, call, names):
    """Pairs from the last axis on."""
    pairs, rank = call.get("pad"), len(reader.shape(names[0]))
    low, high = [0] * rank, [0] * rank
    for index in range(len(pairs) // 2):
        low[rank - 1 - index], high[rank - 1 - index] = pairs[2 * index:2 * index + 2]
    value = reader.constant(np.float32(call.get("value", 0.0)))
    reader.emit("Pad", [call.get("self"), reader.constant(np.array(low + high, np.int64)),
                        value], names[0])


@translates("aten.dropout", "aten.feature_dropout", "aten.alias", "aten.clone",
            "aten.contiguous", "aten.detach", "aten.lift_fresh", "aten.lift_fresh_copy", "aten._to_copy",
            "aten.to")
def identity(reader, call, names):
    """Nothing changes in inference."""
    source = call.get("self") or call.get("input")
    reader.emit("Identity", [source], names[0])


# --- symbolic integers --------------------------------------------------------


@translates("aten.sym_size")
def sym_size(reader, call, names):
    """An extent of the compiled shape."""
    source = call.node["inputs"][0]["arg"]["as_tensor"]["name"]
    reader.integers[names[0]] = reader.shape(source)[call.get("dim")]


@translates("_operator.mul", "_operator.add", "_operator.sub", "_operator.floordiv")
def arithmetic(reader, call, names):
    """On extents."""
    a, b = call.get("a"), call.get("b")
    reader.integers[names[0]] = {"mul": a * b, "add": a + b, "sub": a - b}.get(
        call.node["target"].split(".")[1], a // b if b else 0)


def read_model(path):
    """The network of a .pt2."""
    program, tensors = read_pt2(path)
    return Model(_Reader(program, tensors).read(), {"": 24}, 0, "pytorch")
