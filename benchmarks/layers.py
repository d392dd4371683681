# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Single layers: the race on the convolutions of ResNet18, and kernels beside the register peak."""

import ctypes
import json
import os

import numpy as np

import stock_mlir
from networks import MACHINES, ORT_MODES, environment_of
from onnx_writer import FLOAT, Graph
from processes import BUILD, QBIAS, run, said

RUNS = 40
# Rows, inputs, outputs, kernel, stride, pad, groups: those of ResNet18.
RACED = [
    (224, 3, 64, 7, 2, 3, 1), (56, 64, 64, 3, 1, 1, 1), (56, 64, 128, 3, 2, 1, 1),
    (28, 128, 128, 3, 1, 1, 1), (28, 128, 256, 3, 2, 1, 1), (14, 256, 256, 3, 1, 1, 1),
    (14, 256, 512, 3, 2, 1, 1), (7, 512, 512, 3, 1, 1, 1), (56, 64, 128, 1, 2, 0, 1),
    (28, 128, 256, 1, 2, 0, 1), (14, 256, 512, 1, 2, 0, 1),
]
COUNTS = dict(zip(RACED, (1, 4, 1, 3, 1, 3, 1, 3, 1, 1, 1)))  # in ResNet18
# Of MobileNetV2, of small networks, and a matrix by a vector.
OTHERS = [
    (56, 24, 144, 1, 1, 0, 1), (56, 144, 24, 1, 1, 0, 1), (14, 384, 96, 1, 1, 0, 1),
    (7, 320, 1280, 1, 1, 0, 1), (112, 32, 32, 3, 1, 1, 32), (56, 144, 144, 3, 2, 1, 144),
    (14, 384, 384, 3, 1, 1, 384), (7, 960, 960, 3, 1, 1, 960), (32, 16, 16, 3, 1, 1, 1),
    (1, 512, 1000, 1, 1, 0, 1),
]
EXTREMES = "extremes"


def name_of(layer):
    """What a layer is called in tables."""
    rows, inputs, outputs, kernel, stride, _, groups = layer
    kind = f"depthwise {kernel}x{kernel}" if groups > 1 else f"{kernel}x{kernel}"
    return f"{kind}/{stride} {rows}x{rows} {inputs}->{outputs}"


