# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""compare.py and differential.py against a stand-in for the driver.

The stand-in answers `run` with the oracle's own integers, changed as the environment
variable STUB_FAULT says, so every kind of difference must be reported.
"""

import os
import stat
import subprocess
import sys
import tempfile
import unittest

import numpy as np

import compare
from random_net import write_case

HERE = os.path.dirname(os.path.abspath(__file__))
STUB = '''#!{python}
import json, os, sys
sys.path.insert(0, {here!r})
import numpy as np
import oracle
from onnx_reader import read_model
arguments, fault = sys.argv[1:], os.environ.get("STUB_FAULT", "")
assert arguments[0] == "run" and "--quiet" in arguments
if fault == "refuse":
    sys.exit("net.onnx: Conv 'c': not supported")
pairs = lambda flag: [arguments[i + 1].split("=", 1) for i, a in enumerate(arguments) if a == flag]
result = oracle.run(read_model(arguments[1]), {{n: np.load(p) for n, p in pairs("--input")}})
folder = arguments[arguments.index("--dump-dir") + 1]
index = {{}}
for number, (name, ints) in enumerate(result.quantized.items()):
    if number == 0 and fault == "missing":
        continue
    if number == 0 and fault == "value":
        ints = ints.copy()
        ints.reshape(-1)[1] += 2
    index[name] = f"{{number}}.npy"
    np.save(os.path.join(folder, index[name]), ints.astype(np.int32))
json.dump(index, open(os.path.join(folder, "index.json"), "w"))
for name, path in pairs("--output"):
    output = result.outputs[name]
    raw = "--raw" in arguments
    if output.kind == "real":
        values = output.accumulator() if raw else output.floats().astype(np.float32)
    elif output.kind == "integer" or raw:
        values = output.ints
    else:
        q, z, s = output.ints, output.tensor.zero_point.item(), output.tensor.scale.item()
        values = (q - int(z)).astype(np.float32) * np.float32(float(s))
    if fault == "output":
        values = values + 1
    np.save(path, values)
'''


class CompareTest(unittest.TestCase):
    """The report is empty for right answers and names what is wrong."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = holder.name
        self.stub = os.path.join(self.folder, "qbias")
        with open(self.stub, "w", encoding="utf-8") as file:
            file.write(STUB.format(python=sys.executable, here=HERE))
        os.chmod(self.stub, os.stat(self.stub).st_mode | stat.S_IXUSR)
        self.addCleanup(os.environ.pop, "STUB_FAULT", None)

    def report(self, seed, fault=""):
        """compare.compare of a random network."""
        os.environ["STUB_FAULT"] = fault
        model, arrays, raw = write_case(seed, os.path.join(self.folder, "case"))
        return compare.compare(self.stub, model, arrays, raw)

    def test_equal(self):
        """Raw and float cases, several kinds of outputs."""
        for seed in range(12):
            report = self.report(seed)
            self.assertEqual((report.differing, report.lines), (0, []), seed)
            self.assertGreater(report.elements, 0)

    def test_faults(self):
        """Every fault is counted and named."""
        for fault, text in (("value", "1 differ, max abs diff 2"), ("missing", "missing"),
                            ("output", "output ")):
            report = self.report(4, fault)
            self.assertGreater(report.differing, 0, fault)
            self.assertIn(text, "\n".join(report.lines))
        with self.assertRaises(compare.DriverFailed):
            self.report(4, "refuse")

    def test_command_lines(self):
        """Exit codes and last lines of compare.py and differential.py."""
        for fault, code in (("", 0), ("value", 1), ("refuse", 1)):
            os.environ["STUB_FAULT"] = fault
            work = os.path.join(self.folder, "work")
            done = subprocess.run(
                [sys.executable, os.path.join(HERE, "differential.py"), "--qbias", self.stub,
                 "--seeds", "4:6", "--work", work], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
            self.assertIn("cases: 2, failed: " + ("2" if code else "0"), done.stdout)
            self.assertTrue(done.stdout.startswith("seeds 4:6"), done.stdout)
            self.assertEqual(os.path.exists(os.path.join(work, "seed4", "model.onnx")), bool(code))
            self.assertEqual(os.path.exists(os.path.join(work, "seed4", "minimal.onnx")),
                             bool(code))
        os.environ["STUB_FAULT"] = ""
        folder = os.path.join(self.folder, "case")
        model, arrays, raw = write_case(5, folder)
        inputs = [part for name in arrays for part in
                  ("--input", f"{name}={os.path.join(folder, name)}.npy")]
        done = subprocess.run(
            [sys.executable, os.path.join(HERE, "compare.py"), "--qbias", self.stub, model]
            + inputs + (["--raw"] if raw else []), capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout.splitlines()[-1],
                         r"^tensors: \d+, elements: \d+, differing: 0$")

    def test_producer_dequantize(self):
        """Float outputs are compared bit for bit with float32((q - z)) * float32(s)."""
        report = compare.Report()
        report.add("y", np.float32([0.1]), np.float32([0.1]) * np.float32(1 + 2**-23))
        self.assertEqual(report.differing, 1)


if __name__ == "__main__":
    unittest.main()
