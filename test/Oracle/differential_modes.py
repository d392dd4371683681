# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Differential test of the modes: random networks, the LLVM-compiled program of each mode
against the scalar models of modes.py.

    differential_modes.py --qbias PATH/qbias --seeds A:B --work DIR [--options OPTION,...]

OPTIONS: requant=single, requant=tflite, requant=float, requant=shift, bias=int32,
bias=int8, bias=float (default: all).  Every seed runs with one of them, in turn.  In mode
shift a network is legal or refused; both sides have to say the same.  A case that differs
is kept in DIR/seed<s>.  The last line is
`cases: N, refused: R, failed: F, tensors: T, elements: E, differing: D`.
"""

import argparse
import os
import shutil
import sys

import compare
import modes
from exact_tensor import Unsupported
from onnx_reader import OnnxError
from random_net import write_case

OPTIONS = ["requant=tflite", "requant=single", "requant=float", "requant=shift",
           "bias=int32", "bias=int8", "bias=float"]
FEATURES = {"conv", "conv_skip", "linear", "add", "mul", "avg_pool", "max_pool", "concat",
            "unary", "reshape", "pad", "conv_unary"}


def run_case(seed, folder, qbias, option):
    """(Report, refused, complaint) of one seed."""
    model, arrays, raw = write_case(seed, folder, FEATURES)
    try:
        report = compare.compare(qbias, model, arrays, raw, [f"--{option}"])
        return report, False, "\n  ".join(report.lines) if report.differing else ""
    except modes.Illegal as reason:
        try:
            compare.run_driver(qbias, model, {}, {}, os.path.join(folder, "dump"), raw,
                               [f"--{option}"])
        except compare.DriverFailed as error:
            expected = "mode shift" in str(error)
            return compare.Report(), True, "" if expected else f"expects {reason}, got {error}"
        return compare.Report(), True, f"expects a refusal: {reason}"
    except compare.DriverFailed as error:
        return compare.Report(), False, f"driver failed: {error}"
    except (Unsupported, OnnxError, ValueError) as error:
        return compare.Report(), False, f"oracle failed: {error}"


def main():
    """Command line; see the top of the file."""
    parser = argparse.ArgumentParser(description="random networks in every mode")
    parser.add_argument("--qbias", required=True)
    parser.add_argument("--seeds", required=True, metavar="A:B")
    parser.add_argument("--work", required=True, metavar="DIR")
    parser.add_argument("--options", default=",".join(OPTIONS))
    options = parser.parse_args()
    chosen, first_last = options.options.split(","), options.seeds.split(":")
    totals, failed, refused = compare.Report(), 0, 0
    seeds = range(*map(int, first_last))
    for seed in seeds:
        option = chosen[seed % len(chosen)]
        folder = os.path.join(options.work, f"seed{seed}")
        report, is_refused, complaint = run_case(seed, folder, options.qbias, option)
        refused += is_refused
        totals.tensors += report.tensors
        totals.elements += report.elements
        totals.differing += report.differing
        if not complaint:
            shutil.rmtree(folder)
            continue
        failed += 1
        print(f"seed {seed} --{option}: {complaint[:2000]}", flush=True)
    print(f"cases: {len(seeds)}, refused: {refused}, failed: {failed}, {totals.summary()}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
