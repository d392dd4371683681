# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""int8, int16 and int4 on one convolution: what each can hold, and what it costs.

    integer_types.py [--qbias PATH] [--out DIR]

Writes a 3x3 convolution of 16 channels with random float weights, quantized to each
combination of types below, and prints what `qbias report` says of it: types and ranges of
activations and weights, bytes of the weights, the bits that the largest possible sum
needs, channels that are proven; and how far the result of `qbias run` is from the float
convolution.  The models stay in DIR (default: build/try).
"""

import argparse
import json
import os
import subprocess
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "test", "Oracle"))

from onnx_writer import FLOAT, Graph  # noqa: E402  (needs the path above)

RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767), "int4": (-8, 7)}
COMBINATIONS = [("uint8", "int8"), ("int8", "int8"), ("int8", "int4"), ("int16", "int8")]
CHANNELS, SIDE, SAMPLES = 16, 8, 20


def scale_for(largest, dtype):
    """A symmetric scale: `largest` becomes the largest integer of a signed type."""
    return np.float32(largest / RANGES[dtype][1])


def quantized(graph, real, largest, dtype):
    """Quantize and dequantize an activation; unsigned types have the zero point 128."""
    zero, span = (128, largest * 2) if dtype == "uint8" else (0, largest)
    parameters = [graph.const(scale_for(span, dtype)),
                  graph.const(np.array(zero), dtype=dtype)]
    integers = graph.node("QuantizeLinear", [real] + parameters)
    return graph.node("DequantizeLinear", [integers] + parameters)


def make_layer():
    """(input, weights, bias) in float32, always the same."""
    rng = np.random.default_rng(0)
    return (rng.normal(size=(SAMPLES, CHANNELS, SIDE, SIDE)).astype(np.float32),
            (rng.normal(size=(CHANNELS, CHANNELS, 3, 3)) / 12).astype(np.float32),
            rng.normal(size=CHANNELS).astype(np.float32))


def convolve(x, w, b):
    """The float convolution, in float64."""
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)))
    return b[:, None, None] + sum(
        np.einsum("nchw,oc->nohw", padded[:, :, i:i + SIDE, j:j + SIDE], w[:, :, i, j])
        for i in range(3) for j in range(3))


def write_model(path, w, b, activation, weight):
    """The layer with the given integer types, one weight scale per output channel."""
    scales = np.array([scale_for(np.abs(row).max(), weight) for row in w], dtype=np.float32)
    integers = np.rint(w / scales[:, None, None, None]).astype(np.int64)
    graph = Graph(opset=21)
    x = quantized(graph, graph.input("x", FLOAT, [1, CHANNELS, SIDE, SIDE]), 4.0, activation)
    constant = graph.node("DequantizeLinear", [
        graph.const(integers, name="w", dtype=weight), graph.const(scales),
        graph.const(np.zeros(CHANNELS), dtype=weight)], axis=0)
    real = graph.node("Conv", [x, constant, graph.const(b)], pads=[1, 1, 1, 1], name="conv")
    graph.output(quantized(graph, real, 8.0, activation))
    graph.save(path)


def run(*command):
    """stdout of a command; ends with its error when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.rstrip())
    return done.stdout


def describe(qbias, folder, activation, weight):
    """The row of one combination."""
    layer_input, w, b = make_layer()
    model = os.path.join(folder, f"conv.{activation}.{weight}.onnx")
    data, result = os.path.join(folder, "conv.x.npy"), os.path.join(folder, "conv.y.npy")
    write_model(model, w, b, activation, weight)
    np.save(data, layer_input)
    run(qbias, "run", model, "--quiet", "--input", data, "--output", result)
    expected = convolve(layer_input, w, b)
    noise = np.load(result) - expected
    decibels = 10 * np.log10((expected**2).sum() / (noise**2).sum())
    report = json.loads(run(qbias, "report", model, "--format=json"))
    x, weight = (next(tensor for tensor in report["tensors"] if tensor["kind"] == kind)
                 for kind in ("activation", "weight"))
    layer = report["layers"][0]
    largest = max(max(layer["acc_max"]), -min(layer["acc_min"]))
    bits = int(weight["dtype"].lstrip("int"))
    return [f"{x['dtype']} [{x['qmin']}, {x['qmax']}]",
            f"{weight['dtype']} [{weight['qmin']}, {weight['qmax']}]",
            str(np.prod(weight["shape"]) * bits // 8), str(int(largest).bit_length() + 1),
            f"{layer['certified_channels']} of {layer['channels']}",
            f"{decibels:.1f} dB"]


def main():
    """Command line; see the top of the file."""
    parser = argparse.ArgumentParser(description="integer types on one convolution")
    parser.add_argument("--qbias", default=os.path.join(TOP, "build", "bin", "qbias"))
    parser.add_argument("--out", default=os.path.join(TOP, "build", "try"))
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    rows = [["activations", "weights", "bytes of weights", "bits of the sum", "proven",
             "signal to noise"]]
    rows += [describe(options.qbias, options.out, *types) for types in COMBINATIONS]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
