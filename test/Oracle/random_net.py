# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Seeded random QDQ networks with integer or float inputs.

    random_net.py --seed S --out DIR [--features conv,add,...]

writes DIR/model.onnx, one DIR/<input>.npy per input and DIR/case.json:
{"seed", "raw", "inputs": {name: file}, "features": [...]}.  The same seed and
features always give the same files.
"""

import argparse
import json
import os
from dataclasses import dataclass

import numpy as np

from onnx_writer import FLOAT, Graph
from random_layers import LAYERS
from random_operators import MORE_LAYERS

KNOWN = {**LAYERS, **MORE_LAYERS}
RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767)}
WEIGHTED = {"conv": 6, "linear": 3, "add": 3, "conv_skip": 1}  # others count 1


@dataclass
class Activation:
    """A quantized tensor: its name, shape, scale (float32 value) and zero point."""

    name: str
    shape: list
    scale: float
    zero: int


class NetBuilder:
    """A network under construction; layers draw every choice from `rng`."""

    def __init__(self, seed, prefix=""):
        self.rng = np.random.default_rng(seed)
        opset = int(self.rng.choice([10, 12, 13, 13, 17, 18, 21]))
        self.graph = Graph(opset=opset, typed=bool(self.rng.random() < 0.3), prefix=prefix)
        self.per_axis_allowed = opset >= 13
        self.dtype = str(self.rng.choice(["uint8", "int8"]))
        self.dyadic = bool(self.rng.random() < 0.3)
        self.batch = "N" if self.rng.random() < 0.3 else 1
        self.activations, self.shared_bias, self.inputs = [], {}, {}
        self.output_names, self.last = [], False
        self._parameters = {}

    # --- numbers ---

    def random_scale(self, typical):
        """A float32 scale near `typical`; a power of two in dyadic networks."""
        value = typical * 2.0**self.rng.uniform(-2, 2)
        return float(np.float32(2.0**np.round(np.log2(value)) if self.dyadic else value))

    def near_scale(self, typical):
        """As random_scale, but within a factor of two."""
        value = typical * 2.0**self.rng.uniform(-1, 1)
        return float(np.float32(2.0**np.round(np.log2(value)) if self.dyadic else value))

    def output_scale(self, x_scale, w_scale, size):
        """A scale that spreads a random accumulator of `size` products over the range."""
        typical = np.median(w_scale[w_scale > 0]) if np.any(w_scale > 0) else 1.0
        return self.near_scale(float(x_scale) * float(typical) * np.sqrt(size) * 130)

    def random_zero_point(self):
        """Any zero point; the middle of the range and its extremes often."""
        low, high = RANGES[self.dtype]
        kind = self.rng.random()
        if kind < 0.25:
            return int(self.rng.choice([low, high]))
        middle = 40 if kind < 0.75 else 0
        return int(self.rng.integers(low + 2 * middle, high + 1 - 2 * middle))

    # --- nodes ---

    def pick(self, accept):
        """A registered activation that `accept` takes, recent ones more often, or None."""
        fitting = [act for act in self.activations if accept(act)]
        if not fitting:
            return None
        return fitting[-1] if self.rng.random() < 0.6 else fitting[self.rng.integers(len(fitting))]

    def quantize(self, real, shape, scale, zero, register=False):
        """Emit a QuantizeLinear; `register` makes the result available to later layers."""
        scale = float(np.float32(scale))
        names = [self.graph.const(np.float32(scale)),
                 self.graph.const(np.array(zero, dtype=self.dtype))]
        name = self.graph.node("QuantizeLinear", [real] + names)
        act = Activation(name, list(shape), scale, zero)
        self._parameters[name] = names
        if register:
            self.activations.append(act)
        return act

    @property
    def range(self):
        """Lowest and highest integer of the network's type."""
        return RANGES[self.dtype]

    def register(self, name, shape, scale, zero, parameters):
        """Make an integer tensor of the network's type available to later layers."""
        self._parameters[name] = parameters
        self.activations.append(Activation(name, list(shape), scale, zero))

    def parameters(self, act):
        """Names of an activation's scale and zero point."""
        return self._parameters[act.name]

    def dequantize(self, act):
        """Emit a DequantizeLinear of an activation."""
        return self.graph.node("DequantizeLinear", [act.name] + self._parameters[act.name])

    def constant_dequantize(self, q, scale, zero, dtype, axis):
        """Emit a DequantizeLinear of a constant; scalars when `axis` is None."""
        shape = (-1,) if axis is not None else ()
        scale = np.asarray(scale, dtype=np.float32).reshape(shape)
        inputs = [self.graph.const(np.asarray(q).astype(dtype)), self.graph.const(scale)]
        zero = np.asarray(zero).reshape(shape)
        if np.any(zero) or axis is not None or self.rng.random() < 0.5:
            inputs.append(self.graph.const(zero.astype(dtype)))
        return self.graph.node("DequantizeLinear", inputs, axis=axis)

    def clip(self, real, low, high):
        """Clip with bounds as inputs (opset 11 on) or attributes."""
        if self.graph.opset >= 11:
            bounds = [self.graph.const(np.float32(low)), self.graph.const(np.float32(high))]
            return self.graph.node("Clip", [real] + bounds)
        return self.graph.node("Clip", [real], min=low, max=high)

    def pad(self, real, widths):
        """Pad with zeros; widths as input (opset 11 on) or attribute."""
        if self.graph.opset >= 11:
            return self.graph.node("Pad", [real, self.graph.const(np.array(widths))])
        return self.graph.node("Pad", [real], pads=widths)

    def layout(self, act, op_type, shape, extra=(), **attributes):
        """A layout operator between dequantize and a same-scale quantize."""
        real = self.graph.node(op_type, [self.dequantize(act)] + list(extra), **attributes)
        return self.quantize(real, shape, act.scale, act.zero, register=True)

    def real_output(self, real):
        """A final layer without quantize becomes a float output."""
        self.output_names.append(self.graph.output(real, FLOAT, []))

    # --- the network ---

    def add_input(self):
        """A float input and its quantize."""
        rng, name = self.rng, f"{self.graph.prefix}x{len(self.inputs)}"
        spatial = int(rng.choice([2, 2, 2, 2, 1, 0]))
        if self.activations:
            shape = [1] + self.activations[0].shape[1:]
        else:
            shape = [1, int(rng.integers(1, 10))] + [int(rng.integers(1, 10))
                                                     for _ in range(spatial)]
        self.graph.input(name, FLOAT, [self.batch] + shape[1:])
        act = self.quantize(name, shape, self.random_scale(2.0**-6),
                            self.random_zero_point(), register=True)
        self.inputs[name] = act

    def add_outputs(self):
        """Dequantized outputs: the last activation, sometimes an earlier one."""
        chosen = [] if self.output_names else [self.activations[-1]]
        if self.rng.random() < 0.25:
            chosen.append(self.activations[self.rng.integers(len(self.activations))])
        for act in {act.name: act for act in chosen}.values():
            if self.rng.random() < 0.85:
                self.graph.output(self.dequantize(act), FLOAT, [])
            else:
                self.graph.output(act.name, self.dtype, [])

    def sample_inputs(self, raw):
        """{name: array} with 2 or 3 samples: random, extremes only, and ties."""
        low, high = RANGES[self.dtype]
        count, arrays = int(self.rng.integers(2, 4)), {}
        for name, act in self.inputs.items():
            q = self.rng.integers(low, high + 1, [count] + act.shape[1:])
            q[1] = np.where(self.rng.random(act.shape[1:]) < 0.5, low, high)
            if raw:
                arrays[name] = q.astype(self.dtype)
                continue
            offset = self.rng.choice([0.0, 0.5, 0.49, -3.0], q.shape)
            arrays[name] = ((q - act.zero + offset) * act.scale).astype(np.float32)
        return arrays


