# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""compile() and what it returns."""

import ctypes
import json
import os
import tempfile
import warnings
from dataclasses import dataclass, field

import numpy as np

from ._library import Error, Options, TensorStruct, call, library, take


@dataclass(frozen=True)
class Tensor:
    """An input or output, in the model's own terms.

    dtype and shape are those of the integers.  A quantized tensor has scale, zero_point
    and the range min..max: real = (q - zero_point) * scale.  An output without quantize is
    the accumulator: real = acc * scales + offsets along `axis` (None: one pair for all).
    """

    name: str
    dtype: np.dtype
    shape: tuple
    is_real: bool
    is_unused: bool
    scale: float = None
    zero_point: int = None
    min: int = None
    max: int = None
    axis: int = None
    scales: np.ndarray = field(default=None, compare=False)
    offsets: np.ndarray = field(default=None, compare=False)


def _tensor(struct):
    fields = {}
    if struct.is_quantized:
        fields = {"scale": struct.scale, "zero_point": struct.zero_point, "min": struct.min,
                  "max": struct.max}
    elif struct.channels:
        fields = {"axis": None if struct.axis < 0 else struct.axis,
                  "scales": np.array(struct.scales[:struct.channels]),
                  "offsets": np.array(struct.offsets[:struct.channels])}
    return Tensor(struct.name.decode(errors="replace"), np.dtype(struct.dtype.decode()),
                  tuple(struct.shape[:struct.rank]), bool(struct.is_real),
                  bool(struct.is_unused), **fields)


def compile(model, requant="exact", threads=1, batch=1, shapes=None,  # noqa: A001
            bias="residue", requant_layers=None):
    """Compile a model for this machine; returns a `Model`.

    model: path of a .pt2, .onnx or .mlir file, or a torch.export.ExportedProgram.
    requant: rounding contract (docs/Numerics.md, section 4): exact, single, tflite, float
        or shift; all but exact are comparisons without a certificate.
    requant_layers: {layer name: contract} for single layers.
    bias: residue, or for comparison int32, int8 or float (docs/Bias.md).
    threads: threads that share one run.
    batch: extent of a symbolic first dimension.
    shapes: {input name: shape} for other dimensions the model leaves open.

    Errors: qbias.Error with the compiler's message, naming file, layer, what was found and
    what to do.  Its warnings are Python warnings: float operators behind the last quantize,
    such as a softmax, are left to the caller, and the tensors they read are returned.
    """
    options = {"requant": requant, "threads": threads, "batch": batch, "shapes": shapes or {},
               "bias": bias, "layers": requant_layers or {}}
    if isinstance(model, (str, os.PathLike)):
        return Model(os.fspath(model), options)
    try:
        import torch  # pylint: disable=import-outside-toplevel
    except ImportError as error:
        raise Error(f"a model is a path or an exported program of PyTorch, got "
                    f"{type(model).__name__}; PyTorch is not installed") from error
    if not isinstance(model, torch.export.ExportedProgram):
        raise Error(f"a model is a path or a torch.export.ExportedProgram, got "
                    f"{type(model).__name__}; export it with torch.export.export")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.pt2")
        torch.export.save(model, path)
        return Model(path, options)


def _pairs(texts):
    """NAME=TEXT for each, and null."""
    listed = [f"{name}={text}".encode() for name, text in texts.items()]
    return (ctypes.c_char_p * (len(listed) + 1))(*listed, None)


