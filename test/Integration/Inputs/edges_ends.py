# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where a network begins and ends: what stands between a float input and its integers,
tensors with several readers, outputs that are inner tensors. Each certificate is proven.
"""

import os

import numpy as np

from harness import (FLOAT, Net, agree, case, cases, equal, main, qbias, random_weights, run,
                     save)

S, W = np.float32(0.037), np.float32(0.0061)
CHECKER = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "../../../examples/check_certificate.py")


def floats(net):
    """Normal numbers, well beyond the quantized range at both ends."""
    rng = np.random.default_rng(3)
    return {name: rng.normal(size=[4] + shape).astype(np.float32) * np.float32(60 * S)
            for name, (shape, _) in net.samples.items()}


def check(net, folder, raw=True, model="model.onnx"):
    """Integers, floats and the certificate of one network."""
    path = os.path.join(folder, model)
    net.save(path)
    if raw:
        agree(path, net.stimuli())
    agree(path, floats(net), raw=False)
    prove(folder, path)


def prove(folder, path):
    """The certificate of a model is proven by the independent checker."""
    certificate = os.path.join(folder, "certificate.json")
    qbias("compile", path, "--certificate", certificate, "-o", os.path.join(folder, "m.mlir"))
    run("/usr/bin/python3", CHECKER, certificate, path)


def conv(net, x, bias=(1, -2, 3), seed=0, y_scale=0.11, zero=3, **attributes):
    """A 3x3 convolution that keeps the three channels, quantized."""
    operands = [x, net.constant(random_weights([3, 3, 3, 3], seed), W)]
    operands += [net.const(np.array(bias, np.float32))] if bias else []
    y = net.node("Conv", operands, pads=[1] * 4, **attributes)
    return net.requantize(y, y_scale, zero)


def float_input(net, shape):
    """A float input that the test quantizes itself."""
    net.samples["x"] = (shape, net.dtype)
    return net.input("x", FLOAT, shape)


def limited(net, real, op):
    """A Relu or a Clip with bounds off the grid."""
    return net.node("Relu", [real]) if op == "Relu" else net.clip_node(real, -0.5, 1.0)


# --- inputs ----------------------------------------------------------------

@cases({"relu": ("Relu", "int8", 3), "relu_unsigned": ("Relu", "uint8", 200),
        "clip": ("Clip", "uint8", 0), "clip_lowest": ("Clip", "int8", -128)})
def limit_behind_the_first_quantize(folder, op, dtype, zero):
    """x -> Q -> DQ -> Relu -> Q with the same parameters: the input keeps its integers."""
    net = Net(dtype)
    x = net.quantized_input("x", [1, 3, 5, 5], S, zero)
    net.output(conv(net, net.requantize(limited(net, x, op), S, zero), zero=zero))
    check(net, folder)


@cases({"relu": ("Relu",), "clip": ("Clip",)})
def limit_before_the_first_quantize(folder, op):
    """x -> Relu -> Q: outside the program, as the quantize is; not for raw integers."""
    results = []
    for number, kind in enumerate(("moved", "limited", "plain")):
        net = Net("int8")
        x = float_input(net, [1, 3, 5, 5])
        x = x if kind == "plain" else limited(net, x, op)
        x = net.node("Transpose", [x], perm=[0, 1, 3, 2]) if kind == "moved" else x
        net.output(conv(net, net.requantize(x, S, 3)))
        check(net, folder, raw=False, model=f"{number}.onnx")
        data, result = save(folder, "q.npy", net.stimuli()["x"]), f"{folder}/y.npy"
        qbias("run", f"{folder}/{number}.onnx", "--raw", "--input", data, "--output", result)
        results.append(np.load(result).tolist())
    equal(results[1], results[2], "outputs of raw integers")
    data, library = save(folder, "x.npy", floats(net)["x"][:, 0]), f"{folder}/limited.so"
    qbias("compile", f"{folder}/1.onnx", "-o", library)
    outputs = []
    for program in (f"{folder}/1.onnx", library):
        qbias("run", program, "--input", data, "--output", f"{folder}/y.npy")
        outputs.append(np.load(f"{folder}/y.npy").tolist())
    equal(outputs[1], outputs[0], "outputs of the library")


@case
def limit_beside_other_readers(folder):
    """The integers of the input are read with and without the Relu."""
    net = Net("int8")
    x = net.quantized_input("x", [1, 3, 5, 5], S, 3)
    y = conv(net, net.requantize(net.node("Relu", [x]), S, 3), zero=5)
    net.finish(net.node("Add", [x, y]), 0.12, -3)
    check(net, folder)


@case
def one_input_quantized_twice(folder):
    """Two quantizes of one input with the same parameters."""
    net = Net("int8")
    x = float_input(net, [1, 3, 5, 5])
    net.finish(net.node("Add", [net.requantize(x, S, 3), net.requantize(x, S, 3)]), S * 3, 1)
    check(net, folder)


@case
def movement_before_the_first_quantize(folder):
    """x -> Transpose, Reshape or Pad -> Q."""
    for number, (op, shape, extra, attributes) in enumerate((
            ("Transpose", [1, 5, 5, 3], [], {"perm": [0, 3, 1, 2]}),
            ("Reshape", [1, 75], [[1, 3, 5, 5]], {}),
            ("Pad", [1, 3, 3, 4], [[0, 0, 1, 1, 0, 0, 1, 0]], {}))):
        net = Net("int8")
        x = [float_input(net, shape)] + [net.const(np.array(item)) for item in extra]
        net.output(conv(net, net.requantize(net.node(op, x, **attributes), S, 3)))
        check(net, folder, raw=False, model=f"{number}.onnx")


@case
def split_to_several_scales(folder):
    """Parts of an input go on with its scale, with another, and behind a Relu."""
    net = Net("int8", opset=18)
    x = net.quantized_input("x", [1, 6, 4, 4], S, 3)
    a, b, c = net.node("Split", [x], 3, axis=1, num_outputs=3)
    net.finish(a, S, 3)
    net.finish(b, S * 2, 1)
    net.finish(net.node("Relu", [c]), S, 3)
    check(net, folder)


@case
def nothing_but_the_ends(folder):
    """A model that only quantizes, only dequantizes, or does both."""
    net = Net("int8")
    net.output(net.quantize(float_input(net, [1, 3]), S, 3), "int8", [1, 3])
    check(net, folder, model="quantize.onnx")
    net = Net("int8")
    net.output(net.quantized_input("x", [1, 3], S, 3))
    check(net, folder, model="both.onnx")
    net = Net("int8")
    net.output(net.integer_input("x", [1, 3], S, 3))
    net.check(folder, model="dequantize.onnx")


# --- inner tensors ---------------------------------------------------------


@cases({"shared": (True,), "own": (False,)})
def dequantize(folder, shared):
    """One dequantize for all readers of a tensor, or one for each."""
    net = Net("int8")
    x = net.quantized_input("x", [1, 3, 5, 5], S, 3)
    weights = net.constant(random_weights([3, 3, 3, 3]), W)
    q = net.quantize(net.node("Conv", [x, weights], pads=[1] * 4), 0.1, 5)
    readers = [net.dequantize(q)] * 2 if shared else [net.dequantize(q) for _ in range(2)]
    net.finish(net.node("Add", [conv(net, readers[0], seed=1), readers[1]]), 0.12, -3)
    check(net, folder)


@case
def dequantized_with_another_scale(folder):
    """The integers of one scale are read with another: a gain, and legal."""
    net = Net("int8")
    q = net.quantize(float_input(net, [1, 3, 5, 5]), S, 3)
    x = net.node("DequantizeLinear", [q, net.const(np.float32(0.05)), net.const(np.int8(-4))])
    net.output(conv(net, x))
    check(net, folder)


@case
def constants_of_several_layers(folder):
    """Weights, float bias and int32 bias shared by layers of other scales."""
    for number, integer in enumerate((False, True)):
        net = Net("int8")
        x = net.quantized_input("x", [1, 3, 5, 5], S, 3)
        weights = net.constant(random_weights([3, 3, 3, 3]), W * np.array([1, 2, 3], np.float32))
        bias = net.const(np.array([1, -2, 3], np.float32))
        if integer:
            bias = net.node("DequantizeLinear", [
                net.const(np.array([100, -2000, 33333], np.int32)), net.const(np.float32(S * W)),
                net.const(np.int32(0))])
        for layer in range(3):
            y = net.node("Conv", [x, weights, bias], pads=[1] * 4)
            x = net.requantize(y, 0.1 + 0.05 * layer, 5 - layer)
        net.output(x)
        check(net, folder, model=f"{number}.onnx")


@case
def one_weight_two_layouts(folder):
    """A square weight read as it is and transposed."""
    net = Net("int8")
    x = net.quantized_input("x", [4, 6], S, 3)
    weights = net.constant(random_weights([6, 6]), W)
    x = net.requantize(net.node("Gemm", [x, weights], transB=1), 0.1, 5)
    x = net.requantize(net.node("Gemm", [x, weights]), 0.1, -5)
    net.finish(net.node("MatMul", [x, weights]), 0.1, -5)
    check(net, folder)


@case
def constants_as_operands(folder):
    """Quantized constants added, multiplied, joined, and on the left of a product."""
    constant = random_weights([1, 3, 5, 5])
    for op, scale in (("Add", S), ("Mul", S * 2), ("Concat", S)):
        net = Net("int8")
        x = net.quantized_input("x", [1, 3, 5, 5], S, 3)
        y = net.node(op, [x, net.constant(constant, scale, 5)],
                     axis=1 if op == "Concat" else None)
        net.finish(y, 0.1, 3)
        check(net, folder, model=f"{op}.onnx")
    net = Net("int8")
    x = net.quantized_input("x", [9, 3], S, 3)
    net.finish(net.node("MatMul", [net.constant(random_weights([6, 9]), W), x]), 0.05, 4)
    check(net, folder, model="left.onnx")


@case
def integer_operators(folder):
    """Data movement between a quantize and a dequantize, on integers."""
    for op, attributes in (("MaxPool", {"kernel_shape": [2, 2]}), ("Flatten", {}),
                           ("Transpose", {"perm": [0, 2, 3, 1]}), ("Concat", {"axis": 1})):
        net = Net("int8")
        x = net.quantized_input("x", [1, 3, 6, 6], S, 3)
        parts = []
        for seed in range(2 if op == "Concat" else 1):
            y = net.node("Conv", [x, net.constant(random_weights([4, 3, 3, 3], seed), W)])
            parts.append(net.quantize(y, 0.1, 3))
        q = net.node(op, parts, **attributes)
        real = net.dequantize(q, 0.1, 3)
        net.finish(net.node("Relu", [real]), 0.07, 1)
        check(net, folder, model=f"{op}.onnx")


# --- outputs ---------------------------------------------------------------


@case
def inner_tensors_as_outputs(folder):
    """Integers and reals of tensors that later layers read, before and behind a Relu."""
    net = Net("int8")
    x = net.quantized_input("x", [1, 3, 5, 5], S, 3)
    net.output(x, FLOAT, [1, 3, 5, 5])
    weights = net.constant(random_weights([3, 3, 3, 3]), W)
    q = net.quantize(net.node("Conv", [x, weights], pads=[1] * 4), 0.1, 5)
    net.output(q, "int8", [1, 3, 5, 5])
    y = net.dequantize(q)
    net.output(y, FLOAT, [1, 3, 5, 5])
    after = net.quantize(net.node("Relu", [y]), 0.1, 5)
    net.output(after, "int8", [1, 3, 5, 5])
    net.output(conv(net, net.dequantize(after)))
    check(net, folder)


@case
def one_layer_several_ends(folder):
    """A convolution that is quantized twice, limited, and returned as it is."""
    for number, ends in enumerate(("two_scales", "one_scale", "real", "real_and_relu",
                                   "real_scaled")):
        net = Net("int8")
        x = net.quantized_input("x", [1, 3, 5, 5], S, 3)
        y = net.node("Conv", [x, net.constant(random_weights([3, 3, 3, 3]), W),
                              net.const(np.array([1, 2, 3], np.float32))], pads=[1] * 4)
        if ends.startswith("real"):
            net.output(y)
            scaled = net.node("Mul", [y, net.const(np.float32(0.5))])
            net.output({"real": net.requantize(y, 0.1, 5), "real_scaled": scaled,
                        "real_and_relu": net.node("Relu", [y])}[ends])
        else:
            net.finish(y, 0.2, -5)
            same = ends == "one_scale"
            net.finish(y if same else net.node("Relu", [y]), 0.2 if same else 0.1, -5)
        check(net, folder, model=f"{number}.onnx")


# --- scales ----------------------------------------------------------------

TINY, HUGE = np.float32(1e-45), np.float32(3e38)  # a subnormal, and near the largest
SCALES = {"subnormal_input": (1e-40, W, 1e-41), "subnormal_weights": (S, 1e-42, 1e-41),
          "subnormal": (TINY, TINY, TINY), "huge": (1e30, 1e30, HUGE),
          "beyond_the_output": (1e30, 1e5, 1e-30), "below_the_output": (1e-40, 1e-40, 1e38)}


@cases(SCALES)
def scale(folder, x_scale, w_scale, y_scale):
    """Multipliers far from 1: every sum saturates, or no sum reaches the first step."""
    weights = random_weights([4, 3, 3, 3])
    bias = (np.array([1, -1, 0.3, 0]) * np.float64(y_scale)).astype(np.float32)
    for op in ("Conv", "Add", "Sub", "Mul", "AveragePool"):
        net = Net("int8")
        x = net.quantized_input("x", [1, 3, 5, 5], x_scale, 3)
        if op == "Conv":
            y = net.node(op, [x, net.constant(weights, w_scale), net.const(bias)], pads=[1] * 4)
        elif op == "AveragePool":
            y = net.node(op, [x], kernel_shape=[3, 2], pads=[1, 1, 1, 1])
        else:
            y = net.node(op, [x, net.quantized_input("y", [1, 3, 5, 5], w_scale, -128)])
        net.finish(y, y_scale, 7)
        path = net.check(folder, model=f"{op}.onnx")
        if op in ("Conv", "Sub"):
            prove(folder, path)


if __name__ == "__main__":
    main(__doc__)
