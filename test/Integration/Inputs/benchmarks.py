# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Parts of benchmarks/ that numbers rest on."""

import ctypes
import os
import platform
import shutil
import sys

import numpy as np

import harness
from harness import case, equal, main, require, run

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
BENCHMARKS = os.path.normpath(os.path.join(TOP, "benchmarks"))
sys.path.insert(0, BENCHMARKS)

import oracle  # noqa: E402
import stock_mlir  # noqa: E402
import tflite_to_onnx  # noqa: E402
from model_reader import read_model  # noqa: E402
from tflite_reader import TfliteError  # noqa: E402
from tflite_writer import Graph  # noqa: E402

AVX512F, AVX512VNNI = 1 << 16, 1 << 11  # of leaf 7: ebx, ecx


def weights(net, name, shape, axis):
    """A constant with a scale for each of `axis`, and its bias."""
    rng = np.random.default_rng(len(name) + shape[axis])
    scale = rng.uniform(0.002, 0.02, shape[axis]).astype(np.float32)
    data = rng.integers(-127, 128, shape).astype(np.int8)
    return [net.tensor(name, "int8", shape, scale, 0, data, axis),
            net.tensor(name + ".bias", "int32", [shape[axis]],
                       data=rng.integers(-5000, 5000, shape[axis]).astype(np.int32))]


def save_network(folder, tail="SOFTMAX"):
    """Convolution, padding in front of a depthwise one, mean, matrix, and an end."""
    net = Graph()
    x = net.tensor("x", "int8", [1, 9, 9, 3], 0.03, -7)
    a = net.tensor("a", "int8", [1, 9, 9, 8], 0.11, -128)
    net.operator("CONV_2D", [x, *weights(net, "w1", [8, 3, 3, 3], 0)], [a], padding=0, stride_w=1,
                 stride_h=1, activation=1)
    amounts = np.array([[0, 0], [0, 1], [1, 2], [0, 0]], np.int32)
    p = net.tensor("p", "int8", [1, 10, 12, 8], 0.11, -128)
    net.operator("PAD", [a, net.tensor("amounts", "int32", [4, 2], data=amounts)], [p])
    d = net.tensor("d", "int8", [1, 4, 5, 8], 0.2, 4)
    net.operator("DEPTHWISE_CONV_2D", [p, *weights(net, "w2", [1, 3, 3, 8], 3)], [d], padding=1,
                 stride_w=2, stride_h=2, depth_multiplier=1)
    m = net.tensor("m", "int8", [1, 8], 0.05, 2)
    axes = net.tensor("axes", "int32", [2], data=np.array([1, 2], np.int32))
    net.operator("MEAN", [d, axes], [m])
    f = net.tensor("f", "int8", [1, 5], 0.1, 0)
    net.operator("FULLY_CONNECTED", [m, *weights(net, "w3", [5, 8], 0)], [f])
    y = net.tensor("y", "int8", [1, 5], 1 / 256, -128)
    extra = [net.tensor("axes.2", "int32", [2], data=np.array([1, 0], np.int32))]
    net.operator(tail, [f] + (extra if tail == "TRANSPOSE" else []), [y])
    path = os.path.join(folder, "net.tflite")
    net.save(path, inputs=[x], outputs=[y])
    return path


@case
def same_integers_as_onnx(folder):
    """Every activation of both files, on samples that reach both ends of the type."""
    source, target = save_network(folder), os.path.join(folder, "net.onnx")
    equal(tflite_to_onnx.convert(source, target), "f", "the converted network's end")
    rng = np.random.default_rng(3)
    samples = [rng.integers(-128, 128, [1, 9, 9, 3]).astype(np.int8) for _ in range(4)]
    differing, compared = tflite_to_onnx.count_differences(source, target, samples)
    equal(differing, 0, "differing integers")
    equal(compared, 4 * (9 * 9 * 8 + 4 * 5 * 8 + 8 + 5), "compared integers")


@case
def unknown_operators_are_refused(folder):
    """Nothing is converted by halves."""
    target = os.path.join(folder, "net.onnx")
    try:
        tflite_to_onnx.convert(save_network(folder, "TRANSPOSE"), target)
    except TfliteError as error:
        require("TRANSPOSE" in str(error), str(error))
    else:
        raise harness.Failed("a network that ends in TRANSPOSE was converted")
    require(not os.path.exists(target), "a file was written")


