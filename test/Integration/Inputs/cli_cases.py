# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command-line contract: reports, dumps, samples, stages, pipelines, bench."""

import json
import os

import numpy as np

import all_forms
from harness import (Net, agree, case, cases, equal, main, qbias, random_weights,
                     require, save)

S = np.float32(0.037)
NUMBER = (int, float)


def model_in(folder, name="all_forms"):
    """(model path, input path) of a generated network."""
    all_forms.write(folder)
    return os.path.join(folder, f"{name}.onnx"), os.path.join(folder, f"{name}.npy")


def outputs(folder, model, data, *arguments, count=2, raw=True):
    """Outputs of `qbias run`, as a list of arrays."""
    paths = [os.path.join(folder, f"out{i}.npy") for i in range(count)]
    named = [item for path in paths for item in ("--output", path)]
    qbias("run", model, "--input", data, *named, *arguments, *(["--raw"] if raw else []))
    return [np.load(path) for path in paths]


def same(got, expected, what):
    """Fail unless two lists of arrays are equal in type, shape and content."""
    for number, (a, b) in enumerate(zip(got, expected, strict=True)):
        require(a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b),
                f"{what}: output {number} differs: {a.dtype} {a.shape}, {b.dtype} {b.shape}")


# --- report ----------------------------------------------------------------

TENSOR_KEYS = {"name": str, "dtype": str, "shape": list, "scale": NUMBER + (list,),
               "zero_point": (int, list), "qmin": int, "qmax": int}
LAYER_KEYS = {"name": str, "op": str, "source_op": str, "channels": int,
              "certified_channels": int, "mode": str, "approximate": bool, "certificate": str,
              "bias": dict, "macs": int, "plan": str}
ARRAY_KEYS = ("multiplier", "shift", "rounding_constant", "acc_min", "acc_max")
BIAS_KEYS = {"float_min": NUMBER, "float_max": NUMBER, "int_min": int, "int_max": int,
             "scale": list}
TOTAL_KEYS = ("layers", "macs", "channels", "certified_channels", "float_ops", "weight_bytes",
              "workspace_bytes")
BIAS_CASES = ("float", "on_grid", "rescaled", "overflow", "shared", "absent", "dead_channel")
CERTIFICATES = ("affine", "half_even", "table", "threshold", "accumulator")


def check_keys(item, keys, what):
    """Every key is there with a value of its type."""
    for key, kind in keys.items():
        require(key in item, f"{what}: no key '{key}'")
        require(isinstance(item[key], kind) and (kind is not int or item[key] is not True),
                f"{what}: '{key}' is {item[key]!r}")


def check_layer(layer):
    """One entry of `layers`."""
    name = layer.get("name")
    check_keys(layer, LAYER_KEYS, name)
    require(layer["certificate"] in CERTIFICATES and layer["mode"] == "exact"
            and layer["approximate"] is False, f"{name}: {layer}")
    equal(layer["certified_channels"], layer["channels"], f"{name}: certified channels")
    for key in ARRAY_KEYS:
        require(key in layer, f"{name}: no key '{key}'")
        values = layer[key]
        if values is None:
            continue
        require(values and all(type(value) is int for value in values), f"{name}: {key} {values}")
        expected = 2 if key == "multiplier" and layer["op"] == "add" else layer["channels"]
        equal(len(values), expected, f"{name}: entries of {key}")
    require(layer["bias"]["case"] in BIAS_CASES, f"{name}: {layer['bias']}")
    if layer["bias"]["case"] not in ("absent",):
        check_keys(layer["bias"], BIAS_KEYS, f"{name}: bias")
        equal(len(layer["bias"]["scale"]), layer["channels"], f"{name}: bias scales")


@case
def report_json(folder):
    """Every key of the contract, with the right type; 64-bit integers in full."""
    model, _ = model_in(folder)
    report = json.loads(qbias("report", model, "--format=json").stdout)
    check_keys(report, {"model": str, "mode": str, "tensors": list, "layers": list,
                        "totals": dict}, "report")
    equal((report["model"], report["mode"]), ("all_forms.onnx", "exact"), "model and mode")
    for tensor in report["tensors"]:
        check_keys(tensor, TENSOR_KEYS, tensor.get("name"))
        require(tensor["dtype"] in ("int8", "uint8", "int32"), tensor["dtype"])
        require(isinstance(tensor["scale"], list) == isinstance(tensor["zero_point"], list),
                f"{tensor['name']}: scale and zero point")
    for layer in report["layers"]:
        check_layer(layer)
    totals = report["totals"]
    check_keys(totals, {key: int for key in TOTAL_KEYS}, "totals")
    equal(totals["float_ops"], 0, "float operations")
    equal(totals["layers"], len(report["layers"]), "layers")
    for key in ("macs", "channels", "certified_channels"):
        equal(totals[key], sum(layer[key] for layer in report["layers"]), f"sum of {key}")
    found = {layer["certificate"] for layer in report["layers"]}
    equal(found, set(CERTIFICATES), "kinds of certificates")
    names = {tensor["name"]: tensor for tensor in report["tensors"]}
    first = names["QuantizeLinear_0_out"]
    equal([first["dtype"], first["shape"], first["scale"], first["zero_point"], first["qmin"],
           first["qmax"]], ["int8", [1, 3, 6, 6], 2.0**-5, 3, -128, 127], "first tensor")
    equal(totals["macs"], 36 * 4 * 27 + 36 * 4 * 3 + 36 * 4 * 4 + 48 + 2 * 30, "MACs")


