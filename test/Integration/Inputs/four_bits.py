# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights of four bits stand two to a byte in programs, and give the same integers.

    four_bits.py WORK-DIR [CASE ...]
"""

import json
import os
import re

import numpy as np

import feed
from harness import FLOAT, Net, cases, main, qbias, require, run
from plans import machine_options, runnable_plans

KINDS = {"int4": (-8, 7), "lifted": (-3, 12), "int8": (-128, 127)}  # ranges of weights


def network(kind, folder):
    """Dense, depthwise and grouped convolutions, odd counts of weights, a matrix product."""
    low, high = KINDS[kind]
    rng = np.random.default_rng(9)
    net = Net("int8", opset=21)

    def layer(x, op, shape, scale, **attributes):
        weights = rng.integers(low, high + 1, shape)
        weights.reshape(-1)[:2] = low, high
        count = shape[0]
        scales = rng.uniform(0.5, 2, count).astype(np.float32) / (high - low)
        bias = net.const(rng.normal(size=count).astype(np.float32))
        y = net.node(op, [x, net.constant(weights, scales), bias], **attributes)
        return net.requantize(y, scale, 3)

    x = net.quantized_input("x", [1, 5, 9, 8], 0.02, -7)
    x = layer(x, "Conv", [33, 5, 3, 3], 0.05, pads=[1] * 4)
    x = layer(x, "Conv", [33, 1, 3, 3], 0.05, group=33, pads=[1] * 4)
    x = layer(x, "Conv", [22, 3, 1, 1], 0.05, group=11)
    x = net.node("Flatten", [layer(x, "Conv", [3, 22, 1, 1], 0.05)], axis=1)
    net.output(layer(x, "Gemm", [61, 216], 0.1, transB=1), FLOAT, [1, 61])
    path = os.path.join(folder, f"{kind}.onnx")
    net.save(path)
    return feed.Network(path, {"x": net.stimuli(4)["x"]})


def constant_bytes(path):
    """Size of the constants of an object."""
    sizes = re.findall(r" \.rodata\S*\s+([0-9a-f]{8})", run("llvm-objdump", "-h", path).stdout)
    require(sizes, "no constants")
    return sum(int(size, 16) for size in sizes)


def weight_count():
    """Weights of the network."""
    return 33 * 5 * 9 + 33 * 9 + 22 * 3 + 3 * 22 + 61 * 216


@cases({f"{kind}_{number}": (kind, *pair) for kind in ("int4", "lifted")
        for number, pair in enumerate(runnable_plans())})
def same_integers(folder, kind, cpu, plan):
    """Every plan gives the exact reference's integers."""
    options = [f"--plan={plan}"] + machine_options(cpu)
    made = network(kind, folder)
    target = os.path.join(folder, "y.npy")
    x = made.inputs[0].reshape(-1, 1, 5, 9, 8)
    np.save(os.path.join(folder, "x.npy"), x)
    qbias("run", made.model, "--raw", "--input", os.path.join(folder, "x.npy"), "--output", target,
          *options)
    got = np.load(target).reshape(made.outputs[0].shape)
    require(np.array_equal(got, made.outputs[0]), f"{np.sum(got != made.outputs[0])} differ")


@cases({"reference": ("--plan=reference",), "pairs": ("--plan=pair16",)})
def half_the_constants(folder, plan):
    """Objects hold four bits a weight, and little else that int8 has not."""
    sizes = {}
    for kind in ("int4", "int8"):
        path = os.path.join(folder, f"{kind}.o")
        qbias("compile", network(kind, folder).model, "-o", path, "--cpu=x86-64-v3", plan)
        sizes[kind] = constant_bytes(path)
    packed = 1 if plan == "--plan=reference" else 2  # bytes of a weight of 8 bits
    saved, expected = sizes["int8"] - sizes["int4"], weight_count() * (packed - 0.5)
    require(0.9 * expected < saved < 1.6 * expected, f"bytes of constants: {sizes}")


@cases({"exact": ("int4",), "lifted": ("lifted",)})
def c_source(folder, kind):
    """So do arrays of C output, which compilers accept; the same integers."""
    made = network(kind, folder)
    source = os.path.join(folder, "net.c")
    qbias("compile", made.model, f"--name={feed.NAME}", "-o", source)
    with open(source, encoding="ascii") as file:
        text = file.read()
    arrays = [int(size) for size in re.findall(r"uint8_t weight\[(\d+)\] = ", text)]
    require(arrays == [743, 149, 33, 33, 6588], f"bytes of weights: {arrays}")
    made.write_program(os.path.join(folder, "main.c"))
    program = os.path.join(folder, "main")
    run("gcc", "-std=c99", *feed.STRICT, "-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all",
        f"-I{folder}", source, os.path.join(folder, "main.c"), "-o", program)
    made.feed(folder, "four bits", [program])


@cases({"int4": ("int4", 2), "int8": ("int8", 1)})
def report_counts(folder, kind, in_a_byte):
    """weight_bytes counts half bytes; the rest are biases of 32 bits."""
    done = qbias("report", network(kind, folder).model, "--format=json")
    counts = [33 * 5 * 9, 33 * 9, 22 * 3, 3 * 22, 61 * 216]
    expected = sum(-(-count // in_a_byte) for count in counts) + 4 * (33 + 33 + 22 + 3 + 61)
    found = json.loads(done.stdout)["totals"]["weight_bytes"]
    require(found == expected, f"weight_bytes: {found}, expected {expected}")


if __name__ == "__main__":
    main(__doc__)
