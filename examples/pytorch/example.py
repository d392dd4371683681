# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From a PyTorch module to integers: quantize with PT2E, save, compile, run.

    example.py [BUILD-DIR]

With PyTorch 2.6 a small network is trained on 400 of the 500 digits next door, quantized and
exported (quantize.py), then compiled from memory.  Without it the stored digits_resnet.pt2,
which was made the same way, is compiled.  Prints top-1 and what became of every bias.
"""

import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "python"))
if len(sys.argv) > 1:
    os.environ["QBIAS_LIBRARY"] = os.path.join(sys.argv[1], "lib", "libqbias.so")

import qbias  # noqa: E402


def images():
    """(images, classes): float32 [500, 1, 8, 8] from -1 to 1."""
    folder = os.path.join(os.path.dirname(HERE), "digits")
    return tuple(np.load(os.path.join(folder, f"digits_test_{part}.npy")) for part in "xy")


def make_model():
    """The compiled network, and a line about where it comes from."""
    try:
        import torch  # noqa: F401
        from quantize import quantized_digits
    except ImportError:
        stored = os.path.join(HERE, "digits_resnet.pt2")
        return qbias.compile(stored), "stored digits_resnet.pt2 (PyTorch is not installed)"
    return qbias.compile(quantized_digits(*images())), "network quantized here, from memory"


def main():
    """Compile, run, report."""
    x, classes = images()
    model, origin = make_model()
    scores = model(x)
    correct = int((scores.argmax(axis=1) == classes).sum())
    report = model.report()
    totals = report["totals"]
    print(origin)
    print(f"top-1: {100 * correct / len(x):.2f} % ({correct} of {len(x)})")
    print(f"{totals['certified_channels']} of {totals['channels']} channels equal the exact "
          f"meaning for every input, {totals['float_ops']} float operations")
    for layer in report["layers"]:
        bias = layer["bias"]
        if "float_min" in bias:
            print(f"  {layer['name']:12} {bias['case']:8} bias {bias['float_min']:8.4f} .. "
                  f"{bias['float_max']:7.4f} became {bias['int_min']} .. {bias['int_max']}")


if __name__ == "__main__":
    main()
