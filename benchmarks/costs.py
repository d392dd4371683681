# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What compiling costs, and what programs occupy that are compiled for size."""

import os
import re
import statistics
import subprocess

import onnx_reader
import sizes
from networks import MACHINES
from processes import QBIAS, said, watched

MODELS = {"ResNet18 u8s8": "bench/resnet18.qdq.u8s8.pc.onnx",
          "MobileNetV2 u8s8": "bench/mobilenet_v2.qdq.u8s8.pc.onnx"}
SIZED = ("ResNet18 u8s8",)
ONE_CORE = ("taskset", "-c", "0")
PASSES_SHOWN = 6
RUNS = 20


def count_weights(path):
    """Bytes of int8 constants of rank 2 and more in an ONNX file."""
    tensors = onnx_reader.read_model(path).graph.initializers.values()
    return sum(tensor.array.size for tensor in tensors
               if tensor.dtype == "int8" and tensor.array.ndim > 1)


def read_timing(text):
    """({pass: seconds}, seconds of all passes) of what --mlir-timing prints as lists."""
    passes, total = {}, 0.0
    for seconds, name in re.findall(r"(\d+\.\d+) \( *[\d.]+%\)  (\S.*)$", text, re.MULTILINE):
        if name == "Total":
            total += float(seconds)
        elif not re.match(r"root|Rest|\(A\)|Pipeline|'", name):
            passes[name] = passes.get(name, 0) + float(seconds)
    return passes, total


def measure_compilation(path, runs, folder):
    """Seconds of processor time from the file to a library, on one core, and where they go."""
    library = os.path.join(folder, "compiled.so")
    command = [*ONE_CORE, QBIAS, "compile", path, "-o", library]
    seconds = [watched(*command, "--quiet")[0] / 1000 for _ in range(runs)]
    done = subprocess.run(command + ["--quiet", "--mlir-timing", "--mlir-timing-display=list"],
                          check=True, capture_output=True, text=True)
    passes, total = read_timing(done.stderr + done.stdout)
    first = sorted(passes.items(), key=lambda item: -item[1])[:PASSES_SHOWN]
    return {"seconds": min(seconds), "pass_seconds": total, "passes": dict(first)}


def measure_sizes(path, rounds, folder):
    """{machine: bytes and times of the network compiled for speed and for size}."""
    results, int8 = {}, count_weights(path)
    for machine, options in MACHINES.items():
        entry = {"int8_bytes": int8}
        libraries = {}
        for goal in ("speed", "size"):
            libraries[goal] = os.path.join(folder, f"{goal}.so")
            watched(QBIAS, "compile", path, "--quiet", f"--optimize={goal}", "-o", libraries[goal],
                    *options)
            entry[f"{goal}_bytes"] = sizes.sections(libraries[goal])[1]
        for goal in [*libraries] * rounds:
            times = said(QBIAS, "bench", libraries[goal], "--runs", RUNS, "--format=json")
            entry.setdefault(f"{goal}_ms", []).append(times["cpu_median_ms"])
            entry[f"{goal}_peak"] = times["peak_rss_bytes"]
        for goal in libraries:
            entry[f"{goal}_ms"] = statistics.median(entry[f"{goal}_ms"])
        results[machine] = entry
    return results


def measure(data, rounds, folder):
    """{network: {compilation, sizes}}."""
    results = {}
    for name, path in MODELS.items():
        path = os.path.join(data, path)
        results[name] = {"compilation": measure_compilation(path, rounds, folder)}
        if name in SIZED:
            results[name]["sizes"] = measure_sizes(path, rounds, folder)
    return results
