# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models that cannot be compiled: exit code 1, a message with the place, the value found
and what was expected, nothing written, no crash.
"""

import os

import numpy as np

from harness import FLOAT, Failed, Net, case, cases, main, qbias, random_weights, require

from onnx_writer import tensor_message, _bytes, _integer

S = np.float32(0.037)


def refuse(folder, path, *needles):
    """compile, run and report refuse a model; every needle is in the message."""
    outputs = [os.path.join(folder, name) for name in ("out.mlir", "c.json", "y.npy", "dump")]
    data = os.path.join(folder, "x.npy")
    np.save(data, np.zeros([1, 3, 5, 5], np.float32))
    for command in (["compile", path, "-o", outputs[0], "--certificate", outputs[1]],
                    ["run", path, "--input", data, "--output", outputs[2],
                     "--dump-dir", outputs[3]],
                    ["report", path]):
        done = qbias(*command, code=1)
        require(done.stderr.startswith(f"{path}: "), f"no file name: {done.stderr}")
        missing = [needle for needle in needles if needle not in done.stderr]
        require(not missing, f"{missing} not in: {done.stderr}")
        require(not done.stdout, f"written to stdout: {done.stdout}")
        left = [name for name in outputs if os.path.exists(name)]
        require(not left, f"left behind: {left}")


def write(folder, content, name="model.onnx"):
    """Write bytes; returns the path."""
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(content)
    return path


def layer(x_scale=S, w_scale=0.01, y_scale=0.2, weights=None, bias=None, shape=(1, 3, 5, 5),
          **attributes):
    """x -> Conv 'conv' -> y, the parts that tests damage as parameters."""
    net = Net("int8", opset=attributes.pop("opset", 13))
    x = net.quantized_input("x", list(shape), x_scale, 3)
    weights = random_weights([4, 3, 3, 3]) if weights is None else weights
    operands = [x, net.constant(weights, w_scale)]
    operands += [net.const(np.asarray(bias, dtype=np.float32))] if bias is not None else []
    y = net.node("Conv", operands, name="conv", **attributes)
    net.finish(y, y_scale, -7)
    return net


# --- files -----------------------------------------------------------------


@case
def truncated(folder):
    """An ONNX file that ends too early, anywhere."""
    whole = layer().serialize()
    for size in (1, 7, 40, len(whole) // 3, len(whole) // 2, len(whole) - 40, len(whole) - 1):
        refuse(folder, write(folder, whole[:size]))


@case
def no_model(folder):
    """Files of other kinds, and no file at all."""
    random = np.random.default_rng(0).bytes(3000)
    for content, needle in ((b"", "empty"), (random, "expected"), (b"hello world\n", "expected"),
                            (b"\x89PNG\r\n\x1a\n" + random, "expected"), (b"\0" * 100, "expected"),
                            (b"module {\n  func.func @main(", "expected"),
                            (b"ML\xefR" + random, "")):
        refuse(folder, write(folder, content), needle)
    os.mkdir(os.path.join(folder, "directory"))
    refuse(folder, "/dev/zero", "device")
    refuse(folder, os.path.join(folder, "directory"), "directory")
    refuse(folder, os.path.join(folder, "nothing.onnx"), "No such file")


@case
def damaged(folder):
    """Single bytes changed: compiled or refused, never a crash."""
    whole, rng = layer(bias=[1, 2, 3, 4]).serialize(), np.random.default_rng(1)
    for _ in range(60):
        content = bytearray(whole)
        content[rng.integers(len(content))] = rng.integers(256)
        path = write(folder, bytes(content))
        try:
            qbias("report", path)
        except Failed:
            qbias("report", path, code=1)


@case
def external_data(folder):
    """Weights in another file."""
    net = layer()
    message = tensor_message(np.zeros(0, np.int8), "int8", "away") + _integer(14, 1)
    net.initializers.append(message + _bytes(13, _bytes(1, "location") + _bytes(2, "w.bin")))
    q = net.node("DequantizeLinear", ["away", net.const(S)])
    net.output(q)
    refuse(folder, write(folder, net.serialize()), "away")


# --- graphs ----------------------------------------------------------------


@case
def unknown_operator(folder):
    """An operator of no known kind, in the default and in a domain of its own."""
    for domain in ("", "org.example"):
        net = Net("int8")
        x = net.quantized_input("x", [1, 3, 5, 5], S)
        net.finish(net.node("FancyOp", [x], name="fancy", domain=domain), S)
        refuse(folder, write(folder, net.serialize()), "fancy", "FancyOp", "not supported")


@case
def float_model(folder):
    """No quantize anywhere."""
    net = Net()
    net.input("x", FLOAT, [1, 3, 5, 5])
    net.output(net.node("Conv", ["x", net.const(np.ones([4, 3, 3, 3], np.float32))], name="conv"))
    refuse(folder, write(folder, net.serialize()), "conv", "model is not quantized", "quantize")


@case
def cycle(folder):
    """Nodes that read each other's results."""
    net = layer()
    net.node("Add", ["b", "x"], outputs=["a"], name="first")
    net.node("Relu", ["a"], outputs=["b"], name="second")
    net.output("b")
    refuse(folder, write(folder, net.serialize()), "first", "cycle")


