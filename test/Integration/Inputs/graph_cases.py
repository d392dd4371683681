# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a user says about a graph, and data outside the file: graph_cases.py WORK-DIR [CASE].

--outputs, --bind, operators behind the last quantize, tensors in other files.
"""

import ctypes
import os

import numpy as np

from harness import Net, case, cases, equal, main, qbias, require, run, save

import onnx_writer
from onnx_writer import FLOAT


def small(folder, tail=None, outputs=()):
    """A Gemm between quantizes, then what `tail` adds; returns the model's path."""
    net = Net("int8")
    x = net.quantized_input("x", [1, 8], 0.05)
    weights = net.constant(np.arange(-12, 12).reshape(3, 8), [0.02, 0.03, 0.01])
    y = net.node("Gemm", [x, weights], transB=1, name="gemm")
    q = net.quantize(y, 0.1, name="y_q")
    real = net.dequantize(q, name="y_r")
    for name in tail(net, real) if tail else [real]:
        net.output(name, FLOAT, [])
    for name in outputs:
        net.output(name, FLOAT, [])
    path = os.path.join(folder, "model.onnx")
    net.save(path)
    return path


def result_names(path, *options):
    """Names of the results, and what is said on stderr."""
    done = qbias("compile", path, "--stage=integer", "-o", path + ".mlir", *options)
    with open(path + ".mlir", encoding="utf-8") as file:
        signature = next(line for line in file if "func.func @main" in line)
    results = signature.rpartition("->")[2]
    return [part.partition('"')[0] for part in results.split('qbias.name = "')[1:]], done.stderr


@case
def tail_is_cut_and_named(folder):
    """Softmax and TopK behind the last quantize are the caller's business."""
    def tail(net, real):
        prob = net.node("Softmax", [real], name="prob")
        k = net.const(np.array([2]))
        return net.node("TopK", [prob, k], 2, name="best")[:1]
    names, said = result_names(small(folder, tail))
    equal(names, ["y_r"], "results")
    for words in ("Softmax 'prob'", "TopK 'best'", "returns 'y_r'", "in place of 'best_out'",
                  "warning"):
        require(words in said, f"expects {words} in: {said}")


@case
def accumulator_before_the_tail_is_returned(folder):
    """A last layer without quantize, then a softmax."""
    net = Net("int8")
    x = net.quantized_input("x", [1, 8], 0.05)
    y = net.node("Gemm", [x, net.constant(np.arange(24).reshape(3, 8), [0.1] * 3)], transB=1)
    net.output(net.node("Softmax", [net.node("Relu", [y], name="act")]), FLOAT, [])
    path = os.path.join(folder, "model.onnx")
    net.save(path)
    names, said = result_names(path)
    equal(names, ["act_out"], "results")
    require("Softmax" in said, said)
    arrays = {"x": np.linspace(-3, 3, 8, dtype=np.float32)[None]}
    qbias("run", path, "--input", save(folder, "x.npy", arrays["x"]), "--output",
          os.path.join(folder, "y.npy"))
    require(np.load(os.path.join(folder, "y.npy")).min() >= 0, "the Relu is applied")


@case
def other_outputs_stay(folder):
    """Only the outputs behind the cut change."""
    names, _ = result_names(small(
        folder, lambda net, real: [net.node("Softmax", [real]), real]))
    equal(names, ["y_r"], "results")


@case
def outputs_are_chosen(folder):
    """--outputs in the order given, of any tensor."""
    path = small(folder)
    names, _ = result_names(path, "--outputs", "y_q,y_r")
    equal(names, ["y_q", "y_r"], "results")
    done = qbias("compile", path, "-o", path + ".ll", "--outputs", "nothing", code=1)
    require("graph output 'nothing'" in done.stderr and "nothing defines" in done.stderr,
            done.stderr)
    require(not os.path.exists(path + ".ll"), "nothing is written")


def attention(opset):
    """A Softmax over all but the first axis, in the words of an operator set."""
    net = Net("int8", opset=opset)
    x = net.quantized_input("x", [1, 3, 4], 0.05)
    if opset >= 13:
        x = net.node("Reshape", [x, net.const(np.array([1, 12]))])
    y = net.node("Softmax", [x], axis=1)
    if opset >= 13:
        y = net.node("Reshape", [y, net.const(np.array([1, 3, 4]))])
    net.finish(y, 1 / 256, -128)
    return net


@case
def softmax_of_old_operator_sets(folder):
    """Before operator set 13 the axis and all behind it are one row."""
    new = attention(13)
    arrays = new.stimuli()
    x, results = save(folder, "x.npy", arrays["x"]), []
    new.check(folder, arrays, model="new.onnx")
    attention(12).save(os.path.join(folder, "old.onnx"))
    for name in ("new", "old"):
        path = os.path.join(folder, name)
        qbias("run", path + ".onnx", "--raw", "--input", x, "--output", path + ".npy")
        results.append(np.load(path + ".npy").tolist())
    equal(results[1], results[0], "integers of the old operator set")


