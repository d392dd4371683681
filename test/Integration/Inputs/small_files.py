# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small ONNX files that could ask for much: small_files.py WORK-DIR [CASE ...].

Some hundred nodes whose tensors or numbers double with each: every file is compiled or
refused in bounded time and memory.  Where one is compiled, a shorter one equals the exact
oracle, which takes its time.
"""

import os
import resource
import subprocess

from harness import QBIAS, cases, main, require  # first: it finds the oracle
from support_net import Net
from support_table import check_exact

LEVELS, SHORT = 60, 5
SECONDS = 60  # of processor time; all of them take less than one
BYTES = 4 << 30


def maxima(net, x, levels):
    """Both operands of each maximum come from the one before."""
    for _ in range(levels):
        x = net.node("Max", [x, net.node("Transpose", [x], perm=[0, 1, 3, 2])])
    return x


def crossed_maxima(net, x, levels):
    """Two chains that read each other."""
    y = net.input([1, 2, 2, 2])
    for _ in range(levels):
        x, y = net.node("Max", [x, y]), net.node("Min", [y, x])
    return net.node("Max", [x, y])


def limited_maxima(net, x, levels):
    """A limit behind each of them."""
    for _ in range(levels):
        turned = net.node("Transpose", [x], perm=[0, 1, 3, 2])
        x = net.node("Clip", [net.node("Max", [x, turned]), net.number(-3), net.number(3)])
    return x


def circling_transposes(net, x, levels):
    """Sums of a tensor and itself in another order."""
    for number in range(levels):
        order = [0, 3, 1, 2] if number % 2 else [0, 2, 3, 1]
        x = net.requantize(net.node("Add", [net.node("Transpose", [x], perm=order), x]))
    return x


def products_with_functions(net, x, levels):
    """x f(x), each of the one before."""
    for _ in range(levels):
        x = net.node("Mul", [x, net.node("Sigmoid", [x])])
    return x


def squares(net, x, levels):
    """Exact numbers of 2^60 digits."""
    for _ in range(levels):
        x = net.node("Pow", [x, net.number(2)])
    return x


def functions(net, x, levels):
    """Thousands of functions for each of 65,536 integers."""
    for _ in range(40 * levels):
        x = net.node("Sigmoid", [x])
    return x


def matrix_powers(net, x, levels):
    """Products of a product with itself."""
    for _ in range(levels):
        x = net.node("MatMul", [x, x])
    return x


def growing_concats(net, x, levels):
    """2^60 elements."""
    for _ in range(levels):
        x = net.node("Concat", [x, x], axis=1)
    return x


def limit():
    """For the process that compiles."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))


@cases({
    "maxima": (maxima, "uint8", ""),
    "crossed_maxima": (crossed_maxima, "uint8", ""),
    "limited_maxima": (limited_maxima, "int8", ""),
    "circling_transposes": (circling_transposes, "uint8", ""),
    "products_with_functions": (products_with_functions, "uint8", "quantize"),
    "squares": (squares, "uint8", "expects fewer functions between two quantizes"),
    "functions": (functions, "int16", "expects fewer functions between two quantizes"),
    "matrix_powers": (matrix_powers, "uint8", "quantize"),
    "growing_concats": (growing_concats, "uint8", "fewer than 2^31 elements"),
})
def small_file(folder, build, dtype, words):
    """Compiled (no words), or refused with the words."""
    def network(levels):
        net = Net(dtype)
        return net.output(build(net, net.input([1, 2, 2, 2]), levels), net.input_scale)
    path = os.path.join(folder, "model.onnx")
    network(LEVELS).save(path)
    done = subprocess.run([QBIAS, "compile", path, "-o", path + ".ll"], capture_output=True,
                          text=True, check=False, preexec_fn=limit, timeout=10 * SECONDS)
    require(done.returncode == (1 if words else 0) and words in done.stderr,
            f"exit code {done.returncode}: {done.stderr[-1000:]}")
    if not words:
        check_exact(QBIAS, network(SHORT), folder)


if __name__ == "__main__":
    main(__doc__)
