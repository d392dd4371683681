# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measurements of benchmarks/run.sh: see there.

Contenders take turns, a process each, for some rounds; a time is the least of all rounds, and a
median the median of the rounds' medians. Times are of processor time with one thread, so that other
programs on the machine disturb them less, and by the clock with two.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile

import numpy as np

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "test", "Oracle"))

import oracle  # noqa: E402
from onnx_reader import read_model  # noqa: E402
from onnx_writer import FLOAT, Graph  # noqa: E402

import report  # noqa: E402

BUILD = os.path.join(TOP, "build", "benchmarks")
QBIAS = os.path.join(TOP, "build", "bin", "qbias")
NETWORKS = {  # name: (file, runs in a process)
    "ResNet18 u8s8": ("bench/resnet18.qdq.u8s8.pc.onnx", 20),
    "ResNet18 u8s8, 7-bit weights": ("bench/resnet18.qdq.u8s8.pc.rr.onnx", 20),
    "ResNet18 s8s8": ("bench/resnet18.qdq.s8s8.pc.onnx", 20),
    "MobileNetV2 u8s8": ("bench/mobilenet_v2.qdq.u8s8.pc.onnx", 40),
    "MobileNetV2 s8s8": ("bench/mobilenet_v2.qdq.s8s8.pc.onnx", 40),
    "digits ResNet u8s8": ("digits/digits_resnet.qdq.u8s8.pc.onnx", 500),
    "digits MobileNet u8s8": ("digits/digits_mobilenet.qdq.u8s8.pc.onnx", 500),
}
LAYERS = [  # rows, inputs, outputs, kernel, stride, pad: those of ResNet18
    (224, 3, 64, 7, 2, 3), (56, 64, 64, 3, 1, 1), (56, 64, 128, 3, 2, 1), (28, 128, 128, 3, 1, 1),
    (28, 128, 256, 3, 2, 1), (14, 256, 256, 3, 1, 1), (14, 256, 512, 3, 2, 1), (7, 512, 512, 3, 1, 1),
    (56, 64, 128, 1, 2, 0), (28, 128, 256, 1, 2, 0), (14, 256, 512, 1, 2, 0),
]


def run(*command, **environment):
    """Standard output of a command; its failure is ours."""
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True,
                          text=True, env={**os.environ, **environment})
    return done.stdout


def describe_machine():
    """What the numbers belong to."""
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line in lines:
        if line.startswith("model name"):
            model = line.split(":")[1].strip()
    family = {key: next((line.split(":")[1].strip() for line in lines if line.startswith(key)), "?")
              for key in ("cpu family", "model\t")}
    return {"processor": model, "family": family["cpu family"], "model": family["model\t"],
            "processors": os.cpu_count(), "system": platform.system(),
            "date": datetime.date.today().isoformat()}


def measure_peaks():
    """{dot step: GMAC/s of registers alone}."""
    text = run(os.path.join(BUILD, "peak"), "--benchmark_format=json",
               "--benchmark_repetitions=5")
    peaks = {}
    for entry in json.loads(text)["benchmarks"]:
        if entry["run_type"] == "iteration":
            name = entry["run_name"]
            peaks[name] = max(peaks.get(name, 0), entry["items_per_second"] / 1e9)
    return peaks


class Contest:
    """Contenders of one network on given inputs."""

    def __init__(self, path, runs, folder):
        self.path, self.runs, self.folder, self.rounds = path, runs, folder, {}
        model = read_model(path)
        tensors = json.loads(run(QBIAS, "report", path, "--format=json", "--plan=reference"))["tensors"]
        first = next(tensor for tensor in tensors if tensor["kind"] == "activation")
        shape = [dim if isinstance(dim, int) and dim > 0 else 1
                 for dim in model.graph.inputs[0].dims]
        rng = np.random.default_rng(7)
        low, high = first["qmin"], first["qmax"]
        middle = (low + high + 1) / 2
        self.inputs = {"uniform": rng.integers(low, high + 1, shape),
                       "gaussian": np.clip(np.rint(rng.normal(middle, 40, shape)), low, high)}
        self.shape, self.expected = shape, {}
        for name, q in self.inputs.items():
            x = ((q - first["zero_point"]) * np.float32(first["scale"])).astype(np.float32)
            self.inputs[name] = x
            np.save(self.file(name, "npy"), x)
            x.tofile(self.file(name, "bin"))
            result = oracle.run(model, {model.graph.inputs[0].name: x}, oracle.Settings("producer"))
            self.expected[name] = next(iter(result.outputs.values())).floats().reshape(-1)

    def file(self, name, extension):
        return os.path.join(self.folder, f"{name}.{extension}")

    def add(self, contender, times):
        self.rounds.setdefault(contender, []).append(times)

    def wrong(self, got, name):
        """Share of outputs that are not the exact reference's."""
        return float(np.mean(np.abs(got.reshape(-1) - self.expected[name]) > 1e-6))

    def qbias(self, threads):
        times = json.loads(run(QBIAS, "bench", self.path, "--runs", self.runs, "--format=json",
                               "--threads", threads))
        for name in self.inputs:
            run(QBIAS, "run", self.path, "--quiet", "--threads", threads, "--input",
                self.file(name, "npy"), "--output", self.file("got", "npy"))
            times[f"wrong_{name}"] = self.wrong(np.load(self.file("got", "npy")), name)
        self.add(f"qbias x{threads}", times)

    def ort(self, threads, exact):
        times = {}
        for name in self.inputs:
            text = run("node", os.path.join(BUILD, "ort.js"), self.path, self.file(name, "bin"),
                       "x".join(map(str, self.shape)), self.runs, exact, threads,
                       self.file("got", "bin"))
            times = times or json.loads(text)
            got = np.fromfile(self.file("got", "bin"), np.float32)
            times[f"wrong_{name}"] = self.wrong(got, name)
        self.add(f"ORT {'exact' if exact else 'default'} x{threads}", times)


