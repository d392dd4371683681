# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A network by MLIR's own passes: TOSA as qbias writes it, lowered to loops, then clang -O3.

    stock_mlir.py LIBRARY TOSA.mlir INPUT.npy RUNS OUTPUT.npy     prints times as JSON
"""

import ctypes
import json
import os
import re
import sys
import time

import numpy as np

from processes import LLVM, QBIAS, QBIAS_OPT, TOP, run

sys.path.insert(0, os.path.join(TOP, "test", "Oracle"))

from memref import describe, descriptor  # noqa: E402

LOWER = """builtin.module(func.func(tosa-to-linalg-named,tosa-to-linalg,
tosa-to-arith{include-apply-rescale=true},tosa-to-tensor,linalg-fuse-elementwise-ops),
one-shot-bufferize{bufferize-function-boundaries=true
function-boundary-type-conversion=identity-layout-map},buffer-deallocation-pipeline,
func.func(convert-linalg-to-loops,llvm-request-c-wrappers),expand-strided-metadata,
lower-affine,convert-scf-to-cf,convert-to-llvm,reconcile-unrealized-casts)"""


def compile_network(model, folder, *options):
    """(library, TOSA file) of a network in mode single, which TOSA has."""
    integer, tosa, lowered, ir, library = (
        os.path.join(folder, f"stock.{name}") for name in ("i.mlir", "tosa.mlir", "l.mlir", "ll", "so"))
    run(QBIAS, "compile", model, "--quiet", "--requant=single", "--stage=integer", "-o", integer,
        *options)
    run(QBIAS_OPT, "--convert-qbias-to-tosa", integer, "-o", tosa)
    run(f"{LLVM}/mlir-opt", "--pass-pipeline=" + LOWER.replace("\n", " "), tosa, "-o", lowered)
    run(f"{LLVM}/mlir-translate", "--mlir-to-llvmir", lowered, "-o", ir)
    libraries = os.path.normpath(f"{LLVM}/../lib")
    run(f"{LLVM}/clang", "-O3", "-march=native", "-Wno-override-module", "-shared", "-fPIC", ir,
        f"-L{libraries}", "-lmlir_c_runner_utils", f"-Wl,-rpath,{libraries}", "-o", library)
    return library, tosa


def read_signature(tosa):
    """(shape, dtype) of the input, of the output."""
    with open(tosa, encoding="utf-8") as file:
        head = re.search(r"func\.func @main\((.*)\) -> (.*) \{$", file.read(), re.MULTILINE)
    ends = []
    for part in head.groups():
        (text,) = re.findall(r"tensor<([^>]*)>", part)
        *shape, kind = text.split("x")
        dtype = {"i8": "int8", "ui8": "uint8", "i32": "int32"}[kind]
        ends.append(([int(extent) for extent in shape], np.dtype(dtype)))
    return ends


def main():
    """Command line; see the top of the file."""
    library, tosa, source, runs, target = sys.argv[1:]
    (in_shape, in_dtype), (out_shape, out_dtype) = read_signature(tosa)
    x = np.ascontiguousarray(np.load(source).astype(in_dtype).reshape(in_shape))
    entry = ctypes.CDLL(library)._mlir_ciface_main
    release = ctypes.CDLL(None).free
    release.argtypes = [ctypes.c_void_p]
    times = []
    for _ in range(int(runs)):
        result, described = descriptor(len(out_shape))(), describe(x)
        start = time.process_time()
        entry(ctypes.byref(result), ctypes.byref(described))
        times.append(1000 * (time.process_time() - start))
        count = int(np.prod(out_shape))
        memory = ctypes.string_at(result.data, count * out_dtype.itemsize)
        release(result.base)
    np.save(target, np.frombuffer(memory, out_dtype).reshape(out_shape))
    times.sort()
    print(json.dumps({"cpu_min_ms": times[0], "cpu_median_ms": times[len(times) // 2]}))


if __name__ == "__main__":
    main()
