# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the seeds of the fuzzers: make_seeds.py FOLDER.

FOLDER/Onnx: random quantized networks, the networks of the support table and their
refused neighbours; FOLDER/Tflite: those of the TensorFlow Lite table; FOLDER/Npy: arrays of
every element type; FOLDER/PyTorch: programs, pickles and whole files of both layouts, each
behind the byte PyTorchFuzzer.cpp expects.
"""

import json
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "Oracle"),
                os.path.join(HERE, "..", "Integration", "Inputs")]

import pytorch_cases  # noqa: E402
from pt2_writer import pickle_tensors  # noqa: E402
from random_net import write_case  # noqa: E402
import tflite_cases  # noqa: E402
from support_cases import CASES, LIMITS  # noqa: E402

RANDOM_NETWORKS = 40
DTYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "float32", "float64")


def pytorch_seeds(folder):
    """Inputs of PyTorchFuzzer."""
    seeds = []
    cases = [build for list_ in pytorch_cases.CASES.values() for build in list_]
    cases += [build for limits in pytorch_cases.LIMITS.values() for build in limits.values()]
    for build in cases:
        seeds.append(b"J" + json.dumps(build("int8").program()).encode())
    weight = (np.zeros([4], np.float32), [1], 0)
    for tensors in ({"w": weight}, {"w": weight, "v": (np.zeros([2, 2], np.int8), [1, 2], 1)}):
        seeds.append(b"P" + pickle_tensors(tensors))
    os.makedirs(folder, exist_ok=True)
    for number, seed in enumerate(seeds):
        with open(os.path.join(folder, f"{number:04d}"), "wb") as file:
            file.write(seed)
    for layout in ("pickle", "raw"):
        pytorch_cases.CASES["aten.linear"][0]("int8").save(
            os.path.join(folder, f"whole-{layout}"), layout)


def save_networks(cases, limits, folder, ending):
    """Every network of a support table, and those it refuses."""
    builds = [(name, build) for name, list_ in cases.items() for build in list_]
    builds += [(name, build) for name, refused in limits.items() for build in refused.values()]
    for number, (name, build) in enumerate(builds):
        build("uint8").save(os.path.join(folder, f"{number}-{name}.{ending}"))


def main():
    """Command line; see the top of the file."""
    onnx, tflite, npy = (os.path.join(sys.argv[1], name) for name in ("Onnx", "Tflite", "Npy"))
    for folder in (onnx, tflite, npy):
        os.makedirs(folder, exist_ok=True)
    pytorch_seeds(os.path.join(sys.argv[1], "PyTorch"))
    for seed in range(RANDOM_NETWORKS):
        folder = os.path.join(sys.argv[1], "random")
        model, _, _ = write_case(seed, folder, None)
        os.replace(model, os.path.join(onnx, f"random{seed}.onnx"))
    save_networks(CASES, LIMITS, onnx, "onnx")
    save_networks(tflite_cases.CASES, tflite_cases.LIMITS, tflite, "tflite")
    for dtype in DTYPES:
        np.save(os.path.join(npy, f"{dtype}.npy"), np.arange(6, dtype=dtype).reshape(2, 3))
    np.save(os.path.join(npy, "scalar.npy"), np.float32(3))


if __name__ == "__main__":
    main()
