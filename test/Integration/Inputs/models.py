# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models made by others: every integer tensor against the exact reference.

    models.py digits|bench|conformance|float|pytorch WORK-DIR DATA [NAME[:INPUTS] ...]

digits: every QDQ and QOperator model on all 500 images (16 bits: on 50), and top-1 of one.  bench: the named
models on random inputs (default 1).  conformance: networks quantized by ONNX Runtime,
with its top-1.  float: models without quantization are refused.  All channels have to be
certified.
"""

import glob
import json
import os
import shutil
import sys

import numpy as np

from harness import Failed, agree, equal, qbias, require, save

from model_reader import read_model

CONFORMANCE = ("s8s8pc", "u8s8pt", "u8u8asym", "s8s8pc_floatbias", "s16s8pc", "s8s4pc")
BYTES_OF_WEIGHTS = 12_000_000  # ResNet18: 11.7 million parameters
TOP_ONE = {"digits_resnet.qdq.u8s8.pc.onnx": "top-1: 99.20 % (496 of 500)\n"}


def certified(model):
    """All channels of all layers are certified, and none is float; returns the totals."""
    report = json.loads(qbias("report", model, "--format=json").stdout)
    totals = report["totals"]
    equal(totals["certified_channels"], totals["channels"], "certified channels")
    require(totals["channels"] >= totals["layers"] > 0, f"totals: {totals}")
    equal(totals["float_ops"], 0, "float operations")
    for layer in report["layers"]:
        equal(layer["certified_channels"], layer["channels"], layer["name"])
    return totals


def digits(data, _):
    """(name, function) of every digits model."""
    images = os.path.join(data, "digits", "digits_test_x.npy")
    labels = os.path.join(data, "digits", "digits_test_y.npy")
    models = sorted(path for kind in ("qdq", "qop") for path in
                    glob.glob(os.path.join(data, "digits", f"*.{kind}.*.onnx")))
    require(len(models) >= 11, f"models: {models}")

    def check(model, _):
        count = 50 if ".s16s8." in model else None
        agree(model, {"x": np.load(images)[:count]}, raw=False)
        certified(model)
        expected = TOP_ONE.get(os.path.basename(model))
        if expected:
            equal(qbias("run", model, "--input", images, "--labels", labels).stdout, expected,
                  "stdout")
    return [(model, check) for model in models]


def bench(data, names):
    """(name, function) of the named ImageNet-sized models."""
    jobs = []
    for name in names:
        stem, _, count = name.partition(":")
        model = os.path.join(data, "bench", stem if stem.endswith(".pt2") else f"{stem}.onnx")
        rng = np.random.default_rng(len(jobs))
        inputs = rng.normal(size=[int(count or 1), 3, 224, 224]).astype(np.float32)

        def check(model, _, inputs=inputs):
            name = read_model(model).graph.inputs[0].name
            for image in inputs:  # one at a time: the reference keeps every tensor
                agree(model, {name: image[None]}, raw=False)
            totals = certified(model)
            if model.endswith(".pt2"):  # 46 MB of float weights lie next to the quantized
                require(totals["weight_bytes"] < BYTES_OF_WEIGHTS, f"totals: {totals}")
        jobs.append((model, check))
    return jobs


def conformance(data, _):
    """(name, function) of the networks ONNX Runtime quantized, and its own results."""
    jobs = []
    for path in sorted(glob.glob(os.path.join(data, "conformance", "onnx_qdq_ort", "*"))):
        images = np.fromfile(os.path.join(path, "inputs.f32.bin"), "<f4").reshape(-1, 1, 28, 28)
        for variant in CONFORMANCE:
            model = os.path.join(path, f"{variant}.onnx")
            if not os.path.exists(model):
                continue
            golden = np.fromfile(os.path.join(path, f"{variant}.golden.f32.bin"), "<f4")

            def check(model, folder, images=images, golden=golden.reshape(len(images), -1)):
                check_golden(model, folder, images, golden)
                certified(model)
            jobs.append((model, check))
    require(len(jobs) >= 8, f"models: {jobs}")
    return jobs


def pytorch(data, _):
    """(name, function) of PT2E programs in both layouts, and PyTorch's own results."""
    jobs = []
    for path in sorted(glob.glob(os.path.join(data, "pytorch", "*", "*.pt2"))):
        stem = os.path.basename(path).split(".")
        inputs = np.load(os.path.join(data, "pytorch", "torch-2.6", f"{stem[0]}.input.npy"))
        golden = np.load(os.path.join(data, "pytorch", "torch-2.6",
                                      f"{stem[0]}.{stem[1]}.pt2e_out.npy"))

        def check(model, folder, inputs=inputs, golden=golden):
            check_torch(model, folder, inputs, golden)
        jobs.append((path, check))
    require(len(jobs) == 15, f"models: {jobs}")
    images = np.load(os.path.join(data, "digits", "digits_test_x.npy"))[::25]

    def sampled(model, _):
        agree(model, {"x": images}, raw=False)
        certified(model)
    jobs += [(path, sampled)
             for path in sorted(glob.glob(os.path.join(data, "digits", "*.pt2")))]
    require(len(jobs) == 18, f"models: {jobs}")
    return jobs


