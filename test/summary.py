# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs lint, unit tests, oracle self-tests and lit, and prints one closing line.

usage: summary.py BUILD_DIR
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIT = "/usr/lib/llvm-22/bin/lit"


class Counts:
    """Tests that passed, failed, and were skipped, with names of the failed."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.names = []

    def add(self, name, status):
        if status == "passed":
            self.passed += 1
        elif status == "skipped":
            self.skipped += 1
        else:
            self.failed += 1
            self.names.append(name)


def run_lint(counts):
    for script in ("test/lint.py",):
        result = subprocess.run([sys.executable, os.path.join(TOP, script)])
        counts.add(script, "passed" if result.returncode == 0 else "failed")


def run_gtest(counts, binary):
    """One count a test of a GoogleTest binary."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        result = subprocess.run(
            [binary, "--gtest_brief=1", f"--gtest_output=json:{report.name}"])
        try:
            suites = json.load(open(report.name))["testsuites"]
        except ValueError:
            counts.add(os.path.basename(binary), "failed")
            return
    for suite in suites:
        for test in suite["testsuite"]:
            skipped = test.get("result") == "SKIPPED"
            status = "skipped" if skipped else "failed" if "failures" in test else "passed"
            counts.add(f"{suite['name']}.{test['name']}", status)
    if result.returncode not in (0, 1):
        counts.add(os.path.basename(binary), "failed")


def run_unittest(counts, folder):
    """One count a test of the oracle's own tests."""
    result = subprocess.run(
        [sys.executable, "-m", "unittest", "discover", "-s", folder, "-p", "test_*.py", "-v"],
        stderr=subprocess.PIPE, text=True)
    for line in result.stderr.splitlines():
        match = re.match(r"(\S+ \(\S+\)).*\.\.\. (ok|FAIL|ERROR|skipped.*)$", line)
        if match:
            word = match.group(2)
            status = {"ok": "passed"}.get(word, "skipped" if word.startswith("skipped") else "failed")
            counts.add(match.group(1), status)
    if result.returncode != 0:
        sys.stderr.write(result.stderr)
        if not counts.failed:
            counts.add(folder, "failed")


def run_lit(counts, build):
    """One count a lit test."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        subprocess.run(["/usr/bin/python3", LIT, "-s", "-v", "-j2", "--timeout=900", f"--xunit-xml-output={report.name}",
                        os.path.join(build, "test")])
        for case in ElementTree.parse(report.name).getroot().iter("testcase"):
            name = f"{case.get('classname')}/{case.get('name')}"
            if case.find("failure") is not None:
                counts.add(name, "failed")
            elif case.find("skipped") is not None:
                counts.add(name, "skipped")
            else:
                counts.add(name, "passed")


def print_machines(build):
    """What other-machines.test wrote: a line for each CPU and way."""
    path = os.path.join(build, "test", "Integration", "Output", "other-machines.test.tmp.txt")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            print(file.read(), end="")


def main():
    build = os.path.abspath(sys.argv[1])
    counts = Counts()
    run_lint(counts)
    run_gtest(counts, os.path.join(build, "bin", "QBiasUnitTests"))
    run_unittest(counts, os.path.join(TOP, "test", "Oracle"))
    run_lit(counts, build)
    print_machines(build)
    for name in counts.names:
        print("failed:", name)
    print(f"{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped")
    return 1 if counts.failed or not counts.passed else 0


if __name__ == "__main__":
    sys.exit(main())
