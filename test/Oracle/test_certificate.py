# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The certificate checker accepts hand-made certificates and refuses every mutation.

Certificates are made here by brute force: the feasible interval of r comes from every
single accumulator value and the exact quantize, not from the inequalities the checker
uses.
"""

import copy
import itertools
import os
import subprocess
import sys
import json
import tempfile
import unittest
from fractions import Fraction

import numpy as np

from exact_scalar import START_DIGITS, exact, quantize, round_half_even, sigmoid
from onnx_writer import FLOAT, Graph

HERE = os.path.dirname(os.path.abspath(__file__))
SHIFT = 30  # of every hand-made program
CHECKER = os.path.join(HERE, "..", "..", "examples", "check_certificate.py")


def f32(value):
    """Exact value of the float32 nearest to `value`."""
    return Fraction(float(np.float32(value)))


def feasible(levels, products, start, lo, hi):
    """Interval of r that gives every listed level exactly: one constraint per value."""
    low = max((start(y) - v for y, v in zip(levels, products) if y > lo), default=None)
    high = min((start(y + 1) - 1 - v for y, v in zip(levels, products) if y < hi), default=None)
    return low, high


def layer(op, output, inputs, ranges, lo, hi, **fields):
    """A layer record with the common fields."""
    return {"name": output + ".layer", "op": op, "output": output, "inputs": inputs,
            "input_ranges": [list(r) for r in ranges], "lo": lo, "hi": hi, **fields}


def solve(records, form, lo, hi, zero_point=0):
    """Program fields for channels [(scale M, accumulators, levels)]: m, k, r, intervals."""
    fields = {key: [] for key in ("multiplier", "shift", "rounding", "rounding_min",
                                  "rounding_max", "acc_min", "acc_max")}
    for factor, values, levels in records:
        k = SHIFT
        m = round_half_even(factor * 2**k)

        def start(n, k=k):
            if form == "affine":
                return n << k
            return ((n - zero_point) << k) - (1 << (k - 1)) + ((n - zero_point) & 1)
        low, high = feasible(levels, [acc * m for acc in values], start, lo, hi)
        assert low <= high, "the hand-made channel has no feasible r"
        for key, value in zip(fields, (m, k, (low + high) // 2, low, high, min(values),
                                       max(values))):
            fields[key].append(value)
    if form == "half_even":
        fields["zero_point"] = zero_point
    return dict(fields, form=form)


def level_table(unit, offset, low, high, target, clip=None):
    """[y(u)] for u = low..high by exact arithmetic on every integer."""
    result = []
    for u in range(low, high + 1):
        value = u * unit + offset
        result.append(quantize(max(value, 0) if clip else value, *target))
    return result


class Network:
    """A QDQ network with x [1,2,4,4] uint8 (scale, zero) = (0.05, 3) and its layers."""

    def __init__(self):
        self.graph, self.layers, self.parameters = Graph(opset=13), [], {}
        self.graph.input("x", FLOAT, [1, 2, 4, 4])
        self.quantize("x", "xq", 0.05, 3)

    def quantize(self, real, name, scale, zero, dtype=np.uint8):
        """Quantize node with output `name`."""
        names = [self.graph.const(np.float32(scale)), self.graph.const(dtype(zero))]
        low, high = (0, 255) if dtype is np.uint8 else (-128, 127)
        self.parameters[name] = names, (f32(scale), int(zero), low, high)
        return self.graph.node("QuantizeLinear", [real] + names, [name])

    def real(self, name):
        """A dequantize of a quantized tensor."""
        return self.graph.node("DequantizeLinear", [name] + self.parameters[name][0])

    def target(self, name):
        """(s, z, qmin, qmax)."""
        return self.parameters[name][1]

    def conv(self, source, ranges, name, weights, w_scale, bias, out, form="affine", relu=False):
        """1x1 convolution with float bias (None: unquantized end); adds its layer."""
        w = np.array(weights, dtype=np.int8)[:, :, None, None]
        scales = np.array(w_scale, dtype=np.float32)
        weight = self.graph.node("DequantizeLinear", [
            self.graph.const(w), self.graph.const(scales),
            self.graph.const(np.zeros(len(scales), np.int8))], axis=0)
        bias = np.array(bias, dtype=np.float32)
        real = self.graph.node("Conv", [self.real(source), weight, self.graph.const(bias)],
                               name=name)
        if out is None:
            return self._accumulators(source, ranges, real, weights, scales, bias)
        if relu == "split":  # quantized before and after; the program has one rounding
            self.quantize(real, name + "_first", *out)
            real = self.real(name + "_first")
        real = self.graph.node("Relu", [real]) if relu else real
        self.quantize(real, name, *out)
        target, records, biases = self.target(name), [], []
        lo, hi = max(target[2], target[1]) if relu else target[2], target[3]
        for row, s, b in zip(weights, scales, bias):
            low, high, unit, b_int = self.channel(source, ranges, row, s, b)
            levels = level_table(unit, f32(b), low, high, target, clip=relu)
            if relu == "split":
                first = level_table(unit, f32(b), low, high, target)
                levels = [quantize(max((q - target[1]) * target[0], 0), *target) for q in first]
            accs = [u + b_int for u in range(low, high + 1)]
            records.append((unit / target[0], accs, levels))
            biases.append(b_int)
        if form == "threshold":
            fields = {"form": form, "acc_min": [r[1][0] for r in records],
                      "acc_max": [r[1][-1] for r in records],
                      "thresholds": [self._thresholds(r, lo, hi) for r in records]}
        else:
            fields = solve(records, form, lo, hi, target[1])
        self.layers.append(layer("conv2d", name, [source], [ranges], lo, hi, bias=biases,
                                 **fields))
        return lo, hi

    def channel(self, source, ranges, row, w_scale, bias):
        s, z = self.target(source)[:2]
        ends = [sorted(((ranges[0] - z) * w, (ranges[1] - z) * w)) for w in row]
        unit = s * f32(w_scale)
        return (sum(e[0] for e in ends), sum(e[1] for e in ends), unit,
                round_half_even(f32(bias) / unit))

    @staticmethod
    def _thresholds(record, lo, hi):
        _, accs, levels = record
        return [next((a for a, y in zip(accs, levels) if y >= n), accs[-1] + 1)
                for n in range(lo + 1, hi + 1)]

    def _accumulators(self, source, ranges, real, weights, scales, bias):
        channels = [self.channel(source, ranges, *c) for c in zip(weights, scales, bias)]
        self.layers.append(layer("conv2d", real, [source], [ranges], 0, 0, form="accumulator",
                                 bias=[c[3] for c in channels],
                                 acc_min=[c[0] + c[3] for c in channels],
                                 acc_max=[c[1] + c[3] for c in channels]))
        return real

    def pair(self, op, name, sources, ranges, out, form="affine"):
        """Add or mul of two quantized tensors; adds its layer (table for form 'table')."""
        real = self.graph.node(op, [self.real(source) for source in sources])
        self.quantize(real, name, *out)
        (sa, za, *_), (sb, zb, *_) = map(self.target, sources)
        target = self.target(name)
        pairs = list(itertools.product(*(range(r[0], r[1] + 1) for r in ranges)))
        values = [(a - za) * sa + (b - zb) * sb if op == "Add" else
                  (a - za) * (b - zb) * sa * sb for a, b in pairs]
        levels = [quantize(value, *target) for value in values]
        if form == "table":
            fields = {"form": form, "table": levels}
        elif op == "Mul":
            products = range(min((a - za) * (b - zb) for a, b in pairs),
                             max((a - za) * (b - zb) for a, b in pairs) + 1)
            table = level_table(sa * sb, 0, products[0], products[-1], target)
            fields = solve([(sa * sb / target[0], products, table)], form, *target[2:])
        else:
            m = [round_half_even(s / target[0] * 2**SHIFT) for s in (sa, sb)]
            low, high = feasible(levels, [a * m[0] + b * m[1] for a, b in pairs],
                                 lambda n: n << SHIFT, *target[2:])
            fields = {"form": form, "multiplier": m, "shift": [SHIFT], "rounding": [low],
                      "rounding_min": [low], "rounding_max": [high]}
        self.layers.append(layer(op.lower(), name, sources, ranges, *target[2:], **fields))


def chain_network():
    """conv, conv+relu (threshold), max pool, mean (half-even), flatten, last conv."""
    net = Network()
    net.conv("xq", (0, 255), "c1", [[3, -5], [7, 2]], [0.01, 0.002], [0.3, -0.7],
             (0.11, 7))
    net.conv("c1", (0, 255), "c2", [[2, -3], [0, 0]], [0.01, 0.02], [0.31, 5.0],
             (0.05, 9), form="threshold", relu=True)
    real = net.graph.node("MaxPool", [net.real("c2")], kernel_shape=[2, 2], strides=[2, 2])
    net.quantize(real, "p", 0.05, 9)
    real = net.graph.node("GlobalAveragePool", [net.real("p")])
    net.quantize(real, "g", 0.05, 9)
    ranges = (9, 255)
    target = net.target("g")
    sums = range(0, 4 * (255 - 9) + 1)
    levels = [quantize(total * target[0] / 4, *target) for total in sums]
    fields = solve([(Fraction(1, 4), sums, levels)], "half_even", *target[2:], zero_point=9)
    net.layers.append(layer("avg_pool", "g", ["c2"], [ranges], 0, 255, **fields))
    last = net.conv("g", (0, 255), "c3", [[1, 2], [3, -4]], [0.01, 0.01], [0.02, -0.5], None)
    net.graph.output(last, FLOAT, [1, 2, 1, 1])
    return net


def split_network():
    """conv -> Q -> DQ -> relu -> Q of the same scale, fused into one layer."""
    net = Network()
    net.conv("xq", (0, 255), "c1", [[3, -5], [7, 2]], [0.01, 0.012], [0.3, -0.7], (0.1137, 77),
             relu="split")
    net.conv("c1", (77, 255), "c2", [[3, 4]], [0.01], [0.0], (0.3137, 5))
    net.graph.output(net.real("c2"), FLOAT, [1, 1, 4, 4])
    return net


def pair_network():
    """add (affine), mul (affine), sigmoid (lookup), concat with a table, add (table)."""
    net = Network()
    lo, hi = net.conv("xq", (0, 255), "c", [[3, -5], [7, 2]], [0.01, 0.002], [0.3, -0.7],
                      (0.11, 7))
    net.pair("Add", "a", ["xq", "c"], [(0, 255), (lo, hi)], (0.083, 100))
    net.pair("Mul", "m", ["a", "c"], [(0, 255), (lo, hi)], (1.3, 120))
    net.pair("Add", "t", ["a", "a"], [(0, 255), (0, 255)], (0.083, 1), form="table")
    net.quantize(net.graph.node("Sigmoid", [net.real("m")]), "s", 1 / 256, -128, np.int8)
    (scale, zero, *_), target = net.target("m"), net.target("s")
    table = []
    for q in range(256):
        low, high = sigmoid(exact((q - zero) * scale), START_DIGITS)
        table.append(quantize((low + high) / 2, *target))
    net.layers.append(layer("lookup", "s", ["m"], [(0, 255)], -128, 127, form="table",
                            table=table))
    net.quantize(net.graph.node("Concat", [net.real("a"), net.real("t")], axis=1), "k", 0.166, 4)
    for source in ("a", "t"):
        (scale, zero, *_), target = net.target(source), net.target("k")
        table = [quantize((q - zero) * scale, *target) for q in range(256)]
        net.layers.append(layer("lookup", "k", [source], [(0, 255)], 0, 255, form="table",
                                table=table))
    for name in ("s", "k"):
        net.graph.output(net.real(name), FLOAT, [])
    return net


def addend_network():
    """conv + skip + relu without a quantize between (N11b)."""
    net = Network()
    weights, scales = np.array([[3, -5], [1, 2]]), [0.0113, 0.0171]
    graph, target = net.graph, (f32(0.23), 5, 0, 255)
    weight = graph.node("DequantizeLinear", [
        graph.const(weights.astype(np.int8)[:, :, None, None]),
        graph.const(np.array(scales, np.float32)), graph.const(np.zeros(2, np.int8))], axis=0)
    real = graph.node("Conv", [net.real("xq"), weight])
    real = graph.node("Relu", [graph.node("Add", [real, net.real("xq")])])
    net.quantize(real, "y", 0.23, 5)
    columns = {key: [] for key in ("multiplier", "addend_multiplier", "shift", "rounding",
                                   "rounding_min", "rounding_max", "acc_min", "acc_max")}
    for row, scale in zip(weights.tolist(), scales):
        low, high, unit, _ = net.channel("xq", (0, 255), row, scale, 0.0)
        m, m2 = (round_half_even(s / target[0] * 2**SHIFT) for s in (unit, f32(0.05)))
        levels, products = [], []
        for q2 in range(256):
            offset = (q2 - 3) * f32(0.05)
            levels += level_table(unit, offset, low, high, target, clip=True)
            products += [u * m + q2 * m2 for u in range(low, high + 1)]
        least, most = feasible(levels, products, lambda n: n << SHIFT, 5, 255)
        for key, value in zip(columns, (m, m2, SHIFT, least, least, most, low, high)):
            columns[key].append(value)
    net.layers.append(layer("conv2d_add", "y", ["xq", "xq"], [(0, 255)] * 2, 5, 255,
                            form="affine", **columns))
    graph.output(net.real("y"), FLOAT, [])
    return net


class CertificateTest(unittest.TestCase):
    """Accepts the hand-made certificates; every mutation fails."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def check(self, net, layers):
        """(exit code, last line) of the checker."""
        model, path = (os.path.join(self.folder, name) for name in ("m.onnx", "c.json"))
        net.graph.save(model)
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"format": "qbias-certificate", "version": 1, "model": "m.onnx",
                       "mode": "exact", "layers": layers}, file)
        done = subprocess.run([sys.executable, CHECKER, path, model], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout.strip().splitlines()[-1]

    def accept(self, net, channels):
        """The untouched certificate passes."""
        expected = f"certificate: {len(net.layers)} layers, {channels} channels, all proven"
        self.assertEqual(self.check(net, net.layers), (0, expected))

    def refuse(self, net, number, key, change):
        """The certificate with layers[number][key] changed fails."""
        layers = copy.deepcopy(net.layers)
        layers[number][key] = change(layers[number][key])
        code, line = self.check(net, layers)
        self.assertEqual(code, 1, f"{layers[number]['name']}: {key} changed, yet {line}")
        self.assertTrue(line.startswith("not proven: "), line)

    def refuse_all(self, net, number, keys):
        """Every entry of every listed field, one up and one down."""
        for key in keys:
            for step in (1, -1):
                self.refuse(net, number, key, lambda old, s=step: bumped(old, s))

    def test_chain(self):
        """Accumulator, threshold, half-even forms, alias behind max pool, last layer."""
        net = chain_network()
        self.accept(net, 7)
        self.refuse_all(net, 0, ("bias", "lo", "hi", "acc_min", "acc_max", "rounding_min",
                                 "rounding_max", "input_ranges"))
        self.refuse_all(net, 1, ("bias", "lo", "hi", "acc_min", "acc_max"))
        self.refuse_all(net, 2, ("acc_min", "acc_max", "rounding_min", "zero_point"))
        self.refuse_all(net, 3, ("bias", "acc_min", "acc_max"))
        self.refuse(net, 1, "thresholds", lambda old: [[old[0][0] + 1] + old[0][1:]] + old[1:])

    def test_split(self):
        """A segment with two quantizes is one composed staircase."""
        net = split_network()
        self.accept(net, 3)
        self.refuse_all(net, 0, ("bias", "lo", "hi", "rounding_min", "rounding_max"))
        self.refuse_all(net, 1, ("input_ranges",))

    def test_rounding_outside(self):
        """r one step outside its interval fails, with the interval moved along or not."""
        net = chain_network()
        for number in (0, 2):
            record = net.layers[number]
            for side, step in (("rounding_min", -1), ("rounding_max", 1)):
                outside = record[side][0] + step
                self.refuse(net, number, "rounding", lambda old, r=outside: [r] + old[1:])

    def test_missing_and_extra_layers(self):
        """Every segment has exactly one layer."""
        net = chain_network()
        for number in range(len(net.layers)):
            code, _ = self.check(net, net.layers[:number] + net.layers[number + 1:])
            self.assertEqual(code, 1)
        code, _ = self.check(net, net.layers + [net.layers[0]])
        self.assertEqual(code, 1)

    def test_pairs(self):
        """Two operands, tables, concat with unequal scales."""
        net = pair_network()
        self.accept(net, 8)
        self.refuse_all(net, 1, ("rounding_min", "rounding_max", "lo", "input_ranges"))
        self.refuse_all(net, 2, ("rounding_min", "acc_max"))
        for number in (3, 4, 5):
            self.refuse(net, number, "table", lambda old: [old[0]] + [old[1] + 1] + old[2:])

    def test_addend(self):
        """conv + skip: one staircase per value of the addend."""
        net = addend_network()
        self.accept(net, 2)
        self.refuse_all(net, 0, ("rounding_min", "rounding_max", "acc_min", "addend_multiplier"))


def bumped(value, step):
    """The first integer of a nested list (or an integer) moved by `step`."""
    if isinstance(value, list):
        return [bumped(value[0], step)] + value[1:]
    return value + step


if __name__ == "__main__":
    unittest.main()
