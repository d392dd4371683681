# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Differential test: random networks through the driver and the exact oracle.

    differential.py --qbias PATH/qbias --seeds A:B --work DIR [--features conv,add,...]
                    [--certificates PATH/check_certificate.py] [-- extra driver options]

Seeds A <= s < B.  A case that differs, or that the driver refuses, is kept in
DIR/seed<s> with its report; passing cases are removed.  The last line is
`cases: N, failed: F, tensors: T, elements: E, differing: D`.  Exit code 1 on failure.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time

import compare
from exact_tensor import Unsupported
from onnx_reader import OnnxError
from random_net import parse_features, write_case


def check_certificate(qbias, checker, model, folder):
    """Compile with a certificate and run the independent checker; '' or the complaint."""
    certificate = os.path.join(folder, "certificate.json")
    commands = [[qbias, "compile", model, "--certificate", certificate, "--quiet",
                 "-o", os.path.join(folder, "model.mlir")],
                [sys.executable, checker, certificate, model]]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=compare.TIMEOUT_SECONDS)
        if done.returncode != 0:
            return f"{os.path.basename(command[0])}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return ""


def run_case(seed, folder, options, extra):
    """(Report or None, list of complaints) of one seed."""
    model, arrays, raw = write_case(seed, folder, options.features)
    try:
        report = compare.compare(options.qbias, model, arrays, raw, extra)
    except compare.DriverFailed as error:
        return None, [f"driver failed: {error}"]
    except (Unsupported, OnnxError, ValueError) as error:
        return None, [f"oracle failed: {error}"]
    complaints = list(report.lines) if report.differing else []
    if options.certificates:
        complaint = check_certificate(options.qbias, options.certificates, model, folder)
        complaints += [f"certificate: {complaint}"] if complaint else []
    return report, complaints


def main():
    """Command line; see the top of the file."""
    arguments, extra = sys.argv[1:], []
    if "--" in arguments:
        cut = arguments.index("--")
        arguments, extra = arguments[:cut], arguments[cut + 1:]
    parser = argparse.ArgumentParser(description="random networks: driver against oracle")
    parser.add_argument("--qbias", required=True, help="the driver")
    parser.add_argument("--seeds", required=True, metavar="A:B")
    parser.add_argument("--work", required=True, metavar="DIR", help="where failures are kept")
    parser.add_argument("--features", type=parse_features, help="layers to draw from")
    parser.add_argument("--certificates", metavar="SCRIPT", help="check certificates too")
    options = parser.parse_args(arguments)
    first, _, last = options.seeds.partition(":")
    totals, failed, start = compare.Report(), [], time.time()
    seeds = range(int(first), int(last) if last else int(first) + 1)
    for seed in seeds:
        folder = os.path.join(options.work, f"seed{seed}")
        report, complaints = run_case(seed, folder, options, extra)
        if report:
            totals.tensors += report.tensors
            totals.elements += report.elements
            totals.differing += report.differing
        if not complaints:
            shutil.rmtree(folder)
            continue
        failed.append(seed)
        print(f"seed {seed}: " + "\n  ".join(complaints), flush=True)
        with open(os.path.join(folder, "report.txt"), "w", encoding="utf-8") as file:
            file.write("\n".join(complaints) + "\n")
    if failed:
        print("failed seeds: " + " ".join(map(str, failed)))
    print(f"cases: {len(seeds)}, failed: {len(failed)}, {totals.summary()}")
    print(f"{time.time() - start:.1f} s", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
