# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What becomes of a bias: four solutions, measured.

    compare.py [--qbias PATH] [--images X.npy] [--labels Y.npy] [--rows] [MODEL ...]

Compiles every model four times, with --bias=int8, float, int32 and residue, runs all
images through each program and prints, of the layers that have a bias: whether the program
is integers only, how many channels are proven, the share of integers that differ from the
real-number meaning of the file and from float32 arithmetic in the framework's order (each
layer starts from the program's own integers), and the accuracy of the whole program.
Without MODEL: the two networks of this repository.  --rows prints rows of a table in
Markdown instead, with the name of the model in front.
"""

import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = os.path.dirname(HERE)
MODELS = [os.path.join(EXAMPLES, "pytorch", "digits_resnet.pt2"),
          os.path.join(EXAMPLES, "digits", "digits_resnet.qdq.u8s8.pc.onnx")]
SOLUTIONS = {"int8": "1. int8 bias, own scale", "float": "2. float bias, dequantized sum",
             "int32": "3. int32 bias, one rounding", "residue": "4. int32 bias and residue"}


def run(*command):
    """stdout of a command; ends with its error when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout


def share(part, whole):
    """A share in percent with its count."""
    return f"{100 * part / whole:.4f} % ({part})"


def measure(options, model, bias):
    """The cells of one row."""
    common = [model, f"--bias={bias}", "--quiet"]
    report = json.loads(run(options.qbias, "report", *common, "--format=json",
                            "--data", options.images))
    layers = [layer for layer in report["layers"] if layer["bias"]["case"] != "absent"
              and layer["data"]["float32_differing"] is not None]

    def total(key):
        return sum(layer["data"][key] for layer in layers)
    proven = sum(layer["certified_channels"] for layer in layers)
    channels = sum(layer["channels"] for layer in layers)
    accuracy = run(options.qbias, "run", *common, "--input", options.images,
                   "--labels", options.labels)
    return [SOLUTIONS[bias], "no" if report["totals"]["float_ops"] else "yes",
            f"{proven} of {channels}", share(total("differing"), total("elements")),
            share(total("float32_differing"), total("elements")),
            accuracy.split(" %")[0].removeprefix("top-1: ") + " %"]


def print_table(rows):
    """Columns as wide as their widest cell."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def describe(options, model):
    """Which biases the file has, and where they lie."""
    report = json.loads(run(options.qbias, "report", model, "--format=json"))
    biases = [layer["bias"] for layer in report["layers"] if "int" in layer["bias"]]
    residues = [abs(residue) / scale for bias in biases
                for residue, scale in zip(bias["residue"], bias["scale"])]
    cases = ", ".join(sorted({bias["case"] for bias in biases}))
    print(f"{report['model']}: {len(biases)} layers with a bias ({cases}), "
          f"{len(residues)} channels; what an int32 loses is up to {max(residues):.2g} of "
          "its step")


def main():
    """Command line; see the top of the file."""
    parser = argparse.ArgumentParser(description="four ways to treat a bias, measured")
    parser.add_argument("models", nargs="*", default=MODELS, metavar="MODEL")
    parser.add_argument("--qbias", default=os.path.join(os.path.dirname(EXAMPLES), "build",
                                                        "bin", "qbias"))
    parser.add_argument("--images", default=os.path.join(EXAMPLES, "digits",
                                                         "digits_test_x.npy"))
    parser.add_argument("--labels", default=os.path.join(EXAMPLES, "digits",
                                                         "digits_test_y.npy"))
    parser.add_argument("--rows", action="store_true", help="rows of a Markdown table")
    options = parser.parse_args()
    for model in options.models:
        if options.rows:
            for bias in SOLUTIONS:
                cells = [os.path.basename(model)] + measure(options, model, bias)
                print("| " + " | ".join(cells) + " |")
            continue
        describe(options, model)
        rows = [["", "integers only", "channels proven", "differ from the real meaning",
                 "differ from float32", "top-1"]]
        rows += [measure(options, model, bias) for bias in SOLUTIONS]
        print_table(rows)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
