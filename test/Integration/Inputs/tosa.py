# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""TOSA out: MLIR's own validation takes it, and MLIR's own lowering of it (mlir-opt, clang)
computes the integers of the scalar models of each mode."""

import ctypes
import os
import re

import numpy as np

import feed
from feed import Network, digits, named_forms
from harness import Net, case, cases, equal, main, qbias, random_weights, require, run
from batch import make_case
from memref import describe, descriptor

LLVM = "/usr/lib/llvm-22"
# Layers that TOSA has: no sum of products plus a tensor, no function behind a sum.
FEATURES = {"conv", "linear", "add", "mul", "avg_pool", "max_pool", "concat", "unary", "reshape",
            "pad"}
SEEDS = range(9100, 9112)
REFUSED = ("have no int8 form in TOSA", "its sums have 32 bits")  # of random scales
ATTACH = ("--tosa-attach-target=specification_version=1.0 profiles=pro_int "
          "extensions=doubleround level=8k")
LOWER = """builtin.module(func.func(tosa-to-linalg-named,tosa-to-linalg,
tosa-to-arith{include-apply-rescale=true},tosa-to-tensor,linalg-fuse-elementwise-ops),
one-shot-bufferize{bufferize-function-boundaries=true
function-boundary-type-conversion=identity-layout-map},
func.func(convert-linalg-to-loops,llvm-request-c-wrappers),expand-strided-metadata,
lower-affine,convert-scf-to-cf,convert-to-llvm,reconcile-unrealized-casts)"""


def to_tosa(model, folder, *options, codes=(0,)):
    """(path of the program in TOSA or None when refused, what was said about it)."""
    integer, tosa = os.path.join(folder, "integer.mlir"), os.path.join(folder, "tosa.mlir")
    qbias("compile", model, "--stage=integer", "-o", integer, *options)
    done = run("qbias-opt", "--convert-qbias-to-tosa", integer, "-o", tosa, code=codes)
    if done.returncode:
        return None, done.stderr
    run("mlir-opt-22", ATTACH, "--tosa-validate=strict-op-spec-alignment", tosa, "-o", os.devnull)
    return tosa, done.stderr


def load(tosa, folder):
    """(shapes and dtypes of inputs, of outputs, entry) of a program, by MLIR and clang."""
    lowered, ir, library = (os.path.join(folder, name) for name in ("l.mlir", "l.ll", "l.so"))
    run("mlir-opt-22", "--pass-pipeline=" + LOWER.replace("\n", " "), tosa, "-o", lowered)
    run("mlir-translate-22", "--mlir-to-llvmir", lowered, "-o", ir)
    run("clang-22", "-O1", "-Wno-override-module", "-shared", "-fPIC", ir, f"-L{LLVM}/lib",
        "-lmlir_c_runner_utils", f"-Wl,-rpath,{LLVM}/lib", "-o", library)
    with open(tosa, encoding="utf-8") as file:
        head = re.search(r"func\.func @main\((.*)\) -> (.*) \{$", file.read(), re.MULTILINE)
    tensors = [[([int(d) for d in shape.split("x")[:-1]], shape.split("x")[-1])
                for shape in re.findall(r"tensor<([^>]*)>", part)] for part in head.groups()]
    return tensors[0], tensors[1], ctypes.CDLL(library)._mlir_ciface_main


def feed_tosa(network, tosa, folder):
    """Every sample through MLIR's program; the number of outputs compared."""
    inputs, outputs, entry = load(tosa, folder)
    equal(len(inputs), len(network.inputs), "inputs")
    kinds = [descriptor(len(shape)) for shape, _ in outputs]
    results = type("Results", (ctypes.Structure,),
                   {"_fields_": [(f"r{i}", kind) for i, kind in enumerate(kinds)]})
    compared = 0
    for sample in range(network.samples):
        arrays = [np.ascontiguousarray(array[sample].reshape(shape))
                  for array, (shape, _) in zip(network.inputs, inputs)]
        got, described = results(), [describe(array) for array in arrays]
        entry(ctypes.byref(got), *(ctypes.byref(item) for item in described))
        for index, (expected, known) in enumerate(zip(network.outputs, network.known)):
            if not known:
                continue
            count, item = expected[sample].size, getattr(got, f"r{index}")
            memory = ctypes.string_at(item.data, expected[sample].nbytes)
            values = np.frombuffer(memory, expected.dtype, count)
            differing = int((values != expected[sample]).sum())
            require(not differing, f"output {index}, sample {sample}: {differing} of {count} "
                                   f"integers differ: {values[:8]} {expected[sample][:8]}")
            compared += count
    return compared


