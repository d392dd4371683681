# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The race of whole networks.

Contenders take turns, a process each. A contender's name is "PROGRAM, MACHINE, THREADS": the machine
is "all" (whatever the processor has) or "AVX2" (held to that). Integers are compared with the exact
reference on gaussian and on uniform inputs.
"""

import json
import os
import pathlib
import time

import numpy as np

import model_reader
import oracle
import stock_mlir
import tflite_to_onnx
from processes import BUILD, QBIAS, cheapest, run, said

TINY = "conformance/tflite"
NETWORKS = {  # name: (file, runs in a process)
    "ResNet18 u8s8": ("bench/resnet18.qdq.u8s8.pc.onnx", 20),
    "ResNet18 u8s8, 7-bit weights": ("bench/resnet18.qdq.u8s8.pc.rr.onnx", 20),
    "ResNet18 s8s8": ("bench/resnet18.qdq.s8s8.pc.onnx", 20),
    "ResNet18 PT2E": ("bench/resnet18_pt2e_pc.pt2", 20),
    "MobileNetV2 u8s8": ("bench/mobilenet_v2.qdq.u8s8.pc.onnx", 40),
    "MobileNetV2 s8s8": ("bench/mobilenet_v2.qdq.s8s8.pc.onnx", 40),
    "digits ResNet u8s8": ("digits/digits_resnet.qdq.u8s8.pc.onnx", 500),
    "digits MobileNet u8s8": ("digits/digits_mobilenet.qdq.u8s8.pc.onnx", 500),
    "MLPerf Tiny ResNet8": (f"{TINY}/mlperf_ic_resnet8/model_int8.tflite", 500),
    "MLPerf Tiny DS-CNN": (f"{TINY}/mlperf_kws_dscnn/model_int8.tflite", 500),
    "MobileNetV1 0.25": (f"{TINY}/tinymaix_mobilenetv1_025_128/model_int8.tflite", 300),
}
TWO_THREADS = ("ResNet18 u8s8", "MobileNetV2 u8s8")
STOCK = ("ResNet18 u8s8", "MobileNetV2 u8s8", "digits ResNet u8s8", "digits MobileNet u8s8",
         "MLPerf Tiny ResNet8", "MLPerf Tiny DS-CNN", "MobileNetV1 0.25")
STOCK_RUNS = 3  # in a process: they are slow
# Processors with AVX2 and no more, of who made this one.
AVX2_CPU = "znver3" if "AuthenticAMD" in pathlib.Path("/proc/cpuinfo").read_text() else "haswell"
MACHINES = {"all": [], "AVX2": [f"--cpu={AVX2_CPU}"]}
ORT_MODES = {"ORT default": 0, "ORT exact": 1}
DEVIATION = 40  # of gaussian data, in integers
DATA = ("gaussian", "uniform")
START_RUNS = {"gaussian": 1, "uniform": 3}  # processes, of which the quickest counts
THREAD_ROUNDS, THREAD_RUNS = 2, 4  # rounds of two threads; times the runs of one thread
QUIET_SHARE, QUIET_WAIT = 0.05, 15  # of a processor others may use; seconds


def name_of(program, machine, threads):
    """What a contender is called in the results."""
    return f"{program}, {machine}, {threads}"


def environment_of(machine):
    """(script, environment) of ONNX Runtime on a machine."""
    if machine == "all":
        return os.path.join(BUILD, "ort.js"), {}
    folder = os.path.join(BUILD, "avx2")
    return os.path.join(folder, "ort.js"), {"LD_PRELOAD": os.path.join(folder, "hold_avx2.so")}


def processor_ticks():
    """(busy, all) ticks of all processors since the machine started."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(word) for word in file.readline().split()[1:]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def wait_for_quiet():
    """Waits, but not for ever, until others leave the processors alone; the share they use."""
    end = time.monotonic() + QUIET_WAIT
    while True:
        busy, total = processor_ticks()
        time.sleep(0.25)
        later_busy, later_total = processor_ticks()
        share = (later_busy - busy) / (later_total - total)
        if share <= QUIET_SHARE or time.monotonic() > end:
            return share


