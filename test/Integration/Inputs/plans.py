# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every plan this machine can run, forced on random layers, against the exact reference.

    plans.py WORK-DIR --seeds A:B [--seconds S] [--at-least N]

Layers are wide enough to fill channel blocks and leave tails, with odd spatial sizes,
strides, dilations, one-sided kernels, groups, channel multipliers, several samples in a
batch, inputs of 8 and 16 bits, weights of four bits or with zero points, weights and inputs at
the ends of their ranges, and max pools and residual sums behind them.  Each network runs under
each (cpu, plan), with every tensor returned or only the outputs, where layers may become one
kernel; every integer tensor has to equal the oracle's, on one to three threads.  A case that
differs is kept in WORK-DIR/seed<s>.  Exit code 1 on failure, or when more than one network was
asked for and a plan was never used.
"""

import argparse
import collections
import copy
import json
import os
import shutil
import sys
import time

import numpy as np

from harness import QBIAS, Failed, compare, run

import oracle
from model_reader import read_model
from onnx_writer import FLOAT
from random_layers import finish, random_bias
from random_net import NetBuilder

CHANNELS = [1, 2, 3, 5, 8, 15, 16, 17, 24, 31, 33, 48, 64, 70, 96, 130]
INSTRUCTIONS = {"x86-64-v4": {"avx512f", "avx512bw", "avx512dq", "avx512vl"},
                "x86-64-v3": {"avx2", "fma", "bmi2"}, "x86-64": {"sse2"}}
PLANS = {"x86-64": ("pair16", "pair16w8", "winograd4", "winograd4w8")}
WITH_AVX2 = ("auto", "pair8", "pair16", "pair16w8", "winograd4", "winograd4w8")
TILES = {"amx_tile", "amx_int8"}
DOT8 = INSTRUCTIONS["x86-64-v4"] | {"avx512_vnni"}
# vpdpbusd on 32 bytes, as machines with AVX-VNNI have it.
SHORT_DOT8 = "x86-64-v3+avx512vl,+avx512vnni"


def cpu_flags():
    """Instruction sets of this machine; empty when it does not say."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("flags"):
                    return set(line.split(":")[1].split())
    except OSError:
        pass
    return set()


def runnable_plans():
    """(cpu, plan) pairs whose instructions this machine has."""
    flags = cpu_flags()
    pairs = [("native", "reference"), ("native", "auto")]
    if DOT8 <= flags:
        pairs += [("native", "dot8"), (SHORT_DOT8, "dot8")]
        if TILES <= flags:
            pairs += [("native", "tile8")]
    return pairs + [(cpu, plan) for cpu, needed in INSTRUCTIONS.items() if needed <= flags
                    for plan in PLANS.get(cpu, WITH_AVX2)]


def machine_options(cpu):
    """What the driver takes for a machine of runnable_plans()."""
    name, _, features = cpu.partition("+")
    return [f"--cpu={name}"] + ([f"--features=+{features}"] if features else [])


