# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Read exported PyTorch programs as networks the oracle evaluates.

Each aten operator is spelled out in the oracle's own vocabulary (that of ONNX, with
exact arithmetic): the schema's defaults are filled in here, from PyTorch's documentation,
and in-place operators become plain ones.

    model = read_model("net.pt2")      an onnx_reader.Model with producer "pytorch"

Errors: Pt2Error names the node.
"""

import numpy as np

import pt2_layout  # noqa: F401  (fills the table)
import pt2_operators  # noqa: F401
from onnx_reader import Graph, Model, Node, Tensor, Value
from pt2_file import SCALAR_TYPES, Pt2Error, read_pt2
from pt2_translations import TRANSLATIONS


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


def read_model(path):
    """The network of a .pt2."""
    program, tensors = read_pt2(path)
    return Model(_Reader(program, tensors).read(), {"": 24}, 0, "pytorch")
