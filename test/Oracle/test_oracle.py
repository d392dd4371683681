# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The oracle against an independent slow evaluator, and reader against writer."""

import unittest
from fractions import Fraction

import numpy as np

import exact_scalar
import integer_ops
import oracle
import quantizer
import random_net
from onnx_reader import OnnxError, parse_model
from onnx_writer import FLOAT, INT32, INT64, Graph
from slow_reference import SlowNetwork

RANDOM_SEEDS = range(1000, 1030)


class Bench:
    """One operator between quantized tensors: x -> Q -> DQ -> op -> Q."""

    def __init__(self, shape, seed=0, opset=13):
        self.rng = np.random.default_rng(seed)
        self.graph = Graph(opset=opset, typed=bool(seed % 2))
        self.shape = shape
        self.graph.input("x", FLOAT, shape)
        self.x = self.both("x", 0.0371, 113)

    def const(self, array, dtype=None):
        """Constant operand."""
        return self.graph.const(np.asarray(array), dtype=dtype)

    def both(self, real, scale, zero, dtype=np.uint8):
        """Quantize and dequantize; returns the real tensor."""
        names = [self.const(np.float32(scale)), self.const(dtype(zero))]
        q = self.graph.node("QuantizeLinear", [real] + names)
        return self.graph.node("DequantizeLinear", [q] + names)

    def weights(self, shape, axis=0, dtype=np.int8, zero=True):
        """Per-channel int weights behind a dequantize."""
        info = np.iinfo(dtype)
        q = self.rng.integers(info.min, info.max + 1, shape).astype(dtype)
        scale = self.rng.uniform(0.002, 0.01, shape[axis]).astype(np.float32)
        zeros = self.rng.integers(info.min, info.max + 1, shape[axis]) * int(zero)
        return self.graph.node("DequantizeLinear", [self.const(q), self.const(scale),
                                                    self.const(zeros.astype(dtype))], axis=axis)

    def node(self, op_type, inputs, **attributes):
        """Append a node."""
        return self.graph.node(op_type, inputs, **attributes)

    def model(self, real, scale=0.05, zero=40, dtype=np.uint8):
        """Finish with quantize and output; the parsed model."""
        self.graph.output(self.both(real, scale, zero, dtype), FLOAT, [])
        return parse_model(self.graph.serialize())


