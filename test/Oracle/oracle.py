# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exact evaluation of quantized networks: the reference of NUMERICS section 1.

The network is read as real-number mathematics (N1); every quantize rounds the exact
value half to even and saturates (N2); float model inputs enter by the producer's
float32 formula (N2b).  No decision is taken from a floating-point value.

    model = model_reader.read_model("net.onnx")
    result = run(model, {"x": array})
    result.quantized["conv1_q"]      int64 array in the model's own layout
    result.outputs["y"]              an `Output` (integers, or an exact real tensor)

Command line:  oracle.py MODEL.onnx --input [NAME=]X.npy [--labels Y.npy] [--output-dir D]
"""

import argparse
import os
import sys
import time
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

import modes
import ops_elementwise  # noqa: F401  (fills the operator table)
import ops_layout  # noqa: F401
import ops_linear  # noqa: F401
import ops_resize  # noqa: F401
from exact_scalar import round_half_even
from exact_tensor import Affine, Dequantized, Elementwise, Unsupported, constant_tensor
from model_reader import read_model
from operators import EVALUATORS, BoundaryFloat, NodeView, is_integer
from ops_quantize import integer_value, is_quantized
from quantizer import exact_intervals
from value_map import ValueMap

BLOCK_ELEMENTS = 1 << 19  # input elements evaluated together
DOMAINS = ("", "ai.onnx", "com.microsoft")


class NotBatchable(Exception):
    """The samples cannot share one evaluation: an operator mixes the first axis."""


@dataclass
class Settings:
    """boundary: 'producer' (N2b) or 'real' (N2) for float model inputs.

    mode, bias: what the driver's --requant and --bias ask for (modes.py).
    """

    boundary: str = "producer"
    mode: str = "exact"
    bias: str = "residue"

    @property
    def rounding(self):
        """The mode of a layer with a bias, and of one without."""
        if self.bias == "float":
            return "float", self.mode
        return ("single" if self.mode == "exact" and self.bias != "residue" else self.mode,
                self.mode)


@dataclass
class Output:
    """A model output.

    kind 'integer': `ints`.  kind 'dequantized': `ints`, and `tensor` knows q, z, s.
    kind 'real': only the exact `tensor` (a final layer without quantize).
    """

    kind: str
    ints: np.ndarray = None
    tensor: object = None
    bias: str = "residue"  # as Settings.bias: what an accumulator starts with

    def intervals(self):
        """Flat list of (low, high) Fractions; equal unless a value is irrational."""
        if self.kind == "integer":
            return [(Fraction(int(q)),) * 2 for q in self.ints.reshape(-1)]
        return exact_intervals(self.tensor)

    def exact(self):
        """Flat list of exact rational values.  Errors: Unsupported for irrational ones."""
        pairs = self.intervals()
        if any(low != high for low, high in pairs):
            raise Unsupported("the output holds irrational values")
        return [low for low, _ in pairs]

    def accumulator(self, got=None):
        """int64 accumulators of a final layer: sum plus rounded bias (N5, N10).

        A ReLU or clip behind the layer is left out.  A bias that leaves no room for the
        channel's sums is limited by the compiler (N10; the rest is in the output's
        offset), to a value only it knows: where `got` holds one constant per channel
        that lies between half of int32 and the exact bias, that constant is taken.
        Errors: Unsupported when the output is not one accumulator.
        """
        tensor = self.tensor
        while isinstance(tensor, Elementwise) and tensor.function == "clip":
            tensor = tensor.arguments[0]
        if not isinstance(tensor, Affine) or len(tensor.terms) != 1:
            raise Unsupported("the output is not a single accumulator")
        term = tensor.terms[0]
        zero = ValueMap.scalar(0, len(tensor.shape))
        constant = tensor.constant or zero
        if self.bias == "float":  # all of it is in the offset
            constant = zero
        elif self.bias == "int8":
            constant = modes.int8_bias(constant)
        bias = constant.combine(term.coefficient, lambda b, s: b / s)
        # A program's scales are positive: where the factor is not, its sums are turned.
        sign = term.coefficient.map(lambda s: -1 if s < 0 else 1)
        sign = np.array([int(value) for value in sign.values])[sign.index]
        got = None if got is None else got * sign
        rounded = [round_half_even(value) for value in bias.values]
        index = np.broadcast_to(bias.index, term.ints.shape)
        for i, value in enumerate(rounded):
            if got is not None and np.any(index == i):
                rounded[i] = _limited_bias(value, (got - term.ints)[index == i])
        low, high = -2**31, 2**31 - 1
        rounded = [min(max(value, low), high) for value in rounded]
        return (term.ints + np.array(rounded, dtype=np.int64)[index]) * sign

    def floats(self):
        """float64 values next to the exact ones (for printing and labels)."""
        if self.kind == "integer":
            return self.ints.astype(np.float64)
        flat = [float((low + high) / 2) for low, high in self.intervals()]
        return np.array(flat).reshape(self.tensor.shape)


def _limited_bias(exact, found):
    """The bias a channel was given instead of `exact`, if N10 allows it."""
    half = 2**30
    limited = int(found[0])
    same_side = half < limited <= exact or exact <= limited < -half
    return limited if same_side and np.all(found == limited) else exact


@dataclass
class Result:
    """All integer tensors by name, with their file types, and the outputs by name."""

    quantized: dict = field(default_factory=dict)
    dtypes: dict = field(default_factory=dict)
    outputs: dict = field(default_factory=dict)


class _Evaluation:
    """One pass over the graph; `samples` > 1 checks that the first axis stays the batch."""

    def __init__(self, model, settings, batch, check_batch):
        self.graph, self.settings = model.graph, settings
        self.batch, self.check_batch = batch, check_batch
        self.values, self.dtypes, self.constant = {}, {}, set()
        self.result = Result()
        for name, tensor in self.graph.initializers.items():
            self.values[name], self.dtypes[name] = tensor.array, tensor.dtype
            self.constant.add(name)

    def feed(self, arrays):
        """Bind the graph inputs."""
        for value in self.graph.inputs:
            array = np.asarray(arrays[value.name])
            self.dtypes[value.name] = value.dtype
            is_float = value.dtype in ("float32", "float64", "float16")
            self.values[value.name] = BoundaryFloat(array) if is_float else array

    def run(self):
        """Evaluate all nodes in order and collect outputs."""
        for node in self.graph.nodes:
            self._node(node)
        for value in self.graph.outputs:
            self.result.outputs[value.name] = _output(self.values[value.name])
            self.result.outputs[value.name].bias = self.settings.bias
        return self.result

    def _node(self, node):
        evaluator = EVALUATORS.get(node.op_type) if node.domain in DOMAINS else None
        where = f"{node.op_type} '{node.name or node.outputs[0]}'"
        if evaluator is None:
            raise Unsupported(f"{where}: operator is not known to the oracle")
        view = NodeView(node, [self.values.get(name) for name in node.inputs],
                        [name in self.constant for name in node.inputs],
                        [self.dtypes.get(name) for name in node.inputs], self.settings)
        try:
            produced = evaluator(view)
        except (Unsupported, ValueError) as error:
            if self.check_batch:  # a shape of one sample: evaluated alone, then reported
                raise NotBatchable(where) from error
            raise type(error)(f"{where}: {error}") from error
        produced = produced if isinstance(produced, tuple) else (produced,)
        if self.settings.rounding != ("exact", "exact"):
            modes.tag(produced[0], view)
        known = all(name in self.constant for name in node.inputs if name)
        for name, value in zip(node.outputs, produced):
            self._store(node, name, value, known)

    def _store(self, node, name, value, known):
        self.values[name] = integer_value(value)
        if known or node.op_type == "Shape":
            self.constant.add(name)
        elif self.check_batch:
            self._check_batch(node, self.values[name])
        if is_quantized(value):
            self.dtypes[name] = value.dtype
            if not known:
                self.result.quantized[name] = value.ints
                self.result.dtypes[name] = value.dtype
        elif is_integer(self.values[name]):
            self.dtypes[name] = self.dtypes.get(node.inputs[0] if node.inputs else "",
                                                str(self.values[name].dtype))

    def _check_batch(self, node, value):
        """Refuse to batch when the first axis may no longer be the samples."""
        shapes = [self.values[name].shape for name in node.inputs
                  if name and name not in self.constant]
        mixes = (not value.shape or value.shape[0] != self.batch
                 or any(len(shape) != len(shapes[0]) for shape in shapes)
                 or (node.op_type == "Transpose" and node.attribute("perm", [1])[0] != 0)
                 or (node.op_type in ("MatMul", "Gemm", "QLinearMatMul") and self._mixing(node)))
        if mixes or node.op_type in ("Shape", "Gather") or (
                node.op_type == "ArgMax" and node.attribute("axis", 0) in (0, -len(shapes[0]))):
            raise NotBatchable(node.name)

    def _mixing(self, node):
        """Matrix products whose first axis is not the rows of independent samples."""
        right = node.inputs[3 if node.op_type == "QLinearMatMul" else 1]
        if node.attribute("transA", 0) or node.inputs[0] in self.constant:
            return True
        return right not in self.constant and len(self.values[right].shape) < 3


def _output(value):
    if is_integer(value):
        return Output("integer", ints=value)
    if isinstance(value, Dequantized):
        return Output("dequantized", ints=value.q, tensor=value)
    if isinstance(value, BoundaryFloat):
        value = constant_tensor(value.array)
    return Output("real", tensor=value)


def compiled_shape(value):
    """Declared input shape with symbolic or unknown dimensions read as 1 (CLI)."""
    return [size if isinstance(size, int) and size > 0 else 1 for size in value.dims]


def to_samples(model, arrays):
    """Split inputs into samples of the compiled shape: a list of {name: array}.

    An array has the model's rank with a multiple of the compiled first dimension, or
    one leading sample axis more (CLI).  Errors: ValueError for any other shape.
    """
    split = {}
    for value in model.graph.inputs:
        array, shape = np.asarray(arrays[value.name]), compiled_shape(value)
        if array.ndim == len(shape) + 1 and list(array.shape[1:]) == shape:
            split[value.name] = list(array)
        elif array.ndim == len(shape) and (not shape or (
                list(array.shape[1:]) == shape[1:] and array.shape[0] % shape[0] == 0)):
            step = shape[0] if shape else 1
            split[value.name] = [array[i:i + step] for i in range(0, len(array), step)] \
                if shape else [array]
        else:
            raise ValueError(f"input '{value.name}': expects {shape} or a series, "
                             f"got {list(array.shape)}")
    if len({len(parts) for parts in split.values()}) != 1:
        raise ValueError("inputs hold different numbers of samples")
    return [dict(zip(split, parts)) for parts in zip(*split.values())]


def _evaluate_block(model, settings, samples):
    """One evaluation for several samples stacked along the first axis."""
    arrays = {name: np.concatenate([sample[name] for sample in samples], axis=0)
              for name in samples[0]} if len(samples) > 1 else samples[0]
    batch = len(next(iter(arrays.values()))) if len(samples) > 1 else 0
    evaluation = _Evaluation(model, settings, batch, check_batch=len(samples) > 1)
    evaluation.feed(arrays)
    return evaluation.run()


def run_blocks(model, arrays, settings=None):
    """Yield a Result per block of samples, in order (bounded memory)."""
    settings = settings or Settings()
    samples = to_samples(model, arrays)
    size = max(1, sum(array.size for array in samples[0].values()))
    block = max(1, min(len(samples), BLOCK_ELEMENTS // size // 8))
    start = 0
    while start < len(samples):
        part = samples[start:start + block]
        try:
            yield _evaluate_block(model, settings, part)
        except NotBatchable:
            block = 1
            continue
        start += len(part)


def run(model, arrays, settings=None):
    """Evaluate all samples; tensors are stacked along their own first axis.

    model: onnx_reader.Model; arrays: {input name: integer or float32 array}.
    Outputs of kind 'real' can be stacked for one block only.
    """
    blocks = list(run_blocks(model, arrays, settings))
    if len(blocks) == 1:
        return blocks[0]
    merged = Result(dtypes=blocks[0].dtypes)
    for name in blocks[0].quantized:
        merged.quantized[name] = np.concatenate([b.quantized[name] for b in blocks], axis=0)
    for name, first in blocks[0].outputs.items():
        parts = [block.outputs[name] for block in blocks]
        if first.kind == "integer":
            merged.outputs[name] = Output("integer", np.concatenate([p.ints for p in parts]))
        else:
            joined = ops_layout.concatenate([part.tensor for part in parts], 0)
            merged.outputs[name] = _output(joined)
            merged.outputs[name].bias = first.bias
    return merged


def named_inputs(model, arguments):
    """{input name: array} from '[NAME=]FILE.npy' arguments."""
    arrays, unnamed = {}, [value.name for value in model.graph.inputs]
    for argument in arguments:
        name, _, path = argument.rpartition("=")
        name = name or unnamed[0]
        if name not in unnamed:
            raise ValueError(f"no input named '{name}'; the model has {unnamed}")
        unnamed.remove(name)
        arrays[name] = np.load(path)
    if unnamed:
        raise ValueError(f"no file given for input '{unnamed[0]}'")
    return arrays


def main():
    """Evaluate a model and print one line per integer tensor."""
    parser = argparse.ArgumentParser(description="exact reference of a quantized network")
    parser.add_argument("model")
    parser.add_argument("--input", action="append", required=True, metavar="[NAME=]X.npy")
    parser.add_argument("--labels", help="class indices (.npy): print top-1")
    parser.add_argument("--output-dir", help="write every integer tensor as .npy")
    parser.add_argument("--boundary", choices=("producer", "real"), default="producer")
    options = parser.parse_args()
    model, start = read_model(options.model), time.time()
    result = run(model, named_inputs(model, options.input), Settings(options.boundary))
    for name, ints in result.quantized.items():
        print(f"{name}: {result.dtypes[name]} {list(ints.shape)} {ints.min()}..{ints.max()}")
        if options.output_dir:
            os.makedirs(options.output_dir, exist_ok=True)
            file_name = "".join(c if c.isalnum() or c in "._-" else f"%{ord(c):02X}" for c in name)
            np.save(os.path.join(options.output_dir, file_name), ints.astype(np.int32))
    if options.labels:
        first = next(iter(result.outputs.values()))
        labels = np.load(options.labels).reshape(-1)
        scores = first.floats().reshape(len(labels), -1)
        print(f"top-1: {100 * np.mean(scores.argmax(1) == labels):.1f} %")
    print(f"evaluated in {time.time() - start:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