def draw(layer, data):
    """(uint8 image HWC, int8 weights OHWI) of a kind of data."""
    rows, inputs, outputs, kernel, _, _, groups = layer
    rng = np.random.default_rng(rows + inputs)
    image, weights = (rows, rows, inputs), (outputs, kernel, kernel, inputs // groups)
    if data == "uniform":
        x, w = rng.integers(0, 256, image), rng.integers(-127, 128, weights)
    elif data == "gaussian":
        x = np.clip(np.rint(rng.normal(128, 40, image)), 0, 255)
        w = np.clip(np.rint(rng.normal(0, 40, weights)), -127, 127)
    else:
        x, w = 255 * rng.integers(0, 2, image), 254 * rng.integers(0, 2, weights) - 127
    return x.astype(np.uint8), w.astype(np.int8)


def sum_products(layer, x, weights):
    """Integer sums of a layer, in float64, which holds them exactly."""
    rows, _, outputs, kernel, stride, pad, groups = layer
    padded = np.pad(x.astype(np.float64), ((pad, pad), (pad, pad), (0, 0)))
    size = (rows + 2 * pad - kernel) // stride + 1
    sums = np.zeros((size, size, outputs))
    for r in range(kernel):
        for c in range(kernel):
            window = padded[r:r + size * stride:stride, c:c + size * stride:stride][:size, :size]
            tap = weights[:, r, c, :].astype(np.float64)
            sums += window * tap[:, 0] if groups > 1 else window @ tap.T
    return sums


def result_scale(sums):
    """A power of two by which most results are neither 0 nor cut off."""
    return 2.0**-np.round(np.log2(np.std(sums) / 64))


def save_model(layer, weights, scale, path):
    """One convolution with ReLU as ONNX: uint8 NHWC in and out, so that nobody transposes."""
    rows, inputs, outputs, kernel, stride, pad, groups = layer
    size = (rows + 2 * pad - kernel) // stride + 1
    graph = Graph(opset=13)
    graph.input("x", FLOAT, [1, rows, rows, inputs])
    one, zero = graph.const(np.float32(1)), graph.const(np.array(0, np.uint8))
    x = graph.node("Transpose", ["x"], perm=[0, 3, 1, 2])
    x = graph.node("DequantizeLinear", [graph.node("QuantizeLinear", [x, one, zero]), one, zero])
    # Without its zero point ONNX Runtime's exact mode ends the process.
    w = graph.node("DequantizeLinear", [
        graph.const(weights.transpose(0, 3, 1, 2).copy()), graph.const(np.float32(scale)),
        graph.const(np.array(0, np.int8))])
    y = graph.node("Conv", [x, w], kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4,
                   group=groups)
    y = graph.node("Relu", [y])
    y = graph.node("DequantizeLinear", [graph.node("QuantizeLinear", [y, one, zero]), one, zero])
    graph.output(graph.node("Transpose", [y], perm=[0, 2, 3, 1]), FLOAT, [1, size, size, outputs])
    graph.save(path)


class Layer:
    """The files of one layer on one kind of data, and what is exact."""

    def __init__(self, layer, data, folder):
        self.layer, self.folder, self.data = layer, folder, data
        self.x, self.weights = draw(layer, data)
        self.sums = sum_products(layer, self.x, self.weights)
        self.scale = result_scale(self.sums)
        self.expected = np.clip(np.rint(self.sums * self.scale), 0, 255)
        self.model = self.file("onnx")
        save_model(layer, self.weights, self.scale, self.model)
        np.save(self.file("npy"), self.x[None].astype(np.float32))
        np.save(self.file("integers.npy"), self.x[None])
        self.weights.tofile(self.file("w.bin"))
        self.x.tofile(self.file("onednn.bin"))
        self.signed = (self.x.astype(np.int16) - 128).astype(np.int8)
        self.signed.tofile(self.file("xnnpack.bin"))
        self.libraries = {}
        for machine, options in MACHINES.items():
            self.libraries[machine] = self.file(f"{machine}.so")
            run(QBIAS, "compile", self.model, "--quiet", "-o", self.libraries[machine], *options)

    def file(self, name):
        """A file of this layer's."""
        return os.path.join(self.folder, f"layer.{self.data}.{name}")

    def wrong_qbias(self, machine):
        """Share of results that are not exact."""
        run(QBIAS, "run", self.libraries[machine], "--input", self.file("npy"), "--output",
            self.file("y.npy"))
        return float(np.mean(np.load(self.file("y.npy"))[0] != self.expected))

    def qbias(self, machine):
        """Milliseconds of processor time."""
        times = said(QBIAS, "bench", self.libraries[machine], "--runs", RUNS, "--format=json")
        return {key: times[key] for key in ("cpu_min_ms", "cpu_median_ms")}

    def peer(self, peer, machine):
        """(times, share of wrong results) of oneDNN or XNNPACK."""
        rows, inputs, outputs, kernel, stride, pad, _ = self.layer
        environment = {"OMP_NUM_THREADS": "1"}
        if machine == "AVX2":
            environment["ONEDNN_MAX_CPU_ISA"] = "AVX2"  # XNNPACK asks libcpuinfo
            environment.update(environment_of(machine)[1])
            environment["LD_LIBRARY_PATH"] = os.path.join(BUILD, "avx2")
        out = self.file("out.bin")
        times = said(os.path.join(BUILD, "peers"), peer.lower(), rows, rows, inputs, outputs, kernel,
                     stride, pad, RUNS, self.file(f"{peer.lower()}.bin"), self.file("w.bin"), out,
                     **environment)
        if peer == "oneDNN":
            return times, float(np.mean(np.fromfile(out, np.int32).reshape(self.sums.shape) != self.sums))
        exact = np.clip(np.rint(sum_products(self.layer, self.signed, self.weights) / 1024), -128, 127)
        return times, float(np.mean(np.fromfile(out, np.int8).reshape(exact.shape) != exact))

    def wrong_ort(self, mode, machine):
        """Share of wrong results of ONNX Runtime."""
        script, environment = environment_of(machine)
        self.x.astype(np.float32).tofile(self.file("float.bin"))
        said("node", script, self.model, self.file("float.bin"), "float32",
             "x".join(map(str, (1, *self.x.shape))), 1, ORT_MODES[mode], 1, self.file("out.bin"),
             **environment)
        got = np.fromfile(self.file("out.bin"), np.float32)
        return float(np.mean(got.reshape(self.expected.shape) != self.expected))

    def stock(self):
        """(times, share of wrong results) of MLIR's own lowering."""
        library, tosa = stock_mlir.compile_network(self.model, self.folder)
        times = said("/usr/bin/python3", os.path.join(os.path.dirname(__file__), "stock_mlir.py"),
                     library, tosa, self.file("integers.npy"), 3, self.file("y.npy"))
        got = np.load(self.file("y.npy")).astype(np.uint8).reshape(self.sums.shape)
        exact = np.clip(np.floor(self.sums * self.scale + 0.5), 0, 255)  # ties up, as TOSA has it
        return times, float(np.mean(got != exact))


CONTENDERS = [("qbias", "all"), ("qbias", "AVX2"), ("oneDNN", "all"), ("oneDNN", "AVX2"),
              ("XNNPACK", "all"), ("XNNPACK", "AVX2")]


def race(layer, rounds, folder):
    """qbias, oneDNN, XNNPACK and MLIR's lowering on one convolution."""
    results = {"layer": name_of(layer), "count": COUNTS[layer], "rounds": {}, "wrong": {}}
    for data in ("uniform", "gaussian", EXTREMES):
        files = Layer(layer, data, folder)
        results["macs"] = files.sums.size * layer[3]**2 * layer[1] // layer[6]
        for turn in range(rounds if data == "uniform" else 1):
            for program, machine in CONTENDERS:
                name = f"{program}, {machine}"
                if program == "qbias":
                    times = files.qbias(machine) if data == "uniform" else None
                    wrong = files.wrong_qbias(machine) if turn == 0 else None
                else:
                    times, wrong = files.peer(program, machine)
                if data == "uniform":
                    results["rounds"].setdefault(name, []).append(times)
                if turn == 0:
                    results["wrong"].setdefault(name, {})[data] = wrong
        for mode in ORT_MODES:
            for machine in MACHINES:
                wrong = results["wrong"].setdefault(f"{mode}, {machine}", {})
                wrong[data] = files.wrong_ort(mode, machine)
        if data == "uniform":
            times, wrong = files.stock()
            results["rounds"]["stock MLIR, all"] = [times]
            results["wrong"]["stock MLIR, all"] = {data: wrong}
    return results


def describe(library):
    """What a compiled library says about its interface."""
    return json.loads(ctypes.c_char_p.in_dll(ctypes.CDLL(library), "qbias_program_description").value)


def measure_kernels(part, folder):
    """[{layer, macs, plans by machine, gmacs by machine}] by Google Benchmark, of layers whose name
    has `part`."""
    kernels, arguments = [], []
    chosen = [layer for layer in RACED + OTHERS if part in name_of(layer)]
    if not chosen:
        return []
    for number, layer in enumerate(chosen):
        place = os.path.join(folder, f"kernel{number}")
        os.makedirs(place, exist_ok=True)
        files = Layer(layer, "uniform", place)
        kernel = {"layer": name_of(layer), "macs": files.sums.size * layer[3]**2 * layer[1] // layer[6],
                  "plans": {}, "gmacs": {}, "wrong": {}}
        for machine, options in MACHINES.items():
            report = json.loads(run(QBIAS, "report", files.model, "--format=json", *options))
            kernel["plans"][machine] = report["layers"][0]["plan"]
            kernel["wrong"][machine] = files.wrong_qbias(machine)
            arguments.append(f"{number}/{machine}={files.libraries[machine]}={kernel['macs']}="
                             f"{files.x.size}={files.expected.size}="
                             f"{report['totals']['workspace_bytes']}")
        kernels.append(kernel)
    text = run(os.path.join(BUILD, "kernels"), "--benchmark_format=json", "--benchmark_repetitions=3",
               "--benchmark_min_time=0.03", "--benchmark_enable_random_interleaving=true", *arguments)
    for entry in json.loads(text)["benchmarks"]:
        if entry["run_type"] == "iteration":
            number, machine = entry["run_name"].split("/")
            gmacs = kernels[int(number)]["gmacs"]
            gmacs[machine] = max(gmacs.get(machine, 0), entry["items_per_second"] / 1e9)
    return kernels