# --- numbers ---------------------------------------------------------------


@cases({f"{mode}": (mode,) for mode in ("single", "tflite")})
def digits_network(folder, mode):
    """The digits network in the modes that TOSA has."""
    network = digits(mode=mode)
    tosa, said = to_tosa(network.model, folder, f"--requant={mode}")
    require("warning" not in said, said)
    equal(feed_tosa(network, tosa, folder), 10 * network.samples, "outputs compared")


@cases({f"{mode}_{seed}": (mode, seed) for seed in SEEDS
        for mode in (("single", "tflite")[seed % 2],)})
def random_network(folder, mode, seed):
    """Networks of random operators, shapes and types."""
    made = make_case(seed, FEATURES)
    model = made.save(folder)
    tosa, said = to_tosa(model, folder, f"--requant={mode}", codes=(0, 1))
    if tosa:
        feed_tosa(Network(model, made.arrays, mode), tosa, folder)
    else:
        require(any(reason in said for reason in REFUSED), said[:800])


def zoo():
    """Groups, depthwise, strides that leave a rest, asymmetric weights, two activations,
    pools that do not count their padding."""
    net = Net("uint8", opset=14)
    x = net.quantized_input("x", [1, 4, 9, 9], 0.03, 100)
    weights = net.constant(random_weights([4, 1, 3, 3], 1), 0.01)
    a = net.requantize(net.node("Conv", [x, weights], group=4, strides=[2, 2]), 0.05, 120)
    weights = net.constant(random_weights([6, 2, 2, 2], 2), 0.01, 20)
    b = net.requantize(net.node("Conv", [a, weights], group=2, strides=[2, 2], pads=[0, 0, 1, 1]),
                       0.4, 128)
    c = net.requantize(net.node("AveragePool", [b], kernel_shape=[3, 3], pads=[1] * 4), 0.4, 128)
    net.finish(c, 0.4, 128)
    d = net.requantize(net.node("MaxPool", [c], kernel_shape=[2, 2], strides=[2, 2],
                                pads=[1, 1, 0, 0]), 0.4, 128)
    weights = net.constant(random_weights([6, 6, 1, 1], 3), 0.01)
    e = net.requantize(net.node("Conv", [d, weights]), 0.6, 90)
    e = net.requantize(net.node("Sub", [d, e]), 0.3, 50)
    f = net.requantize(net.node("Reshape", [e, net.const(np.array([1, 3, -1]))]), 0.3, 50)
    t = net.requantize(net.node("Transpose", [f], perm=[0, 2, 1]), 0.3, 50)
    net.finish(net.node("MatMul", [f, t]), 2.0, 99)
    return net


@cases({f"{mode}": (mode,) for mode in ("single", "tflite")})
def zoo_network(folder, mode):
    """What random networks seldom hold."""
    net, model = zoo(), os.path.join(folder, "model.onnx")
    net.save(model)
    tosa, _ = to_tosa(model, folder, f"--requant={mode}")
    with open(tosa, encoding="utf-8") as file:
        text = file.read()
    for operation in ("conv2d", "depthwise_conv2d", "matmul", "rescale", "max_pool2d", "transpose",
                      "sub", "concat", "slice"):
        require(f"tosa.{operation} " in text, f"no tosa.{operation}")
    feed_tosa(Network(model, net.stimuli(), mode), tosa, folder)


# --- mode exact ------------------------------------------------------------


