# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From a fake-quantized network to a proven integer program, on 500 images.

    demo.py [BUILD_DIR]

Imports digits_resnet.qdq.u8s8.pc.onnx, shows every bias before and after, checks the
certificate with a program that shares no code with the compiler, runs all images in
integers and compares every integer with the exact meaning of the file.  Everything it
writes goes to BUILD_DIR/demo.  Exit code 1 when anything differs or is not proven.
"""

import json
import os
import subprocess
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "test", "Oracle"))

import compare  # noqa: E402  (needs the path above)
import oracle  # noqa: E402
from onnx_reader import read_model  # noqa: E402

MODEL = os.path.join(HERE, "digits_resnet.qdq.u8s8.pc.onnx")
IMAGES = os.path.join(HERE, "digits_test_x.npy")
LABELS = os.path.join(HERE, "digits_test_y.npy")
FLOAT_SCORES = os.path.join(HERE, "digits_resnet.float_out.npy")
CHECKER = os.path.join(TOP, "examples", "check_certificate.py")


# --- printing ---------------------------------------------------------------


def heading(number, text):
    """A numbered line above each part."""
    print(f"\n{number}. {text}\n")


def table(rows):
    """Rows of texts, the first of them the header; what stands between the first and the
    last column goes to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        middle = [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1])]
        print("   " + "  ".join([row[0].ljust(widths[0])] + middle + [row[-1]]).rstrip())


