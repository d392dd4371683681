# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Differential test: random networks through the driver and the exact oracle.

    differential.py --qbias PATH/qbias --seeds A:B --work DIR [--group K] [--features conv,...]
                    [--certificates PATH/check_certificate.py] [--every N] [--state FILE]
                    [-- extra driver options]

Seeds A <= s < B; --group compiles up to K networks as one model.  With --certificates the
certificate of every N-th network is checked as well.  A network that differs, or that the
driver refuses, is run again alone and kept in DIR/seed<s> with its inputs, its report and
minimal.onnx, the smallest part of it that fails.  --state holds the next seed and the
totals, to go on where a run was interrupted.

The first line holds the seeds, the last is
`cases: N, failed: F, tensors: T, elements: E, differing: D`.  Exit code 1 on failure.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import batch
import compare
from exact_tensor import Unsupported
from minimize import minimize
from onnx_reader import OnnxError
from random_net import parse_features

WINDOW = 25  # groups whose networks are drawn before any is compiled


def check_certificate(options, model, folder):
    """Compile with a certificate and run the independent checker; '' or the complaint."""
    certificate = os.path.join(folder, "certificate.json")
    commands = [[options.qbias, "compile", model, "--certificate", certificate, "--quiet",
                 "--stage=integer", "-o", os.path.join(folder, "model.mlir")],
                [sys.executable, options.certificates, certificate, model]]
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=compare.TIMEOUT_SECONDS)
        if done.returncode != 0:
            return f"{os.path.basename(command[0])}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return ""


def run_alone(case, options, folder):
    """(Report, complaint or '') of one network."""
    report = compare.Report()
    try:
        report = compare.compare(options.qbias, case.save(folder), case.arrays, case.raw,
                                 options.extra)
    except compare.DriverFailed as error:
        return report, f"driver failed: {error}"
    except (Unsupported, OnnxError, ValueError) as error:
        return report, f"oracle failed: {error}"
    return report, "\n  ".join(report.lines) if report.differing else ""


def run_joint(cases, options, folder):
    """({seed: Report}, complaint or '') of a group as one model."""
    try:
        reports = batch.run_group(options.qbias, cases, folder, options.extra)
    except compare.DriverFailed as error:
        return {}, f"driver failed: {error}"
    except (Unsupported, OnnxError, ValueError) as error:
        return {}, f"oracle failed: {error}"
    wrong = [line for report in reports.values() for line in report.lines if report.differing]
    return reports, "\n  ".join(wrong)


def keep(case, options, folder, complaint):
    """Write the report of a failed network, and its smallest failing part."""
    with tempfile.TemporaryDirectory() as scratch:
        if not complaint.startswith(("oracle", "certificate")):
            complaint += "\n  " + minimize(
                case, folder, lambda part: bool(run_alone(part, options, scratch)[1]))
    with open(os.path.join(folder, "report.txt"), "w", encoding="utf-8") as file:
        file.write(complaint + "\n")
    print(f"seed {case.seed}: {complaint[:3000]}", flush=True)


class Run:
    """The totals of a run, and how it goes on."""

    def __init__(self, options):
        self.options, self.totals, self.failed = options, compare.Report(), []
        self.first, self.last = (int(number) for number in options.seeds.split(":"))
        self.next = self.first
        if options.state and os.path.exists(options.state):
            with open(options.state, encoding="utf-8") as file:
                state = json.load(file)
            self.next, self.failed = state["next"], state["failed"]
            self.totals = compare.Report(*(state[key] for key in
                                           ("tensors", "elements", "differing")))

    def finish(self, case, report, complaint, folder):
        """Count a network that ran alone."""
        self.totals.merge(report)
        options = self.options
        if not complaint and options.certificates and case.seed % options.every == 0:
            os.makedirs(folder, exist_ok=True)
            complaint = check_certificate(options, case.save(folder), folder)
            complaint = complaint and f"certificate: {complaint}"
        if complaint:
            self.failed.append(case.seed)
            keep(case, options, folder, complaint)
        else:
            shutil.rmtree(folder, ignore_errors=True)

    def run(self, cases):
        """Compile a group as one model; what fails there runs again alone."""
        options, reports, joint = self.options, {}, ""
        folder = os.path.join(options.work, "group")
        if len(cases) > 1:
            reports, joint = run_joint(cases, options, folder)
        failed = len(self.failed)
        for case in cases:
            own, complaint = os.path.join(options.work, f"seed{case.seed}"), ""
            report = reports.get(case.seed)
            if not report or report.differing:
                report, complaint = run_alone(case, options, own)
            self.finish(case, report, complaint, own)
        if joint and failed == len(self.failed):
            self.failed.append(cases[0].seed)
            shutil.move(folder, os.path.join(options.work, f"group{cases[0].seed}"))
            print(f"seeds {[case.seed for case in cases]} fail as one model only: {joint}",
                  flush=True)

    def window(self):
        """The next seeds, and the state after them."""
        options, end = self.options, min(self.last, self.next + WINDOW * self.options.group)
        cases = [batch.make_case(seed, options.features, batch.prefix_of(seed))
                 for seed in range(self.next, end)]
        for group in batch.groups(cases, options.group):
            self.run(group)
        self.next = end
        if options.state:
            state = {"next": end, "failed": self.failed, "tensors": self.totals.tensors,
                     "elements": self.totals.elements, "differing": self.totals.differing}
            with open(options.state + ".new", "w", encoding="utf-8") as file:
                json.dump(state, file)
            os.replace(options.state + ".new", options.state)

    def summary(self):
        """The last line."""
        return f"cases: {self.next - self.first}, failed: {len(self.failed)}, " \
               f"{self.totals.summary()}"


def main():
    """Command line; see the top of the file."""
    arguments, extra = sys.argv[1:], []
    if "--" in arguments:
        place = arguments.index("--")
        arguments, extra = arguments[:place], arguments[place + 1:]
    parser = argparse.ArgumentParser(description="random networks: driver against oracle")
    parser.add_argument("--qbias", required=True, help="the driver")
    parser.add_argument("--seeds", required=True, metavar="A:B")
    parser.add_argument("--work", required=True, metavar="DIR", help="where failures are kept")
    parser.add_argument("--group", type=int, default=1, metavar="K")
    parser.add_argument("--features", type=parse_features, help="layers to draw from")
    parser.add_argument("--certificates", metavar="SCRIPT", help="check certificates too")
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--state", metavar="FILE")
    options = parser.parse_args(arguments)
    options.extra = extra
    os.makedirs(options.work, exist_ok=True)
    print(f"seeds {options.seeds}", flush=True)
    run, start = Run(options), time.time()
    while run.next < run.last:
        run.window()
    shutil.rmtree(os.path.join(options.work, "group"), ignore_errors=True)
    if run.failed:
        print("failed seeds: " + " ".join(map(str, run.failed)))
    print(run.summary())
    print(f"{time.time() - start:.1f} s", file=sys.stderr)
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
