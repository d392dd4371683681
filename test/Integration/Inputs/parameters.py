# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Parameters out: the reader in examples recomputes every layer; files, refusals."""

import hashlib
import json
import os
import sys

import numpy as np

from feed import DIGITS, EXAMPLES, digits
from harness import case, equal, main, qbias, require, run

import oracle
from onnx_reader import read_model

SAMPLES = 3


@case
def every_layer(folder):
    """evaluate.py gives the exact reference's integers in every tensor of the file."""
    path = os.path.join(folder, "m.json")
    qbias("compile", DIGITS, "-o", path)
    with open(path, encoding="utf-8") as file:
        program = json.load(file)
    names = {layer["tensor"]: layer["output"] for layer in program["layers"] if "tensor" in layer}
    require(len(names) >= 13, f"few tensors: {names}")
    network = digits(SAMPLES)
    images = np.load(os.path.join(EXAMPLES, "digits/digits_test_x.npy"))[:SAMPLES]
    exact = oracle.run(read_model(DIGITS), {"x": images})
    for sample in range(SAMPLES):
        np.save(os.path.join(folder, "x.npy"), network.inputs[0][sample])
        run(sys.executable, os.path.join(EXAMPLES, "parameters/evaluate.py"), path,
            os.path.join(folder, "x.npy"), folder)
        for name, number in names.items():
            got = np.load(os.path.join(folder, f"{number}.npy"))
            expected = exact.quantized[name][sample:sample + 1]
            if got.ndim == 4:  # NHWC inside, NCHW in the file
                got = got.transpose(0, 3, 1, 2)
            require(np.array_equal(got.reshape(-1), expected.reshape(-1)), f"{name} differs")
        got = np.load(os.path.join(folder, f"{program['outputs'][0]['tensor']}.npy"))
        require(np.array_equal(got.ravel(), network.outputs[0][sample]), "output differs")


@case
def contents(folder):
    """Model and hash; every constant is an integer array that is there, and none more."""
    path = os.path.join(folder, "m.json")
    qbias("compile", DIGITS, "-o", path)
    with open(path, encoding="utf-8") as file:
        program = json.load(file)
    with open(DIGITS, "rb") as file:
        equal(program["model_sha256"], hashlib.sha256(file.read()).hexdigest(), "hash")
    equal((program["format"], program["version"]), ("qbias-parameters", 1), "schema")
    equal(program["inputs"][0]["zero_point"], 128, "zero point")
    files = [name for layer in program["layers"] for name in layer["arrays"].values()]
    equal(sorted(files), sorted(os.listdir(os.path.join(folder, program["folder"]))), "files")
    for name in files:
        array = np.load(os.path.join(folder, program["folder"], name))
        require(array.dtype.kind == "i", f"{name} is {array.dtype}")
    for layer in program["layers"]:
        if layer["op"] in ("conv2d", "matmul"):
            least = np.load(os.path.join(folder, program["folder"], layer["arrays"]["acc_min"]))
            require((least < 0).any(), f"{layer['name']}: bounds {least}")


@case
def refusals(folder):
    """Standard output is no folder; a file stands where the folder should be."""
    done = qbias("compile", DIGITS, "--emit=json", "-o", "-", code=1)
    require("folder" in done.stderr and not done.stdout, done.stderr)
    with open(os.path.join(folder, "m.npy"), "w", encoding="utf-8"):
        pass
    done = qbias("compile", DIGITS, "-o", os.path.join(folder, "m.json"), code=1)
    require("m.npy" in done.stderr, done.stderr)
    equal(os.listdir(folder), ["m.npy"], "files")
    done = qbias("compile", DIGITS, "-o", os.path.join(folder, "n.json"), "--threads=2", code=2)
    require("--threads=1" in done.stderr and "2" in done.stderr, done.stderr)


if __name__ == "__main__":
    main(__doc__)
