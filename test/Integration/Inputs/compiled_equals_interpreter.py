# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares compiled programs with the interpreter, integer by integer.

usage: compiled_equals_interpreter.py PROGRAMS.mlir SEEDS

Every part of the file (split at // -----) has one function `main`. Its integer
program is checked against its real numbers by --qbias-check-rewrite, printed by
--qbias-interpret, and run by `qbias run --raw` on the same inputs.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

import numpy


def run(*command):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\nexit code {result.returncode}\n{result.stderr}")
    return result.stdout


def stack(cases, key, index):
    """One array of all cases, a leading axis more than the tensor."""
    tensors = [case[key][index] for case in cases]
    values = [tensor["values"] for tensor in tensors]
    return numpy.array(values, dtype=numpy.int64).reshape(len(cases), *tensors[0]["shape"])


def interpret(program, integer, seeds):
    run("qbias-opt", program, "-o", integer,
        f"--qbias-check-rewrite=pipeline=qbias-integerize seeds={seeds}")
    lines = run("qbias-opt", integer, "-o", os.devnull, f"--qbias-interpret=seeds={seeds}")
    return [json.loads(line) for line in lines.splitlines()]


def execute(program, cases, folder):
    """The outputs of the compiled program, flat."""
    arguments = ["qbias", "run", program, "--raw"]
    for i in range(len(cases[0]["inputs"])):
        path = os.path.join(folder, f"in{i}.npy")
        numpy.save(path, stack(cases, "inputs", i))
        arguments += ["--input", path]
    paths = [os.path.join(folder, f"out{i}.npy") for i in range(len(cases[0]["outputs"]))]
    for path in paths:
        arguments += ["--output", path]
    run(*arguments)
    return [numpy.load(path).astype(numpy.int64).reshape(-1) for path in paths]


def check(name, program, seeds, folder):
    cases = interpret(program, os.path.join(folder, "integer.mlir"), seeds)
    for i, got in enumerate(execute(program, cases, folder)):
        expected = stack(cases, "outputs", i)
        differ = numpy.flatnonzero(expected.reshape(-1) != got)
        if differ.size:
            at = numpy.unravel_index(differ[0], expected.shape)
            sys.exit(f"{name}: output {i} at {list(map(int, at[1:]))} is {got[differ[0]]}, "
                     f"interpreted {expected[at]}, for inputs '{cases[at[0]]['set']}'; "
                     f"{differ.size} of {got.size} differ")
    print(f"{name}: {len(cases)} inputs equal")


def main():
    path, seeds = sys.argv[1:]
    with open(path) as file:
        parts = file.read().split("// -----")
    for part in parts:
        name = re.search(r"// (.*)", part).group(1)
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "program.mlir")
            with open(program, "w") as file:
                file.write(part)
            check(name, program, seeds, folder)


if __name__ == "__main__":
    main()
