# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measurements of benchmarks/run.sh: see there.

Contenders take turns, a process each, for some rounds. Times are of processor time with one thread,
so that other programs on the machine disturb them less, and by the clock with two, when the others
are quiet.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile

from processes import BUILD, LLVM, TOP, cheapest, run, said

sys.path.insert(0, os.path.join(TOP, "test", "Oracle"))

import costs  # noqa: E402
import layers  # noqa: E402
import networks  # noqa: E402
import report  # noqa: E402

PACKAGES = ("libxnnpack-dev", "libdnnl-dev", "libbenchmark-dev")
NODE_RUNS = 5


def find_versions():
    """The peers' versions as one line."""
    with open(os.path.join(BUILD, "node_modules/onnxruntime-node/package.json"),
              encoding="utf-8") as file:
        parts = ["onnxruntime-node " + json.load(file)["version"]]
    for package in PACKAGES:
        done = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], check=True,
                              capture_output=True, text=True)
        parts.append(f"{package} {done.stdout}")
    mlir = run(f"{LLVM}/mlir-opt", "--version").split("version ")[1].split()[0]
    return ", ".join(parts + [f"MLIR and clang {mlir}"])


def describe_machine():
    """What the numbers belong to."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        fields = dict(reversed([[part.strip() for part in line.split(":", 1)]
                                for line in file if ":" in line]))
    return {"processor": fields.get("model name", "unknown processor"),
            "family": fields.get("cpu family", "?"), "model": fields.get("model", "?"),
            "processors": os.cpu_count(), "system": platform.system(),
            "date": datetime.date.today().isoformat(), "versions": find_versions()}


def measure_peaks():
    """{dot step: GMAC/s of registers alone}."""
    text = run(os.path.join(BUILD, "peak"), "--benchmark_format=json",
               "--benchmark_repetitions=5")
    peaks = {}
    for entry in json.loads(text)["benchmarks"]:
        if entry["run_type"] == "iteration" and not entry.get("error_occurred"):
            name = entry["run_name"]
            peaks[name] = max(peaks.get(name, 0), entry["items_per_second"] / 1e9)
    return peaks


def measure_node():
    """What node takes without ONNX Runtime."""
    return {"start_ms": cheapest(["node", "-e", "0"], NODE_RUNS),
            "peak_rss_bytes": said("node", "-e", "console.log(process.resourceUsage().maxRSS * 1024)")}


def main():
    """Command line; see benchmarks/run.sh."""
    parser = argparse.ArgumentParser(description="qbias beside its peers")
    parser.add_argument("data", metavar="DATA-DIR")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", default="", help="only those whose name has this part")
    parser.add_argument("--layers", default="", help="only those whose name has this part")
    parser.add_argument("--output", default=os.path.join(TOP, "benchmarks", "results.json"))
    parser.add_argument("--docs", default=os.path.join(TOP, "docs"))
    options = parser.parse_args()
    data = os.path.abspath(options.data)
    results = {"machine": describe_machine(), "peaks_gmacs": measure_peaks(), "node": measure_node(),
               "networks": {}, "layers": []}
    for name in (name for name in networks.NETWORKS if options.networks in name):
        print(f"measuring {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            results["networks"][name] = networks.race(name, data, options.rounds, folder)
    with tempfile.TemporaryDirectory() as folder:
        for layer in (layer for layer in layers.RACED if options.layers in layers.name_of(layer)):
            print(f"measuring {layers.name_of(layer)}", file=sys.stderr)
            results["layers"].append(layers.race(layer, options.rounds, folder))
        print("measuring kernels, compilation, sizes", file=sys.stderr)
        results["kernels"] = layers.measure_kernels(options.layers, folder)
        results["costs"] = costs.measure(data, options.rounds, folder)
    with open(options.output, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    report.write(results, options.docs)


if __name__ == "__main__":
    main()