@case
def report_text(folder):
    """Text for people; -o writes a file with the same content."""
    model, _ = model_in(folder)
    text = qbias("report", model).stdout
    for part in ("model all_forms.onnx, requantization exact", "QuantizeLinear_0_out", "affine",
                 "overflow", "half_even", "threshold", "14 layers", "38 of 38 channels certified",
                 "0 float operations", "MACs", "why this plan"):
        require(part in text, f"'{part}' not in {text}")
    planned = qbias("report", model, "--cpu=x86-64-v3", "--plan=pair16").stdout
    require("  pair16  " in planned and "target avx2" in planned, f"plans not in {planned}")
    for name in ("text", "json"):
        path = os.path.join(folder, f"report.{name}")
        done = qbias("report", model, f"--format={name}", "-o", path)
        require(not done.stdout, "written to stdout as well")
        with open(path, encoding="utf-8") as file:
            equal(file.read(), qbias("report", model, f"--format={name}").stdout, name)


@case
def remarks(folder):
    """Decisions of the passes that were asked for, with the layer's name; none without."""
    model, _ = model_in(folder)
    require(": remark: " not in qbias("report", model).stderr, "remarks nobody asked for")
    text = qbias("report", model, "--remarks-filter=materialize-bias|plan-memory").stderr
    lines = text.splitlines()
    require(all(line.startswith(f"{model}: remark: ") or ": warning: " in line
                for line in lines), text)
    layers = json.loads(qbias("report", model, "--format=json").stdout)["layers"]
    for layer in layers:
        if layer["op"] in ("conv2d", "matmul") and layer["bias"]["case"] != "absent":
            line = f"remark: {layer['name']}: [Analysis] bias |"
            require(any(line in item and f"case={layer['bias']['case']}" in item
                        for item in lines), f"no '{line}' in {text}")
    require("certificate" not in text and "bytes=" in text, text)
    require("regular expression" in qbias("report", model, "--remarks-filter=(", code=2).stderr,
            "a wrong expression")


# --- dumps and names -------------------------------------------------------


@case
def observable_variant(folder):
    """--dump-dir changes no output; every quantize output of the file has its file."""
    for name, count, tensors in (("all_forms", 2, 15), ("small", 1, 5)):
        model, data = model_in(folder, name)
        dump = os.path.join(folder, "dump", name)
        plain = outputs(folder, model, data, count=count)
        same(outputs(folder, model, data, "--dump-dir", dump, count=count), plain, name)
        with open(os.path.join(dump, "index.json"), encoding="utf-8") as file:
            index = json.load(file)
        equal(sorted(index), sorted(f"QuantizeLinear_{i}_out" for i in range(tensors)), "names")
        equal(sorted(os.listdir(dump)), sorted([*index.values(), "index.json"]), "files")
        for file in index.values():
            array = np.load(os.path.join(dump, file))
            require(array.dtype == np.int32 and array.shape[0] == len(np.load(data)),
                    f"{file}: {array.dtype} {array.shape}")


FLAT_INPUT = np.zeros([1, 2, 3, 3])
HOSTILE = ["../x", "/etc/x", ".", "..", "-rf", "a b", "a=b", "new\nline", 'quo"te\'s', "%41", "A",
           "tab\there", "n\u00e4me \u4e2d", "long" * 75, "long" * 75 + "er", "back\\slash", "nul"]