def race(name, data, rounds, folder):
    """All contenders of a network in turns; the rounds of each."""
    file, runs = NETWORKS[name]
    contest = Contest(os.path.join(data, file), runs, folder)
    for _ in range(rounds):
        for threads in (1, 2):
            contest.qbias(threads)
            contest.ort(threads, 0)
            contest.ort(threads, 1)
    return contest.rounds


def layer_model(layer, weights, path):
    """A file with one quantized convolution, u8 x s8."""
    rows, inputs, outputs, kernel, stride, pad = layer
    graph = Graph(opset=13)
    # Channels last at both ends, as the peers have them.
    graph.input("x", FLOAT, [1, rows, rows, inputs])
    one, zero = graph.const(np.float32(1)), graph.const(np.array(0, np.uint8))
    scale = graph.const(np.float32(2.0**-12))
    x = graph.node("Transpose", ["x"], perm=[0, 3, 1, 2])
    x = graph.node("DequantizeLinear", [graph.node("QuantizeLinear", [x, one, zero]), one, zero])
    w = graph.node("DequantizeLinear", [graph.const(weights.transpose(0, 3, 1, 2).copy()), scale])
    y = graph.node("Conv", [x, w], kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)
    y = graph.node("Relu", [y])
    y = graph.node("DequantizeLinear", [graph.node("QuantizeLinear", [y, one, zero]), one, zero])
    graph.output(graph.node("Transpose", [y], perm=[0, 2, 3, 1]), FLOAT, [])
    graph.save(path)


def exact_sums(layer, x, weights):
    """Integer sums of a layer, in float64, which holds them exactly."""
    rows, _, outputs, kernel, stride, pad = layer
    padded = np.pad(x.astype(np.float64), ((pad, pad), (pad, pad), (0, 0)))
    size = (rows + 2 * pad - kernel) // stride + 1
    sums = np.zeros((size, size, outputs))
    for r in range(kernel):
        for c in range(kernel):
            window = padded[r:r + size * stride:stride, c:c + size * stride:stride][:size, :size]
            sums += window @ weights[:, r, c, :].astype(np.float64).T
    return sums


def race_layer(layer, rounds, folder):
    """qbias, oneDNN and XNNPACK on one convolution."""
    rows, inputs, outputs, kernel, stride, pad = layer
    rng = np.random.default_rng(rows + inputs)
    weights = rng.integers(-127, 128, (outputs, kernel, kernel, inputs)).astype(np.int8)
    x = rng.integers(0, 256, (rows, rows, inputs)).astype(np.uint8)
    path = os.path.join(folder, "layer.onnx")
    layer_model(layer, weights, path)
    weights.tofile(os.path.join(folder, "w.bin"))
    x.tofile(os.path.join(folder, "u8.bin"))
    (x.astype(np.int16) - 128).astype(np.int8).tofile(os.path.join(folder, "s8.bin"))
    sums = exact_sums(layer, x, weights)
    np.save(os.path.join(folder, "x.npy"), x[None].astype(np.float32))
    results = {"qbias": [], "oneDNN": [], "XNNPACK": []}
    for _ in range(rounds):
        times = json.loads(run(QBIAS, "bench", path, "--runs", 40, "--format=json"))
        run(QBIAS, "run", path, "--quiet", "--input", os.path.join(folder, "x.npy"), "--output",
            os.path.join(folder, "y.npy"))
        got = np.load(os.path.join(folder, "y.npy"))[0]
        exact = np.clip(np.rint(sums / 4096), 0, 255)
        times["wrong_uniform"] = float(np.mean(got != exact))
        results["qbias"].append(times)
        for peer, file in (("onednn", "u8.bin"), ("xnnpack", "s8.bin")):
            out = os.path.join(folder, "out.bin")
            text = run(os.path.join(BUILD, "peers"), peer, rows, rows, inputs, outputs, kernel, stride,
                       pad, 40, os.path.join(folder, file), os.path.join(folder, "w.bin"), out,
                       OMP_NUM_THREADS="1")
            times = json.loads(text)
            if peer == "onednn":
                got = np.fromfile(out, np.int32).reshape(sums.shape)
                times["wrong_uniform"] = float(np.mean(got != sums))
            results["oneDNN" if peer == "onednn" else "XNNPACK"].append(times)
    macs = sums.size * kernel * kernel * inputs
    return {"layer": f"{kernel}x{kernel}/{stride} {rows}x{rows} {inputs}->{outputs}", "macs": macs,
            "rounds": results}


def main():
    """Command line; see benchmarks/run.sh."""
    parser = argparse.ArgumentParser(description="qbias beside its peers")
    parser.add_argument("data", metavar="DATA-DIR")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", default="", help="only those whose name has this part")
    options = parser.parse_args()
    results = {"machine": describe_machine(), "peaks_gmacs": measure_peaks(), "networks": {},
               "layers": []}
    with tempfile.TemporaryDirectory() as folder:
        for name in (name for name in NETWORKS if options.networks in name):
            print(f"measuring {name}", file=sys.stderr)
            results["networks"][name] = race(name, options.data, options.rounds, folder)
        for layer in LAYERS:
            results["layers"].append(race_layer(layer, options.rounds, folder))
    with open(os.path.join(TOP, "benchmarks", "results.json"), "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    report.write(results, os.path.join(TOP, "docs"))


if __name__ == "__main__":
    main()