def generate(seed, features=None, prefix=""):
    """(Graph, {input: array}, raw) of a seed; features: names of layers, default LAYERS.

    prefix: what every name starts with; the network is the same.
    """
    net = NetBuilder(seed, prefix)
    names = sorted(features or LAYERS)
    weights = np.array([WEIGHTED.get(name, 1) for name in names], dtype=float)
    net.add_input()
    if net.rng.random() < 0.15:
        net.add_input()
    layers = int(net.rng.integers(1, 6))
    for number in range(layers):
        net.last = number == layers - 1
        for _ in range(20):
            name = str(net.rng.choice(names, p=weights / weights.sum()))
            if KNOWN[name](net) is not False:
                break
    net.add_outputs()
    raw = bool(net.rng.random() < 0.6)
    return net.graph, net.sample_inputs(raw), raw


def write_case(seed, folder, features=None):
    """Write one case; returns (model path, {input: array}, raw)."""
    graph, arrays, raw = generate(seed, features)
    os.makedirs(folder, exist_ok=True)
    model = os.path.join(folder, "model.onnx")
    graph.save(model)
    for name, array in arrays.items():
        np.save(os.path.join(folder, f"{name}.npy"), array)
    case = {"seed": seed, "raw": raw, "features": sorted(features or LAYERS),
            "inputs": {name: f"{name}.npy" for name in arrays}}
    with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as file:
        json.dump(case, file, indent=1)
    return model, arrays, raw


def parse_features(text):
    """Set of layer names from 'a,b,c' or 'all' (None: LAYERS).  Errors: ValueError."""
    if not text:
        return None
    if text == "all":
        return set(KNOWN)
    chosen = set(text.split(","))
    if chosen - set(KNOWN):
        raise ValueError(f"unknown features {sorted(chosen - set(KNOWN))}; "
                         f"known: {sorted(KNOWN)}")
    return chosen


def main():
    """Command line; see the top of the file."""
    parser = argparse.ArgumentParser(description="write a random QDQ network")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--features", help="comma separated: " + ", ".join(KNOWN))
    options = parser.parse_args()
    write_case(options.seed, options.out, parse_features(options.features))


if __name__ == "__main__":
    main()
