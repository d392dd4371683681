# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Open `.pt2` files without torch: both layouts that torch.export.save has written.

    program, tensors = read_pt2("net.pt2")
    program["graph_module"]["graph"]["nodes"]      the JSON, as Python objects
    tensors["conv1.weight"]                        numpy array

Pickles are read by Python's own unpickler with every class but those of plain tensors
refused.  Errors: `Pt2Error` names the entry.
"""

import io
import json
import pickle
import zipfile

import numpy as np

# torch.export's ScalarType numbers, and the storage classes of pickles.
SCALAR_TYPES = {1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16",
                7: "float32", 8: "float64", 12: "bool", 28: "uint16"}
STORAGES = {"ByteStorage": "uint8", "CharStorage": "int8", "ShortStorage": "int16",
            "IntStorage": "int32", "LongStorage": "int64", "HalfStorage": "float16",
            "FloatStorage": "float32", "DoubleStorage": "float64", "BoolStorage": "bool"}
PROGRAM = "serialized_exported_program.json"


class Pt2Error(ValueError):
    """The file is not a readable .pt2; the text says why."""


class _Reader(pickle.Unpickler):
    """Tensors come out as (storage, offset, size, stride)."""

    def find_class(self, module, name):
        """The few names a plain state dict refers to."""
        if module == "torch" and name in STORAGES:
            return name
        if (module, name) == ("collections", "OrderedDict"):
            return dict
        if module == "torch._utils" and name == "_rebuild_tensor_v2":
            return lambda storage, offset, size, stride, *rest: (storage, offset, size, stride)
        if module == "torch._utils" and name in ("_rebuild_parameter",
                                                 "_rebuild_parameter_with_state"):
            return lambda tensor, *rest: tensor
        raise Pt2Error(f"pickle refers to {module}.{name}")

    def persistent_load(self, pid):
        """('storage', class, key, device, elements)."""
        return pid[1], pid[2]


def _view(raw, dtype, size, stride, offset):
    """The strided view of a storage, as an array of its own."""
    flat = np.frombuffer(raw, dtype=np.dtype(dtype).newbyteorder("<"))
    step = [s * flat.itemsize for s in stride]
    array = np.lib.stride_tricks.as_strided(flat[offset:], tuple(size), tuple(step))
    return np.array(array).astype(dtype)


class Lazy(dict):
    """Tensors by name, read when asked for."""

    def __missing__(self, name):
        raise Pt2Error(f"no stored tensor '{name}'")

    def __getitem__(self, name):
        value = super().__getitem__(name)
        return value() if callable(value) else value


def _pickled(outer, entry, tensors):
    if entry not in outer.namelist():
        return
    inner = zipfile.ZipFile(io.BytesIO(outer.read(entry)))
    root = inner.namelist()[0].split("/")[0]
    for name, (storage, offset, size, stride) in \
            _Reader(io.BytesIO(inner.read(f"{root}/data.pkl"))).load().items():
        kind, key = storage
        tensors[name] = lambda kind=kind, key=key, size=size, stride=stride, offset=offset: \
            _view(inner.read(f"{root}/data/{key}"), STORAGES[kind], size, stride, offset)


def _raw(outer, folder, config, tensors):
    if f"{folder}/{config}" not in outer.namelist():
        return
    for name, entry in json.loads(outer.read(f"{folder}/{config}"))["config"].items():
        meta = entry["tensor_meta"]
        if entry["use_pickle"]:
            raise Pt2Error(f"'{name}' is pickled")
        size, stride = ([item["as_int"] for item in meta[key]] for key in ("sizes", "strides"))
        tensors[name] = lambda entry=entry, meta=meta, size=size, stride=stride: _view(
            outer.read(f"{folder}/{entry['path_name']}"), SCALAR_TYPES[meta["dtype"]], size,
            stride, meta["storage_offset"]["as_int"])


def read_pt2(path):
    """(program JSON, {name: array}) of a file in either layout."""
    outer, tensors = zipfile.ZipFile(path), Lazy()
    names = outer.namelist()
    if PROGRAM in names:  # PyTorch up to 2.7
        program = json.loads(outer.read(PROGRAM))
        for entry in ("serialized_state_dict.pt", "serialized_constants.pt"):
            _pickled(outer, entry, tensors)
        return program, tensors
    root = names[0].split("/")[0]
    program = json.loads(outer.read(f"{root}/models/model.json"))
    _raw(outer, f"{root}/data/weights", "model_weights_config.json", tensors)
    _raw(outer, f"{root}/data/constants", "model_constants_config.json", tensors)
    return program, tensors


def is_pt2(path):
    """True for a zip file."""
    with open(path, "rb") as file:
        return file.read(4) == b"PK\x03\x04"
