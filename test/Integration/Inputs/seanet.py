# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Layers of a speech network with 16-bit activations, as others recorded them.

    seanet.py WORK-DIR DATA [LAYER ...]

In mode tflite every element is equal, but for what is known of the recordings: the
reference kernels give another integer in one or two elements of three differences.
"""

import glob
import os
import re
import sys

import numpy as np

from harness import equal, qbias, require, run_all, save

from tflite_file import read_file

KNOWN = {"sub0": 2, "sub1": 2, "sub3": 2}  # elements the reference kernels do not reproduce


def read_csv(path, dtype, shape):
    """An array of all numbers of a file."""
    with open(path, encoding="utf-8") as file:
        values = [int(value) for value in re.split(r"[,\s]+", file.read()) if value]
    return np.array(values, dtype=dtype).reshape(shape)


def check(path, folder):
    """One layer."""
    stem, model = path[:-len(".tflite")], read_file(path)
    command, target = [], os.path.join(folder, "y.npy")
    for number, index in enumerate(model.inputs):
        tensor = model.tensors[index]
        source = glob.glob(f"{stem}_input{number}_*.csv")[0]
        values = read_csv(source, tensor.dtype, tensor.shape)
        if not len(tensor.scale):  # the shape of a result
            require(values.reshape(-1).tolist() == model.tensors[model.outputs[0]].shape, "shape")
            continue
        command += ["--input", f"{tensor.name}={save(folder, f'x{number}.npy', values)}"]
    qbias("run", path, *command, "--output", target, "--raw", "--quiet", "--requant=tflite")
    output = model.tensors[model.outputs[0]]
    golden = read_csv(glob.glob(f"{stem}_golden_*.csv")[0], output.dtype, output.shape)
    got = np.load(target).reshape(golden.shape)
    wrong = int(np.sum(got != golden))
    allowed = KNOWN.get(os.path.basename(stem), 0)
    require(wrong <= allowed, f"{wrong} of {got.size} elements differ")
    if wrong:
        equal(int(np.abs(got.astype(int) - golden.astype(int)).max()), 1, "largest difference")


def main():
    """Command line; see the top of the file."""
    folder, data, *names = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    paths = sorted(glob.glob(os.path.join(data, "conformance", "tflm_seanet_int16", "*", "*.tflite")))
    paths = [path for path in paths if not names or os.path.basename(path)[:-7] in names]
    run_all([(os.path.basename(path), lambda path=path: check(path, folder)) for path in paths],
            "layers")


if __name__ == "__main__":
    main()