@case
def hostile_names(folder):
    """Tensor names that are no file names; they also name inputs and outputs."""
    net = Net("int8")
    x = net.quantized_input("in/../put =1", [1, 2, 3, 3], S, 3)
    for name in HOSTILE:
        weights = net.constant(random_weights([2, 2, 1, 1]), 0.01)
        y = net.node("Conv", [x, weights], name=f"layer {name}", outputs=[f"real {name}"])
        x = net.dequantize(net.quantize(y, 0.5, 3, name=name), name=f"dequantized {name}")
    net.output(x)
    inner = os.path.join(folder, "inner")
    os.mkdir(inner)
    model = net.check(inner)
    data = save(inner, "x.npy", net.stimuli()["in/../put =1"])
    dump = os.path.join(inner, "dump")
    qbias("run", model, "--input", f"in/../put =1={data}", "--raw", "--dump-dir", dump)
    equal(sorted(os.listdir(folder)), ["inner"], "files beside the folder")
    equal(sorted(os.listdir(inner)), ["dump", "model.onnx", "x.npy"], "files in the folder")
    with open(os.path.join(dump, "index.json"), encoding="utf-8") as file:
        index = json.load(file)
    equal(set(HOSTILE) - set(index), set(), "names without a file")
    equal(len(set(index.values())), len(index), "different files")
    equal(index["../x"], "..%2Fx.npy", "percent encoding")
    equal(index["%41"], "%2541.npy", "percent encoding")
    report = qbias("report", model).stdout
    require("new\nline" not in report and "\t" not in report, "control characters in the text")
    layers = json.loads(qbias("report", model, "--format=json").stdout)["layers"]
    equal([layer["name"] for layer in layers], [f"layer {name}" for name in HOSTILE], "layers")


@case
def names_that_are_no_text(folder):
    """Bytes that are no UTF-8 and control bytes, in every output."""
    net = Net("int8")
    x = net.quantized_input("NAME_x", [1, 2, 3, 3], S, 3)
    y = net.node("Conv", [x, net.constant(random_weights([2, 2, 1, 1]), 0.01)], name="NAME_layer")
    net.output(net.dequantize(net.quantize(y, 0.5, 3, name="NAME_q")))
    model, data = os.path.join(folder, "model.onnx"), save(folder, "x.npy", np.int8(FLAT_INPUT))
    with open(model, "wb") as file:
        file.write(net.serialize().replace(b"NAME", b"\xff\xfe\x80\x1b"))
    stem = os.path.join(folder, "m")
    qbias("compile", model, "-o", stem + ".mlir", "--stage=integer", "--certificate",
          stem + ".json")
    for end in (".c", ".so", ".ll"):
        qbias("compile", model, "-o", stem + end)
    for program in (model, stem + ".so"):
        qbias("run", program, "--input", data, "--raw", "--output", stem + ".npy")
        equal(np.load(stem + ".npy").shape, (1, 2, 3, 3), "output")
    qbias("run", model, "--input", data, "--raw", "--dump-dir", stem)
    require("%FF%FE%80%1B_q.npy" in os.listdir(stem), f"dump: {os.listdir(stem)}")
    for end in (".c", ".h", ".json", ".mlir"):
        with open(stem + end, encoding="utf-8") as file:  # fails where it is no text
            require("\x1b" not in file.read(), f"control characters in {end}")
    with open(stem + ".json", encoding="utf-8") as file:
        require(json.load(file)["layers"], "a certificate")
    require("\x1b" not in qbias("report", model).stdout, "control characters in the report")
    json.loads(qbias("report", model, "--format=json").stdout)


# --- samples ---------------------------------------------------------------


@case
def sample_axes(folder):
    """One sample, several along the first axis, and a leading axis give the same."""
    model, data = model_in(folder, "small")
    flat = np.load(data).reshape(-1, 1, 6, 6)
    count = len(flat)
    expected = outputs(folder, model, save(folder, "a.npy", flat), count=1)[0]
    equal(expected.shape, (count, 3), "stacked output")
    deep = outputs(folder, model, save(folder, "b.npy", flat[:, None]), count=1)[0]
    same([deep], [expected], "leading axis")
    for index in range(count):
        one = outputs(folder, model, save(folder, "c.npy", flat[index:index + 1]), count=1)[0]
        same([one], [expected[index:index + 1]], f"sample {index}")
    one = outputs(folder, model, save(folder, "d.npy", flat[:1][None]), count=1)[0]
    equal(one.shape, (1, 3), "one sample with a leading axis")
    for dtype in (np.int16, np.int32, np.int64, np.uint32):
        wide = outputs(folder, model, save(folder, "e.npy", flat.astype(dtype)), count=1)[0]
        same([wide], [expected], f"given as {dtype.__name__}")


@case
def several_inputs(folder):
    """By name in any order, or in the file's order; all with the same number of samples."""
    net = Net("int8")
    a, b = (net.quantized_input(name, [1, 2, 3, 3], S * k, k) for name, k in (("a", 1), ("b", 2)))
    net.finish(net.node("Sub", [a, b]), S * 2)
    model = net.check(folder)
    data = {name: save(folder, f"{name}.npy", array) for name, array in net.stimuli().items()}
    results = []
    for arguments in ([data["a"], data["b"]], [f"a={data['a']}", f"b={data['b']}"],
                      [f"b={data['b']}", f"a={data['a']}"], [f"b={data['b']}", data["a"]]):
        path = os.path.join(folder, "y.npy")
        named = [item for argument in arguments for item in ("--input", argument)]
        qbias("run", model, "--raw", *named, "--output", path)
        results.append(np.load(path))
    for result in results[1:]:
        same([result], results[:1], "order of inputs")
    short = save(folder, "short.npy", net.stimuli()["b"][:2])
    done = qbias("run", model, "--raw", "--input", data["a"], "--input", short, code=1)
    require("2 samples" in done.stderr and "7" in done.stderr, done.stderr)