@case
def undefined_tensor(folder):
    """A node reads, or the graph returns, what nothing computes."""
    net = layer()
    net.output(net.node("Relu", ["nowhere"], name="relu"))
    refuse(folder, write(folder, net.serialize()), "nowhere")
    net = layer()
    net.output("nowhere")
    refuse(folder, write(folder, net.serialize()), "nowhere")


@case
def defined_twice(folder):
    """Two nodes give one name to their results."""
    net = layer()
    for number in range(2):
        net.node("Relu", ["x"], outputs=["twice"], name=f"relu{number}")
    net.output("twice")
    refuse(folder, write(folder, net.serialize()), "twice")


@case
def no_outputs(folder):
    """A graph that returns nothing, and one without nodes."""
    net = layer()
    net.outputs.clear()
    refuse(folder, write(folder, net.serialize()), "output")
    net = Net()
    net.output(net.input("x", FLOAT, [1, 3, 5, 5]))
    refuse(folder, write(folder, net.serialize()), "quantize")


@case
def missing_quantize(folder):
    """Two reductions without a quantize between (N13)."""
    net = Net("int8")
    x = net.quantized_input("x", [1, 3, 5, 5], S)
    y = net.node("GlobalAveragePool", [x], name="mean")
    y = net.node("Conv", [y, net.constant(random_weights([4, 3, 1, 1]), 0.01)], name="conv")
    net.finish(y, S)
    refuse(folder, write(folder, net.serialize()), "conv", "mean", "quantize this tensor")


@case
def dynamic_shape(folder):
    """A dynamic dimension that is no batch; --shape sets it."""
    net = layer(shape=(1, 3, "H", 5))
    path = write(folder, net.serialize())
    refuse(folder, path, "'x'", "H", "--shape")
    qbias("compile", path, "--shape", "x=1x3x7x5", "-o", os.path.join(folder, "y.mlir"))
    for text in ("y=1x3x7x5", "x=1x3x7", "x=1x4x7x5", "x=1x3x7x6"):
        qbias("report", path, "--shape", text, code=1)


# --- parameters ------------------------------------------------------------

NUMBERS = {"negative": -0.5, "zero": 0.0, "nan": np.nan, "infinite": np.inf}


@cases({name: (value,) for name, value in NUMBERS.items()})
def activation_scale(folder, value):
    """A scale that is no positive number."""
    shown = {"nan": "nan", "inf": "inf"}.get(str(value), f"{value:g}")
    refuse(folder, write(folder, layer(x_scale=value).serialize()), "QuantizeLinear_0", "scale",
           shown)
    refuse(folder, write(folder, layer(y_scale=value).serialize()), "QuantizeLinear_1", "scale",
           shown)


@cases({name: (value,) for name, value in NUMBERS.items() if name != "zero"})
def weight_scale(folder, value):
    """As activation_scale; a channel of weights may have scale 0, though."""
    scale = np.array([0.01, value, 0.01, 0.01], np.float32)
    refuse(folder, write(folder, layer(w_scale=scale).serialize()), "DequantizeLinear", "scale")


@case
def weight_axis(folder):
    """Weight scales along another axis than that of the output channels."""
    for op, shape, weights in (("Conv", [1, 3, 5, 5], [4, 3, 3, 3]), ("MatMul", [2, 9], [9, 4])):
        net = Net("int8")
        x, axis = net.quantized_input("x", shape, S, 3), 1 if op == "Conv" else 0
        scales = np.full(weights[axis], 0.01, np.float32)
        y = net.node(op, [x, net.constant(random_weights(weights), scales, axis=axis)], name="layer")
        net.finish(y, 0.2, -7)
        refuse(folder, write(folder, net.serialize()), "layer", "scale", "output channel")


@cases({name: (value,) for name, value in NUMBERS.items() if name in ("nan", "infinite")})
def bias_value(folder, value):
    """A float bias that is no number."""
    refuse(folder, write(folder, layer(bias=[1, value, 3, 4]).serialize()), "conv", "bias")


@case
def missing_scale(folder):
    """A scale that is an input of the graph without value, or absent."""
    net = Net("int8")
    net.input("x", FLOAT, [1, 3, 5, 5])
    net.input("s", FLOAT, [])
    q = net.node("QuantizeLinear", ["x", "s", net.const(np.int8(3))], name="quantize")
    net.output(net.node("DequantizeLinear", [q, "s", net.const(np.int8(3))]))
    refuse(folder, write(folder, net.serialize()), "quantize", "'s'")
    for operands in (["x", None], ["x"]):
        net = Net("int8")
        net.input("x", FLOAT, [1, 3, 5, 5])
        net.output(net.node("QuantizeLinear", operands, name="quantize"), "uint8")
        refuse(folder, write(folder, net.serialize()), "quantize", "scale")