@case
def stock_lowering_is_exact(folder):
    """MLIR's lowering of the converted network, as the benchmark builds and runs it."""
    target = os.path.join(folder, "net.onnx")
    tflite_to_onnx.convert(save_network(folder), target)
    stock_mlir.QBIAS, stock_mlir.QBIAS_OPT = (shutil.which(name) for name in ("qbias", "qbias-opt"))
    library, tosa = stock_mlir.compile_network(target, folder)
    x = np.random.default_rng(4).integers(0, 256, [1, 3, 9, 9]).astype(np.uint8)
    np.save(os.path.join(folder, "x.npy"), x)
    run(sys.executable, os.path.join(BENCHMARKS, "stock_mlir.py"), library, tosa,
        os.path.join(folder, "x.npy"), 2, os.path.join(folder, "y.npy"))
    result = oracle.run(read_model(target), {"x": x}, oracle.Settings(mode="single"))
    expected = result.outputs["f"].ints.astype(np.uint8)
    got = np.load(os.path.join(folder, "y.npy")).astype(np.uint8)
    equal(got.reshape(-1).tolist(), expected.reshape(-1).tolist(), "integers")


@case
def held_processor(folder):
    """A library that asks CPUID sees everything but AVX-512; other bytes stay."""
    if platform.machine() != "x86_64":
        return
    source, plain, held, handler = (os.path.join(folder, name) for name in
                                    ("ask.c", "ask.so", "held.so", "hold.so"))
    with open(source, "w", encoding="ascii") as file:
        file.write("""#include <cpuid.h>
const unsigned char look_alike[] = {0x0f, 0xa2};
void ask(unsigned leaf, unsigned *r) { __cpuid_count(leaf, 0, r[0], r[1], r[2], r[3]); }
""")
    run("clang-22", "-O1", "-shared", "-fPIC", source, "-o", plain)
    run("clang-22", "-O2", "-shared", "-fPIC", os.path.join(BENCHMARKS, "hold_avx2.c"), "-o", handler)
    run(sys.executable, os.path.join(BENCHMARKS, "hold_avx2.py"), plain, held)
    ask = f"""import ctypes
r = (ctypes.c_uint32 * 4)()
for leaf in (0, 1, 7):
    ctypes.CDLL({held!r}).ask(leaf, r); print(*r)
"""
    answers = run("env", f"LD_PRELOAD={handler}", sys.executable, "-c", ask).stdout.split("\n")
    registers, entry = (ctypes.c_uint32 * 4)(), ctypes.CDLL(plain).ask
    for leaf, answer in zip((0, 1, 7), answers):
        entry(leaf, registers)
        real, got = list(registers), list(map(int, answer.split()))
        if leaf == 7:
            require(not got[1] & AVX512F and not got[2] & AVX512VNNI, f"AVX-512 is left: {got}")
            equal([g & r for g, r in zip(got, real)], got, "bits that the processor has")
            equal(got[1] & 0xffff, real[1] & 0xffff, "features up to AVX2")
        elif leaf == 0:
            equal(got, real, "the processor's name")
    with open(plain, "rb") as first, open(held, "rb") as second:
        pairs = [(a, b) for a, b in zip(first.read(), second.read()) if a != b]
    equal(pairs, [(0xa2, 0x0b)], "changed bytes")


@case
def page_follows_from_results(folder):
    """docs/Performance.md and its picture are what report.py writes of results.json."""
    docs = os.path.join(TOP, "docs")
    for name in ("Performance.md", "performance.svg"):
        shutil.copy(os.path.join(docs, name), folder)
    run(sys.executable, os.path.join(BENCHMARKS, "report.py"),
        os.path.join(BENCHMARKS, "results.json"), folder)
    for name in ("Performance.md", "performance.svg"):
        with open(os.path.join(docs, name), encoding="utf-8") as one, \
                open(os.path.join(folder, name), encoding="utf-8") as other:
            require(one.read() == other.read(), f"{name} is not what report.py writes")


if __name__ == "__main__":
    main(__doc__)
