# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Stages as files, pipelines of qbias-opt, forged certificates, floats in the program."""

import json
import os
import re

import numpy as np

import all_forms
from harness import case, cases, equal, main, qbias, require, run, save

NETWORKS = {"small": ("small", 1), "all_forms": ("all_forms", 2)}
PIPELINES = ("--qbias-integerize", "--qbias-to-linalg-pipeline", "--qbias-to-llvm-pipeline")


def model_in(folder, name):
    """(model path, input path) of a generated network."""
    all_forms.write(folder)
    return os.path.join(folder, f"{name}.onnx"), os.path.join(folder, f"{name}.npy")


def outputs(folder, model, data, count, raw=True):
    """Outputs of `qbias run`, as a list of arrays."""
    paths = [os.path.join(folder, f"out{i}.npy") for i in range(count)]
    named = [item for path in paths for item in ("--output", path)]
    qbias("run", model, "--input", data, *named, *(["--raw"] if raw else []))
    return [np.load(path) for path in paths]


def same(got, expected, what):
    """Fail unless two lists of arrays are equal in type, shape and content."""
    for number, (a, b) in enumerate(zip(got, expected, strict=True)):
        require(a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b),
                f"{what}: output {number} differs: {a.dtype} {a.shape}, {b.dtype} {b.shape}")


