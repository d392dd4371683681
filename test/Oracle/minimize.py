# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The smallest part of a network that still fails, as a model of its own.

    minimize(case, folder, fails)

tries, for each integer tensor in the order of the network, the piece between quantized
tensors that makes it, fed with the oracle's integers; then everything in front of it;
then one sample alone.  folder/minimal.onnx and folder/minimal.<input>.npy are written.
"""

import os

import numpy as np

import oracle
from batch import Case
from exact_tensor import Unsupported
from onnx_reader import OnnxError, parse_model
from onnx_writer import Graph


def _needed(model, target, stops):
    """Indices of nodes that `target` is computed by, and the names they read."""
    producers = {name: index for index, node in enumerate(model.nodes) for name in node.outputs}
    indices, names, pending = set(), set(), [target]
    while pending:
        name = pending.pop()
        index = producers.get(name)
        if index is None or index in indices or (name in stops and name != target):
            continue
        indices.add(index)
        names.update(model.nodes[index].inputs)
        pending += model.nodes[index].inputs
    return sorted(indices), names


def cut(case, target, result, stops=()):
    """The case with `target` as its only output; tensors in `stops` become inputs.

    result: of the oracle, which knows the integers of those inputs.
    """
    model, whole = case.model.graph, case.graph
    indices, read = _needed(model, target, stops)
    made = {name for index in indices for name in model.nodes[index].outputs}
    graph = Graph(opset=whole.opset, microsoft=whole.microsoft)
    graph.nodes = [whole.nodes[index] for index in indices]
    for parts in ("initializers", "inputs"):
        names = [getattr(item, "name", item) for item in getattr(model, parts)]
        kept = [message for name, message in zip(names, getattr(whole, parts)) if name in read]
        getattr(graph, parts).extend(kept)
    arrays = {name: array for name, array in case.arrays.items() if name in read}
    for name in sorted((read & set(result.quantized)) - made):
        samples = len(next(iter(case.arrays.values())))
        ints, dtype = result.quantized[name], result.dtypes[name]
        graph.input(name, dtype, [len(ints) // samples, *ints.shape[1:]])
        arrays[name] = ints.astype(dtype)
    graph.output(target, result.dtypes[target], [])
    return Case(case.seed, graph, parse_model(graph.serialize()), arrays, case.raw)


def _one_sample(case, number, samples):
    """The case with one of its samples."""
    arrays = {}
    for name, array in case.arrays.items():
        size = len(array) // samples
        arrays[name] = array[number * size:(number + 1) * size]
    return Case(case.seed, case.graph, case.model, arrays, case.raw)


def _fails(candidate, fails):
    """Whether a candidate fails; one the oracle cannot read does not count."""
    try:
        return fails(candidate)
    except (Unsupported, OnnxError, ValueError):
        return False


def minimize(case, folder, fails):
    """The smallest failing part of a failing case, written to `folder`.

    fails: function of a Case.  Returns a line about what is left.
    """
    result = oracle.run(case.model, case.arrays)
    best, what = case, "the whole network"
    for target in result.quantized:
        pieces = [(cut(case, target, result, set(result.quantized)), "one segment"),
                  (cut(case, target, result), "the network up to one tensor")]
        found = next((piece for piece in pieces if _fails(piece[0], fails)), None)
        if found:
            best, what = found[0], f"{found[1]}, {target}"
            break
    samples = len(next(iter(case.arrays.values())))
    alone = [_one_sample(best, number, samples) for number in range(samples)]
    best = next((sample for sample in alone if _fails(sample, fails)), best)
    best.graph.save(os.path.join(folder, "minimal.onnx"))
    for name, array in best.arrays.items():
        np.save(os.path.join(folder, f"minimal.{name}.npy"), array)
    return f"minimal.onnx: {what}, {len(best.model.graph.nodes)} of " \
           f"{len(case.model.graph.nodes)} nodes"
