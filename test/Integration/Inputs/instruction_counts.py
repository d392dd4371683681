# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Instructions of kernels, counted by callgrind, stay within a band.

    instruction_counts.py WORK-DIR

A convolution is compiled for an AVX2 machine (callgrind knows no AVX-512) into an object, linked
with a caller that runs it once, and counted.  The band is per multiplication: a kernel that loses
its registers or its fusion leaves it, another version of LLVM does not.
"""

import os
import re
import subprocess

import numpy as np

from harness import FLOAT, Graph, case, main, require, run

CALLER = """
#include <stdint.h>
#include <stdlib.h>
#include "layer.h"
static uint8_t x[{inputs}], y[{outputs}];
int main(void) {{
  void *workspace = aligned_alloc(64, (layer_WORKSPACE_BYTES + 64) / 64 * 64);
  return workspace ? layer_run(x, y, workspace, layer_WORKSPACE_BYTES) : 1;
}}
"""


def count(folder, plan, channels, size, kernel):
    """(instructions of the kernels, multiplications) of a convolution that keeps the size."""
    rng = np.random.default_rng(1)
    graph = Graph(opset=13)
    graph.input("x", FLOAT, [1, channels, size, size])
    one, zero = graph.const(np.float32(1)), graph.const(np.array(0, np.uint8))
    x = graph.node("DequantizeLinear", [graph.node("QuantizeLinear", ["x", one, zero]), one, zero])
    weights = rng.integers(-127, 128, (channels, channels, kernel, kernel)).astype(np.int8)
    w = graph.node("DequantizeLinear",
                   [graph.const(weights), graph.const(np.float32(1 / 3000))])
    y = graph.node("Relu", [graph.node("Conv", [x, w], kernel_shape=[kernel] * 2,
                                       pads=[kernel // 2] * 4)])
    y = graph.node("DequantizeLinear", [graph.node("QuantizeLinear", [y, one, zero]), one, zero])
    graph.output(y, FLOAT, [])
    path = os.path.join(folder, "model.onnx")
    graph.save(path)
    run("qbias", "compile", path, "--name=layer", "--cpu=haswell", f"--plan={plan}",
        "-o", os.path.join(folder, "layer.o"))
    elements = channels * size * size
    with open(os.path.join(folder, "call.c"), "w", encoding="utf-8") as file:
        file.write(CALLER.format(inputs=elements, outputs=elements))
    program = os.path.join(folder, "call")
    run("clang-22", "-O1", os.path.join(folder, "call.c"), os.path.join(folder, "layer.o"),
        "-o", program)
    out = os.path.join(folder, "callgrind.out")
    subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", program],
                   check=True, capture_output=True)
    text = subprocess.run(["callgrind_annotate", "--threshold=100", out], check=True,
                          capture_output=True, text=True).stdout
    counts = [int(line.split()[0].replace(",", "")) for line in text.splitlines()
              if re.search(r"qbias_kernel_\d+", line)]
    require(counts, f"no kernel in the profile:\n{text[-800:]}")
    return sum(counts), elements * channels * kernel**2


def check(folder, plan, low, high, channels=64, kernel=3, size=28):
    """Instructions for a multiplication lie in low .. high."""
    instructions, macs = count(folder, plan, channels, size, kernel)
    ratio = instructions / macs
    require(low <= ratio <= high, f"{plan}: {ratio:.4f} instructions for a multiplication, "
                                  f"expected {low} to {high}")


@case
def direct(folder):
    """16-bit pairs: a multiply-add of 16 takes two instructions and a share of the loads."""
    check(folder, "pair16", 0.18, 0.22)


@case
def short(folder):
    """Eight steps a sum: half of the instructions requantize and store."""
    check(folder, "pair16", 0.24, 0.3, channels=16, kernel=1)


@case
def winograd(folder):
    """A quarter of the products, and the transforms."""
    check(folder, "winograd4", 0.06, 0.085)


@case
def winograd_of_bytes(folder):
    """Four tiles: a transformed filter is stored for every four products with it."""
    check(folder, "winograd4w8", 0.08, 0.1, channels=128, size=7)


main(__doc__)