def save_text(folder, name, text):
    """Write a text file; returns the path."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def text_of(path):
    """Content of a text file."""
    with open(path, encoding="utf-8") as file:
        return file.read()


# --- stages ----------------------------------------------------------------


@cases({f"{stage}_{name}": (stage, *arguments) for name, arguments in NETWORKS.items()
        for stage in ("import", "integer", "linalg")})
def stage(folder, kind, name, count):
    """A module written at a stage, as text and as bytecode, gives the same integers."""
    model, data = model_in(folder, name)
    expected = outputs(folder, model, data, count)
    floats = np.linspace(-5, 5, np.load(data).size, dtype=np.float32).reshape(np.load(data).shape)
    floats = save(folder, "floats.npy", floats)
    real = outputs(folder, model, floats, count, raw=False)
    for extension in ("mlir", "mlirbc"):
        path = os.path.join(folder, f"{kind}.{extension}")
        qbias("compile", model, f"--stage={kind}", "-o", path)
        same(outputs(folder, path, data, count), expected, path)
        same(outputs(folder, path, floats, count, raw=False), real, f"{path}, floats")


@cases({name: arguments for name, arguments in NETWORKS.items()})
def lowered(folder, name, _):
    """A module in the LLVM dialect cannot be run, but lowered on; --emit overrides."""
    model, data = model_in(folder, name)
    path, again = (os.path.join(folder, item) for item in ("a.mlir", "b.ll"))
    qbias("compile", model, "--stage=llvm", "-o", path)
    done = qbias("run", path, "--raw", "--input", data, code=1)
    require("LLVM dialect" in done.stderr and path in done.stderr, done.stderr)
    qbias("compile", path, "-o", again)
    direct = os.path.join(folder, "c.text")
    qbias("compile", model, "--emit=ll", "-o", direct)
    require("define" in text_of(again) and "@qbias_run" in text_of(direct), "no entry point")
    qbias("compile", model, "--name=net_1", "-o", direct, "--emit=ll")
    require("@net_1_run" in text_of(direct), "--name does not name the entry point")


@case
def repeatable(folder):
    """Two compilations write the same bytes."""
    model, _ = model_in(folder, "all_forms")
    for kind, extension in (("import", "mlir"), ("integer", "mlirbc"), ("linalg", "mlir"),
                            ("llvm", "ll")):
        content = []
        for number in range(2):
            paths = [os.path.join(folder, f"{number}.{end}") for end in (extension, "json")]
            qbias("compile", model, f"--stage={kind}", "-o", paths[0], "--certificate", paths[1])
            for path in paths:
                with open(path, "rb") as file:
                    content.append(file.read())
        require(content[:2] == content[2:], f"{kind}: two compilations differ")


# --- qbias-opt, qbias-translate --------------------------------------------


@cases(NETWORKS)
def pipelines(folder, name, count):
    """qbias-translate and qbias-opt take the same steps as the driver."""
    model, data = model_in(folder, name)
    expected = outputs(folder, model, data, count)
    path = os.path.join(folder, "0.mlir")
    run("qbias-translate", "--import-onnx", model, "-o", path)
    for number, pipeline in enumerate(PIPELINES, 1):
        same(outputs(folder, path, data, count), expected, path)
        following = os.path.join(folder, f"{number}.mlir")
        run("qbias-opt", pipeline, path, "-o", following)
        path = following
    text = run("qbias-translate", "--mlir-to-llvmir", path).stdout
    require("define" in text and "@qbias_run" in text, "no entry point in the LLVM IR")
    whole = run("qbias-opt", *PIPELINES, os.path.join(folder, "0.mlir")).stdout
    require("@qbias_run" in whole and "qbias.int" not in whole, "all pipelines in one call")


@cases(NETWORKS)
def bytecode(folder, name, count):
    """--emit-bytecode of qbias-opt is read by qbias-opt and by the driver."""
    model, data = model_in(folder, name)
    expected = outputs(folder, model, data, count)
    text, binary, again = (os.path.join(folder, item) for item in ("a.mlir", "a.mlirbc", "b.mlir"))
    run("qbias-translate", "--import-onnx", model, "-o", text)
    for arguments in ([], ["--qbias-integerize"]):
        run("qbias-opt", text, *arguments, "--emit-bytecode", "-o", binary)
        same(outputs(folder, binary, data, count), expected, f"bytecode {arguments}")
        run("qbias-opt", binary, "-o", again)
        run("qbias-opt", text, *arguments, "-o", text)
        equal(text_of(again), text_of(text), f"text of the bytecode {arguments}")


@case
def print_ir(folder):
    """--mlir-print-ir-tree-dir shows every step, in the driver and in qbias-opt."""
    model, _ = model_in(folder, "small")
    text = os.path.join(folder, "a.mlir")
    run("qbias-translate", "--import-onnx", model, "-o", text)
    tree = os.path.join(folder, "tree")
    for command in (["qbias-opt", "--qbias-integerize", text, "-o", os.devnull],
                    ["qbias", "compile", model, "-o", os.path.join(folder, "b.ll")]):
        target = tree + command[0]
        run(*command, "--mlir-print-ir-after-all", f"--mlir-print-ir-tree-dir={target}")
        files = [name for _, _, names in os.walk(target) for name in names]
        require(any("certify" in name for name in files), f"{command[0]}: {files}")


@case
def reproducer(folder):
    """A pipeline that fails leaves a module that fails the same way, alone."""
    path = save_text(folder, "fails.mlir", TWO_SCALES)
    again = os.path.join(folder, "again.mlir")
    run("qbias-opt", "--qbias-integerize", path, "-o", os.devnull,
        f"--mlir-pass-pipeline-crash-reproducer={again}", code=1)
    done = run("qbias-opt", again, "--run-reproducer", "-o", os.devnull, code=1)
    require("no single quantize" in done.stderr, done.stderr)


TWO_SCALES = """
func.func @main(%x: tensor<2xf32>) -> (tensor<2x!quant.uniform<i8:f32, 0.5:3>>,
                                       tensor<2x!quant.uniform<i8:f32, 0.7:3>>) {
  %q = qbias.quantize %x : tensor<2xf32> -> tensor<2x!quant.uniform<i8:f32, 0.5:3>>
  %r = qbias.quantize %x : tensor<2xf32> -> tensor<2x!quant.uniform<i8:f32, 0.7:3>>
  return %q, %r : tensor<2x!quant.uniform<i8:f32, 0.5:3>>,
                  tensor<2x!quant.uniform<i8:f32, 0.7:3>>
}
"""


@case
def language_server(_):
    """An editor opens a module with an error and is told where it is."""
    wrong = TWO_SCALES.replace("tensor<2xf32>) -> (", "tensor<3xf32>) -> (")
    document = {"uri": "file:///a.mlir", "languageId": "mlir", "version": 1, "text": wrong}
    calls = [("initialize", 0, {"processId": None, "rootUri": None, "capabilities": {}}),
             ("initialized", None, {}),
             ("textDocument/didOpen", None, {"textDocument": document}),
             ("shutdown", 1, None), ("exit", None, None)]
    messages = ""
    for method, number, parameters in calls:
        call = {"jsonrpc": "2.0", "method": method, "params": parameters}
        text = json.dumps(call if number is None else {**call, "id": number})
        messages += f"Content-Length: {len(text)}\r\n\r\n{text}"
    answers = run("qbias-lsp-server", stdin=messages).stdout
    require('"capabilities"' in answers and "publishDiagnostics" in answers, answers)
    require("tensor<3xf32>" in answers, answers)


@case
def json_of_a_module(folder):
    """report and bench on integer-stage modules agree with the model's."""
    model, _ = model_in(folder, "all_forms")
    path = os.path.join(folder, "a.mlir")
    qbias("compile", model, "--stage=integer", "-o", path)

    def layers(name):
        text = qbias("report", name, "--format=json").stdout
        return text[text.index('"layers"'):text.index('"model"')]
    equal(layers(path), layers(model), "layers of the report")
    qbias("bench", path, "--runs", 2)


