# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Integer ONNX graphs with shift requantization, made by others, equal their outputs.

    requant_shift.py WORK-DIR DATA [NET ...]

The files hold integers as floats; stored outputs, and activations where there are some, are
those of the graphs' own arithmetic: clip((x * mul + add + div / 2) >> log2(div)).
"""

import glob
import json
import os
import sys

import numpy as np

from harness import equal, qbias, require, run_all, save

from compare import load_dump
from onnx_reader import read_model
from onnx_writer import FLOAT, Graph


def between_quantizes(path, folder):
    """A copy of a graph without RequantShift, which does not say what its floats are: between
    a quantize to int8 and a dequantize."""
    model = read_model(path)
    graph, made = model.graph, Graph(opset=13)
    one, zero = made.const(np.float32(1)), made.const(np.int8(0))
    names = {}
    for value in graph.inputs:
        q = made.node("QuantizeLinear", [made.input(value.name, FLOAT, value.dims), one, zero])
        names[value.name] = made.node("DequantizeLinear", [q, one, zero])
    for node in graph.nodes:
        require(not graph.initializers and len(node.outputs) == 1, "constants")
        attributes = {key: value for key, value in node.attributes.items()}
        names[node.outputs[0]] = made.node(node.op_type, [names[name] for name in node.inputs],
                                           **attributes)
    for value in graph.outputs:
        q = made.node("QuantizeLinear", [names[value.name], one, zero])
        made.output(made.node("DequantizeLinear", [q, one, zero]), FLOAT, [])
    target = os.path.join(folder, "quantized.onnx")
    made.save(target)
    return target


def check(path, folder):
    """One graph."""
    graph, root, dtype = read_model(path).graph, os.path.dirname(path), np.int16
    if not any(node.op_type == "RequantShift" for node in graph.nodes):
        require("quantize" in qbias("report", path, code=1).stderr, "expects a refusal")
        path, dtype = between_quantizes(path, folder), np.int8
    given, stored = (np.load(os.path.join(root, f"{kind}puts.npz")) for kind in ("in", "out"))
    command = ["run", path, "--quiet", "--raw", "--dump-dir", os.path.join(folder, "dump")]
    for value, name in zip(graph.inputs, given.files):
        command += ["--input", f"{value.name}=" + save(
            folder, f"{name}.npy", given[name].astype(dtype))]
    target = os.path.join(folder, "y.npy")
    command += ["--output", target]
    qbias(*command)
    expected = stored[stored.files[0]]
    got = np.load(target)
    require(got.dtype in (np.int8, np.uint8), f"type {got.dtype}")
    equal(int(np.sum(got.reshape(expected.shape) != expected)), 0,
          f"elements of {expected.size} that differ")
    check_certified(path)
    check_layers(os.path.join(root, "activations.npz"), load_dump(os.path.join(folder, "dump")))


def check_certified(path):
    """Every channel is proven equal to the graph's own arithmetic."""
    totals = json.loads(qbias("report", path, "--format=json").stdout)["totals"]
    equal(totals["certified_channels"], totals["channels"], "certified channels")
    require(totals["layers"] > 0 and totals["float_ops"] == 0, f"totals: {totals}")


def check_layers(path, dump):
    """Every stored result of a RequantShift is one of the dumped tensors (names differ)."""
    if not os.path.exists(path):
        return
    kept = np.load(path)
    narrow = [kept[name] for name in kept.files if "act_pass" in name]
    require(narrow, "no activations behind a RequantShift")
    for values in narrow:
        require(any(other.size == values.size and np.array_equal(other.reshape(-1), values.reshape(-1))
                    for other in dump.values()), f"no tensor equals one of shape {values.shape}")


def main():
    """Command line; see the top of the file."""
    folder, data, *names = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    paths = sorted(glob.glob(os.path.join(data, "conformance", "deeploy_int", "**", "*.onnx"),
                             recursive=True))
    paths = [path for path in paths if not names or path.split(os.sep)[-2] in names]
    run_all([(path.split(os.sep)[-2], lambda path=path: check(path, folder)) for path in paths],
            "graphs")


if __name__ == "__main__":
    main()
