# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`qbias report --data`: every figure against the exact oracle and NumPy."""

import json
import os
from html.parser import HTMLParser

import numpy as np

from harness import Net, case, cases, equal, main, qbias, random_weights, require, save

import compare
import oracle
from feed import named_forms
from float_model import evaluate
from model_reader import read_model
from random_net import write_case
from tflite_writer import Graph

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../examples")
IMAGES = 60
SEEDS = range(7000, 7030)
S = np.float32(0.043)
# NumPy adds products in another order than the report says.
ORDER_SLACK = 1e-4
DECIBEL_SLACK = 1e-6
NOTHING = {"float32_differing": None, "float32_largest_difference": None,
           "rectified": None, "saturated_low": None, "saturated_high": None, "sqnr_db": None}


def report_on(model, arrays, *arguments, code=0):
    """The JSON report of a model on {input: path}."""
    given = [item for name, path in arrays.items() for item in ("--data", f"{name}={path}")]
    done = qbias("report", model, "--format=json", "--quiet", *given, *arguments, code=code)
    return json.loads(done.stdout) if code == 0 else done.stderr


def dump_of(folder, model, data, name):
    """Integer tensors of the compiled program."""
    dump = os.path.join(folder, "dump")
    qbias("run", model, "--input", f"{name}={data}", "--dump-dir", dump, "--quiet")
    return compare.load_dump(dump)


# --- a network of PyTorch ---------------------------------------------------


def check_numbers(layer, tensor, got, exact, steps):
    """One layer's data against arrays: the program's, the oracle's, those of float_model."""
    data, name = layer["data"], layer["tensor"]
    single, real = steps[0].quantized[name], steps[1].reals[name]
    equal((data["elements"], data["differing"]),
          (got.size, np.count_nonzero(got != exact)), f"{name}: elements, differing")
    apart = np.count_nonzero(got != single)
    slack = 0 if layer["op"] in ("add", "avg_pool") else ORDER_SLACK * got.size
    require(abs(data["float32_differing"] - apart) <= slack,
            f"{name}: float32_differing {data['float32_differing']}, expected {apart}")
    rounded = np.rint(real) + tensor["zero_point"]
    low, starts_at_zero = np.count_nonzero(rounded < tensor["qmin"]), \
        tensor["qmin"] == tensor["zero_point"]
    equal((data["saturated_low"], data["rectified"]),
          (0, low) if starts_at_zero else (low, 0), f"{name}: low")
    real = np.maximum(real, 0) if starts_at_zero else real
    equal(data["saturated_high"], np.count_nonzero(rounded > tensor["qmax"]), f"{name}: high")
    noise = got - tensor["zero_point"] - real
    decibels = 10 * np.log10((real**2).sum() / (noise**2).sum())
    require(abs(data["sqnr_db"] - decibels) < DECIBEL_SLACK,
            f"{name}: sqnr_db {data['sqnr_db']}, expected {decibels}")


@cases({"pt2": (os.path.join("pytorch", "digits_resnet.pt2"),)})
def network(folder, path):
    """Every figure of every layer of a network with float biases, sums and means."""
    model = os.path.join(EXAMPLES, path)
    images = np.load(os.path.join(EXAMPLES, "digits", "digits_test_x.npy"))[:IMAGES]
    data, source = save(folder, "x.npy", images), read_model(model)
    name = source.graph.inputs[0].name
    dump = dump_of(folder, model, data, name)
    exact = oracle.run(source, {name: images}).quantized
    steps = [evaluate(source, {name: images}, dtype, dump) for dtype in (np.float32, np.float64)]
    report = report_on(model, {name: data})
    tensors = {tensor["name"]: tensor for tensor in report["tensors"]}
    layers = [layer for layer in report["layers"] if layer["op"] != "max_pool"]
    kinds = set()
    for layer in layers:
        tensor = layer["tensor"]
        check_numbers(layer, tensors[tensor], dump[tensor], exact[tensor], steps)
        kinds.add(layer["op"])
    require(kinds >= {"conv2d", "matmul", "add", "avg_pool"}, f"kinds of layers: {kinds}")
    total = {key: sum(layer["data"][key] for layer in layers)
             for key in ("elements", "differing", "float32_differing")}
    total["saturated"] = sum(layer["data"]["saturated_low"] + layer["data"]["saturated_high"]
                             for layer in layers)
    equal(report["data"], total | {"samples": IMAGES}, "sums")
    require(total["float32_differing"] > 0, "nothing differs from float32")
    for layer in report["layers"]:
        if layer["op"] == "max_pool":
            equal(layer["data"], None, "data of a max pool")


# --- every kind of layer in every mode --------------------------------------