@cases({"uint8": ("uint8", 300), "int8": ("int8", -129)})
def zero_point_range(folder, dtype, value):
    """A zero point outside its own type, stored as int32_data."""
    net = Net(dtype)
    net.input("x", FLOAT, [1, 3, 5, 5])
    net.const(np.array(value), "z", dtype=dtype, typed=True)
    q = net.node("QuantizeLinear", ["x", net.const(S), "z"], name="quantize")
    net.output(net.node("DequantizeLinear", [q, net.const(S), "z"]))
    refuse(folder, write(folder, net.serialize()), "'z'", str(value))


@case
def zero_point_type(folder):
    """Quantized as int8, read as uint8."""
    net = Net("int8")
    net.input("x", FLOAT, [1, 3, 5, 5])
    q = net.node("QuantizeLinear", ["x", net.const(S), net.const(np.int8(0))])
    y = net.node("DequantizeLinear", [q, net.const(S), net.const(np.uint8(0))], name="reader")
    net.finish(net.node("Relu", [y]), S)
    refuse(folder, write(folder, net.serialize()), "reader", "int8", "uint8")


@case
def per_channel_activation(folder):
    """One scale per channel on what the network computes."""
    net = Net("int8")
    x = net.node("Relu", [net.quantized_input("x", [1, 3, 5, 5], S)])
    parameters = [net.const(np.full(3, S)), net.const(np.zeros(3, np.int8))]
    q = net.node("QuantizeLinear", [x] + parameters, axis=1, name="quantize")
    net.finish(net.node("Relu", [net.node("DequantizeLinear", [q] + parameters, axis=1)]), S)
    refuse(folder, write(folder, net.serialize()), "per-tensor")


@case
def precision(folder):
    """A division in another precision than float32 (Numerics section 5)."""
    net = Net("int8", opset=23)
    net.input("x", FLOAT, [1, 3, 5, 5])
    q = net.node("QuantizeLinear", ["x", net.const(S), net.const(np.int8(0))], precision=10,
                 name="quantize")
    net.output(net.node("DequantizeLinear", [q, net.const(S), net.const(np.int8(0))]))
    refuse(folder, write(folder, net.serialize()), "quantize", "precision")


SHAPES = {
    "bias_length": (layer, {"bias": [1, 2, 3]}, ("conv", "bias", "3", "4")),
    "weight_channels": (layer, {"weights": random_weights([4, 2, 3, 3])}, ("conv", "2", "3")),
    "weight_rank": (layer, {"weights": random_weights([4, 3, 3])}, ("conv",)),
    "kernel": (layer, {"kernel_shape": [5, 5]}, ("conv", "5", "3")),
    "too_large": (layer, {"weights": random_weights([4, 3, 7, 7])}, ("conv", "7", "5")),
    "pads": (layer, {"pads": [1, 1]}, ("conv", "pads")),
    "negative_pads": (layer, {"pads": [-1, -1, -1, -1]}, ("conv", "pads", "-1")),
    "strides": (layer, {"strides": [0, 1]}, ("conv", "strides", "0")),
    "dilations": (layer, {"dilations": [1, -2]}, ("conv", "dilations", "-2")),
    "huge_strides": (layer, {"strides": [2**62, 1], "pads": [2**62] * 4}, ("conv",)),
    "group": (layer, {"group": 2}, ("conv", "group")),
    "group_zero": (layer, {"group": 0}, ("conv", "group", "0")),
    "auto_pad": (layer, {"auto_pad": "SOMEHOW"}, ("conv", "auto_pad", "SOMEHOW")),
    "scales": (layer, {"w_scale": np.full(3, 0.01)}, ("scale", "3", "4")),
    "input": (layer, {"shape": (1, 3, 0, 5)}, ("x",)),
    "huge_input": (layer, {"shape": (1, 3, 2**40, 2**40)}, ("x",)),
}


@cases(SHAPES)
def attribute(folder, make, parameters, needles):
    """Shapes and attributes that do not fit together."""
    refuse(folder, write(folder, make(**parameters).serialize()), *needles)


@case
def operands(folder):
    """Operands that do not broadcast, rows and columns that do not meet."""
    net = Net("int8")
    a = net.quantized_input("x", [1, 3, 5, 5], S)
    b = net.quantized_input("b", [1, 3, 5, 4], S)
    net.finish(net.node("Add", [a, b], name="sum"), S)
    refuse(folder, write(folder, net.serialize()), "sum", "5", "4")
    net = Net("int8")
    a = net.quantized_input("x", [1, 9], S)
    net.finish(net.node("Gemm", [a, net.constant(random_weights([8, 4]), S)], name="fc"), S)
    refuse(folder, write(folder, net.serialize()), "fc", "9", "8")


@case
def stored_size(folder):
    """A tensor with fewer bytes than its shape needs."""
    for name, dims in (("short", [4, 3]), ("minus", [-1, 4]), ("wide", [2**33, 2**33])):
        net = layer()
        head = b"".join(_integer(1, size) for size in dims)
        net.initializers.append(head + _integer(2, 3) + _bytes(8, name) + _bytes(9, b"\1" * 11))
        net.output(net.node("DequantizeLinear", [name, net.const(S)]))
        refuse(folder, write(folder, net.serialize()), f"'{name}'")


if __name__ == "__main__":
    main(__doc__)
