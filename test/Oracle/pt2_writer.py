# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write `.pt2` files without torch, in both layouts torch.export.save has had.

    net = Program()
    x = net.input("x", [1, 4])
    q = net.quantize(x, 0.5)
    net.output(net.call("aten.relu.default", self=net.dequantize(q)))
    net.save("net.pt2")                    layout="raw" for PyTorch 2.8 and later

Arguments of `call` are those of the operator's schema: names of tensors (`Ref`), numbers,
lists, strings, `DType`.  `extents` and `made` declare shape and type of the result, by
default the shape of the first tensor.
"""

import io
import json
import struct
import zipfile

import numpy as np

from pt2_file import SCALAR_TYPES, STORAGES

CODES = {name: code for code, name in SCALAR_TYPES.items()}
STORAGE_OF = {dtype: name for name, dtype in STORAGES.items()}
RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767),
          "int32": (-2**31, 2**31 - 1)}


class Ref(str):
    """Name of a tensor of the graph."""


class Symbol(str):
    """Name of a symbolic integer of the graph."""


class DType(str):
    """An element type as an argument."""


class Raw(dict):
    """An argument spelled out: {"as_...": value}."""


def _argument(value):
    """The union of a value."""
    if isinstance(value, Raw):
        return dict(value)
    if value is None:
        return {"as_none": True}
    if isinstance(value, Ref):
        return {"as_tensor": {"name": str(value)}}
    if isinstance(value, Symbol):
        return {"as_sym_int": {"as_name": str(value)}}
    if isinstance(value, DType):
        return {"as_scalar_type": CODES[value]}
    if isinstance(value, (bool, np.bool_)):
        return {"as_bool": bool(value)}
    if isinstance(value, (int, np.integer)):
        return {"as_int": int(value)}
    if isinstance(value, (float, np.floating)):
        return {"as_float": float(value)}
    if isinstance(value, str):
        return {"as_string": value}
    if value and isinstance(value[0], Ref):
        return {"as_tensors": [{"name": str(item)} for item in value]}
    if any(isinstance(item, Symbol) for item in value):
        return {"as_sym_ints": [{"as_name": str(item)} if isinstance(item, Symbol)
                                else {"as_int": item} for item in value]}
    if any(isinstance(item, float) for item in value):
        return {"as_floats": [float(item) for item in value]}
    return {"as_ints": [int(item) for item in value]}


def _size(extent):
    if isinstance(extent, str):
        return {"as_expr": {"expr_str": extent, "hint": {"as_int": 2}}}
    return {"as_int": int(extent)}


def pickle_tensors(tensors, location="cpu", storages=None):
    """The pickle torch.save writes for {name: (array, strides, offset)}."""
    def text(value):
        return b"X" + struct.pack("<I", len(value.encode())) + value.encode()

    def integer(value):
        return b"J" + struct.pack("<i", value)

    def integers(values):
        return b"(" + b"".join(integer(value) for value in values) + b"t"
    body = b"\x80\x02}("
    for index, (name, (array, strides, offset)) in enumerate(tensors.items()):
        storage = STORAGE_OF[str(array.dtype)]
        key = (storages or {}).get(name, str(index))
        body += text(name) + b"ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage")
        body += f"ctorch\n{storage}\n".encode() + text(key) + text(location)
        body += integer(array.size) + b"tQ" + integer(offset) + integers(array.shape)
        body += integers(strides) + b"\x89ccollections\nOrderedDict\n)RtR"
    return body + b"u."


def dense_strides(shape):
    """Row-major strides in elements."""
    strides = [1] * len(shape)
    for axis in range(len(shape) - 1, 0, -1):
        strides[axis - 1] = strides[axis] * max(1, shape[axis])
    return strides


class Program:
    """An exported program under construction."""

    def __init__(self):
        self.nodes, self.values, self.specs, self.outputs = [], {}, [], []
        self.stored = {}      # key -> (array, strides, offset, storage bytes or None)
        self.constants = {}
        self.ranges, self.location = {}, "cpu"
        self.line = 0

    # --- tensors

    def declare(self, name, dims, dtype="float32"):
        """Shape and type of a name."""
        self.values[name] = {
            "dtype": CODES[dtype], "sizes": [_size(extent) for extent in dims],
            "requires_grad": False, "device": {"type": "cpu", "index": None}, "layout": 7,
            "strides": [_size(1) for _ in dims], "storage_offset": {"as_int": 0}}
        return Ref(name)

    def dims(self, name):
        """Declared extents."""
        return [size.get("as_int", size.get("as_expr", {}).get("expr_str"))
                for size in self.values[name]["sizes"]]

    def input(self, name, dims, dtype="float32"):
        """A user input; strings in dims are symbols."""
        self.specs.append({"user_input": {"arg": {"as_tensor": {"name": name}}}})
        return self.declare(name, dims, dtype)

    def parameter(self, key, array):
        """A parameter of the state dict."""
        return self._store("parameter", "p_", key, array, self.stored)

    def buffer(self, key, array):
        """A persistent buffer."""
        return self._store("buffer", "b_", key, array, self.stored, persistent=True)

    def constant(self, key, array):
        """A tensor constant."""
        return self._store("tensor_constant", "c_", key, array, self.constants)

    def _store(self, kind, prefix, key, array, where, **extra):
        array = np.asarray(array)
        name = prefix + key.replace(".", "_")
        where[key] = (array, dense_strides(array.shape), 0, None)
        self.specs.append({kind: {"arg": {"name": name}, f"{kind}_name": key, **extra}})
        return self.declare(name, array.shape, str(array.dtype))

    def restride(self, key, strides, offset, storage):
        """Store a tensor as a view of other storage elements."""
        array = self.stored[key][0]
        self.stored[key] = (array, strides, offset, np.ascontiguousarray(storage))

    # --- nodes

    def call(self, target, /, out=None, extents=None, made="float32", outputs=None, **arguments):
        """A call of an operator; returns its (first) result."""
        op = target.split(".")[-2] if target.count(".") > 1 else target.split(".")[-1]
        out = out or f"{op}_{len(self.nodes)}"
        first = next((value for value in arguments.values() if isinstance(value, Ref)), None)
        if outputs is None:
            outputs = [{"as_tensor": {"name": out}}]
            self.declare(out, self.dims(first) if extents is None else extents, made)
        self.line += 1
        prefix = "" if target.startswith("_operator") else "torch.ops."
        self.nodes.append({
            "target": prefix + target,
            "inputs": [{"name": name, "arg": _argument(value)}
                       for name, value in arguments.items()],
            "outputs": outputs,
            "metadata": {"stack_trace": f'  File "/src/net.py", line {self.line}, in '
                                        f'forward\n    x = self.{op}(x)\n'}})
        return Ref(out)

    def symbol(self, target, out, /, **arguments):
        """A call whose result is a symbolic integer."""
        self.call(target, outputs=[{"as_sym_int": {"as_name": out}}], **arguments)
        return Symbol(out)

    def several(self, target, shapes, /, **arguments):
        """A call with a list of results."""
        names = [f"part_{len(self.nodes)}_{i}" for i in range(len(shapes))]
        for name, shape in zip(names, shapes):
            self.declare(name, shape)
        self.call(target, outputs=[{"as_tensors": [{"name": name} for name in names]}],
                  **arguments)
        return [Ref(name) for name in names]

    def output(self, name):
        """A user output."""
        self.outputs.append({"user_output": {"arg": {"as_tensor": {"name": str(name)}}}})
        return name

    # --- quantization

    def _limits(self, dtype, limits):
        low, high = limits or RANGES[dtype]
        return {"quant_min": low, "quant_max": high, "dtype": DType(dtype)}

    def quantize(self, x, scale, zero=0, dtype="int8", limits=None, out=None):
        """quantize_per_tensor with literals."""
        return self.call("quantized_decomposed.quantize_per_tensor.default", out, made=dtype,
                         input=x, scale=float(scale), zero_point=int(zero),
                         **self._limits(dtype, limits))

    def dequantize(self, q, scale, zero=0, dtype="int8", limits=None, out=None):
        """dequantize_per_tensor with literals."""
        return self.call("quantized_decomposed.dequantize_per_tensor.default", out, input=q,
                         scale=float(scale), zero_point=int(zero),
                         **self._limits(dtype, limits))

    def requantize(self, x, scale, zero=0, dtype="int8", limits=None):
        """Quantize, then dequantize."""
        return self.dequantize(self.quantize(x, scale, zero, dtype, limits), scale, zero,
                               dtype, limits)

    def weight(self, key, ints, scale, axis=0, dtype="int8", limits=(-127, 127)):
        """A dequantized constant, per channel when `scale` is a list."""
        ints = self.buffer(key, np.asarray(ints).astype(dtype))
        limits = limits if dtype == "int8" else None
        if np.ndim(scale) == 0:
            return self.dequantize(ints, scale, 0, dtype, limits)
        scales = self.buffer(f"{key}_scale", np.asarray(scale, np.float32))
        zeros = self.buffer(f"{key}_zero", np.zeros(len(scale), np.int64))
        return self.call("quantized_decomposed.dequantize_per_channel.default", input=ints,
                         scales=scales, zero_points=zeros, axis=axis,
                         **self._limits(dtype, limits))

    def finish(self, x, scale, zero=0, dtype="int8"):
        """Quantize, dequantize, and make that the output."""
        return self.output(self.requantize(x, scale, zero, dtype))

    # --- files

    def program(self):
        """The JSON of the file."""
        inputs = [{"as_tensor": {"name": body["arg"].get("name")
                                 or body["arg"]["as_tensor"]["name"]}}
                  for spec in self.specs for body in spec.values()]
        graph = {"inputs": inputs, "nodes": self.nodes, "tensor_values": self.values,
                 "outputs": [spec["user_output"]["arg"] for spec in self.outputs
                             if "user_output" in spec],
                 "sym_int_values": {}, "sym_bool_values": {}, "is_single_tensor_return": False}
        return {"graph_module": {"graph": graph,
                                 "signature": {"input_specs": self.specs,
                                               "output_specs": self.outputs},
                                 "module_call_graph": []},
                "opset_version": {"aten": 10}, "range_constraints": self.ranges,
                "schema_version": {"major": 8, "minor": 2}, "torch_version": "2.6.0"}

    def _inner(self, tensors):
        """An archive of a pickle and storages."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            views = {name: entry[:3] for name, entry in tensors.items()}
            archive.writestr("archive/data.pkl", pickle_tensors(views, self.location))
            archive.writestr("archive/byteorder", "little")
            for index, (array, _, _, storage) in enumerate(tensors.values()):
                raw = array if storage is None else storage
                archive.writestr(f"archive/data/{index}", raw.tobytes())
            archive.writestr("archive/version", "3\n")
        return data.getvalue()

    def entries(self, layout="pickle"):
        """{entry name: bytes} of the outer archive."""
        text = json.dumps(self.program())
        if layout == "pickle":
            return {"serialized_exported_program.json": text,
                    "serialized_state_dict.pt": self._inner(self.stored),
                    "serialized_constants.pt": self._inner(self.constants),
                    "version": "8.2"}
        result = {"net/archive_format": "pt2", "net/models/model.json": text}
        for folder, stem, tensors in (("weights", "weight", self.stored),
                                      ("constants", "tensor", self.constants)):
            config = {}
            for index, (name, (array, strides, offset, storage)) in \
                    enumerate(tensors.items()):
                raw = array if storage is None else storage
                result[f"net/data/{folder}/{stem}_{index}"] = raw.tobytes()
                config[name] = {"path_name": f"{stem}_{index}", "is_param": False,
                                "use_pickle": False, "tensor_meta": {
                                    "dtype": CODES[str(array.dtype)],
                                    "sizes": [_size(extent) for extent in array.shape],
                                    "strides": [_size(stride) for stride in strides],
                                    "storage_offset": {"as_int": offset}}}
            kind = "weights" if folder == "weights" else "constants"
            result[f"net/data/{folder}/model_{kind}_config.json"] = \
                json.dumps({"config": config})
        return result

    def save(self, path, layout="pickle"):
        """Write the file; returns the path."""
        return save_entries(path, self.entries(layout))


def save_entries(path, entries):
    """Write an archive of stored entries."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path
