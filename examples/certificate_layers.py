# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One layer of a certificate against its piece of the model, for check_certificate.py.

u is the integer sum without bias; acc, t(n), v, m, r, k are as in certificate_program.py.
"""

import math
from fractions import Fraction

from certificate_exact import Failure, Tail, clip, product, require, rne
from certificate_model import POOLS, WEIGHTED
from certificate_program import MAX_MULTIPLIER, MAX_SHIFT, bisect_level, intersection
from certificate_tables import LookupCheck
from certificate_wide import check_sum

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
WIDE_BIAS = 2**62  # limit of a bias beside 64-bit accumulators
FORMS = {"affine", "half_even", "threshold", "table", "accumulator", "wide"}
MAX_PAIRS = 1 << 20  # operand pairs that are enumerated (8-bit operands: 65,536)
ACCUMULATOR_OPS = {"conv2d", "matmul"}
ADDEND_OPS = {"conv2d_add", "matmul_add"}


class SegmentCheck(LookupCheck):
    """Checks one layer; `run` returns its number of channels or raises Failure."""

    def __init__(self, checker, layer):
        super().__init__(layer)
        self.checker, self.model = checker, checker.model
        self.roots = [checker.root(name) for name in layer["inputs"]]
        self.output = self.model.producer[layer["output"]]
        self.addend = None  # third input of a Gemm that is no bias

    def run(self):
        """Dispatch on the operator the certificate names."""
        op = self.layer["op"]
        require(self.form in FORMS, f"form '{self.form}' proves nothing")
        if op == "lookup":
            return self._lookup()
        core, steps = self._core()
        if op in ACCUMULATOR_OPS:
            return self._accumulator(core, steps)
        if op in ADDEND_OPS:
            return self._with_addend(core, steps)
        if op in ("add", "sub"):
            return self._sum_of_two(core, steps)
        if op == "mul":
            return self._product_of_two(core, steps)
        if op == "requantize":
            return self._requantize(core, steps)
        require(op == "avg_pool", f"operator {op} is unknown")
        return self._mean(core, steps)

    # Reading the graph.

    def _core(self):
        """(core node, steps behind it); for a quantized end the steps include it."""
        if self.form == "accumulator":
            return self.checker.trace(self.layer["output"], self.roots)
        require(self.output.op == "QuantizeLinear", "the output is not a quantize")
        core, steps = self.checker.trace(self.output.inputs[0], self.roots)
        return core, steps + [("quantize",) + self.model.quantization(self.output)]

    def _set_tail(self, steps):
        """Tail behind the core; offsets and gains left in it must be scalars."""
        flat = []
        for step in steps:
            if step[0] == "affine":
                require(len(step[1]) == len(step[2]) == 1, "a per-channel constant in the tail")
                step = ("affine", step[1][0], step[2][0])
            flat.append(step)
        self.tail = Tail(flat, (self.layer["lo"], self.layer["hi"]))

    def _operand(self, name, number):
        """(s, z, lo, hi, padded) of a dequantized operand, input `number` of the layer."""
        node, passed = self.checker.through_layout(name)
        require(node is not None and self.checker.root(node.inputs[0]) == self.roots[number],
                f"operand {name} is not input {number} of the layer")
        s, z = self.model.quantization(node)[:2]
        low, high = self.checker.padded(tuple(self.layer["input_ranges"][number]), passed, z)
        return s, z, low, high

    # Convolution, matrix product.

    def _weight_side(self, node):
        """The number of the operand that is constant: 0 for W x, whose rows are channels."""
        return int(node.op != "MatMul" or self.model.numbers(node.inputs[0]) is None)

    def _weights(self, node):
        """(rows of integers per output channel, scale per channel) of constant weights."""
        side = self._weight_side(node)
        name, swapped = node.inputs[side], False
        while self.model.producer.get(name) is not None \
                and self.model.producer[name].op == "Transpose":
            swapped, name = not swapped, self.model.producer[name].inputs[0]
        source = self.model.producer.get(name)
        q = None
        if source is not None and source.op == "DequantizeLinear":
            q = self.model.constant(source.inputs[0])
        require(q is not None, f"{name}: the weights are not a dequantized constant")
        dims = q.dims if len(q.dims) > 1 else q.dims + [1]  # a vector is a column
        by_rows = node.op == "Conv" or \
            (side == 0 or bool(node.attributes.get("transB"))) != swapped
        count = dims[0] if by_rows else dims[-1]
        scales, zeros = self.model.parameters(source)
        axis = source.attributes.get("axis", 1) % len(dims)
        require(len(scales) == 1 or axis == (0 if by_rows else len(dims) - 1),
                f"{name}: weight scales on another axis than the output channels")
        require(node.op == "Conv" or len(dims) == 2, f"{name}: expects a matrix of weights")
        size = len(q.values) // count
        rows = [q.values[c * size:(c + 1) * size] if by_rows else q.values[c::count]
                for c in range(count)]
        scales, zeros = scales * (count // len(scales)), zeros * (count // len(zeros))
        rows = [[value - z for value in row] if s else [] for row, z, s
                in zip(rows, zeros, scales)]
        return rows, [s or Fraction(1) for s in scales]  # zero scale: w = 0, s_w = 1

    def _channels(self, core, steps):
        """[(unit, b, u_min, u_max, room, own)] per channel and the steps left for the tail.

        room: (lowest, highest) integer bias; what an int32 accumulator has left for any
        integer of the operand's type, 62 bits where the products leave int32 (N9, N10).
        own: the part of b in bias integers, the layer's own bias or all of b.
        """
        require(core.op in WEIGHTED, f"{core.op} is not a convolution or matrix product")
        x = core.inputs[1 - self._weight_side(core)]
        x_scale, z, low, high = self._operand(x, 0)
        qmin, qmax = self.model.quantization(self.checker.through_layout(x)[0])[2:]
        pads = core.attributes.get("pads", [])
        if core.op == "Conv" and (any(pads) or core.attributes.get("auto_pad", "")[:4] == "SAME"):
            low, high = min(low, z), max(high, z)  # a padded tap contributes 0 (N9)
        if len(self.layer["inputs"]) > 1 and self.layer["op"] == "matmul":
            return self._two_activations(core, x_scale, z, low, high), steps
        rows, scales = self._weights(core)
        gains = [Fraction(core.attributes.get("alpha", 1.0))] * len(rows)
        offsets = [Fraction(0)] * len(rows)
        if len(core.inputs) > 2 and core.inputs[2] and core.inputs[2] != self.addend:
            beta, bias = core.attributes.get("beta", 1.0), self.model.numbers(core.inputs[2])
            require(bias is not None, f"{core.inputs[2]}: the bias is not a constant")
            offsets = [value * Fraction(beta) for value in spread(bias, len(rows))]
        own = [[value / (x_scale * s * gain)] for value, s, gain in zip(offsets, scales, gains)]
        while steps and steps[0][0] == "affine":
            factor, shift = (spread(item, len(rows)) for item in steps[0][1:])
            offsets = [o * f + s for o, f, s in zip(offsets, factor, shift)]
            gains = [g * f for g, f in zip(gains, factor)]
            require(all(gain > 0 for gain in gains), "a gain that is not positive")
            for whole, value, s, gain in zip(own, offsets, scales, gains):
                whole.append(value / (x_scale * s * gain))
            steps = steps[1:]
        sums = [(sum(w for w in row if w > 0), sum(w for w in row if w < 0)) for row in rows]
        result = [(x_scale * s * gain, offset, up * (low - z) + down * (high - z),
                   up * (high - z) + down * (low - z))
                  for (up, down), s, gain, offset in zip(sums, scales, gains, offsets)]
        rooms = [(INT32_MIN - min(up * (qmin - z) + down * (qmax - z), 0),
                  INT32_MAX - max(up * (qmax - z) + down * (qmin - z), 0)) for up, down in sums]
        if any(least > 0 or most < 0 for least, most in rooms):
            rooms = [(-WIDE_BIAS, WIDE_BIAS)] * len(rooms)
        return [channel + (room, parts) for channel, room, parts in zip(result, rooms, own)], steps

    def _two_activations(self, core, x_scale, z, low, high):
        """Bounds from both ranges and the reduction length (N9)."""
        require(core.op == "MatMul", "two activations outside MatMul")
        s, zero, low2, high2 = self._operand(core.inputs[1], 1)
        length = self.model.shape(core.inputs[0])[-1]
        ends = product((low - z, high - z), (low2 - zero, high2 - zero))
        columns = self.model.shape(core.inputs[1])[-1]
        channel = x_scale * s, Fraction(0), ends[0] * length, ends[1] * length, (0, 0), [0]
        return [channel] * columns

    def _bias(self, c, count, room, own):
        """The channel's integer bias, proven to be the rounded one (N5, N10).

        Constants behind the layer may be in the bias or in r: what the bias leaves has to
        be in r, which the steps prove.
        """
        exact = [rne(Fraction(value)) for value in own]
        if "bias" not in self.layer:
            require(0 in exact, f"channel {c}: no bias, expects {exact[0]}")
            return 0
        bias, expected = self.column("bias", count)[c], [clip(value, *room) for value in exact]
        require(bias in expected, f"channel {c}: bias {bias}, expects {expected[0]} ("
                + ("N5)" if expected == exact else f"N10, the rounded bias is {exact[0]})"))
        return bias

    def _accumulator(self, core, steps):
        channels, steps = self._channels(core, steps)
        if self.form != "accumulator":
            self._set_tail(steps)
        count = len(channels)
        for c, (unit, offset, low, high, room, own) in enumerate(channels):
            bias = self._bias(c, count, room, own)
            self.check_bounds(c, count, low + bias, high + bias)
            if self.form != "accumulator":
                thresholds = [u + bias for u in self.tail.reach(unit, offset, low, high)]
                self.staircase(c, count, thresholds, low + bias, high + bias)
        return count

    def _sides(self, core):
        """(layer, steps behind it, the other operand) of a sum with an accumulator."""
        if core.op == "Gemm":
            require(core.attributes.get("beta", 1.0) == 1 and len(core.inputs) > 2,
                    "a Gemm with another factor than 1 of its third input")
            self.addend = core.inputs[2]
            return core, [], self.addend
        require(core.op in ("Add", "Sub"), f"{core.op} is not a sum")
        sides = [self.checker.trace(name, self.roots) for name in core.inputs]
        side = next((i for i in (0, 1) if sides[i][0].op in WEIGHTED), None)
        require(side is not None, "no operand of the sum is a convolution or matrix product")
        require(core.op == "Add" or side == 0, "an accumulator is subtracted")
        return sides[side] + (core.inputs[1 - side],)

    def _with_addend(self, core, steps):
        """Accumulator plus a quantized operand: a staircase per value of q2 (N11b)."""
        require(self.form in ("affine", "half_even"), f"form {self.form} with an addend")
        layer, between, name = self._sides(core)
        channels, rest = self._channels(layer, between)
        require(not rest, "a function between the accumulator and the sum")
        s2, z2, low2, high2 = self._operand(name, 1)
        s2 = -s2 if core.op == "Sub" else s2
        self._set_tail(steps)
        count, addend = len(channels), self.column("addend_multiplier", len(channels))
        for c, (unit, offset, low, high, room, own) in enumerate(channels):
            bias = self._bias(c, count, room, own)
            self.check_bounds(c, count, low + bias, high + bias)
            (m, k), bounds = self.factors(c, count), []
            for q2 in range(low2, high2 + 1):
                levels = self.tail.reach(unit, offset + (q2 - z2) * s2, low, high)
                least, most = self.feasible([u + bias for u in levels], m, k,
                                             low + bias, high + bias)
                bounds.append((None if least is None else least - q2 * addend[c],
                               None if most is None else most - q2 * addend[c]))
            ends = [acc * m + q2 * addend[c] for acc in (low + bias, high + bias)
                    for q2 in (low2, high2)]
            self.rounding(c, count, [intersection(bounds)], ends)
        return count

    # Two quantized operands.

    def _sum_of_two(self, core, steps):
        """Every pair of integers (N11)."""
        require(core.op in ("Add", "Sub"), f"{core.op} is not a sum")
        a, b = (self._operand(name, i) for i, name in enumerate(core.inputs))
        scales = [a[0], -b[0] if core.op == "Sub" else b[0]]
        if self.form == "wide":
            self._set_tail(steps)
            check_sum(self, scales, (a, b), self.tail.steps)
            return 1
        require((a[3] - a[2]) * (b[3] - b[2]) < MAX_PAIRS, "too many operand pairs to prove")
        bottom = math.lcm(*(s.denominator for s in scales))
        left, right = (int(s * bottom) for s in scales)
        pairs = [(qa, qb, left * (qa - a[1]) + right * (qb - b[1]))
                 for qa in range(a[2], a[3] + 1) for qb in range(b[2], b[3] + 1)]
        self._set_tail(steps)
        sums = [value for _, _, value in pairs]
        levels = self.tail.reach(Fraction(1, bottom), Fraction(0), min(sums), max(sums))
        expected = [(qa, qb, bisect_level(levels, v, self.tail.lo)) for qa, qb, v in pairs]
        if self.form == "table":
            return self._pair_table(core, a, b, expected)
        ma, mb = self.column("multiplier", 2)
        require(core.op == "Add" or mb <= 0 < ma, "a difference has no positive second multiplier")
        k = self.column("shift", 1)[0]
        require(1 <= k <= MAX_SHIFT and abs(ma) <= MAX_MULTIPLIER and abs(mb) <= MAX_MULTIPLIER,
                "multiplier or shift out of range (N6)")
        products = [qa * ma + qb * mb for qa in a[2:4] for qb in b[2:4]]
        if "acc_min" in self.layer:
            self.check_bounds(0, 1, min(products), max(products))
        bounds = [self._pair_bounds(n, qa * ma + qb * mb, k) for qa, qb, n in expected]
        self.rounding(0, 1, [intersection(bounds)], products)
        return 1

    def _pair_bounds(self, n, v, k):
        """Interval of r that gives level n when the multiplied operands are v."""
        return (self.start(n, k) - v if n > self.tail.lo else None,
                self.start(n + 1, k) - 1 - v if n < self.tail.hi else None)

    def _pair_table(self, core, a, b, expected):
        """Table of a two-operand layer, indexed from the range's or the type's minimum."""
        table, nodes = self.layer["table"], [self.checker.through_layout(n)[0] for n in core.inputs]
        types = [self.model.quantization(node)[2:] for node in nodes]
        for (alow, ahigh), (blow, bhigh) in ((a[2:4], b[2:4]), types):
            if len(table) == (ahigh - alow + 1) * (bhigh - blow + 1):
                width = bhigh - blow + 1
                for qa, qb, n in expected:
                    require(table[(qa - alow) * width + qb - blow] == n,
                            f"table entry of ({qa}, {qb}), expects {n}")
                return 1
        raise Failure(f"table of {len(table)} entries for operands {a[2:4]} and {b[2:4]}")

    def _product_of_two(self, core, steps):
        """A staircase in p = (qa - za)(qb - zb) (N11)."""
        require(core.op == "Mul", f"{core.op} is not a product")
        a, b = (self._operand(name, i) for i, name in enumerate(core.inputs))
        self._set_tail(steps)
        low, high = product((a[2] - a[1], a[3] - a[1]), (b[2] - b[1], b[3] - b[1]))
        levels = self.tail.reach(a[0] * b[0], Fraction(0), low, high)
        if "acc_min" in self.layer:
            self.check_bounds(0, 1, low, high)
        if self.form != "table":
            self.staircase(0, 1, levels, low, high)
            return 1
        require((a[3] - a[2]) * (b[3] - b[2]) < MAX_PAIRS, "too many operand pairs to prove")
        pairs = [(qa, qb, bisect_level(levels, (qa - a[1]) * (qb - b[1]), self.tail.lo))
                 for qa in range(a[2], a[3] + 1) for qb in range(b[2], b[3] + 1)]
        return self._pair_table(core, a, b, pairs)

    # Means and wide tensors.

    def _divisors(self, core):
        """Every divisor an output position of the pool has, and whether taps are padded."""
        shape = self.model.shape(core.inputs[0])
        if core.op == "AveragePool":
            counts = [{len(taps) for taps in axis} for axis in self.model.window(core)[0]]
            products = {1}
            for axis in counts:
                products = {value * count for value in products for count in axis}
            return products, bool(core.attributes.get("count_include_pad"))
        axes = range(2, len(shape))
        if core.op == "ReduceMean":
            axes = self.model.dims(core, 1, "axes", range(len(shape)))
        return {math.prod(shape[axis] for axis in axes)}, False

    def _mean(self, core, steps):
        """A staircase in S = sum of (q - z), one per divisor (N11)."""
        require(core.op in POOLS, f"{core.op} is not a mean")
        s, z, low, high = self._operand(core.inputs[0], 0)
        divisors, padded = self._divisors(core)
        if padded:
            low, high = min(low, z), max(high, z)
        given = self.layer.get("divisors", sorted(divisors) if len(divisors) == 1 else [])
        require(sorted(given) == sorted(divisors),
                f"divisors {given}, expects {sorted(divisors)}")
        if self.form != "accumulator":
            self._set_tail(steps)
        for c, divisor in enumerate(given):
            ends = divisor * (low - z), divisor * (high - z)
            self.check_bounds(c, len(given), *ends)
            if self.form == "accumulator":
                continue
            levels = self.tail.reach(s / divisor, Fraction(0), *ends)
            self.staircase(c, len(given), levels, *ends)
        return len(given)

    def _requantize(self, core, steps):
        """A staircase in q - z of a tensor too wide for a table (N7)."""
        if core.op == "Concat":
            branch = next(item for item in core.inputs if self._reader(item) is not None)
            core, before = self.checker.trace(branch, self.roots)
            steps = before + steps
        require(core.op == "DequantizeLinear", f"{core.op} is not elementwise")
        s, z = self.model.quantization(core)[:2]
        low, high = self.layer["input_ranges"][0]
        self._set_tail(steps)
        self.check_bounds(0, 1, low - z, high - z)
        levels = self.tail.reach(s, Fraction(0), low - z, high - z)
        self.staircase(0, 1, levels, low - z, high - z)
        return 1


def spread(values, count):
    """One value per channel from one value or `count` values."""
    require(len(values) in (1, count), f"{len(values)} constants for {count} channels")
    return values * (count // len(values))
