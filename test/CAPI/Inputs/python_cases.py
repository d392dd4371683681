# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Python package: results are the driver's, errors are exceptions.

    python_cases.py WORK-DIR EXAMPLES
"""

import os
import shutil
import subprocess
import sys
import time
import types
import warnings

import numpy as np

import qbias
from pt2_writer import Program

WORK, EXAMPLES = sys.argv[1], sys.argv[2]
os.makedirs(WORK, exist_ok=True)
MODEL = os.path.join(EXAMPLES, "pytorch", "digits_resnet.pt2")
IMAGES = os.path.join(EXAMPLES, "digits", "digits_test_x.npy")
x = np.load(IMAGES)
classes = np.load(os.path.join(EXAMPLES, "digits", "digits_test_y.npy"))


def refused(text, function):
    """The call raises qbias.Error with `text` in it."""
    try:
        function()
    except qbias.Error as error:
        assert text in str(error), f"{text!r} not in {str(error)!r}"
        return
    raise AssertionError(f"not refused: {text}")


m = qbias.compile(MODEL)
scores = m(x)
print("top-1:", 100 * np.mean(scores.argmax(1) == classes))

# The same numbers as the driver, float and raw.
for raw in (False, True):
    path = os.path.join(WORK, "y.npy")
    source = IMAGES
    array = x
    if raw:
        source = os.path.join(WORK, "q.npy")
        array = np.random.default_rng(0).integers(-128, 128, x.shape).astype(np.int8)
        np.save(source, array)
    subprocess.run(["qbias", "run", MODEL, "--input", source, "--output", path, "--quiet"]
                   + (["--raw"] if raw else []), check=True)
    expected, got = np.load(path), m(array, raw=raw)
    assert got.dtype == expected.dtype and np.array_equal(got, expected), "driver differs"
print("equal to the driver:", got.shape, got.dtype)

# Series of samples, one leading axis more, names, other strides.
assert np.array_equal(m(x[:3]), scores[:3]) and np.array_equal(m(x[:3, None]), scores[:3])
assert np.array_equal(m(x=x[:2]), scores[:2]) and np.array_equal(m(x[::-2]), scores[::-2])
assert m.inputs[0].shape == (1, 1, 8, 8) and m.inputs[0].is_real and m.inputs[0].name == "x"
assert m.outputs[0].dtype == np.int8 and m.outputs[0].scale > 0

# Ten thousand images do not take minutes: one process, no file.
start = time.time()
assert m(np.tile(x, (20, 1, 1, 1))).shape == (10000, 10)
assert time.time() - start < 60

# Modes beside exact, and of one layer: the driver's integers too.
for options, flags in (({"requant": "tflite"}, ["--requant=tflite"]),
                       ({"requant_layers": {"conv2d": "tflite"}}, ["--requant-layer=conv2d=tflite"]),
                       ({"requant": "single", "bias": "int8"},
                        ["--requant=single", "--bias=int8"])):
    path = os.path.join(WORK, "mode.npy")
    subprocess.run(["qbias", "run", MODEL, "--input", IMAGES, "--output", path, "--quiet", *flags],
                   check=True)
    assert np.array_equal(np.load(path), qbias.compile(MODEL, **options)(x)), options
assert qbias.compile(MODEL, requant="tflite").report()["mode"] == "tflite"

report, certificate = m.report(), m.certificate()
assert report["totals"]["certified_channels"] == report["totals"]["channels"] == 351
assert report["totals"]["float_ops"] == 0 and certificate["layers"]
print("layers:", len(report["layers"]))

# Where PyTorch can be imported, an exported program is saved and read: a stand-in for it
# here, whose exported program is a file it copies.
saved = []


class ExportedProgram:
    """What torch.export.export returns."""


def save_program(program, path):
    """torch.export.save."""
    assert isinstance(program, ExportedProgram)
    shutil.copy(MODEL, path)
    saved.append(path)


refused("got dict; PyTorch is not installed", lambda: qbias.compile({}))
torch = types.ModuleType("torch")
torch.export = types.SimpleNamespace(ExportedProgram=ExportedProgram, save=save_program)
sys.modules["torch"] = torch
exported = qbias.compile(ExportedProgram(), threads=2)
assert np.array_equal(exported(x[:9]), scores[:9]) and not os.path.exists(saved[0])
refused("got dict; export it with torch.export.export", lambda: qbias.compile({}))
del sys.modules["torch"]
print("exported program: equal")

# A softmax behind the last quantize is left to the caller, who is told.
net = Program()
real = net.requantize(net.input("x", [1, 4]), 0.5)
net.output(net.call("aten.softmax.int", self=net.requantize(real, 0.25), dim=1))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    tail = qbias.compile(net.save(os.path.join(WORK, "tail.pt2")))
    qbias.compile(MODEL)
assert len(caught) == 1 and "aten.softmax 'softmax_4'" in str(caught[0].message), caught
assert tail(np.full([1, 4], 0.5, np.float32)).tolist() == [[0.5] * 4]
print("warnings: one")

refused("cannot open", lambda: qbias.compile(os.path.join(WORK, "none.pt2")))
with open(os.path.join(WORK, "bad.pt2"), "wb") as file:
    file.write(open(MODEL, "rb").read()[:5000])
refused("bad.pt2: model: content, expected a zip archive",
        lambda: qbias.compile(os.path.join(WORK, "bad.pt2")))
refused("requant is 'wild'", lambda: qbias.compile(MODEL, requant="wild"))
refused("bias is 'none'", lambda: qbias.compile(MODEL, bias="none"))
refused("mode of a layer is 'linear=wild'",
        lambda: qbias.compile(MODEL, requant_layers={"linear": "wild"}))
refused("threads is -1", lambda: qbias.compile(MODEL, threads=-1))
refused("batch", lambda: qbias.compile(MODEL, batch=-2))
refused("shape of 'y'", lambda: qbias.compile(MODEL, shapes={"y": [1, 2]}))
refused("shape [1, 1, 8, 9], expected [1, 1, 8, 8]", lambda: m(np.zeros([1, 1, 8, 9], np.float32)))
refused("dtype float64, expected float32", lambda: m(np.zeros([1, 1, 8, 8])))
refused("dtype float32, expected int8", lambda: m(x, raw=True))
refused("integers from 0 to 300, expected -128 to 127",
        lambda: m(np.array([0, 300] * 32).reshape(1, 1, 8, 8), raw=True))
refused("sample 1: element 0 is NaN", lambda: m(np.where(np.arange(128).reshape(2, 1, 8, 8) == 64,
                                                         np.float32("nan"), np.float32(0))))
refused("got 2 arrays in order", lambda: m(x, x))
refused("boundary is 'x'", lambda: m(x, boundary="x"))
print("errors: all")
