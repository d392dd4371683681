# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The compiled program next to PyTorch's own results, counted.

    pytorch_own.py WORK-DIR DATA

Of small networks: no output differs from PyTorch's.  Of whole ones: PyTorch's float32
rounds some exact ties the other way (N11), and each such integer moves others behind it.
So its evaluation is repeated here in float32 (float_model.py), which has to give PyTorch's
own output on nearly every element, and is then fed the compiled program's integers
segment by segment.  What differs then are exact ties, which are counted and exempt, and
values that float32 rounds over a threshold, of which few are allowed (N3).
"""

import glob
import os
import sys

import numpy as np

from harness import equal, qbias, require, save

from compare import load_dump
from float_model import evaluate
from model_reader import read_model

LARGEST_FLOAT_ERRORS = 2.5e-5    # of all integers (N3)
LARGEST_MODEL_ERRORS = 2.5e-3    # of PyTorch's outputs that the float32 model misses
TIE_DISTANCE = 1e-9              # in float64, whose error is far smaller


def differing(got, golden):
    """(elements that differ, largest difference in steps of the output's scale)."""
    step = np.diff(np.unique(golden)).min()
    steps = np.rint(np.abs(got.reshape(golden.shape) - golden) / step)
    return np.count_nonzero(steps), int(steps.max())


def run_program(folder, model, inputs):
    """Output and integer tensors of the compiled program."""
    os.makedirs(os.path.join(folder, "dump"), exist_ok=True)
    target = os.path.join(folder, "y.npy")
    qbias("run", model, "--input", save(folder, "x.npy", inputs), "--output", target,
          "--dump-dir", os.path.join(folder, "dump"), "--quiet")
    return np.load(target), load_dump(os.path.join(folder, "dump"))


def by_segments(model, inputs, dump):
    """(integers, exact ties that differ, others that differ) of the float32 model."""
    arrays = {model.graph.inputs[0].name: inputs}
    single = evaluate(model, arrays, np.float32, dump)
    double = evaluate(model, arrays, np.float64, dump)
    elements = ties = others = 0
    for name, got in single.quantized.items():
        require(name in dump, f"{name}: not in the dump")
        require(got.shape == dump[name].shape, f"{name}: {got.shape}, {dump[name].shape}")
        wrong = got != dump[name]
        real = double.reals[name]
        is_tie = np.abs(np.abs(real - np.floor(real)) - 0.5) < TIE_DISTANCE
        elements += wrong.size
        ties += np.count_nonzero(wrong & is_tie)
        others += np.count_nonzero(wrong & ~is_tie)
    return elements, ties, others


def small(folder, data):
    """Networks of a few layers: PyTorch's output exactly."""
    total = 0
    root = os.path.join(data, "pytorch")
    paths = sorted(glob.glob(os.path.join(root, "*", "*.pt2")))
    equal(len(paths), 15, "files")
    for path in paths:
        stem, kind = os.path.basename(path).split(".")[:2]
        golden = np.load(os.path.join(root, "torch-2.6", f"{stem}.{kind}.pt2e_out.npy"))
        inputs = np.load(os.path.join(root, "torch-2.6", f"{stem}.input.npy"))
        got, _ = run_program(folder, path, inputs)
        equal(differing(got, golden), (0, 0), f"{path}: outputs that differ")
        total += golden.size
    print(f"small networks: {len(paths)} files, {total} outputs of PyTorch, 0 differ")


def whole(folder, data, stem):
    """A network of many layers on every image."""
    path = os.path.join(data, "digits", f"{stem}.b1.pt2")
    inputs = np.load(os.path.join(data, "digits", "digits_test_x.npy"))
    golden = np.load(os.path.join(data, "digits", f"{stem}.pt2e_out.npy"))
    got, dump = run_program(folder, path, inputs)
    model = read_model(path)
    free = evaluate(model, {model.graph.inputs[0].name: inputs}, np.float32)
    missed, _ = differing(free.output, golden)
    apart, largest = differing(got, golden)
    elements, ties, others = by_segments(model, inputs, dump)
    print(f"{stem}: of {golden.size} outputs of PyTorch {apart} differ, by at most {largest} "
          f"(the float32 model: {missed}); segment by segment, of {elements} integers {ties} "
          f"exact ties and {others} others differ")
    require(missed <= LARGEST_MODEL_ERRORS * golden.size, "float32 model: not PyTorch")
    require(others <= LARGEST_FLOAT_ERRORS * elements, "too many integers differ")
    require(np.array_equal(got.argmax(-1).reshape(-1), golden.argmax(-1)), "classes differ")


def main():
    """Command line; see the top of the file."""
    folder, data = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    small(folder, data)
    for stem in ("digits_mobilenet.pc", "digits_resnet.pc", "digits_resnet.pt"):
        whole(folder, data, stem)


if __name__ == "__main__":
    main()
