# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sizes and start-up of compiled programs, beside ONNX Runtime's on the same files.

    sizes.py DATA-DIR [--runs N]

Needs what benchmarks/run.sh installs. Writes the tables of docs/Sizes.md.
"""

import argparse
import os
import platform
import re
import subprocess
import tempfile
import time

import numpy as np

from processes import BUILD, LLVM, QBIAS, TOP, cheapest, said

RUNTIME = "node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1"
SIZE = f"{LLVM}/llvm-size"
MARK = "<!-- written by benchmarks/sizes.py -->"
# Name in the table, file, shape of the input.
MODELS = [
    ("digits ResNet", "digits/digits_resnet.qdq.u8s8.pc.onnx", [1, 1, 8, 8]),
    ("digits MobileNet", "digits/digits_mobilenet.qdq.u8s8.pc.onnx", [1, 1, 8, 8]),
    ("MobileNetV2", "bench/mobilenet_v2.qdq.u8s8.pc.onnx", [1, 3, 224, 224]),
    ("ResNet18", "bench/resnet18.qdq.u8s8.pc.onnx", [1, 3, 224, 224]),
]
MACHINES = [("x86-64", []), ("x86-64, SSE2 only", ["--cpu=x86-64"]),
            ("Cortex-M3", ["--target=thumbv7m-none-eabi", "--cpu=cortex-m3"])]


def sections(path):
    """(bytes of instructions, bytes of constants) of an object."""
    text = subprocess.run([SIZE, "--format=sysv", path], check=True, capture_output=True,
                          text=True).stdout
    code = constants = 0
    for name, size in re.findall(r"^(\.\S+)\s+(\d+)", text, re.MULTILINE):
        if name.startswith(".text"):
            code += int(size)
        elif re.match(r"\.l?rodata|\.data\.rel\.ro", name):
            constants += int(size)
    return code, constants


def object_row(model, options, folder):
    """(code, constants, workspace) of a model on a machine."""
    path = os.path.join(folder, "m.o")
    subprocess.run([QBIAS, "compile", model, "--quiet", "--name=net", "-o", path, *options],
                   check=True)
    with open(os.path.join(folder, "m.h"), encoding="ascii") as file:
        workspace = int(re.search(r"net_WORKSPACE_BYTES (\d+)", file.read())[1])
    return (*sections(path), workspace)


def start_row(model, shape, folder, runs):
    """Milliseconds of start and first run, milliseconds of a run, peak bytes: ours, then the
    peer's."""
    library, source = os.path.join(folder, "m.so"), os.path.join(folder, "x.npy")
    subprocess.run([QBIAS, "compile", model, "--quiet", "-o", library], check=True)
    values = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    np.save(source, values)
    ours = cheapest([QBIAS, "run", library, "--input", source, "--output",
                     os.path.join(folder, "y.npy")], runs)
    bench = [said(QBIAS, "bench", library, "--format=json", "--runs=40") for _ in range(3)]
    raw = os.path.join(folder, "x.bin")
    values.tofile(raw)
    node = ["node", "ort.js", model, raw, "float32", "x".join(map(str, shape))]
    rest = ["0", "1", os.path.join(folder, "y.bin")]
    os.chdir(BUILD)
    peer = cheapest(node + ["0"] + rest, max(runs // 4, 3))
    steady = [said(*node, "40", *rest) for _ in range(3)]
    row = []
    for start, runs_of in ((ours, bench), (peer, steady)):
        row += [start, min(run["cpu_min_ms"] for run in runs_of),
                min(run["peak_rss_bytes"] for run in runs_of)]
    return row


def main():
    """Command line; see the top of the file."""
    parser = argparse.ArgumentParser(description="sizes and start-up")
    parser.add_argument("data")
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    data = os.path.abspath(options.data)
    node_ms = cheapest(["node", "-e", "0"], 5)
    node_bytes = said("node", "-e", "console.log(process.resourceUsage().maxRSS * 1024)")
    lines = ["| network | machine | instructions, bytes | constants, bytes | workspace, bytes |",
             "|---|---|---|---|---|"]
    starts = ["| network | qbias, ms | of this one run | peak MB | ONNX Runtime, ms | of this one run "
              "| peak MB |", "|---|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for name, path, shape in MODELS:
            model = os.path.join(data, path)
            for machine, flags in MACHINES:
                if "Cortex" in machine and not name.startswith("digits"):
                    continue
                code, constants, workspace = object_row(model, flags, folder)
                lines.append(f"| {name} | {machine} | {code:,} | {constants:,} | {workspace:,} |")
            ours, run, memory, peer, peer_run, peer_memory = start_row(model, shape, folder,
                                                                       options.runs)
            starts.append(f"| {name} | {ours:.1f} | {run:.3f} | {memory / 1e6:.1f} | "
                          f"{peer - node_ms:.0f} | {peer_run:.3f} | "
                          f"{(peer_memory - node_bytes) / 1e6:.0f} |")
    library = os.path.getsize(os.path.join(BUILD, RUNTIME))
    ours = os.path.getsize(QBIAS)
    lines += ["", *starts, "", f"The program `qbias`, which runs libraries, has {ours / 1e6:.2f} MB; the "
              f"library of ONNX Runtime 1.23.2 has {library / 1e6:.1f} MB. {time.strftime('%Y-%m-%d')}, "
              f"{platform.machine()}, {os.cpu_count()} processors."]
    page = os.path.join(TOP, "docs", "Sizes.md")
    with open(page, encoding="utf-8") as file:
        before = file.read().split(MARK)[0]
    with open(page, "w", encoding="utf-8") as file:
        file.write(before + MARK + "\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