class OperatorTest(unittest.TestCase):
    """Every operator on tiny tensors, exactly."""

    def same(self, model, arrays, count=1):
        """Oracle and slow evaluator give the same integers for every quantize."""
        expected = None
        for sample in range(count):
            one = {name: np.array_split(array, count)[sample] for name, array in arrays.items()}
            part = SlowNetwork(model).run(one)
            expected = part if expected is None else {
                name: np.concatenate([expected[name], part[name]]) for name in part}
        result = oracle.run(model, arrays).quantized
        self.assertEqual(sorted(result), sorted(expected))
        for name, array in expected.items():
            np.testing.assert_array_equal(result[name], array, err_msg=name)

    def check(self, bench, real, **target):
        """Random integers and extremes through one bench."""
        model = bench.model(real, **target)
        for seed in range(2):
            x = np.random.default_rng(seed).integers(0, 256, bench.shape).astype(np.uint8)
            self.same(model, {"x": x if seed == 0 else np.where(x > 127, 255, 0).astype(np.uint8)})

    def test_conv(self):
        """Groups, depthwise with multiplier, strides, dilation, pads, auto_pad, 1-d."""
        cases = [([1, 3, 5, 4], [4, 3, 3, 2], {"pads": [1, 0, 2, 1], "strides": [2, 1]}),
                 ([1, 4, 5, 5], [6, 2, 3, 3], {"group": 2, "dilations": [2, 1],
                                               "pads": [2, 1, 1, 0]}),
                 ([1, 3, 4, 4], [6, 1, 2, 3], {"group": 3, "pads": [1, 1, 1, 1]}),
                 ([1, 2, 6, 5], [3, 2, 3, 3], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
                 ([1, 2, 6, 5], [3, 2, 2, 4], {"auto_pad": "SAME_LOWER"}),
                 ([1, 2, 9], [3, 2, 3], {"strides": [2], "dilations": [2], "pads": [1, 2]})]
        for seed, (shape, kernel, attributes) in enumerate(cases):
            bench = Bench(shape, seed)
            bias = bench.const(bench.rng.normal(0, 1, kernel[0]).astype(np.float32))
            real = bench.node("Conv", [bench.x, bench.weights(kernel), bias], **attributes)
            self.check(bench, real)

    def test_conv_extremes(self):
        """uint8 weights with zero point, zero weight scale, int16 and int4 data."""
        bench = Bench([1, 2, 3, 3], 7)
        self.check(bench, bench.node("Conv", [bench.x, bench.weights([3, 2, 2, 2],
                                                                     dtype=np.uint8)]))
        bench = Bench([1, 2, 3, 3], 8, opset=21)
        q = bench.rng.integers(-8, 8, [2, 2, 1, 1]).astype(np.int8)
        weight = bench.node("DequantizeLinear", [
            bench.const(q, "int4"), bench.const(np.array([0.01, 0.0], np.float32)),
            bench.const(np.zeros(2, np.int8), "int4")], axis=0)
        bias = bench.const(np.array([0.3, -0.4], np.float32))
        self.check(bench, bench.node("Conv", [bench.x, weight, bias]), scale=0.001, zero=-500,
                   dtype=np.int16)

    def test_conv_transpose(self):
        """Strides, pads, output padding, groups, dilation."""
        cases = [([1, 3, 3, 4], [3, 2, 3, 2], {"strides": [2, 1], "pads": [1, 0, 0, 1]}),
                 ([1, 4, 3, 3], [4, 2, 2, 2], {"group": 2, "strides": [3, 2],
                                               "output_padding": [1, 1]}),
                 ([1, 2, 5], [2, 3, 3], {"dilations": [2], "pads": [3, 1]})]
        for seed, (shape, kernel, attributes) in enumerate(cases):
            bench = Bench(shape, seed)
            scale, zero = bench.const(np.float32(0.0073)), bench.const(np.int8(3))
            q = bench.const(bench.rng.integers(-128, 128, kernel).astype(np.int8))
            weight = bench.node("DequantizeLinear", [q, scale, zero])
            outputs = kernel[1] * attributes.get("group", 1)
            bias = bench.const(bench.rng.normal(0, 1, outputs).astype(np.float32))
            self.check(bench, bench.node("ConvTranspose", [bench.x, weight, bias], **attributes))

    def test_gemm_and_matmul(self):
        """transA, transB, alpha, beta; batched and two activations."""
        bench = Bench([3, 4], 1)
        c = bench.const(bench.rng.normal(0, 1, 2).astype(np.float32))
        real = bench.node("Gemm", [bench.x, bench.weights([2, 3]), c], transA=1, transB=1,
                          alpha=0.75, beta=1.7)
        self.check(bench, real)
        bench = Bench([2, 3, 4], 2)
        self.check(bench, bench.node("MatMul", [bench.x, bench.weights([4, 5], axis=1)]))
        bench = Bench([2, 3, 4], 3)
        turned = bench.node("Transpose", [bench.x], perm=[0, 2, 1])
        self.check(bench, bench.node("MatMul", [bench.x, turned]), scale=0.9)

    def test_binary(self):
        """Add, Sub, Mul, Div by a constant, broadcasting constants."""
        for seed, (op, other) in enumerate([("Add", None), ("Sub", None), ("Mul", None),
                                            ("Mul", 0.37), ("Div", 0.37), ("Add", [[0.1], [-2]])]):
            bench = Bench([1, 2, 3], seed)
            second = bench.both(bench.x, 0.061, 9) if other is None else \
                bench.const(np.array(other, np.float32))
            self.check(bench, bench.node(op, [bench.x, second]), scale=0.08)

    def test_ties(self):
        """Dyadic add whose every second sum is a tie."""
        bench = Bench([1, 64], 0)
        first = bench.both(bench.x, 0.25, 7)
        second = bench.both(bench.x, 0.25, 100)
        self.check(bench, bench.node("Add", [first, second]), scale=0.5, zero=33)

    def test_unary(self):
        """Every table operator, also chained and in products of branches."""
        cases = [("Relu", {}), ("LeakyRelu", {"alpha": 0.1}), ("Sigmoid", {}), ("Tanh", {}),
                 ("HardSigmoid", {"alpha": 0.21, "beta": 0.4}), ("HardSwish", {}),
                 ("Clip", {"min": -1.5, "max": 2.5})]
        for seed, (op, attributes) in enumerate(cases):
            bench = Bench([1, 5, 20], seed, opset=6 if op == "Clip" else 14)
            real = bench.node(op, [bench.x], **attributes)
            self.check(bench, real, scale=0.013)
            bench = Bench([1, 5, 20], seed, opset=6 if op == "Clip" else 14)
            real = bench.node("Mul", [bench.x, bench.node(op, [bench.x], **attributes)])
            self.check(bench, real, scale=0.03)

    def test_pools(self):
        """Padding, ceil_mode, divisors, dilation of max pool, means."""
        for seed, (op, attributes) in enumerate([
                ("MaxPool", {"kernel_shape": [3, 2], "pads": [1, 1, 2, 0], "strides": [2, 1]}),
                ("MaxPool", {"kernel_shape": [2, 2], "dilations": [2, 1], "ceil_mode": 1}),
                ("AveragePool", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
                ("AveragePool", {"kernel_shape": [2, 3], "pads": [1, 1, 1, 1],
                                 "count_include_pad": 1}),
                ("AveragePool", {"kernel_shape": [3, 2], "strides": [2, 2], "ceil_mode": 1,
                                 "pads": [0, 1, 0, 0], "count_include_pad": 1}),
                ("GlobalAveragePool", {}), ("ReduceMean", {"axes": [2], "keepdims": 0})]):
            bench = Bench([1, 2, 6, 6], seed, opset=11)
            self.check(bench, bench.node(op, [bench.x], **attributes), scale=0.0371, zero=113)

    def test_layout(self):
        """Data movement between dequantize and quantize."""
        bench = Bench([1, 4, 3, 2], 5)
        real = bench.node("Transpose", [bench.x], perm=[0, 2, 3, 1])
        real = bench.node("Reshape", [real, bench.const(np.array([0, -1, 4]))])
        real = bench.node("Unsqueeze", [real, bench.const(np.array([1]))])
        real = bench.node("Slice", [real] + [bench.const(np.array(v)) for v in
                                             ([5, 0], [0, 4], [2, 3], [-2, 1])])
        parts = bench.node("Split", [real, bench.const(np.array([1, 3]))], outputs=["l", "r"],
                           axis=3)
        real = bench.node("Concat", [parts[1], parts[0]], axis=3)
        real = bench.node("Squeeze", [real, bench.const(np.array([1]))])
        real = bench.node("Dropout", [bench.node("Identity", [real])])
        self.check(bench, bench.node("Flatten", [real], axis=2))

    def test_pad_and_concat(self):
        """Padding with 0 and another constant; concat of different scales and tails."""
        bench = Bench([1, 2, 3, 3], 6)
        fill = bench.const(np.float32(0.77))
        widths = bench.const(np.array([0, 0, 1, 0, 0, 0, 2, 1]))
        left = bench.node("Pad", [bench.x, widths, fill])
        right = bench.node("Pad", [bench.node("Relu", [bench.both(bench.x, 0.11, 3)]), widths])
        conv = bench.node("Conv", [right, bench.weights([2, 2, 1, 1])])
        self.check(bench, bench.node("Concat", [left, right, bench.node("Relu", [conv])], axis=1))

    def test_batch_normalization(self):
        """Irrational and rational roots behind a convolution."""
        for seed, epsilon in enumerate([1e-5, 0.25]):
            bench = Bench([1, 2, 4, 4], seed)
            conv = bench.node("Conv", [bench.x, bench.weights([3, 2, 2, 2])])
            constants = [bench.const(np.array(values, np.float32)) for values in
                         ([1.1, -0.7, 0.5], [0.1, 0.2, -0.3], [0.5, 0, -1], [2.0, 0.75, 2.0])]
            self.check(bench, bench.node("BatchNormalization", [conv] + constants,
                                         epsilon=epsilon))

    def test_accumulators_without_quantize_between(self):
        """conv + skip, conv + conv, conv then mean, conv with a sigmoid (N11b, N13)."""
        bench = Bench([1, 2, 4, 4], 3)
        first = bench.node("Conv", [bench.x, bench.weights([2, 2, 1, 1])])
        second = bench.node("Conv", [bench.x, bench.weights([2, 2, 3, 3])], pads=[1, 1, 1, 1])
        skip = bench.node("Relu", [bench.node("Add", [first, bench.x])])
        both = bench.node("Add", [first, second])
        for real in (skip, both, bench.node("GlobalAveragePool", [both]),
                     bench.node("Sigmoid", [first]), bench.node("Mul", [first, bench.x])):
            bench.both(real, 0.07, 77)
        self.check(bench, bench.node("MaxPool", [skip], kernel_shape=[2, 2]))

    def test_qoperator(self):
        """QLinearConv, QLinearMatMul, QLinearAdd mean dequantize, operate, quantize (N3)."""
        bench = Bench([1, 2, 3, 3], 4)
        graph, rng = bench.graph, bench.rng
        names = bench.graph.fresh
        sx, zx = bench.const(np.float32(0.04)), bench.const(np.uint8(99))
        sw, zw = bench.const(rng.uniform(0.01, 0.02, 4).astype(np.float32)), \
            bench.const(np.zeros(4, np.int8))
        w = bench.const(rng.integers(-128, 128, [4, 2, 2, 2]).astype(np.int8))
        sy, zy = bench.const(np.float32(0.3)), bench.const(np.uint8(121))
        b = bench.const(rng.integers(-900, 900, 4).astype(np.int32))
        q = graph.node("QuantizeLinear", [bench.x, sx, zx])
        fused = graph.node("QLinearConv", [q, sx, zx, w, sw, zw, sy, zy, b], [names("conv")])
        fused_sum = graph.node("QLinearAdd", [fused, sy, zy, fused, sx, zx, sy, zy],
                               [names("sum")], domain="com.microsoft")
        real = graph.node("Conv", [graph.node("DequantizeLinear", [q, sx, zx]),
                                   graph.node("DequantizeLinear", [w, sw, zw], axis=0)])
        model = parse_model(graph.serialize())
        x = rng.integers(0, 256, bench.shape).astype(np.uint8)
        slow = SlowNetwork(model)
        model.graph.nodes = [n for n in model.graph.nodes if not n.op_type.startswith("QLinear")]
        slow.run({"x": x})
        step = [Fraction(float(np.float32(0.04))) * Fraction(float(s)) for s in slow.values[sw]]
        expected = np.empty(slow.values[real].shape, dtype=object)
        for index, value in np.ndenumerate(slow.values[real]):
            total = value + int(slow.values[b][index[1]]) * step[index[1]]
            expected[index] = exact_scalar.quantize(total, Fraction(float(np.float32(0.3))),
                                                    121, 0, 255)
        model = parse_model(graph.serialize())
        result = oracle.run(model, {"x": x}).quantized
        np.testing.assert_array_equal(result[fused], expected)
        self.assertEqual(result[fused_sum].shape, result[fused].shape)

    def test_random_networks(self):
        """Whole random networks, all layers of random_layers.py."""
        for seed in RANDOM_SEEDS:
            graph, arrays, _ = random_net.generate(seed)
            model = parse_model(graph.serialize())
            with self.subTest(seed=seed):
                self.same(model, {name: array[:2] for name, array in arrays.items()}, count=2)


class StrategyTest(unittest.TestCase):
    """Pieces that whole networks reach only by luck."""

    def test_wide_matmul(self):
        """Operands beyond float64 are split into limbs."""
        rng = np.random.default_rng(0)
        left = rng.integers(-2**45, 2**45, (3, 7))
        right = rng.integers(-2**30, 2**30, (7, 2))
        np.testing.assert_array_equal(integer_ops.matmul(left, right),
                                      left.astype(object) @ right.astype(object))

    def test_thresholds_equal_division(self):
        """Both ways to quantize an accumulator agree on every integer near a tie."""
        line = quantizer._Line([2], -5, 6, 7)
        ints = np.arange(-600, 600)
        target = quantizer.Quantization(None, None, 0, 255)
        by_search = quantizer._by_thresholds(ints, [line], np.zeros(1, np.int64), target)
        by_division = np.clip(quantizer._divide([ints], line), 0, 255)
        expected = [exact_scalar.quantize(Fraction(2 * int(u) - 5, 6), 1, 7, 0, 255) for u in ints]
        np.testing.assert_array_equal(by_search, expected)
        np.testing.assert_array_equal(by_division, expected)

    def test_scalar_rounding(self):
        """Half to even, against Python's round of a Fraction."""
        for number in range(-25, 26):
            for bottom in (1, 2, 4, 6):
                value = Fraction(number, bottom)
                self.assertEqual(exact_scalar.round_half_even(value), round(value))

    def test_sigmoid_enclosure(self):
        """The enclosure holds at 20, 60, 120 digits and is exact at 0."""
        for value in (Fraction(1, 3), Fraction(-50), Fraction(700)):
            inner = exact_scalar.sigmoid((value, value), 400)
            for digits in (20, 60, 120):
                outer = exact_scalar.sigmoid((value, value), digits)
                self.assertTrue(outer[0] <= inner[0] <= inner[1] <= outer[1])
                self.assertLess(outer[1] - outer[0], Fraction(1, 10**(digits - 3)))
        zero = Fraction(0)
        self.assertEqual(exact_scalar.sigmoid((zero, zero), 60), (Fraction(1, 2),) * 2)

    def test_boundary(self):
        """A float input takes the float32 formula; boundary 'real' the exact one (N2b)."""
        bench = Bench([1, 256], 0)
        scale = np.float32(2 / 255)
        bench.graph.output(bench.both("x", scale, 0), FLOAT, [])
        model = parse_model(bench.graph.serialize())
        x = (np.arange(256) / 255).astype(np.float32)[None]
        name = model.graph.nodes[-2].outputs[0]
        producer = oracle.run(model, {"x": x}).quantized[name]
        np.testing.assert_array_equal(producer, np.rint(x / scale))
        real = oracle.run(model, {"x": x}, oracle.Settings("real")).quantized[name]
        exact = [round(Fraction(float(v)) / Fraction(float(scale))) for v in x[0]]
        np.testing.assert_array_equal(real[0], exact)
        self.assertTrue((producer != real).any())

    def test_final_accumulator(self):
        """A last layer without quantize: integers with rounded bias, exact values."""
        bench = Bench([1, 2], 0)
        weight = bench.graph.node("DequantizeLinear", [
            bench.const(np.array([[3, -2], [5, 7]], np.int8)), bench.const(np.float32(0.5))])
        real = bench.node("Gemm", [bench.x, weight, bench.const(np.array([1, -1], np.float32))],
                          transB=1)
        bench.graph.output(real, FLOAT, [])
        model = parse_model(bench.graph.serialize())
        output = oracle.run(model, {"x": np.array([[113, 120]], np.uint8)}).outputs[real]
        step = Fraction(float(np.float32(0.0371))) / 2
        self.assertEqual(output.accumulator().tolist(),
                         [[-14 + round(1 / step), 49 + round(-1 / step)]])
        self.assertEqual(output.exact(), [-14 * step + 1, 49 * step - 1])

    def test_samples(self):
        """A series gives the same integers as its samples one by one."""
        graph, arrays, _ = random_net.generate(17)
        model = parse_model(graph.serialize())
        whole = oracle.run(model, arrays).quantized
        for i in range(len(next(iter(arrays.values())))):
            one = oracle.run(model, {n: a[i:i + 1] for n, a in arrays.items()}).quantized
            for name, array in one.items():
                np.testing.assert_array_equal(whole[name][i:i + 1], array)


class FileTest(unittest.TestCase):
    """Reader and writer."""

    def test_round_trip(self):
        """Constants of every type, raw and typed, attributes of every kind, symbols."""
        arrays = {"float32": [1.5, -2.25, 3e-40], "float64": [1.1, -1e300], "float16": [0.1, -2],
                  "int8": [-128, 127], "uint8": [0, 255], "int16": [-32768, 5],
                  "uint16": [65535, 1], "int32": [-2**31, 7], "int64": [-2**63, 2**63 - 1],
                  "uint64": [2**64 - 1, 3], "bool": [True, False], "int4": [-8, 7, -1],
                  "uint4": [15, 0, 9], "int2": [-2, 1, 0, -1, 1]}
        for typed in (False, True):
            graph = Graph(opset=21, typed=typed, microsoft=True)
            graph.input("x", INT64, ["N", 3, None])
            for dtype, values in arrays.items():
                kind = {"int4": "int8", "uint4": "uint8", "int2": "int8"}.get(dtype, dtype)
                graph.const(np.array(values, kind), "c_" + dtype, dtype)
            graph.const(np.float32(7), "scalar", as_node=True)
            graph.node("Op", ["x", None, "scalar"], ["y"], name="n", domain="com.microsoft",
                       i=-3, f=0.5, s="text", ints=[1, -2], floats=[0.5, 2.0], strings=["a", "b"],
                       t=np.array([[1, 2]], np.int32), empty=[])
            graph.output("y", INT32, [1])
            model = parse_model(graph.serialize())
            self.assertEqual(model.opsets, {"": 21, "com.microsoft": 1})
            self.assertEqual(model.graph.inputs[0].dims, ["N", 3, None])
            for dtype, values in arrays.items():
                tensor = model.graph.initializers["c_" + dtype]
                self.assertEqual(tensor.dtype, dtype)
                np.testing.assert_array_equal(tensor.array, np.array(values, tensor.array.dtype))
            constant, node = model.graph.nodes
            self.assertEqual(constant.attributes["value"].array.shape, ())
            self.assertEqual((node.inputs, node.outputs, node.domain),
                             (["x", "", "scalar"], ["y"], "com.microsoft"))
            plain = {key: value for key, value in node.attributes.items() if key != "t"}
            self.assertEqual(plain, {"i": -3, "f": 0.5, "s": "text", "ints": [1, -2],
                                     "floats": [0.5, 2.0], "strings": ["a", "b"], "empty": []})
            np.testing.assert_array_equal(node.attributes["t"].array, [[1, 2]])

    def test_truncated(self):
        """A damaged file is an OnnxError, not a crash."""
        data = random_net.generate(3)[0].serialize()
        for cut in (1, len(data) // 2, len(data) - 1):
            with self.assertRaises(OnnxError):
                parse_model(data[:cut])


if __name__ == "__main__":
    unittest.main()