@cases({"linalg": ("linalg",), "llvm": ("llvm",)})
def without_layers(folder, kind):
    """A module beyond the integer stage has nothing to report or certify."""
    model, _ = model_in(folder, "all_forms")
    path, output = os.path.join(folder, "a.mlir"), os.path.join(folder, "out")
    qbias("compile", model, f"--stage={kind}", "-o", path)
    for command in (["report", path, "-o", output], ["report", path, "--format=json", "-o", output],
                    ["compile", path, "-o", output, "--emit=ll", "--certificate", output]):
        done = qbias(*command, code=1)
        require(done.stderr.startswith(f"{path}: ") and "integer" in done.stderr, done.stderr)
        require(not os.path.exists(output), f"{command}: output is left")
    qbias("bench", path, "--runs", 2, code=0 if kind == "linalg" else 1)


# --- forged certificates ---------------------------------------------------

FORGERIES = {
    "multiplier": (r"multiplier = dense<(\d+)>", 1 << 12), "multiplier_low": (
        r"multiplier = dense<(\d+)>", -(1 << 12)),
    "shift": (r"shift = dense<(\d+)>", 1), "rounding": (r"rounding = dense<(\d+)>", 1 << 34),
    "clamp": (r"hi = (\d+)", -1), "bias": (r"arith.constant dense<(\d+)> : tensor<4xi32>", 1),
    "bounds": (r"min = dense<\[(-\d+)", 1), "channels": (r"certified = (\d+)", 1),
    "zero_point": (r"input_zp = (\d+)", 1),
    "interval_low": (r"rounding_min = dense<\[?(-?\d+)", -1),
    "interval_high": (r"rounding_max = dense<\[?(-?\d+)", 1),
}


def forge(path, pattern, change):
    """Add `change` to the number that the first match of a pattern names."""
    text = text_of(path)
    match = re.search(pattern, text)
    require(match is not None, f"{pattern} not in {text}")
    number = str(int(match.group(1)) + change)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text[:match.start(1)] + number + text[match.end(1):])


@case
def harmless_change(folder):
    """Another rounding constant of the interval is proven like the solver's own."""
    model, data = model_in(folder, "small")
    path = os.path.join(folder, "a.mlir")
    qbias("compile", model, "--stage=integer", "-o", path)
    forge(path, r" rounding = dense<\[?(-?\d+)", 1)
    same(outputs(folder, path, data, 1), outputs(folder, model, data, 1), "rounding + 1")


@cases(FORGERIES)
def forged(folder, pattern, change):
    """A number of a proven module is changed: code generation proves again and refuses."""
    model, data = model_in(folder, "small")
    path, output = os.path.join(folder, "a.mlir"), os.path.join(folder, "y.npy")
    qbias("compile", model, "--stage=integer", "-o", path)
    qbias("run", path, "--raw", "--input", data, "--output", output)
    os.remove(output)
    forge(path, pattern, change)
    for command in (["run", path, "--raw", "--input", data, "--output", output],
                    ["compile", path, "-o", output, "--emit=ll"],
                    ["bench", path]):
        done = qbias(*command, code=1)
        require(done.stderr.startswith(f"{path}: "), f"{command[0]}: {done.stderr}")
        require(not os.path.exists(output), f"{command[0]}: output is left")
    run("qbias-opt", "--qbias-to-linalg-pipeline", path, "-o", os.devnull, code=1)


if __name__ == "__main__":
    main(__doc__)