def count_changes(folder, model):
    """{tensor: (wrong, of)} that the conversion of mode exact says."""
    _, said = to_tosa(model, folder)
    found = re.findall(r"tensor '([^']*)'.*outputs .*can change(?: of.*)?,? at (\d+) of (\d+)", said)
    return {tensor: (int(wrong), int(total)) for tensor, wrong, total in found}, said


@case
def exact_says_what_changes(folder):
    """A sum of two tensors: the pairs that change are counted, all 65,536 of them, with
    fractions for the exact sum and plain integers for mode single's."""
    from fractions import Fraction
    from math import floor

    from modes import producer_multiplier, rescale_once

    net = Net("int8", opset=14)
    x, y = (net.integer_input(name, [1, 4], scale, zero)
            for name, scale, zero in (("x", 0.031, 3), ("y", 0.047, -7)))
    net.finish(net.node("Add", [x, y]), 0.0721, 5)
    model = os.path.join(folder, "model.onnx")
    net.save(model)
    said, text = count_changes(folder, model)
    a, b, s = (Fraction(float(np.float32(v))) for v in (0.031, 0.047, 0.0721))
    twice = 2 * max(a, b)
    scales = [producer_multiplier(v) for v in (float(a / twice), float(b / twice),
                                               float(twice / (2**20 * s)))]
    wrong = 0
    for p in range(-128, 128):
        left = rescale_once((p - 3) << 20, *scales[0])
        for q in range(-128, 128):
            real = ((p - 3) * a + (q + 7) * b) / s
            down = floor(real)
            exact = down + (real - down > Fraction(1, 2) or
                            (real - down == Fraction(1, 2) and down % 2))
            single = rescale_once(left + rescale_once((q + 7) << 20, *scales[1]), *scales[2])
            wrong += min(max(exact + 5, -128), 127) != min(max(single + 5, -128), 127)
    if wrong:
        equal(list(said.values()), [(wrong, 65536)], f"changes said: {text}")
    else:
        require("can change" not in text, text)


@case
def exact_layers(folder):
    """Layers without a warning keep the exact reference's integers, in the whole network."""
    network = digits()
    tosa, said = to_tosa(network.model, folder)
    require("can change" in said and "mode single" in said, f"says: {said}")
    require("loc(" not in said, said)
    # What was said to change is what mode single changes: no output of 20 images here.
    feed_tosa(digits(), tosa, folder)


# --- refusals --------------------------------------------------------------


@case
def refusals(folder):
    """What TOSA has no form for is named; forged numbers are found."""
    for name, mode, parts in (("wide", "exact", ["16 bits", "quantize it to 8"]),
                              ("all_forms", "exact", ["'affine'", "use --requant=single"]),
                              ("all_forms", "float", ["mode float", "use --requant=single"]),
                              ("all_forms", "single", ["'skip'", "quantized tensor"])):
        network = named_forms(folder, name)
        integer = os.path.join(folder, f"{name}.mlir")
        qbias("compile", network.model, "--stage=integer", f"--requant={mode}", "-o", integer)
        done = run("qbias-opt", "--convert-qbias-to-tosa", integer, "-o", os.devnull, code=1)
        for part in parts:
            require(part in done.stderr, f"no {part} in {done.stderr[:800]}")
    integer = os.path.join(folder, "forged.mlir")
    qbias("compile", feed.DIGITS, "--stage=integer", "--requant=single", "-o", integer)
    with open(integer, encoding="utf-8") as file:
        text = file.read()
    found = re.search(r"multiplier = dense<(\d+)>", text)
    require(found, "no multiplier in " + text[:600])
    with open(integer, "w", encoding="utf-8") as file:
        file.write(text[:found.start(1)] + str(int(found[1]) + 1) + text[found.end(1):])
    done = run("qbias-opt", "--convert-qbias-to-tosa", integer, "-o", os.devnull, code=1)
    require("certificate is wrong" in done.stderr, done.stderr[:800])


if __name__ == "__main__":
    main(__doc__)
