# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `--optimize=size` promises: the constants of a program, weights packed for its kernels
with biases and multipliers, take at most 1.3 times the bytes of the file's int8 weights."""

import os

from feed import DIGITS
from harness import cases, main, qbias, require, run
from model_reader import read_model

MOST = 1.3
READELF = "/usr/lib/llvm-22/bin/llvm-readelf"
MACHINES = {"avx2": ["--cpu=x86-64-v3"], "sse2": ["--cpu=x86-64"], "avx512": ["--cpu=x86-64-v4"],
            "avx512vnni": ["--cpu=x86-64-v4", "--features=+avx512vnni"],
            "aarch64": ["--target=aarch64-linux-gnu"]}


def weight_bytes(model):
    """int8 weights of an ONNX file."""
    tensors = read_model(model).graph.initializers.values()
    return sum(t.array.size for t in tensors if t.array.dtype == "int8" and t.array.ndim > 1)


def constant_bytes(program):
    """Bytes of the read-only sections of an object."""
    rows = run(READELF, "-S", "-W", program).stdout.splitlines()
    fields = [row.split("]", 1)[1].split() for row in rows if "] .rodata" in row]
    return sum(int(field[4], 16) for field in fields)


@cases({name: (options,) for name, options in MACHINES.items()})
def constants(folder, options):
    """Of the digits network; without the option those of SSE2 and AVX2 are larger."""
    program = os.path.join(folder, "net.o")
    qbias("compile", DIGITS, "-o", program, "--optimize=size", *options)
    size, weights = constant_bytes(program), weight_bytes(DIGITS)
    require(weights > 50000, f"{weights} bytes of weights")
    require(weights < size <= MOST * weights, f"{size} bytes for {weights} of weights")
    if "vnni" not in str(options):
        qbias("compile", DIGITS, "-o", program, *options)
        require(constant_bytes(program) > MOST * weights, "the option does nothing")


if __name__ == "__main__":
    main(__doc__)
