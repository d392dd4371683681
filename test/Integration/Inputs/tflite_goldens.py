# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks made by others beside the results of the TensorFlow Lite reference kernels.

    tflite_goldens.py WORK-DIR DATA [GROUP ...]

In mode tflite every output and every tensor of the layer dumps has to be equal.  In mode
exact all channels have to be certified, and labelled samples have the same winners, but for
one that is compared with the exact oracle.
"""

import csv
import glob
import json
import os
import sys

import numpy as np

from harness import agree, equal, qbias, require, run_all, save

from compare import load_dump
from tflite_file import read_file



LARGE = 100_000  # elements of an input beyond which labelled samples and one other are run

# A network of much gain whose two best classes the kernels' double rounding exchanges: that
# sample is compared with the exact oracle instead, in every tensor.
OTHER_WINNER = {"tinymaix_mobilenetv1_025_128": "coral_cat"}


REFUSED = {
    "aiedge_conv_fc_mnist/partly_quantized_mnist.tflite": ("FULLY_CONNECTED", "expected integers"),
    "aiedge_conv_fc_mnist/mnist_quantized.tflite": ("CONV_2D", "quantized in part"),
    "mlperf_kws_dscnn/model_float.tflite": ("CONV_2D", "dynamic range"),
    "tinymaix_cifar10/model_float.tflite": ("model is not quantized", "quantize the model first"),
}


class Group:
    """One folder of the data: a model, inputs, outputs, labels, layers."""

    def __init__(self, folder):
        self.folder = folder
        self.name = os.path.basename(os.path.dirname(folder))
        self.model = os.path.join(folder, "model_int8.tflite")
        self.file = read_file(self.model)
        self.inputs = self.read("int8_inputs.bin", self.file.inputs[0], 1)
        self.golden = self.read("int8_golden.bin", self.file.outputs[0], 1)
        with open(os.path.join(folder, "int8_samples.csv"), encoding="utf-8") as file:
            self.samples = list(csv.DictReader(file))
        require(len(self.samples) == len(self.inputs) == len(self.golden), "rows of the files")
        if self.inputs[0].size > LARGE:
            keep = [i for i, row in enumerate(self.samples) if row["label"] or row["sample"] == "rand0"]
            self.samples = [self.samples[i] for i in keep]
            self.inputs, self.golden = self.inputs[keep], self.golden[keep]

    def read(self, name, index, lead):
        """Raw elements of a tensor, with an axis of samples if `lead`."""
        tensor = self.file.tensors[index]
        flat = np.fromfile(os.path.join(self.folder, name), np.dtype(tensor.dtype))
        return flat.reshape([-1] * lead + tensor.shape)

    def layers(self):
        """(sample number, {tensor name: elements}) of every dump."""
        for folder in sorted(glob.glob(os.path.join(self.folder, "layers_*"))):
            sample = os.path.basename(folder).split("_", 1)[1]
            number = [row["sample"] for row in self.samples].index(sample)
            tensors = {}
            for path in glob.glob(os.path.join(folder, f"{sample}.t*.bin")):
                index = int(path.split(".t")[-1].split(".")[0])
                tensors[self.file.tensors[index].name] = self.read(path, index, 0)
            yield number, tensors


def run(group, folder, inputs, *options):
    """Outputs of the compiled program, as the golden's rows."""
    target = os.path.join(folder, "y.npy")
    qbias("run", group.model, "--input", save(folder, "x.npy", inputs), "--output", target,
          "--raw", "--quiet", *options)
    return np.load(target).reshape((len(inputs),) + group.golden.shape[1:])


def differing(got, expected):
    """Number of elements that differ; all where the shapes do."""
    return expected.size if got.shape != expected.shape else int(np.sum(got != expected))


def check_kernels(group, folder):
    """Mode tflite is the reference kernels, bit for bit."""
    dump = os.path.join(folder, "dump")
    got = run(group, folder, group.inputs, "--requant=tflite")
    require(got.dtype == group.golden.dtype, f"output type: {got.dtype}")
    equal(differing(got, group.golden), 0, f"elements of {got.size} unlike the kernels'")
    for number, tensors in group.layers():
        run(group, folder, group.inputs[number:number + 1], "--requant=tflite",
            "--dump-dir", dump)
        dumped = load_dump(dump)
        compared = set(tensors) & set(dumped)
        require(len(compared) > len(tensors) / 2, f"dumped: {sorted(dumped)}")
        for name in sorted(compared):
            equal(differing(dumped[name].reshape(tensors[name].shape), tensors[name]), 0,
                  f"elements of {name} unlike the kernels'")


def check_exact(group, folder):
    """Mode exact is certified, and knows the labelled samples as well."""
    report = json.loads(qbias("report", group.model, "--format=json").stdout)
    totals = report["totals"]
    equal(totals["certified_channels"], totals["channels"], "certified channels")
    require(totals["channels"] >= totals["layers"] - totals["approximate_layers"] > 0,
            f"totals: {totals}")
    equal(totals["float_ops"], 0, "float operations")
    other = OTHER_WINNER.get(group.name)
    for number in [i for i, row in enumerate(group.samples) if row["sample"] == other]:
        name = group.file.tensors[group.file.inputs[0]].name
        agree(group.model, {name: group.inputs[number]})
    labelled = [i for i, row in enumerate(group.samples) if row["label"] and row["sample"] != other]
    if not labelled:
        return
    got = run(group, folder, group.inputs[labelled])
    winners = [rows.reshape(len(labelled), -1).argmax(axis=1).tolist()
               for rows in (got, group.golden[labelled])]
    equal(winners[0], winners[1], "top-1 of labelled samples")


def check_refused(data):
    """Models in float, or quantized in part: an error that names layer and remedy."""
    root = os.path.join(data, "conformance", "tflite")
    for path, words in REFUSED.items():
        said = qbias("report", os.path.join(root, path), code=1).stderr
        require(all(word in said for word in words), f"{path}: {said}")


def main():
    """Command line; see the top of the file."""
    folder, data, *names = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    groups = sorted(glob.glob(os.path.join(data, "conformance", "tflite", "*", "")))
    groups = [path for path in groups if not names or path.split(os.sep)[-2] in names]
    jobs = [(f"{path.split(os.sep)[-2]} {check.__name__}",
             lambda path=path, check=check: check(Group(path), folder))
            for path in groups for check in (check_kernels, check_exact)]
    jobs += [] if names else [("refusals", lambda: check_refused(data))]
    run_all(jobs, "checks")


if __name__ == "__main__":
    main()