class Contest:
    """One network: its files, its inputs, what is right, and the rounds so far."""

    def __init__(self, name, data, folder):
        path, self.runs = NETWORKS[name]
        self.path = self.onnx = os.path.join(data, path)
        self.name, self.folder, self.rounds, self.wrong = name, folder, {}, {}
        self.is_tflite = path.endswith(".tflite")
        self.has_peers = not path.endswith(".pt2")  # which no peer reads
        if self.is_tflite:
            self.onnx = self.file("converted.onnx")
            tflite_to_onnx.convert(self.path, self.onnx)
        self.prepare_inputs()
        self.libraries = {}
        for machine, options in MACHINES.items():
            self.libraries[machine] = self.file(f"{machine}.so")
            run(QBIAS, "compile", self.path, "--quiet", "-o", self.libraries[machine], *options)
        self.stock = stock_mlir.compile_network(self.onnx, folder) if name in STOCK else None

    def file(self, name):
        """A file of this network's."""
        return os.path.join(self.folder, name)

    def prepare_inputs(self):
        """Integers for everyone, the reals they stand for, and exact outputs."""
        report = json.loads(run(QBIAS, "report", self.onnx, "--format=json", "--plan=reference"))
        self.macs = report["totals"]["macs"]
        first = next(tensor for tensor in report["tensors"] if tensor["kind"] == "activation")
        model = model_reader.read_model(self.onnx)
        if self.is_tflite:
            tflite_to_onnx.restore_bias_scales(model)
        self.shape = [extent if isinstance(extent, int) and extent > 0 else 1
                      for extent in model.graph.inputs[0].dims]
        rng = np.random.default_rng(7)
        low, high = first["qmin"], first["qmax"]
        drawn = {"uniform": rng.integers(low, high + 1, self.shape),
                 "gaussian": np.clip(np.rint(rng.normal((low + high + 1) / 2, DEVIATION, self.shape)),
                                     low, high)}
        self.expected, samples = {}, []
        for data, integers in drawn.items():
            integers = integers.astype(np.uint8 if low == 0 else np.int8)
            x = integers
            if not self.is_tflite:
                steps = (integers.astype(np.int32) - first["zero_point"]).astype(np.float32)
                x = steps * np.float32(first["scale"])
            x.tofile(self.file(f"{data}.bin"))
            np.save(self.file(f"{data}.npy"), x)
            np.save(self.file(f"{data}.integers.npy"), integers)
            self.expected["ORT", data] = self.exact(model, x, "exact")
            if self.name in STOCK:
                self.expected["stock MLIR", data] = self.exact(model, x, "single", integers=True)
            self.expected["qbias", data] = self.expected["ORT", data]
            if self.is_tflite:
                sample = tflite_to_onnx.restore_sample(x)
                samples.append(sample)
                np.save(self.file(f"{data}.npy"), sample)
                self.expected["qbias", data] = self.exact(model_reader.read_model(self.path), sample,
                                                          "exact")
        self.type = "uint8" if self.is_tflite else "float32"
        self.converted = tflite_to_onnx.count_differences(self.path, self.onnx, samples) \
            if self.is_tflite else None

    def exact(self, model, x, mode, integers=False):
        """Outputs of the reference: integers, or reals where the file ends in them."""
        result = oracle.run(model, {model.graph.inputs[0].name: x}, oracle.Settings(mode=mode))
        output = next(iter(result.outputs.values()))
        return (output.ints if integers else output.floats()).reshape(-1)

    def check(self, contender, data, got, expected):
        """Notes the share of outputs that are not the exact reference's."""
        differ = np.abs(got.reshape(-1) - expected) > 1e-6 * np.maximum(1, np.abs(expected))
        self.wrong.setdefault(contender, {})[data] = float(np.mean(differ))

    # Contenders: each takes part in a round, and once is checked.

    def qbias(self, machine):
        """A compiled library, in a process without the compiler."""
        library, contender = self.libraries[machine], name_of("qbias", machine, 1)
        times = said(QBIAS, "bench", library, "--runs", self.runs, "--format=json")
        if contender not in self.wrong:
            raw = ["--raw"] if self.is_tflite else []
            for data in DATA:
                command = [QBIAS, "run", library, "--input", self.file(f"{data}.npy"), "--output",
                           self.file("got.npy"), *raw]
                start = cheapest(command, START_RUNS[data])
                self.check(contender, data, np.load(self.file("got.npy")), self.expected["qbias", data])
            times["start_ms"] = start
        self.rounds.setdefault(contender, []).append(times)

    def qbias_threads(self, machine, threads):
        """The network compiled and run by one process, whose threads share it."""
        contender = name_of("qbias", machine, threads)
        share = wait_for_quiet()
        times = said(QBIAS, "bench", self.path, "--runs", THREAD_RUNS * self.runs, "--format=json",
                     "--threads", threads, *MACHINES[machine])
        if contender not in self.wrong:
            data = DATA[-1]
            run(QBIAS, "run", self.path, "--quiet", "--threads", threads, "--input",
                self.file(f"{data}.npy"), "--output", self.file("got.npy"), *MACHINES[machine])
            self.check(contender, data, np.load(self.file("got.npy")), self.expected["qbias", data])
        self.rounds.setdefault(contender, []).append({**times, "others": share})

    def ort(self, mode, machine, threads):
        """ONNX Runtime in node."""
        contender = name_of(mode, machine, threads)
        script, environment = environment_of(machine)

        def command(data, runs):
            return ["node", script, self.onnx, self.file(f"{data}.bin"), self.type,
                    "x".join(map(str, self.shape)), runs, ORT_MODES[mode], threads, self.file("got.bin")]
        share = wait_for_quiet() if threads > 1 else 0
        times = said(*command("gaussian", self.runs * (THREAD_RUNS if threads > 1 else 1)), **environment)
        if contender not in self.wrong:
            for data in DATA:
                start = cheapest(command(data, 0), START_RUNS[data] if threads == 1 else 1,
                                 **environment)
                got = np.fromfile(self.file("got.bin"), self.type)
                self.check(contender, data, got, self.expected["ORT", data])
            times["start_ms"] = start
        self.rounds.setdefault(contender, []).append({**times, "others": share})

    def stock_mlir(self):
        """MLIR's own lowering, once."""
        contender = name_of("stock MLIR", "all", 1)
        for data in DATA:
            times = said("/usr/bin/python3", os.path.join(os.path.dirname(__file__), "stock_mlir.py"),
                         *self.stock, self.file(f"{data}.integers.npy"), STOCK_RUNS, self.file("got.npy"))
            expected = self.expected["stock MLIR", data]
            self.check(contender, data, np.load(self.file("got.npy")).astype(np.uint8).astype(np.int64),
                       expected.astype(np.uint8).astype(np.int64))
        self.rounds.setdefault(contender, []).append(times)

    def results(self):
        """What is written down."""
        return {"macs": self.macs, "converted": self.converted, "wrong": self.wrong, "rounds": self.rounds}


def race(name, data, rounds, folder):
    """Results of one network."""
    contest = Contest(name, data, folder)
    for number in range(rounds):
        for machine in MACHINES:
            contest.qbias(machine)
            for mode in ORT_MODES if contest.has_peers else ():
                contest.ort(mode, machine, 1)
        if contest.stock and number == 0:
            contest.stock_mlir()
    if name in TWO_THREADS:
        for _ in range(min(rounds, THREAD_ROUNDS)):
            for machine in MACHINES:
                contest.qbias_threads(machine, 2)
                for mode in ORT_MODES:
                    contest.ort(mode, machine, 2)
    return contest.results()