def bound(folder, dtype="float32", dims=()):
    """A quantize whose scale is a graph input."""
    net = Net("int8")
    net.input("x", FLOAT, [1, 4])
    net.input("scale", dtype, list(dims))
    zero = net.const(np.int8(3))
    q = net.node("QuantizeLinear", ["x", "scale", zero])
    net.output(net.node("DequantizeLinear", [q, "scale", zero]), FLOAT, [])
    path = os.path.join(folder, "model.onnx")
    net.save(path)
    return path


@case
def scale_is_bound(folder):
    """From .npy and from an ONNX tensor, to the same program."""
    path = bound(folder)
    values = [save(folder, "s.npy", np.float32(0.5)), os.path.join(folder, "s.pb")]
    with open(values[1], "wb") as file:
        file.write(onnx_writer.tensor_message(np.float32(0.5)))
    x = save(folder, "x.npy", np.array([[0.3, 0.2, -9, 100]], np.float32))
    for value in values:
        y = os.path.join(folder, "y.npy")
        qbias("run", path, "--bind", f"scale={value}", "--input", x, "--output", y)
        equal(np.load(y).tolist(), [[0.5, 0, -9, 62]], "output")


@cases({
    "none": ([], "give its value with --bind scale=FILE"),
    "name": (["--bind", "scales=s.npy"], "a name the model does not have"),
    "missing": (["--bind", "scale=nothing.npy"], "nothing.npy"),
    "garbage": (["--bind", "scale=garbage.pb"], "which is neither"),
    "device": (["--bind", "scale=/dev/zero"], "a folder or a device"),
    "type": (["--bind", "scale=double.npy"], "type of --bind, expected float32, got float64"),
    "shape": (["--bind", "scale=two.npy"], "shape of --bind, expected [], got [2]"),
})
def bind_is_refused(folder, options, words):
    """Clear errors, nothing written."""
    path = bound(folder)
    save(folder, "double.npy", np.float64(0.5))
    save(folder, "two.npy", np.float32([0.5, 0.5]))
    with open(os.path.join(folder, "garbage.pb"), "wb") as file:
        file.write(b"\xff\xff\xff garbage")
    here = os.getcwd()
    os.chdir(folder)
    try:
        done = qbias("compile", path, "-o", "model.ll", *options, code=1)
    finally:
        os.chdir(here)
    require(words in done.stderr, f"expects {words} in: {done.stderr}")
    require(not os.path.exists(os.path.join(folder, "model.ll")), "nothing is written")


@case
def other_formats_have_no_such_options(folder):
    """MLIR has no names to bind."""
    path = os.path.join(folder, "model.mlir")
    with open(path, "w", encoding="utf-8") as file:
        file.write("module {}\n")
    done = qbias("compile", path, "-o", path + ".ll", "--outputs", "y", code=1)
    require("--outputs are for ONNX models" in done.stderr, done.stderr)


# --- inputs with a scale per channel ---------------------------------------------


SCALES, ZEROS = np.float32([0.5, 0.03, 2]), np.uint8([3, 128, 250])


def channel_input(folder):
    """x [1, 3, 4, 2] quantized along axis 1: its integers, and a tensor made of them."""
    net = Net("uint8")
    net.input("x", FLOAT, [1, 3, 4, 2])
    parameters = [net.const(SCALES), net.const(ZEROS)]
    q = net.node("QuantizeLinear", ["x", *parameters], axis=1, name="q")
    real = net.node("DequantizeLinear", [q, *parameters], axis=1)
    net.output(q, "uint8", [])
    net.output(net.dequantize(net.quantize(real, 0.25, name="y_q"), name="y"), FLOAT, [])
    path = os.path.join(folder, "model.onnx")
    net.save(path)
    return path


def channel_samples():
    """Floats, and the integers that ONNX's formula makes of them."""
    x = np.random.default_rng(5).normal(scale=40, size=(2, 3, 4, 2)).astype(np.float32)
    x[0, :, 0, 0] = SCALES * np.float32(2.5)
    scales, zeros = (numbers.reshape(1, 3, 1, 1) for numbers in (SCALES, ZEROS))
    return x, np.clip(np.rint(x / scales) + zeros, 0, 255).astype(np.uint8)