def branches():
    """Layers of every kind, each of the inputs alone, so that one error is counted once."""
    net = Net("int8", opset=13)
    x, y = net.integer_input("x", [1, 4, 6, 6], S, 3), net.integer_input("y", [1, 4, 6, 6], 0.06, -7)
    weights = net.constant(random_weights((5, 4, 3, 3)), np.linspace(0.004, 0.01, 5))
    bias = net.const(np.linspace(-3, 3, 5).astype(np.float32))
    conv = net.node("Conv", [x, weights, bias], pads=[1, 1, 1, 1])
    net.finish(net.node("Relu", [conv]), 0.11, -20)
    narrow = net.constant(random_weights((4, 1, 3, 3), 1), 0.008)
    depthwise = net.node("Conv", [y, narrow], pads=[1, 1, 1, 1], group=4)
    net.finish(depthwise, 0.05, 4)
    flat = net.node("Flatten", [x], axis=1)
    matrix = net.constant(random_weights((144, 6), 2), 0.007, axis=1)
    net.finish(net.node("MatMul", [flat, matrix]), 0.2, 1)
    net.finish(net.node("Add", [x, y]), 0.07, 5)
    net.finish(net.node("Mul", [x, y]), 0.13, -1)
    net.finish(net.node("AveragePool", [y], kernel_shape=[3, 3], strides=[1, 1]), 0.031, 2)
    net.finish(net.node("Sigmoid", [x]), 1 / 256, -128)
    return net


@cases({"exact": ("exact", "residue"), "tflite": ("tflite", "residue"),
        "single": ("single", "residue"), "float": ("float", "residue"),
        "int32_bias": ("exact", "int32"), "int8_bias": ("exact", "int8")})
def branches_in_mode(folder, mode, bias):
    """Differences of each layer are those between the oracle's mode and its exact meaning."""
    net = branches()
    model, arrays = os.path.join(folder, "model.onnx"), net.stimuli(20)
    net.save(model)
    source = read_model(model)
    exact = oracle.run(source, arrays).quantized
    other = oracle.run(source, arrays, oracle.Settings("producer", mode, bias)).quantized
    paths = {name: save(folder, f"{name}.npy", array) for name, array in arrays.items()}
    report = report_on(model, paths, "--raw", f"--requant={mode}", f"--bias={bias}")
    for layer in report["layers"]:
        data, name = layer["data"], layer["tensor"]
        apart = np.abs(exact[name] - other[name])
        equal((data["elements"], data["differing"], data["largest_difference"]),
              (apart.size, np.count_nonzero(apart), apart.max()), f"{mode}: {name}")
        if mode == "float" and bias == "residue" and layer["bias"]["case"] == "absent" \
                and layer["op"] in ("add", "mul", "avg_pool"):
            equal(data["float32_differing"], 0, f"{name}: float32 next to mode float")
    equal(len(report["layers"]), 7, "layers")
    require(mode == "exact" and bias == "residue" or report["data"]["differing"] > 0,
            "nothing differs")


@case
def last_layer_without_quantize(folder):
    """Sums have no saturation and no rounding; they are compared with the exact ones."""
    net = Net("uint8")
    x = net.quantized_input("x", [1, 12], S, 100)
    net.output(net.node("MatMul", [x, net.constant(random_weights((12, 5)), 0.01, axis=1)]))
    model = os.path.join(folder, "model.onnx")
    net.save(model)
    data = save(folder, "x.npy", net.stimuli()["x"])
    report = report_on(model, {"x": data}, "--raw")
    equal(report["layers"][0]["data"],
          {"elements": 35, "differing": 0, "largest_difference": 0} | NOTHING, "sums")


@case
def indices(folder):
    """Layers without numbers of their own: places of largest elements."""
    report_of = named_forms(folder, "indices")
    data = save(folder, "x.npy", np.load(os.path.join(folder, "indices.npy")))
    report = report_on(report_of.model, {"x": data}, "--raw")
    equal([(layer["op"], layer["source_op"]) for layer in report["layers"][-2:]],
          [("arg_max", "ArgMax")] * 2, "layers")
    counts = [layer["data"] and layer["data"]["differing"] for layer in report["layers"]]
    equal(counts[-2:], [None, None], "data of indices")
    require(set(counts[:-2]) == {0}, f"differing: {counts}")


@case
def random_networks(folder):
    """Certified layers of every kind: nothing differs from the exact meaning."""
    kinds, elements = set(), 0
    for seed in SEEDS:
        model, arrays, raw = write_case(seed, os.path.join(folder, f"seed{seed}"))
        paths = {name: save(folder, f"{name}.npy", array) for name, array in arrays.items()}
        report = report_on(model, paths, *(["--raw"] if raw else []))
        totals = report["totals"]
        equal(totals["certified_channels"], totals["channels"], f"seed {seed}: channels")
        for layer in report["layers"]:
            if layer["data"] is None:
                continue
            equal(layer["data"]["differing"], 0, f"seed {seed}: {layer['name']}")
            kinds.add(layer["op"])
            elements += layer["data"]["elements"]
    require(kinds >= {"conv2d", "matmul", "add", "mul", "avg_pool", "lookup"}, f"{kinds}")
    require(elements > 5000, f"{elements} elements")