@case
def boundary(folder):
    """--boundary=real quantizes float inputs exactly; the default as the producer does."""
    net = Net("uint8")
    x = net.quantized_input("x", [1, 1, 16, 16], np.float32(2 / 255), 128)
    net.finish(x, np.float32(2 / 255), 128)
    net.save(model := os.path.join(folder, "model.onnx"))
    pixels = {"x": (np.arange(256, dtype=np.float32) / np.float32(255)).reshape(1, 1, 16, 16)}
    agree(model, pixels, raw=False)
    agree(model, pixels, raw=False, extra=["--boundary=real"])


@case
def labels(folder):
    """--labels prints the share of samples whose largest output is at the label."""
    model, data = model_in(folder, "small")
    scores = outputs(folder, model, data, count=1)[0]
    right = scores.argmax(axis=1)
    wrong = right.copy()
    wrong[0] = 2 - right[0] if right[0] != 1 else 0
    count = len(right)
    for array, good in ((right, count), (wrong, count - 1)):
        path = save(folder, "labels.npy", array)
        text = qbias("run", model, "--raw", "--input", data, "--labels", path).stdout
        equal(text, f"top-1: {100 * good / count:.2f} % ({good} of {count})\n", "stdout")


@case
def silence(folder):
    """Nothing on stderr when all is well, nothing on stdout but results."""
    model, data = model_in(folder, "small")
    out = os.path.join(folder, "out")
    for command in (["run", model, "--raw", "--input", data, "--output", f"{out}.npy"],
                    ["compile", model, "-o", f"{out}.ll", "--certificate", f"{out}.json"]):
        done = qbias(*command)
        equal((done.stdout, done.stderr), ("", ""), command[0])
    equal(qbias("report", model).stderr, "", "report")


# --- bench -----------------------------------------------------------------


@case
def bench(folder):
    """Latency, throughput and memory, as text and JSON."""
    model, _ = model_in(folder, "small")
    result = json.loads(qbias("bench", model, "--runs", 5, "--format=json").stdout)
    check_keys(result, {"min_ms": NUMBER, "median_ms": NUMBER, "gmacs": NUMBER,
                        "peak_rss_bytes": int}, "bench")
    require(0 < result["min_ms"] <= result["median_ms"], f"{result}")
    require(result["peak_rss_bytes"] > 1 << 20 and result["gmacs"] > 0, f"{result}")
    text = qbias("bench", model, "--runs", 5, "--threads", 1).stdout
    require("ms min" in text and "ms median" in text and "GMAC/s" in text, text)


@case
def bench_per_layer(folder):
    """Every layer of the report that multiplies is a step with its name and products."""
    model, _ = model_in(folder)
    report = json.loads(qbias("report", model, "--format=json").stdout)
    # Two layers of one tensor and the same weights are one step.
    expected = {layer["name"]: layer["macs"] for layer in report["layers"] if layer["macs"]}
    require(len(expected) > 2, f"layers of the model: {expected}")
    for threads in (1, 2):
        result = json.loads(qbias("bench", model, "--runs", 3, "--per-layer", "--format=json",
                                  "--threads", threads).stdout)
        got = {step["name"]: step["macs"] for step in result["steps"] if step["macs"]}
        equal(got, expected, f"products of steps on {threads} threads")
        require(all(0 <= step["min_ms"] <= step["median_ms"] for step in result["steps"]),
                f"{result}")
    lines = qbias("bench", model, "--runs", 3, "--per-layer").stdout.splitlines()
    equal(len(lines), 1 + len(result["steps"]), "lines of the table")


# --- float outputs ---------------------------------------------------------


@cases({"small": ("small", 1), "all_forms": ("all_forms", 2)})
def float_ends(folder, name, count):
    """Float in, float out: the raw integers between the boundary formulas."""
    model, data = model_in(folder, name)
    low, scale, zero = (0, S, 120) if name == "small" else (-128, np.float32(2.0**-5), 3)
    q = np.load(data).astype(np.int64)
    floats = save(folder, "floats.npy", ((q - zero) * scale).astype(np.float32))
    agree(model, {"x": np.load(floats)}, raw=False)
    real = outputs(folder, model, floats, count=count, raw=False)
    require(all(array.dtype == np.float32 for array in real[:1]), "dtype of float outputs")
    require(q.min() == low, "lowest integer")


if __name__ == "__main__":
    main(__doc__)
