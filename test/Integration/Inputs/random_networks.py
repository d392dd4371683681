# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random networks of the oracle through the driver, for a time but at least N of them.

    random_networks.py WORK-DIR --seeds A:B [--seconds S] [--at-least N]
                       [--certificates SCRIPT] [--every K]

Every quantized tensor nothing reads becomes an output too, so that no layer is dead.
A case that differs is kept in WORK-DIR/seed<s>.  With --certificates every K-th case
has its certificate checked as well.  Prints a line per failure and
`cases: N, failed: F, tensors: T, elements: E, differing: D`; exit code 1 on failure.
"""

import argparse
import os
import shutil
import sys
import time

import numpy as np

from harness import QBIAS, Failed, compare, run

from exact_tensor import Unsupported
from onnx_reader import OnnxError, read_model
from random_net import generate


def enliven(graph, path):
    """Save the graph with every unread integer tensor as an additional output."""
    graph.save(path)
    model = read_model(path).graph
    read = {name for node in model.nodes for name in node.inputs}
    read |= {value.name for value in model.outputs}
    for node in model.nodes:
        if node.op_type == "QuantizeLinear" and node.outputs[0] not in read:
            dtype = model.initializers[node.inputs[2]].dtype
            graph.output(node.outputs[0], dtype, [])
    graph.save(path)


def run_case(seed, folder, checker):
    """(compare.Report, complaint or '') of a seed."""
    os.makedirs(folder, exist_ok=True)
    graph, arrays, raw = generate(seed)
    model = os.path.join(folder, "model.onnx")
    enliven(graph, model)
    for name, array in arrays.items():
        np.save(os.path.join(folder, f"{name}.npy"), array)
    try:
        report = compare.compare(QBIAS, model, arrays, raw)
        if not report.differing and checker:
            certificate = os.path.join(folder, "certificate.json")
            run(QBIAS, "compile", model, "--certificate", certificate, "--stage=integer",
                "-o", os.path.join(folder, "model.mlir"))
            run(sys.executable, checker, certificate, model)
    except (compare.DriverFailed, Failed) as error:
        return compare.Report(), f"driver failed: {error}"
    except (Unsupported, OnnxError, ValueError) as error:
        return compare.Report(), f"oracle failed: {error}"
    return report, "\n  ".join(report.lines) if report.differing else ""


def main():
    """Command line; see the top of the file."""
    parser = argparse.ArgumentParser(description="random networks: driver against oracle")
    parser.add_argument("work", metavar="WORK-DIR")
    parser.add_argument("--seeds", required=True, metavar="A:B")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--at-least", type=int, default=1, metavar="N")
    parser.add_argument("--certificates", metavar="SCRIPT")
    parser.add_argument("--every", type=int, default=1, metavar="K")
    options = parser.parse_args()
    totals, failed, done, start = compare.Report(), 0, 0, time.monotonic()
    for seed in range(*map(int, options.seeds.split(":"))):
        if done >= options.at_least and time.monotonic() - start > options.seconds:
            break
        folder = os.path.join(options.work, f"seed{seed}")
        checker = options.certificates if seed % options.every == 0 else None
        report, complaint = run_case(seed, folder, checker)
        done += 1
        totals.tensors += report.tensors
        totals.elements += report.elements
        totals.differing += report.differing
        if not complaint:
            shutil.rmtree(folder)
            continue
        failed += 1
        print(f"seed {seed}: {complaint[:3000]}", flush=True)
    print(f"cases: {done}, failed: {failed}, {totals.summary()}")
    return 1 if failed or done < options.at_least else 0


if __name__ == "__main__":
    sys.exit(main())
