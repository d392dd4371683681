# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The PyTorch side of check_certificate.py: a small reader of .pt2 files.

Standard library only; shares no code with the compiler or with the test oracle.  Calls of
aten become the nodes that certificate_model.py asks questions about.
"""

import io
import json
import math
import pickle
import struct
import zipfile
from types import SimpleNamespace

from certificate_exact import require

# ScalarType number -> (struct format, ONNX data type).
TYPES = {1: ("B", 2), 2: ("b", 3), 3: ("h", 5), 4: ("i", 6), 5: ("q", 7), 6: ("e", 10),
         7: ("f", 1), 8: ("d", 11), 12: ("?", 9)}
STORAGES = {"ByteStorage": 1, "CharStorage": 2, "ShortStorage": 3, "IntStorage": 4,
            "LongStorage": 5, "HalfStorage": 6, "FloatStorage": 7, "DoubleStorage": 8,
            "BoolStorage": 12}
INT64, FLOAT64 = 7, 11
REBUILD = {"_rebuild_tensor_v2": lambda storage, offset, dims, strides, *rest:
           (storage, offset, dims, strides),
           "_rebuild_parameter": lambda tensor, *rest: tensor,
           "_rebuild_parameter_with_state": lambda tensor, *rest: tensor}


class Unpickler(pickle.Unpickler):
    """Knows tensors and nothing else."""

    def find_class(self, module, name):
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if (module, name) == ("collections", "OrderedDict"):
            return dict
        require(module == "torch._utils" and name in REBUILD, f"pickle of {module}.{name}")
        return REBUILD[name]

    def persistent_load(self, pid):
        return pid[1], pid[2]


def strided(raw, kind, dims, strides, offset):
    """Elements of a view of a storage, row-major, as a constant."""
    code, onnx = TYPES[kind]
    flat = struct.unpack(f"<{len(raw) // struct.calcsize(code)}{code}", raw)
    places = [offset]
    for size, stride in zip(dims, strides):
        places = [place + i * stride for place in places for i in range(size)]
    return SimpleNamespace(dims=list(dims), kind=onnx, values=[flat[i] for i in places])


def read_archive(path):
    """(program, function of a key that returns the stored tensor)."""
    outer, stored = zipfile.ZipFile(path), {}
    names = outer.namelist()
    if "serialized_exported_program.json" in names:
        program = outer.read("serialized_exported_program.json")
        for entry in ("serialized_constants.pt", "serialized_state_dict.pt"):
            inner = zipfile.ZipFile(io.BytesIO(outer.read(entry)))
            root = inner.namelist()[0].split("/")[0]
            content = Unpickler(io.BytesIO(inner.read(f"{root}/data.pkl"))).load()
            for key, ((kind, file), offset, dims, strides) in content.items():
                stored[key] = (inner, f"{root}/data/{file}", kind, dims, strides, offset)
    else:
        root = names[0].split("/")[0]
        program = outer.read(f"{root}/models/model.json")
        for folder, stem in (("constants", "constants"), ("weights", "weights")):
            config = f"{root}/data/{folder}/model_{stem}_config.json"
            for key, item in json.loads(outer.read(config))["config"].items():
                meta = item["tensor_meta"]
                stored[key] = (outer, f"{root}/data/{folder}/{item['path_name']}",
                               meta["dtype"], [d["as_int"] for d in meta["sizes"]],
                               [d["as_int"] for d in meta["strides"]],
                               meta["storage_offset"]["as_int"])

    def load(key):
        archive, entry, *view = stored[key]
        return strided(archive.read(entry), *view)
    return json.loads(program), load


class Reader:
    """nodes, constants, shapes and outputs of a program, as certificate_model.Model has them."""

    def __init__(self, path):
        program, load = read_archive(path)
        module = program["graph_module"]
        values = module["graph"]["tensor_values"]
        self.shapes = {name: [size.get("as_int", 1) for size in value["sizes"]]
                       for name, value in values.items()}
        self.constants, self.nodes, self.now = {}, [], {}
        for spec in module["signature"]["input_specs"]:
            kind, body = next(iter(spec.items()))
            if kind != "user_input":
                name = body["arg"]["name"]
                self.constants[name] = load(body[f"{kind}_name"])
                self.constants[name].name = name
        for node in module["graph"]["nodes"]:
            self.node(node)
        self.outputs = [self.current(spec["user_output"]["arg"]["as_tensor"]["name"])
                        for spec in module["signature"]["output_specs"]]

    def current(self, name):
        """The name that holds a tensor's value now: in-place operators write it."""
        while name in self.now:
            name = self.now[name]
        return name

    def constant(self, name, values, kind=FLOAT64, scalar=True):
        self.constants[name] = SimpleNamespace(dims=[] if scalar else [len(values)], kind=kind,
                                               values=values, name=name)
        self.shapes[name] = self.constants[name].dims
        return name

    def node(self, node):
        """Translate a call; unknown ones keep their own name and are refused if they matter."""
        target = node["target"].replace("torch.ops.", "").split(".")
        out = next((o["as_tensor"]["name"] for o in node["outputs"] if "as_tensor" in o), "")
        given = {}
        for item in node["inputs"]:
            kind, value = next(iter(item["arg"].items()))
            if kind == "as_tensor":
                value = self.current(value["name"])
            elif kind == "as_tensors":
                value = [self.current(entry["name"]) for entry in value]
            given[item["name"]] = None if kind == "as_none" else value
        op = target[1].rstrip("_") if target[0] == "aten" else target[1]
        name, inputs, attributes = self.translate(op, given, out)
        self.nodes.append(SimpleNamespace(op=name, name=out, attributes=attributes,
                                          inputs=[item or "" for item in inputs],
                                          outputs=[out]))
        if target[1].endswith("_"):
            self.now[self.current(node["inputs"][0]["arg"]["as_tensor"]["name"])] = out

    def translate(self, op, given, out):
        """(operator, inputs, attributes) in ONNX's words."""
        x = given.get("input") or given.get("self")
        if op.startswith(("quantize_per", "dequantize_per")):
            return self.quantization(op, given, x, out)
        if op in ("conv1d", "conv2d"):
            rank = len(self.shapes[given["weight"]]) - 2
            pads = given.get("padding") or [0] * rank
            require(isinstance(pads, list), f"{out}: padding '{pads}'")
            return "Conv", [x, given["weight"], given.get("bias")], {
                "pads": pads * 2, "strides": given.get("stride") or [1] * rank,
                "dilations": given.get("dilation") or [1] * rank,
                "group": given.get("groups") or 1}
        if op == "linear":
            return "Gemm", [x, given["weight"], given.get("bias")], {"transB": 1}
        if op in ("relu", "sigmoid", "tanh"):
            return op.capitalize(), [x], {}
        if op in ("relu6", "hardtanh"):
            low, high = (0, 6) if op == "relu6" else (given.get("min_val", -1),
                                                      given.get("max_val", 1))
            return "Clip", [x, self.constant(f"{out}.min", [low]),
                            self.constant(f"{out}.max", [high])], {}
        if op in ("add", "sub", "mul") and isinstance(given.get("other"), str) \
                and given.get("alpha", 1) == 1:
            return op.capitalize(), [x, given["other"]], {}
        if op in ("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d"):
            return self.pool(op, given, x)
        if op == "cat":
            return "Concat", given["tensors"], {"axis": given.get("dim", 0)}
        if op == "mean":
            return "ReduceMean", [x, self.constant(f"{out}.axes", given["dim"], INT64, False)], {
                "keepdims": int(given.get("keepdim", False))}
        if op in ("flatten", "view", "reshape", "squeeze", "unsqueeze"):
            shape = self.constant(f"{out}.shape", self.shapes[out], INT64, False)
            return "Reshape", [x, shape], {}
        if op == "permute":
            return "Transpose", [x], {"perm": given["dims"]}
        if op in ("dropout", "clone", "contiguous", "alias", "detach"):
            return "Identity", [x], {}
        return f"aten.{op}", [item for item in given.values() if isinstance(item, str)], {}

    def quantization(self, op, given, x, out):
        """Scales and zero points, literals as constants; the zero point has the tensor's type."""
        plural = "s" if op.endswith("channel") else ""
        scale, zero = given[f"scale{plural}"], given[f"zero_point{plural}"]
        if not plural and not isinstance(scale, str):
            scale = self.constant(f"{out}.scale", [scale])
        values = self.constants[zero].values if isinstance(zero, str) else [zero]
        zero = self.constant(f"{out}.zero", values, TYPES[given["dtype"]][1], not plural)
        attributes = {"axis": given.get("axis", 1)}
        if op.startswith("quantize"):
            attributes["range"] = (given["quant_min"], given["quant_max"])
        return op.split("_")[0].capitalize() + "Linear", [x, scale, zero], attributes

    def pool(self, op, given, x):
        """Adaptive pools have windows of one size."""
        if op == "adaptive_avg_pool2d":
            sizes = self.shapes[x][2:]
            require(all(size % part == 0 for size, part in zip(sizes, given["output_size"])),
                    f"{x}: pool of windows of different sizes")
            kernel = [size // part for size, part in zip(sizes, given["output_size"])]
            return "AveragePool", [x], {"kernel_shape": kernel, "strides": kernel}
        kernel = given["kernel_size"]
        attributes = {"kernel_shape": kernel, "strides": given.get("stride") or kernel,
                      "pads": (given.get("padding") or [0, 0]) * 2,
                      "dilations": given.get("dilation") or [1, 1],
                      "ceil_mode": int(given.get("ceil_mode", False)),
                      "count_include_pad": int(given.get("count_include_pad", True))}
        require(math.prod(kernel) > 0, f"{x}: empty window")
        return ("MaxPool" if op == "max_pool2d" else "AveragePool"), [x], attributes
