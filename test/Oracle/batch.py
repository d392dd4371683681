# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random networks side by side in one model, so that one process compiles many.

    cases = [make_case(seed) for seed in range(100)]
    for group in groups(cases, 20):
        reports = run_group("qbias", group, folder)      # {seed: compare.Report}

The networks stay apart: every name starts with the seed, and the oracle evaluates each
network from its own bytes, never from the joint model.
"""

import os
from dataclasses import dataclass

import numpy as np

import compare
import oracle
from onnx_reader import Model, parse_model
from onnx_writer import Graph
from random_net import generate


@dataclass
class Case:
    """A random network: how it is written, how it reads, its inputs."""

    seed: int
    graph: Graph
    model: Model
    arrays: dict
    raw: bool

    @property
    def kind(self):
        """What networks of one model and one run have in common."""
        samples = len(next(iter(self.arrays.values())))
        return self.graph.opset, self.graph.microsoft, self.raw, samples

    def save(self, folder):
        """Write model.onnx and <input>.npy; returns the model's path."""
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "model.onnx")
        self.graph.save(path)
        for name, array in self.arrays.items():
            np.save(os.path.join(folder, f"{name}.npy"), array)
        return path


def enliven(graph):
    """Make every integer tensor that nothing reads an output, so that no layer is dead."""
    model = parse_model(graph.serialize()).graph
    read = {name for node in model.nodes for name in node.inputs}
    read |= {value.name for value in model.outputs}
    for node in model.nodes:
        if node.op_type == "QuantizeLinear" and node.outputs[0] not in read:
            graph.output(node.outputs[0], model.initializers[node.inputs[2]].dtype, [])


def make_case(seed, features=None, prefix=""):
    """The network of a seed without dead layers."""
    graph, arrays, raw = generate(seed, features, prefix)
    enliven(graph)
    return Case(seed, graph, parse_model(graph.serialize()), arrays, raw)


def prefix_of(seed):
    """What the names of a network in a group start with."""
    return f"s{seed}."


def groups(cases, size):
    """Lists of at most `size` cases that fit into one model."""
    kinds = {}
    for case in cases:
        kinds.setdefault(case.kind, []).append(case)
    for members in kinds.values():
        for start in range(0, len(members), size):
            yield members[start:start + size]


def join(cases):
    """One graph of several."""
    first = cases[0].graph
    joint = Graph(opset=first.opset, microsoft=first.microsoft)
    for case in cases:
        for part in ("nodes", "initializers", "inputs", "outputs"):
            getattr(joint, part).extend(getattr(case.graph, part))
    return joint


def run_group(qbias, cases, folder, extra=()):
    """{seed: compare.Report} of cases of one kind, compiled and run as one model.

    Their prefixes are `prefix_of(seed)`.

    Errors: compare.DriverFailed for the whole group; Unsupported, OnnxError and ValueError
    where the oracle cannot evaluate a network.
    """
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "model.onnx")
    join(cases).save(path)
    arrays = {name: array for case in cases for name, array in case.arrays.items()}
    names = [value.name for case in cases for value in case.model.graph.outputs]
    dump, outputs = compare.run_on_arrays(qbias, path, arrays, names, cases[0].raw, extra)
    reports = {}
    for case in cases:
        expected = oracle.run(case.model, case.arrays, compare.settings_of(extra))
        own = {name: array for name, array in dump.items() if name.startswith(prefix_of(case.seed))}
        reports[case.seed] = compare.compare_arrays(expected, own, outputs, case.raw)
    return reports