@cases({"exact": ("exact",), "tflite": ("tflite",)})
def softmax(folder, mode):
    """An approximate layer: how far it is from the real softmax."""
    graph, scale = Graph(), np.float32(0.11)
    ends = [graph.tensor("x", "int8", [1, 12], scale, -4),
            graph.tensor("y", "int8", [1, 12], 1 / 256, -128)]
    graph.operator("SOFTMAX", [ends[0]], [ends[1]], beta=1.0)
    model = os.path.join(folder, "model.tflite")
    graph.save(model, ends[:1], ends[1:])
    x = np.random.default_rng(3).integers(-128, 128, (200, 1, 12)).astype(np.int8)
    data, result = save(folder, "x.npy", x), os.path.join(folder, "y.npy")
    qbias("run", model, "--input", data, "--output", result, f"--requant={mode}")
    got = np.load(result).reshape(x.shape).astype(np.int64)
    powers = np.exp(np.float64(scale) * (x.astype(np.int64) - x.max(-1, keepdims=True)))
    real = 256 * powers / powers.sum(-1, keepdims=True)
    apart = np.abs(got - np.minimum(np.rint(real) - 128, 127))
    layer = report_on(model, {"x": data}, f"--requant={mode}")["layers"][0]
    require(layer["approximate"] and layer["certificate"] == "none", f"layer: {layer}")
    found = layer["data"]
    equal((found["elements"], found["differing"], found["largest_difference"],
           found["saturated_high"]),
          (x.size, np.count_nonzero(apart), apart.max(), np.count_nonzero(np.rint(real) > 255)),
          "distance to the real softmax")
    noise = got + 128 - real
    decibels = 10 * np.log10((real**2).sum() / (noise**2).sum())
    require(abs(found["sqnr_db"] - decibels) < DECIBEL_SLACK, f"{found}, {decibels}")


# --- forms, names, errors ---------------------------------------------------


class Nesting(HTMLParser):
    """Fails unless every tag is closed in its order."""

    ALONE = ("meta",)

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.feed(text)
        self.close()
        equal(self.open, [], "tags left open")

    def handle_starttag(self, tag, attrs):
        self.open += [] if tag in self.ALONE else [tag]

    def handle_endtag(self, tag):
        equal(self.open.pop(), tag, "tag closed")


@case
def text_and_page(folder):
    """The same figures as text and as a page; names are harmless there."""
    net = Net("int8")
    x = net.quantized_input("x", [1, 8], S, 1)
    hostile = "<script>&\"'\n"
    product = net.node("MatMul", [x, net.constant(random_weights((8, 3)), 0.02, axis=1)],
                       name=hostile)
    net.finish(product, 0.1)
    model, data = os.path.join(folder, "model.onnx"), save(folder, "x.npy", np.zeros(
        (2, 1, 8), np.float32))
    net.save(model)
    text = qbias("report", model, "--data", data).stdout
    for part in ("not as float32", "saturated low", "SQNR (dB)", "2 samples, 6 integers of layers, "
                 "0 differ from the exact meaning, 0 from float32, 0 saturated"):
        require(part in text, f"'{part}' not in {text}")
    page = os.path.join(folder, "page.html")
    qbias("report", model, "--data", data, "--format=html", "-o", page)
    with open(page, encoding="utf-8") as file:
        html = file.read()
    require("<script" not in html and "&lt;script&gt;&amp;&quot;&#39;?" in html, html)
    for part in ("<!DOCTYPE html>", "2 samples, 6 integers", "rounding constant", "</html>"):
        require(part in html, f"'{part}' not in {html}")
    Nesting(html)
    require("http" not in html and "src=" not in html, "refers to other files")
    plain = qbias("report", model, "--format=html").stdout
    require(" samples," not in plain and "<table>" in plain, plain)


@case
def wrong_data(folder):
    """Errors name the array, what is wrong and what is expected; nothing is written."""
    net = branches()
    model, arrays = os.path.join(folder, "model.onnx"), net.stimuli(1)
    net.save(model)
    paths = {name: save(folder, f"{name}.npy", array) for name, array in arrays.items()}
    for given, part in (
            ({"x": paths["x"]}, "input 'y' is not given; add --data y=FILE.npy"),
            (paths | {"z": paths["x"]}, "has no input 'z'"),
            (paths | {"y": save(folder, "few.npy", arrays["y"][:2])}, "holds 2 samples"),
            (paths | {"y": save(folder, "real.npy", np.zeros((4, 1, 4, 6, 6)))},
             "dtype float64, expected int8"),
            (paths | {"y": model}, "expected")):
        target = os.path.join(folder, "report.json")
        error = report_on(model, given, "--raw", "-o", target, code=1)
        require(part in error, f"'{part}' not in {error}")
        require(not os.path.exists(target), "a report was written")


if __name__ == "__main__":
    main(__doc__)