class WideNet(NetBuilder):
    """Networks of one to three weighted layers."""

    def __init__(self, seed):
        super().__init__(seed)
        self.seed, self.count = seed, 0
        if self.rng.random() < 0.25:
            self.dtype = "int16"
            self.graph.opset = 21
            self.per_axis_allowed = True

    def random_zero_point(self):
        """As usual; 16 bits are symmetric."""
        return 0 if self.dtype == "int16" else super().random_zero_point()

    def output_scale(self, x_scale, w_scale, size):
        """As usual; 16-bit inputs are larger."""
        scale = super().output_scale(x_scale, w_scale, size)
        return scale * (float(self.rng.choice([1, 2, 64])) if self.dtype == "int16" else 1)

    def start(self):
        """The input: any channel count, odd sizes."""
        rng = self.rng
        self.batch = int(rng.choice([1, 1, 1, 2]))
        shape = [self.batch, int(rng.choice(CHANNELS)), int(rng.integers(1, 16)),
                 int(rng.integers(1, 20))]
        self.graph.input("x0", FLOAT, shape)
        self.inputs["x0"] = self.quantize("x0", shape, self.random_scale(2.0**-6),
                                          self.random_zero_point(), register=True)

    def weights(self, shape):
        """8-bit weights, sometimes small, only the ends of the range, with zero points, of four bits."""
        rng = self.rng
        self.count += 1
        is_narrow = np.random.default_rng([self.seed, self.count]).random() < 0.3
        most = int(rng.choice([127, 127, 63, 30, 8]))
        q = rng.integers(-most, most + 1, shape)
        if rng.random() < 0.3:
            q = np.where(rng.random(shape) < 0.5, -most - (rng.random() < 0.5), most)
        q = q // 16 if is_narrow else q
        count = shape[0] if self.per_axis_allowed and shape[0] > 1 else 1
        scale = np.array([self.random_scale(2.0**-8) for _ in range(count)], np.float32)
        zero, dtype = np.zeros(count, np.int64), "int8"
        if rng.random() < 0.15:
            q, zero, dtype = q + 128, rng.integers(0, 256, count), "uint8"
        name = self.constant_dequantize(q, scale, zero, dtype, axis=0 if count > 1 else None)
        return name, np.broadcast_to(scale, shape[0])

    def conv(self):
        """A dense, grouped or depthwise convolution."""
        rng, x = self.rng, self.activations[-1]
        while True:
            kernel = [int(k) for k in rng.choice([1, 1, 2, 3, 3, 5, 7], 2)]
            if rng.random() < 0.4:  # what Winograd takes
                kernel = [3, 3]
            strides = [int(s) for s in rng.choice([1, 1, 2, 3], 2)]
            dilations = [int(d) for d in rng.choice([1, 1, 1, 2], 2)]
            if kernel == [3, 3] and rng.random() < 0.7:
                strides = dilations = [1, 1]
            pads = [int(p) for p in rng.integers(0, 4, 4)]
            free = [x.shape[2 + i] + pads[i] + pads[2 + i] - (kernel[i] - 1) * dilations[i] - 1
                    for i in range(2)]
            if min(free) >= 0:
                break
        groups, outputs = self.random_groups(x.shape[1])
        inputs = x.shape[1] // groups
        weights, w_scale = self.weights([outputs, inputs] + kernel)
        out_scale = self.output_scale(x.scale, w_scale, inputs * int(np.prod(kernel)))
        bias = random_bias(self, outputs, x.scale, w_scale, out_scale)
        real = self.graph.node("Conv", [self.dequantize(x), weights] + ([bias] if bias else []),
                               group=groups, kernel_shape=kernel,
                               strides=strides, dilations=dilations, pads=pads)
        shape = [x.shape[0], outputs] + [f // s + 1 for f, s in zip(free, strides)]
        finish(self, real, shape, out_scale)

    def random_groups(self, inputs):
        """(groups, output channels): dense, depthwise with any multiplier, or between."""
        rng, kind = self.rng, self.rng.random()
        if kind < 0.5:
            return 1, int(rng.choice(CHANNELS))
        groups = inputs
        if kind > 0.75:
            groups = int(rng.choice([g for g in range(1, inputs + 1) if inputs % g == 0]))
        times = [n for n in (1, 1, 1, 2, 3, 4, 8, 20) if groups * n <= 2 * max(CHANNELS)]
        return groups, groups * int(rng.choice(times))

    def linear(self):
        """A matrix product over everything but the batch."""
        x = self.activations[-1]
        size = int(np.prod(x.shape[1:]))
        x = self.layout(x, "Flatten", [x.shape[0], size], axis=1)
        outputs = int(self.rng.choice(CHANNELS))
        weights, w_scale = self.weights([outputs, size])
        out_scale = self.output_scale(x.scale, w_scale, size)
        bias = random_bias(self, outputs, x.scale, w_scale, out_scale)
        real = self.graph.node("Gemm", [self.dequantize(x), weights] + ([bias] if bias else []),
                               transB=1)
        finish(self, real, [x.shape[0], outputs], out_scale)

    def residual(self):
        """A layer that keeps the shape, and a sum of its result and what it reads."""
        rng, x = self.rng, self.activations[-1]
        size = 3 if len(x.shape) == 4 and rng.random() < 0.7 else 1
        inputs, attributes = x.shape[1], {"transB": 1}
        if len(x.shape) == 4:
            depthwise = x.shape[1] > 1 and rng.random() < 0.3
            inputs = 1 if depthwise else x.shape[1]
            attributes = {"kernel_shape": [size, size], "pads": [size // 2] * 4,
                          "group": x.shape[1] if depthwise else 1}
        spatial = [size, size] if len(x.shape) == 4 else []
        weights, w_scale = self.weights([x.shape[1], inputs] + spatial)
        out_scale = self.output_scale(x.scale, w_scale, inputs * size * size)
        real = self.graph.node("Conv" if spatial else "Gemm", [self.dequantize(x), weights],
                               **attributes)
        inner = self.quantize(real, x.shape, out_scale, self.random_zero_point())
        operands = [self.dequantize(inner), self.dequantize(x)]
        if rng.random() < 0.5:
            operands.reverse()
        real = self.graph.node("Add", operands)
        finish(self, real, x.shape, self.near_scale(max(out_scale, x.scale) * 1.5))

    def pool(self):
        """A max pool of some results, mostly of windows side by side."""
        x, rng = self.activations[-1], np.random.default_rng([self.seed, 1000 + self.count])
        kernel = [int(k) for k in rng.choice([1, 2, 2, 2, 3, 4], 2)]
        if self.seed % 3 == 0 or rng.random() < 0.4 or \
                any(k > n for k, n in zip(kernel, x.shape[2:])):
            return
        strides = kernel if rng.random() < 0.8 else [int(s) for s in rng.choice([1, 2], 2)]
        real = self.graph.node("MaxPool", [self.dequantize(x)], kernel_shape=kernel, strides=strides)
        out = [(n - k) // s + 1 for n, k, s in zip(x.shape[2:], kernel, strides)]
        self.quantize(real, x.shape[:2] + out, x.scale, x.zero, register=True)

    def sample(self):
        """Integers of one batch: random, or the ends of the range only."""
        low, high = self.range
        shape = self.inputs["x0"].shape
        q = self.rng.integers(low, high + 1, shape)
        if self.rng.random() < 0.4:
            q = np.where(self.rng.random(shape) < 0.5, low, high)
        return q.astype(self.dtype)


def make_case(seed, folder):
    """(model path, inputs) of a seed."""
    net = WideNet(seed)
    net.start()
    for _ in range(int(net.rng.integers(1, 3))):
        net.conv()
        net.pool()
    if net.rng.random() < 0.4:
        net.linear()
    if seed % 2:
        net.residual()
    net.add_outputs()
    os.makedirs(folder, exist_ok=True)
    model = os.path.join(folder, "model.onnx")
    net.graph.save(model)
    return model, {"x0": net.sample()}


def run_case(seed, folder, pairs, used):
    """Complaints of a seed; counts the plans that were used."""
    path, arrays = make_case(seed, folder)
    model, complaints = read_model(path), []
    expected = oracle.run(model, arrays)
    outputs = copy.copy(expected)
    outputs.quantized = {}
    names = [value.name for value in model.graph.outputs]
    for number, (cpu, plan) in enumerate(pairs):
        threads = 1 + (seed + number) % 3
        options = [f"--plan={plan}", f"--threads={threads}"] + machine_options(cpu)
        try:
            dumps = (seed // 2 + number) % 2 == 0
            got = compare.run_on_arrays(QBIAS, path, arrays, names, True, options, dumps)
            report = compare.compare_arrays(expected if dumps else outputs, *got, True)
            layers = json.loads(run(QBIAS, "report", path, "--format=json", *options).stdout)["layers"]
        except (compare.DriverFailed, Failed) as error:
            complaints.append(f"{cpu} {plan} {threads}: {error}")
            continue
        used.update((cpu, plan, layer["plan"]) for layer in layers)
        if report.differing:
            complaints.append(f"{cpu} {plan} {threads}: " + "\n  ".join(report.lines))
    return complaints


def parse_options(description):
    """Command line of this program and of the one for emulated machines."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("work", metavar="WORK-DIR")
    parser.add_argument("--seeds", required=True, metavar="A:B")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--at-least", type=int, default=1, metavar="N")
    return parser.parse_args()


def main():
    """Command line; see the top of the file."""
    options = parse_options("forced plans against the oracle")
    pairs, used = runnable_plans(), collections.Counter()
    done = failed = 0
    start = time.monotonic()
    for seed in range(*map(int, options.seeds.split(":"))):
        if done >= options.at_least and time.monotonic() - start > options.seconds:
            break
        folder = os.path.join(options.work, f"seed{seed}")
        complaints = run_case(seed, folder, pairs, used)
        done += 1
        if complaints:
            failed += 1
            print(f"seed {seed}: " + "\n".join(complaints)[:3000], flush=True)
        else:
            shutil.rmtree(folder)
    unused = [(cpu, plan) for cpu, plan in pairs
              if plan != "auto" and not used[cpu, plan, plan]]
    print(f"cases: {done}, failed: {failed}, plans never used: {unused or 'none'}")
    for key, count in sorted(used.items()):
        print("  cpu {}, asked for {}, used {}: {} layers".format(*key, count))
    is_sample = options.at_least > 1
    return 1 if failed or (unused and is_sample) or done < options.at_least else 0


if __name__ == "__main__":
    sys.exit(main())