class Model:
    """A compiled network: call it on arrays."""

    def __init__(self, path, options):
        self._library, self._handle = library(), ctypes.c_void_p()
        shapes = {name: "x".join(map(str, shape)) for name, shape in options["shapes"].items()}
        given = Options(ctypes.sizeof(Options), options["requant"].encode(), options["threads"],
                        options["batch"], _pairs(shapes), options["bias"].encode(),
                        _pairs(options["layers"]))
        said = call(self._library.qbias_compile, os.fsencode(path), ctypes.byref(given),
                    ctypes.byref(self._handle))
        if said:
            warnings.warn(said, stacklevel=3)
        self.inputs = self._tensors("input")
        self.outputs = self._tensors("output")

    def __del__(self):
        if getattr(self, "_handle", None):
            self._library.qbias_release(self._handle)

    def _tensors(self, kind):
        count = getattr(self._library, f"qbias_num_{kind}s")(self._handle)
        tensors = []
        for index in range(count):
            struct = TensorStruct()
            getattr(self._library, f"qbias_get_{kind}")(self._handle, index,
                                                        ctypes.byref(struct))
            tensors.append(_tensor(struct))
        return tensors

    def __call__(self, *arrays, raw=False, boundary="producer", **named):
        """Run on one array per input, in order or by name.

        An array has the input's shape, or is a series of samples: one leading axis more,
        or a first axis that is a multiple of the input's.  dtype float32 where the model's
        own input is float (`inputs[i].is_real`), else the integers of the tensor; with
        `raw` integers on both sides.  boundary: "producer" quantizes float inputs by the
        framework's float32 formula, "real" exactly.

        Returns the output, or a tuple of outputs, stacked along their first axis: float32
        where the model's own output is float and not `raw`, else integers.

        Errors: qbias.Error for wrong shapes, dtypes, NaN, integers out of range.
        """
        if boundary not in ("producer", "real"):
            raise Error(f"boundary is '{boundary}', expected producer or real")
        given = self._match(arrays, named)
        samples, buffers = None, []
        for tensor, array in zip(self.inputs, given):
            count, buffer = _input(tensor, array, raw)
            if samples not in (None, count):
                raise Error(f"input '{tensor.name}' holds {count} samples, expected {samples} "
                            f"as the first input")
            samples = count
            buffers.append(buffer)
        samples = 1 if samples is None else samples
        results = [np.empty(_stacked(tensor, samples),
                            np.float32 if tensor.is_real and not raw else tensor.dtype)
                   for tensor in self.outputs]

        def pointers(items):
            return (ctypes.c_void_p * len(items))(*[item.ctypes.data for item in items])
        call(self._library.qbias_run, self._handle, samples, pointers(buffers),
             pointers(results), int(raw), int(boundary == "real"))
        return results[0] if len(results) == 1 else tuple(results)

    def _match(self, arrays, named):
        names = [tensor.name for tensor in self.inputs]
        given = dict(zip(names, arrays))
        unknown = [name for name in named if name not in names or name in given]
        if len(arrays) + len(named) != len(names) or unknown:
            raise Error(f"inputs are {', '.join(names)}, got {len(arrays)} arrays in order and "
                        f"{', '.join(named) or 'none'} by name")
        given.update(named)
        return [given[name] for name in names]

    def _text(self, function):
        text = ctypes.c_char_p()
        call(function, self._handle, ctypes.byref(text))
        return json.loads(take(text))

    def report(self):
        """Tensors, layers with bias, requantization and proof, totals: docs/Report.md.

        Returns a dict.  Errors: qbias.Error.
        """
        return self._text(self._library.qbias_report)

    def certificate(self):
        """What an independent program needs to check the proof: docs/Certificate.md.

        Returns a dict.  Errors: qbias.Error.
        """
        return self._text(self._library.qbias_certificate)


def _stacked(tensor, samples):
    if not tensor.shape:
        return (samples,)
    return (tensor.shape[0] * samples,) + tensor.shape[1:]


def _input(tensor, array, raw):
    """(number of samples, contiguous array of the type the library expects)."""
    array = np.asarray(array)
    shape, rank = tensor.shape, len(tensor.shape)
    if array.ndim == rank + 1 and array.shape[1:] == shape:
        count = array.shape[0]
    elif array.ndim == rank and array.shape[1:] == shape[1:] and \
            (not shape or array.shape[0] % shape[0] == 0):
        count = array.shape[0] // shape[0] if shape else 1
    else:
        count = 0
    if count == 0:
        raise Error(f"input '{tensor.name}': shape {list(array.shape)}, expected {list(shape)}, a "
                    f"multiple of it along the first axis, or one leading axis more")
    if tensor.is_unused:
        return count, np.zeros([count, *shape], tensor.dtype)
    if tensor.is_real and not raw:
        if array.dtype != np.float32:
            raise Error(f"input '{tensor.name}': dtype {array.dtype}, expected float32; or give "
                        f"integers with raw=True")
        return count, np.ascontiguousarray(array)
    if array.dtype.kind not in "iu":
        raise Error(f"input '{tensor.name}': dtype {array.dtype}, expected {tensor.dtype}; give "
                    f"integers")
    if array.size and (array.min() < tensor.min or array.max() > tensor.max):
        raise Error(f"input '{tensor.name}': integers from {array.min()} to {array.max()}, "
                    f"expected {tensor.min} to {tensor.max}; clip the array to the input's range")
    return count, np.ascontiguousarray(array.astype(tensor.dtype))