def check_torch(model, folder, inputs, golden):
    """Every tensor is exact, and the output is PyTorch's to the last step of its scale."""
    target = os.path.join(folder, "y.npy")
    qbias("run", model, "--input", save(folder, "x.npy", inputs), "--output", target)
    got = np.load(target).reshape(golden.shape)
    step = np.diff(np.unique(golden)).min()
    wrong = np.count_nonzero(np.abs(got - golden) > step / 2)
    equal(wrong, 0, f"elements of {golden.size} that differ from PyTorch's")
    agree(model, {"x": inputs}, raw=False)
    certified(model)


def check_golden(model, folder, images, golden):
    """Every tensor is exact; the winners are those of ONNX Runtime (in float32)."""
    source = save(folder, "x.npy", images)
    target = os.path.join(folder, "y.npy")
    qbias("run", model, "--input", source, "--output", target)
    scores = np.load(target).reshape(golden.shape)
    equal(scores.argmax(axis=1).tolist(), golden.argmax(axis=1).tolist(), "top-1")
    agree(model, {read_model(model).graph.inputs[0].name: images}, raw=False)


def float_models(data, _):
    """(name, function) of the float models, which are refused."""
    models = sorted(glob.glob(os.path.join(data, "digits", "*.float.onnx")))
    models += sorted(glob.glob(os.path.join(data, "conformance", "onnx_qdq_ort", "*",
                                            "float.onnx")))
    require(len(models) == 4, f"models: {models}")

    def check(model, folder):
        outputs = [os.path.join(folder, name) for name in ("y.npy", "o.ll", "c.json", "dump")]
        for command in (["run", model, "--input", "x.npy", "--output", outputs[0],
                         "--dump-dir", outputs[3]],
                        ["compile", model, "-o", outputs[1], "--certificate", outputs[2]],
                        ["report", model], ["bench", model]):
            done = qbias(*command, code=1)
            require(done.stderr.startswith(f"{model}: ")
                    and "model is not quantized" in done.stderr, done.stderr)
            require(not done.stdout, done.stdout)
            require(not os.listdir(folder), f"left behind: {os.listdir(folder)}")
    return [(model, check) for model in models]


def main():
    """Command line; see the top of the file."""
    kinds = {"digits": digits, "bench": bench, "conformance": conformance, "float": float_models,
             "pytorch": pytorch}
    kind, folder, data, *names = sys.argv[1:]
    jobs, failed = kinds[kind](data, names), 0
    for model, check in jobs:
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        try:
            check(model, folder)
        except Exception as reason:  # the other models still run
            failed += 1
            print(f"FAILED {os.path.relpath(model, data)}: {type(reason).__name__}: {reason}",
                  flush=True)
    print(f"{len(jobs)} models, {failed} failed")
    return 1 if failed or not jobs else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as problem:
        print(f"FAILED: {problem}")
        sys.exit(1)