@case
def input_with_scales_per_channel(folder):
    """Of the compiled model, of a library, and of the function in the header."""
    path, (x, expected) = channel_input(folder), channel_samples()
    data, first = save(folder, "x.npy", x), os.path.join(folder, "q.npy")
    qbias("compile", path, "--name=net", "-o", os.path.join(folder, "net.so"))
    for program in (path, os.path.join(folder, "net.so")):
        qbias("run", program, "--input", data, "--output", f"q_out={first}")
        equal(np.load(first).tolist(), expected.tolist(), f"integers of {program}")
    qbias("compile", path, "--name=net", "-o", os.path.join(folder, "net.c"))
    source = os.path.join(folder, "call.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write('#include "net.h"\n'
                   "void call(const float *x, uint8_t *q) { net_quantize_x(x, q); }\n"
                   "void back(const uint8_t *q, float *x) { net_dequantize_q_out(q, x); }\n")
    run("clang-22", "-std=c99", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", source, "-o",
        os.path.join(folder, "call.so"))
    library = ctypes.CDLL(os.path.join(folder, "call.so"))
    got, back = np.zeros((3, 4, 2), np.uint8), np.zeros((3, 4, 2), np.float32)
    library.call(np.ascontiguousarray(x[1]).ctypes.data_as(ctypes.c_void_p),
                 got.ctypes.data_as(ctypes.c_void_p))
    equal(got.tolist(), expected[1].tolist(), "integers of the header")
    library.back(got.ctypes.data_as(ctypes.c_void_p), back.ctypes.data_as(ctypes.c_void_p))
    wanted = (got.astype(np.float32) - ZEROS.reshape(3, 1, 1)) * SCALES.reshape(3, 1, 1)
    equal(back.tolist(), wanted.tolist(), "reals of the header")


# --- external data -------------------------------------------------------------


WEIGHTS = np.arange(-12, 12, dtype=np.int8).reshape(3, 8)


def external(folder, entries):
    """A model whose weights are in another file; entries: (key, value) pairs."""
    net = Net("int8")
    x = net.quantized_input("x", [1, 8], 0.05)
    message = onnx_writer._packed_integers(1, WEIGHTS.shape) + onnx_writer._integer(2, 3)
    message += onnx_writer._bytes(8, "w") + onnx_writer._integer(14, 1)
    for key, value in entries:
        pair = onnx_writer._bytes(1, key) + onnx_writer._bytes(2, str(value))
        message += onnx_writer._bytes(13, pair)
    net.initializers.append(message)
    real = net.node("DequantizeLinear", ["w", net.const(np.float32(0.02)),
                                         net.const(np.int8(0))])
    net.finish(net.node("Gemm", [x, real], transB=1), 0.1)
    path = os.path.join(folder, "model.onnx")
    net.save(path)
    return path


def compiled(path):
    """The compiled model as text."""
    qbias("compile", path, "-o", path + ".ll")
    with open(path + ".ll", encoding="utf-8") as file:
        return file.read()


@case
def external_data_is_read(folder):
    """With and without offset and length, in a folder below; the same program."""
    os.mkdir(os.path.join(folder, "data"))
    with open(os.path.join(folder, "data", "w.bin"), "wb") as file:
        file.write(b"\0" * 16 + WEIGHTS.tobytes())
    with open(os.path.join(folder, "w.bin"), "wb") as file:
        file.write(WEIGHTS.tobytes())
    first = compiled(external(folder, [("location", "w.bin")]))
    second = compiled(external(folder, [("location", "data/w.bin"), ("offset", 16),
                                        ("length", 24)]))
    equal(first == second, True, "same program")
    require("c" in first, "a program")


@cases({
    "missing": ([("location", "none.bin")], "cannot be opened"),
    "no_location": ([("offset", 0)], "a file in the model's folder"),
    "absolute": ([("location", "/etc/hostname")], "a file in the model's folder"),
    "parent": ([("location", "../w.bin")], "a file in the model's folder"),
    "inner_parent": ([("location", "data/../../w.bin")], "a file in the model's folder"),
    "link": ([("location", "link.bin")], "cannot be opened"),
    "folder_link": ([("location", "linked/w.bin")], "cannot be opened"),
    "folder": ([("location", "data")], "cannot be opened"),
    "device": ([("location", "fifo")], "cannot be opened"),
    "short": ([("location", "w.bin"), ("offset", 1)], "24 bytes from 1 on, got a file of 24"),
    "offset": ([("location", "w.bin"), ("offset", 1 << 63)], "a file of 24 bytes"),
    "negative": ([("location", "w.bin"), ("offset", -1)], "expected a number, got '-1'"),
    "length": ([("location", "w.bin"), ("length", 23)], "expected 24 for the shape, got 23"),
})
def external_data_is_refused(folder, entries, words):
    """Clear errors; no link is followed, nothing outside the folder is read."""
    inner = os.path.join(folder, "model")
    os.makedirs(os.path.join(inner, "data"))
    for place in (folder, inner, os.path.join(inner, "data")):
        with open(os.path.join(place, "w.bin"), "wb") as file:
            file.write(WEIGHTS.tobytes())
    os.symlink("w.bin", os.path.join(inner, "link.bin"))
    os.symlink("data", os.path.join(inner, "linked"))
    os.mkfifo(os.path.join(inner, "fifo"))
    path = external(inner, entries)
    done = qbias("compile", path, "-o", path + ".ll", code=1)
    require(words in done.stderr, f"expects {words} in: {done.stderr}")
    require("'w'" in done.stderr, f"expects the tensor's name in: {done.stderr}")
    require(not os.path.exists(path + ".ll"), "nothing is written")


if __name__ == "__main__":
    main(__doc__)