def shown(path):
    """A path as short as it can be written from here."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def span(values, form="{:.4g}"):
    """Smallest and largest of a list."""
    return f"{form.format(min(values))} .. {form.format(max(values))}"


# --- the parts --------------------------------------------------------------


class Demo:
    """The programs and where they write."""

    def __init__(self, build):
        self.qbias = os.path.join(build, "bin", "qbias")
        self.folder = os.path.join(build, "demo")
        os.makedirs(self.folder, exist_ok=True)

    def path(self, name):
        """A file of the demo."""
        return os.path.join(self.folder, name)

    def run(self, *command):
        """stdout of a command; ends the demo with its error when it fails."""
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}".rstrip())
        return done.stdout

    def compile(self):
        """The model as imported, its report, the program and its certificate."""
        imported = self.path("digits.import.mlir")
        self.run(self.qbias, "compile", MODEL, "--stage=import", "-o", imported)
        report = json.loads(self.run(self.qbias, "report", MODEL, "--format=json"))
        program, certificate = self.path("digits.ll"), self.path("certificate.json")
        self.run(self.qbias, "compile", MODEL, "--name=digits", "-o", program,
                 "--certificate", certificate)
        return imported, report, program, certificate

    def infer(self, *extra):
        """(what the driver prints, float scores) for all images."""
        scores = self.path("scores.npy")
        text = self.run(self.qbias, "run", MODEL, "--input", IMAGES, "--output", scores,
                        "--quiet", *extra)
        return text.strip(), np.load(scores)


def show_model(report, imported):
    """What was imported."""
    kinds = [tensor["kind"] for tensor in report["tensors"]]
    print(f"   {shown(MODEL)}: {kinds.count('activation')} quantized activations, "
          f"{kinds.count('weight')} weights, {kinds.count('bias')} biases, "
          f"{report['totals']['macs']:,} multiplications an image")
    print(f"   as imported (MLIR, real-number meaning): {shown(imported)}")


def show_biases(report):
    """Float before; int32, scale and residue after."""
    rows = [("layer", "channels", "float bias", "int32 bias", "scale s_x * s_w",
             "residue, in scales", "case")]
    for layer in report["layers"]:
        bias = layer["bias"]
        if "int" not in bias:
            continue
        residues = [abs(r) / s for r, s in zip(bias["residue"], bias["scale"])]
        rows.append((layer["name"], str(layer["channels"]), span(bias["float"]),
                     span(bias["int"], "{:d}"), span(bias["scale"], "{:.3g}"),
                     f"{max(residues):.2g}", bias["case"]))
    table(rows)
    layer = next(layer for layer in report["layers"] if "int" in layer["bias"])
    bias = layer["bias"]
    print(f"\n   {layer['name']}, channel 0: {bias['float'][0]!r}"
          f"\n     = {bias['int'][0]} * {bias['scale'][0]!r} + {bias['residue'][0]!r}"
          f"\n   then y = clamp((acc * {layer['multiplier'][0]} + "
          f"{layer['rounding_constant'][0]}) >> {layer['shift'][0]}, "
          f"{layer['lo']}, {layer['hi']}); the residue is inside the second number")


def show_certificate(demo, report, certificate):
    """What the compiler proved, and what the independent check says."""
    totals = report["totals"]
    pools = sum(layer["op"] == "max_pool" for layer in report["layers"])
    print(f"   compiler: {totals['certified_channels']} of {totals['channels']} channels "
          f"equal the exact meaning for every input, {totals['float_ops']} float operations"
          + (f"\n   ({pools} of them is a max pool: it only moves integers)" if pools else ""))
    verdict = demo.run(sys.executable, CHECKER, certificate, MODEL).splitlines()[-1]
    print(f"   {shown(CHECKER)}: {verdict.removeprefix('certificate: ')}")
    print(f"   certificate: {shown(certificate)}")


def show_accuracy(demo, exact):
    """Top-1 and agreement of the three; returns the scores of the integer program."""
    labels, reference = np.load(LABELS), np.load(FLOAT_SCORES)
    printed, scores = demo.infer("--labels", LABELS)
    meaning = next(iter(exact.outputs.values())).floats()
    rows = [("", "top-1", "same class as float", "how computed")]
    for name, values, how in (
            ("float model", reference, "PyTorch 2.6, stored in digits_resnet.float_out.npy"),
            ("fake-quantized model", meaning, "exact rational arithmetic, test/Oracle"),
            ("integer program", scores, f"qbias run --labels: {printed}")):
        classes = values.reshape(len(labels), -1).argmax(1)
        rows.append((name, f"{100 * np.mean(classes == labels):.1f} %",
                     f"{100 * np.mean(classes == reference.argmax(1)):.1f} %", how))
    table(rows)
    return scores


def count_differences(demo, exact, scores):
    """Every integer tensor of the file against its exact meaning."""
    dump = demo.path("tensors")
    _, observed = demo.infer("--dump-dir", dump)
    output = next(iter(exact.outputs))
    report = compare.compare_arrays(exact, compare.load_dump(dump), {output: observed}, False)
    for line in report.lines:
        print("   " + line)
    print(f"   {len(exact.quantized)} integer tensors and the float output, "
          f"{report.elements:,} elements: {report.differing} differ")
    if not np.array_equal(scores, observed):
        print("   the plain program differs from the one with all tensors visible")
        return report.differing + 1
    return report.differing


def main():
    """Command line; see the top of the file."""
    if len(sys.argv) > 2 or (len(sys.argv) == 2 and sys.argv[1].startswith("-")):
        print(__doc__, file=sys.stderr)
        return 2
    demo = Demo(os.path.abspath(sys.argv[1] if len(sys.argv) == 2 else
                                os.path.join(TOP, "build")))
    if not os.access(demo.qbias, os.X_OK):
        sys.exit(f"{demo.qbias} is not there; run scripts/build.sh first")
    images = np.load(IMAGES)
    print("qbias: a quantized network as a proven integer program")
    heading(1, "The model")
    imported, report, program, certificate = demo.compile()
    show_model(report, imported)
    heading(2, "Every bias, before and after")
    show_biases(report)
    heading(3, "The certificate")
    show_certificate(demo, report, certificate)
    heading(4, f"{len(images)} images of handwritten digits")
    model = read_model(MODEL)
    exact = oracle.run(model, {model.graph.inputs[0].name: images})
    scores = show_accuracy(demo, exact)
    heading(5, "Integers of the program against the exact meaning of the file")
    differing = count_differences(demo, exact, scores)
    heading(6, "The program")
    print(f"   {shown(program)} (LLVM IR, integers only; entry point digits_run, see "
          "docs/Abi.md)")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
